"""Many small pictures laid into one PNG file, and where in it each lies."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from datagen.characters import CharacterTable
from datagen.report_reasons import Example

Gray = NDArray[np.uint8]

GAP = 2  # pixels between pictures
LARGE = 56  # pixels, that an example is enlarged to at least
_PAPER = 24  # gray level around the pictures
_CODE = 64  # pixels, for the code point beside a row
_CAPTION = 14  # pixels, for the code point below an example
_ACROSS = 8  # examples side by side
_LEVELS = 16  # gray levels of a sheet: half the bytes of 256, and no eye tells them apart
_INK = 200  # gray level of words


@dataclass(frozen=True)
class Sheet:
    """A PNG file of many pictures.

    Attributes:
        png: The file.
        cell: Width and height of a picture with the gap after it, in pixels.
        places: Left and top of each picture or row of pictures, in pixels.
    """

    png: bytes
    cell: tuple[int, int]
    places: tuple[tuple[int, int], ...]


def examples_sheet(examples: Sequence[Example]) -> Sheet:
    """Lay examples out, enlarged by a whole number, the code point of each below it.

    Where any of them repeats another picture, that one stands on its right.

    Args:
        examples: At least one, all of one size.
    """
    size = examples[0].pixels.shape[0]
    times = -(-LARGE // size)
    pair = any(example.twin is not None for example in examples)
    edge = size * times
    width = edge * (2 if pair else 1) + GAP
    height = edge + _CAPTION + GAP
    rows = -(-len(examples) // _ACROSS)
    sheet = Image.new("L", (min(len(examples), _ACROSS) * width, rows * height), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    places = []
    for number, example in enumerate(examples):
        left, top = number % _ACROSS * width, number // _ACROSS * height
        for place, picture in enumerate((example.pixels, example.twin)):
            if picture is not None:
                large = picture.repeat(times, 0).repeat(times, 1)
                sheet.paste(Image.fromarray(large), (left + place * edge, top))
        middle = (left + (width - GAP) / 2, top + edge + _CAPTION / 2)
        pen.text(middle, example.of.codepoint or "no class", _INK, font, "mm")
        places.append((left, top))
    return Sheet(_png(sheet), (width, edge + GAP), tuple(places))


def contact_sheet(
    rows: Sequence[Sequence[Sequence[Gray]]], table: CharacterTable, size: int, columns: int
) -> Sheet:
    """Lay pictures out, one row a class, the code point beside it.

    Args:
        rows: For each label, parts of a row, such as real and drawn: uint8 pictures (size, size).
        table: The classes.
        size: Edge of a picture in pixels.
        columns: Pictures of a part at most.

    Returns:
        The sheet; its places are those of the parts, row by row.
    """
    cell = size + GAP
    parts = max((len(row) for row in rows), default=1)
    halves = 2 if len(rows) > 40 else 1  # two columns of classes: a sheet that fits a screen
    height = -(-len(rows) // halves)
    width = _CODE + parts * columns * cell
    sheet = Image.new("L", (width * halves, height * cell), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    places = []
    for label, row in enumerate(rows):
        left, top = width * (label // height), cell * (label % height)
        pen.text((left + 6, top + cell / 2), table[label].codepoint, _INK, font, "lm")
        for number, part in enumerate(row):
            start = left + _CODE + number * columns * cell
            places.append((start, top))
            for column, picture in enumerate(part[:columns]):
                sheet.paste(Image.fromarray(picture), (start + column * cell, top))
    return Sheet(_png(sheet), (cell, cell), tuple(places))


def _png(image: Image.Image) -> bytes:
    step = 255 // (_LEVELS - 1)
    levels = (np.asarray(image, np.uint16) + step // 2) // step
    small = Image.fromarray(levels.astype(np.uint8))
    small.putpalette([value * step for value in range(_LEVELS) for _ in range(3)])
    data = io.BytesIO()
    small.save(data, "PNG", bits=4)
    return data.getvalue()
