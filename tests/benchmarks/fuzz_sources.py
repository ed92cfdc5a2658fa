"""Targets of `fuzz.py` that hold pictures: EMNIST's files, tables, zips, pictures, arrays."""

import functools
import gzip
import io
import zipfile
import zlib

import numpy as np
from fuzz_common import CLASSES, PLACE, choose, put
from PIL import Image, features

from datagen import (
    frame,
    pictures,
)
from datagen.sources import emnist, folder, open_source, table  # noqa: F401

_PIXELS = 1 << 20  # pictures up to this size are framed too

EMNIST = ("images", "labels", "mapping", "images.gz", "labels.gz", "csv", "mat")


def read_emnist(data: bytes) -> object:
    kind, data = choose(data, EMNIST)
    place = PLACE / f"emnist-{kind}"
    files = _emnist()
    if kind in ("csv", "mat"):
        files = {name: text for name, text in files.items() if "mapping" in name}
        name = "emnist-byclass-train.csv" if kind == "csv" else "emnist-byclass.mat"
    elif kind == "mapping":
        name = "emnist-byclass-mapping.txt"
    else:
        stem, packed, _ = kind.partition(".gz")
        rank = 3 if stem == "images" else 1
        name = f"emnist-byclass-train-{stem}-idx{rank}-ubyte{packed}"
        files.pop(name.removesuffix(".gz"), None)
    for other, content in {**files, name: data}.items():
        put(f"{place.name}/{other}", content)
    source = emnist.Emnist(place, CLASSES)
    source.fingerprint()
    return [(chunk.rows, list(chunk.load())) for chunk in source.index()]


@functools.cache
def _emnist() -> dict[str, bytes]:
    from written import idx_files

    return idx_files(pack=False)


def emnists() -> list[bytes]:
    from scipy.io import savemat
    from written import stored

    files = _emnist()
    images, labels = (
        files[f"emnist-byclass-train-{n}-ubyte"] for n in ("images-idx3", "labels-idx1")
    )
    mapping = files["emnist-byclass-mapping.txt"]
    line = ",".join(map(str, [3, *stored(1)[0].tolist()])) + "\n"
    half = {"images": stored(2), "labels": np.array([[1], [2]]), "writers": np.array([[5], [6]])}
    points = np.array([[n, 48 + n] for n in range(10)])
    mat = io.BytesIO()
    savemat(mat, {"dataset": {"train": half, "test": half, "mapping": points}})
    packed = [gzip.compress(data, mtime=0) for data in (images, labels)]
    seeds = [images, labels, mapping, *packed, line.encode() * 2, mat.getvalue()]
    return [bytes([kind]) + data for kind, data in enumerate(seeds)]


def read_table(data: bytes) -> object:
    put("table/a.png", png())
    put("table/table.csv", data)
    source = table.Table(PLACE / "table", CLASSES)
    source.fingerprint()
    return [list(chunk.load()) for chunk in source.index()]


def read_zip(data: bytes) -> object:
    source = open_source("auto", put("set.zip", data), CLASSES)
    source.fingerprint()
    return [list(chunk.load()) for chunk in source.index()]


def zips() -> list[bytes]:
    found = []
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", packing) as archive:
            for name in ("set/33/1.png", "set/43/a.png", "../35/2.png", "/etc/37/x.png"):
                archive.writestr(name, png())
            archive.writestr("set/33/note.txt", "x" * 300)
        found.append(file.getvalue())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in _emnist().items():
            archive.writestr(name, content)
    return [*found, file.getvalue()]


# Pictures


def png(form: str = "PNG", mode: str = "L") -> bytes:
    pixels = np.full((12, 10), 255, np.uint8)
    pixels[3:9, 4:6] = 0
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, form)
    return file.getvalue()


def read_picture(data: bytes) -> object:
    """Decode a picture; where the first byte is odd, a PNG's check sums are made right first."""
    pixels = pictures.decode(_summed(data[1:]) if data[:1] and data[0] % 2 else data[1:], "x")
    return frame.frame(pixels) if pixels.size <= _PIXELS else pixels


def _summed(data: bytes) -> bytes:
    found = bytearray(data)
    at = 8
    while at + 12 <= len(found):
        end = at + 12 + int.from_bytes(found[at : at + 4])
        if end > len(found):
            break
        found[end - 4 : end] = zlib.crc32(found[at + 4 : end - 4]).to_bytes(4)
        at = end
    return bytes(found)


def some_pictures() -> list[bytes]:
    kinds = [("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    kinds += [("JPEG", "L"), ("JPEG", "CMYK"), ("TIFF", "LAB"), ("TIFF", "F"), ("TIFF", "1")]
    kinds += [(form, "RGB") for form in ("BMP", "GIF", "PPM", "ICO", "PCX", "SGI", "TGA", "WEBP")]
    kinds += [("AVIF", "RGB")] * features.check("avif") + [("JPEG2000", "RGB")] * features.check(
        "jpg_2000"
    )
    return [bytes([form == "PNG"]) + png(form, mode) for form, mode in kinds]


DTYPES = ("u1", "?", "u2", "f4", "f8", "i8", "f2", "i1", "i4", "u8", "c8", "S3", "M8[s]", "g")


def read_array(data: bytes) -> object:
    """Frame an array whose type and shape the first bytes say; the rest, repeated, fills it."""
    head = data[:9].ljust(9, b"\0")
    kind, rank, mode, size = head[0], head[1] % 5, head[2], head[3]
    edges = [head[4] % 64, head[5] % 64, head[6] % 6, head[7] % 3][:rank]
    if head[8] % 128 == 0 and rank:
        edges[0] *= 700  # as long as a strip can be
    dtype = np.dtype(DTYPES[kind % len(DTYPES)])
    need = int(np.prod(edges, dtype=np.int64)) * dtype.itemsize
    values = (data[9:] or b"\0") * (need // max(1, len(data) - 9) + 1)
    array = np.frombuffer(values[:need], dtype).reshape(edges)
    array = array[::-1] if mode & 1 and rank else array.T if mode & 2 else array
    polarity = ("auto", "bright", "dark")[mode % 3]
    return frame.frame(array, size % 70, "em" if mode & 4 else "tight", polarity)  # type: ignore[arg-type]


def arrays() -> list[bytes]:
    heads = [(0, 2, 0), (2, 2, 1), (3, 3, 4), (4, 2, 2), (0, 3, 0), (5, 2, 0), (1, 2, 1)]
    ink = bytes(range(0, 250, 10)) + bytes([255] * 90) + bytes(20)
    return [bytes((*head, 32, 40, 30, 3, 1, 1)) + ink for head in heads]
