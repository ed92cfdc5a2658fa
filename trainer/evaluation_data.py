"""What the page of an evaluation shows: which samples, and the numbers about all of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen import tables
from datagen.characters import CharacterTable
from trainer import scores
from trainer.dataset import Dataset

SHOWN = 3000  # mistakes whose pictures are on the page
OF_A_PAIR = 8  # pictures of each pair of classes that are on the page whatever their confidence
EXAMPLES = 4  # pictures of each class that are read rightly
GROUPS = 40  # groups listed
GROUP_LEAST = 8  # samples; of fewer, a group's accuracy says nothing


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a model says about a split, and what its manifests say, in record order.

    Attributes:
        probabilities: float32 (n, classes), after the model's temperature.
        uncalibrated: The same without it.
        labels: The model's labels of the true classes, int64 (n,).
        predicted: The model's answers, int64 (n,).
        ids: Sample ids.
        sources: Names of the sources.
        groups: Font families, writers; empty where the manifests don't know the sample.
        origins: Where exactly the pixels come from; empty likewise.
        known: bool (n,), whether the model takes the picture for one of its classes; None where it
            has no threshold.
    """

    probabilities: NDArray[np.float32]
    uncalibrated: NDArray[np.float32]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    ids: list[str]
    sources: list[str]
    groups: list[str]
    origins: list[str]
    known: NDArray[np.bool_] | None

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of each answer, float32 (n,)."""
        return self.probabilities[np.arange(len(self.predicted)), self.predicted]

    def mistakes(self) -> NDArray[np.int64]:
        """Return the rows that are predicted wrongly, the most confident first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]


def origins(dataset: Dataset, split: str, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return group and origin of samples, from the dataset's manifests.

    Raises:
        InputError: A manifest can't be read.
    """
    known: dict[str, tuple[str, str]] = {}
    for path in sorted((dataset.folder / "manifests").glob(f"{split}-*.csv")):
        columns = ["id", "group", "origin"]
        for sample, group, origin in tables.read_csv(path, columns)[columns].to_numpy().tolist():
            known[sample] = (group, origin)
    pairs = [known.get(sample, ("", "")) for sample in ids]
    return [group for group, _ in pairs], [origin for _, origin in pairs]


def chosen(scored: Scored) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose whose pictures are on the page.

    Returns:
        Rows of mistakes, the most confident first: some of every pair of classes, and of the rest
        the most confident; rows of rightly read samples, the most confident of each class.
    """
    wrong = scored.mistakes()
    predicted, seen = scored.predicted, Counter[tuple[int, int]]()
    rank = np.zeros(len(wrong), np.int64)
    for place, row in enumerate(wrong):
        pair = (int(scored.labels[row]), int(predicted[row]))
        rank[place] = min(seen[pair], OF_A_PAIR)
        seen[pair] += 1
    # Stable: by rank within the pair, then by confidence.
    places = np.sort(np.argsort(rank, kind="stable")[:SHOWN])
    confidence = scored.confidence
    right = np.flatnonzero(predicted == scored.labels)
    right = right[np.lexsort((-confidence[right], scored.labels[right]))]
    first = np.searchsorted(scored.labels[right], scored.labels[right])
    return wrong[places], right[np.arange(len(right)) - first < EXAMPLES]


def data(
    scored: Scored,
    table: CharacterTable,
    metrics: dict[str, Any],
    wrong: NDArray[np.int64],
    right: NDArray[np.int64],
) -> dict[str, Any]:
    """Return everything but the pictures, as JSON values.

    The pictures are laid into sheets in the order of `wrong`, then of `right`.
    """
    names = sorted(set(scored.sources))
    where = {name: number for number, name in enumerate(names)}
    source = np.array([where[name] for name in scored.sources], np.int64)
    predicted, confidence = scored.predicted, scored.confidence
    own = scored.probabilities[np.arange(len(predicted)), scored.labels]
    cells = Counter(zip(scored.labels.tolist(), predicted.tolist(), source.tolist(), strict=True))
    return {
        "metrics": metrics,
        "codes": [c.codepoint for c in table],
        "chars": [c.char for c in table],
        "names": [c.name for c in table],
        "shapes": table.shapes,
        "sources": names,
        "cells": [[*cell, count] for cell, count in sorted(cells.items())],
        "bins": [_bins(scored, np.ones(len(source), np.bool_))]
        + [_bins(scored, source == number) for number in range(len(names))],
        "groups": _groups(scored, where),
        "mistakes": {
            "id": [scored.ids[i] for i in wrong],
            "true": scored.labels[wrong].tolist(),
            "predicted": predicted[wrong].tolist(),
            "source": source[wrong].tolist(),
            "probability": [round(float(confidence[i]), 4) for i in wrong],
            "own": [round(float(own[i]), 4) for i in wrong],
            "group": [scored.groups[i] for i in wrong],
            "origin": [scored.origins[i] for i in wrong],
            "known": None if scored.known is None else scored.known[wrong].astype(int).tolist(),
        },
        "examples": scored.labels[right].tolist(),
    }


def _bins(scored: Scored, rows: NDArray[np.bool_]) -> dict[str, list[list[float]]]:
    return {
        name: scores.reliability(probabilities[rows], scored.labels[rows])
        for name, probabilities in (
            ("before", scored.uncalibrated),
            ("after", scored.probabilities),
        )
    }


def _groups(scored: Scored, where: dict[str, int]) -> list[list[Any]]:
    """The groups with the smallest share of right answers: group, source, samples, wrong ones."""
    right = (scored.predicted == scored.labels).tolist()
    total, wrong = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for group, source, good in zip(scored.groups, scored.sources, right, strict=True):
        total[group, source] += 1
        wrong[group, source] += not good
    found: list[list[Any]] = [
        [group, where[source], count, wrong[group, source]]
        for (group, source), count in total.items()
        if group and count >= GROUP_LEAST and wrong[group, source]
    ]
    return sorted(found, key=lambda row: (-row[3] / row[2], -row[2], row[0]))[:GROUPS]
