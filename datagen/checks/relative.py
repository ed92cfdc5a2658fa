"""A number of a picture beside that of its like: its class within its source."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEMBERS = 20  # fewer pictures say nothing about what is usual
_NORMAL = 1.4826  # median absolute deviation to standard deviation, for a normal distribution


@dataclass(frozen=True)
class Usual:
    """What is usual among the like of each picture.

    Attributes:
        median: float64, one entry a picture.
        spread: float64, robust standard deviation (Hampel 1974, median absolute deviation).
        known: Whether there are enough pictures to say.
    """

    median: NDArray[np.float64]
    spread: NDArray[np.float64]
    known: NDArray[np.bool_]


def usual(
    values: NDArray[np.floating], key: NDArray[np.integer], alive: NDArray[np.bool_]
) -> Usual:
    """Find what is usual in each group of pictures.

    Args:
        values: One number a picture.
        key: Group of each picture.
        alive: The pictures that count.
    """
    median = np.zeros(len(values))
    spread = np.zeros(len(values))
    known = np.zeros(len(values), np.bool_)
    order = np.argsort(key, kind="stable")
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    for rows in np.split(order, cuts):
        counted = rows[alive[rows]]
        if len(counted) < MEMBERS:
            continue
        known[rows] = True
        middle = float(np.median(values[counted]))
        median[rows] = middle
        spread[rows] = _NORMAL * float(np.median(np.abs(values[counted] - middle)))
    return Usual(median, spread, known)


def like(source: NDArray[np.uint8], label: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return a key that is the same for pictures of one class and source."""
    return source.astype(np.int64) << 16 | label.astype(np.int64)
