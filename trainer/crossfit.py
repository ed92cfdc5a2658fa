"""Train the small network on some folds of pictures and say what it thinks of another.

`datagen curate` runs this as a process of its own, ``python -m trainer.crossfit``, so that it needs
no TensorFlow itself. Nobody else should need it.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from datagen.atomic import atomic_file
from datagen.errors import InputError
from trainer import model as networks
from trainer.augment import augment
from trainer.callbacks import averaged
from trainer.optimize import compile_model
from trainer.presets import QUICK, Preset

SEEN = 320_000  # pictures shown in all, each of them as often as that makes
EPOCHS = (4, 40)  # least and most
PREDICTED = 1024  # pictures predicted at a time


def crossfit(question: Path, fold: int, answer: Path) -> None:
    """Train on every fold but one; write probabilities and features of that one.

    Args:
        question: An .npz file: pixels uint8 (n, size, size), labels (n,), fold (n,), classes.
        fold: The one that is held out.
        answer: The .npz file to write: rows int64 (m,), probabilities float32 (m, classes),
            features float32 (m, d).

    Raises:
        InputError: There is nothing to train on.
    """
    with np.load(question) as asked:
        pixels, labels, folds = asked["pixels"][..., None], asked["labels"], asked["fold"]
        classes = int(asked["classes"])
    train, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
    if not len(train):
        raise InputError(f"{question}: fold {fold} leaves no picture to train on")
    epochs = int(np.clip(round(SEEN / len(train)), *EPOCHS))
    preset = replace(QUICK, epochs=epochs, batch=min(QUICK.batch, len(train)))
    model = _train(pixels[train], labels[train], classes, preset, fold)
    features = keras.Model(model.input, [model.output, model.get_layer("head_pool").output])
    with averaged(model):
        said = features.predict(pixels[held], batch_size=PREDICTED, verbose=0) if len(held) else []
    with atomic_file(answer) as file:
        np.savez(
            file,
            rows=held,
            probabilities=said[0] if said else np.zeros((0, classes), np.float32),
            features=said[1] if said else np.zeros((0, features.outputs[1].shape[1]), np.float32),
        )


def _train(
    pixels: NDArray[np.uint8], labels: NDArray[np.int64], classes: int, preset: Preset, seed: int
) -> Any:
    keras.utils.set_random_seed(seed)
    model = networks.build(preset.network, pixels.shape[1], classes, preset.dropout)
    steps = len(pixels) // preset.batch
    compile_model(model, preset, steps)
    batches = _batches(pixels, labels, classes, preset, seed)
    model.fit(batches, steps_per_epoch=steps, epochs=preset.epochs, shuffle=False, verbose=0)
    return model


def _batches(
    pixels: NDArray[np.uint8], labels: NDArray[np.int64], classes: int, preset: Preset, seed: int
) -> Any:
    images, targets = tf.constant(pixels), tf.constant(labels, tf.int32)

    def epoch(number: Any) -> Any:
        key = tf.random.experimental.stateless_fold_in(tf.constant([seed, 1], tf.int64), number)
        order = tf.random.experimental.stateless_shuffle(tf.range(len(pixels)), seed=key)
        parts = tf.data.Dataset.from_tensor_slices(order).batch(preset.batch, drop_remainder=True)

        def prepare(step: Any, rows: Any) -> tuple[Any, Any]:
            step_key = tf.random.experimental.stateless_fold_in(key, step)
            changed = augment(tf.gather(images, rows), step_key, preset.augmentation)
            return changed, tf.one_hot(tf.gather(targets, rows), classes)

        return parts.enumerate().map(prepare, tf.data.AUTOTUNE)

    return tf.data.Dataset.range(preset.epochs).flat_map(epoch).prefetch(tf.data.AUTOTUNE)


if __name__ == "__main__":
    try:
        crossfit(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    except InputError as error:
        sys.exit(str(error))
