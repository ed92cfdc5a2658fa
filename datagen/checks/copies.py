"""Pictures that are the same after framing, and which of them comes first."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.checks import View
from datagen.survey import TEST


def groups(view: View) -> Iterator[list[int]]:
    """Yield the rows of each picture that occurs more than once, the one to keep first.

    The publisher's test pictures come first, then the order of the sources.
    """
    rows = np.flatnonzero(view.alive)
    for same in _repeated(view.pictures.picture[rows]):
        yield sorted(rows[same].tolist(), key=lambda row: rank(view, row))


def rank(view: View, row: int) -> tuple[bool, int]:
    """Order in which copies are kept."""
    return bool(view.pictures.fixed[row] != TEST), row


def _repeated(values: NDArray[np.uint64]) -> list[NDArray[np.int64]]:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    same = ordered[1:] == ordered[:-1]
    repeated = np.r_[False, same] | np.r_[same, False] if len(ordered) else same
    order, ordered = order[repeated], ordered[repeated]
    return np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1) if len(order) else []
