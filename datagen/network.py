"""Ask the trainer's small network about pictures, in a process of its own.

datagen stays free of TensorFlow: pictures and labels go into a file, another process trains on
some folds of them, says what it thinks of the others, and writes that to a file. Each finished fold
is kept, so that a run that was stopped goes on with the next.

Pairs of the pictures, two laid in one frame, and fragments of them stand among them as two more
classes: what the network says of these is what it knows of several symbols in one picture, and of
parts of one. Each is made of pictures of one fold and belongs to it, so that here too nothing is
said of a picture that was learned from.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import console, fragments, pairs
from datagen.atomic import atomic_file
from datagen.check_names import NETWORK
from datagen.checks import Network, View
from datagen.errors import InputError
from datagen.seeds import generator, shares

FOLDS = 3
_MADE = {"pairs": 0.15, "fragments": 0.15}  # pictures made for each picture
_LEAST = 1e-9  # probability, so that what is left beside a sure pair can be shared out
_COMMAND = "trainer.crossfit"


def ask(view: View, folder: Path) -> Network:
    """Train on the pictures that are alive and return what each fold says of the others.

    Args:
        view: The pictures.
        folder: Where to keep the questions and answers.

    Raises:
        InputError: The training failed.
    """
    alive = np.flatnonzero(view.alive)
    fold = (shares(view.pictures.picture, "fold") * FOLDS).astype(np.uint8)
    question = _question(view, alive, fold, folder / "network")
    classes = len(view.characters)
    said = np.zeros((len(view.pictures), classes + len(_MADE)), np.float32)
    features: NDArray[np.float32] | None = None
    for number in range(FOLDS):
        answer = question.with_name(f"fold-{number}.npz")
        if not answer.exists():
            _train(question, number, answer)
        with np.load(answer) as answered:
            of_pictures = answered["rows"] < len(alive)  # those made come after them
            rows = alive[answered["rows"][of_pictures]]
            said[rows] = answered["probabilities"][of_pictures]
            if features is None:
                shape = len(view.pictures), answered["features"].shape[1]
                features = np.zeros(shape, np.float32)
            features[rows] = answered["features"][of_pictures]
    if features is None:
        raise InputError("no fold was trained")
    several, fragment = said[:, classes], said[:, classes + 1]
    return Network(_shared_out(said[:, :classes]), features, fold, several, fragment)


def _question(view: View, alive: NDArray[np.int64], fold: NDArray[np.uint8], folder: Path) -> Path:
    """Write what the network is to learn, unless it lies there; another's answers are removed."""
    made, made_fold, made_kind = _made(view.pixels, alive, fold)
    labels = view.pictures.label[alive]
    digest = hashlib.sha256(view.pictures.picture[alive].tobytes() + labels.tobytes())
    digest.update(made.tobytes() + made_fold.tobytes())
    folder.mkdir(parents=True, exist_ok=True)
    question = folder / f"question-{digest.hexdigest()[:16]}.npz"
    if question.exists():
        return question
    for old in folder.glob("*.npz"):
        old.unlink()
    classes = len(view.characters)
    with atomic_file(question) as file:
        np.savez(
            file,
            pixels=np.concatenate((view.pixels[alive], made)),
            labels=np.concatenate((labels, (classes + made_kind).astype(labels.dtype))),
            fold=np.concatenate((fold[alive], made_fold)),
            classes=classes + len(_MADE),
        )
    return question


def _made(
    pixels: NDArray[np.uint8], rows: NDArray[np.int64], fold: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Make pairs and fragments of the pictures of each fold; return pixels, folds and kinds."""
    made, folds, kinds = [], [], []
    for kind, (name, part) in enumerate(_MADE.items()):
        for number in range(FOLDS):
            own = rows[fold[rows] == number]
            count = round(part * len(own))
            random = generator("network", name, number, len(own))
            for one, two in random.choice(own, (count, 2)) if count else ():
                made.append(
                    pairs.pair(pixels[one], pixels[two], random)
                    if name == "pairs"
                    else fragments.fragment(pixels[one], random)
                )
            folds += [number] * count
            kinds += [kind] * count
    stacked = np.stack(made) if made else np.zeros((0, *pixels.shape[1:]), np.uint8)
    return stacked, np.array(folds, np.uint8), np.array(kinds, np.int64)


def _shared_out(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share out what the classes of those made took, so that the others sum to 1 again."""
    left = probabilities + np.float32(_LEAST)
    return np.asarray(left / left.sum(axis=1, keepdims=True), np.float32)


def _train(question: Path, fold: int, answer: Path) -> None:
    console.note(f"training a network on the others: fold {fold + 1} of {FOLDS}")
    command = [sys.executable, "-m", _COMMAND, str(question), str(fold), str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"it ended with code {done.returncode}"
        raise InputError(f"the network for the checks {', '.join(NETWORK)} failed: {reason}")
