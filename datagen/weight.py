"""Stroke width: thinner or thicker ink, of shapes and of pixels."""

import cv2
import numpy as np

from datagen.shapes import Mask, Shapes
from datagen.transforms import Gray, Numbers, Range, ShapeTransform, between, between_logs

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_INK = 128  # gray levels; where ink is measured
_EDGE = 2.0  # a picture's edge, in a shape's units


class StrokeWeight(ShapeTransform):
    """Thinner or thicker strokes, by a share of the picture.

    Args:
        change: Range of the change on each side of a stroke, as a share of the picture's edge;
            negative is thinner.
        p: Probability.
    """

    numbers = 1

    def __init__(self, change: Range = (-0.015, 0.03), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.range = change

    def bend(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Change strokes; none is erased and no counter filled."""
        shapes.widen(between(self.range, u[:, 0]) * np.float32(2 * _EDGE), chosen)

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with their strokes changed; none is erased."""
        change = between(self.range, u[:, 0]) * np.float32(max(pictures.shape[1:]))
        for row, each in enumerate(change.tolist()):
            pictures[row] = _grown(pictures[row], each)
        return pictures


class StrokeWidth(ShapeTransform):
    """Strokes of a chosen width, whatever they were: what pens differ most in.

    Args:
        width: Range of the width as a share of the symbol's longer side; its logarithm is uniform.
        p: Probability.
    """

    numbers = 1

    def __init__(self, width: Range = (0.04, 0.25), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.width = width

    def bend(self, shapes: Shapes, chosen: Mask, u: Numbers) -> None:
        """Change strokes as far as none is erased and no counter filled."""
        wanted = between_logs(self.width, u[:, 0]) * shapes.side()
        shapes.lengths()
        shapes.widen(wanted - shapes.width - shapes.grow, chosen)

    def change(self, pictures: Gray, u: Numbers) -> Gray:
        """Return the pictures with strokes of such a width; none is erased."""
        for row, wanted in enumerate(between_logs(self.width, u[:, 0]).tolist()):
            mask = cv2.threshold(pictures[row], _INK, 255, cv2.THRESH_BINARY)[1]
            _, _, width, height = cv2.boundingRect(mask)
            inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
            # The mean distance from the edge is a quarter of a stroke's width.
            measured = 4.0 * cv2.mean(inside, mask)[0]
            change = (wanted * max(width, height) - measured) / 2
            pictures[row] = _grown(pictures[row], max(change, -0.27 * measured))
        return pictures


def _grown(picture: Gray, change: float) -> Gray:
    """Grow or shrink ink by a number of pixels on each side."""
    operation = cv2.dilate if change > 0 else cv2.erode
    whole, part = divmod(abs(change), 1.0)
    near = operation(picture, _CROSS, iterations=int(whole)) if whole else picture
    far = operation(near, _CROSS)
    done = cv2.addWeighted(near, 1.0 - part, far, part, 0.0)
    if change < 0.0:  # hair lines, which erosion would erase, stay as they are
        done = cv2.max(done, cv2.morphologyEx(picture, cv2.MORPH_TOPHAT, _CROSS))
    return np.asarray(done, np.uint8)
