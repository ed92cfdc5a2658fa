"""Run the checks over surveyed pictures and come to one verdict a picture."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datagen import checks, console
from datagen.characters import CharacterTable
from datagen.check_names import NETWORK, not_installed
from datagen.checks import Finding, Network, View
from datagen.decisions import Applied
from datagen.errors import UsageError
from datagen.manifest import Rejected
from datagen.recipe_curate import Curate
from datagen.survey import Pictures

_GRAVITY = {"keep": 0, "review": 1, "relabel": 2, "drop": 3}

DECISION = "decision"
"""What stands for the check where a person decided."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be done with a picture that something was found about.

    Attributes:
        verdict: ``keep``, ``drop``, ``relabel`` or ``review``.
        check: Name of the check that it rests on.
        reason: Why, in words.
        score: 0 to 1, 1 the worst of its check.
        suggested: The label that it should have, or -1.
        also: Other checks that found something.
    """

    verdict: str
    check: str
    reason: str
    score: float
    suggested: int = -1
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """All verdicts.

    Attributes:
        pictures: The pictures, with the labels that a person gave them.
        by_row: Judgement by number of the picture; a picture that is not here is kept.
        keep: Mask of the pictures that may be used.
    """

    pictures: Pictures
    by_row: Mapping[int, Judgement]
    keep: NDArray[np.bool_]

    def rejected(self, characters: CharacterTable) -> list[Rejected]:
        """Return a row for each picture that is left out, with the reason."""
        pictures = self.pictures
        codes = [c.codepoint for c in characters]
        return [
            Rejected(
                "curate",
                pictures.names[int(pictures.source[row])],
                codes[int(pictures.label[row])],
                pictures.origins[row],
                self.by_row[row].reason,
            )
            for row in np.flatnonzero(~self.keep).tolist()
        ]


def judge(
    pictures: Pictures,
    pixels: NDArray[np.uint8],
    characters: CharacterTable,
    config: Curate,
    decided: Applied,
    ask: Callable[[View], Network] | None = None,
) -> Judged:
    """Run the checks that a recipe names.

    Args:
        pictures: Every usable picture.
        pixels: uint8, shape (n, size, size), their framed pixels.
        characters: The classes.
        config: Which checks, which thresholds.
        decided: What a person decided; it wins.
        ask: Trains the network that some checks need.

    Raises:
        UsageError: A check needs a library that is not installed.
    """
    for problem in not_installed(config.wanted).values():
        raise UsageError(f"{problem}, or leave it out of curate.checks")
    pictures = replace(pictures, label=decided.label)
    alive = np.ones(len(pictures), np.bool_)
    dropped = [row for row, one in decided.by_row.items() if one.verdict == "drop"]
    alive[dropped] = False
    view = View(pictures, pixels, characters, config, alive)
    found: dict[int, list[tuple[str, Finding]]] = defaultdict(list)
    with console.progress("checking", len(config.wanted), "checks") as advance:
        for name in config.wanted:
            if name in NETWORK and view.network is None and ask is not None:
                view.network = ask(view)
            for finding in list(checks.find(name, view)):
                if finding.row in decided.by_row:
                    continue
                found[finding.row].append((name, finding))
                if finding.verdict == "drop":
                    alive[finding.row] = False
            advance(1)
    return _conclude(pictures, config, found, decided)


def _conclude(
    pictures: Pictures,
    config: Curate,
    found: Mapping[int, list[tuple[str, Finding]]],
    decided: Applied,
) -> Judged:
    by_row: dict[int, Judgement] = {}
    keep = np.ones(len(pictures), np.bool_)
    for row, findings in found.items():
        name, worst = max(findings, key=lambda one: (_GRAVITY[one[1].verdict], one[1].score))
        also = tuple(other for other, _ in findings if other != name)
        by_row[row] = Judgement(
            worst.verdict, name, worst.reason, round(worst.score, 4), worst.suggested, also
        )
        doubtful = worst.verdict in ("review", "relabel") and config.review == "drop"
        keep[row] = worst.verdict != "drop" and not doubtful
    for row, one in decided.by_row.items():
        by_row[row] = Judgement(one.verdict, DECISION, one.reason, 0.0, one.label)
        keep[row] = one.verdict != "drop"
    return Judged(pictures, dict(sorted(by_row.items())), keep)
