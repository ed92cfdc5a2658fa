"""Uneven light: paper is brought to one level before ink is told from it."""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

_GRID = 32  # points; shadows are smooth, so a coarse grid shows all of them
_WHOLE = 1 << 18  # pixels; up to this size what depends on the size alone is kept
_BASE = 64.0  # gray levels that flattened paper is set to, so that its noise isn't cut off


def flatten(bright: Gray) -> Gray:
    """Take shadows away: what a smooth surface through the paper explains is not ink.

    A plane through the border tells paper from ink well enough to fit a surface of third degree to
    the paper alone, by least squares on a grid of at most `_GRID` points an edge.

    Args:
        bright: uint8, shape (height, width), ink brighter than paper.

    Returns:
        The same shape; paper at `_BASE` everywhere, ink above it.
    """
    height, width = bright.shape
    rows, columns = min(height, _GRID), min(width, _GRID)
    small = cv2.resize(bright, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    terms = _terms(rows, columns)
    border = np.zeros((rows, columns), np.bool_)
    border[[0, -1]] = border[:, [0, -1]] = True
    plane = terms[:, :, :3]
    rest = small - plane @ _fit(plane[border], small[border])
    levels = np.clip(rest + 128.0, 0.0, 255.0).astype(np.uint8)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    paper = levels <= threshold
    factors = _fit(terms[paper], small[paper])
    if height * width <= _WHOLE:
        return _less(bright, _terms(height, width) @ factors)
    flat, x = np.empty_like(bright), _steps(width)
    for row, y in enumerate(_steps(height)):  # all terms at once would take forty bytes a pixel
        flat[row] = _less(bright[row], _powers(x, np.full_like(x, y)) @ factors)
    return flat


def _less(bright: Gray, surface: NDArray[np.float32]) -> Gray:
    return np.asarray(np.clip(bright - surface + _BASE, 0.0, 255.0), np.uint8)


def _fit(terms: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least squares by the normal equations, with a little damping: few points fit anything."""
    square = terms.T @ terms + np.eye(terms.shape[1], dtype=np.float32)
    return np.asarray(np.linalg.solve(square, terms.T @ values), np.float32)


@functools.lru_cache(maxsize=8)
def _terms(rows: int, columns: int) -> NDArray[np.float32]:
    """The terms of a surface of third degree at each point, shape (rows, columns, 10)."""
    y, x = np.meshgrid(_steps(rows), _steps(columns), indexing="ij")
    return _powers(x, y)


def _steps(count: int) -> NDArray[np.float32]:
    """Places from -1 to 1."""
    return np.asarray(np.mgrid[-1 : 1 : count * 1j], np.float32)


def _powers(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    one = np.ones_like(x)
    return np.stack((one, x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3), axis=-1)
