"""Strokes of whole faces, traced once and remembered on the disk.

Tracing a glyph takes milliseconds, a hundred times what drawing it does. So a face is traced once
for all characters, and of a family's faces only one upright and one slanted: a bold's strokes run
where a light's do.
"""

import hashlib
import io
import itertools
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen.atomic import atomic_file
from datagen.cache import cache_folder
from datagen.fonts import Face
from datagen.outlines import Outline
from datagen.raster import OUTLINE_PX, open_face, version

_EDITION = 3  # changes where strokes come out differently
_SIDE = 128  # pixels of a glyph's longer side, at which it is traced
_MOST_PX = 512  # pixels an em; dots and commas stay small
LEAST_FIT = 0.9  # of strokes with their glyph; below it they are not what a hand would write
_WIDEST = 0.22  # of a glyph's longer side; wider strokes have no clear middle
_MEETS = 0.05  # of a glyph's longer side; strokes this near to each other touch
_BEST_WEIGHT = 300  # thin faces have the clearest strokes, the thinnest lose parts
_WEIGHTS = {
    "thin": 100,
    "extralight": 200,
    "light": 300,
    "regular": 400,
    "medium": 500,
    "semibold": 600,
    "extrabold": 800,
    "bold": 700,
    "black": 900,
}
_SLANTED = re.compile("italic|oblique", re.IGNORECASE)


class Strokes:
    """Strokes of the characters of faces.

    Args:
        faces: The faces that may be asked for.
        alphabet: All characters that may be asked for, each once.
    """

    def __init__(self, faces: Sequence[Face], alphabet: str) -> None:
        self._alphabet = alphabet
        self._traced: dict[tuple[str, int], Mapping[str, Outline]] = {}
        best: dict[tuple[str, bool], Face] = {}
        for face in sorted(faces, key=_preference):
            best.setdefault(_kind(face), face)
        self._chosen = {(face.path, face.index): best[_kind(face)] for face in faces}

    def of(self, face: Face, char: str) -> Outline | None:
        """Return the strokes of a character, or None where a hand would not write them so.

        Raises:
            InputError: The font can't be read.
        """
        chosen = self._chosen[face.path, face.index]
        key = chosen.path, chosen.index
        if key not in self._traced:
            self._traced[key] = self._face(chosen)
        return self._traced[key].get(char)

    def _face(self, face: Face) -> Mapping[str, Outline]:
        place = self._place(face)
        found = _read(place)
        if found is None:
            found = {}
            for char in self._alphabet:
                traced = _trace(face, char)
                if traced is not None:
                    found[char] = traced
            _remember(place, found)
        return found

    def _place(self, face: Face) -> Path:
        made_by = f"{_EDITION} {version()} {metadata.version('scikit-image')}"
        identity = f"{made_by} {face.sha256} {face.index} {self._alphabet}"
        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        return cache_folder() / "strokes" / f"{name}.npz"


def _kind(face: Face) -> tuple[str, bool]:
    return face.family, _SLANTED.search(Path(face.path).stem) is not None


def _preference(face: Face) -> tuple[int, str, int]:
    name = Path(face.path).stem.lower().rpartition("-")[2]
    weight = next((value for word, value in _WEIGHTS.items() if word in name), 400)
    return abs(weight - _BEST_WEIGHT), Path(face.path).name, face.index


def _trace(face: Face, char: str) -> Outline | None:
    from datagen import skeleton

    font = open_face(face.path, face.index, face.sha256)
    if not font.has(char):
        return None
    axes = skeleton.skeleton_axes(face)
    font.set(_SIDE, axes)
    side = max(font.draw(char)[0].shape)
    if not side:
        return None
    px = min(_MOST_PX, _SIDE * _SIDE // side)
    font.set(px, axes)
    ink, left, top = font.draw(char)
    if not ink.size or ink.max() < 128:
        return None
    found = skeleton.strokes(ink)
    low, high = sorted(ink.shape)
    blob = found.width > _WIDEST * high and low > found.width * 1.5
    if not found.lines or found.fit < LEAST_FIT or blob:
        return None
    return outline(found.lines, 64 * OUTLINE_PX / px, high, (left + 0.5, top + 0.5))


def outline(
    lines: Sequence[NDArray[np.float32]],
    scale: float,
    side: float,
    corner: tuple[float, float] = (0.0, 0.0),
) -> Outline:
    """Return strokes, in pixels, as what a pen writes.

    Args:
        lines: The strokes, float32, shape (n, 2) each, y downwards.
        scale: Of a font's units, how many a pixel has.
        side: The longer side in pixels.
        corner: Where their picture's corner is to lie, in pixels.
    """
    # A dot is a line from a point to itself: a line of one point is not drawn.
    drawn = [line if len(line) > 1 else line.repeat(2, axis=0) for line in lines]
    points = np.concatenate(drawn) + np.array(corner, np.float32)
    points *= np.array([1, -1], np.float32) * np.float32(scale)
    ends = np.cumsum([len(line) for line in drawn]) - 1
    gap = gap_between(lines, side)
    return Outline(points.astype(np.float32), np.zeros(len(points), np.uint8), ends, gap)


def gap_between(lines: Sequence[NDArray[np.float32]], side: float) -> float:
    """Return the least distance between strokes that do not meet, as a share of the longer side.

    Args:
        lines: The strokes, float32, shape (n, 2) each.
        side: The longer side, in the same units.
    """
    least = math.inf
    for one, two in itertools.combinations(lines, 2):
        far = one[:, None] - two[None]
        distance = float(np.sqrt((far * far).sum(axis=2)).min()) / max(side, 1e-6)
        if distance > _MEETS:
            least = min(least, distance)
    return least


def _read(place: Path) -> dict[str, Outline] | None:
    """Read a face's strokes; None where there are none yet or the file was spoilt."""
    try:
        with place.open("rb") as stream, np.load(stream) as kept:
            points, ends = kept["points"], kept["ends"]
            chars, point_counts, line_counts = kept["chars"], kept["counts"], kept["lines"]
            gaps = kept["gaps"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        return None
    pieces = np.split(points, np.cumsum(point_counts)[:-1])
    lines = np.split(ends, np.cumsum(line_counts)[:-1])
    return {
        chr(char): Outline(own, np.zeros(len(own), np.uint8), last, gap)
        for char, own, last, gap in zip(chars.tolist(), pieces, lines, gaps.tolist(), strict=False)
    }


def _remember(place: Path, found: Mapping[str, Outline]) -> None:
    """Keep a face's strokes for the next time; a cache that can't be written is done without."""
    kept = list(found.values())
    data = io.BytesIO()
    none = np.zeros((0, 2), np.float32)
    np.savez_compressed(
        data,
        chars=np.array([ord(char) for char in found], np.int64),
        points=np.concatenate([none, *(each.points for each in kept)]),
        counts=np.array([len(each.points) for each in kept], np.int64),
        ends=np.concatenate([np.zeros(0, np.int64), *(each.ends for each in kept)]),
        lines=np.array([len(each.ends) for each in kept], np.int64),
        gaps=np.array([each.gap for each in kept], np.float64),
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(place, durable=False) as file:
            file.write(data.getvalue())
    except OSError:
        return
