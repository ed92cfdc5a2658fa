"""Whose work is in a dataset: a row for each font family and each source that gave it records.

The table is a manifest like the others: a person may fill in what the program can't know, the
licence of a folder of pictures or of a font of one's own, and what was filled in stays.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from datagen import tables
from datagen.atomic import write_csv
from datagen.errors import InputError
from datagen.export_samples import Opened
from datagen.font_files import UNKNOWN, catalog
from datagen.sources.emnist_files import part_of

FILE = "LICENSES.csv"
_FACE = r"@([0-9a-f]{16}/\d+)\?"  # in the origin of a drawn sample: font file's hash and face
_AFTER = r"^([a-z][a-z0-9_]*):"  # in that of a redrawn one: the source of its picture


class Licence(NamedTuple):
    """One row of `LICENSES.csv`.

    Attributes:
        kind: ``font`` or ``source``.
        name: The family, or the name of the source in the recipe.
        license: SPDX identifier, or ``unknown``.
        records: Records that were made from it.
        copyright: Copyright line of its makers, or their names.
        url: Where it comes from.
        citation: What to cite, or empty.
    """

    kind: str
    name: str
    license: str
    records: int
    copyright: str
    url: str
    citation: str


EMNIST = Licence(
    kind="source",
    name="EMNIST",
    license=UNKNOWN,  # its publisher names none
    records=0,
    copyright="Gregory Cohen, Saeed Afshar, Jonathan Tapson and André van Schaik; NIST",
    url="https://www.nist.gov/itl/products-and-services/emnist-dataset",
    citation="Cohen, Afshar, Tapson and van Schaik, EMNIST: an extension of MNIST to handwritten "
    "letters, 2017, arXiv:1702.05373",
)


def collect(opened: Opened) -> list[Licence]:
    """Return whose work is in a dataset, sources before fonts, by name.

    Raises:
        InputError: A table of the dataset is missing or damaged, or a drawn record comes from a
            font that is not in `manifests/fonts.csv`.
    """
    sources, fonts, emnist = _count(opened)
    known = _filled_in(opened.folder / FILE)
    rows = []
    for name, records in sorted(sources.items()):
        drawn = name == opened.recipe.drawn
        if not drawn:
            row = EMNIST if name in emnist else Licence("source", name, UNKNOWN, 0, "", "", "")
            row = known.get(("source", name), row)
            rows.append(row._replace(name=name, records=records))
    for row in _families(opened, fonts):
        filled = known.get(("font", row.name), row) if row.license == UNKNOWN else row
        rows.append(filled._replace(records=row.records))
    return rows


def write(folder: Path, rows: list[Licence]) -> None:
    """Write the table, whole or not at all."""
    write_csv(folder / FILE, Licence._fields, rows)


def _count(opened: Opened) -> tuple[Counter[str], Counter[str], set[str]]:
    """Count records by source and by face of a font; name the sources that are EMNIST."""
    sources: Counter[str] = Counter()
    fonts: Counter[str] = Counter()
    emnist = set()
    for part in opened.parts:
        path = opened.folder / part.shard.manifest
        table = tables.read_csv(path, ("source", "origin"))
        if opened.recipe.redrawn is not None:  # it is the work of those who wrote it first
            again = table["source"] == opened.recipe.redrawn
            sources.update(table["origin"][again].str.extract(_AFTER, expand=False).tolist())
            table = table[~again]
        for name, origins in table.groupby("source")["origin"]:
            sources[str(name)] += len(origins)
            if name == opened.recipe.drawn:
                faces = origins.str.extract(_FACE, expand=False).fillna("")
                fonts.update(faces.tolist())
            elif part_of(str(origins.iloc[0]).partition("#")[0]):
                emnist.add(str(name))
    return sources, fonts, emnist


def _families(opened: Opened, counts: Mapping[str, int]) -> Iterator[Licence]:
    """Yield a row for each family that gave records, by name."""
    if not counts:
        return
    path = opened.folder / "manifests" / "fonts.csv"
    table = tables.read_csv(path, ("font", "sha256", "family", "license"))
    keys = table["sha256"].str[:16] + "/" + table["font"].str.split("/").str[-1]
    table = table.assign(key=keys)[table["license"] != ""].set_index("key")
    missing = sorted(set(counts) - set(table.index))
    if missing:
        raise InputError(f"{path}: the font {missing[0] or 'of a record'} is not in it")
    table["records"] = pd.Series(dict(counts))
    used = table.dropna(subset=["records"])
    about = {family.family: family for family in catalog()}
    for (name, licence), rows in used.groupby(["family", "license"]):
        family = about.get(str(name)) if licence != UNKNOWN else None
        yield Licence(
            kind="font",
            name=str(name),
            license=str(licence),
            records=int(rows["records"].sum()),
            copyright=family.copyright if family else "",
            url="",
            citation=f"the Python package {family.package}" if family else "",
        )


def _filled_in(path: Path) -> dict[tuple[str, str], Licence]:
    """Return the rows of a table that was written before, as a person may have changed them."""
    if not path.exists():
        return {}
    table = tables.read_csv(path, Licence._fields).assign(records=0)
    rows = (
        Licence(*row) for row in table[list(Licence._fields)].itertuples(index=False, name=None)
    )
    return {(row.kind, row.name): row for row in rows}
