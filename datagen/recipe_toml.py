"""Recipes as TOML text: every value spelled out, the same bytes for the same recipe."""

import json
from collections.abc import Mapping
from typing import Any

from datagen.recipe import Recipe


def to_toml(recipe: Recipe) -> str:
    """Write a recipe as TOML, every value spelled out, the same bytes for the same recipe."""
    values = recipe.model_dump()
    sources = values.pop("sources")
    tables = {key: values.pop(key) for key in list(values) if isinstance(values[key], dict)}
    lines = [f"{key} = {to_value(value)}" for key, value in values.items()]
    for name, table in [*tables.items(), *((f"sources.{n}", s) for n, s in sources.items())]:
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {to_value(value)}" for key, value in table.items() if value is not None]
    return "\n".join(lines) + "\n"


def to_value(value: Any) -> str:
    """Write a value as TOML has it; a table goes on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON's escapes are all TOML's too, which wants one more.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{to_value(str(key))} = {to_value(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_value, value))}]"
    return str(value)
