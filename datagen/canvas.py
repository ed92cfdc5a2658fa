"""Glyphs on a square canvas, at the scale the frame needs and with room to turn and shear."""

import numpy as np
from numpy.typing import NDArray

from datagen.fonts import Face
from datagen.frame import MARGIN, Mode
from datagen.glyphs import draw
from datagen.raster import open_face

Gray = NDArray[np.uint8]

_FILL = 2 / 3  # of the canvas, for the glyph's longer side: the rest is room to turn and shear
_OVERSAMPLE = 1.25  # canvas pixels for each pixel of the frame
_EM = 0.69  # of the canvas, for the em in `em` mode
_BASELINE = 0.72  # of the canvas, from the top, in `em` mode


class Canvas:
    """Draws glyphs in the middle of square pictures.

    Args:
        size: Edge of the frame in pixels that the pictures are made for.
        mode: ``tight`` draws every glyph as large as it fits; ``em`` keeps its place and size.
    """

    def __init__(self, size: int, mode: Mode) -> None:
        self._mode = mode
        self._edge = round(size * (1 - 2 * MARGIN) * _OVERSAMPLE / _FILL)

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
        return open_face(face.path, face.index).draw_into(char, axes, edge, edge * _FILL)


def _paste(ink: Gray, edge: int, top: int, left: int) -> Gray:
    """Lay ink on a black square; what lies outside is cut off."""
    canvas = np.zeros((edge, edge), np.uint8)
    rows = slice(max(0, top), max(0, min(edge, top + ink.shape[0])))
    columns = slice(max(0, left), max(0, min(edge, left + ink.shape[1])))
    canvas[rows, columns] = ink[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    return canvas
