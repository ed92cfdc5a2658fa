"""Installations: what a wheel holds, and one that leaves TensorFlow out."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HEAVY = {"tensorflow>=2.18", "tensorboard>=2.18"}
FORCED = {
    "manifests/math-vision-89.csv": "datagen/_project/manifests/math-vision-89.csv",
    "fonts/catalog.csv": "datagen/_project/fonts/catalog.csv",
}


def listed(*extras):
    """What is to be installed: said by Python alone, without any package."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "datagen.requirements", *extras],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_all_requirements_but_tensorflow_are_listed():
    code, lines, _ = listed()
    assert code == 0
    assert set(PROJECT["dependencies"]) - set(lines) == HEAVY
    assert [one for one in PROJECT["dependencies"] if one in lines] == lines


def test_extras_are_listed_without_the_project_itself():
    _, plain, _ = listed()
    of = PROJECT["optional-dependencies"]
    _, lines, _ = listed("curate", "demo")
    assert lines == [*plain, *of["curate"], *of["litert"]]
    _, lines, _ = listed("export", "litert", "onnx")
    assert len(set(lines)) == len(lines)
    assert not any("math-vision" in line or line.startswith("tensorflow") for line in lines)
    assert set(of["litert"] + of["onnx"]) < set(lines)


@pytest.mark.parametrize(
    ("extra", "said"), [("litrt", "did you mean 'litert'"), ("gpu", "TensorFlow")]
)
def test_an_extra_that_has_nothing_to_list_is_refused(extra, said):
    code, lines, error = listed(extra)
    assert (code, lines) == (2, [])
    assert said in error
    assert error.count("\n") == 1


def test_every_extra_is_told_in_the_readme():
    table = re.findall(r"^\| `\[(\w+)\]` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(PROJECT["optional-dependencies"])


def test_a_wheel_holds_all_that_belongs_to_the_packages_and_nothing_else():
    wheel = pytest.importorskip("hatchling.builders.wheel")
    builder = wheel.WheelBuilder(str(ROOT))
    packed = {file.distribution_path for file in builder.recurse_included_files()}
    files = {path.relative_to(ROOT) for top in ("datagen", "trainer") for path in walk(ROOT / top)}
    assert {path.as_posix() for path in files} | set(FORCED.values()) == packed
    assert all((ROOT / file).is_file() for file in FORCED)
    assert {path.suffix for path in files} >= {".html", ".css", ".js", ".toml", ".keras", ".tflite"}
    assert {"datagen/py.typed", "trainer/py.typed", "datagen/forms/capitals.txt"} <= packed


def walk(folder):
    return (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """Runs a program of ours where nothing of TensorFlow can be imported, in children neither."""
    folder = tmp_path_factory.mktemp("light")
    (folder / "sitecustomize.py").write_text(
        "import sys\nsys.modules.update(dict.fromkeys(('tensorflow', 'keras', 'tensorboard')))\n"
    )
    paths = os.pathsep.join((str(folder), str(ROOT)))

    def run(program, *words):
        return subprocess.run(
            [sys.executable, "-m", f"{program}.cli", *map(str, words)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": paths, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    run.folder = folder
    return run


@pytest.fixture(scope="module")
def small(light):
    text = (ROOT / "datagen" / "recipes" / "quickstart.toml").read_text("utf-8")
    text = re.sub(r"^per_class = \d+", "per_class = 2", text, flags=re.MULTILINE)
    (light.folder / "small.toml").write_text(text, "utf-8")
    done = light("datagen", "build", "small.toml", "--out", "small", "--quiet")
    assert done.returncode == 0, done.stderr
    return light.folder / "small"


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "small"),
        ("report", "small"),
        ("describe", "small"),
        ("export", "small", "--format", "tfds", "--out", "tfds"),
        ("export", "small", "--format", "png", "--out", "png"),
    ],
    ids=" ".join,
)
def test_datagen_needs_no_tensorflow(light, small, words):
    done = light("datagen", *words)
    assert done.returncode == 0, done.stderr


def test_curation_says_which_checks_need_tensorflow(light):
    for char in "AB":
        folder = light.folder / "real" / char
        folder.mkdir(parents=True)
        for number in range(4):
            image = Image.new("L", (60, 60), 255)
            font = ImageFont.load_default(30 + number)
            ImageDraw.Draw(image).text((20, 10), char, 0, font)
            image.save(folder / f"{number}.png")
    done = light("datagen", "curate", "--source", "mine=real", "--out", "curated")
    assert done.returncode == 0, done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    for name in ("outlier", "label", "fragment"):
        assert f"the check {name} needs tensorflow, which is not installed" in said
    assert (light.folder / "curated" / "review.html").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ("fit", "small", "--out", "run"),
        ("finetune", "handwriting", "small", "--out", "run"),
        ("evaluate", "handwriting", "small", "--out", "results"),
        ("export", "handwriting", "--format", "onnx", "--out", "model.onnx"),
    ],
    ids=lambda words: words[0],
)
def test_what_needs_tensorflow_says_so_in_a_sentence(light, small, words):
    done = light("trainer", *words)
    assert done.returncode == 1
    assert f"trainer {words[0]} needs TensorFlow" in done.stderr
    assert "pip install tensorflow" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (light.folder / words[-1]).exists()


def test_the_packaged_model_reads_without_tensorflow(light):
    pytest.importorskip("ai_edge_litert")
    image = Image.new("L", (60, 60), 255)
    ImageDraw.Draw(image).text((20, 10), "K", 0, ImageFont.load_default(40))
    image.save(light.folder / "k.png")
    done = light("trainer", "predict", "k.png", "--only", "AKX", "--format", "csv")
    assert done.stderr == ""
    assert done.stdout.splitlines()[1].split(",")[1:3] == ["1", "U+004B"]
