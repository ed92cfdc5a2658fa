"""A folder that TensorFlow.js loads as it is: ``tf.loadGraphModel("model.json")``.

The format is a TensorFlow graph as JSON, its constants in binary files beside it. It is written
here because the converter that publishes it, ``tensorflowjs``, was last released in 2024 and needs
an older TensorFlow. The format knows no uint8, so pictures are int32 here, still from 0 to 255:
just what ``tf.browser.fromPixels`` gives.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2

from trainer.export_about import INPUT, LABELS, LOGITS, PROBABILITIES, texts
from trainer.export_network import serving
from trainer.model_file import Metadata
from trainer.quiet import silence

DTYPE = "int32"
MODEL = "model.json"
_DESCRIBING = ("dtype", "tensor_shape")  # fields of a constant that stay in the graph
SHARD_BYTES = 4 << 20  # 4 MiB, as the publisher's converter cuts them: browsers cache such files


def write(model: Any, metadata: Metadata, folder: Path) -> None:
    """Write a model for TensorFlow.js.

    Args:
        model: As `trainer.model_file.load_model` gives it.
        metadata: What belongs to it.
        folder: Where to; it must not be there.
    """
    with silence():
        concrete = serving(model, metadata, DTYPE).read.get_concrete_function()
    graph = concrete.graph.as_graph_def()
    _tidy(graph)
    weights, blob = _take_constants(graph)
    shards = [blob[start : start + SHARD_BYTES] for start in range(0, len(blob), SHARD_BYTES)]
    names = [f"group1-shard{i}of{len(shards)}.bin" for i in range(1, len(shards) + 1)]
    outputs = {name: concrete.structured_outputs[name] for name in (LOGITS, PROBABILITIES)}
    signature = {
        "inputs": {INPUT: _tensor(concrete.inputs[0])},
        "outputs": {name: _tensor(tensor) for name, tensor in outputs.items()},
    }
    about = texts(metadata, "float32", DTYPE)
    labels = about.pop(LABELS)
    content = {
        "format": "graph-model",
        "generatedBy": tf.__version__,
        "convertedBy": f"Math Vision {metadata.version}",
        "signature": signature,
        "userDefinedMetadata": {
            "structuredOutputKeys": list(outputs),  # makes `predict` give them by name
            LABELS: labels,
            **{name: json.loads(text) for name, text in about.items()},
        },
        "modelTopology": json_format.MessageToDict(graph),
        "weightsManifest": [{"paths": names, "weights": weights}],
    }
    folder.mkdir()
    for name, shard in zip(names, shards, strict=True):
        (folder / name).write_bytes(shard)
    (folder / MODEL).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")


def _tidy(graph: Any) -> None:
    """Drop constants that nothing uses, such as random states, and give nodes a fixed order."""
    used = {given.lstrip("^").split(":")[0] for node in graph.node for given in node.input}
    kept = [node for node in graph.node if node.op != "Const" or node.name in used]
    kept.sort(key=lambda node: str(node.name))  # TensorFlow's order is another in every process
    tidied = type(graph)(node=kept, versions=graph.versions)
    graph.CopyFrom(tidied)


def _take_constants(graph: Any) -> tuple[list[dict[str, Any]], bytes]:
    """Move the values of a graph's constants out of it: their listing and their bytes."""
    weights: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for node in graph.node:
        if node.op != "Const":
            continue
        value = np.asarray(tf.make_ndarray(node.attr["value"].tensor))
        if value.dtype == np.int64:  # axes and shapes: TensorFlow.js knows int32 alone
            value = value.astype(np.int32)
        weights.append({"name": node.name, "shape": list(value.shape), "dtype": value.dtype.name})
        parts.append(value.astype(value.dtype.newbyteorder("<")).tobytes())
        kept = node.attr["value"].tensor
        for field in [field for field, _ in kept.ListFields() if field.name not in _DESCRIBING]:
            kept.ClearField(field.name)
    return weights, b"".join(parts)


def _tensor(tensor: Any) -> dict[str, Any]:
    shape = [{"size": str(-1 if side is None else side)} for side in tensor.shape]
    dtype = types_pb2.DataType.Name(tensor.dtype.as_datatype_enum)
    return {"name": tensor.name, "dtype": dtype, "tensorShape": {"dim": shape}}


def open_model(folder: Path) -> Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]:
    """Return a function from framed pictures, uint8 (n, size, size, 1), to outputs by name.

    The graph and its constants are read back from the files and run by TensorFlow.
    """
    content = json.loads((folder / MODEL).read_text(encoding="utf-8"))
    graph = json_format.ParseDict(
        content["modelTopology"], tf.compat.v1.GraphDef(), ignore_unknown_fields=False
    )
    (manifest,) = content["weightsManifest"]
    blob = b"".join((folder / name).read_bytes() for name in manifest["paths"])
    nodes, start = {node.name: node for node in graph.node}, 0
    for weight in manifest["weights"]:
        dtype = np.dtype(weight["dtype"]).newbyteorder("<")
        count = int(np.prod(weight["shape"], dtype=np.int64))
        value = np.frombuffer(blob, dtype, count, start).reshape(weight["shape"])
        attributes = nodes[weight["name"]].attr
        stored = tf.make_tensor_proto(value, tf.as_dtype(attributes["dtype"].type))
        attributes["value"].tensor.CopyFrom(stored)
        start += value.nbytes
    signature = content["signature"]
    wanted = {name: about["name"] for name, about in signature["outputs"].items()}
    given = signature["inputs"][INPUT]["name"]

    def imported(image: Any) -> Any:
        found = tf.graph_util.import_graph_def(
            graph, input_map={given: image}, return_elements=list(wanted.values()), name=""
        )
        return dict(zip(wanted, found, strict=True))

    spec = tf.TensorSpec((None, *_sides(signature)), tf.as_dtype(DTYPE))
    function = tf.function(imported, input_signature=[spec], autograph=False)

    def read(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        answer = function(tf.constant(images.astype(np.int32)))
        return {name: value.numpy() for name, value in answer.items()}

    return read


def _sides(signature: Mapping[str, Any]) -> list[int]:
    return [int(side["size"]) for side in signature["inputs"][INPUT]["tensorShape"]["dim"][1:]]
