"""From logits to probabilities, as plain NumPy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.errors import UsageError

Logits = NDArray[np.float32]
Probabilities = NDArray[np.floating[Any]]

TINY = 1e-12  # smallest probability whose logarithm is taken
LEAST = 1e-5  # what a class keeps at least where a share is taken away


def calibrated(logits: Logits, temperature: float, spread: float = 0.0) -> NDArray[np.float32]:
    """Return the probabilities (n, classes) that logits stand for.

    A network that learned from smoothed targets and from pictures of no class gives a part of all
    probability to every class alike, which no temperature takes away without making the doubtful
    answers too sure. So that part goes first; then logarithms are divided by the temperature (Guo
    et al. 2017).

    Args:
        logits: (n, classes).
        temperature: Above 1 it softens.
        spread: The part that is given to all classes alike, from 0.
    """
    return np.asarray(_softmax(without_spread(logits, spread) / temperature), np.float32)


def without_spread(logits: Logits, spread: float) -> NDArray[np.float64]:
    """Return logits (n, classes), float64, from which `spread` is taken as `calibrated` does it."""
    wide = logits.astype(np.float64)
    if not spread:
        return wide
    return np.asarray(np.log(np.maximum(_softmax(wide) - spread / logits.shape[1], LEAST)))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float64)


def by_shape(probabilities: Probabilities, shapes: Sequence[int]) -> NDArray[np.float64]:
    """Return probabilities (n, classes) with those of look-alikes at the first of them in sum."""
    groups = np.zeros((len(shapes), len(shapes)))
    groups[np.arange(len(shapes)), shapes] = 1.0
    return np.asarray(probabilities.astype(np.float64) @ groups)


def worth(probabilities: Probabilities, shapes: Sequence[int]) -> NDArray[np.float64]:
    """Return what each class is worth as an answer (n, classes), from 0 to 2; not to be added up.

    It is the class's own probability and that of all its look-alikes, it among them: how often this
    answer is right, once strictly and once with look-alikes as one. A stroke that is `1`, `I`, `l`
    or `|` with 0.15 each and `/` with 0.3 is rather one of the four; the most probable class alone
    would be `/`, because it shares its chances with none. A class of probability 0 is worth 0.

    Args:
        probabilities: (n, classes).
        shapes: For each class, the first class of its confusable group.
    """
    own = np.asarray(probabilities, np.float64)
    together = by_shape(own, shapes)[:, shapes]
    return np.asarray(np.where(own > 0, own + together, 0.0))


def answered(probabilities: Probabilities, shapes: Sequence[int]) -> NDArray[np.int64]:
    """Return the class that is worth most as an answer, (n,); see `worth`."""
    return np.asarray(worth(probabilities, shapes).argmax(1), np.int64)


def ranked(probabilities: Probabilities, shapes: Sequence[int]) -> NDArray[np.int64]:
    """Return the classes (n, classes), the answer first, then the others, most probable first."""
    order = np.array(probabilities, np.float64)
    order[np.arange(len(order)), answered(probabilities, shapes)] = np.inf
    return np.asarray(np.argsort(-order, axis=1, kind="stable"), np.int64)


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
    left = np.where(mask, np.maximum(probabilities, TINY), 0.0)
    return np.asarray(left / left.sum(1, keepdims=True), np.float32)
