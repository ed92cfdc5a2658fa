"""Peak memory of each process, for plans of 100,000 and of 5,000,000 drawn samples.

    python tests/benchmarks/memory.py [--quick]

`datagen build` runs on two cores until some shards of each plan are written; then it gets Ctrl-C.
What grows with the plan is there by then: the plan is made before the first shard, and a finished
shard leaves some ten kilobytes behind. Peaks are the kernel's own (VmHWM), of every process of the
build. Planning is timed by itself, in this process.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import PYTHON, Row, below, main, run

from datagen import characters, recipe
from datagen.plan import cut, plan
from datagen.survey import survey

CLASSES = 89
PLANS = (100_000, 5_000_000)
RECORDS = 2048  # of a shard: more shards than usual, so that their number shows in the memory


def text(samples: int) -> str:
    per_class = -(-samples // CLASSES)
    return (
        f'name = "memory"\n[train]\nper_class = {per_class}\n[shards]\nrecords = {RECORDS}\n'
        '[sources.fonts]\nkind = "fonts"\n'
    )


def peak(folder: Path, samples: int, shards: int) -> float:
    """Build until so many shards are written; returns the most memory of a process in MB."""
    path = folder / f"{samples}.toml"
    path.write_text(text(samples))
    out = folder / str(samples)
    command = [PYTHON, "-m", "datagen.cli", "build", str(path), "--out", str(out)]
    command += ["--workers=2", "--quiet"]

    def enough() -> bool:
        return len(list(out.glob(".build/train-*.json"))) >= shards

    return run(command, enough).memory


def planning(folder: Path, samples: int) -> tuple[float, float]:
    """Plan as a build does; returns seconds and the peak of this process in MB."""
    (folder / "recipe.toml").write_text(text(samples))
    wanted = recipe.load(folder / "recipe.toml")
    pictures = survey({}, characters.load(), 32, "tight", folder / "pixels")
    started = time.perf_counter()
    planned = plan(wanted, pictures, np.zeros(0, np.bool_), CLASSES)
    cut(planned.splits["train"], wanted.shards.records)
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(quick: bool) -> list[Row]:
    shards = 8 if quick else 40
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, most = planning(folder, PLANS[-1])
        rows.append(below(f"planning {PLANS[-1]:,} samples", seconds, 30, "s"))
        rows.append(below("planning, peak memory", most, 2048, "MB"))
        peaks = {samples: peak(folder, samples, shards) for samples in PLANS}
    for samples, memory in peaks.items():
        what = f"building {samples:,} samples, first {shards} shards, peak memory of a process"
        rows.append(below(what, memory, 600, "MB"))
    return rows


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
