"""Seconds to audit the installed fonts for the 89 characters with nothing remembered.

    python tests/benchmarks/audit.py [--quick]

- `product`: `datagen fonts` with an empty cache on all cores, start of the program included.
- `drawing`: Pillow opens each font and draws each character at 64 px, one process, no checks.

Times are scaled to 500 fonts.
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

FILES = [file.path for file in find_fonts([], installed=True).files]
FONTS = 500  # that times are scaled to
CORES: list[float] = []  # core seconds of each audit, which a busy machine changes less


def product() -> float:
    with tempfile.TemporaryDirectory() as cache:
        command = [PYTHON, "-m", "datagen.cli", "fonts", "--quiet"]
        ran = run(command, environment={"MATH_VISION_CACHE": cache})
        if len(list(Path(cache).rglob("*.json"))) < len(FILES):
            raise SystemExit("not all fonts were audited")
        CORES.append(ran.core_seconds)
        return ran.seconds


def drawing() -> float:
    chars = [c.char for c in characters.load()]
    started = time.perf_counter()
    for path in FILES:
        font = ImageFont.truetype(path, 64, layout_engine=ImageFont.Layout.BASIC)
        for char in chars:
            canvas = Image.new("L", (96, 96))
            ImageDraw.Draw(canvas).text((48, 48), char, 255, font, "mm")
            canvas.getbbox()
    return time.perf_counter() - started


def measure(quick: bool) -> list[Row]:
    seconds = alternate({"product": product, "drawing": drawing}, 2 if quick else 7)
    scaled = {name: median(values) * FONTS / len(FILES) for name, values in seconds.items()}
    return [
        Row(f"font audit of {len(FILES)} files, cold", f"{median(seconds['product']):.2f} s"),
        below(f"font audit of {FONTS} files, cold", scaled["product"], 2, "s"),
        Row("the same, core seconds", f"{median(CORES) * FONTS / len(FILES):.2f} s"),
        Row(f"Pillow draws the characters of {FONTS} files", f"{scaled['drawing']:.2f} s"),
    ]


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
