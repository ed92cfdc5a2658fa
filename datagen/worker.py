"""What a process does with one shard of a plan: draw or read, encode, write.

A shard is a pure function of its task and of the context that each process gets once; nothing in it
depends on which process runs it, when, or how often.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import augment, shards, tfrecord
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.fonts import Face
from datagen.manifest import Rejected, Sample
from datagen.recipe import Recipe
from datagen.seeds import hex64
from datagen.shards import Finished, Shard
from datagen.synthesis import Style, Synthesizer


@dataclass(frozen=True, slots=True)
class RealRow:
    """A real picture of a shard.

    Attributes:
        row: Its number in the file of framed pixels.
        id: 64-bit id.
        picture: First 64 bits of the SHA-256 of its framed pixels.
        source: Name of its source.
        group: What must not cross splits.
        origin: Where it comes from.
    """

    row: int
    id: int
    picture: int
    source: str
    group: str
    origin: str


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to write.

    Attributes:
        shard: Which one.
        entries: Its samples in order; dtype `plan.ENTRY`.
        real: The real pictures among them, by their row.
        taken: File of the sorted hashes of pictures that other splits hold (uint64, .npy).
    """

    shard: Shard
    entries: NDArray[np.void]
    real: Mapping[int, RealRow]
    taken: Path


@dataclass(frozen=True)
class Context:
    """What every shard of a build needs.

    Attributes:
        folder: The dataset.
        recipe: As resolved.
        characters: The classes.
        faces: Audited faces.
        families: Split by group of families.
        pixels: File of framed real pixels: uint8, size × size a picture.
    """

    folder: Path
    recipe: Recipe
    characters: CharacterTable
    faces: Sequence[Face]
    families: Mapping[str, str]
    pixels: Path

    def synthesizer(self) -> Synthesizer | None:
        """Return what draws this build's samples, or None where the recipe draws nothing."""
        name = self.recipe.drawn
        if name is None:
            return None
        source = self.recipe.sources[name]
        style = Style(
            augment.load(source.preset),
            self.recipe.size,
            self.recipe.frame,
            self.recipe.seed,
            source.styles,
        )
        return Synthesizer(self.faces, self.families, self.characters, name, style)


class ShardWriter:
    """Writes the shards of one build in one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._synthesizer = context.synthesizer()

    def write(self, task: ShardTask) -> Finished:
        """Write one shard and its manifest.

        Raises:
            InputError: A sample can't be drawn, or the disk is full.
        """
        size = self._context.recipe.size
        pixels = _open_pixels(self._context.pixels, size)
        taken = np.load(task.taken)
        samples: list[Sample] = []
        payloads: list[bytes] = []
        rejected: list[Rejected] = []
        for drawn, label, item in task.entries.tolist():
            if drawn:
                sample, image = self._draw(task, label, item, taken, rejected)
            else:
                sample, image = self._read(task, label, task.real[item], pixels)
            samples.append(sample)
            payloads.append(
                tfrecord.encode(tfrecord.Record(image, label, sample.id, sample.source))
            )
        return shards.write(self._context.folder, task.shard, samples, payloads, rejected)

    def _draw(
        self,
        task: ShardTask,
        label: int,
        number: int,
        taken: NDArray[np.uint64],
        rejected: list[Rejected],
    ) -> tuple[Sample, NDArray[np.uint8]]:
        if self._synthesizer is None:
            raise InputError("the plan draws samples, but the recipe has no source of kind 'fonts'")
        drawn = self._synthesizer.draw(task.shard.split, label, number, taken)
        rejected.extend(drawn.rejected)
        return drawn.sample, drawn.pixels

    def _read(
        self, task: ShardTask, label: int, row: RealRow, pixels: NDArray[np.uint8]
    ) -> tuple[Sample, NDArray[np.uint8]]:
        image = np.array(pixels[row.row])
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        if int(digest[:16], 16) != row.picture:
            raise InputError(
                f"{self._context.pixels}: the pixels of {row.origin} changed while they were in "
                "use; run the build again"
            )
        sample = Sample(
            id=hex64(row.id),
            codepoint=self._context.characters[label].codepoint,
            label=label,
            split=task.shard.split,
            source=row.source,
            group=row.group,
            origin=row.origin,
            seed="",
            sha256=digest,
        )
        return sample, image


def _open_pixels(path: Path, size: int) -> NDArray[np.uint8]:
    count = path.stat().st_size // (size * size) if path.exists() else 0
    if count == 0:
        return np.zeros((0, size, size), np.uint8)
    return np.memmap(path, np.uint8, "r", shape=(count, size, size))


_writer: ShardWriter | None = None


def setup(context: Context) -> None:
    """Prepare a process for the shards of one build."""
    global _writer
    _writer = ShardWriter(context)


def write_shard(task: ShardTask) -> Finished:
    """Write one shard in a process that `setup` has prepared."""
    if _writer is None:
        raise InputError("setup() has to run before the first shard")
    return _writer.write(task)
