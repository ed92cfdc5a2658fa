"""Export a dataset to the formats that other libraries read.

An export is written unit by unit, a shard or a split at a time, so that memory holds one shard. A
small mark is left after each unit; the same command finds the marks and writes only what is
missing. The same dataset gives the same bytes.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import __version__, bring, console
from datagen.atomic import write_text
from datagen.claim import STATE, claim
from datagen.errors import UsageError, nearest
from datagen.export_samples import Format, Opened, Unit, Writer, open_splits
from datagen.lock import hold
from datagen.remote import Location

_KIND = "dataset-export"  # what is made, as other commands are told of it

FORMATS: Mapping[str, str] = {
    "tfds": "datagen.export_tfds:Tfds",
    "parquet": "datagen.export_parquet:Parquet",
    "webdataset": "datagen.export_webdataset:WebDataset",
    "idx": "datagen.export_idx:Idx",
    "png": "datagen.export_png:PngTree",
}


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes:
        folder: Where it lies.
        records: Records by split.
        files: Number of files that hold them.
        bytes: Their size.
        written: Records that this run wrote; 0 where everything was there already.
        opened: How it is opened, as a line of code or in words.
    """

    folder: Path
    records: Mapping[str, int]
    files: int
    bytes: int
    written: int
    opened: str


def export(dataset: Location, format_name: str, out: Path, splits: Sequence[str] = ()) -> Exported:
    """Write a dataset in another format, or go on with an export that was stopped.

    Args:
        dataset: Folder or URL of the dataset.
        format_name: One of `FORMATS`.
        out: Folder to write to; made where it is missing.
        splits: Splits to take; all where none is named.

    Raises:
        UsageError: There is no such format or split, or a library that it needs is missing.
        InputError: The dataset is unfinished or damaged, or `out` holds something else.
    """
    if format_name not in FORMATS:
        known = list(FORMATS)
        raise UsageError(
            f"format {format_name!r} is not one of {', '.join(known)}{nearest(format_name, known)}"
        )
    dataset = bring.dataset(dataset)
    opened = open_splits(dataset, splits)
    module, _, name = FORMATS[format_name].partition(":")
    make: Writer = getattr(importlib.import_module(module), name)
    writer = make(opened)
    folder = writer.folder(out)
    if dataset.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise UsageError(f"--out {out} lies inside the dataset; name a folder of its own")
    with hold(folder, _KIND):
        claim(folder, _KIND, _identity(opened, format_name))
        return _run(writer, opened, folder)


def _identity(opened: Opened, format_name: str) -> dict[str, str]:
    """What the bytes of an export depend on."""
    shards = "\n".join(f"{done.file} {done.sha256}" for done in opened.listed)
    return {
        "version": __version__,
        "format": format_name,
        "splits": " ".join(opened.splits),
        "dataset": hashlib.sha256(shards.encode()).hexdigest(),
        "characters": opened.characters.digest,
    }


def _run(writer: Format, opened: Opened, folder: Path) -> Exported:
    files = size = written = 0
    with console.progress("exporting", sum(opened.records.values()), "images") as advance:
        for unit in writer.units():
            sizes = _finished(folder, unit)
            if sizes is None:
                names = writer.write(unit, folder, advance)
                sizes = {name: (folder / name).stat().st_size for name in names}
                write_text(_mark(folder, unit), json.dumps(sizes) + "\n")
                written += unit.records
            else:
                advance(unit.records)
            files += len(sizes)
            size += sum(sizes.values())
    how = writer.finish(folder)
    return Exported(folder, opened.records, files, size, written, how)


def _mark(folder: Path, unit: Unit) -> Path:
    return folder / STATE / f"{unit.name}.json"


def _finished(folder: Path, unit: Unit) -> dict[str, int] | None:
    """Return the files of a finished unit and their sizes in bytes; None where one is missing."""
    try:
        sizes = json.loads(_mark(folder, unit).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return None
    return sizes if whole else None
