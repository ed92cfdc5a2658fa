"""A small dataset of every kind of source, built once and shared by the tests that only read it."""

import gzip
import io
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from datagen.build import build
from datagen.built import Built

RECIPE = """
name = "small"
size = 28
[train]
per_class = 6
[validation]
per_class = 1
[test]
per_class = 1
[shards]
records = 100
[splits]
validation = 0.15
test = 0.15
[sources.fonts]
kind = "fonts"
[sources.redrawn]
kind = "redrawn"
[sources.emnist]
kind = "emnist"
optional = true
cap = 4
[sources.symbols]
kind = "folder"
optional = true
"""


def picture(text: str, number: int, paper: int = 255) -> np.ndarray:
    """A picture of a character that differs from number to number."""
    image = Image.new("L", (48, 48), paper)
    font = ImageFont.load_default(24 + number % 9)
    place = (14 + number % 5, 8 + number % 7)
    pen = ImageDraw.Draw(image)
    pen.text(place, text, 255 - paper, font)
    pen.line((6, 44 - number % 4, 30 + number, 42), 255 - paper, 1 + number % 2)
    return np.asarray(image)


def write_emnist(folder: Path, count: int = 4) -> None:
    """An EMNIST ByClass folder as it is published: IDX, gzip, transposed, CRLF mapping."""
    folder.mkdir(parents=True)
    chars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    mapping = "".join(f"{i} {ord(c)}\r\n" for i, c in enumerate(chars))
    (folder / "emnist-byclass-mapping.txt").write_bytes(mapping.encode())
    for part, numbers in (("train", range(count)), ("test", range(50, 50 + count // 2))):
        pictures, labels = [], []
        for label, char in enumerate(chars):
            for number in numbers:
                small = Image.fromarray(picture(char, number, 0)).resize((28, 28))
                pictures.append(np.asarray(small).T)
                labels.append(label)
        pixels = np.stack(pictures).astype(np.uint8)
        header = struct.pack(">4i", 0x803, len(pixels), 28, 28)
        images = folder / f"emnist-byclass-{part}-images-idx3-ubyte.gz"
        images.write_bytes(gzip.compress(header + pixels.tobytes(), mtime=0))
        header = struct.pack(">2i", 0x801, len(labels))
        path = folder / f"emnist-byclass-{part}-labels-idx1-ubyte.gz"
        path.write_bytes(gzip.compress(header + bytes(labels), mtime=0))


def write_symbols(path: Path) -> None:
    """A zip of class folders with the traps of real sets in it."""
    with zipfile.ZipFile(path, "w") as archive:
        for code in (33, 35, 43, 63):
            for number in range(12):
                paper = 255 if number % 3 else 0
                archive.writestr(f"set/{code}/{number}.png", png(picture(chr(code), number, paper)))
        archive.writestr("set/43/copy.png", png(picture("+", 5)))
        archive.writestr("set/33/two-labels.png", png(picture("#", 20)))
        archive.writestr("set/35/two-labels.png", png(picture("#", 20)))
        archive.writestr("set/35/blank.png", png(np.full((48, 48), 255, np.uint8)))
        archive.writestr("set/35/broken.png", png(picture("#", 2))[:60])
        archive.writestr("set/34/unknown.png", png(picture('"', 1)))


def png(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    write_emnist(folder / "emnist")
    write_symbols(folder / "symbols.zip")
    return {"emnist": folder / "emnist", "symbols": folder / "symbols.zip"}


@pytest.fixture(scope="session")
def built(
    recipe: Path, sources: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """The small dataset. Read it only; take `dataset` to change it."""
    return build(recipe, tmp_path_factory.mktemp("built") / "small", sources, workers=1)


@pytest.fixture
def dataset(built: Built, tmp_path: Path) -> Path:
    """A copy of the small dataset that a test may damage."""
    return Path(shutil.copytree(built.folder, tmp_path / "dataset"))


@pytest.fixture
def picture_of():
    """The function that draws the pictures of the sources here."""
    return picture
