"""Where real pictures come from: one file a kind of source, all of one small protocol.

A source yields chunks. A chunk knows its rows at once (label, origin, split) and loads its pictures
only when asked, so a chunk can be sent to another process and loaded there. To add a kind, write a
class with the three methods of `Source` in a module of its own and name it in `KINDS`.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from datagen import bring
from datagen.characters import CharacterTable
from datagen.errors import UsageError, nearest
from datagen.remote import Location

KINDS: Mapping[str, str] = {
    "emnist": "datagen.sources.emnist:Emnist",
    "folder": "datagen.sources.folder:Folder",
    "table": "datagen.sources.table:Table",
}

CHUNK = 2048  # pictures; large enough to hide the cost of sending it, small enough to share out


class Row(NamedTuple):
    """What is known of a picture before it is read.

    Attributes:
        label: The class, or -1 where the picture is left out; `reason` then says why.
        origin: Where exactly the pixels come from, relative to the source's path, such as
            ``emnist-byclass-train-images-idx3-ubyte.gz#17`` or ``math-symbols/33/2849.png``.
        split: ``test`` where the publisher says so, ``train`` where the publisher says that it is
            not test, else empty.
        group: What must not cross splits (a writer), or empty where nothing is known.
        reason: Why the picture is left out, or empty.
    """

    label: int
    origin: str
    split: str = ""
    group: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was found.

    Attributes:
        content: The bytes that identify it: the image file's, or the raw pixels where it has none.
        pixels: uint8 or uint16, shape (height, width) or (height, width, 2 | 3 | 4), upright.
    """

    content: bytes
    pixels: np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A picture that could not be read, and why."""

    reason: str


class Chunk(Protocol):
    """Up to `CHUNK` pictures in a fixed order. It can be pickled."""

    @property
    def rows(self) -> Sequence[Row]:
        """One row a picture."""

    def load(self) -> Iterator[Picture | Unreadable]:
        """Yield one result for each row, in order; rows that are left out give `Unreadable`."""


class Source(Protocol):
    """A set of labelled pictures on disk; its order never depends on the machine."""

    def index(self) -> Iterator[Chunk]:
        """Yield every picture of the source, those left out included."""

    def read(self, origin: str) -> Picture:
        """Read one picture again by the origin of its row.

        Raises:
            InputError: The source has no such picture, or it can't be read.
        """

    def fingerprint(self) -> str:
        """Return a short digest that changes when the files of the source change."""


def open_source(
    kind: str,
    path: Location,
    characters: CharacterTable,
    options: Mapping[str, Any] | None = None,
) -> Source:
    """Open a source by the name of its kind.

    Args:
        kind: One of `KINDS`, or ``auto`` to look at the files.
        path: File or folder, or the URL of one, which is brought to the cache.
        characters: The classes to look for.
        options: Options of that kind.

    Raises:
        UsageError: There is no such kind or option.
        InputError: The path is missing or holds nothing of that kind.
    """
    path = bring.source(path)
    if kind == "auto":
        from datagen.sources.detect import detect

        kind = detect(path)
    if kind not in KINDS:
        raise UsageError(
            f"source kind {kind!r} is not one of {', '.join(KINDS)}{nearest(kind, list(KINDS))}"
        )
    module, _, name = KINDS[kind].partition(":")
    factory = getattr(importlib.import_module(module), name)
    try:
        source: Source = factory(path, characters, **(options or {}))
    except TypeError as error:
        raise UsageError(f"source kind {kind!r}: {error}") from error
    return source
