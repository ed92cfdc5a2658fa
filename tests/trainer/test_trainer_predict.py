import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from datagen.errors import InputError, UsageError
from trainer.cli import app
from trainer.model_file import load_model, replace_metadata
from trainer.predict import Verdict, predict


@pytest.fixture(scope="module")
def sheet(fonts):
    """A dark B on light paper, 80 x 100."""
    picture = Image.new("L", (80, 100), 240)
    face = ImageFont.truetype(str(fonts[0]), 60)
    ImageDraw.Draw(picture).text((40, 50), "B", fill=30, font=face, anchor="mm")
    return picture


@pytest.fixture
def folder(sheet, tmp_path):
    """Pictures of many kinds and two that nothing can be said about."""
    root = tmp_path / "pictures"
    (root / "more").mkdir(parents=True)
    sheet.save(root / "gray.png")
    sheet.convert("RGB").save(root / "photo.JPEG", quality=90)
    sheet.point(lambda v: 255 * (v > 128)).convert("1").save(root / "more" / "bits.png")
    clear = Image.new("RGBA", sheet.size)
    clear.putalpha(Image.fromarray(255 - np.asarray(sheet)))
    clear.save(root / "more" / "clear.png")
    (root / "broken.png").write_bytes((root / "gray.png").read_bytes()[:60])
    Image.new("L", (20, 20), 255).save(root / "paper.png")
    (root / "manifest.csv").write_text("no picture\n")
    return root


def test_pictures_of_every_kind_are_read_in_order(run, folder):
    found = list(predict(run.model, [folder, folder / "gray.png"], top=3))
    names = ["broken.png", "gray.png", "paper.png", "photo.JPEG", "bits.png", "clear.png"]
    assert [p.path.name for p in found] == [*names, "gray.png"]
    for prediction in found:
        if prediction.path.name in {"broken.png", "paper.png"}:
            assert not prediction.candidates
            assert str(prediction.path) in prediction.error
            continue
        chances = [c.probability for c in prediction.candidates]
        assert prediction.error is None
        assert prediction.candidates[0].char == "B"
        assert prediction.candidates[0].codepoint == "U+0042"
        assert len(chances) == 3
        assert chances == sorted(chances, reverse=True)


def test_more_candidates_than_classes_gives_all_classes(run, folder, table):
    (prediction,) = predict(run.model, [folder / "gray.png"], top=99)
    assert len(prediction.candidates) == len(table)
    assert sum(c.probability for c in prediction.candidates) == pytest.approx(1, abs=1e-5)


def test_missing_files_and_empty_folders_do_not_stop_the_others(run, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    paths = [tmp_path / "none.png", tmp_path / "empty", folder / "gray.png"]
    missing, empty, good = predict(run.model, paths)
    assert "none.png" in missing.error
    assert "holds no pictures" in empty.error
    assert good.error is None


def test_wrong_arguments_are_refused_at_once(run, folder):
    with pytest.raises(UsageError, match=r"top \(=0\)"):
        predict(run.model, [folder], top=0)
    with pytest.raises(InputError, match="isn't a Keras model"):
        predict(folder / "gray.png", [folder])


def test_csv_survives_any_file_name(run, sheet, tmp_path):
    names = [b'a,"b"\nc.png', b"caf\xe9.png", "π.png".encode()]
    for name in names:
        sheet.save(tmp_path / os.fsdecode(name))
    command = [sys.executable, "-c", "from trainer.cli import main; main()", "predict"]
    options = ["--format", "csv", "--top", "2"]
    done = subprocess.run(
        [*command, str(run.model), str(tmp_path), *options], capture_output=True, check=False
    )
    assert done.stderr == b""
    assert done.returncode == 0
    text = done.stdout.decode("utf-8", "surrogateescape")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == ["path", "rank", "codepoint", "char", "probability"]
    found = [os.fsencode(Path(row["path"]).name) for row in rows]
    assert sorted(found) == sorted(names * 2)
    assert [row["rank"] for row in rows] == ["1", "2"] * 3


def test_json_is_one_object_a_line_and_failures_exit_1(run, folder):
    command = ["predict", str(run.model), str(folder), "--format", "json", "--top", "1", "-q"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 4
    assert {p["candidates"][0]["codepoint"] for p in found} == {"U+0042"}
    errors = done.stderr.splitlines()
    assert len(errors) == 2
    assert "broken.png" in errors[0]
    assert "paper.png" in errors[1]


def test_the_table_names_file_and_candidates(run, folder):
    done = CliRunner().invoke(app, ["predict", str(run.model), str(folder / "gray.png")])
    assert done.exit_code == 0
    path, first, *_ = done.stdout.split()
    assert path == str(folder / "gray.png")
    assert first == "B"


def test_only_some_characters_are_candidates(run, folder, table):
    two = table[0].char + table[1].char
    for prediction in predict(run.model, [folder], top=5, only=two):
        found = prediction.candidates
        assert {c.char for c in found} == (set() if prediction.error else set(two))
        assert prediction.error or sum(c.probability for c in found) == pytest.approx(1.0)


@pytest.fixture
def odd(sheet, tmp_path):
    """A letter, a grid, which is no character, and paper without ink."""
    root = tmp_path / "odd"
    root.mkdir()
    sheet.save(root / "b.png")
    Image.new("L", (20, 20), 255).save(root / "paper.png")
    grid = Image.new("L", (96, 96))
    for place in range(8, 96, 14):
        ImageDraw.Draw(grid).line((place, 8, place, 92), 255, 2)
        ImageDraw.Draw(grid).line((8, place, 92, place), 255, 2)
    grid.save(root / "grid.png")
    return root


def test_what_is_no_character_is_refused_when_asked(run, odd):
    given = {p.path.name: p for p in predict(run.model, [odd], reject=True)}
    assert given["b.png"].verdict is Verdict.known
    assert given["b.png"].candidates[0].char == "B"
    assert given["grid.png"].verdict is Verdict.unknown
    assert given["paper.png"].verdict is Verdict.empty
    for name in ("grid.png", "paper.png"):
        assert (given[name].candidates, given[name].error) == ((), None)


def test_without_being_asked_it_is_told_but_read_all_the_same(run, odd):
    given = {p.path.name: p for p in predict(run.model, [odd])}
    assert given["grid.png"].verdict is Verdict.unknown
    assert given["grid.png"].candidates
    assert given["paper.png"].verdict is None
    assert "no ink" in given["paper.png"].error


def test_refusals_in_every_format(run, odd):
    def lines(form):
        command = ["predict", str(run.model), str(odd), "--reject", "--format", form]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0
        assert done.stderr == ""
        return done.stdout.splitlines()

    shown = lines("table")
    assert shown[1].endswith("not one of mine")
    assert shown[2].endswith("no symbol here")
    found = [json.loads(line) for line in lines("json")]
    assert [p["verdict"] for p in found] == ["known", "unknown", "empty"]
    assert [bool(p["candidates"]) for p in found] == [True, False, False]
    rows = list(csv.DictReader(lines("csv")))
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5", "0", "0"]
    assert rows[-1]["codepoint"] == ""


def test_a_model_without_a_threshold_cannot_refuse(run, odd, tmp_path):
    old = Path(shutil.copy(run.model, tmp_path / "old.keras"))
    replace_metadata(old, replace(load_model(old)[1], rejection=None))
    with pytest.raises(UsageError, match="no threshold to reject by"):
        predict(old, [odd], reject=True)
    assert {p.verdict for p in predict(old, [odd])} == {None}


def test_averaged_answers_are_near_the_plain_ones(run, folder):
    (plain,), (averaged,) = (
        predict(run.model, [folder / "gray.png"], average=count) for count in (1, 6)
    )
    assert averaged.candidates[0].char == plain.candidates[0].char == "B"
    assert averaged.candidates != plain.candidates
