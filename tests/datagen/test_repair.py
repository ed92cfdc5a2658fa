import hashlib
import shutil

import pytest
from test_build import hashes
from test_verify import DAMAGES

from datagen.errors import InputError, UsageError
from datagen.repair import ASIDE, repair
from datagen.verify import verify


def stamps(folder):
    return {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.rglob("*") if p.is_file()}


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_good_dataset_is_left_alone(dataset):
    before = stamps(dataset)
    done = repair(dataset, workers=1)
    assert (done.problems, done.restored, done.left) == ((), (), ())
    assert stamps(dataset) == before


@pytest.fixture(scope="module")
def all_damaged(built, tmp_path_factory):
    """One repair of as many damages as one copy can take, since each costs a whole survey."""
    dataset = shutil.copytree(built.folder, tmp_path_factory.mktemp("all") / "dataset")
    shards = sorted(dataset.glob("small-train.tfrecord-*"))
    flip(shards[0])
    shards[1].write_bytes(b"")
    sorted(dataset.glob("small-test.tfrecord-*"))[0].unlink()
    flip(dataset / "manifests/train-00003-of-00006.csv")
    flip(dataset / ".build/train-00004-of-00006.json")
    (dataset / "manifests/fonts.csv").unlink()
    flip(dataset / "features.json")
    (dataset / "small-train.tfrecord-00007-of-00009").write_bytes(b"mine")
    before = stamps(dataset)
    return dataset, before, repair(dataset, workers=1)


def test_every_byte_is_restored(all_damaged, built):
    dataset, _, done = all_damaged
    aside = dataset / ASIDE / "small-train.tfrecord-00007-of-00009"
    assert aside.read_bytes() == b"mine"
    found = hashes(dataset)
    del found[str(aside.relative_to(dataset))]
    assert found == hashes(built.folder)
    assert done.left == ()


def test_only_what_was_damaged_is_written(all_damaged):
    dataset, before, done = all_damaged
    after = stamps(dataset)
    changed = {p.relative_to(dataset).as_posix() for p in before if before[p] != after.get(p)}
    assert changed - {"small-train.tfrecord-00007-of-00009"} <= set(done.restored)
    assert [name.partition("-of-")[0] for name in sorted(done.restored)] == [
        ".build/train-00004",
        "features.json",
        "manifests/fonts.csv",
        "manifests/train-00003",
        "small-test.tfrecord-00000",
        "small-train.tfrecord-00000",
        "small-train.tfrecord-00001",
    ]


TABLES = {"metadata", "class_names", "listing", "no_listing", "recipe_edited", "a_hash"}


@pytest.mark.parametrize(
    "damage", [d for d in DAMAGES if d.__name__ in TABLES], ids=lambda d: d.__name__
)
def test_tables_are_mended_without_the_sources(dataset, built, damage, monkeypatch):
    def build(*_, **__):
        raise AssertionError

    monkeypatch.setattr("datagen.repair.Build", build)
    damage(dataset)
    assert repair(dataset, workers=1).left == ()
    assert hashes(dataset) == hashes(built.folder)


def test_what_has_no_source_any_more_is_said_and_left(dataset, tmp_path):
    shard = next(dataset.glob("small-train.tfrecord-*"))
    flip(shard)
    damaged = hashlib.sha256(shard.read_bytes()).hexdigest()
    done = repair(dataset, {"symbols": tmp_path / "gone.zip"}, workers=1)
    assert {problem.file for problem in done.left} == {shard.name}
    assert "can't be made again" in done.reason
    assert "gone.zip: no such file" in done.reason
    assert hashlib.sha256(shard.read_bytes()).hexdigest() == damaged
    assert not (dataset / ".build/repair").exists()


def test_another_source_is_not_taken_for_the_one_of_the_build(dataset, sources, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(sources["emnist"], other)
    images = next(other.glob("*train-images*"))
    images.write_bytes(next(other.glob("*test-images*")).read_bytes())
    labels = next(other.glob("*train-labels*"))
    labels.write_bytes(next(other.glob("*test-labels*")).read_bytes())
    shard = next(dataset.glob("small-train.tfrecord-*"))
    flip(shard)
    done = repair(dataset, {"emnist": other}, workers=1)
    assert f"{shard.name} comes out different" in done.reason
    assert "source emnist" in done.reason
    assert {problem.file for problem in verify(dataset, 1).problems} == {shard.name}


def test_a_source_that_the_dataset_has_not_is_a_usage_error(dataset, tmp_path):
    with pytest.raises(UsageError, match="sources are emnist, symbols"):
        repair(dataset, {"hasy": tmp_path}, workers=1)
    with pytest.raises(InputError, match="no such folder"):
        repair(tmp_path / "nowhere", workers=1)
