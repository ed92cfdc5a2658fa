"""Feed broken input to every parser of bytes that come from outside.

    python tests/benchmarks/fuzz.py [--runs N] [--only TARGET ...] [--keep DIR] [--input FILE]

An input is accepted, or refused with one sentence (`InputError`). Anything else is a crash: another
exception, a process that dies, more than `SECONDS` for one input, more than 1 GiB for it. Each
kind of crash is printed once, with the file in DIR that holds its input (`--only TARGET --input
FILE` runs it again), and the command ends with 1.

Inputs are made from real ones. Where atheris (https://github.com/google/atheris) is installed, what
a parser covers guides the search; without it, and where the parser works in another process,
changes are random.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz_board import Board, save
from fuzz_worker import atheris_or_none, work

SECONDS = 90  # of the processor for one input; fonts are given up after 60 by the library itself
STILL = 10  # times as long by the clock: a worker that waits for nothing
START = 240  # seconds until the first input is read; a network's library takes a while
DEATHS = 50  # after which a target is given up


def campaign(name: str, runs: int, keep: Path) -> list[int]:
    """Run a target's inputs in worker processes; returns runs, accepted, refused, crashes."""
    memory = Path("/dev/shm")  # noqa: S108 - in a folder of our own; many small files are written
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        board = Board(Path(folder) / "board")
        for seed in range(DEATHS):
            options = [
                "--work",
                name,
                "--runs",
                str(runs),
                "--seed",
                str(seed),
                "--keep",
                str(keep),
            ]
            log = Path(folder) / "log"
            with log.open("wb") as file:
                process = subprocess.Popen(
                    [sys.executable, __file__, *options, "--board", str(Path(folder) / "board")],
                    stderr=file,
                    env=os.environ | {"TMPDIR": folder, "TF_CPP_MIN_LOG_LEVEL": "3"},
                )
                end = watch(process, board)
            done, data = board.read()
            if not end and done >= runs:
                break
            if not done and not data:
                sys.exit(f"{name} can't be run:\n{log.read_text(errors='replace')[-2000:]}")
            save(keep / name, f"the process {end or 'left'}", data, "")
            board.end(3)
        return board.counts


def watch(process: "subprocess.Popen[bytes]", board: Board) -> str:
    """Wait for a worker; returns how it ended, empty where that was well."""
    last, since, spent, begun = -1, time.monotonic(), 0.0, False
    while process.poll() is None:
        time.sleep(0.05)
        runs, data = board.read()
        if runs != last:
            last, since, spent = runs, time.monotonic(), _processor(process.pid)
        begun = begun or bool(data)
        most = SECONDS if begun else START
        if _processor(process.pid) - spent > most or time.monotonic() - since > most * STILL:
            process.kill()
            process.wait()
            return f"took more than {SECONDS} s"
    return f"died with code {process.returncode}" if process.returncode else ""


def _processor(pid: int) -> float:
    """Seconds of the processor that a process has had: on a busy machine the clock tells little."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5000, help="of a quick parser; slow ones less")
    parser.add_argument("--only", action="append", default=[], help="name of a target")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-crashes"), help="for inputs")
    parser.add_argument("--input", type=Path, help="read this one input with the target")
    for hidden in ("--work", "--seed", "--board"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        board = Board(Path(options.board))
        work(options.work, options.runs, int(options.seed), board, options.keep)
    targets = importlib.import_module("fuzz_targets").TARGETS
    if unknown := set(options.only) - set(targets):
        parser.error(f"no target is named {', '.join(sorted(unknown))}: {', '.join(targets)}")
    if options.input:
        print(targets[options.only[0]].parse(options.input.read_bytes()))
        return
    print("guided by coverage" if atheris_or_none() else "not guided: atheris is not installed")
    rows = {}
    for name in options.only or targets:
        started = time.monotonic()
        print(f"{name}:", flush=True)
        rows[name] = campaign(name, max(1, options.runs // targets[name].cost), options.keep)
        print("  runs {}, accepted {}, refused {}, crashes {}".format(*rows[name]), end="")
        print(f", {time.monotonic() - started:.0f} s", flush=True)
    print("\n| target | runs | accepted | refused | crashes |\n|---|---|---|---|---|")
    for name, counts in rows.items():
        print(f"| {name} | {' | '.join(f'{count:,}' for count in counts)} |")
    sys.exit(any(counts[3] for counts in rows.values()))


if __name__ == "__main__":
    main()
