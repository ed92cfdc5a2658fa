import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen import recipe
from datagen.errors import InputError
from datagen.plan import DRAWN, MOST_REDRAWN, REAL, allocate, cut, plan
from datagen.recipe import SplitShares
from datagen.seeds import digest64
from datagen.splits import assign_families, assign_splits
from datagen.survey import FREE, TEST, TRAIN, Pictures

HELD_OUT = SplitShares(validation=0.1, test=0.1)


def made_up(count, classes=5, names=("a", "b"), seed=0, groups=None):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 2**63, count).astype(np.uint64)
    source = rng.integers(0, len(names), count).astype(np.uint8)
    return Pictures(
        names=list(names),
        source=source,
        label=rng.integers(0, classes, count).astype(np.int16),
        id=ids,
        picture=ids,
        group=ids if groups is None else ids[rng.integers(0, groups, count)],
        fixed=np.zeros(count, np.uint8),
        origins=[f"p{i}" for i in range(count)],
    )


def wanted(per_class=100, drawn=True, **sources):
    tables = {"a": {"kind": "folder", "path": "x"}, "b": {"kind": "folder", "path": "y"}}
    for name, values in sources.items():
        tables[name] |= values
    if drawn:
        tables["fonts"] = {"kind": "fonts"}
    amounts = {"train": {"per_class": per_class}, "test": {"per_class": 3}}
    return recipe.parse({**amounts, "sources": tables})


@given(
    st.lists(st.tuples(st.integers(0, 500), st.floats(0.01, 100)), min_size=1, max_size=6),
    st.integers(0, 1500),
)
def test_allocate_gives_what_is_wanted_and_never_more_than_there_is(sources, target):
    available = np.array([n for n, _ in sources], np.int64)
    given_ = allocate(available, np.array([w for _, w in sources]), target)
    assert given_.sum() == min(target, available.sum())
    assert (given_ <= available).all()
    assert (given_ >= 0).all()


def test_allocate_follows_the_weights():
    given_ = allocate(np.array([1000, 1000, 10]), np.array([3.0, 1.0, 1.0]), 410)
    assert list(given_) == [300, 100, 10]


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 60), st.integers(0, 1000))
def test_a_group_is_in_one_split_whatever_the_publisher_says(count, groups, seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, count).astype(np.uint64)
    source = rng.integers(0, 2, count).astype(np.uint8)
    fixed = np.where(source == 1, rng.choice([FREE, TRAIN, TEST], count), FREE).astype(np.uint8)
    split = assign_splits(group, source, fixed, HELD_OUT, 0)
    for value in np.unique(group):
        assert len(set(split[group == value])) == 1
    assert (split[fixed == TEST] == 2).all()


def test_shares_are_kept_and_adding_pictures_moves_none():
    group = np.array([digest64(i) for i in range(20_000)], np.uint64)
    source, fixed = np.zeros(20_000, np.uint8), np.zeros(20_000, np.uint8)
    split = assign_splits(group, source, fixed, HELD_OUT, 7)
    assert abs((split == 1).mean() - 0.1) < 0.01
    assert abs((split == 2).mean() - 0.1) < 0.01
    order = np.random.default_rng(0).permutation(20_000)[:5000]
    assert (
        assign_splits(group[order], source[order], fixed[order], HELD_OUT, 7) == split[order]
    ).all()
    assert (assign_splits(group, source, fixed, HELD_OUT, 8) != split).any()


def test_a_source_with_a_test_part_gives_nothing_else_to_test():
    pictures = made_up(2000)
    fixed = np.where(pictures.source == 1, TRAIN, FREE).astype(np.uint8)
    fixed[np.flatnonzero(pictures.source == 1)[:100]] = TEST
    split = assign_splits(pictures.group, pictures.source, fixed, HELD_OUT, 0)
    assert ((split == 2) & (pictures.source == 1)).sum() == 100
    assert ((split == 2) & (pictures.source == 0)).sum() > 50
    assert ((split == 1) & (pictures.source == 1)).sum() > 50


def test_train_is_balanced_exactly_real_first_drawn_fill():
    pictures = made_up(600)
    done = plan(wanted(100), pictures, np.ones(600, bool), 5)
    train = done.splits["train"]
    assert (np.bincount(train["label"]) == 100).all()
    for label in range(5):
        rows = train[train["label"] == label]
        drawn = rows["item"][rows["kind"] == DRAWN]
        assert sorted(drawn) == list(range(len(drawn)))
        assert (pictures.label[rows["item"][rows["kind"] == REAL]] == label).all()
    assert set(train["kind"]) == {REAL, DRAWN}


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(0, 900),
    per_class=st.integers(1, 300),
    weight=st.floats(0.1, 10),
    cap=st.none() | st.integers(0, 200),
)
def test_real_train_pictures_are_redrawn_in_turn_in_place_of_some_drawn(
    count, per_class, weight, cap
):
    pictures = made_up(count)
    pictures.picture[: count // 4] = pictures.picture[count // 4 : 2 * (count // 4)]  # copies
    again = {"kind": "redrawn", "weight": weight, "cap": cap}
    tables = recipe.parse(wanted(per_class, a={"cap": 20}).model_dump(exclude_unset=True))
    tables = tables.model_copy(
        update={"sources": {**tables.sources, "again": recipe.SourceRecipe(**again)}}
    )
    done = plan(tables, pictures, np.ones(count, bool), 5)
    train = done.splits["train"]
    assert (np.bincount(train["label"], minlength=5) == per_class).all()
    for label in range(5):
        own = train[train["label"] == label]
        real, redrawn = own[own["kind"] == REAL]["item"], own[own["kind"] > DRAWN]
        assert set(redrawn["item"]) <= set(real)
        turns = list(zip(pictures.picture[redrawn["item"]], redrawn["kind"] - DRAWN, strict=True))
        assert len(set(turns)) == len(turns)
        different = len(np.unique(pictures.picture[real]))
        expected = int((per_class - len(real)) * (weight / (weight + 1)))
        most = different * MOST_REDRAWN
        assert len(redrawn) == min(expected, most, most if cap is None else cap)
        if len(redrawn):
            times = np.bincount(redrawn["kind"] - DRAWN)[1:]
            assert (times[:-1] == different).all()
            assert times[-1] <= different
    for split in ("validation", "test"):
        assert (done.splits[split]["kind"] <= DRAWN).all()


def test_without_fonts_redrawn_pictures_fill_what_they_can():
    def build(per_class):
        tables = wanted(per_class, drawn=False).sources
        again = recipe.SourceRecipe(kind="redrawn")
        asked = wanted(per_class).model_copy(update={"sources": {**tables, "again": again}})
        return plan(asked, made_up(60), np.ones(60, bool), 5).splits["train"]

    assert (np.bincount(build(45)["label"]) == 45).all()
    with pytest.raises(InputError, match=r"train.per_class \(=2000\) is more than 5 classes have"):
        build(2000)


def test_weights_and_caps():
    pictures = made_up(4000, classes=2)
    done = plan(wanted(100, a={"weight": 3.0}), pictures, np.ones(4000, bool), 2)
    rows = done.splits["train"]["item"]
    assert list(np.bincount(pictures.source[rows])) == [150, 50]
    done = plan(wanted(100, a={"cap": 10}, b={"cap": 20}), pictures, np.ones(4000, bool), 2)
    train = done.splits["train"]
    assert (train["kind"] == DRAWN).sum() == 140
    assert list(np.bincount(pictures.source[train["item"][train["kind"] == REAL]])) == [20, 40]


def test_every_picture_is_used_once_or_left_out():
    pictures = made_up(3000)
    keep = np.arange(3000) % 7 > 0
    done = plan(wanted(50), pictures, keep, 5)
    rows = np.concatenate([p["item"][p["kind"] == REAL] for p in done.splits.values()])
    everything = np.concatenate([rows, done.unused])
    assert sorted(everything) == list(np.flatnonzero(keep))


def test_held_out_splits_keep_everything_real_and_get_some_drawn():
    pictures = made_up(3000)
    done = plan(wanted(50), pictures, np.ones(3000, bool), 5)
    assert (done.splits["test"]["kind"] == DRAWN).sum() == 15
    assert (done.splits["test"]["kind"] == REAL).sum() > 200
    assert not done.splits["validation"]["kind"].any()


def test_too_few_pictures_and_nothing_drawn_is_an_error():
    with pytest.raises(InputError, match=r"train.per_class \(=500\) is more than 5 classes have"):
        plan(wanted(500, drawn=False), made_up(600), np.ones(600, bool), 5)
    done = plan(wanted(40, drawn=False), made_up(600), np.ones(600, bool), 5)
    assert not any(part["kind"].any() for part in done.splits.values())


def test_shards_are_shuffled_over_classes_and_of_even_size():
    done = plan(wanted(200), made_up(1000), np.ones(1000, bool), 5)
    parts = cut(done.splits["train"], 300)
    assert {len(part) for part in parts} == {250}
    assert all(len(set(part["label"])) == 5 for part in parts)
    assert cut(done.splits["train"][:0], 300) == []


def test_families_are_split_by_style():
    styles = {f"f{i}": ("hand" if i < 10 else "sans") for i in range(60)} | {"only": "slab"}
    splits = assign_families(styles, HELD_OUT, 0)
    hand = [splits[f"f{i}"] for i in range(10)]
    assert (hand.count("validation"), hand.count("test")) == (1, 1)
    assert splits["only"] == "train"
    assert set(splits) == set(styles)
    assert assign_families(styles, HELD_OUT, 1) != splits
