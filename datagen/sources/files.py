"""What sources of picture files share: chunks, class names, and what is no picture."""

import errno
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from datagen import pictures
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.sources import CHUNK, Picture, Row, Unreadable
from datagen.sources.archive import read_entry

_LOST = {errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE}
"""What is wrong with the disk or the permissions and not with the picture."""

Key = str | int
"""How a file is opened: its path under a folder as the system knows it, or its index in a zip."""

SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "",
    "valid": "",
    "validation": "",
}
"""What the publisher calls a part, in lower case -> what is known by it; see `Row.split`."""

_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store"})


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Picture files of one folder or zip; see `datagen.sources.Chunk`.

    Attributes:
        root: The folder or the zip.
        keys: How each file is opened.
        rows: What is known of each.
    """

    root: Path
    keys: tuple[Key, ...]
    rows: tuple[Row, ...]

    def load(self) -> Iterator[Picture | Unreadable]:
        """Yield one result for each row, in order; rows that are left out give `Unreadable`."""
        for key, row in zip(self.keys, self.rows, strict=True):
            if row.reason:
                yield Unreadable(row.reason)
                continue
            try:
                yield read_picture(self.root, key, row.origin)
            except InputError as error:
                if isinstance(cause := error.__cause__, OSError) and cause.errno in _LOST:
                    # Left out, it would be missing from this run and there again in the next.
                    raise InputError(
                        f"{self.root}: {error}; mend that or take the file away, and run the same "
                        "command again"
                    ) from error
                yield Unreadable(str(error))


def chunks(root: Path, found: Iterable[tuple[Key, Row]]) -> Iterator[FileChunk]:
    """Gather files into chunks of `CHUNK`, in their order."""
    iterator = iter(found)
    while batch := tuple(islice(iterator, CHUNK)):
        keys, rows = zip(*batch, strict=True)
        yield FileChunk(root, keys, rows)


def read_picture(root: Path, key: Key, where: str) -> Picture:
    """Read one picture file of a folder or a zip; `where` names it in errors.

    Raises:
        InputError: It can't be read or decoded.
    """
    if isinstance(key, int):
        content = read_entry(root, key)
    else:
        content = pictures.read_bytes(root / key, where)
    return Picture(content, pictures.decode(content, where))


def find_class(name: str, characters: CharacterTable) -> int | None:
    """Return the label a name stands for, also where a system took its accents apart (NFD).

    Raises:
        InputError: The name could mean two classes.
    """
    label = characters.find(name)
    return characters.find(unicodedata.normalize("NFC", name)) if label is None else label


def not_a_picture(name: str, head: Callable[[], bytes]) -> str:
    """Say why a file is taken for no picture, or return an empty string where it is one.

    Args:
        name: Its path, with ``/``.
        head: Gives its first 16 bytes; asked only where the name doesn't tell.
    """
    path = PurePosixPath(name)
    if path.name.casefold() in _SYSTEM_FILES:
        return "not a picture but a file of the file manager"
    if "__MACOSX" in path.parts or path.name.startswith("._"):
        return "not a picture but a file of macOS"
    if path.suffix.lower() in pictures.EXTENSIONS or pictures.looks_like(head()):
        return ""
    return f"not a picture ({path.suffix or 'no ending'})"


def printable(name: str) -> str:
    """Return a file name that can be written as UTF-8, for systems where names are any bytes."""
    return os.fspath(name).encode("utf-8", "backslashreplace").decode("utf-8")
