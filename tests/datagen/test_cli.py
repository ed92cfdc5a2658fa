import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

COMMANDS = (
    *("fonts", "fetch", "init", "render", "curate", "build"),
    *("verify", "show", "report", "export", "describe"),
)
HEAVY = "{'numpy', 'pandas', 'cv2', 'albumentations', 'tensorflow', 'keras'}"


def datagen(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "datagen.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys\nfrom datagen import cli\ntry:\n cli.app(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'cv2', 'albumentations', 'tensorflow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_helps_with_an_example(command):
    done = datagen(command, "--help")
    assert done.returncode == 0
    assert f"datagen {command}" in done.stdout


def complete(program, words, place):
    code = (
        f"import sys; sys.argv = [{program!r}]\nfrom {program}.cli import main\n"
        f"try: main()\nfinally: print({HEAVY} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            f"_{program.upper()}_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(place),
        },
    )
    assert done.stderr == "set()\n"
    return done.stdout.split()


@pytest.mark.parametrize(
    ("program", "words", "place", "found"),
    [
        ("datagen", "datagen ver", 1, ["verify"]),
        ("datagen", "datagen fonts ", 2, ["list", "check", "preview"]),
        ("datagen", "datagen build ", 2, ["fonts-only", "math-vision", "quickstart"]),
        ("datagen", "datagen render --augment l", 3, ["light"]),
        ("datagen", "datagen build --dec", 2, ["--decisions"]),
        ("trainer", "trainer fin", 1, ["finetune"]),
        ("trainer", "trainer fit data --preset ", 4, ["compact", "deep", "quick", "reference"]),
        ("trainer", "trainer evaluate hand", 2, ["handwriting"]),
    ],
)
def test_a_shell_completes_without_anything_heavy(program, words, place, found):
    assert complete(program, words, place) == found


def test_init_writes_what_build_takes_and_says_so_to_machines(tmp_path):
    done = datagen("init", "mine.toml", "--json", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert said["written_to"] == "mine.toml"
    assert said["build_it_with"] == "datagen build mine.toml --out data/mine"
    again = datagen("init", "mine.toml", cwd=tmp_path)
    assert again.returncode == 1
    assert "there already" in again.stderr


def test_verify_tells_machines_what_is_wrong(dataset):
    path = next(dataset.glob("*.tfrecord-*"))
    path.write_bytes(path.read_bytes()[:-5])
    done = datagen("verify", dataset, "--json")
    assert done.returncode == 1
    problems = json.loads(done.stdout)["problems"]
    assert path.name in {problem["file"] for problem in problems}


def test_show_prints_nothing_but_json_to_machines(built):
    sample = pd.read_csv(next(built.folder.glob("manifests/train-*.csv")), dtype=str)["id"][0]
    done = datagen("show", built.folder, sample, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == sample


def test_version():
    done = datagen("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("datagen 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["build", "quikstart", "--out", "x"], 2, "did you mean 'quickstart'"),
        (["build", "quickstart"], 2, "--out"),
        (["build", "quickstart", "--out", "x", "--source", "emnist"], 2, "NAME=PATH"),
        (["build", "quickstart", "--out", "x", "--source", "fonts=y"], 2, "drawn from fonts"),
        (["build", "math-vision", "--out", "x", "--source", "emnist=no"], 1, "no"),
        (["verify", "nowhere"], 1, "no dataset is here"),
        (["show", "nowhere", "00"], 1, "no dataset is here"),
        (["fonts", "nowhere"], 1, "nowhere"),
        (["render", "--out", "x", "--per-class", "0"], 2, "per-class"),
        (["render", "--out", "x", "--per-class", "1", "--frame", "tigth"], 2, "tight"),
        (["render", "--out", "x", "--per-class", "1", "--characters", "no.csv"], 1, "no.csv"),
        (["rendre"], 2, "'render'"),
        (["fonts", "chek"], 2, "'check'"),
        (["build", "quickstart", "--sorce", "x"], 2, "--source"),
        (["render", "--out", "x", "--per-class", "1", "--augment", "lihgt"], 2, "'light'"),
        (["fetch", "emnsit"], 2, "'emnist'"),
        (["init", "x.toml", "--from", "math-vison"], 2, "'math-vision'"),
        (
            ["render", "--out", "x", "--per-class", "1", "--characters", "math-vision-98"],
            1,
            "'math-vision-89'",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path, arguments, code, message):
    done = datagen(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


def test_fonts_writes_the_audit(tmp_path):
    (tmp_path / "page.ttf").write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    out = tmp_path / "fonts.csv"
    done = datagen("fonts", tmp_path, "--out", out)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert table[table["usable"] == "1"]["family"].nunique() >= 60
    rejected = table[table["file"].str.endswith("page.ttf")]
    assert "HTML" in rejected["reason"].iloc[0]


def test_quiet_prints_nothing_and_verify_exits_with_what_it_found(built, dataset):
    assert datagen("verify", built.folder, "--quiet").stdout == ""
    assert datagen("verify", built.folder).returncode == 0
    path = next(dataset.glob("*.tfrecord-*"))
    path.write_bytes(path.read_bytes()[:-5])
    done = datagen("verify", dataset, "--quiet")
    assert done.returncode == 1
    assert path.name in done.stderr
    assert done.stdout == ""


def test_show_and_report(dataset, tmp_path):
    sample = pd.read_csv(next(dataset.glob("manifests/train-*.csv")), dtype=str)["id"][0]
    done = datagen("show", dataset, sample, "--png", tmp_path / "a.png")
    assert done.returncode == 0, done.stderr
    assert "the same bytes" in done.stdout
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    done = datagen("report", dataset, "--out", tmp_path / "sheets")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "sheets").glob("contact-*.png"))) == 3


def test_no_colour_without_a_terminal(built):
    assert "\x1b[" not in datagen("verify", built.folder).stdout


def test_ctrl_c_stops_soon_and_says_how_to_go_on(recipe, tmp_path):
    long = tmp_path / "long.toml"
    long.write_text(recipe.read_text().replace("per_class = 6", "per_class = 400"))
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "datagen.cli", "build", str(long), "--workers=2", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(out.glob("small-*.tfrecord-*")):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "run the same command again to go on" in errors
    assert "Traceback" not in errors
    assert not list(out.glob(".partial-*"))
