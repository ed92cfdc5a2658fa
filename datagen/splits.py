"""Which split a picture or a family of fonts goes into. Pure table work."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from datagen.recipe import SplitShares
from datagen.seeds import generator, shares
from datagen.survey import TEST, TRAIN


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
