"""The confusion matrix as a picture."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from datagen.characters import CharacterTable

CELL = 0.17  # inches; room for one character
SHOWN = 0.005  # smallest share of a row that is drawn as anything but white


def confusion_figure(matrix: NDArray[np.int64], table: CharacterTable, title: str) -> Figure:
    """Draw a confusion matrix, each row divided by its sum.

    Classes that are neither true nor predicted anywhere are left out. The colour scale is steep at
    its low end, since what matters are the few per cent off the diagonal.

    Args:
        matrix: Counts (classes, classes); rows are true classes.
        table: The classes.
        title: Shown above.
    """
    used = np.flatnonzero(matrix.sum(0) + matrix.sum(1))
    counts = matrix[np.ix_(used, used)]
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = max(4.0, CELL * len(used))
    figure = Figure(figsize=(side + 1.6, side + 1.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(
        np.where(shares < SHOWN, np.nan, shares),
        cmap="viridis_r",
        norm=PowerNorm(0.4, 0, 1),
        interpolation="nearest",
    )
    _label(axes, [table[int(label)].char for label in used])
    axes.set_title(title, loc="left", fontsize=11)
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.01, ticks=[0.01, 0.05, 0.2, 0.5, 1])
    bar.ax.set_yticklabels(["1 %", "5 %", "20 %", "50 %", "100 %"])
    bar.set_label("share of the true class")
    return figure


def _label(axes: Any, names: list[str]) -> None:
    # "$" and "_" would otherwise be read as mathematics.
    places = np.arange(len(names))
    style = {"fontsize": 9, "fontfamily": "DejaVu Sans", "parse_math": False}
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(places, names, **style)
        axis.set_ticks(places[:-1] + 0.5, minor=True)
    axes.tick_params(which="both", length=0)
    axes.tick_params(labeltop=True, labelright=True)
    axes.grid(which="minor", color="0.92", linewidth=0.4)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
