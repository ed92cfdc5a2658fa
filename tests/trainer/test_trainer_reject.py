import cv2
import numpy as np
import pytest
from scratch_dataset import table_of

from datagen import characters
from datagen.frame import frame
from trainer import foreign, reject
from trainer.reject import SCORES, known, measure

SHAPES = [0, 0, 2, 3]


def sure(label, height=9.0):
    row = np.zeros(4, np.float32)
    row[label] = height
    return row


OURS = np.stack([sure(n % 4, 6 + n / 50) for n in range(100)])
DOUBTFUL = np.stack([np.array([3, 3.1, 3, 2.9], np.float32)] * 30)


@pytest.mark.parametrize("name", SCORES)
def test_every_score_puts_doubt_below_certainty(name):
    both = np.stack([sure(2), DOUBTFUL[0]])
    high, low = SCORES[name](both, 0.8, np.array(SHAPES))
    assert high > low


def test_doubt_between_look_alikes_is_no_doubt():
    alike = np.array([[9, 9, 0, 0]], np.float32)
    apart = np.array([[9, 0, 9, 0]], np.float32)
    shapes = np.array(SHAPES)
    assert reject.certainty(alike, 1.0, shapes) > -0.02
    assert reject.certainty(apart, 1.0, shapes) == pytest.approx(-np.log(2), abs=0.02)


def test_the_threshold_keeps_what_it_promises_and_counts_what_it_lets_through():
    mixed = np.concatenate([DOUBTFUL, OURS[90:]])
    found = measure(OURS, {"doubt": (DOUBTFUL, 0), "mixed": (mixed, 10)}, 1.0, SHAPES, 0.9)
    assert found.kept == pytest.approx(0.9, abs=0.011)
    assert known(OURS, 1.0, SHAPES, found).mean() == found.kept
    assert found.accepted == {"doubt": 0.0, "mixed": 10 / 50}


def test_the_score_that_lets_least_through_is_chosen():
    # As sure as ours by probability, but with small logits throughout.
    ours = np.stack([sure(n % 4, 30) + 20 for n in range(50)])
    theirs = np.stack([sure(n % 4, 30) - 20 for n in range(50)])
    assert measure(ours, {"shifted": (theirs, 0)}, 1.0, SHAPES).score in {"energy", "logit"}
    # All the same but for doubt between classes of different shapes.
    spread = np.full((50, 4), 30, np.float32)
    assert measure(ours - 20, {"spread": (spread, 0)}, 1.0, SHAPES).score == "certainty"


def test_foreign_pictures_are_framed_inked_and_the_same_every_time():
    table = characters.load()
    found = {kind.kind: kind for kind in foreign.foreign(table, 28, "tight", 20)}
    assert set(found) == {"noise", "scribbles", "characters"}
    foreign._foreign.cache_clear()
    for again in foreign.foreign(table, 28, "tight", 20):
        kind = found[again.kind]
        assert np.array_equal(again.pixels, kind.pixels)
        assert kind.pixels.shape[1:] == (28, 28)
        assert len(kind.pixels) + kind.blank == 20
        assert (kind.pixels.max((1, 2)) == 255).all()


def test_scribbles_are_long(fonts):
    rng = np.random.default_rng(0)
    thin = [frame(foreign.scribble(rng), 64) for _ in range(40)]
    holes = [cv2.connectedComponents((picture < 128).astype(np.uint8))[0] - 2 for picture in thin]
    assert np.mean(holes) > 2  # a letter has two at most


def test_characters_of_the_table_and_their_look_alikes_are_left_out():
    greek = "ΑΒΕΗΙΚ"  # drawn as Latin capitals are
    assert foreign.glyphs(characters.load(), 5, greek) == []
    some = foreign.glyphs(table_of("Ox"), 3, "ΔΨΦΞΩ7")
    every = foreign.glyphs(table_of("Ox7"), 3, "ΔΨΦΞΩ7")
    assert len(some) > len(every) > 5
