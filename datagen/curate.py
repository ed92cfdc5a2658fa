"""Checks over the real pictures: which are left out, and why."""

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.manifest import Rejected
from datagen.survey import TEST, Pictures


def duplicates(
    pictures: Pictures, characters: CharacterTable
) -> tuple[NDArray[np.bool_], list[Rejected]]:
    """Keep one of the pictures that are the same after framing.

    The publisher's test pictures win, then the order of the sources. Copies under labels of one
    confusable group are kept once a label, since no tight crop can tell them apart; copies under
    other labels are all left out: one of the labels is wrong, and nothing says which.

    Args:
        pictures: Every usable picture.
        characters: The classes.

    Returns:
        A mask of the pictures to keep, and what is left out with its reason.
    """
    keep = np.ones(len(pictures), np.bool_)
    rejected: list[Rejected] = []
    for rows in _copies(pictures):
        ordered = sorted(rows, key=lambda row: (pictures.fixed[row] != TEST, row))
        labels = {int(pictures.label[row]) for row in rows}
        torn = len({characters.shapes[label] for label in labels}) > 1
        first: dict[int, int] = {}
        for row in ordered:
            label = int(pictures.label[row])
            if torn:
                names = " and ".join(characters[each].codepoint for each in sorted(labels))
                reason = f"the same picture is labelled {names}"
            elif label not in first:
                first[label] = row
                continue
            else:
                reason = f"the same picture as {pictures.origins[first[label]]} after framing"
            keep[row] = False
            rejected.append(_reject(pictures, characters, row, reason))
    return keep, rejected


def _copies(pictures: Pictures) -> list[NDArray[np.int64]]:
    """Rows of each picture that occurs more than once."""
    order = np.argsort(pictures.picture, kind="stable")
    values = pictures.picture[order]
    same = values[1:] == values[:-1]
    repeated = np.r_[False, same] | np.r_[same, False] if len(values) else same
    order, values = order[repeated], values[repeated]
    return np.split(order, np.flatnonzero(values[1:] != values[:-1]) + 1) if len(order) else []


def _reject(pictures: Pictures, characters: CharacterTable, row: int, reason: str) -> Rejected:
    name = pictures.names[int(pictures.source[row])]
    code = characters[int(pictures.label[row])].codepoint
    return Rejected("curate", name, code, pictures.origins[row], reason)
