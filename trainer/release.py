"""Release a trained model: what `trainer` comes with, made from the folder of a run.

``python -m trainer.release RUN --dataset DATASET --name NAME`` writes three files: ``NAME.keras``
without anything that only training needs, ``NAME.tflite``, proved against it on the dataset's test
split, and ``NAME.md``, the model card.
"""

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen import console
from datagen.atomic import take_name
from datagen.errors import InputError, UsageError
from datagen.lock import workshop
from trainer import packaged
from trainer.backend import load_tensorflow

if TYPE_CHECKING:
    from trainer.card_facts import Evaluated
    from trainer.dataset import Dataset
    from trainer.export_check import Comparison

ENDINGS = (".keras", ".tflite", ".md")


@dataclass(frozen=True, slots=True)
class Release:
    """What was written.

    Attributes:
        model: The Keras model.
        litert: The same as LiteRT.
        card: The model card.
        agreement: How the second answers beside the first.
    """

    model: Path
    litert: Path
    card: Path
    agreement: "Comparison"


def release(
    run: str | Path,
    dataset: str | Path,
    name: str = packaged.DEFAULT,
    evaluations: Iterable[str | Path] = (),
    out: str | Path = packaged.FOLDER,
) -> Release:
    """Write a model, its conversion and its card; an earlier release of the name is replaced.

    Args:
        run: Folder of a finished ``trainer fit``.
        dataset: The dataset that it was trained on; it needs a test split.
        name: Name of the model: small letters, digits, ``-`` and ``_``.
        evaluations: Folders that ``trainer evaluate`` has written for this model, for the card.
        out: Folder for the files.

    Raises:
        UsageError: `name` is none, or the dataset has no test split.
        InputError: The run isn't finished or was trained on another dataset, an evaluation is of
            another model, `out` holds something else under that name, or the converted model
            answers otherwise than the original.
    """
    from trainer import litert
    from trainer.card_facts import read_evaluation
    from trainer.dataset import open_dataset
    from trainer.export_check import SPLIT
    from trainer.model_file import load_model, save_model
    from trainer.runfolder import RunFolder

    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise UsageError(f"name (={name!r}) must be of small letters, digits, '-' and '_'")
    folder, source = RunFolder(Path(run)), open_dataset(dataset)
    source.shards(SPLIT)
    identity, metrics = _finished(folder.folder, folder.identity, folder.metrics)
    if identity["dataset_digest"] != source.digest:
        raise InputError(f"{run} wasn't trained on {dataset}: give the dataset that it was")
    network, metadata = load_model(folder.model)  # uncompiled: it has no optimizer any more
    others = [read_evaluation(Path(given), folder.model, metadata) for given in evaluations]
    targets = [Path(out) / f"{name}{ending}" for ending in ENDINGS]
    _check_out(targets)
    with workshop(Path(out) / name) as scratch:
        beside = [scratch / target.name for target in targets]
        save_model(network, beside[0], metadata)
        beside[1].write_bytes(litert.convert(network, metadata))
        agreement = compare(beside[0], beside[1], source)
        facts: dict[str, Any] = {"name": name, "metadata": metadata, "agreement": agreement}
        _write_card(beside, source, others, {**facts, "run": identity, "metrics": metrics})
        for made, target in zip(beside, targets, strict=True):
            take_name(made, target)
    model, converted, card = targets
    return Release(model, converted, card, agreement)


def _finished(
    run: Path, identity: Path, metrics: Path
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    from trainer.presets import PRESETS
    from trainer.runfolder import read_json

    if not (identity.is_file() and metrics.is_file()):
        raise InputError(f"{run} is no finished run: let `trainer fit` finish it first")
    found = read_json(identity)
    if "model" in found:
        raise InputError(
            f"{run} fine-tuned another model: only a run of `trainer fit` tells it all"
        )
    if found.get("preset") not in PRESETS:
        raise InputError(f"{run} was trained with a preset that this version doesn't know")
    return found, read_json(metrics)


def _check_out(targets: list[Path]) -> None:
    there = [target for target in targets if target.exists()]
    if there and len(there) < len(targets):
        raise InputError(
            f"{there[0]} is there without the other files of a release, so it isn't one: move it "
            "away or give another --name"
        )


def compare(model: Path, converted: Path, dataset: "Dataset") -> "Comparison":
    """Read the test split with a model and with its conversion.

    Args:
        model: A model file.
        converted: What `trainer.litert.convert` made of it, as a file.
        dataset: A dataset of its classes.

    Raises:
        InputError: They answer otherwise to too many pictures.
    """
    from trainer import export_check, litert
    from trainer.infer import Reader
    from trainer.model_file import load_model

    network, metadata = load_model(model)
    run, _ = litert.open_model(converted.read_bytes())
    found = export_check.compare(Reader(network, metadata.size), run, metadata, dataset)
    export_check.require(
        found, export_check.FLOAT, converted.name, "convert with another TensorFlow"
    )
    return found


def _write_card(
    beside: list[Path], dataset: "Dataset", others: "list[Evaluated]", facts: dict[str, Any]
) -> None:
    from trainer import card_facts
    from trainer.card import card
    from trainer.evaluate import evaluate
    from trainer.export_check import SPLIT

    with tempfile.TemporaryDirectory() as scratch:
        folder = evaluate(beside[0], dataset.folder, scratch, SPLIT).folder
        own = card_facts.read_evaluation(folder, beside[0], facts["metadata"])
    text = card(
        card_facts.Facts(
            **facts,
            recipe=card_facts.read_recipe(dataset.folder),
            fonts=card_facts.read_fonts(dataset.folder),
            evaluations=(own, *others),
            sizes={path.name: path.stat().st_size for path in beside[:2]},
        )
    )
    beside[2].write_text(text, encoding="utf-8")


def _command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished `trainer fit`.")],
    dataset: Annotated[Path, typer.Option(help="The dataset that it was trained on.")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = packaged.DEFAULT,
    evaluation: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of `trainer evaluate` to tell of in the card; may be repeated."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = packaged.FOLDER,
) -> None:
    """Release a trained model: NAME.keras, NAME.tflite and the model card NAME.md."""
    console.show(True)
    load_tensorflow("making a release")
    made = release(run, dataset, name, evaluation or (), out)
    console.summary(
        f"released {name}",
        {
            "model": made.model,
            "LiteRT": made.litert,
            "same first answer": f"{made.agreement.same:.2%} of {made.agreement.count:,}",
            "card": made.card,
        },
    )


def main() -> None:
    """Run the command line."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_command)
    try:
        app()
    except InputError as error:
        sys.exit(console.fail(str(error), error.exit_code).exit_code)


if __name__ == "__main__":
    main()
