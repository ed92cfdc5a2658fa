"""The fonts of a build: audited, split by family, and written down in the dataset."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from datagen import hands
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.fonts import Face, FontAudit, RejectedFont
from datagen.fonts import fonts as audit_fonts
from datagen.manifest import Rejected
from datagen.recipe import Recipe
from datagen.splits import assign_families

COLUMNS = ("font", "sha256", "family", "style", "license", "group", "split", "usable", "reason")


def fonts_of(recipe: Recipe, table: CharacterTable, workers: int = 1) -> FontAudit:
    """Audit the fonts that a recipe draws from, and add its writers; none where it draws nothing.

    Raises:
        InputError: No usable font was found.
    """
    if recipe.drawn is None:
        return FontAudit(table, (), ())
    source = recipe.sources[recipe.drawn]
    folders = [Path(folder) for folder in source.folders]
    audit = audit_fonts(folders, None, table, source.installed, workers)
    if not audit.faces:
        raise InputError("no usable font was found; install some or name folders of fonts")
    return replace(audit, faces=audit.faces + hands.faces(source.writers, table.labels))


def families_of(recipe: Recipe, audit: FontAudit) -> dict[str, str]:
    """Return the split of each group of families."""
    styles = {face.group: face.style for face in audit.faces}
    return assign_families(styles, recipe.splits, recipe.seed)


def font_rows(audit: FontAudit, families: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    """Yield a row of `COLUMNS` for each face that is used and each font that is not."""
    for face in audit.faces:
        about = (face.family, face.style, face.license, face.group, families[face.group])
        yield font_name(face), face.sha256, *about, len(face.labels), ""
    for font in audit.rejected:
        yield font_name(font), font.sha256, font.family, "", "", "", "", 0, font.reason


def rejected_glyphs(audit: FontAudit, source: str) -> list[Rejected]:
    """Say of each character of each face that is not used why."""
    return [
        Rejected("fonts", source, code, font_name(face), why)
        for face in audit.faces
        for code, why in face.reasons.items()
    ]


def font_name(font: Face | RejectedFont) -> str:
    """Name of a font wherever it is installed: its file and, after a slash, the face in it."""
    index = "" if font.index is None else f"/{font.index}"
    return f"{Path(font.path).name}{index}"
