"""The sections of a report that count and measure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from datagen import features, figures, report_page
from datagen.report_data import Findings
from datagen.report_page import Section
from datagen.weights import BETA, class_weights, effective_number

Measures = Mapping[str, NDArray[np.float32]]
"""A number for each picture that was measured, by source."""

_COMPARED = 5  # pictures of a class that a source must have to be compared with another


def counts(found: Findings) -> Section:
    """Count by class, source and split, before and after."""
    chars, codes = [c.char for c in found.table], [c.codepoint for c in found.table]
    before = found.counts_before()
    panels = {"before: real pictures found": before}
    panels |= {_title(found, split): found.counts(split) for split in found.order}
    picture = figures.stacked(chars, codes, panels)
    body = report_page.chart(picture, "Counts by class, source and split", long=True)
    body += _by_source(found)
    body += _balance(found)
    body += report_page.folded("Every class: before, after, effective number", _classes(found))
    body += report_page.folded("Every class and source: what filled each class", _filled(found))
    return Section("Counts", body, charts={"classes": picture})


def _title(found: Findings, split: str) -> str:
    what = "after: " if found.kind == "dataset" else "verdict: "
    return f"{what}{split}"


def _chosen(found: Findings) -> str:
    return "train" if found.kind == "dataset" else "keep"


def _total(by_source: dict[str, NDArray[np.int64]], classes: int) -> NDArray[np.int64]:
    total = np.zeros(classes, np.int64)
    for values in by_source.values():
        total += values
    return total


def _by_source(found: Findings) -> str:
    """Count by source: what was found is what is in the splits and what was left out."""
    rows: list[list[object]] = []
    before = found.counts_before()
    dataset = found.kind == "dataset"
    for source in found.sources:
        after = [int(found.counts(split)[source].sum()) for split in found.order]
        if source in found.made:
            rows.append([source, "drawn", *after, "–", "–"])
            continue
        real = int(before[source].sum())
        lost = sum(r.sources[source] for r in found.reasons if r.verdict in ("", "drop"))
        out = real - sum(after) if dataset else int(found.counts("drop")[source].sum())
        rows.append([source, real, *after, *([out] if dataset else []), lost - out])
    head = ["source", "found", *found.order, *(["left out"] if dataset else []), "of no class"]
    return report_page.table(head, rows)


def _balance(found: Findings) -> str:
    """Say how unequal the classes are, before and after."""
    head = ["", "fewest", "most", "most ÷ fewest", "effective, fewest", "effective, most", "empty"]
    rows: list[list[object]] = []
    for name, by_source in (
        ("found", found.counts_before()),
        (_chosen(found), found.counts(_chosen(found))),
    ):
        total = _total(by_source, len(found.table))
        present = total[total > 0]
        if len(present):
            low, high = int(present.min()), int(present.max())
            effective = effective_number(np.array([low, high]))
            empty = len(found.table) - len(present)
            shown = [f"{number:,.1f}" for number in (high / low, *effective)]
            rows.append([name, low, high, *shown, empty])
    return (
        "<p>How equal the classes are, in pictures a class:</p>"
        + report_page.table(head, rows)
        + report_page.note(
            "Effective number of samples: how many say something new, (1 − βⁿ) / (1 − β) with "
            f"β = {BETA} (Cui et al. 2019). Empty: classes without any. Weight, in the table of "
            "every class: the inverse of the effective number, 1 on average."
        )
    )


def _classes(found: Findings) -> str:
    classes = len(found.table)
    before = _total(found.counts_before(), classes)
    after = {split: _total(found.counts(split), classes) for split in found.order}
    chosen = _total(found.counts(_chosen(found)), classes)
    effective = effective_number(before), effective_number(chosen)
    weight = class_weights(chosen)
    head = ["class", "code point", "found", *found.order]
    head += ["effective before", "effective after", "weight"]
    rows = [
        [c.char, c.codepoint, int(before[c.label])]
        + [int(after[split][c.label]) for split in found.order]
        + [f"{numbers[c.label]:,.1f}" for numbers in effective]
        + [f"{weight[c.label]:.3f}"]
        for c in found.table
    ]
    return report_page.table(head, rows)


def _filled(found: Findings) -> str:
    before = found.counts_before()
    columns = [("found", s, before[s]) for s in found.sources if s not in found.made]
    for split in found.order:
        columns += [(split, source, n) for source, n in found.counts(split).items()]
    head = ["class", *(f"{source} {name}" for name, source, _ in columns)]
    rows = [[c.char, *(int(n[c.label]) or "·" for _, _, n in columns)] for c in found.table]
    return report_page.table(head, rows)


def measures(found: Findings) -> Section:
    """Show how ink and strokes differ from source to source."""
    stacks = {
        source: np.stack([picture for _, picture in found.measured[source]])
        for source in found.sources
        if found.measured[source]
    }
    ink = {s: (n.mean(axis=(1, 2)) / 255).astype(np.float32) for s, n in stacks.items()}
    width = {s: features.stroke_width(n) for s, n in stacks.items()}
    charts = {
        "ink": figures.distribution(ink, "ink, share of the frame"),
        "strokes": figures.distribution(width, f"stroke width, pixels of {found.size}"),
    }
    names = ("Distribution of ink by source", "Distribution of stroke width by source")
    parts = [report_page.chart(p, n) for p, n in zip(charts.values(), names, strict=True)]
    body = report_page.side_by_side(parts) + report_page.note(
        "Lines that lie apart are a domain gap: a model can tell the sources, and what it learns "
        "from one may not hold for another."
    )
    return Section("Ink and strokes", body + _compared(found, ink, width), charts=charts)


def _compared(found: Findings, ink: Measures, width: Measures) -> str:
    """Compare each source with the drawn one, or the largest, class by class."""
    sizes = {source: len(values) for source, values in ink.items()}
    standard = (
        found.drawn if found.drawn in sizes else max(sizes, key=sizes.__getitem__, default="")
    )
    labels = {s: np.array([label for label, _ in found.measured[s]]) for s in sizes}
    head = ["source", "measured", "median ink", "median stroke width"]
    rows: list[list[object]] = []
    for s, count in sizes.items():
        rows.append([s, count, f"{np.median(ink[s]):.3f}", f"{np.median(width[s]):.2f}"])
        if len(sizes) > 1:
            about = labels[s], labels[standard]
            some, shared = _times(ink[s], ink[standard], *about)
            strokes, _ = _times(width[s], width[standard], *about)
            alone = s == standard
            rows[-1] += ["", "", ""] if alone else [_factor(some), _factor(strokes), shared]
    if len(sizes) < 2:
        return report_page.table(head, rows)
    head += [f"ink ÷ {standard}", f"stroke ÷ {standard}", "classes compared"]
    return report_page.table(head, rows) + report_page.note(
        f"Sources hold different classes, so the last columns compare each with {standard} class "
        "by class: 1.00 is no gap, 0.50 half as much. ◆ marks a factor beyond 1.2, ◆◆ beyond 1.5."
    )


def _times(
    ours: NDArray[np.float32],
    theirs: NDArray[np.float32],
    labels: NDArray[np.int64],
    others: NDArray[np.int64],
) -> tuple[float, int]:
    """How many times as large a measure is, the median over classes both have, and their number."""
    factors = []
    for label in np.intersect1d(labels, others):
        here, there = ours[labels == label], theirs[others == label]
        if min(len(here), len(there)) >= _COMPARED and np.median(there) > 0:
            factors.append(float(np.median(here) / np.median(there)))
    return (float(np.median(factors)) if factors else float("nan")), len(factors)


def _factor(times: float) -> str:
    if not times > 0:
        return "–"
    away = max(times, 1 / times)
    return f"{'◆◆ ' if away > 1.5 else '◆ ' if away > 1.2 else ''}{times:.2f}"
