"""What both command lines share: errors without tracebacks, progress bars, summaries.

Library functions call `progress` and `note` freely: nothing is shown until a command line turns
the display on with `show`, so a function called from Python stays silent.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
import typer.core

from datagen.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

_HINTS = {
    errno.ENOSPC: "; free some space and run the same command again",
    errno.EDQUOT: "; free some space and run the same command again",
    errno.EROFS: "; give a folder that can be written",
    errno.EACCES: "; change its permissions or give another folder",
    errno.EPERM: "; change its permissions or give another folder",
}

_shown = False

Advance = Callable[[int], None]


def show(on: bool) -> None:
    """Turn progress bars and notes on (a command line) or off (`--quiet`, the Python API)."""
    global _shown
    _shown = on


def _console(stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Print one line about what is going on to standard error, unless quiet."""
    if _shown:
        _console(stderr=True).print(message, markup=False)


def summary(title: str, facts: Mapping[str, object]) -> None:
    """Print what was done and where it was written to standard output, unless quiet."""
    if not _shown:
        return
    from rich.text import Text

    console = _console(stderr=False)
    console.print(Text(title, style="bold"))
    width = max(map(len, facts), default=0)
    for key, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        console.print(Text.assemble((f"  {key:<{width}}  ", "dim"), shown))


@contextmanager
def progress(description: str, total: int | None, unit: str = "") -> Iterator[Advance]:
    """Show a bar with rate and time left on a terminal; yields a function that advances it."""
    if not _shown or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.completed:,.0f} {task.fields[unit]}"),
        bars.TextColumn("{task.fields[rate]}"),
        bars.TimeRemainingColumn(compact=True),
    )
    with bars.Progress(*columns, console=_console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total, unit=unit, rate="")

        def advance(count: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, advance=count, rate=f"{speed:,.0f}/s" if speed else "")

        yield advance


def fail(message: str, code: int) -> "typer.Exit":
    """Print an error to standard error and return the exception that ends the command."""
    console = _console(stderr=True)
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)
    return typer.Exit(code)


class Group(typer.core.TyperGroup):
    """Commands whose errors are one sentence and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn errors that a user can mend into a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise fail(str(error), error.exit_code) from error
        except KeyboardInterrupt as error:
            hint = str(error) or "run the same command again to go on"
            raise fail(f"stopped by Ctrl-C; {hint}", 130) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.errno in (None, errno.EINVAL):
                raise
            where = f"{error.filename}: " if error.filename else ""
            hint = _HINTS.get(error.errno, "")
            raise fail(f"{where}{os.strerror(error.errno)}{hint}", 1) from error


def version_option(program: str) -> Any:
    """A `--version` option that prints the program's name and version."""

    def print_version(value: bool) -> None:
        if value:
            from datagen import __version__

            typer.echo(f"{program} {__version__}")
            raise typer.Exit

    return typer.Option(
        "--version", callback=print_version, is_eager=True, help="Print the version and exit."
    )
