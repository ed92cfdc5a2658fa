"""Drawn samples: face, axes, glyph, augmentation and frame from a class and a draw number.

A draw is a pure function of the recipe's seed, the split, the class and its number: `datagen.draws`
chooses the face and its axes, `datagen.canvas` draws and augments the glyph.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.augment import Pipeline
from datagen.canvas import Canvas, Glyph
from datagen.characters import CharacterTable
from datagen.drawn import Drawn, Made, attempts, complete
from datagen.draws import Draw, Draws
from datagen.errors import InputError
from datagen.fonts import Face
from datagen.frame import Mode
from datagen.framing import frame_all
from datagen.manifest import Sample
from datagen.seeds import digest64, hex64
from datagen.strokes import Strokes

Gray = NDArray[np.uint8]

ORIGIN = re.compile(r"(.+)@([0-9a-f]{16})/(\d+)\?(.*)#(\d+\.\d+)", re.DOTALL)
"""Origin of a drawn sample: font file, its hash, face, axis values, number of the draw."""


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
        self._characters = characters
        self._source = source
        self._style = style
        self._draws = Draws(faces, splits, characters, style.seed, style.weights)
        strokes = Strokes(faces, "".join(character.char for character in characters))
        self._canvas = Canvas(style.size, style.mode, style.pipeline, strokes)

    def has(self, split: str, label: int) -> bool:
        """Whether any face of the split has the class."""
        return self._draws.has(split, label)

    def draw(
        self, split: str, label: int, number: int, taken: NDArray[np.uint64] | None = None
    ) -> Drawn:
        """Draw one sample; see `draw_many`."""
        return self.draw_many(split, [(label, number)], taken)[0]

    def draw_many(
        self,
        split: str,
        wanted: Sequence[tuple[int, int]],
        taken: NDArray[np.uint64] | None = None,
    ) -> list[Drawn]:
        """Draw samples; each is the same whatever others are drawn beside it.

        Args:
            split: The split whose families are used.
            wanted: For each sample its class and the number of the draw within class and split.
            taken: Sorted hashes of framed pictures that none must equal, since another split holds
                them.

        Raises:
            InputError: No face has the class, or `ATTEMPTS` draws in a row failed.
        """

        def make(rows: Sequence[int], attempt: int) -> Iterator[Made]:
            return self._make(self._draws.choose(split, [wanted[row] for row in rows], attempt))

        return attempts(make, len(wanted), self._canvas.most, self._source, taken)

    def redraw(self, split: str, label: int, origin: str) -> Drawn:
        """Draw a sample again from the origin in its manifest row.

        Raises:
            InputError: The origin is none, or its font is not at hand.
        """
        match = ORIGIN.fullmatch(origin)
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
        ((sample, pixels, problem),) = self._make([Draw(face, axes, split, label, number)])
        if problem:
            raise InputError(problem)
        return Drawn(sample, pixels, ())

    def _make(self, plans: Sequence[Draw]) -> Iterator[Made]:
        """Draw, augment and frame; the third value says what went wrong."""
        glyphs, names, seeds = [], [], []
        for plan in plans:
            face, character = plan.face, self._characters[plan.label]
            pairs = zip(face.axes, plan.axes, strict=True)
            values = ";".join([f"{axis.tag}={value:g}" for axis, value in pairs])
            code = character.codepoint
            identity = hex64(digest64(face.sha256, face.index, values, code, plan.number))
            names.append(
                (identity, f"{_file_of(face.path, face.sha256, face.index)}?{values}#{plan.number}")
            )
            seeds.append(digest64(self._style.seed, identity))
            glyphs.append(Glyph(face, plan.axes, character.char))
        pictures = self._canvas.draw(glyphs, seeds)
        framed = frame_all(pictures, self._style.size, self._style.mode)
        for plan, (identity, origin), seed, found in zip(plans, names, seeds, framed, strict=True):
            code, group = self._characters[plan.label].codepoint, plan.face.group
            about = identity, code, plan.label, plan.split, self._source, group, origin
            yield complete(Sample(*about, hex64(seed), ""), found)


@functools.lru_cache(maxsize=4096)
def _file_of(path: str, sha256: str, index: int) -> str:
    return f"{Path(path).name}@{sha256[:16]}/{index}"
