import os
import subprocess
import sys

import pytest

from datagen.errors import InputError
from datagen.lock import hold

HOLD = """
import sys, time
from pathlib import Path
from datagen.lock import hold
with hold(Path(sys.argv[1]), "build"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_who_holds_the_folder(holder, tmp_path):
    with (
        pytest.raises(InputError, match=rf"out: process {holder.pid} on .+, since .+ works in it"),
        hold(tmp_path / "out", "build"),
    ):
        pass
    holder.kill()
    holder.wait()
    with hold(tmp_path / "out", "build"):  # the lock died with its process
        assert (tmp_path / "out/.build/lock").exists()
    assert not (tmp_path / "out/.build/lock").exists()


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path):
    with hold(tmp_path / "new", "build"):
        assert (tmp_path / "new").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_even_locked(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="no build of ours"), hold(tmp_path, "build"):
        pass
    assert os.listdir(tmp_path) == ["letter.txt"]  # noqa: PTH208


@pytest.mark.parametrize("name", [".build/.partial-0123456789abcdef.json", ".build/lock"])
def test_one_that_was_killed_before_it_said_what_it_makes_is_no_obstacle(tmp_path, name):
    (tmp_path / "out/.build").mkdir(parents=True)
    (tmp_path / "out" / name).write_text("{")
    with hold(tmp_path / "out", "build"):
        pass
    assert not (tmp_path / "out" / name).exists()


def test_who_is_just_about_to_say_what_it_makes_is_named(holder, tmp_path):
    (tmp_path / "out/.build/.partial-0123456789abcdef.json").write_text("{")
    with (
        pytest.raises(InputError, match=f"process {holder.pid} on .* works in it"),
        hold(tmp_path / "out", "build"),
    ):
        pass
