"""What the audit of a font file found out, and how it is kept.

It depends on the file's bytes, the character table and the versions of the audit and of FreeType
alone, so it is kept under those names and never made twice.
"""

import base64
import json
import string
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from datagen.characters import CharacterTable
from datagen.glyphs import Axis
from datagen.raster import version

VERSION = 3  # of the audit: raise it when a check changes, so that older results are made anew
# Faces are compared by these, whatever the table: bars and dots are alike in most fonts.
LETTERS = string.ascii_letters
SKETCH = 8  # pixels; edge of the pictures by which families are compared
READY = "ready"  # what a worker says before its first file


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

    @classmethod
    def refused(cls, reason: str) -> Self:
        """Return the audit of a file of which nothing can be used."""
        return cls(rejected=((None, reason),))

    @classmethod
    def unreadable(cls, error: OSError) -> Self:
        """Return the audit of a file that can't be read."""
        return cls.refused(f"it can't be read: {error.strerror}")

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
