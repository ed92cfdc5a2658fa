import numpy as np
import pytest
import tensorflow as tf

from trainer.augment import augment
from trainer.presets import Augmentation

KEY = tf.constant([1, 2])


@pytest.fixture(scope="module")
def images(splits):
    return splits["test"][0][..., None]


def test_no_limits_change_nothing(images):
    assert np.array_equal(augment(tf.constant(images), KEY, Augmentation()), images)


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(shift=0.1),
        Augmentation(scale=0.2),
        Augmentation(rotation=20),
        Augmentation(shear=0.2),
        Augmentation(erase=1.0),
        Augmentation(widen=1.0),
    ],
)
def test_every_change_keeps_type_and_shape_and_follows_the_key(images, how):
    first, again, other = (
        augment(tf.constant(images), key, how).numpy() for key in (KEY, KEY, KEY + 1)
    )
    assert first.dtype == np.uint8
    assert first.shape == images.shape
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, images)


def test_shift_moves_the_ink_no_further_than_its_limit():
    dot = np.zeros((200, 32, 32, 1), np.uint8)
    dot[:, 16, 16] = 255
    moved = augment(tf.constant(dot), KEY, Augmentation(shift=0.125)).numpy()[..., 0]
    rows, columns = np.nonzero(moved.max(0) > 60)
    assert {rows.min(), rows.max(), columns.min(), columns.max()} == {12, 20}


def test_scale_and_rotation_leave_the_middle_in_place():
    ring = np.zeros((50, 33, 33, 1), np.uint8)
    ring[:, 15:18, 15:18] = 255
    moved = augment(tf.constant(ring), KEY, Augmentation(scale=0.2, rotation=30)).numpy()
    assert (moved[:, 16, 16] > 200).all()


def test_erasing_blanks_the_asked_share_of_pictures():
    white = np.full((1000, 32, 32, 1), 255, np.uint8)
    erased = augment(tf.constant(white), KEY, Augmentation(erase=0.25, erase_side=0.5)).numpy()
    touched = (erased == 0).any((1, 2, 3))
    assert 200 < touched.sum() < 290
    assert (erased == 0).sum((1, 2, 3)).max() <= 16 * 16


def test_strokes_grow_wider_and_still_fit_the_frame():
    bar = np.zeros((400, 32, 32, 1), np.uint8)
    bar[:, 2:30, 15:17] = 200
    wide = augment(tf.constant(bar), KEY, Augmentation(widen=0.5, widen_side=0.07)).numpy()[..., 0]
    widths = (wide[:, 16] > 100).sum(axis=1)
    heights = (wide[:, :, 16] > 100).sum(axis=1)
    assert 140 < (widths > 2).sum() < 220
    assert widths.max() in (5, 6)
    assert heights.min() >= 26
    assert heights.max() <= 30
    assert (wide.max(axis=(1, 2)) >= 199).all()
