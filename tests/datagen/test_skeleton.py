"""Strokes of real glyphs: as many as a hand would draw, where it would draw them."""

import numpy as np
import pytest

from datagen.characters import load
from datagen.errors import InputError
from datagen.font_files import catalog
from datagen.font_proof import prove_face
from datagen.fonts import Face
from datagen.glyphs import draw
from datagen.skeleton import skeleton_axes, strokes

PLAIN = (
    ("lato", "Lato-Regular"),
    ("open-sans", ""),
    ("inconsolata", ""),
    ("quicksand", ""),
    ("eb-garamond", "EBGaramond["),
)


def face(slug, contains=""):
    family = next(family for family in catalog() if family.slug == slug)
    if family.folder is None:
        pytest.skip(f"{family.package} is not installed")
    path = sorted(p for p in family.folder.iterdir() if contains in p.name and p.suffix == ".ttf")[
        0
    ]
    axes = prove_face(path.read_bytes(), 0).axes
    return Face(str(path), 0, "", family.family, family.style, family.license, axes, "", (), {})


def glyph(font, char, size=128):
    axes = skeleton_axes(font)
    px = 64 * size / max(draw(font, axes, char, 64).ink.shape)
    return draw(font, axes, char, min(round(px), 512)).ink


@pytest.fixture(scope="module")
def lato():
    return face("lato", "Lato-Regular")


def is_loop(line):
    return len(line) > 3 and bool((line[0] == line[-1]).all())


def sharpest(line):
    """The largest turn of a stroke at one point, in degrees."""
    steps = np.diff(line, axis=0)
    steps /= np.hypot(*steps.T)[:, None]
    return float(np.degrees(np.arccos(np.clip((steps[1:] * steps[:-1]).sum(axis=1), -1, 1))).max())


@pytest.mark.parametrize(
    ("char", "count"),
    [("i", 2), ("j", 2), ("%", 3), ("=", 2), (":", 2), (";", 2), ("!", 2), ("?", 2), ("-", 1)],
)
def test_every_part_of_a_glyph_is_drawn(lato, char, count):
    assert len(strokes(glyph(lato, char)).lines) == count


@pytest.mark.parametrize("char", ["L", "C", "S", "c", "s", "l", "U", "Z", "M", "V", "(", "/"])
def test_a_letter_written_in_one_go_is_one_open_stroke(lato, char):
    (line,) = strokes(glyph(lato, char)).lines
    assert not is_loop(line)


@pytest.mark.parametrize(("char", "loops"), [("o", 1), ("O", 1), ("0", 1), ("%", 2), ("D", 1)])
def test_rings_are_closed(lato, char, loops):
    assert sum(is_loop(line) for line in strokes(glyph(lato, char)).lines) == loops


@pytest.mark.parametrize("char", "x+X")
def test_a_cross_is_two_strokes_that_run_straight_through_each_other(lato, char):
    one, two = strokes(glyph(lato, char)).lines
    middle = (one[0] + one[-1]) / 2
    for line in (one, two):
        assert sharpest(line) < 25
        assert np.hypot(*(line - middle).T).min() < 8, "both pass through the middle"


def test_an_asterisk_keeps_its_arms(lato):
    assert len(strokes(glyph(lato, "*")).lines) == 3, "six arms are three strokes"


@pytest.mark.parametrize(("char", "least"), [("L", 80), ("Z", 110), ("V", 120)])
def test_corners_stay_sharp(lato, char, least):
    assert sharpest(strokes(glyph(lato, char)).lines[0]) > least


@pytest.mark.parametrize("char", "ocSUJ")
def test_bends_stay_round(lato, char):
    assert max(sharpest(line) for line in strokes(glyph(lato, char)).lines) < 45


def test_dots_are_single_points(lato):
    (dot,) = strokes(glyph(lato, ".")).lines
    assert dot.shape == (1, 2)
    ink = glyph(lato, ".")
    assert np.allclose(dot[0], (np.array(ink.shape[::-1]) - 1) / 2, atol=3)


def test_pens_move_from_the_top_and_the_left(lato):
    (down,) = strokes(glyph(lato, "l")).lines
    (right,) = strokes(glyph(lato, "-")).lines
    assert down[0, 1] < down[-1, 1]
    assert right[0, 0] < right[-1, 0]


@pytest.mark.parametrize(("slug", "contains"), PLAIN)
def test_strokes_cover_the_ink_of_plain_faces(slug, contains):
    font = face(slug, contains)
    found = {
        c.char: strokes(glyph(font, c.char)) for c in load() if c.codepoint not in font.reasons
    }
    assert len(found) == 89
    poor = {char: round(s.fit, 2) for char, s in found.items() if s.fit < 0.85}
    assert not poor
    points = [sum(len(line) for line in s.lines) for s in found.values()]
    assert np.median(points) < 90


def test_strokes_lie_in_the_ink(lato):
    for char in "aBe&8@kRt":
        ink = glyph(lato, char)
        for line in strokes(ink).lines:
            x, y = np.rint(line).astype(int).T
            assert (ink[y, x] > 127).mean() > 0.97


def test_width_is_that_of_the_stem(lato):
    ink = glyph(lato, "l")
    assert strokes(ink).width == pytest.approx(ink.shape[1], rel=0.2)


def test_a_light_weight_is_taken_of_a_variable_face(lato):
    font = face("inconsolata")
    assert skeleton_axes(lato) == ()
    for axis, value in zip(font.axes, skeleton_axes(font), strict=True):
        if axis.tag == "wght":
            assert axis.minimum <= value < axis.default
        else:
            assert value == axis.default


def test_the_same_picture_gives_the_same_strokes(lato):
    ink = glyph(lato, "&")
    one, two = strokes(ink), strokes(ink.copy())
    assert one.fit == two.fit
    assert all((a == b).all() for a, b in zip(one.lines, two.lines, strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (60, 60)])
def test_pictures_full_of_ink_give_a_dot_or_a_line(shape):
    found = strokes(np.full(shape, 255, np.uint8))
    assert len(found.lines) == 1
    assert np.isfinite(found.lines[0]).all()


@pytest.mark.parametrize("shape", [(0, 0), (30, 20)])
def test_a_picture_without_ink_is_an_error(shape):
    with pytest.raises(InputError, match="no ink"):
        strokes(np.zeros(shape, np.uint8))


def test_fit_tells_where_strokes_are_missing():
    slab, plain = face("alfa-slab-one"), face("lato", "Lato-Regular")
    assert strokes(glyph(slab, "t")).fit < 0.9 < strokes(glyph(plain, "t")).fit


def test_noise_is_survived():
    for seed in range(20):
        noise = np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)
        found = strokes(noise)
        assert all(np.isfinite(line).all() for line in found.lines)
        assert 0 < found.fit <= 1
