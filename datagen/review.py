"""The review page: one HTML file with every picture in it, to be opened from disk.

The pictures are laid into sheets, PNG files of some thousand each, and stand in the page as text;
the page shows only those rows of the grid that are in sight, so that 100,000 samples stay quick.
"""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datagen.atomic import atomic_file
from datagen.characters import CharacterTable
from datagen.curated import CuratedRow
from datagen.decisions import Applied

COLUMNS = 64  # pictures side by side in a sheet
ROWS = 32  # rows of pictures in a sheet
LEVELS = 16  # gray levels of a picture on the page


def write(
    path: Path,
    rows: Sequence[CuratedRow],
    pixels: NDArray[np.uint8],
    characters: CharacterTable,
    decided: Applied,
) -> None:
    """Write the page, whole or not at all.

    Args:
        path: The HTML file.
        rows: Every picture; the first of them have pixels, the others could not be framed.
        pixels: uint8, shape (n, size, size).
        characters: The classes.
        decided: What was decided already.
    """
    template = resources.files("datagen").joinpath("review.html").read_text(encoding="utf-8")
    before, after = template.split("/*DATA*/")
    with atomic_file(path) as file:
        file.write(before.encode())
        file.write(script("data", _data(rows, pixels, characters, decided)))
        for number, sheet in enumerate(sheets(pixels)):
            file.write(f'<script type="text/plain" id="sheet{number}">'.encode())
            file.write(base64.b64encode(sheet))
            file.write(b"</script>\n")
        file.write(after.encode())


def script(name: str, value: Any) -> bytes:
    """Return an element of a page that holds a value as JSON, for its script to read by its id."""
    # "</script>" within a string would end the element.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'.encode()


def _data(
    rows: Sequence[CuratedRow],
    pixels: NDArray[np.uint8],
    characters: CharacterTable,
    decided: Applied,
) -> dict[str, Any]:
    verdicts = ["keep", "review", "relabel", "drop"]
    checks = ["", *sorted({row.check for row in rows if row.check})]
    sources = sorted({row.source for row in rows})
    codes = [c.codepoint for c in characters]
    place = {code: number for number, code in enumerate(codes)}
    reasons = {n: row.reason for n, row in enumerate(rows) if row.reason}
    return {
        "size": pixels.shape[1],
        "columns": COLUMNS,
        "rows": ROWS,
        "pictures": len(pixels),
        "codes": codes,
        "chars": [c.char for c in characters],
        "verdicts": verdicts,
        "checks": checks,
        "sources": sources,
        "id": [row.id for row in rows],
        "label": [place.get(row.codepoint, -1) for row in rows],
        "source": [sources.index(row.source) for row in rows],
        "verdict": [verdicts.index(row.verdict) for row in rows],
        "check": [checks.index(row.check) for row in rows],
        "score": [row.score for row in rows],
        "suggested": [place.get(row.suggested, -1) for row in rows],
        "origin": [row.origin for row in rows],
        "reason": reasons,
        "decisions": [
            [row, one.verdict, one.label, one.who, one.when]
            for row, one in sorted(decided.own.items())
        ],
    }


def sheets(pixels: NDArray[np.uint8]) -> Iterator[bytes]:
    """Lay pictures into sheets, `COLUMNS` × `ROWS` each; yield them as PNG files.

    Args:
        pixels: uint8, shape (n, size, size).
    """
    size = pixels.shape[1]
    each = COLUMNS * ROWS
    for start in range(0, len(pixels), each):
        part = np.zeros((each, size, size), np.uint8)
        here = pixels[start : start + each]
        part[: len(here)] = here
        height = -(-len(here) // COLUMNS)
        grid = part[: height * COLUMNS].reshape(height, COLUMNS, size, size)
        sheet = grid.transpose(0, 2, 1, 3).reshape(height * size, COLUMNS * size)
        step = 255 // (LEVELS - 1)
        image = Image.fromarray(np.asarray((sheet.astype(np.uint16) + step // 2) // step, np.uint8))
        image.putpalette([value * step for value in range(LEVELS) for _ in range(3)])
        data = io.BytesIO()
        image.save(data, "PNG", bits=4)
        yield data.getvalue()
