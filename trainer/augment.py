"""Cheap random changes of whole batches, in vectorised TensorFlow.

Datasets are augmented heavily when they are built; what happens here only keeps two epochs from
showing the same pixels. One projective transform does shift, scale, rotation and shear in a single
pass over the pixels, and uint8 stays uint8 throughout.
"""

import math
from typing import Any

import tensorflow as tf

from trainer.presets import Augmentation


def augment(images: Any, key: Any, how: Augmentation) -> Any:
    """Change a batch at random.

    Args:
        images: uint8 (n, size, size, 1), ink bright on black.
        key: int tensor (2,); the same key gives the same changes.
        how: Limits of the changes.

    Returns:
        uint8 tensor of the same shape; what comes in from outside is black.
    """
    wider = None
    if how.widen:
        wider = _widths(images, tf.random.experimental.stateless_fold_in(key, 2), how)
    if how.moves or wider is not None:
        images = _move(images, tf.random.experimental.stateless_fold_in(key, 0), how, wider)
    if wider is not None:
        images = _widen(images, wider, how)
    if how.erase:
        images = _erase(images, tf.random.experimental.stateless_fold_in(key, 1), how)
    return images


def _widths(images: Any, key: Any, how: Augmentation) -> Any:
    """By how many pixels the ink of each picture grows to each side, float32 (n,)."""
    chance, width = tf.unstack(tf.random.stateless_uniform([2, tf.shape(images)[0]], key))
    most = how.widen_side * images.shape[1]
    return tf.where(chance < how.widen, width * most, tf.zeros_like(width))


def _widen(images: Any, wider: Any, how: Augmentation) -> Any:
    """Let ink grow to each side; between whole pixels, a blend of the two.

    What is wide is black too: of a fine line, no pixel may be.
    """
    now = tf.cast(images, tf.float32)
    grown, left = now, wider[:, None, None, None]
    for _ in range(math.ceil(how.widen_side * images.shape[1])):
        now = tf.nn.max_pool2d(now, 3, 1, "SAME")
        grown += (now - grown) * tf.clip_by_value(left, 0.0, 1.0)
        left -= 1.0
    darker = grown * (1.0 + wider[:, None, None, None] / 2.0)
    return tf.cast(tf.minimum(darker, 255.0), images.dtype)


def _move(images: Any, key: Any, how: Augmentation, wider: Any = None) -> Any:
    count, size = tf.shape(images)[0], images.shape[1]
    limits = [
        how.shift * size,
        how.shift * size,
        how.scale,
        how.scale,
        math.radians(how.rotation),
        how.shear,
    ]
    draws = tf.random.stateless_uniform([6, count], key, -1.0, 1.0) * tf.constant(limits)[:, None]
    dx, dy, scale_x, scale_y, angle, shear = tf.unstack(draws)
    if wider is not None:  # what will grow is made smaller first, so that it fits the frame again
        room = 2 * wider / size
        scale_x, scale_y = scale_x + room, scale_y + room
    # The matrix maps a point of the new picture to its place in the old one, about the centre.
    cos, sin, middle = tf.cos(angle), tf.sin(angle), (size - 1) / 2
    a, b = cos * (1 + scale_x), (cos * shear - sin) * (1 + scale_x)
    c, d = sin * (1 + scale_y), (cos + shear * sin) * (1 + scale_y)
    zero = tf.zeros_like(dx)
    left, top = middle + dx - a * middle - b * middle, middle + dy - c * middle - d * middle
    transforms = tf.stack([a, b, left, c, d, top, zero, zero], axis=1)
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.constant([size, size]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    return tf.ensure_shape(moved, images.shape)


def _erase(images: Any, key: Any, how: Augmentation) -> Any:
    count, size = tf.shape(images)[0], images.shape[1]
    chance, height, width, top, left = tf.unstack(tf.random.stateless_uniform([5, count, 1], key))
    chosen = chance < how.erase

    def inside(start: Any, side: Any) -> Any:
        side = side * how.erase_side * size
        start = start * (size - side)
        position = tf.range(size, dtype=tf.float32)[None] + 0.5
        return (position >= start) & (position < start + side)

    rows, columns = inside(top, height) & chosen, inside(left, width)
    blank = (rows[:, :, None] & columns[:, None, :])[..., None]
    return tf.where(blank, tf.zeros([], images.dtype), images)
