import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import dirty
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen import characters, fragments, layout, network, pairs, perceptron, recipe
from datagen.checks import Network, View, fragment, label, several
from datagen.checks.nearest import distances_to, search
from datagen.curate import curate
from datagen.errors import UsageError
from datagen.features import learn, normalised, stroke_width
from datagen.frame import frame
from datagen.judge import judge
from datagen.recipe_curate import Curate
from datagen.seeds import contents64, generator
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
    zeros = np.zeros(len(true), np.float32)
    trained = Network(said, zeros[:, None], zeros.astype(np.uint8), zeros, zeros)
    (doubted,) = label.find(seen(pixels, given, trained))
    assert (doubted.row, doubted.verdict, doubted.suggested) == (5, "review", 33)


def seen(pixels, labels, trained=None, **limits):
    """A view of framed pictures, all alive."""
    table = characters.load()
    pictures = replace(
        survey({}, table, 32, "tight", Path(os.devnull)),
        picture=contents64(pixels),
        label=np.asarray(labels, np.int16),
        origins=[str(number) for number in range(len(pixels))],
    )
    alive = np.ones(len(pixels), np.bool_)
    return View(pictures, pixels, table, Curate(**limits), alive, trained)


def letters(texts, count):
    """Framed pictures of letters, and their labels."""
    table = {c.char: c.label for c in characters.load()}
    pixels = np.stack([framed(text, number) for text in texts for number in range(count)])
    return pixels, np.repeat([table[text] for text in texts], count)


def nearest_mean(question, fold, answer):
    """Answer as the trainer does, but by the nearest mean of a class."""
    with np.load(question) as asked:
        held = asked["fold"] == fold
        table = asked["pixels"].reshape(len(held), -1) / np.float32(255)
        far = np.full((held.sum(), asked["classes"]), np.inf, np.float32)
        for each in np.unique(asked["labels"][~held]):
            middle = table[(asked["labels"] == each) & ~held].mean(axis=0)
            far[:, each] = np.linalg.norm(table[held] - middle, axis=1)
    said = np.exp(far.min(axis=1, keepdims=True) - far)
    said /= said.sum(axis=1, keepdims=True)
    np.savez(answer, rows=np.flatnonzero(held), probabilities=said, features=table[held])


@pytest.fixture
def trainings(monkeypatch):
    """Replace the training by something quick, and list the folds that were trained."""
    done = []

    def train(question, fold, answer):
        done.append(fold)
        nearest_mean(question, fold, answer)

    monkeypatch.setattr(network, "_train", train)
    return done


def test_a_network_tells_pairs_from_single_symbols(trainings, tmp_path):
    pixels, labels = letters("AGkR", 40)
    for number in range(8):  # every fifth G is two letters
        pixels[40 + 5 * number] = pairs.pair(pixels[number], pixels[-1 - number], generator(number))
    view = seen(pixels, labels)
    view.alive[3] = False
    trained = network.ask(view, tmp_path)
    double = np.zeros(len(pixels), np.bool_)
    double[40:80:5] = True
    assert ((trained.fragment >= 0) & (trained.fragment <= 1)).all()
    assert np.median(trained.several[double]) > np.quantile(trained.several[~double], 0.9)
    assert ((trained.several >= 0) & (trained.several <= 1)).all()
    assert trained.probabilities.shape == (len(pixels), len(view.characters))
    assert trained.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-4)
    right = trained.probabilities.argmax(axis=1) == labels
    assert right[view.alive & ~double].mean() > 0.8


def test_a_pair_is_held_out_with_its_pictures(trainings, tmp_path):
    pixels, labels = letters("AGkR", 40)
    network.ask(seen(pixels, labels), tmp_path)
    (question,) = tmp_path.rglob("question-*.npz")
    with np.load(question) as asked:
        made = asked["labels"] >= asked["classes"] - 2
        assert asked["classes"] == len(characters.load()) + 2
        assert made.sum() == pytest.approx(0.3 * len(pixels), abs=4)
        assert np.array_equal(asked["pixels"][~made], pixels)
        fold = asked["fold"][~made]
        assert set(asked["fold"][made]) == set(fold) == {0, 1, 2}
    for number in range(3):  # the pairs of a fold hang on its own pictures alone
        changed = pixels.copy()
        others = fold != number
        changed[others] = changed[others][::-1]
        before = network._made(pixels, np.arange(len(pixels)), fold)
        after = network._made(changed, np.arange(len(pixels)), fold)
        own = before[1] == number
        assert np.array_equal(before[0][own], after[0][own])
        assert not np.array_equal(before[0][~own], after[0][~own])


def test_a_network_is_trained_once_and_again_for_another_question(trainings, tmp_path):
    pixels, labels = letters("AGk", 30)
    first = network.ask(seen(pixels, labels), tmp_path)
    again = network.ask(seen(pixels, labels), tmp_path)
    assert trainings == [0, 1, 2]
    assert np.array_equal(first.several, again.several)
    assert np.array_equal(first.probabilities, again.probabilities)
    labels[0] = labels[-1]
    network.ask(seen(pixels, labels), tmp_path)
    assert trainings == [0, 1, 2] * 2
    assert len(list(tmp_path.rglob("question-*.npz"))) == 1


def test_answers_about_single_symbols_alone_are_not_taken_for_these(trainings, tmp_path):
    pixels, labels = letters("AGk", 30)
    view = seen(pixels, labels)
    of_singles = hashlib.sha256(view.pictures.picture.tobytes() + view.pictures.label.tobytes())
    asked = tmp_path / "network"
    asked.mkdir()
    for name in (f"question-{of_singles.hexdigest()[:16]}", "fold-0", "fold-1", "fold-2"):
        np.savez(asked / f"{name}.npz", rows=np.arange(30), probabilities=np.zeros((30, 89)))
    network.ask(view, tmp_path)
    assert trainings == [0, 1, 2]


def test_the_network_speaks_for_and_against_several_symbols(monkeypatch):
    pixels, labels = letters("AG", 20)
    monkeypatch.setattr(several, "_ENOUGH", 10)
    monkeypatch.setattr(several, "_odds", lambda view, rows: np.linspace(-9, 9, 40, dtype="f4"))
    zeros = np.zeros(40, np.float32)
    found = []
    for belief in (0.0, 0.01, 0.5, 1.0):
        fold, odds = zeros.astype(np.uint8), zeros + belief
        trained = Network(zeros[:, None], zeros[:, None], fold, odds, zeros)
        found.append({one.row for one in several.find(seen(pixels, labels, trained))})
    assert found[0] < found[1] < found[2] < found[3]
    alone = {one.row for one in several.find(seen(pixels, labels))}
    assert alone == set(np.flatnonzero(np.linspace(-9, 9, 40) > Curate().several))


def test_a_fragment_stands_out_from_its_class():
    pixels, labels = letters("A-", 40)
    random = generator("fragments")
    part = random.uniform(0.001, 0.01, 80).astype(np.float32)
    part[40:] = random.uniform(0.3, 0.6, 40)  # half of a dash is a dash: all of them are suspect
    part[[7, 23]] = 0.9
    said = np.full((80, len(characters.load())), 1e-4, np.float32)
    said[np.arange(80), labels] = 0.99
    fold = np.zeros(80, np.uint8)
    trained = Network(said, said[:, :1], fold, np.zeros(80, np.float32), part)
    found = list(fragment.find(seen(pixels, labels, trained)))
    assert {one.row for one in found} == {7, 23}
    assert {one.verdict for one in found} == {"review"}
    assert "part of a symbol (90.0%)" in found[0].reason
    assert not list(fragment.find(seen(pixels, labels)))


def test_of_an_i_the_dot_or_the_stem_is_left_and_of_one_stroke_a_part():
    (i,), (dash,) = (letters(char, 1)[0] for char in "i-")
    for number in range(6):
        part = fragments.fragment(i, generator(number))
        assert cv2.connectedComponents((part > 127).astype(np.uint8))[0] == 2
        assert not np.array_equal(part, i)
        assert (fragments.fragment(dash, generator(number)) > 127).any()


@given(st.integers(0, 2**32), st.integers(0, 255))
def test_whatever_a_picture_holds_a_fragment_of_it_can_be_made(seed, most):
    noise = generator(seed).integers(0, most + 1, (32, 32)).astype(np.uint8)
    assert fragments.fragment(noise, generator(seed)).shape == (32, 32)


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=50))
def test_log_odds_are_finite_and_keep_the_order(values):
    probability = np.sort(np.array(values, np.float32))
    odds = several.log_odds(probability)
    assert np.isfinite(odds).all()
    assert (np.diff(odds) >= 0).all()
    assert np.allclose(several.log_odds(1 - probability), -odds, atol=2e-2)


def test_the_check_for_several_symbols_heeds_the_network():
    order = Curate(checks=("several", "outlier", "label")).wanted
    assert order.index("several") > max(order.index(name) for name in ("outlier", "label"))
    assert "outlier" not in Curate(checks=("several",)).wanted


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
