"""Files appear whole or not at all, whoever else writes beside."""

import errno
import os
import threading

import pytest

from datagen import atomic
from datagen.atomic import atomic_file, atomic_path, leftovers, take_name, write_text
from datagen.errors import InputError
from datagen.lock import hold, workshop

LEFT = ".partial-0123456789abcdef.csv"  # by a process that was killed


def test_threads_that_write_one_file_do_not_mix(tmp_path):
    path, together = tmp_path / "a.txt", threading.Barrier(8)

    def write(number):
        with atomic_file(path) as file:
            together.wait()  # all of them have begun
            file.write(str(number).encode() * 1000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = path.read_text()
    assert text == text[0] * 1000
    assert os.listdir(tmp_path) == ["a.txt"]  # noqa: PTH208


def test_no_other_machine_can_have_the_same_temporary_name(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 7)
    with atomic_path(tmp_path / "a.keras") as one, atomic_path(tmp_path / "a.keras") as other:
        assert one != other
        assert one.suffix == other.suffix == ".keras"
        one.write_text("1")
        other.write_text("2")


def test_the_disk_has_the_bytes_before_the_name_and_then_the_name(tmp_path, monkeypatch):
    path, done = tmp_path / "a.txt", []
    sync, replace = os.fsync, type(path).replace

    def fsync(handle):
        kind = "folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file"  # noqa: PTH112
        done.append((f"sync {kind}", path.exists()))
        sync(handle)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    monkeypatch.setattr(
        type(path), "replace", lambda *a: (done.append(("rename", path.exists())), replace(*a))
    )
    write_text(path, "whole")
    assert done == [("sync file", False), ("rename", False), ("sync folder", True)]


def test_what_goes_wrong_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(TypeError, match="bytes-like"), atomic_file(path) as file:
        file.writelines([b"ne", "w"])
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]  # noqa: PTH208


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_replaces_none(tmp_path, monkeypatch, links):
    if not links:

        def refuse(*_):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(atomic.os, "link", refuse)
    path = tmp_path / "a.txt"
    with atomic_file(path, new=True) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), atomic_file(path, new=True) as file:
        file.write(b"second")
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["a.txt"]  # noqa: PTH208


def test_a_folder_takes_its_name_with_all_that_is_in_it(tmp_path):
    (tmp_path / "made/in").mkdir(parents=True)
    (tmp_path / "made/in/a").write_text("1")
    take_name(tmp_path / "made", tmp_path / "model", new=True)
    assert (tmp_path / "model/in/a").read_text() == "1"
    assert not (tmp_path / "made").exists()


def test_whoever_holds_a_folder_removes_what_a_killed_process_left(tmp_path):
    out = tmp_path / "out"
    places = [out / LEFT, out / ".build" / LEFT]
    deep = out / "manifests" / LEFT
    for path in (*places, deep, out / ".partial-of-mine", out / ".build/build.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half of")
    with hold(out, None):
        assert not any(path.exists() for path in places)
        assert deep.exists()  # the folder may be anybody's
    with hold(out, "build"):
        assert not deep.exists()
    assert (out / ".partial-of-mine").exists()


def test_of_a_cache_that_many_write_to_only_what_is_old_is_left_over(tmp_path):
    old, fresh = tmp_path / "fonts" / LEFT, tmp_path / "fonts" / LEFT.replace("0", "1")
    for path in (old, fresh):
        path.parent.mkdir(exist_ok=True)
        path.write_text("half of")
    os.utime(old, (1e9, 1e9))
    assert list(leftovers(tmp_path, deep=True, age=60.0)) == [old]


def test_a_workshop_is_empty_at_first_and_gone_afterwards(tmp_path):
    place = tmp_path / ".making-model.onnx"
    (place / "old/deep").mkdir(parents=True)
    (place / ".build").mkdir()
    (place / ".build/lock").write_text("{}")  # its process was killed
    with workshop(tmp_path / "model.onnx") as folder:
        assert folder == place
        assert [path.name for path in folder.iterdir()] == [".build"]
        (folder / "part").write_text("1")
        refused = pytest.raises(InputError, match=f"process {os.getpid()} on .* works in it")
        with refused, workshop(tmp_path / "model.onnx"):
            pass
        assert (folder / "part").exists()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError), workshop(tmp_path / "new") as folder:
        (folder / "part").write_text(7)  # opened, then nothing is written
    assert list(tmp_path.iterdir()) == []
