"""`croissant.json`: a dataset's files and records in MLCommons' Croissant format, version 1.0.

Shards and manifests are file objects with their SHA-256; the records are the rows of the manifests,
so `mlcroissant.Dataset("croissant.json").records("samples")` yields them. Nothing in it depends on
the time of writing: date and address of a publication are said by whoever publishes.
Format: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen import __version__
from datagen.characters import COLUMNS as CLASS_COLUMNS
from datagen.citation import AUTHORS, bibtex
from datagen.errors import InputError
from datagen.export_samples import Opened
from datagen.facts import Facts
from datagen.font_files import UNKNOWN
from datagen.manifest import COLUMNS

_TERMS = (
    "citeAs",
    "column",
    "extract",
    "field",
    "fileProperty",
    "fileObject",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
    "equivalentProperty",
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}
_ABOUT = {
    "id": "stable hash of what the sample is",
    "codepoint": "the character, as U+0041",
    "label": "the class, from 0",
    "split": "train, validation or test",
    "source": "name of the source in recipe.toml",
    "group": "what never crosses splits: a font family, a writer, else the picture itself",
    "origin": "where exactly the pixels come from",
    "seed": "seed of everything random in it; empty for real samples",
    "sha256": "of the framed pixels",
    "name": "name in Unicode",
    "aliases": "other names of the class",
    "shape": "first class of those that look the same in a tight frame",
}


@dataclass(frozen=True, slots=True)
class Published:
    """What a person said of a publication.

    Attributes:
        url: Where it is published, or empty.
        date: Day of publication, or empty.
    """

    url: str = ""
    date: str = ""


def published(path: Path) -> Published:
    """Return what was said of a publication when `croissant.json` was written before.

    Raises:
        InputError: The file is no JSON object.
    """
    if not path.exists():
        return Published()
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return Published(str(value.get("url", "")), str(value.get("datePublished", "")))
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: can't be read ({error}); remove it") from error


def metadata(opened: Opened, facts: Facts) -> dict[str, Any]:
    """Return what `croissant.json` holds.

    Raises:
        InputError: A manifest can't be read.
    """
    licenses = [name for name in facts.licenses if name != UNKNOWN]
    value: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.name,
        "description": (
            f"{facts.total:,} images of {len(facts.characters)} characters and symbols, "
            f"{facts.size}x{facts.size} pixels, ink bright on black, built with Math Vision "
            f"{__version__}. LICENSES.csv says whose work is in it."
        ),
        "version": facts.version,
        "creator": {"@type": "sc:Organization", "name": AUTHORS},
        "license": [f"https://spdx.org/licenses/{name}.html" for name in licenses] or [UNKNOWN],
        "citeAs": bibtex(facts.name, facts.title, facts.version, facts.digest),
        "keywords": ["characters", "handwriting", "mathematical symbols", "OCR", "synthetic"],
        "distribution": [*_shards(opened), *_tables(opened), _all_manifests(opened)],
        "recordSet": [_samples(), _classes()],
    }
    if facts.url:
        value["url"] = facts.url
    if facts.date:
        value["datePublished"] = facts.date
    return value


def _shards(opened: Opened) -> list[dict[str, Any]]:
    return [
        _file(done.file, "application/x-tfrecord", done.bytes, done.sha256)
        for done in opened.listed
    ]


def _tables(opened: Opened) -> list[dict[str, Any]]:
    names = [part.shard.manifest for part in opened.parts]
    found = []
    for name in ("manifests/characters.csv", *names):
        try:
            data = (opened.folder / name).read_bytes()
        except OSError as error:
            raise InputError(
                f"{opened.folder / name}: the table can't be read ({error.strerror})"
            ) from error
        found.append(_file(name, "text/csv", len(data), hashlib.sha256(data).hexdigest()))
    return found


def _file(name: str, encoding: str, size: int, sha256: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": encoding,
        "sha256": sha256,
    }


def _all_manifests(opened: Opened) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": "manifests",
        "name": "manifests",
        "description": "The manifests of all shards: a row a record, in the order of the records.",
        "encodingFormat": "text/csv",
        "includes": [f"manifests/{split}-*.csv" for split in opened.splits],
    }


def _samples() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "A record a sample. Its pixels are in the shard of the manifest's name.",
        "key": {"@id": "samples/id"},
        "field": [_field("samples", name, {"fileSet": {"@id": "manifests"}}) for name in COLUMNS],
    }


def _classes() -> dict[str, Any]:
    source = {"fileObject": {"@id": "manifests/characters.csv"}}
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": "A record a class.",
        "key": {"@id": "classes/label"},
        "field": [_field("classes", name, source) for name in CLASS_COLUMNS],
    }


def _field(records: str, name: str, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{name}",
        "name": name,
        "description": _ABOUT[name],
        "dataType": "sc:Integer" if name == "label" else "sc:Text",
        "source": {**source, "extract": {"column": name}},
    }
