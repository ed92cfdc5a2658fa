"""The `trainer` command: each command parses, calls one function and says what was written."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen import console
from trainer import packaged
from trainer.presets import PRESETS
from trainer.printing import Format, printable, printer
from trainer.quiet import silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.train import Run

app = typer.Typer(
    cls=console.Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Dataset = Annotated[Path, typer.Argument(help="Folder written by `datagen build`.")]
Model = Annotated[
    Path,
    typer.Argument(
        callback=packaged.find,
        help="A model.keras written by `trainer fit`, or handwriting, which comes with trainer.",
    ),
]
RunOut = Annotated[Path, typer.Option("--out", help="Folder of the run; made if need be.")]
Epochs = Annotated[int | None, typer.Option(help="Most epochs, if not the preset's.")]
Batch = Annotated[int | None, typer.Option(help="Pictures a step, if not the preset's.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Only = Annotated[
    str | None,
    typer.Option(
        metavar="CHARS", help="Characters that can occur, such as 0123456789; default all."
    ),
]
Average = Annotated[
    int, typer.Option(help="Small warps of each picture whose answers are averaged.", min=1)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


@app.callback()
def trainer(version: Annotated[bool, console.version_option("trainer")] = False) -> None:
    """Train, evaluate and use classifiers of symbol pictures."""


@app.command(epilog="Example: trainer fit data/math-vision --out runs/compact")
def fit(
    dataset: Dataset,
    *,
    out: RunOut,
    preset: Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")] = "compact",
    epochs: Epochs = None,
    batch: Batch = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak learning rate, if not the preset's.")
    ] = None,
    class_weights: Annotated[
        str | None, typer.Option(help="none, effective or focal, if not the preset's.")
    ] = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Train a model on a dataset.

    Writes model.keras, history.csv, metrics.json and tensorboard/ to the folder of the run.

    Run the same command again to go on after a stop.
    """
    console.show(not quiet)
    with _tensorflow():
        from trainer.fit import fit as train
    _say(
        train(
            dataset,
            out,
            preset,
            epochs=epochs,
            batch=batch,
            learning_rate=learning_rate,
            class_weights=class_weights,
            seed=seed,
        )
    )


@app.command(
    epilog="Example: trainer finetune runs/compact/model.keras data/mine --out runs/mine --freeze 2"
)
def finetune(
    model: Model,
    dataset: Dataset,
    *,
    out: RunOut,
    learning_rate: Annotated[float, typer.Option(help="Learning rate at the start.")] = 1e-5,
    freeze: Annotated[int, typer.Option(help="Leading stages to leave as they are.")] = 0,
    epochs: Annotated[int, typer.Option(help="Most epochs.")] = 5,
    batch: Batch = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Train a finished model further, on other data.

    The dataset's classes must be among the model's.

    Run the same command again to go on after a stop.
    """
    console.show(not quiet)
    with _tensorflow():
        from trainer.finetune import finetune as train
    _say(
        train(
            model,
            dataset,
            out,
            learning_rate=learning_rate,
            freeze=freeze,
            epochs=epochs,
            batch=batch,
            seed=seed,
        )
    )


@app.command(
    epilog="Example: trainer evaluate runs/compact/model.keras data/math-vision --out results"
)
def evaluate(
    model: Model,
    dataset: Dataset,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    split: Annotated[str, typer.Option(help="Split of the dataset to score.")] = "test",
    only: Only = None,
    average: Average = 1,
    quiet: Quiet = False,
) -> None:
    """Score a model on a dataset.

    Writes evaluation.html, a page to open in a browser, and metrics.json, per_class.csv,
    per_source.csv, mistakes.csv and confusion.png.
    """
    console.show(not quiet)
    with _tensorflow():
        from trainer.evaluate import evaluate as score
    result = score(model, dataset, out, split, only, average)
    metrics = result.metrics
    facts: dict[str, object] = {
        "images": metrics["count"],
        "accuracy": f"{metrics['accuracy']:.2%}",
        "with look-alikes as one": f"{metrics['accuracy_shape']:.2%}",
        "in the first two": f"{metrics['top2']:.2%}",
        "macro F1": f"{metrics['macro_f1']:.4f}",
        "calibration error": f"{metrics['ece']:.4f}",
        "without temperature": f"{metrics['ece_uncalibrated']:.4f}",
    }
    if "known" in metrics:
        facts["taken for a class"] = f"{metrics['known']:.2%}"
    for source, scores in metrics["per_source"].items():
        facts[source] = f"{scores['accuracy']:.2%} of {scores['count']:,}"
    console.summary(f"scored {split} of {metrics['dataset']}", {**facts, "page": result.page})


@app.command(epilog="Example: trainer predict scan.png photos/ --format csv")
def predict(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Pictures, or folders of pictures; before them a model.keras, where another one "
            "than handwriting, which comes with trainer, is to read them."
        ),
    ],
    top: Annotated[int, typer.Option(help="Number of candidates a picture.")] = 5,
    only: Only = None,
    reject: Annotated[
        bool, typer.Option("--reject", help="Name none where a picture shows none of the classes.")
    ] = False,
    average: Average = 1,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.table,
    quiet: Quiet = False,
) -> None:
    """Say which characters pictures show.

    What can't be read is reported on standard error; the exit code is then 1, after all the others.
    """
    console.show(not quiet)
    model, pictures = packaged.split(paths)
    with _tensorflow():
        from trainer.predict import predict as run
    found = run(model, pictures, top, only, reject=reject, average=average)
    write = printer(form)
    failures = 0
    for prediction in found:
        if prediction.error is None:
            write(prediction)
        else:
            failures += 1
            typer.echo(printable(f"error: {prediction.error}"), err=True)
    if failures:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    app()


def _say(run: "Run") -> None:
    facts: dict[str, Any] = {
        "model": run.model,
        "parameters": run.metrics["parameters"],
        "epochs": run.metrics["epochs"],
        "best epoch": run.metrics["best_epoch"] + 1,
    }
    for key in ("val_accuracy", "val_loss", "accuracy", "loss"):
        if key in run.metrics:
            facts[key] = f"{run.metrics[key]:.4f}"
    if "temperature" in run.metrics:
        facts["calibration error"] = f"{run.metrics['ece']:.4f}"
        rejection = run.metrics["rejection"]
        shares = {"validation": rejection["kept"], **rejection["accepted"]}
        passed = ", ".join(f"{share:.0%} of {kind}" for kind, share in shares.items())
        facts["takes for a class"] = passed
    facts["images/s"] = f"{run.metrics['images_per_second']:,.0f}"
    facts["folder"] = run.folder
    title = "trained a model" if run.trained else "this run was finished before; nothing to do"
    console.summary(title, facts)


@contextmanager
def _tensorflow() -> "Iterator[None]":
    """Import TensorFlow within: its libraries greet on file descriptor 2 whatever is set."""
    with silence():
        import keras  # noqa: F401
    yield


if __name__ == "__main__":
    main()
