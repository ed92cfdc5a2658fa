"""What every export reads: the shards of a dataset, proved, each record beside its manifest row."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen import tables, tfrecord
from datagen.characters import CharacterTable
from datagen.console import Advance
from datagen.errors import InputError, UsageError, nearest
from datagen.manifest import COLUMNS, SPLITS, Sample
from datagen.recipe import Recipe
from datagen.shards import Finished, Shard
from datagen.verify import open_dataset


@dataclass(frozen=True, slots=True)
class Part:
    """A shard of a dataset and what its table of shards says of it."""

    shard: Shard
    listed: Finished


@dataclass(frozen=True)
class Opened:
    """A dataset, or some of its splits.

    Attributes:
        folder: Where it lies.
        recipe: The recipe that it was built from.
        characters: Its classes.
        parts: Shards of the chosen splits, train first.
    """

    folder: Path
    recipe: Recipe
    characters: CharacterTable
    parts: tuple[Part, ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """The chosen splits that have shards."""
        return tuple(s for s in SPLITS if any(part.shard.split == s for part in self.parts))

    @property
    def listed(self) -> list[Finished]:
        """What is known of each chosen shard."""
        return [part.listed for part in self.parts]

    @property
    def records(self) -> dict[str, int]:
        """Records by split."""
        return {s: sum(d.records for d in self.listed if d.split == s) for s in self.splits}

    def samples(self, part: Part) -> Iterator[tuple[Sample, NDArray[np.uint8]]]:
        """Yield each record of a shard: its manifest row and its pixels, shape (size, size).

        Raises:
            InputError: The shard is not the one that was built, or disagrees with its manifest.
        """
        data = self.content(part)
        path = self.folder / part.shard.manifest
        table = tables.read(path, self.characters)
        if len(table) != part.listed.records:
            raise InputError(f"{path}: has {len(table)} rows instead of {part.listed.records}")
        rows = table[list(COLUMNS)].itertuples(index=False, name=None)
        size = self.recipe.size
        frames = tfrecord.read_frames(data, part.listed.file)
        for number, (row, payload) in enumerate(zip(rows, frames, strict=True), 2):
            sample = Sample(*row)
            pixels = tfrecord.image_of(payload, size**2, sample.label, sample.id, sample.source)
            if pixels is None:
                raise InputError(f"{path}: row {number} is not that of its record")
            yield sample, np.frombuffer(pixels, np.uint8).reshape(size, size)

    def content(self, part: Part) -> bytes:
        """Return the bytes of a shard's file.

        Raises:
            InputError: It can't be read, or isn't the file that was built.
        """
        path = self.folder / part.listed.file
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: the shard can't be read ({error.strerror})") from error
        if hashlib.sha256(data).hexdigest() != part.listed.sha256:
            raise InputError(
                f"{path}: its sha256 is not the one in manifests/shards.csv; get the file again "
                "or build it anew"
            )
        return data


@dataclass(frozen=True, slots=True)
class Unit:
    """What is written in one go: a shard, or a whole split.

    Attributes:
        name: ``train-00000-of-00008``, or ``train``.
        split: Its split.
        index: Its number among the units of the split, from 0.
        parts: The shards whose records it holds, in order.
    """

    name: str
    split: str
    index: int
    parts: tuple[Part, ...]

    @property
    def records(self) -> int:
        """Number of records."""
        return sum(part.listed.records for part in self.parts)


class Format(Protocol):
    """A format that a dataset can be written in; made from the dataset."""

    def folder(self, out: Path) -> Path:
        """Return the folder that is filled: `out` or one in it."""

    def units(self) -> Sequence[Unit]:
        """Return what has to be written, in order."""

    def write(self, unit: Unit, folder: Path, advance: Advance) -> Sequence[str]:
        """Write the files of a unit, each whole or not at all; returns their paths in `folder`."""

    def finish(self, folder: Path) -> str:
        """Write what belongs to no unit; returns a line of code or words: how it is opened."""


def open_splits(folder: Path, splits: Sequence[str] = ()) -> Opened:
    """Open a dataset to be exported.

    Args:
        folder: The dataset.
        splits: Splits to take; all where none is named.

    Raises:
        UsageError: There is no such split.
        InputError: The folder is no finished dataset, or its table of shards is wrong.
    """
    for split in splits:
        if split not in SPLITS:
            raise UsageError(
                f"split {split!r} is not one of {', '.join(SPLITS)}{nearest(split, list(SPLITS))}"
            )
    resolved, table, listed = open_dataset(folder)
    parts = []
    for split in SPLITS:
        rows = [row for row in listed if row.split == split]
        for index, row in enumerate(rows):
            shard = Shard(resolved.name, split, index, len(rows))
            if shard.file != row.file:
                raise InputError(
                    f"{folder / 'manifests/shards.csv'}: {row.file!r} stands where {shard.file} is"
                )
            if not splits or split in splits:
                parts.append(Part(shard, row))
    if not parts:
        raise InputError(f"{folder}: has no records in {', '.join(splits) or 'any split'}")
    return Opened(folder, resolved, table, tuple(parts))


def by_shard(opened: Opened) -> list[Unit]:
    """Return a unit a shard."""
    return [
        Unit(f"{p.shard.split}-{p.shard.suffix}", p.shard.split, p.shard.index, (p,))
        for p in opened.parts
    ]


def by_split(opened: Opened) -> list[Unit]:
    """Return a unit a split."""
    return [
        Unit(split, split, 0, tuple(p for p in opened.parts if p.shard.split == split))
        for split in opened.splits
    ]


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels, uint8 of shape (height, width), as a PNG file's bytes.

    Raises:
        InputError: They can't be encoded.
    """
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise InputError(f"a picture of {pixels.shape} pixels can't be encoded as PNG")
    return data.tobytes()


Writer = Callable[[Opened], Format]
