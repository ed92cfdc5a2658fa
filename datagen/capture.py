"""What happens to ink on its way into a file: pens that skip, paper, optics, sensors, compression.

All take and give pictures with the ink bright on black; see `datagen.transforms`.
"""

import functools
import math
from statistics import NormalDist

import cv2
import numpy as np

from datagen.shapes import Mask, Shapes
from datagen.transforms import (
    Gray,
    InkTransform,
    Numbers,
    Range,
    ShapeTransform,
    between,
    between_logs,
    cosine,
    field,
    noise,
    sine,
)

_SMOOTH = NormalDist(0.0, 0.75)  # values of a smooth field: enlarging takes spread away
_STEPS = 1024  # shares of ink that may be missing
_COVERED = 60  # of 255, ink of a pixel that makes it black: fine lines stay whole
_TAU = np.float32(2 * math.pi)


class InkTexture(InkTransform):
    """Uneven ink, and breaks where the pen skips.

    Args:
        uneven: Largest share of the ink's brightness that a thin spot loses.
        breaks: Largest share of the picture's area in which ink is missing.
        cells: Edge of the grid the texture comes from.
        p: Probability.
    """

    numbers = 4

    def __init__(
        self, uneven: float = 0.5, breaks: float = 0.0, cells: int = 9, p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.uneven, self.breaks, self.cells = uneven, breaks, cells

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with their ink thinned in places."""
        half = np.float32(0.5 * self.uneven) * u[:, 0, None, None]
        spots = field(pictures.shape[1:], self.cells, u[:, 2:])
        keep = spots * -half + (1 - half)
        if self.breaks > 0.0:
            edge = _edges(self.breaks)[(u[:, 1] * np.float32(_STEPS)).astype(np.int32)]
            np.minimum(keep, (edge[:, None, None] - spots) * 4 + np.float32(0.5), out=keep)
        keep *= pictures
        np.clip(keep, 0.0, 255.0, out=keep)
        return np.asarray(keep, np.uint8)


@functools.lru_cache(maxsize=8)
def _edges(breaks: float) -> Numbers:
    """Values of a smooth field above which a share of it lies, for shares up to `breaks`."""
    shares = (np.arange(_STEPS) + 0.5) / _STEPS * min(breaks, 0.999)
    return np.array([_SMOOTH.inv_cdf(1 - s) for s in shares]).round(6).astype(np.float32)


class Paper(InkTransform):
    """Paper that is not black: texture, a shadow across it, ink that shines through from behind.

    Args:
        texture: Largest amplitude of the paper's texture, gray levels.
        shadow: Largest brightness of a shadow's far side, gray levels.
        bleed: Largest brightness of the mirrored ink behind, as a share of the ink's.
        p: Probability.
    """

    numbers = 6

    def __init__(
        self, texture: float = 12.0, shadow: float = 40.0, bleed: float = 0.15, p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.texture, self.shadow, self.bleed = texture, shadow, bleed

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures on such paper; ink stays brighter than the paper."""
        count, height, width = pictures.shape
        texture, depth, bleed = (u[:, :3] * self._most()).T[:, :, None, None]
        paper = field((height, width), 12, u[:, 4:]) * texture
        if self.shadow > 0.0:
            angle = _TAU * u[:, 3]
            across = cosine(angle)[:, None] * _ramp(width)
            down = sine(angle)[:, None] * _ramp(height) + np.float32(0.5)
            paper += (across[:, None, :] + down[:, :, None]) * depth
        if self.bleed > 0.0:
            for row in range(count):
                paper[row] += cv2.blur(cv2.flip(pictures[row], 1), (5, 5)) * bleed[row, 0, 0]
        np.clip(paper, 0.0, 255.0, out=paper)
        return np.asarray(np.maximum(pictures, paper.astype(np.uint8)), np.uint8)

    def _most(self) -> Numbers:
        return np.array([self.texture, self.shadow, self.bleed], np.float32)


@functools.lru_cache(maxsize=8)
def _ramp(edge: int) -> Numbers:
    return np.linspace(-0.5, 0.5, edge, dtype=np.float32)


class Grain(InkTransform):
    """Normal noise of one pixel, as scanners and sensors have it.

    Args:
        sigma: Range of the standard deviation, gray levels.
        p: Probability.
    """

    numbers = 3

    def __init__(self, sigma: Range = (0.0, 8.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.sigma = sigma

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the noisy pictures."""
        _, height, width = pictures.shape
        noisy = noise((height, width), u[:, 1:])
        noisy *= between(self.sigma, u[:, 0])[:, None, None]
        noisy += pictures
        np.clip(noisy, 0.0, 255.0, out=noisy)
        return np.asarray(noisy, np.uint8)


class Blur(InkTransform):
    """Gaussian blur, as an optic that is out of focus.

    Args:
        sigma: Range of the standard deviation, as a share of the picture's edge.
        p: Probability.
    """

    numbers = 1

    def __init__(self, sigma: Range = (0.005, 0.017), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.sigma = sigma

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the blurred pictures."""
        sigma = between(self.sigma, u[:, 0]) * np.float32(max(pictures.shape[1:]))
        for row, width in enumerate(sigma.tolist()):
            pictures[row] = cv2.GaussianBlur(pictures[row], (0, 0), max(0.01, width))
        return pictures


class Coarse(ShapeTransform):
    """Low resolution: captured with few pixels and enlarged again; small marks get fewer.

    Args:
        pixels: Range of how many pixels the longer side of a letter has; its logarithm is uniform.
        bilevel: Share of the pictures whose pixels are black or white, as those of fax machines,
            scanned forms and many tablets are.
        p: Probability.
    """

    numbers = 2

    def __init__(self, pixels: Range = (12, 40), bilevel: float = 0.0, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.pixels, self.bilevel = pixels, bilevel

    def bend(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Say with how many pixels the chosen shapes are captured."""
        pixels = between_logs(self.pixels, u[:, 0]) / shapes.bold
        shapes.pixels = np.where(chosen, pixels, shapes.pixels)
        shapes.bilevel = np.where(chosen, u[:, 1] < self.bilevel, shapes.bilevel)

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the coarse pictures."""
        bilevel = (u[:, 1] < self.bilevel).tolist()
        for row, pixels in enumerate(between_logs(self.pixels, u[:, 0]).tolist()):
            side = max(cv2.boundingRect(pictures[row])[2:])
            coarsen(pictures[row], pixels / max(side, 1), bilevel[row])
        return pictures


def coarsen(picture: Gray, scale: float, bilevel: bool) -> None:
    """Make a picture smaller and enlarge it again, in place.

    Args:
        picture: uint8, two-dimensional.
        scale: How much smaller; 1 and more leave the size as it is.
        bilevel: Whether pixels become black or white while it is small.
    """
    height, width = picture.shape
    part = min(scale, 1.0)
    few = max(2, round(width * part)), max(2, round(height * part))
    small = cv2.resize(picture, few, interpolation=cv2.INTER_AREA)
    if bilevel:
        small = cv2.threshold(small, _COVERED, 255, cv2.THRESH_BINARY)[1]
    cv2.resize(small, (width, height), dst=picture, interpolation=cv2.INTER_AREA)


class Jpeg(InkTransform):
    """JPEG compression.

    Args:
        quality: Range of the quality, 1 to 100.
        p: Probability.
    """

    numbers = 1

    def __init__(self, quality: Range = (25.0, 85.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.quality = quality

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures after a round trip through JPEG."""
        for row, quality in enumerate(between(self.quality, u[:, 0]).tolist()):
            options = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
            _, data = cv2.imencode(".jpg", pictures[row], options)
            pictures[row] = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
        return pictures
