"""Score a model on a split of a dataset."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen import console
from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError
from trainer import data, scores
from trainer.dataset import Dataset, label_map, open_dataset, reading
from trainer.model_file import Metadata, load_model
from trainer.plots import confusion_figure
from trainer.runfolder import read_json, write_json

METRICS, PER_CLASS, PER_SOURCE = "metrics.json", "per_class.csv", "per_source.csv"
CONFUSION, MISTAKES = "confusion.png", "mistakes.csv"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Where an evaluation was written, and its scores.

    Attributes:
        folder: Holds ``metrics.json``, ``per_class.csv``, ``per_source.csv``, ``mistakes.csv`` and
            ``confusion.png``.
        metrics: What ``metrics.json`` holds: the scores of `trainer.scores.score` and, under
            ``per_source``, the same for each source.
    """

    folder: Path
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about a split, in record order.

    Attributes:
        probabilities: float32 (n, classes).
        labels: The model's labels of the true classes, int64 (n,).
        ids: Sample ids.
        sources: Names of the sources.
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    ids: list[str]
    sources: list[str]


def evaluate(
    model: str | Path,
    dataset: str | Path,
    out: str | Path,
    split: str = "test",
    only: str | None = None,
) -> Evaluation:
    """Score a model on a split of a dataset and write tables and a confusion matrix.

    The dataset's classes are matched to the model's by code point, and may be fewer.

    Args:
        model: A model file that `trainer` has written.
        dataset: Folder written by ``datagen build``.
        out: Folder for the results; an earlier evaluation there is replaced.
        split: Split to score.
        only: Characters that can occur, such as ``0123456789``; None for all classes.

    Raises:
        UsageError: The dataset has no such split, or holds other characters than `only`.
        InputError: The model or the dataset can't be used, the dataset has a class that the model
            doesn't know, or `out` holds something else.
    """
    folder = Path(out)
    _check_out(folder)
    source = open_dataset(dataset)
    source.shards(split)
    network, metadata = load_model(model)
    mask = among(metadata.table, only)
    found = predictions(network, metadata, source, split)
    if mask is not None and not mask[found.labels].all():
        raise UsageError(f"only (={only!r}): the split {split} holds other characters too")
    found = dataclasses.replace(found, probabilities=restricted(found.probabilities, mask))
    shapes = metadata.table.shapes
    metrics = {
        "model": str(model),
        "dataset": source.name,
        "dataset_digest": source.digest,
        "split": split,
        "only": only or "",
        **scores.score(found.probabilities, found.labels, shapes),
        "per_source": _per_source(found, shapes),
    }
    _write(folder, found, metadata.table, metrics)
    return Evaluation(folder, metrics)


def predictions(model: Any, metadata: Metadata, dataset: Dataset, split: str) -> Predictions:
    """Run a model over a split, in record order.

    Raises:
        InputError: A record can't be read or has a class that the model doesn't know.
    """
    labels = np.asarray(label_map(dataset, metadata.table))
    probabilities, targets = [], []
    ids: list[str] = []
    sources: list[str] = []
    count = dataset.count(split)
    with console.progress(f"{split}", count, "images") as advance, reading(dataset):
        for images, batch_labels, batch_ids, batch_sources in data.records(dataset, split):
            resized = data.resize(images, metadata.size)
            probabilities.append(np.asarray(model.predict_on_batch(resized)))
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
    return Predictions(
        calibrated(np.concatenate(probabilities), metadata.temperature), labels[found], ids, sources
    )


def calibrated(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Divide the logarithms of probabilities (n, classes) by a temperature (Guo et al. 2017)."""
    if temperature == 1.0:
        return probabilities
    logits = np.log(np.maximum(probabilities, scores.TINY)) / temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def among(table: CharacterTable, only: str | None) -> NDArray[np.bool_] | None:
    """Return which classes are left where only some characters can occur; None for all.

    Raises:
        UsageError: One of the characters is no class of the model.
    """
    if not only:
        return None
    labels = [table.find(char) for char in only]
    for char, label in zip(only, labels, strict=True):
        if label is None:
            raise UsageError(f"only (={only!r}): {char!r} is no class of the model")
    mask = np.zeros(len(table), np.bool_)
    mask[[label for label in labels if label is not None]] = True
    return mask


def restricted(
    probabilities: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Give the probability (n, classes) of classes that can't occur to those that can."""
    if mask is None:
        return probabilities
    left = np.where(mask, np.maximum(probabilities, scores.TINY), 0.0)
    return np.asarray(left / left.sum(1, keepdims=True), np.float32)


def _per_source(found: Predictions, shapes: list[int]) -> dict[str, dict[str, Any]]:
    names = np.asarray(found.sources)
    return {
        str(name): scores.score(
            found.probabilities[names == name], found.labels[names == name], shapes
        )
        for name in np.unique(names)
    }


def _write(
    folder: Path, found: Predictions, table: CharacterTable, metrics: dict[str, Any]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # First, so that a folder in which anything goes wrong below is known for an evaluation's.
    write_json(folder / METRICS, metrics)
    matrix = scores.confusion(found.probabilities.argmax(1), found.labels, len(table))
    _write_table(scores.per_class(matrix, table), folder / PER_CLASS)
    sources = pd.DataFrame.from_dict(metrics["per_source"], orient="index").rename_axis("source")
    _write_table(sources.reset_index(), folder / PER_SOURCE)
    _write_table(_mistakes(found, table), folder / MISTAKES)
    of = f"{metrics['accuracy']:.2%} of {metrics['count']:,} right"
    title = f"{metrics['dataset']}, {metrics['split']}: {of}"
    beside = folder / f".{CONFUSION}.tmp"
    confusion_figure(matrix, table, title).savefig(beside, format="png")
    beside.replace(folder / CONFUSION)


def _mistakes(found: Predictions, table: CharacterTable) -> pd.DataFrame:
    """Return one row a wrong prediction, the most confident first; `datagen show` shows an id."""
    predicted = found.probabilities.argmax(1)
    wrong = np.flatnonzero(predicted != found.labels)
    rows = {
        "id": [found.ids[i] for i in wrong],
        "source": [found.sources[i] for i in wrong],
        "codepoint": [table[int(found.labels[i])].codepoint for i in wrong],
        "predicted": [table[int(predicted[i])].codepoint for i in wrong],
        "probability": found.probabilities[wrong].max(1, initial=0.0),
    }
    return pd.DataFrame(rows).sort_values("probability", ascending=False, kind="stable")


def _check_out(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    marker = folder / METRICS
    if not marker.is_file() or "per_source" not in read_json(marker):
        raise InputError(
            f"{folder} exists and holds no earlier evaluation: give --out an empty or new folder"
        )


def _write_table(table: pd.DataFrame, path: Path) -> None:
    beside = path.with_name(f".{path.name}.tmp")
    table.to_csv(beside, index=False, lineterminator="\n", float_format="%.6f")
    beside.replace(path)
