"""A small perceptron for a yes-or-no question about some tens of numbers; plain NumPy.

One hidden layer of rectified units, logistic loss, Adam (Kingma and Ba 2015). It learns from tens
of thousands of rows in a second, the same on every run.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.seeds import generator

Table = NDArray[np.float32]

_HIDDEN = 48
_STEPS = 3000
_BATCH = 512  # rows
_RATE = 4e-3  # falls to nothing linearly
_DECAY = 1e-4
_CLIP = 6.0  # standard deviations


@dataclass(frozen=True)
class Perceptron:
    """A trained perceptron.

    Attributes:
        mean: float32, shape (columns,).
        spread: float32, the same.
        weights: Of both layers: (columns, hidden), (hidden,), (hidden,), (1,).
    """

    mean: Table
    spread: Table
    weights: tuple[Table, ...]

    def logits(self, table: Table) -> Table:
        """Return the logarithm of the odds of yes, shape (n,)."""
        return _forward(_scale(table, self.mean, self.spread), self.weights)[1]


def train(table: Table, answers: NDArray[np.bool_], seed: int) -> Perceptron:
    """Train on rows and their answers.

    Args:
        table: float32, shape (n, columns).
        answers: Shape (n,).
        seed: Another one gives another perceptron.
    """
    random = generator("perceptron", seed)
    mean, spread = table.mean(axis=0), table.std(axis=0) + np.float32(1e-6)
    rows, wanted = _scale(table, mean, spread), answers.astype(np.float32)
    weights = (
        _normal(random, (table.shape[1], _HIDDEN)),
        np.zeros(_HIDDEN, np.float32),
        _normal(random, (_HIDDEN,)),
        np.zeros(1, np.float32),
    )
    first = tuple(np.zeros_like(one) for one in weights)
    second = tuple(np.zeros_like(one) for one in weights)
    for step in range(1, _STEPS + 1):
        batch = random.integers(0, len(rows), _BATCH)
        gradients = _gradients(rows[batch], wanted[batch], weights)
        rate = np.float32(_RATE * (1 - (step - 1) / _STEPS))
        for layer, slope in enumerate(gradients):
            first[layer][...] += np.float32(0.1) * (slope - first[layer])
            second[layer][...] += np.float32(0.001) * (slope * slope - second[layer])
            moved = first[layer] / np.float32(1 - 0.9**step)
            scale = np.sqrt(second[layer] / np.float32(1 - 0.999**step)) + np.float32(1e-8)
            weights[layer][...] -= rate * moved / scale
    return Perceptron(mean, spread, weights)


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Table:
    return np.asarray(random.standard_normal(shape) / np.sqrt(shape[0]), np.float32)


def _scale(table: Table, mean: Table, spread: Table) -> Table:
    return np.asarray(np.clip((table - mean) / spread, -_CLIP, _CLIP), np.float32)


def _forward(rows: Table, weights: tuple[Table, ...]) -> tuple[Table, Table]:
    hidden = np.maximum(rows @ weights[0] + weights[1], 0)
    return hidden, hidden @ weights[2] + weights[3]


def _gradients(rows: Table, wanted: Table, weights: tuple[Table, ...]) -> tuple[Table, ...]:
    hidden, logits = _forward(rows, weights)
    away = (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - wanted) / np.float32(len(rows))
    back = np.outer(away, weights[2]) * (hidden > 0)
    return (
        rows.T @ back + np.float32(_DECAY) * weights[0],
        back.sum(axis=0),
        hidden.T @ away + np.float32(_DECAY) * weights[2],
        away.sum(keepdims=True),
    )
