"""One picture under two labels: one of them is wrong, and nothing says which.

Labels of one confusable group don't count, since no tight crop can tell them apart.
"""

from collections.abc import Iterator

from datagen.checks import Finding, View
from datagen.checks.copies import groups


def find(view: View) -> Iterator[Finding]:
    """Drop every copy of a picture that has labels of unlike classes."""
    for rows in groups(view):
        labels = sorted({int(view.pictures.label[row]) for row in rows})
        if len({int(view.shapes[label]) for label in labels}) < 2:
            continue
        names = " and ".join(view.code(label) for label in labels)
        for row in rows:
            others = [label for label in labels if label != view.pictures.label[row]]
            suggested = others[0] if len(others) == 1 else -1
            reason = f"the same picture is labelled {names}"
            yield Finding(row, "drop", reason, 1.0, suggested)
