"""A model as one TensorFlow function of framed pictures: what every export is made from."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.export_about import INPUT, LOGITS, PROBABILITIES
from trainer.infer import without_softmax
from trainer.model_file import Metadata
from trainer.probabilities import LEAST


def serving(
    model: Any, metadata: Metadata, dtype: str = "uint8", *, variables: bool = False
) -> Any:
    """Make a model ready for export.

    Args:
        model: As `trainer.model_file.load_model` gives it.
        metadata: What belongs to it.
        dtype: Of its input; ``int32`` where the format knows no uint8.
        variables: Keep the weights as variables. As constants, which is the default, they need no
            runtime that initialises them.

    Returns:
        A `tf.Module` whose `tf.function` ``read`` maps ``image``, framed pictures (n, frame_size,
        frame_size, 1) from 0 to 255, to ``logits`` and ``probabilities``, float32 (n, classes).
    """
    network, edge = without_softmax(model), metadata.frame_size
    held = tf.Variable if variables else np.asarray
    module = tf.Module()
    module.trained = [held(weight.numpy()) for weight in network.trainable_variables]
    module.others = [held(weight.numpy()) for weight in network.non_trainable_variables]
    # Plain lists: a module wraps its own, which Keras takes for a structure of another kind.
    trained, others = list(module.trained), list(module.others)
    matrix = None if edge == metadata.size else resizing(edge, metadata.size)

    def read(image: Any) -> dict[str, Any]:
        pictures = tf.cast(image, tf.float32)
        if matrix is not None:
            pictures = _resized(pictures, matrix)
        logits, _ = network.stateless_call(trained, others, pictures, training=False)
        return {LOGITS: logits, PROBABILITIES: _calibrated(logits, metadata)}

    given = tf.TensorSpec((None, edge, edge, 1), tf.as_dtype(dtype), name=INPUT)
    module.read = tf.function(read, input_signature=[given], autograph=False)
    return module


def _calibrated(logits: Any, metadata: Metadata) -> Any:
    """As `trainer.probabilities.calibrated` does it."""
    if metadata.spread:
        taken = metadata.spread / len(metadata.table)
        logits = tf.math.log(tf.maximum(tf.nn.softmax(logits) - taken, LEAST))
    return tf.nn.softmax(logits / metadata.temperature)


def resizing(edge: int, size: int) -> NDArray[np.float32]:
    """Return the matrix (size, edge) by which `trainer.records.resize` resizes a column of pixels.

    Resizing is linear and the same for rows and columns. Anti-aliased, it is no operation that
    other runtimes have; two products of matrices are.
    """
    unit = tf.eye(edge)[..., None]
    return np.asarray(tf.image.resize(unit, [size, edge], antialias=True)[..., 0], np.float32)


def _resized(pictures: Any, matrix: NDArray[np.float32]) -> Any:
    wide = tf.tensordot(pictures[..., 0], matrix.T, 1)  # (n, edge, size)
    both = tf.tensordot(tf.transpose(wide, (0, 2, 1)), matrix.T, 1)  # turned, (n, size, size)
    levels = tf.clip_by_value(tf.round(tf.transpose(both, (0, 2, 1))), 0.0, 255.0)
    return levels[..., None]
