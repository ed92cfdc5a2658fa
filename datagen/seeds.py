"""Stable hashes and generators: the same sample is the same bytes on any worker, in any order.

Python's own `hash` differs between processes and NumPy's global generator depends on what ran
before, so every random choice here comes from a counter-based generator (Philox; Salmon et al.
2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by a hash of what it is for.
"""

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray

_ULP = 1.0 / (1 << 53)  # of a float in [0.5, 1)


def digest64(*parts: object) -> int:
    """Return a 64-bit hash of the parts' text; equal parts give equal numbers everywhere."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def content64(content: bytes) -> int:
    """Return the first 64 bits of the SHA-256 of some bytes."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def hex64(value: int) -> str:
    """Write a 64-bit number as 16 hexadecimal digits, as ids and groups stand in manifests."""
    return f"{int(value):016x}"


def uniforms(count: int, *parts: object) -> list[float]:
    """Return numbers in [0, 1) keyed by the parts: ten times quicker than a generator for a few."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogateescape")
    words: tuple[int, ...] = ()
    for block in range(-(-count // 8)):
        digest = hashlib.blake2b(text, digest_size=64, salt=block.to_bytes(16, "big"))
        words += struct.unpack(">8Q", digest.digest())
    return [(word >> 11) * _ULP for word in words[:count]]


def generator(*parts: object) -> np.random.Generator:
    """Return a generator keyed by the parts."""
    return np.random.Generator(np.random.Philox(key=digest64(*parts)))


def shares(keys: NDArray[np.uint64], *parts: object) -> NDArray[np.float64]:
    """Map 64-bit keys to numbers in [0, 1) that are stable and independent of their order.

    SplitMix64's finaliser (Steele et al. 2014, "Fast splittable pseudorandom number generators").
    """
    with np.errstate(over="ignore"):
        z = keys.astype(np.uint64) + np.uint64(digest64(*parts))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)
