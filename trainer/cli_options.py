"""Options that several commands of `trainer` share, and the program itself."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import console
from datagen.completion import beginning
from datagen.errors import UsageError, nearest
from trainer import packaged

app = typer.Typer(
    cls=console.Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=console.examples("trainer fit data/quickstart --out runs/first --preset quick"),
)


def find_model(model: Path) -> Path:
    """Return the file of a model, which may be given by the name of a packaged one.

    Raises:
        UsageError: There is none, and a packaged one is called nearly so.
    """
    path = packaged.find(model)
    meant = nearest(str(model), packages())
    if path == model and meant and not model.exists():
        raise UsageError(f"there is no model {str(model)!r}{meant}")
    return path


def packages() -> list[str]:
    """Return the names of the models that come with the package."""
    return sorted(path.stem for path in packaged.FOLDER.glob(f"*{packaged.SUFFIX}"))


def _models(incomplete: str) -> list[str]:
    return beginning(incomplete, packages())


Dataset = Annotated[str, typer.Argument(help="Folder or URL written by `datagen build`.")]
Model = Annotated[
    Path,
    typer.Argument(
        callback=find_model,
        autocompletion=_models,
        help="A model.keras written by `trainer fit`, or handwriting, which comes with trainer.",
    ),
]
Quiet = Annotated[bool, console.quiet_option()]
Json = Annotated[bool, console.json_option()]
