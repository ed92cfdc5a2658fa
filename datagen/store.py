"""A dataset that is built here and kept in a store.

The store is all that counts. A build begins by bringing everything but the shards from there into
an empty folder of the cache, writes what is missing in that folder, and puts each shard into the
store as soon as it is finished: its file, its manifest, then its record. `SHA256SUMS` is put last.
The folder is emptied again whichever way the build ends, so the same command goes on from any
machine.

Builds on one machine keep each other out by a lock on that folder. Stores have none that would die
with its process: that no two machines build into one URL at the same time is up to the user.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from datagen import bring, lock, shards, sums
from datagen.atomic import TEMPORARY
from datagen.cache import cache_folder
from datagen.claim import STATE
from datagen.errors import InputError
from datagen.remote import open_remote
from datagen.shards import Finished, Shard

_SHARD = ".tfrecord-"
_OWN = tuple(f"{STATE}/{name}" for name in (lock.FILE, "pixels", "taken-", "wanted-", "failed-"))
"""What a build keeps on its machine."""


class Store:
    """Where a build keeps its dataset, in place of a folder.

    Args:
        url: Of the dataset.

    Attributes:
        url: Of the dataset.
        folder: What stands for it on this machine during a build.

    Raises:
        UsageError: The URL can't be used.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.folder = cache_folder() / "staging" / bring.key(url)
        self._remote = open_remote(url)
        self._sizes: dict[str, int] = {}
        self._put: dict[str, str] = {}

    @contextmanager
    def staged(self) -> Iterator[None]:
        """Have everything but the shards in the folder meanwhile, which this process holds.

        Raises:
            InputError: The store can't be read, or the URL holds something else.
        """
        self._empty()
        files = self._remote.files()
        if files and sums.IDENTITY not in files:
            what = "is a file" if "" in files else "holds something that is no build of ours"
            raise InputError(f"{self.url}: {what}; give another --out")
        self._sizes = {name: entry.size for name, entry in files.items()}
        try:
            few = {name: entry for name, entry in files.items() if not _stays(name)}
            bring.fetch(self._remote, few, self.folder)
            self._put = {name: sums.sha256_of(self.folder / name) for name in few}
            yield
        finally:
            self._empty()

    def finished(self, shard: Shard) -> Finished | None:
        """Return the record of a shard that is in the store; None where it is not finished.

        Its manifest is proved. Of its file the size must be right; `datagen verify` proves more.
        """
        done = shards.recorded(self.folder, shard)
        whole = done is not None and self._sizes.get(shard.file) == done.bytes
        return done if whole and done and self._put.get(shard.manifest) == done.manifest else None

    def keep(self, shard: Shard) -> None:
        """Put a shard that was just finished into the store; its file is then removed here.

        Raises:
            InputError: The store does not take it.
        """
        for name in (shard.file, shard.manifest, shard.done):
            self._remote.put(self.folder / name, name)
        self._put |= {n: sums.sha256_of(self.folder / n) for n in (shard.manifest, shard.done)}
        (self.folder / shard.file).unlink()

    def share(self) -> None:
        """Put what differs from the store into it: all but shards, and the hashes last.

        Raises:
            InputError: The store does not take it.
        """
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        names = [path.relative_to(self.folder).as_posix() for path in paths]
        for name in sorted(names, key=lambda name: (name == sums.FILE, name)):
            if not _stays(name) and self._put.get(name) != (
                new := sums.sha256_of(self.folder / name)
            ):
                self._remote.put(self.folder / name, name)
                self._put[name] = new

    def _empty(self) -> None:
        """Remove all but the lock, and the lists of shards that could not be made."""
        for path in (*self.folder.glob("*"), *self.folder.glob(f"{STATE}/*")):
            if path.name in (STATE, lock.FILE) or path.name.startswith("failed-"):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _stays(name: str) -> bool:
    """Whether a file is not copied between folder and store as the build begins and ends."""
    last = name.rpartition("/")[2]
    return name.startswith(_OWN) or _SHARD in name or last.startswith(TEMPORARY)
