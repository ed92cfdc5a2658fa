"""What each part of the training is worth on real handwriting that training never saw.

    python tests/benchmarks/trainer_levers.py [--per-class 2000] [--epochs 1] [--only focal,mixup]

One set is drawn from fonts and hands alone. For each variant, `compact` is trained on it with one
thing changed, and reads the real sets in ../shared/data. Prints accuracy by source, strict / with
look-alikes as one, and the change against the preset. Differences of one point are chance.
"""

import argparse
import dataclasses
import functools
import time

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from levers_common import (
    PACKAGED,
    SHAPES,
    TABLE,
    averaged,
    draw,
    heading,
    predict,
    score,
    show,
    tests,
    train,
)

from datagen import augment_steps, recipe
from datagen.frame import MARGIN
from trainer import model, model_file
from trainer.presets import Augmentation, Preset, preset

SOFT = 0.2  # of a target, given to its look-alikes
MIXED = 0.3  # largest share of the other picture
TAUGHT = 0.5  # of a target, said by a larger model
WIDENED = 0.5  # of the pictures
INK = 40  # gray levels


def soft():
    """Targets that give the look-alikes of a class a part."""
    alike = (SHAPES[:, None] == SHAPES[None]).astype(np.float32) - np.eye(len(SHAPES))
    share = SOFT * (alike.sum(1, keepdims=True) > 0)
    return np.float32(
        np.eye(len(SHAPES)) * (1 - share) + share * alike / np.maximum(1, alike.sum(1))[:, None]
    )


def mixup(images, targets):
    """Mix each picture with another one of its batch (Zhang et al. 2018)."""
    images = tf.cast(images, tf.float32)
    share = MIXED * tf.random.uniform([tf.shape(images)[0], 1])
    other = tf.random.shuffle(tf.range(tf.shape(images)[0]))
    part = share[:, :, None, None]
    return (
        images * (1 - part) + tf.gather(images, other) * part,
        targets * (1 - share) + tf.gather(targets, other) * share,
    )


def cutmix(images, targets):
    """Put a corner of another picture in the place of one's own (Yun et al. 2019)."""
    images = tf.cast(images, tf.float32)
    other = tf.random.shuffle(tf.range(tf.shape(images)[0]))
    side = int(32 * MIXED)
    mask = np.zeros((32, 32, 1), np.float32)
    mask[:side, :side] = 1
    mask = tf.roll(mask, tf.random.uniform([2], 0, 32, tf.int32), [0, 1])
    share = side * side / 32**2
    return (
        images * (1 - mask) + tf.gather(images, other) * mask,
        targets * (1 - share) + tf.gather(targets, other) * share,
    )


@functools.cache
def teacher():
    with tf.init_scope():  # while tf.data builds its graph, weights would not be read
        return model_file.load_model(PACKAGED)[0]


def distilled(images, targets):
    """Targets half of which the larger, packaged model says (Hinton et al. 2015)."""
    said = teacher()(tf.cast(images, tf.float32), training=False)
    return images, TAUGHT * said + (1 - TAUGHT) * targets


def squeezed():
    """`compact` with squeeze and excitation in each block (Hu et al. 2018)."""

    def block(x, channels, name, shrink=False):
        y = model._conv(x, channels, f"{name}_a", strides=2 if shrink else 1)
        y = model._conv(y, channels, f"{name}_b", relu=False)
        weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
        weight = layers.Dense(channels // 8, activation="relu")(weight)
        y = layers.Multiply()([y, layers.Dense(channels, activation="sigmoid")(weight)])
        return joined(x, y, channels, name, shrink)

    return built(block)


def blurred():
    """`compact` that averages where it shrinks, for a stride has aliases (Zhang 2019)."""

    def block(x, channels, name, shrink=False):
        y = model._conv(x, channels, f"{name}_a")
        y = layers.AveragePooling2D(2, padding="same")(y) if shrink else y
        return joined(x, model._conv(y, channels, f"{name}_b", relu=False), channels, name, shrink)

    return built(block)


def joined(x, y, channels, name, shrink):
    x = layers.AveragePooling2D(2, padding="same")(x) if shrink else x
    if x.shape[-1] != channels:
        x = model._conv(x, channels, f"{name}_project", kernel=1, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))


def compact():
    return model.build("compact", 32, len(TABLE), preset("compact").dropout)


def built(block):
    before, model._residual = model._residual, block
    try:
        return compact()
    finally:
        model._residual = before


def halved():
    """`compact` that computes in bfloat16, which is fast where the processor has it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return compact()
    finally:
        keras.config.set_dtype_policy(before)


def stretched(images):
    """Framed pictures (n, h, w) whose ink fills the frame both ways, so that aspect is lost."""
    found = np.zeros_like(images)
    edge = images.shape[1]
    first = round(edge * MARGIN)
    inner = edge - 2 * first
    for old, new in zip(images, found, strict=True):
        x, y, wide, high = cv2.boundingRect((old > INK).astype(np.uint8))
        ink = old[y : y + high, x : x + wide]
        new[first : first + inner, first : first + inner] = cv2.resize(ink, (inner, inner))
    return found


VARIANTS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "preset": ({}, {}),
    "focal": ({"loss": "focal"}, {}),
    "no-smoothing": ({"label_smoothing": 0.0}, {}),
    "soft-alike": ({"label_smoothing": 0.0}, {"targets": soft()}),
    "adam": ({"optimizer": "adam", "weight_decay": 0.0}, {}),
    "no-average": ({"ema": 0.0}, {}),
    "no-dropout": ({"dropout": 0.0}, {}),
    "unchanged": ({"augmentation": Augmentation()}, {}),
    "no-erase": (
        {"augmentation": dataclasses.replace(preset("compact").augmentation, erase=0)},
        {},
    ),
    "batch-64": ({"batch": 64}, {}),
    "batch-256": ({"batch": 256}, {}),
    "mixup": ({}, {"change": mixup}),
    "cutmix": ({}, {"change": cutmix}),
    "widened": (
        {"augmentation": dataclasses.replace(preset("compact").augmentation, widen=WIDENED)},
        {},
    ),
    "distilled": ({}, {"change": distilled}),
    "squeezed": ({}, {"network": squeezed}),
    "blurred": ({}, {"network": blurred}),
    "constant": ({"schedule": "plateau"}, {}),
    "bfloat16": ({}, {"network": halved}),
    "stretched": ({}, {}),
}
FRAMES = {"stretched": stretched}  # of the variants whose pictures differ, what makes them


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--only", help="variants, by comma")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(VARIANTS)
    source = recipe.read("fonts-only").sources["fonts"]
    steps = augment_steps.PRESETS["handwriting"]
    drawn = draw(steps, options.per_class, 0, source.styles, source.writers)
    sets, base = tests(), None
    heading(sets)
    for name in ["preset", *(each for each in names if each != "preset")]:
        started = time.perf_counter()
        settings, more = VARIANTS[name]
        framed = FRAMES.get(name, lambda images: images)
        wanted: Preset = preset("compact", epochs=options.epochs)
        pictures, labels = framed(drawn[0]), drawn[1]
        network = train(pictures, labels, dataclasses.replace(wanted, **settings), **more)
        seconds = time.perf_counter() - started
        found = np.array([score(predict(network, framed(x)), y) for x, y in sets.values()])
        base = found if base is None else base
        show(name, found, base, seconds)
        if name == "preset":
            show("averaged", [score(averaged(network, x, 8), y) for x, y in sets.values()], base, 0)
        keras.utils.clear_session()


if __name__ == "__main__":
    main()
