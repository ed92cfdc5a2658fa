"""Pictures in class folders: the folder that a picture lies in says what it shows.

``math-symbols/33/2849.png`` is a ``!`` because ``33`` stands for it in the character table; folders
above the class folder don't matter, save ``train`` and ``test``. A zip of such folders is read in
place.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.sources import Picture, Row
from datagen.sources.archive import entries, read_entry
from datagen.sources.files import (
    SPLITS,
    FileChunk,
    Key,
    chunks,
    find_class,
    not_a_picture,
    printable,
    read_picture,
)


class Found(NamedTuple):
    """A file: how it is opened, its path with ``/``, and why it is not read, or empty."""

    key: Key
    name: str
    reason: str


class Folder:
    """A folder, or a zip, of class folders.

    Files that are no pictures, pictures in folders that are no class, and unsafe entries of a zip
    are rows that are left out, with the reason.
    """

    def __init__(self, path: Path, characters: CharacterTable) -> None:
        self._path = Path(path)
        self._characters = characters
        if not self._path.exists():
            raise InputError(f"{path}: no such file or folder")
        if not self._path.is_dir():
            entries(self._path)

    def index(self) -> Iterator[FileChunk]:
        """Yield every file, by its path in code point order.

        Raises:
            InputError: The zip is broken, a folder can't be listed, or there are no pictures.
        """
        placer = _Placer(self._characters)
        pictures = 0
        pairs: list[tuple[Key, Row]] = []
        for key, name, unsafe in list_files(self._path):
            reason = unsafe or not_a_picture(name, lambda key=key: self._head(key))  # type: ignore[misc]
            row = Row(-1, name, reason=reason) if reason else placer.row(name)
            pictures += not reason
            pairs.append((key, row))
        if not pictures:
            raise InputError(f"{self._path}: holds no pictures in class folders")
        yield from chunks(self._path, pairs)

    def read(self, origin: str) -> Picture:
        """Read one picture again by the origin of its row.

        Raises:
            InputError: There is no such picture, or it can't be read.
        """
        for key, name, unsafe in list_files(self._path):
            if name == origin and not unsafe:
                return read_picture(self._path, key, origin)
        raise InputError(f"{self._path}: holds no picture {origin!r}")

    def fingerprint(self) -> str:
        """Return a short digest of the files.

        It covers names, sizes and CRC-32 of a zip's files; names, sizes and times of change of a
        folder's. Pictures are not read for it.
        """
        digest = hashlib.sha256()
        if self._path.is_dir():
            for key, name, _ in list_files(self._path):
                status = (self._path / str(key)).lstat()
                digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        else:
            for entry in entries(self._path):
                digest.update(f"{printable(entry.name)}\0{entry.size}\0{entry.crc}\n".encode())
        return digest.hexdigest()[:16]

    def _head(self, key: Key) -> bytes:
        try:
            if isinstance(key, int):
                return read_entry(self._path, key, 16)
            with (self._path / key).open("rb") as stream:
                return stream.read(16)
        except (InputError, OSError):
            return b""  # it stays a row, as no picture


def list_files(path: Path) -> Iterator[Found]:
    """List the files of a folder and its sub-folders, or of a zip, by path in code point order.

    Links are followed, but not into a folder that the link lies in.

    Raises:
        InputError: The zip is broken or a folder can't be listed.
    """
    if not path.is_dir():
        for entry in entries(path):
            yield Found(entry.index, printable(entry.name), entry.reason)
        return
    found = sorted(_walk(path, "", frozenset()), key=lambda file: file[0])
    for name, reason in found:
        yield Found(name, printable(name.replace(os.sep, "/")), reason)


def _walk(root: Path, below: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    try:
        status = (root / below).stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            yield below, "it is a link to a folder that it lies in"
            return
        with os.scandir(root / below) as listing:
            items = list(listing)
    except OSError as error:
        raise InputError(f"{root / below}: can't be listed ({error.strerror})") from error
    for item in items:
        name = os.path.join(below, item.name)  # noqa: PTH118 - many thousand, and Path is slow
        if item.is_dir():
            yield from _walk(root, name, above | {here})
        elif item.is_file():
            yield name, ""
        else:
            yield name, "it is not a regular file, or a link to nothing"


@dataclass(slots=True)
class _Placer:
    """Finds label and split of a picture by its folders; each folder is looked up once."""

    characters: CharacterTable
    known: dict[str, Row] = field(default_factory=dict)

    def row(self, name: str) -> Row:
        folder = name.rpartition("/")[0]
        if folder not in self.known:
            self.known[folder] = self._place(folder)
        place = self.known[folder]
        return Row(place.label, name, place.split, "", place.reason)

    def _place(self, folder: str) -> Row:
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        splits = [SPLITS[part.casefold()] for part in parts if part.casefold() in SPLITS]
        split = splits[-1] if splits else ""
        parts = [part for part in parts if part.casefold() not in SPLITS]
        if not parts:
            return Row(-1, "", split, reason="lies in no class folder")
        try:
            label = find_class(parts[-1], self.characters)
        except InputError as error:
            return Row(-1, "", split, reason=str(error))
        if label is None:
            count = len(self.characters)
            reason = f"folder {parts[-1]!r} is none of the {count} classes"
            return Row(-1, "", split, reason=reason)
        return Row(label, "", split)
