"""The checks by name, in the order in which they run: recipes name them before any is loaded."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec

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
    "size": "datagen.checks.size",
    "outlier": "datagen.checks.outlier",
    "label": "datagen.checks.label",
    "fragment": "datagen.checks.fragment",
    "several": "datagen.checks.several",  # heeds the network where those above had it trained
}
"""Module of each check by its name, in the order in which they run."""

ALWAYS = ("no-class", "unreadable", "no-ink")
"""There is no picture where one of these is found, so they can't be left out."""

NETWORK = ("outlier", "label", "fragment")
"""Checks that need a network trained on the pictures; they take minutes."""

LIBRARIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(NETWORK, ("tensorflow",)),
    "label": ("tensorflow", "cleanlab", "sklearn"),
}
"""Modules that a check needs and that may be left out when the project is installed."""

_INSTALL = {"tensorflow": "tensorflow"}
_INSTALL_EXTRA = "cleanlab (the extra [curate] of this project)"

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


def not_installed(names: Iterable[str]) -> dict[str, str]:
    """Say which checks can't run for want of a library, and what to install.

    Args:
        names: Names of checks.

    Returns:
        A sentence for each that can't run, by its name.
    """
    return {
        name: f"the check {name} needs {missing[0]}, which is not installed: pip install "
        f"{_INSTALL.get(missing[0], _INSTALL_EXTRA)}"
        for name in names
        if (missing := [one for one in LIBRARIES.get(name, ()) if find_spec(one) is None])
    }
