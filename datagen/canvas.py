"""Glyphs on square canvases: many at once, as shapes that are bent and then become pixels."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen import hands, pen
from datagen.augment import Pipeline
from datagen.capture import coarsen
from datagen.fonts import Face
from datagen.frame import MARGIN, Mode
from datagen.outlines import Outline, Sheets
from datagen.raster import OUTLINE_PX, open_face
from datagen.shapes import FILL, Glyphs, Mask, Numbers, Shapes, assemble, normalize
from datagen.strokes import Strokes

Gray = NDArray[np.uint8]

# Glyphs that are drawn at once: as many as fit a megabyte, which the caches of a core hold. What
# numpy takes for a call is shared among them: 64 cost a quarter more a glyph than 512.
_TOGETHER = 1 << 20  # pixels
_FEWEST, _MOST = 16, 512
_OVERSAMPLE = 1.25  # canvas pixels for each pixel of the frame
_PAD = 0.17  # of the frame's edge, paper around a glyph
_EM = 0.69  # of the canvas, for the em in `em` mode
_BASELINE = 0.72  # of the canvas, from the top, in `em` mode
_UNIT = 64.0  # of FreeType, a pixel
_PLAIN = 0.08  # of the longer side, width of the pen of a hand where the pipeline has none


class Glyph(NamedTuple):
    """What is drawn: a character of a face at a value of each of its axes."""

    face: Face
    axes: tuple[float, ...]
    char: str


class Canvas:
    """Draws glyphs in the middle of square pictures.

    Args:
        size: Edge of the frame in pixels that the pictures are made for.
        mode: ``tight`` draws every glyph as large as it fits; ``em`` keeps its place and size.
        pipeline: What is done to the glyphs.
        strokes: Where pens find what to write.

    Attributes:
        most: How many glyphs it draws at once.
    """

    def __init__(self, size: int, mode: Mode, pipeline: Pipeline, strokes: Strokes) -> None:
        self._mode, self._pipeline, self._strokes = mode, pipeline, strokes
        self._extent = size * (1 - 2 * MARGIN) * _OVERSAMPLE
        tight = round(self._extent) + 2 * round(size * _PAD)
        self._edge = tight if mode == "tight" else round(self._extent / FILL)
        self.most = min(_MOST, max(_FEWEST, _TOGETHER // self._edge**2))
        self._sheets = Sheets(self.most, self._edge)

    def draw(self, glyphs: Sequence[Glyph], seeds: Sequence[int]) -> Sequence[Gray]:
        """Draw and augment glyphs.

        Args:
            glyphs: At most `most`.
            seeds: For each the 64-bit seed of all its random choices.

        Returns:
            uint8 each, ink bright on black; square unless the pipeline changes that.

        Raises:
            InputError: A font can't be read.
        """
        words = np.array(seeds, np.uint64)
        u = self._pipeline.numbers(words, "".join(glyph.char for glyph in glyphs))
        wanted = self._pipeline.pens(u).tolist()
        found = self._load_all(glyphs, wanted)
        by_pen = np.array([is_pen for _, is_pen in found])
        return self._draw([outline for outline, _ in found], by_pen, u, words)

    def write(self, strokes: Sequence[Outline], text: str, seeds: Sequence[int]) -> Sequence[Gray]:
        """Write strokes with a pen, and augment them, as `draw` does those of hands.

        Args:
            strokes: At most `most`, in a font's units and direction.
            text: The character of each.
            seeds: For each the 64-bit seed of all its random choices.

        Returns:
            uint8 each, ink bright on black; square unless the pipeline changes that.
        """
        words = np.array(seeds, np.uint64)
        by_pen = np.ones(len(strokes), np.bool_)
        return self._draw(strokes, by_pen, self._pipeline.numbers(words, text), words)

    def show(self, framed: Gray) -> Gray:
        """Put a framed picture, uint8 (size, size), on a canvas, as large as a glyph would be."""
        edge = round(len(framed) * _OVERSAMPLE)
        canvas = np.zeros((self._edge, self._edge), np.uint8)
        first = (self._edge - edge) // 2
        large = cv2.resize(framed, (edge, edge), interpolation=cv2.INTER_LINEAR)
        canvas[first : first + edge, first : first + edge] = large
        return canvas

    def _draw(
        self, outlines: Sequence[Outline], by_pen: Mask, u: Numbers, words: NDArray[np.uint64]
    ) -> Sequence[Gray]:
        place = normalize if self._mode == "tight" else _in_em
        shapes = assemble(outlines, by_pen, place)
        if not self._pipeline.writes:
            plain = np.float32(_PLAIN) * shapes.side() * shapes.bold
            shapes.width = np.where(shapes.pen, plain, shapes.width)
        self._pipeline.bend(shapes, u)
        if self._mode == "tight":
            shapes.fit(self._extent)
        else:
            shapes.enlarge(self._edge / 2)
        return self._pipeline.change(self._fill(shapes), u, words)

    def _fill(self, shapes: Shapes) -> Gray:
        pixels = self._sheets.pixels[: len(shapes)]
        pixels.fill(0)
        self._sheets.fill(shapes)
        pen.draw(shapes, pixels)
        few = shapes.pixels / np.float32(self._extent)
        for row in np.flatnonzero((few < 1) | shapes.bilevel).tolist():
            coarsen(pixels[row], float(few[row]), bool(shapes.bilevel[row]))
        return pixels.copy()

    def _load_all(
        self, glyphs: Sequence[Glyph], wanted: Sequence[bool]
    ) -> list[tuple[Outline, bool]]:
        """The points of glyphs, and whether they are strokes of a pen."""
        by_hand = [glyph for glyph in glyphs if glyph.face.style == hands.STYLE]
        written = iter(hands.write(by_hand))
        return [
            (next(written), True) if glyph.face.style == hands.STYLE else self._load(glyph, pens)
            for glyph, pens in zip(glyphs, wanted, strict=True)
        ]

    def _load(self, glyph: Glyph, wants_pen: bool) -> tuple[Outline, bool]:
        face = glyph.face
        strokes = self._strokes.of(face, glyph.char) if wants_pen else None
        if strokes is not None:
            return strokes, True
        axes = glyph.axes or tuple(axis.default for axis in face.axes)
        font = open_face(face.path, face.index, face.sha256)
        return font.outline(glyph.char, axes), False


def _in_em(points: NDArray[np.float32], glyphs: Glyphs) -> None:
    """Put points, 256 px an em, to their place in the em box, each glyph in the middle of a row."""
    x = points[:, 0]
    low, high = (each.reduceat(x, glyphs.starts) for each in (np.minimum, np.maximum))
    points[:, 0] -= ((low + high) * np.float32(0.5))[glyphs.owner]
    points *= np.array([1, -1], np.float32) * np.float32(2 * _EM / (OUTLINE_PX * _UNIT))
    points[:, 1] += np.float32(2 * _BASELINE - 1)
