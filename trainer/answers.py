"""What a model says about a split of a dataset, in record order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen import console
from datagen.errors import InputError
from trainer.dataset import Dataset, label_map, reading
from trainer.infer import Reader
from trainer.model_file import Metadata
from trainer.probabilities import Logits
from trainer.records import records


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says about a split, in record order.

    Attributes:
        logits: float32 (n, classes).
        labels: The model's labels of the true classes, int64 (n,).
        ids: Sample ids.
        sources: Names of the sources.
    """

    logits: Logits
    labels: NDArray[np.int64]
    ids: list[str]
    sources: list[str]


def answers(reader: Reader, metadata: Metadata, dataset: Dataset, split: str) -> Answers:
    """Run a model over a split.

    Raises:
        InputError: A record can't be read or has a class that the model doesn't know.
        UsageError: The dataset has no such split.
    """
    labels = np.asarray(label_map(dataset, metadata.table))
    logits, targets = [], []
    ids: list[str] = []
    sources: list[str] = []
    count = dataset.count(split)
    with console.progress(f"{split}", count, "images") as advance, reading(dataset):
        for images, batch_labels, batch_ids, batch_sources in records(dataset, split):
            logits.append(reader.logits(images))
            targets.append(batch_labels.numpy())
            ids.extend(value.decode() for value in batch_ids.numpy())
            sources.extend(value.decode() for value in batch_sources.numpy())
            advance(len(batch_ids))
    found = np.concatenate(targets)
    if found.min() < 0 or found.max() >= len(labels):
        raise InputError(
            f"{dataset.folder} has a record with label {found.max()} where its character table has "
            f"{len(labels)} classes; build the dataset again"
        )
    return Answers(np.concatenate(logits), labels[found], ids, sources)


def pictures(dataset: Dataset, split: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read some pictures of a split.

    Args:
        dataset: The dataset.
        split: One of its splits.
        rows: Positions in record order, each once, in any order.

    Returns:
        uint8 (len(rows), size, size), in the order of `rows`.

    Raises:
        InputError: A record can't be read.
    """
    found = np.zeros((len(rows), dataset.size, dataset.size), np.uint8)
    order = np.argsort(rows)
    ranked, start = rows[order], 0
    with reading(dataset):
        for images, _, _, _ in records(dataset, split):
            first, last = np.searchsorted(ranked, [start, start + len(images)])
            found[order[first:last]] = images.numpy()[ranked[first:last] - start, ..., 0]
            start += len(images)
    return found
