"""Feed broken input to every parser of bytes that come from outside.

    python tests/benchmarks/fuzz.py [--runs N] [--only TARGET ...] [--keep DIR] [--input FILE]

An input is accepted, or refused with one sentence (`InputError`). Anything else is a crash: another
exception, a process that dies, more than `SECONDS` for one input, more than `MEMORY` for it. Each
kind of crash is printed once, with the file in DIR that holds its input (`--only TARGET --input
FILE` runs it again), and the command ends with 1.

Inputs are made from real ones. Where atheris (https://github.com/google/atheris) is installed, what
a parser covers guides the search; without it, and where the parser works in another process,
changes are random.
"""

import argparse
import contextlib
import hashlib
import importlib
import mmap
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen.errors import InputError

SECONDS = 90  # for one input; fonts are given up after 60 by the library itself
START = 240  # seconds until the first input is read; a network's library takes a while
MEMORY = 1 << 30  # 1 GiB, which a process may grow by for one input
SPACE = 3 << 30  # 3 GiB of addresses in all
LARGEST = 1 << 16  # bytes of an input
DEATHS = 50  # after which a target is given up
_HEAD = struct.Struct("=5Q")  # runs, accepted, refused, crashes, size of the input in hand
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1)

INCLUDE = ["datagen", "tomllib", "zipfile", "gzip", "yaml"]

Parser = Callable[[bytes], object]


class Board:
    """A file in memory by which a worker says how far it is and what it is reading."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(_HEAD.size + LARGEST)
            self._map = mmap.mmap(file.fileno(), _HEAD.size + LARGEST)
        self.counts = list(_HEAD.unpack_from(self._map))[:4]

    def begin(self, data: bytes) -> None:
        self._map[_HEAD.size : _HEAD.size + len(data)] = data
        self._write(len(data))

    def end(self, outcome: int) -> None:
        self.counts[0] += 1
        self.counts[outcome] += 1
        self._write(0)

    def _write(self, size: int) -> None:
        _HEAD.pack_into(self._map, 0, *self.counts, size)

    def read(self) -> tuple[int, bytes]:
        *self.counts, size = _HEAD.unpack_from(self._map)
        return self.counts[0], self._map[_HEAD.size : _HEAD.size + size]


def changed(
    given: bytes, seeds: list[bytes], words: tuple[bytes, ...], chance: random.Random
) -> bytes:
    """Make an input from another; `seeds` are what parts are taken from."""
    data = bytearray(given)
    for _ in range(1 << max(0, chance.randrange(-3, 5))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + (1 << chance.randrange(8)))
        kind = chance.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at : at + 1] = chance.randbytes(1)
        elif kind == 2:
            width = 1 << chance.randrange(4)
            number = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
            data[at : at + width] = number.to_bytes(width, chance.choice(("big", "little")))
        elif kind == 3:
            del data[at:end]
        elif kind == 4:
            data[at:at] = data[at:end] * chance.choice((1, 1, 2, 50))
        elif kind == 5:
            other = chance.choice(seeds)
            start = chance.randrange(len(other) + 1)
            data[at:end] = other[start : start + (1 << chance.randrange(8))]
        elif kind == 6 and words:
            data[at : at + chance.choice((0, 0, 4))] = chance.choice(words)
        else:
            data[at:end] = chance.randbytes(1) * (end - at)
    return bytes(data[:LARGEST])


def work(name: str, runs: int, seed: int, board: Board, keep: Path) -> None:
    """Be a worker: read inputs until there were enough."""
    atheris = _atheris()
    noted = atheris.instrument_imports(include=INCLUDE) if atheris else contextlib.nullcontext()
    with noted:
        target = importlib.import_module("fuzz_targets").TARGETS[name]
        seeds = [data[:LARGEST] for data in target.seeds()]
        target.parse(seeds[0])  # what is made once, before limits hold
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", RuntimeWarning)  # numbers that went wrong
    once = Once(target.parse, runs, board, keep / name)
    resource.setrlimit(resource.RLIMIT_AS, (_addresses() + SPACE,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if atheris is not None and target.guided:
        folder = Path(tempfile.mkdtemp(prefix="fuzz-seeds-"))
        for number, data in enumerate(seeds):
            (folder / str(number)).write_bytes(data)
        options = [f"-seed={seed + 1}", f"-max_len={LARGEST}", "-rss_limit_mb=0", "-timeout=99999"]
        options += [f"-artifact_prefix={folder}/", "-len_control=0", "-reload=0", str(folder)]

        def change(data: bytes, most: int, number: int) -> bytes:
            chance = random.Random(number)
            if chance.random() < 0.3:
                return bytes(atheris.Mutate(data, most))
            given = data if chance.random() < 0.5 else chance.choice(seeds)
            return changed(given, seeds, target.words, chance)[:most]

        atheris.Setup([sys.argv[0], *options], once.run, custom_mutator=change)
        atheris.Fuzz()
    chance = random.Random(f"{name} {seed}")
    while True:
        once.run(changed(chance.choice(seeds), seeds, target.words, chance))


@dataclass
class Once:
    """Reads one input and writes down what became of it."""

    parse: Parser
    runs: int
    board: Board
    keep: Path
    seen: set[str] = field(default_factory=set)

    def run(self, data: bytes) -> None:
        if self.board.counts[0] >= self.runs:
            os._exit(0)
        before = _peak()
        self.board.begin(data)
        try:
            self.parse(data)
            outcome = 1
        except InputError as error:
            outcome = 2
            if "\n" in str(error) or "\0" in str(error):
                outcome = self._crash("a message of several lines", data, repr(str(error))[:300])
        except BaseException as error:  # which is what is looked for
            trace = traceback.extract_tb(error.__traceback__)
            ours = [f for f in trace if "/datagen/" in f.filename or "/trainer/" in f.filename]
            where = [f"{Path(f.filename).name}:{f.lineno}" for f in (*ours[-1:], *trace[-1:])]
            what = f"{type(error).__name__} at {' > '.join(where)}"
            outcome = self._crash(what, data, str(error)[:200])
        if (grown := _peak() - before) > MEMORY:
            outcome = self._crash("memory", data, f"{grown >> 20} MiB more")
        self.board.end(outcome)

    def _crash(self, what: str, data: bytes, more: str) -> int:
        if what not in self.seen:
            self.seen.add(what)
            save(self.keep, what, data, more)
        return 3


def save(keep: Path, what: str, data: bytes, more: str = "") -> None:
    """Keep an input; of one kind of crash the first."""
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / hashlib.sha256(what.encode()).hexdigest()[:12]
    if not path.exists():
        path.write_bytes(data)
        print(f"  {what}: {more}\n    {path}", flush=True)


def _atheris() -> Any:
    try:
        return importlib.import_module("atheris")
    except ImportError:
        return None


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _addresses() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


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
    last, since, begun = -1, time.monotonic(), False
    while process.poll() is None:
        time.sleep(0.05)
        runs, data = board.read()
        if runs != last:
            last, since = runs, time.monotonic()
        begun = begun or bool(data)
        if time.monotonic() - since > (SECONDS if begun else START):
            process.kill()
            process.wait()
            return f"took more than {SECONDS} s"
    return f"died with code {process.returncode}" if process.returncode else ""


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
    print("guided by coverage" if _atheris() else "not guided: atheris is not installed")
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
