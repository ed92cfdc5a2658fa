"""Look at every real picture once: read it, frame it, hash it.

The framed pixels go to one file beside the dataset in the making, so that later steps read them by
number instead of decoding again, from any process, without holding them in memory.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.atomic import atomic_file
from datagen.characters import CharacterTable
from datagen.console import progress
from datagen.errors import InputError
from datagen.executor import Executor
from datagen.frame import FrameError, Mode, frame
from datagen.manifest import Rejected
from datagen.seeds import content64, digest64
from datagen.sources import Chunk, Row, Source, Unreadable

FREE, TRAIN, TEST = 0, 1, 2  # what the publisher says of a picture's split


@dataclass
class Pictures:
    """Every usable real picture: one entry a picture in each column.

    Attributes:
        names: Names of the sources.
        source: uint8, index into `names`.
        label: int16, the class.
        id: uint64, hash of the picture's bytes and of its number among exact copies.
        picture: uint64, the first 64 bits of the SHA-256 of the framed pixels.
        group: uint64, what must not cross splits.
        fixed: uint8, `FREE`, `TRAIN` or `TEST`.
        origins: Where each picture comes from.
        group_names: Names of those groups that have one, such as writers.
        rejected: What was left out, and why.
    """

    names: list[str]
    source: NDArray[np.uint8]
    label: NDArray[np.int16]
    id: NDArray[np.uint64]
    picture: NDArray[np.uint64]
    group: NDArray[np.uint64]
    fixed: NDArray[np.uint8]
    origins: list[str]
    group_names: dict[int, str] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.origins)


@dataclass(frozen=True, slots=True)
class _Task:
    chunk: Chunk
    size: int
    mode: Mode


@dataclass(frozen=True, slots=True)
class _Framed:
    """Result of one chunk: hashes and pixels of the good rows, reasons of the others."""

    good: list[int]
    content: list[int]
    picture: list[int]
    pixels: bytes
    reasons: dict[int, tuple[str, str]]


def _frame_chunk(task: _Task) -> _Framed:
    framed = _Framed([], [], [], b"", {})
    pixels = []
    for number, (row, found) in enumerate(zip(task.chunk.rows, task.chunk.load(), strict=True)):
        if row.label < 0:
            framed.reasons[number] = ("index", row.reason)
        elif isinstance(found, Unreadable):
            framed.reasons[number] = ("index", found.reason)
        else:
            try:
                data = frame(found.pixels, task.size, task.mode).tobytes()
            except FrameError as error:
                framed.reasons[number] = ("frame", str(error))
                continue
            framed.good.append(number)
            framed.content.append(content64(found.content))
            framed.picture.append(int.from_bytes(hashlib.sha256(data).digest()[:8], "big"))
            pixels.append(data)
    return _Framed(framed.good, framed.content, framed.picture, b"".join(pixels), framed.reasons)


class _Columns:
    """Columns that grow chunk by chunk."""

    def __init__(self) -> None:
        self.source: list[NDArray[np.uint8]] = []
        self.label: list[NDArray[np.int16]] = []
        self.content: list[NDArray[np.uint64]] = []
        self.picture: list[NDArray[np.uint64]] = []
        self.fixed: list[NDArray[np.uint8]] = []
        self.origins: list[str] = []
        self.groups: dict[int, int] = {}
        self.group_names: dict[int, str] = {}
        self.rejected: list[Rejected] = []

    def add(
        self, name: str, index: int, rows: list[Row], framed: _Framed, codes: list[str]
    ) -> None:
        good = [rows[number] for number in framed.good]
        for offset, row in enumerate(good, start=len(self.origins)):
            if row.group:
                key = digest64("group", name, row.group)
                self.groups[offset] = key
                self.group_names[key] = f"{name}/{row.group}"
        fixed = {"": FREE, "train": TRAIN, "test": TEST}
        self.source.append(np.full(len(good), index, np.uint8))
        self.label.append(np.array([row.label for row in good], np.int16))
        self.content.append(np.array(framed.content, np.uint64))
        self.picture.append(np.array(framed.picture, np.uint64))
        self.fixed.append(np.array([fixed[row.split] for row in good], np.uint8))
        self.origins += [row.origin for row in good]
        for number, (stage, reason) in framed.reasons.items():
            row = rows[number]
            code = codes[row.label] if row.label >= 0 else ""
            self.rejected.append(Rejected(stage, name, code, row.origin, reason))


def survey(
    sources: Mapping[str, Source],
    characters: CharacterTable,
    size: int,
    mode: Mode,
    pixels: Path,
    workers: int = 1,
) -> Pictures:
    """Read and frame every picture of some sources.

    Args:
        sources: Opened sources by name.
        characters: The classes.
        size: Edge of the frame in pixels.
        mode: ``tight`` or ``em``.
        pixels: File to write the framed pixels to: uint8, `size` × `size` a picture, in the order
            of the returned columns.
        workers: Number of processes.

    Raises:
        InputError: A source is broken as a whole.
    """
    columns = _Columns()
    codes = [c.codepoint for c in characters]
    with (
        atomic_file(pixels, durable=False) as file,
        Executor(_frame_chunk, workers) as executor,
        progress("reading pictures", None, "pictures") as advance,
    ):
        for index, (name, source) in enumerate(sources.items()):
            for task, framed in executor.run(_tasks(source, size, mode)):
                columns.add(name, index, list(task.chunk.rows), framed, codes)
                file.write(framed.pixels)
                advance(len(task.chunk.rows))
    return _finish(list(sources), columns)


def _tasks(source: Source, size: int, mode: Mode) -> Iterator[_Task]:
    for chunk in source.index():
        yield _Task(chunk, size, mode)


def _finish(names: list[str], columns: _Columns) -> Pictures:
    def joined(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)

    picture = joined(columns.picture)
    group = picture.copy()
    for row, key in columns.groups.items():
        group[row] = key
    return Pictures(
        names=names,
        source=joined(columns.source).astype(np.uint8),  # type: ignore[arg-type]
        label=joined(columns.label).astype(np.int16),  # type: ignore[arg-type]
        id=_ids(joined(columns.content)),
        picture=picture,
        group=group,
        fixed=joined(columns.fixed).astype(np.uint8),  # type: ignore[arg-type]
        origins=columns.origins,
        group_names=columns.group_names,
        rejected=columns.rejected,
    )


def _ids(content: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Number exact copies, so that every picture has an id of its own."""
    order = np.argsort(content, kind="stable")
    sorted_content = content[order]
    starts = np.flatnonzero(np.r_[True, sorted_content[1:] != sorted_content[:-1]])
    lengths = np.diff(np.r_[starts, len(content)])
    copy = np.arange(len(content)) - np.repeat(starts, lengths)
    ids = content.copy()
    for position in np.flatnonzero(copy):
        row = order[position]
        ids[row] = digest64("copy", int(content[row]), int(copy[position]))
    if len(np.unique(ids)) != len(ids):
        raise InputError("two different pictures have the same id; please report this")
    return ids
