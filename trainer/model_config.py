"""What a model file may ask Keras for: the layers that `trainer` builds, and nothing else.

A file's ``config.json`` names classes, and Keras looks them up and calls them with what stands
beside the name. Some of them run code or read files of whoever opens the model, whatever
``safe_mode`` says, so that strangers' files are held against a list before Keras sees them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datagen.errors import InputError

_CLASSES: Mapping[str | None, frozenset[str]] = {
    "keras": frozenset({"DTypePolicy"}),
    "keras.initializers": frozenset({"GlorotUniform", "HeNormal", "Ones", "Zeros"}),
    "keras.layers": frozenset(
        {
            "Add",
            "AveragePooling2D",
            "BatchNormalization",
            "Conv2D",
            "Dense",
            "Dropout",
            "Flatten",
            "GlobalAveragePooling2D",
            "InputLayer",
            "MaxPooling2D",
            "ReLU",
            "Rescaling",
        }
    ),
    "keras.models": frozenset({"Functional"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    None: frozenset({"__keras_tensor__"}),
}
_LIMITS = {  # of a layer
    "units": 1_000_000,
    "filters": 1_000_000,
    "input_dim": 1_000_000,
    "output_dim": 1_000_000,
    "kernel_size": 64,  # pixels
}


def check(config: Mapping[str, Any], path: Path) -> None:
    """Prove that a model's configuration asks for nothing that `trainer` wouldn't build.

    Args:
        config: What ``config.json`` holds. What it says of the optimizer is never read.
        path: What to call the file in errors.

    Raises:
        InputError: It asks for another class, or for a layer that would take all memory.
    """
    for table in _tables({key: value for key, value in config.items() if key != "compile_config"}):
        name, module = table.get("class_name"), table.get("module")
        if name is not None and not _known(name, module):
            raise InputError(
                f"{path}: asks for {str(name)[:60]!r} of {str(module)[:60]!r}, which no model of "
                "`trainer` has: only models that `trainer` has written are read"
            )
        for key, limit in _LIMITS.items():
            value = table.get(key)
            sizes = value if isinstance(value, list) else [value]
            if any(isinstance(size, int | float) and size > limit for size in sizes):
                raise InputError(
                    f"{path}: it asks for layers larger than any that `trainer` knows ({key})"
                )


def _known(name: Any, module: Any) -> bool:
    texts = isinstance(name, str) and (module is None or isinstance(module, str))
    return texts and name in _CLASSES.get(module, ())


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every table in a JSON value, itself included."""
    left = [value]  # no recursion: a file may nest as deep as it likes
    while left:
        each = left.pop()
        if isinstance(each, dict):
            yield each
            left += each.values()
        elif isinstance(each, list):
            left += each
