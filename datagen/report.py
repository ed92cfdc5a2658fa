"""What a dataset or a curation holds, to be looked at: one HTML file, and its pictures as PNG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen import bring, report_counts, report_data, report_found, report_page
from datagen.atomic import atomic_file, write_text
from datagen.errors import UsageError
from datagen.lock import hold
from datagen.remote import Location, is_url
from datagen.report_data import SHOWN, Findings
from datagen.report_page import Section


@dataclass(frozen=True)
class Reported:
    """What a report made.

    Attributes:
        page: The HTML file.
        files: Its pictures as PNG: charts, examples of what was left out, contact sheets.
        notes: What could not be shown, and why.
    """

    page: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def report(
    folder: Location,
    out: Path | None = None,
    columns: int = SHOWN,
    sources: Mapping[str, Location] | None = None,
) -> Reported:
    """Write a report of a dataset or of a curation: `report.html` and its pictures as PNG.

    Args:
        folder: The dataset, or the folder that `datagen curate` wrote; a folder or a URL.
        out: Folder to write to; None for `report` in that folder, which can't be a URL then.
        columns: Samples of a class in a contact sheet.
        sources: Where real sources lie now, by name; the recipe's paths where not named. What was
            left out is read again from there. The report says so where a source is gone.

    Raises:
        UsageError: `out` is missing.
        InputError: The folder is neither, a file is damaged, or another process works in `out`.
    """
    if out is None and is_url(folder):
        raise UsageError(f"{folder}: a report of what lies in a store needs a folder; give --out")
    folder = bring.dataset(folder)
    found = report_data.collect(folder, columns, sources or {})
    sections = [report_counts.counts(found), report_counts.measures(found)]
    sections += [report_found.contacts(found, columns), report_found.reasons(found)]
    if found.fonts:
        sections.append(report_found.fonts(found))
    out = folder / "report" if out is None else out
    with hold(out, None):
        return _write(out, found, sections)


def _write(out: Path, found: Findings, sections: Sequence[Section]) -> Reported:
    files = []
    for section in sections:
        for name, png in section.pictures():
            with atomic_file(out / f"{name}.png", durable=False) as file:
                file.write(png)
            files.append(out / f"{name}.png")
    total = sum(found.splits.values())
    parts = ", ".join(f"{found.splits[name]:,} {name}" for name in found.order)
    about = (
        f"{total:,} pictures of {len(found.table)} classes, {found.size} × {found.size}: {parts}."
    )
    page = out / "report.html"
    write_text(page, report_page.page(f"{found.kind.title()} {found.name}", [about], sections))
    return Reported(page, tuple(files), tuple(found.notes))
