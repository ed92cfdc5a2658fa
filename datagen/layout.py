"""Numbers that say how the ink of a framed picture is laid out: one blob, or two side by side."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS = 13  # numbers a picture

_FAINT = 40  # gray levels of 255; what is below is no stroke but the blur around it
_EMPTY = 0.02  # of the fullest line; a line with less is a gap
_SIDE = 0.2  # of the ink, the least on each side of a valley


def layout(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe pictures.

    Args:
        pixels: uint8, shape (n, size, size).

    Returns:
        float32, shape (n, COLUMNS): logarithm of the aspect, number of parts, ink of the second
        part; and for columns and for rows the depth of the valley between two halves, the smaller
        extent of the halves, the width of the gap, the strokes that cross it and the length.
    """
    out = np.empty((len(pixels), COLUMNS), np.float32)
    for row, picture in enumerate(pixels):
        out[row] = _describe(picture)
    return out


def _describe(picture: NDArray[np.uint8]) -> list[float]:
    mask = cv2.threshold(picture, _FAINT, 1, cv2.THRESH_BINARY)[1]
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return [0.0] * COLUMNS
    box = np.s_[top : top + height, left : left + width]
    cut, ink = mask[box], picture[box].astype(np.float32)
    _, _, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=8)
    areas = np.sort(stats[1:, cv2.CC_STAT_AREA])[::-1]
    second = float(areas[1] / areas.sum()) if len(areas) > 1 else 0.0
    about = [float(np.log(width / height)), float(min(len(areas), 5)), second]
    return about + _valley(cut, ink) + _valley(cut.T, ink.T)


def _valley(mask: NDArray[Any], ink: NDArray[np.float32]) -> list[float]:
    """Look for the emptiest column that has ink enough on both sides."""
    height, width = mask.shape
    profile = ink.sum(axis=0)
    share = profile.cumsum() / profile.sum()
    inner = np.flatnonzero((share > _SIDE) & (share < 1 - _SIDE))
    if not len(inner):
        return [1.0, 0.0, 0.0, 1.0, width / height]
    lowest = int(inner[profile[inner].argmin()])
    depth = float(profile[lowest] / profile.max())
    extents = [_extent(mask[:, :lowest]), _extent(mask[:, lowest + 1 :])]
    gap = int(np.count_nonzero(profile[inner] <= _EMPTY * profile.max()))
    crossing = np.count_nonzero(np.diff(mask[:, lowest], prepend=0) == 1)
    return [depth, min(extents) / height, gap / height, float(crossing), width / height]


def _extent(mask: NDArray[Any]) -> int:
    rows = np.flatnonzero(mask.any(axis=1))
    return int(rows[-1] - rows[0]) + 1 if len(rows) else 0
