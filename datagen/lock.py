"""One process at a time in a folder, by a lock of the system that dies with its process.

Whoever holds a folder knows that the temporary files in it are nobody's any more, and removes them.
"""

import contextlib
import errno
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from datagen import console
from datagen.atomic import leftovers
from datagen.claim import STATE, check_kind
from datagen.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FILE = "lock"
_TRIES = 1000  # to take it before somebody else removes it
_FAR = 1 << 20  # bytes; Windows locks a range, and what the file says has to stay readable
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextlib.contextmanager
def hold(folder: Path, kind: str | None) -> Iterator[None]:
    """Keep every other process out of a folder.

    Args:
        folder: The folder; made where it is missing.
        kind: What is made in it, such as ``build``; None for a folder in which other things may
            lie, or that is known to be ours.

    Raises:
        InputError: Another process holds it, or the folder holds something else.
    """
    if kind is not None:
        check_kind(folder, kind)
    new = [] if folder.exists() else [folder]
    path = folder / STATE / FILE
    handle = _take(path, folder)
    try:
        _tidy(folder, kind)
        yield
    finally:
        # Removed while it is held: whoever has opened it meanwhile sees that and starts over.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(handle)
        for place in (path.parent, *new):  # where nothing came of it
            with contextlib.suppress(OSError):
                place.rmdir()


@contextlib.contextmanager
def workshop(target: Path) -> Iterator[Path]:
    """Give a folder beside a file or folder that is in the making, for its parts.

    It is this process's alone, empty at first whatever a killed process left in it, and removed.

    Raises:
        InputError: Another process is making the same.
    """
    place = target.with_name(f".making-{target.name}")
    with hold(place, None):
        _empty(place)
        try:
            yield place
        finally:
            _empty(place)
    with contextlib.suppress(OSError):  # of a killed process; a new one is removed already
        place.rmdir()


def _empty(place: Path) -> None:
    for path in place.iterdir():
        if path.is_dir() and path.name != STATE:
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != STATE:
            path.unlink()


def _tidy(folder: Path, kind: str | None) -> None:
    """Remove what killed processes left; in a folder that may be anybody's, look no deeper."""
    for place in (folder / STATE, folder):
        for path in leftovers(place, deep=kind is not None):
            path.unlink(missing_ok=True)


def _take(path: Path, folder: Path) -> int:
    for _ in range(_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # another process has just removed the folder
            continue
        try:
            _lock(handle)
        except OSError as error:
            if error.errno in _HELD:
                holder = _holder(handle)
                os.close(handle)
                raise InputError(
                    f"{folder}: {holder} works in it; wait until that has ended, or give another "
                    "folder"
                ) from error
            console.note(f"note: {folder} is on a file system without locks: run one command there")
        try:
            same = os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116 - of a handle
        except FileNotFoundError:
            same = False
        if same:
            _sign(handle)
            return handle
        os.close(handle)
    raise InputError(f"{folder}: others make and remove it all the time; give another folder")


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(handle: int) -> None:
    about = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
    with contextlib.suppress(OSError):  # a full disk; what is locked is locked
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(about).encode())


def _holder(handle: int) -> str:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        about = json.loads(os.read(handle, 1000))
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(about["since"]))
        return f"process {about['pid']} on {about['host']}, since {since},"
    except (OSError, ValueError, TypeError, KeyError):
        return "another process"
