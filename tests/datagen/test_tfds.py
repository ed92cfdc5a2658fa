"""TensorFlow and TFDS read our shards back without any code of ours."""

import warnings

import numpy as np
import pytest

from datagen import tables


@pytest.fixture(scope="module")
def tfds():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TFDS' own imports
        return pytest.importorskip("tensorflow_datasets")


def test_one_line_opens_the_folder(built, tfds):
    builder = tfds.builder_from_directory(str(built.folder))
    assert {s: i.num_examples for s, i in builder.info.splits.items()} == dict(built.records)
    label = builder.info.features["label"]
    assert label.num_classes == 89
    assert label.int2str(0) == "!"
    assert label.str2int("a") == 60
    assert builder.info.features["image"].shape == (28, 28, 1)


def test_every_record_comes_out_as_the_manifest_says(built, tfds):
    import tensorflow as tf

    builder = tfds.builder_from_directory(str(built.folder))
    parts = [tables.read(p) for p in sorted(built.folder.glob("manifests/test-*.csv"))]
    expected = {r.id: (r.label, r.source) for table in parts for r in table.itertuples()}
    config = tfds.ReadConfig(interleave_cycle_length=1)
    seen = {}
    for sample in builder.as_dataset(split="test", read_config=config, shuffle_files=False):
        assert sample["image"].dtype == tf.uint8
        assert sample["image"].shape == (28, 28, 1)
        assert int(np.max(sample["image"])) == 255
        key = sample["id"].numpy().decode()
        seen[key] = (int(sample["label"]), sample["source"].numpy().decode())
    assert seen == expected


def test_as_supervised(built, tfds):
    builder = tfds.builder_from_directory(str(built.folder))
    pairs = list(builder.as_dataset(split="validation", as_supervised=True).take(3))
    assert len(pairs) == 3
    assert pairs[0][0].shape == (28, 28, 1)
