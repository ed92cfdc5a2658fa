"""Find the ink of a picture: any polarity, colour, depth, paper and light → ink bright on black.

The steps are `gray` (distance from the paper's colour) and `ink` (polarity, paper, contrast,
specks). `datagen.frame` puts the result into the canonical frame.
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError, UsageError
from datagen.shadows import flatten

Gray = NDArray[np.uint8]
Polarity = Literal["auto", "bright", "dark"]

FAINT = 40  # gray levels of 255; what stays below is not ink but the blur around it

MIN_CONTRAST = 20  # gray levels between paper and ink; JPEG and sensor noise stay below
_MIN_SEPARATION = 4.0  # standard deviations of the paper between paper and ink
CLEAN = 8  # gray levels; a border darker than this all around is already black paper
_EVEN = 10.0  # gray levels; standard deviation of paper that needs no flattening
_HAIR = 0.2  # of the way from paper to ink; fainter than this is paper
_STRONG = 110  # gray levels of 255; a part of a symbol reaches this somewhere
_SQUARE = np.ones((3, 3), np.uint8)
_LEVELS = np.arange(256, dtype=np.float32)
_HUGE = 1e30  # brightness; with numbers far smaller than float32 holds, differences stay finite
_SPECK = 0.004  # of the largest component's area; the dot of an i has at least 0.01


class FrameError(InputError):
    """The picture shows no symbol; the message says why."""


def gray(picture: NDArray[Any]) -> Gray:
    """Reduce a picture to one uint8 channel in which ink differs from paper.

    Colour becomes the largest distance of a channel from the paper's colour, so that yellow on
    white counts as much as black on white. Transparent pixels are paper.

    Raises:
        UsageError: The array has no pixels or is no picture.
    """
    if picture.ndim not in (2, 3) or 0 in picture.shape:
        raise UsageError(f"a picture of shape {picture.shape} has no pixels")
    levels = _to_uint8(picture)
    if levels.ndim == 2:
        return levels
    channels = levels.shape[2]
    if channels in (2, 4):
        return _flatten_alpha(levels)
    if channels == 1:
        return levels[:, :, 0]
    if channels != 3:
        raise UsageError(f"a picture of {channels} channels is none: 1 to 4 are known")
    return _distance(levels)


def _to_uint8(picture: NDArray[Any]) -> Gray:
    if picture.dtype == np.uint8:
        return np.asarray(picture, np.uint8)
    if picture.dtype == np.bool_:
        return np.where(picture, 255, 0).astype(np.uint8)
    if picture.dtype.kind not in "uif":
        raise UsageError(f"an array of type {picture.dtype} is no picture: numbers are needed")
    with np.errstate(over="ignore", invalid="ignore"):  # too large for float32 becomes infinite
        values = picture.astype(np.float32)
    if not (np.abs(values) < _HUGE).all():  # nor is it so of what is no number
        raise FrameError("no ink: the picture holds values that are not finite, or beyond 1e30")
    if picture.ndim == 3 and picture.shape[2] in (2, 4):
        top = 65535.0 if picture.dtype == np.uint16 else max(1.0, float(values.max()))
        return np.asarray(np.clip(values * (255.0 / top), 0.0, 255.0), np.uint8)
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / (high - low) if high - low > 1.0 / _HUGE else 0.0
    return ((values - low) * scale).astype(np.uint8)


def _distance(rgb: Gray) -> Gray:
    """Gray where the picture is gray; else the largest distance of a channel from the paper."""
    if (rgb[:, :, 0] == rgb[:, :, 1]).all() and (rgb[:, :, 1] == rgb[:, :, 2]).all():
        return np.ascontiguousarray(rgb[:, :, 0])
    paper = np.median(_ring(rgb), axis=0)
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    far = np.abs(rgb.astype(np.float32) - paper.astype(np.float32)).max(axis=2)
    # Keep the paper's own brightness, so that a border of ink is still seen as what it is.
    if paper.mean() >= 128:
        return np.asarray(np.clip(float(paper.mean()) - far, 0, 255), np.uint8)
    return np.asarray(np.maximum(luma, np.clip(float(paper.mean()) + far, 0, 255)), np.uint8)


def _flatten_alpha(levels: Gray) -> Gray:
    """Lay the picture on paper that its own ink stands out from."""
    alpha = levels[:, :, -1]
    colour = levels[:, :, 0] if levels.shape[2] == 2 else _luma(levels[:, :, :3])
    if alpha.min() == 255:
        return colour if levels.shape[2] == 2 else _distance(np.ascontiguousarray(levels[:, :, :3]))
    solid = alpha > 127
    paper = 255.0 if not solid.any() or float(colour[solid].mean()) < 128 else 0.0
    weight = alpha.astype(np.float32) / 255.0
    return np.asarray(colour * weight + paper * (1.0 - weight), np.uint8)


def _luma(rgb: Gray) -> Gray:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)


def _ring(picture: NDArray[Any]) -> NDArray[Any]:
    """The pixels of the border, in no particular order."""
    return np.concatenate((picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]))


def ink(levels: Gray, polarity: Polarity = "auto") -> Gray:
    """Make ink bright on black: mend polarity, take the paper away, stretch, remove specks.

    Args:
        levels: uint8, shape (height, width).
        polarity: ``bright`` or ``dark`` where the ink is known to be so, else ``auto``.

    Raises:
        FrameError: There is no ink.
    """
    ring = _ring(levels)
    least, most, _, _ = cv2.minMaxLoc(levels)
    black = int(ring.max())
    if polarity != "dark" and black < CLEAN and most - black >= MIN_CONTRAST:
        return levels
    if most - least < MIN_CONTRAST:
        raise FrameError(f"no ink: the picture is blank (contrast {most - least:.0f} of 255)")
    light = _is_light_on_dark(levels, ring) if polarity == "auto" else polarity == "bright"
    bright = levels if light else 255 - levels
    threshold, mask = cv2.threshold(bright, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    away = 1 - cv2.dilate(mask, _SQUARE, iterations=2)  # from the soft edges of the ink
    if float(cv2.meanStdDev(bright, mask=away)[1][0, 0]) > _EVEN:
        bright = flatten(bright)
        threshold, mask = cv2.threshold(bright, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return _without_specks(_stretch(bright, threshold, mask))


def _is_light_on_dark(levels: Gray, ring: NDArray[Any]) -> bool:
    """Tell the polarity by the border, or by the area where the border shows both."""
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    light_border = float((ring > threshold).mean())
    if light_border >= 0.9:
        return False
    if light_border <= 0.1:
        return True
    # A tight crop: an E touches its border nearly all around. Dark on light is the common case,
    # unless the dark part is so large that it can only be paper.
    return float((levels > threshold).mean()) < 0.4


def _stretch(bright: Gray, threshold: float, mask: NDArray[Any]) -> Gray:
    """Map the paper to 0 and the ink to 255 by the two classes of Otsu's threshold."""
    paper = cv2.mean(bright, 1 - mask)
    (level,), (spread,) = cv2.meanStdDev(bright, mask=mask)
    separation = float(level[0] - paper[0])
    # Soft edges and hair lines are no noise: look at the paper well away from anything brighter.
    near = float(paper[0]) + _HAIR * separation
    _, touched = cv2.threshold(bright, near, 1, cv2.THRESH_BINARY)
    away = 1 - cv2.dilate(touched, _SQUARE)
    enough = cv2.countNonZero(away) * 10 > away.size
    (around,), (noise,) = cv2.meanStdDev(bright, mask=away if enough else 1 - mask)
    floor = float(noise[0])
    if separation < MIN_CONTRAST or separation < _MIN_SEPARATION * floor:
        raise FrameError(
            f"no ink: nothing stands out from the paper (ink {separation:.0f}, noise {floor:.0f})"
        )
    low = min(float(around[0]) + 2.5 * floor, float(threshold))
    high = max(float(level[0]) + float(spread[0]) * 0.5, low + 1.0)
    scale = 255.0 / (high - low)
    table = np.clip((_LEVELS - np.float32(low)) * np.float32(scale), 0.0, 255.0)
    return np.asarray(cv2.LUT(bright, table.astype(np.uint8)), np.uint8)


def _without_specks(bright: Gray) -> Gray:
    """Blacken components that are too small or too faint to be a part of the symbol."""
    _, mask = cv2.threshold(bright, FAINT, 1, cv2.THRESH_BINARY)
    if cv2.connectedComponents(mask, connectivity=8)[0] <= 2:  # five times as fast, and the rule
        return bright
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    weights = areas.astype(np.float64)
    keep = weights >= max(2.0, _SPECK * float(weights.max()))
    # What nowhere is as dark as ink is the rest of a shadow.
    strong = np.zeros(count, np.bool_)
    strong[labels[bright >= _STRONG]] = True
    keep &= strong[1:]
    if keep.all():
        return bright
    lookup = np.zeros(count, np.uint8)
    lookup[1:] = keep
    lookup[0] = 1  # the soft edge around what is kept
    cleaned = bright * lookup[labels]
    return np.asarray(cleaned, np.uint8)
