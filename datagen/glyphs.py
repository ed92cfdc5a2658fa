"""Draw one character of one face at one point of the face's variable axes.

The outline comes from FreeType alone: a single character has nothing to kern and no ligature to
form, and a shaping engine would only add its own version to what a picture depends on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from datagen.errors import InputError
from datagen.raster import open_face


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
        ink: Gray picture of the outline's box, uint8 (height, width), 255 is full ink on 0.
        left: Column of the picture's left edge, in pixels right of the pen.
        top: Row of the picture's upper edge, in pixels below the base line (negative is above it).
        px: Size of the em, in pixels.
    """

    ink: npt.NDArray[np.uint8]
    left: int
    top: int
    px: int


def draw(face: Drawable, axes: Sequence[float], char: str, px: int) -> Glyph:
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
    font = open_face(face.path, face.index)
    # The open face is shared, so its axes are set anew for each character.
    font.set(px, axes or tuple(axis.default for axis in face.axes))
    return Glyph(*font.draw(char), px)


def sample_axes(face: Drawable, uniforms: Sequence[float]) -> tuple[float, ...]:
    """Return a point of the face's variable axes, each uniform over its whole range.

    Values fall on steps of a power of ten of at most a hundredth of the range (1 for a weight
    of 100 to 900), so that they read well in a manifest and come back from it as they were.

    Args:
        face: The face; a static one gives an empty tuple.
        uniforms: Numbers in [0, 1), at least one an axis.
    """
    return tuple(_value(axis, u) for axis, u in zip(face.axes, uniforms, strict=False))


def _value(axis: Axis, uniform: float) -> float:
    span = axis.maximum - axis.minimum
    if span <= 0:
        return axis.default
    digits = 2 - math.floor(math.log10(span))
    value = round(axis.minimum + uniform * span, max(digits, 0))
    return min(max(value, axis.minimum), axis.maximum)
