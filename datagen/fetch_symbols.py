"""Turn the published archive of handwritten characters into a zip of its symbols.

The archive has a folder for each of 93 characters, named by its decimal code. Its letters and
digits are left out: EMNIST has more of them, by more hands. Nothing is unpacked on the way, so no
name in the archive can write outside the zip.
"""

import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from datagen import console
from datagen.atomic import atomic_file
from datagen.errors import InputError

FOLDER = "math-symbols"  # inside the zip
LARGEST = 1 << 24  # 16 MiB; a picture of 64x64 pixels is a thousandth of it
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
_STAMP = (2020, 1, 1, 0, 0, 0)  # the same archive gives the same zip


def repack(archive: Path, out: Path) -> int:
    """Write the symbols of the archive to a zip, whole or not at all.

    Args:
        archive: The published ``.tar.gz``.
        out: The zip to write.

    Returns:
        How many pictures are in it.

    Raises:
        InputError: The archive is broken or holds no folder of a symbol.
    """
    seen: set[str] = set()
    try:
        with (
            atomic_file(out) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed,
            tarfile.open(archive, "r|gz") as members,
            console.progress("packing symbols", None, "pictures") as advance,
        ):
            for member in members:
                name = _place(member)
                content = members.extractfile(member) if name and name not in seen else None
                if content is not None:
                    packed.writestr(zipfile.ZipInfo(name, _STAMP), content.read())
                    seen.add(name)
                    advance(1)
            if not seen:
                raise InputError(f"{archive}: holds no folder of a symbol, such as 33/0001.png")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(f"{archive}: cut off or broken ({error})") from error
    return len(seen)


def _place(member: tarfile.TarInfo) -> str:
    """Return the name in the zip, or nothing for what is left out."""
    path = PurePosixPath(member.name)
    code = path.parent.name
    picture = path.suffix.lower() in _PICTURES and not path.name.startswith(".")
    if not (member.isfile() and member.size <= LARGEST and picture):
        return ""
    if not (code.isascii() and code.isdigit() and 32 < int(code) < 127):
        return ""
    return "" if chr(int(code)).isalnum() else f"{FOLDER}/{int(code)}/{path.name}"
