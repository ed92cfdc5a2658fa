"""Draw the characters of a face in a form that can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from datagen.errors import InputError
from datagen.raster import OpenFace

PX = 64  # pixels an em; copies of one outline, hinted at two sizes, still come out alike
SIDE = 32  # pixels; edge of the square that each picture is scaled to
# Two pictures with a smaller distance are the same picture. Copied and scaled glyphs lie below
# 0.010 (hinting), the nearest glyphs meant to differ (D and O of Orbitron) at 0.017.
SAME_PICTURE = 0.012
PLACE = 1  # pixel; glyphs that differ by no more stand in the same place of the em box
MAX_EMS = 4  # nothing that is text is larger, swashes included
_NOT_MAPPED = 0x10FFFF  # a code point that no font may give a glyph, so FreeType draws glyph 0


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """How a face draws a character.

    Attributes:
        picture: uint8 (SIDE, SIDE): the ink, aspect kept, scaled to fill the square.
        box: Left, top, width and height of the ink in the em box, in pixels at `PX` an em.
        ink: The ink itself, uint8 gray, row by row.
        contours: How many contours its outline has.
    """

    picture: npt.NDArray[np.uint8]
    box: tuple[int, int, int, int]
    ink: bytes
    contours: int

    @property
    def height(self) -> int:
        """Height of the ink in pixels."""
        return self.box[3]

    def is_copy_of(self, other: Self) -> bool:
        """Whether both are the same picture at the same size in the same place of the em box."""
        (x, y, width, height), (x2, y2, width2, height2) = self.box, other.box
        if max(abs(x - x2), abs(y - y2), abs(width - width2), abs(height - height2)) > PLACE:
            return False
        return bool(distances(np.stack([self.picture, other.picture]))[0, 1] < SAME_PICTURE)


def distances(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return how far pictures are from each other: 0 for equal ones, 1 where no ink overlaps.

    The squared difference over the summed squares, which is one minus Dice's coefficient for
    pictures of zeros and ones.

    Args:
        pictures: uint8 (n, ...), 0 for paper.

    Returns:
        float32 (n, n), in 0..1.
    """
    flat = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    products = flat @ flat.T
    power = np.diag(products)
    return np.clip(1 - 2 * products / np.maximum(power[:, None] + power, 1e-9), 0, 1)


def draw_all(font: OpenFace, chars: Sequence[str]) -> tuple[dict[str, Drawing], dict[str, str]]:
    """Draw each character that the face has.

    Args:
        font: The face, opened at `PX`.
        chars: The characters.

    Returns:
        For each character its drawing, or else the reason why there is none.
    """
    drawings: dict[str, Drawing] = {}
    reasons: dict[str, str] = {}
    try:
        missing = _drawing(font, chr(_NOT_MAPPED))
    except _UndrawableError:
        missing = None
    for char in chars:
        if not font.has(char):
            reasons[char] = "not in the font"
            continue
        try:
            drawing = _drawing(font, char)
        except _UndrawableError as error:
            reasons[char] = str(error)
            continue
        if drawing is None:
            reasons[char] = "no ink"
        elif missing and drawing.is_copy_of(missing):
            reasons[char] = "drawn as the sign for a missing glyph"
        else:
            drawings[char] = drawing
    return drawings, reasons


class _UndrawableError(ValueError):
    pass


def _drawing(font: OpenFace, char: str) -> Drawing | None:
    try:
        ink, left, top = font.draw(char)
    except InputError as error:
        raise _UndrawableError(f"can't be drawn: {error}") from error
    if not cv2.countNonZero(ink):
        return None
    height, width = ink.shape
    if max(width, height) > MAX_EMS * PX:
        raise _UndrawableError(f"larger than {MAX_EMS} em")
    return Drawing(_tight(ink), (left, top, width, height), ink.tobytes(), font.contours)


def _tight(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = ink.shape
    scale = SIDE / max(height, width)
    height, width = round(height * scale) or 1, round(width * scale) or 1
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((SIDE, SIDE), np.uint8)
    y, x = (SIDE - height) // 2, (SIDE - width) // 2
    cv2.resize(ink, (width, height), square[y : y + height, x : x + width], interpolation=kind)
    return square
