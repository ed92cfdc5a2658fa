"""What the bytes of a dataset depend on: two builds that agree in it write the same dataset."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from datagen import __version__, augment_steps
from datagen.augment_steps import Step
from datagen.characters import CharacterTable
from datagen.decisions import Decisions
from datagen.fonts import FontAudit
from datagen.recipe import Recipe


def identity(
    recipe: Recipe,
    audit: FontAudit,
    table: CharacterTable,
    decided: Decisions,
    steps: Mapping[str, Sequence[Step]],
    stamps: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the record of a claim says of a build, so that it can name a change.

    Args:
        recipe: As resolved.
        audit: Of its fonts.
        table: The classes.
        decided: Decisions on single pictures.
        steps: Of augmentation, by drawn source.
        stamps: What tells the contents of each real source.
    """
    fonts = "\n".join(f"{f.sha256} {f.index} {f.group} {f.labels}" for f in audit.faces)
    said: dict[str, Any] = {
        "version": __version__,
        "recipe": recipe.model_dump(mode="json"),
        "characters": table.to_csv(),
        "decisions": decided.digest,
        "fonts": hashlib.sha256(fonts.encode()).hexdigest(),
        **stamps,
    }
    for name, each in steps.items():
        preset = recipe.sources[name].preset
        said |= augment_steps.identity(preset, each, f"augmentation of {name}")
    return said
