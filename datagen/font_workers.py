"""Audit many font files on all cores, and remember the results."""

import contextlib
import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from datagen import atomic, console
from datagen.cache import cache_folder
from datagen.characters import CharacterTable
from datagen.font_crew import Audited, Crew
from datagen.font_findings import FileAudit, edition

_OLD = 86_400.0  # seconds; no temporary file of the cache is written for a day


def audit_files(
    files: Collection[Path], table: CharacterTable, workers: int | None = None
) -> dict[Path, tuple[str, FileAudit]]:
    """Return the audits of files, from the cache or made anew.

    Workers start with the first file that isn't in the cache, while the others are still read.

    Args:
        files: Where they lie.
        table: The classes to look for.
        workers: Number of processes; None for one a core.

    Returns:
        For each file its SHA-256, empty where it can't be read, and its audit.
    """
    kept = _Kept(cache_folder() / "fonts" / edition(table))
    hashes: dict[Path, str] = {}
    found: dict[str, FileAudit] = {}
    unread: dict[Path, tuple[str, FileAudit]] = {}
    asked = set()
    most = workers or os.cpu_count() or 1
    with console.progress("auditing fonts", len(files), "files") as advance, Crew(table, most) as c:
        for path in files:
            try:
                sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                unread[path] = "", FileAudit.unreadable(error)
                advance(1)
                continue
            hashes[path] = sha256
            if sha256 not in asked and sha256 not in found:
                audit = kept.read(sha256)
                if audit is None:
                    c.put(sha256, path)
                    asked.add(sha256)
                    continue
                found[sha256] = audit
            advance(1)
        if asked:
            kept.sweep()
        for done in c.results():
            found[done.sha256] = kept.write(done)
            advance(1)
    return unread | {path: (sha256, found[sha256]) for path, sha256 in hashes.items()}


class _Kept:
    """Results kept in a folder, one a file; where that can't be written, they are not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writable = True

    def read(self, sha256: str) -> FileAudit | None:
        try:
            return FileAudit.from_json(self._path(sha256).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # not there, or spoilt: it is made anew and written over

    def write(self, done: Audited) -> FileAudit:
        if done.lost:  # a crash or a delay may have been the machine's: it is tried again next time
            return FileAudit.refused(done.lost)
        if self._writable:
            self._writable = self._write(self._path(done.sha256), done.audit)
        return FileAudit.from_json(done.audit)

    def _write(self, path: Path, text: str) -> bool:
        try:
            with atomic.atomic_file(path, durable=False) as file:
                file.write(text.encode())
        except OSError as error:
            console.note(
                f"{path.parent}: results can't be kept there for next time ({error.strerror})"
            )
            return False
        return True

    def sweep(self) -> None:
        """Remove what killed processes left half written."""
        for path in atomic.leftovers(cache_folder(), deep=True, age=_OLD):
            with contextlib.suppress(OSError):  # a cache that can't be written is done without
                path.unlink()

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.json"
