"""Balance: how many samples of what each class gets, and in which order. Pure table work.

A plan is a few bytes a sample; ids, origins and pixels are worked out where a shard is written, so
that five million samples are planned in seconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.manifest import SPLITS, Rejected
from datagen.recipe import Recipe
from datagen.seeds import generator, shares
from datagen.splits import assign_splits
from datagen.survey import Pictures

ENTRY = np.dtype([("kind", "u1"), ("label", "<u2"), ("item", "<u4")])
"""One planned sample: a drawn one's number within its class and split, or a real one's row."""

REAL, DRAWN = 0, 1
"""Kinds of entries. A higher one is a real picture redrawn; less `DRAWN`, it is how often by then.
"""

MOST_REDRAWN = 6  # drawings of one real picture; more would crowd out what fonts and hands know


@dataclass(frozen=True)
class Plan:
    """What to build.

    Attributes:
        splits: For each split, its samples in shard order; dtype `ENTRY`.
        unused: Rows of the pictures that were not needed.
    """

    splits: dict[str, NDArray[np.void]]
    unused: NDArray[np.int64]


def allocate(
    available: NDArray[np.int64], weights: NDArray[np.float64], target: int
) -> NDArray[np.int64]:
    """Share a target among sources by weight, none giving more than it has.

    Args:
        available: How many samples each source can give.
        weights: Relative weight of each, above 0.
        target: How many are wanted.

    Returns:
        How many each gives; they sum to the target, or to all there is where that is less.
    """
    given = np.zeros(len(available), np.int64)
    left = int(min(target, int(available.sum())))
    while left > 0:
        open_ = given < available
        quota = np.where(open_, weights, 0.0)
        ideal = quota / quota.sum() * left
        step = np.minimum(np.floor(ideal).astype(np.int64), available - given)
        if step.sum() == 0:  # fewer than one each: the largest remainders come first
            order = np.argsort(-ideal, kind="stable")[:left]
            step[order] = np.minimum(1, (available - given)[order])
        given += step
        left -= int(step.sum())
    return given


def plan(recipe: Recipe, pictures: Pictures, keep: NDArray[np.bool_], classes: int) -> Plan:
    """Decide what goes into each split and in which order.

    Train holds exactly `recipe.train.per_class` samples of each class: real ones first, by weight
    and under their caps, drawn ones for the rest, among them the real ones redrawn. Validation and
    test hold everything real that was held out, and `per_class` drawn samples beside it.

    Args:
        recipe: What to build.
        pictures: The real pictures.
        keep: Mask of those that passed curation.
        classes: Number of classes.

    Raises:
        InputError: A class has too few pictures and nothing is drawn.
    """
    split = assign_splits(
        pictures.group, pictures.source, pictures.fixed, recipe.splits, recipe.seed
    )
    train = _choose_train(recipe, pictures, keep & (split == 0), classes)
    parts: dict[str, NDArray[np.void]] = {}
    used = np.zeros(len(pictures), np.bool_)
    for number, name in enumerate(SPLITS):
        rows = np.flatnonzero(train if number == 0 else keep & (split == number))
        used[rows] = True
        wanted = getattr(recipe, name).per_class
        real = np.bincount(pictures.label[rows], minlength=classes)
        missing = wanted - real if number == 0 else np.full(classes, wanted)
        again = _redrawn(recipe, pictures, rows, missing) if number == 0 else np.zeros(0, ENTRY)
        missing = missing - np.bincount(again["label"], minlength=classes)
        if recipe.drawn is None:
            if number == 0:
                _check_filled(recipe, missing)
            missing = np.zeros(classes, np.int64)
        parts[name] = _entries(recipe.seed, name, pictures.label[rows], rows, again, missing)
    return Plan(parts, np.flatnonzero(keep & ~used))


def _choose_train(
    recipe: Recipe, pictures: Pictures, free: NDArray[np.bool_], classes: int
) -> NDArray[np.bool_]:
    target = recipe.train.per_class
    sources = [recipe.sources[name] for name in pictures.names]
    weights = np.array([s.weight for s in sources], np.float64)
    caps = np.array([target if s.cap is None else s.cap for s in sources], np.int64)
    order = np.argsort(shares(pictures.id, recipe.seed, "pick"), kind="stable")
    order = order[free[order]]
    key = pictures.label[order].astype(np.int64) * max(1, len(sources)) + pictures.source[order]
    counts = np.bincount(key, minlength=classes * max(1, len(sources))).reshape(classes, -1)
    given = np.zeros_like(counts)
    for label in range(classes):
        if sources:
            given[label] = allocate(np.minimum(counts[label], caps), weights, target)
    by_key = np.argsort(key, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts.reshape(-1))[:-1]))
    rank = np.arange(len(key)) - starts[key[by_key]]
    chosen = np.zeros(len(pictures), np.bool_)
    chosen[order[by_key[rank < given.reshape(-1)[key[by_key]]]]] = True
    return chosen


def _check_filled(recipe: Recipe, missing: NDArray[np.int64]) -> None:
    """Refuse train classes that lack samples where no font can be drawn to fill them."""
    short = np.flatnonzero(missing > 0)
    if short.size:
        target = recipe.train.per_class
        raise InputError(
            f"train.per_class (={target}) is more than {short.size} classes have, the smallest "
            f"{target - int(missing.max())}: lower it or add a source of kind 'fonts' to fill the "
            "rest"
        )


def _redrawn(
    recipe: Recipe, pictures: Pictures, rows: NDArray[np.int64], missing: NDArray[np.int64]
) -> NDArray[np.void]:
    """Real train pictures to be drawn again in place of some of what a class lacks.

    Each picture of a class comes once before any comes twice. Exact copies count as one.
    """
    if recipe.redrawn is None:
        return np.zeros(0, ENTRY)
    source = recipe.sources[recipe.redrawn]
    others = 0.0 if recipe.drawn is None else recipe.sources[recipe.drawn].weight
    wanted = np.floor(missing * (source.weight / (source.weight + others))).astype(np.int64)
    order = rows[np.argsort(shares(pictures.id[rows], recipe.seed, "redraw"), kind="stable")]
    order = order[np.argsort(pictures.label[order], kind="stable")]
    ends = np.cumsum(np.bincount(pictures.label[order], minlength=len(wanted)))
    parts = []
    of_class = zip(wanted.tolist(), np.split(order, ends[:-1]), strict=True)
    for label, (count, rows_of) in enumerate(of_class):
        own = rows_of[np.sort(np.unique(pictures.picture[rows_of], return_index=True)[1])]
        most = len(own) * MOST_REDRAWN
        turn = np.arange(min(count, most, most if source.cap is None else source.cap))
        part = np.zeros(len(turn), ENTRY)
        part["label"], part["item"] = label, own[turn % max(1, len(own))]
        part["kind"] = DRAWN + 1 + turn // max(1, len(own))
        parts.append(part)
    return np.concatenate(parts) if parts else np.zeros(0, ENTRY)


def _entries(
    seed: int,
    split: str,
    labels: NDArray[np.int16],
    rows: NDArray[np.int64],
    again: NDArray[np.void],
    missing: NDArray[np.int64],
) -> NDArray[np.void]:
    """Real, redrawn and drawn samples of one split, shuffled over everything."""
    first = len(rows) + len(again)
    entries = np.zeros(first + int(missing.sum()), ENTRY)
    entries["label"][: len(rows)] = labels
    entries["item"][: len(rows)] = rows
    entries[len(rows) : first] = again
    entries["kind"][first:] = DRAWN
    for label, count in enumerate(missing.tolist()):  # all at once would take thirty bytes a sample
        own = entries[first : first + count]
        own["label"], own["item"] = label, np.arange(count, dtype=np.uint32)
        first += count
    generator(seed, "shuffle", split).shuffle(entries)
    return entries


def unused_rows(
    plan: Plan, pictures: Pictures, characters: CharacterTable, recipe: Recipe
) -> list[Rejected]:
    """Say of each picture that was not needed why it was left out."""
    reason = f"enough: train takes {recipe.train.per_class} a class, by weight and cap"
    codes = [c.codepoint for c in characters]
    source, label = pictures.source[plan.unused].tolist(), pictures.label[plan.unused].tolist()
    return [
        Rejected("plan", pictures.names[s], codes[c], pictures.origins[row], reason)
        for row, s, c in zip(plan.unused.tolist(), source, label, strict=True)
    ]


def cut(entries: NDArray[np.void], records: int) -> list[NDArray[np.void]]:
    """Cut a split into shards of about equal size, none above `records`."""
    count = -(-len(entries) // records)
    return [] if count == 0 else np.array_split(entries, count)
