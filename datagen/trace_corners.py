"""Corners of a path: where they are, and the pieces between them."""

import numpy as np
from numpy.typing import NDArray

from datagen.trace_graph import Points

Field = NDArray[np.float32]

TURN = 0.82  # cosine of 35 degrees: a joint that turns less is straight
CORNER = 0.87  # radians, 50 degrees: a bend that turns more between straight arms is a corner
ARM = 0.2  # of that turn: an arm that turns less is straight; on a circle it would be 0.23
FULL = 0.85  # of the stroke's radius: the least ink round the point of a corner


def mark_corners(path: Points, local: NDArray[np.float32], radius: Field) -> Points:
    """Mark the corners that thinning left no joint at: sharp bends between straight arms."""
    wide = float(np.median(local))
    near = round(1.2 * wide) + 1  # points from the corner to where an arm begins
    half = max(6, round(wide))  # points in half an arm
    if len(path) < 2 * (near + 2 * half) + 1:
        return path
    xy = path[:, :2]
    middles = np.arange(near + 2 * half, len(path) - near - 2 * half)
    arms = []
    for way in (-1, 1):
        a, b, c = (xy[middles + way * (near + k * half)] for k in (0, 1, 2))
        arms += [_unit(b - a), _unit(c - b)]
    back, back_far, ahead, ahead_far = arms
    turn = np.pi - _angle(_unit(back + back_far), _unit(ahead + ahead_far))
    bent = np.maximum(_angle(back, back_far), _angle(ahead, ahead_far))
    sharp = np.flatnonzero((turn > CORNER) & (bent < ARM * turn))
    marked = path.copy()
    for run in np.split(sharp, np.flatnonzero(np.diff(sharp) > near) + 1):
        if not len(run):
            continue
        k = run[len(run) // 2]
        place = int(middles[k])
        a, b = xy[place - near], xy[place + near]
        meet = _meet(a, -_unit(back + back_far)[k], b, -_unit(ahead + ahead_far)[k])
        # A corner has as much ink round the point where its arms meet; a round bend has not.
        corner = meet is not None and at(radius, meet[None])[0] >= FULL * local[place]
        if corner and not marked[place - near : place + near + 1, 2].any():
            marked[place, 2] = max(1.0, float(local[place]))
    return marked


def _angle(one: Points, two: Points) -> Points:
    return np.asarray(np.arccos(np.clip((one * two).sum(axis=1), -1.0, 1.0)))


def _unit(vectors: Points) -> Points:
    return np.asarray(vectors / np.maximum(np.hypot(*vectors.T), 1e-6)[:, None])


def pieces_of(path: Points, radius: Field) -> list[Points]:
    """Cut a path at its corners; each corner lies where the lines that lead to it meet."""
    xy = path[:, :2]
    last = len(path) - 1
    stops = [0, *(np.flatnonzero(path[1:-1, 2]) + 1).tolist(), last]
    windows = [_window(path, stops, k) for k in range(1, len(stops) - 1)]
    pieces: list[Points] = []
    piece: list[Points] = []
    begin = 0
    for k, (low, high) in enumerate(windows):
        joint = path[stops[k + 1]]
        reach = max(1.5 * joint[2], 4.0)
        one = line_along(xy, low, windows[k - 1][1] if k else 0, reach)
        two = line_along(xy, high, windows[k + 1][0] if k + 1 < len(windows) else last, reach)
        piece.append(xy[begin : low + 1])
        if float(-one @ two) < TURN:
            corner = _corner(_meet(xy[low], -one, xy[high], -two), joint, radius)
            pieces.append(np.concatenate([*piece, corner[None]]))
            piece = [corner[None]]
        begin = high
    return [*pieces, np.concatenate([*piece, xy[begin:]])]


def _window(path: Points, stops: list[int], k: int) -> tuple[int, int]:
    """Return the points next to a joint that lie outside of its disc, before and after it."""
    mark = stops[k]
    apart = np.hypot(*(path[:, :2] - path[mark, :2]).T)
    reach = path[mark, 2]
    low_limit = mark - int(0.45 * (mark - stops[k - 1]))
    high_limit = mark + int(0.45 * (stops[k + 1] - mark))
    low, high = mark, mark
    while low > low_limit and apart[low] < reach:
        low -= 1
    while high < high_limit and apart[high] < reach:
        high += 1
    return low, high


def line_along(xy: Points, start: int, limit: int, reach: float) -> Points:
    """Unit vector from a point along the path towards another, looked at over some pixels."""
    run = xy[start : limit + 1] if limit >= start else xy[limit : start + 1][::-1]
    far = np.flatnonzero(np.hypot(*(run - run[0]).T) >= reach)
    vector = run[far[0] if len(far) else -1] - run[0]
    return np.asarray(vector / max(float(np.hypot(*vector)), 1e-6))


def _meet(a: Points, along: Points, b: Points, back: Points) -> Points | None:
    """Return where the ways from a and from b meet, or none where they don't."""
    cross = float(along[0] * back[1] - along[1] * back[0])
    if abs(cross) < 0.15:
        return None
    gap = b - a
    t = float(gap[0] * back[1] - gap[1] * back[0]) / cross
    u = float(gap[0] * along[1] - gap[1] * along[0]) / cross
    return a + t * along if t >= 0.0 and u >= 0.0 else None


def _corner(meet: Points | None, joint: Points, radius: Field) -> Points:
    """Return where the arms of a corner meet, or the joint where they don't meet near it."""
    middle = joint[:2]
    if meet is None or np.hypot(*(meet - middle)) > 2.5 * joint[2]:
        return middle
    # A pointed corner is drawn out no farther than the pen's ink would reach.
    for share in (1.0, 0.75, 0.5, 0.25):
        point = middle + share * (meet - middle)
        if at(radius, point[None])[0] >= 0.4 * joint[2]:
            return np.asarray(point)
    return middle


def at(field: Field, points: Points) -> NDArray[np.float32]:
    """Read a field at points, at the nearest pixel."""
    x = np.clip(np.rint(points[:, 0]).astype(int), 0, field.shape[1] - 1)
    y = np.clip(np.rint(points[:, 1]).astype(int), 0, field.shape[0] - 1)
    return np.asarray(field[y, x], np.float32)
