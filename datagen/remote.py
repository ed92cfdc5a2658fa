"""Places in a store, such as S3, that a URL names; fsspec knows how to speak to each kind.

What goes wrong there becomes one sentence that names the URL. Waiting is finite: a store that does
not answer is given up.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datagen.atomic import TEMPORARY
from datagen.errors import InputError, UsageError
from datagen.remote_errors import explain, is_local, is_unreached

Location = str | Path
"""A path, or the URL of a place in a store as text."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # of one letter, it is a drive of Windows
_CONNECT = 10  # seconds
_READ = 30  # seconds without a byte
_TRIES = 2  # of s3fs; five would keep a user waiting for minutes
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "s3": {
        "config_kwargs": {
            "connect_timeout": _CONNECT,
            "read_timeout": _READ,
            "retries": {"max_attempts": 1},  # s3fs has its own beside them
        }
    },
    "gs": {"requests_timeout": _READ},
    "sftp": {"timeout": _CONNECT, "banner_timeout": _CONNECT},
    "ftp": {"timeout": _CONNECT},
}
"""What makes the waiting finite, for the stores that have no limits of their own."""

_SAME = {"s3a": "s3", "gcs": "gs", "ssh": "sftp"}
_WHOLE = frozenset({"s3", "gs", "abfs", "abfss", "az", "oci", "oss", "memory"})
"""Stores of objects: what is put takes its name only when it is whole."""

_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "content_settings", "crc32c", "Last-Modified")


def is_url(place: object) -> bool:
    """Whether this is the URL of a store and no path."""
    return isinstance(place, str) and _URL.match(place) is not None


def location(text: str) -> Location:
    """Return what a user wrote: a URL as it is, anything else, ``file://`` included, as a path."""
    if text.lower().startswith("file://"):
        from urllib.request import url2pathname  # slow to load

        return Path(url2pathname(urlsplit(text).path))
    return text if is_url(text) else Path(text)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a store.

    Attributes:
        size: Bytes; negative where the store does not say.
        stamp: Nanoseconds since 1970 that change with the file: the seconds are those of its last
            change, what is below a second stands for its checksum.
    """

    size: int
    stamp: int


@dataclass(frozen=True)
class Remote:
    """A place in a store.

    Attributes:
        url: What the user wrote.
        store: fsspec's file system.
        root: The place in it.
        whole: Whether what is put there takes its name only when it is whole.
    """

    url: str
    store: Any
    root: str
    whole: bool

    def files(self) -> dict[str, Entry]:
        """Return what lies there, by path relative to it; a single file is called ``""``.

        Nothing there and no such bucket are the same here: stores don't tell.

        Raises:
            InputError: The store can't be asked, or a name would lead out of a folder.
        """
        with self.said():
            self.store.invalidate_cache()
            try:
                about = self.store.info(self.root)
                if about["type"] == "file":
                    return {"": _entry(about)}
                found = self.store.find(self.root, detail=True)
            except FileNotFoundError as error:
                if is_unreached(error):  # over HTTP, that is no file either
                    raise
                return {}
        names = {path[len(self.root) :].lstrip("/"): about for path, about in found.items()}
        for name in [name for name in names if not name or name.endswith("/")]:
            del names[name]  # stores of objects mark folders so
        for name in names:
            if re.search(r"(^|/)\.{0,2}/|(^|/)\.{1,2}$|[\\\0]", name):
                raise InputError(f"{self.url}: holds {name!r}, which is no name of a file; move it")
        return {name: _entry(about) for name, about in names.items()}

    def get(
        self, names: Sequence[str], paths: Sequence[Path], advance: Callable[[int], None]
    ) -> None:
        """Bring files, several at a time; they are written straight to `paths`.

        Args:
            names: Their names here.
            paths: Where each goes; the folders are there.
            advance: Told of the bytes that have come.
        """
        from fsspec.callbacks import Callback

        class Each(Callback):  # type: ignore[misc]
            def relative_update(self, inc: int = 1) -> None:
                advance(inc)

        class All(Callback):  # type: ignore[misc]
            def branched(self, *_: Any, **__: Any) -> Callback:
                return Each()

        with self.said():
            sources = [f"{self.root}/{name}" if name else self.root for name in names]
            self.store.get(sources, [str(path) for path in paths], callback=All())

    def put(self, path: Path, name: str) -> None:
        """Put a file there, whole or not at all as far as the store allows.

        Where it has no objects but folders, the file is moved to its name once it is there.
        """
        target = f"{self.root}/{name}"
        with self.said():
            if self.whole:
                self.store.put_file(str(path), target)
                return
            folder, _, last = target.rpartition("/")
            temporary = f"{folder}/{TEMPORARY}{secrets.token_hex(4)}-{last}"
            self.store.makedirs(folder, exist_ok=True)
            self.store.put_file(str(path), temporary)
            self.store.mv(temporary, target)

    @contextmanager
    def said(self) -> Iterator[None]:
        """Turn what a store's library raises within into one sentence."""
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # each library has its own, without a common base
            if is_local(error):
                raise
            raise InputError(f"{self.url}: {explain(error)}") from error


def open_remote(url: str) -> Remote:
    """Open a place in a store.

    Raises:
        UsageError: The URL has a password in it, nothing speaks its protocol, or a package that
            does is not installed.
        InputError: The store can't be opened.
    """
    if urlsplit(url).password:
        raise UsageError(
            f"the URL of {urlsplit(url).hostname} has a password in it, which would be written "
            "down; take it out and configure it as fsspec's documentation says"
        )
    scheme = url.partition("://")[0].lower()
    scheme = _SAME.get(scheme, scheme)
    extra = "pip install 'math-vision[cloud]' brings what s3:// and gs:// need"
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise UsageError(f"{url}: needs fsspec, which is not installed; {extra}") from error
    try:
        store, root = url_to_fs(url, use_listings_cache=False, **_options(scheme))
    except ImportError as error:
        raise UsageError(f"{url}: a package is missing ({error}); {extra}") from error
    except ValueError as error:
        if "not known" not in str(error):
            raise UsageError(f"{url}: {explain(error)}") from error
        raise UsageError(f"{url}: nothing is known that speaks {scheme}://; {extra}") from error
    except Exception as error:  # of whatever library it is
        raise InputError(f"{url}: {explain(error)}") from error
    if scheme == "s3":
        store.retries = _TRIES
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # prints the traceback of what it raises
    return Remote(url, store, str(root).rstrip("/"), scheme in _WHOLE)


def _options(scheme: str) -> Mapping[str, Any]:
    if scheme not in ("http", "https"):
        return _OPTIONS.get(scheme, {})
    import aiohttp

    # Its own limit is on the whole of a download, which may be long.
    limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_READ)
    return {"client_kwargs": {"timeout": limits}}


@contextmanager
def naming(folder: Path, url: str) -> Iterator[None]:
    """Let errors about a folder that stands for a URL name the URL.

    Args:
        folder: The folder on this machine.
        url: What the user knows it by; empty to change nothing.
    """
    try:
        yield
    except InputError as error:
        text = str(error)
        if not url or not text.startswith(str(folder)):
            raise
        raise type(error)(url + text.removeprefix(str(folder))) from error


def _entry(about: Mapping[str, Any]) -> Entry:
    size = about.get("size")
    changed = next((about[key] for key in _TIMES if about.get(key)), 0)
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed)
    if isinstance(changed, datetime):
        changed = (changed if changed.tzinfo else changed.replace(tzinfo=UTC)).timestamp()
    tag = "".join(str(about[key]) for key in _TAGS if about.get(key)) or str(changed)
    # File systems keep times to 100 ns at best on some systems: microseconds are safe everywhere.
    below = int(hashlib.sha256(tag.encode()).hexdigest(), 16) % 1_000_000
    return Entry(-1 if size is None else int(size), (int(changed) * 1_000_000 + below) * 1_000)
