"""What benchmarks of accuracy share: models and real sets, a training on drawings, its score."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
from pathlib import Path

import numpy as np

from datagen import augment, characters, hands
from datagen.fonts import fonts
from datagen.frame import FrameError, frame
from datagen.sources import Unreadable, open_source
from datagen.synthesis import Style, Synthesizer
from trainer import packaged
from trainer.infer import AVERAGE

TABLE = characters.load()
SHAPES = np.array(TABLE.shapes)
DATA = Path(__file__).parents[2].parent / "shared" / "data"
SOURCES = {
    "pen strokes": ("emnist", "emnist-byclass-standin"),
    "symbols": ("folder", "math-symbols.zip"),
    "operators": ("folder", "kaggle-operators.zip"),
    "digits": ("emnist", "emnist"),
}
MOST = 5000  # pictures of a source
PACKAGED = packaged.FOLDER / f"{packaged.DEFAULT}{packaged.SUFFIX}"


def arguments(description, sheet=False):
    """A parser that takes models, and with `sheet` where to write pictures to look at."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("models", nargs="*", type=Path, default=[PACKAGED])
    parser.add_argument("--average", default=AVERAGE, type=int, help="warps of each picture")
    parser.add_argument("--adapt", action="store_true", help="find the shares of classes in a set")
    if sheet:
        parser.add_argument("--sheet", type=Path, help="write some of the pictures here")
    return parser


def tests():
    """Framed pictures and labels of each real source by its name."""
    return {name: real(kind, DATA / path) for name, (kind, path) in SOURCES.items()}


def draw(steps, per_class, seed, styles, writers):
    faces = fonts().faces + hands.faces(writers, TABLE.labels)
    families = {face.group: "train" for face in faces}
    style = Style(augment.Pipeline(steps), 32, "tight", seed, styles)
    synthesizer = Synthesizer(faces, families, TABLE, "fonts", style)
    wanted = [(label, number) for number in range(per_class) for label in range(len(TABLE))]
    drawn = synthesizer.draw_many("train", wanted)
    return np.stack([d.pixels for d in drawn]), np.array([d.sample.label for d in drawn])


def real(kind, path):
    """Framed pictures of a source, each once; of EMNIST only its test part."""
    found, labels, seen = [], [], set()
    for chunk in open_source(kind, path, TABLE).index():
        if kind == "emnist" and "test" not in str(chunk.rows[0].origin):
            continue
        for row, picture in zip(chunk.rows, chunk.load(), strict=True):
            if row.label < 0 or isinstance(picture, Unreadable):
                continue
            try:
                pixels = frame(picture.pixels)
            except FrameError:
                continue
            if pixels.tobytes() not in seen:
                seen.add(pixels.tobytes())
                found.append(pixels)
                labels.append(row.label)
    chosen = np.random.default_rng(0).permutation(len(found))[:MOST]
    return np.stack(found)[chosen], np.array(labels)[chosen]


def train(images, labels, preset, seed=0, network=None, targets=None, change=None):
    """Train a network on drawings; everything but what is given is as `trainer fit` does it.

    Args:
        images: uint8 (n, 32, 32).
        labels: (n,).
        preset: A `trainer.presets.Preset`.
        seed: Of weights and order.
        network: An untrained one in place of the preset's.
        targets: float32 (classes, classes), the target of each class in place of one-hot ones.
        change: Takes and gives augmented pictures and targets of a batch.
    """
    import keras
    import tensorflow as tf

    from trainer import model, optimize
    from trainer.augment import augment as shake

    keras.utils.set_random_seed(seed)
    network = network() if network else model.build(preset.network, 32, len(TABLE), preset.dropout)
    targets = tf.constant(np.eye(len(TABLE), dtype=np.float32) if targets is None else targets)
    data = tf.data.Dataset.from_tensor_slices((images[..., None], labels))
    data = data.shuffle(len(images), seed=seed).batch(preset.batch, drop_remainder=True)
    keys = tf.data.Dataset.random(seed=seed).batch(2)

    def prepare(pair, key):
        pictures = shake(pair[0], tf.cast(key, tf.int32), preset.augmentation)
        batch = pictures, tf.gather(targets, pair[1])
        return batch if change is None else change(*batch)

    data = tf.data.Dataset.zip((data, keys)).map(prepare, tf.data.AUTOTUNE)
    optimize.compile_model(network, preset, len(images) // preset.batch)
    network.fit(data.prefetch(2), epochs=preset.epochs, verbose=0)
    network.optimizer.finalize_variable_values(network.trainable_variables)
    return network


def predict(network, images):
    """Probabilities (n, classes) of framed pictures, uint8 (n, 32, 32)."""
    return network.predict(images[..., None], batch_size=512, verbose=0)


def averaged(network, images, average, size=32):
    """Logits averaged over so many warps, as `trainer predict --average` does it."""
    from trainer.infer import Reader

    reader = Reader(network, size, average)
    parts = np.array_split(images[..., None], 10)
    return np.concatenate([reader.logits(part) for part in parts])


def valued(logits, metadata, adapt=False):
    """What each class is worth (n, classes), the first answer of `trainer predict` the most."""
    from trainer.label_shift import class_weights, reweighted
    from trainer.probabilities import calibrated, worth

    said, shapes = calibrated(logits, metadata.temperature, metadata.spread), metadata.table.shapes
    return worth(reweighted(said, class_weights(said, shapes)) if adapt else said, shapes)


def as_read(network, metadata, images, average, adapt=False):
    """`valued`, of framed pictures, uint8 (n, 32, 32)."""
    return valued(averaged(network, images, average, metadata.size), metadata, adapt)


def score(probabilities, labels):
    """Share of right answers in percent: strict, and with look-alikes as one."""
    said = probabilities.argmax(axis=1)
    return 100 * (said == labels).mean(), 100 * (SHAPES[said] == SHAPES[labels]).mean()


def heading(sets):
    """Print what stands above the rows of `show`."""
    print(f"{'variant':12}", *(f"{name:>22}" for name in sets), "    seconds")


def show(name, found, base, seconds):
    """Print a row: scores of each set, and the change with look-alikes as one against `base`."""
    cells = [
        f"{strict:5.1f} / {free:5.1f} ({free - was:+5.1f})"
        for (strict, free), (_, was) in zip(found, base, strict=True)
    ]
    print(f"{name:12}", *cells, f"{seconds:9.0f}", flush=True)
