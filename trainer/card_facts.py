"""What a model card tells, read from the files of a run, of its dataset and of evaluations.

No number of a card is typed in: whatever can't be read from a file isn't told.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from datagen import recipe as recipes
from datagen.errors import InputError
from datagen.recipe import Recipe
from trainer.export_check import Comparison
from trainer.infer import AVERAGE
from trainer.model_file import Metadata
from trainer.presets import PRESETS
from trainer.runfolder import read_json

OPTIONS = {  # of `trainer fit`, for what a preset also has
    "epochs": "--epochs",
    "batch": "--batch",
    "learning_rate": "--learning-rate",
    "class_weights": "--class-weights",
}


@dataclass(frozen=True, slots=True)
class Confusion:
    """A class that was taken for another one which doesn't look the same.

    Attributes:
        true: Code point of the true class.
        said: Code point of the answer.
        times: How often it happened.
        of: Pictures of the true class.
    """

    true: str
    said: str
    times: int
    of: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation: its ``metrics.json`` and its confusions, the most frequent first."""

    metrics: Mapping[str, Any]
    confusions: tuple[Confusion, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a card tells.

    Attributes:
        name: Name of the model.
        metadata: The model's.
        run: ``run.json``.
        metrics: ``metrics.json`` of the run.
        recipe: The dataset's, without paths.
        fonts: The dataset's ``fonts.csv``: one row a face.
        evaluations: The dataset's own test split first.
        sizes: Bytes of each file.
        agreement: The LiteRT file beside the Keras one, on that test split.
    """

    name: str
    metadata: Metadata
    run: Mapping[str, Any]
    metrics: Mapping[str, Any]
    recipe: Recipe
    fonts: pd.DataFrame
    evaluations: tuple[Evaluated, ...]
    sizes: Mapping[str, int]
    agreement: Comparison


def read_recipe(dataset: Path) -> Recipe:
    """Read the recipe of a dataset and forget where its real sources and extra fonts lay.

    Raises:
        InputError: The dataset has no usable recipe.
    """
    found = recipes.read(dataset / "recipe.toml")
    nowhere: dict[str, Any] = {"path": "", "folders": ()}
    sources = {name: s.model_copy(update=nowhere) for name, s in found.sources.items()}
    return found.model_copy(update={"sources": sources})


def read_fonts(dataset: Path) -> pd.DataFrame:
    """Read which faces a dataset was drawn with; no rows where it wasn't drawn.

    Returns:
        Columns family, license and split, strings; one row a face with a usable character.
    """
    columns = ["family", "license", "split", "usable"]
    path = dataset / "manifests" / "fonts.csv"
    if not path.is_file():
        return pd.DataFrame(columns=columns, dtype=str)
    table = _table(path, columns)
    return table[table["usable"].astype(int) > 0]


def read_evaluation(folder: Path, model: Path, metadata: Metadata) -> Evaluated:
    """Read what `trainer evaluate` wrote of a model.

    Raises:
        InputError: The folder holds no evaluation, or one of another model.
    """
    file = folder / "metrics.json"
    metrics = read_json(file) if file.is_file() else {}
    if "per_source" not in metrics:
        raise InputError(f"{folder} holds no evaluation: give a folder of `trainer evaluate`")
    scored = Path(metrics["model"])
    other = scored.is_file() and scored.read_bytes() != model.read_bytes()
    said = metrics.get("temperature"), metrics.get("spread")
    if other or said != (metadata.temperature, metadata.spread):
        raise InputError(
            f"{folder} is the evaluation of another model, {scored}, or of this one as it was "
            f"before: evaluate {model} again"
        )
    counts = _table(folder / "per_class.csv", ["codepoint", "count"])
    of = dict(zip(counts["codepoint"], counts["count"].astype(int), strict=True))
    shapes = {c.codepoint: c.shape for c in metadata.table}
    wrong = _table(folder / "mistakes.csv", ["codepoint", "predicted"])
    pairs = Counter(zip(wrong["codepoint"], wrong["predicted"], strict=True))
    found = [
        Confusion(true, said, times, of[true])
        for (true, said), times in pairs.items()
        if shapes[true] != shapes[said]
    ]
    found.sort(key=lambda one: (-one.times, one.true, one.said))
    return Evaluated(metrics, tuple(found))


def commands(facts: Facts) -> list[str]:
    """Return the commands that make the model again, in order."""
    build, data = _build(facts.recipe)
    run, name = f"runs/{facts.name}", facts.name
    release = f"python -m trainer.release {run} --dataset {data} --name {name}"
    evaluations = []
    for evaluated in facts.evaluations[1:]:  # the first is made by the release itself
        metrics = evaluated.metrics
        source, split = metrics["dataset"], metrics["split"]
        out = f"{run}/{source}-{split}"
        how = f" --only {_quoted(metrics['only'])}" if metrics["only"] else ""
        how += f" --average {metrics['average']}" if metrics["average"] != AVERAGE else ""
        how += " --adapt" if metrics.get("adapt") else ""
        given = f"data/{source.replace('_', '-')} --split {split}{how}"
        evaluations.append(f"trainer evaluate {run}/model.keras {given} --out {out}")
        release += f" --evaluation {out}"
    return [build, _fit(facts.run, data, run), *evaluations, release]


def changed(run: Mapping[str, Any]) -> list[str]:
    """Return which settings a run's preset has otherwise by now, those of `OPTIONS` aside."""
    now = dataclasses.asdict(PRESETS[run["preset"]])
    return [key for key, value in now.items() if key not in OPTIONS and run.get(key) != value]


def _fit(run: Mapping[str, Any], data: str, out: str) -> str:
    preset = dataclasses.asdict(PRESETS[run["preset"]])
    given = [f"--preset {run['preset']}"] if run["preset"] != "compact" else []
    given += [
        f"{option} {run[key]}"
        for key, option in OPTIONS.items()
        if key == "epochs" or run[key] != preset[key]
    ]
    given += [f"--seed {run['seed']}"] if run["seed"] else []
    return " ".join(["trainer fit", data, "--out", out, *given])


def _build(recipe: Recipe) -> tuple[str, str]:
    """Return the command that builds the dataset of a recipe, and where it then lies."""
    names = [n for n in recipes.shipped() if _same(recipes.read(n), recipe)]
    name = names[0] if names else recipe.name.replace("_", "-")
    real = [f" --source {n}={n}/" for n, source in recipe.sources.items() if not source.drawn]
    given = name if names else "recipe.toml"
    return f"datagen build {given} --out data/{name}{''.join(real)}", f"data/{name}"


def _same(shipped: Recipe, recipe: Recipe) -> bool:
    """Whether a dataset's recipe is a shipped one, sources aside that it may do without."""
    kept = {
        name: source
        for name, source in shipped.sources.items()
        if name in recipe.sources or not source.optional
    }
    changes: dict[str, Any] = {"sources": kept}
    if all(source.drawn for source in kept.values()):
        changes["curate"] = recipe.curate  # which checks real pictures, and there are none
    return bool(shipped.model_copy(update=changes) == recipe)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: make the folder that it belongs to again") from error
    except ValueError as error:
        raise InputError(f"{path} can't be read as CSV ({error}): make it again") from error
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        raise InputError(f"{path} has no column {lacking[0]!r}: make it again with this version")
    return table
