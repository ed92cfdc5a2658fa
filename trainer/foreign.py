"""Pictures of what is no class of a model: noise, scribbles, and characters outside its table.

The characters are drawn from the installed fonts. Whether one of them looks like a class is not a
matter of lists: it is left out where the same face draws a class nearly alike, as it does Α and A.
All is drawn from one seed, so that a threshold measured twice is the same threshold.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray

from datagen import characters
from datagen.characters import CharacterTable
from datagen.font_drawings import distances
from datagen.font_files import catalog, find_fonts
from datagen.frame import FrameError, Mode, frame, place
from datagen.ink import FAINT
from datagen.raster import OpenFace

Gray = NDArray[np.uint8]

# fmt: off
CHARACTERS = (
    "ΓΔΘΛΞΠΣΦΨΩβδεζθλμξπσφψω" "БДЖЗИЛФЦЧШЩЫЭЮЯбджзилфцчшщыэюя" "←↑→↓↔↕⇒⇔∞∑∏∫√∂∇∈∀∃∅∩∪⊂≈≠≤≥≡±÷"
    "§¶©®€£¥¢†‡¿ßæœþŋ■▲●◆★♥♦♣♠♪✓"
)
# fmt: on
"""Greek, Cyrillic, arrows, mathematics and signs; those in a model's table are left out."""

LEARNED = "ΔΞΦΩλψДЖЩЮфы←↓↔⇒∞√§©€£‡œ▲★♦♣♪"
"""Of these, the ones that trainings have outliers of: none that a hand could mean a class by."""

MEASURED = "".join(sorted(set(CHARACTERS).difference(LEARNED)))

EACH = 600  # pictures of each kind
FACES = 60  # faces that characters are drawn with, one a family
EDGE = 64  # pixels; edge of a picture before it is framed
ALIKE = 0.25  # drawings of one face that are nearer (0 is the same, 1 apart) are look-alikes
_SEED = 20_170  # any number: it only has to stay


@dataclass(frozen=True, slots=True)
class Foreign:
    """Framed pictures of one kind that are no class.

    Attributes:
        kind: ``noise``, ``scribbles`` or ``characters``.
        pixels: uint8 (n, size, size).
        blank: How many others of the kind had no ink to frame; they are refused without a model.
    """

    kind: str
    pixels: Gray
    blank: int


def foreign(table: CharacterTable, size: int, mode: Mode, each: int = EACH) -> list[Foreign]:
    """Draw and frame pictures that are none of a table's classes.

    Args:
        table: The classes.
        size: Edge of the frame in pixels.
        mode: How pictures are framed.
        each: Pictures of each kind; of characters there are none where no installed font has any.
    """
    return list(_foreign(table.to_csv(), size, mode, each))


@functools.lru_cache(maxsize=4)  # a process that trains twice draws once
def _foreign(table: str, size: int, mode: Mode, each: int) -> tuple[Foreign, ...]:
    rng = np.random.default_rng(_SEED)
    kinds: dict[str, Callable[[], Gray]] = {
        "noise": lambda: noise(rng),
        "scribbles": lambda: scribble(rng),
    }
    drawings = glyphs(characters.parse(table))
    if drawings:
        kinds["characters"] = lambda: wobbled(drawings[rng.integers(len(drawings))], rng)
    return tuple(_framed(kind, draw, size, mode, each) for kind, draw in kinds.items())


def _framed(kind: str, draw: Callable[[], Gray], size: int, mode: Mode, each: int) -> Foreign:
    pixels, blank = [], 0
    for _ in range(each):
        try:
            pixels.append(frame(draw(), size, mode))
        except FrameError:
            blank += 1
    stacked = np.stack(pixels) if pixels else np.zeros((0, size, size), np.uint8)
    return Foreign(kind, stacked, blank)


def noise(rng: np.random.Generator) -> Gray:
    """Make a picture, uint8 (EDGE, EDGE), of grains, coarse or fine, dense or sparse."""
    cells = int(rng.choice([4, 6, 8, 16, 32, EDGE]))
    grains = rng.random((cells, cells), np.float32)
    levels = np.where(grains < rng.uniform(0.1, 0.9), 0, grains) if rng.random() < 0.5 else grains
    method = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
    picture = cv2.resize(levels.astype(np.float32), (EDGE, EDGE), interpolation=method)
    return np.asarray(np.clip(picture * rng.uniform(100, 255), 0, 255), np.uint8)


def scribble(rng: np.random.Generator) -> Gray:
    """Draw one to three random curves, uint8 (EDGE, EDGE), too long to be a letter's stroke."""
    picture = np.zeros((EDGE, EDGE), np.uint8)
    width = int(rng.integers(1, 6))
    for _ in range(int(rng.integers(1, 4))):
        corners = rng.uniform(0.08 * EDGE, 0.92 * EDGE, (int(rng.integers(7, 14)), 2))
        path = corners if rng.random() < 0.3 else _smooth(corners)
        points = np.round(path * 8).astype(np.int32)[:, None]  # in eighths of a pixel
        cv2.polylines(picture, [points], False, 255, width, cv2.LINE_AA, 3)
    return picture


def _smooth(corners: NDArray[np.float64], steps: int = 8) -> NDArray[np.float64]:
    """Run a curve through points (Catmull and Rom 1974)."""
    padded = np.concatenate([corners[:1], corners, corners[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        cubic = (3 * b - a - 3 * c + d) * t**3 + (2 * a - 5 * b + 4 * c - d) * t**2
        parts.append((cubic + (c - a) * t + 2 * b) / 2)
    return np.concatenate(parts)


def wobbled(drawing: Gray, rng: np.random.Generator) -> Gray:
    """Turn and shear a drawing a little, and make its strokes thicker or leave them."""
    turn = cv2.getRotationMatrix2D((EDGE / 2, EDGE / 2), rng.uniform(-8, 8), 0.8)
    turn[0, 1] += rng.uniform(-0.12, 0.12)
    thick = int(rng.integers(0, 3))
    moved = cv2.warpAffine(drawing, turn, (EDGE, EDGE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.dilate(moved, np.ones((3, 3), np.uint8), iterations=thick), np.uint8)


def glyphs(
    table: CharacterTable, faces: int = FACES, chars: Sequence[str] = MEASURED
) -> list[Gray]:
    """Draw the characters that look like no class, uint8 (EDGE, EDGE) each.

    Args:
        table: The classes.
        faces: Most faces to draw with; those that have few of the characters are passed over.
        chars: The characters; those among the classes are left out.
    """
    classes = [c.char for c in table]
    found: list[Gray] = []
    used = 0
    for path, mapped in _faces():
        others = [c for c in chars if ord(c) in mapped and c not in classes]
        if len(others) < 5 or used == faces:
            continue
        used += 1
        found += _unlike(OpenFace(str(path), 0), [c for c in classes if ord(c) in mapped], others)
    return found


def _unlike(face: OpenFace, classes: list[str], others: list[str]) -> list[Gray]:
    ours, theirs = _drawn(face, classes), _drawn(face, others)
    if not len(theirs):
        return []
    every = np.concatenate([theirs, ours])[:, ::2, ::2]
    nearest = distances(every)[: len(theirs), len(theirs) :].min(1, initial=1.0)
    return list(theirs[nearest > ALIKE])


def _drawn(face: OpenFace, chars: list[str]) -> Gray:
    face.set(EDGE, ())
    inks = [ink for ink, _, _ in map(face.draw, chars) if ink.max(initial=0) > FAINT]
    placed = [place(ink, EDGE) for ink in inks]
    return np.stack(placed) if placed else np.zeros((0, EDGE, EDGE), np.uint8)


@functools.cache
def _faces() -> tuple[tuple[Path, frozenset[int]], ...]:
    """One file of each installed family, with the code points that it has."""
    chosen: dict[str, Path] = {}
    for file in find_fonts().files:
        if file.family is not None and "italic" not in file.path.name.lower():
            chosen.setdefault(file.family.slug, file.path)
    order = [family.slug for family in catalog() if family.slug in chosen]
    faces = []
    for slug in order:
        with TTFont(chosen[slug], fontNumber=0, lazy=True) as font:
            faces.append((chosen[slug], frozenset(font.getBestCmap() or ())))
    return tuple(faces)
