"""What no single shard can tell: ids that occur twice, groups and pictures in two splits."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.evidence import Problem
from datagen.manifest import SPLITS
from datagen.verify_shards import Found

_SHOWN = 20  # of each kind that are named; the others are counted


def across(found: Sequence[Found]) -> list[Problem]:
    """Compare the shards of a dataset."""
    found = [part for part in found if len(part.ids)]
    if not found:
        return []
    ids = np.concatenate([part.ids for part in found])
    splits = np.concatenate(
        [np.full(len(part.ids), SPLITS.index(part.task.shard.split)) for part in found]
    )
    values, counts = np.unique(ids, return_counts=True)
    problems = list(_first_two(found, ids, splits, values[counts > 1], "id", "stands also in"))
    for what, parts in (
        ("group", [part.groups for part in found]),
        ("picture", [part.pictures for part in found]),
    ):
        hashes = np.concatenate(parts)
        once = [np.unique(hashes[splits == split]) for split in range(len(SPLITS))]
        several, counts = np.unique(np.concatenate(once), return_counts=True)
        shared = several[counts > 1]
        problems += _first_two(found, hashes, splits, shared, what, "is in two splits, also in")
    return problems


def _first_two(
    found: Sequence[Found],
    hashes: NDArray[np.uint64],
    splits: NDArray[np.int64],
    values: NDArray[np.uint64],
    what: str,
    where: str,
) -> Iterator[Problem]:
    """Name two rows that share each value, of different splits if there are any."""
    starts = np.cumsum([0] + [len(part.ids) for part in found])

    def place(row: int) -> tuple[str, int]:
        part = int(np.searchsorted(starts, row, "right")) - 1
        return found[part].task.shard.manifest, row - int(starts[part]) + 2

    for value in values[:_SHOWN]:
        rows = np.flatnonzero(hashes == value)
        apart = rows[splits[rows] != splits[rows[0]]]
        other, number = place(int(apart[0] if len(apart) else rows[1]))
        file, row = place(int(rows[0]))
        yield Problem(file, row, f"its {what} {where} {other}, row {number}")
    if len(values) > _SHOWN:
        yield Problem("manifests", 0, f"{len(values) - _SHOWN} further {what}s are not unique")
