"""Shapes: glyphs as points rather than pixels, so that geometry and stroke width cost little.

Many glyphs are held and changed at once: what costs microseconds a call costs next to nothing a
glyph that way. Points lie on a picture that reaches from -1 to 1 both ways, y downwards. A glyph is
either an outline, closed contours filled between, or the strokes of a pen, open lines of a width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Numbers = NDArray[np.float32]
Mask = NDArray[np.bool_]

FILL = 2 / 3  # of the picture, for a glyph's longer side: the rest is room to turn and shear
_ROOM = 0.5  # of the empty area, what growing ink may take: counters stay open
_EDGE = 0.25  # of the picture's half; a straight edge longer than this gets points in between
_MOST = 8  # pieces that an edge is cut into at most
_LETTER = 5700  # of a font's units, 256 px an em: the longer side of what is small beside a pen
_SMALLEST = 8  # times smaller than that; a dot may be a single point
_ON_CURVE = 1  # bit of a point's tag
_THINNEST = 0.45  # of a stroke's width, what is left of it at least


@dataclass(slots=True, eq=False)
class Shapes:
    """Glyphs as points; transforms change them in place.

    Attributes:
        points: float32, shape (points, 2), x and y from -1 to 1; each glyph's lie together.
        following: int64, shape (points,), the next point of each along its contour or line; the
            last point of an open line is followed by itself.
        starts: int64, shape (glyphs,), the first point of each glyph.
        tags: uint8, shape (points,), FreeType's: bit 0 says that a point is on the curve.
        ends: int64, the last point of each contour or line, of all glyphs in turn.
        pen: bool, shape (glyphs,), whether the points are strokes of a pen, not an outline.
        width: float32, shape (glyphs,), width of the strokes, in the points' units.
        grow: float32, shape (glyphs,), how much wider strokes are drawn; negative is thinner.
        gap: float32, shape (glyphs,), least distance between strokes that do not meet, as a share
            of the longer side; infinite where it is not known.
        bold: float32, shape (glyphs,), how many times as wide a pen is beside the glyph as beside
            a letter, and a camera's pixels: 1 for letters, more for a full stop.
        pixels: float32, shape (glyphs,), how many pixels the longer side is captured with; infinite
            for as many as there are.
        bilevel: bool, shape (glyphs,), whether these pixels are black or white, nothing between.
    """

    points: Points
    following: NDArray[np.int64]
    starts: NDArray[np.int64]
    tags: NDArray[np.uint8]
    ends: NDArray[np.int64]
    pen: Mask
    width: Numbers
    grow: Numbers
    gap: Numbers
    bold: Numbers
    pixels: Numbers
    bilevel: Mask

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def owner(self) -> NDArray[np.int64]:
        """int64, shape (points,), the glyph of each point."""
        counts = np.diff(self.starts, append=len(self.points))
        return np.repeat(np.arange(len(self.starts)), counts)

    def box(self) -> tuple[Points, Points]:
        """Lowest and highest x and y of each glyph, float32, shape (glyphs, 2)."""
        low = np.minimum.reduceat(self.points, self.starts, axis=0)
        return low, np.maximum.reduceat(self.points, self.starts, axis=0)

    def side(self) -> Numbers:
        """Longer side of the box of each glyph."""
        low, high = self.box()
        return np.asarray((high - low).max(axis=1), np.float32)

    def lengths(self) -> Numbers:
        """Length of each glyph's strokes; also measures the width of outlines.

        A bar of length l and width w has the area l w and half the perimeter l + w, so w is the
        lesser root of w² - (l + w) w + l w; for the strokes of a letter that holds nearly.
        """
        x, y = self.points[:, 0], self.points[:, 1]
        dx, dy = x[self.following] - x, y[self.following] - y
        around = np.add.reduceat(np.sqrt(dx * dx + dy * dy), self.starts)
        area = np.abs(np.add.reduceat(x * dy - y * dx, self.starts)) * np.float32(0.5)
        half = around * np.float32(0.5)
        measured = (half - np.sqrt(np.maximum(half * half - 4 * area, 0))) * np.float32(0.5)
        self.width = np.where(self.pen, self.width, measured)
        return np.where(self.pen, around, half - measured)

    def widen(self, change: Numbers, chosen: Mask) -> None:
        """Make strokes wider by `change`, or thinner, as far as none is lost and counters stay.

        Args:
            change: float32, shape (glyphs,), in the points' units.
            chosen: bool, shape (glyphs,), the glyphs that are changed.
        """
        length, side = self.lengths(), self.side()
        empty = np.maximum(0, side * side - length * self.width)
        most = np.maximum(0, _ROOM * empty / np.maximum(length, np.float32(1e-6)) - self.grow)
        least = (_THINNEST - 1) * self.width - self.grow
        bounded = np.minimum(np.maximum(change, least), most)
        self.grow = np.where(chosen, self.grow + bounded, self.grow).astype(np.float32)

    def enlarge(self, scale: float) -> None:
        """Scale all glyphs about the middle of the picture."""
        each = np.float32(scale)
        self.points *= each
        self.width, self.grow = self.width * each, self.grow * each

    def fit(self, extent: float) -> None:
        """Centre each glyph and scale it so that its longer side, ink included, is `extent`."""
        low, high = self.box()
        bleed = np.where(self.pen, self.width + self.grow, self.grow)
        side = np.maximum((high - low).max(axis=1) + bleed, np.float32(1e-6))
        scale = np.float32(extent) / side
        owner = self.owner
        self.points -= ((low + high) * np.float32(0.5))[owner]
        self.points *= scale[owner, None]
        self.width, self.grow = self.width * scale, self.grow * scale


def assemble(
    glyphs: Sequence["Outlined"], pen: Mask, place: Callable[[Points, "Glyphs"], None]
) -> Shapes:
    """Lay the points of many glyphs into one array, with those between that let long edges bend.

    Args:
        glyphs: The points, tags and ends of each.
        pen: Which of them are strokes of a pen.
        place: Puts points, as they were loaded, to their places on the picture.
    """
    counts = np.array([len(glyph.points) for glyph in glyphs])
    before = np.cumsum(counts) - counts
    points = np.concatenate([glyph.points for glyph in glyphs])
    tags = np.concatenate([glyph.tags for glyph in glyphs])
    contours = np.array([len(glyph.ends) for glyph in glyphs])
    ends = np.concatenate([glyph.ends for glyph in glyphs]) + np.repeat(before, contours)
    open_ended = np.repeat(pen, contours)
    owner = np.repeat(np.arange(len(glyphs)), counts)
    bold = _bold(points, before)
    place(points, Glyphs(before, owner))
    begins = np.concatenate(([0], ends[:-1] + 1))
    after = np.arange(1, len(points) + 1)
    after[ends] = np.where(open_ended, ends, begins)
    pieces = _pieces(points, tags, after)
    first = np.repeat(np.arange(len(points)), pieces)
    begin = np.cumsum(pieces) - pieces
    step = np.arange(len(first)) - begin[first]
    mix = (step / pieces[first]).astype(np.float32)[:, None]
    whole = points[first]
    whole += (points[after[first]] - whole) * mix
    last = begin[ends] + pieces[ends] - 1
    following = np.arange(1, len(first) + 1)
    following[last] = np.where(open_ended, last, begin[begins])
    marks = np.where(step > 0, _ON_CURVE, tags[first]).astype(np.uint8)
    none = np.zeros(len(glyphs), np.float32)
    gaps = np.array([glyph.gap for glyph in glyphs], np.float32)
    every = np.full(len(glyphs), np.inf, np.float32)
    numbers = (none, none.copy(), gaps, bold, every)
    gray = np.zeros(len(glyphs), np.bool_)
    return Shapes(whole, following, begin[before], marks, last, pen, *numbers, gray)


def _bold(points: Points, starts: NDArray[np.int64]) -> Numbers:
    """How small glyphs are beside a letter, from their points in a font's units."""
    low = np.minimum.reduceat(points, starts, axis=0)
    side = (np.maximum.reduceat(points, starts, axis=0) - low).max(axis=1)
    return np.asarray(np.clip(_LETTER / np.maximum(side, 1), 1, _SMALLEST), np.float32)


class Outlined(Protocol):
    """What a glyph is assembled from; `datagen.outlines.Outline` is one."""

    @property
    def points(self) -> Points:
        """float32, shape (n, 2)."""

    @property
    def tags(self) -> NDArray[np.uint8]:
        """uint8, shape (n,), FreeType's."""

    @property
    def ends(self) -> NDArray[np.int64]:
        """int64, the last point of each contour or line."""

    @property
    def gap(self) -> float:
        """Least distance between strokes that do not meet, as a share of the longer side."""


class Glyphs(NamedTuple):
    """Where glyphs lie in an array of points: the first point of each, the glyph of each point."""

    starts: NDArray[np.int64]
    owner: NDArray[np.int64]


def normalize(points: Points, glyphs: Glyphs) -> None:
    """Centre glyphs given in any unit, y upwards, and scale their longer side to `FILL`."""
    low = np.minimum.reduceat(points, glyphs.starts, axis=0)
    high = np.maximum.reduceat(points, glyphs.starts, axis=0)
    side = np.maximum((high - low).max(axis=1), np.float32(1e-6))
    points -= ((low + high) * np.float32(0.5))[glyphs.owner]
    points *= (np.float32(2 * FILL) / side)[glyphs.owner, None] * np.array([1, -1], np.float32)


def _pieces(points: Points, tags: NDArray[np.uint8], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Into how many pieces the edge after each point is cut."""
    along = points[after] - points
    far = np.sqrt(along[:, 0] * along[:, 0] + along[:, 1] * along[:, 1])
    straight = (tags & tags[after] & _ON_CURVE).astype(np.bool_)
    wanted = np.minimum(far / np.float32(_EDGE), np.float32(_MOST - 1)).astype(np.int64) + 1
    return np.where(straight, wanted, 1)
