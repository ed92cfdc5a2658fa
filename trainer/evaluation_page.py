"""The page of an evaluation: one HTML file with everything in it, to be opened from disk."""

import base64
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from datagen.atomic import atomic_file
from datagen.characters import CharacterTable
from datagen.review import COLUMNS, ROWS, script, sheets
from trainer.answers import pictures
from trainer.dataset import Dataset
from trainer.evaluation_data import Scored, chosen, data


def write(
    path: Path,
    scored: Scored,
    table: CharacterTable,
    dataset: Dataset,
    split: str,
    metrics: dict[str, Any],
) -> None:
    """Write the page, whole or not at all.

    Args:
        path: The HTML file.
        scored: What the model says about the split.
        table: The model's classes.
        dataset: Where the pictures are.
        split: The split.
        metrics: What ``metrics.json`` holds.

    Raises:
        InputError: A record can't be read.
    """
    wrong, right = chosen(scored)
    pixels = pictures(dataset, split, np.concatenate([wrong, right]))
    shown = {
        "columns": COLUMNS,
        "rows": ROWS,
        "size": dataset.size,
        **data(scored, table, metrics, wrong, right),
    }
    before, after = _template().split("/*DATA*/")
    with atomic_file(path) as file:
        file.write(before.encode())
        file.write(script("data", shown))
        for number, sheet in enumerate(sheets(pixels)):
            file.write(f'<script type="text/plain" id="sheet{number}">'.encode())
            file.write(base64.b64encode(sheet))
            file.write(b"</script>\n")
        file.write(after.encode())


def _template() -> str:
    """Put the page together from its parts; each names where the next belongs."""
    page = _part("evaluation.html")
    for mark, name in (
        ("/*STYLE*/", "evaluation.css"),
        ("/*SCRIPT*/", "evaluation.js"),
        ("/*MATRIX*/", "evaluation_matrix.js"),
        ("/*LISTS*/", "evaluation_lists.js"),
    ):
        page = page.replace(f"{mark}\n", _part(name))
    return page


def _part(name: str) -> str:
    return resources.files("trainer").joinpath(name).read_text(encoding="utf-8")
