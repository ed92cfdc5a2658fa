"""Which face and which point of its axes each draw of a class has.

Families take turns along a golden-ratio sequence, so that any number of draws shares them out by
weight; the face within the family and its axes are random. All of it depends on the recipe's seed,
the split, the class and the number of the draw alone.
"""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.fonts import Face
from datagen.glyphs import sample_axes
from datagen.seeds import digest64, table

_GOLDEN = (5**0.5 - 1) / 2  # its multiples fill [0, 1) more evenly than any other number's
_STRIDES = 0x9E6C63D0876A9A47, 0xC2B2AE3D27D4EB4F  # odd; draws and attempts get far apart keys
_WORD = 2**64


class Draw(NamedTuple):
    """A draw: the face, a value for each of its axes, split, class, and its name."""

    face: Face
    axes: tuple[float, ...]
    split: str
    label: int
    number: str


@dataclass(frozen=True)
class _Pool:
    """The families that have a class in a split: cumulated weights, numbers a draw needs."""

    families: tuple[tuple[Face, ...], ...]
    edges: list[float]
    start: int
    choices: int


class Draws:
    """Chooses faces.

    Args:
        faces: Audited faces.
        splits: Split by group of families.
        characters: The classes.
        seed: The recipe's seed.
        weights: Weight of a style of fonts, 1 where it is not named.
    """

    def __init__(
        self,
        faces: Sequence[Face],
        splits: Mapping[str, str],
        characters: CharacterTable,
        seed: int,
        weights: Mapping[str, float],
    ) -> None:
        self._faces, self._splits, self._characters = faces, splits, characters
        self._seed, self._weights = seed, weights
        self._pools: dict[tuple[str, int], _Pool] = {}

    def has(self, split: str, label: int) -> bool:
        """Whether any face of the split has the class."""
        return bool(self._pool(split, label).families)

    def choose(self, split: str, wanted: Sequence[tuple[int, int]], attempt: int) -> list[Draw]:
        """Choose a face and axes for each draw.

        Args:
            split: The split whose families are used.
            wanted: Class and number of each draw.
            attempt: Which try it is; another try is another draw.

        Raises:
            InputError: No face has one of the classes.
        """
        pools = [self._pool(split, label) for label, _ in wanted]
        for (label, _), pool in zip(wanted, pools, strict=True):
            if not pool.families:
                code = self._characters[label].codepoint
                raise InputError(
                    f"no font of the {split} split has {code}; add a folder of fonts that have it"
                )
        more = attempt * _STRIDES[1]
        keys = [
            (pool.start + number * _STRIDES[0] + more) % _WORD
            for (_, number), pool in zip(wanted, pools, strict=True)
        ]
        numbers = table(np.array(keys, np.uint64), max(pool.choices for pool in pools)).tolist()
        draws = []
        for (label, number), pool, (turn, which, *rest) in zip(wanted, pools, numbers, strict=True):
            even = (pool.start / _WORD + number * _GOLDEN) % 1.0
            place = bisect.bisect_right(pool.edges, turn if attempt else even)
            family = pool.families[place]
            face = family[int(which * len(family))]
            axes = sample_axes(face, rest)
            draws.append(Draw(face, axes, split, label, f"{number}.{attempt}"))
        return draws

    def _pool(self, split: str, label: int) -> _Pool:
        key = (split, label)
        if key not in self._pools:
            families: dict[str, list[Face]] = {}
            for face in self._faces:
                if label in face.labels and self._splits.get(face.group) == split:
                    families.setdefault(face.family, []).append(face)
            weights = [self._weights.get(f[0].style, 1.0) for f in families.values()]
            kept = [(tuple(f), w) for f, w in zip(families.values(), weights, strict=True) if w > 0]
            total = np.cumsum([weight for _, weight in kept])
            edges = (total[:-1] / total[-1]).tolist() if kept else []
            code = self._characters[label].codepoint
            start = digest64(self._seed, "turn", split, code)
            axes = max((len(face.axes) for f, _ in kept for face in f), default=0)
            self._pools[key] = _Pool(tuple(f for f, _ in kept), edges, start, 2 + axes)
        return self._pools[key]
