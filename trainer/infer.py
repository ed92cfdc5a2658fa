"""What a model says about framed pictures: logits, averaged over small warps if asked.

A model file gives probabilities, for whoever runs it elsewhere. Here its last activation is taken
off: a temperature and some of the scores that tell a foreign picture need the logits themselves.

TensorFlow is imported where it is first needed: `warps` and `Reading` serve the light runtimes too.
"""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.errors import UsageError
from trainer.probabilities import Logits

MOST = 64  # warps that are averaged at most
# As many as models are read with where nothing else is said: after finetuning on real ink, up to
# three answers more in a hundred are right than with none; 32 bring nothing more.
AVERAGE = 8
# The largest warp; half of what training shows, so that none is strange to the model.
SHIFT, SCALE, ROTATION, SHEAR = 0.03, 0.05, math.radians(5), 0.06
# Steps of the R-sequence in five dimensions (Roberts 2018), which spreads any number of warps.
_PHI = 1.1673039782614187  # the root of x^6 = x + 1
_STEPS = np.array([_PHI**-power for power in range(1, 6)])


class Reading(Protocol):
    """Whatever reads framed pictures.

    Attributes:
        compiles: Whether another number of pictures than the last time costs a new compilation.
    """

    compiles: bool

    def logits(self, images: Any) -> Logits:
        """Return logits, float32 (n, classes), for framed pictures, uint8 (n, h, w, 1)."""


class Reader:
    """A Keras model that reads framed pictures.

    Args:
        model: Gives probabilities: its last layer has ``softmax`` for an activation.
        size: Side of its input pictures in pixels.
        average: Warps whose logits are averaged, from 1 (none but the picture itself) to 64.

    Raises:
        UsageError: `average` is out of range.
    """

    compiles = True

    def __init__(self, model: Any, size: int, average: int = 1) -> None:
        check_average(average)
        self._model, self._size = without_softmax(model), size
        self._warps = warps(average, size)

    def logits(self, images: Any) -> Logits:
        """Return logits, float32 (n, classes), for pictures, uint8 (n, h, w, 1)."""
        from trainer.records import resize

        resized = resize(images, self._size)
        total: Any = 0.0
        for warp in self._warps:
            moved = resized if warp is None else _warped(resized, warp)
            total = total + np.asarray(self._model.predict_on_batch(moved), np.float32)
        return np.asarray(total / len(self._warps), np.float32)


def check_average(average: int) -> None:
    """Refuse a number of warps that is out of range.

    Raises:
        UsageError: It is.
    """
    if not 1 <= average <= MOST:
        raise UsageError(f"average (={average}) must be from 1 to {MOST}")


def without_softmax(model: Any) -> Any:
    """Return the same model with the activation of its last layer taken off."""
    import keras

    last = model.layers[-1]
    plain = type(last).from_config({**last.get_config(), "activation": "linear"})
    logits = plain(last.input)
    plain.set_weights(last.get_weights())
    return keras.Model(model.input, logits)


def warps(count: int, size: int) -> list[NDArray[np.float32] | None]:
    """Return small affine warps, always the same for one count; the first, None, is none.

    Args:
        count: How many, at least 1.
        size: Side of the pictures in pixels.

    Returns:
        For each a matrix as TensorFlow's projective transform takes it, float32 (8,): it maps a
        point of the new picture to its place in the old one.
    """
    found: list[NDArray[np.float32] | None] = [None]
    middle = (size - 1) / 2
    for number in range(1, count):
        dx, dy, scale, angle, shear = 2 * ((0.5 + number * _STEPS) % 1) - 1
        angle, grow = angle * ROTATION, 1 + scale * SCALE
        a, b = math.cos(angle) * grow, (math.cos(angle) * shear * SHEAR - math.sin(angle)) * grow
        c, d = math.sin(angle) * grow, (math.cos(angle) + math.sin(angle) * shear * SHEAR) * grow
        left = middle * (1 - a - b) + dx * SHIFT * size
        top = middle * (1 - c - d) + dy * SHIFT * size
        found.append(np.array([a, b, left, c, d, top, 0, 0], np.float32))
    return found


def _warped(images: Any, warp: NDArray[np.float32]) -> Any:
    import tensorflow as tf

    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=warp[None],
        output_shape=tf.constant(images.shape[1:3], tf.int32),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
