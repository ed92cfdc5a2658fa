"""What a build has made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagen.remote import Location


@dataclass(frozen=True)
class Built:
    """What a build made.

    Attributes:
        folder: The dataset; its URL where it was built into a store.
        name: Its name.
        records: Records by split.
        sources: Records by source.
        rejected: Samples that were left out.
        families: Families of fonts that were used.
        bytes: Size of all shards.
        written: Shards that this run wrote; 0 where everything was there already.
        notes: What a user should know, such as optional sources that were not given.
    """

    folder: Location
    name: str
    records: Mapping[str, int]
    sources: Mapping[str, int]
    rejected: int
    families: int
    bytes: int
    written: int
    notes: Sequence[str]
