"""Pictures unlike their class, by distance in the features of a network that did not see them.

The features are those of the layer before the classes. Each fold has its own network, so distances
are taken within a fold, from the median of the class, each feature scaled by the class's spread.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.checks import Finding, View
from datagen.checks.relative import MEMBERS, usual


def find(view: View) -> Iterator[Finding]:
    """Ask for a look at pictures whose features are far from those of their class."""
    if view.network is None:
        return
    key = view.network.fold.astype(np.int64) << 16 | view.pictures.label.astype(np.int64)
    distance = distances(view.network.features, key, view.alive)
    found = usual(distance, key, view.alive)
    away = (distance - found.median) / np.maximum(found.spread, 1e-6)
    far = view.alive & found.known & (away > view.limits.outlier)
    for row in np.flatnonzero(far).tolist():
        reason = f"unlike its class: {away[row]:.1f} spreads farther from it than is usual"
        yield Finding(row, "review", reason, float(1 - view.limits.outlier / (2 * away[row])))


def distances(
    features: NDArray[np.float32], key: NDArray[np.int64], alive: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Distance of each picture from the middle of its group, each feature scaled by its spread.

    Args:
        features: float32, shape (n, d).
        key: Group of each picture.
        alive: The pictures that count.
    """
    out = np.zeros(len(features))
    for group in np.unique(key[alive]):
        rows = np.flatnonzero(alive & (key == group))
        if len(rows) < MEMBERS:
            continue
        middle = np.median(features[rows], axis=0)
        spread = np.median(np.abs(features[rows] - middle), axis=0) + 1e-3
        scaled = np.clip((features[rows] - middle) / spread, -20, 20)
        out[rows] = np.sqrt((scaled**2).mean(axis=1))
    return out
