"""Styles that the figures of the theorems share."""

from typing import Any

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["BOUND", "KIND_STYLE", "legend_below", "log_axes"]

KIND_STYLE: dict[str, dict[str, Any]] = {
    "mixed": {"color": "#009e73"},
    "pure": {"color": "#cc79a7"},
    "random": {"color": "#e69f00"},
    "team": {"color": "#009e73"},
    "action_independent": {"color": "#cc79a7"},
}
"""One colour for each kind of base game."""
BOUND: dict[str, Any] = {"color": "0.35", "linewidth": 1.0}


def log_axes(axes: Axes, xlabel: str = "iterations T") -> None:
    """Logarithmic axes, without minor ticks and spines."""
    axes.set(xscale="log", yscale="log", xlabel=xlabel)
    axes.minorticks_off()
    sns.despine(ax=axes)


def legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    """One legend for all panels, that of ``axes``, below them."""
    figure.legend(*axes.get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=columns)
