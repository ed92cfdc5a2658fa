"""Fragments: pictures that show a part of a symbol.

A part of an ``E`` is a good ``L``, so no picture is a fragment by itself. The network that judges
labels learned fragments made of the set's own pictures as one more class. What counts is how much
more it takes a picture for a fragment than is usual in the picture's class, since half of a ``-``
is a ``-``, and in part how much more than for what its label says.
"""

from collections.abc import Iterator

import numpy as np

from datagen.checks import Finding, View
from datagen.checks.relative import usual
from datagen.checks.several import log_odds

_PRIOR = 3.0  # logarithms of odds, beside the spread of a class
_AGAINST = 0.2  # weight of the odds against the label
_LEAST = 1e-3  # probability of a label, below which it counts no less


def find(view: View) -> Iterator[Finding]:
    """Ask for a look at pictures that look more like a part of a symbol than like their class."""
    if view.network is None:
        return
    fragment, label = view.network.fragment, view.pictures.label.astype(np.int64)
    odds = log_odds(fragment)
    found = usual(odds, label, view.alive)
    own = view.network.probabilities[np.arange(len(label)), label] * (1 - fragment)
    against = np.log((fragment + _LEAST / 10) / (own + _LEAST))
    score = (odds - found.median) / (found.spread + _PRIOR) + _AGAINST * against
    for row in np.flatnonzero(view.alive & found.known & (score > view.limits.fragment)).tolist():
        reason = f"looks like a part of a symbol ({fragment[row]:.1%})"
        yield Finding(row, "review", reason, float(1 - view.limits.fragment / (2 * score[row])))
