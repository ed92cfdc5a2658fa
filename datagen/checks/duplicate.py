"""Exact copies after framing: one a label is kept."""

from collections.abc import Iterator

from datagen.checks import Finding, View
from datagen.checks.copies import groups
from datagen.survey import TEST


def find(view: View) -> Iterator[Finding]:
    """Drop all but the first of the same pictures of a label."""
    for row, first in again(view):
        reason = f"the same picture as {view.origin(first)} after framing"
        yield Finding(row, "drop", reason, 1.0)


def again(view: View) -> Iterator[tuple[int, int]]:
    """Yield each picture that a label has already, with the one that is kept."""
    for rows in groups(view):
        kept: dict[int, int] = {}
        for row in rows:
            label = int(view.pictures.label[row])
            if kept.setdefault(label, row) != row:
                yield row, kept[label]


def crosses(view: View, row: int, first: int) -> bool:
    """Whether one of two pictures is test by its publisher's word and the other is not."""
    fixed = view.pictures.fixed
    return bool((fixed[row] == TEST) != (fixed[first] == TEST))
