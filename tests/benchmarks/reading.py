"""Images a second that tf.data gives from our shards, beside TFDS's own reader on the same files.

    python tests/benchmarks/reading.py DATASET [--rounds 5]

Both read the train split, shuffle, and give batches of 256. Each round runs both, in turn; the
figures are medians over the rounds, a ratio is taken within each round.

- `product`: what `trainer fit` streams from the files: batch, then parse, shuffled by record.
- `tfds`: `tfds.builder_from_directory(DATASET).as_dataset("train", shuffle_files=True)`, shuffled.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rates: dict[str, list[float]] = {"product": [], "tfds": []}
    for _ in range(options.rounds):
        rates["product"].append(rate(product(options.dataset)))
        rates["tfds"].append(rate(through_tfds(options.dataset)))
    pairs = zip(rates["product"], rates["tfds"], strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    for name, values in rates.items():
        print(f"{name:8} {statistics.median(values):9,.0f} images/s")
    print(f"ratio    {ratio:9.1f}x")


if __name__ == "__main__":
    main()
