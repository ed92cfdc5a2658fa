"""Images a second that tf.data gives from our shards, beside TFDS's own reader on the same files.

    python tests/benchmarks/reading.py [--quick]

Both read the train split of a dataset made for this, shuffle, and give batches of 256. Each round
runs both, in turn; the figures are medians over the rounds, a ratio is taken within each round.

- `product`: what `trainer fit` streams from the files: batch, then parse, shuffled by record.
- `tfds`: `tfds.builder_from_directory(...).as_dataset("train", shuffle_files=True)`, shuffled.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import full_emnist
import merging
import tensorflow as tf
import tensorflow_datasets as tfds
from measuring import Row, above, alternate, main, ratio

from datagen.build import build
from trainer import data
from trainer.dataset import open_dataset

BATCH = 256


def product(folder: Path) -> Iterator[Any]:
    dataset = open_dataset(folder)
    key = tf.constant([0, 0], tf.int64)
    return iter(data._streamed(dataset, BATCH)(key).prefetch(4))


def through_tfds(folder: Path) -> Iterator[Any]:
    builder = tfds.builder_from_directory(str(folder))
    dataset = builder.as_dataset(split="train", shuffle_files=True, as_supervised=True)
    return iter(dataset.shuffle(data.SHUFFLE_RECORDS).batch(BATCH).prefetch(4))


def rate(batches: Iterator[Any]) -> float:
    next(batches)  # opening files and tracing is not reading
    count, started = 0, time.perf_counter()
    for images, _ in batches:
        count += int(images.shape[0])
    return count / (time.perf_counter() - started)


def measure(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "emnist"
        full_emnist.make(source, 0.1 if quick else 0.5)
        build(merging.recipe(folder, 0.1 if quick else 0.5), folder / "data", {"emnist": source})
        rates = alternate(
            {
                "product": lambda: rate(product(folder / "data")),
                "tfds": lambda: rate(through_tfds(folder / "data")),
            },
            2 if quick else 7,
        )
    ours, theirs = rates["product"], rates["tfds"]
    return [
        above("reading shards, shuffled, two cores", statistics.median(ours), 150_000, "images/s"),
        Row("reading them with TFDS's own reader", f"{statistics.median(theirs):,.0f} images/s"),
        above("reading, times TFDS's own reader", ratio(ours, theirs), 4, "x"),
    ]


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
