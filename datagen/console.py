"""What both command lines share: errors without tracebacks, progress bars, summaries.

Library functions call `progress` and `note` freely: nothing is shown until a command line turns
the display on with `show`, so a function called from Python stays silent. Standard output holds the
summary alone, for people or, with ``--json``, for machines; all else goes to standard error.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import typer.core

from datagen.errors import InputError, UsageError, nearest
from datagen.summaries import to_json, to_text

if TYPE_CHECKING:
    from rich.console import Console

_HINTS = {
    errno.ENOSPC: "; free some space and run the same command again",
    errno.EDQUOT: "; free some space and run the same command again",
    errno.EROFS: "; give a folder that can be written",
    errno.EACCES: "; change its permissions or give another folder",
    errno.EPERM: "; change its permissions or give another folder",
}

RUNNING = "Running"
"""Panel of the help for the options of all commands that change nothing of the result."""

_CHOICE = re.compile(r"(?:Value error, )?('(.*)' is not one of ('.+'))\.", re.DOTALL)

_shown = False
_as_json = False

Advance = Callable[[int], None]


def show(on: bool, as_json: bool = False) -> None:
    """Turn progress bars and notes on (a command line) or off (`--quiet`, the Python API).

    Args:
        on: Whether to show them, and summaries.
        as_json: Print summaries as JSON, whether or not the others are shown.
    """
    global _shown, _as_json
    _shown, _as_json = on, as_json


def quiet_option() -> Any:
    """A `--quiet` option."""
    return typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=RUNNING)


def json_option() -> Any:
    """A `--json` option."""
    return typer.Option("--json", help="Print the summary as JSON.", rich_help_panel=RUNNING)


def here(path: Path | None) -> Path | None:
    """Refuse a URL where only a folder of this machine will do; a callback of options.

    Raises:
        UsageError: It is the URL of a store.
    """
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", str(path))  # what a path makes of a URL
    if path is not None and match:
        raise UsageError(
            f"{match[1]}://{str(path)[match.end() :]}: give a folder of this machine here; only "
            "the datasets of datagen build are written to stores"
        )
    return path


def examples(*commands: str) -> str:
    """Return the end of a command's help: examples, one a line."""
    lines = (command.replace("[", "\\[") for command in commands)
    return "\n\n".join(f"Example: [bold]{line}[/]" for line in lines)


def _console(stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Print one line about what is going on to standard error, unless quiet."""
    if _shown:
        _console(stderr=True).print(message, markup=False)


def summary(title: str, facts: Mapping[str, object]) -> None:
    """Print what was done and where it was written to standard output, unless quiet.

    With ``--json`` it is one JSON object instead, quiet or not; see `datagen.summaries`.
    """
    if _as_json:
        typer.echo(to_json(title, facts))
        return
    if not _shown:
        return
    from rich.text import Text

    console = _console(stderr=False)
    console.print(Text(title, style="bold"))
    width = max(map(len, facts), default=0)
    for key, value in facts.items():
        console.print(Text.assemble((f"  {key:<{width}}  ", "dim"), to_text(value)))


def wants_json() -> bool:
    """Whether standard output is for machines: print nothing else there than the summary."""
    return _as_json


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
            bar.update(task, advance=count, rate=_rate(speed) if speed else "")

        yield advance


def _rate(speed: float) -> str:
    """Return a speed in units a second as text that is not 0."""
    if speed < 1:
        return f"{speed * 60:.1f}/min"
    return f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s"


def fail(message: str, code: int) -> "typer.Exit":
    """Print an error to standard error and return the exception that ends the command."""
    console = _console(stderr=True)
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)
    return typer.Exit(code)


class Group(typer.core.TyperGroup):
    """Commands whose errors are one sentence and an exit code, never a traceback."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; each paragraph of its help is one line, for the screen to wrap."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and command.help:
            paragraphs = command.help.split("\n\n")
            command.help = "\n\n".join(" ".join(each.split()) for each in paragraphs)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn errors that a user can mend into a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise fail(str(error), error.exit_code) from error
        except typer.BadParameter as error:
            error.message = _suggest(error.message)
            raise
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


def _suggest(message: str) -> str:
    """Add the nearest of the values that an option has, where a message lists them."""
    match = _CHOICE.fullmatch(message)
    if match is None:
        return message
    sentence, given, known = match.groups()
    return sentence + nearest(given, re.findall("'([^']*)'", known))


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
