"""Nearly the same picture in the publisher's test part and outside of it."""

from collections.abc import Iterator

from datagen.checks import Finding, View
from datagen.checks.duplicate import crosses
from datagen.checks.near_duplicate import pairs


def find(view: View) -> Iterator[Finding]:
    """Drop near copies of test pictures outside of test."""
    for pair in pairs(view):
        if crosses(view, pair.row, pair.first):
            reason = (
                f"nearly the same picture as {view.origin(pair.first)}, which is test "
                f"(distance {pair.distance:.3f})"
            )
            yield Finding(pair.row, "drop", reason, 1 - pair.distance / 2)
