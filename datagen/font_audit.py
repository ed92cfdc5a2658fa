"""Audit one font file: prove it, draw it, judge each of its characters.

It runs in a process of its own (`datagen.font_crew`): a broken font can take a rasteriser down with
it.
"""

import hashlib
import json
import logging
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datagen.characters import CharacterTable, parse
from datagen.errors import InputError
from datagen.font_axes import check_axes, crossed
from datagen.font_checks import wrong_pictures
from datagen.font_drawings import PX, SIDE, Drawing, draw_all
from datagen.font_findings import LETTERS, READY, SKETCH, FaceAudit, FileAudit
from datagen.font_proof import BadFontError, ProvedFace, count_faces, prove_face
from datagen.raster import OpenFace


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
        return FileAudit.refused(str(error))
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
    drawings, undrawn = draw_all(font, list(dict.fromkeys([*wanted, *LETTERS])))
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


def work() -> None:
    """Be a worker: read a character table and then paths, answer each with a line of JSON."""
    warnings.simplefilter("ignore")
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)
    table = parse(json.loads(sys.stdin.readline()))
    print(READY, flush=True)  # noqa: T201  the answer that the parent reads
    for line in sys.stdin:
        path = Path(json.loads(line))
        try:
            audit = audit_file(path, table)
        except OSError as error:
            audit = FileAudit.unreadable(error)
        print(audit.to_json(), flush=True)  # noqa: T201
