"""What a dataset says of itself, and which of it to believe where its files contradict each other.

Most facts are written down more than once: a shard's hash stands in its own record, in the table of
shards and in `SHA256SUMS`; recipe and classes stand in their files and in the build's record. One
damaged file is outvoted by the others.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from datagen import characters, recipe, shards, sums
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.described import CHARACTERS, LISTING, RECIPE
from datagen.errors import InputError
from datagen.manifest import SPLITS
from datagen.recipe import Recipe
from datagen.shards import SHARDS_CSV, Finished, Shard

_Read = TypeVar("_Read")

_PLACE = re.compile(r"(\d{5})-of-(\d{5})")


@dataclass(frozen=True, order=True)
class Problem:
    """Something that is wrong.

    Attributes:
        file: Path in the dataset.
        row: Line of the file, or of the manifest where the file is a shard; 0 for the whole file.
        text: What is wrong.
    """

    file: str
    row: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {f'row {self.row}: ' if self.row else ''}{self.text}"


@dataclass(frozen=True)
class Evidence:
    """A dataset as it should be, as far as its files tell.

    Attributes:
        folder: The dataset.
        recipe: What it was built from.
        characters: Its classes.
        parts: Each shard with what is known of it; train first.
        identity: The build's record; empty where it can't be read.
        sums: SHA-256 by file; empty where there are none.
    """

    folder: Path
    recipe: Recipe
    characters: CharacterTable
    parts: tuple[tuple[Shard, Finished], ...]
    identity: Mapping[str, Any]
    sums: Mapping[str, str]

    @property
    def has_state(self) -> bool:
        """Whether what a build needs to go on is there; a copy of a dataset may lack it."""
        return (self.folder / STATE).is_dir()


def gather(folder: Path) -> tuple[Evidence, list[Problem]]:
    """Read what a dataset says of itself.

    Returns:
        The evidence, and what is wrong with `SHA256SUMS`.

    Raises:
        InputError: The folder is no finished dataset, or nothing tells what it should hold.
    """
    problems = []
    listed: dict[str, str] = {}
    try:
        listed, faults = sums.read(folder)
        problems = [Problem(sums.FILE, row, text) for row, text in faults]
    except OSError as error:
        if (folder / STATE).is_dir():
            problems.append(Problem(sums.FILE, 0, f"can't be read ({error.strerror})"))
    if not listed and not (folder / LISTING).exists():
        unfinished = (folder / STATE).is_dir()
        hint = "its build did not finish; run it again" if unfinished else "give a dataset's folder"
        raise InputError(f"{folder}: no dataset is here ({LISTING} is missing); {hint}")
    identity = _identity(folder)
    asked, classes = identity.get("recipe"), identity.get("characters")
    asked = asked if isinstance(asked, dict) else None
    classes = classes if isinstance(classes, str) else None
    resolved = _settled(folder, RECIPE, listed, asked, recipe.load, recipe.parse)
    table = _settled(folder, CHARACTERS, listed, classes, characters.load, characters.parse)
    parts = tuple(_parts(folder, resolved.name, listed))
    if not parts:
        raise InputError(f"{folder / LISTING}: lists no shard; build the dataset again")
    return Evidence(folder, resolved, table, parts, identity, listed), problems


def proved(folder: Path, name: str, listed: Mapping[str, str]) -> bool:
    """Whether a file is the one that `SHA256SUMS` speaks of."""
    try:
        return sums.sha256_of(folder / name) == listed.get(name)
    except OSError:
        return False


def _identity(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / sums.IDENTITY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _settled(
    folder: Path,
    name: str,
    listed: Mapping[str, str],
    kept: object,
    load: Callable[[Path], _Read],
    parse: Callable[[Any, str], _Read],
) -> _Read:
    """Read a file, or, where it isn't the one that is listed, what the build's record `kept`."""
    if kept is None or proved(folder, name, listed):
        return load(folder / name)
    try:
        return parse(kept, str(folder / sums.IDENTITY))
    except InputError:
        return load(folder / name)


def _parts(folder: Path, name: str, listed: Mapping[str, str]) -> Iterator[tuple[Shard, Finished]]:
    rows = _listing(folder)
    for split in SPLITS:
        prefix = f"{name}-{split}.tfrecord-"
        files = [file for file in (*rows, *listed) if file.startswith(prefix)]
        kept = (folder / STATE).glob(f"{split}-*-of-*.json")
        files += [f"{prefix}{path.stem.removeprefix(f'{split}-')}" for path in kept]
        places = [m for m in (_PLACE.fullmatch(file.removeprefix(prefix)) for file in files) if m]
        if not places:
            continue
        count = int(Counter(place[2] for place in places).most_common(1)[0][0])
        for index in range(count):
            shard = Shard(name, split, index, count)
            yield shard, _believed(folder, shard, rows.get(shard.file), listed)


def _listing(folder: Path) -> dict[str, Finished]:
    """Read the table of shards, leaving out rows that are none."""
    try:
        text = (folder / LISTING).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found = {}
    try:
        for row in csv.DictReader(io.StringIO(text)):
            values = [row.get(column) or "" for column in SHARDS_CSV]
            if values[2].isdecimal() and values[3].isdecimal():
                found[values[0]] = Finished(
                    values[0], values[1], int(values[2]), int(values[3]), values[4]
                )
    except csv.Error:
        return found
    return found


def _believed(
    folder: Path, shard: Shard, row: Finished | None, listed: Mapping[str, str]
) -> Finished:
    """Settle what a shard should be; its own record says most, if it is to be trusted."""
    kept = shards.recorded(folder, shard)
    if kept is not None and kept.file == shard.file and kept.split == shard.split:
        if shard.done in listed:
            trusted = proved(folder, shard.done, listed)
        else:
            trusted = row is None or (kept.bytes, kept.sha256) == (row.bytes, row.sha256)
        if trusted:
            return kept
    manifest = listed.get(shard.manifest, kept.manifest if kept else "")
    if row is not None:
        return replace(row, split=shard.split, manifest=manifest)
    return Finished(shard.file, shard.split, -1, -1, listed.get(shard.file, ""), manifest=manifest)
