"""Glyphs drawn many at once: independence, geometry, stroke width, pens, and what is remembered."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen import augment, characters
from datagen.cache import cache_folder
from datagen.canvas import Canvas, Glyph
from datagen.fonts import fonts
from datagen.frame import frame
from datagen.pen import Pen
from datagen.shapes import Shapes
from datagen.strokes import Strokes
from datagen.synthesis import Style, Synthesizer
from datagen.weight import StrokeWidth

TABLE = characters.load()
ALPHABET = "".join(character.char for character in TABLE)


@pytest.fixture(scope="module")
def faces():
    found = [f for f in fonts([], None, TABLE).faces if f.family in ("Lato", "Caveat", "Roboto")]
    assert found
    return found


@pytest.fixture(scope="module")
def synthesizer(faces):
    style = Style(augment.load("handwriting"), 32, "tight", 0, {})
    families = {face.group: "train" for face in faces}
    return Synthesizer(faces, families, TABLE, "fonts", style)


def regular(faces, family="Lato"):
    return next(f for f in faces if f.family == family and "Bold" not in f.path)


def canvas(faces, *steps, mode="tight"):
    return Canvas(32, mode, augment.Pipeline(steps), Strokes(faces, ALPHABET))


def draw(faces, text, *steps, face=None, mode="tight"):
    face = face or regular(faces)
    axes = tuple(axis.default for axis in face.axes)
    glyphs = [Glyph(face, axes, char) for char in text]
    return canvas(faces, *steps, mode=mode).draw(glyphs, list(range(len(text))))


@settings(max_examples=12, deadline=None)
@given(
    wanted=st.lists(
        st.tuples(st.integers(0, len(TABLE) - 1), st.integers(0, 999)),
        min_size=1,
        max_size=80,
        unique=True,
    )
)
def test_a_sample_is_the_same_whatever_is_drawn_beside_it(synthesizer, wanted):
    together = synthesizer.draw_many("train", wanted)
    alone = [synthesizer.draw("train", *each) for each in wanted]
    assert [d.sample for d in together] == [d.sample for d in alone]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(together, alone, strict=True))


def test_a_sample_is_drawn_again_from_its_origin(synthesizer):
    for drawn in synthesizer.draw_many("train", [(label, 7) for label in range(len(TABLE))]):
        again = synthesizer.redraw("train", drawn.sample.label, drawn.sample.origin)
        assert again.sample == drawn.sample
        assert np.array_equal(again.pixels, drawn.pixels)


def stroke_width(picture):
    """Width of an upright bar: ink of a row in the middle."""
    return float(picture[len(picture) // 2].sum()) / 255


@pytest.mark.parametrize("wanted", [0.08, 0.15, 0.25])
def test_strokes_get_the_width_that_is_asked_for(faces, wanted):
    (bar,) = draw(faces, "|", {"name": "StrokeWidth", "width": (wanted, wanted)})
    rows = np.flatnonzero(bar.max(axis=1) > 128)
    long = len(rows)
    assert stroke_width(bar) / long == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize("wanted", [0.05, 0.1, 0.2])
def test_a_pen_has_the_width_that_is_asked_for(faces, wanted):
    steady = {"name": "Pen", "width": (wanted, wanted), "wander": 0.0, "ends": 0.0}
    (bar,) = draw(faces, "|", steady)
    long = len(np.flatnonzero(bar.max(axis=1) > 128))
    assert stroke_width(bar) / long == pytest.approx(wanted, rel=0.25)


def test_thick_strokes_leave_counters_open_and_thin_ones_stay(faces):
    for width in (0.02, 0.5):
        for picture in draw(faces, "BRae8@&%", {"name": "StrokeWidth", "width": (width, width)}):
            ink = frame(picture) > 128
            assert 0.02 < ink.mean() < 0.75
            assert ink.any(axis=0).sum() > 8


def test_without_a_pipeline_a_glyph_keeps_its_shape(faces):
    face = regular(faces)
    for char, picture in zip("ALS", draw(faces, "ALS", face=face), strict=True):
        from datagen.glyphs import draw as plain

        expected = frame(np.pad(plain(face, (), char, 96).ink, 8))
        likeness = np.corrcoef(frame(picture).ravel(), expected.ravel())[0, 1]
        assert likeness > 0.95


def test_em_mode_keeps_place_and_size(faces):
    dot, hat, letter = draw(faces, ".^M", mode="em")
    top = [int(np.flatnonzero(p.max(axis=1) > 100)[0]) for p in (dot, hat, letter)]
    assert top[0] > top[2]
    assert top[1] <= top[2] + 3
    assert (dot > 100).sum() < 0.1 * (letter > 100).sum()


def test_long_edges_bend(faces):
    bend = {"name": "Warp", "elastic": 0.06}
    straight, bent = (draw(faces, "l", *steps)[0] for steps in ((), (bend,)))

    def middles(picture):
        rows = np.flatnonzero(picture.max(axis=1) > 128)[3:-3]
        weights = picture[rows].astype(float)
        return (weights * np.arange(picture.shape[1])).sum(axis=1) / weights.sum(axis=1)

    line = np.polyfit(np.arange(len(middles(bent))), middles(bent), 1)
    off = middles(bent) - np.polyval(line, np.arange(len(middles(bent))))
    assert np.ptp(middles(straight)) < 0.2
    assert np.abs(off).max() > 0.3


def test_pens_draw_strokes_and_leave_no_trace_of_the_outline(faces):
    bold = next(f for f in faces if f.path.endswith("Lato-Bold.ttf"))
    thin = {"name": "Pen", "width": (0.05, 0.05)}
    outlined, written = draw(faces, "HH", face=bold)[0], draw(faces, "H", thin, face=bold)[0]
    assert (written > 128).sum() < 0.6 * (outlined > 128).sum()


def test_a_thick_pen_leaves_a_gap_between_strokes_that_do_not_meet(faces):
    thick = {"name": "Pen", "width": (0.3, 0.3), "wander": 0.0, "ends": 0.0}
    for char, picture in zip(":;=i!", draw(faces, ":;=i!", thick), strict=True):
        parts = cv2.connectedComponents((picture > 128).astype(np.uint8))[0] - 1
        assert (char, parts) == (char, 2)


def test_strokes_are_remembered_and_a_spoilt_memory_is_made_anew(faces):
    first = Strokes(faces, "Hox").of(regular(faces), "H")
    kept = sorted((cache_folder() / "strokes").glob("*.npz"))
    assert first is not None
    assert kept
    for content in (b"", b"no archive at all"):
        for path in kept:
            path.write_bytes(content)
        again = Strokes(faces, "Hox").of(regular(faces), "H")
        assert again is not None
        assert np.array_equal(again.points, first.points)
        assert np.array_equal(again.ends, first.ends)


def test_a_pen_thins_a_picture_too():
    picture = np.zeros((64, 64), np.uint8)
    picture[8:56, 20:44] = 255
    pen = Pen(width=(0.1, 0.1))
    pen.set_random_seed(0)
    thin = pen(image=picture)["image"]
    assert 0 < (thin > 128).sum() < 0.5 * (picture > 128).sum()
    width = StrokeWidth(width=(0.2, 0.2))
    width.set_random_seed(0)
    assert (width(image=picture)["image"] > 128).sum() < (picture > 128).sum()


def test_shapes_know_their_width():
    square = np.array([[0, 0], [1, 0], [1, 0.2], [0, 0.2]], np.float32)
    shapes = Shapes(
        square,
        np.array([1, 2, 3, 0]),
        np.array([0]),
        np.ones(4, np.uint8),
        np.array([3]),
        np.array([False]),
        np.zeros(1, np.float32),
        np.zeros(1, np.float32),
        np.full(1, np.inf, np.float32),
        np.ones(1, np.float32),
        np.full(1, np.inf, np.float32),
        np.array([False]),
    )
    assert shapes.lengths()[0] == pytest.approx(1.0)
    assert shapes.width[0] == pytest.approx(0.2)
