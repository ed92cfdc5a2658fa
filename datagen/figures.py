"""The report's charts, as PNG files."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH = 10.0  # inches
_DPI = 110
_NARROW = 5.0  # inches, so that a phone shows the words at a size that can be read
_LABELS = 110  # characters that fit below the bars
# Told apart by the colour-blind too: Okabe and Ito 2008, "Color universal design".
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#777777")
_LINES = ("-", "--", "-.", (0, (6, 1, 1, 1, 1, 1)))


def _png(figure: Any) -> bytes:
    data = io.BytesIO()
    # No version and no date: the same numbers give the same bytes.
    figure.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
    return data.getvalue()


def _figure(width: float, height: float, rows: int = 1) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure((width, height), layout="constrained")
    return figure, figure.subplots(rows, 1, squeeze=False)[:, 0]


def stacked(
    names: Sequence[str],
    codes: Sequence[str],
    panels: Mapping[str, Mapping[str, NDArray[np.int64]]],
) -> bytes:
    """Draw a bar for each class, made of its sources; a panel for each split.

    Args:
        names: Character of each class.
        codes: Its code point, written where the character can't be.
        panels: Title -> source -> counts, int64 of shape (len(names),); all of the same sources.
    """
    figure, axes = _figure(_WIDTH, 0.5 + 1.9 * len(panels), len(panels))
    every = -(-len(names) // _LABELS)
    shown = _writable(names, codes)[::every]
    places = np.arange(len(names))
    for axis, (title, counts) in zip(axes, panels.items(), strict=True):
        bottom = np.zeros(len(names))
        for number, (source, values) in enumerate(counts.items()):
            colour = _COLOURS[number % len(_COLOURS)]
            axis.add_collection(_bars(places, bottom, bottom + values, colour, source))
            bottom += values
        axis.set_ylim(0, max(1.0, 1.05 * float(bottom.max(initial=0))))
        axis.set_xticks(places[::every], shown, fontsize=9)
        axis.tick_params("x", length=0)
        axis.yaxis.set_major_formatter("{x:,.0f}")
        axis.set_xlim(-0.8, len(names) - 0.2)
        axis.set_title(title, loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=8, frameon=False)
    return _png(figure)


def _bars(
    places: NDArray[np.int64],
    bottom: NDArray[np.float64],
    top: NDArray[np.float64],
    colour: str,
    source: str,
) -> Any:
    """All bars of a source as one drawing: a thousand of their own take seconds."""
    from matplotlib.collections import PolyCollection

    left, right = places - 0.425, places + 0.425
    across = np.stack((left, left, right, right), axis=1)
    up = np.stack((bottom, top, top, bottom), axis=1)
    corners = np.stack((across, up), axis=2)
    return PolyCollection(list(corners), facecolor=colour, label=source)


def _writable(names: Sequence[str], codes: Sequence[str]) -> list[str]:
    """The characters; a code point stands for those that the chart's font lacks."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    # Dollar signs would start a formula.
    return [
        name.replace("$", r"\$") if all(ord(char) in known for char in name) else f"{code[2:]}"
        for name, code in zip(names, codes, strict=True)
    ]


def distribution(values: Mapping[str, NDArray[np.float32]], title: str) -> bytes:
    """Draw how a measure is distributed, a line a source: gaps show at a glance.

    Args:
        values: For each source, a number a picture, float32 (n,).
        title: What is measured, with its unit.
    """
    figure, (axis,) = _figure(_NARROW, 3.2)
    every = np.concatenate(list(values.values()) or [np.zeros(1, np.float32)])
    edges = np.linspace(0, float(np.percentile(every, 99)) or 1.0, 41)
    middles = (edges[:-1] + edges[1:]) / 2
    for number, (source, numbers) in enumerate(values.items()):
        density = np.histogram(numbers, edges)[0] / max(1, len(numbers))
        colour, line = _COLOURS[number % len(_COLOURS)], _LINES[number % len(_LINES)]
        axis.plot(middles, density, linestyle=line, label=source, color=colour, linewidth=2)
        axis.fill_between(middles, density, color=colour, alpha=0.12, linewidth=0)
    axis.set_xlim(0, edges[-1])
    axis.set_ylim(0)
    axis.set_xlabel(title)
    axis.set_ylabel("share of the pictures")
    axis.yaxis.set_major_formatter("{x:.0%}")
    axis.spines[["top", "right"]].set_visible(False)
    if values:
        axis.legend(frameon=False)
    return _png(figure)
