"""Why pictures were left out: the reasons of many pictures as a few kinds, with some of each."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

EXAMPLES = 15  # pictures shown of one kind of reason
_LONGEST = 160  # characters of a reason
_CODE = re.compile(r"U\+[0-9A-F]{4,6}")
_TWIN = re.compile(
    r"the same picture as (.+?)(?: after framing|, which is (?:test|labelled)| \(distance|$)"
)

_KINDS = tuple(
    (re.compile(pattern), general)
    for pattern, general in (
        (r"the same picture is labelled .*", "the same picture has two labels"),
        (
            r"(the same picture as) .+?( after framing|, which is (?:test|labelled)| \(distance|$)",
            r"\1 another\2",
        ),
        (r"which is labelled .*", "which has another label"),
        (r"^(drawn as|looks like) U\+[0-9A-F]+", r"\1 another character"),
        (r"^clipped: ink covers .*", "clipped: ink touches the border"),
        (r"^(same outlines as) .*", r"\1 another font"),
        (r"(network trained on the others says) .*", r"\1 another"),
        (r"\((distance|ink|contrast|\d).*?\)$", ""),
        (r"'[^']*'|\"[^\"]*\"", "'…'"),
        (r"U\+[0-9A-F]{4,6}", "a character"),
        (r"(?<!\w)\d[\d,]*(\.\d+)?( ?%)?", "…"),
    )
)
"""What is particular to one picture, and what stands for it, in the order it is looked for."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One picture that something was found about.

    Attributes:
        source: Name of its source.
        codepoint: Its class, or empty where it is none.
        origin: Where it comes from.
        reason: Why, in words.
        score: 1 the worst of its check, 0 where nothing says.
        suggested: Code point that it should have, or empty.
        row: Its number among the framed pictures of a curation; -1 where it is none of them.
    """

    source: str
    codepoint: str
    origin: str
    reason: str
    score: float = 0.0
    suggested: str = ""
    row: int = -1

    @property
    def twin(self) -> str:
        """Origin of the picture that it repeats, or empty."""
        match = _TWIN.search(self.reason)
        return match.group(1) if match else ""

    @property
    def said(self) -> str:
        """Code point that the reason speaks of, where it is not its own; else empty."""
        codes = [self.suggested, *_CODE.findall(self.reason)]
        return next((code for code in codes if code and code != self.codepoint), "")


@dataclass(frozen=True, slots=True)
class Example:
    """A picture that was left out, to be shown.

    Attributes:
        of: What is known of it.
        pixels: uint8, shape (size, size).
        twin: The picture that it repeats, of the same shape; None where there is none.
    """

    of: LeftOut
    pixels: Gray
    twin: Gray | None = None


@dataclass
class Reason:
    """Pictures that were left out for one kind of reason.

    Attributes:
        found_by: The check or the stage that found it.
        kind: The reason without what is particular to one picture.
        verdict: What a curation said; empty in a dataset, which leaves all of them out.
        sources: How many pictures of each source.
        chosen: Those that are to be shown, the worst first.
        examples: Those of them that could be shown.
    """

    found_by: str
    kind: str
    verdict: str
    sources: Counter[str]
    chosen: list[LeftOut]
    examples: list[Example] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many pictures."""
        return self.sources.total()


def gather(found: Iterable[tuple[str, str, LeftOut]]) -> list[Reason]:
    """Sort pictures by reason, the most frequent first, and choose some of each to be shown.

    Args:
        found: Check or stage, verdict or empty, and what is known of the picture.
    """
    groups: dict[tuple[str, str, str], list[LeftOut]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for found_by, verdict, one in found:
        # A reason may begin with the picture's own name.
        reason = one.reason.removeprefix(f"{one.origin}: ")
        if reason not in kinds:
            kinds[reason] = kind_of(reason)
        groups[found_by, kinds[reason], verdict].append(one)
    reasons = [
        Reason(found_by, _title(kind, ones), verdict, Counter(o.source for o in ones), choose(ones))
        for (found_by, kind, verdict), ones in groups.items()
    ]
    return sorted(reasons, key=lambda r: (-r.count, r.found_by, r.kind, r.verdict))


def _title(kind: str, ones: Sequence[LeftOut]) -> str:
    """What is the same for all of them needs no leaving out."""
    reason = ones[0].reason
    same = len(ones) > 1 and len({one.reason for one in ones}) == 1
    return (
        reason[:_LONGEST] if same and not (_TWIN.search(reason) or _CODE.search(reason)) else kind
    )


def kind_of(reason: str) -> str:
    """Return a reason without what is particular to one picture, so that reasons can be counted."""
    for pattern, general in _KINDS:
        reason = pattern.sub(general, reason)
    return reason.strip()[:_LONGEST]


def choose(ones: Sequence[LeftOut], count: int = EXAMPLES) -> list[LeftOut]:
    """Choose the worst; of about equals, sources and classes take turns, so that all are seen."""
    places: dict[str, dict[str, list[LeftOut]]] = defaultdict(lambda: defaultdict(list))
    for one in ones:
        places[one.source][one.codepoint or one.reason].append(one)
    mixed = _turns([_turns(list(classes.values())) for classes in places.values()])
    return sorted(mixed, key=lambda one: -round(one.score, 1))[:count]


def _turns(lists: Sequence[Sequence[LeftOut]]) -> list[LeftOut]:
    return [one for turn in zip_longest(*lists) for one in turn if one is not None]
