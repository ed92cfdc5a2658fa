"""IDX files as EMNIST is published: gzip, pictures transposed, a mapping of labels to code points.

Whatever reads EMNIST ByClass reads these, `datagen build --source emnist=DIR` included. EMNIST has
no validation split; it is written in the same form under a name of its own, which such readers
leave alone. Pictures of another size than EMNIST's 28x28 are scaled to it.
"""

import gzip
import struct
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen import console
from datagen.atomic import atomic_file, write_text
from datagen.console import Advance
from datagen.describe import describe_export
from datagen.errors import UsageError
from datagen.export_samples import Opened, Unit, by_split
from datagen.sources.emnist_forms import SIDE

_LABELS = 256  # the most classes that labels of one byte can name
_PREFIX = "emnist-byclass"


class Idx:
    """See the module."""

    def __init__(self, opened: Opened) -> None:
        if len(opened.characters) > _LABELS:
            raise UsageError(
                f"{opened.folder}: has {len(opened.characters)} classes, but labels in IDX files "
                f"are bytes and name at most {_LABELS}; choose another format"
            )
        if opened.recipe.size != SIDE:
            size = opened.recipe.size
            console.note(f"note: EMNIST's pictures are {SIDE}x{SIDE}; {size}x{size} are scaled")
        self._opened = opened

    def folder(self, out: Path) -> Path:
        """Return the folder itself."""
        return out

    def units(self) -> Sequence[Unit]:
        """A split at a time."""
        return by_split(self._opened)

    def write(self, unit: Unit, folder: Path, advance: Advance) -> Sequence[str]:
        """Write the pictures and the labels of a split."""
        names = [
            f"{_PREFIX}-{unit.split}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")
        ]
        with ExitStack() as stack:
            images, labels = (_open(stack, folder / name) for name in names)
            images.write(struct.pack(">4i", 0x803, unit.records, SIDE, SIDE))
            labels.write(struct.pack(">2i", 0x801, unit.records))
            for part in unit.parts:
                for sample, pixels in self._opened.samples(part):
                    images.write(_scaled(pixels).T.tobytes())
                    labels.write(bytes((sample.label,)))
                    advance(1)
        return names

    def finish(self, folder: Path) -> str:
        """Write the mapping."""
        lines = "".join(f"{c.label} {ord(c.char)}\n" for c in self._opened.characters)
        write_text(folder / f"{_PREFIX}-mapping.txt", lines)
        how = f"as EMNIST ByClass, such as datagen build RECIPE --source emnist={folder}"
        describe_export(self._opened, folder, how, {"viewer": False})
        return how


def _open(stack: ExitStack, path: Path) -> gzip.GzipFile:
    file = stack.enter_context(atomic_file(path))
    # Neither a name nor a time in the header: the same bytes every time.
    return stack.enter_context(gzip.GzipFile("", "wb", 9, file, mtime=0))


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels of shape (SIDE, SIDE); those of that size stay as they are."""
    if pixels.shape == (SIDE, SIDE):
        return pixels
    how = cv2.INTER_AREA if len(pixels) > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=how), np.uint8)
