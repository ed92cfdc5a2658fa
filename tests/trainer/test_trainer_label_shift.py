import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from typer.testing import CliRunner

from datagen import augment, characters, hands
from datagen.augment_steps import steps_of
from datagen.synthesis import Style, Synthesizer
from trainer.cli import app
from trainer.evaluate import evaluate
from trainer.label_shift import MOST, class_weights, reweighted
from trainer.predict import predict

SHAPES = (0, 1, 2, 1)  # the second and the fourth of four classes look the same


def seen(shares, count, seed=0):
    """Probabilities of pictures of four classes, as a model has it that saw each equally often.

    A class shows itself in a number around its own, look-alikes around the same one.
    """
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, size=count, p=shares)
    places = np.array(SHAPES)
    found = places[labels] + rng.normal(0, 0.8, count)
    likely = np.exp(-((found[:, None] - places) ** 2) / (2 * 0.8**2))
    return likely / likely.sum(1, keepdims=True), labels


def test_shares_that_differ_from_those_of_training_are_found():
    probabilities, labels = seen([0.7, 0.1, 0.1, 0.1], 20_000)
    weights = class_weights(probabilities, SHAPES)
    assert weights == pytest.approx([1, 0.4, 0.4, 0.4], rel=0.1)
    places = np.array(SHAPES)
    before = places[probabilities.argmax(1)] == places[labels]
    after = places[reweighted(probabilities, weights).argmax(1)] == places[labels]
    assert after.mean() > before.mean() + 0.02


def test_shares_as_in_training_are_left():
    weights = class_weights(seen([0.25, 0.25, 0.25, 0.25], 20_000)[0], SHAPES)
    assert weights == pytest.approx([1, 1, 1, 1], abs=0.06)


def test_look_alikes_keep_their_shares():
    weights = class_weights(seen([0.2, 0.6, 0.2, 0.0], 20_000)[0], SHAPES)
    assert weights[1] == weights[3]
    assert weights == pytest.approx([0.8, 1, 0.8, 1], rel=0.1)


def test_classes_that_hardly_occur_hardly_count():
    probabilities, _ = seen([0.96, 0.02, 0.0, 0.02], 20_000)
    weights = class_weights(probabilities, SHAPES)
    assert weights[0] == 1
    assert weights[2] < 0.02


def test_few_pictures_change_little_and_none_change_nothing():
    one = np.array([[0.97, 0.01, 0.01, 0.01]])
    assert class_weights(one, SHAPES) == pytest.approx([1, 1, 1, 1], abs=0.1)
    assert class_weights(one[:0], SHAPES).tolist() == [1, 1, 1, 1]


def test_a_class_that_cannot_occur_takes_no_share():
    some = np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0]] * 500)
    weights = class_weights(some, SHAPES)
    assert weights[:2] == pytest.approx([1, 0.9], abs=0.15)
    assert not reweighted(some, weights)[:, 2:].any()


def test_more_pictures_than_are_looked_at_say_the_same():
    few = seen([0.4, 0.25, 0.1, 0.25], MOST)[0]
    assert class_weights(np.repeat(few, 3, axis=0), SHAPES) == pytest.approx(
        class_weights(few, SHAPES), rel=0.02
    )


@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(1, 40), st.just(4)), elements=st.floats(0.01, 1)
    )
)
@settings(deadline=None)
def test_weights_are_within_their_limits_and_probabilities_sum_to_one(found):
    found = found / found.sum(1, keepdims=True)
    weights = class_weights(found, SHAPES)
    assert ((weights > 0) & (weights <= 1)).all()
    assert weights[1] == weights[3]
    np.testing.assert_allclose(reweighted(found, weights).sum(1), 1, rtol=1e-5)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A folder of 600 digits as hands write them, each named after its digit."""
    table = characters.load()
    faces = hands.faces(20, table.labels)
    style = Style(augment.Pipeline(steps_of("handwriting")), 32, "tight", 5, {})
    families = {face.group: "train" for face in faces}
    synthesizer = Synthesizer(faces, families, table, "hands", style)
    wanted = [(table.labels[digit], number) for digit in "0123456789" for number in range(60)]
    folder = tmp_path_factory.mktemp("digits")
    for (label, number), drawn in zip(wanted, synthesizer.draw_many("train", wanted), strict=True):
        Image.fromarray(255 - drawn.pixels).save(folder / f"{table[label].char}-{number}.png")
    return folder


def test_a_folder_of_digits_is_read_as_digits(digits):
    table = characters.load()
    wanted = {table.shapes[table.labels[digit]] for digit in "0123456789"}

    def read(adapt):
        """How many pictures are read rightly, and as something else than a digit."""
        found = list(predict(None, [digits], top=1, average=1, adapt=adapt))
        assert len(found) == 600
        said = [table.shapes[table.labels[p.candidates[0].char]] for p in found]
        true = [table.shapes[table.labels[p.path.name[0]]] for p in found]
        right = sum(one == other for one, other in zip(said, true, strict=True))
        return right, sum(one not in wanted for one in said)

    (right, others), (adapted, fewer) = read(adapt=False), read(adapt=True)
    assert adapted > right
    assert fewer < others


def test_order_errors_and_verdicts_stay(run, digits, tmp_path):
    Image.new("L", (20, 20), 255).save(tmp_path / "paper.png")
    paths = [tmp_path / "none.png", digits / "8-1.png", tmp_path, digits / "3-2.png"]
    plain, adapted = (list(predict(run.model, paths, adapt=adapt)) for adapt in (False, True))
    assert [(p.path, p.error, p.verdict) for p in plain] == [
        (p.path, p.error, p.verdict) for p in adapted
    ]
    for before, after in zip(plain, adapted, strict=True):
        chances = {c.char: c.probability for c in before.candidates}
        assert {c.char: c.probability for c in after.candidates} == pytest.approx(chances, abs=0.05)


def test_nothing_that_can_be_read_gives_the_errors(run, tmp_path):
    command = ["predict", str(run.model), str(tmp_path / "none.png"), "--adapt"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "none.png" in done.stderr


def test_the_commands_take_it(run, dataset, digits, tmp_path):
    command = ["predict", str(run.model), str(digits), "--adapt", "--only", "AB", "--format", "csv"]
    done = CliRunner().invoke(app, [*command, "--average", "1"])
    assert done.exit_code == 0
    assert {row["char"] for row in csv.DictReader(done.stdout.splitlines())} == {"A", "B"}
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["evaluate", str(run.model), str(dataset), "--out", str(out), "--adapt"]
    )
    assert done.exit_code == 0
    assert json.loads((out / "metrics.json").read_text())["adapt"] is True
    # The split's classes are as common as those of training.
    plain = evaluate(run.model, dataset, tmp_path / "plain").metrics
    adapted = json.loads((out / "metrics.json").read_text())
    assert plain["adapt"] is False
    assert adapted["accuracy"] == pytest.approx(plain["accuracy"], abs=0.02)
