"""The files beside the shards that let TFDS open the folder without any code of ours.

`tfds.builder_from_directory` reads `dataset_info.json` (splits and shard lengths), `features.json`
(how to decode a record) and `label.labels.txt` (class names). They are plain JSON, so they are
written here as TFDS 4 writes them, without importing it or TensorFlow.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datagen import __version__
from datagen.atomic import write_text
from datagen.characters import CharacterTable
from datagen.manifest import SPLITS
from datagen.recipe import Recipe
from datagen.shards import Finished

_FEATURES = "tensorflow_datasets.core.features"


def write(
    folder: Path, recipe: Recipe, characters: CharacterTable, shards: Sequence[Finished]
) -> None:
    """Write TFDS' three files; `dataset_info.json` comes last and says that all is there."""
    for name, text in files(recipe, characters, shards).items():
        write_text(folder / name, text)


def files(recipe: Recipe, characters: CharacterTable, shards: Sequence[Finished]) -> dict[str, str]:
    """Return the text of TFDS' three files by name."""
    return {
        "label.labels.txt": "".join(f"{c.char}\n" for c in characters),
        "features.json": _json(features(recipe.size, len(characters))),
        "dataset_info.json": _json(dataset_info(recipe, characters, shards)),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def features(size: int, classes: int) -> dict[str, Any]:
    """Return `features.json`: how TFDS decodes a record."""
    text = {"pythonClassName": f"{_FEATURES}.text_feature.Text", "text": {}}
    image = {
        "pythonClassName": f"{_FEATURES}.tensor_feature.Tensor",
        "tensor": {
            "dtype": "uint8",
            "encoding": "bytes",
            "shape": {"dimensions": [str(size), str(size), "1"]},
        },
    }
    label = {
        "pythonClassName": f"{_FEATURES}.class_label_feature.ClassLabel",
        "classLabel": {"numClasses": str(classes)},
    }
    return {
        "pythonClassName": f"{_FEATURES}.features_dict.FeaturesDict",
        "featuresDict": {"features": {"id": text, "image": image, "label": label, "source": text}},
    }


def dataset_info(
    recipe: Recipe, characters: CharacterTable, shards: Sequence[Finished]
) -> dict[str, Any]:
    """Return `dataset_info.json`: name, version, splits and shard lengths."""
    splits = []
    for split in SPLITS:
        parts = [shard for shard in shards if shard.split == split]
        if parts:
            splits.append(
                {
                    "name": split,
                    "numBytes": str(sum(shard.bytes for shard in parts)),
                    "shardLengths": [str(shard.records) for shard in parts],
                    "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
                }
            )
    return {
        "name": recipe.name,
        "version": "1.0.0",
        "description": (
            f"Images of {len(characters)} characters and symbols, {recipe.size}x{recipe.size}, ink "
            f"bright on black, built with Math Vision {__version__}; recipe.toml says how."
        ),
        "fileFormat": "tfrecord",
        "moduleName": "datagen",
        "splits": splits,
        "supervisedKeys": {"tuple": {"items": [{"featureKey": "image"}, {"featureKey": "label"}]}},
    }
