"""Write the shards of a plan: those that are missing, the held-out splits first."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datagen import console, failed, shards
from datagen.atomic import atomic_file
from datagen.claim import STATE
from datagen.executor import Executor
from datagen.manifest import SPLITS
from datagen.plan import Plan, cut
from datagen.shards import Finished, Shard
from datagen.survey import Pictures
from datagen.tally import pictures_elsewhere, real_rows
from datagen.worker import Context, ShardTask, setup, write_shard

if TYPE_CHECKING:
    from datagen.cluster import Cluster
    from datagen.cluster_executor import ClusterExecutor
    from datagen.store import Store

    Writers = Executor[ShardTask, Finished] | ClusterExecutor[ShardTask, Finished]

ORDER = ("test", "validation", "train")


class Writing:
    """Writes the shards of one build.

    Args:
        context: What every shard needs.
        planned: What goes where.
        pictures: The real pictures.
        store: Where finished shards are kept; None for the folder itself.

    Attributes:
        written: Shards that were missing and are written now.
    """

    def __init__(
        self, context: Context, planned: Plan, pictures: Pictures, store: "Store | None" = None
    ) -> None:
        self._store = store
        self._context = context
        self._planned = planned
        self._pictures = pictures
        size = context.recipe.shards.records
        self._parts = {split: cut(entries, size) for split, entries in planned.splits.items()}
        self._done = 0
        self.written = 0

    def __str__(self) -> str:
        total = sum(map(len, self._parts.values()))
        return f"{self._done} of {total} shards are done"

    def run(self, workers: int, cluster: "Cluster | None" = None) -> list[Finished]:
        """Write what is missing; returns the records of all shards, train first.

        Args:
            workers: Number of processes of this machine.
            cluster: What writes in their place.

        Raises:
            InputError: A shard can't be written.
        """
        context, done = self._context, dict[str, list[Finished]]()
        drawn = context.recipe.drawn or ""
        explain = functools.partial(failed.describe, context.folder, context.characters, drawn)
        total = sum(len(entries) for entries in self._planned.splits.values())
        with (
            self._writers(workers, cluster, explain) as executor,
            console.progress("writing shards", total, "images") as advance,
        ):
            for split in ORDER:
                taken = self._taken(split, done)
                done[split] = []
                for finished in self._split(executor, split, taken):
                    done[split].append(finished)
                    self._done += 1
                    advance(finished.records)
        return [finished for split in SPLITS for finished in done[split]]

    def _writers(
        self, workers: int, cluster: "Cluster | None", explain: Callable[[ShardTask], str]
    ) -> "Writers":
        if cluster is not None:
            return cluster.writer(self._context, explain)
        return Executor(write_shard, workers, setup, (self._context,), explain)

    def _taken(self, split: str, done: dict[str, list[Finished]]) -> Path:
        folder, name = self._context.folder, self._context.recipe.name
        hashes = pictures_elsewhere(folder, name, split, self._planned, self._pictures, done)
        path = folder.absolute() / STATE / f"taken-{split}.npy"
        with atomic_file(path, durable=False) as file:
            np.save(file, hashes)
        return path

    def _split(self, executor: "Writers", split: str, taken: Path) -> Iterator[Finished]:
        """Yield the finished shards of a split in order, writing those that are missing."""
        parts: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.void]]] = self._parts[split]
        name = self._context.recipe.name
        names = [Shard(name, split, index, len(parts)) for index in range(len(parts))]
        found = {shard: self._finished(shard) for shard in names}
        tasks = (
            ShardTask(shard, part, real_rows(self._pictures, part), taken)
            for shard, part in zip(names, parts, strict=True)
            if found[shard] is None
        )
        written = executor.run(tasks)
        for shard in names:
            before = found[shard]
            if before is None:
                _, before = next(written)
                if self._store is not None:
                    self._store.keep(shard)
                self.written += 1
            yield before

    def _finished(self, shard: Shard) -> Finished | None:
        if self._store is not None:
            return self._store.finished(shard)
        return shards.finished(self._context.folder, shard)
