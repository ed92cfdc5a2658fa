"""A task on its way: how often it was begun, its result, or what went wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from datagen import console
from datagen.child import Died
from datagen.errors import InputError

ATTEMPTS = 3
FINAL = (InputError, OSError)
"""Errors that somebody has to mend first, such as a full disk: trying again helps nobody."""


@dataclass(eq=False)
class Job:
    """A task and what became of it.

    Attributes:
        task: What is to be done.
        attempts: How often it failed.
        result: What it gave.
        error: What went wrong the last time; None where it is done.
    """

    task: Any
    attempts: int = 0
    result: Any = None
    error: BaseException | None = None

    def failed(self, error: BaseException) -> bool:
        """Take note of a failure; returns whether that was the last."""
        self.attempts += 1
        self.error = error
        last = isinstance(error, FINAL) or self.attempts >= ATTEMPTS
        if not last:
            console.note(f"note: {cause(error)}; trying again")
        return last

    def value(self, describe: Callable[[Any], str]) -> Any:
        """Return the result.

        Args:
            describe: Says what a task that can't be done is; called only then.

        Raises:
            InputError: It failed too often, or in a way that somebody has to mend.
            OSError: The same, such as a full disk.
        """
        if self.error is None:
            return self.result
        if isinstance(self.error, FINAL):
            raise self.error
        raise InputError(
            f"{describe(self.task)} failed {self.attempts} times: {cause(self.error)}"
        ) from self.error


def cause(error: BaseException) -> str:
    """Say in words what went wrong."""
    return str(error) if isinstance(error, Died) else f"{type(error).__name__}: {error}"
