"""Seconds until `--help` of both commands and the first answer of `predict` with a light runtime.

python tests/benchmarks/startup.py [--quick]
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measuring import PYTHON, Row, alternate, below, main, run
from PIL import Image, ImageDraw, ImageFont

MODEL = Path(__file__).parents[2] / "trainer" / "models" / "handwriting.tflite"
GOALS = {"datagen --help": 0.4, "trainer --help": 0.4, "trainer predict": 0.5}  # seconds
CORES: dict[str, list[float]] = {}  # core seconds of each, which a busy machine changes less


def timed(name: str, *words: str) -> float:
    ran = run([PYTHON, *words])
    CORES.setdefault(name, []).append(ran.core_seconds)
    return ran.seconds


def measure(quick: bool) -> list[Row]:
    with TemporaryDirectory() as folder:
        picture = f"{folder}/7.png"
        image = Image.new("L", (60, 60), 255)
        ImageDraw.Draw(image).text((20, 10), "7", 0, ImageFont.load_default(40))
        image.save(picture)
        commands = {
            "datagen --help": ("-m", "datagen.cli", "--help"),
            "trainer --help": ("-m", "trainer.cli", "--help"),
            "trainer predict": ("-m", "trainer.cli", "predict", str(MODEL), picture),
            "Python's own start": ("-c", "pass"),
        }
        methods: dict[str, Callable[[], float]] = {
            name: partial(timed, name, *words) for name, words in commands.items()
        }
        seconds = alternate(methods, 3 if quick else 11)
    rows = []
    for name, values in seconds.items():
        goal = GOALS.get(name)
        value = median(values)
        rows.append(below(name, value, goal, "s") if goal else Row(name, f"{value:.2f} s"))
        rows.append(Row(f"{name}, core seconds", f"{median(CORES[name]):.2f} s"))
    return rows


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
