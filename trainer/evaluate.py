"""Score a model on a split of a dataset."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen.atomic import atomic_file, leftovers, write_text
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.errors import InputError, UsageError
from datagen.lock import hold
from trainer import evaluation_page, scores
from trainer.answers import Answers, answers
from trainer.dataset import Dataset, open_dataset
from trainer.evaluation_data import Scored, origins
from trainer.infer import AVERAGE, Reader
from trainer.label_shift import class_weights, reweighted
from trainer.model_file import Metadata, load_model
from trainer.plots import confusion_figure
from trainer.probabilities import among, answered, calibrated, restricted
from trainer.reject import known
from trainer.runfolder import read_json, write_json

METRICS, PER_CLASS, PER_SOURCE = "metrics.json", "per_class.csv", "per_source.csv"
CONFUSION, MISTAKES, PAGE = "confusion.png", "mistakes.csv", "evaluation.html"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Where an evaluation was written, and its scores.

    Attributes:
        folder: Holds ``metrics.json``, ``per_class.csv``, ``per_source.csv``, ``mistakes.csv``,
            ``confusion.png`` and ``evaluation.html``, a page to look at them all.
        metrics: What ``metrics.json`` holds: the scores of `trainer.scores.score`;
            ``ece_uncalibrated``, the calibration error of what the network gives by itself;
            ``known``, the share of the samples that the model takes for one of its classes, where
            it has a threshold; and, under ``per_source``, the same for each source.
    """

    folder: Path
    metrics: dict[str, Any]

    @property
    def page(self) -> Path:
        """The HTML page."""
        return self.folder / PAGE


@dataclass(frozen=True, slots=True)
class _How:
    """How a model reads: the arguments of `evaluate` by these names."""

    only: str | None
    average: int
    adapt: bool


def evaluate(
    model: str | Path,
    dataset: str | Path,
    out: str | Path,
    split: str = "test",
    only: str | None = None,
    average: int = AVERAGE,
    adapt: bool = False,
) -> Evaluation:
    """Score a model on a split of a dataset; write tables, a confusion matrix and a page.

    The dataset's classes are matched to the model's by code point, and may be fewer.

    Args:
        model: A model file that `trainer` has written.
        dataset: Folder written by ``datagen build``.
        out: Folder for the results; an earlier evaluation there is replaced.
        split: Split to score.
        only: Characters that can occur, such as ``0123456789``; None for all classes.
        average: Small warps of each picture whose answers are averaged; 1 for none.
        adapt: Find how common which look-alikes are in the split (`trainer.label_shift`), and read
            it so; what is said of a source in particular is read like that too.

    Raises:
        UsageError: The dataset has no such split, or holds other characters than `only`, or
            `average` is out of range.
        InputError: The model or the dataset can't be used, the dataset has a class that the model
            doesn't know, `out` holds something else, or another process works in it.
    """
    folder = Path(out)
    _check_out(folder)
    source = open_dataset(dataset)
    source.shards(split)
    with hold(folder, None):
        return _evaluate(model, source, folder, split, _How(only, average, adapt))


def _evaluate(
    model: str | Path, source: Dataset, folder: Path, split: str, how: _How
) -> Evaluation:
    network, metadata = load_model(model)
    mask = among(metadata.table, how.only)
    found = answers(Reader(network, metadata.size, how.average), metadata, source, split)
    if mask is not None and not mask[found.labels].all():
        raise UsageError(f"only (={how.only!r}): the split {split} holds other characters too")
    scored = _scored(found, metadata, (source, split), mask, how.adapt)
    metrics = {
        "model": str(model),
        "dataset": source.name,
        "dataset_digest": source.digest,
        "split": split,
        "only": how.only or "",
        "average": how.average,
        "adapt": how.adapt,
        "temperature": metadata.temperature,
        "spread": metadata.spread,
        **_score(scored, metadata.table, np.ones(len(scored.labels), np.bool_)),
        "per_source": _per_source(scored, metadata.table),
    }
    _write(folder, scored, metadata.table, metrics)
    evaluation_page.write(folder / PAGE, scored, metadata.table, source, split, metrics)
    return Evaluation(folder, metrics)


def _scored(
    found: Answers,
    metadata: Metadata,
    of: tuple[Dataset, str],
    mask: NDArray[np.bool_] | None,
    adapt: bool,
) -> Scored:
    groups, places = origins(*of, found.ids)
    shapes, rejection = metadata.table.shapes, metadata.rejection
    said = restricted(calibrated(found.logits, metadata.temperature, metadata.spread), mask)
    if adapt:
        said = reweighted(said, class_weights(said, shapes))
    return Scored(
        probabilities=said,
        uncalibrated=restricted(calibrated(found.logits, 1.0), mask),
        labels=found.labels,
        predicted=answered(said, shapes),
        ids=found.ids,
        sources=found.sources,
        groups=groups,
        origins=places,
        known=None
        if rejection is None
        else known(found.logits, metadata.temperature, shapes, rejection),
    )


def _score(scored: Scored, table: CharacterTable, rows: NDArray[np.bool_]) -> dict[str, Any]:
    labels = scored.labels[rows]
    metrics = scores.score(scored.probabilities[rows], labels, table.shapes)
    metrics["ece_uncalibrated"] = scores.calibration_error(scored.uncalibrated[rows], labels)
    if scored.known is not None:
        metrics["known"] = float(scored.known[rows].mean())
    return metrics


def _per_source(scored: Scored, table: CharacterTable) -> dict[str, dict[str, Any]]:
    names = np.asarray(scored.sources)
    return {str(name): _score(scored, table, names == name) for name in np.unique(names)}


def _write(folder: Path, scored: Scored, table: CharacterTable, metrics: dict[str, Any]) -> None:
    # First, so that a folder in which anything goes wrong below is known for an evaluation's.
    write_json(folder / METRICS, metrics)
    matrix = scores.confusion(scored.predicted, scored.labels, len(table))
    _write_table(scores.per_class(matrix, table), folder / PER_CLASS)
    sources = pd.DataFrame.from_dict(metrics["per_source"], orient="index").rename_axis("source")
    _write_table(sources.reset_index(), folder / PER_SOURCE)
    _write_table(_mistakes(scored, table), folder / MISTAKES)
    of = f"{metrics['accuracy']:.2%} of {metrics['count']:,} right"
    title = f"{metrics['dataset']}, {metrics['split']}: {of}"
    with atomic_file(folder / CONFUSION) as file:
        confusion_figure(matrix, table, title).savefig(file, format="png")


def _mistakes(scored: Scored, table: CharacterTable) -> pd.DataFrame:
    """Return one row a wrong prediction, the most confident first; `datagen show` shows an id."""
    wrong = scored.mistakes()
    rows = {
        "id": [scored.ids[i] for i in wrong],
        "source": [scored.sources[i] for i in wrong],
        "codepoint": [table[int(scored.labels[i])].codepoint for i in wrong],
        "predicted": [table[int(scored.predicted[i])].codepoint for i in wrong],
        "probability": scored.confidence[wrong],
        "group": [scored.groups[i] for i in wrong],
        "origin": [scored.origins[i] for i in wrong],
    }
    return pd.DataFrame(rows)


def _check_out(folder: Path) -> None:
    if not folder.exists():
        return
    # One that was killed before it wrote anything may have left these.
    if folder.is_dir() and {folder / STATE, *leftovers(folder)}.issuperset(folder.iterdir()):
        return
    marker = folder / METRICS
    if not marker.is_file() or "per_source" not in read_json(marker):
        raise InputError(
            f"{folder} exists and holds no earlier evaluation: give --out an empty or new folder"
        )


def _write_table(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6f"))
