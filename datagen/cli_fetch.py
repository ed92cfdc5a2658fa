"""The command of `datagen` that gets the real sets: fetch."""

import os
from pathlib import Path
from typing import Annotated

import typer

from datagen import completion, console
from datagen.cli_options import GET, Json, Quiet, app
from datagen.summaries import size


@app.command(
    no_args_is_help=True,
    rich_help_panel=GET,
    epilog=console.examples("datagen fetch emnist", "datagen fetch math-symbols --to data"),
)
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="SET",
            help="emnist, math-symbols, or operators.",
            autocompletion=completion.among("emnist", "math-symbols", "operators"),
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(help="Folder to keep it in.", show_default="the cache, ~/.cache/math-vision"),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Take the file from this address; the checksum stays.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds without a byte, after which the server is given up.")
    ] = 30.0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Download a real set from its publisher; run it again after a stop to go on.

    emnist (NIST, 0.56 GB) and math-symbols need no account.

    operators is at Kaggle: pip install kagglehub; Kaggle may want a login.
    """
    console.show(not quiet, as_json)
    if quiet:
        os.environ |= {"TQDM_DISABLE": "1", "KAGGLEHUB_VERBOSITY": "error"}  # kagglehub's own bar
    from datagen.fetch import fetch as run

    done = run(name, to, url, timeout)
    console.summary(
        f"{name} downloaded" if done.fresh else f"{name} is here already",
        {
            "kept as": done.path,
            **({"size": size(done.size)} if done.size else {}),
            "proved by": done.proof,
            "licence": done.license,
            "cite": done.cite,
            "use it with": done.source,
        },
    )
