"""Read the CSV tables of a dataset as pandas tables, every row checked.

Workers only write tables, so they get by without pandas, which takes a third of a second to load.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.manifest import COLUMNS, SPLITS

_BLOCK = 1 << 20  # 1 MiB


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
        A table of the columns of `datagen.manifest.Sample`: `label` int64, all others text.

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
