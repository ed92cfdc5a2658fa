"""Audit many files on processes of their own, and remember the results.

The workers are plain child processes that read paths from standard input and write one line of JSON
a file. When one dies or hangs, exactly the file it held is to blame; that one is rejected and
another worker takes over. (A process pool can't tell which file broke it, and doesn't work in a
script without a main guard.)
"""

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from datagen import atomic, characters, console
from datagen.cache import cache_folder
from datagen.font_audit import FileAudit, audit_file, edition

COMMAND = [sys.executable, "-P", "-c", "from datagen.font_workers import work; work()"]
PATIENCE = 60.0  # seconds for one file; a large collection takes about two
FILES_A_WORKER = 16  # starting a process costs about as much as this many files
READY = "ready"
_OLD = 86_400.0  # seconds; no temporary file of the cache is written for a day

Job = tuple[str, Path]  # SHA-256 of a file, and where it lies
Done = Callable[[str, FileAudit, bool], None]


def audit_files(
    files: Mapping[str, Path], table: characters.CharacterTable, workers: int | None = None
) -> dict[str, FileAudit]:
    """Return the audits of files, from the cache or made anew.

    Args:
        files: SHA-256 of each file, with a place where it lies.
        table: The classes to look for.
        workers: Number of processes; None for one a core.

    Returns:
        For each SHA-256 the file's audit.
    """
    folder = cache_folder() / "fonts" / edition(table)
    audits = {sha256: _remembered(folder / f"{sha256}.json") for sha256 in files}
    found = {sha256: audit for sha256, audit in audits.items() if audit is not None}
    jobs = [(sha256, path) for sha256, path in files.items() if sha256 not in found]
    writable = True
    for path in atomic.leftovers(cache_folder(), deep=True, age=_OLD) if jobs else ():
        with contextlib.suppress(OSError):  # a cache that can't be written is done without
            path.unlink()

    def done(sha256: str, audit: FileAudit, sure: bool) -> None:
        nonlocal writable
        found[sha256] = audit
        advance(1)
        if sure and writable:
            writable = _remember(folder / f"{sha256}.json", audit)

    with console.progress("auditing fonts", len(jobs), "files") as advance:
        _run(jobs, table, workers or os.cpu_count() or 1, done)
    return found


def _remembered(path: Path) -> FileAudit | None:
    try:
        return FileAudit.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # not there, or spoilt: it is made anew and written over


def _remember(path: Path, audit: FileAudit) -> bool:
    try:
        with atomic.atomic_file(path, durable=False) as file:
            file.write(audit.to_json().encode())
    except OSError as error:
        console.note(f"{path.parent}: results can't be kept there for next time ({error.strerror})")
        return False
    return True


def _run(jobs: list[Job], table: characters.CharacterTable, workers: int, done: Done) -> None:
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    count = min(workers, -(-len(jobs) // FILES_A_WORKER))
    if not count:
        return
    lock = threading.Lock()

    def locked(sha256: str, audit: FileAudit, sure: bool) -> None:
        with lock:
            done(sha256, audit, sure)

    with ThreadPoolExecutor(count) as threads:
        running = [threads.submit(_serve, waiting, table, locked) for _ in range(count)]
        try:
            for thread in running:
                thread.result()
        finally:
            while not waiting.empty():  # after Ctrl-C or an error nobody shall go on
                waiting.get()


def _serve(waiting: "queue.SimpleQueue[Job]", table: characters.CharacterTable, done: Done) -> None:
    worker = None
    try:
        while True:
            try:
                sha256, path = waiting.get_nowait()
            except queue.Empty:
                return
            worker = worker or Worker(table)
            reply = worker.audit(path)
            if isinstance(reply, FileAudit):
                done(sha256, reply, True)
            else:
                done(sha256, FileAudit(rejected=((None, reply),)), False)
                worker.close()
                worker = None
    finally:
        if worker:
            worker.close()


class Worker:
    """A child process that audits one file at a time.

    Args:
        table: The classes to look for.

    Raises:
        RuntimeError: The process can't be started.
    """

    def __init__(self, table: characters.CharacterTable) -> None:
        package = str(Path(__file__).parent.parent)
        paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        # Each worker has a core; threads of the linear algebra would only fight over it.
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603  our own code
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | single | {"PYTHONPATH": paths},
            text=True,
            encoding="ascii",
        )
        if self._ask(table.to_csv()) != READY:
            self.close()
            raise RuntimeError(f"a font worker ended with code {self._process.returncode}")

    def audit(self, path: Path) -> FileAudit | str:
        """Audit a file; where that takes the process down, return why it is rejected."""
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        watch = threading.Timer(PATIENCE, end)
        watch.start()
        try:
            reply = self._ask(str(path))
        finally:
            watch.cancel()
        if late.is_set():
            return f"drawing it takes more than {PATIENCE:g} s"
        return FileAudit.from_json(reply) if reply else "it crashes the rasteriser"

    def _ask(self, text: str) -> str:
        """Send a text and return the answer; empty where the process has ended."""
        if not self._process.stdin or not self._process.stdout:
            return ""
        try:
            self._process.stdin.write(json.dumps(text) + "\n")
            self._process.stdin.flush()
        except OSError:
            return ""
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def work() -> None:
    """Be a worker: read a character table and then paths, answer each with a line of JSON."""
    warnings.simplefilter("ignore")
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)
    table = characters.parse(json.loads(sys.stdin.readline()))
    print(READY, flush=True)  # noqa: T201  the answer that the parent reads
    for line in sys.stdin:
        path = Path(json.loads(line))
        try:
            audit = audit_file(path, table)
        except OSError as error:
            audit = FileAudit(rejected=((None, f"it can't be read: {error.strerror}"),))
        print(audit.to_json(), flush=True)  # noqa: T201
