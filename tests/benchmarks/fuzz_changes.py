"""Make inputs from others at random."""

import random

from fuzz_board import LARGEST

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1)


def changed(
    given: bytes, seeds: list[bytes], words: tuple[bytes, ...], chance: random.Random
) -> bytes:
    """Make an input from another; `seeds` are what parts are taken from."""
    data = bytearray(given)
    for _ in range(1 << max(0, chance.randrange(-3, 5))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + (1 << chance.randrange(8)))
        kind = chance.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at : at + 1] = chance.randbytes(1)
        elif kind == 2:
            width = 1 << chance.randrange(4)
            number = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
            data[at : at + width] = number.to_bytes(width, chance.choice(("big", "little")))
        elif kind == 3:
            del data[at:end]
        elif kind == 4:
            data[at:at] = data[at:end] * chance.choice((1, 1, 2, 50))
        elif kind == 5:
            other = chance.choice(seeds)
            start = chance.randrange(len(other) + 1)
            data[at:end] = other[start : start + (1 << chance.randrange(8))]
        elif kind == 6 and words:
            data[at : at + chance.choice((0, 0, 4))] = chance.choice(words)
        else:
            data[at:end] = chance.randbytes(1) * (end - at)
    return bytes(data[:LARGEST])
