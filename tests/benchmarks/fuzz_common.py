"""What the targets of `fuzz.py` share: what a target is, a place for files, the classes."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datagen import (
    characters,
)
from datagen.sources import emnist, folder, open_source, table  # noqa: F401

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "datagen"), str(TESTS / "datagen" / "sources")]
PLACE = Path(tempfile.mkdtemp(prefix="fuzz-"))
CLASSES = characters.load()


@dataclass(frozen=True)
class Target:
    """A parser.

    Attributes:
        parse: Reads one input.
        seeds: Gives the inputs that others are made from.
        words: What is put into inputs now and then.
        cost: How many runs of a quick parser one run of this takes.
        guided: Whether what is covered shows that an input is new; not so in another process.
    """

    parse: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()
    cost: int = 1
    guided: bool = True


def put(name: str, data: bytes) -> Path:
    path = PLACE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def choose(data: bytes, names: tuple[str, ...]) -> tuple[str, bytes]:
    return names[data[0] % len(names)] if data else names[0], data[1:]
