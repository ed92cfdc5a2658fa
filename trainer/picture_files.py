"""The picture files that paths stand for: files themselves, and what lies in folders."""

import os
from collections.abc import Iterator
from pathlib import Path

from datagen import console
from datagen.pictures import EXTENSIONS

PictureFile = tuple[Path, str | None]
"""A file and None, or a path and what is wrong with it."""


def picture_files(path: Path) -> Iterator[PictureFile]:
    """Give the files of a path; a folder is searched recursively, sorted.

    Of a folder, files with a picture's ending are taken, and a note says how many others there are.

    Args:
        path: A file, which need not exist, or a folder.
    """
    if not path.is_dir():
        yield path, None
        return
    errors: list[OSError] = []
    taken = others = 0
    for folder, folders, names in os.walk(path, onerror=errors.append):
        folders.sort()
        for name in sorted(names):
            if Path(name).suffix.lower() in EXTENSIONS:
                taken += 1
                yield Path(folder, name), None
            else:
                others += 1
    for error in errors:
        yield Path(str(error.filename)), f"{error.filename}: {os.strerror(error.errno or 0)}"
    if others:
        console.note(f"{path}: {others:,} files without a picture's ending were passed over")
    if not taken and not errors:
        yield path, f"{path}: the folder holds no pictures"
