"""Figure of the user's own games. Needs the extra ``pipeline``."""

from collections.abc import Callable

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from metanash_replication.plotting import ARM_LABELS, ARM_STYLE
from metanash_replication.styles import legend_below, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_MEASURES = {"ne_gap": "NE-gap", "cce_gap": "CCE-gap", "cce_gap_bound": "gap of an informed deviator"}


def own_games(tables: Tables, width: float) -> Figure:
    """Gap in units of reward against iterations, the mean over the games of a file, a panel for each file."""
    table = tables["own_games"].query("player == 1")  # the gap is that of all players
    names = list(dict.fromkeys(table["own"]))
    if not names:
        return _empty(width)
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width, (0.05 + 0.38 * rows) * width), squeeze=False)
    for ax, name in zip(axes.flat, names, strict=False):
        part = table[table["own"] == name]
        for arm, style in ARM_STYLE.items():
            mean = part[part["arm"] == arm].groupby("iteration")["gap"].mean()
            positive = mean[mean > 0]  # others have no place on a logarithmic axis
            if not mean.empty:
                ax.plot(positive.index, positive, label=ARM_LABELS[arm], **style)
        if (part["gap"] > 0).any():
            log_axes(ax)
        else:
            ax.set(xlabel="iterations T", xlim=(1, part["iteration"].max()), ylim=(0, 1), xscale="log", yticks=[0])
            ax.text(0.5, 0.5, "no gap above 0", ha="center", va="center", transform=ax.transAxes)
        ax.set(title=name, ylabel=f"{_MEASURES[part['measure'].iloc[0]]} (reward units)")
    for ax in list(axes.flat)[len(names) :]:
        ax.set_visible(False)
    most = max(axes.flat, key=lambda ax: len(ax.get_lines()))
    legend_below(figure, most, 4)
    return figure


def _empty(width: float) -> Figure:
    figure, ax = plt.subplots(figsize=(width, 0.3 * width))
    ax.set_axis_off()
    ax.text(0.5, 0.5, "no game could be learned: own_refused.csv says why", ha="center", va="center")
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"own_games": own_games}
"""Figures by the name of their files."""
