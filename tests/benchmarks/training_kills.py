"""Kill a training run at random moments, run the same command again, compare what comes out.

    python tests/benchmarks/training_kills.py [--times 20] [--seed 0]

Each time `trainer fit` gets SIGKILL at a random moment after it has made its folder, and the same
command runs again, once. Then every weight of the model, what its file says of it, history.csv,
metrics.json but for the times in it, and the names of all files are compared with those of a run
that nobody disturbed. Two kinds of run take turns, both of the preset `quick` with a checkpoint
every fifth of a second:

- `cosine`: as it is, with averaged weights, from pictures that are held in memory;
- `plateau`: with the learning rate falling on a plateau and early stopping, streamed from shards.

Ends with 1 where one run differs.
"""

import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import h5py
import killing
import tiny

from datagen.build import build

KINDS = ("cosine", "plateau")
TIMES = ("seconds", "images_per_second")
EPOCHS = 30  # at most

FIT = """
import sys
from dataclasses import replace
from trainer import checkpoint, data, presets
from trainer.cli import main

checkpoint.SAVE_SECONDS = 0.2
if sys.argv.pop(1) == "plateau":
    data.HELD_BYTES = 0
    presets.PRESETS["quick"] = replace(
        presets.QUICK, schedule="plateau", monitor="loss", patience=6, learning_rate=0.1
    )
main()
"""


def command(kind: str, dataset: Path, out: Path) -> list[str]:
    options = ["--preset=quick", f"--epochs={EPOCHS}", "--batch=16", "--quiet"]
    return [sys.executable, "-c", FIT, kind, "fit", str(dataset), f"--out={out}", *options]


def weights(model: Path) -> str:
    """SHA-256 of the weights in a model file."""
    digest = hashlib.sha256()

    def add(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + item[()].tobytes())

    with zipfile.ZipFile(model) as archive, io.BytesIO(archive.read("model.weights.h5")) as file:
        h5py.File(file).visititems(add)
    return digest.hexdigest()


def results(run: Path) -> dict[str, object]:
    """What a finished run has come to."""
    metrics = json.loads((run / "metrics.json").read_text())
    with zipfile.ZipFile(run / "model.keras") as archive:
        said = archive.read("math_vision.json")
    return {
        "files": sorted(path.name for path in run.iterdir()),
        "history": (run / "history.csv").read_text(),
        "metrics": {name: value for name, value in metrics.items() if name not in TIMES},
        "metadata": said,
        "weights": weights(run / "model.keras"),
    }


def kept(run: Path) -> str:
    """How far the checkpoint of a killed run is."""
    if (run / "metrics.json").exists():
        return "finished"
    if not (run / "state.keras").exists():
        return "no checkpoint yet"
    with zipfile.ZipFile(run / "state.keras") as archive:
        state = json.loads(archive.read("training.json"))
    return f"{state['done']} epochs, {state['step']} steps"


def wait_for(run: Path, process: subprocess.Popen[bytes]) -> float:
    """Wait until a process has made its folder; returns when."""
    while process.poll() is None and not run.exists():
        time.sleep(0.005)
    return time.monotonic()


def kill(words: list[str], run: Path, moment: float) -> bool:
    """Start a run and kill it; whether that was before its end."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = wait_for(run, process)
    while time.monotonic() - started < moment and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    return process.wait() < 0


def calm(kind: str, dataset: Path, run: Path) -> tuple[dict[str, object], float]:
    """Train without being disturbed; what it came to, and its seconds from the folder on."""
    process = subprocess.Popen(command(kind, dataset, run))
    started = wait_for(run, process)
    if process.wait():
        sys.exit(f"a run that nobody disturbs ended with code {process.returncode}")
    found, seconds = results(run), time.monotonic() - started
    metrics = json.loads((run / "metrics.json").read_text())
    print(f"{kind}, undisturbed: {seconds:.1f} s, {metrics['epochs']} epochs", flush=True)
    return found, seconds


def trial(words: list[str], run: Path, want: dict[str, object], moment: float) -> tuple[bool, str]:
    """Kill, run again, compare; whether it is the same, and what is to be said."""
    killed = False
    while not killed:
        shutil.rmtree(run, ignore_errors=True)
        killed = kill(words, run, moment)
        moment *= 0.9  # where it had ended already, nothing was tried
    place = kept(run)
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    if again.returncode:
        return False, f"{place}; the second run failed: {again.stderr.strip()}"
    found = results(run)
    other = [name for name in want if found[name] != want[name]]
    return not other, f"{place}: {'OTHER ' + ', '.join(other) if other else 'the same'}"


def main() -> None:
    options = killing.options(__doc__ or "", times=20)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        recipe, sources = tiny.make(place / "from", classes=20)
        dataset = place / "dataset"
        build(recipe, dataset, sources=sources, workers=2)
        wanted = {kind: calm(kind, dataset, place / f"calm-{kind}") for kind in KINDS}

        def once(kind: str, chance: random.Random) -> tuple[bool, str]:
            want, length = wanted[kind]
            moment = chance.uniform(0.0, length)
            equal, said = trial(command(kind, dataset, place / "run"), place / "run", want, moment)
            return equal, f"killed after {moment:5.2f} s, {said}"

        sys.exit(bool(killing.repeat(KINDS, options.times, options.seed, once)))


if __name__ == "__main__":
    main()
