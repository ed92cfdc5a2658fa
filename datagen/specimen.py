"""A specimen of every font family over the classes: what would be drawn, seen before it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import console
from datagen.atomic import atomic_file, write_text
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.font_families import list_fonts
from datagen.lock import hold
from datagen.specimen_glyphs import strip
from datagen.specimen_page import page
from datagen.specimen_png import sheets

PAGE = "specimen.html"


@dataclass(frozen=True, slots=True)
class Specimen:
    """What was written.

    Attributes:
        page: The HTML page.
        pictures: The same as PNG files.
        families: Families shown.
        faces: Their faces.
        marked: Families with at least one rejected character.
        rejected: Font files and faces that can't be used.
    """

    page: Path
    pictures: tuple[Path, ...]
    families: int
    faces: int
    marked: int
    rejected: int


def preview(
    folders: Sequence[Path],
    out: Path,
    characters: CharacterTable | None = None,
    installed: bool = True,
    system: bool = False,
    styles: Sequence[str] = (),
    workers: int | None = None,
) -> Specimen:
    """Draw a specimen sheet of every family, as ``specimen.html`` and ``specimen.png``.

    Args:
        folders: Folders, searched recursively, and single font files.
        out: Folder to write to; files of other names in it stay.
        characters: The classes; the 89 of Math Vision where it is left out.
        installed: Take the installed families too, and ``fonts/`` of the current folder.
        system: Take the fonts of the operating system too.
        styles: Only families of these styles of the catalogue; all where it is empty.
        workers: Number of processes for the audit; one a core where it is left out.

    Raises:
        UsageError: A style is unknown.
        InputError: A folder is missing, no usable font was found, `out` is a file, or another
            process works in it.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; give a folder for --out")
    found = list_fonts(folders, None, characters, installed, system, styles, workers)
    table = found.characters
    strips = []
    with console.progress("drawing specimens", len(found.families), "families") as advance:
        for family in found.families:
            strips.append(strip(family, table))
            advance(1)
    unusable = [
        (font.path if font.index is None else f"{font.path} face {font.index}", font.reason)
        for font in found.rejected
    ]
    pictures = []
    with hold(out, None):
        write_text(out / PAGE, page(strips, table, unusable))
        for number, png in enumerate(sheets(strips, table), 1):
            pictures.append(out / (f"specimen-{number}.png" if number > 1 else "specimen.png"))
            with atomic_file(pictures[-1]) as file:
                file.write(png)
    return Specimen(
        page=out / PAGE,
        pictures=tuple(pictures),
        families=len(strips),
        faces=sum(len(family.faces) for family in found.families),
        marked=sum(bool(each.verdicts.any()) for each in strips),
        rejected=len(found.rejected),
    )
