"""Pictures of no class among those that a model learns from."""

import numpy as np
import pytest
import tensorflow as tf
from scratch_dataset import table_of

from trainer import data, foreign, outliers
from trainer.dataset import open_dataset
from trainer.optimize import Accuracy
from trainer.presets import Augmentation, preset


def test_outliers_are_framed_inked_and_the_same_every_time():
    pictures = outliers.pool(table_of("Ox7"), 28, "tight", 60)
    assert pictures.shape == (60, 28, 28, 1)
    assert (pictures.max((1, 2, 3)) == 255).all()
    outliers._pool.cache_clear()
    assert np.array_equal(outliers.pool(table_of("Ox7"), 28, "tight", 60), pictures)
    assert len(np.unique(pictures.reshape(60, -1), axis=0)) == 60


def test_nothing_that_is_learned_is_measured_with():
    assert set(foreign.LEARNED) <= set(foreign.CHARACTERS)
    assert not set(foreign.LEARNED) & set(foreign.MEASURED)
    learned = outliers.pool(table_of("Ox7"), 28, "tight", 60)
    measured = np.concatenate([k.pixels for k in foreign.foreign(table_of("Ox7"), 28, "tight", 60)])
    assert not {p.tobytes() for p in learned} & {p.tobytes() for p in measured}


@pytest.mark.parametrize("source", ["held", "streamed"])
def test_a_batch_gets_outliers_whose_targets_are_even(source, dataset, monkeypatch):
    if source == "streamed":
        monkeypatch.setattr(data, "HELD_BYTES", 0)
    opened = open_dataset(dataset)
    pictures = outliers.pool(opened.characters, opened.size, "tight", 30)
    view = data.View(32, 9, range(9))
    how = {"batch": 40, "augmentation": Augmentation(), "seed": 3, "epochs": range(2)}
    plain, steps = data.training(opened, view, **how)
    more, same_steps = data.training(opened, view, outliers=outliers.Outliers(pictures, 5), **how)
    assert steps == same_steps
    known, shown = {p.tobytes() for p in pictures}, set()
    for (images, targets), (both, all_targets) in zip(plain, more, strict=True):
        assert np.array_equal(both[:40], images)
        assert np.array_equal(all_targets[:40], targets)
        assert np.allclose(all_targets[40:], 1 / 9)
        assert both.shape[0] == 45
        shown |= {p.tobytes() for p in both[40:].numpy()}
    assert shown <= known
    assert len(shown) > 10  # others in every step


def test_accuracy_counts_no_outliers():
    targets = tf.constant([[1, 0], [0, 1], [0.5, 0.5], [0.5, 0.5]], tf.float32)
    answers = tf.constant([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]], tf.float32)
    metric = Accuracy()
    metric.update_state(targets, answers)
    assert float(metric.result()) == 0.5


def test_a_model_doubts_what_it_learned_to_doubt(dataset, tmp_path):
    from trainer import presets
    from trainer.fit import fit
    from trainer.model_file import load_model

    opened = open_dataset(dataset)
    seen = outliers.pool(opened.characters, opened.size, "tight")
    surest = {}
    for share in (0.0, 0.25):
        changed = {**presets.PRESETS, "quick": preset("quick", outliers=share)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(presets, "PRESETS", changed)
            run = fit(dataset, tmp_path / f"{share}", preset="quick", epochs=6, batch=60)
        network, _ = load_model(run.model)
        surest[share] = float(network.predict(seen[:600], verbose=0).max(1).mean())
    assert surest[0.25] < surest[0.0] - 0.1
