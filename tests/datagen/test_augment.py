import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from datagen import augment
from datagen.augment import load
from datagen.augment_steps import PRESETS
from datagen.capture import InkTexture, Paper
from datagen.errors import UsageError
from datagen.frame import frame
from datagen.remains import Joins, Neighbour, Rules
from datagen.warp import Warp
from datagen.weight import StrokeWeight


def glyph(text="A", edge=64):
    picture = Image.new("L", (edge, edge), 0)
    font = ImageFont.load_default(edge * 0.8)
    ImageDraw.Draw(picture).text((edge / 2, edge / 2), text, 255, font, "mm")
    return np.asarray(picture)


@pytest.mark.parametrize("preset", [p for p in PRESETS if p != "none"])
def test_the_seed_alone_decides(preset):
    first, second = load(preset), load(preset)
    forward = [first(glyph(), seed) for seed in range(40)]
    backward = [second(glyph(), seed) for seed in reversed(range(40))][::-1]
    assert all(map(np.array_equal, forward, backward))
    assert len({picture.tobytes() for picture in forward}) == 40


def test_none_changes_nothing():
    assert np.array_equal(load("none")(glyph(), 5), glyph())


@pytest.mark.parametrize("preset", PRESETS)
def test_symbols_stay_symbols(preset):
    """What is left has ink and, on the whole, still looks like what it was."""
    pipeline = load(preset)
    for text in "A%g@":
        clean = frame(glyph(text))
        scores = []
        for seed in range(25):
            picture = pipeline(glyph(text), seed)
            assert picture.shape == (64, 64)
            scores.append(np.corrcoef(frame(picture).ravel(), clean.ravel())[0, 1])
        assert np.median(scores) > 0.2  # thin strokes of a pen lie beside a thick letter's


def run(transform, picture, seed=1):
    transform.set_random_seed(seed)
    return transform(image=picture)["image"]


def test_strokes_grow_and_shrink():
    ink = (glyph() > 128).sum()
    thick = run(StrokeWeight((0.03, 0.03)), glyph())
    thin = run(StrokeWeight((-0.02, -0.02)), glyph())
    assert (thin > 128).sum() < 0.8 * ink < 1.2 * ink < (thick > 128).sum()
    slightly = run(StrokeWeight((0.004, 0.004)), glyph())
    assert ink <= (slightly > 64).sum()
    assert glyph().sum() < slightly.sum() < thick.sum()


def test_a_hair_line_is_never_erased():
    line = np.zeros((64, 64), np.uint8)
    line[:, 32] = 255
    assert run(StrokeWeight((-0.05, -0.05)), line).max() == 255


def test_warp_turns_and_leans():
    bar = np.zeros((64, 64), np.uint8)
    bar[12:52, 30:34] = 255
    turned = run(Warp(rotate=45), bar, seed=3)
    spread = [np.flatnonzero(p.max(axis=0) > 100).size for p in (bar, turned)]
    assert spread[1] > spread[0] + 5
    assert np.array_equal(run(Warp(), bar), bar)
    assert not np.array_equal(run(Warp(elastic=0.03), bar), bar)
    assert abs(int(run(Warp(elastic=0.02), bar).sum()) - int(bar.sum())) < 0.35 * bar.sum()


def test_breaks_take_ink_away_and_paper_adds_gray():
    broken = run(InkTexture(uneven=0, breaks=0.5), glyph(), seed=2)
    assert (broken > 128).sum() < (glyph() > 128).sum()
    paper = run(Paper(texture=10, shadow=60), glyph())
    assert paper[glyph() == 0].mean() > 3
    assert (paper.astype(int) >= glyph().astype(int) - 1).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "mine.toml",
            '[[transforms]]\nname = "Warp"\nrotate = 20\n[[transforms]]\nname = "Blur"\n',
        ),
        ("mine.yaml", "transforms:\n- {name: Warp, rotate: 20}\n- {name: Blur, p: 1.0}\n"),
    ],
)
def test_a_pipeline_of_ones_own(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    pipeline = load(str(path))
    assert not np.array_equal(pipeline(glyph(), 1), glyph())
    assert np.array_equal(pipeline(glyph(), 1), load(str(path))(glyph(), 1))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("transforms = 3", "a pipeline is a list 'transforms'"),
        ('[[transforms]]\nname = "Wrap"', "no transform 'Wrap'; did you mean 'Warp'"),
        ('[[transforms]]\nname = "Warp"\nrotat = 3', "no argument 'rotat'; did you mean 'rotate'"),
        ('[[transforms]]\nname = "GaussianBlur"\nsigma_limit = "x"', "GaussianBlur: "),
        ("transforms = [", "can't be read"),
    ],
)
def test_a_wrong_pipeline_is_named(tmp_path, text, problem):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"mine.toml: .*{problem}"):
        load(str(path))


def test_an_unknown_preset_is_named():
    with pytest.raises(UsageError, match=r"'handwritting' .* did you mean 'handwriting'"):
        augment.load("handwritting")


def box(picture):
    columns = np.flatnonzero(picture.max(axis=0) > 60)
    return int(columns[0]), int(columns[-1])


def test_rules_cut_ink_away_or_stay_as_faint_lines():
    cut = [run(Rules(remain=0.0), glyph("B"), seed) for seed in range(12)]
    assert min((picture > 128).sum() for picture in cut) < 0.97 * (glyph("B") > 128).sum()
    assert all((picture <= glyph("B")).all() for picture in cut)
    left = [run(Rules(remain=90.0), glyph("B"), seed) for seed in range(12)]
    lines = [((picture > glyph("B")) & (glyph("B") == 0)).sum() for picture in left]
    assert max(lines) > 40


def test_joins_lead_out_of_a_letter_and_keep_its_ink():
    low, high = box(glyph("n"))
    reached = []
    for seed in range(12):
        joined = run(Joins(length=(0.15, 0.2)), glyph("n"), seed)
        assert (joined >= glyph("n")).all()
        left, right = box(joined)
        reached.append((low - left) + (right - high))
    assert min(reached) > 3


@pytest.mark.parametrize("text", ["H", "l", "d"])
def test_a_join_is_as_wide_as_the_stem_that_it_leaves(text):
    """A stem is a long run of ink in its column; the pen is what it measures across."""
    plain = glyph(text)
    low, high = box(plain)
    rows = np.flatnonzero(plain[:, low + 2] > 128)
    pen = (plain[rows[len(rows) // 2], low:high] > 100).argmin() or high - low + 1
    for seed in range(12):
        new = (run(Joins(length=(0.15, 0.2)), plain, seed) > 128) & (plain < 60)
        beside = np.concatenate((new[:, : low - 1].sum(axis=0), new[:, high + 2 :].sum(axis=0)))
        assert beside.max() <= 2 * pen + 1  # a steep one is cut at a slant


def test_joins_are_drawn_for_letters_alone_where_it_is_known_what_is_shown():
    pipeline = augment.Pipeline([{"name": "Joins", "p": 1.0}, {"name": "Grain", "p": 1.0}])
    seeds = np.arange(4, dtype=np.uint64)
    text = "n7l|"
    plain = np.stack([glyph(char) for char in text])
    done = pipeline.change(plain.copy(), pipeline.numbers(seeds, text), seeds)
    new = [(now > 128).sum() - (was > 128).sum() for now, was in zip(done, plain, strict=True)]
    assert new[0] > 10
    assert new[2] > 10
    assert max(new[1], new[3]) < 5
    unknown = pipeline.change(plain.copy(), pipeline.numbers(seeds), seeds)
    assert (unknown[1] > 128).sum() - (plain[1] > 128).sum() > 10


def test_a_neighbour_shows_at_one_side_only():
    low, high = box(glyph("O"))
    for seed in range(12):
        beside = run(Neighbour(), glyph("O"), seed)
        new = np.flatnonzero(((beside > glyph("O")) & (glyph("O") == 0)).any(axis=0))
        assert not len(new) or (new < low).all() or (new > high).all()


@pytest.mark.parametrize("name", augment.OWN)
def test_every_transform_of_ours_composes_with_albumentations(name):
    import albumentations

    for picture in (glyph("R"), np.repeat(glyph("R")[:, :, None], 3, axis=2)):
        results = []
        for _ in range(2):
            compose = albumentations.Compose([augment.OWN[name](p=1.0)], seed=5)
            results.append(compose(image=picture)["image"])
        assert results[0].shape == picture.shape
        assert results[0].dtype == np.uint8
        assert np.array_equal(*results)
        assert results[0].max() > 100


def test_a_pipeline_does_shapes_and_pictures_in_the_order_they_are_named():
    """A transform of pictures before one of shapes keeps both on pictures."""
    blurred = augment.Pipeline([{"name": "Blur", "sigma": [0.05, 0.05]}, {"name": "Warp"}])
    assert not blurred.pens(blurred.numbers(np.zeros(1, np.uint64))).any()
    assert np.array_equal(blurred(glyph(), 3), run_blur(glyph()))


def run_blur(picture):
    return augment.Pipeline([{"name": "Blur", "sigma": [0.05, 0.05]}])(picture, 3)
