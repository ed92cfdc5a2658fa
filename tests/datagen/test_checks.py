import os
import sys
from dataclasses import replace
from pathlib import Path

import dirty
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen import characters, layout, pairs, perceptron, recipe
from datagen.checks import Network, View, label
from datagen.checks.nearest import distances_to, search
from datagen.curate import curate
from datagen.errors import UsageError
from datagen.features import learn, normalised, stroke_width
from datagen.frame import frame
from datagen.judge import judge
from datagen.recipe_curate import Curate
from datagen.seeds import generator
from datagen.survey import survey
from datagen.weights import class_weights, effective_number


def framed(text, number):
    return frame(dirty.symbol(text, number))


def test_a_copy_is_nearer_than_another_drawing():
    one, copy, other = framed("G", 1), frame(dirty.shifted(dirty.symbol("G", 1))), framed("G", 2)
    vectors = normalised(np.stack([one, copy, other]))
    assert np.linalg.norm(vectors[0] - vectors[1]) < 0.3 * np.linalg.norm(vectors[0] - vectors[2])


def test_projected_distances_are_never_longer():
    pixels = np.stack([framed(t, n) for t in "AGk1" for n in range(20)])
    whole, short = normalised(pixels), learn(pixels, 16).apply(pixels)
    far = np.linalg.norm(whole[:, None] - whole, axis=2)
    near = np.linalg.norm(short[:, None] - short, axis=2)
    assert (near <= far + 1e-4).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(8, 60), st.integers(1, 5), st.integers(0, 999))
def test_search_finds_the_nearest(count, near, seed):
    vectors = np.random.default_rng(seed).standard_normal((count, 6)).astype(np.float32)
    found, far = search(vectors, near)
    exact = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    np.fill_diagonal(exact, np.inf)
    assert np.allclose(np.sort(exact, axis=1)[:, :near], far, atol=1e-3)
    assert (found != np.arange(count)[:, None]).all()
    others = distances_to(vectors[:3], vectors[3:], near)
    cross = np.linalg.norm(vectors[:3, None] - vectors[3:], axis=2)
    assert np.allclose(others, np.sort(cross, axis=1)[:, :near], atol=1e-3)


def test_stroke_width_is_in_pixels():
    pixels = np.zeros((2, 64, 64), np.uint8)
    pixels[0, 20:23, 4:60] = 255
    pixels[1, 20:29, 4:60] = 255
    thin, thick = stroke_width(pixels)
    assert 2.5 < thin < 4.5
    assert 2.4 < thick / thin < 3.3


def test_a_pair_lies_side_by_side():
    both = np.stack([pairs.pair(framed("A", n), framed("k", n), generator(n)) for n in range(30)])
    single = np.stack([framed("A", n) for n in range(30)])
    assert both.shape == single.shape
    wide, narrow = layout.layout(both)[:, 0], layout.layout(single)[:, 0]
    assert np.median(np.abs(wide)) > np.median(np.abs(narrow))


def test_the_perceptron_learns_and_repeats_itself():
    random = np.random.default_rng(0)
    table = random.standard_normal((3000, 5)).astype(np.float32)
    answers = (table[:, 0] * table[:, 1] > 0) & (table[:, 2] > -1)
    one, two = perceptron.train(table, answers, 1), perceptron.train(table, answers, 1)
    assert ((one.logits(table) > 0) == answers).mean() > 0.93
    assert np.array_equal(one.logits(table), two.logits(table))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), st.floats(0.1, 0.9999))
def test_effective_numbers_and_weights(counts, beta):
    samples = np.array(counts)
    effective = effective_number(samples, beta)
    assert (effective <= samples + 1e-6).all()
    weights = class_weights(samples, beta)
    assert (weights[samples == 0] == 0).all()
    if samples.any():
        assert weights[samples > 0].mean() == pytest.approx(1)
        order = np.argsort(samples[samples > 0])
        assert (np.diff(weights[samples > 0][order]) <= 1e-9).all()


def test_effective_number_of_the_paper():
    assert effective_number(np.array([1]), 0.999)[0] == pytest.approx(1)
    assert effective_number(np.array([10**7]), 0.999)[0] == pytest.approx(1000)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"checks": ["nearduplicate"]}, "near-duplicate"),
        ({"near": -1}, "curate.near"),
        ({"nera": 0.1}, "did you mean 'near'"),
        ({"review": "maybe"}, "curate.review"),
    ],
)
def test_a_wrong_table_is_explained(values, problem):
    with pytest.raises(UsageError, match=problem):
        recipe.parse({"sources": {"fonts": {"kind": "fonts"}}, "curate": values})


def test_a_wrong_label_is_doubted_and_the_right_one_suggested():
    pytest.importorskip("cleanlab")
    table, true = characters.load(), np.repeat([33, 39, 75], 40)
    chars = [table[label].char for label in true]
    pixels = np.stack([framed(text, number) for number, text in enumerate(chars)])
    said = np.full((len(true), len(table)), 0.0005, np.float32)
    said[np.arange(len(true)), true] = 0.95
    given = true.astype(np.int16)
    given[5] = 39
    network = Network(said, np.zeros((len(true), 4), np.float32), np.zeros(len(true), np.uint8))
    pictures = replace(survey({}, table, 32, "tight", Path(os.devnull)), label=given)
    view = View(pictures, pixels, table, Curate(), np.ones(len(true), np.bool_), network)
    (doubted,) = label.find(view)
    assert (doubted.row, doubted.verdict, doubted.suggested) == (5, "review", 33)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 999))
def test_nobody_votes_on_themselves(seed):
    pytest.importorskip("sklearn")
    vectors = np.random.default_rng(seed).standard_normal((30, 5)).astype(np.float32)
    labels = np.repeat([0, 1, 2], 10)
    labels[labels == 2] = 1
    labels[7] = 2
    votes = label.votes(vectors, labels)
    assert np.allclose(votes.sum(axis=1), 1, atol=1e-5)
    assert votes[7, 2] == 0


def test_a_check_whose_library_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    for number in range(3):
        folder = tmp_path / "in" / "U+0041"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(dirty.png(dirty.symbol("A", number)))
    config = Curate(checks=("label", "ink"))
    done = curate({"s": tmp_path / "in"}, tmp_path / "out", config, workers=1)
    told = [note for note in done.notes if "check label" in note and "pip install cleanlab" in note]
    assert len(told) == 1
    with pytest.raises(UsageError, match="cleanlab"):
        judge(None, None, None, config, None)
