"""Fragments made of whole symbols: what a network learns to know fragments by."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.frame import FrameError, place

Pixels = NDArray[np.uint8]

_INK = 128  # gray levels
_PART = 0.1  # of the ink; smaller parts are specks
_LEFT = (0.3, 0.65)  # of a symbol's extent across the cut, what is left of it


def fragment(framed: Pixels, random: np.random.Generator) -> Pixels:
    """Leave one part of a symbol of several parts, else what a straight cut leaves, and frame it.

    Args:
        framed: uint8, shape (size, size), ink bright on black.
        random: Where the part, or the cut's direction and place, is drawn from.

    Returns:
        uint8, the same shape.
    """
    mask = (framed >= _INK).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= _PART * areas.sum())
    if len(large) > 1:
        near = cv2.dilate((parts == random.choice(large)).astype(np.uint8), np.ones((3, 3)))
        left = np.where(near > 0, framed, 0)
    else:
        left = _cut(framed, random)
    x, y, width, height = cv2.boundingRect(left)
    try:
        return place(np.ascontiguousarray(left[y : y + height, x : x + width]), len(framed))
    except FrameError:  # what was left is too faint to be anything
        return framed.copy()


def _cut(framed: Pixels, random: np.random.Generator) -> Pixels:
    angle = random.integers(0, 4) * math.pi / 2 + random.uniform(-0.4, 0.4)
    rows, columns = np.indices(framed.shape)
    across = np.asarray(columns * math.cos(angle) + rows * math.sin(angle), np.float64)
    inked = across[framed >= min(_INK, framed.max())]
    edge = inked.min() + random.uniform(*_LEFT) * np.ptp(inked)
    return np.where(across <= edge, framed, 0).astype(np.uint8)
