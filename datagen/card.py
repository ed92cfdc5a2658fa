"""A dataset card in Hugging Face's form: `README.md` with YAML before the text.

Format: https://huggingface.co/docs/hub/datasets-cards
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from datagen import __version__
from datagen.citation import bibtex
from datagen.facts import Facts
from datagen.font_files import UNKNOWN

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_HUB_LICENSES = frozenset({"apache-2.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "mit", "ofl-1.1"})


def configs(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the front matter's `configs`: which files hold which split.

    Args:
        files: Split -> pattern relative to the card.
    """
    data = [{"split": split, "path": pattern} for split, pattern in files.items()]
    return [{"config_name": "default", "data_files": data}]


def card(facts: Facts, how: str, front: Mapping[str, Any], croissant: bool = False) -> str:
    """Return the text of a card.

    Args:
        facts: What is known of the dataset.
        how: How it is opened, a line of code or words.
        front: What the front matter says beside what every card does.
        croissant: Whether `croissant.json` lies beside it.
    """
    head = yaml.safe_dump(
        {**_front(facts), **front}, sort_keys=False, allow_unicode=True, width=100
    )
    return f"---\n{head}---\n\n" + "\n".join(_body(facts, how, croissant)) + "\n"


def _front(facts: Facts) -> dict[str, Any]:
    return {
        "pretty_name": facts.title,
        "license": sorted({_hub_license(name) for name in facts.licenses}),
        "task_categories": ["image-classification"],
        "size_categories": [next((n for most, n in _SIZES if facts.total < most), "n>1M")],
        "tags": ["ocr", "handwriting", "mathematical-symbols", "characters", "synthetic"],
    }


def _hub_license(name: str) -> str:
    if name == UNKNOWN:
        return UNKNOWN
    return name.lower() if name.lower() in _HUB_LICENSES else "other"


def _body(facts: Facts, how: str, croissant: bool) -> Iterator[str]:
    classes, real = len(facts.characters), facts.total - facts.drawn - facts.redrawn
    again = f", {facts.redrawn:,} real ones drawn again with other pens" if facts.redrawn else ""
    yield f"# {facts.name}\n"
    yield (
        f"{facts.total:,} grey pictures of {classes} characters and symbols, {facts.size}×"
        f"{facts.size} pixels, ink bright on black: {facts.drawn:,} drawn from fonts, {real:,} "
        f"real{again}. Built with Math Vision {__version__}.\n"
    )
    yield f"```text\n{how}\n```\n"
    yield "| split | records |\n|---|---:|"
    yield from (f"| {split} | {count:,} |" for split, count in facts.records.items())
    yield "\n## Classes\n"
    yield "Labels count from 0 in this order:\n"
    yield f"```text\n{' '.join(c.char for c in facts.characters)}\n```\n"
    if alike := _alike(facts):
        yield (
            f"Some have one shape in a tight frame, such as {alike}; the column `shape` of "
            "`characters.csv` groups them.\n"
        )
    yield from _origins(facts)
    yield "## Files beside this one\n"
    yield "- `LICENSES.csv`: whose work is in it: licence, makers and records of each"
    yield "- `CITATION.cff`: how to cite it and the works that it was made from"
    if croissant:
        yield "- `croissant.json`: every file with its SHA-256, and the records"
        yield "- `manifests/`: a row a record, with its origin; `rejected.csv`, what was left out"
    yield "\n## Citation\n"
    yield f"```bibtex\n{bibtex(facts.name, facts.title, facts.version, facts.digest)}\n```"


def _alike(facts: Facts) -> str:
    """Return the largest groups of classes that look the same."""
    groups: dict[int, list[str]] = {}
    for character, shape in zip(facts.characters, facts.characters.shapes, strict=True):
        groups.setdefault(shape, []).append(character.char)
    several = sorted((g for g in groups.values() if len(g) > 1), key=len, reverse=True)
    return ", ".join(f"``{' '.join(group)}``" for group in several[:3])


def _origins(facts: Facts) -> Iterator[str]:
    yield "## Where it comes from\n"
    fonts = [row for row in facts.licences if row.kind == "font"]
    sources = [row for row in facts.licences if row.kind == "source"]
    if fonts:
        names = ", ".join(sorted({row.license for row in fonts}))
        yield f"{facts.drawn:,} records are drawn from {len(fonts)} font families ({names}).\n"
    if sources:
        yield "| source | records | licence | by |\n|---|---:|---|---|"
        for row in sources:
            name = f"[{row.name}]({row.url})" if row.url else row.name
            by = row.citation or row.copyright or UNKNOWN
            yield f"| {name} | {row.records:,} | {row.license} | {by.replace('|', '/')} |"
        yield ""
    if UNKNOWN in facts.licenses:
        yield "Ask the makers of what is listed as unknown before you pass it on.\n"
