"""What a report is made of: counts and some pictures, of a dataset or of a curation."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import characters, manifest, shards
from datagen.characters import CharacterTable
from datagen.curated import COLUMNS as CURATED
from datagen.errors import InputError
from datagen.manifest import REJECTED, SPLITS
from datagen.shards import STATE
from datagen.survey import open_pixels
from datagen.verify import open_dataset

Gray = NDArray[np.uint8]

SHOWN = 24  # pictures of a class, a split and a kind
MEASURED = 4000  # pictures of a source whose ink is measured
EXAMPLES = 40  # rejected pictures of a reason
_UNSEEN = ("no-class", "unreadable", "no-ink")  # checks whose pictures could not be framed


@dataclass
class Findings:
    """What a report shows.

    Attributes:
        kind: ``dataset`` or ``curation``.
        name: Its name.
        table: The classes.
        size: Edge of a picture in pixels.
        drawn: Name of the source that is drawn, or empty.
        splits: Samples by split.
        used: Samples by (source, label, split).
        before: Real samples there were by (source, label).
        examples: Pictures by (split, label, whether they are drawn).
        measured: Pictures by source, to measure their ink.
        reasons: Pictures left out by (stage or check, reason without its particulars).
        seen: Pictures left out, by check, the worst first.
        fonts: Rows of `fonts.csv`: font, family, style, split, usable glyphs, reason.
    """

    kind: str
    name: str
    table: CharacterTable
    size: int
    drawn: str = ""
    splits: Counter[str] = field(default_factory=Counter)
    used: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    before: Counter[tuple[str, int]] = field(default_factory=Counter)
    examples: dict[tuple[str, int, bool], list[Gray]] = field(
        default_factory=lambda: defaultdict(list)
    )
    measured: dict[str, list[Gray]] = field(default_factory=lambda: defaultdict(list))
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: dict[str, list[Gray]] = field(default_factory=dict)
    fonts: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """Names of the sources, the drawn one last."""
        names = sorted({source for source, _, _ in self.used} | {s for s, _ in self.before})
        return sorted(names, key=lambda name: (name == self.drawn, name))


def collect(folder: Path) -> Findings:
    """Read a dataset or a curation.

    Raises:
        InputError: The folder is neither, or is damaged.
    """
    return _curation(folder) if (folder / "curated.csv").exists() else _dataset(folder)


def _dataset(folder: Path) -> Findings:
    resolved, table, listed = open_dataset(folder)
    found = Findings("dataset", resolved.name, table, resolved.size, resolved.drawn or "")
    for shard in listed:
        for record in shards.read(folder / shard.file, resolved.size):
            if not 0 <= record.label < len(table):
                raise InputError(f"{folder / shard.file}: label {record.label} is no class")
            found.splits[shard.split] += 1
            found.used[record.source, record.label, shard.split] += 1
            _show(found, shard.split, record.label, record.source, record.image)
    for (source, label, _), count in found.used.items():
        if source != found.drawn:
            found.before[source, label] += count
    rows = manifest.read_csv(folder / "manifests" / "rejected.csv", REJECTED)
    labels = {c.codepoint: c.label for c in table}
    for stage, source, code, _, reason in rows[list(REJECTED)].to_numpy().tolist():
        found.reasons[stage, _general(reason)] += 1
        if source != found.drawn and code in labels:
            found.before[source, labels[code]] += 1
    fonts = manifest.read_csv(folder / "manifests" / "fonts.csv", ("font", "family", "usable"))
    columns = ["font", "family", "style", "split", "usable", "reason"]
    found.fonts = [tuple(row) for row in fonts[columns].to_numpy().tolist()]
    return found


def _curation(folder: Path) -> Findings:
    rows = manifest.read_csv(folder / "curated.csv", CURATED)
    table = characters.load(folder / "characters.csv")
    framed = rows[~rows["check"].isin(_UNSEEN)]
    path = folder / STATE / "pixels"
    if not path.exists():
        raise InputError(f"{path}: the framed pictures are missing; run `datagen curate` again")
    size = round((path.stat().st_size / max(1, len(framed))) ** 0.5)
    pixels = open_pixels(path, len(framed), size)
    found = Findings("curation", folder.resolve().name, table, size)
    labels = {c.codepoint: c.label for c in table}
    worst: dict[str, list[tuple[float, int]]] = defaultdict(list)
    columns = ["source", "codepoint", "verdict", "check", "reason", "score"]
    for source, code, verdict, check, reason, _ in rows[columns].to_numpy().tolist():
        if code in labels:
            found.before[source, labels[code]] += 1
            found.used[source, labels[code], verdict] += 1
        found.splits[verdict] += 1
        if check:
            found.reasons[check, _general(reason)] += 1
    for number, (source, code, verdict, check, _, score) in enumerate(
        framed[columns].to_numpy().tolist()
    ):
        _show(found, verdict, labels[code], source, pixels[number])
        if check:
            worst[check].append((-float(score), number))
    for check, ranked in sorted(worst.items()):
        found.seen[check] = [np.array(pixels[n]) for _, n in sorted(ranked)[:EXAMPLES]]
    return found


def _show(found: Findings, split: str, label: int, source: str, image: Gray) -> None:
    examples = found.examples[split, label, source == found.drawn]
    if len(examples) < SHOWN:
        examples.append(np.array(image))
    if len(found.measured[source]) < MEASURED:
        found.measured[source].append(np.array(image))


def _general(reason: str) -> str:
    """A reason without what is particular to one picture, so that reasons can be counted."""
    short = re.sub(r"(the same picture as) \S+( after)?", r"\1 another\2", reason)
    short = re.sub(r"(nearly the same picture as) [^,(]+", r"\1 another ", short)
    return re.sub(r"\d+(\.\d+)?( ?%)?", "#", short)[:120]


def order(found: Findings) -> list[str]:
    """Splits, or verdicts, in their usual order."""
    usual = (*SPLITS, "keep", "review", "relabel", "drop")
    return [name for name in usual if found.splits[name]]
