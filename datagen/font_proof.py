"""Prove that bytes are a font that can be drawn, before any rasteriser sees them.

Font folders collect things that only look like fonts: error pages saved as ``.ttf``, half a
download, pointers of large-file storage. Each is named for what it is.
"""

import io
import struct
from dataclasses import dataclass
from typing import Any

from datagen.glyphs import Axis

SFNT_MAGIC = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2")
OUTLINES = ("glyf", "CFF ", "CFF2")
# Platform and encoding of character maps of Unicode; (0, 5) holds variation sequences alone.
_UNICODE = {(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}
_SYMBOL = (3, 0)
MAX_FACES = 256  # in one collection; more means that the header is broken
_LOOKALIKES = (
    (b"PK\x03\x04", "it is a ZIP archive: unpack it first"),
    (b"version https://git-lfs", "it is a Git LFS pointer, not the font itself"),
    (b"%!PS", "it is a PostScript Type 1 font: convert it to OTF"),
    (b"\x80\x01", "it is a PostScript Type 1 font: convert it to OTF"),
    (b"\x00\x05\x16\x07", "it is a macOS resource fork, not the font itself"),
)


class BadFontError(ValueError):
    """The file or face can't be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class ProvedFace:
    """What the tables of a face say.

    Attributes:
        index: Number of the face in its file.
        family: Family name; empty where the face has none.
        axes: Variable axes.
    """

    index: int
    family: str
    axes: tuple[Axis, ...]


def count_faces(data: bytes) -> int:
    """Return how many faces a font file holds, judged by its first bytes.

    Raises:
        BadFontError: They are not a font's.
    """
    if not data:
        raise BadFontError("the file is empty")
    if data[:4] not in SFNT_MAGIC:
        raise BadFontError(_what_it_is(data))
    if data[:4] in (b"wOFF", b"wOF2") and int.from_bytes(data[8:12]) > len(data):
        raise BadFontError(f"truncated: {len(data)} of {int.from_bytes(data[8:12])} bytes")
    if data[:4] != b"ttcf":
        return 1
    count = int.from_bytes(data[8:12])
    if not 0 < count <= MAX_FACES:
        raise BadFontError(f"broken collection: its header tells of {count} faces")
    return count


def _what_it_is(data: bytes) -> str:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<") and (b"<html" in start or b"<!doctype html" in start):
        return "it is an HTML page, not a font"
    if start.startswith((b"<?xml", b"<svg", b"<!doctype")):
        return "it is an XML document, not a font"
    for magic, reason in _LOOKALIKES:
        if data.startswith(magic):
            return reason
    return f"not a font: it starts with {data[:4].hex(' ')}"


def prove_face(data: bytes, index: int) -> ProvedFace:
    """Read the tables of a face that the project relies on.

    Args:
        data: The whole font file.
        index: Number of the face in it.

    Raises:
        BadFontError: A table is missing, broken or cut off, or the face isn't for text.
    """
    from fontTools.ttLib import TTFont

    try:
        number = index if data[:4] == b"ttcf" else -1
        font = TTFont(io.BytesIO(data), fontNumber=number, lazy=True)
        _check_extent(font, len(data))
        _check_map(font.reader["cmap"])
        names = font.get("name")
        family = (names and (names.getDebugName(16) or names.getDebugName(1))) or ""
        axes = tuple(
            Axis(a.axisTag, a.minValue, a.defaultValue, a.maxValue)
            for a in (font["fvar"].axes if "fvar" in font else ())
        )
    except BadFontError:
        raise
    except Exception as error:  # fontTools meets broken bytes with exceptions of every kind
        raise BadFontError(f"broken font: {_brief(error)}") from error
    return ProvedFace(index, family.strip(), axes)


def _check_extent(font: Any, size: int) -> None:
    """Refuse a font whose directory promises more bytes than there are, or no outlines."""
    if not any(tag in font for tag in OUTLINES):
        raise BadFontError("it has no outlines, only bitmaps or tables of another kind")
    if font.flavor == "woff2":
        return  # its tables are one compressed stream, whose length the header gave
    for tag, entry in font.reader.tables.items():
        if entry.offset + entry.length > size:
            end = entry.offset + entry.length
            raise BadFontError(f"truncated: table {tag.strip()} ends at byte {end} of {size}")


def _check_map(table: bytes) -> None:
    """Refuse a font whose codes are no Unicode, by the header of its ``cmap`` table alone.

    Which characters it has, FreeType is asked one by one: to unpack whole maps would take longer
    than to draw the characters that are wanted.
    """
    count = int.from_bytes(table[2:4])
    kinds = [struct.unpack_from(">HH", table, 4 + 8 * number) for number in range(count)]
    if _UNICODE.isdisjoint(kinds):
        raise BadFontError(
            "symbol font: its codes don't stand for text"
            if _SYMBOL in kinds
            else "no Unicode character map"
        )


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())[:120]
    return f"{type(error).__name__} {text}".strip()
