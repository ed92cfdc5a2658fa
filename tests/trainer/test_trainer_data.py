import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from datagen.errors import InputError
from trainer import data, records
from trainer.dataset import open_dataset
from trainer.presets import Augmentation

PLAIN = Augmentation()
STRONG = Augmentation(shift=0.1, scale=0.2, rotation=20, shear=0.2, erase=0.5)


def batches(dataset, *, seed=0, epochs=range(1), augmentation=PLAIN, size=32, batch=50):
    view = data.View(size, 9, range(9))
    stream, steps = data.training(
        dataset, view, batch=batch, augmentation=augmentation, seed=seed, epochs=epochs
    )
    return [(x.numpy(), y.numpy()) for x, y in stream], steps


def same(a, b):
    return all(
        np.array_equal(x, u) and np.array_equal(y, v) for (x, y), (u, v) in zip(a, b, strict=True)
    )


def as_set(pairs):
    return {(x.tobytes(), int(y)) for x, y in pairs}


@pytest.fixture(params=["held", "streamed"])
def opened(request, dataset, monkeypatch):
    if request.param == "streamed":
        monkeypatch.setattr(data, "HELD_BYTES", 0)
    return open_dataset(dataset)


def test_records_come_in_record_order_with_id_and_source(opened, splits):
    images, labels = splits["test"]
    (found, targets, ids, sources), *rest = records.records(opened, "test").as_numpy_iterator()
    assert not rest
    assert np.array_equal(found[..., 0], images)
    assert np.array_equal(targets, labels)
    assert len(set(ids)) == len(labels)
    assert list(sources[:3]) == [b"serif", b"sans", b"serif"]


def test_an_epoch_shows_every_picture_once_with_its_own_label(opened, splits):
    found, steps = batches(opened, batch=40)
    images, labels = splits["train"]
    assert steps == len(found) == len(labels) // 40
    shown = [(x, y.argmax()) for xs, ys in found for x, y in zip(xs, ys, strict=True)]
    assert len(shown) == len(labels)
    assert as_set(shown) == as_set(zip(images, labels, strict=True))


def test_epochs_differ_but_each_can_be_had_again_alone(opened):
    both, steps = batches(opened, epochs=range(2), augmentation=STRONG)
    second, _ = batches(opened, epochs=range(1, 2), augmentation=STRONG)
    other, _ = batches(opened, epochs=range(1, 2), augmentation=STRONG, seed=1)
    assert len(both) == 2 * steps
    assert same(both[steps:], second)
    assert not same(both[:steps], second)
    assert not same(other, second)


def test_pictures_of_another_size_are_resized(opened):
    (images, _), *_ = batches(opened, size=48)[0]
    assert images.shape == (50, 48, 48, 1)
    assert images.dtype == np.uint8
    assert images.max() > 200


def test_validation_is_in_order_and_keeps_the_last_short_batch(opened, splits):
    view = data.View(32, 12, [11, 1, 2, 3, 4, 5, 6, 7, 8])
    found = list(data.validation(opened, view, "validation", 50).as_numpy_iterator())
    assert [len(x) for x, _ in found] == [50, 22]
    labels = np.concatenate([y.argmax(1) for _, y in found])
    assert np.array_equal(
        labels, np.where(splits["validation"][1] == 0, 11, splits["validation"][1])
    )


def test_a_damaged_record_is_one_sentence(dataset, tmp_path):
    copy = shutil.copytree(dataset, tmp_path / "copy")
    shard = next(copy.glob("*train*00001-of*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(InputError, match=r"can't be read .*`datagen verify"):
        records.hold(open_dataset(copy), "train")


def test_pictures_of_another_size_than_stated_are_refused(dataset):
    with pytest.raises(InputError, match="can't be read"):
        records.hold(replace(open_dataset(dataset), size=16), "test")


def test_a_shard_with_fewer_records_than_stated_is_refused(dataset):
    found = open_dataset(dataset)
    shards = (replace(found.splits["test"][0], records=99),)
    with pytest.raises(InputError, match=r"has 72 records where .* states 99"):
        records.hold(replace(found, splits={"test": shards}), "test")


def test_resizing_to_the_same_size_changes_nothing(splits):
    images = tf.constant(splits["test"][0][..., None])
    assert records.resize(images, 32) is images
