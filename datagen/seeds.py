"""Stable hashes and generators: the same sample is the same bytes on any worker, in any order.

Python's own `hash` differs between processes and NumPy's global generator depends on what ran
before, so every random choice here comes from a counter-based generator (Philox; Salmon et al.
2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by a hash of what it is for.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def digest64(*parts: object) -> int:
    """Return a 64-bit hash of the parts' text; equal parts give equal numbers everywhere."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def content64(content: bytes) -> int:
    """Return the first 64 bits of the SHA-256 of some bytes."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def contents64(rows: Iterable[bytes | NDArray[np.uint8]]) -> NDArray[np.uint64]:
    """Return the first 64 bits of the SHA-256 of each of some runs of bytes."""
    sha256 = hashlib.sha256
    digests = b"".join([sha256(row).digest() for row in rows])  # type: ignore[arg-type]
    return np.frombuffer(digests, ">u8")[::4].astype(np.uint64)


def hex64(value: int) -> str:
    """Write a 64-bit number as 16 hexadecimal digits, as ids and groups stand in manifests."""
    return f"{int(value):016x}"


def generator(*parts: object) -> np.random.Generator:
    """Return a generator keyed by the parts."""
    return np.random.Generator(np.random.Philox(key=digest64(*parts)))


def shares(keys: NDArray[np.uint64], *parts: object) -> NDArray[np.float64]:
    """Map 64-bit keys to numbers in [0, 1) that are stable and independent of their order.

    SplitMix64's finaliser (Steele et al. 2014, "Fast splittable pseudorandom number generators").
    """
    z = _mixed(keys.astype(np.uint64) + np.uint64(digest64(*parts)))
    return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def table(seeds: NDArray[np.uint64], count: int) -> NDArray[np.float32]:
    """Return many random numbers at once, each row a function of its own seed alone.

    SplitMix64 (Steele et al. 2014), each seed a stream of its own.

    Args:
        seeds: uint64, shape (n,).
        count: Numbers for each.

    Returns:
        float32, shape (n, count), in [0, 1).
    """
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = _mixed(seeds[:, None] + steps)
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(1 / (1 << 24))


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)
