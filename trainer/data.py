"""Batches from shards, in tf.data.

A split whose decoded pictures fit into `HELD_BYTES` is decoded once and held in memory; a larger
one is streamed from its shards in every epoch.

Each epoch of training is a pure function of (seed, epoch), which is what lets a run that was
stopped go on with just the batches that it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.dataset import Dataset
from trainer.outliers import Outliers, mixed
from trainer.presets import Augmentation
from trainer.records import READ_BYTES, decode, hold, records, resize

HELD_BYTES = 1 << 30  # 1 GiB of decoded pictures: 1,048,576 of 32 x 32
SHUFFLE_RECORDS = 32_768  # records, still serialised, that are shuffled together when streaming
OPEN_SHARDS = 8  # shards read at a time when streaming


@dataclass(frozen=True, slots=True)
class View:
    """How a model wants to see a dataset.

    Attributes:
        size: Side of the model's input pictures in pixels; others are resized to it.
        classes: Number of the model's classes.
        labels: For each label of the dataset, the model's label of the same character.
    """

    size: int
    classes: int
    labels: Sequence[int]


def fits(dataset: Dataset, split: str) -> bool:
    """Whether the decoded pictures of a split are held in memory."""
    return dataset.count(split) * dataset.size**2 <= HELD_BYTES


def training(
    dataset: Dataset,
    view: View,
    *,
    batch: int,
    augmentation: Augmentation,
    seed: int,
    epochs: range,
    first: int = 0,
    outliers: Outliers | None = None,
    weights: NDArray[np.float32] | None = None,
) -> tuple[Any, int]:
    """Make shuffled, augmented training batches; a remainder smaller than a batch is left out.

    Args:
        dataset: The data; its split ``train`` is used.
        view: How the model sees it.
        batch: Pictures a step; as many as there are, if that is less.
        augmentation: How pictures are changed.
        seed: Seed of order and changes.
        epochs: Epochs wanted, in a row.
        first: Batches left out at the start of the first epoch.
        outliers: What is added to every batch.
        weights: What each of the model's classes counts, (classes,); an outlier counts 1.

    Returns:
        A tf.data dataset of (images uint8 (batch, size, size, 1), one-hot float32 (batch, classes))
        for all `epochs` in a row, with `weights` also those of the pictures, float32 (batch,); and
        the number of batches of a whole epoch. Outliers, whose targets are even, are further rows
        of each batch.
    """
    batch = min(batch, dataset.count("train"))
    steps = dataset.count("train") // batch
    source = _held(dataset, batch) if fits(dataset, "train") else _streamed(dataset, batch)
    labels = tf.constant(view.labels, tf.int64)
    others = tf.constant(outliers.pictures) if outliers is not None else None

    def one_epoch(epoch: Any) -> Any:
        key = _key(seed, epoch)

        def prepare(step: Any, pair: Any) -> tuple[Any, ...]:
            step_key = tf.random.experimental.stateless_fold_in(key, step)
            known = tf.gather(labels, pair[1])
            images, target = pair[0], tf.one_hot(known, view.classes)
            counts = () if weights is None else (tf.gather(weights, known),)
            if outliers is not None:
                images, target = mixed(images, target, others, outliers.count, step_key)
                counts = tuple(tf.pad(c, [[0, outliers.count]], constant_values=1) for c in counts)
            return resize(augment(images, step_key, augmentation), view.size), target, *counts

        skipped = tf.where(epoch == epochs.start, tf.constant(first, tf.int64), 0)
        batches = source(key).take(steps).enumerate().skip(skipped)
        return batches.map(prepare, tf.data.AUTOTUNE)

    numbers = tf.data.Dataset.range(epochs.start, epochs.stop)
    return numbers.flat_map(one_epoch).prefetch(tf.data.AUTOTUNE), steps


def shown(dataset: Dataset, *, batch: int, seed: int, epoch: int, step: int) -> list[str]:
    """Return the ids of the samples that `training` gives in one step, epoch and step from 0."""
    batch = min(batch, dataset.count("train"))
    with tf.device("CPU:0"):  # where tf.data shuffles too
        key = _key(seed, tf.constant(epoch, tf.int64))
        if fits(dataset, "train"):
            rows = next(iter(_rows(dataset, batch, key).skip(step))).numpy()
            parts = [found for _, _, found, _ in records(dataset, "train").as_numpy_iterator()]
            chosen = np.concatenate(parts)[rows]
        else:
            paths = tf.constant([str(shard.path) for shard in dataset.shards("train")])
            chosen = decode(next(iter(_serialised(paths, batch, key).skip(step))), dataset.size)[2]
            chosen = chosen.numpy()
    return [sample.decode() for sample in chosen]


def validation(dataset: Dataset, view: View, split: str, batch: int) -> Any:
    """Make batches of (images, one-hot labels) of a split, in record order, unaugmented."""
    if fits(dataset, split):
        images, targets = hold(dataset, split)
        pairs = tf.data.Dataset.from_tensor_slices((images, targets)).batch(batch)
    else:
        decoded = records(dataset, split).map(lambda x, y, _i, _s: (x, y))
        # Keras takes the end of a dataset whose length nobody has told it for a mishap.
        length = tf.data.experimental.assert_cardinality(-(-dataset.count(split) // batch))
        pairs = decoded.unbatch().batch(batch).apply(length)
    labels = tf.constant(view.labels, tf.int64)

    def prepare(images: Any, targets: Any) -> tuple[Any, Any]:
        one_hot = tf.one_hot(tf.gather(labels, targets), view.classes)
        return resize(images, view.size), one_hot

    return pairs.map(prepare, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _key(seed: int, epoch: Any) -> Any:
    return tf.random.experimental.stateless_fold_in(tf.constant([seed, 0], tf.int64), epoch)


def _held(dataset: Dataset, batch: int) -> Any:
    images, labels = (tf.constant(part) for part in hold(dataset, "train"))

    def source(key: Any) -> Any:
        rows = _rows(dataset, batch, key)
        return rows.map(lambda row: (tf.gather(images, row), tf.gather(labels, row)))

    return source


def _rows(dataset: Dataset, batch: int, key: Any) -> Any:
    """Positions of an epoch's records in the split, in batches."""
    order = tf.random.experimental.stateless_shuffle(tf.range(dataset.count("train")), seed=key)
    return tf.data.Dataset.from_tensor_slices(order).batch(batch, drop_remainder=True)


def _streamed(dataset: Dataset, batch: int) -> Any:
    paths = tf.constant([str(shard.path) for shard in dataset.shards("train")])

    def source(key: Any) -> Any:
        batches = _serialised(paths, batch, key)
        return batches.map(lambda r: decode(r, dataset.size)[:2], tf.data.AUTOTUNE)

    return source


def _serialised(paths: Any, batch: int, key: Any) -> Any:
    """An epoch's records as they are in the shards, shuffled, in batches."""

    def shuffle(number: Any, block: Any) -> Any:
        block_key = tf.random.experimental.stateless_fold_in(key, number)
        return tf.random.experimental.stateless_shuffle(block, seed=block_key)

    order = tf.random.experimental.stateless_shuffle(paths, seed=key)
    serialised = tf.data.Dataset.from_tensor_slices(order).interleave(
        lambda path: tf.data.TFRecordDataset(path, buffer_size=READ_BYTES),
        cycle_length=OPEN_SHARDS,
        block_length=16,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    # tf.data's own shuffle takes no seed that is known only while it runs.
    blocks = serialised.batch(SHUFFLE_RECORDS).enumerate().map(shuffle).prefetch(1)
    return blocks.rebatch(batch, drop_remainder=True)
