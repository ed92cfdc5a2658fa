"""Writes small sources of every published form for the tests."""

import gzip
import struct
import zipfile

import numpy as np

# The pictures of every written set: each pixel is different under every flip and rotation.
UPRIGHT = np.arange(784, dtype=np.uint16).reshape(28, 28) % 251
UPRIGHT = UPRIGHT.astype(np.uint8)
BYCLASS = [*range(48, 58), *range(65, 91), *range(97, 123)]


def stored(count):
    """Pictures 0..count-1 as EMNIST stores them: column by column."""
    pictures = (UPRIGHT[None] + np.arange(count, dtype=np.uint8)[:, None, None]).astype(np.uint8)
    return pictures.transpose(0, 2, 1).reshape(count, 784)


def idx(array, *, count=None, pack=True):
    header = struct.pack(">I", 0x0800 + array.ndim)
    sizes = [array.shape[0] if count is None else count, *array.shape[1:]]
    data = header + struct.pack(f">{len(sizes)}I", *sizes) + array.tobytes()
    return gzip.compress(data, mtime=0) if pack else data


def mapping_text(points=BYCLASS, first=0):
    return "".join(f"{n} {p}\r\n" for n, p in enumerate(points, first)).encode()


def idx_files(part="byclass", train=(10, 36, 0), test=(61,), mapping=None, pack=True):
    """File name -> bytes of a whole part."""
    files = {f"emnist-{part}-mapping.txt": mapping or mapping_text()}
    for split, labels in (("train", train), ("test", test)):
        end = ".gz" if pack else ""
        images = stored(len(labels)).reshape(-1, 28, 28)
        name = f"emnist-{part}-{split}"
        files[f"{name}-images-idx3-ubyte{end}"] = idx(images, pack=pack)
        files[f"{name}-labels-idx1-ubyte{end}"] = idx(np.array(labels, np.uint8), pack=pack)
    return files


def write(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return path


def everything(source):
    """Every (row, result) of a source."""
    return [pair for chunk in source.index() for pair in zip(chunk.rows, chunk.load(), strict=True)]
