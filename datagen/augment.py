"""Augmentation pipelines: albumentations transforms, by preset or from a file of the user's own.

A pipeline changes a glyph before it is framed. Every random choice comes from one generator that is
set from the sample's own seed, so a sample has the same bytes whatever the worker, the order or the
run; albumentations' own seeding repeats itself in forked workers and costs 40 µs a sample.

Our own transforms are called directly; runs of albumentations' go through `Compose`, which costs 20
µs for each of them.
"""

from datagen import transforms  # isort: skip  (first: it keeps albumentations from calling home)

import itertools
import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import albumentations as A  # noqa: N812
import numpy as np
import yaml
from numpy.typing import NDArray

from datagen.errors import UsageError, nearest
from datagen.transforms import Gray, InkTransform
from datagen.warp import Warp

Step = Mapping[str, Any]

OWN: Mapping[str, type[InkTransform]] = {
    "Warp": Warp,
    **{
        n: c
        for n, c in vars(transforms).items()
        if isinstance(c, type) and issubclass(c, InkTransform)
    },
}

PRESETS: Mapping[str, Sequence[Step]] = {
    "none": (),
    "light": (
        {"name": "Warp", "rotate": 5, "shear": 0.1, "scale": (0.9, 1.1), "elastic": 0.008, "p": 1},
        {"name": "StrokeWeight", "change": (-0.01, 0.013), "p": 0.5},
        {"name": "Blur", "p": 0.3},
        {"name": "Grain", "sigma": (1, 5), "p": 0.5},
    ),
    "print": (
        {"name": "Warp", "rotate": 3, "shear": 0.03, "perspective": 0.03, "p": 1},
        {"name": "StrokeWeight", "change": (-0.01, 0.016), "p": 0.5},
        {"name": "InkTexture", "uneven": 0.3, "breaks": 0.02, "cells": 17, "p": 0.4},
        {"name": "Paper", "texture": 10, "shadow": 40, "bleed": 0.15, "p": 0.5},
        {"name": "Coarse", "p": 0.2},
        {"name": "Blur", "p": 0.5},
        {"name": "Grain", "sigma": (1, 10), "p": 0.7},
        {"name": "Jpeg", "p": 0.3},
    ),
    "handwriting": (
        {
            "name": "Warp",
            "rotate": 12,
            "shear": 0.35,
            "scale": (0.75, 1.25),
            "perspective": 0.08,
            "elastic": 0.022,
            "p": 1,
        },
        {"name": "StrokeWeight", "change": (-0.024, 0.048), "p": 0.8},
        {"name": "InkTexture", "uneven": 0.6, "breaks": 0.04, "p": 0.4},
        {"name": "Paper", "texture": 10, "shadow": 40, "bleed": 0.1, "p": 0.3},
        {"name": "Blur", "p": 0.4},
        {"name": "Grain", "sigma": (1, 8), "p": 0.5},
        {"name": "Jpeg", "p": 0.2},
    ),
}


class Pipeline:
    """A pipeline whose result depends on the picture and the seed alone."""

    def __init__(self, steps: Sequence[Step], where: str = "pipeline") -> None:
        self._bits = np.random.Philox(key=0)
        self._state = self._bits.state
        self._python = random.Random(0)
        self._generator = np.random.Generator(self._bits)
        built = [_build(step, where) for step in steps]
        self._stages: list[tuple[float, Callable[[Gray], Gray]]] = []
        for own, run in itertools.groupby(built, lambda each: isinstance(each, InkTransform)):
            self._add(list(run), own)
        self._chances = len(self._stages)
        self._foreign = not all(isinstance(each, InkTransform) for each in built)

    def _add(self, run: list[Any], own: bool) -> None:
        if own:
            for transform in run:
                transform.set_random_state(self._generator, self._python)
                self._stages.append((transform.p, transform.draw))
            return
        compose = A.Compose(run)
        compose.set_random_state(self._generator, self._python)
        self._stages.append((1.0, lambda picture: _gray(compose(image=picture)["image"])))

    def __call__(self, picture: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Augment a picture.

        Args:
            picture: uint8, shape (height, width), ink bright on black.
            seed: 64-bit seed of the sample.

        Returns:
            uint8, two-dimensional; most pipelines keep the shape.
        """
        if not self._stages:
            return picture
        self._state["state"]["counter"][:] = 0
        self._state["state"]["key"][:] = (seed & 0xFFFFFFFFFFFFFFFF, 0)
        self._bits.state = self._state
        if self._foreign:
            self._python.seed(seed)
        chances = self._generator.random(self._chances).tolist()
        for chance, (probability, draw) in zip(chances, self._stages, strict=True):
            if chance < probability:
                picture = draw(picture)
        return picture


def _gray(picture: NDArray[np.uint8]) -> Gray:
    return np.asarray(picture if picture.ndim == 2 else picture[:, :, 0], np.uint8)


def load(preset: str) -> Pipeline:
    """Return the pipeline of a preset, or of a TOML or YAML file.

    A file holds a list `transforms`; each entry has the `name` of one of our transforms or of any
    albumentations transform, and its arguments.

    Raises:
        UsageError: There is no such preset or file, or a transform of it is wrong.
    """
    if preset in PRESETS:
        return Pipeline(PRESETS[preset], preset)
    path = Path(preset)
    if path.suffix.lower() not in (".toml", ".yaml", ".yml"):
        raise UsageError(
            f"augmentation {preset!r} is none of the presets {', '.join(PRESETS)} and no TOML or "
            f"YAML file{nearest(preset, list(PRESETS))}"
        )
    return Pipeline(_read(path), str(path))


def _read(path: Path) -> Sequence[Step]:
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix.lower() == ".toml" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path}: the pipeline can't be read ({reason})") from error
    steps = values.get("transforms") if isinstance(values, dict) else None
    if not isinstance(steps, list) or not all(isinstance(s, dict) and "name" in s for s in steps):
        raise UsageError(f"{path}: a pipeline is a list 'transforms' of tables with a 'name'")
    return steps


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
