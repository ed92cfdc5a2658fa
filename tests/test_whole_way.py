"""The whole way with another table of characters: every command of both programs."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

RECIPE = """
name = "maths"
characters = "maths.csv"
[train]
per_class = 80
[validation]
per_class = 8
[test]
per_class = 8
[shards]
records = 150
[sources.fonts]
kind = "fonts"
preset = "light"
[sources.mine]
cap = 5
optional = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("maths")


def run(folder, *command, code=0):
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_every_command_works_with_other_characters(folder, maths):
    shutil.copy(maths, folder / "maths.csv")
    (folder / "maths.toml").write_text(RECIPE)
    run(folder, "datagen.cli", "fonts", "--characters", "maths.csv", "--out", "fonts.csv")
    audit = pd.read_csv(folder / "fonts.csv", dtype=str, keep_default_na=False)
    assert set(audit["codepoint"]) == {"U+00D7", "U+00F7", "U+03C0", "U+221A", "U+2211", "U+221E"}

    render = ("render", "--out", "drawn", "--per-class", "8", "--seed", "5")
    run(folder, "datagen.cli", *render, "--characters", "maths.csv")
    build = ("build", "maths.toml", "--source", "mine=drawn", "--out", "set")
    assert "from mine" in run(folder, "datagen.cli", *build)
    run(folder, "datagen.cli", "verify", "set")
    train = pd.concat(pd.read_csv(p) for p in folder.glob("set/manifests/train-*.csv"))
    assert set(train["codepoint"].value_counts()) == {80}
    assert {"fonts", "mine"} == set(train["source"])
    assert "the same bytes" in run(folder, "datagen.cli", "show", "set", train["id"].iloc[0])
    run(folder, "datagen.cli", "report", "set")

    run(folder, "trainer.cli", "fit", "set", "--out", "run", "--preset", "quick", "--epochs", "6")
    run(folder, "trainer.cli", "evaluate", "run/model.keras", "set", "--out", "scores")
    metrics = json.loads((folder / "scores/metrics.json").read_text())
    assert metrics["accuracy"] > 0.5  # six classes: chance is 0.17
    assert {"fonts", "mine"} >= set(metrics["per_source"])

    picture = next((folder / "drawn/U+221E").glob("*.png"))
    paper = Image.fromarray(255 - np.asarray(Image.open(picture)))
    paper.convert("RGB").save(folder / "infinity.jpg")
    predict = ("predict", "run/model.keras", "infinity.jpg", "--format", "csv", "--top", "6")
    answer = run(folder, "trainer.cli", *predict).splitlines()
    assert answer[0] == "path,rank,codepoint,char,probability"
    assert len(answer) == 7
    assert "U+221E" in "".join(answer[1:4])


def test_datagen_never_imports_tensorflow_and_the_trainer_shares_two_things():
    code = (
        "import pkgutil, sys, importlib, datagen\n"
        "for m in pkgutil.walk_packages(datagen.__path__, 'datagen.'):\n"
        "    importlib.import_module(m.name)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
