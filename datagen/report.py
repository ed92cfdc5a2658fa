"""Pictures of a dataset: contact sheets by split, one row a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from datagen import shards
from datagen.atomic import atomic_file
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.manifest import SPLITS
from datagen.verify import open_dataset

Gray = NDArray[np.uint8]

_LABEL = 64  # pixels, for the code point beside a row
_GAP = 2  # pixels between pictures


@dataclass(frozen=True)
class Reported:
    """What a report made.

    Attributes:
        files: Contact sheets, one a split.
    """

    files: tuple[Path, ...]


def report(folder: Path, out: Path | None = None, columns: int = 24) -> Reported:
    """Write a contact sheet of each split as PNG: one row a class, samples spread over the split.

    Args:
        folder: The dataset.
        out: Folder to write to; None for `report` beside the dataset's shards.
        columns: Samples a class.

    Raises:
        InputError: The folder is no dataset, or a shard is damaged.
    """
    resolved, table, listed = open_dataset(folder)
    out = folder / "report" if out is None else out
    files = []
    for split in SPLITS:
        rows: list[list[Gray]] = [[] for _ in table]
        for shard in (s for s in listed if s.split == split):
            for record in shards.read(folder / shard.file, resolved.size):
                if not 0 <= record.label < len(table):
                    raise InputError(f"{folder / shard.file}: label {record.label} is no class")
                if len(rows[record.label]) < columns:
                    rows[record.label].append(record.image)
        if any(rows):
            path = out / f"contact-{split}.png"
            with atomic_file(path) as file:
                contact_sheet(rows, table, resolved.size, columns).save(file, "PNG")
            files.append(path)
    return Reported(tuple(files))


def contact_sheet(
    rows: Sequence[Sequence[Gray]], table: CharacterTable, size: int, columns: int
) -> Image.Image:
    """Lay pictures out, one row a class, the code point beside it.

    Args:
        rows: For each label, uint8 pictures of shape (size, size).
        table: The classes.
        size: Edge of a picture in pixels.
        columns: Pictures a row at most.
    """
    cell = size + _GAP
    halves = 2 if len(rows) > 40 else 1  # two columns of classes: a sheet that fits a screen
    height = -(-len(rows) // halves)
    width = _LABEL + columns * cell
    sheet = Image.new("L", (width * halves, height * cell), 24)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for label, pictures in enumerate(rows):
        left, top = width * (label // height), cell * (label % height)
        pen.text((left + 6, top + cell / 2), table[label].codepoint, 200, font, "lm")
        for column, picture in enumerate(pictures[:columns]):
            sheet.paste(Image.fromarray(picture), (left + _LABEL + column * cell, top))
    return sheet
