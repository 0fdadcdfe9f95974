"""The figure of river endgames as trees. Needs the extra ``pipeline``.

It takes tables by name (module ``tables``) and a width in inches, and returns a figure; it computes nothing.
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from metanash_replication.plotting import curve_panel
from metanash_replication.styles import legend_below
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]


def river(tables: Tables, width: float) -> Figure:
    """Exploitability against iterations, a panel for each order of the endgames."""
    table = tables["river_curves"]
    kinds = list(dict.fromkeys(table["base_kind"]))
    figure, axes = plt.subplots(1, len(kinds), figsize=(width, 0.42 * width), squeeze=False, sharey=True)
    for ax, kind in zip(axes[0], kinds, strict=True):
        part = table[(table["base_kind"] == kind)]
        curve_panel(ax, part, scale="log")
        first = part.iloc[0]
        ax.set(title=f"{first['games']} endgames, {kind}", ylabel="")
    first = table.iloc[0]
    axes[0, 0].set_ylabel(f"exploitability (pots),\n{first['n_hands']} hands a side")
    legend_below(figure, axes[0, 0], 4)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"river": river}
"""Figures by the name of their files."""
