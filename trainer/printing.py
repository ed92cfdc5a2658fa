"""How predictions are printed: one function a format, each called once a picture."""

import csv
import json
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.predict import Prediction

COLUMNS = ("path", "rank", "codepoint", "char", "probability")
REFUSED = {"unknown": "not one of mine", "empty": "no symbol here"}


class Format(StrEnum):
    """How predictions are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def printer(form: Format) -> "Callable[[Prediction], None]":
    """Return a function that prints a prediction to standard output.

    File names that aren't valid text leave the program as the bytes that they are, but for
    ``table``, which is for people and escapes them as it does line breaks.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(encoding="utf-8", errors="surrogateescape")
    return {Format.table: _table, Format.csv: _csv, Format.json: _json}[form]()


def printable(text: str) -> str:
    """Escape what would break a line or a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _table() -> "Callable[[Prediction], None]":
    def write(prediction: "Prediction") -> None:
        shown = [f"{c.char} {c.probability:6.1%}" for c in prediction.candidates]
        if prediction.verdict in REFUSED:
            shown.append(REFUSED[prediction.verdict] if not shown else "(not one of mine?)")
        print(printable(str(prediction.path)), *shown, sep="   ")  # noqa: T201

    return write


def _csv() -> "Callable[[Prediction], None]":
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)

    def write(prediction: "Prediction") -> None:
        for rank, c in enumerate(prediction.candidates, start=1):
            writer.writerow([prediction.path, rank, c.codepoint, c.char, f"{c.probability:.6f}"])
        if not prediction.candidates:  # rank 0: refused, so that every picture has a row
            writer.writerow([prediction.path, 0, "", "", ""])

    return write


def _json() -> "Callable[[Prediction], None]":
    def write(prediction: "Prediction") -> None:
        candidates = [
            {"codepoint": c.codepoint, "char": c.char, "probability": round(c.probability, 6)}
            for c in prediction.candidates
        ]
        about = {"path": str(prediction.path), "verdict": prediction.verdict}
        print(json.dumps({**about, "candidates": candidates}))  # noqa: T201

    return write
