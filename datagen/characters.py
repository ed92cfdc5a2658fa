"""The classes: label, character, folder aliases and shape, read from a CSV table.

Code points are written ``U+0041`` and never as bare characters, because those break spreadsheets
(``=``, ``-`` and ``@`` start formulas), file systems (``a`` and ``A``, ``/``) and pandas (``NA``).
Any table with the columns ``label,codepoint,name,aliases,shape`` works everywhere the shipped one
does; ``aliases`` is separated by spaces, ``shape`` is the code point of the first class that looks
the same in a tight frame.
"""

import csv
import functools
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datagen.errors import InputError, nearest

COLUMNS = ("label", "codepoint", "name", "aliases", "shape")
DEFAULT = "math-vision-89"


@dataclass(frozen=True, slots=True)
class Character:
    """One class.

    Attributes:
        label: Position in the table, from 0.
        codepoint: ``U+`` and at least four upper-case hexadecimal digits.
        name: Unicode name.
        aliases: Other names that a folder or a CSV label may use for it.
        shape: Code point of the first class of its confusable group; its own where it is alone.
        char: The character itself.
    """

    label: int
    codepoint: str
    name: str
    aliases: tuple[str, ...]
    shape: str
    char: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep the character at hand: an audit asks for it hundreds of times a font."""
        object.__setattr__(self, "char", chr(int(self.codepoint[2:], 16)))


class CharacterTable:
    """An ordered table of classes; `table[label]` is a `Character`."""

    def __init__(self, characters: tuple[Character, ...]) -> None:
        self._characters = characters
        self._by_codepoint = {c.codepoint: c.label for c in characters}
        self._exact: dict[str, set[int]] = {}
        self._folded: dict[str, set[int]] = {}
        for c in characters:
            for alias in (c.char, c.codepoint, str(ord(c.char)), *c.aliases):
                self._exact.setdefault(alias, set()).add(c.label)
                if len(alias) > 1:
                    self._folded.setdefault(alias.casefold(), set()).add(c.label)

    def __len__(self) -> int:
        return len(self._characters)

    def __iter__(self) -> Iterator[Character]:
        return iter(self._characters)

    def __getitem__(self, label: int) -> Character:
        return self._characters[label]

    def label(self, codepoint: str) -> int:
        """Return the label of a code point written ``U+0041``.

        Raises:
            InputError: The table has no such class.
        """
        if codepoint not in self._by_codepoint:
            raise InputError(
                f"{codepoint} is not one of the {len(self)} classes of the table"
                f"{self._meant(codepoint)}"
            )
        return self._by_codepoint[codepoint]

    def find(self, name: str) -> int | None:
        """Return the label that a folder or label name stands for, or None where it is no class.

        A name is a character, a code point (``U+0041``), a decimal character code (``65``) or an
        alias; names of two and more letters are also found in the other case.

        Raises:
            InputError: The name could mean two classes.
        """
        found = self._exact.get(name) or self._folded.get(name.casefold(), set())
        if len(found) > 1:
            meant = " or ".join(self[label].codepoint for label in sorted(found))
            raise InputError(
                f"the name {name!r} could mean {meant}: rename it to the code point that is meant"
            )
        return next(iter(found), None)

    def _meant(self, name: str) -> str:
        """Guess what was meant by what is no code point; of code points none is near another."""
        found = self._exact.get(name) or self._folded.get(name.casefold()) or ()
        points = [self[label].codepoint for label in sorted(found)]
        if points:
            return f"; did you mean {' or '.join(points)}?"
        named = [alias for alias in self._folded if not alias.startswith("u+")]
        return "" if name.startswith("U+") else nearest(name, named)

    @property
    def labels(self) -> dict[str, int]:
        """Label of each character."""
        return {c.char: c.label for c in self}

    @property
    def shapes(self) -> list[int]:
        """For each label, the label of the first class of its confusable group."""
        return [self._by_codepoint[c.shape] for c in self._characters]

    def to_csv(self) -> str:
        """Return the table as CSV text, the same bytes for the same table."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for c in self:
            writer.writerow([c.label, c.codepoint, c.name, " ".join(c.aliases), c.shape])
        return text.getvalue()

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the table's CSV text, in hexadecimal."""
        return hashlib.sha256(self.to_csv().encode()).hexdigest()


def tracked_table(name: str) -> Path:
    """Return the path of a table that comes with the project, such as ``math-vision-89``."""
    return project_file("manifests", f"{name}.csv")


def tracked() -> list[str]:
    """Return the names of the tables that come with the project."""
    return sorted(path.stem for path in tracked_table(DEFAULT).parent.glob("*-[0-9]*.csv"))


def project_file(folder: str, name: str) -> Path:
    """Return a file of the project's top-level `folder`, in a checkout or in an installed wheel."""
    package = Path(__file__).parent
    checkout = package.parent / folder / name
    return checkout if checkout.exists() else package / "_project" / folder / name


def load(path: str | Path | None = None) -> CharacterTable:
    """Read a character table.

    Args:
        path: A CSV file, or the name of a tracked table; None for the 89 classes of Math Vision.

    Raises:
        InputError: The file is missing, or a row of it is wrong.
    """
    path = DEFAULT if path is None else path
    file = Path(path)
    if not file.suffix:
        file = tracked_table(str(path))
        if not file.is_file():
            known = tracked()
            raise InputError(
                f"character table {str(path)!r} is none of the tracked ones ({', '.join(known)}) "
                f"and no CSV file{nearest(str(path), known)}"
            )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: there is no such character table; relative paths, in recipes too, start at "
            f"the folder that the command runs in, {Path.cwd()}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the character table can't be read ({error})") from error
    return parse(text, str(path))


def parse(text: str, where: str = "character table") -> CharacterTable:
    """Read a character table from CSV text; `where` names it in errors.

    Raises:
        InputError: A column is missing or a row is wrong.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise InputError(f"{where}: not a CSV table ({error})") from error
    missing = [c for c in COLUMNS if not rows or rows[0].get(c) is None]
    if missing:
        raise InputError(f"{where}: the columns {', '.join(missing)} are missing or it has no rows")
    characters = tuple(_row(row, number, where) for number, row in enumerate(rows))
    points = Counter(c.codepoint for c in characters)
    for c in characters:
        if points[c.codepoint] > 1:
            raise InputError(f"{where}: {c.codepoint} stands in it twice")
        if c.shape not in points:
            raise InputError(f"{where}: the shape {c.shape} of {c.codepoint} is no class of it")
    return CharacterTable(characters)


def _row(row: dict[str, str], number: int, where: str) -> Character:
    if row["label"] != str(number):
        raise InputError(
            f"{where}: row {number + 1} has label {row['label']!r}; labels must run 0, 1, 2, …"
        )
    for column in ("codepoint", "shape"):
        if not re.fullmatch(r"U\+[0-9A-F]{4,6}", row[column] or "") or not _valid(row[column]):
            raise InputError(
                f"{where}: row {number + 1} has {column} {row[column]!r}; write it like U+0041"
            )
    aliases = tuple((row["aliases"] or "").split())
    return Character(number, row["codepoint"], row["name"] or "", aliases, row["shape"])


def _valid(codepoint: str) -> bool:
    value = int(codepoint[2:], 16)
    return value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
