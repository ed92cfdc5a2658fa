"""Metadata that the world reads, made from what a dataset says of itself.

`README.md` is a dataset card in Hugging Face's form, `croissant.json` follows MLCommons' Croissant,
`LICENSES.csv` says whose work is in it and `CITATION.cff` how it is cited. Every count and hash in
them comes from the manifests, so they are written again whenever something changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen import card, citation, croissant, licences, sums
from datagen.atomic import write_text
from datagen.errors import UsageError
from datagen.export_samples import Opened, open_splits
from datagen.facts import Facts, facts
from datagen.font_files import UNKNOWN

FILES = ("LICENSES.csv", "CITATION.cff", "README.md", "croissant.json")
"""What `describe` writes into a dataset's folder."""


@dataclass(frozen=True)
class Described:
    """What was written.

    Attributes:
        folder: The dataset.
        files: Names of the files, relative to the folder.
        families: Font families in it.
        sources: Real sources in it.
        unknown: Families and sources whose licence is unknown.
    """

    folder: Path
    files: tuple[str, ...]
    families: int
    sources: int
    unknown: tuple[str, ...]


def describe(folder: Path, url: str = "", date: str = "") -> Described:
    """Write card, Croissant, licences and citation into a dataset; the same dataset, same bytes.

    Args:
        folder: The dataset.
        url: Where it is published; empty keeps what was said before.
        date: Day of publication, ``YYYY-MM-DD``; empty keeps what was said before.

    Raises:
        UsageError: The day is no day.
        InputError: The folder is no finished dataset, or a table of it is damaged.
    """
    opened = open_splits(folder)
    before = croissant.published(folder / "croissant.json")
    url, date = url or before.url, _day(date) or before.date
    known = facts(opened, url, date)
    licences.write(folder, known.licences)
    _write_citation(folder, known)
    how = f'tfds.builder_from_directory("{known.name}").as_dataset(split="{known.first}")'
    write_text(folder / "README.md", card.card(known, how, {"viewer": False}, croissant=True))
    value = croissant.metadata(opened, known)
    write_text(folder / "croissant.json", json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    _renew_sums(folder)
    unknown = tuple(row.name for row in known.licences if row.license == UNKNOWN)
    kinds = [row.kind for row in known.licences]
    return Described(folder, FILES, kinds.count("font"), kinds.count("source"), unknown)


def describe_export(opened: Opened, folder: Path, how: str, front: Mapping[str, Any]) -> None:
    """Write card, licences, citation and classes beside an export.

    Args:
        opened: What was exported.
        folder: Where to.
        how: How it is opened.
        front: What the card's front matter says beside what every card does.
    """
    before = croissant.published(opened.folder / "croissant.json")
    known = facts(opened, before.url, before.date)
    licences.write(folder, known.licences)
    _write_citation(folder, known)
    write_text(folder / "characters.csv", opened.characters.to_csv())
    how = how.replace(str(folder), known.name)  # where it lies on this machine means nothing
    write_text(folder / "README.md", card.card(known, how, front))


def _renew_sums(folder: Path) -> None:
    """Renew the hashes of these files where the dataset's list of hashes has them."""
    if not (folder / sums.FILE).exists():
        return
    known, faults = sums.read(folder)
    listed = [name for name in FILES if name in known]
    if faults or not listed:
        return
    renewed = {name: sums.sha256_of(folder / name) for name in listed}
    write_text(folder / sums.FILE, sums.text_of({**known, **renewed}))


def _write_citation(folder: Path, known: Facts) -> None:
    about = {"url": known.url, "date-released": known.date}
    text = citation.cff(known.title, known.version, known.digest, known.licences, **about)
    write_text(folder / "CITATION.cff", text)


def _day(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise UsageError(f"date {text!r} is no day; write it as YYYY-MM-DD") from error
