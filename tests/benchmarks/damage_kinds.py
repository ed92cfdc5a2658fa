"""The kinds of damage that `damage.py` plants into a dataset."""

import csv
import io
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from datagen import tfrecord

Damage = Callable[[Path, random.Random], str]
"""Damages a dataset; returns the file that a problem must name, or several with `|` between."""

DERIVED = (
    "dataset_info.json",
    "features.json",
    "label.labels.txt",
    "recipe.toml",
    "manifests/characters.csv",
    "manifests/class_weights.csv",
    "manifests/shards.csv",
)
OTHERS = ("manifests/rejected.csv", "manifests/fonts.csv", "SHA256SUMS", ".build/build.json")


def pick(folder: Path, chance: random.Random, pattern: str) -> Path:
    return chance.choice(sorted(folder.glob(pattern)))


def replace(path: Path, content: bytes) -> None:
    """Write through no link: the good dataset shares its files with the damaged copy."""
    path.unlink()
    path.write_bytes(content)


def flipped(pattern: str, start: float = 0.0, end: float = 1.0) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, pattern)
        data = bytearray(path.read_bytes())
        place = chance.randrange(int(start * len(data)), max(1, int(end * len(data))))
        data[place] ^= 1 << chance.randrange(8)
        replace(path, bytes(data))
        return path.relative_to(folder).as_posix()

    return damage


def records(data: bytes) -> Iterator[tuple[int, int]]:
    position = 0
    while position < len(data):
        end = position + 16 + int.from_bytes(data[position : position + 8], "little")
        yield position, end
        position = end


def flipped_in_record(low: int, high: int) -> Damage:
    """Flip a bit in a byte of a record, counted from its start, or from its end if below 0."""

    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, "*.tfrecord-*")
        data = bytearray(path.read_bytes())
        start, end = chance.choice(list(records(data)))
        place = chance.randrange(low, high)
        data[start + place if place >= 0 else end + place] ^= 1 << chance.randrange(8)
        replace(path, bytes(data))
        return path.name

    return damage


def cut(on_border: bool) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, "*.tfrecord-*")
        data = path.read_bytes()
        start, end = chance.choice(list(records(data)))
        replace(path, data[: start if on_border else chance.randrange(start + 1, end)])
        return path.name

    return damage


def emptied(pattern: str) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, pattern)
        replace(path, b"")
        return path.relative_to(folder).as_posix()

    return damage


def missing(pattern: str) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, pattern)
        path.unlink()
        return path.relative_to(folder).as_posix()

    return damage


def extra(folder: Path, chance: random.Random) -> str:
    path = pick(folder, chance, "*.tfrecord-*")
    name = f"{path.name[:-14]}{chance.randrange(10, 99):05d}-of-00100"
    shutil.copy(path, folder / name)
    return name


def swapped(pattern: str) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        first, second = chance.sample(sorted(folder.glob(pattern)), 2)
        one, other = first.read_bytes(), second.read_bytes()
        replace(first, other)
        replace(second, one)
        return first.relative_to(folder).as_posix()

    return damage


def edited(column: str, value: Callable[[list[dict[str, str]], random.Random], str]) -> Damage:
    """Change one value of one row of a manifest."""

    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, "manifests/*-of-*.csv")
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        row = chance.choice(rows)
        row[column] = value([other for other in rows if other[column] != row[column]], chance)
        write_rows(path, rows)
        return path.relative_to(folder).as_posix()

    return damage


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    replace(path, text.getvalue().encode())


def of_another(column: str) -> Callable[[list[dict[str, str]], random.Random], str]:
    return lambda others, chance: chance.choice(others)[column]


def row_changed(how: str) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        path = pick(folder, chance, "manifests/*-of-*.csv")
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        number = chance.randrange(len(lines) - 1)
        if how == "lost":
            del lines[number]
        elif how == "twice":
            lines.insert(number, lines[number])
        else:
            lines[number], lines[number + 1] = lines[number + 1], lines[number]
        replace(path, "\n".join([head, *lines, ""]).encode())
        return path.relative_to(folder).as_posix()

    return damage


def group_across(folder: Path, chance: random.Random) -> str:
    """Put a group of train into the test split."""
    path = pick(folder, chance, "manifests/test-*-of-*.csv")
    with pick(folder, chance, "manifests/train-*-of-*.csv").open(newline="") as file:
        group = chance.choice(list(csv.DictReader(file)))["group"]
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chance.choice(rows)["group"] = group
    write_rows(path, rows)
    return path.relative_to(folder).as_posix()


def other_pixels(folder: Path, chance: random.Random) -> str:
    """Change a pixel and mend the record's checksum, as a careless tool would."""
    path = pick(folder, chance, "*.tfrecord-*")
    payloads = list(tfrecord.read_frames(path.read_bytes(), path.name))
    number = chance.randrange(len(payloads))
    payload = bytearray(payloads[number])
    payload[chance.randrange(100, 700)] ^= 0x80
    payloads[number] = bytes(payload)
    replace(path, b"".join(map(tfrecord.frame_record, payloads)))
    return path.name


def listing(column: str, value: str) -> Damage:
    def damage(folder: Path, chance: random.Random) -> str:
        path = folder / "manifests" / "shards.csv"
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        chance.choice(rows)[column] = value
        write_rows(path, rows)
        return "manifests/shards.csv"

    return damage


SHARD, ROWS, RECORD = "*.tfrecord-*", "manifests/*-of-*.csv", ".build/*-of-*.json"
KINDS: dict[str, Damage] = {
    "bit flipped in a shard": flipped(SHARD),
    "bit flipped in a record's length": flipped_in_record(0, 8),
    "bit flipped in the length's checksum": flipped_in_record(8, 12),
    "bit flipped in a record's content": flipped_in_record(12, 700),
    "bit flipped in a record's checksum": flipped_in_record(-4, 0),
    "bit flipped in a manifest": flipped(ROWS),
    "bit flipped in a shard's own record": flipped(RECORD),
    **{f"bit flipped in {name}": flipped(name) for name in (*DERIVED, *OTHERS)},
    "shard cut on a record border": cut(on_border=True),
    "shard cut inside a record": cut(on_border=False),
    "shard empty": emptied(SHARD),
    "shard missing": missing(SHARD),
    "shard too many": extra,
    "two shards swapped": swapped("*-train.tfrecord-*"),
    "pixels changed, checksum mended": other_pixels,
    "manifest empty": emptied(ROWS),
    "manifest missing": missing(ROWS),
    "two manifests swapped": swapped("manifests/train-*-of-*.csv"),
    "manifest row lost": row_changed("lost"),
    "manifest row twice": row_changed("twice"),
    "two manifest rows swapped": row_changed("swapped"),
    **{
        f"{column} edited in a manifest": edited(column, of_another(column))
        for column in ("id", "label", "codepoint", "source", "group", "origin", "seed", "sha256")
    },
    "split edited in a manifest": edited("split", lambda _, chance: chance.choice(("", "tset"))),
    "group in two splits": group_across,
    "count edited in shards.csv": listing("records", "7"),
    "size edited in shards.csv": listing("bytes", "77"),
    "hash edited in shards.csv": listing("sha256", "0" * 64),
    "split edited in shards.csv": listing("split", "practice"),
    "file edited in shards.csv": listing("file", "../tiny"),
    **{f"{name} missing": missing(name) for name in (*DERIVED, *OTHERS)},
    "shard's own record missing": missing(RECORD),
}
