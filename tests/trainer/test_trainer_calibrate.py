import json
import shutil
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scratch_dataset import write_dataset

from datagen.errors import InputError
from trainer.calibrate import calibrate, fit_calibration, fit_temperature
from trainer.dataset import open_dataset
from trainer.fit import fit
from trainer.infer import without_softmax
from trainer.model_file import MEMBER, load_model, replace_metadata
from trainer.probabilities import calibrated
from trainer.scores import calibration_error


def drawn(temperature, count=20_000, classes=6):
    """Logits, and labels drawn from the probabilities that they have at a temperature."""
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, (count, classes)).astype(np.float32)
    shares = calibrated(logits, temperature).cumsum(1)
    return logits, (rng.random((count, 1)) > shares[:, :-1]).sum(1)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.3, 4))
def test_the_temperature_that_made_the_labels_is_found(temperature):
    logits, labels = drawn(temperature, 4000)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.12)


def test_it_makes_probabilities_mean_what_they_say():
    logits, labels = drawn(2.5)
    found = fit_temperature(logits, labels)
    assert calibration_error(calibrated(logits, 1.0), labels) > 0.1
    assert calibration_error(calibrated(logits, found), labels) < 0.015


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_what_smoothed_targets_gave_to_all_classes_is_taken_away(spread):
    logits, labels = drawn(1.0, classes=30)
    taught = np.log((1 - spread) * calibrated(logits, 1.0) + spread / 30)
    temperature, found = fit_calibration(taught, labels)
    assert temperature == pytest.approx(1, abs=0.05)
    assert found == pytest.approx(spread, abs=0.051)
    alone = calibration_error(calibrated(taught, fit_temperature(taught, labels)), labels)
    assert calibration_error(calibrated(taught, temperature, found), labels) < min(0.01, alone / 2)


@given(st.floats(0.1, 10), st.floats(0, 0.9))
def test_calibration_keeps_the_order_of_answers_and_sums_to_one(temperature, spread):
    logits = np.random.default_rng(0).normal(0, 4, (50, 20)).astype(np.float32)
    said = calibrated(logits, temperature, spread)
    assert said.sum(1) == pytest.approx(1, abs=1e-5)
    ranked = np.take_along_axis(said, np.argsort(logits, axis=1), axis=1)
    assert (np.diff(ranked, axis=1) >= 0).all()


def test_a_model_that_is_always_right_does_not_become_endlessly_sure():
    logits = 8 * np.eye(4, dtype=np.float32)[np.arange(80) % 4]
    found = fit_temperature(logits, np.arange(80) % 4)
    assert 0.9 < calibrated(logits, found).max(1).mean() < 0.995


def test_logits_are_those_of_the_models_probabilities(run, splits):
    model, _ = load_model(run.model)
    images = splits["test"][0][:, ..., None]
    logits = np.asarray(without_softmax(model).predict_on_batch(images))
    said = np.asarray(model.predict_on_batch(images))
    assert calibrated(logits, 1.0) == pytest.approx(said, abs=1e-5)


def test_training_ends_with_temperature_and_threshold_in_the_file(run):
    _, metadata = load_model(run.model)
    assert metadata.temperature == run.metrics["temperature"]
    assert metadata.spread == run.metrics["spread"]
    assert asdict(metadata.rejection) == run.metrics["rejection"]
    assert metadata.rejection.kept >= 0.97
    assert set(metadata.rejection.accepted) == {"noise", "scribbles", "characters"}
    assert 0 <= run.metrics["ece"] <= 1


def test_measured_again_it_is_the_same_and_the_weights_stay(run, dataset, tmp_path):
    copy = Path(shutil.copy(run.model, tmp_path / "copy.keras"))
    _, metadata = load_model(copy)
    replace_metadata(copy, replace(metadata, temperature=3.0, rejection=None))
    assert load_model(copy)[1].temperature == 3.0
    found = calibrate(copy, open_dataset(dataset))
    assert found == {key: run.metrics[key] for key in found}
    assert load_model(copy)[1] == metadata
    with zipfile.ZipFile(copy) as one, zipfile.ZipFile(run.model) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {
            i.filename: i.CRC for i in other.infolist()
        }
    assert [path.name for path in tmp_path.iterdir()] == ["copy.keras"]


def test_without_a_validation_split_nothing_is_claimed(table, splits, tmp_path):
    data = write_dataset(tmp_path / "data", table, {"train": splits["train"]}, size=32)
    run = fit(data, tmp_path / "run", "quick", epochs=1)
    _, metadata = load_model(run.model)
    assert (metadata.temperature, metadata.spread, metadata.rejection) == (1.0, 0.0, None)
    assert "temperature" not in run.metrics


@pytest.mark.parametrize("wrong", [{"score": "luck"}, {"cut": 3}])
def test_a_rejection_of_another_version_is_refused(run, tmp_path, wrong):
    copy = Path(shutil.copy(run.model, tmp_path / "copy.keras"))
    value = asdict(load_model(copy)[1])
    value["rejection"] |= wrong
    with zipfile.ZipFile(run.model) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(value) if name == MEMBER else old.read(name))
    with pytest.raises(InputError, match=r"copy\.keras: its math_vision\.json"):
        load_model(copy)


def test_a_model_file_from_before_thresholds_still_loads(run, tmp_path):
    copy = Path(shutil.copy(run.model, tmp_path / "copy.keras"))
    value = asdict(load_model(copy)[1])
    del value["rejection"], value["temperature"], value["spread"]
    with zipfile.ZipFile(run.model) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(value) if name == MEMBER else old.read(name))
    assert load_model(copy)[1].rejection is None
