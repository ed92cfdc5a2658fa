"""What each part of the `handwriting` preset is worth on real handwriting that training never saw.

    python tests/benchmarks/levers.py [--per-class 300] [--epochs 8] [--only pens,joins] [--seeds 1]

For each variant: draw a set from fonts alone, train the `quick` network on it, and read the real
sets in ../shared/data. Prints accuracy by source, strict / with look-alikes as one, and the change
against the whole preset. A training takes minutes, so the figures are those of a small network on
few pictures: what counts is the difference.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import time
from pathlib import Path

import numpy as np

from datagen import augment, augment_steps, characters, hands, recipe
from datagen.font_files import UNKNOWN
from datagen.font_styles import STYLES
from datagen.fonts import fonts
from datagen.frame import FrameError, frame
from datagen.sources import Unreadable, open_source
from datagen.synthesis import Style, Synthesizer

TABLE = characters.load()
WHOLE = augment_steps.PRESETS["handwriting"]
DATA = Path(__file__).parents[2].parent / "shared" / "data"
SOURCES = {
    "pen strokes": ("emnist", "emnist-byclass-standin"),
    "symbols": ("folder", "math-symbols.zip"),
    "operators": ("folder", "kaggle-operators.zip"),
    "digits": ("emnist", "emnist"),
}
MOST = 5000  # pictures of a source


def without(*names):
    return [step for step in WHOLE if step["name"] not in names]


def changed(name, **values):
    return [{**step, **values} if step["name"] == name else step for step in WHOLE]


VARIANTS = {
    "whole": WHOLE,
    "outlines": without("Pen"),
    "pens": changed("Pen", p=1.0),
    "steady-pens": changed("Pen", wander=0.0, sway=0.0, ends=0.0, rounding=0),
    "one-width": [
        step for step in changed("Pen", width=(0.09, 0.09)) if step["name"] not in ("StrokeWidth",)
    ],
    "rigid": changed("Warp", elastic=0.0),
    "mild": changed("Warp", rotate=6, shear=0.15, scale=(0.85, 1.15), perspective=0.04),
    "clean": without("InkTexture", "Coarse", "Paper", "Blur", "Grain", "Jpeg"),
    "alone": without("Joins", "Neighbour", "Rules"),
    "light": augment_steps.PRESETS["light"],
}


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


def train(images, labels, epochs, seed):
    import keras
    import tensorflow as tf

    from trainer import model, optimize, presets
    from trainer.augment import augment as shake

    keras.utils.set_random_seed(seed)
    preset = presets.preset("quick", epochs=epochs)
    network = model.build("quick", 32, len(TABLE), preset.dropout)
    targets = keras.utils.to_categorical(labels, len(TABLE))
    data = tf.data.Dataset.from_tensor_slices((images[..., None], targets))
    data = data.shuffle(len(images), seed=seed).batch(preset.batch, drop_remainder=True)
    keys = tf.data.Dataset.random(seed=seed).batch(2)
    data = tf.data.Dataset.zip((data, keys)).map(
        lambda pair, key: (shake(pair[0], tf.cast(key, tf.int32), preset.augmentation), pair[1])
    )
    optimize.compile_model(network, preset, len(images) // preset.batch)
    network.fit(data.prefetch(2), epochs=epochs, verbose=0)
    network.optimizer.finalize_variable_values(network.trainable_variables)
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", help="variants, by comma")
    options = parser.parse_args()
    source = recipe.read("fonts-only").sources["fonts"]
    styles, writers = source.styles, source.writers
    variants = {name: (steps, styles, writers) for name, steps in VARIANTS.items()}
    variants["even-styles"] = (WHOLE, {"hand": 0.0}, 0)
    variants["fonts-alone"] = (WHOLE, {**styles, "hand": 0.0}, 0)
    no_font = dict.fromkeys((*STYLES, UNKNOWN), 0.0)
    variants["hands-alone"] = (WHOLE, {**no_font, "hand": 1.0}, writers)
    names = options.only.split(",") if options.only else list(variants)
    tests = {name: real(kind, DATA / path) for name, (kind, path) in SOURCES.items()}
    shapes = np.array(TABLE.shapes)
    base = None
    print(f"{'variant':12}", *(f"{name:>22}" for name in tests), "    seconds")
    for name in ["whole", *(each for each in names if each != "whole")]:
        started = time.perf_counter()
        scores = []
        for seed in range(options.seeds):
            steps, weights, hand = variants[name]
            drawn = draw(steps, options.per_class, seed, weights, hand)
            network = train(*drawn, options.epochs, seed)
            scores.append([score(network, shapes, *test) for test in tests.values()])
        mean = np.mean(scores, axis=0)
        base = mean if base is None else base
        cells = [
            f"{strict:5.1f} / {free:5.1f} ({free - was:+5.1f})"
            for (strict, free), (_, was) in zip(mean, base, strict=True)
        ]
        print(f"{name:12}", *cells, f"{time.perf_counter() - started:9.0f}", flush=True)


def score(network, shapes, images, labels):
    """Share of right answers in percent: strict, and with look-alikes as one."""
    said = network.predict(images[..., None], batch_size=512, verbose=0).argmax(axis=1)
    return 100 * (said == labels).mean(), 100 * (shapes[said] == shapes[labels]).mean()


if __name__ == "__main__":
    main()
