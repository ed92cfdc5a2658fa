"""Drawn samples: face, axes, glyph, augmentation and frame from a class and a draw number.

A draw is a pure function of the recipe's seed, the split, the class and its number. Families take
turns along a golden-ratio sequence, so that any number of draws shares them out by weight; the face
within the family, its axes and the augmentation are random.
"""

import bisect
import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.augment import Pipeline
from datagen.canvas import Canvas
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.fonts import Face
from datagen.frame import FrameError, Mode, frame
from datagen.glyphs import sample_axes
from datagen.manifest import Rejected, Sample
from datagen.seeds import digest64, hex64, uniforms

Gray = NDArray[np.uint8]

ATTEMPTS = 24  # draws for one sample before the build stops; one in thousands needs a second
_ORIGIN = re.compile(r"(.+)@([0-9a-f]{16})/(\d+)\?(.*)#(\d+\.\d+)", re.DOTALL)
_NOTHING = np.zeros((0, 0), np.uint8)
_GOLDEN = (5**0.5 - 1) / 2  # its multiples fill [0, 1) more evenly than any other number's


@dataclass(frozen=True)
class Style:
    """How samples are drawn.

    Attributes:
        pipeline: Augmentation.
        size: Edge of the frame in pixels.
        mode: ``tight`` or ``em``.
        seed: The recipe's seed.
        weights: Weight of a style of fonts, 1 where it is not named.
    """

    pipeline: Pipeline
    size: int
    mode: Mode
    seed: int
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Drawn:
    """A drawn sample.

    Attributes:
        sample: Its manifest row.
        pixels: uint8, shape (size, size), framed.
        rejected: Draws that were thrown away on the way.
    """

    sample: Sample
    pixels: Gray
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class _Pool:
    """The families that have a class in a split: cumulated weights, numbers a draw needs."""

    families: tuple[tuple[Face, ...], ...]
    edges: list[float]
    start: float
    choices: int


class Synthesizer:
    """Draws samples of the classes from the faces of each split.

    Args:
        faces: Audited faces.
        splits: Split by group of families.
        characters: The classes.
        source: Name of the source in the recipe.
        style: How samples are drawn.
    """

    def __init__(
        self,
        faces: Sequence[Face],
        splits: Mapping[str, str],
        characters: CharacterTable,
        source: str,
        style: Style,
    ) -> None:
        self._faces = faces
        self._splits = splits
        self._characters = characters
        self._source = source
        self._style = style
        self._pools: dict[tuple[str, int], _Pool] = {}
        self._canvas = Canvas(style.size, style.mode)

    def has(self, split: str, label: int) -> bool:
        """Whether any face of the split has the class."""
        return bool(self._pool(split, label).families)

    def draw(
        self, split: str, label: int, number: int, taken: NDArray[np.uint64] | None = None
    ) -> Drawn:
        """Draw one sample.

        Args:
            split: The split whose families are used.
            label: The class.
            number: Number of the draw within the class and split.
            taken: Sorted hashes of framed pictures that it must not equal, since another split
                holds them.

        Raises:
            InputError: No face has the class, or `ATTEMPTS` draws in a row failed.
        """
        code = self._characters[label].codepoint
        pool = self._pool(split, label)
        if not pool.families:
            raise InputError(
                f"no font of the {split} split has {code}; add a folder of fonts that have it"
            )
        rejected: list[Rejected] = []
        for attempt in range(ATTEMPTS):
            sample, pixels, problem = self._attempt(pool, split, label, number, attempt, taken)
            if not problem:
                return Drawn(sample, pixels, tuple(rejected))
            rejected.append(Rejected("draw", self._source, code, sample.origin, problem))
        raise InputError(
            f"{code}: {ATTEMPTS} draws in a row failed, the last: {rejected[-1].reason} "
            f"({rejected[-1].origin}); use other fonts or a stronger augmentation"
        )

    def redraw(self, split: str, label: int, origin: str) -> Drawn:
        """Draw a sample again from the origin in its manifest row.

        Raises:
            InputError: The origin is none, or its font is not at hand.
        """
        match = _ORIGIN.fullmatch(origin)
        if match is None:
            raise InputError(f"{origin!r} is not the origin of a drawn sample")
        file, sha256, index, values, number = match.groups()
        for face in self._faces:
            if face.sha256.startswith(sha256) and face.index == int(index):
                break
        else:
            raise InputError(f"the font {file} ({sha256}) is not at hand; name its folder")
        axes = tuple(float(pair.partition("=")[2]) for pair in values.split(";") if pair)
        if len(axes) != len(face.axes):
            raise InputError(f"{origin!r} doesn't fit the axes of {file}")
        sample, pixels, problem = self._make(face, axes, split, label, number)
        if problem:
            raise InputError(problem)
        return Drawn(sample, pixels, ())

    def _attempt(
        self,
        pool: _Pool,
        split: str,
        label: int,
        number: int,
        attempt: int,
        taken: NDArray[np.uint64] | None,
    ) -> tuple[Sample, Gray, str]:
        code = self._characters[label].codepoint
        turn, which, *rest = uniforms(pool.choices, self._style.seed, split, code, number, attempt)
        if attempt == 0:
            turn = (pool.start + number * _GOLDEN) % 1.0
        family = pool.families[bisect.bisect_right(pool.edges, turn)]
        face = family[int(which * len(family))]
        sample, pixels, problem = self._make(
            face, sample_axes(face, rest), split, label, f"{number}.{attempt}"
        )
        if not problem and taken is not None and _contains(taken, int(sample.sha256[:16], 16)):
            problem = "the same picture as one in another split"
        return sample, pixels, problem

    def _make(
        self, face: Face, axes: tuple[float, ...], split: str, label: int, number: str
    ) -> tuple[Sample, Gray, str]:
        """Draw, augment and frame; the third value says what went wrong."""
        pairs = zip(face.axes, axes, strict=True)
        values = ";".join(f"{axis.tag}={value:g}" for axis, value in pairs)
        code = self._characters[label].codepoint
        identity = hex64(digest64(face.sha256, face.index, values, code, number))
        seed = digest64(self._style.seed, identity)
        digest = problem = ""
        pixels = _NOTHING
        try:
            canvas = self._canvas.draw(face, axes, self._characters[label].char)
            augmented = self._style.pipeline(canvas, seed)
            pixels = frame(augmented, self._style.size, self._style.mode, "bright")
            digest = hashlib.sha256(pixels).hexdigest()  # type: ignore[arg-type]
        except FrameError as error:
            problem = str(error)
        origin = f"{_file_of(face)}?{values}#{number}"
        sample = Sample(
            identity, code, label, split, self._source, face.group, origin, hex64(seed), digest
        )
        return sample, pixels, problem

    def _pool(self, split: str, label: int) -> _Pool:
        key = (split, label)
        if key not in self._pools:
            families: dict[str, list[Face]] = {}
            for face in self._faces:
                if label in face.labels and self._splits.get(face.group) == split:
                    families.setdefault(face.family, []).append(face)
            weights = [self._style.weights.get(f[0].style, 1.0) for f in families.values()]
            kept = [(tuple(f), w) for f, w in zip(families.values(), weights, strict=True) if w > 0]
            total = np.cumsum([weight for _, weight in kept])
            edges = (total[:-1] / total[-1]).tolist() if kept else []
            start = digest64(self._style.seed, "turn", split, label) / 2**64
            axes = max((len(face.axes) for f, _ in kept for face in f), default=0)
            self._pools[key] = _Pool(tuple(f for f, _ in kept), edges, start, 2 + axes)
        return self._pools[key]


@functools.lru_cache(maxsize=4096)
def _file_of(face: Face) -> str:
    return f"{Path(face.path).name}@{face.sha256[:16]}/{face.index}"


def _contains(taken: NDArray[np.uint64], value: int) -> bool:
    position = int(np.searchsorted(taken, np.uint64(value)))
    return position < len(taken) and int(taken[position]) == value
