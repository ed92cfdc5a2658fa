"""Labels that a network doubts when it was trained on all the other pictures.

Confident learning (Northcutt et al. 2021, "Confident learning: estimating uncertainty in dataset
labels") with cleanlab: out-of-fold probabilities, each class measured by its confident threshold,
what it gets on average from pictures of its own label, which evens out classes that a network is
sure or unsure of. The nearest neighbours vote beside the network, since the two err in different
places. Pictures are ranked by the probability that is left for their own label. Probabilities are
summed over confusable groups and over the two cases of a letter first, so that ``O`` and ``0`` or
``C`` and ``c`` do not flood it. A threshold on that rank, not one of cleanlab's filters, draws the
line: of wrong labels planted into 2 % of handwriting, all filters but plain disagreement find 78 to
97 % at 41 to 65 % precision on the same probabilities, the threshold 90 % at 85 %.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.checks import Finding, View

_VOTERS = 10  # nearest pictures that vote
_VOTE = 0.5  # how much the neighbours' log odds count beside the network's
_LEAST_PROBABILITY = 0.003  # a network is never surer than this
_LEAST_VOTE = 0.02
_LEAST_THRESHOLD = 0.05  # of a class that the network never learned
_NEAREST = 1e-4  # squared distance; nearer voters count no more


def find(view: View) -> Iterator[Finding]:
    """Suggest another label where the network and the neighbours are sure of it; ask for a look."""
    from cleanlab.rank import get_label_quality_scores

    rows = np.flatnonzero(view.alive)
    group = groups(view.characters)
    present, label = np.unique(group[view.pictures.label[rows]], return_inverse=True)
    if view.network is None or len(rows) <= _VOTERS or len(present) < 2:
        return
    said = _sum(view.network.probabilities[rows], group)[:, present]
    likely = fuse(said, votes(view.vectors[rows], label), label)
    quality = get_label_quality_scores(label, likely, method="self_confidence")
    doubt = -np.log(np.maximum(quality, 1e-9) / np.maximum(1 - quality, 1e-9))
    likely[np.arange(len(rows)), label] = 0
    best = likely.argmax(axis=1)
    for number in np.flatnonzero(doubt > view.limits.label).tolist():
        row, other = int(rows[number]), int(best[number])
        members = np.flatnonzero(group == present[other])
        suggested = int(members[view.network.probabilities[row, members].argmax()])
        reason = (
            f"label doubtful: a network trained on the others says {view.code(suggested)} "
            f"({said[number, other]:.0%}), and {said[number, label[number]]:.0%} for its own"
        )
        score = float(doubt[number] / (doubt[number] + view.limits.label))
        yield Finding(row, "review", reason, score, suggested)


def fuse(
    said: NDArray[np.float32], voted: NDArray[np.float32], label: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Make one set of probabilities of a network's and of the neighbours' votes.

    Args:
        said: float32, shape (n, classes), out-of-fold probabilities.
        voted: float32, the same shape, share of the neighbours that bear each label.
        label: int64, shape (n,), the given labels; each class bears at least one.

    Returns:
        float64, the same shape, rows that sum to 1.
    """
    from cleanlab.count import get_confident_thresholds

    usual = np.maximum(get_confident_thresholds(label, said), _LEAST_THRESHOLD)
    likely = (said / usual + _LEAST_PROBABILITY) * (voted + _LEAST_VOTE) ** _VOTE
    return np.asarray(likely / likely.sum(axis=1, keepdims=True), np.float64)


def votes(vectors: NDArray[np.float32], label: NDArray[np.int64]) -> NDArray[np.float32]:
    """Share of each picture's nearest others that bear each label, the nearer counting more.

    Args:
        vectors: float32, shape (n, d).
        label: int64, shape (n,), 0 to classes - 1, all of them borne.

    Returns:
        float32, shape (n, classes).
    """
    from sklearn.neighbors import KNeighborsClassifier

    voters = KNeighborsClassifier(_VOTERS, weights=_weights, algorithm="brute")
    # Asked about nothing, scikit-learn answers for the fitted rows and lets none vote on itself.
    return np.asarray(voters.fit(vectors, label).predict_proba(None), np.float32)


def _weights(distances: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(1 / np.maximum(distances**2, _NEAREST))


def groups(characters: CharacterTable) -> NDArray[np.int64]:
    """For each label a number that look-alikes and the two cases of a letter share."""
    group = np.array(characters.shapes, np.int64)
    by_char = characters.labels
    for c in characters:
        other = by_char.get(c.char.swapcase())
        if other is not None and other != c.label:
            low, high = sorted((int(group[c.label]), int(group[other])))
            group[group == high] = low
    return group


def _sum(probabilities: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.float32]:
    grouped = np.zeros_like(probabilities)
    for label, first in enumerate(group.tolist()):
        grouped[:, first] += probabilities[:, label]
    return grouped
