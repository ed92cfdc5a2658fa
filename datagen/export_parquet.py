"""Parquet files as Hugging Face's `datasets` reads them: an Image feature and a ClassLabel.

The schema carries the features in the place where `datasets` looks for them, so the files open
with `load_dataset` of a folder, from the Hub, and as plain Parquet in pandas, Polars or DuckDB.
Format: https://huggingface.co/docs/hub/datasets-image#parquet-format
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen import card
from datagen.atomic import atomic_file
from datagen.characters import CharacterTable
from datagen.console import Advance
from datagen.describe import describe_export
from datagen.errors import UsageError
from datagen.export_samples import Opened, Unit, by_shard, png

_TEXTS = ("id", "source", "group", "origin")  # of the columns of a manifest
_ROWS = 1000  # rows a group: what a reader has to fetch to see one of them


class Parquet:
    """See the module."""

    def __init__(self, opened: Opened) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise UsageError(
                "the Parquet export needs pyarrow, which is not installed: pip install pyarrow"
            ) from error
        self._opened = opened
        self._arrow: Any = pyarrow
        image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
        texts = [(name, pyarrow.string()) for name in _TEXTS]
        features = {"info": {"features": _features(opened.characters)}}
        self._schema = pyarrow.schema(
            [("image", image), ("label", pyarrow.int64()), *texts],
            {"huggingface": json.dumps(features)},
        )

    def folder(self, out: Path) -> Path:
        """Return the folder itself."""
        return out

    def units(self) -> Sequence[Unit]:
        """A shard at a time."""
        return by_shard(self._opened)

    def write(self, unit: Unit, folder: Path, advance: Advance) -> Sequence[str]:
        """Write a shard as a Parquet file."""
        name = f"data/{unit.name}.parquet"
        (part,) = unit.parts
        samples = self._opened.samples(part)
        with (
            atomic_file(folder / name) as file,
            self._arrow.parquet.ParquetWriter(file, self._schema) as writer,
        ):
            while batch := list(itertools.islice(samples, _ROWS)):
                rows = [
                    {
                        "image": {"bytes": png(pixels), "path": f"{sample.id}.png"},
                        "label": sample.label,
                        **{text: getattr(sample, text) for text in _TEXTS},
                    }
                    for sample, pixels in batch
                ]
                writer.write_table(self._arrow.Table.from_pylist(rows, self._schema))
                advance(len(batch))
        return (name,)

    def finish(self, folder: Path) -> str:
        """Write the dataset card, which says where the files of each split lie."""
        splits = self._opened.splits
        sizes = {
            split: sum(path.stat().st_size for path in (folder / "data").glob(f"{split}-*.parquet"))
            for split in splits
        }
        front = {
            "configs": card.configs({split: f"data/{split}-*.parquet" for split in splits}),
            "dataset_info": _info(self._opened, sizes),
        }
        how = f'datasets.load_dataset("{folder}")'
        describe_export(self._opened, folder, how, front)
        return how


def _features(characters: CharacterTable) -> dict[str, Any]:
    return {
        "image": {"_type": "Image"},
        "label": {"names": [c.char for c in characters], "_type": "ClassLabel"},
        **{name: {"dtype": "string", "_type": "Value"} for name in _TEXTS},
    }


def _info(opened: Opened, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return `dataset_info` of a dataset card, in the order in which `datasets` writes it."""
    names = {str(c.label): c.char for c in opened.characters}
    features: list[dict[str, Any]] = [
        {"name": "image", "dtype": "image"},
        {"name": "label", "dtype": {"class_label": {"names": names}}},
        *({"name": name, "dtype": "string"} for name in _TEXTS),
    ]
    return {
        "features": features,
        "splits": [
            {"name": split, "num_bytes": sizes[split], "num_examples": records}
            for split, records in opened.records.items()
        ],
        "download_size": sum(sizes.values()),
        "dataset_size": sum(sizes.values()),
    }
