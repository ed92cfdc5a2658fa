"""How common each class is among the pictures at hand, where that is not as in training.

A model learns from as many pictures of one class as of another, so it takes a stroke for a comma as
readily as for a one. A folder of digits has no commas. Which classes are common in it, its pictures
tell together, though no single one does: the shares that make all answers as a whole likeliest are
found by expectation maximization (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of
a classifier to new a priori probabilities").

Shares are found for groups of look-alikes. Which of `0`, `O` and `o` a ring is, many rings say no
better than one; found for each class alone, the shares of balanced look-alikes drift apart. And
what is rare among the pictures counts less, but nothing counts more: where a model reads badly, as
a weak one does joined letters, mistakes would otherwise make each other likelier.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.probabilities import Probabilities, by_shape

PRIOR = 3.0
"""Pictures of each class that are imagined beside those at hand, so that few change little (the
parameter of a symmetric Dirichlet distribution, less one)."""

MOST = 20_000  # pictures that shares are found from; more say no more
_ROUNDS, _SETTLED = 500, 1e-4


def class_weights(probabilities: Probabilities, shapes: Sequence[int]) -> NDArray[np.float64]:
    """Return how much each class counts among these pictures: 1, or less where it is rare.

    Args:
        probabilities: (n, classes), of all pictures of one source, from a model whose classes were
            equally common in training. A class that has none in any picture can't occur.
        shapes: For each class, the first class of its confusable group.

    Returns:
        float64 (classes,), above 0 to 1: how many times as common the class is as in training, but
        at most 1; the same for look-alikes, and all 1 where `probabilities` has no rows.
    """
    count = len(probabilities)
    if not count:
        return np.ones(len(shapes))
    rows = np.linspace(0, count - 1, min(count, MOST)).astype(np.int64)
    possible = (probabilities.max(0) > 0).astype(np.float64)
    before = by_shape(possible[None], shapes)[0]
    groups = np.flatnonzero(before)
    answers, before = by_shape(probabilities[rows], shapes)[:, groups], before[groups]
    # More pictures than `MOST` still outweigh the imagined ones by their true number.
    imagined = PRIOR * before * len(rows) / count
    found = np.ones(len(groups))
    for _ in range(_ROUNDS):
        shares = answers * found
        shares /= shares.sum(1, keepdims=True)
        common = shares.sum(0) + imagined
        last, found = found, common / common.sum() / (before / before.sum())
        if np.abs(found - last).max() < _SETTLED:
            break
    weights = np.ones(len(shapes))
    weights[groups] = np.minimum(found, 1.0)
    return np.asarray(weights[list(shapes)])


def reweighted(
    probabilities: NDArray[np.float32], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return probabilities (n, classes) where each class counts so much."""
    shares = probabilities * weights
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)
