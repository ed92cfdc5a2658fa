"""The `[curate]` table of a recipe: which checks run, how strict they are, who has the word."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from datagen.check_names import ALWAYS, BUILD_CHECKS, CHECKS, COMPARING
from datagen.errors import nearest


class Strict(BaseModel):
    """A table of a recipe: unknown keys are errors, values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Curate(Strict):
    """What happens to doubtful pictures: which checks run, how strict they are, who has the word.

    Attributes:
        checks: Names in `datagen.checks.CHECKS`. ``outlier``, ``label`` and ``fragment`` train a
            network on the pictures, which takes minutes, so only `datagen curate` runs them unless
            they are named here.
        review: ``keep`` or ``drop`` what a person should look at and nobody has decided.
        duplicates: ``keep`` turns off every check that compares two pictures.
        decisions: CSV files of a person's decisions; they win over every check.
        near: Largest distance of near copies, 0 (the same) to 1.41 (no ink in common); larger
            finds more.
        near_ratio: Largest distance of near copies, of that to the sixth nearest of the class.
        min_ink: Least ink, of the median of its class and source; larger finds more.
        max_ink: Largest share of the picture that is ink; smaller finds more.
        clipped: Largest share of the border that is ink.
        several: Logarithm of the odds that a picture shows several symbols, above which a person
            should look; smaller finds more. Where a network was trained, its odds are
            added to those of the check itself, and the same limit holds.
        size: Largest ratio of sizes between a picture and its class.
        outlier: Largest distance from its class in the network's features, in robust standard
            deviations.
        label: Logarithm of the odds against the given label, above which it is doubtful; smaller
            finds more.
        fragment: How much likelier than is usual in its class a picture shows a part of a symbol,
            in robust standard deviations, for a person to look; smaller finds more.
    """

    checks: tuple[str, ...] = BUILD_CHECKS
    review: Literal["drop", "keep"] = "drop"
    duplicates: Literal["drop", "keep"] = "drop"
    decisions: tuple[str, ...] = ()
    near: float = Field(0.12, ge=0.0, le=1.5)
    near_ratio: float = Field(0.3, ge=0.0, le=1.0)
    min_ink: float = Field(0.15, ge=0.0, lt=1.0)
    max_ink: float = Field(0.6, gt=0.0, le=1.0)
    clipped: float = Field(0.04, ge=0.0, le=1.0)
    several: float = Field(1.6)
    size: float = Field(2.5, gt=1.0)
    outlier: float = Field(6.0, ge=0.0)
    label: float = Field(6.0, ge=0.0)
    fragment: float = Field(1.5, ge=0.0)

    @field_validator("checks")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in CHECKS:
                raise ValueError(f"{name!r} is no check{nearest(name, list(CHECKS))}")
        return value

    @property
    def wanted(self) -> list[str]:
        """The checks that run, in their order."""
        left = COMPARING if self.duplicates == "keep" else ()
        return [n for n in CHECKS if (n in self.checks and n not in left) or n in ALWAYS]
