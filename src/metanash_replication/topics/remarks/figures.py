"""Sentences of the text as a figure."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from metanash_replication.labels import KIND_LABELS
from metanash_replication.styles import BOUND
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_ITERATES = {"last": ("last of a stage", "#0072b2"), "first": ("first of the next", "#d55e00"),
             "average": ("average of all", "0.3")}  # fmt: skip
_ALGORITHMS = ("#d55e00", "#0072b2", "0.3")
_DASHES = ("-", (0, (4, 2)))


def remarks(tables: Tables, width: float) -> Figure:
    """Iterates, regret, and the least that equation (6) can be, a panel each."""
    figure, axes = plt.subplots(1, 3, figsize=(width, 0.5 * width))
    table = tables["restarts"]
    for (kind, name), part in table.groupby(["base_kind", "iterate"], sort=False):
        label, color = _ITERATES[str(name)]
        dashes = _DASHES[list(dict.fromkeys(table["base_kind"])).index(kind) % len(_DASHES)]
        axes[0].plot(part["iteration"], part["ne_gap"], label=f"{label}, {KIND_LABELS[str(kind)]}", color=color,
                     linestyle=dashes)  # fmt: skip
    axes[0].set(xlabel="iterations T", ylabel="NE-gap (reward units)", title="iterates", yscale="log")
    for color, (name, part) in zip(_ALGORITHMS, tables["dynamic_rates"].groupby("algorithm", sort=False), strict=False):
        axes[1].plot(part["iteration"], part["regret"], label=str(name), color=color)
    axes[1].set(xlabel="iterations T", ylabel="regret an iteration\n(reward units)", title="regret", yscale="log")
    shades = ("0.1", "#0072b2", "#d55e00", "#009e73")
    for color, ((horizon, actions), part) in zip(
        shades, tables["last_terms"].groupby(["horizon", "max_actions"], sort=False), strict=False
    ):
        axes[2].plot(part["games"], part["ratio"], label=f"H = {horizon}, A = {actions}", color=color)
    axes[2].axhline(1.0, linestyle=(0, (1, 2)), **BOUND)
    axes[2].set(xlabel="games K", ylabel="(6) for identical games\nover (4)", title="equation (6)", yscale="log")
    for ax in axes:
        ax.set_xscale("log")
        ax.minorticks_off()
        sns.despine(ax=ax)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.28))
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"remarks": remarks}
"""Figures by the name of their files."""
