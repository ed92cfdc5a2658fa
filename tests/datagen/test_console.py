import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datagen import console
from datagen.summaries import Shown, share, size


@pytest.fixture
def shown():
    console.show(True)
    yield
    console.show(False)


def test_a_summary_keeps_paths_whole(shown, capsys):
    path = "/very/long" * 30
    console.summary("Done", {"images": 12345, "written to": path})
    title, images, written = capsys.readouterr().out.splitlines()
    assert title == "Done"
    assert images.split() == ["images", "12,345"]
    assert written.endswith(f"written to  {path}")


def test_nothing_is_shown_unless_a_command_line_asks(capsys):
    console.summary("Done", {"images": 1})
    console.note("by the way")
    with console.progress("working", 10, "images") as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")


def test_notes_take_brackets_as_they_are(shown, capsys):
    console.note("Caveat[wght].ttf [bold]x[/]")
    assert capsys.readouterr().err == "Caveat[wght].ttf [bold]x[/]\n"


@pytest.fixture
def as_json():
    console.show(False, as_json=True)
    yield
    console.show(False)


def test_for_machines_a_summary_is_one_object_without_words_for_people(as_json, capsys):
    facts = {
        "with look-alikes as one": share(0.5),
        "size": size(1_500_000),
        "written to": Path("out"),
        "left out": Shown(3, "3 (manifests/rejected.csv says why)"),
        "loss": float("nan"),
        "nothing": None,
        "files": (Path("a"), Path("b")),
    }
    console.note("by the way")
    console.summary("Done", facts)
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "summary": "Done",
        "with_look_alikes_as_one": 0.5,
        "size": 1_500_000,
        "written_to": "out",
        "left_out": 3,
        "loss": None,
        "nothing": None,
        "files": ["a", "b"],
    }
    assert (out.count("\n"), err) == (1, "")


def test_people_read_percent_and_megabytes(shown, capsys):
    console.summary("Done", {"accuracy": share(0.8793), "size": size(1_500_000)})
    assert capsys.readouterr().out.split() == ["Done", "accuracy", "87.93%", "size", "1.5", "MB"]


def on_a_terminal(code, **environment):
    """What a program writes to a terminal of 100 columns."""
    ours, its = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment = {**kept, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=its, stdout=its, stderr=its, env=environment
    )
    os.close(its)
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # the other end was closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return said.decode()


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")
ERROR = "from datagen import console; console.fail('bad', 1)"
HELP = "import sys; sys.argv = ['datagen', 'build', '--help']; from datagen.cli import main; main()"


@pytest.mark.parametrize("code", [ERROR, HELP], ids=["error", "help"])
def test_colour_on_a_terminal_unless_it_is_not_wanted(code):
    assert COLOUR.search(on_a_terminal(code))
    assert not COLOUR.search(on_a_terminal(code, NO_COLOR="1"))


def test_a_bar_shows_rate_and_time_left():
    said = on_a_terminal(
        "import time\nfrom datagen import console\nconsole.show(True)\n"
        "with console.progress('drawing', 1000, 'images') as advance:\n"
        "    for _ in range(6): advance(100); time.sleep(0.2)"
    )
    assert "drawing" in said
    assert re.search(r"[\d,.]+ images .*[\d,.]+/(s|min) .*\d+:\d\d", said)
