import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scratch_dataset import table_of

from trainer import scores
from trainer.probabilities import answered, ranked, worth

# Classes 0 and 1 are one shape. Predicted: 0, 1, 2, 2.
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.4, 0.5], [0.05, 0.05, 0.9]], np.float32
)
LABELS = np.array([0, 0, 1, 2])
SHAPES = [0, 0, 2]


def test_scores_are_those_computed_by_hand():
    found = scores.score(PROBABILITIES, LABELS, SHAPES)
    assert found["count"] == 4
    assert found["accuracy"] == 0.5
    assert found["accuracy_shape"] == 0.75
    assert found["top2"] == 1.0
    # F1: class 0 2·1/(2+1), class 1 0, class 2 2·1/(1+2)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)
    assert found["nll"] == pytest.approx(-(math.log(0.7 * 0.3 * 0.4 * 0.9)) / 4)
    # Confidences .7 right, .6 wrong, .5 wrong, .9 right lie in four bins of their own.
    assert found["ece"] == pytest.approx((0.3 + 0.6 + 0.5 + 0.1) / 4)


def test_calibration_error_averages_within_a_bin():
    probabilities = np.array([[0.61, 0.39], [0.65, 0.35]])
    # One bin: accuracy 1/2, confidence 0.63.
    assert scores.calibration_error(probabilities, np.array([0, 1])) == pytest.approx(0.13)


def test_reliability_gives_count_confidence_and_accuracy_of_each_bin():
    rows = scores.reliability(np.array([[0.61, 0.39], [0.65, 0.35], [0, 1.0]]), np.array([0, 1, 1]))
    assert len(rows) == scores.BINS
    assert rows[9] == pytest.approx([2, 0.63, 0.5])
    assert rows[14] == [1, 1, 1]
    assert rows[0] == [0, 0, 0]


def test_a_stroke_that_is_one_of_four_look_alikes_is_not_taken_for_a_slash():
    # Of /, 1, I, l, | and x, the four in the middle are one shape.
    stroke = np.array([[0.3, 0.14, 0.15, 0.16, 0.15, 0.1]])
    shapes = [0, 1, 1, 1, 1, 5]
    assert worth(stroke, shapes)[0] == pytest.approx([0.6, 0.74, 0.75, 0.76, 0.75, 0.2])
    assert answered(stroke, shapes).tolist() == [3]
    assert ranked(stroke, shapes).tolist() == [[3, 0, 2, 4, 1, 5]]
    found = [scores.score(stroke, np.array([truth]), shapes) for truth in (0, 2)]
    keys = ("accuracy", "accuracy_shape", "top2")
    assert [[one[key] for key in keys] for one in found] == [[0, 0, 1], [0, 1, 0]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_no_other_answer_is_right_more_often_strictly_and_by_shape_together(seed, count):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(6, 0.5), count)
    probabilities[:, 2] = 0  # a class that can't occur, though its look-alikes can
    shapes = np.array([0, 0, 0, 3, 3, 5])
    said = answered(probabilities, shapes.tolist())
    alike = shapes[:, None] == shapes
    right = probabilities[:, None] * (np.eye(6) + alike)  # by answer and truth
    expected = right.sum(2)
    rows = np.arange(count)
    others = np.delete(expected, 2, axis=1).max(1)
    assert expected[rows, said] == pytest.approx(others)
    assert (said != 2).all()
    alone = answered(probabilities, list(range(6)))
    assert (alone == probabilities.argmax(1)).all()


def test_classes_without_samples_do_not_count_in_macro_f1():
    found = scores.score(PROBABILITIES[[0, 3]], LABELS[[0, 3]], SHAPES)
    assert found["macro_f1"] == 1.0


def test_per_class_rows():
    matrix = np.array([[3, 1, 0], [0, 0, 0], [2, 0, 2]])
    rows = scores.per_class(matrix, table_of("0Ox"))
    assert rows["codepoint"].tolist() == ["U+0030", "U+004F", "U+0078"]
    assert rows["count"].tolist() == [4, 0, 4]
    assert rows["precision"].tolist() == [0.6, 0.0, 1.0]
    assert rows["recall"].tolist()[::2] == [0.75, 0.5]
    assert math.isnan(rows["recall"][1])
    assert rows["f1"][0] == pytest.approx(2 * 0.6 * 0.75 / (0.6 + 0.75))
    assert rows["confused_with"].tolist() == ["U+004F", "", "U+0030"]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_laws(seed, count):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(5), count)
    labels = rng.integers(0, 5, count)
    found = scores.score(probabilities, labels, [0, 0, 2, 2, 4])
    assert 0 <= found["accuracy"] <= found["accuracy_shape"] <= 1
    assert found["accuracy"] <= found["top2"] <= 1
    assert 0 <= found["ece"] <= 1
    order = rng.permutation(count)
    again = scores.score(probabilities[order], labels[order], [0, 0, 2, 2, 4])
    assert again == pytest.approx(found)
