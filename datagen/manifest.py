"""Manifests: CSV tables with one row a sample.

Everything is text in the file; `datagen.tables` reads it. Ids, groups and hashes stay text, since
spreadsheets and pandas would turn ``12e4`` into a number.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from datagen.atomic import write_csv

COLUMNS = ("id", "codepoint", "label", "split", "source", "group", "origin", "seed", "sha256")
REJECTED = ("stage", "source", "codepoint", "origin", "reason")
SPLITS = ("train", "validation", "test")


class Sample(NamedTuple):
    """One row of a manifest.

    Attributes:
        id: Stable hash of what the sample is, 16 hexadecimal digits.
        codepoint: ``U+0041``.
        label: Position of the class in the character table.
        split: ``train``, ``validation`` or ``test``.
        source: Name of the source in the recipe.
        group: The unit that never crosses splits: a font family, a writer, a picture's hash.
        origin: Where exactly the pixels come from.
        seed: Seed of everything random in it, 16 hexadecimal digits; empty for real samples.
        sha256: Of the framed pixels, hexadecimal.
    """

    id: str
    codepoint: str
    label: int
    split: str
    source: str
    group: str
    origin: str
    seed: str
    sha256: str


class Rejected(NamedTuple):
    """One row of `rejected.csv`: a picture, a glyph or a draw that was left out, and why.

    Attributes:
        stage: ``index``, ``frame``, ``curate``, ``plan`` or ``draw``.
        source: Name of the source in the recipe.
        codepoint: ``U+0041``, or empty where it is no class.
        origin: Where exactly the pixels come from.
        reason: Why it was left out, in words.
    """

    stage: str
    source: str
    codepoint: str
    origin: str
    reason: str


def write(path: Path, samples: Iterable[Sample]) -> None:
    """Write a manifest, whole or not at all."""
    write_csv(path, COLUMNS, samples)


def write_rejected(path: Path, rejected: Iterable[Rejected]) -> None:
    """Write what was left out and why, whole or not at all."""
    write_csv(path, REJECTED, rejected)
