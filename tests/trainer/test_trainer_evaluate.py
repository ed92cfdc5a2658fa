import json
import os
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scratch_dataset import CLASSES, table_of, write_dataset

from datagen import characters
from datagen.errors import InputError, UsageError
from datagen.lock import hold
from trainer import cli, scores
from trainer.evaluate import evaluate
from trainer.infer import AVERAGE, Reader
from trainer.model_file import load_model
from trainer.plots import confusion_figure
from trainer.predict import predict
from trainer.probabilities import answered, calibrated


@pytest.fixture(scope="module")
def noisy(splits):
    """The test split with some wrong labels: every fourth picture's is the next class's."""
    images, labels = splits["test"]
    labels = labels.copy()
    labels[::4] = (labels[::4] + 1) % len(CLASSES)
    return images, labels


@pytest.fixture(scope="module")
def result(run, noisy, table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("noisy")
    data = write_dataset(
        folder / "data", table, {"test": noisy}, size=32, sources=("serif", "sans")
    )
    return evaluate(run.model, data, folder / "results", average=1)


@pytest.fixture(scope="module")
def probabilities(run, noisy):
    model, metadata = load_model(run.model)
    given = np.asarray(model.predict_on_batch(noisy[0][..., None]), np.float64)
    if metadata.spread:
        given = np.maximum(given - metadata.spread / given.shape[1], 1e-5)
    tempered = given ** (1 / metadata.temperature)
    return tempered / tempered.sum(1, keepdims=True)


def read(path):
    return pd.read_csv(path, keep_default_na=False)


def test_metrics_are_those_of_the_models_own_answers(result, probabilities, noisy, table):
    labels = noisy[1]
    expected = scores.score(probabilities, labels, table.shapes)
    assert {key: result.metrics[key] for key in expected} == pytest.approx(expected, rel=1e-4)
    assert result.metrics == json.loads((result.folder / "metrics.json").read_text())
    assert result.metrics["split"] == "test"
    assert result.metrics["accuracy_shape"] > result.metrics["accuracy"]


def test_sources_are_scored_apart(result, probabilities, noisy, table):
    right = answered(probabilities, table.shapes) == noisy[1]
    found = result.metrics["per_source"]
    assert found["serif"]["accuracy"] == pytest.approx(right[::2].mean())
    assert found["sans"]["accuracy"] == pytest.approx(right[1::2].mean())
    rows = read(result.folder / "per_source.csv").set_index("source")
    assert rows.loc["sans", "count"] == len(right) // 2
    assert rows.loc["sans", "accuracy"] == pytest.approx(right[1::2].mean(), abs=1e-6)


def test_every_class_has_a_row(result, noisy, table):
    rows = read(result.folder / "per_class.csv")
    assert rows["codepoint"].tolist() == [c.codepoint for c in table]
    assert rows["count"].tolist() == np.bincount(noisy[1]).tolist()
    right = (rows["recall"] * rows["count"]).sum()
    assert right / len(noisy[1]) == pytest.approx(result.metrics["accuracy"], abs=1e-5)


def test_mistakes_are_listed(result, probabilities, noisy, table):
    rows = read(result.folder / "mistakes.csv")
    wrong = answered(probabilities, table.shapes) != noisy[1]
    assert len(rows) == wrong.sum() > 0
    assert rows["probability"].is_monotonic_decreasing
    assert (rows["codepoint"] != rows["predicted"]).all()
    assert rows["id"].is_unique
    # As the manifests say, `write_dataset` wrote them so.
    assert (rows["group"] == rows["id"]).all()
    assert rows["origin"].str.fullmatch(r"draw \d+").all()


def test_the_confusion_matrix_is_a_picture(result):
    with Image.open(result.folder / "confusion.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert min(picture.size) > 400


def test_the_confusion_matrix_names_every_class_that_occurs():
    table = characters.load()
    counts = np.diag(np.arange(len(table)))  # the first class never occurs
    figure = confusion_figure(counts, table, "title")
    figure.draw_without_rendering()
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names[:88] == [c.char for c in table][1:]  # then again for the other side


def test_a_dataset_of_fewer_classes_is_matched_by_code_point(run, splits, tmp_path):
    few = table_of("=7")
    images, labels = splits["test"]
    chosen = labels >= 7  # 7 and = have the labels 7 and 8 in the model
    part = (images[chosen], np.where(labels[chosen] == 7, 1, 0))
    data = write_dataset(tmp_path / "data", few, {"test": part}, size=32)
    assert evaluate(run.model, data, tmp_path / "out").metrics["accuracy"] > 0.8


def test_an_earlier_evaluation_is_replaced_and_nothing_else(run, dataset, result, tmp_path):
    again = evaluate(run.model, dataset, result.folder, split="validation")
    assert again.metrics["split"] == "validation"
    with pytest.raises(InputError, match="holds no earlier evaluation"):
        evaluate(run.model, dataset, run.folder)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds no earlier evaluation"):
        evaluate(run.model, dataset, tmp_path)


def test_an_unknown_split_is_a_usage_error(run, dataset, tmp_path):
    with pytest.raises(UsageError, match="has no split 'dev'"):
        evaluate(run.model, dataset, tmp_path / "out", split="dev")
    assert not (tmp_path / "out").exists()


def test_a_temperature_flattens_probabilities_and_keeps_their_order():
    logits = np.log(np.array([[0.8, 0.2, 1e-12]], np.float32)) + 7
    assert calibrated(logits, 1.0) == pytest.approx(np.array([[0.8, 0.2, 0]]), abs=1e-5)
    flat = calibrated(logits, 2.0)
    # p^(1/2), normalised
    assert flat == pytest.approx(np.array([[2 / 3, 1 / 3, 0]]), abs=1e-5)
    assert flat.sum() == pytest.approx(1)


def test_both_calibration_errors_and_the_share_taken_for_a_class_are_given(result, noisy, run):
    model, metadata = load_model(run.model)
    given = np.asarray(model.predict_on_batch(noisy[0][..., None]))
    error = scores.calibration_error(given, noisy[1])
    assert result.metrics["ece_uncalibrated"] == pytest.approx(error, abs=1e-5)
    assert 0.8 < result.metrics["known"] <= 1
    assert result.metrics["temperature"] == metadata.temperature
    assert result.metrics["spread"] == metadata.spread


def test_averaging_reads_warps_of_one_picture_alike_whatever_is_beside_it(run, noisy, dataset):
    model, metadata = load_model(run.model)
    once, often = (Reader(model, metadata.size, average) for average in (1, 4))
    images = noisy[0][:12, ..., None]
    both = often.logits(images)
    assert not np.allclose(both, once.logits(images), atol=1e-3)
    assert often.logits(images[3:4]) == pytest.approx(both[3:4], abs=1e-4)
    assert (both.argmax(1) == once.logits(images).argmax(1)).mean() > 0.7
    for wrong in (0, 65):
        with pytest.raises(UsageError, match=rf"average \(={wrong}\)"):
            Reader(model, metadata.size, wrong)


def test_what_is_not_said_is_as_predict_has_it(result, run, splits, dataset, tmp_path):
    given = evaluate(run.model, dataset, tmp_path / "out").metrics
    images, labels = splits["test"]
    model, metadata = load_model(run.model)
    logits = Reader(model, metadata.size, AVERAGE).logits(images[..., None])
    said = calibrated(logits, metadata.temperature, metadata.spread)
    expected = scores.score(said, labels, metadata.table.shapes)
    assert {key: given[key] for key in expected} == pytest.approx(expected, rel=1e-4)
    assert (given["average"], result.metrics["average"]) == (AVERAGE, 1)
    library, command = signature(predict), signature(cli.predict)
    assert library.parameters["average"].default == command.parameters["average"].default == AVERAGE
    assert signature(cli.evaluate).parameters["average"].default == AVERAGE


def test_only_some_characters_can_occur(run, table, splits, dataset, tmp_path):
    images, labels = splits["test"]
    kept = labels < 3
    data = write_dataset(tmp_path / "few", table, {"test": (images[kept], labels[kept])}, size=32)
    chars = "".join(table[label].char for label in range(3))
    some = evaluate(run.model, data, tmp_path / "some", only=chars).metrics
    every = evaluate(run.model, data, tmp_path / "every").metrics
    assert some["accuracy"] >= every["accuracy"]
    predicted = read(tmp_path / "some" / "mistakes.csv")["predicted"]
    assert set(predicted) <= {table[label].codepoint for label in range(3)}
    with pytest.raises(UsageError, match="holds other characters too"):
        evaluate(run.model, dataset, tmp_path / "other", only=chars)
    with pytest.raises(UsageError, match="'é' is no class of the model"):
        evaluate(run.model, dataset, tmp_path / "other", only="é")


def test_two_at_once_into_one_folder(run, dataset, tmp_path):
    out = tmp_path / "out"
    with hold(out, None), pytest.raises(InputError, match=f"process {os.getpid()} on .* works"):
        evaluate(run.model, dataset, out)
    assert not out.exists()
    (out / ".build").mkdir(parents=True)
    (out / ".build/lock").write_text("{}")  # of one that was killed before it wrote anything
    (out / ".partial-0123456789abcdef.json").write_text("{")
    evaluate(run.model, dataset, out)
    assert not list(out.glob(".*"))
