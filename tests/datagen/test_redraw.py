"""Real pictures drawn again with other pens: what stays, what changes, and what does not matter."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from datagen import characters, recipe
from datagen.augment_steps import steps_of
from datagen.errors import UsageError
from datagen.features import stroke_width
from datagen.fonts import fonts
from datagen.frame import frame
from datagen.redraw import ORIGIN, Picture, Redrawer, strokes_of

TABLE = characters.load()
TEXT = "AbGkMnQrSty0123456789%?"


@pytest.fixture(scope="module")
def pictures():
    """Letters of a handwriting font with the stroke of a pen, as a scanner would give them."""
    face = next(face for face in fonts([], None, TABLE).faces if face.family == "Caveat")
    font = ImageFont.truetype(face.path, 60)
    found = []
    for number, char in enumerate(TEXT):
        image = Image.new("L", (120, 120), 255)
        ImageDraw.Draw(image).text((35, 20), char, 0, font)
        label = TABLE.labels[char]
        pixels = frame(image)
        found.append(Picture("mine", f"writer/{number}", f"{number}.png", label, 1, pixels))
    return found


def redrawer(preset="mild", seed=0, size=32):
    return Redrawer("again", steps_of(preset), TABLE, size, seed)


def pen(width):
    return [{"name": "Pen", "width": (width, width), "wander": 0, "ends": 0}]


def test_the_strokes_stay_and_the_pen_changes(pictures):
    fine, wide = (
        np.stack([d.pixels for d in Redrawer("a", pen(w), TABLE, 32, 0).draw_many("train", own)])
        for w, own in ((0.04, pictures), (0.15, pictures))
    )
    assert np.median(stroke_width(wide) / stroke_width(fine)) > 2
    for picture, thin, thick in zip(pictures, fine, wide, strict=True):
        assert strokes_of(picture.pixels, TABLE[picture.label].char) is not None
        # The hair line runs within the ink that was there, give or take a pixel.
        near = cv2.dilate(picture.pixels, np.ones((5, 5), np.uint8))
        assert np.mean(near[thin > 128] > 60) > 0.9
        assert np.mean(thick[thin > 128] > 128) > 0.85


@settings(max_examples=8, deadline=None)
@given(chosen=st.lists(st.integers(0, len(TEXT) - 1), min_size=1, max_size=40))
def test_a_drawing_does_not_depend_on_what_is_drawn_beside_it(pictures, chosen):
    made = redrawer().draw_many("train", [pictures[n] for n in chosen])
    for n, one in zip(chosen, made, strict=True):
        alone = redrawer().draw_many("train", [pictures[n]])[0]
        assert one.sample == alone.sample
        assert np.array_equal(one.pixels, alone.pixels)


def test_seed_and_number_change_the_drawing_and_only_the_number_its_id(pictures):
    first = redrawer().draw_many("train", pictures[:1])[0]
    seeded = redrawer(seed=1).draw_many("train", pictures[:1])[0]
    second = redrawer().draw_many("train", [pictures[0]._replace(number=2)])[0]
    moved = pictures[0]._replace(origin="elsewhere.png", source="renamed")
    assert redrawer().draw_many("train", [moved])[0].sample.id == first.sample.id
    assert seeded.sample.id == first.sample.id != second.sample.id
    assert not np.array_equal(seeded.pixels, first.pixels)
    assert not np.array_equal(second.pixels, first.pixels)


def test_the_row_says_what_was_redrawn(pictures):
    sample = redrawer().draw_many("train", pictures[:1])[0].sample
    assert ORIGIN.fullmatch(sample.origin).groups() == ("mine", "0.png", "1", "0")
    assert (sample.source, sample.group, sample.split) == ("again", "writer/0", "train")
    again = redrawer().again("train", pictures[0], 0)
    assert again.sample == sample


def test_a_drawing_that_another_split_holds_is_made_once_more(pictures):
    first = redrawer().draw_many("train", pictures[:1])[0]
    taken = np.array([int(first.sample.sha256[:16], 16)], np.uint64)
    second = redrawer().draw_many("train", pictures[:1], taken)[0]
    assert second.sample.origin.endswith("~1.1")
    assert [row.reason for row in second.rejected] == ["the same picture as one in another split"]
    assert np.array_equal(second.pixels, redrawer().again("train", pictures[0], 1).pixels)


def test_a_blot_has_no_strokes_and_is_changed_as_it_is():
    blot = np.zeros((32, 32), np.uint8)
    cv2.circle(blot, (16, 16), 13, 255, cv2.FILLED)
    assert strokes_of(blot, ".") is None
    picture = Picture("mine", "g", "dot.png", TABLE.labels["."], 1, blot)
    made = Redrawer("a", steps_of("mild"), TABLE, 32, 0).draw_many(
        "train", [picture._replace(number=n) for n in range(1, 9)]
    )
    for one in made:
        assert 0.4 < (one.pixels > 128).mean() / (blot > 128).mean() < 1.7
    assert len({one.sample.sha256 for one in made}) == 8


@pytest.mark.parametrize("size", [8, 28, 64, 160])
def test_frames_of_any_size(pictures, size):
    own = [p._replace(pixels=cv2.resize(p.pixels, (size, size))) for p in pictures[:4]]
    made = redrawer("handwriting", size=size).draw_many("train", own)
    assert all(one.pixels.shape == (size, size) and one.pixels.max() == 255 for one in made)


def test_recipes_that_can_not_be():
    real = {"kind": "folder", "path": "x"}
    again = {"kind": "redrawn"}
    with pytest.raises(UsageError, match="only one source may be of kind 'redrawn'"):
        recipe.parse({"sources": {"a": real, "b": again, "c": again}})
    with pytest.raises(UsageError, match='needs frame = "tight"'):
        recipe.parse({"frame": "em", "sources": {"a": real, "b": again}})
    with pytest.raises(UsageError, match="b is drawn after the real sources"):
        recipe.resolve(recipe.parse({"sources": {"a": real, "b": again}}), {"b": "somewhere"})
