"""Look at every real picture once: read it, frame it, measure it, hash it.

The framed pixels go to one file beside the dataset in the making, so that later steps read them by
number instead of decoding again, from any process, without holding them in memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import frames
from datagen.atomic import atomic_file
from datagen.characters import CharacterTable
from datagen.console import progress
from datagen.errors import InputError
from datagen.executor import Executor
from datagen.frame import Mode
from datagen.frames import Framed, Frames
from datagen.manifest import Rejected
from datagen.measures import MEASURE
from datagen.seeds import digest64
from datagen.sources import Row, Source

FREE, TRAIN, TEST = 0, 1, 2  # what the publisher says of a picture's split


def _no_measures() -> NDArray[np.void]:
    return np.zeros(0, MEASURE)


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
        rejected_ids: For each of `rejected`, the hash of its bytes, or 0 where they are unknown.
        measures: dtype `MEASURE`, what framing throws away.
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
    rejected_ids: list[int] = field(default_factory=list)
    measures: NDArray[np.void] = field(default_factory=_no_measures)

    def __len__(self) -> int:
        return len(self.origins)


class _Columns:
    """Columns that grow chunk by chunk."""

    def __init__(self) -> None:
        self.source: list[NDArray[np.uint8]] = []
        self.label: list[NDArray[np.int16]] = []
        self.content: list[NDArray[np.uint64]] = []
        self.picture: list[NDArray[np.uint64]] = []
        self.fixed: list[NDArray[np.uint8]] = []
        self.measures: list[NDArray[np.void]] = [_no_measures()]
        self.origins: list[str] = []
        self.groups: dict[int, int] = {}
        self.group_names: dict[int, str] = {}
        self.rejected: list[Rejected] = []
        self.rejected_ids: list[int] = []

    def add(self, name: str, index: int, rows: list[Row], framed: Framed, codes: list[str]) -> None:
        good = [rows[number] for number in framed.good.tolist()]
        for offset, row in enumerate(good, start=len(self.origins)):
            if row.group:
                key = digest64("group", name, row.group)
                self.groups[offset] = key
                self.group_names[key] = f"{name}/{row.group}"
        fixed = {"": FREE, "train": TRAIN, "test": TEST}
        self.source.append(np.full(len(good), index, np.uint8))
        self.label.append(np.array([row.label for row in good], np.int16))
        self.content.append(framed.content)
        self.picture.append(framed.picture)
        self.measures.append(framed.measures)
        self.fixed.append(np.array([fixed[row.split] for row in good], np.uint8))
        self.origins += [row.origin for row in good]
        for number, stage, reason, content in framed.refused:
            row = rows[number]
            code = codes[row.label] if row.label >= 0 else ""
            self.rejected.append(Rejected(stage, name, code, row.origin, reason))
            self.rejected_ids.append(content)


def survey(
    sources: Mapping[str, Source],
    characters: CharacterTable,
    size: int,
    mode: Mode,
    pixels: Path,
    workers: int = 1,
    done: Path | None = None,
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
        done: Folder for what is done, chunk by chunk, so that a run that was stopped goes on; None
            to keep nothing. It must be empty or of the same sources.

    Raises:
        InputError: A source is broken as a whole.
    """
    columns = _Columns()
    codes = [c.codepoint for c in characters]
    with (
        atomic_file(pixels, durable=False) as file,
        Executor(frames.frame_chunk, workers, describe=_pictures) as executor,
        progress("reading pictures", None, "pictures") as advance,
    ):
        for index, (name, source) in enumerate(sources.items()):
            for task, framed in executor.run(_tasks(name, source, size, mode, done)):
                columns.add(name, index, list(task.chunk.rows), framed, codes)
                file.write(framed.pixels.tobytes())
                advance(len(task.chunk.rows))
    return _finish(list(sources), columns)


def _tasks(name: str, source: Source, size: int, mode: Mode, done: Path | None) -> Iterator[Frames]:
    for number, chunk in enumerate(source.index()):
        kept = None if done is None else done / f"{name}-{number:06d}.npz"
        yield Frames(chunk, size, mode, kept)


def _pictures(task: Frames) -> str:
    rows = task.chunk.rows
    return f"reading the {len(rows)} pictures from {rows[0].origin} to {rows[-1].origin}"


def _finish(names: list[str], columns: _Columns) -> Pictures:
    def joined(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)

    picture = joined(columns.picture)
    group = picture.copy()
    for row, key in columns.groups.items():
        group[row] = key
    source = joined(columns.source).astype(np.uint8)  # type: ignore[arg-type]
    label = joined(columns.label).astype(np.int16)  # type: ignore[arg-type]
    return Pictures(
        names=names,
        source=source,
        label=label,
        id=ids(joined(columns.content), label, [names[s] for s in source], columns.origins),
        picture=picture,
        group=group,
        fixed=joined(columns.fixed).astype(np.uint8),  # type: ignore[arg-type]
        origins=columns.origins,
        group_names=columns.group_names,
        rejected=columns.rejected,
        rejected_ids=columns.rejected_ids,
        measures=np.concatenate(columns.measures),
    )


def ids(
    content: NDArray[np.uint64], label: NDArray[np.int16], source: list[str], origins: list[str]
) -> NDArray[np.uint64]:
    """Number exact copies, so that every picture has an id of its own.

    Copies are numbered by label, name of the source and origin, so that the same files have the
    same ids in whatever order they are read.

    Args:
        content: uint64, hash of each picture's bytes.
        label: int16, its class.
        source: Name of its source.
        origins: Where it comes from in that source.

    Returns:
        uint64: the hash itself for the first of some copies, and another for each further one.

    Raises:
        InputError: Two different pictures came to the same id.
    """
    numbered = content.copy()
    order = np.argsort(content, kind="stable")
    same = content[order][1:] == content[order][:-1]
    copied = np.r_[False, same] | np.r_[same, False] if len(order) else same
    order = order[copied]
    starts = np.flatnonzero(content[order][1:] != content[order][:-1]) + 1
    for rows in np.split(order, starts) if len(order) else []:
        ranked = sorted(rows.tolist(), key=lambda row: (label[row], source[row], origins[row]))
        for number, row in enumerate(ranked[1:], start=1):
            numbered[row] = digest64("copy", int(content[row]), number)
    if len(np.unique(numbered)) != len(numbered):
        raise InputError("two different pictures have the same id; please report this")
    return numbered


def open_pixels(path: Path, count: int, size: int) -> NDArray[np.uint8]:
    """Open a file of framed pixels, uint8 (count, size, size), without reading it."""
    if count == 0:
        return np.zeros((0, size, size), np.uint8)
    return np.memmap(path, np.uint8, "r", shape=(count, size, size))
