"""The `datagen` command: parse, call one function, print. Heavy imports stay in the commands."""

from pathlib import Path
from typing import Annotated

import typer

from datagen import console
from datagen.cli_options import Characters, Quiet, Sources, Workers, app, parse_sources
from datagen.errors import UsageError


@app.callback()
def _main(version: Annotated[bool, console.version_option("datagen")] = False) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()


@app.command(epilog="Example: [bold]datagen fonts ~/fonts --out fonts.csv[/]")
def fonts(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]...", help="Folders or files of fonts.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the results.")] = None,
    characters: Characters = "math-vision-89",
    installed: Annotated[
        bool, typer.Option("--installed/--no-installed", help="Audit the installed fonts too.")
    ] = True,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Prove font files and audit each character of each face."""
    console.show(not quiet)
    from datagen.characters import load
    from datagen.fonts import fonts as run

    table = load(characters)
    audit = run(folders or [], out, table, installed=installed, workers=workers)
    usable = sum(len(face.labels) for face in audit.faces)
    console.summary(
        "Fonts audited",
        {
            "faces": len(audit.faces),
            "families": len({face.family for face in audit.faces}),
            "files rejected": len(audit.rejected),
            "usable glyphs": f"{usable:,} of {len(audit.faces) * len(table):,}",
            "written to": out or "nothing; give --out F.csv for the reasons",
        },
    )


@app.command(epilog="Example: [bold]datagen render --out pictures --per-class 100 --size 64[/]")
def render(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    per_class: Annotated[int, typer.Option(min=1, help="Pictures of each class, exactly.")],
    size: Annotated[int, typer.Option(min=8, help="Edge of a picture in pixels.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Changes every random choice.")] = 0,
    characters: Characters = "math-vision-89",
    fonts: Annotated[
        list[Path] | None, typer.Option(help="Folder or file of fonts; repeatable.")
    ] = None,
    installed: Annotated[
        bool, typer.Option("--installed/--no-installed", help="Draw from the installed fonts too.")
    ] = True,
    augment: Annotated[
        str, typer.Option(help="none, light, print, handwriting, or a TOML or YAML file.")
    ] = "light",
    frame: Annotated[str, typer.Option(help="tight, or em to keep place and size.")] = "tight",
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Draw synthetic pictures as PNG files with a manifest."""
    console.show(not quiet)
    if frame not in ("tight", "em"):
        raise UsageError(f"--frame {frame!r} is neither tight nor em")
    from datagen.render import render as run

    done = run(
        out,
        per_class,
        size=size,
        seed=seed,
        characters_table=characters,
        fonts=fonts or [],
        installed=installed,
        preset=augment,
        mode=frame,  # type: ignore[arg-type]
        workers=workers,
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


@app.command(
    epilog="Example: [bold]datagen curate --source symbols=math-symbols.zip --out curated[/]"
)
def curate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    source: Sources = None,
    decisions: Annotated[
        list[Path] | None,
        typer.Option(help="CSV file of decisions; repeatable. OUT/decisions.csv is read too."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Take checks and thresholds from this recipe.")
    ] = None,
    network: Annotated[
        bool,
        typer.Option("--network/--no-network", help="Run the checks that train a network."),
    ] = True,
    characters: Characters = "math-vision-89",
    size: Annotated[int, typer.Option(min=8, help="Edge of the frame in pixels.")] = 32,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Find what is wrong in real pictures; write tables and a page to decide on."""
    console.show(not quiet)
    sources = parse_sources(source)
    from datagen.curate import configure
    from datagen.curate import curate as run

    config = configure(recipe, decisions or [], network)
    done = run(sources, out, config, characters_table=characters, size=size, workers=workers)
    for note in done.notes:
        console.note(f"note: {note}")
    console.summary(
        "Pictures curated",
        {
            "pictures": done.pictures,
            **dict(sorted(done.verdicts.items())),
            **{f"by {name}": count for name, count in sorted(done.checks.items())},
            "decided": done.decided,
            "conflicts": len(done.conflicts),
            "tables": done.folder,
            "review page": done.page,
        },
    )


@app.command(
    epilog="Examples: [bold]datagen build quickstart --out data/quickstart[/]  ·  "
    "[bold]datagen build math-vision --source emnist=emnist/ --out data/math-vision[/]"
)
def build(
    recipe: Annotated[str, typer.Argument(help="quickstart, math-vision, or a TOML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the dataset.")],
    source: Sources = None,
    decisions: Annotated[
        list[Path] | None, typer.Option(help="CSV file of decisions; repeatable.")
    ] = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Build balanced TFRecord shards with manifests; run it again after a stop to go on."""
    console.show(not quiet)
    sources = parse_sources(source)
    from datagen.build import build as run

    done = run(recipe, out, sources, workers, decisions or [])
    for note in done.notes:
        console.note(f"note: {note}")
    console.summary(
        f"Dataset {done.name} " + ("built" if done.written else "is complete already"),
        {
            **done.records,
            **{f"from {name}": count for name, count in done.sources.items()},
            "font families": done.families,
            "left out": f"{done.rejected:,} (manifests/rejected.csv says why)",
            "size": f"{done.bytes / 1e6:.1f} MB",
            "written to": done.folder,
        },
    )


from datagen import cli_export, cli_look  # noqa: E402, F401 - its commands stand last in the help

if __name__ == "__main__":
    main()
