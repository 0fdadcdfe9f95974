"""Styles that the figures of the theorems share."""

from collections.abc import Sequence
from typing import Any

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

__all__ = ["BOUND", "KIND_STYLE", "legend_below", "legend_outside", "log_axes"]

KIND_STYLE: dict[str, dict[str, Any]] = {
    "mixed": {"color": "#00664b"},
    "pure": {"color": "#cc79a7"},
    "random": {"color": "#e69f00"},
    "team": {"color": "#00664b"},
    "action_independent": {"color": "#cc79a7"},
}
"""One colour for each kind of base game; those that share a panel of curves differ in grey too."""
BOUND: dict[str, Any] = {"color": "0.35", "linewidth": 1.0}


def log_axes(axes: Axes, xlabel: str = "iterations T") -> None:
    """Logarithmic axes, without minor ticks and spines."""
    axes.set(xscale="log", yscale="log", xlabel=xlabel)
    axes.minorticks_off()
    sns.despine(ax=axes)


def legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    """One legend for all panels, that of ``axes``, below them."""
    legend_outside(figure, *axes.get_legend_handles_labels(), columns)


def legend_outside(
    figure: Figure | SubFigure,
    handles: Sequence[Any],
    labels: Sequence[str],
    columns: int,
    side: str = "lower",
    handlelength: float = 2.0,
) -> None:
    """A legend outside the panels, in as many columns as fit into the figure, ``columns`` at most."""
    place: dict[str, Any] = {"loc": f"outside {side} center", "frameon": False, "handlelength": handlelength}
    for ncols in range(max(min(columns, len(labels)), 1), 0, -1):
        legend = figure.legend(handles, labels, ncols=ncols, **place)
        if ncols == 1 or legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()
