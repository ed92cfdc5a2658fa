"""A short vector for each framed picture, in which near copies lie close together.

The frame is blurred, so that a shift by a fraction of a pixel and the noise of a lossy file hardly
move it, shrunk, scaled to unit length and projected on the principal components of the set. It
needs no training and no TensorFlow; 100,000 pictures take some seconds.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.seeds import generator

Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float32]

EDGE = 16  # pixels, of the shrunken picture
COMPONENTS = 64  # they hold 95 % of the variance of handwriting
SPREAD = 1 / 26  # of the frame, standard deviation of the blur

_BLOCK = 8192  # pictures worked on at a time
_SAMPLE = 20_000  # pictures that the components are taken from


def blurred(pixels: Pixels) -> Vectors:
    """Blur, shrink and normalise pictures.

    Args:
        pixels: uint8, shape (n, size, size).

    Returns:
        float32, shape (n, EDGE * EDGE), rows of unit length.
    """
    sigma = pixels.shape[1] * SPREAD
    out = np.empty((len(pixels), EDGE * EDGE), np.float32)
    for row, picture in enumerate(pixels):
        soft = cv2.GaussianBlur(picture, (0, 0), sigma)
        out[row] = cv2.resize(soft, (EDGE, EDGE), interpolation=cv2.INTER_AREA).reshape(-1)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)


def embed(pixels: Pixels, components: int = COMPONENTS) -> Vectors:
    """Return the vectors of pictures.

    Args:
        pixels: uint8, shape (n, size, size); may be a memory map.
        components: Length of a vector.

    Returns:
        float32, shape (n, components); Euclidean distances between rows are at most those between
        the normalised pictures, 0 (the same) to 1.41 (no ink in common).
    """
    count = len(pixels)
    rows = np.sort(generator("embed", count).permutation(count)[:_SAMPLE])
    sample = np.concatenate([blurred(pixels[part]) for part in _parts(rows)] or [blurred(pixels)])
    mean = sample.mean(axis=0) if count else np.zeros(EDGE * EDGE, np.float32)
    centred = sample - mean
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    basis = axes[:, ::-1][:, :components].astype(np.float32)
    out = np.empty((count, basis.shape[1]), np.float32)
    for start in range(0, count, _BLOCK):
        out[start : start + _BLOCK] = (blurred(pixels[start : start + _BLOCK]) - mean) @ basis
    return out


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
