"""What a report is made of: counts and some pictures, of a dataset or of a curation."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datagen import characters, console, shards, tables
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.curated import COLUMNS as CURATED
from datagen.errors import InputError
from datagen.manifest import REJECTED, SPLITS
from datagen.recipe import Recipe
from datagen.remote import Location
from datagen.report_examples import Place, draw_reasons, fingerprints, read_reasons
from datagen.report_reasons import Example, LeftOut, Reason, gather
from datagen.survey import open_pixels
from datagen.verify import open_dataset

Gray = NDArray[np.uint8]

SHOWN = 24  # pictures of a class and a split, half of them real and half drawn where there are both
MEASURED = 4000  # pictures of a source whose ink is measured
_UNSEEN = ("no-class", "unreadable", "no-ink")  # checks whose pictures could not be framed
_FONTS = ("font", "family", "style", "split", "usable", "reason")  # of the columns of fonts.csv


@dataclass
class Findings:
    """What a report shows.

    Attributes:
        kind: ``dataset`` or ``curation``.
        name: Its name.
        table: The classes.
        size: Edge of a picture in pixels.
        drawn: Name of the source that is drawn from fonts, or empty.
        made: Names of all sources that are drawn, that one last.
        splits: Samples by split, or pictures by verdict.
        used: Samples by (source, label, split or verdict).
        before: Real samples there were by (source, label).
        examples: Pictures by (split or verdict, label, whether they are drawn).
        measured: Label and picture by source, to measure their ink.
        reasons: Why pictures were left out, or what was found.
        fonts: Rows of `fonts.csv`: font, family, style, split, usable glyphs, reason.
        notes: What could not be shown, and why.
    """

    kind: str
    name: str
    table: CharacterTable
    size: int
    drawn: str = ""
    made: tuple[str, ...] = ()
    splits: Counter[str] = field(default_factory=Counter)
    used: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    before: Counter[tuple[str, int]] = field(default_factory=Counter)
    examples: dict[tuple[str, int, bool], list[Gray]] = field(
        default_factory=lambda: defaultdict(list)
    )
    measured: dict[str, list[tuple[int, Gray]]] = field(default_factory=lambda: defaultdict(list))
    reasons: list[Reason] = field(default_factory=list)
    fonts: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """Names of the sources, the drawn ones last."""
        names = {source for source, _, _ in self.used} | {s for s, _ in self.before}
        return [*sorted(names.difference(self.made)), *(n for n in self.made if n in names)]

    @property
    def order(self) -> list[str]:
        """Splits, or verdicts, in their usual order."""
        usual = (*SPLITS, "keep", "review", "relabel", "drop")
        return [name for name in usual if self.splits[name]]

    def counts(self, split: str) -> dict[str, NDArray[np.int64]]:
        """Samples of a split, or pictures of a verdict: for each source int64 (classes,)."""
        every = range(len(self.table))
        return {s: np.array([self.used[s, n, split] for n in every]) for s in self.sources}

    def counts_before(self) -> dict[str, NDArray[np.int64]]:
        """Real pictures that there were: for each source int64 (classes,)."""
        every = range(len(self.table))
        return {s: np.array([self.before[s, n] for n in every]) for s in self.sources}


def collect(folder: Path, columns: int, sources: Mapping[str, Location]) -> Findings:
    """Read a dataset or a curation.

    Args:
        folder: Its folder.
        columns: Pictures of a class and a split.
        sources: Where real sources lie now, by name.

    Raises:
        InputError: The folder is neither, or is damaged.
    """
    if (folder / "curated.csv").exists():
        return _curation(folder, columns, sources)
    return _dataset(folder, columns, sources)


def _dataset(folder: Path, columns: int, sources: Mapping[str, Location]) -> Findings:
    resolved, table, listed = open_dataset(folder)
    drawn = resolved.drawn or ""
    made = tuple(name for name in (resolved.redrawn, resolved.drawn) if name)
    found = Findings("dataset", resolved.name, table, resolved.size, drawn, made)
    shown = columns // 2 if made and len(resolved.sources) > len(made) else columns
    total = sum(shard.records for shard in listed)
    with console.progress("reading shards", total, "images") as advance:
        for shard in listed:
            for record in shards.read(folder / shard.file, resolved.size):
                if not 0 <= record.label < len(table):
                    raise InputError(f"{folder / shard.file}: label {record.label} is no class")
                found.splits[shard.split] += 1
                found.used[record.source, record.label, shard.split] += 1
                examples = found.examples[shard.split, record.label, record.source in made]
                if len(examples) < shown:
                    examples.append(np.array(record.image))
                measured = found.measured[record.source]
                if len(measured) < MEASURED:
                    measured.append((record.label, np.array(record.image)))
            advance(shard.records)
    fonts = tables.read_csv(folder / "manifests" / "fonts.csv", (*_FONTS, "sha256"))
    found.fonts = [tuple(row) for row in fonts[list(_FONTS)].to_numpy().tolist()]
    _left_out(
        folder, found, resolved, sources, dict(zip(fonts["font"], fonts["sha256"], strict=True))
    )
    return found


def _left_out(
    folder: Path,
    found: Findings,
    resolved: Recipe,
    sources: Mapping[str, Location],
    hashes: Mapping[str, str],
) -> None:
    rows = tables.read_csv(folder / "manifests" / "rejected.csv", REJECTED)
    listed = rows[list(REJECTED)].to_numpy().tolist()
    labels = {c.codepoint: c.label for c in found.table}
    for (source, label, _), count in found.used.items():
        if source not in found.made:
            found.before[source, label] += count
    for _, source, code, _, _ in listed:
        if source not in found.made and code in labels:
            found.before[source, labels[code]] += 1
    found.reasons = gather((stage, "", LeftOut(*about)) for stage, *about in listed)
    places = {
        name: (one.kind, sources.get(name, one.path), one.options)
        for name, one in resolved.sources.items()
        if not one.drawn
    }
    size, mode, known = resolved.size, resolved.frame, fingerprints(folder, "build")
    real = [reason for reason in found.reasons if not reason.sources.keys() & set(found.made)]
    drawn = [reason for reason in found.reasons if found.drawn in reason.sources]
    found.notes += read_reasons(real, places, found.table, size, mode, known)
    found.notes += draw_reasons(drawn, resolved, found.table, hashes)


def _curation(folder: Path, columns: int, sources: Mapping[str, Location]) -> Findings:
    rows = tables.read_csv(folder / "curated.csv", CURATED)
    table = characters.load(folder / "characters.csv")
    labels = {c.codepoint: c.label for c in table}
    framed = (~rows["check"].isin(_UNSEEN)).to_numpy()
    if not rows["codepoint"][framed].isin(labels.keys()).all():
        raise InputError(f"{folder / 'curated.csv'}: a picture's codepoint is no class")
    path = folder / STATE / "pixels"
    if not path.exists():
        raise InputError(f"{path}: the framed pictures are missing; run `datagen curate` again")
    count = int(framed.sum())
    size = round((path.stat().st_size / max(1, count)) ** 0.5)
    pixels = open_pixels(path, count, size)
    found = Findings("curation", folder.resolve().name, table, size)
    for source, code, verdict in rows[["source", "codepoint", "verdict"]].to_numpy().tolist():
        found.splits[verdict] += 1
        if code in labels:
            found.before[source, labels[code]] += 1
            found.used[source, labels[code], verdict] += 1
    _show_some(found, rows[framed], labels, pixels, columns)
    found.reasons = gather(_found(rows, framed))
    origins = rows["origin"][framed].to_numpy()
    _show_found(found, pixels, {str(origin): row for row, origin in enumerate(origins)})
    unseen = [reason for reason in found.reasons if reason.found_by in _UNSEEN]
    known = fingerprints(folder, "curation")
    places: dict[str, Place] = {name: ("auto", path, {}) for name, path in sources.items()}
    found.notes += read_reasons(unseen, places, table, size, "tight", known)
    names = {name for reason in unseen for name in reason.sources} - set(sources)
    found.notes += [
        f"Pictures of {name} that could not be framed can't be shown, since a curation doesn't "
        f"say where its source lies; name it with --source {name}=PATH"
        for name in sorted(names)
    ]
    return found


def _found(rows: pd.DataFrame, framed: NDArray[np.bool_]) -> Iterable[tuple[str, str, LeftOut]]:
    columns = ["check", "verdict", "source", "codepoint", "origin", "reason", "score", "suggested"]
    numbers = np.where(framed, np.cumsum(framed) - 1, -1).tolist()
    for row, number in zip(rows[columns].to_numpy().tolist(), numbers, strict=True):
        check, verdict, source, code, origin, reason, score, suggested = row
        if check:
            about = (source, code, origin, reason, float(score or 0), suggested, number)
            yield check, verdict, LeftOut(*about)


def _show_found(found: Findings, pixels: Gray, origins: Mapping[str, int]) -> None:
    for reason in found.reasons:
        for one in reason.chosen:
            if one.row >= 0:
                twin = np.array(pixels[origins[one.twin]]) if one.twin in origins else None
                reason.examples.append(Example(one, np.array(pixels[one.row]), twin))


def _show_some(
    found: Findings, rows: pd.DataFrame, labels: Mapping[str, int], pixels: Gray, columns: int
) -> None:
    """Take pictures evenly from all of a class or source, since sources come one after another."""
    numbers = pd.Series(np.arange(len(rows)))
    codes = rows["codepoint"].to_numpy()
    for (verdict, code), group in numbers.groupby([rows["verdict"].to_numpy(), codes]):
        pictures = [np.array(pixels[row]) for row in _evenly(group.to_numpy(), columns)]
        found.examples[str(verdict), labels[str(code)], False] = pictures
    kept = rows["verdict"].to_numpy() != "drop"
    for source, group in numbers[kept].groupby(rows["source"].to_numpy()[kept]):
        chosen = _evenly(group.to_numpy(), MEASURED)
        found.measured[str(source)] = [
            (labels[codes[row]], np.array(pixels[row])) for row in chosen
        ]


def _evenly(rows: NDArray[np.int64], count: int) -> list[int]:
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(np.int64)
    return [int(row) for row in rows[places]]
