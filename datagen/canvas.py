"""Glyphs on a square canvas, at the scale the frame needs and with room to turn and shear."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.fonts import Face
from datagen.frame import MARGIN, Mode
from datagen.glyphs import draw

Gray = NDArray[np.uint8]

_FILL = 2 / 3  # of the canvas, for the glyph's longer side: the rest is room to turn and shear
_OVERSAMPLE = 1.5  # canvas pixels for each pixel of the frame
_EM = 0.69  # of the canvas, for the em in `em` mode
_BASELINE = 0.72  # of the canvas, from the top, in `em` mode
_WIDEST = 0.8  # of the canvas; an extreme of an axis may be much wider than the default


class Canvas:
    """Draws glyphs in the middle of square pictures.

    Args:
        size: Edge of the frame in pixels that the pictures are made for.
        mode: ``tight`` draws every glyph as large as it fits; ``em`` keeps its place and size.
    """

    def __init__(self, size: int, mode: Mode) -> None:
        self._mode = mode
        self._edge = round(size * (1 - 2 * MARGIN) * _OVERSAMPLE / _FILL)
        self._extents: dict[tuple[str, int, str], float] = {}

    def draw(self, face: Face, axes: tuple[float, ...], char: str) -> Gray:
        """Draw a character.

        Args:
            face: The face.
            axes: A value for each of its axes.
            char: The character.

        Returns:
            uint8, square, ink bright on black.
        """
        edge = self._edge
        if self._mode == "em":
            glyph = draw(face, axes, char, round(edge * _EM))
            top = round(edge * _BASELINE) + glyph.top
            return _paste(glyph.ink, edge, top, (edge - glyph.ink.shape[1]) // 2)
        glyph = draw(face, axes, char, _step(edge * _FILL / self._extent(face, char)))
        height, width = glyph.ink.shape
        if max(height, width) <= edge * _WIDEST:
            return _centre(glyph.ink, edge)
        scale = edge * _FILL / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return _centre(
            np.asarray(cv2.resize(glyph.ink, size, interpolation=cv2.INTER_AREA), np.uint8), edge
        )

    def _extent(self, face: Face, char: str) -> float:
        """Longer side of the glyph in ems, at the face's default axes."""
        key = (face.sha256, face.index, char)
        if key not in self._extents:
            ink = draw(face, (), char, 64).ink
            self._extents[key] = max(max(ink.shape, default=0), 2) / 64
        return self._extents[key]


def _step(px: float) -> int:
    """Round to quarter octaves, so that few sizes of each face stay open."""
    return max(8, round(math.pow(2.0, round(math.log2(px) * 4) / 4)))


def _centre(ink: Gray, edge: int) -> Gray:
    return _paste(ink, edge, (edge - ink.shape[0]) // 2, (edge - ink.shape[1]) // 2)


def _paste(ink: Gray, edge: int, top: int, left: int) -> Gray:
    """Lay ink on a black square; what lies outside is cut off."""
    canvas = np.zeros((edge, edge), np.uint8)
    rows = slice(max(0, top), max(0, min(edge, top + ink.shape[0])))
    columns = slice(max(0, left), max(0, min(edge, left + ink.shape[1])))
    canvas[rows, columns] = ink[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    return canvas
