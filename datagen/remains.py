"""What else is in a picture cut out of a page: ruled lines, joins of cursive writing, neighbours.

All take and give pictures with the ink bright on black; see `datagen.transforms`.
"""

import cv2
import numpy as np

from datagen.transforms import Gray, InkTransform, Numbers, Range, between

_T = np.linspace(0, 1, 7)[:, None]
_CURVE = (1 - _T) ** 2, 2 * _T * (1 - _T), _T**2  # weights of a quadratic curve's three points
_FAINT = 100  # gray levels; ink that is joined to has more


class Rules(InkTransform):
    """Ruled lines of the paper: cut away with the ink on them, or left behind as faint remains.

    Args:
        spacing: Range of the distance between lines, as a share of the picture's edge.
        remain: Largest brightness of lines that are left, gray levels.
        p: Probability.
    """

    numbers = 5

    def __init__(self, spacing: Range = (0.35, 0.9), remain: float = 90.0, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.spacing, self.remain = spacing, remain

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with lines across them, down them, or both."""
        edge = max(pictures.shape[1:])
        step = between(self.spacing, u[:, 0]) * np.float32(edge)
        for row, (wide, start, kind, ways, level) in enumerate(
            np.column_stack((step, u[:, 1:])).tolist()
        ):
            picture = pictures[row]
            at = np.arange(start * wide, edge, wide).astype(np.int64)
            across, down = ways < 0.7, ways > 0.5
            if kind < 0.7:  # cut away
                picture[at[at < len(picture)]] *= not across
                picture[:, at[at < picture.shape[1]]] *= not down
                continue
            shade = round(level * self.remain)
            if across:
                lines = picture[at[at < len(picture)]]
                picture[at[at < len(picture)]] = np.maximum(lines, shade)
            if down:
                lines = picture[:, at[at < picture.shape[1]]]
                picture[:, at[at < picture.shape[1]]] = np.maximum(lines, shade)
        return pictures


class Joins(InkTransform):
    """Strokes that join a letter to the ones before and after it, cut off where they leave it.

    Digits and signs stand alone; joined, a ``7`` would be a ``2``.

    Args:
        length: Range of their length, as a share of the picture's edge.
        p: Probability.
    """

    numbers = 6
    letters_only = True

    def __init__(self, length: Range = (0.04, 0.2), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.length = length

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with a join on one side or on both."""
        long = between(self.length, u[:, 1:3]) * np.float32(max(pictures.shape[1:]))
        for row, (which, slope, bend, low) in enumerate(u[:, (0, 3, 4, 5)].tolist()):
            columns = np.flatnonzero(pictures[row].max(axis=0) > _FAINT)
            if not len(columns):
                continue
            if which < 0.7:
                _join(pictures[row], int(columns[0]), -float(long[row, 0]), slope, bend, low)
            if which > 0.4:
                _join(pictures[row], int(columns[-1]), float(long[row, 1]), bend, slope, low)
        return pictures


def _join(picture: Gray, column: int, length: float, slope: float, bend: float, low: float) -> None:
    """Draw a curve from the lowest ink of an outer column outwards, with the pen of the ink there.

    Where that is a stem, the join leaves it in its lower half.
    """
    inner = column + (2 if length < 0 else -2)
    inner = min(max(inner, 0), picture.shape[1] - 1)
    rows = np.flatnonzero(picture[:, inner] > _FAINT)
    if not len(rows):
        return
    breaks = np.flatnonzero(np.diff(rows) > 1)
    run = rows[breaks[-1] + 1 :] if len(breaks) else rows
    middle = picture[int(run[len(run) // 2])]
    across = middle[column:] if length < 0 else middle[column::-1]
    pen = int(np.argmin(np.append(across > _FAINT, False)))
    width = max(1, min(len(run), pen, picture.shape[0] // 7))
    free = (len(run) - width) / 2
    start = (float(inner), float(run.mean()) + free * low)
    end = (column + length, start[1] + (slope - 0.5) * 1.4 * abs(length))
    bent = (column + length / 2, (start[1] + end[1]) / 2 + (bend - 0.3) * 0.7 * abs(length))
    curve = _CURVE[0] * start + _CURVE[1] * bent + _CURVE[2] * end
    points = np.rint(curve * 16).astype(np.int32)
    level = int(picture[run, inner].max())
    cv2.polylines(picture, [points], False, level, width, cv2.LINE_AA, 4)


class Neighbour(InkTransform):
    """A sliver of a neighbouring symbol at one side.

    Args:
        width: Range of the sliver's width, as a share of the picture's edge.
        p: Probability.
    """

    numbers = 3

    def __init__(self, width: Range = (0.02, 0.08), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.width = width

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with a piece of their own mirror image beside the symbol."""
        edge = pictures.shape[2]
        wide = np.maximum(1, between(self.width, u[:, 0]) * edge).astype(np.int64)
        for row, (many, side, drop) in enumerate(
            zip(wide.tolist(), u[:, 1].tolist(), u[:, 2].tolist(), strict=True)
        ):
            picture = pictures[row]
            columns = np.flatnonzero(picture.max(axis=0) > _FAINT)
            if not len(columns):
                continue
            low = int(columns[0])
            other = np.roll(picture[:, low : low + many], round((drop - 0.5) * edge * 0.4), axis=0)
            place = slice(0, other.shape[1]) if side < 0.5 else slice(edge - other.shape[1], edge)
            picture[:, place] = np.maximum(picture[:, place], other)
        return pictures
