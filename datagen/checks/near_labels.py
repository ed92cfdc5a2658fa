"""Nearly the same picture under labels of unlike classes: a person has to look."""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from datagen.checks import Finding, View
from datagen.checks.nearest import is_near

_CANDIDATES = 8  # nearest pictures that are looked at
_LEADING = 16  # components that the tree is built on; the distance is taken over all


def find(view: View) -> Iterator[Finding]:
    """Ask for a look at both of two near copies whose labels are not of one confusable group."""
    rows = np.flatnonzero(view.alive)
    if len(rows) < 2:
        return
    scale = view.neighbours.scale
    leading = np.ascontiguousarray(view.vectors[rows, :_LEADING])
    near = min(_CANDIDATES, len(rows))
    # Components only shorten distances, so nothing within the limit is missed by the bound.
    _, found = cKDTree(leading).query(
        leading, k=np.arange(1, near + 1), distance_upper_bound=view.limits.near, workers=-1
    )
    here, column = np.nonzero(found < len(rows))
    row, other = rows[here], rows[found[here, column]]
    label = view.pictures.label
    unlike = view.shapes[label[row]] != view.shapes[label[other]]
    row, other = row[unlike], other[unlike]
    distance = np.linalg.norm(view.vectors[row] - view.vectors[other], axis=1)
    close = is_near(view, distance, np.minimum(scale[row], scale[other]))
    best: dict[int, tuple[float, int]] = {}
    for first, second, far in zip(
        row[close].tolist(), other[close].tolist(), distance[close].tolist(), strict=True
    ):
        for one, two in ((first, second), (second, first)):
            best[one] = min(best.get(one, (far, two)), (far, two))
    for one in sorted(best):
        far, two = best[one]
        reason = (
            f"nearly the same picture as {view.origin(two)}, which is labelled "
            f"{view.code(label[two])} (distance {far:.3f})"
        )
        yield Finding(one, "review", reason, 1 - far / 2, int(label[two]))
