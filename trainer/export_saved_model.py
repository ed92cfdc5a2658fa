"""TensorFlow's SavedModel: for TensorFlow Serving and everything that converts from it.

What the model says about itself lies in ``assets.extra/``, the format's place for a user's files.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.export_about import INPUT, texts
from trainer.export_network import serving
from trainer.model_file import Metadata
from trainer.quiet import silence

SIGNATURE = "serving_default"
EXTRA = "assets.extra"


def write(model: Any, metadata: Metadata, folder: Path) -> None:
    """Write a model as a SavedModel.

    Args:
        model: As `trainer.model_file.load_model` gives it.
        metadata: What belongs to it.
        folder: Where to; it must not be there.
    """
    module = serving(model, metadata, variables=True)
    with silence():
        concrete = module.read.get_concrete_function()
        tf.saved_model.save(module, str(folder), signatures={SIGNATURE: concrete})
    (folder / EXTRA).mkdir()
    for name, text in texts(metadata, "float32").items():
        (folder / EXTRA / name).write_text(text, encoding="utf-8")


def open_model(folder: Path) -> Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]:
    """Return a function from framed pictures, uint8 (n, size, size, 1), to outputs by name."""
    with silence():
        signature = tf.saved_model.load(str(folder)).signatures[SIGNATURE]

    def read(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        answer = signature(**{INPUT: tf.constant(images)})
        return {name: value.numpy() for name, value in answer.items()}

    return read
