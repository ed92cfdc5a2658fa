"""One chunk of a source, framed and measured: what a process does for the survey."""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.atomic import atomic_file
from datagen.frame import FrameError, Mode, place_as
from datagen.ink import gray, ink
from datagen.measures import MEASURE, measure
from datagen.seeds import content64
from datagen.sources import Chunk, Unreadable

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


def _frame(task: Frames) -> Framed:
    good: list[int] = []
    hashes: list[tuple[int, int]] = []
    measures: list[tuple[Any, ...]] = []
    pixels: list[NDArray[np.uint8]] = []
    refused: list[Refused] = []
    for number, (row, found) in enumerate(zip(task.chunk.rows, task.chunk.load(), strict=True)):
        if row.label < 0:
            refused.append((number, "index", row.reason, 0))
        elif isinstance(found, Unreadable):
            refused.append((number, "index", found.reason, 0))
        else:
            content = content64(found.content)
            try:
                # `datagen.frame.frame` in its steps: the measures are taken between them.
                levels = gray(found.pixels)
                bright = ink(levels)
                data = place_as(bright, task.size, task.mode)
            except FrameError as error:
                refused.append((number, "frame", str(error), content))
                continue
            digest = hashlib.sha256(data.tobytes()).digest()
            good.append(number)
            hashes.append((content, int.from_bytes(digest[:8], "big")))
            measures.append(measure(levels, bright))
            pixels.append(data)
    both = np.array(hashes, np.uint64).reshape(-1, 2)
    stacked = np.stack(pixels) if pixels else np.zeros((0, task.size, task.size), np.uint8)
    return Framed(
        np.array(good, np.int64),
        both[:, 0],
        both[:, 1],
        np.array(measures, MEASURE),
        stacked,
        refused,
    )


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
