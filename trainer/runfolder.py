"""The folder of one training run: what it is a run of, what it holds, whether it is finished.

``run.json`` is written first and says what is being trained on what; a second command goes on with
the run only where it asks for exactly the same.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen.errors import InputError, UsageError


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths within a run's folder."""

    folder: Path

    @property
    def identity(self) -> Path:
        """What is trained on what."""
        return self.folder / "run.json"

    @property
    def model(self) -> Path:
        """The best model so far."""
        return self.folder / "model.keras"

    @property
    def state(self) -> Path:
        """Everything needed to go on: the model, its optimizer, the callbacks' counters."""
        return self.folder / "state.keras"

    @property
    def history(self) -> Path:
        """One row an epoch."""
        return self.folder / "history.csv"

    @property
    def metrics(self) -> Path:
        """Results; written last, so it marks a finished run."""
        return self.folder / "metrics.json"

    @property
    def tensorboard(self) -> Path:
        """Logs for TensorBoard."""
        return self.folder / "tensorboard"


def open_run(out: str | Path, identity: Mapping[str, Any]) -> RunFolder:
    """Make a run's folder, or find it again.

    Args:
        out: The folder.
        identity: What is trained on what, as JSON values.

    Raises:
        UsageError: The folder holds another run.
        InputError: The folder holds something else.
    """
    run = RunFolder(Path(out))
    if not run.identity.exists():
        if run.folder.exists() and (not run.folder.is_dir() or any(run.folder.iterdir())):
            raise InputError(
                f"{run.folder} exists and isn't a training run: give --out an empty or new folder"
            )
        run.folder.mkdir(parents=True, exist_ok=True)
        write_json(run.identity, identity)
        return run
    found = read_json(run.identity)
    wanted = json.loads(json.dumps(identity))
    differing = [key for key in wanted if found.get(key) != wanted[key]]
    if differing:
        key = differing[0]
        raise UsageError(
            f"{run.folder} is a run with {key} {found.get(key)!r}, not {wanted[key]!r}: "
            "repeat the command that started it or give another --out"
        )
    return run


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: The file holds something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} isn't JSON ({error}): give another --out") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object: give another --out")
    return value


def trim_history(path: Path, epochs: int) -> None:
    """Drop the rows of epochs that will be trained again, that is those from `epochs` on."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    kept = [row for row in rows if len(row) == len(header) and int(row[0]) < epochs]
    beside = path.with_name(f".{path.name}.tmp")
    with beside.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *kept] if kept else [])
    beside.replace(path)
