"""What is known of a dataset, counted from its manifests, for whoever describes it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from datagen import metadata
from datagen.characters import CharacterTable
from datagen.export_samples import Opened
from datagen.licences import Licence, collect


@dataclass(frozen=True)
class Facts:
    """What is known of a dataset.

    Attributes:
        name: Its name.
        version: Its version.
        size: Edge of a picture in pixels.
        characters: Its classes.
        records: Records by split, train first.
        licences: Whose work is in it.
        redrawn: Records that are real pictures drawn again.
        digest: SHA-256 over names and hashes of the shards, hexadecimal.
        bytes: Size of all shards.
        url: Where it is published, or empty.
        date: Day of publication, or empty.
    """

    name: str
    version: str
    size: int
    characters: CharacterTable
    records: Mapping[str, int]
    licences: list[Licence]
    redrawn: int
    digest: str
    bytes: int
    url: str
    date: str

    @property
    def title(self) -> str:
        """A title: the name and what it holds."""
        return f"{self.name}: images of {len(self.characters)} characters and symbols"

    @property
    def total(self) -> int:
        """Records in all splits."""
        return sum(self.records.values())

    @property
    def drawn(self) -> int:
        """Records that were drawn from fonts."""
        return sum(row.records for row in self.licences if row.kind == "font")

    @property
    def first(self) -> str:
        """The first split that has records."""
        return next(iter(self.records))

    @property
    def licenses(self) -> list[str]:
        """The licences, each once, sorted."""
        return sorted({row.license for row in self.licences})


def facts(opened: Opened, url: str = "", date: str = "") -> Facts:
    """Count what is in a dataset, or in some of its splits.

    Raises:
        InputError: A table of it is missing or damaged.
    """
    info = metadata.dataset_info(opened.recipe, opened.characters, opened.listed)
    shards = "\n".join(f"{done.file} {done.sha256}" for done in opened.listed)
    return Facts(
        name=opened.recipe.name,
        version=str(info["version"]),
        size=opened.recipe.size,
        characters=opened.characters,
        records=opened.records,
        licences=collect(opened),
        redrawn=sum(
            count
            for done in opened.listed
            for name, _, count in done.counts
            if name == opened.recipe.redrawn
        ),
        digest=hashlib.sha256(shards.encode()).hexdigest(),
        bytes=sum(done.bytes for done in opened.listed),
        url=url,
        date=date,
    )
