"""Figures of the larger tasks of the appendix, in the style of Figure 1. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a figure. Of the
cells of an experiment's grid the columns ``rate_shown`` and ``perturbation_shown`` say which is drawn.
"""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metanash_replication.plotting import ARM_LABELS, ARM_STYLE, curve_panel
from metanash_replication.styles import legend_below
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_GAP = {"pots": "NE-gap (pots)", "reward": "NE-gap (reward units)"}


def _shown(tables: Tables, name: str, experiment: str, **where: Any) -> pd.DataFrame:
    """Rows of a table about one experiment, in the cell that is drawn."""
    table = tables[name]
    table = table[(table["experiment"] == experiment) & table["rate_shown"]]
    for key, value in where.items():
        table = table[table[key] == value]
    return table if "perturbation" in where else table[table["perturbation_shown"]]


def _curves(ax: Axes, part: pd.DataFrame, title: str) -> None:
    curve_panel(ax, part, scale="log")
    ax.set(title=title, ylabel=_GAP[part["unit"].iloc[0]])
    ax.minorticks_off()


def _ratios(ax: Axes, part: pd.DataFrame, x: str, **more: Any) -> None:
    """Gap at T over that of individual learning, with intervals, for every meta-update."""
    for arm in ARM_STYLE:
        own = part[(part["arm"] == arm) & (arm != "individual")].sort_values(x)
        if not own.empty:
            bars = [(own["ratio"] - own["ratio_low"]).clip(lower=0), (own["ratio_high"] - own["ratio"]).clip(lower=0)]
            ax.errorbar(own[x], own["ratio"], yerr=bars, marker="o", markersize=2.5, elinewidth=0.7,
                        **ARM_STYLE[arm], **more)  # fmt: skip
    ax.axhline(1.0, color="0.6", linewidth=0.6)
    ax.set(ylim=(0, None), ylabel="gap, meta / individual")
    sns.despine(ax=ax)


def poker(tables: Tables, width: float) -> Figure:
    """River poker: gap against iterations on short sequences, and gap at T against the task on long ones."""
    figure, axes = plt.subplots(2, 3, figsize=(width, 0.68 * width))
    for ax, experiment in zip(axes[0], ("appendix_poker", "appendix_poker_large"), strict=False):
        part = _shown(tables, "appendix_curves", experiment, base_kind="random")
        games, actions = part["games"].iloc[0], part["n_actions"].iloc[0].replace("x", " x ")
        _curves(ax, part, f"{games} tasks, {actions} plans")
    final = tables["appendix"]
    final = final[(final["experiment"] == "appendix_poker") & (final["base_kind"] == "random")]
    _ratios(axes[0, 2], final, "learning_rate")
    axes[0, 2].set(xscale="log", xlabel=r"learning rate $\eta$", title=f"{final['games'].iloc[0]} tasks, all rates")
    axes[0, 2].minorticks_off()
    kinds = list(dict.fromkeys(tables["appendix_games"].query("experiment == 'appendix_poker_long'")["base_kind"]))
    for ax, kind in zip(axes[1], kinds, strict=False):
        part = _shown(tables, "appendix_games", "appendix_poker_long", base_kind=kind)
        for arm, style in ARM_STYLE.items():
            own = part[part["arm"] == arm]
            if not own.empty:
                middle = (own["first"] + own["last"]) / 2
                ax.plot(middle, own["gap"], label=ARM_LABELS[arm], **style)
                ax.fill_between(middle, own["low"], own["high"], color=style["color"], alpha=0.15, linewidth=0)
        ax.set(xlabel="task k", ylabel=f"NE-gap at T = {part['iterations'].iloc[0]} (pots)", ylim=(0, None))
        ax.set_title(f"{part['games'].iloc[0]} tasks, {kind}")
        ax.set_xlim(1, part["last"].max())
        sns.despine(ax=ax)
    for ax in axes[1, 1:]:
        ax.set_ylabel("")
    axes[0, 1].set_ylabel("")
    for ax in axes[1, len(kinds) :]:
        ax.set_visible(False)
    legend_below(figure, axes[0, 0], 4)
    return figure


def tracking(tables: Tables, width: float) -> Figure:
    """Tracking: gap against iterations, gap of each task, and how much less than the joint optimum is reached."""
    figure, axes = plt.subplots(1, 3, figsize=(width, 0.4 * width))
    experiment = "appendix_tracking"
    sizes = sorted(tables["appendix"].query("experiment == @experiment")["perturbation"].unique())
    for ax, size in zip(axes, sizes[-2:], strict=False):
        part = _shown(tables, "appendix_curves", experiment, perturbation=size)
        _curves(ax, part, f"{part['games'].iloc[0]} tasks, perturbation {size:g}")
    axes[1].set_ylabel("")
    reference = tables["appendix_equilibria"].query("experiment == @experiment")
    for arm, own in reference.sort_values("perturbation").groupby("arm", sort=False):
        bars = [(own["error"] - own["error_low"]).clip(lower=0), (own["error_high"] - own["error"]).clip(lower=0)]
        axes[2].errorbar(own["perturbation"], own["error"], yerr=bars, marker="o", markersize=3, elinewidth=0.7,
                         **ARM_STYLE[str(arm)])  # fmt: skip
    axes[2].set(xlabel="perturbation", ylabel="joint optimum less value\n(reward units)", ylim=(0, None))
    axes[2].set_title(f"worth at T = {tables['appendix'].query('experiment == @experiment')['iterations'].iloc[0]}")
    axes[2].set_xticks(sizes, [f"{size:g}" for size in sizes])
    sns.despine(ax=axes[2])
    legend_below(figure, axes[0], 2)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"appendix_poker": poker, "appendix_tracking": tracking}
"""Figures by the name of their files."""
