"""A dataset that is built in seconds from every kind of source, for the benchmarks of damage."""

import hashlib
import importlib.util
import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
FAMILIES = ("abeezee", "abel", "acme", "anton", "arvo", "cabin", "caveat", "kalam", "lato", "lora")
RECIPE = """
name = "tiny"
size = 28
characters = "{characters}"
[train]
per_class = 6
[validation]
per_class = 1
[test]
per_class = 1
[shards]
records = 48
[splits]
validation = 0.2
test = 0.2
[sources.fonts]
kind = "fonts"
folders = ["{fonts}"]
installed = false
[sources.emnist]
kind = "emnist"
cap = 2
[sources.symbols]
kind = "folder"
"""


def make(folder: Path, classes: int = 40) -> tuple[Path, dict[str, Path]]:
    """Write a recipe and what it needs; returns its path and those of the real sources."""
    if folder.exists():
        return folder / "recipe.toml", _sources(folder)
    (folder / "fonts").mkdir(parents=True)
    for family in FAMILIES:
        package = importlib.util.find_spec(f"fontpkg_{family}")
        if package is None or package.origin is None:
            sys.exit(f"the font fontpkg-{family} is not installed")
        found = sorted((Path(package.origin).parent / "files").glob("*.ttf"), key=lambda p: p.name)
        regular = next((p for p in found if "Regular" in p.name), found[0])
        shutil.copy(regular, folder / "fonts")
    sys.path.insert(0, str(TESTS / "datagen"))
    from conftest import write_emnist, write_symbols

    write_emnist(folder / "emnist")
    write_symbols(folder / "symbols.zip")
    table = (TESTS.parent / "manifests" / "math-vision-89.csv").read_text(encoding="utf-8")
    chosen = folder / "characters.csv"
    lines = table.splitlines()[: classes + 1]
    chosen.write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(fonts=folder / "fonts", characters=chosen))
    return recipe, _sources(folder)


def _sources(folder: Path) -> dict[str, Path]:
    return {"emnist": folder / "emnist", "symbols": folder / "symbols.zip"}


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a dataset, but those that a repair has put aside."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and "set-aside" not in p.parts)
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
