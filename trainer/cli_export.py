"""The command `trainer export`."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import console
from datagen.summaries import Shown
from trainer.backend import load_tensorflow
from trainer.cli_options import Json, Model, Quiet
from trainer.export import Form

EPILOG = console.examples(
    "trainer export handwriting --format onnx --out handwriting.onnx",
    "trainer export runs/compact/model.keras --format litert --out model.tflite --int8 "
    "--calibrate data/math-vision",
)
_INT8, _PROOF = "Smaller", "Proof"


def export(
    model: Model,
    *,
    form: Annotated[Form, typer.Option("--format", help="What to write.")],
    out: Annotated[
        Path, typer.Option("--out", help="File or folder to write.", callback=console.here)
    ],
    int8: Annotated[
        bool, typer.Option("--int8", help="8-bit integers: a quarter of the size; litert and onnx.")
    ] = False,
    calibrate: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Whose training pictures int8 is calibrated on."),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Whose test pictures must get the same answers; if not given, --calibrate's.",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a model for another runtime.

    LiteRT (.tflite) and ONNX (.onnx) files, which `trainer predict` reads too, or a folder for
    TensorFlow (saved_model) or for browsers (tfjs-ready). How to frame a picture, the classes, the
    temperature and the rejection stand inside.

    What is written is read back and, given a dataset, must answer as the model does.
    """
    console.show(not quiet, as_json)
    load_tensorflow("trainer export")
    from trainer.export import export as write

    made = write(model, form, out, int8=int8, calibrate=calibrate, check=check)
    facts: dict[str, object] = {
        "written to": made.path,
        "size": Shown(
            made.size, f"{made.size:,} bytes, {made.size / made.original:.0%} of {model.name}"
        ),
    }
    found = made.comparison
    if found is None:
        facts["answers"] = Shown(None, "read back, but not compared: --check DATASET does")
    else:
        facts["same first answer"] = Shown(
            found.same, f"{found.same:.2%} of {found.count:,} test pictures"
        )
        facts["top-1 accuracy"] = Shown(
            found.exported, f"{found.exported:.2%}, that of {model.name} {found.accuracy:.2%}"
        )
    console.summary(f"exported {model.name} as {form}{' int8' if int8 else ''}", facts)
