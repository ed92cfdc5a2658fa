"""Several symbols in one picture.

What two symbols in one frame look like is learned from the set itself: pairs of its own pictures
are laid side by side and framed again, under the label of the first. A small perceptron tells them
from single ones by how their ink is laid out and how far they are from their class and from
everything, each of these also beside what is usual in the class: classes of parts, such as ``%`` or
``"``, look like pairs by nature. Where a network was trained for other checks, it learned made
pairs as one more class, and its odds of it are added: it knows shapes, the perceptron distances.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen import features, pairs, perceptron
from datagen.checks import Finding, View
from datagen.checks.nearest import NEIGHBOURS, distances_to
from datagen.checks.relative import usual
from datagen.layout import layout
from datagen.seeds import generator

Table = NDArray[np.float32]

_ENOUGH = 500  # pictures, from which on pairs can be learned
_MADE = 24_000  # pairs made
_CROWD = 8_000  # pictures that distances from everything are taken to
_JURY = 4  # perceptrons, whose mean counts
_SUREST = 1e-4  # a network is never surer than this
_USUAL = -3.1  # log odds that a network adds to a picture at the limit
_PRIOR = 0.3  # of the spread over everything, the least spread of a class


def find(view: View) -> Iterator[Finding]:
    """Ask for a look at pictures that look more like two symbols than like one of their class."""
    rows = np.flatnonzero(view.alive)
    if len(rows) < _ENOUGH:
        return
    odds = _odds(view, rows)
    if view.network is not None:
        odds += log_odds(view.network.several[rows]) - _USUAL
    for number in np.flatnonzero(odds > view.limits.several).tolist():
        share = 1 / (1 + np.exp(-odds[number]))
        reason = f"looks like several symbols in one picture ({share:.1%})"
        yield Finding(int(rows[number]), "review", reason, float(share))


def log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of a network's odds, finite where it is quite sure.

    Args:
        probability: float32, shape (n,), 0 to 1.

    Returns:
        float32, the same shape, about -9.2 to 9.2.
    """
    against = np.maximum(1 - probability, 0)
    return np.asarray(np.log((probability + _SUREST) / (against + _SUREST)), np.float32)


def _odds(view: View, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    random = generator("several", len(rows))
    label = view.pictures.label[rows]
    detector = pairs.learn(view.pixels, rows)
    crowd = view.vectors[np.sort(random.permutation(rows)[:_CROWD])]
    both = random.choice(rows, (min(_MADE, 2 * len(rows)), 2))
    made = np.stack([pairs.pair(view.pixels[a], view.pixels[b], random) for a, b in both])
    made_label = view.pictures.label[both[:, 0]]
    embedded = view.embedding.apply(made)
    own = view.neighbours.distances[rows][:, [0, NEIGHBOURS - 1]]
    other = _own(view, rows, embedded, made_label)
    singles = np.concatenate(
        (
            layout(view.pixels[rows]),
            np.where(np.isfinite(own), own, features.FARTHEST),
            _crowd(view.vectors[rows], crowd),
            detector.score(view.pixels[rows])[:, None],
        ),
        axis=1,
    )
    doubles = np.concatenate(
        (layout(made), other, _crowd(embedded, crowd), detector.score(made)[:, None]), axis=1
    )
    table, made_table = _beside_class(singles, label, doubles, made_label)
    answers = np.r_[np.zeros(len(table), np.bool_), np.ones(len(made_table), np.bool_)]
    learned = np.concatenate((table, made_table))
    jury = [perceptron.train(learned, answers, seed).logits(table) for seed in range(_JURY)]
    return np.asarray(np.mean(jury, axis=0), np.float32)


def _own(view: View, rows: NDArray[np.int64], vectors: Table, label: NDArray[np.int16]) -> Table:
    """Distances of made pairs from the class whose label they bear."""
    out = np.full((len(vectors), 2), features.FARTHEST, np.float32)
    for each in np.unique(label):
        members = rows[view.pictures.label[rows] == each]
        here = np.flatnonzero(label == each)
        found = distances_to(vectors[here], view.vectors[members], NEIGHBOURS)
        out[here, 0], out[here, 1] = found[:, 0], found[:, -1]
    return out


def _crowd(vectors: Table, crowd: Table) -> Table:
    return distances_to(vectors, crowd, NEIGHBOURS)[:, -1:]


def _beside_class(
    table: Table, label: NDArray[np.int16], made: Table, made_label: NDArray[np.int16]
) -> tuple[Table, Table]:
    """Add to each number how far it is from what is usual in the class."""
    count = len(table)
    both, labels = np.concatenate((table, made)), np.concatenate((label, made_label))
    counts = np.arange(len(both)) < count
    beside = np.empty_like(both)
    for column in range(both.shape[1]):
        found = usual(both[:, column], labels.astype(np.int64), counts)
        spread = found.spread + _PRIOR * float(table[:, column].std()) + 1e-9
        away = np.where(found.known, (both[:, column] - found.median) / spread, 0.0)
        beside[:, column] = np.clip(away, -8, 8)
    whole = np.concatenate((both, beside), axis=1).astype(np.float32)
    return whole[:count], whole[count:]
