"""Manifests: CSV tables with one row a sample.

Everything is text in the file; `read` gives a pandas table with the stated dtypes. Ids, groups and
hashes stay text, since spreadsheets and pandas would turn ``12e4`` into a number.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from datagen.atomic import write_csv
from datagen.characters import CharacterTable
from datagen.errors import InputError

COLUMNS = ("id", "codepoint", "label", "split", "source", "group", "origin", "seed", "sha256")
REJECTED = ("stage", "source", "codepoint", "origin", "reason")
SPLITS = ("train", "validation", "test")
_BLOCK = 1 << 20  # 1 MiB


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


def read_csv(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a CSV table as text and prove that it has the columns.

    Raises:
        InputError: The file is missing, is no CSV table, or lacks a column.
    """
    try:
        if _holds_nul(path):
            raise ValueError("it holds NUL bytes; save it as CSV UTF-8")
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path}: the table is missing") from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().replace("\n", " ")
        raise InputError(f"{path}: not a CSV table ({reason})") from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for names
        raise InputError(f"{path}: its rows have more fields than its first line")
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise InputError(f"{path}: the columns {', '.join(missing)} are missing")
    return table


def _holds_nul(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b"\0" in block for block in iter(lambda: file.read(_BLOCK), b""))


def read(path: Path, characters: CharacterTable | None = None) -> pd.DataFrame:
    """Read a manifest and check every row.

    Args:
        path: The CSV file.
        characters: The classes; given, labels and code points must agree with it.

    Returns:
        A table of the columns of `Sample`: `label` int64, all others text.

    Raises:
        InputError: A column is missing or a row is wrong; the message names the row.
    """
    table = read_csv(path, COLUMNS)
    _check_form(path, table, "label", "[0-9]{1,6}", "is no label")
    table["label"] = table["label"].astype("int64")
    _check(path, table, ~table["split"].isin(SPLITS), "split", "is no split")
    for column, pattern in (("id", "[0-9a-f]{16}"), ("sha256", "([0-9a-f]{64})?")):
        _check_form(path, table, column, pattern, f"is not of the form {pattern}")
    if characters is not None:
        expected = table["label"].map({c.label: c.codepoint for c in characters})
        wrong = expected != table["codepoint"]
        _check(path, table, wrong, "codepoint", "is not the class of its label")
    return table


def _check_form(path: Path, table: pd.DataFrame, column: str, pattern: str, problem: str) -> None:
    # One match over all of the column is many times quicker than one a row.
    text = "\n".join(table[column]) + "\n"
    if len(table) and not re.fullmatch(rf"(?:(?:{pattern})\n){{{len(table)}}}", text):
        _check(path, table, ~table[column].str.fullmatch(pattern), column, problem)


def _check(
    path: Path, table: pd.DataFrame, wrong: "pd.Series[bool]", column: str, problem: str
) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        value = re.sub(r"[^ -~]", "?", str(table[column].iloc[row]))[:40]
        raise InputError(f"{path}: row {row + 2}: {column} {value!r} {problem}")
