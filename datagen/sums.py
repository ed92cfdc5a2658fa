"""`SHA256SUMS`: the hash of every file of a dataset, as `sha256sum -c SHA256SUMS` reads it too.

It is written last. What a dataset's other tables can't vouch for, such as who is in a group or why
a picture was left out, is vouched for here.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from datagen.atomic import write_text
from datagen.claim import STATE
from datagen.shards import Finished, Shard

FILE = "SHA256SUMS"
IDENTITY = f"{STATE}/build.json"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def numbered(name: str, done: list[Finished]) -> list[tuple[Shard, Finished]]:
    """Pair each finished shard with its place among those of its split."""
    counts: dict[str, int] = {}
    for finished in done:
        counts[finished.split] = counts.get(finished.split, 0) + 1
    seen: dict[str, int] = {}
    pairs = []
    for finished in done:
        index = seen.get(finished.split, 0)
        seen[finished.split] = index + 1
        shard = Shard(name, finished.split, index, counts[finished.split])
        pairs.append((shard, finished))
    return pairs


def write(folder: Path, name: str, done: list[Finished], others: list[str]) -> None:
    """Write the hashes of a dataset's files.

    Args:
        folder: The dataset.
        name: Its name.
        done: Its shards, whose own hashes are taken from here: they were made while writing.
        others: Its other files, which are read.
    """
    sums = {other: sha256_of(folder / other) for other in others}
    for shard, finished in numbered(name, done):
        sums[shard.file] = finished.sha256
        sums[shard.manifest] = finished.manifest
        sums[shard.done] = sha256_of(folder / shard.done)
    write_text(folder / FILE, text_of(sums))


def text_of(sums: Mapping[str, str]) -> str:
    """Return the file's text."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def read(folder: Path) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Read a dataset's hashes.

    Returns:
        SHA-256 by name, and the number and fault of each line that is none.

    Raises:
        OSError: The file can't be read.
    """
    sums: dict[str, str] = {}
    faults = []
    text = (folder / FILE).read_bytes().decode("utf-8", "replace")
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            faults.append((number, "is no line of hash and name"))
        elif match[2] in sums:
            faults.append((number, f"{match[2]} stands in it twice"))
        else:
            sums[match[2]] = match[1]
    if not faults and text != text_of(sums):
        faults.append((len(sums), "the lines are not in order, or the last one is cut"))
    return sums, faults
