"""The `trainer` command: each command parses, calls one function and says what was written."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import completion, console
from datagen.summaries import Shown, decimals, share
from trainer import (
    cli_export,
    cli_train,  # noqa: F401  its commands stand first in the help
    packaged,
)
from trainer.backend import load_tensorflow
from trainer.cli_options import Dataset, Json, Model, Quiet, app, find_model
from trainer.printing import Format, printable, printer

Only = Annotated[
    str | None,
    typer.Option(
        metavar="CHARS", help="Characters that can occur, such as 0123456789; default all."
    ),
]
Average = Annotated[
    int,
    typer.Option(
        help="Small warps of each picture whose answers are averaged; 1, none, is eight times as "
        "fast and reads worse.",
        min=1,
    ),
]
Adapt = Annotated[
    bool,
    typer.Option(
        "--adapt",
        help="Find how common each character is among all these pictures, and count less what is "
        "rare: for hundreds of one kind, such as a folder of digits.",
    ),
]


@app.callback()
def trainer(version: Annotated[bool, console.version_option("trainer")] = False) -> None:
    """Train, evaluate and use classifiers of symbol pictures."""


@app.command(
    epilog=console.examples(
        "trainer evaluate runs/compact/model.keras data/math-vision --out results",
        "trainer evaluate handwriting data/mine --out results --split validation",
    )
)
def evaluate(
    model: Model,
    dataset: Dataset,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the results.", callback=console.here)
    ],
    split: Annotated[
        str,
        typer.Option(
            help="Split of the dataset to score.",
            autocompletion=completion.among("train", "validation", "test"),
        ),
    ] = "test",
    only: Only = None,
    average: Average = 8,
    adapt: Adapt = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Score a model on a dataset.

    Writes evaluation.html, a page to open in a browser, and metrics.json, per_class.csv,
    per_source.csv, mistakes.csv and confusion.png.
    """
    console.show(not quiet, as_json)
    load_tensorflow("trainer evaluate")
    from trainer.evaluate import evaluate as score

    result = score(model, dataset, out, split, only, average, adapt)
    metrics = result.metrics
    facts: dict[str, object] = {
        "images": metrics["count"],
        "accuracy": share(metrics["accuracy"]),
        "with look-alikes as one": share(metrics["accuracy_shape"]),
        "in the first two": share(metrics["top2"]),
        "macro F1": decimals(metrics["macro_f1"]),
        "calibration error": decimals(metrics["ece"]),
        "before calibration": decimals(metrics["ece_uncalibrated"]),
    }
    if "known" in metrics:
        facts["taken for a class"] = share(metrics["known"])
    for source, scores in metrics["per_source"].items():
        text = f"{scores['accuracy']:.2%} of {scores['count']:,}"
        facts[f"from {source}"] = Shown({k: scores[k] for k in ("accuracy", "count")}, text)
    console.summary(f"scored {split} of {metrics['dataset']}", {**facts, "page": result.page})


app.command(epilog=cli_export.EPILOG)(cli_export.export)


@app.command(
    epilog=console.examples(
        "trainer predict scan.png photos/ --format csv",
        "trainer predict runs/compact/model.keras scan.png --only 0123456789 --top 1",
        "trainer predict digits/ --adapt --format csv",
    )
)
def predict(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures, or folders of pictures; before them a model (.keras, .tflite or "
            ".onnx), where another one than handwriting, which comes with trainer, is to read them."
        ),
    ],
    top: Annotated[int, typer.Option(help="Number of candidates a picture.")] = 5,
    only: Only = None,
    reject: Annotated[
        bool, typer.Option("--reject", help="Name none where a picture shows none of the classes.")
    ] = False,
    average: Average = 8,
    adapt: Adapt = False,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.table,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as --format json: a line a picture.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Say which characters pictures show.

    What can't be read is reported on standard error; the exit code is then 1, after all the others.
    """
    console.show(not quiet)
    if not paths[0].suffix:
        find_model(paths[0])  # a model whose name is misspelt is no picture
    model, pictures = packaged.split(paths)
    from trainer.predict import predict as run

    found = run(model, pictures, top, only, reject=reject, average=average, adapt=adapt)
    write = printer(Format.json if as_json else form)
    failures = 0
    for prediction in found:
        if prediction.error is None:
            write(prediction)
        else:
            failures += 1
            typer.echo(printable(f"error: {prediction.error}"), err=True)
    if failures:
        raise typer.Exit(1)


@app.command(
    epilog=console.examples(
        "trainer demo", "trainer demo runs/compact/model.keras --dataset data/math-vision"
    )
)
def demo(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A model (.keras, .tflite or .onnx); default handwriting, which comes with "
            "trainer.",
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Dataset whose nearest training samples are shown too.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the page; 0 for any.", min=0, max=65535)
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    as_json: Json = False,
) -> None:
    """Open a page to draw on.

    It reads what is drawn, or a picture, as it is drawn, and is served to this computer alone.

    Ctrl-C stops it.
    """
    console.show(True, as_json)
    from trainer.demo import demo as serve

    named = None if model is None else find_model(model)
    # A packaged model comes as a light file too, where its runtime is installed.
    path = packaged.light(named) if named and named != model else named
    serve(path, dataset, port=port, browser=not no_browser)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
