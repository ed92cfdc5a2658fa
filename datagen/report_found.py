"""The sections of a report that show pictures: why they were left out, fonts, contact sheets."""

import re
from collections import Counter
from collections.abc import Mapping

from datagen import report_page
from datagen.characters import CharacterTable
from datagen.report_data import Findings
from datagen.report_page import Section
from datagen.report_reasons import Example, Reason, kind_of
from datagen.report_sheets import GAP, Sheet, contact_sheet, examples_sheet

_OPEN = 8  # reasons whose examples are seen at once; the others open on a click
_ROWS = 12  # rows of a table that are seen at once
_WORDS = 5  # of a reason, in the name of its picture


def reasons(found: Findings) -> Section:
    """List why pictures were left out, or what was found, with examples."""
    curation = found.kind == "curation"
    head = ["found by", "reason", "all", *found.sources]
    rows = []
    for r in found.reasons:
        about = f"{r.kind} → {r.verdict}" if r.verdict else r.kind
        rows.append([r.found_by, about, r.count, *(r.sources[s] for s in found.sources)])
    body = "".join(map(report_page.missing, found.notes))
    if not rows:
        body += "<p>Nothing.</p>"
    else:
        body += report_page.table(head, rows[:_ROWS], text=(1,))
    if rows[_ROWS:]:
        more = report_page.table(head, rows[_ROWS:], text=(1,))
        body += report_page.folded(f"Rarer reasons ({len(rows) - _ROWS})", more)
    sheets: dict[str, Sheet] = {}
    blocks = [_block(found, reason, sheets) for reason in found.reasons]
    if any(reason.examples for reason in found.reasons):
        body += report_page.note(
            "Below each example is its class and, after an arrow, the one that the reason speaks "
            "of. Of a pair, the right picture is the one that the left one repeats."
        )
    body += "".join(blocks[:_OPEN])
    if blocks[_OPEN:]:
        body += report_page.folded(
            f"Examples of rarer reasons ({len(blocks) - _OPEN})", "".join(blocks[_OPEN:])
        )
    return Section("What was found" if curation else "Left out", body, sheets)


def _block(found: Findings, reason: Reason, sheets: dict[str, Sheet]) -> str:
    verdict = f" → {reason.verdict}" if reason.verdict else ""
    sources = ", ".join(f"{name} {count:,}" for name, count in reason.sources.most_common())
    body = report_page.heading(f"{reason.found_by}: {reason.kind}{verdict}", sources)
    if not reason.examples:
        origins = "; ".join(one.origin for one in reason.chosen[:4])
        return body + report_page.note(f"No picture can be shown. The first: {origins}.")
    name = _name(found.kind, reason, sheets)
    sheet = examples_sheet(reason.examples)
    sheets[name] = sheet
    shown = "".join(
        report_page.example(name, sheet, number, _caption(example, found.table), _about(example))
        for number, example in enumerate(reason.examples)
    )
    head = ("class", "source", "origin", "reason")
    listed = [
        (e.of.codepoint or "none", e.of.source, e.of.origin, e.of.reason) for e in reason.examples
    ]
    origins = report_page.table(head, listed, text=(2, 3), words=(1,))
    return body + report_page.flowing(shown) + report_page.folded("Where they come from", origins)


def _name(kind: str, reason: Reason, taken: Mapping[str, Sheet]) -> str:
    words = re.findall(r"[a-z]+", reason.kind.lower())[:_WORDS]
    name = (
        f"found-{reason.found_by}"
        if kind == "curation"
        else "-".join(("left-out", reason.found_by, *words))
    )
    name = re.sub(r"[^a-z0-9-]", "", name)
    number = 2
    while name in taken or (number > 2 and f"{name}-{number}" in taken):
        if f"{name}-{number}" not in taken:
            return f"{name}-{number}"
        number += 1
    return name


def _caption(example: Example, table: CharacterTable) -> str:
    chars = {c.codepoint: c.char for c in table}
    ours, said = example.of.codepoint, example.of.said
    caption = chars.get(ours, ours) or "no class"
    return f"{caption} → {chars.get(said, said)}" if said and ours else caption


def _about(example: Example) -> str:
    one = example.of
    suggested = f"; suggested {one.suggested}" if one.suggested else ""
    return f"{one.codepoint or 'no class'}, {one.source}: {one.origin} – {one.reason}{suggested}"


def fonts(found: Findings) -> Section:
    """List the fonts used and those rejected."""
    used = [row for row in found.fonts if row[4] != "0"]
    rejected = [row for row in found.fonts if row[4] == "0"]
    families = len({row[1] for row in used})
    body = f"<p>{len(used):,} faces of {families:,} families used, {len(rejected):,} rejected.</p>"
    places = Counter((row[2], row[3]) for row in used)
    styles = Counter(row[2] for row in used)
    rows = [[s, n, *(places[s, split] for split in found.order)] for s, n in styles.most_common()]
    body += report_page.table(["style", "faces", *found.order], rows)
    short = [row for row in used if int(row[4]) < len(found.table)]
    head = ("font", "family", "style", "split", "usable glyphs")
    if short:
        about = (
            f"Used, but not for every class ({len(short):,}); the glyphs are among those left out"
        )
        body += report_page.folded(
            about, report_page.table(head, [row[:5] for row in short], words=(1, 2, 3))
        )
    listed = report_page.table(head, [row[:5] for row in used], words=(1, 2, 3))
    body += report_page.folded(f"Every face used ({len(used):,})", listed)
    if rejected:
        why = Counter(kind_of(row[5]) for row in rejected)
        body += report_page.table(("reason of rejection", "fonts"), why.most_common())
        names = [(row[0], row[5]) for row in rejected]
        listed = report_page.table(("font", "reason"), names, (1,))
        body += report_page.folded(f"Every font rejected ({len(rejected):,})", listed)
    return Section("Fonts", body)


def contacts(found: Findings, columns: int) -> Section:
    """Show pictures of every class, real beside drawn."""
    kinds = sorted({kind for _, _, kind in found.examples})
    names = {False: "real", True: "drawn"}
    columns = max(1, columns // max(1, len(kinds)))
    body, sheets = "", {}
    if len(kinds) == 2:
        body += report_page.note("Left, or first: real pictures. Right, or second: drawn ones.")
    seen = {split for split, _, _ in found.examples}
    for number, split in enumerate(name for name in found.order if name in seen):
        rows = [
            [found.examples.get((split, c.label, kind), []) for kind in kinds] for c in found.table
        ]
        name = f"contact-{split}"
        sheet = contact_sheet(rows, found.table, found.size, columns)
        sheets[name] = sheet
        width = columns * sheet.cell[0]
        lines = []
        for c in found.table:
            parts = [
                report_page.part(
                    name,
                    sheet.places[c.label * len(kinds) + place],
                    (width - GAP, found.size),
                    f"{c.codepoint}, {split}, {names[kind]}",
                    sheet.cell[0],
                )
                if rows[c.label][place]
                else report_page.quiet(f"none {names[kind]}")
                for place, kind in enumerate(kinds)
            ]
            lines.append(report_page.labelled(c.char, c.codepoint, parts))
        title = f"{split}: {found.splits[split]:,} pictures"
        body += report_page.folded(title, "".join(lines), opened=number == 0)
    return Section("Pictures", body, sheets)
