"""Ask the trainer's small network about pictures, in a process of its own.

datagen stays free of TensorFlow: pictures and labels go into a file, another process trains on
some folds of them, says what it thinks of the others, and writes that to a file. Each finished fold
is kept, so that a run that was stopped goes on with the next.
"""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

from datagen import console
from datagen.atomic import atomic_file
from datagen.checks import Network, View
from datagen.errors import InputError, UsageError
from datagen.seeds import shares

FOLDS = 3
_COMMAND = "trainer.crossfit"


def ask(view: View, folder: Path) -> Network:
    """Train on the pictures that are alive and return what each fold says of the others.

    Args:
        view: The pictures.
        folder: Where to keep the questions and answers.

    Raises:
        UsageError: TensorFlow is not installed.
        InputError: The training failed.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise UsageError(
            "the checks outlier and label train a network and need TensorFlow: install it, or "
            "leave them out with --no-network"
        )
    alive = np.flatnonzero(view.alive)
    fold = (shares(view.pictures.picture, "fold") * FOLDS).astype(np.uint8)
    labels = view.pictures.label[alive]
    digest = hashlib.sha256(view.pictures.picture[alive].tobytes() + labels.tobytes())
    asked = folder / "network"
    asked.mkdir(parents=True, exist_ok=True)
    question = asked / f"question-{digest.hexdigest()[:16]}.npz"
    if not question.exists():
        for old in asked.glob("*.npz"):
            old.unlink()
        with atomic_file(question, durable=False) as file:
            np.savez(
                file,
                pixels=view.pixels[alive],
                labels=labels,
                fold=fold[alive],
                classes=len(view.characters),
            )
    probabilities = np.zeros((len(view.pictures), len(view.characters)), np.float32)
    features: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None = None
    for number in range(FOLDS):
        answer = asked / f"fold-{number}.npz"
        if not answer.exists():
            _train(question, number, answer)
        with np.load(answer) as said:
            rows = alive[said["rows"]]
            probabilities[rows] = said["probabilities"]
            if features is None:
                features = np.zeros((len(view.pictures), said["features"].shape[1]), np.float32)
            features[rows] = said["features"]
    if features is None:
        raise InputError("no fold was trained")
    return Network(probabilities, features, fold)


def _train(question: Path, fold: int, answer: Path) -> None:
    console.note(f"training a network on the others: fold {fold + 1} of {FOLDS}")
    command = [sys.executable, "-m", _COMMAND, str(question), str(fold), str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"it ended with code {done.returncode}"
        raise InputError(f"the network for the checks outlier and label failed: {reason}")
