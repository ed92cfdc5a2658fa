import numpy as np
import pytest
from scratch_dataset import OPTIONS

from datagen import weights as written
from datagen.errors import InputError, UsageError
from trainer.crossfit import crossfit
from trainer.data import View
from trainer.dataset import open_dataset
from trainer.fit import fit
from trainer.weights import class_weights


def test_weights_are_read_in_the_model_s_order(dataset, table):
    text = written.table(table, np.arange(1, len(table) + 1) * 10)
    (dataset / "manifests" / written.FILE).write_text(text, encoding="utf-8")
    view = View(32, len(table) + 1, [len(table) - n for n in range(len(table))])
    found = class_weights(open_dataset(dataset), view, "effective")
    expected = written.class_weights(np.arange(1, len(table) + 1) * 10)
    assert found[0] == 1
    assert found[1:][::-1] == pytest.approx(expected, rel=1e-4)
    assert class_weights(open_dataset(dataset), view, "none") is None


@pytest.mark.parametrize("weighting", ["effective", "focal"])
def test_training_uses_them(dataset, table, tmp_path, weighting):
    text = written.table(table, np.full(len(table), 40))
    (dataset / "manifests" / written.FILE).write_text(text, encoding="utf-8")
    done = fit(dataset, tmp_path / "run", epochs=4, class_weights=weighting, **OPTIONS)
    assert done.metrics["val_accuracy"] > 0.3


def test_what_is_wrong_is_said(dataset, tmp_path):
    with pytest.raises(UsageError, match="equal"):
        fit(dataset, tmp_path / "run", class_weights="equal", **OPTIONS)
    (dataset / "manifests/class_weights.csv").unlink(missing_ok=True)
    with pytest.raises(InputError, match=r"class_weights.csv is missing"):
        fit(dataset, tmp_path / "run", class_weights="focal", **OPTIONS)


def test_crossfit_judges_pictures_that_it_did_not_see(splits, tmp_path):
    images, labels = splits["train"]
    pixels, fold = images.reshape(-1, 32, 32), np.arange(len(labels)) % 3
    np.savez(tmp_path / "q.npz", pixels=pixels, labels=labels, fold=fold, classes=9)
    crossfit(tmp_path / "q.npz", 1, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as said:
        assert (said["rows"] == np.flatnonzero(fold == 1)).all()
        assert said["probabilities"].sum(axis=1) == pytest.approx(1, abs=1e-3)
        right = said["probabilities"].argmax(axis=1) == labels[said["rows"]]
        assert right.mean() > 0.4
        assert len(said["features"]) == len(said["rows"])
