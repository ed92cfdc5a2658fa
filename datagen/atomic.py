"""Files that appear whole or not at all.

A file is written under a temporary name in its own folder, so on the same file system, flushed to
the disk and renamed; then the folder itself is flushed, so that the name survives a power cut too.
What a killed process left under a temporary name goes when a command next holds the folder: see
`datagen.lock`.
"""

import contextlib
import csv
import io
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

TEMPORARY = ".partial-"  # what names of files that are being written begin with
_RANDOM = 8  # bytes; two digits each


@contextlib.contextmanager
def atomic_file(path: Path, durable: bool = True, new: bool = False) -> Iterator[IO[bytes]]:
    """Open a binary file for writing that takes its name only when it is complete.

    Args:
        path: Final name; its folder is made where it is missing.
        durable: Wait for the disk before the rename. Turn it off for many small files that a
            manifest written later vouches for.
        new: Replace nothing.

    Raises:
        FileExistsError: With `new`, the name is taken.
    """
    with atomic_path(path, durable, new) as temporary, temporary.open("wb") as file:
        yield file


@contextlib.contextmanager
def atomic_path(path: Path, durable: bool = True, new: bool = False) -> Iterator[Path]:
    """Give a name to write a file under, one that has its ending; see `atomic_file`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        yield temporary
        take_name(temporary, path, durable, new)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(path)  # a full disk is reported without a name
        raise


def temporary_name(path: Path) -> Path:
    """Return a name beside `path`, with its ending, to write it under.

    No other thread, process or machine is given the same one: the name is random, because a process
    number is one only within a machine.
    """
    return path.with_name(f"{TEMPORARY}{secrets.token_hex(_RANDOM)}{path.suffix}")


def take_name(made: Path, path: Path, durable: bool = True, new: bool = False) -> None:
    """Give what is complete its final name on the same file system.

    Args:
        made: A file, or a folder with all that is in it.
        path: Its final name.
        durable: Wait for the disk before and after.
        new: Replace nothing.

    Raises:
        FileExistsError: With `new`, the name is taken.
    """
    if durable:
        for each in [made, *made.rglob("*")] if made.is_dir() else [made]:
            _sync(each)
    if new and made.is_file():
        _link(made, path)
        made.unlink()
    else:
        made.replace(path)
    if durable:
        sync_folder(path.parent)


def _sync(path: Path) -> None:
    if path.is_dir():
        sync_folder(path)
        return
    with path.open("r+b") as file:  # Windows flushes what may be written alone
        os.fsync(file.fileno())


def _link(made: Path, path: Path) -> None:
    """Give a file a second name, which unlike a rename never replaces another file."""
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with path.open("xb") as file:
            file.write(made.read_bytes())


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all."""
    with atomic_file(path) as file:
        file.write(text.encode())


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV table with a header, whole or not at all; the same rows give the same bytes."""
    with atomic_file(path) as file:
        text = io.TextIOWrapper(file, "utf-8", "surrogateescape", newline="")
        try:
            _write_rows(text, columns, rows)
        finally:
            with contextlib.suppress(ValueError):  # it was closed
                text.detach()


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return what `write_csv` writes."""
    text = io.StringIO()
    _write_rows(text, columns, rows)
    return text.getvalue()


def _write_rows(file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def leftovers(folder: Path, deep: bool = False, age: float = 0.0) -> Iterator[Path]:
    """Yield temporary files in a folder that nobody writes to any more.

    Args:
        folder: The folder, which no other process writes to; it may be missing.
        deep: Look in its folders too.
        age: Pass over files that were changed in the last so many seconds: where several processes
            write and none holds the folder, only what is old is left over.
    """
    pattern = f"{TEMPORARY}{'[0-9a-f]' * 2 * _RANDOM}*"
    for path in list(folder.rglob(pattern) if deep else folder.glob(pattern)):
        with contextlib.suppress(FileNotFoundError):
            if not age or path.stat().st_mtime < time.time() - age:
                yield path
