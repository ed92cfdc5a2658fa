"""From logits to probabilities, as plain NumPy."""

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.errors import UsageError

Logits = NDArray[np.float32]

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
