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
from datagen.plan import DRAWN, REAL
from datagen.real import RealRows
from datagen.recipe import Recipe
from datagen.seeds import hex64
from datagen.shards import Finished, Shard

if TYPE_CHECKING:
    from datagen.drawn import Drawn
    from datagen.redraw import Redrawer
    from datagen.synthesis import Synthesizer


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
        steps: Of augmentation by drawn source, as they were when the build began: a file of them
            may change.
        pixels: File of framed real pixels: uint8, size × size a picture.
        ticket: File without which the build wants no shards any more; None for a process that ends
            with the build.
    """

    folder: Path
    recipe: Recipe
    characters: CharacterTable
    faces: Sequence[Face]
    families: Mapping[str, str]
    steps: Mapping[str, Sequence[Step]]
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
            augment.Pipeline(self.steps[name], source.preset),
            self.recipe.size,
            self.recipe.frame,
            self.recipe.seed,
            source.styles,
        )
        return Synthesizer(self.faces, self.families, self.characters, name, style)

    def redrawer(self) -> "Redrawer | None":
        """Return what draws real pictures again, or None where the recipe does not want it."""
        name = self.recipe.redrawn
        if name is None:
            return None
        from datagen.redraw import Redrawer

        size, seed = self.recipe.size, self.recipe.seed
        return Redrawer(name, self.steps[name], self.characters, size, seed)


class ShardWriter:
    """Writes the shards of one build in one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._synthesizer = context.synthesizer()
        self._redrawer = context.redrawer()

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
        wanted = [(label, number) for kind, label, number in entries if kind == DRAWN]
        made, again = iter(self._draw(task, wanted, taken)), iter(self._redraw(task, taken))
        real = self._read(task)
        for kind, label, _ in entries:
            if kind == REAL:
                sample, image = next(real)
            else:
                drawn = next(made) if kind == DRAWN else next(again)
                sample, image = drawn.sample, drawn.pixels.tobytes()
                rejected.extend(drawn.rejected)
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

    def _redraw(self, task: ShardTask, taken: NDArray[np.uint64]) -> "list[Drawn]":
        if not task.real.number.any():
            return []
        if self._redrawer is None:
            raise InputError("the plan redraws samples, but the recipe has no source that does")
        from datagen.redraw import Picture

        size = self._context.recipe.size
        pictures = [
            Picture(
                real.source, real.group, real.origin, real.label, real.number,
                np.frombuffer(image, np.uint8).reshape(size, size),
            )
            for real, image, _ in task.real.read(self._context.pixels, size, redrawn=True)
        ]  # fmt: skip
        return self._redrawer.draw_many(task.shard.split, pictures, taken)

    def _read(self, task: ShardTask) -> Iterator[tuple[Sample, bytes]]:
        """Yield the real pictures that are taken as they are."""
        codes, split = [c.codepoint for c in self._context.characters], task.shard.split
        found = task.real.read(self._context.pixels, self._context.recipe.size, redrawn=False)
        for real, image, digest in found:
            about = codes[real.label], real.label, split, real.source, real.group, real.origin
            yield Sample(hex64(real.id), *about, "", digest), image


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
