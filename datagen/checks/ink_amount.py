"""Almost no ink, or almost nothing but ink, beside what is usual in the class."""

from collections.abc import Iterator

import numpy as np

from datagen.checks import Finding, View
from datagen.checks.relative import like, usual

_LEAST = 3  # pixels; no symbol can be made of fewer


def find(view: View) -> Iterator[Finding]:
    """Drop specks and slabs; ask for a look at what is only far from its class."""
    pictures, limits = view.pictures, view.limits
    measures = pictures.measures
    area = measures["area"].astype(np.float64)
    share = area / np.maximum(1.0, measures["height"].astype(np.float64) * measures["width"])
    key = like(pictures.source, pictures.label)
    areas, shares = usual(area, key, view.alive), usual(share, key, view.alive)
    faint = areas.known & (area < limits.min_ink * areas.median)
    full = (share > limits.max_ink) & (~shares.known | (shares.median < limits.max_ink / 2))
    for row in np.flatnonzero(view.alive & (faint | full | (area < _LEAST))).tolist():
        if area[row] < _LEAST:
            yield Finding(row, "drop", f"almost no ink: {area[row]:.0f} pixels", 1.0)
        elif full[row]:
            yield Finding(row, "drop", f"almost all ink: {share[row]:.0%}", float(share[row]))
        else:
            of_usual = area[row] / areas.median[row]
            reason = f"almost no ink: {of_usual:.0%} of what is usual in its class and source"
            yield Finding(row, "review", reason, float(1 - of_usual))
