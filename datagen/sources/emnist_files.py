"""The published files of EMNIST, in a folder or inside a zip, and which of them belong together."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from datagen.errors import InputError
from datagen.sources.archive import Entry, entries, open_entry

PARTS = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
SPLITS = ("train", "test")
_NAME = re.compile(
    rf"emnist-({'|'.join(PARTS)})"
    r"(-(train|test)-(images-idx3|labels-idx1)-ubyte(\.gz)?|-mapping\.txt|-(train|test)\.csv|\.mat)"
)
_WHOLE = 1 << 20  # 1 MiB: files up to this size are read whole for the fingerprint


def part_of(name: str) -> str | None:
    """Return the part of EMNIST that a published file's name belongs to, or None for others."""
    match = _NAME.fullmatch(name.rpartition("/")[2])
    return match[1] if match else None


@dataclass(frozen=True, slots=True)
class EmnistFiles:
    """EMNIST's files of one folder, zip or .mat file.

    Attributes:
        root: The folder or the file.
        names: File name without its folder -> path relative to `root`, or its entry in the zip.
    """

    root: Path
    names: dict[str, str | Entry]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def origin(self, name: str) -> str:
        """Return the path of a file relative to the root."""
        found = self.names[name]
        return found.name if isinstance(found, Entry) else found.replace(os.sep, "/")

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading.

        Raises:
            InputError: It can't be opened.
        """
        found = self.names[name]
        if isinstance(found, Entry):
            return open_entry(self.root, found.index)
        try:
            return self._path(found).open("rb")
        except OSError as error:
            raise InputError(f"{self._path(found)}: can't be read ({error.strerror})") from error

    def stamp(self, name: str) -> str:
        """Return what tells a file from another version of it without reading all of it.

        That is name and size, and: CRC-32 inside a zip; of a .gz its last 8 bytes, which are
        CRC-32 and length of what is packed; the SHA-256 of a file of up to 1 MiB; else the time
        of the last change.
        """
        found = self.names[name]
        if isinstance(found, Entry):
            return f"{name} {found.size} {found.crc}"
        status = self._path(found).stat()
        with self.open(name) as stream:
            if status.st_size <= _WHOLE:
                mark = hashlib.sha256(stream.read()).hexdigest()
            elif name.endswith(".gz"):
                stream.seek(-8, os.SEEK_END)
                mark = stream.read().hex()
            else:
                mark = str(status.st_mtime_ns)
        return f"{name} {status.st_size} {mark}"

    def _path(self, found: str) -> Path:
        return self.root / found if self.root.is_dir() else self.root


def find_files(path: Path) -> EmnistFiles:
    """Look for EMNIST's files in a folder and its sub-folders, in a zip, or in one .mat file.

    Of files with one name the one in the outer folder is taken.

    Raises:
        InputError: The path is missing, is no zip, or holds none of EMNIST's files.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    found: dict[str, str | Entry] = {}
    if path.is_dir():
        for file in _listed(path):
            if part_of(file.name):
                found.setdefault(file.name, str(file.relative_to(path)))
    elif path.suffix.lower() == ".mat":
        found[path.name] = path.name
    elif part_of(path.name):
        raise InputError(f"{path}: is one file of EMNIST; name the folder that it lies in")
    else:
        found = _zipped(path)
    if not found:
        raise InputError(
            f"{path}: holds no file of EMNIST, such as emnist-byclass-train-images-idx3-ubyte.gz"
        )
    return EmnistFiles(path, found)


def _zipped(path: Path) -> dict[str, str | Entry]:
    found: dict[str, str | Entry] = {}
    for entry in sorted(entries(path, limited=False), key=lambda entry: entry.name.count("/")):
        if not part_of(entry.name):
            continue
        if entry.reason:
            raise InputError(f"{path}: {entry.name} can't be used: {entry.reason}")
        found.setdefault(entry.name.rpartition("/")[2], entry)
    return found


def _listed(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and then those of its direct sub-folders, in name order."""
    try:
        items = sorted(folder.iterdir())
        yield from (item for item in items if item.is_file())
        for item in items:
            if item.is_dir():
                yield from sorted(file for file in item.iterdir() if file.is_file())
    except OSError as error:
        raise InputError(f"{error.filename}: can't be listed ({error.strerror})") from error
