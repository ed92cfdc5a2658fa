"""One chunk of a source, framed and measured: what a process does for the survey."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.atomic import atomic_file
from datagen.frame import FrameError, Mode, place_as
from datagen.framing import is_clean, place_all
from datagen.ink import gray, ink
from datagen.measures import MEASURE, measure, measure_clean
from datagen.seeds import content64, contents64
from datagen.sources import Chunk, Picture, Unreadable

_LEAST = 4  # pixels, of a picture that may be framed with others
_SMALL = 64 * 64  # pixels, the same; larger ones would fill the memory while they wait

Refused = tuple[int, str, str, int]
"""Number of the row, the stage that refused it, the reason, and the hash of its bytes or 0."""


@dataclass(frozen=True, slots=True)
class Frames:
    """A chunk to frame.

    Attributes:
        chunk: The pictures.
        size: Edge of the frame in pixels.
        mode: ``tight`` or ``em``.
        kept: File that holds the result once it is there; None to keep nothing.
    """

    chunk: Chunk
    size: int
    mode: Mode
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class Framed:
    """A chunk's result: columns of the good rows, and the others.

    Attributes:
        good: int64, numbers of the rows that were framed.
        content: uint64, hash of each one's bytes.
        picture: uint64, hash of each one's framed pixels.
        measures: dtype `MEASURE`.
        pixels: uint8, shape (good, size, size).
        refused: The rows that were not.
    """

    good: NDArray[np.int64]
    content: NDArray[np.uint64]
    picture: NDArray[np.uint64]
    measures: NDArray[np.void]
    pixels: NDArray[np.uint8]
    refused: list[Refused]


def frame_chunk(task: Frames) -> Framed:
    """Frame a chunk, or read what an earlier run kept of it."""
    if task.kept is not None and (before := _read(task.kept, task.size)) is not None:
        return before
    framed = _frame(task)
    if task.kept is not None:
        with atomic_file(task.kept, durable=False) as file:
            np.savez(
                file,
                good=framed.good,
                content=framed.content,
                picture=framed.picture,
                measures=framed.measures,
                pixels=framed.pixels,
                refused=np.frombuffer(json.dumps(framed.refused).encode(), np.uint8),
            )
    return framed


class _Framing:
    """The pictures of a chunk, framed as they come; clean ones of one shape wait for each other."""

    def __init__(self, task: Frames) -> None:
        count = len(task.chunk.rows)
        self._size, self._mode = task.size, task.mode
        self._pixels = np.zeros((count, task.size, task.size), np.uint8)
        self._measures = np.zeros(count, MEASURE)
        self._content: list[bytes] = [b""] * count
        self._good = np.zeros(count, np.bool_)
        self._refused: list[Refused] = []
        self._small: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}

    def add(self, number: int, found: Picture) -> None:
        picture = found.pixels
        self._content[number] = found.content
        plain = picture.dtype == np.uint8 and picture.ndim == 2
        if plain and self._mode == "tight" and _LEAST <= picture.size <= _SMALL:
            self._small.setdefault(picture.shape, []).append((number, picture))
        else:
            self._frame(number, picture)

    def refuse(self, number: int, stage: str, reason: str) -> None:
        content = self._content[number]
        self._refused.append((number, stage, reason, content64(content) if content else 0))

    def result(self) -> Framed:
        for waiting in self._small.values():
            self._frame_alike(waiting)
        self._refused.sort()
        good = np.flatnonzero(self._good)
        pixels = self._pixels if len(good) == len(self._good) else self._pixels[good]
        content = contents64(self._content[number] for number in good.tolist())
        picture = contents64(pixels)
        return Framed(good, content, picture, self._measures[good], pixels, self._refused)

    def _frame(self, number: int, picture: NDArray[Any]) -> None:
        try:
            # `datagen.frame.frame` in its steps: the measures are taken between them.
            levels = gray(picture)
            bright = ink(levels)
            self._pixels[number] = place_as(bright, self._size, self._mode)
        except FrameError as error:
            self.refuse(number, "frame", str(error))
            return
        self._measures[number] = measure(levels, bright)
        self._good[number] = True

    def _frame_alike(self, waiting: list[tuple[int, NDArray[np.uint8]]]) -> None:
        numbers = np.array([number for number, _ in waiting])
        pictures = np.stack([picture for _, picture in waiting])
        clean = is_clean(pictures)
        for place in np.flatnonzero(~clean).tolist():
            self._frame(int(numbers[place]), pictures[place])
        if not clean.any():
            return
        numbers, pictures = numbers[clean], pictures[clean]
        self._pixels[numbers] = place_all(pictures, self._size)
        self._measures[numbers] = measure_clean(pictures)
        self._good[numbers] = True


def _frame(task: Frames) -> Framed:
    framing = _Framing(task)
    for number, (row, found) in enumerate(zip(task.chunk.rows, task.chunk.load(), strict=True)):
        if row.label < 0:
            framing.refuse(number, "index", row.reason)
        elif isinstance(found, Unreadable):
            framing.refuse(number, "index", found.reason)
        else:
            framing.add(number, found)
    return framing.result()


def _read(path: Path, size: int) -> Framed | None:
    """Read a kept chunk; None where there is none or it was damaged."""
    try:
        with path.open("rb") as stream, np.load(stream) as kept:
            refused = [tuple(row) for row in json.loads(kept["refused"].tobytes())]
            framed = Framed(
                kept["good"],
                kept["content"],
                kept["picture"],
                kept["measures"],
                kept["pixels"],
                refused,
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    whole = framed.pixels.shape == (len(framed.good), size, size)
    return framed if whole and framed.measures.dtype == MEASURE else None
