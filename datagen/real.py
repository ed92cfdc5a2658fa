"""The real pictures of a shard: what is known of each, and its framed pixels."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError


class RealRow(NamedTuple):
    """One entry of `RealRows`."""

    row: int
    number: int
    label: int
    id: int
    picture: int
    source: str
    group: str
    origin: str


@dataclass(frozen=True, slots=True)
class RealRows:
    """The real pictures of a shard, as they are and redrawn, in its order: an entry each.

    Attributes:
        row: Number in the file of framed pixels.
        number: Which drawing of the picture it is; 0 for the picture itself.
        label: The class.
        id: uint64, the id.
        picture: uint64, the first 64 bits of the SHA-256 of the framed pixels.
        source: Name of the source.
        group: What must not cross splits.
        origin: Where the picture comes from.
    """

    row: NDArray[np.uint32]
    number: NDArray[np.uint8]
    label: NDArray[np.uint16]
    id: NDArray[np.uint64]
    picture: NDArray[np.uint64]
    source: Sequence[str]
    group: Sequence[str]
    origin: Sequence[str]

    def rows(self) -> Iterator[RealRow]:
        """Yield the entries."""
        numbers = (self.row, self.number, self.label, self.id, self.picture)
        columns = [column.tolist() for column in numbers]
        return map(RealRow, *columns, self.source, self.group, self.origin)

    def read(self, pixels: Path, size: int, redrawn: bool) -> Iterator[tuple[RealRow, bytes, str]]:
        """Yield the entries that are redrawn, or those that are not, with pixels and their SHA-256.

        Pixels are read one by one: a map would count as memory.

        Args:
            pixels: File of framed pixels.
            size: Edge of a picture in pixels.
            redrawn: Which entries.

        Raises:
            InputError: The pixels are not those that were surveyed.
        """
        with pixels.open("rb", buffering=0) as file:
            for one in self.rows():
                if bool(one.number) != redrawn:
                    continue
                file.seek(one.row * size**2)
                image = file.read(size**2)
                digest = hashlib.sha256(image).hexdigest()
                if int(digest[:16], 16) != one.picture:
                    raise InputError(
                        f"{pixels}: the pixels of {one.origin} changed while they were in use; "
                        "run the build again"
                    )
                yield one, image, digest
