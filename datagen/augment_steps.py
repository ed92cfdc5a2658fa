"""What a pipeline of augmentations consists of: the presets, and files of the user's own."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from datagen.errors import UsageError, nearest

Step = Mapping[str, Any]

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
        {"name": "Coarse", "pixels": (14, 90), "p": 0.3},
        {"name": "InkTexture", "uneven": 0.3, "breaks": 0.02, "cells": 17, "p": 0.4},
        {"name": "Paper", "texture": 10, "shadow": 40, "bleed": 0.15, "p": 0.5},
        {"name": "Blur", "p": 0.5},
        {"name": "Grain", "sigma": (1, 10), "p": 0.7},
        {"name": "Jpeg", "p": 0.3},
    ),
    # `handwriting` at half of its strength, with all of its joins: for what is drawn beside real
    # ink, which shows pens already.
    "mild": (
        {
            "name": "Pen",
            "width": (0.03, 0.2),
            "wander": 0.01,
            "sway": 4,
            "ends": 0.02,
            "rounding": 4,
            "p": 0.3,
        },
        {"name": "Warp", "rotate": 5, "shear": 0.1, "scale": (0.9, 1.1), "elastic": 0.008, "p": 1},
        {"name": "StrokeWeight", "change": (-0.01, 0.013), "p": 0.5},
        {"name": "Coarse", "pixels": (14, 90), "bilevel": 0.5, "p": 0.3},
        {"name": "Joins", "p": 0.25},
        {"name": "Neighbour", "width": (0.02, 0.15), "p": 0.12},
        {"name": "Rules", "p": 0.06},
        {"name": "Blur", "p": 0.3},
        {"name": "Grain", "sigma": (1, 5), "p": 0.5},
    ),
    "handwriting": (
        {
            "name": "Pen",
            "width": (0.03, 0.22),
            "wander": 0.02,
            "sway": 9,
            "ends": 0.03,
            "rounding": 5,
            "p": 0.7,
        },
        # Most writing is little askew and some of it much: a small warp for all, a large for some.
        {
            "name": "Warp",
            "rotate": 13,
            "shear": 0.4,
            "scale": (0.65, 1.35),
            "perspective": 0.12,
            "elastic": 0.03,
            "p": 0.45,
        },
        {
            "name": "Warp",
            "rotate": 6,
            "shear": 0.2,
            "scale": (0.85, 1.15),
            "perspective": 0.04,
            "elastic": 0.02,
            "p": 1,
        },
        {"name": "StrokeWidth", "width": (0.03, 0.18), "p": 0.4},
        {"name": "Coarse", "pixels": (14, 90), "bilevel": 0.5, "p": 0.5},
        {"name": "Joins", "p": 0.2},
        {"name": "InkTexture", "uneven": 0.6, "breaks": 0.04, "p": 0.2},
        {"name": "Neighbour", "width": (0.02, 0.15), "p": 0.12},
        {"name": "Rules", "p": 0.06},
        {"name": "Paper", "texture": 10, "shadow": 40, "bleed": 0.1, "p": 0.12},
        {"name": "Blur", "sigma": (0.006, 0.026), "p": 0.4},
        {"name": "Grain", "sigma": (1, 9), "p": 0.25},
        {"name": "Jpeg", "p": 0.1},
    ),
}


def steps_of(preset: str) -> Sequence[Step]:
    """Return the steps of a preset, or of a TOML or YAML file: each a name and its arguments.

    Raises:
        UsageError: There is no such preset or file, or it holds no list of steps.
    """
    if preset in PRESETS:
        return PRESETS[preset]
    path = Path(preset)
    if path.suffix.lower() not in (".toml", ".yaml", ".yml"):
        raise UsageError(
            f"augmentation {preset!r} is none of the presets {', '.join(PRESETS)} and no TOML or "
            f"YAML file{nearest(preset, list(PRESETS))}"
        )
    return _read(path)


def identity(preset: str, steps: Sequence[Step], name: str = "augmentation") -> dict[str, Any]:
    """Return what the record of a claim says of steps from a file, so that it can name a change.

    Empty for a preset, whose name and the version say it all. `name` is what they are called there.
    """
    if preset in PRESETS:
        return {}
    said = {
        f"{number} {step['name']}": {key: str(value) for key, value in step.items()}
        for number, step in enumerate(steps, 1)
    }
    return {name: said}


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
