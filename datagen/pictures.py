"""Any picture file to an array, or one sentence that says what is wrong with it.

Pillow alone decodes. OpenCV is 1.3 (PNG) to 2 (JPEG) times faster, but it prints to standard error
for a broken file, says less about it, and two libraries mean two sets of pixels to keep equal; some
12,000 small JPEG or 23,000 small PNG files a second and core are enough.
"""

import functools
import io
import stat
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from datagen.errors import InputError

MAX_PIXELS = 64 << 20  # pixels: 8192 x 8192; a symbol never needs more
MAX_BYTES = 64 << 20  # 64 MiB, the largest picture file that is read

# fmt: off
EXTENSIONS = frozenset((
    ".avif", ".bmp", ".dib", ".gif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".pbm", ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".sgi", ".tga", ".tif", ".tiff", ".webp",
))
# fmt: on
"""File-name endings, in lower case, of the formats that are read."""

# Left out on purpose: EPS starts another program, WMF works on one system only.
# The most common first: they are tried in this order.
# fmt: off
_FORMATS = (
    "PNG", "JPEG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM", "ICO", "MPO", "AVIF", "JPEG2000",
    "PCX", "SGI", "TGA",
)
# fmt: on
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SURE = {"PNG": _PNG, "JPEG": _JPEG}
_MAGIC = (_PNG, _JPEG, b"GIF8", b"BM", b"II*\0", b"MM\0*", b"P4\n", b"P5\n", b"P6\n")
_ORIENTATION = 0x0112  # the Exif tag

Array = np.ndarray[Any, Any]


def decode(data: bytes, where: str) -> Array:
    """Decode a picture file; of one with several frames the first, of an icon the largest.

    Exif orientation is applied. Samples of 1 and 8 bits become uint8 (0..255), 16-bit gray becomes
    uint16 (0..65535), 16-bit colour is cut to 8 bits by Pillow. Palettes and other colour spaces
    (CMYK, YCbCr, Lab) become RGB, with alpha where the picture has transparency.

    Args:
        data: The bytes of the file.
        where: What to call the picture in errors.

    Returns:
        uint8 or uint16, shape (height, width) for gray, (height, width, 2) for gray and alpha,
        (height, width, 3) for RGB or (height, width, 4) for RGBA; contiguous.

    Raises:
        InputError: It is no picture, is cut off or broken, or has more than `MAX_PIXELS`.
    """
    if not data:
        raise InputError(f"{where}: the picture file is empty")
    if data.startswith(_PNG):
        _check_png(data, where)
    try:
        # Pillow warns about oddities that do no harm; not thread-safe before Python 3.14, so
        # pictures are shared out over processes.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_formats(data)) as image:
                _check_size(image, where)
                image.load()
                return _array(_upright(image), where)
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(f"{where}: not a picture of a known format") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{where}: the picture has more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # a broken file makes Pillow raise almost anything
        raise InputError(f"{where}: the picture is cut off or broken ({_short(error)})") from error


def read(path: Path) -> Array:
    """Read a picture file; see `decode` for the array and the errors.

    Raises:
        InputError: The file is missing, is no regular file, is larger than `MAX_BYTES`, can't be
            read, or is no whole picture.
    """
    return decode(read_bytes(path, str(path)), str(path))


def read_bytes(path: Path, where: str) -> bytes:
    """Read a picture file's bytes; `where` names it in errors.

    Raises:
        InputError: The file is missing, is no regular file, is larger than `MAX_BYTES`, or can't
            be read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{where}: not a regular file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"{where}: {status.st_size:,} bytes is too large for a picture")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{where}: can't be read ({reason})") from error


def looks_like(head: bytes) -> bool:
    """Whether the first 16 bytes of a file are those of a common picture format."""
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _formats(data: bytes) -> tuple[str, ...]:
    """Formats to try: one where the first bytes are its alone, to load no more than its decoder."""
    for name, magic in _SURE.items():
        if data.startswith(magic):
            return (name,)
    return _all_formats()


@functools.cache
def _all_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _check_png(data: bytes, where: str) -> None:
    """Prove every chunk's CRC: Pillow shows wrong pixels for one broken file in ten instead."""
    position = len(_PNG)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != crc:
            raise InputError(f"{where}: the picture is broken (its PNG check sum is wrong)")
        if kind == b"IEND":
            return
        position = end
    raise InputError(f"{where}: the picture is cut off (its PNG has no end)")


def _check_size(image: Image.Image, where: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{where}: the picture is {width} x {height}, more than {MAX_PIXELS:,} pixels"
        )


def _upright(image: Image.Image) -> Image.Image:
    if image.getexif().get(_ORIENTATION, 1) in (None, 1):
        return image
    return ImageOps.exif_transpose(image)


def _array(image: Image.Image, where: str) -> Array:
    transparent = "transparency" in image.info
    if image.mode in ("L", "LA", "RGB", "RGBA") and not transparent:
        return np.array(image)
    if image.mode.startswith("I"):
        return _deep(np.array(image), where)
    if image.mode == "F":
        raise InputError(f"{where}: the picture has floating-point samples; save it as 8-bit PNG")
    if image.mode in ("1", "L"):
        return np.array(image.convert("LA" if transparent else "L"))
    alpha = transparent or image.mode in ("PA", "RGBa")
    return np.array(image.convert("RGBA" if alpha else "RGB"))


def _deep(samples: Array, where: str) -> Array:
    if samples.dtype.itemsize > 2 and (samples.min() < 0 or samples.max() > 0xFFFF):
        raise InputError(f"{where}: the picture has samples outside 0..65535; save it as 16-bit")
    return samples.astype(np.uint16)


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
