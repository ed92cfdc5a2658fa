import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from datagen.errors import InputError, UsageError
from trainer import export_check, export_saved_model, export_tfjs, litert, onnx_file
from trainer.cli import app
from trainer.export import calibration, export
from trainer.exported import open_exported
from trainer.infer import Reader
from trainer.model import build
from trainer.model_file import MEMBER, load_model, replace_metadata
from trainer.predict import predict
from trainer.probabilities import calibrated

pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")

OUT = {"litert": "m.tflite", "onnx": "m.onnx", "saved_model": "saved", "tfjs-ready": "web"}
FILES = [(form, int8) for form in ("litert", "onnx") for int8 in (False, True)]


@pytest.fixture(scope="module")
def run(run, tmp_path_factory):
    """The trained model, with a calibration that does all that one can do."""
    copy = Path(shutil.copy(run.model, tmp_path_factory.mktemp("calibrated") / "model.keras"))
    replace_metadata(copy, replace(load_model(copy)[1], temperature=0.9, spread=0.2))
    return replace(run, model=copy)


@pytest.fixture(scope="module")
def made(run, dataset, tmp_path_factory):
    """Everything that can be exported: {(format, int8): Exported}."""
    found = {}
    for form, name in OUT.items():
        out = tmp_path_factory.mktemp("exported") / name
        found[form, False] = export(run.model, form, out, check=dataset)
    for form in ("litert", "onnx"):
        out = tmp_path_factory.mktemp("exported") / OUT[form]
        found[form, True] = export(run.model, form, out, int8=True, calibrate=dataset)
    return found


@pytest.fixture
def letter(fonts, tmp_path):
    picture = Image.new("L", (80, 100), 240)
    face = ImageFont.truetype(str(fonts[0]), 60)
    ImageDraw.Draw(picture).text((40, 50), "B", fill=30, font=face, anchor="mm")
    picture.save(tmp_path / "letter.png")
    return tmp_path / "letter.png"


def about(path):
    """The two texts about a model that every export carries."""
    names = (MEMBER, "preprocessing.json")
    if path.suffix == ".tflite":
        with zipfile.ZipFile(path) as archive:
            return [json.loads(archive.read(name)) for name in names]
    if path.suffix == ".onnx":
        return [json.loads(onnx_file.read_texts(path)[name]) for name in names]
    if (path / "model.json").is_file():
        texts = json.loads((path / "model.json").read_text())["userDefinedMetadata"]
        return [texts[name] for name in names]
    return [json.loads((path / "assets.extra" / name).read_text()) for name in names]


def test_every_format_answers_as_the_model_does(made, run, splits):
    images = splits["test"][0][..., None]
    model, metadata = load_model(run.model)
    expected = Reader(model, metadata.size).logits(images)
    opened = {
        "litert": litert.open_model(made["litert", False].path.read_bytes())[0],
        "onnx": onnx_file.open_model(made["onnx", False].path.read_bytes())[0],
        "saved_model": export_saved_model.open_model(made["saved_model", False].path),
        "tfjs-ready": export_tfjs.open_model(made["tfjs-ready", False].path),
    }
    for form, read in opened.items():
        answer = read(images)
        np.testing.assert_allclose(answer["logits"], expected, atol=1e-3, err_msg=form)
        said = calibrated(expected, metadata.temperature, metadata.spread)
        np.testing.assert_allclose(answer["probabilities"], said, atol=1e-4, err_msg=form)
        assert made[form, False].comparison.same == 1.0
        assert made[form, False].comparison.count == len(images)


def test_int8_is_smaller_and_still_right(made, splits):
    for form in ("litert", "onnx"):
        whole, small = made[form, False], made[form, True]
        assert small.size == small.path.stat().st_size < 0.6 * whole.size
        lost = small.comparison.accuracy - small.comparison.exported
        assert abs(lost) <= export_check.INT8.accuracy
        plain = open_exported(whole.path)[0].logits(splits["test"][0][..., None])
        rounded = open_exported(small.path)[0].logits(splits["test"][0][..., None])
        assert 0 < np.abs(plain - rounded).max() < 2


def test_every_export_says_how_to_prepare_pictures(made, run, table):
    metadata = load_model(run.model)[1]
    for (_, int8), one in made.items():
        stored, described = about(one.path)
        assert stored == json.loads(json.dumps(asdict(metadata)))
        assert described["weights"] == ("int8" if int8 else "float32")
        assert described["frame"]["size"] == metadata.frame_size
        assert described["frame"]["margin"] == 2
        assert "bright ink" in described["frame"]["polarity"]
        assert [c["char"] for c in described["classes"]] == [c.char for c in table]
        assert (described["temperature"], described["spread"]) == (0.9, 0.2)
        assert described["rejection"]["threshold"] == metadata.rejection.threshold


@pytest.mark.parametrize(("form", "int8"), FILES)
def test_predict_reads_exported_files(made, run, letter, form, int8):
    path = made[form, int8].path
    (expected,) = predict(run.model, [letter], top=3)
    (found,) = predict(path, [letter], top=3)
    assert found.candidates[0].char == expected.candidates[0].char == "B"
    assert found.verdict is expected.verdict
    near = 0.1 if int8 else 1e-4
    assert found.candidates[0].probability == pytest.approx(
        expected.candidates[0].probability, abs=near
    )
    (averaged,) = predict(path, [letter], average=4)
    assert averaged.candidates[0].char == "B"


BLOCKED = """
import sys
for name in ("tensorflow", "keras", "tf2onnx", "onnx", {other!r}):
    sys.modules[name] = None
from trainer.cli import main
sys.argv = ["trainer", "predict", *{arguments!r}, "--format", "csv", "--reject"]
main()
"""


@pytest.mark.parametrize("form", ["litert", "onnx"])
def test_predict_needs_nothing_but_the_light_runtime(made, letter, form):
    pytest.importorskip("ai_edge_litert")
    other = "onnxruntime" if form == "litert" else "ai_edge_litert"
    arguments = [str(made[form, False].path), str(letter)]
    code = BLOCKED.format(other=other, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1].split(",")[1:3] == ["1", "U+0042"]


def test_a_missing_runtime_is_told(made, run, letter):
    for path, advice in (
        (run.model, "needs TensorFlow"),
        (made["litert", False].path, "pip install ai-edge-litert"),
    ):
        code = BLOCKED.format(other="ai_edge_litert", arguments=[str(path), str(letter)])
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert advice in " ".join(done.stderr.split())


@pytest.mark.parametrize("size", [24, 48])
def test_resizing_is_part_of_the_file(run, table, splits, size):
    metadata = replace(load_model(run.model)[1], size=size)
    model = build("quick", size, len(table), 0.0)
    images = splits["test"][0][:9, ..., None]
    expected = Reader(model, size).logits(images)
    for converter in (litert, onnx_file):
        found = converter.open_model(converter.convert(model, metadata))[0](images)["logits"]
        np.testing.assert_allclose(found, expected, atol=0.02)


def test_calibration_takes_real_pictures(dataset, splits):
    from trainer.dataset import open_dataset

    taken = calibration(open_dataset(dataset), 32)
    assert {image.tobytes() for image in taken} == {image.tobytes() for image in splits["train"][0]}


@pytest.mark.parametrize("name", ["m.tflite", "m.onnx"])
def test_broken_files_are_refused_in_one_sentence(made, letter, tmp_path, name):
    form = "litert" if name.endswith("tflite") else "onnx"
    good = made[form, False].path.read_bytes()
    for content in (b"", good[:999], b"PK" + good[2:60], good[: len(good) // 2], b"\0" * 5000):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            predict(tmp_path / name, [letter])
    with pytest.raises(InputError, match="is no file"):
        predict(tmp_path / f"gone-{name}", [letter])


def test_arguments_that_do_not_fit_are_refused_before_work(run, dataset, tmp_path):
    out = tmp_path / "m.tflite"
    with pytest.raises(UsageError, match="format"):
        export(run.model, "coreml", out)
    with pytest.raises(UsageError, match=r"must end in \.onnx"):
        export(run.model, "onnx", out)
    with pytest.raises(UsageError, match="--calibrate"):
        export(run.model, "litert", out, int8=True)
    with pytest.raises(UsageError, match="int8 alone"):
        export(run.model, "litert", out, calibrate=dataset)
    with pytest.raises(UsageError, match="litert and onnx"):
        export(run.model, "saved_model", tmp_path / "saved", int8=True, calibrate=dataset)
    out.write_text("mine")
    with pytest.raises(InputError, match="already there"):
        export(run.model, "litert", out)
    assert [path.name for path in tmp_path.iterdir()] == ["m.tflite"]
    assert out.read_text() == "mine"


def test_a_file_that_answers_otherwise_is_not_kept(run, dataset, monkeypatch, tmp_path):
    def wrong(model, metadata, samples):
        last = model.layers[-1]
        kept = last.get_weights()
        last.set_weights([np.roll(values, 1, axis=-1) for values in kept])
        try:
            return convert(model, metadata, samples)
        finally:
            last.set_weights(kept)

    convert = litert.convert
    monkeypatch.setattr(litert, "convert", wrong)
    with pytest.raises(InputError, match="so it wasn't kept"):
        export(run.model, "litert", tmp_path / "m.tflite", check=dataset)
    assert list(tmp_path.iterdir()) == []


def test_the_command_tells_sizes_and_agreement(run, dataset, tmp_path):
    out = tmp_path / "m.tflite"
    command = ["export", str(run.model), "--format", "litert", "--out", str(out)]
    done = CliRunner(env={"COLUMNS": "400"}).invoke(app, [*command, "--check", str(dataset)])
    assert done.exit_code == 0, done.output
    assert str(out) in done.stdout
    assert f"{out.stat().st_size:,} bytes" in done.stdout
    assert "100.00% of" in done.stdout
    assert Path(out).is_file()
