"""Any picture of one symbol → the canonical frame, the same way for training and for prediction.

The frame is ink bright on black, `size` × `size`, uint8, as EMNIST's: cropped to the ink, aspect
kept, centred, with a margin of one fourteenth on each side (Cohen et al. 2017, "EMNIST: an
extension of MNIST to handwritten letters"). `tight` mode throws place and size away; `em` mode
keeps them, for pictures that show the whole em box.

The steps are: `gray` (distance from the paper's colour), `ink` (polarity, paper, contrast, specks)
and `place` (crop, scale, centre).
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datagen.errors import UsageError
from datagen.ink import FAINT, FrameError, Polarity, gray, ink

__all__ = ["FrameError", "Mode", "frame", "place", "place_as", "place_em"]

Mode = Literal["tight", "em"]
Gray = NDArray[np.uint8]

MIN_SIZE = 8  # pixels; below this no symbol can be told from another
MAX_SQUARE = 8192  # pixels; a longer picture is made smaller before it is padded to a square
MARGIN = 1 / 14  # of the frame, on each side: 2 of EMNIST's 28 pixels


def frame(
    picture: NDArray[Any] | Image.Image,
    size: int = 32,
    mode: Mode = "tight",
    polarity: Polarity = "auto",
) -> NDArray[np.uint8]:
    """Return the canonical frame of a picture of one symbol.

    Args:
        picture: uint8, uint16, bool or float array of shape (height, width) or (height, width,
            1 | 2 | 3 | 4), the last of 2 or 4 channels being alpha; or a Pillow image of any mode.
            Dark on light and light on dark are told apart by themselves.
        size: Edge of the frame in pixels, at least 8.
        mode: ``tight`` crops to the ink; ``em`` keeps place and size within the picture.
        polarity: ``bright`` or ``dark`` where the ink is known to be so, else ``auto``.

    Returns:
        uint8 array of shape (size, size): 0 is paper, 255 the brightest ink.

    Raises:
        FrameError: The picture has no ink.
        UsageError: The size or the shape is impossible.
    """
    if size < MIN_SIZE:
        raise UsageError(f"size (={size}) must be at least {MIN_SIZE}")
    found = ink(gray(_array(picture)), polarity)
    return place_as(found, size, mode)


def _array(picture: NDArray[Any] | Image.Image) -> NDArray[Any]:
    if not isinstance(picture, Image.Image):
        return picture
    if picture.mode in ("1", "L", "LA", "RGB", "RGBA", "F", "I", "I;16", "I;16B", "I;16L"):
        return np.asarray(picture)
    alpha = "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa")
    return np.asarray(picture.convert("RGBA" if alpha else "RGB"))


def place_as(bright: Gray, size: int, mode: Mode) -> Gray:
    """Put ink, bright on black, into the frame: cropped and centred, or where it stands.

    Raises:
        FrameError: There is no ink.
    """
    return place(bright, size) if mode == "tight" else place_em(bright, size)


def place(bright: Gray, size: int) -> Gray:
    """Crop to the ink, scale its longer side to the frame less its margins, and centre it.

    Args:
        bright: uint8, shape (height, width), ink bright on black.
        size: Edge of the frame in pixels.

    Raises:
        FrameError: There is no ink.
    """
    left, top, width, height = cv2.boundingRect(cv2.threshold(bright, FAINT, 255, 0)[1])
    if width == 0 or height == 0:
        raise FrameError("no ink: nothing in the picture is brighter than its paper")
    cropped = bright[top : top + height, left : left + width]
    inner = size - 2 * max(1, round(size * MARGIN))
    scale = inner / max(width, height)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    resized = _resize(cropped, columns, rows)
    framed = np.zeros((size, size), np.uint8)
    y, x = (size - rows) // 2, (size - columns) // 2
    framed[y : y + rows, x : x + columns] = resized
    return _brighten(framed)


def place_em(bright: Gray, size: int) -> Gray:
    """Scale the whole picture into the frame, padded to a square, keeping place and size.

    Args:
        bright: uint8, shape (height, width), ink bright on black; the em box, edge to edge.
        size: Edge of the frame in pixels.
    """
    height, width = bright.shape
    edge = max(height, width)
    if edge > MAX_SQUARE:  # a strip's square would take all memory
        height, width = (max(1, round(n * MAX_SQUARE / edge)) for n in bright.shape)
        bright, edge = _resize(bright, width, height), MAX_SQUARE
    square = np.zeros((edge, edge), np.uint8)
    top, left = (edge - height) // 2, (edge - width) // 2
    square[top : top + height, left : left + width] = bright
    framed = _resize(square, size, size)
    if int(framed.max()) == 0:
        raise FrameError("no ink: nothing in the picture is brighter than its paper")
    return _brighten(framed)


def _resize(picture: Gray, columns: int, rows: int) -> Gray:
    shrink = picture.shape[0] >= rows and picture.shape[1] >= columns
    method = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=method), np.uint8)


def _brighten(framed: Gray) -> Gray:
    """Stretch so that the brightest ink is 255: thin strokes grow faint when they are scaled."""
    top = int(framed.max())
    if top in (0, 255):
        return framed
    return np.asarray(cv2.convertScaleAbs(framed, alpha=255.0 / top), np.uint8)
