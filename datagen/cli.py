"""The `datagen` command: parse, call one function, print. Heavy imports stay in the commands."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import cli_render, completion, console  # noqa: F401  (its command stands first)
from datagen.cli_options import (
    MAKE,
    Characters,
    Json,
    Quiet,
    Sources,
    Workers,
    app,
    parse_sources,
)
from datagen.remote import location
from datagen.summaries import Shown, size


@app.callback()
def _main(version: Annotated[bool, console.version_option("datagen")] = False) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()


_CHECKS = "What is checked"


@app.command(
    rich_help_panel=MAKE,
    epilog=console.examples(
        "datagen curate --source symbols=math-symbols.zip --out curated",
        "datagen curate --source symbols=math-symbols.zip --out curated --no-network",
    ),
)
def curate(
    out: Annotated[Path, typer.Option(help="Folder to write to.", callback=console.here)],
    source: Sources = None,
    decisions: Annotated[
        list[Path] | None,
        typer.Option(help="CSV file of decisions; repeatable. OUT/decisions.csv is read too."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Take checks and thresholds from this recipe.",
            autocompletion=completion.recipes,
            rich_help_panel=_CHECKS,
        ),
    ] = None,
    network: Annotated[
        bool,
        typer.Option(
            "--network/--no-network",
            help="Run the checks that train a network.",
            rich_help_panel=_CHECKS,
        ),
    ] = True,
    characters: Characters = "math-vision-89",
    edge: Annotated[
        int,
        typer.Option("--size", min=8, help="Edge of the frame in pixels.", rich_help_panel=_CHECKS),
    ] = 32,
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find what is wrong in real pictures; write tables and a page to decide on."""
    console.show(not quiet, as_json)
    sources = parse_sources(source)
    from datagen.curate import configure
    from datagen.curate import curate as run

    config = configure(recipe, decisions or [], network)
    done = run(sources, out, config, characters_table=characters, size=edge, workers=workers)
    for note in done.notes:
        console.note(f"note: {note}")
    console.summary(
        "Pictures curated",
        {
            "pictures": done.pictures,
            **dict(sorted(done.verdicts.items())),
            **{f"by {name}": count for name, count in sorted(done.checks.items())},
            "decided": done.decided,
            "conflicts": len(done.conflicts),
            "written to": done.folder,
            "review page": done.page,
        },
    )


@app.command(
    rich_help_panel=MAKE,
    epilog=console.examples(
        "datagen build quickstart --out data/quickstart",
        "datagen build math-vision --source emnist=emnist/ --out data/math-vision",
        "datagen build recipe.toml --out data/mine --json",
        "datagen build recipe.toml --out s3://bucket/mine --source symbols=s3://bucket/set.zip",
    ),
)
def build(
    recipe: Annotated[
        str,
        typer.Argument(
            help="quickstart, fonts-only, math-vision, or a TOML file; datagen init writes one.",
            autocompletion=completion.recipes,
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            metavar="PATH", help="Folder of the dataset, or a URL such as s3://bucket/name."
        ),
    ],
    source: Sources = None,
    decisions: Annotated[
        list[Path] | None, typer.Option(help="CSV file of decisions; repeatable.")
    ] = None,
    workers: Workers = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Write the shards on a Dask cluster, such as tcp://host:8786; its workers must "
            "have the folder (for a URL, $MATH_VISION_CACHE) under the same path.",
            rich_help_panel=console.RUNNING,
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Build balanced TFRecord shards with manifests; run it again after a stop to go on.

    One process at a time builds into a folder. Stores have no lock: build into a URL from one
    machine at a time.
    """
    console.show(not quiet, as_json)
    sources = parse_sources(source)
    from datagen.build import build as run

    done = run(recipe, location(out), sources, workers, decisions or [], scheduler)
    for note in done.notes:
        console.note(f"note: {note}")
    console.summary(
        f"Dataset {done.name} " + ("built" if done.written else "is complete already"),
        {
            **done.records,
            **{f"from {name}": count for name, count in done.sources.items()},
            "font families": done.families,
            "left out": Shown(
                done.rejected, f"{done.rejected:,} (manifests/rejected.csv says why)"
            ),
            "size": size(done.bytes),
            "written to": done.folder,
        },
    )


# Their commands stand last in the help.
from datagen import cli_export, cli_fetch, cli_fonts, cli_init, cli_look  # noqa: E402, F401

if __name__ == "__main__":
    main()
