import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from datagen.errors import InputError, UsageError
from trainer.cli import app
from trainer.predict import predict


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
        found = [c for c in prediction.candidates if c.probability > 0]
        assert {c.char for c in found} <= set(two)
        assert prediction.error or sum(c.probability for c in found) == pytest.approx(1.0)
