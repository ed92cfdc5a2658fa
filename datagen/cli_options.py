"""Options that several commands of `datagen` share, and the program itself."""

from collections.abc import Sequence
from typing import Annotated

import typer

from datagen import completion, console
from datagen.errors import UsageError
from datagen.remote import Location, location

app = typer.Typer(
    cls=console.Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Draw, read, curate, balance and shard images of characters and mathematical symbols.",
    epilog=console.examples(
        "datagen build quickstart --out data/quickstart", "datagen init mine.toml"
    ),
)

# Panels of the list of commands.
MAKE, GET, LOOK, USE = "Make", "Have at hand", "Look at what was made", "Use it elsewhere"

Quiet = Annotated[bool, console.quiet_option()]
Json = Annotated[bool, console.json_option()]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes.", show_default="one a core", rich_help_panel=console.RUNNING
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source", metavar="NAME=PATH", help="Where a real source lies, path or URL; repeatable."
    ),
]
Dataset = Annotated[str, typer.Argument(help="Folder or URL of the dataset.")]
Characters = Annotated[
    str,
    typer.Option(
        help="Class table: the name of a tracked one, or a CSV file.",
        autocompletion=completion.tables,
    ),
]


def parse_sources(values: Sequence[str] | None) -> dict[str, Location]:
    """Read `NAME=PATH` options, whose paths may be URLs.

    Raises:
        UsageError: One is not of that form, or a name is given twice.
    """
    found: dict[str, Location] = {}
    for value in values or ():
        name, equals, path = value.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--source {value}: write it as NAME=PATH, such as emnist=data/emnist")
        if name in found:
            raise UsageError(f"--source {name} is given twice; give each source one path")
        found[name] = location(path)
    return found
