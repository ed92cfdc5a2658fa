"""What the benchmarks share: rounds of methods in turn, memory of processes, tables of results."""

import argparse
import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PYTHON = sys.executable
PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "pillow",
    "freetype-py",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
)


@dataclass(frozen=True)
class Row:
    """One line of the table; `goal` is empty where none was set."""

    what: str
    value: str
    goal: str = ""
    met: bool | None = None


def above(what: str, value: float, goal: float, unit: str) -> Row:
    """A row whose value should be at least its goal."""
    return Row(what, _text(value, unit), f"at least {_text(goal, unit)}", value >= goal)


def below(what: str, value: float, goal: float, unit: str) -> Row:
    """A row whose value should be below its goal."""
    return Row(what, _text(value, unit), f"below {_text(goal, unit)}", value < goal)


def _text(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 20 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def alternate(
    methods: Mapping[str, Callable[[], float]], rounds: int, warm: bool = True
) -> dict[str, list[float]]:
    """Run each method once a round, in turn, so that a slow spell slows all; what they return."""
    values: dict[str, list[float]] = {name: [] for name in methods}
    for number in range(-1 if warm else 0, rounds):
        for name, method in methods.items():
            value = method()
            if number >= 0:
                values[name].append(value)
                print(f"  round {number + 1}: {name} {_text(value, '')}", flush=True)
    return values


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


@dataclass(frozen=True)
class Ran:
    """How a command ran: seconds, core seconds, and the most memory of any process of it in MB."""

    seconds: float
    core_seconds: float
    memory: float


def run(
    command: list[str], stop: Callable[[], bool] = lambda: False, environment: object = None
) -> Ran:
    """Run a command and watch it; where `stop` says so, it gets Ctrl-C. Linux only.

    The memory is the peak of the resident set that the kernel keeps for each process (VmHWM), so
    nothing is missed between two looks but a process's last fifth of a second.
    """
    started, most = time.perf_counter(), 0.0
    before = os.times()
    variables = {**os.environ, **(environment if isinstance(environment, dict) else {})}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    asked = False
    while process.poll() is None:
        most = max([most, *map(_peak, _family(process.pid))])
        if not asked and stop():
            process.send_signal(signal.SIGINT)
            asked = True
        time.sleep(0.05)
    if process.returncode and not asked:
        raise SystemExit(f"{' '.join(command)} ended with code {process.returncode}")
    after = os.times()
    cores = sum(after[2:4]) - sum(before[2:4])
    return Ran(time.perf_counter() - started, cores, most)


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _peak(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def machine() -> list[str]:
    """Describe the machine and what runs on it."""
    cpu = platform.processor() or platform.machine()
    memory = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), cpu)
        total = int(Path("/proc/meminfo").read_text().split()[1])
        memory = f", {total / 1048576:.0f} GB"
    found = {name: _version(name) for name in PACKAGES}
    versions = ", ".join(f"{name} {found[name]}" for name in PACKAGES if found[name])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        f"{cpu}, {cores} cores{memory}, load {os.getloadavg()[0]:.1f}",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {versions}",
    ]


def _version(package: str) -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version(package)
    return ""


def show(rows: list[Row]) -> None:
    """Print results as a table in Markdown."""
    print("| what | measured | goal | |\n|---|---|---|---|")
    for row in rows:
        mark = {True: "yes", False: "**no**", None: ""}[row.met]
        print(f"| {row.what} | {row.value} | {row.goal} | {mark} |")


def main(description: str, measure: Callable[[bool], list[Row]]) -> None:
    """Be a benchmark's command: `--quick` for a look, `--rows` to keep the results."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="smaller and fewer rounds")
    parser.add_argument("--rows", type=Path, help="write the results to this file as JSON")
    options = parser.parse_args()
    rows = measure(options.quick)
    show(rows)
    if options.rows:
        options.rows.write_text(json.dumps([asdict(row) for row in rows]))
