"""Where fonts are looked for: the installed families of the catalogue and the user's folders."""

import csv
import functools
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen.characters import project_file
from datagen.errors import InputError

SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2"})
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Family:
    """A row of the catalogue.

    Attributes:
        family: Name that people know it by.
        slug: The name in small letters and hyphens.
        package: Python package that brings its files.
        style: One of `datagen.font_styles.STYLES`.
        license: SPDX identifier.
        copyright: Copyright line of its makers.
    """

    family: str
    slug: str
    package: str
    style: str
    license: str
    copyright: str

    @property
    def folder(self) -> Path | None:
        """Folder of the installed files; None where the package isn't installed."""
        # Importing each package only to learn where it lies would take ten times as long.
        spec = importlib.util.find_spec(self.package.replace("-", "_"))
        if spec is None or not spec.submodule_search_locations:
            return None
        return Path(next(iter(spec.submodule_search_locations))) / "files"


@dataclass(frozen=True, slots=True)
class FontFile:
    """A file that may be a font.

    Attributes:
        path: Where it lies, absolute for a file that was searched for.
        family: Family of the catalogue that it belongs to; None for a file of the user's.
    """

    path: Path
    family: Family | None = None


@dataclass(frozen=True, slots=True)
class FoundFonts:
    """What a search found.

    Attributes:
        files: Files to prove, each once.
        ignored: How many other files lie in the user's folders.
        missing: Families of the catalogue that are not installed.
    """

    files: tuple[FontFile, ...]
    ignored: int
    missing: tuple[str, ...]


@functools.cache
def catalog() -> tuple[Family, ...]:
    """Return the families that come with the project, sorted by slug."""
    text = project_file("fonts", "catalog.csv").read_text(encoding="utf-8")
    return tuple(Family(**row) for row in csv.DictReader(text.splitlines()))


def find_fonts(folders: Sequence[Path] = (), installed: bool = True) -> FoundFonts:
    """Find font files.

    Args:
        folders: Folders, searched recursively, and single files.
        installed: Look also at the installed families and in ``fonts/`` of the current folder and
            of the checkout.

    Raises:
        InputError: One of `folders` is missing or can't be listed.
    """
    found: dict[str, FontFile] = {}
    missing = []
    ignored = 0
    for family in catalog() if installed else ():
        folder = family.folder
        if folder is None:
            missing.append(family.family)
            continue
        for path in _walk(folder):
            if path.suffix.lower() in SUFFIXES:
                found.setdefault(os.path.realpath(path), FontFile(path, family))
    own = (Path("fonts"), project_file("fonts", "catalog.csv").parent) if installed else ()
    for place in (*folders, *(folder for folder in own if folder.is_dir())):
        if not place.exists():
            raise InputError(f"{place}: no such folder or font file; check the spelling")
        # Absolute, since whoever draws with them may work in another folder.
        for path in (place.absolute(),) if place.is_file() else _walk(place.absolute()):
            if place.is_file() or path.suffix.lower() in SUFFIXES:
                found.setdefault(os.path.realpath(path), FontFile(path))
            else:
                ignored += place in folders
    return FoundFonts(tuple(found.values()), ignored, tuple(missing))


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files under a folder in sorted order; links are followed, each folder once."""
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_unlistable):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for name in sorted(names):
            yield Path(root, name)


def _unlistable(error: OSError) -> None:
    raise InputError(f"{error.filename}: the folder can't be listed ({error.strerror})") from error
