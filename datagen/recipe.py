"""Recipes: what to build, as TOML, validated before anything is read or written.

A recipe names the classes, the frame, the sources with their weights and caps, the number of
samples, the splits and the shard size. A source is real, or it is drawn: from fonts
(`kind = "fonts"`) or from what the real ones show (`kind = "redrawn"`).
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationError,
    model_validator,
)

from datagen.errors import UsageError, nearest
from datagen.recipe_curate import Curate, Strict
from datagen.recipe_source import FONTS, MOST, REDRAWN, SourceRecipe
from datagen.remote import Location

_SHIPPED = Path(__file__).parent / "recipes"

Share = Annotated[float, Field(ge=0.0, le=0.5)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Amount(Strict):
    """How many samples a class gets in a split.

    Attributes:
        per_class: For train, the exact number; for validation and test, how many are drawn beside
            the real ones of the groups that were held out.
    """

    per_class: int = Field(0, ge=0, lt=MOST)


class SplitShares(Strict):
    """Which share of the groups (families, writers, pictures) is held out, of each source."""

    validation: Share = 0.1
    test: Share = 0.1


class Shards(Strict):
    """How records are cut into files."""

    records: int = Field(8192, ge=1, lt=MOST)


class Recipe(Strict):
    """What to build. See `datagen/recipes/` for commented examples.

    Attributes:
        name: Name of the dataset and prefix of its shards.
        characters: A tracked table or a CSV file.
        seed: Changes every random choice.
        size: Edge of the frame in pixels.
        frame: ``tight`` or ``em``.
    """

    name: Name = "math_vision"
    characters: str = "math-vision-89"
    seed: int = Field(0, ge=0, lt=1 << 63)
    size: int = Field(32, ge=8, le=512)
    frame: Literal["tight", "em"] = "tight"
    train: Amount = Amount(per_class=1000)
    validation: Amount = Amount()
    test: Amount = Amount()
    splits: SplitShares = SplitShares()
    shards: Shards = Shards()
    curate: Curate = Curate()
    sources: dict[Name, SourceRecipe]

    @model_validator(mode="after")
    def _has_sources(self) -> "Recipe":
        if not self.sources:
            raise ValueError("at least one source is needed")
        kinds = [source.kind for source in self.sources.values()]
        if kinds.count(FONTS) > 1:
            raise ValueError("only one source may be of kind 'fonts'; give it more folders instead")
        if kinds.count(REDRAWN) > 1:
            raise ValueError("only one source may be of kind 'redrawn'")
        if REDRAWN in kinds and self.frame != "tight":
            raise ValueError("a source of kind 'redrawn' needs frame = \"tight\"")
        return self

    @property
    def drawn(self) -> str | None:
        """Name of the source that is drawn from fonts, if there is one."""
        return self._of_kind(FONTS)

    @property
    def redrawn(self) -> str | None:
        """Name of the source that is drawn after real pictures, if there is one."""
        return self._of_kind(REDRAWN)

    def _of_kind(self, kind: str) -> str | None:
        return next((name for name, source in self.sources.items() if source.kind == kind), None)


def shipped() -> list[str]:
    """Return the names of the recipes that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def load(recipe: str | Path, sources: Mapping[str, Location] | None = None) -> Recipe:
    """Read a recipe and give its sources their paths.

    Args:
        recipe: Name of a shipped recipe, or a TOML file.
        sources: Paths by source name. A name that the recipe lacks adds a source of kind ``auto``.

    Raises:
        UsageError: The recipe is missing or wrong; the message names the key and the value.
    """
    return resolve(read(recipe), sources or {})


def read(recipe: str | Path) -> Recipe:
    """Read a recipe as it stands, its sources with or without paths.

    Raises:
        UsageError: The recipe is missing or wrong; the message names the key and the value.
    """
    name = str(recipe)
    path = _SHIPPED / f"{name}.toml" if name in shipped() else Path(recipe)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise UsageError(
            f"recipe {name!r} is no file and none of the shipped ones "
            f"({', '.join(shipped())}){nearest(name, shipped())}"
        ) from error
    except (OSError, ValueError, RecursionError) as error:  # numbers and lists may be too long
        raise UsageError(f"{path}: the recipe can't be read ({error})") from error
    return parse(values, str(path))


def parse(values: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """Validate a recipe's values.

    Raises:
        UsageError: A key or a value is wrong.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"{where}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    problems = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "recipe"
        if problem["type"] == "extra_forbidden":
            known = [*Recipe.model_fields, *SourceRecipe.model_fields, *Curate.model_fields]
            problems.append(f"{key} is not a key{nearest(str(problem['loc'][-1]), known)}")
        else:
            shown = _shown(problem["input"])
            problems.append(f"{key} (={shown}): {problem['msg']}")
    return "; ".join(problems)


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, tables in tables
        return "…"
    return text if len(text) < 60 else f"{text[:57]}…"


def resolve(recipe: Recipe, paths: Mapping[str, Location]) -> Recipe:
    """Give sources their paths; leave optional sources without a path out.

    Raises:
        UsageError: A source has no path, or a drawn one was given a path.
    """
    sources = dict(recipe.sources)
    for name, path in paths.items():
        known = sources.get(name, SourceRecipe())
        if known.drawn:
            what = "from fonts; see --fonts" if known.kind == FONTS else "after the real sources"
            raise UsageError(f"--source {name}={path}: {name} is drawn {what}")
        sources[name] = known.model_copy(update={"path": str(path)})
    missing = [n for n, s in sources.items() if not s.drawn and not s.path and not s.optional]
    if missing:
        wanted = " ".join(f"--source {name}=PATH" for name in missing)
        raise UsageError(f"the recipe needs {wanted}")
    kept = {n: s for n, s in sources.items() if s.drawn or s.path}
    return parse({**recipe.model_dump(exclude_unset=True), "sources": kept})


def decide(recipe: Recipe, decided: Sequence[Path]) -> Recipe:
    """Add files of decisions to those that a recipe names."""
    if not decided:
        return recipe
    files = (*recipe.curate.decisions, *map(str, decided))
    return recipe.model_copy(
        update={"curate": recipe.curate.model_copy(update={"decisions": files})}
    )


def left_out(recipe: Recipe, resolved: Recipe) -> Sequence[str]:
    """Names of the optional sources that no path was given for."""
    return [name for name in recipe.sources if name not in resolved.sources]
