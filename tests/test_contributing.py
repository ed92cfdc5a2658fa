"""The examples of CONTRIBUTING are put where it says and used by one real build."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from datagen.font_files import find_fonts

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / ".github" / "CONTRIBUTING.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = """label,codepoint,name,aliases,shape
0,U+002B,PLUS SIGN,plus,U+002B
1,U+0041,LATIN CAPITAL LETTER A,A_cap,U+0041
2,U+006D,LATIN SMALL LETTER M,m_small,U+006D
"""
RECIPE = """
name = "contributed"
characters = "three.csv"
train.per_class = 6
shards.records = 64
splits = { validation = 0.0, test = 0.0 }
curate.checks = ["flat"]
[sources.fonts]
kind = "fonts"
installed = false
folders = ["fonts"]
preset = "fade.toml"
[sources.mine]
kind = "named"
path = "pictures"
cap = 3
"""
FADED = """
import numpy as np
from datagen.augment import load
pipeline = load("fade.toml")
pictures = [pipeline(np.full((20, 40), 200, np.uint8), seed).astype(int) for seed in range(60)]
print(sorted({int(np.sign(one[:, -1].mean() - one[:, 0].mean())) for one in pictures}))
"""


def blocks(language):
    return [text for kind, text in BLOCK.findall(GUIDE.read_text("utf-8")) if kind == language]


def put_in_place(project):
    """Write the modules where their first line says, and the other lines into their tables."""
    for text in (*blocks("python"), *blocks("text")):
        place, _, code = text.partition("\n")
        file, _, table = place.removeprefix("# ").partition(", in ")
        path = project / file
        if not table:
            path.write_text(code, "utf-8")
            continue
        known = path.read_text("utf-8")
        opening = re.compile(rf"^{table}: .*\{{\n(?:.*\n    for each in \(\n)?", re.MULTILINE)
        added = opening.sub(lambda found, code=code: found[0] + code, known, count=1)
        assert added != known, f"{file} has no {table}"
        if table == "OWN":
            added = added.replace("\nOWN:", "\nfrom datagen.fade import Fade\n\nOWN:", 1)
        path.write_text(added, "utf-8")


def draw(folder, name, text):
    image = Image.new("L", (200, 48), 255)
    ImageDraw.Draw(image).text((30, 10), text, 0, ImageFont.load_default(24))
    image.save(folder / name)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = tmp_path_factory.mktemp("project")
    left_out = shutil.ignore_patterns("__pycache__", "_project")
    shutil.copytree(ROOT / "datagen", project / "datagen", ignore=left_out)
    shutil.copytree(ROOT / "manifests", project / "manifests")
    shutil.copytree(ROOT / "fonts", project / "fonts")
    for found in find_fonts().files[:60:20]:
        shutil.copy(found.path, project / "fonts")
    put_in_place(project)
    (project / "three.csv").write_text(TABLE)
    (project / "recipe.toml").write_text(RECIPE)
    (project / "fade.toml").write_text("".join(blocks("toml")))
    (project / "pictures").mkdir()
    for number in range(4):
        draw(project / "pictures", f"plus-{number}.png", "+")
        draw(project / "pictures", f"A-{number}.png", "A")
    draw(project / "pictures", "m-0.png", "mmmmmmm")
    draw(project / "pictures", "cat-0.png", "m")
    return project


def python(project, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "NO_ALBUMENTATIONS_UPDATE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_examples_are_short():
    lengths = [len(text.splitlines()) for text in blocks("python")]
    assert len(lengths) == 3
    assert max(lengths) < 40


def test_setting_up_takes_three_commands():
    assert len(blocks("bash")[0].splitlines()) == 3


def test_a_build_takes_the_source_the_check_and_the_augmentation(project):
    python(project, "-m", "datagen.cli", "build", "recipe.toml", "--out", "out", "--workers", "1")
    with (project / "out" / "manifests" / "rejected.csv").open(encoding="utf-8") as file:
        reasons = {row["origin"]: row["reason"] for row in csv.DictReader(file)}
    assert reasons["m-0.png"].startswith("flat: ")
    assert reasons["cat-0.png"] == "no class"
    rows = []
    for path in (project / "out" / "manifests").glob("train-*.csv"):
        with path.open(encoding="utf-8") as file:
            rows += csv.DictReader(file)
    real = {row["codepoint"]: row["origin"] for row in rows if row["source"] == "mine"}
    assert set(real) == {"U+002B", "U+0041"}
    assert len(rows) == 18


def test_the_augmentation_pales_either_end(project):
    assert python(project, "-c", FADED).strip() == "[-1, 0, 1]"
