"""A worker of `fuzz.py`: reads inputs with one target until there were enough, or until it dies."""

import contextlib
import importlib
import os
import random
import resource
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_board import LARGEST, Board, save
from fuzz_changes import changed

from datagen.errors import InputError

MEMORY = 1 << 30  # 1 GiB, which a process may grow by for one input
SPACE = 3 << 30  # 3 GiB of addresses in all
INCLUDE = ["datagen", "tomllib", "zipfile", "gzip", "yaml"]

Parser = Callable[[bytes], object]


def work(name: str, runs: int, seed: int, board: Board, keep: Path) -> None:
    """Be a worker: read inputs until there were enough."""
    atheris = atheris_or_none()
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


def atheris_or_none() -> Any:
    try:
        return importlib.import_module("atheris")
    except ImportError:
        return None


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _addresses() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
