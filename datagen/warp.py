"""All geometry in one remap: rotation, shear, scale, perspective and elastic displacement.

The inverse map is worked out on a coarse grid of nodes, moved there, and spread to every pixel by
natural cubic splines, as two small matrix products. A map that is linear on the nodes is linear on
the pixels, so no displacement means no change.
"""

import functools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.transforms import Gray, InkTransform, Range


class Warp(InkTransform):
    """Rotation, shear, scale, perspective and elastic displacement in one remap.

    Elastic displacement follows Simard et al. 2003, "Best practices for convolutional neural
    networks applied to visual document analysis", on a coarse grid instead of a smoothed field.

    Args:
        rotate: Largest rotation, degrees.
        shear: Largest horizontal shear, as a slope.
        scale: Range of the scale of each axis.
        perspective: Largest relative change of scale from one side of the picture to the other.
        elastic: Standard deviation of the displacement, as a share of the picture.
        cells: Nodes along an edge of the grid; more nodes bend shorter strokes.
        p: Probability.
    """

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

    def draw(self, img: Gray) -> Gray:
        """Return the warped picture, of the same shape."""
        height, width = img.shape
        angle, slope, sx, sy, tilt_x, tilt_y = self._choose()
        cos, sin = math.cos(angle), math.sin(angle)
        ax, ay = cos / sx + slope * sin / sy, sin / sx - slope * cos / sy
        # From a point of the result back to the picture, both from -1 to 1.
        matrix = np.array(
            [[ax, ay, 0.0], [-sin / sy, cos / sy, 0.0], [tilt_x, tilt_y, 1.0]], np.float32
        )
        moved = matrix @ _nodes(self.cells)
        source = moved[:2] / moved[2]
        if self.elastic > 0.0:
            noise = self._noise(2, self.cells * self.cells)
            source += noise * np.float32(2.0 * self.elastic)
        half = _half(width, height)
        source = (source * half + half).reshape(2, self.cells, self.cells)
        maps = _spline(self.cells, height) @ source @ _spline(self.cells, width).T
        return np.asarray(cv2.remap(img, maps[0], maps[1], cv2.INTER_LINEAR), np.uint8)

    def _choose(self) -> tuple[float, ...]:
        u = self.random_generator.random(6).tolist()
        low, high = self.scale
        tilt = self.perspective
        return (
            math.radians(self.rotate) * (2.0 * u[0] - 1.0),
            self.shear * (2.0 * u[1] - 1.0),
            low + (high - low) * u[2],
            low + (high - low) * u[3],
            tilt * (2.0 * u[4] - 1.0),
            tilt * (2.0 * u[5] - 1.0),
        )


@functools.lru_cache(maxsize=8)
def _half(width: int, height: int) -> NDArray[np.float32]:
    return np.array([[width - 1.0], [height - 1.0]], np.float32) * np.float32(0.5)


@functools.lru_cache(maxsize=8)
def _nodes(cells: int) -> NDArray[np.float32]:
    """Homogeneous coordinates of the nodes from -1 to 1, shape (3, cells * cells)."""
    ys, xs = np.mgrid[-1 : 1 : cells * 1j, -1 : 1 : cells * 1j].astype(np.float32)
    return np.stack((xs.ravel(), ys.ravel(), np.ones(cells * cells, np.float32)))


@functools.lru_cache(maxsize=16)
def _spline(cells: int, edge: int) -> NDArray[np.float32]:
    """Weights of the nodes at each pixel along an edge, shape (edge, cells)."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, 1, cells), np.eye(cells), bc_type="natural")
    return np.asarray(spline(np.linspace(0, 1, edge)), np.float32)
