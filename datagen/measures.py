"""What is seen of a picture only before it is framed: its size, its place, its polarity.

Framing throws all of this away on purpose. Curation needs it, so it is taken down in passing, where
the picture is at hand anyway.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MEASURE = np.dtype(
    [
        ("height", "<u2"),  # pixels, of the picture
        ("width", "<u2"),
        ("box_height", "<u2"),  # pixels, of the box around the ink
        ("box_width", "<u2"),
        ("flipped", "?"),  # dark ink on light paper
        ("area", "<u4"),  # pixels of ink
        ("edge", "<f4"),  # share of the border's pixels that are ink
        ("sides", "u1"),  # borders that ink touches: 1 top, 2 bottom, 4 left, 8 right
        ("parts", "u1"),  # connected components that hold a fiftieth of the ink or more
    ]
)
"""One picture's measures; all of the picture as it was found."""

SIDES = {1: "top", 2: "bottom", 4: "left", 8: "right"}

_INK = 0.5  # of the way from paper to the brightest ink
_SOFT = 0.25  # the same, for what holds a thin stroke together
_PART = 0.02  # of the ink; a smaller component is dust


def measure(levels: NDArray[np.uint8], bright: NDArray[np.uint8]) -> tuple[Any, ...]:
    """Measure a picture.

    Args:
        levels: uint8, shape (height, width), as found.
        bright: uint8, the same shape, ink bright on black, as `datagen.ink.ink` gives it.

    Returns:
        One value for each field of `MEASURE`.
    """
    brightest = float(bright.max())
    mask = cv2.threshold(bright, _INK * brightest, 1, cv2.THRESH_BINARY)[1]
    area = int(cv2.countNonZero(mask))
    height, width = bright.shape
    _, _, box_width, box_height = cv2.boundingRect(mask)
    inside = cv2.mean(levels, mask)[0]
    outside = cv2.mean(levels, 1 - mask)[0] if area < mask.size else 0.0
    borders = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    touched = [int(np.count_nonzero(border)) for border in borders]
    sides = sum(1 << number for number, count in enumerate(touched) if count)
    edge = sum(touched) / (2 * (height + width))
    return (
        min(height, 65535),
        min(width, 65535),
        min(box_height, 65535),
        min(box_width, 65535),
        inside < outside,
        area,
        edge,
        sides,
        _parts(cv2.threshold(bright, _SOFT * brightest, 1, cv2.THRESH_BINARY)[1]),
    )


def _parts(mask: NDArray[Any]) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return min(255, int(np.count_nonzero(areas >= max(1.0, _PART * areas.sum()))))
