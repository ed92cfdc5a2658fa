"""Prove the files beside the shards: tables, metadata, and the list of all hashes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from datagen import described, recipe, sums
from datagen.claim import STATE
from datagen.described import LISTING, RECIPE, WEIGHTS
from datagen.errors import InputError
from datagen.evidence import Evidence, Problem
from datagen.manifest import SPLITS
from datagen.shards import Finished, Shard
from datagen.verify_shards import Found, read_regular

KEPT = ("manifests/rejected.csv", "manifests/fonts.csv", sums.IDENTITY)
"""Files that nothing but `SHA256SUMS` vouches for, beside the shards' records."""


def tables(evidence: Evidence, found: Sequence[Found]) -> Iterator[Problem]:
    """Yield what is wrong beside the shards and their manifests."""
    done = finished(evidence, found)
    derived = described.describe(evidence.recipe, evidence.characters, done)
    if not evidence.has_state and not any(part.split == "train" for part in done):
        del derived[WEIGHTS]
    for name, content in derived.items():
        yield from _derived(evidence, name, content)
    kept = [*KEPT, *(shard.done for shard, _ in evidence.parts)]
    for name in (name for name in kept if _expected(evidence, name)):
        yield from _kept(evidence, name)
    yield from _listed(evidence, {*derived, *kept})
    yield from _extra(evidence)


def finished(evidence: Evidence, found: Sequence[Found]) -> list[Finished]:
    """Return the record of each shard, counts taken from its manifest where it has none."""
    counts = {part.task.shard: part.counts for part in found}
    return [
        part if part.counts else replace(part, counts=counts.get(shard) or ())
        for shard, part in evidence.parts
    ]


def _expected(evidence: Evidence, name: str) -> bool:
    """Whether a file should be there: copies of a dataset may lack what a build keeps."""
    if name.startswith(f"{STATE}/"):
        return evidence.has_state
    return evidence.has_state or name in evidence.sums


def _derived(evidence: Evidence, name: str, content: bytes) -> Iterator[Problem]:
    problems: list[Problem] = []
    actual = read_regular(evidence.folder / name, len(content), problems, name)
    yield from problems
    if actual is None or actual == content:
        return
    if name in evidence.sums and sums.sha256_of(evidence.folder / name) != evidence.sums[name]:
        row = _first_difference(actual, content)
        yield Problem(name, row, "is not as it was built")
    elif not _means_the_same(evidence, name, actual, content):
        row = _first_difference(actual, content)
        yield Problem(name, row, "disagrees with the recipe, the classes or the shards")


def _first_difference(actual: bytes, content: bytes) -> int:
    lines = zip_longest(actual.split(b"\n"), content.split(b"\n"))
    return next(number for number, (a, b) in enumerate(lines, start=1) if a != b)


def _means_the_same(evidence: Evidence, name: str, actual: bytes, content: bytes) -> bool:
    """Whether a file differs in nothing but what another version of this program would write."""
    try:
        if name == RECIPE:
            return recipe.load(evidence.folder / name) == evidence.recipe
        if name.endswith(".json"):
            before, now = json.loads(actual), json.loads(content)
            before.pop("description", None)
            now.pop("description", None)
            return bool(before == now)
    except (InputError, ValueError, AttributeError):
        return False
    return False


def _kept(evidence: Evidence, name: str) -> Iterator[Problem]:
    problems: list[Problem] = []
    actual = read_regular(evidence.folder / name, -1, problems, name)
    yield from problems
    stated = evidence.sums.get(name)
    if actual is not None and stated and sums.sha256_of(evidence.folder / name) != stated:
        yield Problem(name, 0, f"its sha256 is not the one in {sums.FILE}")


def _listed(evidence: Evidence, names: set[str]) -> Iterator[Problem]:
    """Compare the list of hashes with what is known from elsewhere."""
    if not evidence.sums:
        return
    hashes = {shard.file: part.sha256 for shard, part in evidence.parts}
    hashes |= {shard.manifest: part.manifest for shard, part in evidence.parts}
    rows = {name: row for row, name in enumerate(sorted(evidence.sums), start=1)}
    for name, value in evidence.sums.items():
        if hashes.get(name, value) != value:
            yield Problem(sums.FILE, rows[name], f"{name} was built with another sha256")
        elif name not in hashes and name not in names:
            yield Problem(sums.FILE, rows[name], f"{name!r} is no file of this dataset")
    for name in sorted(({*hashes, *names}) - set(evidence.sums)):
        yield Problem(sums.FILE, 0, f"has no line for {name}")
    derived = described.describe(evidence.recipe, evidence.characters, finished(evidence, ()))
    for name, content in derived.items():
        path = evidence.folder / name
        stated = evidence.sums.get(name)
        if stated and _is(path, content) and sums.sha256_of(path) != stated:
            yield Problem(sums.FILE, rows[name], f"{name} was built with another sha256")


def _is(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _extra(evidence: Evidence) -> Iterator[Problem]:
    """Yield files that look like the dataset's own but are none of it."""
    known: Mapping[str, Shard] = {
        name: shard
        for shard, _ in evidence.parts
        for name in (shard.file, shard.manifest, shard.done)
    }
    patterns = ["*.tfrecord*"]
    for split in SPLITS:
        patterns += [f"manifests/{split}-*-of-*.csv", f"{STATE}/{split}-*-of-*.json"]
    for pattern in patterns:
        for path in sorted(evidence.folder.glob(pattern)):
            name = path.relative_to(evidence.folder).as_posix()
            if name not in known and not path.name.startswith("."):
                yield Problem(name, 0, EXTRA)


EXTRA = f"is no file of this dataset: it is not in {LISTING}"
