import re
import tomllib

import pytest

from datagen import init as module
from datagen.errors import InputError, UsageError
from datagen.init import init
from datagen.recipe import Recipe, parse, read, shipped
from datagen.recipe_curate import Curate
from datagen.recipe_source import SourceRecipe


@pytest.mark.parametrize("base", shipped())
def test_a_new_recipe_means_what_the_shipped_one_does(tmp_path, base):
    assert read(init(tmp_path / "mine.toml", base)) == read(base)


@pytest.mark.parametrize("base", shipped())
def test_what_is_behind_a_mark_is_the_default(tmp_path, base):
    text = init(tmp_path / "mine.toml", base).read_text("utf-8")
    text = text.partition("#[sources.mine]")[0]
    text = re.sub(r"^#(?!cap)(?=\w+ = )", "", text, flags=re.MULTILINE)
    assert parse(tomllib.loads(text)) == read(base)
    assert "#" not in re.sub(r"^#.*$", "", text, flags=re.MULTILINE)


def test_every_key_has_a_comment(tmp_path):
    lines = init(tmp_path / "mine.toml", "math-vision").read_text("utf-8").splitlines()
    for key in (*Recipe.model_fields, *SourceRecipe.model_fields, *Curate.model_fields):
        if re.search(rf"^\[{key}|^#?{key} =", "\n".join(lines), re.MULTILINE) is None:
            pytest.fail(f"{key} is missing")
    places = [place for place, line in enumerate(lines) if re.match(r"#\w+ = ", line)]
    assert all(lines[place - 1].startswith("# ") for place in places)
    assert "datagen." not in "\n".join(lines)


def test_the_example_of_a_real_source_can_be_taken(tmp_path):
    text = init(tmp_path / "mine.toml").read_text("utf-8")
    taken = re.sub(r"^#(?=\w+ = |\[)", "", text, flags=re.MULTILINE)
    assert set(parse(tomllib.loads(taken)).sources) == {"fonts", "mine"}


def test_nothing_is_overwritten(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("mine")
    with pytest.raises(InputError, match="there already"):
        init(file)
    assert file.read_text() == "mine"


def test_a_recipe_ends_in_toml_and_begins_with_one_that_there_is(tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.toml"):
        init(tmp_path / "mine")
    with pytest.raises(UsageError, match="did you mean 'quickstart'"):
        init(tmp_path / "mine.toml", "quikstart")
    assert not list(tmp_path.iterdir())


def test_the_command_takes_any_name(tmp_path):
    assert module.command(tmp_path / "a b.toml").startswith("datagen build '")
