"""PNG files in a folder a split and in it a folder a class, with one CSV table of all.

`OUT/train/U+0041/ID.png` is what Keras' `image_dataset_from_directory` and torchvision's
`ImageFolder` read; the folders are named by code point and sort as the labels do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import tables
from datagen.atomic import atomic_file, write_csv
from datagen.console import Advance
from datagen.describe import describe_export
from datagen.export_samples import Opened, Unit, by_shard, png
from datagen.manifest import COLUMNS, Sample


@dataclass(frozen=True)
class PngTree:
    """See the module."""

    opened: Opened

    def folder(self, out: Path) -> Path:
        """Return the folder itself."""
        return out

    def units(self) -> Sequence[Unit]:
        """A shard at a time."""
        return by_shard(self.opened)

    def write(self, unit: Unit, folder: Path, advance: Advance) -> Sequence[str]:
        """Write the pictures of a shard."""
        (part,) = unit.parts
        names = []
        for sample, pixels in self.opened.samples(part):
            names.append(_path(sample))
            with atomic_file(folder / names[-1], durable=False) as file:
                file.write(png(pixels))
            advance(1)
        return names

    def finish(self, folder: Path) -> str:
        """Write the table of all pictures, in the order of the records."""
        write_csv(folder / "manifest.csv", ("path", *COLUMNS), self._rows())
        split = self.opened.splits[0]
        how = f'keras.utils.image_dataset_from_directory("{folder / split}")'
        describe_export(self.opened, folder, how, {"viewer": False})
        return how

    def _rows(self) -> Iterator[tuple[object, ...]]:
        for part in self.opened.parts:
            table = tables.read(self.opened.folder / part.shard.manifest, self.opened.characters)
            for row in table[list(COLUMNS)].itertuples(index=False, name=None):
                yield _path(Sample(*row)), *row


def _path(sample: Sample) -> str:
    return f"{sample.split}/{sample.codepoint}/{sample.id}.png"
