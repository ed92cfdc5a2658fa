"""Split and balance: which sample goes into which split, and in which order. Pure table work.

A plan is a few bytes a sample; ids, origins and pixels are worked out where a shard is written, so
that five million samples are planned in seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.manifest import SPLITS, Rejected
from datagen.recipe import Recipe, SplitShares
from datagen.seeds import generator, shares
from datagen.survey import TEST, TRAIN, Pictures

ENTRY = np.dtype([("drawn", "?"), ("label", "<u2"), ("item", "<u4")])
"""One planned sample: a drawn one's number within its class and split, a real one's row."""


@dataclass(frozen=True)
class Plan:
    """What to build.

    Attributes:
        splits: For each split, its samples in shard order; dtype `ENTRY`.
        unused: Rows of the pictures that were not needed.
    """

    splits: dict[str, NDArray[np.void]]
    unused: NDArray[np.int64]


def assign_splits(
    group: NDArray[np.uint64],
    source: NDArray[np.uint8],
    fixed: NDArray[np.uint8],
    held_out: SplitShares,
    seed: int,
) -> NDArray[np.uint8]:
    """Give each picture a split such that no group is in two.

    A picture goes where the hash of its group falls, so that adding pictures moves none of the
    others. Where a source has a test part of its own, only that is test.

    Args:
        group: What must not cross splits, one entry a picture.
        source: Number of the source.
        fixed: `FREE`, `TRAIN` or `TEST`.
        held_out: Shares of the groups.
        seed: The recipe's seed.

    Returns:
        uint8, index into `SPLITS`.
    """
    drawn = shares(group, seed, "split")
    validation = drawn < held_out.validation
    test = ~validation & (drawn < held_out.validation + held_out.test)
    published = np.zeros(256, np.bool_)
    published[np.unique(source[fixed == TEST])] = True
    test &= ~published[source] & (fixed != TRAIN)
    test |= fixed == TEST
    wanted = np.where(test, 2, np.where(validation, 1, 0)).astype(np.uint8)
    _, inverse = np.unique(group, return_inverse=True)
    latest = np.zeros(int(inverse.max()) + 1 if len(inverse) else 0, np.uint8)
    np.maximum.at(latest, inverse, wanted)
    return latest[inverse]


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
    and under their caps, drawn ones for the rest. Validation and test hold everything real that
    was held out, and `per_class` drawn samples beside it.

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
        if recipe.drawn is None:
            missing = np.zeros(classes, np.int64)
        parts[name] = _entries(recipe.seed, name, pictures.label[rows], rows, missing)
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
    if recipe.drawn is None and (short := np.flatnonzero(given.sum(axis=1) < target)).size:
        fewest = int(given.sum(axis=1).min())
        raise InputError(
            f"train.per_class (={target}) is more than {short.size} classes have, the smallest "
            f"{fewest}: lower it or add a source of kind 'fonts' to fill the rest"
        )
    by_key = np.argsort(key, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts.reshape(-1))[:-1]))
    rank = np.arange(len(key)) - starts[key[by_key]]
    chosen = np.zeros(len(pictures), np.bool_)
    chosen[order[by_key[rank < given.reshape(-1)[key[by_key]]]]] = True
    return chosen


def _entries(
    seed: int,
    split: str,
    labels: NDArray[np.int16],
    rows: NDArray[np.int64],
    missing: NDArray[np.int64],
) -> NDArray[np.void]:
    """Real and drawn samples of one split, shuffled over everything."""
    drawn = int(missing.sum())
    entries = np.zeros(len(rows) + drawn, ENTRY)
    entries["label"][: len(rows)] = labels
    entries["item"][: len(rows)] = rows
    entries["drawn"][len(rows) :] = True
    first = len(rows)
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


def assign_families(styles: Mapping[str, str], held_out: SplitShares, seed: int) -> dict[str, str]:
    """Give each group of font families a split, each style in the same shares.

    Args:
        styles: Style by group.
        held_out: Shares of the groups.
        seed: The recipe's seed.

    Returns:
        Split by group; train always has at least one group of each style.
    """
    splits: dict[str, str] = {}
    for style in sorted(set(styles.values())):
        groups = sorted(g for g, s in styles.items() if s == style)
        order = [groups[i] for i in generator(seed, "families", style).permutation(len(groups))]
        validation = round(len(order) * held_out.validation)
        test = min(round(len(order) * held_out.test), max(0, len(order) - 1 - validation))
        validation = min(validation, len(order) - 1)
        for number, group in enumerate(order):
            name = "validation" if number < validation else "train"
            splits[group] = "test" if validation <= number < validation + test else name
    return splits
