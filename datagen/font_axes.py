"""What can go wrong with the glyphs of a variable face where an axis leaves its default."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from datagen.errors import InputError
from datagen.font_drawings import PX, Drawing
from datagen.font_proof import BadFontError, ProvedFace
from datagen.glyphs import Axis
from datagen.outlines import Outline
from datagen.raster import OpenFace

_CHECKED = 6  # characters that must have ink at the ends of each axis
# Contours from which on order can be wrong; with two, of 113 variable files none was.
_SEVERAL = 3
# Of a glyph's box, how far a contour may move from one end of an axis to the other. Those whose
# contours are in another order at one end moved by 0.60, of all others none by more than 0.21.
_FAR = 0.4


def check_axes(font: OpenFace, face: ProvedFace, chars: Sequence[str]) -> None:
    """Draw some usable characters at both ends of each axis.

    Raises:
        BadFontError: One of them has no ink there, or the face can't be set there.
    """
    some = chars[:: max(1, len(chars) // _CHECKED)]
    for number, axis in enumerate(face.axes):
        for value in (axis.minimum, axis.maximum):
            try:
                font.set(PX, _point(face.axes, number, value))
                blank = [c for c in some if not font.draw(c)[0].any()]
            except InputError as error:
                raise BadFontError(f"can't be drawn at {axis.tag}={value:g}: {error}") from error
            if blank:
                raise BadFontError(f"U+{ord(blank[0]):04X} has no ink at {axis.tag}={value:g}")


def crossed(font: OpenFace, face: ProvedFace, drawings: Mapping[str, Drawing]) -> dict[str, str]:
    """Return the characters whose contours change places along an axis, each with the reason.

    Two masters that list a glyph's contours in different orders both draw it well, and all between
    them draw it wrong: its parts run through one another (fontTools' ``varLib.interpolatable``
    looks for the same in masters). So both ends are compared, and nothing between is drawn.

    Args:
        font: The face.
        face: What its tables say.
        drawings: How it draws each character at its default.

    Raises:
        BadFontError: A character can't be loaded at an end of an axis.
    """
    several = [char for char, drawing in drawings.items() if drawing.contours >= _SEVERAL]
    found: dict[str, str] = {}
    for number, axis in enumerate(face.axes):
        low, high = (_point(face.axes, number, end) for end in (axis.minimum, axis.maximum))
        try:
            one = [_places(font.outline(char, low)) for char in several]
            other = [_places(font.outline(char, high)) for char in several]
        except InputError as error:
            raise BadFontError(f"can't be drawn along {axis.tag}: {error}") from error
        for char, here, there in zip(several, one, other, strict=True):
            if here.shape == there.shape and np.abs(here - there).max() > _FAR:
                ends = f"{axis.tag}={axis.minimum:g} and {axis.maximum:g}"
                found.setdefault(char, f"its parts change places between {ends}")
    return found


def _point(axes: Sequence[Axis], number: int, value: float) -> list[float]:
    point = [axis.default for axis in axes]
    point[number] = value
    return point


def _places(outline: Outline) -> npt.NDArray[np.float32]:
    """Where the middle of each contour's box lies in the glyph's, (contours, 2), in 0..1."""
    starts = np.concatenate(([0], outline.ends[:-1] + 1))
    low = np.minimum.reduceat(outline.points, starts)
    high = np.maximum.reduceat(outline.points, starts)
    corner = low.min(axis=0)
    size = np.maximum(high.max(axis=0) - corner, 1)
    return np.asarray(((low + high) / 2 - corner) / size, np.float32)
