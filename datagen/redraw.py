"""Real pictures drawn again: their strokes, written with other pens and cut out of other pages.

A real set comes from few pens and few scanners, and a model that learns it learns those too. Here
the strokes of a picture are found (`datagen.skeleton`) and go the way of what hands write: a pen of
any width, a warp, joins, paper. How people form a character stays; what they wrote it with varies.

Where no strokes can be told, as in a blot, the picture itself is changed by the same steps without
the pen.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen import forms
from datagen.augment import Pipeline
from datagen.augment_steps import Step
from datagen.canvas import Canvas
from datagen.characters import CharacterTable
from datagen.drawn import Drawn, Made, attempts, complete
from datagen.errors import InputError
from datagen.frame import MARGIN
from datagen.framing import frame_all
from datagen.hands import UNIT
from datagen.manifest import Sample
from datagen.outlines import Outline
from datagen.seeds import contents64, digest64, hex64
from datagen.strokes import LEAST_FIT, Strokes, outline

Gray = NDArray[np.uint8]

ORIGIN = re.compile(r"([a-z][a-z0-9_]*):(.+)~(\d+)\.(\d+)", re.DOTALL)
"""Origin of a redrawn sample: its picture's source and origin, number of the draw, attempt."""

_FINE = 128  # pixels; edge that pictures are enlarged to before strokes are looked for
_WIDEST = 0.3  # of the longer side; wider ink is no stroke but a blot
_LETTER = 100.0  # units of the forms' tables, the longer side of what they have no form of
_SMALLEST = 8.0  # the same, of a full stop


class Picture(NamedTuple):
    """A real picture that is to be drawn again.

    Attributes:
        source: Name of its source in the recipe.
        group: What must not cross splits.
        origin: Where it comes from in its source.
        label: The class.
        number: Which drawing of it this is, from 1.
        pixels: uint8, shape (size, size), framed.
    """

    source: str
    group: str
    origin: str
    label: int
    number: int
    pixels: Gray


class Redrawer:
    """Draws real pictures again.

    Args:
        name: Name of the recipe's source that does so.
        steps: Of augmentation; the first should be a pen.
        characters: The classes.
        size: Edge of the frame in pixels; it is a tight one.
        seed: The recipe's seed.
    """

    def __init__(
        self, name: str, steps: Sequence[Step], characters: CharacterTable, size: int, seed: int
    ) -> None:
        self._name, self._characters, self._size, self._seed = name, characters, size, seed
        self._canvas = Canvas(size, "tight", Pipeline(steps, name), Strokes((), ""))
        self._plain = Pipeline([step for step in steps if step["name"] != "Pen"], name)

    def draw_many(
        self,
        split: str,
        pictures: Sequence[Picture],
        taken: NDArray[np.uint64] | None = None,
    ) -> list[Drawn]:
        """Draw pictures again; each is the same whatever others are drawn beside it.

        Args:
            split: The split that they are drawn for, that of the pictures.
            pictures: What is drawn.
            taken: Sorted hashes of framed pictures that none must equal, since another split holds
                them.

        Raises:
            InputError: A picture could not be drawn again in many attempts.
        """

        def make(rows: Sequence[int], attempt: int) -> Iterator[Made]:
            return self._make(split, [pictures[row] for row in rows], attempt)

        return attempts(make, len(pictures), self._canvas.most, self._name, taken)

    def again(self, split: str, picture: Picture, attempt: int) -> Drawn:
        """Draw one sample as it was drawn in this attempt.

        Raises:
            InputError: It shows no ink.
        """
        ((sample, pixels, problem),) = self._make(split, [picture], attempt)
        if problem:
            raise InputError(problem)
        return Drawn(sample, pixels, ())

    def _make(self, split: str, pictures: Sequence[Picture], attempt: int) -> Iterator[Made]:
        samples = []
        words = contents64([picture.pixels.tobytes() for picture in pictures]).tolist()
        for picture, word in zip(pictures, words, strict=True):
            code = self._characters[picture.label].codepoint
            turn = f"{picture.number}.{attempt}"
            identity = hex64(digest64("redrawn", hex64(word), code, turn))
            origin = f"{picture.source}:{picture.origin}~{turn}"
            seed = hex64(digest64(self._seed, identity))
            about = identity, code, picture.label, split, self._name, picture.group, origin, seed
            samples.append(Sample(*about, ""))
        seeds = [int(sample.seed, 16) for sample in samples]
        framed = frame_all(self._draw(pictures, seeds), self._size, "tight")
        return map(complete, samples, framed)

    def _draw(self, pictures: Sequence[Picture], seeds: Sequence[int]) -> list[Gray]:
        text = [self._characters[picture.label].char for picture in pictures]
        found = [
            strokes_of(picture.pixels, char) for picture, char in zip(pictures, text, strict=True)
        ]
        clear = [row for row, strokes in enumerate(found) if strokes is not None]
        outlines = [strokes for strokes in found if strokes is not None]
        drawn: dict[int, Gray] = {}
        if clear:
            shown = "".join(text[row] for row in clear)
            written = self._canvas.write(outlines, shown, [seeds[row] for row in clear])
            drawn = dict(zip(clear, written, strict=True))
        for row, picture in enumerate(pictures):
            if row not in drawn:
                drawn[row] = self._plain(self._canvas.show(picture.pixels), seeds[row])
        return [drawn[row] for row in range(len(pictures))]


def strokes_of(pixels: Gray, char: str) -> Outline | None:
    """Return the strokes of a framed picture, or None where they are not clear.

    Args:
        pixels: uint8, square, ink bright on black.
        char: What it shows; a full stop is smaller than a letter, so its pen is larger beside it.

    Returns:
        The strokes in a font's units and direction.
    """
    from datagen import skeleton

    shrinks = len(pixels) > _FINE
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    large = np.asarray(cv2.resize(pixels, (_FINE, _FINE), interpolation=method), np.uint8)
    side = _FINE * (1 - 2 * MARGIN)
    found = skeleton.strokes(large)
    if not found.lines or found.fit < LEAST_FIT or found.width > _WIDEST * side:
        return None
    extent = max(float(np.ptp(np.concatenate(found.lines), axis=0).max()), 1.0)
    return outline(found.lines, float(UNIT * np.float32(_extent(char) / extent)), extent)


@functools.lru_cache(maxsize=4096)
def _extent(char: str) -> float:
    """The longer side of a character as it is written, in units of the forms' tables."""
    sides = [form.extent() for form in forms.load().of.get(char, ())]
    return max(float(np.median(sides)), _SMALLEST) if sides else _LETTER
