"""One seed for everything random, and arithmetic that comes out the same every time."""

import keras
import tensorflow as tf

from datagen.errors import UsageError

SEEDS = 1 << 31


def seed_all(seed: int, deterministic: bool = False) -> None:
    """Seed Python, NumPy and TensorFlow, for what is drawn from now on in this process.

    Args:
        seed: From 0 to 2**31 - 1.
        deterministic: Let TensorFlow use only operations that give the same bits every time, for
            the rest of this process. They may be slower, on a GPU above all; an operation that
            can't do it there raises an error.

    Raises:
        UsageError: The seed is out of range.
    """
    if not 0 <= seed < SEEDS:
        raise UsageError(f"seed (={seed}) must be from 0 to {SEEDS - 1}")
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
