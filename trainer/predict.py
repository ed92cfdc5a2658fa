"""Say what is on pictures, each brought into the frame that the model was trained on."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from datagen import console
from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError
from datagen.frame import FrameError, Mode, frame
from datagen.pictures import read
from trainer import exported, packaged
from trainer.backend import load_tensorflow
from trainer.infer import AVERAGE, Reader, Reading
from trainer.label_shift import class_weights, reweighted
from trainer.model_file import Metadata, load_model
from trainer.picture_files import PictureFile, picture_files
from trainer.probabilities import among, calibrated, ranked, restricted
from trainer.reject import known

BATCH = 64  # pictures run at a time


class Verdict(StrEnum):
    """Whether a picture shows one of the model's classes."""

    known = "known"
    unknown = "unknown"
    empty = "empty"


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
        candidates: The answer (`trainer.probabilities.answered`), then the likeliest other classes;
            empty where there is an error, or where pictures are to be refused and this one is.
        verdict: ``known`` for one of the classes, ``unknown`` for something else, ``empty`` for no
            ink at all; None where there is an error or the model has no threshold.
        error: Why nothing can be said, else None.
    """

    path: Path
    candidates: tuple[Candidate, ...] = ()
    verdict: Verdict | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    reader: Reading
    metadata: Metadata
    top: int
    mask: NDArray[np.bool_] | None
    reject: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What a model says of one picture: the probability of each class, and the verdict."""

    path: Path
    row: NDArray[np.float32]
    verdict: Verdict | None


def predict(
    model: str | Path | None,
    paths: Iterable[str | Path],
    top: int = 5,
    only: str | None = None,
    *,
    reject: bool = False,
    average: int = AVERAGE,
    adapt: bool = False,
) -> Iterator[Prediction]:
    """Predict what is on pictures, in the order given; folders are searched recursively, sorted.

    A file that is missing, is no picture, is broken or shows no ink gives a `Prediction` with an
    error, and the others are done all the same. Of a folder, files with a picture's ending are
    taken, and a note says how many others there are.

    Args:
        model: A model file that `trainer` has written, Keras, LiteRT (``.tflite``) or ONNX; None
            for the one that comes with it. Only Keras needs TensorFlow.
        paths: Picture files and folders.
        top: Number of candidates a picture, at least 1.
        only: Characters that can occur, such as ``0123456789``, no others being candidates; None
            for all classes.
        reject: Name no candidates for a picture that is none of the classes; one without ink is
            then an answer too and no error.
        average: Small warps of each picture whose answers are averaged; 1 for none.
        adapt: Read all pictures first and find how common which look-alikes are among them
            (`trainer.label_shift`); for many of one kind. Each answer then depends on all pictures.

    Raises:
        UsageError: `top` or `average` is out of range, `only` names a character that is no class,
            or the model has no threshold to reject by.
        InputError: The model can't be used.
    """
    if top < 1:
        raise UsageError(f"top (={top}) must be at least 1")
    model = packaged.default() if model is None else Path(model)
    reader, metadata = open_model(model, average)
    if reject and metadata.rejection is None:
        raise UsageError(
            f"{model} has no threshold to reject by: it was trained without a validation split or "
            "by an earlier version; train it again"
        )
    mask = among(metadata.table, only)
    if mask is not None:
        top = min(top, int(mask.sum()))
    task = _Task(reader, metadata, top, mask, reject)
    found = itertools.chain.from_iterable(picture_files(Path(path)) for path in paths)
    return _adapted(task, found) if adapt else _predictions(task, _read(task, found))


def open_model(model: Path, average: int = AVERAGE) -> tuple[Reading, Metadata]:
    """Open a model of any kind, without TensorFlow where it is an exported one.

    Args:
        model: A file that `trainer` has written.
        average: Warps of a picture that the answers are averaged over.

    Raises:
        InputError: The model can't be used, or what runs it isn't installed.
        UsageError: `average` is out of range.
    """
    if exported.is_exported(model):
        return exported.open_exported(model, average)
    if model.parent == packaged.FOLDER:
        instead = "only what reads the file beside it, with `pip install ai-edge-litert`"
    else:
        instead = "give a .tflite or .onnx file that `trainer export` has written"
    load_tensorflow(str(model), instead)
    network, metadata = load_model(model)
    return Reader(network, metadata.size, average), metadata


def _predictions(task: _Task, found: Iterable[_Said | Prediction]) -> Iterator[Prediction]:
    table = task.metadata.table
    for one in found:
        if isinstance(one, Prediction):
            yield one
            continue
        refused = task.reject and one.verdict is Verdict.unknown
        candidates = () if refused else _candidates(one.row, table, task.top)
        yield Prediction(one.path, candidates, one.verdict)


def _adapted(task: _Task, paths: Iterable[PictureFile]) -> Iterator[Prediction]:
    """Read all pictures, then say what each shows where classes are as common as among them."""
    files = list(paths)
    found: list[_Said | Prediction] = []
    with console.progress("reading", len(files), "pictures") as advance:
        for one in _read(task, files):
            found.append(one)
            advance(1)
    said = [one for one in found if isinstance(one, _Said)]
    if not said:
        yield from _predictions(task, found)
        return
    # What is none of the classes says nothing of how common they are.
    ours = [one.row for one in said if one.verdict is not Verdict.unknown]
    weights = class_weights(np.array(ours), task.metadata.table.shapes)
    rows = iter(reweighted(np.array([one.row for one in said]), weights))
    changed = (replace(one, row=next(rows)) if isinstance(one, _Said) else one for one in found)
    yield from _predictions(task, changed)


def _read(task: _Task, files: Iterable[PictureFile]) -> Iterator[_Said | Prediction]:
    """Read pictures; of those that can't be read, say why."""
    found = iter(files)
    while chunk := list(itertools.islice(found, BATCH)):
        framed = [
            Prediction(path, error=error) if error else _framed(path, task) for path, error in chunk
        ]
        pictures = [picture for picture in framed if not isinstance(picture, Prediction)]
        said = iter(_said(task, pictures) if pictures else ())
        for (path, _), picture in zip(chunk, framed, strict=True):
            yield picture if isinstance(picture, Prediction) else _Said(path, *next(said))


def _framed(path: Path, task: _Task) -> NDArray[np.uint8] | Prediction:
    metadata = task.metadata
    try:
        return frame(read(path), metadata.frame_size, cast(Mode, metadata.frame))
    except FrameError as error:
        if task.reject:
            return Prediction(path, verdict=Verdict.empty)
        return Prediction(path, error=f"{path}: {error}")
    except InputError as error:
        return Prediction(path, error=str(error))


def _said(
    task: _Task, pictures: list[NDArray[np.uint8]]
) -> Iterator[tuple[NDArray[np.float32], Verdict | None]]:
    metadata, size = task.metadata, task.metadata.frame_size
    count = BATCH if task.reader.compiles else len(pictures)
    batch = np.zeros((count, size, size, 1), np.uint8)
    batch[: len(pictures), ..., 0] = pictures
    logits = task.reader.logits(batch)[: len(pictures)]
    verdicts: list[Verdict | None] = [None] * len(pictures)
    if metadata.rejection is not None:
        ours = known(logits, metadata.temperature, metadata.table.shapes, metadata.rejection)
        verdicts = [Verdict.known if one else Verdict.unknown for one in ours]
    rows = restricted(calibrated(logits, metadata.temperature, metadata.spread), task.mask)
    return zip(rows, verdicts, strict=True)


def _candidates(row: NDArray[np.float32], table: CharacterTable, top: int) -> tuple[Candidate, ...]:
    best = ranked(row[None], table.shapes)[0, :top]
    return tuple(
        Candidate(table[int(i)].codepoint, table[int(i)].char, float(row[i])) for i in best
    )
