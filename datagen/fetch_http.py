"""Download one file over HTTP: go on where it was cut, never hang, keep nothing unproved.

The bytes gather in ``NAME.part`` beside the final name; a small table beside them says which file
of the server they belong to, so that another run goes on with them, and with nothing else. (Of the
libraries that fetch data sets, pooch proves and retries, but each retry starts at the first byte,
which for half a gigabyte over a bad line means never to finish.)
"""

import hashlib
import http.client
import json
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from datagen import __version__, console
from datagen.atomic import take_name, write_text
from datagen.errors import InputError, UsageError

TIMEOUT = 30.0  # seconds without a byte, after which the server counts as stalled
SLOWEST = 1 << 10  # 1 KiB a second; a server that trickles less is stalled as well
PAUSE = 1.0  # seconds before the second try; doubled before the third
TRIES = 3  # in a row that bring less than ENOUGH
ENOUGH = 1 << 16  # 64 KiB
_BLOCK = 1 << 18  # 256 KiB
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP: may be otherwise in a moment


class _Reply(Protocol):
    status: int
    headers: Any

    def read1(self, size: int, /) -> bytes: ...


class _BrokenError(Exception):
    """The download came to an end before the file did; trying again may help."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What has come so far: the file, and the table that says what it is a part of."""

    path: Path

    @property
    def table(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def known(self, url: str) -> Mapping[str, Any]:
        """Return what the table says of a part of `url`; empty where it is of anything else."""
        try:
            said = json.loads(self.table.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) and said.get("url") == url else {}

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.table.unlink(missing_ok=True)


def download(
    url: str,
    path: Path,
    md5: str = "",
    by_hand: str = "",
    timeout: float = TIMEOUT,
    pause: float = PAUSE,
) -> None:
    """Download a file that takes its name only when it is whole and proved.

    Args:
        url: Where it is, ``http://`` or ``https://``.
        path: Where it goes. What is there already is replaced; a part that an earlier run left
            beside it is gone on with.
        md5: The MD5 that it must have, in hexadecimal; empty where none is known.
        by_hand: What a person can do instead, as the end of a sentence.
        timeout: Seconds without a byte, after which the server counts as stalled.
        pause: Seconds before the second try.

    Raises:
        UsageError: The address is not one of HTTP.
        InputError: The server can't be reached, stalls, refuses, or sends something else.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"{url}: not an address of the form https://…")
    hand = f", or {by_hand}" if by_hand else ""
    part = _Part(path.with_name(f"{path.name}.part"))
    path.parent.mkdir(parents=True, exist_ok=True)
    fruitless = 0
    while True:
        before = part.size
        try:
            _attempt(url, part, path.name, timeout, hand)
            break
        except _BrokenError as error:
            fruitless = 0 if part.size - before >= ENOUGH else fruitless + 1
            if fruitless >= TRIES:
                kept = f"; {part.size:,} bytes are kept" if part.size else ""
                raise InputError(
                    f"{url}: {error}{kept}; run the same command again to go on{hand}"
                ) from error
            time.sleep(pause * 2 ** max(0, fruitless - 1))
    found = digest(part.path, "md5") if md5 else ""
    if found != md5:
        part.remove()
        raise InputError(
            f"{url}: what came has the MD5 {found}, not the published {md5}, and was removed; run "
            f"the same command again{hand}"
        )
    take_name(part.path, path)
    part.remove()


def digest(path: Path, algorithm: str) -> str:
    """Return the checksum of a file in hexadecimal; `algorithm` is a name that hashlib knows."""
    with path.open("rb") as file:
        # MD5 is what the publisher gives; it guards against damage, not against forgery.
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def _attempt(url: str, part: _Part, name: str, timeout: float, hand: str) -> None:
    """Ask for what is missing and write down what comes."""
    known = part.known(url)
    start = part.size if known else 0
    headers = {"User-Agent": f"math-vision/{__version__}"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if known.get("version"):
            headers["If-Range"] = known["version"]  # another version is sent from its first byte
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:  # noqa: S310
            _receive(reply, url, part, start, name, timeout, hand)
    except urllib.error.HTTPError as error:
        with error:
            _refused(error, part, start, url, hand)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise InputError(
                f"{url}: the server's certificate can't be trusted ({error.reason.verify_message})"
                f"; mend the clock or the certificates of this machine{hand}"
            ) from error
        raise _BrokenError(_why(error.reason, timeout)) from error
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _BrokenError(_why(error, timeout)) from error


def _refused(error: urllib.error.HTTPError, part: _Part, start: int, url: str, hand: str) -> None:
    """Say what an answer means that is no file; nothing where all of the file is here already."""
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
        if error.headers.get("Content-Range", "") == f"bytes */{start}":
            return
        part.remove()  # longer than the file is now: it was a part of another one
        raise _BrokenError("the file has changed at the server") from error
    said = f"the server answers {error.code} {error.reason}".strip()
    if error.code in _AGAIN:
        raise _BrokenError(said) from error
    raise InputError(f"{url}: {said}; see whether the file has moved{hand}") from error


def _receive(
    reply: _Reply, url: str, part: _Part, start: int, name: str, timeout: float, hand: str
) -> None:
    headers = reply.headers
    if headers.get_content_type() == "text/html":
        raise InputError(
            f"{url}: the server sends a web page, not the file; it may ask for a login{hand}"
        )
    start, total = _extent(reply, start, part)
    free = shutil.disk_usage(part.path.parent).free
    if total is not None and total - start > free:
        raise InputError(
            f"{part.path.parent}: {total - start:,} bytes are to come and {free:,} are free; free "
            "some space or give another folder"
        )
    etag = headers.get("ETag", "")
    version = headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag
    write_text(part.table, json.dumps({"url": url, "version": version, "total": total}) + "\n")
    kilo = None if total is None else -(-total // 1000)
    with (
        part.path.open("ab" if start else "wb") as file,
        console.progress(f"downloading {name}", kilo, "kB") as advance,
    ):
        done = start
        advance(start // 1000)
        for block in _blocks(reply, timeout):
            file.write(block)
            advance((done + len(block)) // 1000 - done // 1000)
            done += len(block)
    if total is not None and done < total:
        raise _BrokenError(f"the server cut the connection after {done:,} of {total:,} bytes")


def _extent(reply: _Reply, start: int, part: _Part) -> tuple[int, int | None]:
    """Return where what comes begins, and the size of the whole file where that is told."""
    if reply.status == http.client.PARTIAL_CONTENT:
        told = reply.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", told)
        if not match or int(match[1]) != start:
            part.remove()
            raise _BrokenError(f"the server sends another part than it was asked for ({told})")
        return start, None if match[2] == "*" else int(match[2])
    length = reply.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _blocks(reply: _Reply, timeout: float) -> Iterator[bytes]:
    since, got = time.monotonic(), 0
    while True:
        try:
            block = reply.read1(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(_why(error, timeout)) from error
        if not block:
            return
        yield block
        got += len(block)
        now = time.monotonic()
        if now - since > timeout:
            if got < SLOWEST * (now - since):
                raise _BrokenError(f"the server sent no more than {got:,} bytes in {timeout:g} s")
            since, got = now, 0


def _why(error: object, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"the server sent nothing for {timeout:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "the server refuses the connection"
    if isinstance(error, ConnectionError | http.client.HTTPException):
        return "the server cut the connection"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the server can't be reached ({words})"
