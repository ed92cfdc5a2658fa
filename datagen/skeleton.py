"""A glyph as the strokes of a pen, so that a font's letters can be drawn as hands draw.

The mask is thinned (Zhang and Suen, "A fast parallel algorithm for thinning digital patterns",
1984), the skeleton mended and joined into paths (`datagen.trace`), and here each path is finished:
corners come from the lines that lead to them, ends are drawn out to where the pen stood, and the
rest is smoothed.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError
from datagen.glyphs import Drawable
from datagen.trace import trace
from datagen.trace_corners import Field, at
from datagen.trace_finish import closed, directed, finished
from datagen.trace_graph import Points

Line = NDArray[np.float32]

_NEAR = np.ones((3, 3), np.uint8)
LIGHT = 1.0 / 3.0  # of the way from the least to the usual weight of a variable face


@dataclass(frozen=True)
class Strokes:
    """A glyph as strokes of a pen.

    Attributes:
        lines: A stroke each, float32 (n, 2): x, y in pixels of the mask, in the order in which a
            pen would move. A closed loop repeats its first point; a dot is a single point.
        width: Median width of the strokes in pixels.
        fit: Share in 0 to 1 of the ink and of the strokes, drawn as wide as the ink is along each,
            that lie on each other (intersection over union, give or take a pixel at the edges).
            From 0.95 on practically all look as written, from 0.9 on nearly all; below that, heavy
            faces lose short arms, and serifs are left out.
    """

    lines: tuple[Line, ...]
    width: float
    fit: float


def strokes(ink: NDArray[np.uint8]) -> Strokes:
    """Find the strokes of a glyph.

    Args:
        ink: uint8 gray (h, w), 255 is ink on 0; a glyph of about 96 to 160 pixels serves best.

    Returns:
        The strokes, the same for the same picture.

    Raises:
        InputError: There is no ink in the picture.
    """
    from skimage.morphology import skeletonize

    mask = cv2.copyMakeBorder(ink, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0) > 127
    if not mask.any():
        raise InputError("the picture has no ink to find strokes in; draw a glyph first")
    radius = np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    skeleton = np.asarray(skeletonize(mask), np.bool_)  # type: ignore[no-untyped-call]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    size = float(max(np.ptp(rows), np.ptp(columns)) + 1)
    paths = trace(skeleton, radius)
    lines = _met([finished(path, radius, size) for path in paths], paths)
    lines = [directed(line) for line in lines]
    lines.sort(key=lambda line: (line[0, 0] + line[0, 1], *line[0]))
    width = 2.0 * float(np.median(radius[skeleton]))
    fit = _fit(lines, mask, radius)
    return Strokes(tuple((line - 2.0).astype(np.float32) for line in lines), width, fit)


def skeleton_axes(face: Drawable) -> tuple[float, ...]:
    """Return the axis values at which a face's skeletons come out best: light, otherwise usual.

    Args:
        face: The face; a static one gives an empty tuple.
    """
    return tuple(
        axis.minimum + LIGHT * (axis.default - axis.minimum) if axis.tag == "wght" else axis.default
        for axis in face.axes
    )


def _met(lines: list[Points], paths: list[Points]) -> list[Points]:
    """Lead the strokes that end at a joint to the stroke that runs through it."""
    met = [line.copy() for line in lines]
    for k, path in enumerate(paths):
        if len(lines[k]) < 2 or closed(path):
            continue
        for end in (0, -1):
            reach = float(path[end, 2])
            if not reach:
                continue
            tip = lines[k][end]
            # Of the stroke itself, only what comes back to its end counts.
            along = np.cumsum(np.hypot(*np.diff(lines[k], axis=0).T))
            own = along > 3.0 * reach if end == 0 else along < along[-1] - 3.0 * reach
            others = [line for n, line in enumerate(lines) if n != k and len(line) > 1]
            starts = np.concatenate([lines[k][:-1][own], *(line[:-1] for line in others)])
            stops = np.concatenate([lines[k][1:][own], *(line[1:] for line in others)])
            if len(starts):
                near = _nearest(tip, starts, stops)
                if np.hypot(*(near - tip)) < 1.5 * reach:
                    met[k][end] = near
    return met


def _nearest(point: Points, starts: Points, stops: Points) -> Points:
    """Return the point on the segments that is nearest to a point."""
    ways = stops - starts
    share = ((point - starts) * ways).sum(axis=1) / np.maximum((ways**2).sum(axis=1), 1e-9)
    places = starts + np.clip(share, 0.0, 1.0)[:, None] * ways
    return np.asarray(places[np.hypot(*(places - point).T).argmin()])


def _fit(lines: list[Points], mask: NDArray[np.bool_], radius: Field) -> float:
    """Draw the strokes as wide as the ink is along each and compare with the ink."""
    drawn = np.zeros(mask.shape, np.uint8)
    for line in lines:
        wide = at(radius, line)
        points = np.rint(line * 16.0).astype(int).tolist()
        if len(line) == 1:
            cv2.circle(drawn, points[0], round(float(wide[0]) * 16), 1, cv2.FILLED, cv2.LINE_8, 4)
        thick = np.maximum(np.rint(wide[1:] + wide[:-1]).astype(int), 1).tolist()
        for start, stop, pen in zip(points, points[1:], thick, strict=False):
            cv2.line(drawn, start, stop, 1, pen, cv2.LINE_8, 4)
    # A pixel at the edge is neither missing nor too much: thin strokes are little but edge.
    inked = mask.astype(np.uint8)
    missing = int(np.count_nonzero(inked > cv2.dilate(drawn, _NEAR)))
    excess = int(np.count_nonzero(drawn > cv2.dilate(inked, _NEAR)))
    total = int(np.count_nonzero(inked))
    return (total - missing) / (total + excess)
