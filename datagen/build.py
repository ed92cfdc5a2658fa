"""Build a dataset from a recipe: audit, survey, curate, plan, write. Run again, it goes on.

The held-out splits are written first. Train is then drawn with their pictures' hashes at hand, so
that no picture stands in two splits, not even a full stop that two families draw alike.
"""

import functools
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from datagen import (
    characters,
    decisions,
    failed,
    finish,
    network,
    recipe,
    remote,
    ticket,
)
from datagen.augment_steps import steps_of
from datagen.build_identity import identity
from datagen.built import Built
from datagen.characters import CharacterTable
from datagen.claim import STATE, claim
from datagen.drawn_fonts import families_of, fonts_of, rejected_glyphs
from datagen.errors import InputError, UsageError, nearest
from datagen.executor import default_workers
from datagen.fonts import FontAudit
from datagen.judge import Judged, judge
from datagen.lock import hold
from datagen.manifest import SPLITS, Rejected
from datagen.plan import plan, unused_rows
from datagen.recipe import Recipe
from datagen.remote import Location
from datagen.shards import Finished
from datagen.sources import open_source
from datagen.store import Store
from datagen.survey import Pictures, open_pixels, survey
from datagen.tally import count_sources
from datagen.worker import Context
from datagen.writing import Writing

if TYPE_CHECKING:
    from datagen.cluster import Cluster


def build(
    recipe_name: str | Path,
    out: Location,
    sources: Mapping[str, Location] | None = None,
    workers: int | None = None,
    decided: Sequence[Path] = (),
    scheduler: str | None = None,
) -> Built:
    """Build a dataset, or go on with one that was stopped.

    Args:
        recipe_name: Name of a shipped recipe, or a TOML file.
        out: Folder of the dataset, made where it is missing; or its URL, see `datagen.store`.
        sources: Paths or URLs of the real sources by name.
        workers: Number of processes; None for one a core.
        decided: Files of decisions on single pictures, beside those that the recipe names.
        scheduler: Address of the scheduler of a Dask cluster that writes the shards in place of
            processes here, such as ``tcp://host:8786``; see `datagen.cluster`.

    Raises:
        UsageError: The recipe or an argument is wrong.
        InputError: A source is broken, `out` holds something else, or a store or the cluster
            can't be used.
    """
    out = remote.location(out) if isinstance(out, str) else out
    workers = default_workers() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers (={workers}) must be at least 1")
    given = recipe.read(recipe_name)
    resolved = recipe.decide(recipe.resolve(given, sources or {}), decided)
    notes = [
        f"no path was given for the source {name}: nothing comes from it"
        for name in recipe.left_out(given, resolved)
    ]
    for name in sorted(resolved.sources.keys() - given.sources.keys()):
        close = nearest(name, list(recipe.left_out(given, resolved)))
        notes.append(f"the recipe has no source {name}, so it is one more{close}")
    store = None if isinstance(out, Path) else Store(out)
    folder = store.folder if store else Path(out)
    return Build(resolved, folder, workers, notes=notes, scheduler=scheduler, store=store).run()


class Build:
    """One run of a build; the steps in order.

    Args:
        resolved: What to build.
        out: Folder of the dataset.
        workers: Number of processes.
        places: Where sources lie now, by name; the recipe's paths where not named.
        table: The classes, where the recipe's file of them need not be there any more. The folder
            then holds nothing but parts of the same dataset.
        notes: What a user should know already.
        scheduler: Address of the scheduler of a cluster that writes the shards.
        store: Where the dataset is kept; None for the folder itself.
    """

    def __init__(
        self,
        resolved: Recipe,
        out: Path,
        workers: int,
        places: Mapping[str, Location] | None = None,
        table: CharacterTable | None = None,
        notes: Sequence[str] = (),
        scheduler: str | None = None,
        store: Store | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._recipe = resolved
        self._out = out
        self._workers = workers
        self._characters = characters.load(resolved.characters) if table is None else table
        self._mixed = table is None
        self._sources = {
            name: open_source(s.kind, (places or {}).get(name, s.path), self._characters, s.options)
            for name, s in resolved.sources.items()
            if not s.drawn
        }
        self._steps = {n: steps_of(s.preset) for n, s in resolved.sources.items() if s.drawn}
        self._notes = list(notes)
        self._decisions = decisions.read(
            [Path(path) for path in resolved.curate.decisions], self._characters
        )
        self._notes += [f"conflict: {conflict}" for conflict in self._decisions.conflicts]
        self._writing: Writing | None = None

    def run(self) -> Built:
        """Build, or go on; the folder is this process's alone meanwhile."""
        url = self._store.url if self._store else ""
        with remote.naming(self._out, url), hold(self._out, None if url else "build"):
            ticket.revoke(self._out)
            try:
                with self._staged(), self._cluster() as cluster:
                    return self._run(cluster)
            except KeyboardInterrupt as stop:
                done = self._writing or "no shard is done yet"
                raise KeyboardInterrupt(f"{done}; run the same command again to go on") from stop

    def _staged(self) -> AbstractContextManager[None]:
        return self._store.staged() if self._store else nullcontext()

    def _cluster(self) -> "AbstractContextManager[Cluster | None]":
        if self._scheduler is None:
            return nullcontext()
        from datagen.cluster import Cluster

        return Cluster(self._scheduler, self._out)

    def _run(self, cluster: "Cluster | None") -> Built:
        audit = fonts_of(self._recipe, self._characters, self._workers)
        stamps = self._stamps()
        begun = self._mixed and any((self._out / STATE).glob("*-of-*.json"))
        known = self._characters, self._decisions, self._steps
        claim(self._out, "build", identity(self._recipe, audit, *known, stamps), begun)
        self._share()
        failed.forget(self._out)
        (self._out / "manifests").mkdir(exist_ok=True)
        families = families_of(self._recipe, audit)
        pixels = self._out / STATE / "pixels"
        about = self._recipe, self._characters, audit.faces, families
        context = Context(self._out, *about, self._steps, pixels)
        if cluster is not None:
            cluster.check(context)
        pictures = survey(
            self._sources,
            self._characters,
            self._recipe.size,
            self._recipe.frame,
            pixels,
            self._workers,
        )
        self._check(stamps)
        judged = self._curate(pictures)
        pictures = judged.pictures
        planned = plan(self._recipe, pictures, judged.keep, len(self._characters))
        self._share()
        self._writing = Writing(context, planned, pictures, self._store)
        done = self._writing.run(self._workers, cluster)
        rejected = [
            *rejected_glyphs(audit, self._recipe.drawn or ""),
            *pictures.rejected,
            *judged.rejected(self._characters),
            *unused_rows(planned, pictures, self._characters, self._recipe),
            *(row for shard in done for row in shard.rejected),
        ]
        return self._finish(done, rejected, audit, families)

    def _curate(self, pictures: Pictures) -> Judged:
        config = self._recipe.curate
        decided = decisions.apply(self._decisions, pictures)
        if decided.missing:
            self._notes.append(f"{decided.missing} decisions are about pictures of no source")
        pixels = open_pixels(self._out / STATE / "pixels", len(pictures), self._recipe.size)
        ask = functools.partial(network.ask, folder=self._out / STATE)
        return judge(pictures, pixels, self._characters, config, decided, ask)

    def _share(self) -> None:
        if self._store is not None:
            self._store.share()

    def _stamps(self) -> dict[str, str]:
        return {f"source {name}": s.fingerprint() for name, s in self._sources.items()}

    def _check(self, stamps: Mapping[str, str]) -> None:
        for name, stamp in self._stamps().items():
            if stamps[name] != stamp:
                raise InputError(
                    f"{name} changed while it was read; see to it that nothing writes to it and "
                    "run the same command again"
                )

    def _finish(
        self,
        done: Sequence[Finished],
        rejected: Sequence[Rejected],
        audit: FontAudit,
        families: Mapping[str, str],
    ) -> Built:
        finish.finish(self._out, self._recipe, self._characters, done, rejected, audit, families)
        self._share()
        return Built(
            folder=self._store.url if self._store else self._out,
            name=self._recipe.name,
            records={s: sum(d.records for d in done if d.split == s) for s in SPLITS},
            sources=count_sources(done, list(self._recipe.sources)),
            rejected=len(rejected),
            families=len({face.family for face in audit.faces}),
            bytes=sum(shard.bytes for shard in done),
            written=self._writing.written if self._writing else 0,
            notes=self._notes,
        )
