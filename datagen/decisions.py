"""What a person decided about single pictures. Decisions win over every check.

`decisions.csv` has the columns ``id,verdict,codepoint,who,when``. Ids are made of the picture's
bytes, so a decision holds wherever the picture lies and however the inputs are ordered.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import tables
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.seeds import hex64
from datagen.survey import Pictures

COLUMNS = ("id", "verdict", "codepoint", "who", "when")
VERDICTS = ("keep", "drop", "relabel")


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision.

    Attributes:
        verdict: ``keep``, ``drop`` or ``relabel``.
        label: What it is relabelled to, or -1.
        who: Who decided.
        when: When, ISO 8601.
    """

    verdict: str
    label: int
    who: str
    when: str

    @property
    def reason(self) -> str:
        """The decision in words."""
        by = f" by {self.who}" if self.who else ""
        on = f" on {self.when}" if self.when else ""
        return f"decided{by}{on}"


@dataclass(frozen=True)
class Decisions:
    """All decisions.

    Attributes:
        by_id: The decision that holds, by the picture's id.
        conflicts: Where two decisions on one picture differ, one sentence each.
    """

    by_id: Mapping[int, Decision]
    conflicts: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the decisions that hold, whatever files they stand in."""
        lines = (f"{hex64(key)} {one.verdict} {one.label}" for key, one in self.by_id.items())
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


@dataclass(frozen=True)
class Applied:
    """Decisions beside the pictures they are about.

    Attributes:
        own: The decision on a picture, by its number.
        by_row: The same, with those that follow for copies of it.
        label: int16, the labels with those of relabelled pictures changed.
        missing: Decisions on pictures that no source holds.
    """

    own: Mapping[int, Decision]
    by_row: Mapping[int, Decision]
    label: NDArray[np.int16]
    missing: int


def read(paths: Sequence[Path], characters: CharacterTable) -> Decisions:
    """Read files of decisions. Of two that differ the one made later holds, and it is reported.

    Raises:
        InputError: A file is missing or a row of it is wrong; the message names the row.
    """
    found: dict[int, Decision] = {}
    conflicts: list[str] = []
    for path in paths:
        table = tables.read_csv(path, COLUMNS)
        for number, row in enumerate(table[list(COLUMNS)].to_numpy().tolist(), start=2):
            key, decision = _row(f"{path}: row {number}", row, characters)
            before = found.get(key, decision)
            if (before.verdict, before.label) != (decision.verdict, decision.label):
                first, last = sorted((before, decision), key=lambda one: one.when)
                conflicts.append(
                    f"{hex64(key)}: {_words(first, characters)} and {_words(last, characters)}; "
                    "the later one holds"
                )
                decision = last
            found[key] = decision
    return Decisions(found, tuple(conflicts))


def _words(decision: Decision, characters: CharacterTable) -> str:
    to = f" to {characters[decision.label].codepoint}" if decision.label >= 0 else ""
    return f"{decision.verdict}{to} ({decision.reason})"


def _row(where: str, row: Sequence[str], characters: CharacterTable) -> tuple[int, Decision]:
    sample, verdict, codepoint, who, when = row
    if not re.fullmatch("[0-9A-Fa-f]{16}", sample):
        raise InputError(f"{where}: id {sample!r} is not 16 hexadecimal digits")
    key = int(sample, 16)
    if verdict not in VERDICTS:
        raise InputError(f"{where}: verdict {verdict!r} is none of {', '.join(VERDICTS)}")
    if verdict != "relabel":
        return key, Decision(verdict, -1, who, when)
    if not codepoint:
        raise InputError(f"{where}: relabel needs a codepoint, such as U+0041")
    try:
        return key, Decision(verdict, characters.label(codepoint), who, when)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def apply(decisions: Decisions, pictures: Pictures) -> Applied:
    """Find the pictures that decisions are about.

    A decision on a picture holds for its exact copies under the same label too, unless they have
    one of their own: a picture that was dropped must not come back through its copy.
    """
    decided = np.fromiter(decisions.by_id, np.uint64, len(decisions.by_id))
    places = np.flatnonzero(np.isin(pictures.id, decided)).tolist()
    rows = {int(pictures.id[row]): row for row in places}
    own = {rows[key]: one for key, one in decisions.by_id.items() if key in rows}
    spread: dict[tuple[int, int], Decision] = {}
    for row in sorted(own):
        if own[row].verdict != "keep":  # of kept copies one is enough
            spread.setdefault((int(pictures.picture[row]), int(pictures.label[row])), own[row])
    by_row = dict(own)
    if spread:
        wanted = np.array(sorted({picture for picture, _ in spread}), np.uint64)
        for row in np.flatnonzero(np.isin(pictures.picture, wanted)).tolist():
            key = (int(pictures.picture[row]), int(pictures.label[row]))
            if row not in own and key in spread:
                by_row[row] = spread[key]
    label = pictures.label.copy()
    for row, decision in by_row.items():
        if decision.label >= 0:
            label[row] = decision.label
    known = rows.keys() | {key for key in pictures.rejected_ids if key}
    missing = sum(key not in known for key in decisions.by_id)
    return Applied(own, by_row, label, missing)
