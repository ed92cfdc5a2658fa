"""WebDataset: tar files of samples, each a PNG picture, its label and its manifest row.

Format: https://github.com/webdataset/webdataset#the-webdataset-format; the members of a sample
follow each other and share the name before the first dot.
"""

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import card
from datagen.atomic import atomic_file
from datagen.console import Advance
from datagen.describe import describe_export
from datagen.export_samples import Opened, Unit, by_shard, png


@dataclass(frozen=True)
class WebDataset:
    """See the module."""

    opened: Opened

    def folder(self, out: Path) -> Path:
        """Return the folder itself."""
        return out

    def units(self) -> Sequence[Unit]:
        """A shard at a time."""
        return by_shard(self.opened)

    def write(self, unit: Unit, folder: Path, advance: Advance) -> Sequence[str]:
        """Write a shard as a tar file."""
        name = f"{self.opened.recipe.name}-{unit.split}-{unit.index:06d}.tar"
        (part,) = unit.parts
        with (
            atomic_file(folder / name) as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for sample, pixels in self.opened.samples(part):
                row = json.dumps(sample._asdict(), ensure_ascii=False).encode()
                label = str(sample.label).encode()
                for suffix, data in (("png", png(pixels)), ("cls", label), ("json", row)):
                    # A fresh TarInfo has no owner and the time 0: the same bytes every time.
                    member = tarfile.TarInfo(f"{sample.id}.{suffix}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
                advance(1)
        return (name,)

    def finish(self, folder: Path) -> str:
        """Write the dataset card."""
        name, splits = self.opened.recipe.name, self.opened.splits
        front = {"configs": card.configs({s: f"{name}-{s}-*.tar" for s in splits})}
        last = max(unit.index for unit in self.units() if unit.split == splits[0])
        numbers = f"{{000000..{last:06d}}}" if last else "000000"
        how = f'webdataset.WebDataset("{folder}/{name}-{splits[0]}-{numbers}.tar")'
        describe_export(self.opened, folder, how, front)
        return how
