"""Recipes as TOML text: every value spelled out, the same bytes for the same recipe."""

from collections.abc import Mapping
from typing import Any

from datagen.recipe import Recipe


def to_toml(recipe: Recipe) -> str:
    """Write a recipe as TOML, every value spelled out, the same bytes for the same recipe."""
    values = recipe.model_dump()
    sources = values.pop("sources")
    tables = {key: values.pop(key) for key in list(values) if isinstance(values[key], dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    for name, table in [*tables.items(), *((f"sources.{n}", s) for n, s in sources.items())]:
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_toml(str(key))} = {_toml(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)
