"""The font families at hand: which there are, of what style, under what licence, how usable."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import console
from datagen.atomic import write_csv
from datagen.characters import CharacterTable, load
from datagen.errors import InputError, UsageError, nearest
from datagen.font_files import UNKNOWN, FoundFonts, catalog, find_fonts
from datagen.font_names import stated
from datagen.font_styles import STYLES
from datagen.fonts import Face, RejectedFont, audit

COLUMNS = (
    "family",
    "style",
    "license",
    "faces",
    "classes",
    "usable",
    "rejected",
    "package",
    "copyright",
)


@dataclass(frozen=True, slots=True)
class FontFamily:
    """The usable faces of a family.

    Attributes:
        family: Its name.
        style: One of `datagen.font_styles.STYLES`, or ``unknown`` for a font of the user's.
        license: SPDX identifier of the catalogue; of a font of the user's ``stated: `` and what
            the file says, or ``unknown``.
        faces: Its faces, the one that stands for the family first.
        package: Python package that brings it; empty for a font of the user's.
        copyright: Copyright line of its makers, where it is known.
    """

    family: str
    style: str
    license: str
    faces: tuple[Face, ...]
    package: str
    copyright: str

    @property
    def usable(self) -> int:
        """How many classes at least one of its faces may be used for."""
        return len({label for face in self.faces for label in face.labels})

    @property
    def rejected(self) -> Mapping[str, Counter[str]]:
        """For each code point that a face is rejected for, the reasons and of how many faces."""
        found: dict[str, Counter[str]] = {}
        for face in self.faces:
            for code, reason in face.reasons.items():
                found.setdefault(code, Counter())[reason] += 1
        return dict(sorted(found.items(), key=lambda item: int(item[0][2:], 16)))


@dataclass(frozen=True, slots=True)
class Families:
    """What was found.

    Attributes:
        characters: The classes that the fonts were audited for.
        families: By name.
        rejected: Files and faces that can't be used.
    """

    characters: CharacterTable
    families: tuple[FontFamily, ...]
    rejected: tuple[RejectedFont, ...]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield a row of `COLUMNS` for each family."""
        for each in self.families:
            about = (each.family, each.style, each.license, len(each.faces), len(self.characters))
            wrong = " ".join(each.rejected)
            yield *about, each.usable, wrong, each.package, each.copyright


def list_fonts(
    folders: Sequence[Path] = (),
    out: Path | None = None,
    characters: CharacterTable | None = None,
    installed: bool = True,
    system: bool = False,
    styles: Sequence[str] = (),
    workers: int | None = None,
) -> Families:
    """Find the font families at hand and audit them.

    Args:
        folders: Folders, searched recursively, and single font files.
        out: CSV file to write a row a family to.
        characters: The classes to look for; the 89 of Math Vision where it is left out.
        installed: Look also at the installed families and in ``fonts/`` of the current folder.
        system: Look also at the fonts of the operating system.
        styles: Only families of these styles of the catalogue; all where it is empty.
        workers: Number of processes; one a core where it is left out.

    Raises:
        UsageError: A style is unknown.
        InputError: A folder is missing, or no usable font was found.
    """
    table = load() if characters is None else characters
    found = _find(folders, installed, system, styles)
    audited = audit(found.files, table, workers)
    by_name: dict[tuple[str, str, str], list[Face]] = {}
    for face in audited.faces:
        by_name.setdefault((face.family, face.style, face.license), []).append(face)
    known = {family.family: family for family in catalog()}
    families = []
    for (name, style, spdx), faces in by_name.items():
        ordered = tuple(sorted(faces, key=_plainness))
        if style in STYLES:
            package, licence, line = known[name].package, spdx, known[name].copyright
        else:
            said, line = stated(ordered[0].path, ordered[0].index)
            package, licence = "", f"stated: {said}" if said else UNKNOWN
        families.append(FontFamily(name, style, licence, ordered, package, line))
    result = Families(table, tuple(families), audited.rejected)
    if not families:
        raise InputError(
            f"none of {len(found.files)} font files can be used; `datagen fonts check --out F.csv` "
            "says why"
        )
    if out is not None:
        write_csv(Path(out), COLUMNS, result.rows())
    return result


def system_fonts() -> list[Path]:
    """Return the font files of the operating system, as Matplotlib finds them, sorted."""
    from matplotlib.font_manager import findSystemFonts

    return sorted(Path(path) for path in findSystemFonts())


def _find(
    folders: Sequence[Path], installed: bool, system: bool, styles: Sequence[str]
) -> FoundFonts:
    known = list(STYLES)
    for style in styles:
        if style not in known:
            raise UsageError(
                f"style {style!r} is none of {', '.join(known)}{nearest(style, known)}"
            )
    places = [Path(folder) for folder in folders] + (system_fonts() if system else [])
    found = find_fonts(places, installed)
    files = found.files
    if styles:
        files = tuple(file for file in files if file.family and file.family.style in styles)
    if found.missing:
        console.note(f"not installed: {', '.join(found.missing)}; pip install brings them")
    if not files:
        where = ", ".join(map(str, folders)) or "the installed packages"
        if styles:
            wanted = " or ".join(styles)
            raise InputError(f"no {wanted} font in {where}; only families of the catalogue count")
        raise InputError(f"no font file in {where}; name another place")
    return FoundFonts(files, found.ignored, found.missing)


def _plainness(face: Face) -> tuple[object, ...]:
    """Sort the face first that stands for its family: most characters, upright, of usual weight."""
    name = Path(face.path).stem.lower()
    slanted = "italic" in name or "oblique" in name
    return -len(face.labels), slanted, "regular" not in name, len(name), name, face.index
