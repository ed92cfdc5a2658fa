"""One child process that answers questions, and tells its parent what it died of."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing import resource_tracker
from typing import Any

_PATIENCE = 5.0  # seconds to wait for the exit code of a process whose pipe has closed


class Died(Exception):  # noqa: N818 - what happened, not what is wrong with the input
    """The process ended before it answered; the message says how."""


class Child:
    """A process that calls one function again and again.

    It is spawned, not forked, deaf to Ctrl-C (the parent decides when to stop), and leaves as soon
    as its parent has gone, however that went.

    Args:
        function: A module-level function of one argument.
        setup: Called once before the first question.
        arguments: Arguments of `setup`.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        setup: Callable[..., None] | None,
        arguments: tuple[Any, ...],
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, function, setup, arguments), daemon=True
        )
        with _deaf():
            self._process.start()
        theirs.close()

    def ask(self, question: Any) -> Any:
        """Return the function's answer.

        Raises:
            Died: The process ended instead.
            Exception: Whatever the function raised.
        """
        try:
            self._pipe.send(question)
            answer, error = self._pipe.recv()
        except (EOFError, OSError) as broken:
            raise Died(self._epitaph()) from broken
        if error is not None:
            raise error
        return answer

    def _epitaph(self) -> str:
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"its process ended with code {code}"
        with contextlib.suppress(ValueError):
            code_name = signal.Signals(-code).name
            if -code == getattr(signal, "SIGKILL", 9):
                code_name += ", as happens when memory runs out: try fewer --workers"
            return f"its process was killed by {code_name}"
        return f"its process was killed by signal {-code}"

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(OSError, ValueError):
            self._process.kill()

    def stop(self) -> None:
        """End the process and give back what it held."""
        self.kill()
        self._process.join()
        self._pipe.close()


@contextlib.contextmanager
def _deaf() -> Any:
    """Let processes that start meanwhile inherit that Ctrl-C is none of their business.

    Set in the child itself it would come too late: a Ctrl-C while it imports prints a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # started later, it would undo the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(
    pipe: Any,
    function: Callable[[Any], Any],
    setup: Callable[..., None] | None,
    arguments: tuple[Any, ...],
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    _one_thread()
    failure = None if setup is None else _attempt(lambda _: setup(*arguments), None)[1]
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        reply = _attempt(function, question) if failure is None else (None, failure)
        try:
            pipe.send(reply)
        except (TypeError, AttributeError, ValueError) as error:  # it can't be pickled
            pipe.send((None, RuntimeError(f"{reply[1] or type(reply[0])!r}: {error}")))


def _one_thread() -> None:
    """One process a core: more threads of OpenCV would only take turns."""
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"  # for when it is loaded later
    if (cv2 := sys.modules.get("cv2")) is not None:
        cv2.setNumThreads(1)


def _attempt(function: Callable[[Any], Any], argument: Any) -> tuple[Any, Exception | None]:
    try:
        return function(argument), None
    except Exception as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        return None, error


def _die_with(parent: Any) -> None:
    """Leave when the parent was killed, instead of waiting for work that never comes."""
    parent.join()
    os._exit(1)
