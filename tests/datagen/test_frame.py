import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw, ImageFont

from datagen.errors import InputError, UsageError
from datagen.frame import FrameError, frame


def drawn(text="E", size=60, paper=255, ink=0, mode="L", at=None, canvas=100):
    """A picture of a character, as a program or a scanner would give it."""
    picture = Image.new("L", (canvas, canvas), paper)
    font = ImageFont.load_default(size)
    place, anchor = (at, "la") if at else ((canvas / 2, canvas / 2), "mm")
    ImageDraw.Draw(picture).text(place, text, fill=ink, font=font, anchor=anchor)
    return picture.convert(mode)


def alike(first, second):
    """Correlation of two framed pictures."""
    return float(np.corrcoef(first.reshape(-1), second.reshape(-1))[0, 1])


REFERENCE = frame(drawn())


@pytest.mark.parametrize("size", [8, 28, 32, 140])
def test_ink_is_cropped_centred_and_bright_with_emnists_margin(size):
    framed = frame(drawn("H"), size)
    assert framed.shape == (size, size)
    assert framed.dtype == np.uint8
    rows = np.flatnonzero(framed.max(axis=1) > 40)
    columns = np.flatnonzero(framed.max(axis=0) > 40)
    margin = max(1, round(size / 14))
    assert (rows[0], size - 1 - rows[-1]) == (margin, margin)
    assert abs(columns[0] - (size - 1 - columns[-1])) <= 1
    assert framed.max() == 255
    assert framed[0].max() == 0


def test_aspect_is_kept():
    framed = frame(drawn("l"), 32)
    columns = np.flatnonzero(framed.max(axis=0) > 40)
    assert len(columns) < 12


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "I", "F", "1"])
def test_every_pillow_mode_gives_the_same_frame(mode):
    assert alike(frame(drawn(mode=mode)), REFERENCE) > 0.97


def test_16_bit_float_and_bool_arrays():
    gray = np.asarray(drawn())
    for picture in (
        gray.astype(np.uint16) * 257,
        gray.astype(np.float32) / 255,
        gray.astype(np.float64),
        gray > 128,
        Image.fromarray(gray.astype(np.uint16) * 200),
    ):
        assert alike(frame(picture), REFERENCE) > 0.97


@pytest.mark.parametrize(
    ("paper", "ink"), [(255, 0), (0, 255), (200, 90), (60, 180), (240, 200), (128, 90), (30, 60)]
)
def test_polarity_and_contrast_do_not_matter(paper, ink):
    assert alike(frame(drawn(paper=paper, ink=ink)), REFERENCE) > 0.98


@pytest.mark.parametrize("colour", ["red", "yellow", "cyan", "green", "navy"])
def test_coloured_ink_on_white_and_on_black(colour):
    for paper in ("white", "black"):
        picture = Image.new("RGB", (100, 100), paper)
        font = ImageFont.load_default(60)
        ImageDraw.Draw(picture).text((50, 50), "E", fill=colour, font=font, anchor="mm")
        assert alike(frame(picture), REFERENCE) > 0.95


@pytest.mark.parametrize("level", [0, 255])
def test_transparent_paper(level):
    mask = 255 - np.asarray(drawn())
    picture = np.dstack([np.full_like(mask, level)] * 3 + [mask])
    assert alike(frame(picture), REFERENCE) > 0.98
    assert alike(frame(picture[:, :, 2:]), REFERENCE) > 0.98


def test_place_and_scale_do_not_matter():
    for size, at in ((60, (5, 5)), (60, (50, 20)), (30, (60, 60)), (24, (10, 70))):
        assert alike(frame(drawn(size=size, at=at)), REFERENCE) > 0.93


def test_a_tight_crop_keeps_its_polarity():
    gray = np.asarray(drawn("E"))
    rows = np.flatnonzero((gray < 128).any(axis=1))
    columns = np.flatnonzero((gray < 128).any(axis=0))
    crop = gray[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert alike(frame(crop), REFERENCE) > 0.9
    clean = 255 - crop
    assert alike(frame(np.pad(clean, 1)), REFERENCE) > 0.9


def test_uneven_light_noise_and_specks():
    rng = np.random.default_rng(3)
    clean = np.asarray(drawn("E", size=70, canvas=140)).astype(float) * 0.7 + 50
    ramp = np.linspace(0.45, 1.0, 140)
    shadowed = clean * ramp[None, :] * ramp[:, None] ** 0.5 + rng.normal(0, 4, clean.shape)
    specks = rng.integers(0, 140, (8, 2))
    shadowed[specks[:, 0], specks[:, 1]] = 0
    assert alike(frame(np.clip(shadowed, 0, 255).astype(np.uint8)), REFERENCE) > 0.93


def test_the_dots_of_a_symbol_are_no_specks():
    for text in "ij!?:;%":
        picture = drawn(text, size=70)
        bare = frame(picture)
        noisy = np.asarray(picture).astype(float) + np.random.default_rng(1).normal(
            0, 5, (100, 100)
        )
        assert alike(frame(np.clip(noisy, 0, 255).astype(np.uint8)), bare) > 0.95


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((20, 20), np.uint8),
        np.full((20, 20, 3), 255, np.uint8),
        np.full((1, 1), 9, np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.random.default_rng(0).normal(200, 6, (64, 64)).astype(np.uint8),
        np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8),
        np.full((9, 9), np.nan, np.float32),
    ],
)
def test_no_ink_is_an_error_with_a_reason(picture):
    with pytest.raises(FrameError, match="no ink: "):
        frame(picture)


def test_impossible_arguments():
    with pytest.raises(UsageError, match=r"size \(=7\) must be at least 8"):
        frame(drawn(), 7)
    for shape in ((0, 5), (5,), (5, 5, 5), (2, 2, 2, 2)):
        with pytest.raises(UsageError, match="picture"):
            frame(np.zeros(shape, np.uint8))


def test_em_mode_keeps_place_and_size():
    low = frame(drawn(".", at=(40, 20)), 32, "em")
    high = frame(drawn("'", at=(40, 20)), 32, "em")
    rows = [np.flatnonzero(f.max(axis=1) > 60).mean() for f in (low, high)]
    assert rows[0] > rows[1] + 5
    assert (low > 60).sum() < 60
    assert (frame(drawn("."), 32) > 60).sum() > 400


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40))
        | st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 4)),
    ),
    st.sampled_from(["tight", "em"]),
)
def test_any_array_is_framed_or_refused(picture, mode):
    try:
        framed = frame(picture, 32, mode)
    except InputError:
        return
    assert framed.shape == (32, 32)
    assert framed.max() == 255


def test_framing_is_stable_on_real_digits(real_data):
    """A framed picture framed again stays what it is."""
    path = real_data / "emnist" / "emnist-mnist-test-images-idx3-ubyte.gz"
    raw = np.frombuffer(gzip.decompress(path.read_bytes())[16:], np.uint8).reshape(-1, 28, 28)
    pictures = raw[:200].transpose(0, 2, 1)
    framed = [frame(picture, 28) for picture in pictures]
    pairs = zip(framed, pictures, strict=True)
    assert np.median([alike(once, picture) for once, picture in pairs]) > 0.9
    assert min(alike(frame(once, 28), once) for once in framed) > 0.98


def test_both_polarities_of_the_operators_come_out_bright(real_data):
    with zipfile.ZipFile(real_data / "kaggle-operators.zip") as archive:
        names = sorted(n for n in archive.namelist() if "/+/" in n)[::20]
        pictures = [np.asarray(Image.open(io.BytesIO(archive.read(n)))) for n in names]
    assert {bool(p.mean() > 128) for p in pictures} == {True, False}
    assert all((frame(p) > 128).mean() < 0.4 for p in pictures)
