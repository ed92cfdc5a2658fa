"""Kaggle's sets, through Kaggle's own client, which knows its logins and goes on after a cut."""

import contextlib
import importlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datagen.errors import InputError
from datagen.fetch_sets import PublishedSet

CACHE = "KAGGLEHUB_CACHE"  # environment variable that says where kagglehub keeps its files
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
_UNPACK = {
    "bsdtar": "bsdtar -xf {file} -C {folder}",
    "7z": "7z x {file} -o{folder}",
    "unar": "unar -o {folder} {file}",
    "unrar": "unrar x {file} {folder}/",
}


def download(wanted: PublishedSet, to: Path | None) -> Path:
    """Download a set of Kaggle's, or find it where an earlier run put it.

    Args:
        wanted: The set.
        to: Folder to keep it in; None for kagglehub's own cache, which other programs share.

    Returns:
        The folder of its class folders.

    Raises:
        InputError: kagglehub isn't installed, Kaggle wants a login or can't be reached, or what
            came has first to be unpacked by hand.
    """
    hub = _hub(wanted)
    try:
        with _cache(to):
            folder = Path(hub.dataset_download(wanted.kaggle))
    except _errors() as error:
        if isinstance(error, OSError) and error.errno is not None and error.filename:
            raise  # a full disk or a folder that can't be written
        raise InputError(f"{wanted.url}: {_why(error)}; {wanted.by_hand}") from error
    return _classes(folder, wanted)


def _hub(wanted: PublishedSet) -> Any:
    try:
        return importlib.import_module("kagglehub")
    except ImportError as error:
        raise InputError(
            f"{wanted.name} is published at Kaggle, and kagglehub is not installed: "
            f"pip install kagglehub, or {wanted.by_hand}"
        ) from error


def _errors() -> tuple[type[Exception], ...]:
    exceptions = importlib.import_module("kagglehub.exceptions")
    own = [
        value
        for value in vars(exceptions).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    return OSError, ValueError, zipfile.BadZipFile, *own  # those of requests are OSErrors


def _why(error: Exception) -> str:
    code = getattr(getattr(error, "response", None), "status_code", None)
    if code in (401, 403) or type(error).__name__ == "UnauthenticatedError":
        return "Kaggle wants you to log in (kagglehub.login()) and to accept the set's terms"
    if code:
        return f"Kaggle answers {code}"
    name = type(error).__name__
    if "Timeout" in name:
        return "Kaggle sends nothing"
    if "Connection" in name or "SSL" in name or "Proxy" in name:
        return "Kaggle can't be reached"
    return f"kagglehub fails ({name}: {' '.join(str(error).split())[:120]})"


@contextlib.contextmanager
def _cache(to: Path | None) -> Iterator[None]:
    before = os.environ.get(CACHE)
    if to is not None:
        os.environ[CACHE] = str(to.absolute())
    try:
        yield
    finally:
        if to is not None:
            os.environ.pop(CACHE)
            if before is not None:
                os.environ[CACHE] = before


def _classes(folder: Path, wanted: PublishedSet) -> Path:
    """Return the folder whose folders are the classes."""
    archives = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        if any(Path(name).suffix.lower() in _PICTURES for name in names):
            return Path(root).parent
        archives += [Path(root, name) for name in names if name.lower().endswith(".rar")]
    if not archives:
        raise InputError(f"{folder}: holds no pictures; remove it, or {wanted.by_hand}")
    where = folder.parent / f"{folder.name}-unpacked"
    tool = next(filter(shutil.which, _UNPACK), "bsdtar")
    command = _UNPACK[tool].format(file=f"'{archives[0]}'", folder=f"'{where}'")
    raise InputError(
        f"{archives[0]}: a RAR archive, which has to be unpacked by hand: mkdir -p '{where}' && "
        f"{command}; then give --source {wanted.name}={where}"
    )
