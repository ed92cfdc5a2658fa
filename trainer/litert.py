"""Models for phones, browsers and small computers: LiteRT, once TensorFlow Lite.

The file takes pictures as `datagen.frame` gives them, uint8, so that nobody can scale them wrongly,
and gives the probabilities after the model's temperature as well as the logits before it. Labels
and everything else that the model's metadata says are a zip archive at the end of the same file,
where the format's own tools put associated files too: ``unzip`` and `zipfile` read it, and
interpreters pass over it.

Converting needs TensorFlow; running a file needs ``ai-edge-litert`` alone.
"""

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError
from trainer.export_about import INPUT, LABELS, texts
from trainer.model_file import MEMBER, Metadata
from trainer.quiet import silence

# Left as float32 where the rest becomes int8: the last layer has 2 % of the weights, and 256
# levels are too few to tell its closest answers apart, or what is taken off probabilities.
KEPT_FLOAT = ("FULLY_CONNECTED", "SOFTMAX", "SUB", "MAXIMUM", "LOG")
_DATE = (1980, 1, 1, 0, 0, 0)  # of the archive's members, the same for the same model
_MOVING = "[^a-z]*Warning: tf.lite.Interpreter is deprecated"


def convert(model: Any, metadata: Metadata, samples: NDArray[np.uint8] | None = None) -> bytes:
    """Convert a model to LiteRT.

    Args:
        model: As `trainer.model_file.load_model` gives it.
        metadata: What belongs to it.
        samples: Framed pictures, uint8 (n, frame_size, frame_size, 1), to calibrate int8 weights
            and activations on (Jacob et al. 2018, "Quantization and training of neural networks
            for efficient integer-arithmetic-only inference"); None for float32.

    Returns:
        A file whose one signature maps ``image``, framed pictures, uint8 (n, frame_size,
        frame_size, 1), to ``probabilities`` and ``logits``, float32 (n, classes).
    """
    import tensorflow as tf

    from trainer.export_network import serving

    with silence(), warnings.catch_warnings():
        # TensorFlow announces that its interpreter will move to a package of its own.
        warnings.filterwarnings("ignore", _MOVING)
        module = serving(model, metadata)
        concrete = module.read.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
        content = converter.convert() if samples is None else _quantized(converter, samples)
    members = texts(metadata, "float32" if samples is None else "int8")
    return _with_members(bytes(content), members)


def _quantized(converter: Any, samples: NDArray[np.uint8]) -> bytes:
    import tensorflow as tf

    def representative() -> Any:
        for sample in samples:
            yield {INPUT: sample[None]}

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    # The converter itself can't leave out operations; the part that debugs it can.
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(KEPT_FLOAT))
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=representative, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


def open_model(
    content: bytes,
) -> tuple[Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]], Mapping[str, str]]:
    """Make a converted model ready to run.

    Args:
        content: What `convert` gave.

    Returns:
        A function from framed pictures, uint8 (n, frame_size, frame_size, 1), to the outputs by
        name, float32 (n, classes) each; and the texts that the file carries, by name.

    Raises:
        InputError: It is no LiteRT file with such texts, or there is no runtime.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name).decode() for name in archive.namelist()}
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise InputError(
            "this isn't a whole LiteRT file that `trainer export` has written: export it again"
        ) from error
    interpreter = _interpreter()
    with silence(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _MOVING)
        try:
            opened = interpreter(model_content=content)
            opened.allocate_tensors()  # greets, so it's done here
            signature = opened.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            why = " ".join(str(error).split())[:160]
            raise InputError(f"LiteRT can't load it ({why}): export it again") from error

    def read(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return {name: np.asarray(value) for name, value in signature(image=images).items()}

    return read, members


def _interpreter() -> Any:
    """Return the light runtime's interpreter, or TensorFlow's where there is none."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            import tensorflow as tf
        except ImportError as error:
            raise InputError(
                "a LiteRT file needs a runtime: install it with `pip install ai-edge-litert`"
            ) from error
        return tf.lite.Interpreter
    return Interpreter


def read_members(path: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the labels of a converted model, in the order of its outputs, and its metadata."""
    with zipfile.ZipFile(path) as archive:
        labels = archive.read(LABELS).decode().split("\n")[:-1]
        return labels, json.loads(archive.read(MEMBER))


def _with_members(content: bytes, members: Mapping[str, str]) -> bytes:
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), text)
    return file.getvalue()
