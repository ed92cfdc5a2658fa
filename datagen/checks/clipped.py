"""Ink that runs into the border: a part of the symbol may be cut off."""

from collections.abc import Iterator

import numpy as np

from datagen.checks import Finding, View
from datagen.measures import SIDES

_TIGHT = 0.2  # share of a source's pictures that touch the border where it was cropped on purpose


def find(view: View) -> Iterator[Finding]:
    """Ask for a look at pictures whose border holds ink, in sources that leave a margin."""
    pictures, limit = view.pictures, view.limits.clipped
    sides = pictures.measures["sides"]
    edge = pictures.measures["edge"]
    for number in range(len(pictures.names)):
        counted = (pictures.source == number) & view.alive
        if not counted.any() or (sides[counted] > 0).mean() > _TIGHT:
            continue  # a tight crop says nothing about what lay outside of it
        for row in np.flatnonzero(counted & (edge > limit)).tolist():
            where = " and ".join(name for bit, name in SIDES.items() if sides[row] & bit)
            reason = f"clipped: ink covers {edge[row]:.0%} of the border ({where})"
            yield Finding(row, "review", reason, min(1.0, float(edge[row]) * 4))
