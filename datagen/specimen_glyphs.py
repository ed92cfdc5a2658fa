"""Draw all classes of a face as a strip of cells, for a specimen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datagen.characters import CharacterTable
from datagen.font_families import FontFamily
from datagen.fonts import Face
from datagen.glyphs import Axis, draw
from datagen.raster import open_face

SCALE = 2  # dots a pixel: screens of phones and of good notebooks have as many
WIDTH, HEIGHT = 40, 52  # pixels of a cell
_DOTS = HEIGHT * SCALE, WIDTH * SCALE  # dots of a cell, rows first
PX = 30 * SCALE  # dots an em
BASE = 36 * SCALE  # rows of dots from the top of the cell to the base line
_EDGE = 2 * SCALE  # dots that stay free around a glyph
_REGULAR = 400.0  # weight of a variable face; many are stored at their thinnest

GOOD, SOME, NONE = 0, 1, 2  # verdicts: no face, some faces, all faces of the family are rejected


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A family, drawn.

    Attributes:
        family: The family.
        pixels: Ink of all cells side by side, 255 is full ink, uint8
            (HEIGHT * SCALE, classes * WIDTH * SCALE).
        verdicts: For each class one of GOOD, SOME, NONE, uint8 (classes,).
    """

    family: FontFamily
    pixels: npt.NDArray[np.uint8]
    verdicts: npt.NDArray[np.uint8]


def strip(family: FontFamily, characters: CharacterTable) -> Strip:
    """Draw a family by the face that stands for it; what that face lacks stays blank.

    Raises:
        InputError: The font file has changed since it was audited.
    """
    face = family.faces[0]
    font = open_face(face.path, face.index)
    rows, columns = _DOTS
    pixels = np.zeros((rows, len(characters) * columns), np.uint8)
    verdicts = np.zeros(len(characters), np.uint8)
    counts = family.rejected
    for place, character in enumerate(characters):
        wrong = sum(counts.get(character.codepoint, {}).values())
        verdicts[place] = GOOD if not wrong else NONE if wrong == len(family.faces) else SOME
        reason = face.reasons.get(character.codepoint, "")
        if font.has(character.char) and not reason.startswith("can't be drawn"):
            cell = pixels[:, place * columns : (place + 1) * columns]
            _put(cell, face, character.char)
    return Strip(family, pixels, verdicts)


def _put(cell: npt.NDArray[np.uint8], face: Face, char: str) -> None:
    """Draw a glyph into a cell, on the base line; one too large for the cell is drawn smaller."""
    px = PX
    axes = tuple(_plain(axis) for axis in face.axes)
    room = _DOTS[0] - 2 * _EDGE, _DOTS[1] - 2 * _EDGE
    while True:
        glyph = draw(face, axes, char, px)
        height, width = glyph.ink.shape
        if not height or not width:
            return
        fits = min(room[0] / height, room[1] / width)
        if fits >= 1:
            break
        px = min(px - 1, int(px * fits))
        if px < 1:
            return
    left = (_DOTS[1] - width) // 2
    top = min(max(BASE + glyph.top, _EDGE), _DOTS[0] - _EDGE - height)
    cell[top : top + height, left : left + width] = glyph.ink


def _plain(axis: Axis) -> float:
    if axis.tag != "wght":
        return axis.default
    return min(max(_REGULAR, axis.minimum), axis.maximum)
