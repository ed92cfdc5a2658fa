"""The checks by name, in the order in which they run: recipes name them before any is loaded."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "no-class": "",  # found while listing
    "unreadable": "",  # found while reading
    "no-ink": "",  # found while framing
    "two-labels": "datagen.checks.two_labels",
    "leak": "datagen.checks.leak",
    "duplicate": "datagen.checks.duplicate",
    "near-leak": "datagen.checks.near_leak",
    "near-duplicate": "datagen.checks.near_duplicate",
    "near-labels": "datagen.checks.near_labels",
    "ink": "datagen.checks.ink_amount",
    "polarity": "datagen.checks.polarity",
    "clipped": "datagen.checks.clipped",
    "several": "datagen.checks.several",
    "size": "datagen.checks.size",
    "outlier": "datagen.checks.outlier",
    "label": "datagen.checks.label",
}
"""Module of each check by its name, in the order in which they run."""

ALWAYS = ("no-class", "unreadable", "no-ink")
"""There is no picture where one of these is found, so they can't be left out."""

NETWORK = ("outlier", "label")
"""Checks that need a network trained on the pictures; they take minutes."""

COMPARING = (
    "two-labels",
    "leak",
    "duplicate",
    "near-leak",
    "near-duplicate",
    "near-labels",
)
"""Checks that compare two pictures."""

BUILD_CHECKS = tuple(name for name in CHECKS if name not in NETWORK)
"""Checks that a build runs where its recipe says nothing."""
