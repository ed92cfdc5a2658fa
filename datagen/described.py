"""The files of a dataset that follow from its recipe, its classes and its finished shards alone."""

from collections.abc import Sequence
from pathlib import Path

from datagen import metadata, weights
from datagen.atomic import csv_text, write_text
from datagen.characters import CharacterTable
from datagen.recipe import Recipe
from datagen.recipe_toml import to_toml
from datagen.shards import SHARDS_CSV, Finished
from datagen.tally import count_classes

RECIPE = "recipe.toml"
CHARACTERS = "manifests/characters.csv"
LISTING = "manifests/shards.csv"
WEIGHTS = f"manifests/{weights.FILE}"


def describe(
    recipe: Recipe, characters: CharacterTable, done: Sequence[Finished]
) -> dict[str, bytes]:
    """Return each of these files' content by its path, in the order in which they are written."""
    rows = [[getattr(shard, column) for column in SHARDS_CSV] for shard in done]
    counts = count_classes(done, len(characters))
    texts = {
        RECIPE: to_toml(recipe),
        CHARACTERS: characters.to_csv(),
        LISTING: csv_text(SHARDS_CSV, rows),
        WEIGHTS: weights.table(characters, counts),
        **metadata.files(recipe, characters, done),
    }
    return {name: text.encode() for name, text in texts.items()}


def write(
    folder: Path, recipe: Recipe, characters: CharacterTable, done: Sequence[Finished]
) -> list[str]:
    """Write them; returns their paths."""
    files = describe(recipe, characters, done)
    for name, content in files.items():
        write_text(folder / name, content.decode())
    return list(files)
