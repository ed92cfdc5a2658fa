import json
import shutil
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest

from datagen.errors import InputError, UsageError
from trainer import model as networks
from trainer import presets
from trainer.model_file import MEMBER, load_model, parse_metadata, read_member, save_model


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("reference", 38_000_000, 39_000_000),
        ("deep", 500_000, 700_000),
        ("compact", 200_000, 300_000),
        ("quick", 20_000, 100_000),
    ],
)
def test_presets_build_networks_of_the_stated_size(name, least, most):
    preset = presets.preset(name)
    model = networks.build(preset.network, preset.size, 89, preset.dropout)
    assert model.input_shape == (None, preset.size, preset.size, 1)
    assert model.output_shape == (None, 89)
    assert least < model.count_params() < most
    assert f"{model.count_params():,} parameters" in networks.NETWORKS[name].__doc__


def test_a_model_gives_probabilities_for_uint8_pictures(run, splits):
    model, metadata = load_model(run.model)
    images = splits["test"][0][:5, ..., None]
    found = np.asarray(model.predict_on_batch(images))
    assert found.shape == (5, len(metadata.table))
    assert found.sum(1) == pytest.approx(1, abs=1e-5)
    assert found == pytest.approx(np.asarray(model.predict_on_batch(images.astype("f4"))))


def test_stages_run_from_the_input_on_and_leave_out_the_head():
    model = networks.build("deep", 32, 9, 0.1)
    first, *rest = networks.stages(model)
    assert first[0].name == "stem_0_conv"
    assert len(rest) == 3
    assert not any(layer.name.startswith("head") for group in rest for layer in group)


def test_a_model_file_says_what_is_in_it(run, dataset, table):
    _, metadata = load_model(run.model)
    assert metadata.preset == "quick"
    assert (metadata.size, metadata.frame_size, metadata.frame) == (32, 32, "tight")
    assert metadata.table.to_csv() == table.to_csv()
    assert metadata.dataset == "tiny"
    assert metadata.temperature == run.metrics["temperature"]
    assert metadata.parameters == run.metrics["parameters"]


def test_plain_keras_loads_a_model_file_which_holds_weights_alone(run):
    model = keras.saving.load_model(run.model, safe_mode=True)
    assert not model.compiled
    assert run.model.stat().st_size < 8 * model.count_params()  # bytes; a weight has 4
    assert model.count_params() == run.metrics["parameters"]


def test_a_saved_model_is_the_same_when_loaded(run, tmp_path, splits):
    model, metadata = load_model(run.model)
    path = tmp_path / "again.keras"
    save_model(model, path, replace(metadata, temperature=1.5))
    again, described = load_model(path)
    assert described.temperature == 1.5
    images = splits["test"][0][..., None]
    assert np.array_equal(again.predict_on_batch(images), model.predict_on_batch(images))
    assert [p.name for p in tmp_path.iterdir()] == ["again.keras"]


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    with pytest.raises(InputError, match="is no file"):
        load_model(path)
    path.write_text("no archive")
    with pytest.raises(InputError, match="isn't a Keras model"):
        load_model(path)


def test_an_archive_without_metadata_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(path)
    with pytest.raises(InputError, match=r"no readable math_vision\.json"):
        load_model(path)


def test_a_damaged_archive_is_refused(run, tmp_path):
    path = shutil.copy(run.model, tmp_path / "model.keras")
    member = read_member(path, MEMBER)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, json.dumps(member))
    with pytest.raises(InputError, match=r"no readable config\.json"):
        load_model(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(InputError, match="Keras can't load this model"):
        load_model(path)


@pytest.mark.parametrize(
    "stated",
    [
        {"characters": 5},
        {"frame_size": 10**9},
        {"size": True},
        {"frame": 7},
        {"temperature": "warm"},
        {"temperature": 0},
        {"spread": 1},
    ],
)
def test_metadata_that_no_model_has_is_refused(run, stated):
    member = {**read_member(run.model, MEMBER), **stated}
    with pytest.raises(InputError, match="states values that no model has"):
        parse_metadata(member, run.model)


def test_a_model_that_would_take_all_memory_is_refused(run, tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(run.model) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                data = data.replace(b'"units": 9', b'"units": 3000000000')
                assert data != old.read(name)
            new.writestr(name, data)
    with pytest.raises(InputError, match="layers larger than any"):
        load_model(path)


def test_metadata_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, "[" * 100_000 + "]" * 100_000)
    with pytest.raises(InputError, match=r"no readable math_vision\.json"):
        load_model(path)


def test_code_in_a_model_file_is_not_run(run, tmp_path):
    _, metadata = load_model(run.model)
    pictures = keras.Input((32, 32, 1))
    x = keras.layers.Lambda(lambda x: x * 2)(pictures)
    x = keras.layers.Dense(9)(keras.layers.Flatten()(x))
    path = tmp_path / "model.keras"
    save_model(keras.Model(pictures, x), path, metadata)
    with pytest.raises(InputError, match=r"asks for 'Lambda' of 'keras\.layers', which no model"):
        load_model(path)


def layer(module, class_name, /, **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


@pytest.mark.parametrize(
    "asked",
    [
        layer("os", "system", command="touch ran"),
        layer("builtins", "function", name="open"),
        layer("keras.utils", "get_file", fname="x", origin="file:///etc/hostname"),
        layer("keras.layers", "TFSMLayer", filepath="/etc"),
        layer("keras.layers", "StringLookup", vocabulary="/etc/hostname"),
        layer("keras.config", "enable_unsafe_deserialization"),
        {"class_name": "__lambda__", "config": {"value": "4wA="}},
        {"class_name": ["Dense"], "module": {"keras": "layers"}, "config": {}},
    ],
    ids=lambda asked: str(asked["class_name"]),
)
@pytest.mark.parametrize("place", ["layer", "initializer", "compiled"])
def test_a_model_asks_for_nothing_but_our_layers(run, tmp_path, monkeypatch, asked, place):
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras saw it"))
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(run.model) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                layers = config["config"]["layers"]
                if place == "layer":
                    layers[1] = asked
                elif place == "initializer":
                    layers[2]["config"]["kernel_initializer"] = asked
                else:
                    layers[1]["compile_config"] = {"optimizer": asked}
                data = json.dumps(config).encode()
            new.writestr(name, data)
    with pytest.raises(InputError, match="which no model of `trainer` has"):
        load_model(path)


def test_metadata_of_another_model_is_refused(run, tmp_path):
    _, metadata = load_model(run.model)
    path = tmp_path / "model.keras"
    save_model(networks.build("quick", 32, 7, 0.0), path, metadata)
    with pytest.raises(InputError, match=r"gives 7 classes .* states 9"):
        load_model(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, r"epochs \(=0\) must be at least 1"),
        ({"batch": -1}, r"batch \(=-1\) must be at least 1"),
        ({"learning_rate": 0.0}, r"learning rate \(=0.0\)"),
        ({"learning_rate": float("nan")}, r"learning rate \(=nan\)"),
    ],
)
def test_impossible_options_are_usage_errors(changes, message):
    with pytest.raises(UsageError, match=message):
        presets.preset("quick", **changes)


def test_an_unknown_preset_is_a_usage_error():
    with pytest.raises(UsageError, match="no preset is named 'compat'; did you mean 'compact'"):
        presets.preset("compat")
