"""A path of skeleton pixels finished as a stroke: corners, ends, smoothing, few points."""

import numpy as np

from datagen.trace_corners import Field, at, line_along, mark_corners, pieces_of
from datagen.trace_graph import Points

STEP = 0.04  # of the glyph's longer side: from point to point along a stroke
END = 0.5  # of the stroke's radius: how near to the edge of the ink a free end is drawn out
MISS = 0.5  # of a joint's radius: a stroke that would miss it by more is led into it
DOT = 1.6  # of the ink's radius: a stroke by itself that is shorter is a dot
MIDDLE = 0.9  # of the stroke's radius: where the ink is that wide, thinning is in its middle


def finished(path: Points, radius: Field, size: float) -> Points:
    """Turn a path of pixels into a stroke.

    Args:
        path: float64 (n, 3): x, y, and the radius of a joint at that point or 0.
        radius: float32 (h, w), distance of each pixel from the paper in pixels.
        size: The glyph's longer side in pixels.

    Returns:
        float64 (n, 2): x, y; a closed stroke repeats its first point, a dot is one point.
    """
    if len(path) < 2:
        return path[:, :2]
    local = at(radius, path)
    sigma = max(1.5, 0.012 * size, 0.35 * float(np.median(local)))
    path = mark_corners(path, local, radius)
    if not closed(path):
        pieces = pieces_of(path, radius)
        pieces[0] = _ended(pieces[0][::-1], path[0], radius)[::-1]
        pieces[-1] = _ended(pieces[-1], path[-1], radius)
        fine = [_smoothed(piece, sigma, STEP * size, ring=False) for piece in pieces]
        line = np.concatenate([fine[0], *(piece[1:] for piece in fine[1:])])
        blob = not path[[0, -1], 2].any() and _length(line) < DOT * float(local.max())
        return path[len(path) // 2, :2][None] if blob else line
    pieces = pieces_of(_turned(path), radius)
    if len(pieces) == 1:
        return _smoothed(pieces[0], sigma, STEP * size, ring=True)
    pieces = [np.concatenate([pieces[-1], pieces[0][1:]]), *pieces[1:-1]]
    fine = [_smoothed(piece, sigma, STEP * size, ring=False) for piece in pieces]
    return np.concatenate([fine[0], *(piece[1:] for piece in fine[1:])])


def closed(line: Points) -> bool:
    """Tell whether a path or a stroke ends where it began."""
    return len(line) > 2 and bool((line[0, :2] == line[-1, :2]).all())


def _turned(path: Points) -> Points:
    """Let a closed path begin as far from its joints as can be."""
    ring = path[:-1]
    marks = np.flatnonzero(ring[:, 2])
    if len(marks):
        gaps = np.diff(np.append(marks, marks[0] + len(ring)))
        widest = int(gaps.argmax())
        ring = np.roll(ring, -int(marks[widest] + gaps[widest] // 2), axis=0)
    return np.concatenate([ring, ring[:1]])


def _ended(piece: Points, last: Points, radius: Field) -> Points:
    """Mend the last point of a piece: up to the joint it ends at, or out to where the ink ends."""
    total = _length(piece)
    if total < 1.0:
        return piece
    if last[2]:
        stop = _back(piece, len(piece) - 1, min(float(last[2]), 0.45 * total))
        way = -line_along(piece, stop, 0, max(2.0 * last[2], 4.0))
        tip = piece[stop] + max(0.0, float((last[:2] - piece[stop]) @ way)) * way
        if np.hypot(*(tip - last[:2])) > MISS * last[2]:
            tip = last[:2]
        return np.concatenate([piece[: stop + 1], tip[None]])
    inside = at(radius, piece)
    apart = np.hypot(*(piece - piece[-1]).T)
    width = float(inside[apart <= 2.0 * np.median(inside)].max())
    # Thinning ends in a corner of the ink as often as in its middle: go back to the middle.
    least = _back(piece, len(piece) - 1, min(width, 0.45 * total))
    wide = np.flatnonzero(inside[least:] >= MIDDLE * width)
    stop = _back(piece, least + int(wide[-1]) if len(wide) else least, min(width, total) / 4.0)
    way = -line_along(piece, stop, 0, max(2.0 * width, 4.0))
    ahead = piece[stop] + np.arange(0.0, 3.0 * width, 0.5)[:, None] * way
    dry = np.flatnonzero(at(radius, ahead) < END * inside[stop])
    tip = ahead[max(int(dry[0]) - 1, 0)] if len(dry) else last[:2]
    return np.concatenate([piece[: stop + 1], tip[None]])


def _back(piece: Points, start: int, reach: float) -> int:
    """Return the point of a piece that lies so many pixels before another."""
    far = np.flatnonzero(np.hypot(*(piece[: start + 1] - piece[start]).T) >= reach)
    return int(far[-1]) if len(far) else 0


def _length(line: Points) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _smoothed(line: Points, sigma: float, step: float, ring: bool) -> Points:
    """Smooth a piece with its ends held, or all round a ring, and thin it out to even steps."""
    line = _even(line, 1.0)
    reach = min(int(3.0 * sigma + 0.5), len(line) - 1)
    if reach > 0:
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        kernel /= kernel.sum()
        if ring:
            padded = np.concatenate([line[-reach - 1 : -1], line, line[1 : reach + 1]])
        else:
            # Mirrored through the end points, which therefore stay where they are.
            padded = np.concatenate(
                [
                    2.0 * line[0] - line[reach:0:-1],
                    line,
                    2.0 * line[-1] - line[-2 : -reach - 2 : -1],
                ]
            )
        line = np.stack([np.convolve(part, kernel, "valid") for part in padded.T], axis=1)
    return _even(line, step)


def _even(line: Points, step: float) -> Points:
    """Resample a line to even steps of about so many pixels."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.linspace(0.0, along[-1], max(2, round(float(along[-1]) / step) + 1))
    return np.stack([np.interp(places, along, part) for part in line.T], axis=1)


def directed(line: Points) -> Points:
    """Turn a stroke as pens move: from the top and the left; round from the top, to the left."""
    if not closed(line):
        weight = np.array([0.6, 1.0])
        return line if float((line[0] - line[-1]) @ weight) <= 0.0 else line[::-1]
    ring = line[:-1]
    ring = np.roll(ring, -int(ring[:, 1].argmin()), axis=0)
    x, y = ring.T
    area = float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
    if area > 0.0:
        ring = np.concatenate([ring[:1], ring[:0:-1]])
    return np.concatenate([ring, ring[:1]])
