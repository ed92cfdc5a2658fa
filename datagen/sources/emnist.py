"""EMNIST: 814,255 handwritten digits and letters of NIST Special Database 19.

Cohen, Afshar, Tapson and van Schaik, "EMNIST: an extension of MNIST to handwritten letters", 2017,
arXiv:1702.05373. All the published forms are read where they lie: IDX files with and without
``.gz``, ``gzip.zip``, ``.mat``, and the CSV files of Kaggle.
"""

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError, nearest
from datagen.sources import Picture, Row, Unreadable
from datagen.sources.emnist_classes import POLICIES, classes
from datagen.sources.emnist_files import PARTS, find_files
from datagen.sources.emnist_forms import BYTES, SIDE, Array, Block
from datagen.sources.emnist_parts import choose_part


@dataclass(frozen=True)
class EmnistChunk:
    """Pictures of EMNIST; see `datagen.sources.Chunk`. It carries their bytes with it.

    Attributes:
        block: The stored pictures, labels and writers.
        classes: Stored label -> label, or -1 and a reason.
    """

    block: Block
    classes: Mapping[int, tuple[int, str]]

    @functools.cached_property
    def rows(self) -> Sequence[Row]:
        """One row a picture."""
        block, known = self.block, self.classes
        prefix, split, first = block.prefix, block.split, block.first
        groups = [""] * len(block.labels)
        if block.writers is not None:
            groups = [f"writer:{writer}" for writer in block.writers.tolist()]
        rows = []
        for number, (stored, group) in enumerate(zip(block.labels.tolist(), groups, strict=True)):
            label, reason = known.get(stored) or (-1, f"label {stored} is not in EMNIST's mapping")
            rows.append(Row(label, f"{prefix}{first + number}", split, group, reason))
        return rows

    def load(self) -> Iterator[Picture | Unreadable]:
        """Yield one result for each row, in order; rows that are left out give `Unreadable`."""
        content = self.block.images.tobytes()
        pixels = upright(self.block.images)
        for number, row in enumerate(self.rows):
            if row.reason:
                yield Unreadable(row.reason)
            else:
                stored = content[number * BYTES : (number + 1) * BYTES]
                yield Picture(stored, pixels[number])

    def __getstate__(self) -> dict[str, object]:
        """Leave the rows behind: they are quicker made again than sent."""
        return {"block": self.block, "classes": self.classes}


class Emnist:
    """One part of EMNIST.

    Pictures in classes that the character table lacks are left out, with the reason. Where one
    half of the part, train or test, is incomplete, the other is read alone. Of several forms in
    one place IDX is taken before .mat and .mat before CSV; only .mat tells who wrote a picture,
    and only .mat is held in memory whole.
    """

    def __init__(
        self,
        path: Path,
        characters: CharacterTable,
        part: str | None = None,
        merged: str = "refuse",
    ) -> None:
        """Find the files of a part; pictures are not read yet.

        Args:
            path: A folder (its direct sub-folders are searched too), a zip, or a .mat file.
            characters: The classes to look for.
            part: byclass, bymerge, balanced, letters, digits or mnist; None where the path holds
                images of one part only.
            merged: What to take a class for that holds a capital and its small letter: ``upper``,
                ``lower``, or ``refuse`` for an error.

        Raises:
            UsageError: There is no such option, or merged classes are refused.
            InputError: Files are missing or broken, or hold more than one part.
        """
        if part is not None and part not in PARTS:
            raise UsageError(
                f"part {part!r} is not one of {', '.join(PARTS)}{nearest(part, list(PARTS))}"
            )
        if merged not in POLICIES:
            raise UsageError(f"merged {merged!r} is not one of {', '.join(POLICIES)}")
        self._files = find_files(Path(path))
        name, self._part = choose_part(self._files, part)
        self._classes = classes(self._part.mapping(), name, merged, characters)

    def index(self) -> Iterator[EmnistChunk]:
        """Yield every picture, train before test, in the order of the files.

        Raises:
            InputError: A file is cut off, broken, or its header lies.
        """
        for block in self._part.blocks():
            yield EmnistChunk(block, self._classes)

    def read(self, origin: str) -> Picture:
        """Read one picture again by the origin of its row.

        Raises:
            InputError: There is no such picture, or it can't be read.
        """
        for block in self._part.blocks():
            number = origin.removeprefix(block.prefix)
            if number == origin or not (number.isascii() and number.isdigit()):
                continue
            place = int(number) - block.first
            if 0 <= place < len(block.labels):
                stored = block.images[place : place + 1]
                return Picture(stored.tobytes(), upright(stored)[0])
        raise InputError(f"{self._files.root}: holds no picture {origin!r}")

    def fingerprint(self) -> str:
        """Return a short digest of the part's files; see `EmnistFiles.stamp` for what it covers."""
        digest = hashlib.sha256()
        for name in sorted(self._part.names()):
            digest.update(f"{self._files.stamp(name)}\n".encode())
        return digest.hexdigest()[:16]


def upright(images: Array) -> Array:
    """Undo EMNIST's order of pixels: uint8 (n, 784) as stored to uint8 (n, 28, 28) as seen."""
    return np.ascontiguousarray(images.reshape(-1, SIDE, SIDE).transpose(0, 2, 1))
