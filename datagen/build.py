"""Build a dataset from a recipe: audit, survey, curate, plan, write. Run again, it goes on.

The held-out splits are written first. Train is then drawn with their pictures' hashes at hand, so
that no picture stands in two splits, not even a full stop that two families draw alike.
"""

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datagen import (
    __version__,
    characters,
    console,
    decisions,
    drawn_fonts,
    manifest,
    metadata,
    network,
    recipe,
    shards,
    weights,
)
from datagen.atomic import atomic_file, remove_leftovers, write_csv, write_text
from datagen.claim import claim
from datagen.drawn_fonts import families_of, font_rows, fonts_of, rejected_glyphs
from datagen.errors import UsageError
from datagen.executor import Executor, default_workers
from datagen.fonts import FontAudit
from datagen.judge import Judged, judge
from datagen.manifest import SPLITS, Rejected
from datagen.plan import Plan, cut, plan, unused_rows
from datagen.recipe import Recipe
from datagen.recipe_toml import to_toml
from datagen.shards import SHARDS_CSV, STATE, Finished, Shard
from datagen.sources import open_source
from datagen.survey import Pictures, open_pixels, survey
from datagen.tally import count_classes, count_sources, pictures_elsewhere, real_rows
from datagen.worker import Context, ShardTask, setup, write_shard

_ORDER = ("test", "validation", "train")


@dataclass(frozen=True)
class Built:
    """What a build made.

    Attributes:
        folder: The dataset.
        name: Its name.
        records: Records by split.
        sources: Records by source.
        rejected: Samples that were left out.
        families: Families of fonts that were used.
        bytes: Size of all shards.
        written: Shards that this run wrote; 0 where everything was there already.
        notes: What a user should know, such as optional sources that were not given.
    """

    folder: Path
    name: str
    records: Mapping[str, int]
    sources: Mapping[str, int]
    rejected: int
    families: int
    bytes: int
    written: int
    notes: Sequence[str]


def build(
    recipe_name: str | Path,
    out: Path,
    sources: Mapping[str, Path] | None = None,
    workers: int | None = None,
    decided: Sequence[Path] = (),
) -> Built:
    """Build a dataset, or go on with one that was stopped.

    Args:
        recipe_name: Name of a shipped recipe, or a TOML file.
        out: Folder of the dataset; made where it is missing.
        sources: Paths of the real sources by name.
        workers: Number of processes; None for one a core.
        decided: Files of decisions on single pictures, beside those that the recipe names.

    Raises:
        UsageError: The recipe or an argument is wrong.
        InputError: A source is broken, or `out` holds something else.
    """
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers (={workers}) must be at least 1")
    given = recipe.read(recipe_name)
    resolved = recipe.decide(recipe.resolve(given, sources or {}), decided)
    return _Build(given, resolved, out, workers).run()


class _Build:
    """One run of a build; the steps in order."""

    def __init__(self, given: Recipe, resolved: Recipe, out: Path, workers: int) -> None:
        self._recipe = resolved
        self._out = out
        self._workers = workers
        self._characters = characters.load(resolved.characters)
        self._sources = {
            name: open_source(s.kind, Path(s.path), self._characters, s.options)
            for name, s in resolved.sources.items()
            if not s.drawn
        }
        self._notes = [
            f"no path was given for the source {name}: nothing comes from it"
            for name in recipe.left_out(given, resolved)
        ]
        said = [Path(path) for path in resolved.curate.decisions]
        self._decisions = decisions.read(said, self._characters)
        self._notes += [f"conflict: {conflict}" for conflict in self._decisions.conflicts]
        self._written = 0

    def run(self) -> Built:
        audit = fonts_of(self._recipe, self._characters, self._workers)
        claim(self._out, "build", self._identity(audit))
        (self._out / "manifests").mkdir(exist_ok=True)
        remove_leftovers(self._out / "manifests")
        pictures = survey(
            self._sources,
            self._characters,
            self._recipe.size,
            self._recipe.frame,
            self._out / STATE / "pixels",
            self._workers,
        )
        judged = self._curate(pictures)
        pictures, keep = judged.pictures, judged.keep
        doubled = judged.rejected(self._characters)
        planned = plan(self._recipe, pictures, keep, len(self._characters))
        families = families_of(self._recipe, audit)
        done = self._write_shards(planned, pictures, audit, families)
        unused = unused_rows(planned, pictures, self._characters, self._recipe)
        drawn = [row for shard in done for row in shard.rejected]
        glyphs = rejected_glyphs(audit, self._recipe.drawn or "")
        rejected = [*glyphs, *pictures.rejected, *doubled, *unused, *drawn]
        return self._finish(done, rejected, audit, families)

    def _curate(self, pictures: Pictures) -> Judged:
        config = self._recipe.curate
        decided = decisions.apply(self._decisions, pictures)
        if decided.missing:
            self._notes.append(f"{decided.missing} decisions are about pictures of no source")
        pixels = open_pixels(self._out / STATE / "pixels", len(pictures), self._recipe.size)
        ask = functools.partial(network.ask, folder=self._out / STATE)
        return judge(pictures, pixels, self._characters, config, decided, ask)

    def _identity(self, audit: FontAudit) -> dict[str, str]:
        """What the bytes of the dataset depend on."""
        fonts = "\n".join(f"{f.sha256} {f.index} {f.group} {f.labels}" for f in audit.faces)
        return {
            "version": __version__,
            "recipe": _digest(to_toml(self._recipe)),
            "characters": self._characters.digest,
            "decisions": self._decisions.digest,
            "fonts": _digest(fonts),
            **{f"source {n}": s.fingerprint() for n, s in self._sources.items()},
        }

    def _write_shards(
        self, planned: Plan, pictures: Pictures, audit: FontAudit, families: Mapping[str, str]
    ) -> list[Finished]:
        context = Context(
            self._out,
            self._recipe,
            self._characters,
            audit.faces,
            families,
            self._out / STATE / "pixels",
        )
        done: dict[str, list[Finished]] = {}
        total = sum(len(entries) for entries in planned.splits.values())
        with (
            Executor(write_shard, self._workers, setup, (context,)) as executor,
            console.progress("writing shards", total, "images") as advance,
        ):
            for split in _ORDER:
                hashes = pictures_elsewhere(
                    self._out, self._recipe.name, split, planned, pictures, done
                )
                taken = self._out / STATE / f"taken-{split}.npy"
                with atomic_file(taken, durable=False) as file:
                    np.save(file, hashes)
                done[split] = []
                entries = planned.splits[split]
                for finished in self._write_split(executor, split, entries, pictures, taken):
                    done[split].append(finished)
                    advance(finished.records)
        return [finished for split in SPLITS for finished in done[split]]

    def _write_split(
        self,
        executor: Executor[ShardTask, Finished],
        split: str,
        entries: NDArray[np.void],
        pictures: Pictures,
        taken: Path,
    ) -> Iterator[Finished]:
        """Yield the finished shards of a split in order, writing those that are missing."""
        parts = cut(entries, self._recipe.shards.records)
        names = [Shard(self._recipe.name, split, i, len(parts)) for i in range(len(parts))]
        found = {shard: shards.finished(self._out, shard) for shard in names}
        tasks = (
            ShardTask(shard, part, real_rows(pictures, part), taken)
            for shard, part in zip(names, parts, strict=True)
            if found[shard] is None
        )
        written = executor.run(tasks)
        for shard in names:
            before = found[shard]
            if before is None:
                _, before = next(written)
                self._written += 1
            yield before

    def _finish(
        self,
        done: Sequence[Finished],
        rejected: Sequence[Rejected],
        audit: FontAudit,
        families: Mapping[str, str],
    ) -> Built:
        folder = self._out / "manifests"
        write_text(self._out / "recipe.toml", to_toml(self._recipe))
        write_text(folder / "characters.csv", self._characters.to_csv())
        rows = [[getattr(shard, column) for column in SHARDS_CSV] for shard in done]
        write_csv(folder / "shards.csv", SHARDS_CSV, rows)
        manifest.write_rejected(folder / "rejected.csv", rejected)
        write_csv(folder / "fonts.csv", drawn_fonts.COLUMNS, font_rows(audit, families))
        counts = count_classes(done, len(self._characters))
        weights.write(folder, self._characters, counts)
        metadata.write(self._out, self._recipe, self._characters, done)
        for name in ("pixels", *(f"taken-{split}.npy" for split in SPLITS)):
            (self._out / STATE / name).unlink(missing_ok=True)
        return Built(
            folder=self._out,
            name=self._recipe.name,
            records={s: sum(d.records for d in done if d.split == s) for s in SPLITS},
            sources=count_sources(done, list(self._recipe.sources)),
            rejected=len(rejected),
            families=len({face.family for face in audit.faces}),
            bytes=sum(shard.bytes for shard in done),
            written=self._written,
            notes=self._notes,
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
