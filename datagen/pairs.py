"""A detector of two symbols in one frame, learned from pairs made of single ones."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.features import normalised
from datagen.frame import place
from datagen.seeds import generator

Pixels = NDArray[np.uint8]

_SINGLES = 12_000  # pictures learned from
_WAVES = 1024  # random Fourier features
_WIDTH = 0.9  # of the kernel, in units of the distance between normalised pictures
_RIDGE = 1e-3  # of the mean of the diagonal
_BLOCK = 4096  # pictures worked on at a time
_GAP = 0.25  # of a symbol's height, the widest gap between two


@dataclass(frozen=True)
class PairDetector:
    """A ridge regression on random Fourier features: 1 for a pair, 0 for a single symbol.

    Attributes:
        waves: float32, shape (256, features).
        phases: float32, shape (features,).
        weights: float32, shape (features + 1,).
    """

    waves: NDArray[np.float32]
    phases: NDArray[np.float32]
    weights: NDArray[np.float32]

    def score(self, pixels: Pixels) -> NDArray[np.float32]:
        """Say how much framed pictures look like pairs, about 0 to 1."""
        scores = np.empty(len(pixels), np.float32)
        for start in range(0, len(pixels), _BLOCK):
            part = pixels[start : start + _BLOCK]
            scores[start : start + _BLOCK] = _expand(part, self.waves, self.phases) @ self.weights
        return scores


def learn(pixels: Pixels, rows: NDArray[np.int64]) -> PairDetector:
    """Learn a detector from framed pictures of single symbols, a few others among them or not.

    Args:
        pixels: uint8, shape (n, size, size).
        rows: The pictures to learn from.
    """
    random = generator("pairs", len(rows))
    singles = np.sort(random.permutation(rows)[:_SINGLES])
    waves = random.standard_normal((normalised(pixels[:1]).shape[1], _WAVES)).astype(np.float32)
    waves /= _WIDTH
    phases = random.uniform(0, 2 * np.pi, _WAVES).astype(np.float32)
    gram = np.zeros((_WAVES + 1, _WAVES + 1))
    target = np.zeros(_WAVES + 1)
    for start in range(0, len(singles), _BLOCK):
        own = pixels[singles[start : start + _BLOCK]]
        both = pixels[random.choice(singles, (len(own), 2))]
        made = np.stack([pair(one, two, random) for one, two in both])
        for part, wanted in ((own, 0.0), (made, 1.0)):
            expanded = _expand(part, waves, phases)
            gram += expanded.T @ expanded
            target += expanded.sum(axis=0) * wanted
    gram[np.diag_indices_from(gram)] += _RIDGE * gram.trace() / len(gram)
    weights = np.linalg.solve(gram, target).astype(np.float32)
    return PairDetector(waves, phases, weights)


def _expand(
    pixels: Pixels, waves: NDArray[np.float32], phases: NDArray[np.float32]
) -> NDArray[np.float32]:
    values = np.cos(normalised(pixels) @ waves + phases)
    return np.concatenate((values, np.ones((len(values), 1), np.float32)), axis=1)


def pair(one: Pixels, two: Pixels, random: np.random.Generator) -> Pixels:
    """Lay two framed symbols side by side, or one above the other, and frame them again.

    Args:
        one: uint8, shape (size, size).
        two: The same.
        random: Where gap, sizes and places are drawn from.
    """
    size = len(one)
    first, second = _crop(one), _crop(two)
    edge = random.uniform(0.6, 1.2) * max(first.shape) / max(second.shape)
    wanted = [max(1, round(side * edge)) for side in second.shape]
    second = np.asarray(cv2.resize(second, wanted[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    stacked = random.random() < 0.2
    if stacked:
        first, second = first.T, second.T
    gap = round(random.uniform(0.0, _GAP) * size)
    height = max(first.shape[0], second.shape[0])
    canvas = np.zeros((height, first.shape[1] + gap + second.shape[1]), np.uint8)
    for symbol, left in ((first, 0), (second, first.shape[1] + gap)):
        top = int(random.integers(0, height - symbol.shape[0] + 1))
        canvas[top : top + symbol.shape[0], left : left + symbol.shape[1]] = symbol
    return place(np.ascontiguousarray(canvas.T if stacked else canvas), size)


def _crop(framed: Pixels) -> Pixels:
    left, top, width, height = cv2.boundingRect(framed)
    return framed[top : top + height, left : left + width]
