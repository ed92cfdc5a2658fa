"""Processes that audit font files, each of which a broken font may take down.

They are plain children that read paths from standard input and write one line of JSON a file. When
one dies or hangs, exactly the file it held is to blame; that one is rejected and another worker
takes over. (A process pool can't tell which file broke it, and doesn't work in a script without a
main guard.)
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from datagen.characters import CharacterTable
from datagen.font_findings import READY

COMMAND = [sys.executable, "-P", "-c", "from datagen.font_audit import work; work()"]
PATIENCE = 60.0  # seconds for one file; a large collection takes about two
FILES_A_WORKER = 16  # starting a process costs about as much as this many files


class LostError(Exception):
    """A file took its worker down, or took too long; the message is the reason."""


class Audited(NamedTuple):
    """What became of a file: the JSON of its audit, or why there is none."""

    sha256: str
    audit: str
    lost: str


class Worker:
    """A child process that audits one file at a time.

    Args:
        table: The classes to look for.

    Raises:
        RuntimeError: The process can't be started.
    """

    def __init__(self, table: CharacterTable) -> None:
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
        self._since: float | None = None  # when it got the file that it holds
        self._late = False
        self._closed = threading.Event()
        if self._ask(table.to_csv()) != READY:
            self.close()
            raise RuntimeError(f"a font worker ended with code {self._process.returncode}")
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        # One thread a worker: a timer for each file would cost more than reading it.
        while not self._closed.wait(PATIENCE / 16):
            since = self._since
            if since is not None and time.monotonic() - since > PATIENCE:
                self._late = True
                self.kill()
                return

    def audit(self, path: Path) -> str:
        """Return the audit of a file as JSON, see `datagen.font_findings.FileAudit.from_json`.

        Raises:
            LostError: The file took the process down.
        """
        self._since = time.monotonic()
        reply = self._ask(str(path))
        self._since = None
        if self._late:
            raise LostError(f"drawing it takes more than {PATIENCE:g} s")
        if not reply:
            raise LostError("it crashes the rasteriser")
        return reply

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

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """End the process and give back what it held."""
        self._closed.set()
        self.kill()
        self._process.communicate()


class Crew:
    """Workers for files that come one by one: one at once, more when there is work for them.

    Args:
        table: The classes to look for.
        most: How many workers at most.
    """

    def __init__(self, table: CharacterTable, most: int) -> None:
        self._table = table
        self._most = most
        self._count = 0
        self._waiting: queue.SimpleQueue[tuple[str, Path] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Audited | Exception] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._workers: set[Worker] = set()

    def put(self, sha256: str, path: Path) -> None:
        """Have a file audited."""
        self._waiting.put((sha256, path))
        self._count += 1
        if len(self._threads) < min(self._most, -(-self._count // FILES_A_WORKER)):
            thread = threading.Thread(target=self._serve, daemon=True)
            self._threads.append(thread)
            thread.start()

    def results(self) -> Iterator[Audited]:
        """Yield what became of each file, in the order in which they are ready.

        Raises:
            RuntimeError: A worker can't be started.
        """
        for _ in range(self._count):
            done = self._done.get()
            if isinstance(done, Exception):
                raise done
            yield done

    def _serve(self) -> None:
        worker = None
        try:
            while (job := self._waiting.get()) is not None:
                sha256, path = job
                if worker is None:
                    worker = Worker(self._table)
                    self._workers.add(worker)
                try:
                    self._done.put(Audited(sha256, worker.audit(path), ""))
                except LostError as error:
                    self._done.put(Audited(sha256, "", str(error)))
                    worker.close()
                    self._workers.discard(worker)
                    worker = None
        except Exception as error:
            self._done.put(error)
        finally:
            if worker:
                worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers: they are idle, or what they do isn't wanted any more."""
        while not self._waiting.empty():
            self._waiting.get()
        for _thread in self._threads:
            self._waiting.put(None)
        for worker in list(self._workers):
            worker.kill()
        for thread in self._threads:
            thread.join()
