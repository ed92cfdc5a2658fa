"""Models for phones, browsers and small computers: LiteRT, once TensorFlow Lite.

The file takes pictures as `datagen.frame` gives them, uint8, so that nobody can scale them wrongly,
and gives the probabilities after the model's temperature as well as the logits before it. Labels
and everything else that the model's metadata says are a zip archive at the end of the same file,
where the format's own tools put associated files too: ``unzip`` and `zipfile` read it, and
interpreters pass over it.
"""

import dataclasses
import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from trainer.data import resize
from trainer.infer import without_softmax
from trainer.model_file import MEMBER, Metadata
from trainer.probabilities import Logits
from trainer.quiet import silence

INPUT = "image"
LOGITS, PROBABILITIES = "logits", "probabilities"
LABELS = "labels.txt"  # a character a line, in the order of the outputs
_DATE = (1980, 1, 1, 0, 0, 0)  # of the archive's members, the same for the same model


def convert(model: Any, metadata: Metadata) -> bytes:
    """Convert a model to LiteRT, its weights as float32.

    Args:
        model: As `trainer.model_file.load_model` gives it.
        metadata: What belongs to it.

    Returns:
        A file whose one signature maps ``image``, framed pictures, uint8 (n, frame_size,
        frame_size, 1), to ``probabilities`` and ``logits``, float32 (n, classes).
    """
    network, edge = without_softmax(model), metadata.frame_size
    # As constants: what stays a variable would need a runtime that initialises it.
    trained = [variable.numpy() for variable in network.trainable_variables]
    others = [variable.numpy() for variable in network.non_trainable_variables]

    def read(image: Any) -> dict[str, Any]:
        pictures = tf.cast(resize(image, metadata.size), tf.float32)
        logits, _ = network.stateless_call(trained, others, pictures, training=False)
        return {LOGITS: logits, PROBABILITIES: tf.nn.softmax(logits / metadata.temperature)}

    module = tf.Module()
    given = tf.TensorSpec((None, edge, edge, 1), tf.uint8, name=INPUT)
    module.read = tf.function(read, input_signature=[given], autograph=False)
    with silence():
        concrete = module.read.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
        return _with_members(bytes(converter.convert()), metadata)


def run(content: bytes, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Logits]:
    """Read pictures with a converted model.

    Args:
        content: What `convert` gave.
        images: uint8 (n, frame_size, frame_size, 1).

    Returns:
        Probabilities and logits, float32 (n, classes) each.
    """
    with warnings.catch_warnings(), silence():
        # TensorFlow announces that its interpreter will move to a package of its own.
        warnings.filterwarnings("ignore", "[^a-z]*Warning: tf.lite.Interpreter is deprecated")
        answer = tf.lite.Interpreter(model_content=content).get_signature_runner()(image=images)
    return np.asarray(answer[PROBABILITIES]), np.asarray(answer[LOGITS])


def read_members(path: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the labels of a converted model, in the order of its outputs, and its metadata."""
    with zipfile.ZipFile(path) as archive:
        labels = archive.read(LABELS).decode().split("\n")[:-1]
        return labels, json.loads(archive.read(MEMBER))


def _with_members(content: bytes, metadata: Metadata) -> bytes:
    labels = "".join(f"{character.char}\n" for character in metadata.table)
    described = json.dumps(dataclasses.asdict(metadata), indent=1)
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        for name, text in ((LABELS, labels), (MEMBER, described)):
            archive.writestr(zipfile.ZipInfo(name, _DATE), text)
    return file.getvalue()
