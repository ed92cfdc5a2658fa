import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from datagen import pictures
from datagen.errors import InputError
from datagen.pictures import MAX_PIXELS, decode, looks_like, read

GRAY = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4) * 10
COLOUR = np.stack([GRAY, GRAY + 1, GRAY + 2], axis=2)
FORMATS = ["PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "JPEG"]


def encode(image, form="PNG", **options):
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("array", [GRAY, COLOUR], ids=["gray", "colour"])
def test_gray_and_colour_come_back_unchanged(form, array):
    assert np.array_equal(decode(encode(array, form), "x"), array)


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))),
    st.sampled_from(["PNG", "TIFF"]),
)
def test_lossless_formats_keep_every_array(array, form):
    array = array[..., 0] if array.shape[2] == 1 else array
    got = decode(encode(array, form), "x")
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous
    assert np.array_equal(got, array)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_its_pixels(form):
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[2:8, 3:14] = 255
    options = (
        {"lossless": True} if form == "WEBP" else {"sizes": [(16, 16)]} if form == "ICO" else {}
    )
    got = decode(encode(picture, form, **options), "x")
    assert got.shape in ((16, 16, 3), (16, 16, 4))
    assert np.abs(got[..., :3].astype(int) - picture).max() < 40


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM", "GIF", "BMP"])
def test_one_bit_pictures_are_black_and_white(form):
    bits = GRAY > 100
    got = decode(encode(Image.fromarray(bits), form), "x")
    assert got.dtype == np.uint8
    assert np.array_equal(got if got.ndim == 2 else got[..., 0], np.where(bits, 255, 0))


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_gray_keeps_its_range(form):
    deep = np.array([[0, 1, 256], [40_000, 65_534, 65_535]], np.uint16)
    got = decode(encode(deep, form), "x")
    assert got.dtype == np.uint16
    assert np.array_equal(got, deep)


def test_big_endian_sixteen_bit_is_native():
    got = decode(encode(Image.frombytes("I;16B", (2, 1), b"\1\2\3\4"), "TIFF"), "x")
    assert got.dtype == np.dtype("=u2")
    assert got.tolist() == [[0x0102, 0x0304]]


def test_transparency_becomes_an_alpha_channel():
    palette = Image.fromarray(GRAY % 3).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    got = decode(encode(palette, transparency=1), "x")
    assert got.shape == (6, 4, 4)
    assert np.array_equal(got[..., 3] == 0, GRAY % 3 == 1)
    assert decode(encode(palette), "x").shape == (6, 4, 3)
    got = decode(encode(GRAY, transparency=10), "x")
    assert got.shape == (6, 4, 2)
    assert np.array_equal(got[..., 1] == 0, GRAY == 10)
    got = decode(encode(COLOUR, transparency=(10, 11, 12)), "x")
    assert got.shape == (6, 4, 4)
    got = decode(encode(Image.fromarray(GRAY > 100), transparency=0), "x")
    assert np.array_equal(got[..., -1] == 0, GRAY <= 100)


def test_gray_with_alpha_has_two_channels():
    array = np.stack([GRAY, 255 - GRAY], axis=2)
    assert np.array_equal(decode(encode(Image.fromarray(array, "LA")), "x"), array)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_print_colours_become_rgb(form):
    white = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    got = decode(encode(white, form), "x")
    assert got.shape == (8, 8, 3)
    assert got.min() > 250


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(form, orientation):
    scene = np.zeros((16, 32, 3), np.uint8)
    scene[:8, :16] = 255  # bright in the upper left corner
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    held = np.ascontiguousarray(undo[orientation](scene))
    exif = Image.Exif()
    exif[0x0112] = orientation
    got = decode(encode(held, form, exif=exif), "x")
    assert got.shape == scene.shape
    assert np.abs(got.astype(int) - scene).mean() < 5


def test_of_several_frames_the_first_is_taken():
    first, second = Image.fromarray(GRAY), Image.fromarray(255 - GRAY)
    got = decode(encode(first, "TIFF", save_all=True, append_images=[second]), "x")
    assert np.array_equal(got, GRAY)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_a_cut_off_file_is_one_sentence(form):
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    data = encode(noise, form)
    for length in (len(data) // 2, len(data) - 16, 24):
        with pytest.raises(InputError, match=r"^some/a\.png: ") as error:
            decode(data[:length], "some/a.png")
        assert "\n" not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_png_is_found(data):
    whole = bytearray(encode(COLOUR))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InputError, match=r"^x: "):
        decode(bytes(whole), "x")


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["JPEG", "GIF", "BMP", "WEBP", "PPM"]))
def test_a_changed_byte_gives_pixels_or_one_sentence(data, form):
    whole = bytearray(encode(COLOUR, form))
    for _ in range(3):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decode(bytes(whole), "x").dtype == np.uint8
    except InputError as error:
        assert str(error).startswith("x: ")  # noqa: PT017


@pytest.mark.parametrize("data", [b"<html></html>", b"a", bytes(100), b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_picture_is_one_sentence(data):
    with pytest.raises(InputError, match=r"x: not a picture of a known format"):
        decode(data, "x")


def test_an_empty_file_is_one_sentence():
    with pytest.raises(InputError, match="x: the picture file is empty"):
        decode(b"", "x")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_absurd_sizes_are_refused_before_decoding(side):
    data = bytearray(encode(GRAY))
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(InputError, match=f"more than {MAX_PIXELS:,} pixels"):
        decode(bytes(data), "x")


def test_floating_point_and_wide_samples_are_refused():
    with pytest.raises(InputError, match="floating-point"):
        decode(encode(GRAY.astype(np.float32), "TIFF"), "x")
    with pytest.raises(InputError, match=r"outside 0\.\.65535"):
        decode(encode(GRAY.astype(np.int32) - 5, "TIFF"), "x")


def test_read_names_the_file(tmp_path, monkeypatch):
    file = tmp_path / "a.png"
    file.write_bytes(encode(GRAY))
    assert np.array_equal(read(file), GRAY)
    with pytest.raises(InputError, match=r"b\.png: can't be read \(No such file"):
        read(tmp_path / "b.png")
    with pytest.raises(InputError, match="not a regular file"):
        read(tmp_path)
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    with pytest.raises(InputError, match=r"a\.png: .* too large for a picture"):
        read(file)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_common_formats_are_known_by_their_first_bytes(form):
    assert looks_like(encode(GRAY, form)[:16])
    assert not looks_like(b"not a picture...")
