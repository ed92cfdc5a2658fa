"""Nearest neighbours in `View.vectors`, and what counts as a near copy.

A fixed distance floods: two honest full stops are nearer to each other than two copies of one
ampersand. So a near copy has to be near by itself *and* nearer than its class is dense: at most
`near_ratio` of the distance to the sixth nearest of its own class (Lowe 2004, the ratio test of
SIFT, there with the second nearest).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.checks import View

NEIGHBOURS = 6  # the sixth nearest says how dense a class is around a picture
_BLOCK = 512  # rows of a distance matrix computed at a time
_FLOOR = 0.5  # of the class's median density; a clump of copies must not hide itself
_SMALL = 12  # fewer pictures can't say how dense their class is


class Pair(NamedTuple):
    """Two near copies: `row` is the one to leave out."""

    row: int
    first: int
    distance: float
    ratio: float


@dataclass(frozen=True)
class Neighbours:
    """Neighbours within the class.

    Attributes:
        rows: int64, shape (n, NEIGHBOURS), nearest first; -1 where there are fewer.
        distances: float32, the same shape; infinite where there are fewer.
        scale: float32, what a distance is measured by: that to the sixth nearest.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    scale: NDArray[np.float32]


def within(view: View) -> Neighbours:
    """Find each picture's nearest neighbours of its own label."""
    count = len(view.pictures)
    rows = np.full((count, NEIGHBOURS), -1, np.int64)
    distances = np.full((count, NEIGHBOURS), np.inf, np.float32)
    scale = np.full(count, np.inf, np.float32)
    for label in np.unique(view.pictures.label[view.alive]):
        members = np.flatnonzero(view.alive & (view.pictures.label == label))
        near = min(NEIGHBOURS, len(members) - 1)
        if near < 1:
            continue
        found, far = search(view.vectors[members], near)
        rows[members, :near] = members[found]
        distances[members, :near] = far
        if len(members) >= _SMALL:
            density = far[:, -1]
            scale[members] = np.maximum(density, _FLOOR * np.median(density))
    return Neighbours(rows, distances, scale)


def search(
    vectors: NDArray[np.float32], near: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the exact nearest neighbours of each vector among the others, block by block.

    Args:
        vectors: float32, shape (n, d).
        near: How many, below n.

    Returns:
        Their rows, int64, and distances, float32, both of shape (n, near), nearest first.
    """
    squares = np.einsum("ij,ij->i", vectors, vectors)
    found = np.empty((len(vectors), near), np.int64)
    distances = np.empty((len(vectors), near), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        far = squares + squares[start : start + _BLOCK, None] - 2 * block @ vectors.T
        own = np.arange(len(block))
        far[own, start + own] = np.inf
        nearest = np.argpartition(far, near - 1, axis=1)[:, :near]
        # Ties are broken by row, so that the same pictures give the same neighbours anywhere.
        order = np.lexsort((nearest, np.take_along_axis(far, nearest, 1)), axis=1)
        nearest = np.take_along_axis(nearest, order, 1)
        found[start : start + _BLOCK] = nearest
        distances[start : start + _BLOCK] = np.sqrt(
            np.maximum(np.take_along_axis(far, nearest, 1), 0)
        )
    return found, distances


def distances_to(
    vectors: NDArray[np.float32], others: NDArray[np.float32], near: int
) -> NDArray[np.float32]:
    """Distances from each vector to its nearest among others, the nearest first.

    Args:
        vectors: float32, shape (n, d).
        others: float32, shape (m, d); not the same pictures.
        near: How many; fewer where there are fewer.

    Returns:
        float32, shape (n, min(near, m)).
    """
    near = min(near, len(others))
    out = np.empty((len(vectors), near), np.float32)
    squares = np.einsum("ij,ij->i", others, others)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        far = squares + np.einsum("ij,ij->i", block, block)[:, None] - 2 * block @ others.T
        nearest = np.sort(np.partition(far, near - 1, axis=1)[:, :near], axis=1)
        out[start : start + _BLOCK] = np.sqrt(np.maximum(nearest, 0))
    return out


def is_near(
    view: View, distance: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Whether distances are those of near copies."""
    limits = view.limits
    return (distance <= limits.near) & (distance <= limits.near_ratio * scale)
