"""What is seen of a picture only before it is framed: its size, its place, its polarity.

Framing throws all of this away on purpose. Curation needs it, so it is taken down in passing, where
the picture is at hand anyway.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.framing import boxes

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
    ]
)
"""One picture's measures; all of the picture as it was found."""

SIDES = {1: "top", 2: "bottom", 4: "left", 8: "right"}

_INK = 0.5  # of the way from paper to the brightest ink


def measure(levels: NDArray[np.uint8], bright: NDArray[np.uint8]) -> tuple[Any, ...]:
    """Measure a picture.

    Args:
        levels: uint8, shape (height, width), as found.
        bright: uint8, the same shape, ink bright on black, as `datagen.ink.ink` gives it.

    Returns:
        One value for each field of `MEASURE`.
    """
    mask = cv2.threshold(bright, _INK * float(bright.max()), 1, cv2.THRESH_BINARY)[1]
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
    )


def measure_clean(pictures: NDArray[np.uint8]) -> NDArray[np.void]:
    """Measure pictures of one shape that are ink bright on black as they were found.

    Args:
        pictures: uint8, shape (n, height, width).

    Returns:
        dtype `MEASURE`, shape (n,): what `measure(picture, picture)` gives for each.
    """
    count, height, width = pictures.shape
    most = pictures.reshape(count, -1).max(axis=1)
    mask = pictures > (most // 2)[:, None, None]  # whole levels, so half of them is enough
    found = np.zeros(count, MEASURE)
    found["height"], found["width"] = height, width
    _, _, found["box_width"], found["box_height"] = boxes(mask)
    found["area"] = mask.reshape(count, -1).sum(axis=1)
    borders = (mask[:, 0], mask[:, -1], mask[:, :, 0], mask[:, :, -1])
    touched = np.stack([border.sum(axis=1) for border in borders])
    found["sides"] = ((touched > 0) << np.arange(4)[:, None]).sum(axis=0)
    found["edge"] = touched.sum(axis=0) / (2 * (height + width))
    return found
