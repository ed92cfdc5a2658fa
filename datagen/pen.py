"""Glyphs as a pen writes them: the skeleton of a glyph, drawn again with a pen of any width."""

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.shapes import Mask, Points, Shapes
from datagen.transforms import (
    Gray,
    Numbers,
    Range,
    ShapeTransform,
    between,
    between_logs,
    cosine,
    sine,
)

_FINE = 3  # pixels a pixel that lines are drawn at
_SHIFT = 4  # bits after the point of OpenCV's coordinates
_STROKES = 8  # of a glyph that have random numbers of their own
_FINEST = 0.01  # of the longer side, the finest pen
_GAP = np.float32(0.7)  # of the distance between strokes, what a pen may take
_EACH = 6  # random numbers a stroke


class Pen(ShapeTransform):
    """Strokes of a pen in place of an outline; the first step of a pipeline.

    Args:
        width: Range of the pen's width as a share of the symbol's longer side; its logarithm is
            uniform.
        wander: Largest distance that a stroke is out of place, as a share of the picture.
        sway: Largest angle in degrees that a stroke is turned by on its own, and ten times its
            share by which it is longer or shorter.
        ends: Largest length that a stroke is cut short or overshoots by, as a share of the picture.
        rounding: Largest number of times that corners are smoothed.
        p: Probability.
    """

    numbers = 2 + _STROKES * _EACH

    def __init__(
        self,
        width: Range = (0.035, 0.25),
        wander: float = 0.01,
        sway: float = 0.0,
        ends: float = 0.02,
        rounding: int = 0,
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        self.width, self.wander, self.sway = width, wander, sway
        self.ends, self.rounding = ends, rounding

    def bend(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Choose the width of the chosen shapes that are strokes, and move the strokes apart.

        Strokes without a width, as hands write them, are always chosen.
        """
        chosen = shapes.pen & (chosen | (shapes.width == 0))
        side = shapes.side()
        wanted = np.minimum(between_logs(self.width, u[:, 0]), _GAP * shapes.gap) * side
        shapes.width = np.where(chosen, np.float32(_FINEST) * side, shapes.width)
        shapes.widen(wanted - shapes.width, chosen)
        # What is small beside the pen has no counters to keep open.
        bold = shapes.bold > 1
        width = np.where(bold, wanted * shapes.bold, shapes.width + shapes.grow)
        # A dot of a single point is as large as the pen, whatever that is: it fills the frame.
        width = np.where(side > 0, width, np.float32(1))
        shapes.width = np.where(chosen, width, shapes.width)
        shapes.grow = np.where(chosen, np.float32(0), shapes.grow)
        if self.rounding:
            _smooth(shapes, np.where(chosen, u[:, 1] * np.float32(self.rounding), 0))
        self._scatter(shapes, chosen, u[:, 2:])

    def _scatter(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Turn and move each stroke by a little, and lengthen its ends or cut them short."""
        owner = shapes.owner
        first = np.concatenate(([0], shapes.ends[:-1] + 1))
        mine = chosen[owner[first]]
        first, last = first[mine], shapes.ends[mine]
        if not len(last):
            return
        number = np.arange(len(last)) - np.searchsorted(owner[last], owner[last])
        own = u.reshape(len(u), _STROKES, _EACH)[owner[last], np.minimum(number, _STROKES - 1)]
        points = shapes.points
        _extend(points, first, np.minimum(first + 1, last), between(self._reach, own[:, 2]))
        _extend(points, last, np.maximum(last - 1, first), between(self._reach, own[:, 3]))
        angle = own[:, 0] * np.float32(2 * np.pi)
        far = np.sqrt(own[:, 1]) * np.float32(2 * self.wander) * (number > 0)
        shift = np.stack((cosine(angle) * far, sine(angle) * far), axis=1)
        sway = np.float32(np.radians(self.sway))
        turn = between((-1, 1), own[:, 4]) * sway
        size = 1 + between((-1, 1), own[:, 5]) * sway * np.float32(10 / 18)
        lengths = last - first + 1
        rows = np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        line = np.repeat(np.arange(len(lengths)), lengths)
        middle = ((points[first] + points[last]) * np.float32(0.5))[line]
        away = points[rows] - middle
        cos, sin = (cosine(turn) * size)[line], (sine(turn) * size)[line]
        x = away[:, 0] * cos - away[:, 1] * sin
        y = away[:, 0] * sin + away[:, 1] * cos
        points[rows] = middle + np.stack((x, y), axis=1) + shift[line]

    @property
    def _reach(self) -> Range:
        return -2 * self.ends, 2 * self.ends

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with their ink thinned to a line and drawn again."""
        from datagen import skeleton

        for row, picture in enumerate(pictures):
            found = skeleton.strokes(picture)
            low, high = self.width
            side = max(cv2.boundingRect(picture)[2:])
            width = side * float(np.geomspace(low, high, 256)[int(u[row, 0] * 256)])
            lines = [np.rint(line * 16).astype(np.int32)[:, None] for line in found.lines]
            picture.fill(0)
            cv2.polylines(picture, lines, False, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
        return pictures


def _extend(
    points: Points, end: NDArray[np.int64], inner: NDArray[np.int64], more: Numbers
) -> None:
    """Move the ends of lines along their direction, by `more` in the points' units."""
    along = points[end] - points[inner]
    length = np.sqrt(along[:, 0] * along[:, 0] + along[:, 1] * along[:, 1])
    part = np.maximum(more / np.maximum(length, np.float32(1e-6)), np.float32(-0.5))
    # A dot has no direction, and an end is never cut back past the point before it.
    points[end] += along * np.where(length > 0, part, np.float32(0))[:, None]


def _smooth(shapes: Shapes, times: Numbers) -> None:
    """Average the points of lines with their neighbours, the ends left where they are.

    Args:
        shapes: Changed in place.
        times: float32, shape (glyphs,), how often; the last time in part.
    """
    left = times[shapes.owner].astype(np.float32)
    left[np.concatenate(([0], shapes.ends[:-1] + 1))] = 0
    left[shapes.ends] = 0
    left = left[1:-1]
    # All points in a row, those that stay by a share of nothing: three times as fast as picking.
    lines = np.ascontiguousarray(shapes.points.T)
    before, here, after = lines[:, :-2], lines[:, 1:-1], lines[:, 2:]
    for step in range(int(np.ceil(times.max(initial=0)))):
        part = np.minimum(np.maximum(left - step, 0), 1) * np.float32(0.25)
        here += (before + after - 2 * here) * part
    shapes.points[:] = lines.T


def _thickness(width: Numbers) -> NDArray[np.int64]:
    """OpenCV's thickness for a width: with bits after the point, it draws t as the odd t + 2."""
    odd = 2 * np.rint((width - 1) / 2).astype(np.int64) + 1
    return np.where(odd <= 1, 1, np.where(odd == 3, 2, odd - 2))


def draw(shapes: Shapes, pictures: Gray) -> None:
    """Draw the strokes among shapes.

    Args:
        shapes: In pixels from the middle of the picture.
        pictures: uint8, shape (glyphs, edge, edge), drawn into.
    """
    rows = np.flatnonzero(shapes.pen)
    if not len(rows):
        return
    edge = pictures.shape[1]
    scale = np.float32(_FINE * (1 << _SHIFT))
    middle = np.float32((edge * _FINE - 1) / 2 * (1 << _SHIFT))
    places = np.rint(shapes.points * scale + middle).astype(np.int32)
    thick = _thickness((shapes.width + shapes.grow) * np.float32(_FINE))
    begins = np.concatenate(([0], shapes.ends[:-1] + 1))
    turns = np.append(np.searchsorted(shapes.ends, shapes.starts), len(shapes.ends))
    fine = np.empty((edge * _FINE, edge * _FINE), np.uint8)
    for row in rows.tolist():
        own = slice(turns[row], turns[row + 1])
        bounds = zip(begins[own].tolist(), shapes.ends[own].tolist(), strict=True)
        lines = [places[begin : end + 1] for begin, end in bounds]
        fine.fill(0)
        cv2.polylines(fine, lines, False, 255, int(thick[row]), cv2.LINE_8, _SHIFT)
        cv2.resize(fine, (edge, edge), dst=pictures[row], interpolation=cv2.INTER_AREA)
