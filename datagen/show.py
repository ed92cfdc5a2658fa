"""One sample of a dataset: its row, its picture, and the picture made again from its origin."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen import bring, shards, tables
from datagen.augment_steps import steps_of
from datagen.characters import CharacterTable
from datagen.drawn import Drawn
from datagen.drawn_fonts import families_of, fonts_of
from datagen.errors import InputError, UsageError
from datagen.frame import frame
from datagen.manifest import SPLITS
from datagen.recipe import Recipe
from datagen.redraw import ORIGIN, Picture, Redrawer
from datagen.remote import Location
from datagen.shards import Finished, Shard
from datagen.sources import open_source
from datagen.verify import open_dataset
from datagen.worker import Context


@dataclass(frozen=True)
class Shown:
    """A sample and what came of making it again.

    Attributes:
        row: Its manifest row.
        file: The shard that holds it.
        pixels: uint8, shape (size, size), as stored.
        again: The same made again from its origin; None where the origin is not at hand.
        verdict: How the two compare, in words.
        same: Whether they are the same, pixel for pixel.
    """

    row: Mapping[str, object]
    file: str
    pixels: NDArray[np.uint8]
    again: NDArray[np.uint8] | None
    verdict: str
    same: bool


def show(folder: Location, sample: str, sources: Mapping[str, Location] | None = None) -> Shown:
    """Find a sample, make it again and compare.

    Args:
        folder: The dataset, a folder or a URL.
        sample: Its id, or the beginning of one that no other sample has.
        sources: Where real sources lie now, by name; the recipe's paths where not named.

    Raises:
        InputError: The dataset has no such sample.
    """
    folder = bring.dataset(folder)
    resolved, table, listed = open_dataset(folder)
    shard, number, row = _find(folder, resolved, listed, sample)
    record = next(
        record
        for index, record in enumerate(shards.read(folder / shard.file, resolved.size))
        if index == number
    )
    try:
        again = _again(folder, resolved, table, row, sources or {})
        same = bool(np.array_equal(again, record.image))
        verdict = "made again: the same bytes" if same else "made again: NOT the same picture"
    except InputError as error:
        again, same, verdict = None, False, f"can't be made again: {error}"
    proof = hashlib.sha256(record.image.tobytes()).hexdigest()
    if proof != row["sha256"]:
        verdict, same = "the record's pixels are NOT those of its manifest row", False
    return Shown(
        {str(key): value for key, value in row.items()},
        shard.file,
        record.image,
        again,
        verdict,
        same,
    )


def _find(
    folder: Path, resolved: Recipe, listed: list[Finished], sample: str
) -> tuple[Shard, int, "pd.Series[str]"]:
    wanted = sample.lower()
    if not wanted or set(wanted) - set("0123456789abcdef"):
        raise UsageError(f"{sample!r} is no id; ids are hexadecimal, as in the manifests")
    hits: list[tuple[Shard, int, pd.Series[str]]] = []
    for split in SPLITS:
        count = sum(row.split == split for row in listed)
        for index in range(count):
            shard = Shard(resolved.name, split, index, count)
            rows = tables.read(folder / shard.manifest)
            found = np.flatnonzero(rows["id"].str.startswith(wanted))
            hits += [(shard, int(number), rows.iloc[int(number)]) for number in found]
    if len(hits) != 1:
        which = "no sample has" if not hits else f"{len(hits)} samples have"
        raise InputError(f"{folder}: {which} an id that begins with {sample!r}")
    return hits[0]


def _again(
    folder: Path,
    resolved: Recipe,
    table: CharacterTable,
    row: "pd.Series[str]",
    sources: Mapping[str, Location],
) -> NDArray[np.uint8]:
    name, split, label = str(row["source"]), str(row["split"]), int(row["label"])
    if name == resolved.redrawn:
        drawn = _redrawn(resolved, table, row, sources)
    elif name == resolved.drawn:
        audit = fonts_of(resolved, table)
        families = families_of(resolved, audit)
        steps = {name: steps_of(resolved.sources[name].preset)}
        context = Context(folder, resolved, table, audit.faces, families, steps, Path())
        synthesizer = context.synthesizer()
        if synthesizer is None:
            raise InputError(f"the source {name} draws nothing")
        drawn = synthesizer.redraw(split, label, str(row["origin"]))
    else:
        return _real(resolved, table, name, str(row["origin"]), sources)
    if drawn.sample.id != row["id"]:
        raise InputError("its id is not that of its origin; the row was changed")
    return drawn.pixels


def _real(
    resolved: Recipe,
    table: CharacterTable,
    name: str,
    origin: str,
    sources: Mapping[str, Location],
) -> NDArray[np.uint8]:
    """Read and frame a real picture."""
    recipe = resolved.sources[name]
    path = sources.get(name, recipe.path)
    source = open_source(recipe.kind, path, table, recipe.options)
    return frame(source.read(origin).pixels, resolved.size, resolved.frame)


def _redrawn(
    resolved: Recipe,
    table: CharacterTable,
    row: "pd.Series[str]",
    sources: Mapping[str, Location],
) -> Drawn:
    """Draw a real picture again, as it was drawn."""
    name, split, label = str(row["source"]), str(row["split"]), int(row["label"])
    match = ORIGIN.fullmatch(str(row["origin"]))
    if match is None or match[1] not in resolved.sources:
        raise InputError(f"{row['origin']!r} is not the origin of a redrawn sample")
    source, origin, number, attempt = match.groups()
    pixels = _real(resolved, table, source, origin, sources)
    picture = Picture(source, str(row["group"]), origin, label, int(number), pixels)
    steps = steps_of(resolved.sources[name].preset)
    redrawer = Redrawer(name, steps, table, resolved.size, resolved.seed)
    return redrawer.again(split, picture, int(attempt))
