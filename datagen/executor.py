"""Where work runs: in this process, or in processes that outlive single failures.

The steps know nothing of it. A task is a picklable value; the same tasks give the same results in
any place and any order. Each worker process holds one task at a time, so that when it dies, the
task that is to blame is known: another worker takes its place and that task is tried again, three
times in all. The others never notice. (A process pool can't tell, and takes all of them down.)
"""

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from datagen.child import Child, Died
from datagen.jobs import Job

Task = TypeVar("Task")
Result = TypeVar("Result")


def default_workers() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(eq=False)
class _Job(Job):
    """A job that somebody waits for."""

    done: threading.Event = field(default_factory=threading.Event)


class Executor(Generic[Task, Result]):
    """Runs one function over many tasks.

    Args:
        function: A module-level function of one task.
        workers: Number of processes; 1 runs everything in this one.
        setup: Called once in each process before its first task.
        arguments: Arguments of `setup`.
        describe: Says what a task that can't be done is; called only then.
    """

    def __init__(
        self,
        function: Callable[[Task], Result],
        workers: int,
        setup: Callable[..., None] | None = None,
        arguments: tuple[Any, ...] = (),
        describe: Callable[[Task], str] | None = None,
    ) -> None:
        self._function = function
        self._workers = workers
        self._start = (function, setup, arguments)
        self._describe = describe or (lambda _: "the same work")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._children: list[Child | None] = []
        self._lock = threading.Lock()  # over what the threads and `_stop` do to children
        self._stopping = False
        if workers <= 1 and setup is not None:
            setup(*arguments)

    def __enter__(self) -> "Executor[Task, Result]":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Yield each task with its result, in the order of the tasks.

        Only a few tasks are in flight at a time, so that `tasks` may be endless and large.

        Raises:
            InputError: A task failed three times, or killed its worker; the message says why.
        """
        if self._workers <= 1:
            yield from ((task, self._here(task).value(self._describe)) for task in tasks)
            return
        iterator, waiting = iter(tasks), deque[_Job]()
        try:
            while True:
                while len(waiting) < 2 * self._workers:
                    try:
                        waiting.append(_Job(next(iterator)))
                    except StopIteration:
                        break
                    self._submit(waiting[-1])
                if not waiting:
                    return
                job = waiting[0]
                while not job.done.wait(0.5):  # a limit lets Ctrl-C through on every platform
                    pass
                waiting.popleft()
                yield job.task, job.value(self._describe)
        finally:
            with contextlib.suppress(queue.Empty):  # whoever leaves early wants no more
                while waiting:
                    self._jobs.get_nowait()

    def _here(self, task: Task) -> _Job:
        """Do a task in this process."""
        job = _Job(task)
        while True:
            try:
                job.result, job.error = self._function(task), None
                return job
            except Exception as error:
                if job.failed(error):
                    return job

    def _submit(self, job: _Job) -> None:
        self._jobs.put(job)
        if len(self._threads) < self._workers:
            number = len(self._threads)
            self._children.append(None)
            thread = threading.Thread(target=self._serve, args=(number,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, number: int) -> None:
        """Do jobs in a child process, one after the other, until there are no more."""
        while (job := self._jobs.get()) is not None:
            try:
                while not self._try(number, job):
                    pass
            except BaseException as error:  # nobody else would hear of it
                job.error = error
            job.done.set()

    def _try(self, number: int, job: _Job) -> bool:
        """Try a job once; returns whether it is settled."""
        with self._lock:
            if self._stopping:
                return True
            child = self._children[number]
            if child is None:
                child = self._children[number] = Child(*self._start)
        try:
            job.result, job.error = child.ask(job.task), None
        except Exception as error:
            with self._lock:
                if self._stopping:
                    return True
                if isinstance(error, Died):
                    child.stop()
                    self._children[number] = None
            return job.failed(error)
        return True

    def _stop(self) -> None:
        """End all children at once: those that are idle hold nothing, the others are not needed."""
        with self._lock:
            self._stopping = True
            for child in self._children:
                if child is not None:
                    child.kill()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for child in self._children:
            if child is not None:
                child.stop()
        self._threads, self._children, self._stopping = [], [], False
