"""How a dataset is cited: `CITATION.cff` and BibTeX, with the works that it was made from.

Format: https://citation-file-format.github.io, version 1.2.0.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from datagen.font_files import UNKNOWN
from datagen.licences import EMNIST, Licence

AUTHORS = "The Math Vision authors"

_EMNIST_PAPER = {
    "type": "article",
    "title": "EMNIST: an extension of MNIST to handwritten letters",
    "authors": [
        {"family-names": "Cohen", "given-names": "Gregory"},
        {"family-names": "Afshar", "given-names": "Saeed"},
        {"family-names": "Tapson", "given-names": "Jonathan"},
        {"family-names": "van Schaik", "given-names": "André"},
    ],
    "year": 2017,
    "url": "https://arxiv.org/abs/1702.05373",
}


def cff(title: str, version: str, digest: str, licences: Sequence[Licence], **about: str) -> str:
    """Return the text of `CITATION.cff`.

    Args:
        title: Title of the dataset.
        version: Its version.
        digest: SHA-256 over names and hashes of its shards, hexadecimal.
        licences: Whose work is in it.
        about: `url` and `date-released`, where they are known.
    """
    value: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "Please cite this dataset together with the works it was made from.",
        "type": "dataset",
        "title": title,
        "authors": [{"name": AUTHORS}],
        "version": version,
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256:{digest}",
                "description": "SHA-256 over names and SHA-256 of the shards",
            }
        ],
        **{key: value for key, value in sorted(about.items()) if value},
    }
    references = [_reference(row) for row in licences if row.kind == "source"]
    if references:
        value["references"] = references
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def _reference(row: Licence) -> dict[str, Any]:
    if row.citation == EMNIST.citation:
        return _EMNIST_PAPER
    found: dict[str, Any] = {
        "type": "data",
        "title": row.name,
        "authors": [{"name": row.copyright or UNKNOWN}],
    }
    if row.license != UNKNOWN:
        found["license"] = row.license
    if row.url:
        found["url"] = row.url
    if row.citation:
        found["notes"] = row.citation
    return found


def bibtex(name: str, title: str, version: str, digest: str) -> str:
    """Return a BibTeX entry of the dataset; its note has the first digits of its digest."""
    return (
        f"@misc{{{name},\n"
        f"  title = {{{title}}},\n"
        f"  author = {{{{{AUTHORS}}}}},\n"
        f"  version = {{{version}}},\n"
        f"  note = {{SHA-256 of its shards {digest[:16]}}}\n"
        "}"
    )
