"""The same picture in the publisher's test part and outside of it: the test part keeps it."""

from collections.abc import Iterator

from datagen.checks import Finding, View
from datagen.checks.copies import groups
from datagen.checks.duplicate import crosses


def find(view: View) -> Iterator[Finding]:
    """Drop copies of test pictures outside of test, whatever look-alike they are labelled."""
    for rows in groups(view):
        for row in rows[1:]:
            if crosses(view, row, rows[0]):
                reason = f"the same picture as {view.origin(rows[0])}, which is test"
                yield Finding(row, "drop", reason, 1.0)
