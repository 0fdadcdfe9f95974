"""Styles that the figures of the theorems share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator

__all__ = ["BOUND", "KIND_STYLE", "PowersOfTen", "legend_below", "legend_outside", "log_axes", "log_ticks"]

KIND_STYLE: dict[str, dict[str, Any]] = {
    "mixed": {"color": "#00664b"},
    "pure": {"color": "#cc79a7"},
    "random": {"color": "#e69f00"},
    "team": {"color": "#00664b"},
    "action_independent": {"color": "#cc79a7"},
}
"""One colour for each kind of base game; those that share a panel of curves differ in grey too."""
BOUND: dict[str, Any] = {"color": "0.35", "linewidth": 1.0}
_PLAIN = (1e-4, 1e5)
"""Numbers that are written without a power of ten."""


class PowersOfTen(LogLocator):
    """Powers of ten; where an axis shows fewer than two, 2 and 5 times them too: of a single tick nothing is read."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Ticks between two limits, and some beyond them."""
        powers = np.asarray(super().tick_values(vmin, vmax))
        if np.count_nonzero((powers >= vmin) & (powers <= vmax)) >= 2:
            return powers
        return LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(vmin, vmax)


class _Numbers(LogFormatterSciNotation):
    """Powers of ten as such, all ticks as plain numbers where others than powers have one: these take less room."""

    def __init__(self) -> None:
        super().__init__(minor_thresholds=(np.inf, np.inf))  # a number for every tick
        self._plain = False

    def set_locs(self, locs: Any = None) -> None:
        """Ticks whose numbers are asked for next."""
        powers = np.log10(() if locs is None else locs)
        self._plain = not np.allclose(powers, np.round(powers))
        super().set_locs(locs)

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Number of a tick."""
        return f"{x:g}" if self._plain and _PLAIN[0] <= x < _PLAIN[1] else str(super().__call__(x, pos))


def log_ticks(axes: Axes) -> None:
    """:class:`PowersOfTen` on the logarithmic axes, and no minor ticks."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_locator(PowersOfTen())
            axis.set_major_formatter(_Numbers())
    axes.minorticks_off()


def log_axes(axes: Axes, xlabel: str = "iterations T") -> None:
    """Logarithmic axes, without minor ticks and spines."""
    axes.set(xscale="log", yscale="log", xlabel=xlabel)
    log_ticks(axes)
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
