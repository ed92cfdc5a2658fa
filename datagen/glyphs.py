"""Draw one character of one face at one point of the face's variable axes.

Text is laid out by FreeType alone (`Layout.BASIC`): a single character has nothing to kern and no
ligature to form, and a shaping engine would only add its own version to what a picture depends on.
"""

import functools
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFont

from datagen.errors import InputError

OPEN_FONTS = 128  # (face, size) pairs that a process keeps open; FreeType maps them, no descriptor
WOFF_MAGIC = (b"wOFF", b"wOF2")
_BLANK = Image.new("L", (1, 1))


class Axis(NamedTuple):
    """A variable axis of a face, in the face's own units.

    Attributes:
        tag: Four characters, such as ``wght``.
        minimum: Lowest value.
        default: Value of the face as it is stored.
        maximum: Highest value.
    """

    tag: str
    minimum: float
    default: float
    maximum: float


class Drawable(Protocol):
    """What drawing needs to know of a face; `datagen.fonts.Face` is one."""

    @property
    def path(self) -> str:
        """Font file."""

    @property
    def index(self) -> int:
        """Number of the face in its file."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Variable axes, none for a static face."""


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """A drawn character and where it stands in the line.

    Attributes:
        ink: Gray picture cropped to its ink, uint8 (height, width), 255 is full ink on 0.
        left: Column of the picture's left edge, in pixels right of the pen.
        top: Row of the picture's upper edge, in pixels below the base line (negative is above it).
        ascent: Height of the line above the base line, in pixels.
        descent: Depth of the line below the base line, in pixels.
        px: Size of the em, in pixels.
    """

    ink: npt.NDArray[np.uint8]
    left: int
    top: int
    ascent: int
    descent: int
    px: float


def draw(face: Drawable, axes: Sequence[float], char: str, px: float) -> Glyph:
    """Draw a character.

    Args:
        face: The face to draw with.
        axes: A value for each axis of the face, in its order; empty for the defaults.
        char: One character.
        px: Size of the em in pixels.

    Returns:
        The glyph; its ink is of shape (0, 0) where the face draws nothing.

    Raises:
        InputError: The file can't be read, the character can't be drawn, or `axes` doesn't fit.
    """
    if axes and len(axes) != len(face.axes):
        raise InputError(
            f"{face.path}: {len(axes)} axis values for {len(face.axes)} axes "
            f"({', '.join(axis.tag for axis in face.axes) or 'it is not variable'})"
        )
    try:
        font = open_font(face.path, face.index, px)
        if face.axes:
            # The open font is shared, so its axes are set anew for each character.
            font.set_variation_by_axes(list(axes) or [axis.default for axis in face.axes])
        ink, left, top = raster(font, char)
    except (OSError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{face.path}: U+{ord(char):04X} can't be drawn at {px} px ({error}); "
            "audit the fonts again, the file may have changed"
        ) from error
    ascent, descent = font.getmetrics()
    return Glyph(ink, left, top, ascent, descent, px)


def raster(font: ImageFont.FreeTypeFont, char: str) -> tuple[npt.NDArray[np.uint8], int, int]:
    """Return the ink of a character as uint8 (height, width), its left and its top in pixels."""
    picture, left, top = picture_of(font, char)
    if picture is None:
        return np.zeros((0, 0), np.uint8), 0, 0
    ink = np.frombuffer(picture.tobytes(), np.uint8).reshape(picture.height, picture.width)
    return ink, left, top


def picture_of(font: ImageFont.FreeTypeFont, char: str) -> tuple[Image.Image | None, int, int]:
    """Return the ink of a character as a gray image, its left and its top; None if there is none.

    Raises:
        OSError: FreeType can't draw the glyph.
    """
    mask, (left, top) = font.getmask2(char, mode="L", anchor="ls")
    box = mask.getbbox()
    if box is None:
        return None, 0, 0
    # FreeType's raster reaches to the pen and the advance width; the ink is what is left of it.
    return _BLANK._new(mask.crop(box)), int(left + box[0]), int(top + box[1])


@functools.lru_cache(maxsize=OPEN_FONTS)
def open_font(path: str, index: int, px: float) -> ImageFont.FreeTypeFont:
    """Open a face at a size; WOFF and WOFF2 are unpacked in memory where FreeType can't read them.

    Raises:
        OSError: The file can't be read or is no font that FreeType knows.
    """
    try:
        return _truetype(path, index, px)
    except OSError:
        with Path(path).open("rb") as file:
            if file.read(4) not in WOFF_MAGIC:
                raise
        return _truetype(io.BytesIO(_unpacked(path)), index, px)


def _truetype(source: str | io.BytesIO, index: int, px: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(source, px, index, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=8)
def _unpacked(path: str) -> bytes:
    from fontTools.ttLib import TTFont

    font = TTFont(path)
    font.flavor = None
    data = io.BytesIO()
    font.save(data, reorderTables=False)
    return data.getvalue()


def sample_axes(face: Drawable, rng: np.random.Generator) -> tuple[float, ...]:
    """Draw a point of the face's variable axes, each uniform over its whole range.

    Values fall on steps of a power of ten of at most a hundredth of the range (1 for a weight
    of 100 to 900), so that they read well in a manifest and come back from it as they were.

    Args:
        face: The face; a static one gives an empty tuple.
        rng: Source of randomness, advanced by one draw an axis.
    """
    return tuple(_sample(axis, rng) for axis in face.axes)


def _sample(axis: Axis, rng: np.random.Generator) -> float:
    value = float(rng.uniform(axis.minimum, axis.maximum))
    span = axis.maximum - axis.minimum
    if span <= 0:
        return axis.default
    digits = 2 - math.floor(math.log10(span))
    return min(max(round(value, max(digits, 0)), axis.minimum), axis.maximum)
