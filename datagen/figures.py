"""The report's charts, as PNG files."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH = 10.0  # inches
_DPI = 110


def _png(figure: Any) -> bytes:
    data = io.BytesIO()
    # No version and no date: the same numbers give the same bytes.
    figure.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
    return data.getvalue()


def _figure(height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure((_WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def stacked(names: Sequence[str], counts: Mapping[str, NDArray[np.int64]], title: str) -> bytes:
    """Draw a bar for each class, made of its sources.

    Args:
        names: What to write below each bar.
        counts: For each source, int64 of shape (len(names),).
        title: What is counted.
    """
    figure, axes = _figure(3.6)
    axis = axes[0][0]
    bottom = np.zeros(len(names))
    for source, values in counts.items():
        axis.bar(range(len(names)), values, 0.85, bottom=bottom, label=source)
        bottom += values
    size = 8 if len(names) <= 100 else 5
    # Dollar signs would start a formula.
    shown = [name.replace("$", r"\$") for name in names]
    axis.set_xticks(range(len(names)), shown, fontsize=size)
    axis.set_xlim(-1, len(names))
    axis.set_title(title)
    axis.legend(fontsize=8, ncols=6)
    return _png(figure)


def distributions(
    ink: Mapping[str, NDArray[np.float32]], width: Mapping[str, NDArray[np.float32]]
) -> bytes:
    """Draw how ink and stroke width are distributed, a line a source: gaps show at a glance.

    Args:
        ink: For each source, the share of the frame that is ink, float32 (n,).
        width: For each source, the mean stroke width in pixels of the frame, float32 (n,).
    """
    figure, axes = _figure(3.4, 1, 2)
    for axis, values, title in (
        (axes[0][0], ink, "ink, share of the frame"),
        (axes[0][1], width, "stroke width, pixels"),
    ):
        every = np.concatenate(list(values.values()) or [np.zeros(1, np.float32)])
        edges = np.linspace(0, float(np.percentile(every, 99.5)) or 1.0, 41)
        for source, numbers in values.items():
            density, _ = np.histogram(np.clip(numbers, 0, edges[-1]), edges)
            axis.step(edges[:-1], density / max(1, density.sum()), where="post", label=source)
        axis.set_title(title)
        axis.set_ylabel("share of the pictures")
        axis.legend(fontsize=8)
    return _png(figure)
