import io
import json
import shutil
import zipfile
from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from datagen import recipe
from datagen.errors import InputError, UsageError
from datagen.recipe_toml import to_toml
from trainer import litert, packaged
from trainer.cli import app
from trainer.evaluate import evaluate
from trainer.finetune import finetune
from trainer.infer import Reader
from trainer.model_file import load_model
from trainer.predict import predict
from trainer.probabilities import calibrated
from trainer.release import release

ROOT = Path(__file__).parents[2]
FACES = """font,sha256,family,style,license,group,split,usable,reason
Roboto.ttf/0,aa,Roboto,sans,OFL-1.1,Roboto,train,89,
Roboto-Bold.ttf/0,ab,Roboto,sans,OFL-1.1,Roboto,train,89,
Satisfy.ttf/0,bb,Satisfy,script,Apache-2.0,Satisfy,train,80,
Lora.ttf/0,cc,Lora,serif,OFL-1.1,Lora,test,89,
Mine.ttf/0,dd,Mine,,,Mine,train,0,not in the font
"""


@pytest.fixture(scope="module")
def drawn(dataset, tmp_path_factory):
    """The tiny dataset as if the shipped recipe had built it."""
    folder = Path(shutil.copytree(dataset, tmp_path_factory.mktemp("drawn") / "tiny"))
    (folder / "recipe.toml").write_text(to_toml(recipe.load("fonts-only")), encoding="utf-8")
    (folder / "manifests" / "fonts.csv").write_text(FACES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def scored(run, drawn, tmp_path_factory):
    return evaluate(run.model, drawn, tmp_path_factory.mktemp("scored"), "validation")


@pytest.fixture(scope="module")
def released(run, drawn, scored, tmp_path_factory):
    out = tmp_path_factory.mktemp("released")
    return release(run.folder, drawn, "tiny", [scored.folder], out)


@pytest.fixture
def shelf(run, monkeypatch, tmp_path):
    """A package that the tiny model comes with."""
    monkeypatch.setattr(packaged, "FOLDER", tmp_path / "models")
    packaged.FOLDER.mkdir()
    return Path(shutil.copy(run.model, packaged.FOLDER / "handwriting.keras"))


@pytest.fixture
def letter(fonts, tmp_path):
    picture = Image.new("L", (80, 100), 240)
    face = ImageFont.truetype(str(fonts[0]), 60)
    ImageDraw.Draw(picture).text((40, 50), "B", fill=30, font=face, anchor="mm")
    picture.save(tmp_path / "letter.png")
    return tmp_path / "letter.png"


def command(*arguments):
    return CliRunner(env={"COLUMNS": "400"}).invoke(app, [str(one) for one in arguments])


def test_the_released_model_is_that_of_the_run_without_its_optimizer(run, released, splits):
    images = splits["test"][0][..., None]
    (before, about), (after, same) = load_model(run.model), load_model(released.model)
    assert same == about
    size = about.size
    np.testing.assert_array_equal(
        Reader(after, size).logits(images), Reader(before, size).logits(images)
    )
    with zipfile.ZipFile(released.model) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as stored:
        assert "optimizer" not in stored


@pytest.mark.parametrize("count", [1, 7, 72])
def test_litert_answers_as_keras_does(released, splits, count):
    images = splits["test"][0][:count, ..., None]
    model, metadata = load_model(released.model)
    expected = Reader(model, metadata.size).logits(images)
    found = litert.open_model(released.litert.read_bytes())[0](images)
    np.testing.assert_allclose(found["logits"], expected, atol=1e-3)
    said = calibrated(expected, metadata.temperature, metadata.spread)
    np.testing.assert_allclose(found["probabilities"], said, atol=1e-3)
    assert released.agreement.same == 1.0


def test_litert_says_what_its_outputs_mean(released, table):
    labels, about = litert.read_members(released.litert)
    assert labels == [character.char for character in table]
    assert about == json.loads(json.dumps(asdict(load_model(released.model)[1])))


def test_a_conversion_that_answers_otherwise_is_not_released(run, drawn, monkeypatch, tmp_path):
    def wrong(model, metadata):
        last = model.layers[-1]
        last.set_weights([np.roll(values, 1, axis=-1) for values in last.get_weights()])
        return convert(model, metadata)

    convert = litert.convert
    monkeypatch.setattr(litert, "convert", wrong)
    with pytest.raises(InputError, match=r"tiny\.tflite gives the same first answer to \d"):
        release(run.folder, drawn, "tiny", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_card_repeats_what_the_files_say(run, scored, released):
    text = released.card.read_text(encoding="utf-8")
    for source, scores in {"all": scored.metrics, **scored.metrics["per_source"]}.items():
        shares = [f"{scores[key]:.2%}" for key in ("accuracy", "accuracy_shape", "ece")]
        row = ["fonts_only (validation)", source, f"{scores['count']:,}", *shares]
        assert f"| {' | '.join(row)} |" in text
    metrics = run.metrics
    for told in (
        f"{metrics['parameters']:,} parameters",
        f"{metrics['train_images']:,} pictures",
        f"at temperature {metrics['temperature']}",
        f" {metrics['ece']:.2%}.",
        f"keeps {metrics['rejection']['kept']:.2%}",
        f"`tiny.keras` | {released.model.stat().st_size:,} |",
        f"`tiny.tflite` | {released.litert.stat().st_size:,} |",
    ):
        assert told in text


def test_the_card_names_fonts_licences_and_look_alikes(released):
    text = released.card.read_text(encoding="utf-8")
    assert "| Apache-2.0 | train | 1 | Satisfy |" in text
    assert "| OFL-1.1 | train | 1 | Roboto |" in text
    assert "| OFL-1.1 | test | 1 | Lora |" in text
    assert "Mine" not in text
    assert "`0` `O` `o`" in text
    assert "without a single picture of real handwriting" in text


def test_the_card_says_how_to_make_the_model_again(released):
    text = released.card.read_text(encoding="utf-8")
    data, run = "data/fonts-only", "runs/tiny"
    assert f"datagen build fonts-only --out {data}\n" in text
    assert f"trainer fit {data} --out {run} --preset quick --epochs 6 --batch 32 --seed 3\n" in text
    assert f"trainer evaluate {run}/model.keras {data} --split validation" in text
    assert f"python -m trainer.release {run} --dataset {data} --name tiny --evaluation" in text


def test_a_release_replaces_an_earlier_one_and_nothing_else(run, drawn, released, tmp_path):
    for file in (released.model, released.litert, released.card):
        shutil.copy(file, tmp_path)
    (tmp_path / "tiny.md").write_text("old")
    again = release(run.folder, drawn, "tiny", out=tmp_path)
    assert again.card.read_text(encoding="utf-8").startswith("# tiny\n")
    again.litert.unlink()
    with pytest.raises(InputError, match="without the other files of a release"):
        release(run.folder, drawn, "tiny", out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.keras", "tiny.md"]


def test_what_cannot_be_released_is_refused(run, drawn, dataset, scored, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="name"):
        release(run.folder, drawn, "../tiny", out=out)
    with pytest.raises(InputError, match="no finished run"):
        release(tmp_path, drawn, "tiny", out=out)
    tuned = finetune(run.model, dataset, tmp_path / "tuned", epochs=1)
    with pytest.raises(InputError, match="fine-tuned"):
        release(tuned.folder, drawn, "tiny", out=out)
    other = Path(shutil.copytree(drawn, tmp_path / "other"))
    with (other / "manifests" / "shards.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match="wasn't trained on"):
        release(run.folder, other, "tiny", out=out)
    strange = Path(shutil.copytree(scored.folder, tmp_path / "strange"))
    for change in ({"temperature": 7.5}, {"model": str(tuned.model)}):
        (strange / "metrics.json").write_text(json.dumps({**scored.metrics, **change}))
        with pytest.raises(InputError, match="evaluation of another model"):
            release(run.folder, drawn, "tiny", [strange], out)
    with pytest.raises(InputError, match="holds no evaluation"):
        release(run.folder, drawn, "tiny", [drawn], out)
    assert not out.exists()


def test_predict_needs_no_model_to_be_named(shelf, letter):
    (expected,) = predict(shelf, [letter])
    assert list(predict(None, [letter])) == [expected]
    options = ("--format", "csv", "--quiet")
    plain = command("predict", letter, *options)
    assert plain.exit_code == 0
    assert plain.stdout.splitlines()[1].split(",")[2] == "U+0042"
    for named in ("handwriting", shelf):
        assert command("predict", named, letter, *options).stdout == plain.stdout


def test_a_folder_of_the_name_goes_before_the_packaged_model(shelf, letter, monkeypatch, tmp_path):
    (tmp_path / "here" / "handwriting").mkdir(parents=True)
    shutil.copy(letter, tmp_path / "here" / "handwriting")
    monkeypatch.chdir(tmp_path / "here")
    done = command("predict", "handwriting", "--format", "json")
    assert done.exit_code == 0
    assert "letter.png" in done.stdout


def test_a_packaged_model_can_be_evaluated_by_name(shelf, dataset, tmp_path):
    done = command("evaluate", "handwriting", dataset, "--out", tmp_path / "results")
    assert done.exit_code == 0, done.output
    metrics = json.loads((tmp_path / "results" / "metrics.json").read_text())
    assert metrics["model"] == str(shelf)


def test_a_model_without_pictures_and_a_missing_model_are_told(shelf, letter, tmp_path):
    alone = command("predict", shelf)
    assert alone.exit_code == 2
    assert "name the pictures" in alone.stderr
    gone = command("predict", tmp_path / "gone.keras", letter)
    assert gone.exit_code == 1
    assert "gone.keras is no file" in gone.stderr
    shelf.unlink()
    bare = command("predict", letter)
    assert bare.exit_code == 1
    assert "handwriting.keras is missing" in bare.stderr


@pytest.fixture
def ours():
    files = [packaged.FOLDER / f"handwriting{ending}" for ending in (".keras", ".tflite", ".md")]
    for file in files:
        if not file.is_file():
            pytest.skip(f"{file.name} is not in this checkout; python -m trainer.release writes it")
    return files


def test_the_packaged_model_is_small_reads_a_letter_and_agrees_with_its_conversion(ours, letter):
    model, converted, card = ours
    assert max(model.stat().st_size, converted.stat().st_size) < 3_000_000
    for file in (model, converted):
        assert f"`{file.name}` | {file.stat().st_size:,} |" in card.read_text(encoding="utf-8")
    assert len(load_model(model)[1].table) == 89
    (found,) = predict(None, [letter], reject=True)
    assert found.candidates[0].char == "B"
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 1)).astype(np.uint8)
    expected = Reader(load_model(model)[0], 32).logits(images)
    found = litert.open_model(converted.read_bytes())[0](images)
    np.testing.assert_allclose(found["logits"], expected, atol=1e-2)


def test_a_wheel_holds_the_packaged_model(ours):
    wheel = pytest.importorskip("hatchling.builders.wheel")
    packed = {
        file.distribution_path for file in wheel.WheelBuilder(str(ROOT)).recurse_included_files()
    }
    assert {f"trainer/models/{file.name}" for file in ours} <= packed
