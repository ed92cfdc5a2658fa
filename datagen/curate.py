"""Find what is wrong in real pictures and write it down for a person to decide.

Nothing of the user's is moved, changed or deleted: what comes out is tables and a page.
"""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import (
    __version__,
    characters,
    console,
    curated,
    decisions,
    network,
    recipe,
    review,
)
from datagen.characters import CharacterTable
from datagen.check_names import CHECKS, NETWORK, not_installed
from datagen.claim import STATE, claim
from datagen.decisions import Applied, Decisions
from datagen.errors import UsageError
from datagen.executor import default_workers
from datagen.judge import judge
from datagen.lock import hold
from datagen.recipe_curate import Curate
from datagen.remote import Location
from datagen.sources import Source, open_source
from datagen.survey import Pictures, open_pixels, survey

SIZE = 32  # pixels, edge of a frame
_KIND = "curation"


@dataclass(frozen=True)
class Curated:
    """What a curation found.

    Attributes:
        folder: Where the tables and the page lie.
        page: The review page.
        pictures: Pictures that were looked at, unreadable ones included.
        verdicts: Pictures by verdict.
        checks: Findings by check, each picture under the one that its verdict rests on.
        decided: Pictures that a person decided about.
        conflicts: Where two decisions on one picture differ.
        notes: What a user should know.
    """

    folder: Path
    page: Path
    pictures: int
    verdicts: Mapping[str, int]
    checks: Mapping[str, int]
    decided: int
    conflicts: Sequence[str]
    notes: Sequence[str]


def curate(
    sources: Mapping[str, Location],
    out: Path,
    config: Curate | None = None,
    *,
    characters_table: str | Path | None = None,
    size: int = SIZE,
    workers: int | None = None,
) -> Curated:
    """Run the checks over sources; write tables and a review page. Run again, it goes on.

    Writes `curated.csv` (every picture with its verdict), `rejected.csv`, `summary.csv`,
    `conflicts.csv` where decisions differ, and `review.html`. Decisions are read from the files
    that `config` names and from `decisions.csv` in `out`, where the page's may be saved. A check
    whose library is not installed is left out, and the notes of the result say so.

    Args:
        sources: Path or URL of each source by name; their kinds are found out.
        out: Folder to write to; made where it is missing.
        config: Checks and thresholds; None for every check.
        characters_table: The classes; None for the 89 of Math Vision.
        size: Edge of the frame in pixels.
        workers: Number of processes; None for one a core.

    Raises:
        UsageError: An argument is wrong.
        InputError: A source or a table is broken, `out` holds something else, or another process
            works in it.
    """
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers (={workers}) must be at least 1")
    if not sources:
        raise UsageError("no source is given: name at least one with --source NAME=PATH")
    if size < 8:
        raise UsageError(f"size (={size}) must be at least 8")
    config = Curate(checks=tuple(CHECKS), review="keep") if config is None else config
    left = not_installed(config.wanted)
    config = config.model_copy(update={"checks": tuple(c for c in config.checks if c not in left)})
    table = characters.load(characters_table)
    opened = {name: open_source("auto", path, table) for name, path in sources.items()}
    with hold(out, _KIND):
        said = _decisions(config, out, table)
        pictures, pixels = _survey(opened, table, out, size, workers)
        decided = decisions.apply(said, pictures)
        ask = functools.partial(network.ask, folder=out / STATE)
        judged = judge(pictures, pixels, table, config, decided, ask)
        rows = curated.rows(judged, table)
        curated.write(out, rows, judged, table, said.conflicts)
        page = out / "review.html"
        review.write(page, rows, pixels, table, decided)
    return _result(out, page, rows, decided, said.conflicts, _notes(config, decided, left))


def configure(recipe_name: str | None, decided: Sequence[Path], trains: bool = True) -> Curate:
    """Return what a command line asks for.

    Args:
        recipe_name: A recipe whose checks and thresholds are taken; None for every check.
        decided: Files of decisions beside the recipe's.
        trains: Whether the checks that train a network run.

    Raises:
        UsageError: The recipe is wrong.
    """
    config = Curate(checks=tuple(CHECKS), review="keep")
    if recipe_name is not None:
        config = recipe.read(recipe_name).curate
    wanted = tuple(name for name in config.checks if trains or name not in NETWORK)
    files = (*config.decisions, *map(str, decided))
    return config.model_copy(update={"checks": wanted, "decisions": files})


def _decisions(config: Curate, out: Path, table: CharacterTable) -> Decisions:
    paths = [Path(path) for path in config.decisions]
    own = out / "decisions.csv"
    if own.exists() and own not in paths:
        paths.append(own)
    return decisions.read(paths, table)


def _survey(
    opened: Mapping[str, Source], table: CharacterTable, out: Path, size: int, workers: int
) -> tuple[Pictures, NDArray[np.uint8]]:
    identity = {
        "version": __version__,
        "characters": table.digest,
        "size": str(size),
        **{f"source {name}": source.fingerprint() for name, source in opened.items()},
    }
    claim(out, _KIND, identity)
    chunks = out / STATE / "chunks"
    chunks.mkdir(exist_ok=True)
    path = out / STATE / "pixels"
    pictures = survey(opened, table, size, "tight", path, workers, chunks)
    return pictures, open_pixels(path, len(pictures), size)


def _notes(config: Curate, decided: Applied, missing: Mapping[str, str]) -> list[str]:
    notes = [f"not run: {problem}" for problem in missing.values()]
    left = [name for name in NETWORK if name not in config.wanted and name not in missing]
    if left:
        kind = "check" if len(left) == 1 else "checks"
        notes.append(f"without the {kind} {' and '.join(left)}: a network has to be trained for it")
    if decided.missing:
        notes.append(f"{decided.missing} decisions are about pictures that no source holds")
    return notes


def _result(
    out: Path,
    page: Path,
    rows: Sequence[curated.CuratedRow],
    decided: Applied,
    conflicts: Sequence[str],
    notes: Sequence[str],
) -> Curated:
    for conflict in conflicts:
        console.note(f"conflict: {conflict}")
    return Curated(
        folder=out,
        page=page,
        pictures=len(rows),
        verdicts=Counter(row.verdict for row in rows),
        checks=Counter(row.check for row in rows if row.check),
        decided=len(decided.own),
        conflicts=conflicts,
        notes=notes,
    )
