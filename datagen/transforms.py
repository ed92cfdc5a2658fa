"""Transforms made for glyphs, as albumentations transforms that compose with any other.

All take and give a uint8 picture of shape (height, width), ink bright on black. They are written
for ink rather than photographs: one remap does all geometry, strokes grow and shrink by fractions
of a pixel, ink breaks where a pen skips.
"""

import functools
import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations calls home on import

from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Range = tuple[float, float]


class _Ink(A.ImageOnlyTransform):  # type: ignore[misc]
    """A transform whose random choices come from `self.random_generator` alone."""

    def _uniform(self, bounds: Range) -> float:
        return float(self.random_generator.uniform(*bounds))

    def _field(self, shape: tuple[int, ...], cells: int) -> NDArray[np.float32]:
        """A smooth random field in about -1..1: a coarse grid of normals, enlarged."""
        coarse = self.random_generator.standard_normal((cells, cells), np.float32)
        size = (shape[1], shape[0])
        return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)


class Warp(_Ink):
    """Rotation, shear, scale, perspective and elastic displacement in one remap.

    Elastic displacement follows Simard et al. 2003, "Best practices for convolutional neural
    networks applied to visual document analysis", on a coarse grid instead of a smoothed field.

    Args:
        rotate: Largest rotation, degrees.
        shear: Largest horizontal shear, as a slope.
        scale: Range of the scale of each axis.
        perspective: Largest move of a corner, as a share of the picture.
        elastic: Standard deviation of the displacement, as a share of the picture.
        cells: Edge of the elastic grid; more cells bend shorter strokes.
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

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return the warped picture, of the same shape."""
        height, width = img.shape[:2]
        matrix = self._matrix(width, height)
        if self.elastic <= 0.0:
            return np.asarray(
                cv2.warpPerspective(img, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8
            )
        grid = cv2.getPerspectiveTransform(_corners(1.0, 1.0), _corners(width - 1.0, height - 1.0))
        nodes = _grid(self.cells, self.cells).reshape(-1, 1, 2)
        source = cv2.perspectiveTransform(nodes, np.linalg.inv(matrix) @ grid)
        sigma = self.elastic * max(width, height)
        moved = self.random_generator.standard_normal((self.cells, self.cells, 2), np.float32)
        moved = moved * sigma + source.reshape(moved.shape).astype(np.float32)
        maps = _spread(moved, width, height)
        warped = cv2.remap(img, maps, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
        return np.asarray(warped, np.uint8)

    def _matrix(self, width: int, height: int) -> NDArray[np.float64]:
        angle = np.deg2rad(self._uniform((-self.rotate, self.rotate)))
        slope = self._uniform((-self.shear, self.shear))
        sx, sy = self._uniform(self.scale), self._uniform(self.scale)
        cos, sin = np.cos(angle), np.sin(angle)
        linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[sx, slope * sy], [0.0, sy]])
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        matrix = np.eye(3)
        matrix[:2, :2] = linear
        matrix[:2, 2] = centre - linear @ centre
        if self.perspective > 0.0:
            corners = _corners(width - 1.0, height - 1.0)
            reach = self.perspective * max(width, height)
            moved = corners + self.random_generator.uniform(-reach, reach, corners.shape)
            matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32)) @ matrix
        return matrix


@functools.lru_cache(maxsize=8)
def _grid(rows: int, columns: int) -> NDArray[np.float32]:
    """Coordinates x, y from 0 to 1, shape (rows, columns, 2)."""
    ys, xs = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
    return np.stack((xs, ys), axis=-1)


def _corners(right: float, bottom: float) -> NDArray[np.float32]:
    return np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)


def _spread(nodes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Enlarge a grid of nodes to every pixel, with the outer nodes on the picture's corners."""
    cells = nodes.shape[0]
    matrix = np.array(
        [[(width - 1) / (cells - 1), 0, 0], [0, (height - 1) / (cells - 1), 0]], np.float64
    )
    return np.asarray(
        cv2.warpAffine(
            nodes, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )


class StrokeWeight(_Ink):
    """Thinner or thicker strokes, by fractions of a pixel.

    Args:
        change: Range of the change on each side of a stroke, as a share of the picture's edge;
            negative is thinner.
        p: Probability.
    """

    def __init__(self, change: Range = (-0.015, 0.03), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.change = change

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return the picture with its strokes changed; none is erased."""
        change = self._uniform(self.change) * max(img.shape)
        operation = cv2.MORPH_DILATE if change > 0 else cv2.MORPH_ERODE
        kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        whole, part = divmod(abs(change), 1.0)
        near = cv2.morphologyEx(img, operation, kernel, iterations=int(whole)) if whole else img
        far = cv2.morphologyEx(near, operation, kernel)
        done = cv2.addWeighted(near, 1.0 - part, far, part, 0.0)
        if change < 0.0:  # hair lines, which erosion would erase, stay as they are
            done = cv2.max(done, cv2.morphologyEx(img, cv2.MORPH_TOPHAT, kernel))
        return np.asarray(done, np.uint8)


class InkTexture(_Ink):
    """Uneven ink, and breaks where the pen skips.

    Args:
        uneven: Largest share of the ink's brightness that a thin spot loses.
        breaks: Largest share of the picture's area in which ink is missing.
        cells: Edge of the grid the texture comes from.
        p: Probability.
    """

    def __init__(
        self, uneven: float = 0.5, breaks: float = 0.0, cells: int = 9, p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.uneven, self.breaks, self.cells = uneven, breaks, cells

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return the picture with its ink thinned in places."""
        field = self._field(img.shape, self.cells)
        depth = self._uniform((0.0, self.uneven))
        keep = 1.0 - depth * np.clip(field * 0.5 + 0.5, 0.0, 1.0)
        if self.breaks > 0.0:
            share = self._uniform((0.0, self.breaks))
            edge = float(np.quantile(field, 1.0 - share))
            keep *= np.clip((edge - field) * 4.0 + 0.5, 0.0, 1.0)
        return np.asarray(img * keep, np.uint8)


class Paper(_Ink):
    """Paper that is not black: texture, a shadow across it, ink that shines through from behind.

    Args:
        texture: Largest amplitude of the paper's texture, gray levels.
        shadow: Largest brightness of a shadow's far side, gray levels.
        bleed: Largest brightness of the mirrored ink behind, as a share of the ink's.
        p: Probability.
    """

    def __init__(
        self, texture: float = 12.0, shadow: float = 40.0, bleed: float = 0.15, p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.texture, self.shadow, self.bleed = texture, shadow, bleed

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return the picture on such paper; ink stays brighter than the paper."""
        height, width = img.shape[:2]
        paper = self._field(img.shape, 12) * self._uniform((0.0, self.texture))
        if self.shadow > 0.0:
            angle = self._uniform((0.0, 2.0 * np.pi))
            across = np.array([np.cos(angle), np.sin(angle)], np.float32)
            slope = (_grid(height, width) - 0.5) @ across
            paper += (slope + 0.5) * self._uniform((0.0, self.shadow))
        if self.bleed > 0.0:
            moved = np.roll(img[:, ::-1], int(self.random_generator.integers(-8, 9)), axis=0)
            behind = np.asarray(cv2.blur(moved, (5, 5)), np.float32)
            paper += behind * self._uniform((0.0, self.bleed))
        np.clip(paper, 0.0, 255.0, out=paper)
        return np.asarray(paper + img * (1.0 - paper / 255.0), np.uint8)


class Grain(_Ink):
    """Normal noise of one pixel, as scanners and sensors have it.

    Args:
        sigma: Range of the standard deviation, gray levels.
        p: Probability.
    """

    def __init__(self, sigma: Range = (0.0, 8.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.sigma = sigma

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return the noisy picture."""
        noise = self.random_generator.standard_normal(img.shape, np.float32)
        return np.asarray(np.clip(img + noise * self._uniform(self.sigma), 0.0, 255.0), np.uint8)


OWN = {cls.__name__: cls for cls in (Warp, StrokeWeight, InkTexture, Paper, Grain)}
