"""Prove an exported file: it must answer as the model that it was made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen import console
from datagen.errors import InputError
from trainer.dataset import Dataset, label_map, reading
from trainer.export_about import LOGITS
from trainer.infer import Reader
from trainer.model_file import Metadata
from trainer.probabilities import Logits, answered, calibrated
from trainer.records import records, resize

SPLIT = "test"  # of the dataset that a file is proved on
CHUNK = 256  # pictures that an exported file is given at a time
NOISE = 8  # pictures of noise that every file must be able to read


@dataclass(frozen=True, slots=True)
class Limits:
    """What a conversion may cost.

    Attributes:
        accuracy: Largest difference of the top-1 accuracy, as a share.
        same: Smallest share of pictures with the same first answer.
    """

    accuracy: float
    same: float


FLOAT = Limits(accuracy=0.002, same=0.998)
# Pictures of look-alikes (0, O, o) lie between two classes: rounding turns some of them over, as
# often from wrong to right as the other way.
INT8 = Limits(accuracy=0.005, same=0.98)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an exported file answers beside the model that it was made from.

    Attributes:
        count: Pictures that both read.
        same: Share of them with the same first answer.
        accuracy: Share of them that the model answers correctly.
        exported: Share of them that the exported file answers correctly.
    """

    count: int
    same: float
    accuracy: float
    exported: float


Run = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]


def prove_runs(run: Run, metadata: Metadata, name: str) -> None:
    """Read a little noise.

    Raises:
        InputError: That fails, or what it gives is no answer.
    """
    edge = metadata.frame_size
    shape = (NOISE, edge, edge, 1)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    logits = run(images)[LOGITS]
    if logits.shape != (NOISE, len(metadata.table)) or not np.isfinite(logits).all():
        raise InputError(
            f"{name} can't be read back: it gives {logits.shape} numbers, not all of them finite; "
            "train the model again"
        )


def compare(reader: Reader, run: Run, metadata: Metadata, dataset: Dataset) -> Comparison:
    """Read the test split of a dataset with a model and with its exported file.

    Args:
        reader: The model.
        run: The exported file: framed pictures, uint8 (n, size, size, 1), to outputs by name.
        metadata: The model's.
        dataset: A dataset of its classes.

    Raises:
        InputError: A record can't be read or has a class that the model doesn't know.
        UsageError: The dataset has no test split.
    """
    labels = np.asarray(label_map(dataset, metadata.table))
    count = dataset.count(SPLIT)
    same = right = exported = 0
    with console.progress("check", count, "images") as advance, reading(dataset):
        for batch, targets, *_ in records(dataset, SPLIT):
            images = np.asarray(resize(batch, metadata.frame_size))
            expected = _first(reader.logits(images), metadata)
            found, truth = _first(_read(run, images), metadata), labels[targets.numpy()]
            same += int((expected == found).sum())
            right += int((expected == truth).sum())
            exported += int((found == truth).sum())
            advance(len(images))
    return Comparison(count, same / count, right / count, exported / count)


def require(comparison: Comparison, limits: Limits, name: str, advice: str) -> None:
    """Refuse a file that answers otherwise.

    Raises:
        InputError: The comparison is outside the limits.
    """
    lost = abs(comparison.accuracy - comparison.exported)
    if lost <= limits.accuracy and comparison.same >= limits.same:
        return
    raise InputError(
        f"{name} gives the same first answer to {comparison.same:.2%} of {comparison.count:,} test "
        f"pictures and {comparison.exported:.2%} right ones instead of {comparison.accuracy:.2%}, "
        f"where {limits.same:.1%} and a difference of {100 * limits.accuracy:.1f} points are "
        f"asked for, so it wasn't kept: {advice}"
    )


def _read(run: Run, images: NDArray[np.uint8]) -> Logits:
    starts = range(0, len(images), CHUNK)
    return np.concatenate([run(images[start : start + CHUNK])[LOGITS] for start in starts])


def _first(logits: Logits, metadata: Metadata) -> NDArray[np.int64]:
    said = calibrated(logits, metadata.temperature, metadata.spread)
    return answered(said, metadata.table.shapes)
