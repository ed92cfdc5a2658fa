"""Tell pictures of the classes from anything else, by one number that a model's answer gives.

Which number does it best differs from model to model, so the candidates are measured against one
another at the end of training, on pictures that are no class (`trainer.foreign`), and the model
file says which one won, where its threshold lies and what it lets through.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.probabilities import TINY, Logits, by_shape, calibrated

KEPT = 0.97  # of the validation samples, what the threshold keeps

Values = NDArray[np.float64]
Score = Callable[[Logits, float, NDArray[np.intp]], Values]


@dataclass(frozen=True, slots=True)
class Rejection:
    """When a picture is none of a model's classes.

    Attributes:
        score: A name in `SCORES`.
        threshold: A picture with a smaller score is none of the classes.
        kept: Share of the validation samples at or above the threshold.
        accepted: For each kind of pictures that are no class, the share that passes all the same.
    """

    score: str
    threshold: float
    kept: float
    accepted: Mapping[str, float]


def probability(logits: Logits, temperature: float, _: NDArray[np.intp]) -> Values:
    """Largest probability after the temperature (Hendrycks and Gimpel 2017)."""
    return np.asarray(calibrated(logits, temperature).max(1), np.float64)


def logit(logits: Logits, _: float, __: NDArray[np.intp]) -> Values:
    """Largest logit (Hendrycks et al. 2022)."""
    return np.asarray(logits.max(1), np.float64)


def energy(logits: Logits, temperature: float, _: NDArray[np.intp]) -> Values:
    """Negative free energy (Liu et al. 2020)."""
    scaled = logits / temperature
    top = scaled.max(1)
    # By hand: importing SciPy's logsumexp takes longer than reading a picture does.
    return np.asarray(temperature * (top + np.log(np.exp(scaled - top[:, None]).sum(1))), float)


def certainty(logits: Logits, _: float, shapes: NDArray[np.intp]) -> Values:
    """Negative entropy in nats over groups of look-alikes, before the temperature.

    Doubt between 0, O and o says nothing against a picture; doubt between 8 and & does.
    """
    summed = by_shape(calibrated(logits, 1.0), shapes.tolist())
    return np.asarray((summed * np.log(np.maximum(summed, TINY))).sum(1), np.float64)


SCORES: Mapping[str, Score] = {
    "certainty": certainty,
    "energy": energy,
    "logit": logit,
    "probability": probability,
}


def known(
    logits: Logits, temperature: float, shapes: Sequence[int], rejection: Rejection
) -> NDArray[np.bool_]:
    """Return which answers are those to a picture of one of the classes.

    Args:
        logits: float32 (n, classes).
        temperature: The model's.
        shapes: For each class, the first class of its confusable group.
        rejection: What was measured.
    """
    values = SCORES[rejection.score](logits, temperature, np.asarray(shapes))
    return np.asarray(values >= rejection.threshold, np.bool_)


def measure(
    ours: Logits,
    others: Mapping[str, tuple[Logits, int]],
    temperature: float,
    shapes: Sequence[int],
    kept: float = KEPT,
) -> Rejection:
    """Choose the score that lets the fewest foreign pictures through, and its threshold.

    Args:
        ours: Answers to validation samples, float32 (n, classes).
        others: For each kind of foreign pictures the answers to them, and how many more there
            were that had no ink and need no answer to be refused.
        temperature: The model's.
        shapes: For each class, the first class of its confusable group.
        kept: Share of the validation samples to keep.

    Returns:
        The score with the smallest mean share over the kinds.
    """
    found = [_measured(name, ours, others, temperature, shapes, kept) for name in SCORES]
    return min(found, key=lambda one: (sum(one.accepted.values()), one.score))


def _measured(
    name: str,
    ours: Logits,
    others: Mapping[str, tuple[Logits, int]],
    temperature: float,
    shapes: Sequence[int],
    kept: float,
) -> Rejection:
    groups = np.asarray(shapes)
    values = SCORES[name](ours, temperature, groups)
    # "lower" is one of the values: it stays kept when the same sample is seen again.
    threshold = float(np.quantile(values, 1 - kept, method="lower"))
    accepted = {}
    for kind, (answers, blank) in others.items():
        passed = SCORES[name](answers, temperature, groups) >= threshold
        accepted[kind] = round(float(passed.sum()) / max(1, len(answers) + blank), 4)
    return Rejection(name, threshold, round(float((values >= threshold).mean()), 4), accepted)
