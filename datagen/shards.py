"""One shard: a TFRecord file, its manifest, and the small record that says it is finished.

The record is written last. A shard without it does not exist; a shard with it is never written
again. That is all there is to resuming.
"""

import base64
import binascii
import hashlib
import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from datagen import manifest, tfrecord
from datagen.atomic import atomic_file, csv_text, write_text
from datagen.claim import STATE
from datagen.errors import InputError
from datagen.manifest import Rejected, Sample

SHARDS_CSV = ("file", "split", "records", "bytes", "sha256")


@dataclass(frozen=True, slots=True)
class Shard:
    """Which shard of how many.

    Attributes:
        dataset: Name of the dataset.
        split: ``train``, ``validation`` or ``test``.
        index: From 0.
        count: Shards of this split.
    """

    dataset: str
    split: str
    index: int
    count: int

    @property
    def suffix(self) -> str:
        """``00000-of-00008``."""
        return f"{self.index:05d}-of-{self.count:05d}"

    @property
    def file(self) -> str:
        """Name of the TFRecord file, as TFDS expects it."""
        return f"{self.dataset}-{self.split}.tfrecord-{self.suffix}"

    @property
    def manifest(self) -> str:
        """Path of the shard's manifest within the dataset."""
        return f"manifests/{self.split}-{self.suffix}.csv"

    @property
    def done(self) -> str:
        """Path of the record that says the shard is finished."""
        return f"{STATE}/{self.split}-{self.suffix}.json"


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known of a finished shard.

    Attributes:
        file: Name of the TFRecord file.
        split: Its split.
        records: Number of records.
        bytes: Size of the file.
        sha256: Of the file, hexadecimal.
        rejected: Draws that were thrown away on the way.
        counts: Records by source and label: (source, label, records), sorted.
        manifest: SHA-256 of its manifest, hexadecimal.
        rows: What `row_checks` gives for its manifest, base64.
    """

    file: str
    split: str
    records: int
    bytes: int
    sha256: str
    rejected: tuple[Rejected, ...] = ()
    counts: tuple[tuple[str, int, int], ...] = ()
    manifest: str = ""
    rows: str = ""


def write(
    folder: Path,
    shard: Shard,
    samples: list[Sample],
    payloads: list[bytes],
    rejected: list[Rejected],
) -> Finished:
    """Write a shard, its manifest and then its record.

    Args:
        folder: The dataset.
        shard: Which one.
        samples: One manifest row a record.
        payloads: Serialised records, in the same order.
        rejected: Draws that were thrown away on the way.
    """
    content = b"".join(map(tfrecord.frame_record, payloads))
    with atomic_file(folder / shard.file) as file:
        file.write(content)
    rows = csv_text(manifest.COLUMNS, samples).encode("utf-8", "surrogateescape")
    with atomic_file(folder / shard.manifest) as file:
        file.write(rows)
    counts = Counter((sample.source, sample.label) for sample in samples)
    done = Finished(
        file=shard.file,
        split=shard.split,
        records=len(samples),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rejected=tuple(rejected),
        counts=tuple((*key, count) for key, count in sorted(counts.items())),
        manifest=hashlib.sha256(rows).hexdigest(),
        rows=row_checks(rows),
    )
    write_text(folder / shard.done, json.dumps(asdict(done)) + "\n")
    return done


def row_checks(content: bytes) -> str:
    """Return a CRC-16 of each line of a manifest, base64: they tell which line was changed."""
    checks = [binascii.crc_hqx(line, 0) for line in content.split(b"\n")]
    return base64.b64encode(struct.pack(f"<{len(checks)}H", *checks)).decode()


def read_checks(text: str) -> tuple[int, ...]:
    """Read what `row_checks` wrote; nothing where it is damaged."""
    try:
        data = base64.b64decode(text, validate=True)
        return struct.unpack(f"<{len(data) // 2}H", data)
    except (ValueError, struct.error):
        return ()


def finished(folder: Path, shard: Shard) -> Finished | None:
    """Return the record of a finished shard; None where it is not finished.

    A file that went missing or changed its size since makes the shard unfinished.
    """
    done = recorded(folder, shard)
    try:
        whole = done is not None and (folder / shard.file).stat().st_size == done.bytes
    except OSError:
        return None
    return done if whole and (folder / shard.manifest).exists() else None


def recorded(folder: Path, shard: Shard) -> Finished | None:
    """Return the record of a shard, whether or not its files are there; None where none is."""
    try:
        values = json.loads((folder / shard.done).read_text(encoding="utf-8"))
        values["rejected"] = tuple(Rejected(*row) for row in values["rejected"])
        values["counts"] = tuple((s, int(label), int(n)) for s, label, n in values["counts"])
        done = Finished(**values)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    numbers = isinstance(done.records, int) and isinstance(done.bytes, int)
    texts = all(isinstance(text, str) for text in (done.sha256, done.manifest, done.rows))
    return done if numbers and texts and done.manifest else None


def read(path: Path, size: int) -> Iterator[tfrecord.Record]:
    """Yield the records of a shard, proving every checksum.

    Raises:
        InputError: The file is missing or damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the shard can't be read ({error.strerror})") from error
    for number, payload in enumerate(tfrecord.read_frames(data, str(path))):
        try:
            yield tfrecord.decode(payload, size)
        except InputError as error:
            raise InputError(f"{path}: record {number}: {error}") from error
