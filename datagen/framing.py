"""Frame many pictures at once: the bytes of `datagen.frame`, several times sooner.

Pictures that are ink on black already, such as EMNIST's, need no search for ink. Where they are of
one shape, boxes and brightness are found for all of them in a few array operations, and only the
scaling is left to do for each.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.frame import MARGIN, FrameError, Mode, frame
from datagen.ink import CLEAN, FAINT, MIN_CONTRAST

Stack = NDArray[np.uint8]


def frame_all(pictures: Sequence[Stack], size: int, mode: Mode) -> list[Stack | FrameError]:
    """Frame drawn pictures; those that are clean already all at once.

    Args:
        pictures: uint8, two-dimensional each, ink bright on black.
        size: Edge of the frame in pixels.
        mode: ``tight`` or ``em``.

    Returns:
        For each uint8, shape (size, size), or why there is none.
    """
    framed: list[Stack | FrameError] = [np.zeros((0, 0), np.uint8)] * len(pictures)
    left = np.ones(len(pictures), np.bool_)
    if mode == "tight" and len({picture.shape for picture in pictures}) == 1:
        stack = np.stack(pictures)
        left = ~is_clean(stack)
        rows = np.flatnonzero(~left)
        if len(rows):
            for row, each in zip(rows.tolist(), place_all(stack[rows], size), strict=True):
                framed[row] = each
    for row in np.flatnonzero(left).tolist():
        try:
            framed[row] = frame(pictures[row], size, mode, "bright")
        except FrameError as error:
            framed[row] = error
    return framed


def is_clean(pictures: Stack) -> NDArray[np.bool_]:
    """Say which pictures `datagen.ink.ink` gives back as they are, and `place` finds ink in.

    Args:
        pictures: uint8, shape (n, height, width), at least 2 x 2.
    """
    most = pictures.reshape(len(pictures), -1).max(axis=1)
    border = np.maximum(pictures[:, [0, -1]].max(axis=(1, 2)), pictures[:, :, [0, -1]].max((1, 2)))
    clean = (border < CLEAN) & (most >= border + MIN_CONTRAST) & (most > FAINT)
    return np.asarray(clean, np.bool_)


def place_all(pictures: Stack, size: int) -> Stack:
    """Crop, scale and centre clean pictures; see `datagen.frame.place`.

    Args:
        pictures: uint8, shape (n, height, width), each with ink brighter than `FAINT`.
        size: Edge of the frame in pixels.

    Returns:
        uint8, shape (n, size, size).
    """
    left, top, width, height = boxes(pictures > FAINT)
    inner = size - 2 * max(1, round(size * MARGIN))
    scale = inner / np.maximum(width, height)
    columns = np.maximum(1, np.rint(width * scale)).astype(np.int64)
    rows = np.maximum(1, np.rint(height * scale)).astype(np.int64)
    x, y = (size - columns) // 2, (size - rows) // 2
    shrinks = (height >= rows) & (width >= columns)
    method = np.where(shrinks, cv2.INTER_AREA, cv2.INTER_LINEAR)
    framed = np.zeros((len(pictures), size, size), np.uint8)
    crops = (left, top, left + width, top + height, x, y, x + columns, y + rows, method)
    numbers = np.stack(crops, axis=1).tolist()
    resize = cv2.resize
    for picture, target, (x0, y0, x1, y1, u0, v0, u1, v1, kind) in zip(
        pictures, framed, numbers, strict=True
    ):
        part = target[v0:v1, u0:u1]
        resize(picture[y0:y1, x0:x1], (u1 - u0, v1 - v0), part, interpolation=kind)
    return _brighten_all(framed)


def boxes(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Return left, top, width and height of what is set in masks (n, height, width)."""
    sides: list[Any] = []
    for axis in (1, 2):
        some: NDArray[np.bool_] = np.logical_or.reduce(mask, axis=axis)
        first = some.argmax(axis=1)
        last = some.shape[1] - some[:, ::-1].argmax(axis=1)
        sides += [first, np.where(some.any(axis=1), last - first, 0)]
    left, width, top, height = sides
    return left, top, width, height


def _brighten_all(framed: Stack) -> Stack:
    most = framed.max(axis=(1, 2))
    faint = np.flatnonzero((most > 0) & (most < 255))
    for number, top in zip(faint.tolist(), most[faint].tolist(), strict=True):
        cv2.convertScaleAbs(framed[number], framed[number], alpha=255.0 / top)
    return framed
