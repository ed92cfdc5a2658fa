"""End a build before each single change it makes to its folder, run it again, compare every byte.

    python tests/benchmarks/kill_points.py [--every N]

`kills.py` kills at random moments; this leaves none out. A small build of one process is ended
without a handler of it running, as SIGKILL does, before its first, its second, its third … opening
for writing, renaming, making or removing of a file or folder in the dataset's folder. Then it runs
again, and the SHA-256 of every file is compared with those of a build that nobody disturbed. Ends
with 1 where one differs. `--every N` tries each Nth point only.
"""

import argparse
import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tiny

from datagen.build import build

# Loaded once, here: each trial is a fork of this process, which itself does nothing but wait.
for name in ("augment", "canvas", "export", "judge", "show", "synthesis", "writing"):
    importlib.import_module(f"datagen.{name}")

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate"}
KILLED = 137


def in_child(work: Callable[[], object]) -> int:
    """Run something in a fork of this process; returns its exit code."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def watch(folder: Path, seen: Callable[[str], None]) -> None:
    """Call `seen` before each change to a folder in this process, with what it is."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            writes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        else:
            writes = event in CHANGES
        if writes and str(arguments[0]).startswith(str(folder)):
            seen(f"{event} {Path(str(arguments[0])).relative_to(folder)}")

    sys.addaudithook(hook)


def end_before(point: int) -> Callable[[str], None]:
    count = 0

    def seen(_: str) -> None:
        nonlocal count
        if count == point:
            os._exit(KILLED)
        count += 1

    return seen


def make(place: Path) -> Callable[[Path], object]:
    """Write a small recipe; returns what builds it into a folder."""
    recipe, sources = tiny.make(place / "from", classes=3)
    small = recipe.read_text().replace("per_class = 6", "per_class = 8").replace("= 48", "= 10")
    recipe.write_text(small)
    return lambda out: build(recipe, out, sources, workers=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        run = make(place)
        if in_child(lambda: run(place / "calm")):  # fonts are audited now, for all
            sys.exit("a build that nobody disturbs fails")
        want = tiny.hashes(place / "calm")
        log = place / "log"

        def counted() -> None:
            with log.open("w") as file:
                watch(place / "counted", lambda change: print(change, file=file, flush=True))
                run(place / "counted")

        in_child(counted)
        points = log.read_text().splitlines()
        print(f"{len(points)} changes to the folder, {len(want)} files", flush=True)
        same = tried = 0
        for point in range(0, len(points), options.every):
            out = place / f"out-{point}"

            def killed(out: Path = out, point: int = point) -> None:
                watch(out, end_before(point))
                run(out)

            first = in_child(killed)
            again = in_child(lambda out=out: run(out))  # type: ignore[misc]
            equal = first == KILLED and not again and tiny.hashes(out) == want
            tried, same = tried + 1, same + equal
            if not equal:
                print(
                    f"  before {points[point]}: codes {first} and {again}, OTHER BYTES", flush=True
                )
        print(f"{same} of {tried} the same")
    sys.exit(same < tried)


if __name__ == "__main__":
    main()
