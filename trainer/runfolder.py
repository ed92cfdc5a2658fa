"""The folder of one training run: what it is a run of, what it holds, whether it is finished.

``run.json`` is written first and says what is being trained on what; a second command goes on with
the run only where it asks for exactly the same.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen import lock
from datagen.atomic import leftovers, write_text
from datagen.claim import STATE
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


def find_run(out: str | Path, identity: Mapping[str, Any]) -> RunFolder:
    """Find a run's folder, or the place of a new one; nothing is made.

    Args:
        out: The folder.
        identity: What is trained on what, as JSON values.

    Raises:
        UsageError: The folder holds another run.
        InputError: The folder holds something else.
    """
    run = RunFolder(Path(out))
    if not run.identity.exists():
        if run.folder.exists() and (not run.folder.is_dir() or any(_foreign(run.folder))):
            raise InputError(
                f"{run.folder} exists and isn't a training run: give --out an empty or new folder"
            )
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


@contextmanager
def working(run: RunFolder, identity: Mapping[str, Any]) -> Iterator[None]:
    """Make a run's folder where there is none, and keep every other process out of it.

    Raises:
        UsageError: Another command has just begun another run there.
        InputError: Another process works in it.
    """
    with lock.hold(run.folder, None):
        find_run(run.folder, identity)
        if not run.identity.exists():
            write_json(run.identity, identity)
        yield


def clear(run: RunFolder) -> None:
    """Remove what a finished run needs no more; a kill may have kept it from doing so itself."""
    if run.state.exists():
        run.state.unlink()
    if (run.folder / STATE).exists():
        with suppress(OSError):  # another process has just taken the lock, and will see this itself
            (run.folder / STATE).rmdir()


def _foreign(folder: Path) -> Iterator[Path]:
    """Whatever is in a folder that a run killed in its first moments can't have left there."""
    ours = {*leftovers(folder), folder / STATE / lock.FILE}
    return (path for path in folder.rglob("*") if not path.is_dir() and path not in ours)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


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


def read_epoch(path: Path, epoch: int) -> dict[str, str]:
    """Return the history's row of an epoch; empty where it has none."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["epoch"] == str(epoch):
                return row
    return {}


def trim_history(path: Path, epochs: int) -> None:
    """Drop the rows of epochs that will be trained again, that is those from `epochs` on."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    kept = [row for row in rows if len(row) == len(header) and int(row[0]) < epochs]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *kept] if kept else [])
    write_text(path, text.getvalue())
