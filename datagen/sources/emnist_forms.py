"""The three forms that EMNIST is published in, each read as one stream of blocks.

IDX (``.gz`` or not) and CSV are read in `CHUNK`s of bounded memory; a ``.mat`` file comes whole.
All three store the columns of a picture one after the other, so that it looks transposed when it
is read by rows: NIST's files come out of Matlab, whose arrays are column-major.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from datagen.errors import InputError
from datagen.sources import CHUNK
from datagen.sources.archive import readable
from datagen.sources.emnist_files import SPLITS, EmnistFiles

SIDE = 28  # pixels
BYTES = SIDE * SIDE  # of a picture
MAX_COUNT = 10_000_000  # pictures; EMNIST has 814,255

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Pictures that lie one after the other.

    Attributes:
        prefix: What their origins begin with: file, ``#`` and, in a .mat file, the half.
        split: ``train`` or ``test``.
        first: Number of the first one.
        labels: int64, shape (n,), as stored.
        images: uint8, shape (n, 784), as stored, that is column by column.
        writers: int64, shape (n,), or None where the form doesn't tell them.
    """

    prefix: str
    split: str
    first: int
    labels: Array
    images: Array
    writers: Array | None = None


def idx_blocks(files: EmnistFiles, images: str, labels: str, split: str) -> Iterator[Block]:
    """Read one half of EMNIST from its two IDX files.

    Raises:
        InputError: A header is wrong or lies, the counts differ, or a file is cut off or broken.
    """
    known = _idx_labels(files, labels)
    prefix = f"{files.origin(images)}#"
    with _unpacked(files, images) as stream, readable(images):
        (count,) = _header(stream, images, (SIDE, SIDE))
        if count != len(known):
            raise InputError(
                f"{images}: has {count:,} images, but {labels} has {len(known):,} labels"
            )
        for first in range(0, count, CHUNK):
            size = min(CHUNK, count - first)
            data = stream.read(size * BYTES)
            _check_length(images, first * BYTES + len(data), (first + size) * BYTES)
            pixels = np.frombuffer(data, np.uint8).reshape(size, BYTES)
            yield Block(prefix, split, first, known[first : first + size], pixels)
        _check_length(images, count * BYTES + len(stream.read(1)), count * BYTES)


def csv_blocks(files: EmnistFiles, name: str, split: str) -> Iterator[Block]:
    """Read one half of EMNIST from a CSV file: a line a picture, its label and then 784 pixels.

    Raises:
        InputError: A line is wrong, or the file is empty.
    """
    import pandas as pd

    with files.open(name) as stream, readable(name):
        heading = 1 if stream.read(1).isalpha() else 0
    first = 0
    with files.open(name) as stream, readable(name):
        try:
            # Wide integers, so that a number outside 0..255 is seen and not wrapped.
            reader = pd.read_csv(
                stream, header=None, skiprows=heading, dtype=np.int32, chunksize=CHUNK
            )
            with reader:
                while (table := _next(reader)) is not None:
                    yield _csv_block(table.to_numpy(), f"{files.origin(name)}#", split, first)
                    first += len(table)
        except InputError:
            raise
        except (ValueError, ArithmeticError, pd.errors.ParserError) as error:
            raise InputError(f"{name}: near line {first + 1}: {_first_line(error)}") from error


def _next(reader: Iterator[Any]) -> Any:
    with np.errstate(invalid="raise"):  # a number too large is an error of the file, no warning
        return next(reader, None)


def mat_blocks(files: EmnistFiles, name: str) -> Iterator[Block]:
    """Read both halves of EMNIST, with their writers, from a .mat file.

    Raises:
        InputError: It is no .mat file with EMNIST's fields, or is broken.
    """
    dataset = _mat_dataset(files, name)
    for split in SPLITS:
        half = _field(dataset, split, name)
        images = _field(half, "images", name)
        labels = _integers(half, "labels", name).reshape(-1)
        writers = None
        if "writers" in (half.dtype.names or ()):
            writers = _integers(half, "writers", name).reshape(-1)
        lengths = {len(labels), len(images), len(labels if writers is None else writers)}
        if images.shape[1:] != (BYTES,) or images.dtype != np.uint8 or len(lengths) > 1:
            raise InputError(
                f"{name}: the {split} half has images of shape {images.shape} and type "
                f"{images.dtype} for {len(labels):,} labels; not EMNIST's (n, 784) of uint8"
            )
        prefix = f"{files.origin(name)}#{split}/"
        for first in range(0, len(labels), CHUNK):
            part = slice(first, first + CHUNK)
            pixels = np.ascontiguousarray(images[part])
            who = None if writers is None else writers[part]
            yield Block(prefix, split, first, labels[part], pixels, who)


def mat_mapping(files: EmnistFiles, name: str) -> bytes:
    """Return the mapping inside a .mat file in the form of a mapping file.

    Raises:
        InputError: See `mat_blocks`.
    """
    rows = _integers(_mat_dataset(files, name), "mapping", name)
    lines = (" ".join(map(str, row)) for row in np.atleast_2d(rows).tolist())
    return "\n".join(lines).encode()


def _idx_labels(files: EmnistFiles, name: str) -> Array:
    with _unpacked(files, name) as stream, readable(name):
        (count,) = _header(stream, name, ())
        data = stream.read(count + 1)
        _check_length(name, len(data), count)
    return np.frombuffer(data, np.uint8).astype(np.int64)


def _unpacked(files: EmnistFiles, name: str) -> IO[bytes] | gzip.GzipFile:
    stream = files.open(name)
    if not name.endswith(".gz"):
        return stream
    return _Gzip(stream)


class _Gzip(gzip.GzipFile):
    """A gzip file that closes what lies under it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(fileobj=stream, mode="rb")
        self._stream = stream

    def close(self) -> None:
        super().close()
        self._stream.close()


def _header(stream: IO[bytes] | gzip.GzipFile, name: str, shape: tuple[int, ...]) -> tuple[int]:
    """Read an IDX header of unsigned bytes and return the number of items of that shape."""
    rank = 1 + len(shape)
    start = stream.read(4 + 4 * rank)
    head = np.frombuffer(start[: len(start) // 4 * 4], ">u4")
    if len(head) != 1 + rank or head[0] != 0x0800 + rank:
        raise InputError(f"{name}: not an IDX file of {rank} dimensions; get the file again")
    count, *rest = (int(number) for number in head[1:])
    if tuple(rest) != shape:
        raise InputError(f"{name}: has images of {rest[0]} x {rest[1]}, EMNIST's are 28 x 28")
    if count > MAX_COUNT:
        raise InputError(f"{name}: the header promises {count:,} items, more than EMNIST has")
    return (count,)


def _check_length(name: str, length: int, promised: int) -> None:
    if length < promised:
        raise InputError(
            f"{name}: cut off: it ends after {length:,} bytes where its header promises more; "
            "get the file again"
        )
    if length > promised:
        raise InputError(f"{name}: longer than its header says ({promised:,} bytes)")


def _csv_block(table: Array, prefix: str, split: str, first: int) -> Block:
    if table.shape[1] != 1 + BYTES:
        raise ValueError(f"{table.shape[1]} numbers in a line, not a label and 784 pixels")
    if table.min() < 0 or table.max() > 255:
        raise ValueError("a number is not in 0..255")
    images = table[:, 1:].astype(np.uint8)
    return Block(prefix, split, first, table[:, 0].astype(np.int64), images)


def _mat_dataset(files: EmnistFiles, name: str) -> Array:
    from scipy.io import loadmat

    with files.open(name) as stream:
        try:
            content = loadmat(stream, variable_names=["dataset"])
        except Exception as error:  # a broken file makes SciPy raise almost anything
            raise InputError(f"{name}: not a whole .mat file ({_first_line(error)})") from error
    if "dataset" not in content:
        raise InputError(f"{name}: holds no variable 'dataset'; not a file of EMNIST")
    return np.asarray(content["dataset"])


def _field(struct: Array, field: str, name: str) -> Array:
    """Return a field of a Matlab structure, which SciPy gives as a (1, 1) array of objects."""
    if field not in (struct.dtype.names or ()) or struct.size != 1:
        raise InputError(f"{name}: its 'dataset' has no field {field!r}; not a file of EMNIST")
    return np.asarray(struct[field].reshape(-1)[0])


def _integers(struct: Array, field: str, name: str) -> Array:
    """Return a field of whole numbers, which Matlab may keep as floating point, as int64."""
    numbers = _field(struct, field, name)
    if numbers.dtype.kind not in "uif" or not np.isfinite(numbers).all():
        raise InputError(f"{name}: its field {field!r} does not hold whole numbers")
    return numbers.astype(np.int64)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
