"""Records of shards as arrays: parsed, resized, in their order, or a whole split in memory.

Records are batched before they are parsed: one call then unpacks a whole batch, which is several
times faster than one call a record.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from datagen.errors import InputError
from trainer.dataset import Dataset, reading

READ_BYTES = 1 << 20  # 1 MiB read from a shard at a time
DECODE_BATCH = 1024  # records parsed at a time where no batch size is given from outside

FEATURES = {
    "image": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
    "id": tf.io.FixedLenFeature([], tf.string),
    "source": tf.io.FixedLenFeature([], tf.string),
}


def decode(records: Any, size: int) -> tuple[Any, Any, Any, Any]:
    """Parse a batch of serialised records.

    Args:
        records: String tensor (n,).
        size: Side of the pictures in pixels.

    Returns:
        Images, uint8 (n, size, size, 1); labels, int64 (n,); ids and sources, strings (n,).
    """
    fields = tf.io.parse_example(records, FEATURES)
    pixels = tf.io.decode_raw(fields["image"], tf.uint8)
    # The count is taken from the records: -1 would let pictures of another size run together.
    images = tf.reshape(pixels, [tf.shape(records)[0], size, size, 1])
    return images, fields["label"], fields["id"], fields["source"]


def resize(images: Any, size: int) -> Any:
    """Resize uint8 pictures (n, h, w, 1) to (n, size, size, 1); bilinear, anti-aliased."""
    if images.shape[1] == size and images.shape[2] == size:
        return images
    resized = tf.image.resize(images, [size, size], antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0.0, 255.0), tf.uint8)


def records(dataset: Dataset, split: str) -> Any:
    """Return the decoded records of a split, in record order, in batches of `DECODE_BATCH`."""
    paths = [str(shard.path) for shard in dataset.shards(split)]
    serialised = tf.data.TFRecordDataset(paths, buffer_size=READ_BYTES).batch(DECODE_BATCH)
    return serialised.map(lambda r: decode(r, dataset.size), tf.data.AUTOTUNE).prefetch(2)


def hold(dataset: Dataset, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Decode a whole split into memory.

    Returns:
        Images, uint8 (n, size, size, 1), and the dataset's labels, int64 (n,), in record order.

    Raises:
        InputError: A record can't be read, or there are more or fewer than shards.csv states.
    """
    count, size = dataset.count(split), dataset.size
    images = np.empty((count, size, size, 1), np.uint8)
    labels = np.empty(count, np.int64)
    done = 0
    with reading(dataset):
        for batch, targets, _, _ in records(dataset, split).as_numpy_iterator():
            if done + len(batch) <= count:
                images[done : done + len(batch)] = batch
                labels[done : done + len(batch)] = targets
            done += len(batch)
    if done != count:
        raise InputError(
            f"{dataset.folder}: the split {split} has {done:,} records where manifests/shards.csv "
            f"states {count:,}; `datagen verify {dataset.folder} --repair` mends it"
        )
    return images, labels
