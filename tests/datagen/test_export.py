"""Each format is opened by the library that it is for, and holds what the dataset holds."""

import gzip
import hashlib
import os
import struct
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from datagen import characters, shards, tfrecord
from datagen.cli import app
from datagen.errors import InputError, UsageError
from datagen.export import FORMATS, export
from datagen.manifest import Sample
from datagen.sources import Picture, open_source
from datagen.verify import open_dataset

# Warnings here are those of other people's libraries.
foreign = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def exported(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    return {name: export(built.folder, name, folder / name) for name in FORMATS}


@pytest.fixture(scope="module")
def samples(built):
    """Every record of the dataset by id: its split and what the shard says."""
    _, _, listed = open_dataset(built.folder)
    return {
        record.id: (shard.split, record)
        for shard in listed
        for record in shards.read(built.folder / shard.file, 28)
    }


def library(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@foreign
def test_tfds_loads_the_copy_by_name(built, exported, samples):
    tfds = library("tensorflow_datasets")
    folder = exported["tfds"].folder
    assert folder.parts[-2:] == ("small", "1.0.0")
    loaded, info = tfds.load("small", data_dir=str(folder.parent.parent), with_info=True)
    assert info.features["label"].names == [c.char for c in characters.load()]
    seen = {row["id"].numpy().decode(): row["image"].numpy()[..., 0] for row in loaded["test"]}
    wanted = {name: record.image for name, (split, record) in samples.items() if split == "test"}
    assert seen.keys() == wanted.keys()
    assert all((seen[name] == wanted[name]).all() for name in wanted)
    builder = tfds.builder_from_directory(str(folder))
    image, label = next(iter(builder.as_dataset(split="train", as_supervised=True)))
    assert image.shape == (28, 28, 1)
    assert 0 <= int(label) < 89


@foreign
def test_datasets_loads_parquet_with_an_image_and_a_class_label(exported, samples, tmp_path):
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    datasets = library("datasets")
    loaded = datasets.load_dataset(str(exported["parquet"].folder), cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.items()} == exported["parquet"].records
    features = loaded["train"].features
    assert features["image"] == datasets.Image()
    assert features["label"] == datasets.ClassLabel(names=[c.char for c in characters.load()])
    seen = set()
    for split, rows in loaded.items():
        for row in rows:
            wanted_split, record = samples[row["id"]]
            assert (split, row["label"], row["source"]) == (
                wanted_split,
                record.label,
                record.source,
            )
            assert (np.asarray(row["image"]) == record.image).all()
            seen.add(row["id"])
    assert seen == samples.keys()


@foreign
def test_webdataset_reads_the_tars(exported, samples):
    webdataset = library("webdataset")
    folder = exported["webdataset"].folder
    tars = [str(path) for path in sorted(folder.glob("small-*.tar"))]
    assert Path(tars[0]).name == "small-test-000000.tar"
    seen = set()
    for row in webdataset.WebDataset(tars, shardshuffle=False).decode("l8"):
        split, record = samples[row["__key__"]]
        assert (row["png"] == record.image).all()
        assert row["cls"] == record.label == row["json"]["label"]
        assert row["json"]["split"] == split
        assert row["json"]["sha256"] == hashlib.sha256(record.image.tobytes()).hexdigest()
        seen.add(row["__key__"])
    assert seen == samples.keys()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_numpy_reads_the_idx_files(exported, samples, split):
    folder = exported["idx"].folder
    data = gzip.decompress((folder / f"emnist-byclass-{split}-images-idx3-ubyte.gz").read_bytes())
    magic, count, rows, columns = struct.unpack(">4i", data[:16])
    images = np.frombuffer(data[16:], np.uint8).reshape(count, rows, columns)
    data = gzip.decompress((folder / f"emnist-byclass-{split}-labels-idx1-ubyte.gz").read_bytes())
    labels = np.frombuffer(data[8:], np.uint8)
    wanted = [record for where, record in samples.values() if where == split]
    assert (magic, rows, columns) == (0x803, 28, 28)
    assert struct.unpack(">2i", data[:8]) == (0x801, len(wanted))
    assert [record.label for record in wanted] == labels.tolist()
    assert (images.transpose(0, 2, 1) == np.stack([record.image for record in wanted])).all()


def test_our_own_source_reads_the_idx_files(exported, samples):
    source = open_source("emnist", exported["idx"].folder, characters.load())
    found = []
    for chunk in source.index():
        for row, picture in zip(chunk.rows, chunk.load(), strict=True):
            assert isinstance(picture, Picture), row.reason
            found.append((row.split, row.label, picture.pixels.tobytes()))
    wanted = [(s, r.label, r.image.tobytes()) for s, r in samples.values() if s != "validation"]
    assert found == wanted


def test_the_table_of_the_png_files_names_each_of_them(exported, samples):
    folder = exported["png"].folder
    table = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    assert set(table["path"]) == {p.relative_to(folder).as_posix() for p in folder.rglob("*.png")}
    assert list(table["id"]) == list(samples)
    for row in table.itertuples():
        pixels = cv2.imread(str(folder / row.path), cv2.IMREAD_UNCHANGED)
        assert (pixels == samples[row.id][1].image).all()
    source = open_source("folder", folder, characters.load())
    rows = [row for chunk in source.index() for row in chunk.rows if not row.reason]
    assert {row.origin: str(row.label) for row in rows} == dict(
        zip(table["path"], table["label"], strict=True)
    )


@foreign
def test_keras_reads_the_png_files_with_our_labels(exported, samples):
    keras = library("keras")
    folder = exported["png"].folder / "train"
    loaded = keras.utils.image_dataset_from_directory(
        folder, color_mode="grayscale", image_size=(28, 28), shuffle=False, verbose=False
    )
    assert loaded.class_names == [c.codepoint for c in characters.load()]
    labels = [int(label) for _, batch in loaded for label in batch]
    wanted = [samples[Path(path).stem][1].label for path in loaded.file_paths]
    assert labels == wanted


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_dataset_gives_the_same_bytes(built, exported, name, tmp_path):
    again = export(built.folder, name, tmp_path / "again" / name)
    assert tree(again.folder) == tree(exported[name].folder)


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_stopped_goes_on_and_ends_in_the_same_bytes(
    built, exported, name, tmp_path, monkeypatch
):
    read, left = tfrecord.image_of, [300]

    def stop(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return read(*arguments)

    monkeypatch.setattr(tfrecord, "image_of", stop)
    with pytest.raises(KeyboardInterrupt):
        export(built.folder, name, tmp_path / name)
    monkeypatch.undo()
    stopped = next(path.parent.parent for path in tmp_path.rglob("dataset-export.json"))
    (stopped / ".partial-0123456789abcdef.left").write_bytes(b"of a process that was killed")
    whole = sum(exported[name].records.values())
    on = export(built.folder, name, tmp_path / name)
    assert 0 < on.written <= whole
    assert name == "idx" or on.written < whole
    assert tree(on.folder) == tree(exported[name].folder)
    assert export(built.folder, name, tmp_path / name).written == 0


def test_a_file_that_went_missing_is_written_again(built, exported, tmp_path):
    out = tmp_path / "png"
    export(built.folder, "png", out, ["test"])
    victim = next(out.glob("test/*/*.png"))
    before = victim.read_bytes()
    victim.unlink()
    assert export(built.folder, "png", out, ["test"]).written > 0
    assert victim.read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
def test_splits_can_be_chosen(built, name, tmp_path):
    done = export(built.folder, name, tmp_path, ["test", "validation"])
    assert done.records == {s: built.records[s] for s in ("validation", "test")}
    assert not [path for path in done.folder.rglob("*") if "train" in path.name]


def test_other_sizes_are_scaled_to_that_of_emnist(built, tmp_path):
    _, table, _ = open_dataset(built.folder)
    folder = tmp_path / "large"
    square = np.zeros((56, 56), np.uint8)
    square[14:42, 28:56] = 255
    sha256 = hashlib.sha256(square.tobytes()).hexdigest()
    row = Sample("0" * 16, table[3].codepoint, 3, "train", "symbols", "", "a.png", "", sha256)
    shard = shards.Shard("small", "train", 0, 1)
    payload = tfrecord.encode(tfrecord.Record(square, 3, row.id, row.source))
    done = shards.write(folder, shard, [row], [payload], [])
    for name in ("manifests/characters.csv", "recipe.toml"):
        text = (built.folder / name).read_text().replace("size = 28", "size = 56")
        (folder / name).write_text(text)
    line = f"{done.file},train,1,{done.bytes},{done.sha256}\n"
    (folder / "manifests/shards.csv").write_text("file,split,records,bytes,sha256\n" + line)
    export(folder, "idx", tmp_path / "idx")
    data = (tmp_path / "idx" / "emnist-byclass-train-images-idx3-ubyte.gz").read_bytes()
    pixels = np.frombuffer(gzip.decompress(data)[16:], np.uint8).reshape(28, 28).T
    assert (pixels[7:21, 14:] == 255).all()
    assert pixels.sum() == 14 * 14 * 255


def test_what_is_wrong_is_said(built, dataset, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="did you mean 'parquet'"):
        export(built.folder, "parqet", tmp_path / "a")
    with pytest.raises(UsageError, match="did you mean 'train'"):
        export(built.folder, "png", tmp_path / "a", ["trian"])
    with pytest.raises(UsageError, match="lies inside the dataset"):
        export(built.folder, "png", built.folder / "png")
    with pytest.raises(InputError, match="no dataset is here"):
        export(tmp_path, "png", tmp_path / "a")
    shard = next(iter(sorted(dataset.glob("small-test.tfrecord-*"))))
    shard.write_bytes(shard.read_bytes()[:-3])
    with pytest.raises(InputError, match=f"{shard.name}: its sha256 is not"):
        export(dataset, "webdataset", tmp_path / "b")
    assert not list((tmp_path / "b").glob("*test*"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="not installed: pip install pyarrow"):
        export(built.folder, "parquet", tmp_path / "c")
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "c").exists()


def test_a_row_that_is_not_that_of_its_record_is_named(dataset, tmp_path):
    path = next(iter(sorted(dataset.glob("manifests/test-*.csv"))))
    lines = path.read_text().splitlines()
    lines[4], lines[5] = lines[5], lines[4]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=f"{path.name}: row 5 is not that of its record"):
        export(dataset, "png", tmp_path / "png")


def test_nothing_else_is_overwritten(built, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something that is no dataset-export of ours"):
        export(built.folder, "png", tmp_path)
    out = tmp_path / "out"
    export(built.folder, "idx", out, ["test"])
    with pytest.raises(InputError, match="differs in its format"):
        export(built.folder, "webdataset", out, ["test"])
    with pytest.raises(InputError, match=r"splits \(was test, is now validation\)"):
        export(built.folder, "idx", out, ["validation"])


def test_the_command_says_what_it_wrote_and_how_it_opens(built, tmp_path):
    from typer.testing import CliRunner

    out = tmp_path / "tars"
    arguments = ["export", str(built.folder), "--format", "webdataset", "--out", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--split", "validation"])
    assert done.exit_code == 0, done.output
    assert f'webdataset.WebDataset("{out}/small-validation-' in done.output
    assert f"{built.records['validation']}" in done.output
