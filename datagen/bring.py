"""Bring what lies in a store to this machine, once: it is kept in the cache and known by its URL.

A file takes its name only when it is whole. It then bears the stamp that the store gives it as its
time of change, so that the next run sees at a glance which files are still the store's, and so that
a source looks the same on every machine.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from datagen import console
from datagen.atomic import leftovers, temporary_name
from datagen.cache import cache_folder
from datagen.errors import InputError
from datagen.lock import hold
from datagen.remote import Entry, Location, Remote, location, naming, open_remote

_BATCH = 64 << 20  # 64 MiB; what a stop may cost
_FILES = 256  # of a batch
_KNOWN = ("SHA256SUMS", "manifests/shards.csv", "curated.csv")  # one is in every finished folder


def source(place: Location) -> Path:
    """Return where a source lies on this machine, after bringing it if it is a URL's.

    A CSV table is brought with the folder that it lies in, which has its pictures.

    Raises:
        UsageError: The URL can't be used.
        InputError: It can't be brought.
    """
    place = location(place) if isinstance(place, str) else place
    if isinstance(place, Path):
        return place
    if not urlsplit(place).path.lower().endswith(".csv"):
        return _brought(place)
    folder, _, name = place.rstrip("/").rpartition("/")
    return _brought(folder) / name


def dataset(place: Location, anew: bool = False) -> Path:
    """Return where a dataset lies on this machine, after bringing it if it is a URL's.

    Args:
        place: Its folder or URL.
        anew: Bring also what seems to be here already: only so is it the store that is proved.

    Raises:
        UsageError: The URL can't be used.
        InputError: It can't be brought, or is no finished dataset.
    """
    place = location(place) if isinstance(place, str) else place
    return place if isinstance(place, Path) else _brought(place, _KNOWN, anew)


def _brought(url: str, known: tuple[str, ...] = (), anew: bool = False) -> Path:
    remote = open_remote(url)
    files = remote.files()
    if not files:
        raise InputError(f"{url}: nothing is there, or there is no such bucket; mend the URL")
    if known and not files.keys() & {*known}:
        unfinished = any(name.startswith(".build/") for name in files)
        hint = "its build did not finish; run it again" if unfinished else "give a dataset's URL"
        raise InputError(f"{url}: no dataset is here ({known[1]} is missing); {hint}")
    home = cache_folder() / "brought" / key(url)
    target = home / (PurePosixPath(remote.root.partition("?")[0]).name or "files")
    with naming(home, url), hold(home, None):
        _clear(files, target)
        fetch(remote, files, target, anew)
    return target


def key(url: str) -> str:
    """Return a name for a folder that stands for a URL."""
    return hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]


def fetch(remote: Remote, files: Mapping[str, Entry], target: Path, anew: bool = False) -> None:
    """Make a folder hold these files of a store; what is there already is not brought again.

    Args:
        remote: Where they are.
        files: What `Remote.files` says of each.
        target: The folder; or the file, where its one name is ``""``.
        anew: Bring all of them.

    Raises:
        InputError: They can't be brought, or are not those that the store listed.
    """
    wanted = [name for name, entry in files.items() if anew or not _is_here(target / name, entry)]
    total = sum(max(0, files[name].size) for name in wanted)
    with console.progress(f"bringing {remote.url}", total, "bytes") as advance:
        for names in _batches(wanted, files):
            finals = [target / name for name in names]
            parts = [temporary_name(path) for path in finals]
            for folder in {path.parent for path in finals}:
                folder.mkdir(parents=True, exist_ok=True)
            remote.get(names, parts, advance)
            for name, part, final in zip(names, parts, finals, strict=True):
                _name(remote, part, final, name, files[name])


def _name(remote: Remote, part: Path, final: Path, name: str, entry: Entry) -> None:
    size = part.stat().st_size
    if entry.size not in (-1, size):
        part.unlink()
        raise InputError(
            f"{remote.url}: {name or 'the file'} came with {size:,} bytes instead of "
            f"{entry.size:,}; run the same command again"
        )
    os.utime(part, ns=(entry.stamp, entry.stamp))
    part.replace(final)


def _is_here(path: Path, entry: Entry) -> bool:
    try:
        about = path.stat()
    except OSError:
        return False
    return about.st_mtime_ns == entry.stamp and entry.size in (-1, about.st_size)


def _clear(files: Mapping[str, Entry], target: Path) -> None:
    """Remove what the store has no more, and what a killed process left half-brought."""
    if target.is_dir():
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(target).as_posix() not in files:
                path.unlink()
    else:
        for path in leftovers(target.parent):
            path.unlink()


def _batches(names: list[str], files: Mapping[str, Entry]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in names:
        batch.append(name)
        size += max(0, files[name].size)
        if size >= _BATCH or len(batch) >= _FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
