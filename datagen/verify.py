"""Prove every file of a dataset against its manifests."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen import characters, console, manifest, metadata, recipe, shards, tfrecord
from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError
from datagen.executor import Executor, default_workers
from datagen.manifest import SPLITS
from datagen.recipe import Recipe
from datagen.seeds import digest64
from datagen.shards import SHARDS_CSV, Finished, Shard

_PROVED = ("id", "label", "source", "split", "sha256")  # columns that a record tells


@dataclass(frozen=True)
class Verified:
    """Result of a verification.

    Attributes:
        shards: Shards that were proved.
        records: Records that were proved.
        problems: What is wrong, one sentence each, naming the file and the row; empty if nothing.
    """

    shards: int
    records: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    folder: Path
    shard: Shard
    listed: Finished
    size: int
    characters: CharacterTable


@dataclass
class _Found:
    """What one shard holds, as 64-bit hashes in record order."""

    split: int
    ids: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    groups: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    pictures: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    problems: list[str] = field(default_factory=list)


def verify(folder: Path, workers: int | None = None) -> Verified:
    """Prove a dataset: every byte of every shard, every manifest row, the splits, the metadata.

    Args:
        folder: The dataset.
        workers: Number of processes; None for one a core.

    Raises:
        InputError: The folder is no finished dataset.
    """
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers (={workers}) must be at least 1")
    resolved, table, listed = open_dataset(folder)
    problems = list(_metadata_problems(folder, resolved, table, listed))
    tasks, order = _tasks(folder, resolved, table, listed)
    problems += order
    found = []
    total = sum(row.records for row in listed)
    with (
        Executor(_check, workers) as executor,
        console.progress("proving shards", total, "images") as advance,
    ):
        for task, result in executor.run(tasks):
            found.append(result)
            problems += result.problems
            advance(task.listed.records)
    problems += _across(found)
    return Verified(len(listed), total, tuple(problems))


def open_dataset(folder: Path) -> tuple[Recipe, CharacterTable, list[Finished]]:
    """Read what a dataset says of itself: its recipe, classes and shards.

    Raises:
        InputError: The folder is no finished dataset.
    """
    if not (folder / "manifests" / "shards.csv").exists():
        unfinished = (folder / shards.STATE).is_dir()
        hint = "its build did not finish; run it again" if unfinished else "give a dataset's folder"
        raise InputError(f"{folder}: no dataset is here (manifests/shards.csv is missing); {hint}")
    resolved = recipe.load(folder / "recipe.toml")
    table = characters.load(folder / "manifests" / "characters.csv")
    rows = manifest.read_csv(folder / "manifests" / "shards.csv", SHARDS_CSV)
    try:
        listed = [
            Finished(file, split, int(records), int(size), sha256)
            for file, split, records, size, sha256 in rows[list(SHARDS_CSV)].to_numpy().tolist()
        ]
    except ValueError as error:
        raise InputError(f"{folder / 'manifests/shards.csv'}: {error}") from error
    return resolved, table, listed


def _metadata_problems(
    folder: Path, resolved: Recipe, table: CharacterTable, listed: Sequence[Finished]
) -> Iterator[str]:
    expected = {
        "dataset_info.json": metadata.dataset_info(resolved, table, listed),
        "features.json": metadata.features(resolved.size, len(table)),
    }
    for name, value in expected.items():
        try:
            actual = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            yield f"{name}: can't be read ({error})"
            continue
        actual.pop("description", None)
        value.pop("description", None)
        if actual != value:
            yield f"{name}: disagrees with recipe.toml and manifests/shards.csv"
    labels = folder / "label.labels.txt"
    names = "".join(f"{c.char}\n" for c in table)
    if not labels.exists() or labels.read_text(encoding="utf-8") != names:
        yield "label.labels.txt: disagrees with manifests/characters.csv"
    known = {row.file for row in listed}
    for path in sorted(folder.glob("*.tfrecord-*")):
        if path.name not in known:
            yield f"{path.name}: is not in manifests/shards.csv"


def _tasks(
    folder: Path, resolved: Recipe, table: CharacterTable, listed: Sequence[Finished]
) -> tuple[list[_Task], list[str]]:
    tasks: list[_Task] = []
    problems: list[str] = []
    for split in SPLITS:
        rows = [row for row in listed if row.split == split]
        for index, row in enumerate(rows):
            shard = Shard(resolved.name, split, index, len(rows))
            if shard.file != row.file:
                problems.append(f"manifests/shards.csv: {row.file!r} stands where {shard.file} is")
            tasks.append(_Task(folder, shard, row, resolved.size, table))
    if unknown := {row.split for row in listed} - set(SPLITS):
        problems.append(f"manifests/shards.csv: {', '.join(sorted(unknown))} is no split")
    return tasks, problems


def _check(task: _Task) -> _Found:
    found = _Found(SPLITS.index(task.shard.split))
    problems = found.problems
    path = task.folder / task.listed.file
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.append(f"{task.listed.file}: can't be read ({error.strerror})")
        return found
    if len(data) != task.listed.bytes:
        problems.append(f"{path.name}: has {len(data)} bytes instead of {task.listed.bytes}")
    elif hashlib.sha256(data).hexdigest() != task.listed.sha256:
        problems.append(f"{path.name}: its sha256 is not the one in manifests/shards.csv")
    try:
        table = manifest.read(task.folder / task.shard.manifest, task.characters)
    except InputError as error:
        problems.append(str(error))
        return found
    found.ids = _hashes(table["id"])
    found.pictures = _hashes(table["sha256"].str[:16].where(table["sha256"] != "", "0"))
    found.groups = np.array([digest64(g) for g in table["group"]], np.uint64)
    problems += _record_problems(task, data, table)
    return found


def _hashes(column: "pd.Series[str]") -> NDArray[np.uint64]:
    return np.array([int(value, 16) for value in column], np.uint64)


def _record_problems(task: _Task, data: bytes, table: pd.DataFrame) -> Iterator[str]:
    name, file = task.shard.manifest, task.listed.file
    if len(table) != task.listed.records:
        yield f"{name}: has {len(table)} rows instead of {task.listed.records}"
    rows = iter(table[list(_PROVED)].to_numpy().tolist())
    number = 0
    try:
        for number, payload in enumerate(tfrecord.read_frames(data, file), start=1):
            row = next(rows, None)
            if row is None:
                yield f"{file}: has more records than {name} has rows"
                return
            for column in _differences(task, payload, row):
                yield f"{name}: row {number + 1}: {column} is not that of its record"
    except InputError as error:
        yield str(error)
        return
    if number < len(table):
        yield f"{file}: has {number} records but {name} has {len(table)} rows"


def _differences(task: _Task, payload: bytes, row: Sequence[Any]) -> list[str]:
    """Return the columns of a row that aren't what its record holds."""
    name, label, source, split, sha256 = row
    image = tfrecord.image_of(payload, task.size**2, label, name, source)
    if image is not None and split == task.shard.split:
        return [] if hashlib.sha256(image).hexdigest() == sha256 else ["sha256"]
    record = tfrecord.decode(payload, task.size)
    digest = hashlib.sha256(record.image.tobytes()).hexdigest()
    stored = (record.id, record.label, record.source, task.shard.split, digest)
    return [c for c, ours, theirs in zip(_PROVED, stored, row, strict=True) if ours != theirs]


def _across(found: Sequence[_Found]) -> Iterator[str]:
    """Problems between shards: ids that occur twice, groups and pictures in two splits."""
    if not found:
        return
    ids = np.concatenate([part.ids for part in found])
    values, counts = np.unique(ids, return_counts=True)
    for value in values[counts > 1]:
        yield f"manifests: the id {int(value):016x} occurs twice"
    splits = np.concatenate([np.full(len(part.ids), part.split) for part in found])
    for what, parts in (
        ("group", [part.groups for part in found]),
        ("picture", [part.pictures for part in found]),
    ):
        hashes = np.concatenate(parts)
        once = [np.unique(hashes[splits == split]) for split in range(len(SPLITS))]
        several, counts = np.unique(np.concatenate(once), return_counts=True)
        for value in several[counts > 1]:
            first = ids[int(np.flatnonzero(hashes == value)[0])]
            yield f"manifests: the {what} of sample {int(first):016x} is in two splits"
