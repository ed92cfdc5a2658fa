"""The commands of `trainer` that train: fit, finetune."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen import completion, console
from datagen.summaries import Shown, decimals
from trainer.backend import load_tensorflow
from trainer.cli_options import Dataset, Json, Model, Quiet, app
from trainer.presets import PRESETS

if TYPE_CHECKING:
    from trainer.train import Run

MORE = "Training"  # panel of the help for what a preset decides where it is not given

RunOut = Annotated[
    Path,
    typer.Option("--out", help="Folder of the run; made if need be.", callback=console.here),
]
Epochs = Annotated[
    int | None, typer.Option(help="Most epochs, if not the preset's.", rich_help_panel=MORE)
]
Batch = Annotated[
    int | None, typer.Option(help="Pictures a step, if not the preset's.", rich_help_panel=MORE)
]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", rich_help_panel=MORE)]
Deterministic = Annotated[
    bool,
    typer.Option(
        "--deterministic",
        help="Give the same bits every time; slower on a GPU.",
        rich_help_panel=MORE,
    ),
]
Strategy = Annotated[
    str,
    typer.Option(
        help="none, or mirrored for all GPUs of this machine together.",
        autocompletion=completion.among("none", "mirrored"),
        rich_help_panel=MORE,
    ),
]


@app.command(
    epilog=console.examples(
        "trainer fit data/math-vision --out runs/compact",
        "trainer fit data/quickstart --out runs/quick --preset quick --json",
    )
)
def fit(
    dataset: Dataset,
    *,
    out: RunOut,
    preset: Annotated[
        str,
        typer.Option(
            help=f"One of: {', '.join(PRESETS)}.", autocompletion=completion.among(*PRESETS)
        ),
    ] = "compact",
    epochs: Epochs = None,
    batch: Batch = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Peak learning rate, if not the preset's.", rich_help_panel=MORE),
    ] = None,
    class_weights: Annotated[
        str | None,
        typer.Option(
            help="none, effective or focal, if not the preset's.",
            autocompletion=completion.among("none", "effective", "focal"),
            rich_help_panel=MORE,
        ),
    ] = None,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    strategy: Strategy = "none",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a model on a dataset.

    Writes model.keras, history.csv, metrics.json and tensorboard/ to the folder of the run.

    Run the same command again to go on after a stop.
    """
    console.show(not quiet, as_json)
    load_tensorflow("trainer fit")
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
            deterministic=deterministic,
            strategy=strategy,
        )
    )


@app.command(
    epilog=console.examples(
        "trainer finetune handwriting data/mine --out runs/mine",
        "trainer finetune runs/compact/model.keras data/mine --out runs/mine --freeze 2",
    )
)
def finetune(
    model: Model,
    dataset: Dataset,
    *,
    out: RunOut,
    learning_rate: Annotated[
        float, typer.Option(help="Learning rate at the start.", rich_help_panel=MORE)
    ] = 1e-5,
    freeze: Annotated[
        int, typer.Option(help="Leading stages to leave as they are.", rich_help_panel=MORE)
    ] = 0,
    epochs: Annotated[int, typer.Option(help="Most epochs.", rich_help_panel=MORE)] = 5,
    batch: Batch = None,
    seed: Seed = 0,
    deterministic: Deterministic = False,
    strategy: Strategy = "none",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a finished model further, on other data.

    The dataset's classes must be among the model's.

    Run the same command again to go on after a stop.
    """
    console.show(not quiet, as_json)
    load_tensorflow("trainer finetune")
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
            deterministic=deterministic,
            strategy=strategy,
        )
    )


def _say(run: "Run") -> None:
    facts: dict[str, Any] = {
        "model": run.model,
        "parameters": run.metrics["parameters"],
        "epochs": run.metrics["epochs"],
        "best epoch": run.metrics["best_epoch"] + 1,
    }
    for key in ("val_accuracy", "val_loss", "accuracy", "loss"):
        if key in run.metrics:
            facts[key] = decimals(run.metrics[key])
    if "temperature" in run.metrics:
        facts["calibration error"] = decimals(run.metrics["ece"])
        rejection = run.metrics["rejection"]
        shares = {"validation": rejection["kept"], **rejection["accepted"]}
        passed = ", ".join(f"{share:.0%} of {kind}" for kind, share in shares.items())
        facts["takes for a class"] = Shown(shares, passed)
    speed = run.metrics["images_per_second"]
    facts["images a second"] = Shown(speed, f"{speed:,.0f}")
    facts["folder"] = run.folder
    title = "trained a model" if run.trained else "this run was finished before; nothing to do"
    console.summary(title, facts)
