"""Kill a build at random moments, run the same command again, compare every byte.

    python tests/benchmarks/kills.py [--times 100] [--seed 0]

Each time one of these is done at a random moment of a build: SIGKILL of a worker, of the parent, or
of all at once, or SIGINT to all as Ctrl-C does. Where the build did not get over it by itself, the
same command runs again, once. Then the SHA-256 of every file is compared with those of a build that
nobody disturbed. Ends with 1 where one file of one build differs.
"""

import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import killing
import tiny

WAYS = ("a worker", "the parent", "all", "Ctrl-C")


def command(recipe: Path, out: Path, sources: dict[str, Path]) -> list[str]:
    words = [sys.executable, "-m", "datagen.cli", "build", str(recipe), "--out", str(out)]
    return [*words, *(f"--source={n}={p}" for n, p in sources.items()), "--workers=2", "--quiet"]


def workers_of(parent: int) -> list[int]:
    """Processes of the executor, as Linux tells them."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            line = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"spawn_main" in line:
            found.append(int(path.name))
    return found


def disturb(words: list[str], way: str, moment: float, chance: random.Random) -> tuple[str, float]:
    """Start a build and disturb it; returns what happened and the seconds until it had ended."""
    process = subprocess.Popen(words, start_new_session=True, stderr=subprocess.PIPE, text=True)
    started = time.monotonic()
    while time.monotonic() - started < moment and process.poll() is None:
        time.sleep(0.01)
    if process.poll() is not None:
        process.communicate()
        return "had ended already", 0.0
    if way == "a worker":
        while process.poll() is None and not workers_of(process.pid):
            time.sleep(0.01)
        for pid in (chance.choice(found) for found in [workers_of(process.pid)] if found):
            os.kill(pid, signal.SIGKILL)
    elif way == "the parent":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL if way == "all" else signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate()
    seconds = time.monotonic() - began
    if "Traceback" in said:
        print(said)
        return "a traceback", seconds
    return f"code {process.returncode}", seconds


def trial(
    words: list[str], out: Path, way: str, moment: float, chance: random.Random, gone: list[float]
) -> str:
    """Disturb a build and run it again; adds the seconds that it took to stop to `gone`."""
    shutil.rmtree(out, ignore_errors=True)
    result, seconds = disturb(words, way, moment, chance)
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    if again.returncode:
        return f"{result}; the second run failed: {again.stderr.strip()}"
    if way != "Ctrl-C" or not seconds:
        return result
    gone.append(seconds)
    return f"{result}, gone after {seconds:.2f} s"


def main() -> None:
    options = killing.options(__doc__ or "", times=100)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        recipe, sources = tiny.make(place / "from")
        calm = command(recipe, place / "calm", sources)
        subprocess.run(calm, check=True)  # fonts are audited now, for all
        shutil.rmtree(place / "calm")
        started = time.monotonic()
        subprocess.run(calm, check=True)
        length = time.monotonic() - started
        want = tiny.hashes(place / "calm")
        print(f"a build that nobody disturbs: {length:.1f} s, {len(want)} files", flush=True)
        out = place / "out"
        words = command(recipe, out, sources)
        gone: list[float] = []

        def once(way: str, chance: random.Random) -> tuple[bool, str]:
            moment = chance.uniform(0.02, 1.0) * length
            result = trial(words, out, way, moment, chance, gone)
            equal = tiny.hashes(out) == want
            verdict = "the same bytes" if equal else "OTHER BYTES"
            return equal, f"at {moment:5.2f} s: {result}: {verdict}"

        other = killing.repeat(WAYS, options.times, options.seed, once)
    if gone:
        print(f"Ctrl-C to the end: median {statistics.median(gone):.2f} s, most {max(gone):.2f} s")
    sys.exit(bool(other))


if __name__ == "__main__":
    main()
