"""Hand tasks to a Dask cluster and take their results, as `datagen.executor` does on one machine.

No more tasks are handed out than there are workers. A worker then has one, and when it dies no
other task is blamed; one that joins later gets its share.
"""

import contextlib
import pickle
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from datagen import cluster_worker, console
from datagen.child import Died
from datagen.errors import InputError
from datagen.jobs import Job

Task = TypeVar("Task")
Result = TypeVar("Result")

_LEAVE = 0.5  # seconds to tell the scheduler that nobody waits any more
_POLL = 0.5  # seconds; a limit lets Ctrl-C through on every platform
_COUNT = 2.0  # seconds between two looks at how many workers there are
_SEEN = 90.0  # seconds until a file that a worker wrote must be seen here; NFS may take 60


class Place(Protocol):
    """A cluster; `datagen.cluster.Cluster` is one."""

    killed: type[Exception]
    """What Dask raises for a task whose workers died."""

    def workers(self) -> dict[str, int]:
        """Return the number of threads of each worker there is now."""

    def executor(self) -> Any:
        """Return Dask's executor."""

    def gone(self) -> InputError:
        """Return an error that says that the scheduler has gone."""


class ClusterExecutor(Generic[Task, Result]):
    """Runs one function over many tasks on a cluster, as `datagen.executor.Executor` does here.

    Args:
        cluster: Where.
        function: A module-level function of one task.
        setup: Called in each worker before its first task, and its arguments.
        describe: Says what a task that can't be done is; called only then.
        seen: Whether what a task made is seen here.
    """

    def __init__(
        self,
        cluster: Place,
        function: Callable[[Task], Result],
        setup: tuple[Callable[..., None] | None, tuple[Any, ...]] = (None, ()),
        describe: Callable[[Task], str] | None = None,
        seen: Callable[[Task, Result], bool] | None = None,
    ) -> None:
        self._cluster = cluster
        self._name = secrets.token_hex(8)
        self._start = pickle.dumps((function, *setup), pickle.HIGHEST_PROTOCOL)
        self._describe = describe or (lambda _: "the same work")
        self._seen = seen or (lambda *_: True)
        self._executor: Any = None
        self._pending: deque[Job] = deque()
        self._begun: dict[Future[Any], Job] = {}
        self._ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._width, self._counted = 0, -_COUNT

    def __enter__(self) -> "ClusterExecutor[Task, Result]":
        return self

    def __exit__(self, *_: object) -> None:
        self._abandon()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Yield each task with its result, in the order of the tasks.

        Raises:
            InputError: A task failed three times or killed its workers, or the scheduler has gone.
        """
        iterator, waiting = iter(tasks), deque[Job]()
        settled: set[Job] = set()
        if self._executor is None:
            self._executor = self._cluster.executor()
        try:
            while True:
                self._count()
                while len(waiting) < max(2 * self._width, 1):
                    try:
                        waiting.append(Job(next(iterator)))
                    except StopIteration:
                        break
                    self._pending.append(waiting[-1])
                if not waiting:
                    return
                self._hand_out()
                if waiting[0] not in settled:
                    settled.update(self._settle())
                    continue
                job = waiting.popleft()
                settled.remove(job)
                result = job.value(self._describe)
                self._wait_to_see(job.task, result)
                yield job.task, result
        finally:
            self._abandon()

    def _count(self) -> None:
        """Look now and then how many workers there are."""
        if time.monotonic() - self._counted < _COUNT:
            return
        before, self._width = self._width, len(self._cluster.workers())
        self._counted = time.monotonic()
        if before and not self._width:
            console.note("note: the cluster has no worker left; waiting for one, Ctrl-C stops")

    def _hand_out(self) -> None:
        while self._pending and len(self._begun) < self._width:
            job = self._pending.popleft()
            task = pickle.dumps(job.task, pickle.HIGHEST_PROTOCOL)
            future = self._executor.submit(cluster_worker.run, self._name, self._start, task)
            self._begun[future] = job
            future.add_done_callback(self._ended.put)

    def _settle(self) -> Iterator[Job]:
        """Take a task that has ended, if one does soon; yields it unless it is tried again."""
        try:
            future = self._ended.get(timeout=_POLL)
        except queue.Empty:
            return
        job = self._begun.pop(future, None)
        if job is None:  # of an earlier run
            return
        if future.cancelled():
            raise self._cluster.gone()
        error: Any = future.exception()
        if error is None:
            job.result, job.error = future.result(), None
        elif isinstance(error, self._cluster.killed):
            job.attempts, job.error = getattr(error, "allowed_failures", 3) + 1, _killed(error)
        elif not job.failed(error):
            self._pending.appendleft(job)
            return
        yield job

    def _wait_to_see(self, task: Task, result: Result) -> None:
        until = time.monotonic() + _SEEN
        while not self._seen(task, result):
            if time.monotonic() > until:
                raise InputError(
                    f"{self._describe(task)} was written by a worker, but is not seen here; see to "
                    "it that all workers have the same folder under that path"
                )
            time.sleep(0.1)

    def _abandon(self) -> None:
        """Give up what nobody waits for: in one message, and without waiting long for an answer."""
        self._pending.clear()
        begun, self._begun = self._begun, {}
        if begun:
            leave = threading.Thread(target=_cancel, args=(self._executor,), daemon=True)
            leave.start()
            leave.join(_LEAVE)
            self._executor = None


def _cancel(executor: Any) -> None:
    # Nobody hears what a scheduler says that has gone.
    with contextlib.suppress(Exception):
        executor.shutdown(wait=False)


def _killed(error: Any) -> Died:
    return Died(
        f"the workers that had it died, the last one {error.last_worker.address}, as happens when "
        "memory runs out"
    )
