"""Put a damaged dataset right: make again exactly what is damaged, in the same bytes.

Everything that is good is linked into a folder beside it, and the build that made the dataset goes
on in there: it makes what is missing. What comes out takes the place of a damaged file only if it
is, byte for byte, what that file was built as. Good files are never touched.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datagen import described, sums
from datagen.atomic import sync_folder, write_text
from datagen.build import Build
from datagen.claim import STATE, changes
from datagen.errors import InputError, UsageError
from datagen.evidence import Evidence, Problem
from datagen.executor import default_workers
from datagen.lock import hold
from datagen.remote import Location
from datagen.verify import Proof, prove
from datagen.verify_tables import EXTRA, KEPT, finished

SCRATCH = f"{STATE}/repair"
ASIDE = f"{STATE}/set-aside"


@dataclass(frozen=True)
class Repaired:
    """What became of a damaged dataset.

    Attributes:
        problems: What was wrong.
        restored: Files that are again as they were built.
        aside: Files that are none of the dataset and were moved to `ASIDE`.
        left: What is still wrong.
        reason: Why that could not be repaired; empty where nothing is left.
    """

    problems: tuple[Problem, ...]
    restored: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    left: tuple[Problem, ...] = ()
    reason: str = ""


def repair(
    folder: Path, sources: Mapping[str, Location] | None = None, workers: int | None = None
) -> Repaired:
    """Verify a dataset and make again what is damaged; files that are good stay untouched.

    Args:
        folder: The dataset.
        sources: Where real sources lie now, by name; the build's paths where not named.
        workers: Number of processes; None for one a core.

    Raises:
        UsageError: A source is named that the dataset has none of.
        InputError: The folder is no finished dataset, or another process works in it.
    """
    workers = default_workers() if workers is None else workers
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    with hold(folder, None):
        proof = prove(folder, workers)
        known = [n for n, s in proof.evidence.recipe.sources.items() if not s.drawn]
        for name in sources or {}:
            if name not in known:
                raise UsageError(f"--source {name}: the dataset's sources are {', '.join(known)}")
        if not proof.problems:
            return Repaired(())
        scratch = folder / SCRATCH
        try:
            run = _Repair(proof, scratch, sources or {}, workers)
            run.run()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        left = prove(folder, workers).problems
    reason = "; ".join(run.reasons) if left else ""
    return Repaired(proof.problems, tuple(run.restored), tuple(run.aside), left, reason)


@dataclass
class _Repair:
    proof: Proof
    scratch: Path
    sources: Mapping[str, Location]
    workers: int
    restored: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def _evidence(self) -> Evidence:
        return self.proof.evidence

    def run(self) -> None:
        folder, scratch = self._evidence.folder, self.scratch
        damaged = {p.file for p in self.proof.problems if p.text != EXTRA} - {sums.FILE}
        for name in sorted({p.file for p in self.proof.problems if p.text == EXTRA}):
            self._put_aside(name)
        shutil.rmtree(scratch, ignore_errors=True)
        (scratch / STATE).mkdir(parents=True)
        (scratch / "manifests").mkdir()
        if damaged - set(self._described()):
            self._build(damaged)
        else:
            for name, content in self._described().items():
                write_text(scratch / name, content.decode())
        for name in sorted(damaged):
            self._restore(name)
        if not self.reasons:
            self._list(folder)

    def _described(self) -> dict[str, bytes]:
        evidence = self._evidence
        done = finished(evidence, self.proof.found)
        return described.describe(evidence.recipe, evidence.characters, done)

    def _build(self, damaged: set[str]) -> None:
        """Let a build in the scratch folder make what can't be linked into it."""
        folder = self._evidence.folder
        for shard, _ in self._evidence.parts:
            files = (shard.file, shard.manifest, shard.done)
            if not damaged.intersection(files):
                _link(folder, self.scratch, files)
        network = folder / STATE / "network"
        if network.is_dir():
            names = [path.relative_to(folder).as_posix() for path in network.iterdir()]
            _link(folder, self.scratch, names)
        write_text(self.scratch / sums.IDENTITY, "{}\n")
        try:
            Build(
                self._evidence.recipe,
                self.scratch,
                self.workers,
                places=self.sources,
                table=self._evidence.characters,
            ).run()
        except (InputError, OSError) as error:
            self.reasons.append(f"it can't be made again: {error}")

    def _restore(self, name: str) -> None:
        """Put a new file in a damaged one's place if it is what that one was built as."""
        folder, new = self._evidence.folder, self.scratch / name
        if not new.is_file():
            return
        stated, made = self._stated(name), sums.sha256_of(new)
        old = folder / name
        if old.is_file() and made == sums.sha256_of(old):
            return  # what spoke of it is damaged
        if stated and made != stated:
            self.reasons.append(f"{name} comes out different from what was built{self._changed()}")
            return
        if old.is_dir():
            self._put_aside(name)
        old.parent.mkdir(exist_ok=True)
        new.replace(old)
        sync_folder(old.parent)
        self.restored.append(name)

    def _stated(self, name: str) -> str:
        for shard, part in self._evidence.parts:
            if name == shard.file:
                return part.sha256
            if name == shard.manifest:
                return part.manifest
        return self._evidence.sums.get(name, "")

    def _changed(self) -> str:
        """Say what differs from the time of the build, where that is known."""
        path = self.scratch / sums.IDENTITY
        before = self._evidence.identity
        if not before or not path.is_file():
            return ""
        names = list(changes(before, json.loads(path.read_text(encoding="utf-8"))))
        return f", since these have changed: {', '.join(names)}" if names else ""

    def _put_aside(self, name: str) -> None:
        folder = self._evidence.folder
        target = folder / ASIDE / name
        number = 0
        while target.exists():
            number += 1
            target = folder / ASIDE / f"{name}.{number}"
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / name).rename(target)
        self.aside.append(name)

    def _list(self, folder: Path) -> None:
        """Write the list of hashes again if it is not what it should be."""
        evidence = self._evidence
        if not evidence.has_state:
            return
        names = [*self._described(), *KEPT]
        for shard, part in evidence.parts:
            if not part.manifest:
                return
            names += [shard.done]
        hashes = {name: sums.sha256_of(folder / name) for name in names}
        hashes |= {shard.file: part.sha256 for shard, part in evidence.parts}
        hashes |= {shard.manifest: part.manifest for shard, part in evidence.parts}
        path = folder / sums.FILE
        text = sums.text_of(hashes)
        if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
            write_text(path, text)
            self.restored.append(sums.FILE)


def _link(folder: Path, scratch: Path, names: Iterable[str]) -> None:
    for name in names:
        target = scratch / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(folder / name, target)
        except OSError:  # a file system without hard links
            shutil.copy2(folder / name, target)
