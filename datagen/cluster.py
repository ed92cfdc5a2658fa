"""Write the shards of a build on a Dask cluster, through its `concurrent.futures` interface.

The workers write the files themselves, so the dataset's folder has to lie on a file system that all
of them have under the same path. Nothing else has to: the sources are read and framed here, and
fonts are known by their hashes. Each worker proves before its first shard that it sees the folder
and draws the same bytes; see `datagen.fitness`.

Dask does the shard of a worker that dies on another. How often is the scheduler's setting
``distributed.scheduler.allowed-failures``: by default a shard whose fourth worker dies is given up.
"""

import contextlib
import importlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from datagen import cluster_worker, console, fitness, shards, ticket, worker
from datagen.cluster_executor import ClusterExecutor
from datagen.errors import InputError, UsageError
from datagen.shards import Finished
from datagen.worker import Context, ShardTask, ShardWriter

_CONNECT = 10  # seconds to wait for the scheduler
_CLOSE = 1  # seconds to take leave of it
_POLL = 0.5  # seconds between two looks whether a worker has come


class Cluster:
    """A Dask cluster that a build uses.

    Args:
        address: Of its scheduler, such as ``tcp://host:8786``.
        folder: The dataset, which this process holds.

    Attributes:
        killed: What Dask raises for a task whose workers died.

    Raises:
        UsageError: Dask is not installed.
        InputError: No scheduler answers.
    """

    def __init__(self, address: str, folder: Path) -> None:
        try:
            distributed: Any = importlib.import_module("distributed")  # slow, and an extra
        except ImportError as error:
            raise UsageError(
                "--scheduler needs Dask; install it with: pip install distributed"
            ) from error
        # What it would say of a scheduler that has gone, we say.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self._address, self._folder = address, folder.absolute()
        try:
            self._client: Any = distributed.Client(
                address, timeout=_CONNECT, set_as_default=False, name="datagen"
            )
        except (OSError, ValueError, ImportError) as error:  # of a protocol, too
            raise InputError(
                f"--scheduler {address}: no scheduler answers there ({type(error).__name__}); "
                "start one with: dask scheduler"
            ) from error
        self.killed: type[Exception] = distributed.scheduler.KilledWorker
        self._ticket = ticket.issue(self._folder)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        ticket.revoke(self._folder)
        with contextlib.suppress(OSError, AssertionError):  # a scheduler that has gone
            self._client.close(timeout=_CLOSE)

    def workers(self) -> dict[str, int]:
        """Return the number of threads of each worker there is now.

        Raises:
            InputError: The scheduler has gone.
        """
        try:
            return dict(self._client.nthreads())
        except (OSError, CancelledError) as error:
            raise self.gone() from error

    def check(self, context: Context) -> None:
        """Prove that every worker that is there is fit for a build; wait until one is.

        Raises:
            InputError: One is not; the message names it and says why.
        """
        self._wait_for_one()
        need = fitness.wanted(fitness.anywhere(context), self._ticket)
        # First by a function of Python's own: whoever lacks the package can't be asked by ours.
        for name, here in self._ask(resolve_name, "datagen:__version__"):
            if here != (version := need.versions["math-vision"]):
                has = here if isinstance(here, str) else "none"
                raise InputError(
                    f"the worker {name} has math-vision {has} instead of {version}; install the "
                    "same there or leave it out of the cluster"
                )
        for name, lack in self._ask(fitness.problem, need):
            if lack:
                raise InputError(f"the worker {name} {lack}")
        if max(self.workers().values(), default=1) > 1:
            console.note(
                "note: a worker draws with one thread however many it has; start workers with "
                "--nthreads 1, one a core"
            )

    def writer(
        self, context: Context, describe: Callable[[ShardTask], str]
    ) -> ClusterExecutor[ShardTask, Finished]:
        """Return what writes the shards of a build.

        Args:
            context: What every shard needs.
            describe: Says what a shard that can't be written is.
        """
        context = replace(fitness.anywhere(context), ticket=self._ticket)
        need = fitness.wanted(context, self._ticket)
        proof = ShardWriter(context).proof()
        return ClusterExecutor(
            self,
            worker.write_shard,
            (cluster_worker.prepare, (context, need, proof)),
            describe,
            lambda task, done: _sees(context.folder, task, done),
        )

    def executor(self) -> Any:
        """Return Dask's executor.

        Raises:
            InputError: The scheduler has gone.
        """
        if self._client.status not in ("running", "connecting"):
            raise self.gone()
        return self._client.get_executor(pure=False)

    def _ask(self, function: Callable[..., Any], *arguments: Any) -> Iterator[tuple[str, Any]]:
        """Call a function on each worker; an answer may be an exception."""
        try:
            answers = self._client.run(function, *arguments, on_error="return")
        except (OSError, CancelledError) as error:
            raise self.gone() from error
        for name, answer in sorted(answers.items()):
            if isinstance(answer, Exception) and function is not resolve_name:
                raise InputError(f"the worker {name} can't be asked: {answer}") from answer
            yield name, answer

    def _wait_for_one(self) -> None:
        if not self.workers():
            console.note(f"waiting for workers to join {self._address}; Ctrl-C stops")
        while not self.workers():
            time.sleep(_POLL)

    def gone(self) -> InputError:
        """Return an error that says that the scheduler has gone."""
        return InputError(
            f"--scheduler {self._address}: the scheduler has gone; start it and run the same "
            "command again to go on"
        )


def _sees(folder: Path, task: ShardTask, done: Finished) -> bool:
    found = shards.finished(folder, task.shard)
    return found is not None and found.sha256 == done.sha256
