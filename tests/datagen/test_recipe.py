import tomllib
from pathlib import Path

import pytest

from datagen import recipe
from datagen.errors import UsageError
from datagen.recipe import Recipe
from datagen.recipe_toml import to_toml

SOURCES = {"fonts": {"kind": "fonts"}}


def test_the_shipped_recipes():
    assert {"quickstart", "math-vision"} <= set(recipe.shipped())
    quick = recipe.load("quickstart")
    images = 89 * (quick.train.per_class + quick.validation.per_class + quick.test.per_class)
    assert 18_000 < images < 22_000
    assert list(quick.sources) == ["fonts"]


@pytest.mark.parametrize("name", recipe.shipped())
def test_a_resolved_recipe_is_read_back_the_same(name):
    paths = {"emnist": Path("a b/é"), "extra": Path('quo"te\\')}
    resolved = recipe.load(name, paths if name == "math-vision" else {})
    text = to_toml(resolved)
    again = recipe.parse(tomllib.loads(text))
    assert to_toml(again) == text
    assert again == resolved


def test_sources_from_the_command_line():
    given = recipe.load("math-vision", {"emnist": Path("/e"), "mine": Path("/m")})
    assert list(given.sources) == ["fonts", "redrawn", "emnist", "mine"]
    assert given.sources["emnist"].kind == "emnist"
    assert given.sources["mine"].kind == "auto"
    assert given.sources["mine"].path == "/m"


def test_a_needed_source_without_a_path():
    needs = recipe.parse({"sources": {"set": {"kind": "folder"}}})
    with pytest.raises(UsageError, match="--source set=PATH"):
        recipe.resolve(needs, {})


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "sources"),
        ({"sources": {}}, "at least one source"),
        ({"sources": SOURCES, "siez": 3}, "siez is not a key; did you mean 'size'"),
        ({"sources": SOURCES, "size": 7}, r"size \(=7\)"),
        ({"sources": SOURCES, "size": "x"}, r"size \(='x'\)"),
        ({"sources": SOURCES, "train": {"per_class": -1}}, r"train.per_class \(=-1\)"),
        ({"sources": {"a": {"kind": "folder", "weight": 0}}}, r"sources.a.weight \(=0\)"),
        ({"sources": SOURCES, "name": "../x"}, r"name \(='../x'\)"),
        ({"sources": {"a": {"kind": "fonts"}, "b": {"kind": "fonts"}}}, "only one source"),
        ({"sources": SOURCES, "splits": {"test": 0.9}}, r"splits.test \(=0.9\)"),
    ],
)
def test_a_wrong_value_is_named(values, problem):
    with pytest.raises(UsageError, match=problem):
        recipe.parse(values)


def test_files_that_are_no_recipe(tmp_path):
    with pytest.raises(UsageError, match=r"'quikstart' .* did you mean 'quickstart'"):
        recipe.load("quikstart")
    broken = tmp_path / "r.toml"
    broken.write_text("a = [")
    with pytest.raises(UsageError, match=r"r\.toml: the recipe can't be read"):
        recipe.load(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"r\.toml: the recipe can't be read"):
        recipe.load(broken)


def test_defaults_are_written_out():
    text = to_toml(Recipe.model_validate({"sources": SOURCES}))
    assert "seed = 0" in text
    assert 'preset = "handwriting"' in text
