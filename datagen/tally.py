"""What lies in finished shards and goes into new ones: counts by class and source, real rows."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen import manifest
from datagen.manifest import SPLITS
from datagen.plan import Plan
from datagen.seeds import hex64
from datagen.shards import Finished, Shard
from datagen.survey import Pictures
from datagen.worker import RealRow


def count_classes(
    folder: Path, dataset: str, done: Sequence[Finished], classes: int
) -> NDArray[np.int64]:
    """Return the number of train samples of each class, int64 of shape (classes,)."""
    counts = np.zeros(classes, np.int64)
    for split, table in _tables(folder, dataset, done):
        if split == "train":
            counts += np.bincount(table["label"], minlength=classes)
    return counts


def count_sources(
    folder: Path, dataset: str, done: Sequence[Finished], names: Sequence[str]
) -> dict[str, int]:
    """Return the number of samples of each source in all splits."""
    counts = dict.fromkeys(names, 0)
    for _, table in _tables(folder, dataset, done):
        for name, count in table["source"].value_counts().items():
            counts[str(name)] += int(count)
    return counts


def _tables(
    folder: Path, dataset: str, done: Sequence[Finished]
) -> Iterator[tuple[str, pd.DataFrame]]:
    for split in SPLITS:
        count = sum(shard.split == split for shard in done)
        for index in range(count):
            yield split, manifest.read(folder / Shard(dataset, split, index, count).manifest)


def pictures_elsewhere(
    folder: Path,
    dataset: str,
    split: str,
    planned: Plan,
    pictures: Pictures,
    done: Mapping[str, Sequence[Finished]],
) -> NDArray[np.uint64]:
    """Return the hashes of the pictures that samples drawn for a split must not equal.

    Args:
        folder: The dataset.
        dataset: Its name.
        split: The split that is drawn next.
        planned: What goes where.
        pictures: The real pictures.
        done: Finished shards by split.

    Returns:
        uint64, sorted: the first 64 bits of the SHA-256 of each framed picture.
    """
    hashes = [np.zeros(0, np.uint64)]
    for other, entries in planned.splits.items():
        if other != split:
            hashes.append(pictures.picture[entries["item"][~entries["drawn"]]])
    for finished in done.values():
        for _, table in _tables(folder, dataset, finished):
            hashes.append(np.array([int(h[:16], 16) for h in table["sha256"]], np.uint64))
    return np.unique(np.concatenate(hashes))


def real_rows(pictures: Pictures, entries: NDArray[np.void]) -> dict[int, RealRow]:
    """Return what a shard has to know of each real picture among its entries, by row."""
    rows: list[int] = entries["item"][~entries["drawn"]].tolist()
    return {row: _real_row(pictures, row) for row in rows}


def _real_row(pictures: Pictures, row: int) -> RealRow:
    group = int(pictures.group[row])
    return RealRow(
        row=row,
        id=int(pictures.id[row]),
        picture=int(pictures.picture[row]),
        source=pictures.names[pictures.source[row]],
        group=pictures.group_names.get(group, hex64(group)),
        origin=pictures.origins[row],
    )
