"""What `fuzz.py` feeds: each parser of bytes that come from outside, and real inputs.

A parser gets an input's bytes, whose first one often chooses what the others are. It takes them,
raises `InputError`, or has a defect.
"""

import functools
import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
from fuzz_common import CLASSES, PLACE, Target, choose, put
from fuzz_sources import (
    arrays,
    emnists,
    read_array,
    read_emnist,
    read_picture,
    read_table,
    read_zip,
    some_pictures,
    zips,
)
from fuzz_texts import (
    DECISIONS,
    FEW,
    PIPELINES,
    datasets,
    manifests,
    read_characters,
    read_dataset,
    read_decisions,
    read_forms,
    read_manifest,
    read_pipeline,
    read_recipe,
    recipes,
    some_forms,
)

from datagen import (
    tfrecord,
)
from datagen.errors import InputError
from datagen.font_crew import LostError, Worker
from datagen.font_findings import FileAudit
from datagen.sources import emnist, folder, open_source, table  # noqa: F401


@functools.cache
def _worker() -> list[Worker]:
    return []


def read_font(data: bytes) -> object:
    workers = _worker()
    if not workers:
        workers.append(Worker(CLASSES))
    try:
        audit = FileAudit.from_json(workers[0].audit(put("font.ttf", data)))
    except LostError as error:
        workers.pop().close()
        raise InputError(f"font.ttf: {error}") from error
    if not audit.faces:
        raise InputError(f"font.ttf: {audit.rejected[:1]}")
    return audit


def fonts() -> list[bytes]:
    from fontTools import subset

    found = []
    for package, *text in (("abel", "AB0g"), ("roboto_flex", "Ai"), ("source_sans_3", "O1")):
        spec = importlib.util.find_spec(f"fontpkg_{package}")
        files = Path(spec.origin).parent / "files" if spec and spec.origin else PLACE
        for path in sorted(files.glob("*.[to]tf"))[:1]:
            font = subset.load_font(str(path), subset.Options())
            small = subset.Subsetter()
            small.populate(text=text[0])
            small.subset(font)
            for flavor in (None, "woff"):
                font.flavor = flavor
                file = io.BytesIO()
                font.save(file)
                found.append(file.getvalue())
    return found


def read_records(data: bytes) -> object:
    kind, data = choose(data, ("file", "payload"))
    if kind == "payload":
        return tfrecord.decode(data, 4)
    return [tfrecord.decode(payload, 4) for payload in tfrecord.read_frames(data, "x")]


def records() -> list[bytes]:
    record = tfrecord.Record(np.arange(16, dtype=np.uint8).reshape(4, 4), 300, "0" * 16, "fonts")
    payload = tfrecord.encode(record)
    return [b"\0" + tfrecord.frame_record(payload) * 2, b"\1" + payload]


MEMBERS = ("", "config.json", "math_vision.json", "metadata.json", "model.weights.h5")


def read_model(data: bytes) -> object:
    from trainer.model_file import load_model

    member, data = choose(data, MEMBERS)
    if not member:
        return load_model(put("model.keras", data))
    with zipfile.ZipFile(PLACE / "model.keras", "w") as archive:
        for name, content in {**_model(), member: data}.items():
            archive.writestr(name, content)
    return load_model(PLACE / "model.keras")


@functools.cache
def _model() -> dict[str, bytes]:
    import keras

    from trainer.model_file import Metadata, save_model

    text = "".join(FEW.splitlines(keepends=True)[:4])
    pictures = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(pictures))
    x = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(x))
    metadata = Metadata("1", "quick", 8, 8, "tight", text, 1, "d", "0" * 64)
    save_model(keras.Model(pictures, x), PLACE / "seed.keras", metadata)
    with zipfile.ZipFile(PLACE / "seed.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def models() -> list[bytes]:
    members = _model()
    whole = (PLACE / "seed.keras").read_bytes()
    return [b"\0" + whole, *(bytes([n]) + members[name] for n, name in enumerate(MEMBERS) if name)]


_CSV = (b",", b'"', b"\n", b"\r", b"\0", b"\xef\xbb\xbf", b"U+0041", b"=1+1", b",,,,")
_TOML = (b"[", b"{", b'"', b"'''", b"inf", b"nan", b"0x", b"\\u0000", b"\\t", b"a.b.", b"99999999")
_JSON = (b"null", b"[]", b"{}", b"-1", b"1e999", b"99999999", b'"x"', b"NaN", b"true", b'"Lambda"')

TARGETS = {
    "idx": Target(read_emnist, emnists, (*_CSV, b"\0\0\x08\x03", b"\0\0\x08\x01", b"\0\0\0\x1c")),
    "zip": Target(read_zip, zips, (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"../", b"/")),
    "table": Target(read_table, lambda: [b"image,label,split,writer\na.png,A,train,7\n"], _CSV),
    "picture": Target(read_picture, some_pictures, (b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"II*\0")),
    "frame": Target(read_array, arrays),
    "font": Target(read_font, fonts, (b"glyf", b"CFF ", b"cmap", b"fvar"), cost=4, guided=False),
    "recipe": Target(read_recipe, recipes, _TOML),
    "pipeline": Target(read_pipeline, lambda: PIPELINES, _TOML),
    "manifest": Target(read_manifest, manifests, _CSV),
    "characters": Target(read_characters, lambda: [FEW.encode()], _CSV),
    "decisions": Target(read_decisions, lambda: [DECISIONS], (*_CSV, b"relabel", b"keep")),
    "forms": Target(read_forms, some_forms, (b"U+0041 A\n", b"*3 ", b"|", b"!", b"99999999", b"-")),
    "dataset": Target(read_dataset, datasets, (*_CSV, b"[]", b"{}", b"null", b"-1", b"99999999")),
    "tfrecord": Target(read_records, records, (b"\x0a", b"\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
    "model": Target(read_model, models, _JSON, cost=20, guided=False),
}
