"""What a build of 5,000,000 drawn pictures costs on a Dask cluster, and how that grows.

    python tests/benchmarks/cluster.py [--quick]

A scheduler and one worker, then two, each a process of its own on this machine, write the first
shards of the plan; then the build gets Ctrl-C. What a shard costs the workers is the pace between
the first shard and the last; what the command needs before that is the same whatever the number of
workers. How many workers one scheduler feeds is told by tasks that do nothing.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager
from pathlib import Path

from measuring import PYTHON, Row, main, run

CLASSES, SAMPLES = 89, 5_000_000
PER_CLASS = -(-SAMPLES // CLASSES)
RECIPE = f"""
name = "cluster"
[train]
per_class = {PER_CLASS}
[sources.fonts]
kind = "fonts"
preset = "handwriting"
"""


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Start a scheduler and workers with one thread each; gives the scheduler's address."""
    place = folder / f"scheduler-{workers}.json"
    dask = [PYTHON, "-m", "dask"]
    log = (folder / f"dask-{workers}.log").open("w")
    local = ["--no-dashboard", "--host=127.0.0.1"]
    commands = [[*dask, "scheduler", *local, "--port=0", f"--scheduler-file={place}"]]
    worker = [*dask, "worker", *local, f"--scheduler-file={place}", "--nthreads=1", "--no-nanny"]
    commands += [[*worker, f"--local-directory={folder}"]] * workers
    processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
    try:
        from distributed import Client

        with Client(scheduler_file=str(place), timeout=60) as client:
            client.wait_for_workers(workers, timeout=60)
            yield client.scheduler.address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
        log.close()


def first_shards(folder: Path, workers: int, shards: int) -> tuple[float, float, int]:
    """Write so many shards; seconds to the first, pictures a second after it, the plan's shards."""
    out = folder / f"out-{workers}"
    with cluster(folder, workers) as address:
        started = time.time()
        command = [PYTHON, "-m", "datagen.cli", "build", str(folder / "recipe.toml"), "--quiet"]
        command += [f"--out={out}", f"--scheduler={address}"]
        run(command, lambda: len(written(out)) >= shards)
    times = sorted(path.stat().st_mtime for path in written(out))
    count = int(written(out)[0].stem.rsplit("-", 1)[1])
    pace = (shards - 1) / (times[shards - 1] - times[0]) * CLASSES * PER_CLASS / count
    return times[0] - started, pace, count


def written(out: Path) -> list[Path]:
    return list((out / ".build").glob("train-*-of-*.json"))


def empty_tasks(folder: Path, count: int) -> float:
    """Tasks a second that a scheduler hands to a worker and gets back."""
    from distributed import Client

    with cluster(folder, 1) as address, Client(address) as client:
        executor = client.get_executor(pure=False)
        started = time.perf_counter()
        for future in as_completed([executor.submit(int) for _ in range(count)]):
            future.result()
        return count / (time.perf_counter() - started)


def measure(quick: bool) -> list[Row]:
    shards = 8 if quick else 30
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.toml").write_text(RECIPE)
        starts, paces, count = {}, {}, 0
        for workers in (1, 2):
            starts[workers], paces[workers], count = first_shards(folder, workers, shards)
            print(f"  {workers} workers: {paces[workers]:,.0f} images/s", flush=True)
        tasks = empty_tasks(folder, 500 if quick else 5000)
    core_hours = SAMPLES / paces[1] / 3600
    return [
        Row(f"shards of {SAMPLES:,} drawn pictures", f"{count:,}"),
        Row("from the command to the first shard", f"{starts[1]:.1f} s"),
        Row("one worker", f"{paces[1]:,.0f} images/s, {SAMPLES / count / paces[1]:.2f} s a shard"),
        Row("two workers, times one", f"{paces[2] / paces[1]:.2f} x"),
        Row("the whole of it", f"{core_hours:.2f} core hours"),
        Row("tasks that one scheduler hands out", f"{tasks:,.0f} a second"),
        Row("workers that it feeds", f"{tasks * SAMPLES / count / paces[1]:,.0f}"),
    ]


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
