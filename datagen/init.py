"""Write a recipe to start from: every key with what it means, those of a shipped recipe set.

The comments are the documentation of the models in `datagen.recipe`, so they can't tell of other
keys than there are. What the shipped recipe leaves alone stands there with its default, behind a
``#``.
"""

import re
import shlex
import textwrap
from collections.abc import Iterator
from inspect import cleandoc
from itertools import chain
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from datagen.atomic import atomic_file
from datagen.errors import InputError, UsageError
from datagen.recipe import Recipe, read
from datagen.recipe_source import FONTS, REDRAWN, SourceRecipe
from datagen.recipe_toml import to_value
from datagen.sources import KINDS

_WIDTH = 96  # characters a line
_HUGE = 1 << 31  # a limit that nobody meets
_DRAWN_ONLY, _FONTS_ONLY = " (drawn only)", " (fonts only)"
_OF_REDRAWN = ("kind", "weight", "cap", "preset")
_ABSENT = {"cap": 1000}  # stands for a key that has no default, as an example
_REAL = "# Real pictures."
_KINDS = {FONTS: "# Drawn pictures.", REDRAWN: "# Real pictures, drawn again with other pens."}
_EXAMPLE = SourceRecipe(kind="auto", optional=True)
_PLAIN = {
    "a kind of `datagen.sources`": ", ".join(KINDS),
    "Names in `datagen.checks.CHECKS`.": "Which checks run, by name.",
    " of `datagen.hands`": "",
}


def init(path: str | Path = "recipe.toml", base: str | Path = "quickstart") -> Path:
    """Write a commented recipe that `datagen build` takes as it is.

    Args:
        path: File to write, ending in ``.toml``; it must not be there.
        base: Name of a shipped recipe, or a recipe file, whose values it starts with.

    Returns:
        The file.

    Raises:
        UsageError: The name doesn't end in ``.toml``, or the base is no recipe.
        InputError: The file is there already.
    """
    file = Path(path)
    if file.suffix != ".toml":
        raise UsageError(
            f"{file}: a recipe's name ends in .toml; write {file.name or 'recipe'}.toml"
        )
    text = commented(read(base), str(base), file)
    try:
        with atomic_file(file, new=True) as stream:
            stream.write(text.encode())
    except FileExistsError as error:
        raise InputError(
            f"{file} is there already and is left as it is; give another name"
        ) from error
    return file


def commented(recipe: Recipe, base: str, file: Path) -> str:
    """Return a recipe as TOML with a comment on every key."""
    lines = [
        f"# A recipe of datagen, made from {base}. Build it with",
        f"#   {command(file)}",
        "# A line of # and a key shows a default: take the # away to change it.",
        "",
    ]
    tables = [name for name in Recipe.model_fields if isinstance(getattr(recipe, name), BaseModel)]
    for name in Recipe.model_fields:
        if name not in (*tables, "sources"):
            lines += _key(recipe, name)
    for name in tables:
        table = getattr(recipe, name)
        said = cleandoc(type(table).__doc__ or "").split("\n\n")[0]
        lines += ["", *_comment(said), f"[{name}]"]
        lines += chain.from_iterable(_key(table, key) for key in type(table).model_fields)
    return "\n".join([*lines, *_sources(recipe)]) + "\n"


def command(file: Path) -> str:
    """Return the command that builds a recipe file."""
    return shlex.join(["datagen", "build", str(file), "--out", f"data/{file.stem}"])


def _sources(recipe: Recipe) -> Iterator[str]:
    """Yield every source; what its keys mean is said once for drawn and once for real ones."""
    first: dict[str, str] = {}
    for name, source in recipe.sources.items():
        said = _KINDS.get(source.kind, _REAL)
        yield from ("", said, f"[sources.{name}]")
        known = first.setdefault(said, name)
        if known != name:
            yield f"# The keys are those of {known}."
        for key in _keys(source):
            lines = list(_key(source, key))
            yield from lines if known == name else (lines[-1:] * (lines[-1][0] != "#"))
    if _REAL not in first:
        yield from ("", _REAL, "# Take the # of these lines away to have some.")
        yield "#[sources.mine]"
        for key in _keys(_EXAMPLE):
            *comment, line = _key(_EXAMPLE, key)
            yield from (*comment, line if line.startswith("#") else f"#{line}")


def _keys(source: SourceRecipe) -> list[str]:
    """Return the keys that are of use for a source of that kind."""
    if source.kind == REDRAWN:
        return list(_OF_REDRAWN)
    said = _documented(SourceRecipe)
    of_drawn = {k for k, text in said.items() if _FONTS_ONLY in text or _DRAWN_ONLY in text}
    fitting = of_drawn if source.drawn else said.keys() - of_drawn
    return [key for key in SourceRecipe.model_fields if key == "kind" or key in fitting]


def _key(table: BaseModel, key: str) -> Iterator[str]:
    field = type(table).model_fields[key]
    said = _documented(type(table)).get(key, "").replace(_FONTS_ONLY, "").replace(_DRAWN_ONLY, "")
    yield from _comment(" ".join(part for part in (said, _range(field)) if part))
    value = getattr(table, key)
    mark = "" if key in table.model_fields_set and value is not None else "#"
    yield f"{mark}{key} = {to_value(_ABSENT[key] if value is None else value)}"


def _comment(text: str) -> list[str]:
    for old, new in _PLAIN.items():
        text = text.replace(old, new)
    plain = text.replace("``", "")
    return textwrap.wrap(plain, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _documented(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstring of a model says of each of its keys."""
    _, _, attributes = cleandoc(model.__doc__ or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", attributes, re.MULTILINE)
    return {key: " ".join(text.split()) for key, text in entries}


def _range(field: FieldInfo) -> str:
    """Return the range of a number in words, such as ``8 to 512.``; empty where it has none."""
    names = ("ge", "gt", "le", "lt")
    rules = ((name, getattr(rule, name, None)) for rule in field.metadata for name in names)
    bounds = {name: f"{bound:g}" for name, bound in rules if bound is not None and bound < _HUGE}
    if {"ge", "le"} <= bounds.keys():
        return f"{bounds['ge']} to {bounds['le']}."
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    said = ", ".join(f"{words[name]} {bound}" for name, bound in bounds.items())
    return f"{said[:1].upper()}{said[1:]}." if said else ""
