"""What `fuzz.py` and its workers share: how far a worker is, and inputs that are kept."""

import hashlib
import mmap
import struct
from pathlib import Path

LARGEST = 1 << 16  # bytes of an input
_HEAD = struct.Struct("=5Q")  # runs, accepted, refused, crashes, size of the input in hand


class Board:
    """A file in memory by which a worker says how far it is and what it is reading."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(_HEAD.size + LARGEST)
            self._map = mmap.mmap(file.fileno(), _HEAD.size + LARGEST)
        self.counts = list(_HEAD.unpack_from(self._map))[:4]

    def begin(self, data: bytes) -> None:
        self._map[_HEAD.size : _HEAD.size + len(data)] = data
        self._write(len(data))

    def end(self, outcome: int) -> None:
        self.counts[0] += 1
        self.counts[outcome] += 1
        self._write(0)

    def _write(self, size: int) -> None:
        _HEAD.pack_into(self._map, 0, *self.counts, size)

    def read(self) -> tuple[int, bytes]:
        *self.counts, size = _HEAD.unpack_from(self._map)
        return self.counts[0], self._map[_HEAD.size : _HEAD.size + size]


def save(keep: Path, what: str, data: bytes, more: str = "") -> None:
    """Keep an input; of one kind of crash the first."""
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / hashlib.sha256(what.encode()).hexdigest()[:12]
    if not path.exists():
        path.write_bytes(data)
        print(f"  {what}: {more}\n    {path}", flush=True)
