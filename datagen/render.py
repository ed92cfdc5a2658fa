"""Synthetic pictures as PNG files: a folder a class and one manifest."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from datagen import __version__, augment, augment_steps, characters, console, hands
from datagen.atomic import atomic_file, write_csv
from datagen.augment_steps import Step, steps_of
from datagen.characters import CharacterTable
from datagen.claim import claim
from datagen.errors import InputError, UsageError
from datagen.executor import Executor, default_workers
from datagen.fonts import Face
from datagen.fonts import fonts as audit_fonts
from datagen.frame import MIN_SIZE, Mode
from datagen.lock import hold
from datagen.manifest import COLUMNS, Rejected, Sample, write_rejected
from datagen.synthesis import Style, Synthesizer

_BATCH = 64  # pictures a task
_KIND = "render"


@dataclass(frozen=True)
class Rendered:
    """What was drawn.

    Attributes:
        folder: Where.
        pictures: How many pictures.
        classes: Of how many classes.
        families: From how many families of fonts.
        rejected: Draws that were thrown away on the way; `rejected.csv` lists them.
    """

    folder: Path
    pictures: int
    classes: int
    families: int
    rejected: int


@dataclass(frozen=True)
class _Context:
    folder: Path
    faces: Sequence[Face]
    characters: CharacterTable
    preset: str
    steps: Sequence[Step]
    size: int
    mode: Mode
    seed: int


@dataclass(frozen=True, slots=True)
class _Task:
    label: int
    first: int
    count: int


def render(
    out: Path,
    per_class: int,
    size: int = 64,
    seed: int = 0,
    characters_table: str | Path | None = None,
    fonts: Sequence[Path] = (),
    installed: bool = True,
    preset: str = "light",
    mode: Mode = "tight",
    workers: int | None = None,
    writers: int = 0,
) -> Rendered:
    """Draw pictures of every class from fonts, as `OUT/U+0041/ID.png` and `OUT/manifest.csv`.

    Args:
        out: Folder to write to; made where it is missing.
        per_class: Pictures of each class, exactly.
        size: Edge of a picture in pixels.
        seed: Changes every random choice.
        characters_table: A tracked table or a CSV file; None for the 89 classes.
        fonts: Folders or files of fonts beside the installed ones.
        installed: Whether the installed fonts are used.
        preset: Augmentation preset or pipeline file.
        mode: ``tight``, or ``em`` to keep place and size in the em box.
        workers: Number of processes; None for one a core.
        writers: How many writers of `datagen.hands` draw beside the fonts.

    Raises:
        UsageError: An argument is wrong.
        InputError: `out` holds something else, another process works in it, or no font has a
            class.
    """
    workers = default_workers() if workers is None else workers
    for name, value, least in (
        ("per_class", per_class, 1),
        ("size", size, MIN_SIZE),
        ("workers", workers, 1),
        ("writers", writers, 0),
    ):
        if value < least:
            raise UsageError(f"{name} (={value}) must be at least {least}")
    steps = steps_of(preset)
    augment.Pipeline(steps, preset)  # a wrong one is told before anything is read or written
    table = characters.load(characters_table)
    audit = audit_fonts(fonts, None, table, installed, workers)
    if not audit.faces:
        raise InputError("no usable font was found; install some or name folders of fonts")
    faces = audit.faces + hands.faces(writers, table.labels)
    context = _Context(out, faces, table, preset, steps, size, mode, seed)
    with hold(out, _KIND):
        claim(out, _KIND, _identity(context, per_class))
        samples, rejected = _run(context, per_class, workers)
        rows = ((f"{s.codepoint}/{s.id}.png", *s) for s in samples)
        write_rejected(out / "rejected.csv", rejected)
        write_csv(out / "manifest.csv", ("path", *COLUMNS), rows)
    families = len({face.family for face in faces})
    return Rendered(out, len(samples), len(table), families, len(rejected))


def _identity(context: _Context, per_class: int) -> dict[str, Any]:
    """What the pictures depend on."""
    faces = "\n".join(f"{f.sha256} {f.index} {f.labels}" for f in context.faces)
    return {
        "version": __version__,
        "characters": context.characters.digest,
        "fonts": hashlib.sha256(faces.encode()).hexdigest(),
        **{name: str(getattr(context, name)) for name in ("preset", "size", "mode", "seed")},
        "per_class": str(per_class),
        **augment_steps.identity(context.preset, context.steps),
    }


def _run(context: _Context, per_class: int, workers: int) -> tuple[list[Sample], list[Rejected]]:
    samples: list[Sample] = []
    rejected: list[Rejected] = []
    total = per_class * len(context.characters)
    with (
        Executor(_draw, workers, _setup, (context,)) as executor,
        console.progress("drawing", total, "images") as advance,
    ):
        for _, (drawn, dropped) in executor.run(_tasks(len(context.characters), per_class)):
            samples += drawn
            rejected += dropped
            advance(len(drawn))
    return samples, rejected


def _tasks(classes: int, per_class: int) -> Iterator[_Task]:
    for label in range(classes):
        for first in range(0, per_class, _BATCH):
            yield _Task(label, first, min(_BATCH, per_class - first))


_context: _Context | None = None
_synthesizer: Synthesizer | None = None


def _setup(context: _Context) -> None:
    global _context, _synthesizer
    pipeline = augment.Pipeline(context.steps, context.preset)
    style = Style(pipeline, context.size, context.mode, context.seed, {})
    families = {face.group: "train" for face in context.faces}
    _context = context
    _synthesizer = Synthesizer(context.faces, families, context.characters, "fonts", style)


def _draw(task: _Task) -> tuple[list[Sample], list[Rejected]]:
    if _context is None or _synthesizer is None:
        raise InputError("_setup() has to run before the first task")
    samples = []
    rejected: list[Rejected] = []
    numbers = range(task.first, task.first + task.count)
    for drawn in _synthesizer.draw_many("train", [(task.label, number) for number in numbers]):
        rejected += drawn.rejected
        samples.append(drawn.sample)
        path = _context.folder / drawn.sample.codepoint / f"{drawn.sample.id}.png"
        done, data = cv2.imencode(".png", drawn.pixels)
        if not done:
            raise InputError(f"{path}: the picture can't be encoded as PNG")
        with atomic_file(path, durable=False) as file:
            file.write(data.tobytes())
    return samples, rejected
