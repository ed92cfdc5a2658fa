"""Get the real sets from their publishers: proved, whole, and only once."""

import zipfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from datagen import fetch_http, fetch_kaggle, fetch_symbols
from datagen.cache import cache_folder
from datagen.errors import InputError, UsageError
from datagen.fetch_sets import PublishedSet, published
from datagen.lock import hold


@dataclass(frozen=True, slots=True)
class Fetched:
    """A set that is here now.

    Attributes:
        name: Its name.
        path: File or folder to give as a source.
        size: Bytes of the file; 0 for a folder.
        fresh: Whether anything was downloaded.
        proof: What says that it is the published one.
        license: Its licence.
        cite: Whose work it is.
    """

    name: str
    path: Path
    size: int
    fresh: bool
    proof: str
    license: str
    cite: str

    @property
    def source(self) -> str:
        """The option that gives it to the other commands."""
        return f"--source {'symbols' if self.name == 'math-symbols' else self.name}={self.path}"


def fetch(
    name: str,
    to: Path | None = None,
    url: str | None = None,
    timeout: float = fetch_http.TIMEOUT,
    pause: float = fetch_http.PAUSE,
) -> Fetched:
    """Download a real set, go on with a download that was cut, or find it here already.

    Args:
        name: ``emnist``, ``math-symbols`` or ``operators``.
        to: Folder to keep it in; None for ``downloads`` in the cache (``$MATH_VISION_CACHE`` or
            ``~/.cache/math-vision``), or for one of Kaggle's, kagglehub's own cache.
        url: Another place to take the file from; it must have the same checksum.
        timeout: Seconds without a byte, after which the server counts as stalled.
        pause: Seconds before a second try.

    Raises:
        UsageError: There is no set of this name, or it isn't a file that another place could have.
        InputError: It can't be had, or isn't what was published; the message says what to do.
    """
    wanted = published(name)
    if timeout <= 0:
        raise UsageError(f"timeout (={timeout:g}) must be more than 0 seconds")
    if wanted.kaggle:
        if url is not None:
            raise UsageError(f"{name} comes from Kaggle; it can't be taken from another address")
        with nullcontext() if to is None else hold(Path(to), None):  # kagglehub's cache is its own
            path = fetch_kaggle.download(wanted, to)
        return Fetched(name, path, 0, True, "checked by kagglehub", wanted.license, wanted.cite)
    folder = cache_folder() / "downloads" if to is None else Path(to)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; give a folder")
    path = folder / wanted.file
    with hold(folder, None):
        fresh = not path.exists()
        if fresh:
            _download(wanted, path, url or wanted.url, timeout, pause)
        proof = _prove(wanted, path)
    return Fetched(name, path, path.stat().st_size, fresh, proof, wanted.license, wanted.cite)


def _download(wanted: PublishedSet, path: Path, url: str, timeout: float, pause: float) -> None:
    if wanted.md5:
        fetch_http.download(url, path, wanted.md5, wanted.by_hand, timeout, pause)
        return
    archive = path.with_name(f"{path.stem}.tar.gz")
    if not archive.exists():
        fetch_http.download(url, archive, "", wanted.by_hand, timeout, pause)
    try:
        fetch_symbols.repack(archive, path)
    except InputError as error:
        archive.unlink(missing_ok=True)
        raise InputError(
            f"{error}; it was removed: run the same command again, or {wanted.by_hand}"
        ) from error
    archive.unlink()


def _prove(wanted: PublishedSet, path: Path) -> str:
    """Say what proves the file.

    Raises:
        InputError: It isn't what was published.
    """
    if wanted.md5:
        found = fetch_http.digest(path, "md5")
        if found != wanted.md5:
            raise InputError(
                f"{path}: has the MD5 {found}, not the published {wanted.md5}; remove it or give "
                "another folder, and run the same command again"
            )
        return f"MD5 {found}, as published"
    try:
        with zipfile.ZipFile(path) as packed:
            broken = packed.testzip()
    except (zipfile.BadZipFile, EOFError) as error:
        broken = str(error)
    if broken:
        raise InputError(f"{path}: damaged ({broken}); remove it and run the same command again")
    return f"SHA-256 {fetch_http.digest(path, 'sha256')} (its publisher states no checksum)"
