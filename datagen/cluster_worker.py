"""What runs on a worker of a cluster: prove that it is fit, then write one shard at a time.

A worker may have several threads, of which one draws: FreeType's faces are shared by a process.
"""

import ctypes
import functools
import pickle
import socket
import threading
from collections.abc import Callable
from typing import Any

import cv2

from datagen import fitness, worker
from datagen.errors import InputError
from datagen.fitness import Wanted
from datagen.worker import Context

_TRIM, _MMAP = -1, -3  # glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD
_KEPT = 256 << 20  # bytes of free memory at the heap's end that a process may keep
_MAPPED = 32 << 20  # bytes of a block from which on the system is asked for it


_lock = threading.Lock()
_ready: tuple[str, Callable[[Any], Any]] | None = None


def run(name: str, start: bytes, task: bytes) -> Any:
    """Do one task in this process; other threads of it wait meanwhile.

    Args:
        name: Of the build, a new one each time.
        start: The function, and its setup with arguments, pickled; used before the first task.
        task: The task, pickled: what is wrong with it shows here and not in Dask.
    """
    global _ready
    with _lock:
        if _ready is None or _ready[0] != name:
            _ready = None
            keep_memory()
            cv2.setNumThreads(1)  # one process a core: more would only take turns
            function, setup, arguments = pickle.loads(start)  # noqa: S301 - as Dask does itself
            if setup is not None:
                setup(*arguments)
            _ready = name, function
        return _ready[1](pickle.loads(task))  # noqa: S301


def prepare(context: Context, need: Wanted, proof: str) -> None:
    """Prepare a worker for the shards of one build.

    Args:
        context: As on the machine that builds.
        need: What the worker must have.
        proof: What `datagen.worker.proof` gives on the machine that builds.

    Raises:
        InputError: The worker would write other bytes.
    """
    if lack := fitness.problem(need):
        raise InputError(f"the worker on {socket.gethostname()} {lack}")
    worker.setup(fitness.at_home(context, fitness.locate(need)))
    if worker.proof() != proof:
        raise InputError(
            f"the worker on {socket.gethostname()} has the same versions, but draws other pixels "
            "than this machine, as another kind of processor may; leave it out of the cluster"
        )


@functools.cache
def keep_memory() -> bool:
    """Let the allocator keep what it freed, as it does by itself; returns whether it can be told.

    Dask starts workers with ``MALLOC_TRIM_THRESHOLD_=65536``, so that each freed array goes back to
    the system at once and the next one is filled with zeros page by page. Measured over drawing:
    3.5 times the page faults and 6% more time.
    """
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return False
    return bool(tell(_TRIM, _KEPT)) and bool(tell(_MMAP, _MAPPED))
