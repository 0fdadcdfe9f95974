"""The figure of readings: speed-ups and starts, a row for each change in the reference. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a figure; it computes nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metanash_replication.plotting import ARM_LABELS, KIND_LABELS
from metanash_replication.rates import MUCH_FASTER
from metanash_replication.styles import KIND_STYLE, legend_outside
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_GROUPS = {
    "zero_sum": ("arm", "alpha", "perturbation", "horizon", "games", "learning_rate"),
    "potential": ("perturbation", "games", "discount", "learning_rate"),
}
"""What is changed, a group of rows each."""
_PAIRED = ("best_response", "last_stage_average")
"""Meta-updates that every group has: filled and open; those that one row alone has are squares."""
_NAMES = {
    "alpha": r"$\alpha$",
    "perturbation": "perturbation",
    "horizon": "H",
    "games": "K",
    "discount": r"$\gamma$",
}
_RATES = {"zero_sum": r"$\eta$", "potential": r"step $\alpha$"}
_LEVEL = {0.5: "half", 0.25: "a quarter of"}
_HEIGHT = 0.19
"""Inches of a row."""


def _rows(table: pd.DataFrame, family: str) -> list[tuple[str, pd.DataFrame, bool]]:
    """Label and part of the table of each row, and whether it is the first of its group."""
    varied = table["varied"].fillna("").str.split()
    found = []
    for group in _GROUPS[family]:
        own = table[[{*names} <= {group, "arm"} for names in varied]]
        if group != "arm":
            own = own[own["arm"].isin(_PAIRED) | (family == "potential")]
        if own[group].nunique() < 2:
            continue
        values = list(dict.fromkeys(own[group])) if group == "arm" else sorted(own[group].unique())
        for value in values:
            part = own[own[group] == value]
            found.append((_label(group, part.iloc[0], family), part, value == values[0]))
    return found


def _label(group: str, row: Any, family: str) -> str:
    if group == "arm":
        return ARM_LABELS[row["arm"]].removeprefix("meta: ")
    if group == "alpha" and row["alpha_of_theory"]:
        return r"$\alpha$ = 1/$\sqrt{K}$"
    name = _RATES[family] if group == "learning_rate" else _NAMES[group]
    return f"{name} {'=' * (group != 'perturbation')} {row[group]:g}".replace("  ", " ")


def _look(arm: str, colour: str) -> dict[str, Any]:
    marker = "o" if arm in (*_PAIRED, "carry_over") else "s"
    return {"fmt": marker, "color": colour, "markerfacecolor": "white" if arm == _PAIRED[1] else colour}


def _dots(ax: Axes, rows: Sequence[tuple[str, pd.DataFrame, bool]], names: tuple[str, str, str], first: bool) -> None:
    """Dots with intervals; kinds of games above one another in a row, meta-updates on one line.

    ``first``: the table has a row for each gap to reach, and only the first counts, since the others say the same.
    """
    kinds = list(dict.fromkeys(kind for _, part, _ in rows for kind in part["base_kind"]))
    for y, (_, part, opens) in enumerate(rows):
        if opens and y:
            ax.axhline(y - 0.5, color="0.85", linewidth=0.6)
        values, low, high, level = (part[name].to_numpy(dtype=float) for name in (*names, "level"))
        kind_of, arm_of = part["base_kind"].to_numpy(), part["arm"].to_numpy()
        for k, kind in enumerate(kinds):
            own = kind_of == kind
            if first and own.any():
                own &= level == level[own].max()
            own &= ~np.isnan(values)
            for arm in dict.fromkeys(arm_of[own]):
                dot = own & (arm_of == arm)
                value = values[dot]
                bars = np.stack([np.clip(value - low[dot], 0.0, None), np.clip(high[dot] - value, 0.0, None)])
                place = np.full(len(value), y + 0.26 * (k - (len(kinds) - 1) / 2))
                ax.errorbar(value, place, xerr=bars, markersize=2.6, markeredgewidth=0.7, elinewidth=0.7,
                            **_look(str(arm), KIND_STYLE[kind]["color"]))  # fmt: skip


def _panels(figure: Any, table: pd.DataFrame, family: str, title: str) -> None:
    """A row of panels: a speed-up for each gap to reach, and the ratio at the first iteration."""
    rows, levels = _rows(table, family), sorted(table["level"].unique(), reverse=True)
    axes = figure.subplots(1, len(levels) + 1, sharey=True, squeeze=False)[0]
    for ax, level in zip(axes, levels, strict=False):
        at_level = [(label, part[part["level"] == level], opens) for label, part, opens in rows]
        _dots(ax, at_level, ("speed_up", "low", "high"), first=False)
        ax.axvline(MUCH_FASTER, color="0.4", linewidth=0.8, linestyle=(0, (4, 1.5)))
        ax.set(xscale="log", xlabel=f"speed-up to {_LEVEL.get(level, f'{level:g} of')}\nthe first gap")
    _dots(axes[-1], rows, ("start", "start_low", "start_high"), first=True)
    axes[-1].axvline(1.0, color="0.4", linewidth=0.8, linestyle=(0, (4, 1.5)))
    axes[-1].set(xlabel="gap at t = 1,\nmeta / individual", xlim=(0, None))
    axes[0].set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    for ax in axes:
        ax.minorticks_off()
        ax.tick_params(axis="y", length=0)
        sns.despine(ax=ax, left=True)
    figure.suptitle(title)
    handles = _legend(table)
    legend_outside(figure, handles, [str(handle.get_label()) for handle in handles], 5)


def _legend(table: pd.DataFrame) -> list[Line2D]:
    kinds = list(dict.fromkeys(table["base_kind"]))
    shown = [Line2D([], [], label=KIND_LABELS[kind], linewidth=1.3, **KIND_STYLE[kind]) for kind in kinds]
    found = list(dict.fromkeys(table["arm"]))
    names = {arm: ARM_LABELS[arm].removeprefix("meta: ") for arm in _PAIRED if arm in found}
    others = [arm for arm in found if _look(arm, "0.3")["fmt"] == "s"]
    for arm, name in (names | dict.fromkeys(others[:1], "as its row says")).items():
        look = _look(arm, "0.3")
        shown.append(
            Line2D([], [], color="0.3", marker=look["fmt"], markersize=3, linestyle="",
                   markerfacecolor=look["markerfacecolor"], label=name)
        )  # fmt: skip
    return shown


def readings(tables: Tables, width: float) -> Figure:
    """Figure 1 under many readings: zero-sum games above, potential games below."""
    parts = dict(list(tables["readings"].groupby("family", sort=False)))
    titles = {"zero_sum": "Figure 1(a), zero-sum games", "potential": "Figure 1(b), potential games, carry-over"}
    heights = [_HEIGHT * len(_rows(part, str(family))) + 0.85 for family, part in parts.items()]
    figure = plt.figure(figsize=(width, sum(heights)))
    below = figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for own, (family, part) in zip(below, parts.items(), strict=True):
        _panels(own, part, str(family), titles[str(family)])
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"readings": readings}
"""Figures by the name of their files."""
