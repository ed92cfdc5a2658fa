"""The commands of the README: each parses, and those that need no real data run.

They run in order in a temporary folder, with less to do by these rules: ``--per-class`` is 1,
shipped recipes make 2 a class and have 2 writers, training lasts an epoch, and a ``--source`` that
is not there is left out, as the recipes allow.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from datagen.cli import app as datagen
from datagen.font_files import find_fonts
from trainer.cli import app as trainer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PROGRAMS = {"datagen": datagen, "trainer": trainer}
LONG = {"runs/compact", "runs/handwriting", "runs/both", "model."}  # models that take an hour
NOT_RUN = {
    "datagen fetch": "needs the network",
    "datagen curate": "needs real pictures",
    "trainer demo": "serves until it is stopped",
    "trainer export": "needs libraries of an extra",
    "--scheduler": "needs a cluster",
    "s3://": "needs a store",
}


def block_commands():
    """Every command of a program of ours in the blocks of the README, as words."""
    found = []
    for block in re.findall(r"^ *```bash\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found += [shlex.split(part, comments=True) for part in line.split("&&")]
    return [words for words in found if words and words[0] in PROGRAMS]


def spans():
    """Every command of ours in the text of the README: words that may be placeholders."""
    return re.findall(r"`((?:datagen|trainer) [a-z][^`]*)`", README)


def resolve(words):
    """The command that words begin with, and the others."""
    command, rest = typer.main.get_command(PROGRAMS[words[0]]), list(words[1:])
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    return command, rest


@pytest.mark.parametrize("words", block_commands(), ids=" ".join)
def test_every_command_in_a_block_parses(words):
    command, rest = resolve(words)
    assert command.name in words
    if hasattr(command, "commands"):  # a group does what its first argument says
        return
    command.make_context(" ".join(words[:2]), rest)


@pytest.mark.parametrize("span", spans())
def test_every_command_in_the_text_names_options_that_there_are(span):
    words = span.split()
    command, rest = resolve(words)
    if hasattr(command, "commands"):
        assert words[:2] == ["datagen", "fonts"]
        command = command.commands["check"]
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    given = {word.split("=")[0] for word in rest if word.startswith("--")}
    assert given <= known


def why_not(words):
    line = " ".join(words)
    for begin, reason in NOT_RUN.items():
        if line.startswith(begin) or any(word.startswith(begin) for word in words):
            return reason
    if any(word.startswith(tuple(LONG)) for word in words):
        return "needs a model that takes long to train"
    return ""


def lowered(words, folder):
    """The same command with less to do."""
    words = list(words)
    for place in reversed(range(len(words) - 1)):
        if words[place] == "--per-class":
            words[place + 1] = "1"
        if words[place] == "--source" and not (folder / words[place + 1].split("=")[1]).exists():
            del words[place : place + 2]
    if words[:2] == ["datagen", "build"]:
        text = (ROOT / "datagen" / "recipes" / f"{words[2]}.toml").read_text("utf-8")
        text = re.sub(r"^(per_class|writers) = \d+", r"\1 = 2", text, flags=re.MULTILINE)
        words[2] = f"{words[2]}.toml"
        (folder / words[2]).write_text(text, "utf-8")
    if words[:2] == ["trainer", "fit"]:
        words += ["--epochs", "1"]
    return words


def furnish(folder, maths):
    """What the README's user has: pictures, a table of characters, fonts."""
    for name in ("picture.png", "scan.png", "scans/3.png", "photos/a/7.png"):
        image = Image.new("L", (60, 60), 255)
        ImageDraw.Draw(image).text((20, 10), "7", 0, ImageFont.load_default(40))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / name)
    shutil.copy(maths, folder / "maths.csv")
    (folder / "fonts").mkdir()
    shutil.copy(find_fonts().files[0].path, folder / "fonts")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
def test_the_tutorial_runs(tmp_path, maths, monkeypatch):
    furnish(tmp_path, maths)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    ran = set()
    for written in block_commands():
        if why_not(written):
            continue
        words = [word.replace("~", str(tmp_path)) for word in lowered(written, tmp_path)]
        done = CliRunner().invoke(PROGRAMS[words[0]], words[1:])
        assert done.exit_code == 0, f"{' '.join(words)}: {done.output} {done.exception}"
        ran.add(" ".join(words[:2]))
    assert ran >= {
        *("datagen render", "datagen build", "datagen verify", "datagen export"),
        *("trainer fit", "trainer evaluate", "trainer predict"),
    }
