"""Labels that a network doubts when it was trained on all the other pictures.

After confident learning (Northcutt et al. 2021, "Confident learning: estimating uncertainty in
dataset labels"): out-of-fold probabilities, each class measured by what it gets on average from
pictures of its own label, which evens out classes that a network is sure or unsure of. The nearest
neighbours vote beside the network, since the two err in different places. Pictures are ranked by
the log odds of the best other class against the given one. Probabilities are summed over confusable
groups and over the two cases of a letter first, so that ``O`` and ``0`` or ``C`` and ``c`` do not
flood it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.checks import Finding, View
from datagen.seeds import generator

_VOTERS = 10  # nearest pictures that vote
_ASKED = 40_000  # pictures that voters are looked for among; memory and time are bounded by it
_BLOCK = 512  # rows of a distance matrix computed at a time
_VOTE = 0.5  # how much the neighbours' log odds count beside the network's
_LEAST_PROBABILITY = 0.003  # a network is never surer than this
_LEAST_VOTE = 0.02
_LEAST_THRESHOLD = 0.05  # of a class that the network never learned


def find(view: View) -> Iterator[Finding]:
    """Suggest another label where the network and the neighbours are sure of it; ask for a look."""
    rows = np.flatnonzero(view.alive)
    if view.network is None or len(rows) <= _VOTERS + 1:
        return
    group = groups(view.characters)
    grouped = _sum(view.network.probabilities[rows], group)
    given = group[view.pictures.label[rows]]
    here = np.arange(len(rows))
    odds = _evidence(grouped, given, _votes(view.vectors[rows], given, grouped.shape[1]))
    own = odds[here, given].copy()
    odds[here, given] = -np.inf
    best = odds.argmax(axis=1)
    away = odds[here, best] - own
    for number in np.flatnonzero(away > view.limits.label).tolist():
        row, other = int(rows[number]), int(best[number])
        members = np.flatnonzero(group == other)
        suggested = int(members[view.network.probabilities[row, members].argmax()])
        reason = (
            f"label doubtful: a network trained on the others says {view.code(suggested)} "
            f"({grouped[number, other]:.0%}), and {grouped[number, given[number]]:.0%} for its own"
        )
        score = float(away[number] / (away[number] + view.limits.label))
        yield Finding(row, "review", reason, score, suggested)


def _evidence(
    grouped: NDArray[np.float32], given: NDArray[np.int64], votes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Logarithm of what speaks for each class, up to a constant."""
    usual = np.maximum(thresholds(grouped, given), _LEAST_THRESHOLD)
    network = np.log(grouped / usual + _LEAST_PROBABILITY)
    return np.asarray(network + _VOTE * np.log(votes + _LEAST_VOTE), np.float32)


def _votes(
    vectors: NDArray[np.float32], given: NDArray[np.int64], classes: int
) -> NDArray[np.float32]:
    """Share of the nearest neighbours that bear each label, the nearer counting more."""
    votes = np.zeros((len(vectors), classes), np.float32)
    asked = np.sort(generator("votes", len(vectors)).permutation(len(vectors))[:_ASKED])
    others, labels = vectors[asked], given[asked]
    squares = np.einsum("ij,ij->i", others, others)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        far = squares + np.einsum("ij,ij->i", block, block)[:, None] - 2 * block @ others.T
        own = np.flatnonzero((asked >= start) & (asked < start + len(block)))
        far[asked[own] - start, own] = np.inf  # nobody votes on themselves
        found = np.argpartition(far, _VOTERS, axis=1)[:, :_VOTERS]
        weight = 1 / np.maximum(np.take_along_axis(far, found, axis=1), 1e-4)
        weight /= weight.sum(axis=1, keepdims=True)
        voter = np.repeat(np.arange(start, start + len(block)), _VOTERS)
        np.add.at(votes, (voter, labels[found].reshape(-1)), weight.reshape(-1))
    return votes


def groups(characters: CharacterTable) -> NDArray[np.int64]:
    """For each label a number that look-alikes and the two cases of a letter share."""
    group = np.array(characters.shapes, np.int64)
    by_char = {c.char: c.label for c in characters}
    for c in characters:
        other = by_char.get(c.char.swapcase())
        if other is not None and other != c.label:
            low, high = sorted((int(group[c.label]), int(group[other])))
            group[group == high] = low
    return group


def thresholds(grouped: NDArray[np.float32], given: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean probability of each class over the pictures that have its label."""
    count = np.bincount(given, minlength=grouped.shape[1])
    total = np.bincount(
        given, weights=grouped[np.arange(len(given)), given], minlength=grouped.shape[1]
    )
    return np.where(count > 0, total / np.maximum(count, 1), 1.0).astype(np.float32)


def _sum(probabilities: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.float32]:
    grouped = np.zeros_like(probabilities)
    for label, first in enumerate(group.tolist()):
        grouped[:, first] += probabilities[:, label]
    return grouped
