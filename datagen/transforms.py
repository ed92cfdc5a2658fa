"""What the transforms made for glyphs have in common, as albumentations transforms.

A transform of ours changes many pictures at once, ink bright on black, and takes all its random
choices from a table of numbers, one row a picture. So a picture depends on its own row alone,
whatever lies beside it, and what a call costs is shared by all. `apply` lets it compose with any
transform of albumentations, one picture at a time.
"""

import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations calls home on import

import functools
from statistics import NormalDist
from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.shapes import Mask, Shapes

Gray = NDArray[np.uint8]
Numbers = NDArray[np.float32]
Range = tuple[float, float]

_BANK = 1024  # pixels; edge of the square of noise that all noise is cut from
_TABLE = 4096  # entries of the tables of functions
_WIDTHS = 256  # steps of a range whose logarithm is even


class InkTransform(A.ImageOnlyTransform):  # type: ignore[misc]
    """A transform of pictures whose ink is bright on black.

    Attributes:
        numbers: How many random numbers a picture takes.
        letters_only: Whether it is done to letters alone, where it is known what a picture shows.
    """

    numbers = 0
    letters_only = False

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the changed pictures.

        Args:
            pictures: uint8, shape (n, height, width); it may be changed itself.
            u: float32, shape (n, numbers), in [0, 1).

        Returns:
            uint8, shape (n, height, width).
        """
        raise NotImplementedError

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return one changed picture; albumentations calls this."""
        u = self.random_generator.random((1, self.numbers), np.float32)
        plain = img if img.ndim == 2 else img[:, :, 0]
        changed = self.change(plain[None].copy(), u)[0]
        return np.asarray(
            changed if img.ndim == 2 else cv2.merge([changed] * img.shape[2]), np.uint8
        )


class ShapeTransform(InkTransform):
    """A transform that can also be done to glyphs as points, before they become pixels."""

    def bend(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Change shapes in place.

        Args:
            shapes: The glyphs.
            chosen: bool, shape (glyphs,), which of them are changed.
            u: float32, shape (glyphs, numbers), in [0, 1).
        """
        raise NotImplementedError


def between(bounds: Range, u: Numbers) -> Numbers:
    """Spread numbers in [0, 1) over a range."""
    return np.float32(bounds[0]) + np.float32(bounds[1] - bounds[0]) * u


def between_logs(bounds: Range, u: Numbers) -> Numbers:
    """Spread numbers in [0, 1) over a range so that the logarithm is even, in steps of a table."""
    steps = np.geomspace(*bounds, _WIDTHS).astype(np.float32)
    return np.asarray(steps[(u * np.float32(_WIDTHS)).astype(np.int32)], np.float32)


def cosine(angle: Numbers) -> Numbers:
    """Cosine by a table: the same on every machine, and quicker."""
    step = np.rint(angle * np.float32(_TABLE / (2 * np.pi))).astype(np.int32)
    return np.asarray(_cosines()[step & (_TABLE - 1)], np.float32)


def sine(angle: Numbers) -> Numbers:
    """Sine by the same table."""
    return cosine(angle - np.float32(np.pi / 2))


def normal(u: Numbers) -> Numbers:
    """Turn numbers in [0, 1) into normal ones of variance 1."""
    return np.asarray(_normals()[(u * np.float32(_TABLE)).astype(np.int32)], np.float32)


@functools.lru_cache(maxsize=1)
def _cosines() -> Numbers:
    values = np.cos(np.arange(_TABLE) * (2 * np.pi / _TABLE))
    return np.asarray(values.round(7), np.float32)


@functools.lru_cache(maxsize=1)
def _normals() -> Numbers:
    values = [NormalDist().inv_cdf((k + 0.5) / _TABLE) for k in range(_TABLE)]
    return np.array(values).round(7).astype(np.float32)


def noise(shape: tuple[int, int], u: Numbers) -> Numbers:
    """Cut normal noise from a bank, which takes a tenth of the time that drawing it does.

    Args:
        shape: Rows and columns.
        u: float32, shape (n, 2), in [0, 1).

    Returns:
        float32, shape (n, rows, columns).
    """
    rows, columns = shape
    top = (u[:, 0] * np.float32(_BANK - rows)).astype(np.int64)
    left = (u[:, 1] * np.float32(_BANK - columns)).astype(np.int64)
    out = np.empty((len(u), rows, columns), np.float32)
    bank = _bank()
    for row, (y, x) in enumerate(zip(top.tolist(), left.tolist(), strict=True)):
        out[row] = bank[y : y + rows, x : x + columns]
    return out


def field(shape: tuple[int, ...], cells: int, u: Numbers) -> Numbers:
    """Smooth random fields in about -1..1: a coarse grid of normals, enlarged by cubics.

    Args:
        shape: Rows and columns.
        cells: Edge of the grid.
        u: float32, shape (n, 2), in [0, 1).

    Returns:
        float32, shape (n, rows, columns).
    """
    coarse = noise((cells, cells), u)
    down, across = _enlarge(cells, shape[0]), _enlarge(cells, shape[1])
    return np.asarray(np.matmul(np.matmul(down, coarse), across.T), np.float32)


@functools.lru_cache(maxsize=16)
def _enlarge(cells: int, edge: int) -> Numbers:
    """Weights of the cells at each pixel along an edge, shape (edge, cells)."""
    eye = np.eye(cells, dtype=np.float32)
    return np.asarray(cv2.resize(eye, (cells, edge), interpolation=cv2.INTER_CUBIC), np.float32)


@functools.lru_cache(maxsize=1)
def _bank() -> Numbers:
    rng = np.random.Generator(np.random.Philox(key=1))
    return rng.standard_normal((_BANK, _BANK), np.float32)
