import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scratch_dataset import OPTIONS, table_of, write_dataset

from datagen.errors import InputError, UsageError
from trainer import callbacks
from trainer.finetune import finetune
from trainer.fit import fit
from trainer.model_file import load_model
from trainer.presets import PRESETS, QUICK, Augmentation
from trainer.runfolder import RunFolder

KILLED = """
import os, signal, sys
from trainer import checkpoint
from trainer.cli import app

save = checkpoint.Checkpoint.on_epoch_end

def die(self, epoch, logs=None):
    save(self, epoch, logs)
    if epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.Checkpoint.on_epoch_end = die
app(sys.argv[1:])
"""


def weights(path):
    return load_model(path)[0].get_weights()


def history(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_learns_and_writes_its_files(run):
    names = {path.name for path in run.folder.iterdir()}
    assert names == {"model.keras", "history.csv", "metrics.json", "run.json", "tensorboard"}
    assert run.trained
    assert run.metrics == json.loads((run.folder / "metrics.json").read_text())
    assert run.metrics["epochs"] == 6
    assert run.metrics["val_accuracy"] > 0.5
    rows = history(run.folder)
    assert [row["epoch"] for row in rows] == list("012345")
    best = rows[run.metrics["best_epoch"]]
    assert float(best["val_loss"]) == min(float(row["val_loss"]) for row in rows)
    for key in ("val_loss", "val_accuracy"):
        assert run.metrics[key] == float(best[key])
    assert any((run.folder / "tensorboard").rglob("events*"))


def test_the_saved_model_is_the_validated_one(run, splits):
    model, _ = load_model(run.model)
    images, labels = splits["validation"]
    found = np.asarray(model.predict_on_batch(images[..., None])).argmax(1)
    assert (found == labels).mean() == pytest.approx(run.metrics["val_accuracy"], abs=1e-6)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(run, dataset, tmp_path):
    out = tmp_path / "killed"
    options = ["--preset", "quick", "--batch", "32", "--seed", "3", "--epochs", "6"]
    command = [sys.executable, "-c", KILLED, "fit", str(dataset), "--out", str(out), *options]
    killed = subprocess.run(command, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr
    assert [row["epoch"] for row in history(out)] == ["0", "1", "2"]
    assert RunFolder(out).state.exists()
    resumed = fit(dataset, out, epochs=6, **OPTIONS)
    assert resumed.trained
    assert history(out) == history(run.folder)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(weights(resumed.model), weights(run.model), strict=True)
    )
    assert not RunFolder(out).state.exists()


def test_a_finished_run_is_left_alone(run, dataset):
    before = run.model.stat().st_mtime_ns
    again = fit(dataset, run.folder, epochs=6, **OPTIONS)
    assert not again.trained
    assert again.metrics == run.metrics
    assert run.model.stat().st_mtime_ns == before


def test_a_run_of_something_else_is_refused(run, dataset):
    with pytest.raises(UsageError, match="is a run with seed 3, not 4"):
        fit(dataset, run.folder, epochs=6, **{**OPTIONS, "seed": 4})
    with pytest.raises(UsageError, match="is a run with preset 'quick', not 'compact'"):
        fit(dataset, run.folder)


def test_a_folder_that_is_no_run_is_refused(dataset, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="isn't a training run"):
        fit(dataset, tmp_path, **OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("seed", [-1, 1 << 31])
def test_an_impossible_seed_is_a_usage_error(dataset, tmp_path, seed):
    with pytest.raises(UsageError, match="seed"):
        fit(dataset, tmp_path / "run", "quick", seed=seed)
    assert not (tmp_path / "run").exists()


def test_a_diverging_run_stops_with_a_sentence(dataset, tmp_path):
    with pytest.raises(InputError, match=r"training diverged.*smaller --learning-rate"):
        fit(dataset, tmp_path / "run", "quick", epochs=3, learning_rate=1e30)
    assert not RunFolder(tmp_path / "run").metrics.exists()


def test_a_stopped_run_remembers_plateau_and_patience(table, splits, tmp_path, monkeypatch):
    small = {"train": tuple(part[:40] for part in splits["train"])}
    data = write_dataset(tmp_path / "data", table, small, size=32)
    # At this learning rate the accuracy never changes: the plateau's counter runs out in epoch 3,
    # the patience in epoch 6.
    waiting = replace(
        QUICK,
        schedule="plateau",
        optimizer="adam",
        monitor="accuracy",
        patience=6,
        dropout=0.0,
        augmentation=Augmentation(),
        outliers=0.0,
    )
    monkeypatch.setitem(PRESETS, "quick", waiting)
    options = {"preset": "quick", "epochs": 20, "learning_rate": 2e-7}
    whole = fit(data, tmp_path / "whole", **options)
    begin = callbacks.Progress.on_epoch_begin

    def interrupt(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt
        begin(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Progress, "on_epoch_begin", interrupt)
        with pytest.raises(KeyboardInterrupt, match=r"epochs are kept in .* run the same command"):
            fit(data, tmp_path / "stopped", **options)
    resumed = fit(data, tmp_path / "stopped", **options)
    assert history(resumed.folder) == history(whole.folder)
    rates = [float(row["learning_rate"]) for row in history(whole.folder)]
    assert rates == pytest.approx([2e-7] * 4 + [1e-7] * 3)
    # There is no validation split: what is best is judged by training itself.
    assert whole.metrics["accuracy"] == float(history(whole.folder)[0]["accuracy"])


def test_a_dataset_without_train_records_is_refused(table, splits, tmp_path):
    data = write_dataset(tmp_path / "data", table, {"test": splits["test"]}, size=32)
    with pytest.raises(InputError, match="no train split"):
        fit(data, tmp_path / "run", "quick")
    assert not (tmp_path / "run").exists()


def test_finetuning_keeps_frozen_stages_and_moves_the_others(run, table, splits, tmp_path):
    few = table_of("BA0")  # other labels than in the model
    where = {table.label(c.codepoint): c.label for c in few}
    images, labels = splits["train"]
    chosen = np.isin(labels, list(where))
    part = (images[chosen], np.array([where[y] for y in labels[chosen]]))
    data = write_dataset(tmp_path / "data", few, {"train": part, "validation": part}, size=32)
    tuned = finetune(
        run.model, data, tmp_path / "run", freeze=2, epochs=2, batch=20, learning_rate=1e-3
    )
    before, after = (load_model(path)[0] for path in (run.model, tuned.model))
    moved = {
        layer.name.split("_")[0]
        for layer, other in zip(before.layers, after.layers, strict=True)
        for a, b in zip(layer.get_weights(), other.get_weights(), strict=True)
        if not np.array_equal(a, b)
    }
    assert moved == {"stage2", "head"}
    assert tuned.metrics["val_accuracy"] > 0.8
    assert load_model(tuned.model)[1].table.to_csv() == table.to_csv()


def test_finetuning_varies_the_width_of_strokes(run, dataset, tmp_path):
    tuned = finetune(run.model, dataset, tmp_path / "run", epochs=1)
    before, after = (
        json.loads((folder / "run.json").read_text())["augmentation"]
        for folder in (run.folder, tuned.folder)
    )
    assert before["widen"] == 0
    assert after == {**before, "widen": 0.5}


def test_finetuning_on_unknown_classes_is_refused(run, splits, tmp_path):
    data = write_dataset(tmp_path / "data", table_of("0OoABx+7?"), splits, size=32)
    with pytest.raises(InputError, match=r"1 classes that the model doesn't know \(U\+003F\)"):
        finetune(run.model, data, tmp_path / "run")


def test_freezing_more_than_there_is_is_a_usage_error(run, dataset, tmp_path):
    with pytest.raises(UsageError, match=r"freeze \(=4\) must be from 0 to 3"):
        finetune(run.model, dataset, tmp_path / "run", freeze=4)
