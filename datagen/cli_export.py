"""The commands of `datagen` that carry a dataset elsewhere: export, describe."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import completion, console
from datagen.cli_options import USE, Dataset, Json, Quiet, app
from datagen.remote import location
from datagen.summaries import Shown, size

_FORMATS = completion.among("tfds", "parquet", "webdataset", "idx", "png")


@app.command(
    rich_help_panel=USE,
    epilog=console.examples(
        "datagen export data/quickstart --format parquet --out hub",
        "datagen export data/quickstart --format idx --out idx --split train --split test",
    ),
)
def export(
    dataset: Dataset,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            help="tfds, parquet, webdataset, idx, or png.",
            autocompletion=_FORMATS,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.", callback=console.here)],
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="train, validation, or test; repeatable.",
            show_default="all",
            autocompletion=completion.among("train", "validation", "test"),
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a dataset for other libraries; run it again after a stop to go on."""
    console.show(not quiet, as_json)
    from datagen.export import export as run

    done = run(location(dataset), format_name, out, split or ())
    console.summary(
        "Dataset exported" if done.written else "Dataset is exported already",
        {
            **done.records,
            "files": done.files,
            "size": size(done.bytes),
            "written to": done.folder,
            "opens with": done.opened,
        },
    )


@app.command(
    rich_help_panel=USE,
    epilog=console.examples("datagen describe data/quickstart --date 2026-12-24"),
)
def describe(
    dataset: Annotated[Path, typer.Argument(help="Folder of the dataset.", callback=console.here)],
    url: Annotated[str, typer.Option(help="Where it is published.")] = "",
    date: Annotated[str, typer.Option(help="Day of publication, YYYY-MM-DD.")] = "",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write card, Croissant, licences and citation; rows that you fill in LICENSES.csv stay."""
    console.show(not quiet, as_json)
    from datagen.describe import describe as run

    done = run(dataset, url, date)
    some = ", ".join(done.unknown[:4]) + (" …" if len(done.unknown) > 4 else "")
    console.summary(
        "Dataset described",
        {
            "font families": done.families,
            "real sources": done.sources,
            "licence unknown": Shown(
                done.unknown,
                f"{some}; fill in LICENSES.csv and run again" if some else "none",
            ),
            "files": done.files,
            "written to": done.folder,
        },
    )
