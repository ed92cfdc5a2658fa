"""What lies in finished shards and goes into new ones: counts by class and source, real rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import tables
from datagen.plan import DRAWN, REAL, Plan
from datagen.real import RealRows
from datagen.seeds import hex64
from datagen.shards import Finished, Shard
from datagen.survey import Pictures


def count_classes(done: Sequence[Finished], classes: int) -> NDArray[np.int64]:
    """Return the number of train samples of each class, int64 of shape (classes,)."""
    counts = np.zeros(classes, np.int64)
    for shard in done:
        for _, label, count in shard.counts:
            if shard.split == "train":
                counts[label] += count
    return counts


def count_sources(done: Sequence[Finished], names: Sequence[str]) -> dict[str, int]:
    """Return the number of samples of each source in all splits."""
    counts = dict.fromkeys(names, 0)
    for shard in done:
        for name, _, count in shard.counts:
            counts[name] += count
    return counts


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
        uint64, sorted: the first 64 bits of the SHA-256 of each framed picture; empty where nothing
        is drawn for the split.
    """
    hashes = [np.zeros(0, np.uint64)]
    if not planned.splits[split]["kind"].any():
        return hashes[0]
    for other, entries in planned.splits.items():
        if other != split:
            hashes.append(pictures.picture[entries["item"][entries["kind"] == REAL]])
    for other, finished in done.items():
        for index in range(len(finished)):
            path = folder / Shard(dataset, other, index, len(finished)).manifest
            texts = tables.read_csv(path, ("sha256",))["sha256"]
            hashes.append(np.array([int(text[:16], 16) for text in texts], np.uint64))
    return np.unique(np.concatenate(hashes))


def real_rows(pictures: Pictures, entries: NDArray[np.void]) -> RealRows:
    """Return what a shard has to know of the real pictures of its entries, in their order."""
    entries = entries[entries["kind"] != DRAWN]
    rows = entries["item"]
    groups, named = pictures.group[rows].tolist(), pictures.group_names
    return RealRows(
        row=rows,
        number=np.maximum(entries["kind"], DRAWN) - np.uint8(DRAWN),
        label=entries["label"],
        id=pictures.id[rows],
        picture=pictures.picture[rows],
        source=[pictures.names[source] for source in pictures.source[rows].tolist()],
        group=[named.get(group) or hex64(group) for group in groups],
        origin=[pictures.origins[row] for row in rows.tolist()],
    )
