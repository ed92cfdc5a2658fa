"""Damage a good dataset in every way, find it, repair it.

    python tests/benchmarks/damage.py [--quick] [--keep DIR]

Prints for each kind of damage how often it was planted, how often `datagen verify` found it and
named the file, and how often `--repair` gave back the same bytes in every file without touching a
good one. Ends with 1 where one figure falls short. `--quick` plants each kind once.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import tiny
from damage_kinds import KINDS, Damage

from datagen.build import build
from datagen.repair import repair
from datagen.verify import verify


def times(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in files
    }


def copy(good: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder, copy_function=os.link)


def trial(good: Path, folder: Path, damage: Damage, chance: random.Random) -> tuple[bool, bool]:
    """Damage a copy; returns whether that was found and whether it was repaired."""
    want = tiny.hashes(good)
    copy(good, folder)
    names = damage(folder, chance)
    now = tiny.hashes(folder)
    if now == want:
        return trial(good, folder, damage, chance)  # two equal values changed places
    hurt = {n for n in want if now.get(n) != want[n]}
    before = times(folder)
    done = repair(folder, workers=1)
    found = any(problem.file == names for problem in done.problems)
    same = tiny.hashes(folder) == want and not done.left
    after = times(folder)
    untouched = all(after[name] == before[name] for name in want if name not in hurt)
    if not (found and same and untouched):
        print(
            "  not right:", names, found, same, untouched, *done.problems, done.reason, sep="\n    "
        )
    return found, same and untouched


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="plant each kind once")
    parser.add_argument("--keep", type=Path, help="folder for the dataset, to use it again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds whose name holds this text")
    options = parser.parse_args()
    rounds = 1 if options.quick else 3
    with tempfile.TemporaryDirectory() as name:
        place = (options.keep or Path(name)).absolute()
        recipe, sources = tiny.make(place / "from")
        good = build(recipe, place / "good", sources, workers=1).folder
        alarms = len(verify(good, workers=1).problems)
        print(f"false alarms on the untouched dataset: {alarms}", flush=True)
        chance = random.Random(options.seed)
        planted = found = repaired = 0
        for kind, damage in KINDS.items():
            if options.only not in kind:
                continue
            results = [trial(good, place / "copy", damage, chance) for _ in range(rounds)]
            ours, mended = (sum(column) for column in zip(*results, strict=True))
            print(f"{kind:44s} found {ours}/{rounds}   repaired {mended}/{rounds}", flush=True)
            planted, found, repaired = planted + rounds, found + ours, repaired + mended
    print(f"all {len(KINDS)} kinds: found {found} of {planted}, the same bytes {repaired}")
    sys.exit(bool(alarms) or found < planted or repaired < planted)


if __name__ == "__main__":
    main()
