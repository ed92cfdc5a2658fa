"""Prove one shard and its manifest, byte by byte and row by row."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen import shards, tables, tfrecord
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.evidence import Problem
from datagen.seeds import digest64
from datagen.shards import Finished, Shard

_PROVED = ("id", "label", "source", "split", "sha256")  # columns that a record tells
_SPARE = 16 << 20  # 16 MiB; of a file that is longer than it should be, no more is looked at
_SHOWN = 5  # rows of one file that are named; the others are counted


@dataclass(frozen=True, slots=True)
class Task:
    """A shard to prove.

    Attributes:
        folder: The dataset.
        shard: Which one.
        stated: What it should be; negative or empty where that isn't known.
        size: Edge of the pictures.
        characters: The classes.
    """

    folder: Path
    shard: Shard
    stated: Finished
    size: int
    characters: CharacterTable


def _none() -> NDArray[np.uint64]:
    return np.zeros(0, np.uint64)


@dataclass
class Found:
    """What a shard holds: 64-bit hashes in record order, and what is wrong with it.

    Attributes:
        task: The shard.
        ids: uint64, the ids.
        groups: uint64, hashes of the groups.
        pictures: uint64, the first 64 bits of the pictures' SHA-256.
        counts: Records by source and label; None where the manifest can't be read.
        sha256: Of the file as it is; empty where it can't be read.
        problems: What is wrong.
    """

    task: Task
    ids: NDArray[np.uint64] = field(default_factory=_none)
    groups: NDArray[np.uint64] = field(default_factory=_none)
    pictures: NDArray[np.uint64] = field(default_factory=_none)
    counts: tuple[tuple[str, int, int], ...] | None = None
    sha256: str = ""
    problems: list[Problem] = field(default_factory=list)


def check(task: Task) -> Found:
    """Prove a shard and its manifest."""
    found = Found(task)
    data = _file(task, found)
    table = _manifest(task, found)
    if table is None:
        return found
    found.ids = _hashes(table["id"])
    found.pictures = _hashes(table["sha256"].str[:16].where(table["sha256"] != "", "0"))
    found.groups = np.array([digest64(g) for g in table["group"]], np.uint64)
    counts = Counter(zip(table["source"], table["label"].tolist(), strict=True))
    found.counts = tuple((*key, count) for key, count in sorted(counts.items()))
    if data is not None:
        found.problems += _few(_record_problems(task, data, table), task.shard.manifest)
    return found


def _file(task: Task, found: Found) -> bytes | None:
    name, stated = task.shard.file, task.stated
    data = read_regular(task.folder / name, stated.bytes, found.problems, name)
    if data is None:
        return None
    found.sha256 = hashlib.sha256(data).hexdigest()
    if stated.bytes >= 0 and len(data) != stated.bytes:
        size = (task.folder / name).stat().st_size
        found.problems.append(Problem(name, 0, f"has {size} bytes instead of {stated.bytes}"))
    elif found.sha256 != stated.sha256:
        found.problems.append(Problem(name, 0, "its sha256 is not the one that it was built with"))
    return data


def read_regular(path: Path, expected: int, problems: list[Problem], name: str) -> bytes | None:
    """Read a file; where it can't be read, add a problem and return None.

    Args:
        path: The file.
        expected: Bytes that it should have; of a much longer one only the beginning is read.
        problems: Where to add what is wrong.
        name: Its name in the dataset.
    """
    try:
        if path.exists() and not path.is_file():
            problems.append(Problem(name, 0, "is no regular file"))
            return None
        with path.open("rb") as file:
            return file.read(expected + _SPARE) if expected >= 0 else file.read()
    except FileNotFoundError:
        problems.append(Problem(name, 0, "is missing"))
    except OSError as error:
        problems.append(Problem(name, 0, f"can't be read ({error.strerror})"))
    return None


def _manifest(task: Task, found: Found) -> pd.DataFrame | None:
    name, path = task.shard.manifest, task.folder / task.shard.manifest
    content = read_regular(path, -1, found.problems, name)
    if content is None:
        return None
    if task.stated.manifest and hashlib.sha256(content).hexdigest() != task.stated.manifest:
        row = _changed_row(content, task.stated.rows)
        text = "is not as it was built" if row else "its sha256 is not the one of the build"
        found.problems.append(Problem(name, row, text))
    try:
        return tables.read(path, task.characters)
    except InputError as error:
        found.problems.append(Problem(name, 0, str(error).removeprefix(f"{path}: ")))
        return None


def _changed_row(content: bytes, checks: str) -> int:
    """Return the first line that is not as it was, or 0 where that isn't known."""
    if not checks:
        return 0
    now, before = (shards.read_checks(text) for text in (shards.row_checks(content), checks))
    for number, (one, other) in enumerate(zip(now, before, strict=False), start=1):
        if one != other:
            return number
    return 0 if len(now) == len(before) else min(len(now), len(before))


def _hashes(column: "pd.Series[str]") -> NDArray[np.uint64]:
    return np.array([int(value, 16) for value in column], np.uint64)


def _record_problems(task: Task, data: bytes, table: pd.DataFrame) -> Iterator[Problem]:
    name, file = task.shard.manifest, task.shard.file
    if task.stated.records >= 0 and len(table) != task.stated.records:
        yield Problem(name, 0, f"has {len(table)} rows instead of {task.stated.records}")
    rows = iter(table[list(_PROVED)].to_numpy().tolist())
    number = 0
    try:
        for payload in tfrecord.read_frames(data, file):
            number += 1
            row = next(rows, None)
            if row is None:
                yield Problem(file, 0, f"has more records than {name} has rows")
                return
            for column in _differences(task, payload, row):
                yield Problem(name, number + 1, f"{column} is not that of its record")
    except InputError as error:
        yield Problem(file, number + 2, str(error).removeprefix(f"{file}: "))
        return
    if number < len(table):
        yield Problem(file, 0, f"has {number} records but {name} has {len(table)} rows")


def _differences(task: Task, payload: bytes, row: Sequence[Any]) -> list[str]:
    """Return the columns of a row that aren't what its record holds."""
    name, label, source, split, sha256 = row
    image = tfrecord.image_of(payload, task.size**2, label, name, source)
    if image is not None and split == task.shard.split:
        return [] if hashlib.sha256(image).hexdigest() == sha256 else ["sha256"]
    try:
        record = tfrecord.decode(payload, task.size)
    except InputError:
        return ["the form"]
    digest = hashlib.sha256(record.image.tobytes()).hexdigest()
    stored = (record.id, record.label, record.source, task.shard.split, digest)
    return [c for c, ours, theirs in zip(_PROVED, stored, row, strict=True) if ours != theirs]


def _few(problems: Iterator[Problem], name: str) -> Iterator[Problem]:
    """Name the first few; where two files were swapped there is one a row."""
    count = 0
    for problem in problems:
        count += problem.file == name and problem.row > 0
        if count <= _SHOWN or problem.file != name:
            yield problem
    if count > _SHOWN:
        yield Problem(name, 0, f"{count - _SHOWN} further differences from its records")
