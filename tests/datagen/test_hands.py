"""Hands: the table of forms, and writers that write them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen import augment, characters, forms, hands
from datagen.errors import InputError
from datagen.synthesis import Style, Synthesizer

TABLE = characters.load()
LABELS = {character.char: character.label for character in TABLE}


def synthesizer(preset="handwriting", writers=5):
    faces = hands.faces(writers, LABELS)
    style = Style(augment.load(preset), 32, "tight", 7, {})
    return Synthesizer(faces, {face.group: "train" for face in faces}, TABLE, "fonts", style)


def test_every_class_has_forms_that_differ():
    known = forms.load().of
    assert set(LABELS) <= set(known)
    for char, own in known.items():
        assert len(own) >= 2, char
        drawn = {tuple(np.concatenate(form.lines()).ravel().tolist()) for form in own}
        assert len(drawn) == len(own), f"{char} has a form twice"


def test_the_forms_of_a_character_are_those_of_all_tables():
    """Printed letters stand in one table, joined ones in another."""
    tables = [place for place in Path(forms.__file__).parent.iterdir() if place.suffix == ".txt"]
    read = [forms.read(place.read_text(encoding="utf-8"), place.name) for place in tables]
    for char, own in forms.load().of.items():
        assert len(own) == sum(len(table.get(char, ())) for table in read), char
    assert sum("a" in table for table in read) > 1


def test_a_pen_passes_the_points_of_a_form_and_turns_only_where_it_is_marked():
    (form,) = forms.read("U+0041 A\n  *3 0,100 50,0! 100,100 | 20,60 80,62 | 5,5", "a table")["A"]
    first, bar, dot = form.lines()
    assert form.weight == 3
    assert first[0].tolist() == [0, 100]
    assert [50, 0] in first.tolist()
    assert first[-1].tolist() == [100, 100]
    rise = first[:6] - first[0]
    assert np.allclose(rise[:, 1], -2 * rise[:, 0], atol=1e-3)  # straight up to the turn
    assert bar[0].tolist() == [20, 60]
    assert dot.tolist() == [[5, 5], [5, 5]]


@given(st.integers(5, 40), st.floats(10, 60))
def test_points_on_a_circle_make_a_circle(count, radius):
    turn = np.linspace(0, 2 * np.pi, count + 5)
    points = " ".join(f"{radius * np.cos(a):.3f},{radius * np.sin(a):.3f}" for a in turn)
    (form,) = forms.read(f"U+004F O\n  {points}", "a table")["O"]
    away = np.hypot(*form.lines()[0].T)
    assert np.abs(away / radius - 1).max() < 0.03


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("U+0041 A\n  1,2 x,4", "'1,2 x,4' is not a stroke"),
        ("U+0041 A\n  1,2 3,4 |", "line 2: '' is not a stroke"),
        ("A\n  1,2 3,4", "line 1: this is neither"),
    ],
)
def test_a_wrong_line_is_named(text, what):
    with pytest.raises(InputError, match="a table, line .*" + what.split("line ")[-1][-20:]):
        forms.read(text, "a table")


def test_a_writer_keeps_its_hand_and_others_write_otherwise():
    one, two = hands.faces(2, LABELS)
    asked = [(one, (5.0,), "g"), (one, (6.0,), "g"), (two, (5.0,), "g"), (one, (5.0,), "m")]
    first, later, other, _ = (outline.points for outline in hands.write(asked))
    (alone,) = hands.write(asked[:1])
    assert np.array_equal(alone.points, first)
    assert not np.array_equal(later, first)
    assert not np.array_equal(other, first)
    assert (one.group, one.style) != (two.group, two.style)


def test_characters_that_no_hand_writes_have_a_reason():
    (face,) = hands.faces(1, {"A": 0, "Ж": 1})
    assert face.labels == (0,)
    assert face.reasons == {"U+0416": "no hand writes it"}


@pytest.mark.parametrize("preset", ["handwriting", "mild", "none", "print"])
def test_hands_draw_every_class_and_again_from_the_origin(preset):
    draws = synthesizer(preset)
    drawn = draws.draw_many("train", [(label, 3) for label in range(len(TABLE))])
    for each in drawn:
        assert (each.pixels > 127).sum() >= 3
    for each in drawn[::9]:
        again = draws.redraw("train", each.sample.label, each.sample.origin)
        assert np.array_equal(again.pixels, each.pixels)


def test_a_full_stop_of_a_single_point_is_as_large_as_the_pen():
    drawn = synthesizer().draw_many("train", [(LABELS["."], number) for number in range(200)])
    assert sum(len(each.rejected) for each in drawn) < 10  # few, and those for paper or blur
    plain = synthesizer("none").draw_many("train", [(LABELS["."], number) for number in range(20)])
    assert min((each.pixels > 127).mean() for each in plain) > 0.2


def test_a_recipe_with_writers_draws_from_them(tmp_path):
    from datagen.drawn_fonts import families_of, fonts_of
    from datagen.recipe import Recipe

    recipe = Recipe.model_validate(
        {
            "name": "hands",
            "train": {"per_class": 2},
            "sources": {"fonts": {"kind": "fonts", "writers": 12}},
        }
    )
    audit = fonts_of(recipe, TABLE)
    own = [face for face in audit.faces if face.style == hands.STYLE]
    assert len(own) == 12
    splits = families_of(recipe, audit)
    assert {splits[face.group] for face in own} >= {"train", "test"}
