"""Images a second in training: `compact` beside `reference`, and beside the same fed from memory.

    python tests/benchmarks/training.py [--quick]

Each round trains every network for some steps, in turn, in one process. Time runs from the end of
the first step to that of the last: starting `fit` and leaving it takes up to a second, which a
training does once and not every sixty steps.

- `reference`: 38.6 million parameters, 140x140 pictures, its own preset, as `trainer fit` does it.
- `held`, `streamed`: `compact` as `trainer fit` does it, from shards that were built for this; with
  the pictures held in memory, and read from the files in every epoch.
- `memory`: the same network and augmentation fed by plain tf.data from arrays in memory.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from measuring import Row, above, alternate, main, ratio

from datagen.build import build
from trainer import data
from trainer.augment import augment
from trainer.data import View
from trainer.dataset import Dataset, open_dataset
from trainer.model import build as build_model
from trainer.optimize import compile_model
from trainer.outliers import Outliers, mixed, pool
from trainer.presets import Preset, preset
from trainer.records import hold

EPOCHS = range(1000)


def batches_of(dataset: Dataset, name: str, held: bool) -> Any:
    wanted = preset(name)
    view = View(wanted.size, len(dataset.characters), list(range(len(dataset.characters))))
    before, data.HELD_BYTES = data.HELD_BYTES, data.HELD_BYTES if held else 0
    batches, _ = data.training(
        dataset, view, batch=wanted.batch, augmentation=wanted.augmentation, seed=0, epochs=EPOCHS,
        outliers=others(dataset, wanted),
    )  # fmt: skip
    data.HELD_BYTES = before
    return batches


def others(dataset: Dataset, wanted: Preset) -> Outliers | None:
    """What each batch gets beside its pictures; they are trained on, but never counted."""
    count = round(wanted.batch * wanted.outliers)
    return Outliers(pool(dataset.characters, dataset.size, "tight"), count) if count else None


def from_memory(dataset: Dataset, wanted: Preset) -> Any:
    images, labels = hold(dataset, "train")
    more = others(dataset, wanted)
    pictures = None if more is None else tf.constant(more.pictures)
    classes = len(dataset.characters)
    pairs = tf.data.Dataset.from_tensor_slices((images, labels)).repeat().shuffle(4096)

    def prepare(step: Any, pair: Any) -> Any:
        key = tf.stack([step, tf.zeros_like(step)])
        found, targets = pair[0], tf.one_hot(pair[1], classes)
        if more is not None:
            found, targets = mixed(found, targets, pictures, more.count, key)
        return augment(found, key, wanted.augmentation), targets

    batched = pairs.batch(wanted.batch, drop_remainder=True).enumerate()
    return batched.map(prepare, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def trainer(batches: Any, name: str, classes: int, steps: int) -> Callable[[], float]:
    wanted = preset(name)
    model = build_model(wanted.network, wanted.size, classes, wanted.dropout)
    compile_model(model, wanted, 1000)
    stream = iter(batches)

    def some() -> Any:
        for _ in range(steps + 1):
            yield next(stream)

    def rate() -> float:
        ends = Ends()
        model.fit(
            some(), steps_per_epoch=steps + 1, epochs=1, shuffle=False, verbose=0, callbacks=[ends]
        )
        return steps * wanted.batch / (ends.times[-1] - ends.times[0])

    return rate


class Ends(keras.callbacks.Callback):  # type: ignore[misc]
    """When each step ended."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.times.append(time.perf_counter())


def feeding(batches: Any, name: str, count: int) -> Callable[[], float]:
    """Batches alone, with no network behind them."""
    stream = iter(batches)

    def rate() -> float:
        started = time.perf_counter()
        for _ in range(count):
            next(stream)
        return count * preset(name).batch / (time.perf_counter() - started)

    return rate


def measure(quick: bool) -> list[Row]:
    steps, rounds = (10, 2) if quick else (60, 5)
    with tempfile.TemporaryDirectory() as folder:
        build("quickstart", Path(folder) / "data")
        dataset = open_dataset(Path(folder) / "data")
        classes, wanted = len(dataset.characters), preset("compact")
        sources = {
            "held": batches_of(dataset, "compact", held=True),
            "streamed": batches_of(dataset, "compact", held=False),
            "memory": from_memory(dataset, wanted),
        }
        methods = {
            name: trainer(source, "compact", classes, steps) for name, source in sources.items()
        }
        reference = batches_of(dataset, "reference", held=True)
        methods["reference"] = trainer(reference, "reference", classes, 1 if quick else 2)
        rates = alternate(methods, rounds)
        fed = alternate({n: feeding(s, "compact", 10 * steps) for n, s in sources.items()}, rounds)
    middle = {name: statistics.median(values) for name, values in rates.items()}
    rows = [Row(f"training, {name}", f"{value:,.1f} images/s") for name, value in middle.items()]
    times = ratio(rates["held"], rates["reference"])
    rows.append(above("training compact, times reference", times, 200, "x"))
    for name in ("held", "streamed"):
        share = 100 * ratio(rates[name], rates["memory"])
        rows.append(above(f"training compact from shards, {name}, of memory", share, 70, "%"))
        value = f"{statistics.median(fed[name]):,.0f} images/s"
        rows.append(Row(f"augmented batches alone, {name}", value))
    return rows


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
