"""From logits to probabilities, as plain NumPy."""

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.errors import UsageError

Logits = NDArray[np.float32]

TINY = 1e-12  # smallest probability whose logarithm is taken


def calibrated(logits: Logits, temperature: float) -> NDArray[np.float32]:
    """Return the probabilities (n, classes) of logits over a temperature (Guo et al. 2017)."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
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
    left = np.where(mask, np.maximum(probabilities, TINY), 0.0)
    return np.asarray(left / left.sum(1, keepdims=True), np.float32)
