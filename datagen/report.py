"""What a dataset or a curation holds, to be looked at: one HTML file, and its pictures as PNG."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from datagen import features, figures, report_data, report_page
from datagen.atomic import atomic_file, write_text
from datagen.characters import CharacterTable
from datagen.report_data import SHOWN, Findings
from datagen.report_page import Section
from datagen.weights import class_weights, effective_number

Gray = NDArray[np.uint8]

_LABEL = 64  # pixels, for the code point beside a row
_GAP = 2  # pixels between pictures
_REASONS = 60  # kinds of reasons listed


@dataclass(frozen=True)
class Reported:
    """What a report made.

    Attributes:
        page: The HTML file.
        files: Its pictures as PNG: contact sheets, one a split, and charts.
    """

    page: Path
    files: tuple[Path, ...]


def report(folder: Path, out: Path | None = None, columns: int = SHOWN) -> Reported:
    """Write a report of a dataset or of a curation: `report.html` and its pictures as PNG.

    Args:
        folder: The dataset, or the folder that `datagen curate` wrote.
        out: Folder to write to; None for `report` in that folder.
        columns: Samples a class in a contact sheet.

    Raises:
        InputError: The folder is neither, or a file is damaged.
    """
    found = report_data.collect(folder)
    out = folder / "report" if out is None else out
    pictures: dict[str, bytes] = {}
    sections = [_counts(found, pictures), _measures(found, pictures)]
    sections += [_rejected(found, pictures)]
    if found.fonts:
        sections.append(_fonts(found))
    sections.append(_contacts(found, pictures, columns))
    files = []
    for name, data in pictures.items():
        with atomic_file(out / f"{name}.png") as file:
            file.write(data)
        files.append(out / f"{name}.png")
    total = sum(found.splits.values())
    parts = ", ".join(f"{found.splits[name]:,} {name}" for name in report_data.order(found))
    about = f"{total:,} pictures of {len(found.table)} classes: {parts}."
    page = out / "report.html"
    write_text(page, report_page.page(f"{found.kind.title()} {found.name}", about, sections))
    return Reported(page, tuple(files))


def _counts(found: Findings, pictures: dict[str, bytes]) -> Section:
    names, sources = [c.char for c in found.table], found.sources
    chosen = "train" if found.kind == "dataset" else "keep"
    filled = {
        source: np.array([found.used[source, c.label, chosen] for c in found.table])
        for source in sources
    }
    title = "train samples by source" if chosen == "train" else "pictures kept, by source"
    pictures["classes"] = figures.stacked(names, filled, title)
    totals = np.sum(list(filled.values()) or [np.zeros(len(names), np.int64)], axis=0)
    effective, weight = effective_number(totals), class_weights(totals)
    splits = report_data.order(found)
    head = ["class", "code point", "real before", *splits, "effective", "weight"]
    head += [f"{chosen} from {source}" for source in sources]
    rows = []
    for c in found.table:
        before = sum(found.before[source, c.label] for source in sources)
        by_split = [sum(found.used[s, c.label, split] for s in sources) for split in splits]
        about = [f"{effective[c.label]:.1f}", f"{weight[c.label]:.3f}"]
        by_source = [found.used[source, c.label, chosen] for source in sources]
        rows.append([c.char, c.codepoint, before, *by_split, *about, *by_source])
    by_source_rows = [
        [s, sum(n for (name, _), n in found.before.items() if name == s)]
        + [
            sum(n for (name, _, split), n in found.used.items() if (name, split) == (s, one))
            for one in splits
        ]
        for s in sources
    ]
    body = report_page.picture(pictures["classes"], title)
    body += report_page.table(["source", "real before", *splits], by_source_rows)
    body += report_page.note(
        "Effective number of samples: Cui et al. 2019, beta 0.999. Weight: its inverse, mean 1."
    )
    body += report_page.folded("every class", report_page.table(head, rows))
    return Section("Counts", body)


def _measures(found: Findings, pictures: dict[str, bytes]) -> Section:
    ink, width = {}, {}
    for source in found.sources:
        if found.measured[source]:
            stack = np.stack(found.measured[source])
            ink[source] = (stack.mean(axis=(1, 2)) / 255).astype(np.float32)
            width[source] = features.stroke_width(stack)
    pictures["ink"] = figures.distributions(ink, width)
    rows = [
        [s, f"{np.median(ink[s]):.3f}", f"{np.median(width[s]):.2f}"]
        for s in found.sources
        if s in ink
    ]
    body = report_page.picture(pictures["ink"], "ink and stroke width by source")
    body += report_page.table(["source", "median ink", "median stroke width"], rows)
    body += report_page.note("Lines that lie apart are a domain gap: a model can tell the sources.")
    return Section("Ink and strokes", body)


def _rejected(found: Findings, pictures: dict[str, bytes]) -> Section:
    common = found.reasons.most_common()
    rows = [[where, reason, count] for (where, reason), count in common[:_REASONS]]
    rest = sum(count for _, count in common[_REASONS:])
    if rest:
        rows.append(["…", f"{len(common) - _REASONS} more", rest])
    body = report_page.table(["found by", "reason", "pictures"], rows, text=(0, 1))
    for check, examples in found.seen.items():
        name = f"found-{check}"
        pictures[name] = _png(strip(examples, found.size))
        body += f"<h3>{check}</h3>" + report_page.picture(pictures[name], check, sheet=True)
    return Section("What was found" if found.kind == "curation" else "Left out", body)


def _fonts(found: Findings) -> Section:
    used = [row for row in found.fonts if row[4] != "0"]
    rejected = [row for row in found.fonts if row[4] == "0"]
    families = len({row[1] for row in used})
    head = ("font", "family", "style", "split", "usable glyphs", "reason")
    body = f"<p>{len(used):,} faces of {families:,} families used, {len(rejected):,} rejected.</p>"
    body += report_page.folded("used", report_page.table(head[:5], [row[:5] for row in used]))
    if rejected:
        short = [(row[0], row[5]) for row in rejected]
        body += report_page.folded("rejected", report_page.table(("font", "reason"), short, (1,)))
    return Section("Fonts", body)


def _contacts(found: Findings, pictures: dict[str, bytes], columns: int) -> Section:
    body = ""
    kinds = {kind for _, _, kind in found.examples}
    if len(kinds) == 2:
        body += report_page.note("Real pictures on the left, drawn ones on the right.")
    for split in report_data.order(found):
        rows: list[list[Gray]] = []
        for c in found.table:
            row: list[Gray] = []
            for kind in sorted(kinds):
                part = found.examples.get((split, c.label, kind), [])[: columns // len(kinds)]
                empty = np.zeros((found.size, found.size), np.uint8)
                row += part + [empty] * (columns // len(kinds) - len(part))
            rows.append(row)
        name = f"contact-{split}"
        pictures[name] = _png(contact_sheet(rows, found.table, found.size, columns))
        body += f"<h3>{split}</h3>" + report_page.picture(pictures[name], name, sheet=True)
    return Section("Pictures", body)


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def strip(pictures: Sequence[Gray], size: int, columns: int = 20) -> Image.Image:
    """Lay pictures out in rows.

    Args:
        pictures: uint8 of shape (size, size).
        size: Edge of a picture in pixels.
        columns: Pictures a row.
    """
    cell = size + _GAP
    rows = max(1, -(-len(pictures) // columns))
    sheet = Image.new("L", (columns * cell, rows * cell), 24)
    for number, picture in enumerate(pictures):
        place = (number % columns * cell, number // columns * cell)
        sheet.paste(Image.fromarray(picture), place)
    return sheet


def contact_sheet(
    rows: Sequence[Sequence[Gray]], table: CharacterTable, size: int, columns: int
) -> Image.Image:
    """Lay pictures out, one row a class, the code point beside it.

    Args:
        rows: For each label, uint8 pictures of shape (size, size).
        table: The classes.
        size: Edge of a picture in pixels.
        columns: Pictures a row at most.
    """
    cell = size + _GAP
    halves = 2 if len(rows) > 40 else 1  # two columns of classes: a sheet that fits a screen
    height = -(-len(rows) // halves)
    width = _LABEL + columns * cell
    sheet = Image.new("L", (width * halves, height * cell), 24)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for label, pictures in enumerate(rows):
        left, top = width * (label // height), cell * (label % height)
        pen.text((left + 6, top + cell / 2), table[label].codepoint, 200, font, "lm")
        for column, picture in enumerate(pictures[:columns]):
            sheet.paste(Image.fromarray(picture), (left + _LABEL + column * cell, top))
    return sheet
