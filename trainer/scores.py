"""Scores of predictions, as plain NumPy and pandas: no model, no files."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from trainer.probabilities import TINY, Probabilities, ranked

BINS = 15  # of confidence, for the calibration error

Labels = NDArray[np.integer[Any]]


def score(probabilities: Probabilities, labels: Labels, shapes: list[int]) -> dict[str, Any]:
    """Score predictions.

    Args:
        probabilities: (n, classes), each row summing to 1; n at least 1.
        labels: The true classes, (n,).
        shapes: For each class, the first class of its confusable group.

    Returns:
        ``count``; ``accuracy`` (top-1, the answer of `trainer.probabilities.answered`);
        ``accuracy_shape``, where a prediction within the true class's confusable group counts as
        right; ``top2``; ``macro_f1``, the mean over the classes that occur in `labels`; ``nll``,
        the mean negative logarithm of the true class's probability, in nats; ``ece``, the expected
        calibration error over 15 equally wide bins of confidence (Guo et al. 2017).
    """
    order = ranked(probabilities, shapes)
    predicted = order[:, 0]
    groups = np.asarray(shapes)
    truth = probabilities[np.arange(len(labels)), labels]
    matrix = confusion(predicted, labels, probabilities.shape[1])
    f1 = _per_class(matrix)["f1"][matrix.sum(1) > 0]
    return {
        "count": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "accuracy_shape": float((groups[predicted] == groups[labels]).mean()),
        "top2": float((order[:, :2] == labels[:, None]).any(1).mean()),
        "macro_f1": float(f1.mean()),
        "nll": float(-np.log(np.maximum(truth.astype(np.float64), TINY)).mean()),
        "ece": calibration_error(probabilities, labels),
    }


def calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Return the mean gap between confidence and accuracy over bins, weighted by their counts."""
    bins = reliability(probabilities, labels)
    return sum(count * abs(right - sure) for count, sure, right in bins) / len(labels)


def reliability(probabilities: Probabilities, labels: Labels) -> list[list[float]]:
    """Return a row for each of 15 equally wide bins of confidence, as reliability diagrams show.

    Returns:
        Number of samples, their mean confidence and their accuracy; zeros where there are none.
    """
    confidence = probabilities.max(1, initial=0.0).astype(np.float64)
    right = (probabilities.argmax(1) == labels).astype(np.float64)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    sums = np.stack([np.bincount(bins, values, BINS) for values in (confidence, right)], axis=1)
    means = sums / np.maximum(counts, 1)[:, None]
    rows: list[list[float]] = np.column_stack([counts, means]).tolist()
    return rows


def confusion(predicted: Labels, labels: Labels, classes: int) -> NDArray[np.int64]:
    """Count predictions: rows are true classes, columns predicted ones; (classes, classes)."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def per_class(matrix: NDArray[np.int64], table: CharacterTable) -> pd.DataFrame:
    """Return one row a class, in label order.

    Columns are codepoint, name, count, precision, recall, f1 and confused_with: the code point of
    the wrong class that this one was most often taken for, empty where there is none. A ratio whose
    denominator is zero is empty.
    """
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    ratios = _per_class(matrix)
    confused = [table[int(row.argmax())].codepoint if row.any() else "" for row in wrong]
    return pd.DataFrame(
        {
            "codepoint": [c.codepoint for c in table],
            "name": [c.name for c in table],
            "count": matrix.sum(1),
            **ratios,
            "confused_with": confused,
        }
    )


def _per_class(matrix: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    right = np.diag(matrix).astype(np.float64)
    actual, predicted = matrix.sum(1), matrix.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": right / predicted,
            "recall": right / actual,
            "f1": 2 * right / (actual + predicted),
        }
