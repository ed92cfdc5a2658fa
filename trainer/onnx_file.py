"""Models for ONNX Runtime and whatever else reads ONNX.

The file takes and gives the same as a LiteRT one; what it says about itself stands in the format's
own metadata properties.

Converting needs TensorFlow, ``tf2onnx`` and ``onnx``; running a file needs ``onnxruntime`` alone.
"""

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError
from trainer.export_about import INPUT, LOGITS, PROBABILITIES, texts
from trainer.model_file import Metadata
from trainer.quiet import silence

OPSET = 17  # the newest that tf2onnx 1.16 writes; runtimes since 2022 know it
# What becomes int8. The last layer stays float32: it has 2 % of the weights, and 256 levels are too
# few to tell its closest answers apart.
QUANTIZED = ("Add", "AveragePool", "Conv", "GlobalAveragePool", "ReduceMean", "Relu")
CALIBRATION_BATCH = 32  # pictures run at a time while calibrating
_SILENT = 4  # ONNX Runtime's log level for nothing but what ends the process


def convert(model: Any, metadata: Metadata, samples: NDArray[np.uint8] | None = None) -> bytes:
    """Convert a model to ONNX.

    Args:
        model: As `trainer.model_file.load_model` gives it.
        metadata: What belongs to it.
        samples: Framed pictures, uint8 (n, frame_size, frame_size, 1), to calibrate int8 weights
            and activations on (Jacob et al. 2018, "Quantization and training of neural networks
            for efficient integer-arithmetic-only inference"); None for float32.

    Returns:
        A file that maps ``image``, framed pictures, uint8 (n, frame_size, frame_size, 1), to
        ``probabilities`` and ``logits``, float32 (n, classes).

    Raises:
        InputError: A library is missing.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise InputError(
            "writing ONNX needs two more libraries: install them with `pip install tf2onnx onnx`"
        ) from error
    from trainer.export_network import serving

    with _quiet():
        read = serving(model, metadata).read
        proto, _ = tf2onnx.convert.from_function(
            read, input_signature=read.input_signature, opset=OPSET
        )
        for value in (*proto.graph.input, *proto.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "pictures"
        if samples is not None:
            proto = _quantized(proto, samples)
    del proto.metadata_props[:]
    members = texts(metadata, "float32" if samples is None else "int8")
    onnx.helper.set_model_props(proto, members)
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString(deterministic=True))


def _quantized(proto: Any, samples: NDArray[np.uint8]) -> Any:
    try:
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise InputError(
            "int8 ONNX needs one more library: install it with `pip install onnxruntime`"
        ) from error
    import onnx

    class Samples(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            starts = range(0, len(samples), CALIBRATION_BATCH)
            self._batches = iter(samples[start : start + CALIBRATION_BATCH] for start in starts)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {INPUT: batch}

    with tempfile.TemporaryDirectory() as scratch:
        plain, ready, done = (f"{scratch}/{name}.onnx" for name in ("plain", "ready", "done"))
        onnx.save(proto, plain)
        # Folds what can be folded; the symbolic part is for transformers.
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready,
            done,
            Samples(),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=list(QUANTIZED),
        )
        return onnx.load(done)


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
        InputError: It is no ONNX file that can run, or there is no runtime.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(
            "an ONNX file needs a runtime: install it with `pip install onnxruntime`"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    try:
        session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], enable_fallback=False
        )
        members = dict(session.get_modelmeta().custom_metadata_map)
    except Exception as error:  # its own classes have no common one but this
        why = " ".join(str(error).split())[:160]
        raise InputError(f"ONNX Runtime can't load it ({why}): export it again") from error
    names = (LOGITS, PROBABILITIES)

    def read(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        return dict(zip(names, session.run(names, {INPUT: images}), strict=True))

    return read, members


def read_texts(path: Path) -> dict[str, str]:
    """Return the texts that a converted model carries, by name."""
    return dict(open_model(path.read_bytes())[1])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converters' logs and warnings, which speak of their own code, off the screen."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with silence(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
