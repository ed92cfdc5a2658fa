"""Tell the kind of a source by what lies there."""

from itertools import islice
from pathlib import Path

from datagen.errors import InputError
from datagen.sources.archive import entries
from datagen.sources.emnist_files import part_of
from datagen.sources.files import not_a_picture
from datagen.sources.folder import list_files
from datagen.sources.table import has_columns

_LOOK = 100_000  # files that are looked at before a folder is given up


def detect(path: Path) -> str:
    """Return the name of the kind of source that a path holds; see `datagen.sources.KINDS`.

    EMNIST is known by the names of its files, a table by its columns ``image`` and ``label``, and
    class folders by pictures in sub-folders; they are looked for in this order.

    Raises:
        InputError: The path is missing, or holds nothing that is known.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    kind = _folder(path) if path.is_dir() else _file(path)
    if kind:
        return kind
    raise InputError(
        f"{path}: holds nothing that is known: no EMNIST files, no CSV table with the columns "
        "image and label, and no pictures in class folders"
    )


def _folder(path: Path) -> str:
    items = sorted(path.iterdir())
    below = (file for item in items if item.is_dir() for file in item.iterdir())
    if any(part_of(item.name) for item in items):
        return "emnist"
    if sum(has_columns(item) for item in items if item.suffix.lower() == ".csv") == 1:
        return "table"
    if any(part_of(file.name) for file in islice(below, _LOOK)):
        return "emnist"
    return "folder" if _has_pictures(path) else ""


def _file(path: Path) -> str:
    if path.suffix.lower() == ".mat" or part_of(path.name):
        return "emnist"
    if path.suffix.lower() == ".csv":
        return "table" if has_columns(path) else ""
    if path.suffix.lower() != ".zip":
        return ""
    if any(part_of(entry.name) for entry in entries(path)):
        return "emnist"
    return "folder" if _has_pictures(path) else ""


def _has_pictures(path: Path) -> bool:
    found = (file for file in list_files(path) if "/" in file.name and not file.reason)
    return any(not not_a_picture(file.name, bytes) for file in islice(found, _LOOK))
