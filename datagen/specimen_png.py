"""Specimens as PNG: pictures of a strip alone, and sheets of many families."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from datagen.characters import CharacterTable
from datagen.specimen_glyphs import HEIGHT, NONE, SCALE, SOME, WIDTH, Strip

ROWS = 150  # families on a sheet; more become another sheet
ACROSS = 100  # classes side by side; more go on below
_NAMES = 250  # pixels, for the name of the family
_NARROWEST = 640  # pixels, so that the title has room
_HEAD = 44  # pixels, for the title and the code points
_GRAYS = 13  # ink levels: with the colours of the marks 16, so 4 bits a pixel
_AMBER, _PINK, _RED = 13, 14, 15  # places of those colours in the palette
_MARKS = ((255, 226, 160), (255, 208, 208), (205, 0, 0))
_SOFT, _RULE = 150, 60  # ink of lesser words and of rules
_LEGEND = "crossed: rejected in every face · amber: rejected in some faces"


def ink_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return ink (uint8, 255 is full) as a PNG of black on white, 16 grays."""
    image = Image.fromarray(15 - _levels(pixels, 16))
    image.putpalette([value * 17 for value in range(16) for _ in range(3)])
    return _png(image)


def sheets(strips: Sequence[Strip], characters: CharacterTable) -> Iterator[bytes]:
    """Yield PNG files with a row for each family and a column for each class."""
    for first in range(0, len(strips), ROWS):
        yield _sheet(strips[first : first + ROWS], characters, (first, len(strips)))


def _sheet(strips: Sequence[Strip], characters: CharacterTable, part: tuple[int, int]) -> bytes:
    columns = min(len(characters), ACROSS)
    lines = -(-len(characters) // ACROSS)
    height = _HEAD + len(strips) * lines * HEIGHT
    width = max(_NAMES + columns * WIDTH, _NARROWEST)
    words = Image.new("L", (width, height))
    _write(ImageDraw.Draw(words), strips, characters, lines, part)
    canvas = _levels(np.asarray(words), _GRAYS)
    for number, strip in enumerate(strips):
        cells = _marked(strip)
        for line in range(lines):
            some = cells[:, line * ACROSS * WIDTH : (line + 1) * ACROSS * WIDTH]
            top = _HEAD + (number * lines + line) * HEIGHT + 1  # below the rule
            place = canvas[top : top + HEIGHT - 1, _NAMES : _NAMES + some.shape[1]]
            place[:] = some[1:]
    image = Image.fromarray(canvas)
    grays = [255 - value * 255 // (_GRAYS - 1) for value in range(_GRAYS)]
    image.putpalette([*(g for g in grays for _ in range(3)), *(v for m in _MARKS for v in m)])
    return _png(image)


def _write(
    pen: ImageDraw.ImageDraw,
    strips: Sequence[Strip],
    characters: CharacterTable,
    lines: int,
    part: tuple[int, int],
) -> None:
    """Write all words as ink, 255 is full."""
    large, small = ImageFont.load_default(16), ImageFont.load_default(11)
    first, count = part
    shown = f"families {first + 1} to {first + len(strips)} of {count}, {len(characters)} classes"
    pen.text((8, 4), f"{shown} · {_LEGEND}", 255, small)
    for place, character in enumerate(list(characters)[:ACROSS]):
        middle = (_NAMES + (place + 0.5) * WIDTH, _HEAD - 10)
        pen.text(middle, character.codepoint[2:], _SOFT, small, "mm")
    for number, strip in enumerate(strips):
        top = _HEAD + number * lines * HEIGHT
        pen.line((0, top, max(_NAMES + ACROSS * WIDTH, _NARROWEST), top), _RULE)
        family = strip.family
        pen.text((8, top + 6), _short(family.family, large), 255, large)
        faces = f"{len(family.faces)} face{'s' if len(family.faces) != 1 else ''}"
        about = f"{family.style} · {faces} · {family.usable} usable · {family.license}"
        pen.text((8, top + 28), _short(about, small), _SOFT, small)


def _short(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while font.getlength(name) > _NAMES - 16:
        name = name.removesuffix("…")[:-1] + "…"
    return name


def _marked(strip: Strip) -> npt.NDArray[np.uint8]:
    """Return the strip in palette colours, its rejected cells tinted and crossed."""
    rows, columns = strip.pixels.shape
    dots = strip.pixels.reshape(rows // SCALE, SCALE, columns // SCALE, SCALE)
    cells = _levels(dots.mean(axis=(1, 3)), _GRAYS)
    for place in np.flatnonzero(strip.verdicts):
        cell = cells[1:-1, place * WIDTH + 1 : (place + 1) * WIDTH - 1]
        cell[cell == 0] = _AMBER if strip.verdicts[place] == SOME else _PINK
        if strip.verdicts[place] == NONE:
            rows = np.arange(cell.shape[0])
            across = rows * (cell.shape[1] - 1) // (cell.shape[0] - 1)
            cell[rows, across] = cell[rows, cell.shape[1] - 1 - across] = _RED
    return cells


def _levels(pixels: npt.NDArray[Any], count: int) -> npt.NDArray[np.uint8]:
    return np.rint(pixels * ((count - 1) / 255)).astype(np.uint8)


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG", bits=4, optimize=False)
    return data.getvalue()
