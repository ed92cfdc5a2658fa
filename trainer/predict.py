"""Say what is on pictures, each brought into the frame that the model was trained on."""

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datagen import console
from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError
from datagen.frame import FrameError, Mode, frame
from datagen.pictures import EXTENSIONS, read
from trainer.data import resize
from trainer.evaluate import among, calibrated, restricted
from trainer.model_file import Metadata, load_model

BATCH = 64  # pictures run at a time


@dataclass(frozen=True, slots=True)
class Candidate:
    """One class that a picture may show.

    Attributes:
        codepoint: ``U+0041``.
        char: The character.
        probability: From 0 to 1.
    """

    codepoint: str
    char: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is on one picture.

    Attributes:
        path: The file.
        candidates: The likeliest classes, best first; empty where there is an error.
        error: Why nothing can be said, else None.
    """

    path: Path
    candidates: tuple[Candidate, ...] = ()
    error: str | None = None


def predict(
    model: str | Path, paths: Iterable[str | Path], top: int = 5, only: str | None = None
) -> Iterator[Prediction]:
    """Predict what is on pictures, in the order given; folders are searched recursively, sorted.

    A file that is missing, is no picture, is broken or shows no ink gives a `Prediction` with an
    error, and the others are done all the same. Of a folder, files with a picture's ending are
    taken, and a note says how many others there are.

    Args:
        model: A model file that `trainer` has written.
        paths: Picture files and folders.
        top: Number of candidates a picture, at least 1.
        only: Characters that can occur, such as ``0123456789``; None for all classes.

    Raises:
        UsageError: `top` is below 1, or `only` names a character that is no class.
        InputError: The model can't be used.
    """
    if top < 1:
        raise UsageError(f"top (={top}) must be at least 1")
    network, metadata = load_model(model)
    mask = among(metadata.table, only)
    return _predictions(network, metadata, [Path(path) for path in paths], top, mask)


def _predictions(
    model: Any,
    metadata: Metadata,
    paths: list[Path],
    top: int,
    mask: NDArray[np.bool_] | None,
) -> Iterator[Prediction]:
    table = metadata.table
    found = itertools.chain.from_iterable(_files(path) for path in paths)
    while chunk := list(itertools.islice(found, BATCH)):
        framed = [error or _framed(path, metadata) for path, error in chunk]
        pictures = [picture for picture in framed if not isinstance(picture, str)]
        rows = iter(_probabilities(model, metadata, pictures, mask) if pictures else ())
        for (path, _), picture in zip(chunk, framed, strict=True):
            if isinstance(picture, str):
                yield Prediction(path, error=picture)
            else:
                yield Prediction(path, _candidates(next(rows), table, top))


def _files(path: Path) -> Iterator[tuple[Path, str | None]]:
    """Give the files of a path, each with None or with what is wrong."""
    if not path.is_dir():
        yield path, None
        return
    errors: list[OSError] = []
    taken = others = 0
    for folder, folders, names in os.walk(path, onerror=errors.append):
        folders.sort()
        for name in sorted(names):
            if Path(name).suffix.lower() in EXTENSIONS:
                taken += 1
                yield Path(folder, name), None
            else:
                others += 1
    for error in errors:
        yield Path(str(error.filename)), f"{error.filename}: {os.strerror(error.errno or 0)}"
    if others:
        console.note(f"{path}: {others:,} files without a picture's ending were passed over")
    if not taken and not errors:
        yield path, f"{path}: the folder holds no pictures"


def _framed(path: Path, metadata: Metadata) -> NDArray[np.uint8] | str:
    try:
        return frame(read(path), metadata.frame_size, cast(Mode, metadata.frame))
    except FrameError as error:
        return f"{path}: {error}"
    except InputError as error:
        return str(error)


def _probabilities(
    model: Any,
    metadata: Metadata,
    pictures: list[NDArray[np.uint8]],
    mask: NDArray[np.bool_] | None,
) -> NDArray[np.float32]:
    # Always a full batch: another length would make TensorFlow compile the model anew.
    batch = np.zeros((BATCH, metadata.frame_size, metadata.frame_size, 1), np.uint8)
    batch[: len(pictures), ..., 0] = pictures
    found = model.predict_on_batch(resize(batch, metadata.size))
    known = calibrated(np.asarray(found)[: len(pictures)], metadata.temperature)
    return restricted(known, mask)


def _candidates(row: NDArray[np.float32], table: CharacterTable, top: int) -> tuple[Candidate, ...]:
    best = np.argsort(-row, kind="stable")[:top]
    return tuple(
        Candidate(table[int(i)].codepoint, table[int(i)].char, float(row[i])) for i in best
    )
