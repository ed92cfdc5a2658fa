"""Outliers: pictures of no class among those that a model learns from.

Their target is every class alike, so what a model has never seen the like of makes it doubt rather
than guess (Hendrycks et al. 2019, "Deep Anomaly Detection with Outlier Exposure"). They are drawn
from a seed of their own, and the characters among them are others than those that
`trainer.foreign` measures what a model lets through with.
"""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from datagen import characters
from datagen.characters import CharacterTable
from datagen.frame import FrameError, Mode, frame
from trainer.foreign import LEARNED, glyphs, noise, scribble, wobbled

Gray = NDArray[np.uint8]

POOL = 3000  # pictures that a training's outliers are taken from
_PIECES = 8  # of ink and of paper between it; noise of fewer may look like a colon or a dash
_SEED = 40_591  # any number but that of `trainer.foreign`
_CHOICE = 1 << 20  # any number that `trainer.augment` folds into its keys nowhere


@dataclass(frozen=True, slots=True, eq=False)
class Outliers:
    """What is added to batches.

    Attributes:
        pictures: What is chosen from, uint8 (n, size, size, 1).
        count: How many are added to each batch.
    """

    pictures: Gray
    count: int


def pool(table: CharacterTable, size: int, mode: Mode, count: int = POOL) -> Gray:
    """Draw and frame noise, scribbles and characters that are none of a table's classes, in turn.

    Args:
        table: The classes.
        size: Edge of the frame in pixels.
        mode: How pictures are framed.
        count: Pictures.

    Returns:
        uint8 (count, size, size, 1).
    """
    return _pool(table.to_csv(), size, mode, count)


@functools.lru_cache(maxsize=2)  # a run that is finished in parts draws once
def _pool(table: str, size: int, mode: Mode, count: int) -> Gray:
    rng = np.random.default_rng(_SEED)
    kinds: list[Callable[[], Gray]] = [lambda: _grains(rng), lambda: scribble(rng)]
    drawings = glyphs(characters.parse(table), chars=LEARNED)
    if drawings:
        kinds.append(lambda: wobbled(drawings[rng.integers(len(drawings))], rng))
    pictures: list[Gray] = []
    turn = 0
    while len(pictures) < count:
        with contextlib.suppress(FrameError):  # a blank one, which no model is ever shown
            pictures.append(frame(kinds[turn % len(kinds)](), size, mode))
        turn += 1
    return np.stack(pictures)[..., None]


def _grains(rng: np.random.Generator) -> Gray:
    """Noise that is no handful of blobs."""
    while True:
        picture = noise(rng)
        ink = (picture > picture.max() / 2).astype(np.uint8)
        pieces = sum(cv2.connectedComponents(each)[0] - 1 for each in (ink, 1 - ink))
        if pieces >= _PIECES:
            return picture


def mixed(images: Any, targets: Any, outliers: Any, count: int, key: Any) -> tuple[Any, Any]:
    """Add outliers to a batch.

    Args:
        images: uint8 tensor (batch, size, size, 1).
        targets: float32 tensor (batch, classes).
        outliers: uint8 tensor (pool, size, size, 1).
        count: How many are added.
        key: Seed of the choice, integer tensor (2,).

    Returns:
        The images and the targets with `count` more rows.
    """
    own = tf.random.experimental.stateless_fold_in(key, _CHOICE)
    chosen = tf.random.stateless_uniform([count], own, 0, len(outliers), tf.int32)
    classes = int(targets.shape[1])
    doubt = tf.fill([count, classes], 1.0 / classes)
    return tf.concat([images, tf.gather(outliers, chosen)], 0), tf.concat([targets, doubt], 0)
