"""Transforms made for glyphs, as albumentations transforms that compose with any other.

All take and give a uint8 picture of shape (height, width), ink bright on black. They are written
for ink rather than photographs: strokes grow and shrink by fractions of a pixel, ink breaks where a
pen skips, paper shines through. Each is also a plain function of the picture, `draw`, so that a
pipeline of them needs none of `Compose`'s bookkeeping.
"""

import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations calls home on import

import functools
import math
from statistics import NormalDist
from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Range = tuple[float, float]

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_BANK = 1024  # pixels; edge of the square of noise that all noise is cut from
_SMOOTH = NormalDist(0.0, 0.75)  # values of a smooth field: enlarging takes spread away


class InkTransform(A.ImageOnlyTransform):  # type: ignore[misc]
    """A transform whose random choices come from `self.random_generator` alone."""

    def draw(self, img: Gray) -> Gray:
        """Return the changed picture; draws all random numbers itself."""
        raise NotImplementedError

    def apply(self, img: Gray, **_: Any) -> Gray:
        """Return the changed picture; albumentations calls this."""
        return self.draw(img)

    def _uniform(self, bounds: Range) -> float:
        return bounds[0] + (bounds[1] - bounds[0]) * float(self.random_generator.random())

    def _noise(self, rows: int, columns: int) -> NDArray[np.float32]:
        """Normal noise: a random cut from the bank. Read it only."""
        u, v = self.random_generator.random(2).tolist()
        top, left = int(u * (_BANK - rows)), int(v * (_BANK - columns))
        return _bank()[top : top + rows, left : left + columns]

    def _field(self, shape: tuple[int, ...], cells: int) -> NDArray[np.float32]:
        """A smooth random field in about -1..1: a coarse grid of normals, enlarged."""
        size = (shape[1], shape[0])
        coarse = self._noise(cells, cells)
        return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)


@functools.lru_cache(maxsize=1)
def _bank() -> NDArray[np.float32]:
    # Cutting noise from a bank takes a tenth of the time that drawing it does.
    rng = np.random.Generator(np.random.Philox(key=1))
    return rng.standard_normal((_BANK, _BANK), np.float32)


class StrokeWeight(InkTransform):
    """Thinner or thicker strokes, by fractions of a pixel.

    Args:
        change: Range of the change on each side of a stroke, as a share of the picture's edge;
            negative is thinner.
        p: Probability.
    """

    def __init__(self, change: Range = (-0.015, 0.03), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.change = change

    def draw(self, img: Gray) -> Gray:
        """Return the picture with its strokes changed; none is erased."""
        change = self._uniform(self.change) * max(img.shape)
        operation = cv2.dilate if change > 0 else cv2.erode
        whole, part = divmod(abs(change), 1.0)
        near = operation(img, _CROSS, iterations=int(whole)) if whole else img
        far = operation(near, _CROSS)
        done = cv2.addWeighted(near, 1.0 - part, far, part, 0.0)
        if change < 0.0:  # hair lines, which erosion would erase, stay as they are
            done = cv2.max(done, cv2.morphologyEx(img, cv2.MORPH_TOPHAT, _CROSS))
        return np.asarray(done, np.uint8)


class InkTexture(InkTransform):
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

    def draw(self, img: Gray) -> Gray:
        """Return the picture with its ink thinned in places."""
        depth = self._uniform((0.0, self.uneven))
        share = self._uniform((0.0, self.breaks))
        field = self._field(img.shape, self.cells)
        keep = field * np.float32(-0.5 * depth) + np.float32(1.0 - 0.5 * depth)
        if share > 0.0:
            edge = _SMOOTH.inv_cdf(1.0 - share)
            keep = np.minimum(keep, field * np.float32(-4.0) + np.float32(4.0 * edge + 0.5))
        keep *= img
        np.clip(keep, 0.0, 255.0, out=keep)
        return keep.astype(np.uint8)


class Paper(InkTransform):
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

    def draw(self, img: Gray) -> Gray:
        """Return the picture on such paper; ink stays brighter than the paper."""
        height, width = img.shape
        texture, shadow, bleed, angle = self.random_generator.random(4).tolist()
        paper = self._field(img.shape, 12) * np.float32(texture * self.texture)
        if self.shadow > 0.0:
            across, depth = 2.0 * math.pi * angle, shadow * self.shadow
            paper += _ramp(width) * np.float32(math.cos(across) * depth)
            down = _ramp(height) * np.float32(math.sin(across) * depth)
            paper += down[:, None] + np.float32(depth / 2)
        if self.bleed > 0.0:
            behind = cv2.blur(cv2.flip(img, 1), (5, 5))
            paper += behind * np.float32(bleed * self.bleed)
        np.clip(paper, 0.0, 255.0, out=paper)
        return np.asarray(cv2.max(img, paper.astype(np.uint8)), np.uint8)


@functools.lru_cache(maxsize=8)
def _ramp(edge: int) -> NDArray[np.float32]:
    return np.linspace(-0.5, 0.5, edge, dtype=np.float32)


class Grain(InkTransform):
    """Normal noise of one pixel, as scanners and sensors have it.

    Args:
        sigma: Range of the standard deviation, gray levels.
        p: Probability.
    """

    def __init__(self, sigma: Range = (0.0, 8.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.sigma = sigma

    def draw(self, img: Gray) -> Gray:
        """Return the noisy picture."""
        sigma = self._uniform(self.sigma)
        noisy = self._noise(*img.shape) * np.float32(sigma)
        noisy += img
        np.clip(noisy, 0.0, 255.0, out=noisy)
        return noisy.astype(np.uint8)


class Blur(InkTransform):
    """Gaussian blur, as an optic that is out of focus.

    Args:
        sigma: Range of the standard deviation, as a share of the picture's edge.
        p: Probability.
    """

    def __init__(self, sigma: Range = (0.005, 0.017), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.sigma = sigma

    def draw(self, img: Gray) -> Gray:
        """Return the blurred picture."""
        sigma = max(0.01, self._uniform(self.sigma) * max(img.shape))
        return np.asarray(cv2.GaussianBlur(img, (0, 0), sigma), np.uint8)


class Coarse(InkTransform):
    """Low resolution: made small and enlarged again.

    Args:
        scale: Range of the scale in between.
        p: Probability.
    """

    def __init__(self, scale: Range = (0.5, 0.9), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.scale = scale

    def draw(self, img: Gray) -> Gray:
        """Return the coarse picture, of the same shape."""
        scale = self._uniform(self.scale)
        small = cv2.resize(img, (0, 0), None, scale, scale, cv2.INTER_AREA)
        size = (img.shape[1], img.shape[0])
        return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)


class Jpeg(InkTransform):
    """JPEG compression.

    Args:
        quality: Range of the quality, 1 to 100.
        p: Probability.
    """

    def __init__(self, quality: Range = (25.0, 85.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.quality = quality

    def draw(self, img: Gray) -> Gray:
        """Return the picture after a round trip through JPEG."""
        quality = round(self._uniform(self.quality))
        _, data = cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
