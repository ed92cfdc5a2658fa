"""A copy of a dataset where `tfds.load` looks for it: OUT/NAME/VERSION/.

A dataset is what TFDS reads already, so `tfds.builder_from_directory(DATASET)` needs no export. The
copy adds the layout that lets several datasets share one `data_dir`, and leaves splits out where
that is asked. Every record is proved against its manifest row on the way.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import metadata
from datagen.atomic import atomic_file
from datagen.console import Advance
from datagen.describe import describe_export
from datagen.export_samples import Opened, Unit, by_shard


@dataclass(frozen=True)
class Tfds:
    """See the module."""

    opened: Opened

    def folder(self, out: Path) -> Path:
        """Return OUT/NAME/VERSION."""
        info = metadata.dataset_info(self.opened.recipe, self.opened.characters, ())
        return out / str(info["name"]) / str(info["version"])

    def units(self) -> Sequence[Unit]:
        """A shard at a time."""
        return by_shard(self.opened)

    def write(self, unit: Unit, folder: Path, advance: Advance) -> Sequence[str]:
        """Copy a shard and its manifest."""
        (part,) = unit.parts
        for _ in self.opened.samples(part):
            pass  # each record is proved against its manifest row
        names = part.listed.file, part.shard.manifest
        for name in names:
            with (
                (self.opened.folder / name).open("rb") as source,
                atomic_file(folder / name) as file,
            ):
                shutil.copyfileobj(source, file)
        advance(unit.records)
        return names

    def finish(self, folder: Path) -> str:
        """Write the metadata of the splits that are here."""
        opened, data = self.opened, folder.parent.parent
        how = f'tfds.load("{opened.recipe.name}", data_dir="{data}")'
        describe_export(opened, folder, how.replace(str(data), "OUT"), {"viewer": False})
        metadata.write(folder, opened.recipe, opened.characters, opened.listed)
        return how
