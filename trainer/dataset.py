"""A dataset folder as the trainer sees it: its classes, its picture size and its shards.

Everything is checked when the folder is opened, so that a missing or cut-off shard is reported
before an epoch has been spent on the others.
"""

import csv
import hashlib
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datagen import bring, characters
from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError, nearest

SHARD_COLUMNS = ("file", "split", "records", "bytes")


@dataclass(frozen=True, slots=True)
class Shard:
    """One TFRecord file and the number of records in it."""

    path: Path
    records: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset folder whose files are all there.

    Attributes:
        folder: Where it lies.
        name: Name from its recipe.
        size: Side of its square pictures in pixels, from its recipe.
        frame: How its pictures are framed, ``tight`` or ``em``, from its recipe.
        characters: Its classes; a record's label is a position in this table.
        digest: SHA-256 of ``manifests/shards.csv``, which itself lists the SHA-256 of every shard.
        splits: The shards of each split that has records.
    """

    folder: Path
    name: str
    size: int
    frame: str
    characters: CharacterTable
    digest: str
    splits: Mapping[str, tuple[Shard, ...]]

    def shards(self, split: str) -> tuple[Shard, ...]:
        """Return the shards of a split.

        Raises:
            UsageError: The dataset has no such split.
        """
        if split not in self.splits:
            known = (", ".join(self.splits) or "none") + nearest(split, list(self.splits))
            raise UsageError(f"{self.folder} has no split {split!r}; its splits are: {known}")
        return self.splits[split]

    def count(self, split: str) -> int:
        """Return the number of records of a split, 0 where there is no such split."""
        return sum(shard.records for shard in self.splits.get(split, ()))


def open_dataset(folder: str | Path) -> Dataset:
    """Open a dataset written by ``datagen build`` and check that its shards are whole.

    One in a store is brought to the cache first; what is there already is not brought again.
    Sizes and counts are compared here: ``datagen verify`` also proves every byte.

    Raises:
        InputError: It is no dataset folder, a shard is missing or of another size than stated, or
            two files state different counts.
    """
    root = bring.dataset(folder)
    listing = root / "manifests" / "shards.csv"
    recipe_file = root / "recipe.toml"
    for needed in (listing, recipe_file):
        if not needed.is_file():
            missing = needed.relative_to(root)
            raise InputError(
                f"{root} isn't a dataset folder: {missing} is missing; "
                "give a folder that `datagen build` has finished"
            )
    name, size, frame = _recipe(recipe_file)
    text = _text(listing)
    splits = _splits(root, listing, text)
    _compare(root, splits)
    return Dataset(
        folder=root,
        name=name,
        size=size,
        frame=frame,
        characters=characters.load(root / "manifests" / "characters.csv"),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        splits=splits,
    )


def label_map(dataset: Dataset, table: CharacterTable) -> list[int]:
    """Return, for each label of `dataset`, the label of the same character in `table`.

    Classes are matched by code point, so a dataset may hold fewer classes than a model, or the
    same ones in another order.

    Raises:
        InputError: The dataset has a class that the table lacks.
    """
    positions = {c.codepoint: c.label for c in table}
    unknown = [c.codepoint for c in dataset.characters if c.codepoint not in positions]
    if unknown:
        shown = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        raise InputError(
            f"{dataset.folder} has {len(unknown)} classes that the model doesn't know ({shown}): "
            "use a dataset of the model's classes or train a new model with `trainer fit`"
        )
    return [positions[c.codepoint] for c in dataset.characters]


@contextmanager
def reading(dataset: Dataset) -> Iterator[None]:
    """Turn TensorFlow's errors about broken records into one sentence.

    Raises:
        InputError: A record couldn't be read inside the block.
    """
    import tensorflow as tf

    try:
        yield
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        reason = " ".join(str(error.message).split())[:160]
        raise InputError(
            f"{dataset.folder} has a record that can't be read ({reason}…): "
            f"`datagen verify {dataset.folder}` says which shard to build again"
        ) from error


def _splits(root: Path, listing: Path, text: str) -> dict[str, tuple[Shard, ...]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:  # a field of more characters than any name has
        raise InputError(
            f"{listing}: not a CSV table ({error}); build the dataset again"
        ) from error
    splits: dict[str, tuple[Shard, ...]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            if None in row.values():
                raise ValueError("it is too short")
            file, split = row["file"], row["split"]
            records, size = _count(row["records"]), _count(row["bytes"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{listing}: line {number} hasn't the columns {', '.join(SHARD_COLUMNS)} "
                "of a shard; build the dataset again"
            ) from error
        if Path(file).name != file or "\0" in file:
            raise InputError(f"{listing}: line {number} names {file!r}, a file outside the dataset")
        if records:
            _check(root / file, size)
            splits[split] = (*splits.get(split, ()), Shard(root / file, records))
    if not splits:
        raise InputError(f"{listing} lists no shard with records; build the dataset again")
    return splits


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError(f"{text[:20]!r} is no number")
    return int(text)


def _check(path: Path, stated: int) -> None:
    try:
        actual = path.stat().st_size
    except FileNotFoundError as error:
        raise InputError(
            f"{path} is missing: `datagen verify {path.parent} --repair` makes it again"
        ) from error
    if actual != stated:
        raise InputError(
            f"{path} has {actual:,} bytes where manifests/shards.csv states {stated:,}: "
            f"`datagen verify {path.parent} --repair` makes it again"
        )


def _compare(root: Path, splits: Mapping[str, tuple[Shard, ...]]) -> None:
    """Compare counts with those of ``dataset_info.json``, which a build writes last."""
    path = root / "dataset_info.json"
    if not path.exists():
        if (root / ".build").is_dir():
            raise InputError(f"{root}: its build did not finish; run the same command again")
        return
    try:
        stated = {
            split["name"]: [int(count) for count in split["shardLengths"]]
            for split in json.loads(_text(path))["splits"]
        }
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} can't be read ({error}): `datagen verify {root} --repair` makes it again"
        ) from error
    for split in {**stated, **splits}:
        listed = [shard.records for shard in splits.get(split, ())]
        if [count for count in stated.get(split, []) if count] != listed:
            raise InputError(
                f"{root}: dataset_info.json states other counts of records for {split} than "
                f"manifests/shards.csv; `datagen verify {root}` says which is wrong"
            )


def _recipe(path: Path) -> tuple[str, int, str]:
    try:
        recipe = tomllib.loads(_text(path))
    except (ValueError, RecursionError) as error:  # numbers and lists may be too long
        raise InputError(f"{path}: not TOML ({error}); build the dataset again") from error
    name, size, frame = recipe.get("name"), recipe.get("size"), recipe.get("frame", "tight")
    framed = frame in ("tight", "em")
    if not isinstance(name, str) or not isinstance(size, int) or not 8 <= size <= 512 or not framed:
        said = ", ".join(
            f"{key} (={value!r:.40})" for key, value in (("name", name), ("size", size))
        )
        raise InputError(
            f"{path} states no usable {said} and frame (={frame!r:.40}): build the dataset again"
        )
    return name, size, frame


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} isn't UTF-8 text; build the dataset again") from error
