"""What the benchmarks that kill share: try many times, say each time what came of it, sum up."""

import argparse
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence

# A shell starts what runs in its background with Ctrl-C ignored, and our children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

Trial = Callable[[str, random.Random], tuple[bool, str]]
"""Disturbs something in one way; returns whether all is the same in the end, and what to say."""


def options(description: str, times: int) -> argparse.Namespace:
    """Read the command line: `times` and `seed`."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--times", type=int, default=times)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def repeat(ways: Sequence[str], times: int, seed: int, trial: Trial) -> int:
    """Try the ways in turn; returns how often anything was not the same."""
    chance = random.Random(seed)
    same: Counter[str] = Counter()
    for number in range(times):
        way = ways[number % len(ways)]
        equal, said = trial(way, chance)
        same[way] += equal
        print(f"{number + 1:4d}  {way:10s} {said}", flush=True)
    print("  ".join(f"{way}: {same[way]}" for way in ways))
    print(f"{same.total()} of {times} the same")
    return times - same.total()
