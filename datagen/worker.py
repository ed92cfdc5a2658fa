"""What a process does with one shard of a plan: draw or read, encode, write.

A shard is a pure function of its task and of the context that each process gets once; nothing in it
depends on which process runs it, when, or how often.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen import shards, tfrecord, ticket
from datagen.augment_steps import Step
from datagen.characters import CharacterTable
from datagen.errors import InputError
from datagen.fonts import Face
from datagen.manifest import SPLITS, Rejected, Sample
from datagen.recipe import Recipe
from datagen.seeds import hex64
from datagen.shards import Finished, Shard

if TYPE_CHECKING:
    from datagen.synthesis import Drawn, Synthesizer


@dataclass(frozen=True, slots=True)
class RealRows:
    """The real pictures of a shard, in its order: an entry a picture in each column.

    Attributes:
        row: Number in the file of framed pixels.
        id: uint64, the id.
        picture: uint64, the first 64 bits of the SHA-256 of the framed pixels.
        source: Name of the source.
        group: What must not cross splits.
        origin: Where the picture comes from.
    """

    row: NDArray[np.uint32]
    id: NDArray[np.uint64]
    picture: NDArray[np.uint64]
    source: Sequence[str]
    group: Sequence[str]
    origin: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to write.

    Attributes:
        shard: Which one.
        entries: Its samples in order; dtype `plan.ENTRY`.
        real: The real pictures among them.
        taken: File of the sorted hashes of pictures that other splits hold (uint64, .npy).
    """

    shard: Shard
    entries: NDArray[np.void]
    real: RealRows
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
        steps: Of augmentation, as they were when the build began: a file of them may change.
        pixels: File of framed real pixels: uint8, size × size a picture.
        ticket: File without which the build wants no shards any more; None for a process that ends
            with the build.
    """

    folder: Path
    recipe: Recipe
    characters: CharacterTable
    faces: Sequence[Face]
    families: Mapping[str, str]
    steps: Sequence[Step]
    pixels: Path
    ticket: Path | None = None

    def synthesizer(self) -> "Synthesizer | None":
        """Return what draws this build's samples, or None where the recipe draws nothing."""
        name = self.recipe.drawn
        if name is None:
            return None
        from datagen import augment  # slow to load
        from datagen.synthesis import Style, Synthesizer

        source = self.recipe.sources[name]
        style = Style(
            augment.Pipeline(self.steps, source.preset),
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
            InputError: A sample can't be drawn, or the build has ended meanwhile.
        """
        self._check_ticket()
        taken = np.load(task.taken)
        samples: list[Sample] = []
        payloads: list[bytes] = []
        rejected: list[Rejected] = []
        entries = task.entries.tolist()
        wanted = [(label, number) for drawn, label, number in entries if drawn]
        made, real = iter(self._draw(task, wanted, taken)), self._read(task)
        for is_drawn, label, _ in entries:
            if is_drawn:
                drawn = next(made)
                sample, image = drawn.sample, drawn.pixels.tobytes()
                rejected.extend(drawn.rejected)
            else:
                sample, image = next(real)
            samples.append(sample)
            payloads.append(tfrecord.serialise(image, label, sample.id, sample.source))
        self._check_ticket()
        return shards.write(self._context.folder, task.shard, samples, payloads, rejected)

    def proof(self) -> str:
        """Return the hash of a record of each class: machines that agree in it may share a build.

        Empty where nothing is drawn.
        """
        if self._synthesizer is None:
            return ""
        digest = hashlib.sha256()
        for split in sorted(set(self._context.families.values()).intersection(SPLITS)):
            labels = range(len(self._context.characters))
            wanted = [(label, 0) for label in labels if self._synthesizer.has(split, label)]
            for (label, _), made in zip(
                wanted, self._synthesizer.draw_many(split, wanted), strict=True
            ):
                id_, source = made.sample.id, made.sample.source
                digest.update(tfrecord.serialise(made.pixels.tobytes(), label, id_, source))
        return digest.hexdigest()

    def _check_ticket(self) -> None:
        if not ticket.holds(self._context.ticket):
            raise InputError(f"{self._context.folder}: the build that wanted this has ended")

    def _draw(
        self, task: ShardTask, wanted: list[tuple[int, int]], taken: NDArray[np.uint64]
    ) -> "list[Drawn]":
        if not wanted:
            return []
        if self._synthesizer is None:
            raise InputError("the plan draws samples, but the recipe has no source of kind 'fonts'")
        return self._synthesizer.draw_many(task.shard.split, wanted, taken)

    def _read(self, task: ShardTask) -> Iterator[tuple[Sample, bytes]]:
        """Yield the real pictures. They are read one by one: a map would count as memory."""
        real, split = task.real, task.shard.split
        labels = task.entries["label"][~task.entries["drawn"]].tolist()
        ids, numbers = real.id.tolist(), real.picture.tolist()
        columns = zip(
            real.row.tolist(),
            labels,
            ids,
            numbers,
            real.source,
            real.group,
            real.origin,
            strict=True,
        )
        codes = [c.codepoint for c in self._context.characters]
        size = self._context.recipe.size**2
        with self._context.pixels.open("rb", buffering=0) as file:
            for row, label, id_, picture, source, group, origin in columns:
                file.seek(row * size)
                image = file.read(size)
                digest = hashlib.sha256(image).hexdigest()
                if int(digest[:16], 16) != picture:
                    raise InputError(
                        f"{self._context.pixels}: the pixels of {origin} changed while they were "
                        "in use; run the build again"
                    )
                code, name = codes[label], hex64(id_)
                yield Sample(name, code, label, split, source, group, origin, "", digest), image


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


def proof() -> str:
    """Return `ShardWriter.proof` of a process that `setup` has prepared."""
    return "" if _writer is None else _writer.proof()
