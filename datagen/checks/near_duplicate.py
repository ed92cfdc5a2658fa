"""Near copies within a label: shifted, resized or encoded again. One of each group is kept."""

from collections.abc import Iterator

import numpy as np

from datagen.checks import Finding, View
from datagen.checks.copies import rank
from datagen.checks.nearest import Pair, is_near


def find(view: View) -> Iterator[Finding]:
    """Drop all but the first of each group of near copies of a label."""
    for pair in pairs(view):
        reason = (
            f"nearly the same picture as {view.origin(pair.first)} "
            f"(distance {pair.distance:.3f}, {pair.ratio:.0%} of what is usual in its class)"
        )
        yield Finding(pair.row, "drop", reason, 1 - pair.distance / 2)


def pairs(view: View) -> list[Pair]:
    """Return each near copy that is too many, with the picture that is kept for it."""
    near = view.neighbours
    close = is_near(view, near.distances, near.scale[:, None]) & view.alive[:, None]
    close &= view.alive[near.rows]
    rows, columns = np.nonzero(close)
    edges = sorted(
        (float(near.distances[row, column]), int(row), int(near.rows[row, column]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    # A copy is left out beside a picture that stays: chains of small steps don't grow groups.
    gone: dict[int, Pair] = {}
    for distance, row, other in edges:
        first, second = sorted((row, other), key=lambda each: rank(view, each))
        if first not in gone and second not in gone:
            scale = float(min(near.scale[first], near.scale[second]))
            ratio = distance / scale if np.isfinite(scale) else 0.0
            gone[second] = Pair(second, first, distance, ratio)
    return [gone[row] for row in sorted(gone)]
