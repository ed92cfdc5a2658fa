"""Audit one font file: prove it, draw it, judge each of its characters.

A file's audit depends on its bytes, the character table and the versions of this code and of
FreeType alone, so it is kept under those names and never made twice. It runs in a process of its
own (`datagen.font_workers`): a broken font can take a rasteriser down with it.
"""

import base64
import hashlib
import json
import string
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.font_axes import check_axes, crossed
from datagen.font_checks import wrong_pictures
from datagen.font_drawings import PX, SIDE, Drawing, draw_all
from datagen.font_proof import BadFontError, ProvedFace, count_faces, prove_face
from datagen.glyphs import Axis
from datagen.raster import OpenFace, version

VERSION = 3  # of the audit: raise it when a check changes, so that older results are made anew
# Faces are compared by these, whatever the table: bars and dots are alike in most fonts.
LETTERS = string.ascii_letters
SKETCH = 8  # pixels; edge of the pictures by which families are compared


@dataclass(frozen=True, slots=True, eq=False)
class FaceAudit:
    """What the audit found out about a face, wherever its file lies.

    Attributes:
        index: Number of the face in its file.
        family: Family name from the file; may be empty.
        axes: Variable axes.
        reasons: Code point of each character that can't be used, with the reason.
        outlines: Hash of all its pictures; equal for the same outlines under another name.
        sketches: uint8 (LETTERS, SKETCH * SKETCH), a small picture of each letter, else zeros.
    """

    index: int
    family: str
    axes: tuple[Axis, ...]
    reasons: Mapping[str, str]
    outlines: str
    sketches: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FileAudit:
    """What the audit found out about a file.

    Attributes:
        faces: Faces that can be drawn.
        rejected: Number of each other face, with the reason; None stands for the whole file.
    """

    faces: tuple[FaceAudit, ...] = ()
    rejected: tuple[tuple[int | None, str], ...] = ()

    def to_json(self) -> str:
        """Return the audit as one line of JSON."""
        faces = [
            {
                "index": face.index,
                "family": face.family,
                "axes": face.axes,
                "reasons": dict(face.reasons),
                "outlines": face.outlines,
                "sketches": base64.b64encode(zlib.compress(face.sketches.tobytes(), 1)).decode(),
            }
            for face in self.faces
        ]
        return json.dumps({"faces": faces, "rejected": self.rejected})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: The text is anything else.
        """
        try:
            content = json.loads(text)
            faces = tuple(_face_from(face) for face in content["faces"])
            return cls(faces, tuple((index, reason) for index, reason in content["rejected"]))
        except (LookupError, TypeError, zlib.error) as error:
            raise ValueError(f"not the audit of a font file ({error})") from error


def _face_from(face: dict[str, Any]) -> FaceAudit:
    sketches = np.frombuffer(zlib.decompress(base64.b64decode(face["sketches"])), np.uint8)
    return FaceAudit(
        face["index"],
        face["family"],
        tuple(Axis(*axis) for axis in face["axes"]),
        face["reasons"],
        face["outlines"],
        sketches.reshape(len(LETTERS), SKETCH * SKETCH),
    )


def edition(characters: CharacterTable) -> str:
    """Return a name for everything but the file that an audit depends on."""
    return f"{VERSION}-{version()}-{characters.digest[:16]}"


def audit_file(path: Path, characters: CharacterTable) -> FileAudit:
    """Audit all faces of a file.

    Args:
        path: A file, of whatever kind.
        characters: The classes to look for.

    Raises:
        OSError: The file can't be read.
    """
    data = path.read_bytes()
    try:
        count = count_faces(data)
    except BadFontError as error:
        return FileAudit(rejected=((None, str(error)),))
    faces = []
    rejected: list[tuple[int | None, str]] = []
    for index in range(count):
        try:
            faces.append(_audit_face(path, prove_face(data, index), characters))
        except BadFontError as error:
            rejected.append((index if count > 1 else None, str(error)))
    return FileAudit(tuple(faces), tuple(rejected))


def _audit_face(path: Path, face: ProvedFace, characters: CharacterTable) -> FaceAudit:
    try:
        font = OpenFace(str(path), face.index)
        font.set(PX, [axis.default for axis in face.axes])
    except InputError as error:
        raise BadFontError(f"FreeType can't open it: {error}") from error
    wanted = [character.char for character in characters]
    drawings, undrawn = draw_all(font, face, list(dict.fromkeys([*wanted, *LETTERS])))
    by_label = {c.label: drawings[c.char] for c in characters if c.char in drawings}
    if not by_label:
        raise BadFontError("it draws none of the characters")
    wrong = wrong_pictures(by_label, characters)
    check_axes(font, face, [characters[label].char for label in by_label if label not in wrong])
    crossing = crossed(font, face, drawings)
    reasons = {
        c.codepoint: undrawn.get(c.char) or wrong.get(c.label) or crossing[c.char]
        for c in characters
        if c.char in undrawn or c.label in wrong or c.char in crossing
    }
    outlines = _outlines(drawings)
    return FaceAudit(face.index, face.family, face.axes, reasons, outlines, _sketches(drawings))


def _outlines(drawings: Mapping[str, Drawing]) -> str:
    # The place in the em box is left out: copies often differ in nothing but their spacing.
    digest = hashlib.blake2b(digest_size=16)
    for char, drawing in sorted(drawings.items()):
        digest.update(f"{ord(char)} {drawing.box[2]} {drawing.box[3]} ".encode())
        digest.update(drawing.ink)
    return digest.hexdigest()


def _sketches(drawings: Mapping[str, Drawing]) -> npt.NDArray[np.uint8]:
    blank = np.zeros((SIDE, SIDE), np.uint8)
    pictures = np.stack([drawings[c].picture if c in drawings else blank for c in LETTERS])
    block = SIDE // SKETCH
    # Adding planes up is several times quicker than a mean over axes of four pixels.
    rows = np.stack([pictures[:, n::block] for n in range(block)]).sum(axis=0, dtype=np.uint16)
    total = np.stack([rows[:, :, n::block] for n in range(block)]).sum(axis=0)
    sketches: npt.NDArray[np.uint8] = np.rint(total / block**2).astype(np.uint8)
    return sketches.reshape(len(LETTERS), SKETCH * SKETCH)
