"""The part of a recipe that is one source of samples."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from datagen.recipe_curate import Strict

FONTS, REDRAWN = "fonts", "redrawn"  # the kinds of source that are drawn
MOST = 1 << 31  # samples; counts stay within what tables of 64 bits can sum up


class SourceRecipe(Strict):
    """One source of samples.

    Attributes:
        kind: ``fonts``, ``redrawn``, a kind of `datagen.sources`, or ``auto``.
        path: Where a real source lies, a path or a URL; usually given with ``--source NAME=PATH``.
        weight: Share of this source among the real samples of a class, relative to the others; of
            a redrawn one, among those that are drawn.
        cap: At most so many train samples a class from this source.
        optional: Build without it, with a note, where no path is given.
        options: Options of that kind of source, such as ``merged = "upper"``.
        preset: Augmentation preset or pipeline file (drawn only).
        folders: Folders with fonts beside the installed ones (fonts only).
        installed: Whether the fonts that came with the installation are used (fonts only).
        styles: Weight of a style of the catalogue, 1 where it is not named; of writers, ``hand``
            (fonts only).
        writers: How many writers of `datagen.hands` draw beside the fonts (fonts only).
    """

    kind: str = "auto"
    path: str = ""
    weight: float = Field(1.0, gt=0.0, allow_inf_nan=False)
    cap: int | None = Field(None, ge=0, lt=MOST)
    optional: bool = False
    options: dict[str, Any] = Field(default_factory=dict)
    preset: str = "handwriting"
    folders: tuple[str, ...] = ()
    installed: bool = True
    styles: dict[str, Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    writers: int = Field(0, ge=0, le=1000)

    @field_validator("options")
    @classmethod
    def _plain(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, option in value.items():
            number = 0 if isinstance(option, str) else option
            if not isinstance(number, int | float) or not -MOST < number < MOST:
                raise ValueError(f"{name} must be text, a number, true or false")
        return value

    @property
    def drawn(self) -> bool:
        """Whether its samples are drawn: from fonts, or after real pictures."""
        return self.kind in (FONTS, REDRAWN)
