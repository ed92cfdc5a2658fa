"""Augmentation pipelines: albumentations transforms, by preset or from a file of the user's own.

A pipeline changes a glyph before it is framed. Every random choice comes from the sample's own
seed, so a sample has the same bytes whatever the worker, the order or the run; albumentations' own
seeding repeats itself in forked workers.

Our own transforms are called directly; runs of albumentations' go through `Compose`.
"""

from datagen import capture, remains  # isort: skip  (first: it keeps albumentations from calling home)

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import albumentations as A  # noqa: N812
import numpy as np
from numpy.typing import NDArray

from datagen.augment_steps import Step, steps_of
from datagen.errors import UsageError, nearest
from datagen.pen import Pen
from datagen.seeds import table
from datagen.shapes import Mask, Shapes
from datagen.transforms import Gray, InkTransform, Numbers, ShapeTransform
from datagen.warp import Warp
from datagen.weight import StrokeWeight, StrokeWidth

OWN: Mapping[str, type[InkTransform]] = {
    each.__name__: each
    for each in (
        Pen,
        Warp,
        StrokeWeight,
        StrokeWidth,
        capture.InkTexture,
        capture.Paper,
        capture.Blur,
        capture.Coarse,
        capture.Grain,
        capture.Jpeg,
        remains.Rules,
        remains.Joins,
        remains.Neighbour,
    )
}


class _Stage(NamedTuple):
    """A step: which of a picture's numbers are its own, the first for whether it is done."""

    p: float
    column: int
    own: InkTransform | None
    other: Callable[[Gray, int], Gray] | None


class Pipeline:
    """A pipeline whose result depends on the picture and its seed alone.

    The first steps, as long as they are transforms of shapes, are done to glyphs before they become
    pixels; the others to pictures, many at once.
    """

    def __init__(self, steps: Sequence[Step], where: str = "pipeline") -> None:
        self._stages: list[_Stage] = []
        self._count = 0
        built = [_build(step, where) for step in steps]
        for own, run in itertools.groupby(built, lambda each: isinstance(each, InkTransform)):
            self._add(list(run), own)
        shaped = [isinstance(stage.own, ShapeTransform) for stage in self._stages]
        self._shaped = [*shaped, False].index(False)

    def _add(self, run: list[Any], own: bool) -> None:
        if own:
            for transform in run:
                self._stages.append(_Stage(transform.p, self._count, transform, None))
                self._count += 1 + transform.numbers
        else:
            self._stages.append(_Stage(1.0, self._count, None, _composed(run)))
            self._count += 1

    def numbers(self, seeds: NDArray[np.uint64], text: str = "") -> Numbers:
        """Return the random numbers of samples, float32, a row a seed.

        Args:
            seeds: uint64, shape (n,).
            text: The n characters that are shown, where that is known: what is for letters only is
                then not done to the others.
        """
        u = table(seeds, self._count)
        others = [row for row, char in enumerate(text) if not char.isalpha()]
        for stage in self._stages:
            if stage.own is not None and stage.own.letters_only:
                u[others, stage.column] = 1.0  # above every probability
        return u

    @property
    def writes(self) -> bool:
        """Whether the first step is a pen."""
        return self._shaped > 0 and isinstance(self._stages[0].own, Pen)

    def pens(self, u: Numbers) -> Mask:
        """Say which glyphs are to be drawn with a pen."""
        if not self.writes:
            return np.zeros(len(u), np.bool_)
        return u[:, self._stages[0].column] < self._stages[0].p

    def bend(self, shapes: Shapes, u: Numbers) -> None:
        """Do the steps that shapes take, in place."""
        for stage in self._stages[: self._shaped]:
            if isinstance(stage.own, ShapeTransform):
                stage.own.bend(shapes, u[:, stage.column] < stage.p, _own(stage, u))

    def change(
        self, pictures: Gray, u: Numbers, seeds: NDArray[np.uint64], first: int | None = None
    ) -> Sequence[Gray]:
        """Do the steps that pictures take.

        Args:
            pictures: uint8, shape (n, height, width), ink bright on black; changed itself.
            u: From `numbers`.
            seeds: uint64, shape (n,).
            first: The first step that is done; None for the first that shapes do not take.

        Returns:
            n pictures, uint8, two-dimensional; most pipelines keep the shape.
        """
        kept: Any = pictures
        for stage in self._stages[self._shaped if first is None else first :]:
            rows = np.flatnonzero(u[:, stage.column] < stage.p)
            if stage.own is not None and isinstance(kept, np.ndarray):
                if len(rows) == len(kept):
                    kept = stage.own.change(kept, _own(stage, u))
                elif len(rows):
                    kept[rows] = stage.own.change(kept[rows], _own(stage, u)[rows])
                continue
            kept = list(kept)
            for row in rows.tolist():
                if stage.own is not None:
                    one = _own(stage, u[row : row + 1])
                    kept[row] = stage.own.change(kept[row][None].copy(), one)[0]
                elif stage.other is not None:
                    kept[row] = stage.other(kept[row], int(seeds[row]) + stage.column)
        return list(kept)

    def __call__(self, picture: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Do all steps to one picture.

        Args:
            picture: uint8, shape (height, width), ink bright on black.
            seed: 64-bit seed of the sample.

        Returns:
            uint8, two-dimensional; most pipelines keep the shape.
        """
        seeds = np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64)
        return self.change(picture[None].copy(), self.numbers(seeds), seeds, 0)[0]


def _own(stage: _Stage, u: Numbers) -> Numbers:
    count = stage.own.numbers if stage.own is not None else 0
    return u[:, stage.column + 1 : stage.column + 1 + count]


def _composed(run: list[Any]) -> Callable[[Gray, int], Gray]:
    """Run albumentations' transforms; their random numbers come from the sample's seed."""
    compose = A.Compose(run)

    def change(picture: Gray, seed: int) -> Gray:
        bits = np.random.Philox(key=seed & 0xFFFFFFFFFFFFFFFF)
        compose.set_random_state(np.random.Generator(bits), random.Random(seed))
        changed = compose(image=picture)["image"]
        return np.asarray(changed if changed.ndim == 2 else changed[:, :, 0], np.uint8)

    return change


def load(preset: str) -> Pipeline:
    """Return the pipeline of a preset, or of a TOML or YAML file.

    A file holds a list `transforms`; each entry has the `name` of one of our transforms or of any
    albumentations transform, and its arguments.

    Raises:
        UsageError: There is no such preset or file, or a transform of it is wrong.
    """
    return Pipeline(steps_of(preset), preset)


def _build(step: Step, where: str) -> Any:
    arguments = {
        key: tuple(value) if isinstance(value, list) else value for key, value in step.items()
    }
    name = str(arguments.pop("name"))
    factory = OWN.get(name) or getattr(A, name, None)
    if not (isinstance(factory, type) and issubclass(factory, A.BasicTransform)):
        raise UsageError(f"{where}: there is no transform {name!r}{nearest(name, _names())}")
    accepted = _accepted(factory)
    for key in arguments:
        if key not in accepted:
            raise UsageError(f"{where}: {name} has no argument {key!r}{nearest(key, accepted)}")
    try:
        return factory(**arguments)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{where}: {name}: {reason}") from error


def _accepted(factory: Any) -> list[str]:
    import inspect

    return [name for name in inspect.signature(factory.__init__).parameters if name != "self"]


def _names() -> list[str]:
    found = [n for n, v in vars(A).items() if isinstance(v, type)]
    return [*OWN, *(n for n in found if issubclass(getattr(A, n), A.BasicTransform))]
