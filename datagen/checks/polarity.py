"""Light on dark among dark on light, or the other way round: framing mends it, this notes it."""

from collections.abc import Iterator

import numpy as np

from datagen.checks import Finding, View

_MAJORITY = 0.5  # of a source's pictures


def find(view: View) -> Iterator[Finding]:
    """Note the pictures whose polarity is not that of most of their source."""
    pictures = view.pictures
    flipped = pictures.measures["flipped"]
    for number in range(len(pictures.names)):
        of_source = pictures.source == number
        counted = of_source & view.alive
        if not counted.any():
            continue
        mostly = bool(flipped[counted].mean() > _MAJORITY)
        words = ("light on dark", "dark on light")
        reason = f"polarity mended: it is {words[not mostly]}, its source mostly {words[mostly]}"
        for row in np.flatnonzero(counted & (flipped != mostly)).tolist():
            yield Finding(row, "keep", reason, 0.5)
