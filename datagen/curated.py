"""The tables of a curation: every picture with its verdict, what is left out, and the counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from datagen import manifest
from datagen.atomic import write_csv, write_text
from datagen.characters import CharacterTable
from datagen.judge import Judged
from datagen.manifest import Rejected
from datagen.seeds import hex64

_SPLIT = ("", "train", "test")
SUMMARY = ("source", "codepoint", "verdict", "check", "pictures")


@dataclass(frozen=True, slots=True)
class CuratedRow:
    """One row of `curated.csv`.

    Attributes:
        id: 16 hexadecimal digits made of the picture's bytes; empty where they can't be read.
        codepoint: ``U+0041``; empty where it is no class.
        source: Name of the source.
        split: What the publisher says of it: ``train``, ``test`` or nothing.
        origin: Where it comes from in the source.
        verdict: ``keep``, ``drop``, ``relabel`` or ``review``.
        check: The check that the verdict rests on; empty where nothing was found.
        reason: Why, in words.
        score: 0 to 1, 1 the worst of its check.
        suggested: Code point that it should have, or empty.
        also: Other checks that found something, separated by spaces.
    """

    id: str
    codepoint: str
    source: str
    split: str
    origin: str
    verdict: str
    check: str
    reason: str
    score: float
    suggested: str
    also: str


COLUMNS = tuple(field.name for field in fields(CuratedRow))


def rows(judged: Judged, characters: CharacterTable) -> list[CuratedRow]:
    """Return a row for each picture, in their order, and then those that could not be framed."""
    pictures = judged.pictures
    codes = [c.codepoint for c in characters]
    listed = []
    for row, (key, label, source, fixed) in enumerate(
        zip(
            pictures.id.tolist(),
            pictures.label.tolist(),
            pictures.source.tolist(),
            pictures.fixed.tolist(),
            strict=True,
        )
    ):
        where = (codes[label], pictures.names[source], _SPLIT[fixed], pictures.origins[row])
        one = judged.by_row.get(row)
        if one is None:
            listed.append(CuratedRow(hex64(key), *where, "keep", "", "", 0.0, "", ""))
            continue
        suggested = codes[one.suggested] if one.suggested >= 0 else ""
        said = (one.verdict, one.check, one.reason)
        also = " ".join(one.also)
        listed.append(CuratedRow(hex64(key), *where, *said, one.score, suggested, also))
    for out, content in zip(pictures.rejected, pictures.rejected_ids, strict=True):
        listed.append(_refused(out, content))
    return listed


def _refused(out: Rejected, content: int) -> CuratedRow:
    check = "no-ink" if out.stage == "frame" else "unreadable" if out.codepoint else "no-class"
    return CuratedRow(
        hex64(content) if content else "",
        out.codepoint,
        out.source,
        "",
        out.origin,
        "drop",
        check,
        out.reason,
        1.0,
        "",
        "",
    )


def write(
    out: Path,
    listed: Sequence[CuratedRow],
    judged: Judged,
    characters: CharacterTable,
    conflicts: Sequence[str],
) -> None:
    """Write `curated.csv`, `rejected.csv`, `summary.csv` and, if there are any, `conflicts.csv`."""
    write_csv(out / "curated.csv", COLUMNS, map(astuple, listed))
    rejected = [*judged.pictures.rejected, *judged.rejected(characters)]
    manifest.write_rejected(out / "rejected.csv", rejected)
    counts = Counter((row.source, row.codepoint, row.verdict, row.check) for row in listed)
    write_csv(out / "summary.csv", SUMMARY, ((*key, counts[key]) for key in sorted(counts)))
    write_text(out / "characters.csv", characters.to_csv())
    if conflicts:
        write_csv(out / "conflicts.csv", ("conflict",), ((each,) for each in conflicts))
    else:
        (out / "conflicts.csv").unlink(missing_ok=True)
