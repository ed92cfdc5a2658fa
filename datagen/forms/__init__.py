"""Forms: how characters are written, stroke by stroke, where fonts only say how they are printed.

Fonts lack many of the forms that are taught at school: a `t` that is a plain cross, an `n` that
begins at the top of its arch, an open `4`, a `7` with a bar. The tables beside this file hold such
forms as the points that a pen passes, drawn up for this project from what is taught, not from
anybody's writing.

A table has a line `U+0041 A` for each character and below it, indented, a line for each form:
strokes parted by `|`, points `x,y` parted by blanks, in hundredths of a capital's height, x to the
right and y downwards from the top of capitals. A pen passes the points in a smooth curve, but turns
sharply at one marked `!`. A stroke of one point is a dot. `*3` before a form makes it three times
as common. Lines that begin with `;` are comments.
"""

import functools
import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError

_STEP = 4.0  # units of the tables, from one point of the curve to the next
_HEADER = re.compile(r"U\+(?!D[89A-F])((?:10|[0-9A-F])?[0-9A-F]{4})( .)?")
_FORM = re.compile(r"\s+(?:\*([0-9]{1,4}) )?([^*]+)")
_NUMBER = r"(-?[0-9]{1,3}(?:\.[0-9]{1,3})?)"
_POINT = re.compile(rf"{_NUMBER},{_NUMBER}(!?)")

Controls = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Form:
    """One way to write a character.

    Attributes:
        controls: float32, shape (n, 2), the points that the pen passes, in units of the tables.
        curve: float32, shape (m, n), makes the points of the curve from the controls.
        ends: int64, the last point of each stroke.
        weight: How common it is beside the character's other forms.
    """

    controls: Controls
    curve: NDArray[np.float32]
    ends: NDArray[np.int64]
    weight: float

    def lines(self) -> list[Controls]:
        """Return the strokes as they stand in the table, float32, shape (n, 2) each."""
        return np.split(self.curve @ self.controls, self.ends[:-1] + 1)

    def extent(self) -> float:
        """Return the longer side of the form, in units of the tables."""
        return float(np.ptp(self.curve @ self.controls, axis=0).max())


@dataclass(frozen=True, eq=False)
class Forms:
    """All forms.

    Attributes:
        of: The forms of each character.
        sha256: Hash of the tables, in hexadecimal.
    """

    of: Mapping[str, tuple[Form, ...]]
    sha256: str


@functools.cache
def load() -> Forms:
    """Return the forms that come with the package."""
    found: dict[str, tuple[Form, ...]] = {}
    digest = hashlib.sha256()
    for table in sorted(resources.files(__name__).iterdir(), key=lambda place: place.name):
        if table.name.endswith(".txt"):
            text = table.read_text(encoding="utf-8")
            digest.update(text.encode())
            for char, own in read(text, table.name).items():
                found[char] = found.get(char, ()) + own
    return Forms(found, digest.hexdigest())


def read(text: str, name: str) -> dict[str, tuple[Form, ...]]:
    """Read a table.

    Args:
        text: The table.
        name: What it is called in messages.

    Raises:
        InputError: A line is neither a character nor a form.
    """
    found: dict[str, list[Form]] = {}
    own: list[Form] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(";"):
            continue
        header, form = _HEADER.fullmatch(line.rstrip()), _FORM.fullmatch(line)
        if header:
            own = found.setdefault(chr(int(header[1], 16)), [])
        elif form and found:
            own.append(_form(form[2], float(form[1] or 1), f"{name}, line {number}"))
        else:
            raise InputError(f"{name}, line {number}: this is neither a character nor a form")
    return {char: tuple(forms) for char, forms in found.items() if forms}


def _form(text: str, weight: float, where: str) -> Form:
    controls: list[tuple[float, float]] = []
    curves: list[NDArray[np.float64]] = []
    for stroke in text.split("|"):
        points = [_POINT.fullmatch(word) for word in stroke.split()]
        if not points or None in points:
            raise InputError(f"{where}: {stroke.strip()!r} is not a stroke of points x,y")
        sharp = [bool(point and point[3]) for point in points]
        own = [(float(point[1]), float(point[2])) for point in points if point]
        far = np.hypot(*np.diff(own, axis=0).T)
        curves.append(_curve(sharp, np.maximum(2, np.rint(far / _STEP)).astype(int).tolist()))
        controls += own
    lengths = [len(curve) for curve in curves]
    whole = np.zeros((sum(lengths), len(controls)), np.float32)
    row = column = 0
    for curve in curves:
        whole[row : row + len(curve), column : column + curve.shape[1]] = curve
        row, column = row + len(curve), column + curve.shape[1]
    return Form(np.array(controls, np.float32), whole, np.cumsum(lengths) - 1, weight)


def _curve(sharp: Sequence[bool], pieces: Sequence[int]) -> NDArray[np.float64]:
    """Return the matrix that makes a stroke's curve from its points, shape (m, n).

    `pieces` says of each point but the last how many points of the curve lie up to the next.

    A Catmull-Rom spline (Catmull and Rom 1974) from each sharp turn to the next. Before its first
    point and after its last, a curve goes on half as curved as it is there.
    """
    count = len(sharp)
    if count == 1:
        return np.ones((2, 1))  # a dot is a line from a point to itself
    turns = [0, *(i for i in range(1, count - 1) if sharp[i]), count - 1]
    rows = [np.eye(count)[:1]]
    spline = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
    for first, last in itertools.pairwise(turns):
        points = np.eye(count)[first : last + 1]
        padded = np.stack((_before(points), *points, _before(points[::-1])))
        for at in range(last - first):
            steps = np.arange(1, pieces[first + at] + 1)[:, None] / pieces[first + at]
            rows.append(steps ** np.arange(4) @ spline @ padded[at : at + 4])
    return np.concatenate(rows)


def _before(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point that a curve came from."""
    if len(points) < 3:
        return np.asarray(2 * points[0] - points[1])
    return np.asarray(2.5 * points[0] - 2 * points[1] + 0.5 * points[2])
