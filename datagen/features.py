"""A short vector for each framed picture, in which near copies lie close together.

The frame is blurred, so that a shift by a fraction of a pixel and the noise of a lossy file hardly
move it, brought to one place and size, and projected on the principal components of the set. It
needs no training and no TensorFlow; 100,000 pictures take some seconds.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.seeds import generator

Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float32]

EDGE = 16  # pixels, of the shrunken picture
COMPONENTS = 64  # they hold 95 % of the variance of handwriting
SPREAD = 1 / 32  # of the frame, standard deviation of the blur
REACH = 5.0  # pixels of the shrunken picture, root mean square distance of the ink from its centre

FARTHEST = 1.41  # distance of two pictures that have no ink in common

_NOTHING = np.zeros((0, EDGE * EDGE), np.float32)
_FAINT = 10  # gray levels of 255 that the blur leaves everywhere around
_BLOCK = 8192  # pictures worked on at a time
_SAMPLE = 20_000  # pictures that the components are taken from


def normalised(pixels: Pixels) -> Vectors:
    """Blur pictures, bring their ink to one place and size, and shrink them.

    Place and size are those of the ink's moments (Hu 1962, "Visual pattern recognition by moment
    invariants"), not of its box: a copy's box moves by a pixel for a single gray level at its edge,
    its moments hardly move.

    Args:
        pixels: uint8, shape (n, size, size).

    Returns:
        float32, shape (n, EDGE * EDGE), rows of unit length.
    """
    size = pixels.shape[1]
    steps = np.arange(size, dtype=np.float32)
    out = np.empty((len(pixels), EDGE * EDGE), np.float32)
    for row, picture in enumerate(pixels):
        soft = cv2.GaussianBlur(picture, (0, 0), size * SPREAD)
        soft = np.maximum(soft, _FAINT).astype(np.float32) - _FAINT
        across, down = soft.sum(axis=0), soft.sum(axis=1)
        total = max(float(across.sum()), 1e-6)
        x, y = float(across @ steps) / total, float(down @ steps) / total
        reach = float(across @ (steps - x) ** 2 + down @ (steps - y) ** 2) / total
        scale = max(np.sqrt(reach), 1e-3) / REACH
        middle = (EDGE - 1) / 2 * scale
        matrix = np.array([[scale, 0, x - middle], [0, scale, y - middle]], np.float32)
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        out[row] = cv2.warpAffine(soft, matrix, (EDGE, EDGE), flags=how).reshape(-1)
    length = np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    return np.asarray(out / length, np.float32)


@dataclass(frozen=True)
class Embedding:
    """Principal components of a set of pictures.

    Attributes:
        mean: float32, shape (EDGE * EDGE,).
        basis: float32, shape (EDGE * EDGE, components).
    """

    mean: Vectors
    basis: Vectors

    def apply(self, pixels: Pixels) -> Vectors:
        """Return the vectors of pictures.

        Args:
            pixels: uint8, shape (n, size, size); may be a memory map.

        Returns:
            float32, shape (n, components); Euclidean distances between rows are at most those
            between the normalised pictures, 0 (the same) to `FARTHEST` (no ink in common).
        """
        out = np.empty((len(pixels), self.basis.shape[1]), np.float32)
        for start in range(0, len(pixels), _BLOCK):
            part = normalised(pixels[start : start + _BLOCK])
            out[start : start + _BLOCK] = (part - self.mean) @ self.basis
        return out


def learn(pixels: Pixels, components: int = COMPONENTS) -> Embedding:
    """Find the principal components of a set.

    Args:
        pixels: uint8, shape (n, size, size); may be a memory map.
        components: Length of a vector.
    """
    count = len(pixels)
    rows = np.sort(generator("embed", count).permutation(count)[:_SAMPLE])
    sample = np.concatenate([normalised(pixels[part]) for part in _parts(rows)] or [_NOTHING])
    mean = sample.mean(axis=0) if count else np.zeros(EDGE * EDGE, np.float32)
    centred = sample - mean
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    return Embedding(mean, axes[:, ::-1][:, :components].astype(np.float32))


def _parts(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.array_split(rows, -(-len(rows) // _BLOCK)) if len(rows) else []


def stroke_width(pixels: Pixels) -> NDArray[np.float32]:
    """Return the mean width of the strokes of framed pictures, in pixels of the frame.

    A stroke of length l and width w has an area of l w and an outline of 2 l: twice the area over
    the outline is the width.

    Args:
        pixels: uint8, shape (n, size, size).
    """
    ink = pixels.astype(np.float32) / 255
    area = ink.sum(axis=(1, 2))
    outline = np.abs(np.diff(ink, axis=1)).sum(axis=(1, 2))
    outline += np.abs(np.diff(ink, axis=2)).sum(axis=(1, 2))
    # City-block outlines are 4/pi times as long as true ones, over all directions.
    return np.asarray(2 * area / np.maximum(outline * (np.pi / 4), 1e-6), np.float32)
