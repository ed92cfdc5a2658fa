"""The files that close a dataset, once all its shards are there: tables, sums, descriptions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from datagen import described, drawn_fonts, manifest, sums
from datagen.atomic import write_csv
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.describe import describe
from datagen.fonts import FontAudit
from datagen.manifest import SPLITS, Rejected
from datagen.recipe import Recipe
from datagen.shards import Finished


def finish(
    folder: Path,
    recipe: Recipe,
    characters: CharacterTable,
    done: Sequence[Finished],
    rejected: Sequence[Rejected],
    audit: FontAudit,
    families: Mapping[str, str],
) -> None:
    """Write what follows from all shards together, and remove what only a build needs.

    Args:
        folder: The dataset.
        recipe: As resolved.
        characters: The classes.
        done: All finished shards, train first.
        rejected: All that was left out.
        audit: The fonts.
        families: Split by group of families.
    """
    tables = folder / "manifests"
    manifest.write_rejected(tables / "rejected.csv", rejected)
    rows = drawn_fonts.font_rows(audit, families)
    write_csv(tables / "fonts.csv", drawn_fonts.COLUMNS, rows)
    others = described.write(folder, recipe, characters, done)
    others += ["manifests/rejected.csv", "manifests/fonts.csv", sums.IDENTITY]
    sums.write(folder, recipe.name, list(done), others)
    describe(folder)
    for name in ("pixels", *(f"taken-{split}.npy" for split in SPLITS)):
        (folder / STATE / name).unlink(missing_ok=True)
