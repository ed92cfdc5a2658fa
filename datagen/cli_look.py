"""The commands of `datagen` that look at what was made: verify, show, report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen import console
from datagen.cli_options import (
    LOOK,
    Dataset,
    Json,
    Quiet,
    Sources,
    Workers,
    app,
    parse_sources,
)
from datagen.errors import UsageError
from datagen.remote import Location, is_url, location
from datagen.summaries import Shown, size

if TYPE_CHECKING:
    from datagen.evidence import Problem


@app.command(
    rich_help_panel=LOOK,
    epilog=console.examples(
        "datagen verify data/quickstart", "datagen verify data/quickstart --repair"
    ),
)
def verify(
    dataset: Dataset,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make again exactly what is damaged.")
    ] = False,
    source: Sources = None,
    workers: Workers = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Prove every file of a dataset against all others; exit 1 if anything is wrong."""
    console.show(not quiet, as_json)
    sources = parse_sources(source)
    if sources and not repair:
        raise UsageError("--source is of use with --repair only: nothing else reads the sources")
    if repair:
        if is_url(dataset):
            raise UsageError(
                f"{dataset}: --repair mends folders only; remove what is damaged from the store "
                "and build again with this --out, which makes what is missing"
            )
        _repair(Path(dataset), sources, workers)
        return
    from datagen.verify import verify as run

    done = run(location(dataset), workers)
    _say(done.problems)
    if done.problems:
        if as_json:
            facts = {"problems": _listed(done.problems), "folder": dataset}
            console.summary(f"{_count(done.problems)} found", facts)
        hint = (
            "remove what is damaged and build again with this --out"
            if is_url(dataset)
            else "--repair makes again what is damaged"
        )
        raise console.fail(f"{dataset}: {_count(done.problems)} found; {hint}", 1)
    console.summary(
        "Dataset proved: nothing is wrong",
        {"shards": done.shards, "records": done.records, "folder": dataset},
    )


def _repair(dataset: Path, sources: Mapping[str, Location], workers: int | None) -> None:
    from datagen.repair import ASIDE
    from datagen.repair import repair as run

    done = run(dataset, sources, workers)
    _say(done.problems)
    for name in done.restored:
        console.note(f"restored: {name}")
    for name in done.aside:
        console.note(f"moved to {ASIDE}: {name}")
    if done.left:
        typer.echo("Still wrong:", err=True)
        _say(done.left)
        if console.wants_json():
            console.summary(
                f"{_count(done.left)} left",
                {"problems": _listed(done.left), "restored": done.restored, "folder": dataset},
            )
        raise console.fail(
            f"{dataset}: {_count(done.left)} left{done.reason and ': '}{done.reason}", 1
        )
    console.summary(
        "Dataset repaired" if done.problems else "Dataset proved: nothing is wrong",
        {
            "problems": Shown(_listed(done.problems), f"{len(done.problems):,}"),
            "restored": Shown(done.restored, f"{len(done.restored):,}"),
            "folder": dataset,
        },
    )


def _say(problems: "Sequence[Problem]") -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)


def _listed(problems: "Sequence[Problem]") -> list[dict[str, object]]:
    return [{"file": each.file, "row": each.row, "text": each.text} for each in problems]


def _count(problems: "Sequence[Problem]") -> str:
    return f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"


@app.command(
    rich_help_panel=LOOK,
    epilog=console.examples(
        "datagen show data/quickstart 0f3c", "datagen show data/quickstart 0f3c --png sample.png"
    ),
)
def show(
    dataset: Dataset,
    sample: Annotated[str, typer.Argument(metavar="ID", help="Id of a sample, or its beginning.")],
    source: Sources = None,
    png: Annotated[Path | None, typer.Option(help="Write the picture to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Show a sample: its row, its picture, made again from its origin and compared."""
    console.show(True, as_json)
    sources = parse_sources(source)
    from datagen.show import show as run

    shown = run(location(dataset), sample, sources)
    if not as_json:
        typer.echo(_blocks(shown.pixels))
    facts: dict[str, object] = {k: str(v) for k, v in shown.row.items()}
    if png is not None:
        from PIL import Image

        from datagen.atomic import atomic_file

        with atomic_file(png) as file:
            Image.fromarray(shown.pixels).save(file, "PNG")
        facts["picture"] = png
    console.summary(shown.verdict, {**facts, "shard": shown.file})
    if not shown.same:
        raise typer.Exit(1)


def _blocks(pixels: Any) -> str:
    """A picture as text: half blocks in four shades, two rows of pixels a line."""
    shades = " ░▒▓█"
    step = max(1, pixels.shape[0] // 48)
    lines = pixels[:: 2 * step, ::step].astype(int) * (len(shades) - 1) // 255
    return "\n".join("".join(shades[value] for value in line) for line in lines)


@app.command(
    rich_help_panel=LOOK,
    epilog=console.examples(
        "datagen report data/quickstart", "datagen report curated --out sheets"
    ),
)
def report(
    dataset: Annotated[
        str,
        typer.Argument(
            help="Folder or URL of a dataset, or of what `datagen curate` wrote.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write to.", show_default="DATASET/report", callback=console.here
        ),
    ] = None,
    source: Sources = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a report of a dataset or of a curation: an HTML page and its pictures."""
    console.show(not quiet, as_json)
    from datagen.report import report as run

    done = run(location(dataset), out, sources=parse_sources(source))
    for each in done.notes:
        console.note(each)
    console.summary(
        "Report written",
        {
            "page": done.page,
            "size": size(done.page.stat().st_size),
            "pictures": Shown(done.files, f"{len(done.files)} PNG beside it"),
        },
    )
