"""Seconds that `--help` of both commands takes, beside Python's own start.

python tests/benchmarks/startup.py [--quick]
"""

import sys
from collections.abc import Callable
from functools import partial
from statistics import median

from measuring import PYTHON, Row, alternate, below, main, run

CORES: list[float] = []  # core seconds of each start, which a busy machine changes less


def helped(module: str) -> float:
    ran = run([PYTHON, "-m", f"{module}.cli", "--help"])
    CORES.append(ran.core_seconds)
    return ran.seconds


def nothing() -> float:
    return run([PYTHON, "-c", "pass"]).seconds


def measure(quick: bool) -> list[Row]:
    methods: dict[str, Callable[[], float]] = {
        "datagen": partial(helped, "datagen"),
        "trainer": partial(helped, "trainer"),
        "python": nothing,
    }
    seconds = alternate(methods, 3 if quick else 11)
    rows = [
        below(f"`{name} --help`", median(seconds[name]), 0.4, "s")
        for name in ("datagen", "trainer")
    ]
    rows.append(Row("the same, core seconds", f"{median(CORES):.2f} s"))
    return [*rows, Row("Python's own start", f"{median(seconds['python']):.2f} s")]


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
