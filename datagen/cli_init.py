"""The command of `datagen` that writes a recipe to start from: init."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import completion, console
from datagen.cli_options import MAKE, Json, Quiet, app


@app.command(
    rich_help_panel=MAKE,
    epilog=console.examples("datagen init", "datagen init mine.toml --from math-vision"),
)
def init(
    recipe: Annotated[
        Path, typer.Argument(metavar="[RECIPE.toml]", help="File to write; it must not be there.")
    ] = Path("recipe.toml"),
    base: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="RECIPE",
            help="quickstart, fonts-only, math-vision, or a TOML file whose values it starts with.",
            autocompletion=completion.recipes,
        ),
    ] = "quickstart",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a recipe to start from, with a comment on every key."""
    console.show(not quiet, as_json)
    from datagen.init import command
    from datagen.init import init as run

    file = run(recipe, base)
    console.summary("Recipe written", {"written to": file, "build it with": command(file)})
