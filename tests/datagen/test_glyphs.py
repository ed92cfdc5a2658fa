"""Drawing single characters with the installed fonts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.errors import InputError
from datagen.font_files import catalog
from datagen.font_proof import prove_face
from datagen.fonts import Face
from datagen.glyphs import draw, sample_axes
from datagen.seeds import generator


def face(slug, contains=""):
    """A face of an installed family, its axes read from the file."""
    family = next(family for family in catalog() if family.slug == slug)
    if family.folder is None:
        pytest.skip(f"{family.package} is not installed")
    path = sorted(p for p in family.folder.iterdir() if contains in p.name)[0]
    axes = prove_face(path.read_bytes(), 0).axes
    return Face(str(path), 0, "", family.family, family.style, family.license, axes, "", (), {})


@pytest.fixture(scope="module")
def lato():
    return face("lato", "Lato-Regular")


@pytest.fixture(scope="module")
def flex():
    return face("roboto-flex")


def test_ink_is_bright_and_cropped_to_the_glyph(lato):
    ink = draw(lato, (), "H", 64).ink
    assert ink.dtype == np.uint8
    assert ink.max() == 255
    assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))


def test_place_in_the_line_tells_comma_from_apostrophe(lato):
    comma, apostrophe = draw(lato, (), ",", 64), draw(lato, (), "'", 64)
    assert apostrophe.top + apostrophe.ink.shape[0] < 0, "an apostrophe ends above the base line"
    assert comma.top + comma.ink.shape[0] > 0, "a comma reaches below it"
    capital = draw(lato, (), "H", 64)
    assert capital.top + capital.ink.shape[0] == 0, "a capital stands on it"


def test_ink_left_of_the_pen_is_not_cut_off():
    italic = draw(face("lato", "Lato-Italic"), (), "j", 64)
    assert italic.left < 0
    assert italic.ink[:, 0].any()


@settings(deadline=None, max_examples=20)
@given(st.integers(8, 200), st.sampled_from("aQ@|.g"))
def test_size_scales_the_glyph(px, char):
    lato = face("lato", "Lato-Regular")
    large, glyph = draw(lato, (), char, 400), draw(lato, (), char, px)
    for size, full in zip(glyph.ink.shape, large.ink.shape, strict=True):
        assert abs(size - full * px / 400) <= 2.5 + px / 100, "no more than hinting moves"


def test_weight_axis_adds_ink_and_leaves_no_trace(flex):
    default = draw(flex, (), "n", 64).ink
    point = {axis.tag: axis.default for axis in flex.axes}
    heavy = draw(flex, tuple((point | {"wght": 1000}).values()), "n", 64).ink
    light = draw(flex, tuple((point | {"wght": 100}).values()), "n", 64).ink
    assert heavy.sum() > default.sum() > light.sum()
    np.testing.assert_array_equal(draw(flex, (), "n", 64).ink, default)


def test_space_has_no_ink(lato):
    assert draw(lato, (), " ", 32).ink.shape == (0, 0)


def test_wrong_number_of_axes_names_the_axes(flex):
    with pytest.raises(InputError, match="wght"):
        draw(flex, (400.0,), "a", 32)


def test_file_that_is_gone_is_one_sentence(lato):
    gone = Face("gone.ttf", 0, "", "", "", "", (), "", (), {})
    with pytest.raises(InputError, match=r"gone\.ttf: the font can't be opened"):
        draw(gone, (), "a", 32)


def test_sampled_axes_are_in_range_short_and_repeatable(flex):
    points = [sample_axes(flex, generator(seed).random(16).tolist()) for seed in range(200)]
    assert points == [sample_axes(flex, generator(seed).random(16).tolist()) for seed in range(200)]
    for axis, values in zip(flex.axes, zip(*points, strict=True), strict=True):
        assert axis.minimum <= min(values) <= max(values) <= axis.maximum
        span = axis.maximum - axis.minimum
        assert max(values) - min(values) > 0.9 * span, "the whole range is used"
        assert all(float(f"{value:.6g}") == value for value in values)


def test_static_face_has_no_axes_to_sample(lato):
    assert sample_axes(lato, [0.5]) == ()


def test_drawing_at_sampled_axes_has_ink(flex):
    for seed in range(20):
        assert draw(flex, sample_axes(flex, generator(seed).random(16).tolist()), "e", 32).ink.any()
