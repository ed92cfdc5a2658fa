"""What happens to a build when the world around it misbehaves: it says so, and nothing is lost."""

import errno
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from test_build import hashes

from datagen import build as module
from datagen import worker
from datagen.build import build
from datagen.errors import InputError
from datagen.font_files import catalog
from datagen.lock import hold

FINAL = ("*.tfrecord-*", "manifests/*.csv", "*.json")


@pytest.fixture
def copies(sources, tmp_path):
    """Sources that a test may change."""
    shutil.copytree(sources["emnist"], tmp_path / "emnist")
    shutil.copy(sources["symbols"], tmp_path / "symbols.zip")
    return {"emnist": tmp_path / "emnist", "symbols": tmp_path / "symbols.zip"}


def after_survey(monkeypatch, act):
    survey = module.survey

    def changed(*arguments):
        found = survey(*arguments)
        act()
        return found

    monkeypatch.setattr(module, "survey", changed)


def at_shard(monkeypatch, number, act):
    """Do something when the shard of that number is about to be written."""
    write, count = worker.ShardWriter.write, iter(range(1000))

    def changed(self, task):
        if next(count) >= number:
            act(task)
        return write(self, task)

    monkeypatch.setattr(worker.ShardWriter, "write", changed)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_lost_is_named_and_nothing_is_half_written(
    built, recipe, sources, tmp_path, monkeypatch, number
):
    out, sync = tmp_path / "out", os.fsync

    def refuse(handle):
        if len(list(out.glob("*.tfrecord-*"))) == 4:
            raise OSError(number, os.strerror(number))
        sync(handle)

    monkeypatch.setattr("datagen.atomic.os.fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        build(recipe, out, sources, workers=1)
    assert str(caught.value.filename).startswith(str(out))
    assert not list(out.rglob(".partial-*"))
    whole = hashes(built.folder)
    for pattern in FINAL:
        for path in out.glob(pattern):
            name = str(path.relative_to(out))
            assert hashes(out)[name] == whole[name]
    if number == errno.ENOSPC:
        monkeypatch.undo()
        build(recipe, out, sources, workers=1)
        assert hashes(out) == whole


def test_a_source_that_changes_while_it_is_read_is_not_mixed(recipe, copies, tmp_path, monkeypatch):
    mapping = copies["emnist"] / "emnist-byclass-mapping.txt"
    after_survey(monkeypatch, lambda: mapping.write_bytes(mapping.read_bytes() + b"\r\n"))
    with pytest.raises(InputError, match="source emnist changed while it was read"):
        build(recipe, tmp_path / "out", copies, workers=1)
    assert not list((tmp_path / "out").glob("*.tfrecord-*"))
    monkeypatch.undo()
    assert build(recipe, tmp_path / "out", copies, workers=1).written


def test_a_source_that_vanishes_is_named(recipe, copies, tmp_path, monkeypatch):
    after_survey(monkeypatch, copies["symbols"].unlink)
    with pytest.raises(InputError, match=r"symbols\.zip: can't be read \(No such file"):
        build(recipe, tmp_path / "out", copies, workers=1)


@pytest.mark.parametrize("change", ["gone", "another"])
def test_a_font_that_changes_in_the_middle_is_not_drawn(tmp_path, monkeypatch, change):
    recipe, _ = fonts_only(tmp_path, "none")
    folder = tmp_path / "fonts"
    folder.mkdir()
    one, other = (
        next(f.folder for f in catalog() if f.slug == slug and f.folder) / name
        for slug, name in (("abel", "Abel-Regular.ttf"), ("arvo", "Arvo-Regular.ttf"))
    )
    shutil.copy(one, folder / "mine.ttf")
    recipe.write_text(f'{recipe.read_text()}installed = false\nfolders = ["{folder}"]\n')
    audit = module.fonts_of

    def changed(*arguments):
        found = audit(*arguments)
        (folder / "mine.ttf").unlink()
        if change == "another":
            shutil.copy(other, folder / "mine.ttf")
        return found

    monkeypatch.setattr(module, "fonts_of", changed)
    problem = "can't be read any more" if change == "gone" else "has changed since it was audited"
    with pytest.raises(InputError, match=rf"mine\.ttf: the font {problem}.*; put it back"):
        build(recipe, tmp_path / "out", workers=1)
    assert not list((tmp_path / "out").glob("*.tfrecord-*"))


def test_permission_lost_while_a_source_is_read(recipe, sources, tmp_path, monkeypatch):
    with zipfile.ZipFile(sources["symbols"]) as archive:
        archive.extractall(tmp_path / "symbols")
    read = Path.read_bytes

    def refuse(path):
        if path.name == "3.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    paths = {"emnist": sources["emnist"], "symbols": tmp_path / "symbols"}
    with pytest.raises(InputError, match=r"symbols: set/33/3\.png: can't be read \(Permission"):
        build(recipe, tmp_path / "out", paths, workers=1)
    assert not list((tmp_path / "out").glob("*.tfrecord-*"))


def test_a_shard_that_fails_three_times_names_its_cause_and_its_samples(
    recipe, sources, tmp_path, monkeypatch
):
    tried = []

    def act(task):
        tried.append(task.shard.file)
        raise ValueError("no such stroke")

    at_shard(monkeypatch, 2, act)
    with pytest.raises(InputError, match="failed 3 times: ValueError: no such stroke") as caught:
        build(recipe, tmp_path / "out", sources, workers=1)
    assert len(tried) == 3
    assert len(set(tried)) == 1
    assert f"the shard {tried[0]}" in str(caught.value)
    (listed,) = (tmp_path / "out/.build").glob("failed-*.csv")
    assert str(listed) in str(caught.value)
    assert listed.read_text().startswith("source,codepoint,origin\n")


def test_ctrl_c_says_what_is_done(recipe, sources, tmp_path, monkeypatch):
    def act(_):
        raise KeyboardInterrupt

    at_shard(monkeypatch, 2, act)
    with pytest.raises(KeyboardInterrupt, match=r"^2 of 11 shards are done; run"):
        build(recipe, tmp_path / "out", sources, workers=1)
    assert not (tmp_path / "out/.build/lock").exists()


def test_two_builds_into_one_folder(recipe, sources, tmp_path):
    with (
        hold(tmp_path / "out", "build"),
        pytest.raises(InputError, match=f"process {os.getpid()} on"),
    ):
        build(recipe, tmp_path / "out", sources, workers=1)


def fonts_only(tmp_path, pipeline):
    """A recipe that names a class table and a pipeline by their files."""
    table = tmp_path / "table.csv"
    table.write_text("label,codepoint,name,aliases,shape\n0,U+0041,A,,U+0041\n1,U+0042,B,,U+0042\n")
    recipe = tmp_path / "fonts.toml"
    recipe.write_text(
        f'size = 16\ncharacters = "{table}"\n[train]\nper_class = 40\n[shards]\nrecords = 20\n'
        f'[sources.fonts]\nkind = "fonts"\npreset = "{pipeline}"\n'
    )
    return recipe, table


WARP = '[[transforms]]\nname = "Warp"\nrotate = {}\n'


def test_a_pipeline_that_was_edited_is_a_changed_recipe(tmp_path, monkeypatch):
    pipeline = tmp_path / "mine.toml"
    pipeline.write_text(WARP.format(5))
    recipe, _ = fonts_only(tmp_path, pipeline)
    whole = hashes(build(recipe, tmp_path / "whole", workers=1).folder)

    def stop(_):
        raise KeyboardInterrupt

    at_shard(monkeypatch, 2, stop)
    with pytest.raises(KeyboardInterrupt):
        build(recipe, tmp_path / "out", workers=1)
    monkeypatch.undo()
    for text, change in (
        (WARP.format(6), r"augmentation of fonts\.1 Warp\.rotate \(was 5, is now 6\)"),
        (WARP.format(5) + '[[transforms]]\nname = "Blur"\n', r"augmentation of fonts\.2 Blur"),
    ):
        pipeline.write_text(text)
        with pytest.raises(InputError, match=f"differs in its {change}; give another --out"):
            build(recipe, tmp_path / "out", workers=1)
    pipeline.write_text(WARP.format(5))
    assert hashes(build(recipe, tmp_path / "out", workers=1).folder) == whole


def test_a_pipeline_that_is_edited_in_the_middle_changes_nothing(tmp_path, monkeypatch):
    pipeline = tmp_path / "mine.toml"
    pipeline.write_text(WARP.format(5))
    recipe, _ = fonts_only(tmp_path, pipeline)
    whole = hashes(build(recipe, tmp_path / "whole", workers=1).folder)
    audit = module.fonts_of

    def changed(*arguments):
        pipeline.write_text(WARP.format(60))
        return audit(*arguments)

    monkeypatch.setattr(module, "fonts_of", changed)
    assert hashes(build(recipe, tmp_path / "out", workers=2).folder) == whole


def test_a_class_table_that_was_edited_is_a_changed_recipe(tmp_path):
    recipe, table = fonts_only(tmp_path, "none")
    build(recipe, tmp_path / "out", workers=1)
    table.write_text(table.read_text() + "2,U+0043,C,,U+0043\n")
    with pytest.raises(InputError, match="differs in its characters"):
        build(recipe, tmp_path / "out", workers=1)
