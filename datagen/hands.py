"""Hands: writers that draw characters from `datagen.forms`, each in a way of its own.

A writer prefers some of a character's forms, and has a slant and proportions that stay the same
(Graves 2013 and others find that a writer's style is what varies most). Each time a form is
written, its points move a little; a seed says how, so that a sample can be drawn again.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import forms
from datagen.fonts import Face
from datagen.forms import Form
from datagen.glyphs import Axis
from datagen.outlines import Outline
from datagen.raster import OUTLINE_PX
from datagen.seeds import digest64, generator, table
from datagen.strokes import gap_between
from datagen.transforms import normal

STYLE = "hand"
"""Style of the faces that are hands."""

LICENSE = "MIT"
_CAPITAL = 0.7  # of the em, the height of capitals
_UNIT = np.float32(64 * OUTLINE_PX * _CAPITAL / 100)  # of a font's outlines, a unit of the tables
_SEEDS = 999_999  # ways to write a form
_UNSTEADY = 0.05  # of the longer side, most that points are moved; standard deviation
_SLANT = (0.1, 0.16)  # of writers, mean and standard deviation of the shear to the right
_NARROW = 0.14  # of writers, standard deviation of the logarithm of width by height


def faces(writers: int, labels: Mapping[str, int]) -> tuple[Face, ...]:
    """Return writers as faces; each is a family and a group of its own.

    Args:
        writers: How many.
        labels: Label of each character; those without a form get a reason.
    """
    known = forms.load()
    usable = tuple(label for char, label in labels.items() if char in known.of)
    reasons = {f"U+{ord(c):04X}": "no hand writes it" for c in labels if c not in known.of}
    axes = (Axis("SEED", 0, 0, _SEEDS),)
    place = str(Path(str(forms.__file__)).parent)
    names = [f"Hand {number:03d}" for number in range(1, writers + 1)]
    return tuple(
        Face(place, index, known.sha256, name, STYLE, LICENSE, axes, name, usable, reasons)
        for index, name in enumerate(names)
    )


def write(face: Face, axes: Sequence[float], char: str) -> Outline:
    """Write a character as a writer does.

    Args:
        face: The writer.
        axes: Its one axis, the seed of this time; empty for the default.
        char: One that the face has.

    Returns:
        The strokes, in the units and the direction of a font's outlines.
    """
    seed = int(axes[0]) if axes else 0
    edges, found, gaps = _preferred(face.index, char)
    most = max(len(form.controls) for form in found)
    key = digest64("hand", face.index, seed, char)
    u = table(np.array([key], np.uint64), 2 + 2 * most)[0]
    chosen = min(int(np.searchsorted(edges, u[0], side="right")), len(found) - 1)
    form = found[chosen]
    controls = form.controls
    side = np.ptp(controls, axis=0).max()
    away = normal(u[2 : 2 + controls.size]).reshape(controls.shape)
    moved = controls + away * (np.float32(_UNSTEADY) * u[1] * side)
    points = form.curve @ (moved @ _proportions(face.index))
    return Outline(points, np.zeros(len(points), np.uint8), form.ends, gaps[chosen])


@functools.lru_cache(maxsize=16384)
def _preferred(writer: int, char: str) -> tuple[NDArray[np.float64], tuple[Form, ...], list[float]]:
    """Where the share of each form ends that a writer has of a character, the forms, their gaps."""
    found = forms.load().of[char]
    taste = generator("writer", writer, char).gamma(0.7, size=len(found))
    weights = taste * np.array([form.weight for form in found])
    gaps = []
    for form in found:
        lines = form.lines()
        gaps.append(gap_between(lines, float(np.ptp(np.concatenate(lines), axis=0).max())))
    return np.cumsum(weights / weights.sum()), found, gaps


@functools.lru_cache(maxsize=1024)
def _proportions(writer: int) -> NDArray[np.float32]:
    """Matrix from the units of the tables to a font's, y upwards, with the writer's slant."""
    slant, narrow = generator("writer", writer).normal(size=2)
    shear = _SLANT[0] + _SLANT[1] * slant
    wide = math.exp(_NARROW * narrow)
    matrix = np.array([[wide, 0], [-shear, -1]], np.float32) * _UNIT
    return np.asarray(matrix, np.float32)
