"""Hands: writers that draw characters from `datagen.forms`, each in a way of its own.

A writer prefers some of a character's forms, and has a slant and proportions that stay the same
(Graves 2013 and others find that a writer's style is what varies most). Each time a form is
written, its points move a little; a seed says how, so that a sample can be drawn again.
"""

import functools
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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

NAME = Path(str(forms.__file__)).parent.name
"""What stands for a font's file in the origin of what hands write."""

LICENSE = "MIT"
_CAPITAL = 0.7  # of the em, the height of capitals
UNIT = np.float32(64 * OUTLINE_PX * _CAPITAL / 100)
"""Of a font's outlines, a unit of the tables: a hundredth of a capital's height."""

Asked = tuple[Face, Sequence[float], str]

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


def write(asked: Sequence[Asked]) -> list[Outline]:
    """Write characters as writers do.

    Args:
        asked: Of each the writer, its one axis, which is the seed of this time (empty for the
            default), and a character that the writer has.

    Returns:
        The strokes of each, in the units and the direction of a font's outlines.
    """
    seeds = [int(axes[0]) if axes else 0 for _, axes, _ in asked]
    keys = [
        digest64("hand", face.index, seed, char)
        for (face, _, char), seed in zip(asked, seeds, strict=True)
    ]
    habits = [_habit(face.index, char) for face, _, char in asked]
    most = max((habit.most for habit in habits), default=0)
    u = table(np.array(keys, np.uint64), 2 + 2 * most)
    away = normal(u[:, 2:]) * (np.float32(_UNSTEADY) * u[:, 1:2])
    written = []
    for (face, _, _), habit, turn, own in zip(asked, habits, u[:, 0].tolist(), away, strict=True):
        form, gap, side = habit.forms[min(bisect_right(habit.edges, turn), len(habit.edges) - 1)]
        count = form.controls.size
        moved = form.controls + own[:count].reshape(-1, 2) * side
        points = form.curve @ (moved @ _proportions(face.index))
        written.append(Outline(points, np.zeros(len(points), np.uint8), form.ends, gap))
    return written


class _Habit(NamedTuple):
    """Where the share of each form ends that a writer has of a character; form, gap and side."""

    edges: list[float]
    forms: list[tuple[Form, float, np.float32]]
    most: int


@functools.lru_cache(maxsize=16384)
def _habit(writer: int, char: str) -> _Habit:
    found = forms.load().of[char]
    taste = generator("writer", writer, char).gamma(0.7, size=len(found))
    weights = taste * np.array([form.weight for form in found])
    edges = np.cumsum(weights / weights.sum()).tolist()
    return _Habit(edges, _measured(char), max(len(form.controls) for form in found))


@functools.lru_cache(maxsize=1024)
def _measured(char: str) -> list[tuple[Form, float, np.float32]]:
    """The forms of a character, each with its gap between strokes and its points' longer side."""
    measured = []
    for form in forms.load().of[char]:
        side = np.float32(np.ptp(form.controls, axis=0).max())
        measured.append((form, gap_between(form.lines(), form.extent()), side))
    return measured


@functools.lru_cache(maxsize=1024)
def _proportions(writer: int) -> NDArray[np.float32]:
    """Matrix from the units of the tables to a font's, y upwards, with the writer's slant."""
    slant, narrow = generator("writer", writer).normal(size=2)
    shear = _SLANT[0] + _SLANT[1] * slant
    wide = math.exp(_NARROW * narrow)
    matrix = np.array([[wide, 0], [-shear, -1]], np.float32) * UNIT
    return np.asarray(matrix, np.float32)
