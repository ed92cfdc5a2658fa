"""EMNIST ByClass at its full size, made of a smaller set of the same form.

The labels are those of EMNIST itself, in their order; each picture is one of its class, shifted by
up to a pixel and interpolated, so that nearly all 814,255 differ.
"""

import gzip
import shutil
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
SHIFT = 1.0  # pixels, to each side
LEVEL = 1  # of gzip: the published files are smaller, and unpack about as fast
SPLITS = ("train", "test")


def _idx(path: Path, header: int) -> NDArray[np.uint8]:
    return np.frombuffer(gzip.decompress(path.read_bytes())[header:], np.uint8)


def _name(split: str, kind: str) -> str:
    return f"emnist-byclass-{split}-{kind}-idx{3 if kind == 'images' else 1}-ubyte.gz"


def make(folder: Path, share: float = 1.0, data: Path = DATA) -> int:
    """Write the files of EMNIST ByClass to a folder; returns the number of pictures.

    Args:
        folder: Where to; files that are there are kept.
        share: Share of each split that is made, from its start.
        data: Where `emnist` and `emnist-byclass-standin` lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(data / "emnist" / "emnist-byclass-mapping.txt", folder)
    total = 0
    for split in SPLITS:
        labels = _idx(data / "emnist" / _name(split, "labels"), 8)
        labels = labels[: round(len(labels) * share)]
        total += len(labels)
        if not (folder / _name(split, "images")).exists():
            _write(folder, split, labels, data / "emnist-byclass-standin")
    return total


def _write(folder: Path, split: str, labels: NDArray[np.uint8], small: Path) -> None:
    pictures = _idx(small / _name(split, "images"), 16).reshape(-1, 28, 28)
    known = _idx(small / _name(split, "labels"), 8)
    random = np.random.default_rng(SPLITS.index(split))
    by_label: list[Any] = [np.flatnonzero(known == label) for label in range(62)]
    chosen = [by_label[label][int(random.integers(len(by_label[label])))] for label in labels]
    shifts = random.uniform(-SHIFT, SHIFT, (len(labels), 2))
    header = struct.pack(">2i", 0x801, len(labels))
    (folder / _name(split, "labels")).write_bytes(gzip.compress(header + labels.tobytes()))
    path = folder / _name(split, "images")
    partial = path.with_suffix(".partial")
    with gzip.open(partial, "wb", compresslevel=LEVEL) as file:
        file.write(struct.pack(">4i", 0x803, len(labels), 28, 28))
        for row, (x, y) in zip(chosen, shifts.tolist(), strict=True):
            matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
            file.write(cv2.warpAffine(pictures[row], matrix, (28, 28)).tobytes())
    partial.rename(path)
