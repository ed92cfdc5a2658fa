"""How much sooner two cores draw a dataset than one.

    python tests/benchmarks/scaling.py [--quick]

`datagen build` of fonts alone with one worker and with two, in turn, start of the program included;
the fonts are audited before. Starting takes two seconds, and each worker one more, so that the
figure says what long builds gain: half a million pictures, a minute and a half on one core.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from measuring import PYTHON, Row, above, alternate, main, ratio, run

CLASSES = 89
RECIPE = """
name = "scaling"
[train]
per_class = {per_class}
[shards]
records = 2048
[sources.fonts]
kind = "fonts"
"""


def measure(quick: bool) -> list[Row]:
    per_class, rounds = (1840, 1) if quick else (5600, 2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.toml").write_text(RECIPE.format(per_class=per_class))
        made = iter(range(1000))

        def rate(workers: int) -> float:
            out = folder / str(next(made))
            command = [PYTHON, "-m", "datagen.cli", "build", str(folder / "recipe.toml")]
            ran = run([*command, f"--out={out}", f"--workers={workers}", "--quiet"])
            return per_class * CLASSES / ran.seconds

        rates = alternate({"two": partial(rate, 2), "one": partial(rate, 1)}, rounds)
    busy = f"load {os.getloadavg()[0]:.1f}"
    return [
        Row(f"building {per_class * CLASSES:,} drawn samples, one worker ({busy})",
            f"{median(rates['one']):,.0f} images/s"),
        Row("the same, two workers", f"{median(rates['two']):,.0f} images/s"),
        above("two workers, times one", ratio(rates["two"], rates["one"]), 1.85, "x"),
    ]  # fmt: skip


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
