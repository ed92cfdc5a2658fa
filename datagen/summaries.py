"""What a command says at its end: facts that people read, and machines with ``--json``."""

import json
import math
import numbers
import re
from collections.abc import Mapping
from typing import NamedTuple


class Shown(NamedTuple):
    """A fact that people read in other words than machines.

    Attributes:
        value: What machines read.
        text: What people read.
    """

    value: object
    text: str


def share(value: float) -> Shown:
    """A part of a whole; people read percent."""
    return Shown(value, f"{value:.2%}")


def decimals(value: float) -> Shown:
    """A number that people read with four decimals."""
    return Shown(value, f"{value:.4f}")


def size(count: int) -> Shown:
    """A number of bytes; people read megabytes."""
    return Shown(count, f"{count / 1e6:.1f} MB")


def to_text(value: object) -> str:
    """Return a fact as people read it."""
    if isinstance(value, Shown):
        return value.text
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def to_json(title: str, facts: Mapping[str, object]) -> str:
    """Return a summary as one JSON object on one line.

    The title is ``summary``; a fact is called by its name, words joined by underscores. A path is
    text, a number that is infinite or none at all is null.
    """
    named = {re.sub(r"\W+", "_", name).strip("_"): fact for name, fact in facts.items()}
    return json.dumps({"summary": title} | {name: _plain(fact) for name, fact in named.items()})


def _plain(value: object) -> object:
    if isinstance(value, Shown):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool) else str(value)
