"""Figures of meta-updates beside (5). They take tables by name and a width, and compute nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metanash_replication.labels import KIND_LABELS, UPDATE_LABELS
from metanash_replication.styles import BOUND, KIND_STYLE, legend_outside, log_ticks
from metanash_replication.topics.updates.plan import PAPER, TWINS
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_STYLES: dict[str, dict[str, Any]] = {
    "individual": {"color": "#d55e00", "linestyle": "-"},
    PAPER: {"color": "#0072b2", "linestyle": "-"},
    "annealed_best_response": {"color": "#cc79a7", "linestyle": (0, (3, 1, 1, 1))},
    "learned": {"color": "#56b4e9", "linestyle": (0, (4, 1.5))},
    "discounted": {"color": "#e69f00", "linestyle": (0, (4, 1.5))},
    "window": {"color": "0.45", "linestyle": (0, (1, 1))},
    "tracking": {"color": "#1b2a49", "linestyle": "-"},
    "recognised": {"color": "#cc79a7", "linestyle": "-"},
    "tuned_tracking": {"color": "#009e73", "linestyle": (0, (1, 1))},
}
_MARKERS = {"mixed": "o", "pure": "s", "random": "^"}
_RATES = (*TWINS, "harris")


def _dots(ax: Axes, table: pd.DataFrame, arms: Sequence[str]) -> None:
    """A row for each meta-update, a dot for each case."""
    for k, arm in enumerate(arms):
        for kind, part in table[table["arm"] == arm].groupby("base_kind", sort=False):
            shift = 0.22 * (list(_MARKERS).index(str(kind)) - 1)
            ax.plot(
                part["ratio"], np.full(len(part), k + shift), linestyle="", marker=_MARKERS[str(kind)], markersize=3,
                label=KIND_LABELS[str(kind)], color=KIND_STYLE[str(kind)]["color"],
            )  # fmt: skip
    ax.axvline(1.0, linestyle=(0, (1, 2)), **BOUND)
    ax.set(
        xscale="log",
        xlabel="gap over that of (5)",
        yticks=range(len(arms)),
        yticklabels=[UPDATE_LABELS[a] for a in arms],
    )
    ax.set_ylim(len(arms) - 0.5, -0.5)
    ax.minorticks_off()
    sns.despine(ax=ax)


def ratios(tables: Tables, width: float) -> Figure:
    """Ratios to (5) on the games that were not used to choose, in two panels: rates as given, and learned ones."""
    table = tables["updates"]
    table = table[(table["phase"] == "verdict") & (table["beside"] == PAPER)]
    arms = list(dict.fromkeys(table["arm"]))
    groups = [[arm for arm in arms if (arm in _RATES) is learned] for learned in (False, True)]
    figure, axes = plt.subplots(2, 1, figsize=(width, 0.75 * width), height_ratios=[max(len(g), 1) for g in groups])
    for ax, group in zip(axes, groups, strict=True):
        _dots(ax, table, group)
    handles = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    legend_outside(figure, list(handles.values()), list(handles), 3)
    return figure


def crossover(tables: Tables, width: float) -> Figure:
    """Computed and measured beside: from how many games on a sequence is better than games alone."""
    figure, axes = plt.subplots(1, 3, figsize=(width, 0.45 * width))
    bounds = tables["updates_bounds"]
    bounds = bounds[(bounds["iterations"] == bounds["iterations"].max()) & (bounds["n_states"] == 1)]
    bounds = bounds[(bounds["horizon"] == 1) & (bounds["max_actions"] == bounds["max_actions"].min())]
    for name, label in (("paper", "(6) as printed"), ("annealed", "annealed weights")):
        style = _STYLES[PAPER if name == "paper" else "annealed_best_response"]
        axes[0].plot(bounds["share"], bounds[name], label=label, marker="o", markersize=3, **style)
    axes[0].set(yscale="log", xlabel=r"$\Delta / K$ over uniform starts", ylabel="games K", title="bounds below (4)")
    handles = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    table = tables["updates_crossover"]
    for ax, ((kind, size), part) in zip(
        axes[1:], table.groupby(["base_kind", "perturbation"], sort=False), strict=False
    ):
        for arm in dict.fromkeys(part["arm"]):
            own = part[part["arm"] == arm]
            (line,) = ax.plot(own["games"], own["gap"], label=UPDATE_LABELS[arm], **_STYLES[arm])
            handles[UPDATE_LABELS[arm]] = line
        title = f"{KIND_LABELS[str(kind)]},\nperturbation {size:g}"
        ax.set(xscale="log", yscale="log", xlabel="games K", ylabel="mean NE-gap (reward units)", title=title)
    axes[2].set_ylabel("")
    for ax in axes:
        log_ticks(ax)
        sns.despine(ax=ax)
    legend_outside(figure, list(handles.values()), list(handles), 3)
    return figure


def moving(tables: Tables, width: float) -> Figure:
    """Gap of every game over that of individual learning, a panel for each base kind and kind of sequence."""
    table = tables["updates_moving_curves"]
    kinds, bases = (list(dict.fromkeys(table[name])) for name in ("kind", "base_kind"))
    figure, axes = plt.subplots(
        len(bases), len(kinds), figsize=(width, 0.32 * width * len(bases)), squeeze=False, sharex=True, sharey=True
    )
    handles = {}
    for ax, (base, kind) in zip(axes.flat, ((base, kind) for base in bases for kind in kinds), strict=True):
        part = table[(table["kind"] == kind) & (table["base_kind"] == base)]
        for arm in dict.fromkeys(part["arm"]):
            if arm == "individual":
                continue
            own = part[part["arm"] == arm]
            (line,) = ax.plot(own["game"], own["ratio"], label=UPDATE_LABELS[arm], **_STYLES[arm])
            handles[UPDATE_LABELS[arm]] = line
        ax.axhline(1.0, linestyle=(0, (1, 2)), **BOUND)
        ax.set(yscale="log", title=f"{KIND_LABELS[base]},\n{KIND_LABELS[kind]}")
        ax.minorticks_off()
        sns.despine(ax=ax)
    for ax in axes[-1]:
        ax.set_xlabel("game k")
    figure.supylabel("NE-gap over that of individual learning")
    legend_outside(figure, list(handles.values()), list(handles), 3)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "updates_ratios": ratios,
    "updates_crossover": crossover,
    "updates_moving": moving,
}
"""Figures by the name of their files."""
