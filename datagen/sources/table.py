"""Pictures named by a CSV table of image and label, such as the ``english.csv`` of Chars74K."""

import csv
import hashlib
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError
from datagen.sources import Picture, Row
from datagen.sources.files import SPLITS, FileChunk, Key, chunks, find_class, read_picture


class Table:
    """A CSV file of pictures and labels, or a folder with exactly one.

    Paths are relative to the CSV file. The columns ``split`` (train, test or val), ``group`` and
    ``writer`` are used where they are there. Rows whose picture is missing or lies outside the
    file's folder, and rows whose label is no class, are left out, with the reason.
    """

    def __init__(
        self, path: Path, characters: CharacterTable, image: str = "image", label: str = "label"
    ) -> None:
        if image == label:
            raise UsageError(f"image and label are both the column {image!r}; name two columns")
        self._characters = characters
        self._columns = (image, label)
        self._file = find_table(Path(path), image, label)
        self._folder = self._file.parent
        self._header()

    def index(self) -> Iterator[FileChunk]:
        """Yield the pictures in the table's order.

        Raises:
            InputError: The table is broken, or has no rows.
        """
        pairs = map(self._row, self._records())
        first = next(pairs, None)
        if first is None:
            raise InputError(f"{self._file}: the table has no rows")
        yield from chunks(self._folder, chain([first], pairs))

    def read(self, origin: str) -> Picture:
        """Read one picture again by the origin of its row.

        Raises:
            InputError: The table names no such picture, or it can't be read.
        """
        for record in self._records():
            key, row = self._row(record)
            if row.origin == origin and not row.reason:
                return read_picture(self._folder, key, origin)
        raise InputError(f"{self._file}: names no picture {origin!r} that can be used")

    def fingerprint(self) -> str:
        """Return a short digest of the table's bytes and of each picture's size and time."""
        digest = hashlib.sha256(self._file.read_bytes())
        for record in self._records():
            key, row = self._row(record)
            if not row.reason:
                status = (self._folder / str(key)).stat()
                digest.update(f"{key}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    def _header(self) -> list[str]:
        header = next(_lines(self._file), (1, []))[1]
        for column in self._columns:
            if header.count(column) != 1:
                raise InputError(
                    f"{self._file}: the column {column!r} stands {header.count(column)} times in "
                    f"its first line ({', '.join(header)[:100]}); it must be there once"
                )
        return header

    def _records(self) -> Iterator[tuple[int, dict[str, str]]]:
        lines = _lines(self._file)
        header = next(lines)[1]
        for number, fields in lines:
            if not fields:
                continue
            if len(fields) != len(header):
                raise InputError(
                    f"{self._file}: line {number} has {len(fields)} fields, the first has "
                    f"{len(header)}"
                )
            yield number, dict(zip(header, fields, strict=True))

    def _row(self, numbered: tuple[int, dict[str, str]]) -> tuple[Key, Row]:
        number, record = numbered
        image, name = (record[column] for column in self._columns)
        key, reason = self._locate(image)
        label = -1
        if not reason:
            label, reason = self._label(name)
        group = record.get("group") or ""
        if not group and record.get("writer"):
            group = f"writer:{record['writer']}"
        origin = key.replace(os.sep, "/")
        return key, Row(label, origin, self._split(record, number), group, reason)

    def _locate(self, image: str) -> tuple[str, str]:
        path = os.path.normpath(image) if image else ""
        if not image or path == ".":
            return "", "the table names no picture"
        if "\\" in image and not os.path.exists(self._folder / path):  # noqa: PTH110
            path = os.path.normpath(image.replace("\\", "/"))  # written on Windows
        parts = Path(path).parts
        if Path(path).is_absolute() or parts[0] == ".." or re.match("[A-Za-z]:", path):
            return path, "the picture lies outside the table's folder"
        if not os.path.isfile(self._folder / path):  # noqa: PTH113 - False for names no system takes
            return path, "there is no such file"
        return path, ""

    def _label(self, name: str) -> tuple[int, str]:
        try:
            label = find_class(name, self._characters)
            if label is None:
                label = find_class(name.strip(), self._characters)
        except InputError as error:
            return -1, str(error)
        if label is None:
            return -1, f"label {name!r} is none of the {len(self._characters)} classes"
        return label, ""

    def _split(self, record: dict[str, str], number: int) -> str:
        name = (record.get("split") or "").strip().casefold()
        if name and name not in SPLITS:
            raise InputError(
                f"{self._file}: line {number} has split {record['split']!r}; "
                "write train, test, val or nothing"
            )
        return SPLITS.get(name, "")


def find_table(path: Path, image: str = "image", label: str = "label") -> Path:
    """Return the CSV file at `path`, or the only one in that folder with those two columns.

    Raises:
        InputError: There is none, or more than one.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
    fitting = [file for file in files if file.is_file() and has_columns(file, image, label)]
    if len(fitting) != 1:
        names = ", ".join(file.name for file in fitting) or "none"
        raise InputError(
            f"{path}: exactly one CSV file with the columns {image} and {label} must lie there; "
            f"found {names}"
        )
    return fitting[0]


def has_columns(file: Path, image: str = "image", label: str = "label") -> bool:
    """Whether a file begins like a CSV table with those two columns."""
    try:
        header = next(_lines(file), (1, []))[1]
    except InputError:
        return False
    return image in header and label in header


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields; every way a CSV file can be broken is one sentence."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for fields in reader:
                if any("\0" in value for value in fields):
                    raise InputError(f"{file}: line {reader.line_num} holds a NUL byte")
                yield reader.line_num, fields
    except csv.Error as error:
        raise InputError(f"{file}: line {reader.line_num} is no CSV ({error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: the table is not in UTF-8; save it as CSV UTF-8") from error
    except OSError as error:
        raise InputError(f"{file}: can't be read ({error.strerror})") from error
