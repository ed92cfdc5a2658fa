"""Read pictures with an exported file, LiteRT or ONNX, on its light runtime alone.

TensorFlow is never imported here: it takes seconds, a light runtime a few hundredths of one.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError
from trainer import litert, onnx_file
from trainer.export_about import LOGITS
from trainer.infer import AVERAGE, check_average, warps
from trainer.model_file import MEMBER, Metadata, parse_metadata
from trainer.probabilities import Logits

Run = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]
Open = Callable[[bytes], tuple[Run, Mapping[str, str]]]

FORMATS: dict[str, Open] = {".tflite": litert.open_model, ".onnx": onnx_file.open_model}


class ExportedReader:
    """An exported model that reads framed pictures.

    Args:
        run: Maps framed pictures, uint8 (n, size, size, 1), to outputs by name.
        size: Side of its input pictures in pixels.
        average: Warps whose logits are averaged, from 1 (none but the picture itself) to 64.

    Raises:
        UsageError: `average` is out of range.
    """

    compiles = False

    def __init__(self, run: Run, size: int, average: int = 1) -> None:
        check_average(average)
        self._run, self._warps = run, warps(average, size)

    def logits(self, images: NDArray[np.uint8]) -> Logits:
        """Return logits, float32 (n, classes), for pictures, uint8 (n, size, size, 1)."""
        total: Any = 0.0
        for warp in self._warps:
            moved = images if warp is None else _warped(images, warp)
            total = total + self._run(moved)[LOGITS]
        return np.asarray(total / len(self._warps), np.float32)


def is_exported(path: Path) -> bool:
    """Whether a file's name says that it is an exported model."""
    return path.suffix.lower() in FORMATS


def open_exported(path: Path, average: int = AVERAGE) -> tuple[ExportedReader, Metadata]:
    """Open an exported file.

    Args:
        path: It ends in ``.tflite`` or ``.onnx``.
        average: As `ExportedReader` takes it.

    Raises:
        InputError: The file is missing, broken or none of `trainer`'s, or its runtime isn't
            installed.
        UsageError: `average` is out of range.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file: give one that `trainer export` has written")
    try:
        run, members = FORMATS[path.suffix.lower()](path.read_bytes())
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    metadata = parse_metadata(_table(path, members), path)
    reader = ExportedReader(run, metadata.frame_size, average)
    _prove(path, run, metadata)
    return reader, metadata


def _table(path: Path, members: Mapping[str, str]) -> dict[str, Any]:
    try:
        value = json.loads(members[MEMBER])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path} has no readable {MEMBER}, so it isn't a file that `trainer export` has written"
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: its {MEMBER} holds no table; export the model again")
    return value


def _prove(path: Path, run: Run, metadata: Metadata) -> None:
    edge, classes = metadata.frame_size, len(metadata.table)
    try:
        shape = run(np.zeros((1, edge, edge, 1), np.uint8))[LOGITS].shape
    except Exception as error:  # a broken or hostile file can fail anywhere within its runtime
        raise InputError(f"{path}: {reason(error)}; export the model again") from error
    if shape != (1, classes):
        raise InputError(
            f"{path}: the model gives answers of shape {shape} where its {MEMBER} states {classes} "
            "classes: export the model again"
        )


def reason(error: Exception) -> str:
    """Say in one short line what a runtime complains about."""
    return f"its runtime can't run it ({' '.join(str(error).split())[:160]})"


def _warped(images: NDArray[np.uint8], warp: NDArray[np.float32]) -> NDArray[np.uint8]:
    size = (images.shape[2], images.shape[1])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = [cv2.warpAffine(image, warp[:6].reshape(2, 3), size, flags=flags) for image in images]
    return np.asarray(moved, np.uint8).reshape(images.shape)
