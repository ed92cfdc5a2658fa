"""Zip files read in place: nothing is ever unpacked, so no name can write outside a folder.

An open zip is kept per process: a worker opens it once, however many chunks of it come.
"""

import contextlib
import functools
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from datagen.errors import InputError

MAX_ENTRY = 64 << 20  # 64 MiB, the largest unpacked picture
MAX_RATIO = 200  # unpacked bytes a packed byte, from which on an entry is taken for a bomb …
RATIO_FROM = 1 << 20  # … where it is larger than 1 MiB; a small white picture packs as well

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeError)
_UTF8_NAME = 0x800  # flag bit: the name is UTF-8, else code page 437 by the standard
_ENCRYPTED = 0x1
_UNIX = 3  # `create_system`: the upper half of the attributes is a Unix mode


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a zip.

    Attributes:
        index: Its place in the central directory; unlike a name it is unique.
        name: Its path, with ``/``.
        crc: CRC-32 of the unpacked bytes, as the zip states it.
        size: Unpacked size in bytes, as the zip states it.
        reason: Why it is not read, or empty.
    """

    index: int
    name: str
    crc: int
    size: int
    reason: str


def entries(path: Path, *, limited: bool = True) -> list[Entry]:
    """List the files of a zip, unsafe ones included, by name in code point order.

    Of entries with one name only the last is read, as an unpacking program would leave it.

    Args:
        path: The zip.
        limited: Whether to refuse entries too large for a picture and bombs; False where they are
            read as a stream, of which only a part is ever in memory.

    Raises:
        InputError: The file is missing or no whole zip.
    """
    infos = _zip(path).infolist()
    names = [entry_name(info) for info in infos]
    last = {name: index for index, name in enumerate(names)}
    found = []
    for index, (info, name) in enumerate(zip(infos, names, strict=True)):
        if name.endswith("/"):
            continue
        reason = _unsafe(info, name) or (_too_large(info) if limited else "")
        if last[name] != index:
            reason = reason or "the zip holds another file of this name further on"
        found.append(Entry(index, name, info.CRC, info.file_size, reason))
    return sorted(found, key=lambda entry: (entry.name, entry.index))


def open_entry(path: Path, index: int) -> IO[bytes]:
    """Open a file of a zip by its index, for reading from its start.

    Raises:
        InputError: It is encrypted, packed in an unknown way, or the zip is broken there.
    """
    archive = _zip(path)
    info = archive.infolist()[index]
    with readable(f"{path.name}: {entry_name(info)}"):
        return archive.open(info)


def read_entry(path: Path, index: int, size: int = -1) -> bytes:
    """Read a whole file of a zip, or its first `size` bytes.

    Raises:
        InputError: See `open_entry`; also where it is larger than `MAX_ENTRY`.
    """
    archive = _zip(path)
    info = archive.infolist()[index]
    where = f"{path.name}: {entry_name(info)}"
    if info.file_size > MAX_ENTRY and size < 0:
        raise InputError(f"{where}: {info.file_size:,} bytes is too large for a picture")
    with readable(where), archive.open(info) as stream:
        return stream.read(size)


@contextlib.contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn what broken, packed or encrypted files raise into an `InputError` that names `where`."""
    try:
        yield
    except NotImplementedError as error:
        raise InputError(f"{where}: packed in a way that can't be read ({error})") from error
    except RuntimeError as error:
        raise InputError(f"{where}: encrypted; pack it again without a password") from error
    except BROKEN as error:
        raise InputError(f"{where}: cut off or broken ({error}); get the file again") from error
    except OSError as error:  # gzip.BadGzipFile is one
        raise InputError(f"{where}: can't be read ({error.strerror or error})") from error


def entry_name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry, also where a program wrote UTF-8 without saying so."""
    name = info.filename
    if name.isascii() or info.flag_bits & _UTF8_NAME:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    # By process: after a fork two processes would move one file position.
    return _opened(str(path), status.st_mtime_ns, status.st_size, os.getpid())


@functools.lru_cache(maxsize=4)
def _opened(path: str, _mtime: int, _size: int, _process: int) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (*BROKEN, NotImplementedError, ValueError) as error:
        raise InputError(f"{path}: not a whole zip file ({error}); get it again") from error
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error})") from error


def _unsafe(info: zipfile.ZipInfo, name: str) -> str:
    parts = re.split(r"[\\/]", name)
    if ".." in parts or not parts[0] or re.match(r"[A-Za-z]:[\\/]", name):
        return "its name leads outside the zip"
    if info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    return ""


def _too_large(info: zipfile.ZipInfo) -> str:
    if info.file_size > MAX_ENTRY:
        return f"it unpacks to {info.file_size:,} bytes, too large for a picture"
    if info.file_size > max(RATIO_FROM, MAX_RATIO * info.compress_size):
        return f"it unpacks to more than {MAX_RATIO} times its size"
    return ""
