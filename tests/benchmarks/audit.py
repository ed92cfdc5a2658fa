"""Seconds to audit 500 fonts for the 89 characters with nothing remembered.

    python tests/benchmarks/audit.py [--quick]

- `product`: `datagen fonts` with an empty cache on all cores, start of the program included.
- `drawing`: Pillow opens each font and draws each character at 64 px, one process, no checks.

The fonts are the installed ones; what is missing to 500 are copies of them with a byte more, so
that each is proved, drawn and judged anew.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measuring import PYTHON, Row, alternate, below, main, run
from PIL import Image, ImageDraw, ImageFont

from datagen import characters
from datagen.font_files import find_fonts

FONTS = 500
CORES: list[float] = []  # core seconds of each audit, which a busy machine changes less


def gather(folder: Path) -> list[Path]:
    """Put `FONTS` different files into a folder."""
    installed = [file.path for file in find_fonts([], installed=True).files]
    made = []
    for number in range(FONTS):
        turn, place = divmod(number, len(installed))
        made.append(folder / f"{number:03d}{installed[place].suffix}")
        made[-1].write_bytes(installed[place].read_bytes() + bytes(turn))
    return made


def product(folder: Path) -> float:
    with tempfile.TemporaryDirectory() as cache:
        command = [PYTHON, "-m", "datagen.cli", "fonts", str(folder), "--no-installed", "--quiet"]
        ran = run(command, environment={"MATH_VISION_CACHE": cache})
        if len(list(Path(cache).rglob("*.json"))) != FONTS:
            raise SystemExit("not all fonts were audited")
        CORES.append(ran.core_seconds)
        return ran.seconds


def drawing(files: list[Path]) -> float:
    chars = [c.char for c in characters.load()]
    started = time.perf_counter()
    for path in files:
        font = ImageFont.truetype(path, 64, layout_engine=ImageFont.Layout.BASIC)
        for char in chars:
            canvas = Image.new("L", (96, 96))
            ImageDraw.Draw(canvas).text((48, 48), char, 255, font, "mm")
            canvas.getbbox()
    return time.perf_counter() - started


def measure(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as place:
        files = gather(Path(place))
        cases = {"product": lambda: product(Path(place)), "drawing": lambda: drawing(files)}
        seconds = alternate(cases, 2 if quick else 7)
    return [
        below(f"font audit of {FONTS} files, cold", median(seconds["product"]), 2, "s"),
        Row("the same, core seconds", f"{median(CORES):.2f} s"),
        Row(f"Pillow draws the characters of {FONTS} files", f"{median(seconds['drawing']):.2f} s"),
    ]


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
