import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datagen.errors import InputError
from datagen.frame import frame
from datagen.framing import boxes, is_clean, place_all
from datagen.ink import ink
from datagen.measures import MEASURE, measure, measure_clean


@pytest.fixture(scope="module")
def letters(real_data):
    path = real_data / "emnist-byclass-standin" / "emnist-byclass-test-images-idx3-ubyte.gz"
    raw = np.frombuffer(gzip.decompress(path.read_bytes())[16:], np.uint8).reshape(-1, 28, 28)
    return np.ascontiguousarray(raw[:600].transpose(0, 2, 1))


def one_by_one(pictures):
    rows = [measure(picture, ink(picture)) for picture in pictures]
    return np.array(rows, MEASURE)


@pytest.mark.parametrize("size", [8, 9, 28, 32, 140])
def test_many_pictures_get_the_bytes_of_each_one(letters, size):
    assert is_clean(letters).mean() > 0.9
    clean = letters[is_clean(letters)][: 600 if size < 140 else 60]
    assert np.array_equal(place_all(clean, size), np.stack([frame(p, size) for p in clean]))


def test_many_pictures_get_the_measures_of_each_one(letters):
    clean = letters[is_clean(letters)]
    assert np.array_equal(measure_clean(clean), one_by_one(clean))


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(1, 5), st.integers(3, 40), st.integers(3, 40)).flatmap(
        lambda shape: hnp.arrays(np.uint8, shape, fill=st.just(0))
    ),
    st.integers(8, 40),
)
def test_any_clean_pictures_get_the_bytes_and_measures_of_each_one(pictures, size):
    pictures[:, [0, -1]] = pictures[:, :, [0, -1]] = 0
    clean = pictures[is_clean(pictures)]
    if len(clean):
        assert np.array_equal(place_all(clean, size), np.stack([frame(p, size) for p in clean]))
        assert np.array_equal(measure_clean(clean), one_by_one(clean))


@given(hnp.arrays(np.uint8, st.tuples(st.just(3), st.integers(2, 20), st.integers(2, 20))))
def test_what_is_clean_is_left_as_it_is(pictures):
    for picture, clean in zip(pictures, is_clean(pictures), strict=True):
        if clean:
            assert np.array_equal(ink(picture), picture)


def test_paper_and_noise_are_not_clean():
    blank = np.zeros((1, 20, 20), np.uint8)
    assert not is_clean(blank).any()
    assert not is_clean(255 - blank).any()
    with pytest.raises(InputError):
        frame(blank[0])


def test_boxes_of_masks():
    mask = np.zeros((3, 5, 6), bool)
    mask[0, 1:3, 2:6] = mask[1, 4, 0] = True
    assert [tuple(int(side[n]) for side in boxes(mask)) for n in range(3)] == [
        (2, 1, 4, 2),
        (0, 4, 1, 1),
        (0, 0, 0, 0),
    ]
