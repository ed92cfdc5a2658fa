"""A shard that can't be made: which one, and the samples in it, for whoever looks for the cause."""

from collections.abc import Iterator
from pathlib import Path

from datagen.atomic import write_csv
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.worker import ShardTask

COLUMNS = ("source", "codepoint", "origin")


def describe(folder: Path, characters: CharacterTable, drawn: str, task: ShardTask) -> str:
    """List the samples of a shard in a file beside the dataset; returns what it is, in words."""
    shard = task.shard
    path = folder / STATE / f"failed-{shard.split}-{shard.suffix}.csv"
    rows = list(_rows(characters, drawn, task))
    write_csv(path, COLUMNS, rows)
    first = " ".join(rows[0])
    return f"the shard {shard.file} ({len(rows)} samples from {first!r} on, listed in {path})"


def forget(folder: Path) -> None:
    """Remove the lists of an earlier run."""
    for path in (folder / STATE).glob("failed-*.csv"):
        path.unlink(missing_ok=True)


def _rows(
    characters: CharacterTable, drawn: str, task: ShardTask
) -> Iterator[tuple[str, str, str]]:
    real = iter(zip(task.real.source, task.real.origin, strict=True))
    for is_drawn, label, number in task.entries.tolist():
        source, origin = (drawn, f"draw {number}") if is_drawn else next(real)
        yield source, characters[label].codepoint, origin
