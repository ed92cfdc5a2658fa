"""All geometry in one step: rotation, shear, scale, perspective and elastic displacement.

Glyphs are warped as points, where it costs least and blurs nothing; pictures by one remap, whose
inverse map is worked out on a coarse grid of nodes and spread to every pixel by natural cubic
splines. A map that is linear on the nodes is linear on the pixels: no displacement, no change.
"""

import functools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.shapes import Mask, Points, Shapes
from datagen.transforms import (
    Gray,
    Numbers,
    Range,
    ShapeTransform,
    between,
    cosine,
    normal,
    sine,
)

_WAVES = 6  # of the elastic field


class Warp(ShapeTransform):
    """Rotation, shear, scale, perspective and elastic displacement.

    Elastic displacement follows Simard et al. 2003, "Best practices for convolutional neural
    networks applied to visual document analysis", by a few random waves (Rahimi and Recht 2007,
    "Random features for large-scale kernel machines") instead of a smoothed field.

    Args:
        rotate: Largest rotation, degrees.
        shear: Largest horizontal shear, as a slope.
        scale: Range of the scale of each axis.
        perspective: Largest relative change of scale from one side of the picture to the other.
        elastic: Standard deviation of the displacement, as a share of the picture.
        cells: How many bends fit along an edge, about.
        p: Probability.
    """

    numbers = 6 + 4 * _WAVES

    def __init__(
        self,
        rotate: float = 0.0,
        shear: float = 0.0,
        scale: Range = (1.0, 1.0),
        perspective: float = 0.0,
        elastic: float = 0.0,
        cells: int = 5,
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        self.rotate, self.shear, self.scale = rotate, shear, scale
        self.perspective, self.elastic, self.cells = perspective, elastic, cells

    def bend(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Move the points of the chosen shapes."""
        owner = shapes.owner
        if chosen.all():
            shapes.points = self._move(shapes.points, u, owner)
            return
        rows = np.flatnonzero(chosen[owner])
        points = shapes.points.copy()
        points[rows] = self._move(shapes.points[rows], u, owner[rows])
        shapes.points = points

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the warped pictures."""
        count, height, width = pictures.shape
        nodes = np.tile(_nodes(self.cells), (count, 1))
        source = self._move(nodes, u, np.repeat(np.arange(count), self.cells**2))
        half = np.array([width - 1, height - 1], np.float32) / 2
        grid = (source * half + half).reshape(count, self.cells, self.cells, 2)
        down, across = _spline(self.cells, height), _spline(self.cells, width)
        out = np.empty_like(pictures)
        for row in range(count):
            x, y = (down @ grid[row, :, :, axis] @ across.T for axis in (0, 1))
            out[row] = cv2.remap(pictures[row], x, y, cv2.INTER_LINEAR)
        return out

    def _move(self, points: Points, u: Numbers, owner: NDArray[np.int64]) -> Points:
        spread = 2 * u[:, :6] - 1
        angle = spread[:, 0] * np.float32(math.radians(self.rotate))
        slope = spread[:, 1] * np.float32(self.shear)
        sx, sy = between(self.scale, u[:, 2]), between(self.scale, u[:, 3])
        cos, sin = cosine(angle), sine(angle)
        # Scale, then shear, then turn.
        across = np.stack((cos * sx, sin * sx), axis=1)[owner]
        down = np.stack(((cos * slope - sin) * sy, (sin * slope + cos) * sy), axis=1)[owner]
        moved = points[:, :1] * across + points[:, 1:] * down
        if self.perspective > 0.0:
            tilt = (spread[:, 4:6] * np.float32(self.perspective))[owner]
            moved /= 1 + (tilt[:, :1] * points[:, :1] + tilt[:, 1:] * points[:, 1:])
        if self.elastic > 0.0:
            moved += self._bends(points, u[:, 6:], owner)
        return np.asarray(moved, np.float32)

    def _bends(self, points: Points, u: Numbers, owner: NDArray[np.int64]) -> Points:
        """A smooth random displacement at each point, the same in both directions but for phase."""
        waves = normal(u[:, : 2 * _WAVES]) * np.float32(self.cells / 2)
        phases = u[:, 2 * _WAVES :] * np.float32(2 * math.pi)
        waves, phases = waves[owner], phases[owner]
        angle = points[:, :1] * waves[:, :_WAVES] + points[:, 1:] * waves[:, _WAVES:]
        size = np.float32(2 * self.elastic * math.sqrt(2 / _WAVES))
        x = cosine(angle + phases[:, :_WAVES]).sum(axis=1)
        y = cosine(angle + phases[:, _WAVES:]).sum(axis=1)
        return np.stack((x, y), axis=1) * size


@functools.lru_cache(maxsize=8)
def _nodes(cells: int) -> Points:
    """Coordinates of the nodes from -1 to 1, shape (cells * cells, 2)."""
    ys, xs = np.mgrid[-1 : 1 : cells * 1j, -1 : 1 : cells * 1j].astype(np.float32)
    return np.stack((xs.ravel(), ys.ravel()), axis=1)


@functools.lru_cache(maxsize=16)
def _spline(cells: int, edge: int) -> Numbers:
    """Weights of the nodes at each pixel along an edge, shape (edge, cells)."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, 1, cells), np.eye(cells), bc_type="natural")
    return np.asarray(spline(np.linspace(0, 1, edge)), np.float32)
