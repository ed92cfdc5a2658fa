"""What a shell completes the arguments of both commands with; nothing heavy is imported."""

from collections.abc import Callable, Iterable
from pathlib import Path


def among(*names: str) -> Callable[[str], list[str]]:
    """Return what completes one of some names."""

    def complete(incomplete: str) -> list[str]:
        return beginning(incomplete, names)

    return complete


def recipes(incomplete: str) -> list[str]:
    """Return the shipped recipes that begin so."""
    folder = Path(__file__).parent / "recipes"
    return beginning(incomplete, (path.stem for path in folder.glob("*.toml")))


def presets(incomplete: str) -> list[str]:
    """Return the presets of augmentation that begin so."""
    from datagen.augment_steps import PRESETS

    return beginning(incomplete, PRESETS)


def tables(incomplete: str) -> list[str]:
    """Return the tracked class tables that begin so."""
    from datagen.characters import tracked

    return beginning(incomplete, tracked())


def beginning(start: str, names: Iterable[str]) -> list[str]:
    """Return the names that begin with `start`, sorted."""
    return sorted(name for name in names if name.startswith(start))
