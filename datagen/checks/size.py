"""A symbol much smaller or larger than others of its class: a fragment, or another symbol."""

from collections.abc import Iterator

import numpy as np

from datagen.checks import Finding, View
from datagen.checks.relative import like, usual

_FAR = 4.0  # robust standard deviations; a class that varies much may vary


def find(view: View) -> Iterator[Finding]:
    """Ask for a look at pictures whose ink spans far more or less than is usual."""
    pictures, limits = view.pictures, view.limits
    measures = pictures.measures
    span = np.maximum(measures["box_height"], measures["box_width"]).astype(np.float64)
    log = np.log(np.maximum(span, 1.0))
    found = usual(log, like(pictures.source, pictures.label), view.alive)
    away = np.abs(log - found.median)
    far = found.known & (away > np.log(limits.size)) & (away > _FAR * found.spread)
    for row in np.flatnonzero(view.alive & far).tolist():
        times = float(np.exp(away[row]))
        larger = log[row] > found.median[row]
        reason = (
            f"{times:.1f} times as large as is usual in its class and source"
            if larger
            else f"{times:.1f} times smaller than is usual in its class and source: a fragment?"
        )
        yield Finding(row, "review", reason, 1 - 1 / times)
