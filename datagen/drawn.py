"""Samples that are drawn, tried again until each can be used."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError
from datagen.frame import FrameError
from datagen.manifest import Rejected, Sample

Gray = NDArray[np.uint8]

ATTEMPTS = 24  # draws for one sample before the build stops; one in thousands needs a second

_NOTHING = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Drawn:
    """A drawn sample.

    Attributes:
        sample: Its manifest row.
        pixels: uint8, shape (size, size), framed.
        rejected: Draws that were thrown away on the way.
    """

    sample: Sample
    pixels: Gray
    rejected: tuple[Rejected, ...]


class Made(NamedTuple):
    """One try: the manifest row, the framed picture, and what went wrong or nothing."""

    sample: Sample
    pixels: Gray
    problem: str


def complete(sample: Sample, framed: Gray | FrameError) -> Made:
    """Complete a row, all but for its hash, from the framed picture or the reason for none."""
    if isinstance(framed, FrameError):
        return Made(sample, _NOTHING, str(framed))
    digest = hashlib.sha256(framed.tobytes()).hexdigest()
    return Made(sample._replace(sha256=digest), framed, "")


def attempts(
    make: Callable[[Sequence[int], int], Iterator[Made]],
    count: int,
    together: int,
    source: str,
    taken: NDArray[np.uint64] | None = None,
) -> list[Drawn]:
    """Make samples; those that can't be used are made again, each time as another draw.

    Args:
        make: Makes the samples of these numbers, in this attempt.
        count: How many samples.
        together: How many are made at once.
        source: Name of their source, for what is thrown away.
        taken: Sorted hashes of framed pictures that none must equal, since another split holds
            them.

    Raises:
        InputError: `ATTEMPTS` draws of one sample failed.
    """
    rejected: list[list[Rejected]] = [[] for _ in range(count)]
    done: dict[int, Drawn] = {}
    for attempt in range(ATTEMPTS):
        left = [row for row in range(count) if row not in done]
        if not left:
            break
        for first in range(0, len(left), together):
            rows = left[first : first + together]
            for row, (sample, pixels, failure) in zip(rows, make(rows, attempt), strict=True):
                problem = failure or _repeated(sample, taken)
                if problem:
                    reject = Rejected("draw", source, sample.codepoint, sample.origin, problem)
                    rejected[row].append(reject)
                else:
                    done[row] = Drawn(sample, pixels, tuple(rejected[row]))
    for row in range(count):
        if row not in done:
            last = rejected[row][-1]
            raise InputError(
                f"{last.codepoint}: {ATTEMPTS} draws in a row failed, the last: {last.reason} "
                f"({last.origin}); use other fonts or a stronger augmentation"
            )
    return [done[row] for row in range(count)]


def _repeated(sample: Sample, taken: NDArray[np.uint64] | None) -> str:
    """Say whether another split holds the same picture."""
    if taken is None or not len(taken):
        return ""
    value = int(sample.sha256[:16], 16)
    position = int(np.searchsorted(taken, np.uint64(value)))
    found = position < len(taken) and int(taken[position]) == value
    return "the same picture as one in another split" if found else ""
