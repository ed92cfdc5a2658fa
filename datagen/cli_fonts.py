"""The commands of `datagen` about fonts: fonts list, check, preview."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from datagen import completion, console
from datagen.cli_options import GET, Characters, Json, Quiet, Workers, app
from datagen.errors import UsageError, nearest
from datagen.font_styles import HANDWRITING, STYLES
from datagen.summaries import Shown, size

if TYPE_CHECKING:
    from datagen.font_families import FontFamily


class _Fonts(typer.core.TyperGroup):
    """`datagen fonts DIR` is `datagen fonts check DIR`, as it always was."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `check` before arguments that begin with no command."""
        first = args[0] if args else ""
        completing = ctx.resilient_parsing and not args  # `fonts <Tab>` asks for its commands
        if first not in self.commands and first not in ctx.help_option_names and not completing:
            meant = nearest(first, list(self.commands))
            if meant and not first.startswith("-") and not Path(first).exists():
                raise UsageError(f"fonts has no command {first!r}, nor is there a folder{meant}")
            args = ["check", *args]
        return super().parse_args(ctx, args)


fonts = typer.Typer(
    cls=_Fonts,
    rich_markup_mode="rich",
    help="List fonts, check them, and preview them. Without a command: check.",
    epilog=console.examples(
        "datagen fonts list --handwriting", "datagen fonts preview ~/fonts --out specimen"
    ),
)
app.add_typer(fonts, name="fonts", rich_help_panel=GET)

Folders = Annotated[
    list[Path] | None, typer.Argument(metavar="[DIR]...", help="Folders or files of fonts.")
]
Installed = Annotated[
    bool, typer.Option("--installed/--no-installed", help="Take the installed fonts too.")
]
System = Annotated[
    bool, typer.Option("--system", help="Take the fonts of the operating system too.")
]
Style = Annotated[
    list[str] | None,
    typer.Option(
        help=f"{', '.join(STYLES[:-1])}, or {STYLES[-1]}; repeatable.",
        show_default="all",
        autocompletion=completion.among(*STYLES),
    ),
]
Handwriting = Annotated[
    bool,
    typer.Option(
        "--handwriting", help=f"Short for {' '.join(f'--style {each}' for each in HANDWRITING)}."
    ),
]


@fonts.command("list", epilog=console.examples("datagen fonts list --handwriting"))
def list_(
    folders: Folders = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the list.")] = None,
    characters: Characters = "math-vision-89",
    installed: Installed = True,
    system: System = False,
    style: Style = None,
    handwriting: Handwriting = False,
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """List the families at hand: style, licence, faces, usable characters."""
    console.show(not quiet, as_json)
    from datagen.characters import load
    from datagen.font_families import list_fonts as run

    table, styles = load(characters), _styles(style, handwriting)
    done = run(folders or [], out, table, installed, system, styles, workers)
    if as_json:
        families = [_described(each) for each in done.families]
        facts = {"families": families, "rejected": len(done.rejected), "written to": out}
        console.summary("Fonts listed", facts)
    if quiet or as_json:
        return
    rows = [("family", "style", "licence", "faces", "usable")]
    for each in done.families:
        usable = f"{each.usable} of {len(table)}"
        rows.append((each.family, each.style, each.license, str(len(each.faces)), usable))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:3], widths, strict=False)]
        numbers = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        typer.echo("  ".join([*words, *numbers]))
    faces = sum(len(each.faces) for each in done.families)
    typer.echo(f"{len(done.families)} families, {faces} faces, {len(done.rejected)} rejected")
    if out is not None:
        typer.echo(f"written to {out}")


@fonts.command(epilog=console.examples("datagen fonts check ~/fonts --out fonts.csv"))
def check(
    folders: Folders = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the results.")] = None,
    characters: Characters = "math-vision-89",
    installed: Installed = True,
    system: System = False,
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Prove font files and audit each character of each face."""
    console.show(not quiet, as_json)
    from datagen.characters import load
    from datagen.font_families import system_fonts
    from datagen.fonts import fonts as run

    table = load(characters)
    places = [*(folders or []), *(system_fonts() if system else [])]
    audit = run(places, out, table, installed=installed, workers=workers)
    usable = sum(len(face.labels) for face in audit.faces)
    console.summary(
        "Fonts audited",
        {
            "faces": len(audit.faces),
            "families": len({face.family for face in audit.faces}),
            "files rejected": len(audit.rejected),
            "usable glyphs": Shown(usable, f"{usable:,} of {len(audit.faces) * len(table):,}"),
            "written to": out or Shown(None, "nothing; give --out F.csv for the reasons"),
        },
    )


@fonts.command(epilog=console.examples("datagen fonts preview ~/fonts --out specimen"))
def preview(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    folders: Folders = None,
    characters: Characters = "math-vision-89",
    installed: Installed = True,
    system: System = False,
    style: Style = None,
    handwriting: Handwriting = False,
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw a specimen of every family over all classes, rejected characters marked."""
    console.show(not quiet, as_json)
    from datagen.characters import load
    from datagen.specimen import preview as run

    table, styles = load(characters), _styles(style, handwriting)
    done = run(folders or [], out, table, installed, system, styles, workers)
    console.summary(
        "Specimens drawn",
        {
            "families": done.families,
            "faces": done.faces,
            "with rejected characters": done.marked,
            "files rejected": done.rejected,
            "page": done.page,
            "size": size(done.page.stat().st_size),
            "pictures": Shown(done.pictures, ", ".join(map(str, done.pictures))),
        },
    )


def _described(family: "FontFamily") -> dict[str, object]:
    return {
        "family": family.family,
        "style": family.style,
        "licence": family.license,
        "faces": len(family.faces),
        "usable": family.usable,
    }


def _styles(style: list[str] | None, handwriting: bool) -> list[str]:
    return [*(style or []), *(HANDWRITING if handwriting else ())]
