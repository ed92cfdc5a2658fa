"""The models that come with the package, each found by its name."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from datagen.errors import InputError, UsageError

FOLDER = Path(__file__).with_name("models")
SUFFIX = ".keras"
EXPORTED = (".tflite", ".onnx")  # what `trainer predict` reads too
DEFAULT = "handwriting"  # what `trainer predict` reads with where no model is named


def find(model: Path) -> Path:
    """Return the file of a packaged model that is given by its name; any other path as it is.

    A file or folder of that name goes first.
    """
    named = FOLDER / f"{model}{SUFFIX}"
    return named if model.name == str(model) and named.is_file() and not model.exists() else model


def light(path: Path) -> Path:
    """Return the LiteRT file beside a packaged model where its light runtime is installed.

    It answers the same and starts ten times faster than Keras does.
    """
    converted = path.with_suffix(".tflite")
    installed = importlib.util.find_spec("ai_edge_litert") is not None
    return converted if installed and converted.is_file() else path


def default() -> Path:
    """Return the file of the model that is used where none is named.

    Raises:
        InputError: It isn't there.
    """
    path = light(FOLDER / f"{DEFAULT}{SUFFIX}")
    if not path.is_file():
        raise InputError(
            f"{path} is missing, the model that comes with the package: install the package again "
            "or name a model.keras that `trainer fit` has written"
        )
    return path


def split(arguments: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """Tell the model, if one is named first, from the pictures.

    Args:
        arguments: What was given on a command line; a model ends in ``.keras``, ``.tflite`` or
            ``.onnx``, or is the name of a packaged one.

    Raises:
        UsageError: There is a model and nothing else.
    """
    first, *others = arguments
    model = find(first)
    if model == first and first.suffix.lower() not in (SUFFIX, *EXPORTED):
        return None, list(arguments)
    if not others:
        raise UsageError(f"{first} is a model: name the pictures for it to read behind it")
    return model if model == first else light(model), others
