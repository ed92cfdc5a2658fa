"""Whether another machine draws the same bytes as this one: what it has, and what it lacks.

Checked are the program, the libraries that pixels and records depend on, every font file by its
hash, and that the dataset's folder is the same one there.
"""

import functools
import hashlib
import os
import platform
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from datagen import __version__, hands
from datagen.font_files import find_fonts
from datagen.fonts import Face
from datagen.sums import sha256_of
from datagen.worker import Context

_NAMED = 3  # files; more would only fill the line
_PART_OF_THE_PROGRAM = {".py", ".txt"}


@dataclass(frozen=True)
class Wanted:
    """What a machine must have to work on a build.

    Attributes:
        ticket: A file in the dataset's folder.
        versions: Versions by name, as `versions` gives them.
        files: SHA-256 by path, of the fonts.
        folders: Folders with fonts.
        installed: Whether the fonts that came with the installation are used.
    """

    ticket: Path
    versions: Mapping[str, str]
    files: Mapping[str, str]
    folders: Sequence[Path]
    installed: bool


def wanted(context: Context, ticket: Path) -> Wanted:
    """Return what every machine must have that works on a build, as it is on this one."""
    files = {face.path: face.sha256 for face in _with_files(context.faces)}
    folders: Sequence[Path] = ()
    installed = False
    if context.recipe.drawn is not None:
        source = context.recipe.sources[context.recipe.drawn]
        folders = [Path(folder).absolute() for folder in source.folders]
        installed = source.installed
    return Wanted(ticket, versions(), files, folders, installed)


def anywhere(context: Context) -> Context:
    """Make the paths of a context absolute: workers start in other folders."""
    return replace(context, folder=context.folder.absolute(), pixels=context.pixels.absolute())


@functools.cache
def versions() -> Mapping[str, str]:
    """Return the versions of everything here that the bytes of a dataset depend on."""
    import albumentations
    import cv2
    import numpy as np
    import PIL

    from datagen import raster

    return {
        "math-vision": __version__,
        "the program's files": _program(),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "FreeType": raster.version(),
        "albumentations": albumentations.__version__,
        "NumPy": np.__version__,
        "OpenCV": cv2.__version__,
        "Pillow": PIL.__version__,
        "scikit-image": metadata.version("scikit-image"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "processor": platform.machine(),
    }


def problem(need: Wanted) -> str:
    """Say what this machine lacks to work on a build; an empty string where it lacks nothing."""
    if not need.ticket.exists():
        return (
            f"does not see {need.ticket.parent.parent}; give an --out (for a URL, a "
            "MATH_VISION_CACHE) on a file system that all workers have under the same path"
        )
    here = versions()
    other = [
        f"{name} {here.get(name, 'none')} instead of {version}"
        for name, version in need.versions.items()
        if here.get(name) != version
    ]
    if other:
        return f"has {', '.join(other)}; install the same there or leave it out of the cluster"
    found = locate(need)
    lost = [Path(path).name for path in need.files if path not in found]
    if lost:
        more = f" and {len(lost) - _NAMED} others" if len(lost) > _NAMED else ""
        return (
            f"lacks, or has others than here, the files {', '.join(lost[:_NAMED])}{more}; install "
            "the same fonts there or leave it out of the cluster"
        )
    return ""


def locate(need: Wanted) -> dict[str, str]:
    """Return where each wanted file lies on this machine, of those that are here."""
    found = {path: path for path, sha256 in need.files.items() if _hash(path) == sha256}
    if len(found) < len(need.files):
        folders = [folder for folder in need.folders if folder.exists()]
        candidates = find_fonts(folders, need.installed).files
        by_hash = {_hash(str(file.path)): str(file.path) for file in candidates}
        for path, sha256 in need.files.items():
            if path not in found and sha256 in by_hash:
                found[path] = by_hash[sha256]
    return found


def at_home(context: Context, places: Mapping[str, str]) -> Context:
    """Name the files of a context by where they lie on this machine."""
    faces = [replace(face, path=places.get(face.path, face.path)) for face in context.faces]
    return replace(context, faces=faces)


def _with_files(faces: Iterable[Face]) -> Iterator[Face]:
    """Yield the faces that are drawn from files; hands are part of the program."""
    return (face for face in faces if face.style != hands.STYLE)


def _hash(path: str) -> str:
    try:
        about = os.stat(path)  # noqa: PTH116 - for thousands of files
    except OSError:
        return ""
    return _hash_of(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=1 << 16)
def _hash_of(path: str, changed: int, size: int) -> str:
    """Hash a file once, as long as it stays what it is."""
    try:
        return sha256_of(Path(path))
    except OSError:
        return ""


@functools.cache
def _program() -> str:
    """Return a short hash of the program: two checkouts can have one version."""
    digest = hashlib.sha256()
    top = Path(__file__).parent
    for path in sorted(top.rglob("*")):
        if path.suffix in _PART_OF_THE_PROGRAM and "_project" not in path.parts:
            content = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{path.relative_to(top).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()[:12]
