"""``datagen render``: pictures as files, without a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import completion, console
from datagen.cli_options import MAKE, Characters, Json, Quiet, Workers, app
from datagen.errors import UsageError, nearest

_FRAMES = ("tight", "em")
_LETTERS = "Where pictures come from"
_LOOKS = "What they look like"


@app.command(
    rich_help_panel=MAKE,
    epilog=console.examples(
        "datagen render --out pictures --per-class 100 --size 64",
        "datagen render --out mine --per-class 50 --fonts ~/fonts --no-installed",
        "datagen render --out by-hand --per-class 50 --augment handwriting --writers 60",
    ),
)
def render(
    out: Annotated[Path, typer.Option(help="Folder to write to.", callback=console.here)],
    per_class: Annotated[int, typer.Option(min=1, help="Pictures of each class, exactly.")],
    edge: Annotated[
        int,
        typer.Option("--size", min=8, help="Edge of a picture in pixels.", rich_help_panel=_LOOKS),
    ] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Changes every random choice.")] = 0,
    characters: Characters = "math-vision-89",
    fonts: Annotated[
        list[Path] | None,
        typer.Option(help="Folder or file of fonts; repeatable.", rich_help_panel=_LETTERS),
    ] = None,
    installed: Annotated[
        bool,
        typer.Option(
            "--installed/--no-installed",
            help="Draw from the installed fonts too.",
            rich_help_panel=_LETTERS,
        ),
    ] = True,
    augment: Annotated[
        str,
        typer.Option(
            help="none, light, print, mild, handwriting, or a TOML or YAML file.",
            autocompletion=completion.presets,
            rich_help_panel=_LOOKS,
        ),
    ] = "light",
    frame: Annotated[
        str,
        typer.Option(
            help="tight, or em to keep place and size.",
            autocompletion=completion.among(*_FRAMES),
            rich_help_panel=_LOOKS,
        ),
    ] = "tight",
    writers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Hands that write characters beside the fonts.",
            rich_help_panel=_LETTERS,
        ),
    ] = 0,
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw synthetic pictures as PNG files with a manifest."""
    console.show(not quiet, as_json)
    if frame not in _FRAMES:
        close = nearest(frame, list(_FRAMES))
        raise UsageError(f"--frame {frame!r} is neither tight nor em{close}")
    from datagen.render import render as run

    done = run(
        out,
        per_class,
        size=edge,
        seed=seed,
        characters_table=characters,
        fonts=fonts or [],
        installed=installed,
        preset=augment,
        mode=frame,  # type: ignore[arg-type]
        workers=workers,
        writers=writers,
    )
    console.summary(
        "Pictures drawn",
        {
            "pictures": done.pictures,
            "classes": done.classes,
            "font families": done.families,
            "redrawn": done.rejected,
            "written to": done.folder,
            "manifest": done.folder / "manifest.csv",
        },
    )
