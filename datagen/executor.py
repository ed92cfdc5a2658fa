"""Where work runs: in this process, or in a pool of processes that outlives single failures.

The steps know nothing of it. A task is a picklable value; the same tasks give the same results in
any place and any order. A worker that dies takes its task down with it, so the pool is replaced and
the task tried again, three times in all.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, TypeVar

from datagen.errors import InputError

Task = TypeVar("Task")
Result = TypeVar("Result")

ATTEMPTS = 3


def default_workers() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Executor(Generic[Task, Result]):
    """Runs one function over many tasks.

    Args:
        function: A module-level function of one task.
        workers: Number of processes; 1 runs everything in this one.
        setup: Called once in each process before its first task.
        arguments: Arguments of `setup`.
    """

    def __init__(
        self,
        function: Callable[[Task], Result],
        workers: int,
        setup: Callable[..., None] | None = None,
        arguments: tuple[Any, ...] = (),
    ) -> None:
        self._function = function
        self._workers = workers
        self._setup = setup
        self._arguments = arguments
        self._pool: ProcessPoolExecutor | None = None
        if workers <= 1 and setup is not None:
            setup(*arguments)

    def __enter__(self) -> "Executor[Task, Result]":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stop(kill=kind is not None)

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Yield each task with its result, in the order of the tasks.

        Only a few tasks are in flight at a time, so that `tasks` may be endless and large.

        Raises:
            InputError: A task killed its worker three times.
        """
        if self._workers <= 1:
            yield from ((task, self._function(task)) for task in tasks)
            return
        yield from self._run_pool(iter(tasks))

    def _run_pool(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Result]]:
        waiting: list[tuple[Task, Future[Result]]] = []
        deaths = 0
        while True:
            while len(waiting) < 2 * self._workers:
                try:
                    task = next(tasks)
                except StopIteration:
                    break
                waiting.append((task, self._submit(task)))
            if not waiting:
                return
            task, future = waiting[0]
            try:
                # A wait with a limit lets Ctrl-C through on every platform.
                while not wait([future], timeout=0.5, return_when=FIRST_COMPLETED).done:
                    pass
                result = future.result()
            except BrokenProcessPool as error:
                deaths += 1
                if deaths >= ATTEMPTS:
                    raise InputError(
                        f"a worker process died {deaths} times at the same work; it may have run "
                        "out of memory: try fewer --workers"
                    ) from error
                self._stop(kill=True)
                waiting = [(task, self._submit(task)) for task, _ in waiting]
                continue
            deaths = 0
            waiting.pop(0)
            yield task, result

    def _submit(self, task: Task) -> "Future[Result]":
        try:
            return self._started().submit(self._function, task)
        except BrokenProcessPool:
            self._stop(kill=True)
            return self._started().submit(self._function, task)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(self._setup, self._arguments),
            )
        return self._pool

    def _stop(self, kill: bool) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        if kill:
            for process in list((pool._processes or {}).values()):
                with contextlib.suppress(OSError, ValueError):
                    process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(setup: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    import cv2

    cv2.setNumThreads(1)  # one process a core; more threads only take turns
    if setup is not None:
        setup(*arguments)


def _die_with(parent: Any) -> None:
    """Leave when the parent was killed, instead of waiting for work that never comes."""
    parent.join()
    os._exit(1)
