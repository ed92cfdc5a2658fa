"""The commands of `datagen` that carry a dataset elsewhere: export, describe."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import console
from datagen.cli_options import Quiet, app


@app.command(
    epilog="Examples: [bold]datagen export data/quickstart --format parquet --out hub[/]  ·  "
    "[bold]datagen export data/quickstart --format idx --out idx --split train --split test[/]"
)
def export(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    format_name: Annotated[
        str, typer.Option("--format", help="tfds, parquet, webdataset, idx, or png.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    split: Annotated[
        list[str] | None,
        typer.Option(help="train, validation, or test; repeatable.", show_default="all"),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a dataset for other libraries; run it again after a stop to go on."""
    console.show(not quiet)
    from datagen.export import export as run

    done = run(dataset, format_name, out, split or ())
    console.summary(
        "Dataset exported" if done.written else "Dataset is exported already",
        {
            **done.records,
            "files": done.files,
            "size": f"{done.bytes / 1e6:.1f} MB",
            "written to": done.folder,
            "opens with": done.opened,
        },
    )


@app.command(epilog="Example: [bold]datagen describe data/quickstart --date 2026-12-24[/]")
def describe(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.")],
    url: Annotated[str, typer.Option(help="Where it is published.")] = "",
    date: Annotated[str, typer.Option(help="Day of publication, YYYY-MM-DD.")] = "",
    quiet: Quiet = False,
) -> None:
    """Write card, Croissant, licences and citation; rows that you fill in LICENSES.csv stay."""
    console.show(not quiet)
    from datagen.describe import describe as run

    done = run(dataset, url, date)
    some = ", ".join(done.unknown[:4]) + (" …" if len(done.unknown) > 4 else "")
    console.summary(
        "Dataset described",
        {
            "font families": done.families,
            "real sources": done.sources,
            "licence unknown": f"{some}; fill in LICENSES.csv and run again" if some else "none",
            "files": " ".join(done.files),
            "written to": done.folder,
        },
    )
