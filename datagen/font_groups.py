"""Tell copies from originals, and which families belong together.

Families made from the same drawings (a text and a display cut, a Latin that several scripts share)
would let a test set hold what was trained on, so they form one group, and a group never crosses
the splits.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Sketches of one letter in two faces with a smaller distance are the same drawing. Among 200
# families, those of one origin share half of their letters or more at this distance (Heebo and
# Roboto 0.63, Cormorant and Cormorant Garamond 0.98); others share hardly any.
SAME_SKETCH = 0.01
SHARED = 0.5  # of the letters that both families have
_BLOCK = 8  # faces compared with all others at a time; products so small stay on one thread


def same_origin(sketches: npt.NDArray[np.uint8], families: Sequence[str]) -> list[str]:
    """Return the group of each face: the first by name of the families of one origin.

    Args:
        sketches: uint8 (faces, letters, pixels), a picture of each letter in each face or zeros.
        families: Family of each face.
    """
    names = sorted(set(families))
    number = np.array([names.index(family) for family in families], np.intp)
    shared, both = _shared(sketches)
    near = (both > 0) & (shared >= SHARED * both) & (number[:, None] < number)
    return [names[root] for root in _roots(number, np.argwhere(near), len(names))]


def _shared(
    sketches: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """For each pair of faces, count the letters drawn alike and the letters that both have."""
    faces = len(sketches)
    shared = np.zeros((faces, faces), np.uint16)
    pictures = sketches.astype(np.float32) / 255
    # 1 - 2ab / (aa + bb) < SAME_SKETCH, as one product: two more columns carry aa and bb.
    power = (1 - SAME_SKETCH) / 2 * np.einsum("flp,flp->fl", pictures, pictures)[:, :, None]
    ones = np.ones_like(power)
    left = np.concatenate([pictures, power, ones], axis=2).transpose(1, 0, 2)
    right = np.concatenate([pictures, -ones, -power], axis=2).transpose(1, 2, 0)
    for first in range(0, faces, _BLOCK):
        block = slice(first, first + _BLOCK)
        shared[block] = (left[:, block] @ right > 0).sum(axis=0)
    drawn = np.asarray(sketches.any(axis=2), np.float32)
    return shared, (drawn @ drawn.T).astype(np.uint16)


def _roots(number: npt.NDArray[np.intp], pairs: npt.NDArray[np.intp], count: int) -> list[int]:
    """Join the families of each pair of faces (union-find); the smallest number is the root."""
    parent = list(range(count))

    def find(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in pairs:
        one, other = sorted((find(int(number[a])), find(int(number[b]))))
        parent[other] = one
    return [find(int(family)) for family in number]
