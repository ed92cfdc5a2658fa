"""FreeType itself, for drawing many glyphs: unhinted outlines at any size and axis position.

Pillow draws hinted glyphs, which is right for text on a screen and wrong here: hinting pulls
strokes to the pixels of one size, and a variable font runs its hinting program anew at each point
of its axes. Measured over the catalogue at random axes: Pillow 355 µs a glyph, this 19 µs.
"""

import ctypes
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

import freetype
import numpy as np
from freetype import raw
from numpy.typing import NDArray

from datagen.errors import InputError
from datagen.outlines import Outline, Slot

Gray = NDArray[np.uint8]

OPEN_FACES = 1024  # FreeType maps a file, it keeps no descriptor; about 100 KB each
_LOAD = freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP | freetype.FT_LOAD_RENDER
_LOAD_OUTLINE = freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP
OUTLINE_PX = 256  # pixels an em, at which outlines are loaded before they are scaled
_EMPTY = np.zeros((0, 0), np.uint8)


class OpenFace:
    """A face of a font file, ready to draw.

    Args:
        path: Font file.
        index: Number of the face in it.

    Raises:
        InputError: FreeType can't open it.
    """

    def __init__(self, path: str, index: int) -> None:
        try:
            if Path(path).suffix.lower() in (".woff", ".woff2"):
                self._face = freetype.Face.from_bytes(_unpacked(path), index)
            else:
                self._face = freetype.Face(path, index)
        except (freetype.FT_Exception, OSError) as error:
            raise InputError(
                f"{path}: the font can't be opened ({error}); audit the fonts again"
            ) from error
        self._path = path
        self._handle = self._face._FT_Face
        self._px = 0
        self._axes: tuple[float, ...] | None = None
        self._slot = Slot(self._handle)
        self._static: dict[str, Outline] = {}

    def outline(self, char: str, axes: Sequence[float]) -> Outline:
        """Load the outline of a character at 256 px an em.

        Args:
            char: The character.
            axes: A value for each variable axis; none for a static face.

        Raises:
            InputError: FreeType can't load it.
        """
        if not axes and char in self._static:
            return self._static[char]
        self.set(OUTLINE_PX, axes)
        self._check(raw.FT_Load_Char(self._handle, ord(char), _LOAD_OUTLINE), char)
        outline = self._slot.copy()
        if not axes:
            self._static[char] = outline
        return outline

    @property
    def contours(self) -> int:
        """How many contours the glyph has that was drawn last."""
        return self._slot.contours

    def has(self, char: str) -> bool:
        """Whether the face has a glyph for a character."""
        return bool(raw.FT_Get_Char_Index(self._handle, ord(char)))

    def _check(self, problem: int, char: str) -> None:
        if problem:
            raise InputError(
                f"{self._path}: U+{ord(char):04X} can't be drawn at {self._px} px (FreeType error "
                f"{problem}); audit the fonts again, the file may have changed"
            )

    def set(self, px: int, axes: Sequence[float]) -> None:
        """Choose the size in pixels an em, and a value for each variable axis.

        Raises:
            InputError: The face can't be set so.
        """
        try:
            if px != self._px:
                self._face.set_pixel_sizes(0, px)
                self._px = px
            if axes and tuple(axes) != self._axes:
                self._face.set_var_design_coords(axes)
                self._axes = tuple(axes)
        except freetype.FT_Exception as error:
            raise InputError(f"{self._path}: can't be set to {px} px, {axes} ({error})") from error

    def draw(self, char: str) -> tuple[Gray, int, int]:
        """Draw a character at the size and axes chosen before.

        Returns:
            uint8 gray, shape (height, width), 255 is full ink; the column of its left edge right
            of the pen; the row of its upper edge below the base line, negative above it.

        Raises:
            InputError: FreeType can't draw it.
        """
        self._check(raw.FT_Load_Char(self._handle, ord(char), _LOAD), char)
        slot = self._handle.contents.glyph.contents
        bitmap = slot.bitmap
        rows, width, pitch = bitmap.rows, bitmap.width, bitmap.pitch
        if rows == 0 or width == 0:
            return _EMPTY, 0, 0
        data = ctypes.string_at(bitmap.buffer, rows * pitch)
        ink = np.frombuffer(data, np.uint8).reshape(rows, pitch)[:, :width]
        return ink, slot.bitmap_left, -slot.bitmap_top


def version() -> str:
    """Return the version of FreeType that draws, such as ``2.13.2``."""
    return ".".join(map(str, freetype.version()))


@functools.lru_cache(maxsize=OPEN_FACES)
def open_face(path: str, index: int, sha256: str = "") -> OpenFace:
    """Open a face once in a process.

    Args:
        path: Font file.
        index: Number of the face in it.
        sha256: What the file had when it was audited; empty where that doesn't matter.

    Raises:
        InputError: It can't be read, FreeType can't open it, or it has changed since.
    """
    if sha256:
        _prove(path, sha256)
    return OpenFace(path, index)


def _prove(path: str, sha256: str) -> None:
    try:
        same = hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
    except OSError as error:
        raise InputError(
            f"{path}: the font can't be read any more ({error.strerror}); put it back and run the "
            "same command again"
        ) from error
    if not same:
        raise InputError(
            f"{path}: the font has changed since it was audited; put it back and run the same "
            "command again, or begin anew in another folder"
        )


def _unpacked(path: str) -> bytes:
    """Unpack WOFF and WOFF2, which FreeType reads only where it was built with their codecs."""
    import io

    from fontTools.ttLib import TTFont, TTLibError

    data = io.BytesIO()
    try:
        font = TTFont(path)
        font.flavor = None
        font.save(data, reorderTables=False)
    except TTLibError as error:
        raise InputError(f"{path}: the font can't be unpacked ({error})") from error
    return data.getvalue()
