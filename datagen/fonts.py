"""Fonts: find the files, prove them, audit each (face, character), tell which belong together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from datagen import console
from datagen.atomic import write_csv
from datagen.characters import CharacterTable, load
from datagen.errors import InputError
from datagen.font_files import UNKNOWN, FontFile, find_fonts
from datagen.font_findings import FaceAudit
from datagen.font_groups import same_origin
from datagen.font_workers import audit_files
from datagen.glyphs import Axis

COLUMNS = (
    "file",
    "face",
    "family",
    "style",
    "license",
    "sha256",
    "group",
    "codepoint",
    "usable",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Face:
    """A face that can be drawn.

    Attributes:
        path: Font file.
        index: Number of the face in its file.
        sha256: Hash of the file, in hexadecimal.
        family: Family name.
        style: One of `datagen.font_styles.STYLES`, or ``unknown``.
        license: SPDX identifier, or ``unknown``.
        axes: Variable axes; none for a static face.
        group: First by name of the families drawn from the same outlines; never crosses splits.
        labels: Labels of the characters that it may be used for.
        reasons: Code point of each other character, with the reason.
    """

    path: str
    index: int
    sha256: str
    family: str
    style: str
    license: str
    axes: tuple[Axis, ...]
    group: str
    labels: tuple[int, ...]
    reasons: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class RejectedFont:
    """A file or a face that can't be used.

    Attributes:
        path: Font file.
        index: Number of the face; None for the whole file.
        sha256: Hash of the file; empty where it can't be read.
        family: Family name, empty where it isn't known.
        reason: Why.
    """

    path: str
    index: int | None
    sha256: str
    family: str
    reason: str


@dataclass(frozen=True, slots=True)
class FontAudit:
    """The fonts that can be used, and those that can't.

    Attributes:
        characters: The classes they were audited for.
        faces: Usable faces, ordered by family, file name and index, wherever the files lie.
        rejected: Everything else, in the same order.
        ignored: Number of other files that lay in the folders.
        missing: Families of the catalogue that are not installed.
    """

    characters: CharacterTable = field(compare=False)
    faces: tuple[Face, ...]
    rejected: tuple[RejectedFont, ...]
    ignored: int = 0
    missing: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield a row of `COLUMNS` for each (face, character) and one for each rejected font."""
        for face in self.faces:
            about = (face.path, face.index, face.family, face.style, face.license, face.sha256)
            for character in self.characters:
                reason = face.reasons.get(character.codepoint, "")
                yield *about, face.group, character.codepoint, int(not reason), reason
        for font in self.rejected:
            index = "" if font.index is None else font.index
            yield font.path, index, font.family, "", "", font.sha256, "", "", 0, font.reason


def fonts(
    folders: Sequence[Path] = (),
    out: Path | None = None,
    characters: CharacterTable | None = None,
    installed: bool = True,
    workers: int | None = None,
) -> FontAudit:
    """Find and audit fonts.

    Args:
        folders: Folders, searched recursively, and single font files.
        out: CSV file to write the audit to: a row for each face and character, and a row without
            a code point for each font that can't be used.
        characters: The classes to look for; the 89 of Math Vision where it is left out.
        installed: Look also at the installed families and in ``fonts/`` of the current folder.
        workers: Number of processes; one a core where it is left out.

    Raises:
        InputError: A folder is missing, or no usable font was found.
    """
    found = find_fonts([Path(folder) for folder in folders], installed)
    table = load() if characters is None else characters
    result = audit(found.files, table, workers)
    result = replace(result, ignored=found.ignored, missing=found.missing)
    if found.missing:
        console.note(f"not installed: {', '.join(found.missing)}; pip install brings them")
    if not found.files:
        where = ", ".join(map(str, folders)) or "the installed packages"
        raise InputError(
            f"no font file (TTF, OTF, TTC, WOFF, WOFF2) in {where}; name another place"
        )
    if out is not None:
        write_csv(Path(out), COLUMNS, result.rows())
    return result


def audit(
    files: Sequence[FontFile], characters: CharacterTable, workers: int | None = None
) -> FontAudit:
    """Prove and audit font files; the result doesn't depend on their order or on where they lie.

    Args:
        files: The files, whatever they hold.
        characters: The classes to look for.
        workers: Number of processes; one a core where it is left out.
    """
    audits = audit_files([file.path for file in files], characters, workers)
    rejected = []
    usable: list[tuple[Face, FaceAudit]] = []
    for file in files:
        sha256, audit = audits[file.path]
        for index, reason in audit.rejected:
            rejected.append(RejectedFont(str(file.path), index, sha256, _family(file), reason))
        usable += [(_face(file, sha256, found, characters), found) for found in audit.faces]
    originals, copies = _copies(usable)
    return FontAudit(
        characters,
        _grouped(sorted(originals, key=lambda pair: _order(pair[0]))),
        tuple(sorted(rejected + copies, key=_order)),
    )


def _face(file: FontFile, sha256: str, found: FaceAudit, characters: CharacterTable) -> Face:
    known = file.family
    return Face(
        path=str(file.path),
        index=found.index,
        sha256=sha256,
        family=known.family if known else found.family or file.path.stem,
        style=known.style if known else UNKNOWN,
        license=known.license if known else UNKNOWN,
        axes=found.axes,
        group="",
        labels=tuple(c.label for c in characters if c.codepoint not in found.reasons),
        reasons=found.reasons,
    )


def _family(file: FontFile) -> str:
    return file.family.family if file.family else ""


def _order(font: Face | RejectedFont) -> tuple[str, str, int, str, str]:
    index = -1 if font.index is None else font.index
    return font.family, Path(font.path).name, index, font.sha256, font.path


def _copies(
    faces: list[tuple[Face, FaceAudit]],
) -> tuple[list[tuple[Face, FaceAudit]], list[RejectedFont]]:
    """Part the faces into originals and copies of their outlines."""
    # Of two, the one that is kept is known to the catalogue, or else has more axes to vary.
    faces = sorted(
        faces, key=lambda pair: (pair[0].style == UNKNOWN, -len(pair[0].axes), *_order(pair[0]))
    )
    kept: dict[str, tuple[Face, FaceAudit]] = {}
    copies = []
    for face, found in faces:
        if found.outlines not in kept:
            kept[found.outlines] = face, found
            continue
        original = kept[found.outlines][0]
        reason = f"same outlines as {original.family} {Path(original.path).name}"
        copies.append(RejectedFont(face.path, face.index, face.sha256, face.family, reason))
    return list(kept.values()), copies


def _grouped(pairs: list[tuple[Face, FaceAudit]]) -> tuple[Face, ...]:
    if not pairs:
        return ()
    sketches = np.stack([found.sketches for _, found in pairs])
    groups = same_origin(sketches, [face.family for face, _ in pairs])
    return tuple(replace(face, group=group) for (face, _), group in zip(pairs, groups, strict=True))
