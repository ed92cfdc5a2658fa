"""Prove every file of a dataset: each against all others that say something of it."""

from dataclasses import dataclass
from pathlib import Path

from datagen import bring, characters, console, recipe, tables, verify_tables
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.errors import InputError, UsageError
from datagen.evidence import Evidence, Problem, gather
from datagen.executor import Executor, default_workers
from datagen.recipe import Recipe
from datagen.remote import Location
from datagen.shards import SHARDS_CSV, Finished
from datagen.verify_across import across
from datagen.verify_shards import Found, Task, check


@dataclass(frozen=True)
class Verified:
    """Result of a verification.

    Attributes:
        shards: Shards that were proved.
        records: Records that they should hold.
        problems: What is wrong, each naming the file and the row; empty if nothing.
    """

    shards: int
    records: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Proof:
    """All that was found out; see `Verified` for what a user needs."""

    evidence: Evidence
    found: list[Found]
    problems: tuple[Problem, ...]


def verify(folder: Location, workers: int | None = None) -> Verified:
    """Prove a dataset: every byte of every shard, every manifest row, the splits, the metadata.

    Args:
        folder: The dataset, a folder or a URL; from there every file is brought anew.
        workers: Number of processes; None for one a core.

    Raises:
        InputError: The folder is no finished dataset.
    """
    proof = prove(bring.dataset(folder, anew=True), workers)
    parts = [part for _, part in proof.evidence.parts]
    return Verified(len(parts), sum(max(0, part.records) for part in parts), proof.problems)


def prove(folder: Path, workers: int | None = None) -> Proof:
    """Do what `verify` does, and keep what was found out on the way."""
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers (={workers}) must be at least 1")
    evidence, problems = gather(folder)
    size, table = evidence.recipe.size, evidence.characters
    tasks = [Task(folder, shard, part, size, table) for shard, part in evidence.parts]
    found: list[Found] = []
    total = sum(max(0, part.records) for _, part in evidence.parts)
    with (
        Executor(
            check, min(workers, len(tasks)), describe=lambda task: task.shard.file
        ) as executor,
        console.progress("proving shards", total, "images") as advance,
    ):
        for task, result in executor.run(tasks):
            found.append(result)
            advance(max(0, task.stated.records))
    for part in found:
        problems += part.problems
    problems += _swapped(found)
    problems += across(found)
    problems += verify_tables.tables(evidence, found)
    return Proof(evidence, found, tuple(dict.fromkeys(problems)))


def _swapped(found: list[Found]) -> list[Problem]:
    """Name shards that hold what another should hold."""
    owners = {part.task.stated.sha256: part.task.shard.file for part in found}
    return [
        Problem(part.task.shard.file, 0, f"holds what {owners[part.sha256]} should hold")
        for part in found
        if owners.get(part.sha256, part.task.shard.file) != part.task.shard.file
    ]


def open_dataset(folder: Path) -> tuple[Recipe, CharacterTable, list[Finished]]:
    """Read what a dataset says of itself: its recipe, classes and shards.

    Raises:
        InputError: The folder is no finished dataset.
    """
    if not (folder / "manifests" / "shards.csv").exists():
        unfinished = (folder / STATE).is_dir()
        hint = "its build did not finish; run it again" if unfinished else "give a dataset's folder"
        raise InputError(f"{folder}: no dataset is here (manifests/shards.csv is missing); {hint}")
    resolved = recipe.load(folder / "recipe.toml")
    table = characters.load(folder / "manifests" / "characters.csv")
    rows = tables.read_csv(folder / "manifests" / "shards.csv", SHARDS_CSV)
    try:
        listed = [
            Finished(file, split, int(records), int(size), sha256)
            for file, split, records, size, sha256 in rows[list(SHARDS_CSV)].to_numpy().tolist()
        ]
    except ValueError as error:
        raise InputError(f"{folder / 'manifests/shards.csv'}: {error}") from error
    return resolved, table, listed
