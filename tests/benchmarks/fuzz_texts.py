"""Targets of `fuzz.py` that are text: tables, recipes, pipelines, forms."""

import functools
import tomllib
from pathlib import Path

from fuzz_common import CLASSES, PLACE, choose, put

from datagen import (
    characters,
    decisions,
    forms,
    manifest,
    recipe,
    recipe_toml,
    tables,
)
from datagen.sources import emnist, folder, open_source, table  # noqa: F401


def read_manifest(data: bytes) -> object:
    path = put("manifest.csv", data)
    rows = tables.read(path, CLASSES)
    if rows[list(manifest.COLUMNS)].isna().to_numpy().any():
        raise AssertionError("a value is missing")
    manifest.write(path, rows[list(manifest.COLUMNS)].itertuples(index=False))
    again = tables.read(path, CLASSES)
    if not again[list(manifest.COLUMNS)].equals(rows[list(manifest.COLUMNS)]):
        raise AssertionError("a manifest that was written reads otherwise")
    return rows


def manifests() -> list[bytes]:
    rows = [
        manifest.Sample(
            f"{n:016x}", c.codepoint, c.label, "train", "a", f"g{n}", "o#1", "", "a" * 64
        )
        for n, c in enumerate(CLASSES)
    ]
    manifest.write(PLACE / "seed.csv", rows[:4])
    return [(PLACE / "seed.csv").read_bytes()]


def read_characters(data: bytes) -> object:
    found = characters.load(put("characters.csv", data))
    if characters.parse(found.to_csv()).to_csv() != found.to_csv():
        raise AssertionError("a table that was written reads otherwise")
    return [found.find(name) for c in found for name in (c.char, c.codepoint)], found.shapes


def read_decisions(data: bytes) -> object:
    return decisions.read([put("decisions.csv", data)], CLASSES).digest


def read_recipe(data: bytes) -> object:
    found = recipe.load(put("recipe.toml", data))
    again = recipe.parse(tomllib.loads(recipe_toml.to_toml(found)))
    if again != found and "nan" not in repr(found):
        raise AssertionError("a recipe that was written reads otherwise")
    return again


def recipes() -> list[bytes]:
    texts = [Path(recipe.__file__).with_name("recipes") / f"{n}.toml" for n in recipe.shipped()]
    own = b'seed=1\n[train]\nper_class=3\n[sources.a]\npath="x"\noptions={part="byclass", n=1.5}\n'
    return [own, *(path.read_bytes() for path in texts)]


def read_pipeline(data: bytes) -> object:
    from datagen import augment

    kind, data = choose(data, (".toml", ".yaml"))
    return augment.load(str(put(f"pipeline{kind}", data)))


def read_forms(data: bytes) -> object:
    return forms.read(data.decode("utf-8", "surrogateescape"), "forms.txt")


def some_forms() -> list[bytes]:
    text = Path(forms.__file__).with_name("signs.txt").read_bytes()
    return [text[:400], text[400:1200], b"U+0041\n 1,2 3,4! 5,-6.5 | 7,8\n *3 0,0\n"]


DATASET = ("manifests/shards.csv", "recipe.toml", "dataset_info.json", "manifests/characters.csv")


def read_dataset(data: bytes) -> object:
    """Open a dataset one of whose descriptions is the input, as verify and the trainer do."""
    from datagen import verify
    from trainer import dataset

    name, data = choose(data, DATASET)
    for other, content in {**_dataset(), name: data}.items():
        put(f"dataset/{other}", content)
    verify.open_dataset(PLACE / "dataset")
    return dataset.open_dataset(PLACE / "dataset")


@functools.cache
def _dataset() -> dict[str, bytes]:
    rows = "file,split,records,bytes,sha256\n"
    rows += f"a-train.tfrecord-00000-of-00001,train,2,3,{'a' * 64}\n"
    info = '{"splits": [{"name": "train", "shardLengths": ["2"]}]}'
    texts = (rows, 'name = "a"\nsize = 32\n[sources.a]\npath = "x"\n', info, FEW)
    shard = {"a-train.tfrecord-00000-of-00001": b"abc"}
    return {**{n: text.encode() for n, text in zip(DATASET, texts, strict=True)}, **shard}


def datasets() -> list[bytes]:
    return [bytes([number]) + _dataset()[name] for number, name in enumerate(DATASET)]


FEW = "".join(CLASSES.to_csv().splitlines(keepends=True)[:7])
DECISIONS = (
    b"id,verdict,codepoint,who,when\n0123456789abcdef,relabel,U+0041,me,2024-01-01\n"
    b"0123456789abcdef,drop,,you,2024-02-01\n"
)
PIPELINES = [
    b'\0[[transforms]]\nname="Warp"\nrotate=5\nscale=[0.9,1.1]\n[[transforms]]\nname="Blur"\n',
    b"\1transforms:\n- {name: GaussNoise, p: 0.5}\n- name: Rules\n  p: 1\n",
]
