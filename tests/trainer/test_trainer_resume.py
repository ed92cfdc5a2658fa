import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scratch_dataset import OPTIONS, write_dataset

from datagen import lock
from datagen.errors import InputError
from trainer import checkpoint, data, runfolder, train
from trainer.dataset import open_dataset
from trainer.finetune import finetune
from trainer.fit import fit
from trainer.model_file import load_model
from trainer.presets import PRESETS, QUICK, Augmentation
from trainer.runfolder import RunFolder

EPOCHS = 2  # of 11 steps each
SHORT = {**OPTIONS, "epochs": EPOCHS}
TIMES = {"seconds", "images_per_second"}


class KilledError(BaseException):
    """Stands for SIGKILL: nothing after it is done, nothing that was in memory is left."""


def weights(path):
    return load_model(path)[0].get_weights()


def same_weights(one, other):
    pairs = zip(weights(one), weights(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def results(run):
    history = (run.folder / "history.csv").read_bytes()
    return history, {k: v for k, v in run.metrics.items() if k not in TIMES}


def assert_same(run, other):
    assert results(run) == results(other)
    assert same_weights(run.model, other.model)
    assert {p.name for p in run.folder.iterdir()} == {p.name for p in other.folder.iterdir()}


def kill_after(monkeypatch, place, name, calls):
    """Let the `calls`-th call of a function be the last thing that the process did."""
    whole, count = getattr(place, name), 0

    def last(*args, **kwargs):
        nonlocal count
        whole(*args, **kwargs)
        count += 1
        if count == calls:
            raise KilledError

    monkeypatch.setattr(place, name, last)


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    return fit(dataset, tmp_path_factory.mktemp("runs") / "whole", **SHORT)


@pytest.mark.parametrize("source", ["held", "streamed"])
def test_a_run_goes_on_in_the_middle_of_an_epoch(source, dataset, whole, tmp_path, monkeypatch):
    if source == "streamed":
        monkeypatch.setattr(data, "HELD_BYTES", 0)
        whole = fit(dataset, tmp_path / "whole", **SHORT)
    monkeypatch.setattr(checkpoint, "SAVE_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        # 10 checkpoints within the first epoch and one at its end: step 4 of the second.
        kill_after(patch, checkpoint, "write_archive", 15)
        with pytest.raises(KilledError):
            fit(dataset, tmp_path / "run", **SHORT)
    state, _ = checkpoint.read_state(RunFolder(tmp_path / "run"))
    assert (state.done, state.step) == (1, 4)
    resumed = fit(dataset, tmp_path / "run", **SHORT)
    assert_same(resumed, whole)


def test_a_run_killed_between_any_two_files_goes_on(dataset, whole, tmp_path, monkeypatch):
    for place, name in (
        (lock, "_tidy"),  # there is a folder and nothing in it
        (runfolder, "write_json"),
        (train, "trim_history"),
        (checkpoint, "write_archive"),  # the first checkpoint is there, its model isn't yet
        (checkpoint, "save_model"),
        (checkpoint, "write_archive"),  # the last one
        (train, "calibrate"),  # the model file is changed, the results aren't there yet
        (train, "write_json"),  # they are, and so is the checkpoint still
    ):
        with monkeypatch.context() as patch:
            kill_after(patch, place, name, 1)
            with pytest.raises(KilledError):
                fit(dataset, tmp_path / "run", **SHORT)
    assert_same(fit(dataset, tmp_path / "run", **SHORT), whole)


def test_what_a_killed_process_leaves_is_no_obstacle(dataset, whole, tmp_path):
    folder = tmp_path / "run"
    (folder / runfolder.STATE).mkdir(parents=True)
    (folder / runfolder.STATE / lock.FILE).write_text("{}")
    for name in (".partial-0123456789abcdef.json", ".partial-fedcba9876543210.keras"):
        (folder / name).write_text("half of")
    assert_same(fit(dataset, folder, **SHORT), whole)


def test_two_trainings_in_one_folder_are_refused(dataset, tmp_path):
    held = lock.hold(tmp_path / "run", None)
    with held, pytest.raises(InputError, match=rf"process {os.getpid()} .* works in it"):
        fit(dataset, tmp_path / "run", **SHORT)
    assert not RunFolder(tmp_path / "run").identity.exists()


def test_a_damaged_checkpoint_is_one_sentence(dataset, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, checkpoint, "write_archive", 1)
        with pytest.raises(KilledError):
            fit(dataset, tmp_path / "run", **SHORT)
    state = RunFolder(tmp_path / "run").state
    state.write_bytes(state.read_bytes()[:-1000])
    with pytest.raises(InputError, match=r"state\.keras is damaged .* remove .*run and run"):
        fit(dataset, tmp_path / "run", **SHORT)


def test_plateau_and_early_stopping_go_on_from_the_middle_of_an_epoch(
    table, splits, tmp_path, monkeypatch
):
    small = {name: tuple(part[:40] for part in splits[name]) for name in ("train", "validation")}
    folder = write_dataset(tmp_path / "data", table, small, size=32)
    waiting = replace(
        QUICK,
        schedule="plateau",
        optimizer="adam",
        patience=6,
        ema=0.1,
        monitor="loss",
        augmentation=Augmentation(shift=0.1),
    )
    monkeypatch.setitem(PRESETS, "quick", waiting)
    monkeypatch.setattr(checkpoint, "SAVE_SECONDS", 0.0)
    options = {"preset": "quick", "epochs": 30, "learning_rate": 0.3, "batch": 20}
    whole = fit(folder, tmp_path / "whole", **options)
    with (whole.folder / "history.csv").open() as file:
        rates = {row["learning_rate"] for row in csv.DictReader(file)}
    assert len(rates) > 1  # the plateau's counter ran out
    assert whole.metrics["epochs"] < 30  # and the patience
    # Two checkpoints an epoch: one after the first of two steps and one at its end.
    for calls in (5, 2):
        with monkeypatch.context() as patch:
            kill_after(patch, checkpoint, "write_archive", calls)
            with pytest.raises(KilledError):
                fit(folder, tmp_path / "run", **options)
    assert_same(fit(folder, tmp_path / "run", **options), whole)


def test_finetuning_is_the_same_every_time_and_goes_on(run, dataset, tmp_path, monkeypatch):
    options = {"epochs": 2, "learning_rate": 1e-2, "freeze": 1, "batch": 60, "seed": 5}
    whole = finetune(run.model, dataset, tmp_path / "whole", **options)
    assert not same_weights(whole.model, run.model)
    monkeypatch.setattr(checkpoint, "SAVE_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        kill_after(patch, checkpoint, "write_archive", 3)
        with pytest.raises(KilledError):
            finetune(run.model, dataset, tmp_path / "run", **options)
    assert_same(finetune(run.model, dataset, tmp_path / "run", **options), whole)


@pytest.mark.parametrize("source", ["held", "streamed"])
def test_the_ids_of_a_step_are_those_of_its_pictures(source, dataset, monkeypatch):
    if source == "streamed":
        monkeypatch.setattr(data, "HELD_BYTES", 0)
    opened = open_dataset(dataset)
    view = data.View(32, 9, range(9))
    how = {"batch": 50, "seed": 7}
    batches, steps = data.training(
        opened, view, augmentation=Augmentation(), epochs=range(1, 2), **how
    )
    for step, (images, _) in enumerate(batches.as_numpy_iterator()):
        ids = data.shown(opened, epoch=1, step=step, **how)
        # The scratch dataset names a sample by the hash of its pixels and its position.
        digests = [hashlib.sha256(image.tobytes()).hexdigest()[:12] for image in images]
        assert [sample[:12] for sample in ids] == digests
    assert step + 1 == steps


def test_a_diverging_run_names_the_samples_of_the_step(dataset, tmp_path):
    options = ["--preset", "quick", "--batch", "20", "--learning-rate", "1e30"]
    command = [sys.executable, "-m", "trainer.cli", "fit", str(dataset), *options]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    sentence = done.stderr[done.stderr.index("error:") :]
    found = re.search(
        r"the loss became (?:nan|inf) at step (\d+) of epoch 1; .* samples of that step: (.*)$",
        sentence.strip(),
    )
    assert found, done.stderr
    opened = open_dataset(dataset)
    ids = data.shown(opened, batch=20, seed=0, epoch=0, step=int(found[1]) - 1)
    assert found[2].split(", ") == ids
    listed = (dataset / "manifests" / "train-00000-of-00003.csv").read_text()
    assert any(sample in listed for sample in ids)


DETERMINISTIC = """
import sys
from tensorflow.python.framework import config
from trainer.cli import main

try:
    main()
finally:
    print("deterministic:", config.is_op_determinism_enabled(), file=sys.stderr)
"""


def test_full_determinism_is_an_option_that_the_run_remembers(dataset, tmp_path):
    runs = []
    for name in ("one", "other"):
        options = ["--preset", "quick", "--epochs", "1", "--batch", "60", "--deterministic"]
        out = ["--out", str(tmp_path / name)]
        command = [sys.executable, "-c", DETERMINISTIC, "fit", str(dataset), *options, *out]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "deterministic: True" in done.stderr
        runs.append(RunFolder(tmp_path / name))
    one, other = runs
    assert one.history.read_bytes() == other.history.read_bytes()
    assert same_weights(one.model, other.model)
    assert json.loads(one.identity.read_text())["deterministic"] is True
    with pytest.raises(InputError, match="is a run with deterministic True, not False"):
        fit(dataset, one.folder, "quick", epochs=1, batch=60)
