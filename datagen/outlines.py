"""Outlines of glyphs as FreeType loads them, and points as pixels, filled by FreeType."""

import ctypes
import functools
import math
from typing import Any, NamedTuple

import freetype
import numpy as np
from freetype import raw
from numpy.typing import NDArray

from datagen.errors import InputError
from datagen.shapes import Points, Shapes

Gray = NDArray[np.uint8]

_LIBRARY = freetype.get_handle()
_POSITION = np.dtype(raw.FT_Pos)
_ENDS = np.dtype(np.int16)
_UNIT = 64.0  # FreeType's units a pixel
_BLOCK = 4096  # points
_STRUCT = raw.FT_Outline


class Outline(NamedTuple):
    """The points of a glyph.

    Attributes:
        points: float32, shape (n, 2), 64 a pixel, y upwards.
        tags: uint8, shape (n,), FreeType's: bit 0 says that a point is on the curve.
        ends: int64, the last point of each contour, or of each line of a pen.
        gap: Least distance between strokes that do not meet, as a share of the glyph's longer side.
    """

    points: Points
    tags: NDArray[np.uint8]
    ends: NDArray[np.int64]
    gap: float = math.inf


class Slot:
    """Where FreeType keeps the outline that a face loaded last.

    Args:
        face: Handle of the face.
    """

    def __init__(self, face: Any) -> None:
        self._outline = face.contents.glyph.contents.outline
        start = ctypes.addressof(self._outline)
        places = (_STRUCT.points.offset, _STRUCT.tags.offset, _STRUCT.contours.offset)
        self._points, self._tags, self._ends = (
            ctypes.c_void_p.from_address(start + place) for place in places
        )

    @property
    def contours(self) -> int:
        """How many contours the outline has."""
        return int(self._outline.n_contours)

    def copy(self) -> Outline:
        """Copy the outline; one without points becomes a single point that fills nothing."""
        count, contours = self._outline.n_points, self._outline.n_contours
        if not count or not contours:
            return _nothing()
        places = ctypes.string_at(self._points.value or 0, count * 2 * _POSITION.itemsize)
        tags = ctypes.string_at(self._tags.value or 0, count)
        ends = ctypes.string_at(self._ends.value or 0, contours * _ENDS.itemsize)
        points = np.frombuffer(places, _POSITION).astype(np.float32).reshape(count, 2)
        return Outline(
            points, np.frombuffer(tags, np.uint8), np.frombuffer(ends, _ENDS).astype(np.int64)
        )


@functools.cache
def _nothing() -> Outline:
    return Outline(np.zeros((1, 2), np.float32), np.zeros(1, np.uint8), np.zeros(1, np.int64))


class Sheets:
    """Square pictures in memory that FreeType draws into.

    Args:
        count: How many.
        edge: The edge of each in pixels.

    Attributes:
        pixels: uint8, shape (count, edge, edge).
    """

    def __init__(self, count: int, edge: int) -> None:
        self.pixels: Gray = np.zeros((count, edge, edge), np.uint8)
        start = self.pixels.ctypes.data
        self._bitmaps = [_bitmap(start + i * edge * edge, edge) for i in range(count)]
        self._references: list[Any] = [ctypes.byref(bitmap) for bitmap in self._bitmaps]
        self._edge = edge
        self._room = 0
        self._outline = _STRUCT()
        self._handle = ctypes.byref(self._outline)
        self._reserve(_BLOCK)

    def fill(self, shapes: Shapes) -> None:
        """Fill the outlines among shapes, each on its sheet, over what is there.

        Args:
            shapes: At most as many as there are sheets, in pixels from the middle.

        Raises:
            InputError: FreeType can't.
        """
        strength = np.rint(shapes.grow * np.float32(_UNIT)).astype(np.int64)
        units = np.rint(shapes.points * np.array([_UNIT, -_UNIT], np.float32)).astype(_POSITION)
        units += round(self._edge * _UNIT / 2)
        units -= (strength // 2)[shapes.owner][:, None]  # FreeType widens to the right and upwards
        first_end = np.searchsorted(shapes.ends, shapes.starts)
        starts = np.append(shapes.starts, len(units)).tolist()
        turns = np.append(first_end, len(shapes.ends)).tolist()
        own = shapes.ends - np.repeat(shapes.starts, np.diff(turns))
        ends = own.astype(_ENDS)
        places = units.ctypes.data, shapes.tags.ctypes.data, ends.ctypes.data
        for row in np.flatnonzero(~shapes.pen).tolist():
            begin, turn = starts[row], turns[row]
            points, contours = starts[row + 1] - begin, turns[row + 1] - turn
            self._take(places, begin, points, turn, contours)
            self._draw(row, int(strength[row]))

    def _take(
        self, places: tuple[int, int, int], begin: int, points: int, turn: int, contours: int
    ) -> None:
        if points > self._room:
            self._reserve(points)
        size = 2 * _POSITION.itemsize
        memory = self._memory
        ctypes.memmove(memory[0], places[0] + begin * size, points * size)
        ctypes.memmove(memory[1], places[1] + begin, points)
        ctypes.memmove(memory[2], places[2] + turn * _ENDS.itemsize, contours * _ENDS.itemsize)
        self._outline.n_points, self._outline.n_contours = points, contours

    def _draw(self, row: int, strength: int) -> None:
        problem = raw.FT_Outline_EmboldenXY(self._handle, strength, strength) if strength else 0
        problem = problem or raw.FT_Outline_Get_Bitmap(
            _LIBRARY, self._handle, self._references[row]
        )
        if problem:
            raise InputError(f"an outline can't be drawn (FreeType error {problem})")

    def _reserve(self, points: int) -> None:
        """Make room for an outline of so many points."""
        self._room = -(-points // _BLOCK) * _BLOCK
        kept = (
            (raw.FT_Vector * self._room)(),
            (ctypes.c_ubyte * self._room)(),
            (ctypes.c_short * self._room)(),
        )
        outline = self._outline
        outline.points, outline.tags, outline.contours = (
            ctypes.cast(each, kind)
            for each, kind in zip(
                kept,
                (type(outline.points), type(outline.tags), type(outline.contours)),
                strict=True,
            )
        )
        self._kept = kept  # or the memory would be freed
        self._memory = tuple(map(ctypes.addressof, kept))


def _bitmap(address: int, edge: int) -> Any:
    pixels = ctypes.cast(address, ctypes.POINTER(ctypes.c_ubyte))
    return raw.FT_Bitmap(edge, edge, edge, pixels, 256, freetype.FT_PIXEL_MODE_GRAY, 0, None)
