"""Training on all devices of this machine at once, each with its share of every batch.

What one device computes of a batch, several compute together: each takes its share of the pictures,
the gradients are added up, and batch normalisation takes its statistics over the whole batch. So
the weights are the same up to rounding, whatever the number of devices. Dropout is not: each device
draws for its own pictures.

TensorFlow would share batches out by itself, but from a graph that it can't always read, and it
leaves devices without pictures at the end of a split, which convolutions can't take. So the shares
are made here.
"""

import json
import math
import os
from functools import cache
from typing import Any

import keras
import tensorflow as tf

from datagen import console
from datagen.errors import InputError, UsageError, nearest

STRATEGIES = ("none", "mirrored")


def open_strategy(name: str) -> Any:
    """Return what runs training: TensorFlow's own default, or a mirror of it on each device.

    Args:
        name: ``none``, or ``mirrored`` for all GPUs of this machine, or all its CPU devices where
            it has no GPU. On a machine with a single device, a note says so and that one is used.

    Returns:
        A `tf.distribute.Strategy`.

    Raises:
        UsageError: There is none of that name, or several machines are asked for.
    """
    if name not in STRATEGIES:
        close = nearest(name, list(STRATEGIES))
        raise UsageError(f"strategy (={name!r}) must be {' or '.join(STRATEGIES)}{close}")
    if name == "none":
        return tf.distribute.get_strategy()
    if _machines() > 1:
        raise UsageError(
            f"TF_CONFIG names {_machines()} machines, and Keras 3 trains on the devices of one "
            "machine only: remove TF_CONFIG from the environment to train on this one"
        )
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) == 1:
        console.note(f"this machine has one device, {devices[0].name}, so nothing is mirrored")
        return tf.distribute.get_strategy()
    console.note(f"training on {len(devices)} devices together, each with its share of a batch")
    return _mirrored(tuple(device.name for device in devices))


@cache  # the devices of a process count their exchanges, and a second strategy would start anew
def _mirrored(devices: tuple[str, ...]) -> Any:
    return tf.distribute.MirroredStrategy(devices)


def _machines() -> int:
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        return sum(len(tasks) for tasks in cluster.values())
    except (ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"TF_CONFIG can't be read ({error}): correct or remove it") from error


def check_shares(devices: int, batch: int, validated: int) -> None:
    """Check that every device gets its share of pictures.

    Args:
        devices: Number of devices.
        batch: Pictures a training step.
        validated: Pictures of the validation split, 0 where there is none.

    Raises:
        UsageError: A training step can't be shared out equally.
        InputError: There are too few pictures to validate on.
    """
    if batch % devices:
        near = max(devices, batch - batch % devices)
        raise UsageError(
            f"batch (={batch}) must be a multiple of the {devices} devices: give --batch {near}"
        )
    if devices > 1 and 0 < validated < 2 * devices:
        raise InputError(
            f"the validation split has {validated} records, too few for {devices} devices: "
            "train with --strategy none"
        )


def synchronize(model: Any, devices: int) -> None:
    """Let batch normalisation look at the whole batch, wherever its pictures are.

    It does so only where there are several devices: on one, the other formula for the variance
    costs time and rounds otherwise.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = devices > 1


def vary(strategy: Any, generators: list[Any]) -> None:
    """Let each device draw numbers of its own, which follow from those of the first device.

    Args:
        strategy: What runs training.
        generators: Keras variables, each a seed and a count; what is kept of them is the first
            device's.
    """
    for generator in generators:
        seed, count = generator.numpy().tolist()
        for number, own in enumerate(strategy.experimental_local_results(generator.value)):
            own.assign([seed + number, count])


def share_training(strategy: Any, batches: Any, batch: int) -> Any:
    """Share training batches out: each device gets the next part of each.

    Args:
        strategy: What runs training.
        batches: A tf.data dataset.
        batch: Its number of pictures a step, a multiple of the number of devices.

    Returns:
        `batches` on one device, else a `tf.distribute.DistributedDataset`.
    """
    devices = strategy.num_replicas_in_sync
    return batches if devices == 1 else _spread(strategy, batches.rebatch(batch // devices))


def share_validation(strategy: Any, batches: Any, count: int, batch: int) -> tuple[Any, int | None]:
    """Share a split out, each record once.

    Args:
        strategy: What runs training.
        batches: A tf.data dataset of the split.
        count: Its number of records.
        batch: Pictures a step, at most or nearly so.

    Returns:
        `batches` and None on one device, else a `tf.distribute.DistributedDataset` that goes round
        and round, and the number of steps of one round.
    """
    devices = strategy.num_replicas_in_sync
    if devices == 1:
        return batches, None
    sizes = shares(count, batch, devices)
    # Keras looks at another batch before each validation but the first, where the last one ended.
    pieces = batches.rebatch(sizes).repeat()
    return _spread(strategy, pieces), len(sizes) // devices


def shares(count: int, batch: int, devices: int) -> list[int]:
    """Return how many records each device gets in each step, step by step.

    None gets nothing, and in the first step all get the same: Keras averages the devices' first
    pictures to see their shape.

    Args:
        count: Records, at least twice as many as devices.
        batch: Pictures a step; the last step may have one more for each device.
        devices: Number of devices.
    """
    each, rest = divmod(count, devices)
    steps = max(2, math.ceil(each / max(1, batch // devices)))
    size, more = divmod(each, steps)
    sizes = [size + (step < more) for step in range(steps) for _ in range(devices)]
    last = [size + (device < rest) for device in range(devices)]
    return [*sizes[:-devices], *last]


def _spread(strategy: Any, pieces: Any) -> Any:
    return strategy.distribute_datasets_from_function(lambda _: pieces)
