"""Figures of Theorems 5 and 6. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a
figure; it computes nothing.
"""

import itertools
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metanash_replication.plotting import ARM_LABELS, ARM_STYLE, KIND_LABELS
from metanash_replication.styles import BOUND, legend_below, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_DOTTED, _DASHED = (0, (1, 1)), (0, (4, 1.5))
_SCHEDULE_COLORS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1b2a49")
_SCHEDULE_LABELS = {
    "prescribed": r"$\eta \sim T^{-1/3}$, as in (11)",
    "quarter": r"$\eta = T^{-1/4} / H$",
}


def _schedules(part: pd.DataFrame) -> list[tuple[pd.DataFrame, str, dict[str, Any]]]:
    """Rows, label and style of each schedule."""
    found = []
    for name, color in zip(dict.fromkeys(part["schedule"]), itertools.cycle(_SCHEDULE_COLORS), strict=False):
        label = _SCHEDULE_LABELS.get(name, rf"$\eta$ = {name.removeprefix('constant ')}")
        found.append((part[part["schedule"] == name], label, {"color": color}))
    return found


def _settings(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Parts of a table of schedules, one for each H and N, with a title."""
    groups = table[["horizon", "n_players"]].drop_duplicates().to_dict("records")
    parts = []
    for group in sorted(groups, key=lambda g: (g["n_players"], g["horizon"])):
        part = table[(table["horizon"] == group["horizon"]) & (table["n_players"] == group["n_players"])]
        parts.append((f"H = {group['horizon']}, N = {group['n_players']}", part))
    return parts


def _gap(table: pd.DataFrame) -> str:
    """Name of the gap: "CCE-gap" only if all are exact."""
    return "CCE-gap" if table["exact"].all() else "gap"


def theorem_5_bounds(tables: Tables, width: float) -> Figure:
    """Mean gap against T, one run for each T, and the bounds, a panel for each H and N."""
    parts = _settings(tables["schedules"])
    figure, axes = plt.subplots(1, len(parts), figsize=(width, 0.55 * width), sharey=True, squeeze=False)
    for ax, (title, part) in zip(axes[0], parts, strict=True):
        for own, label, style in _schedules(part):
            ax.plot(own["iteration"], own["gap"], label=f"measured, {label}", **style)
            ax.fill_between(own["iteration"], own["low"], own["high"], alpha=0.15, linewidth=0, **style)
        own = part[part["schedule"] == "prescribed"]
        ax.plot(own["iteration"], own["equation_11"], label="equation (11)", linestyle="-", **BOUND)
        ax.plot(own["iteration"], own["theorem_5"], label="Theorem 5, worst best response", linestyle=_DASHED, **BOUND)
        ax.plot(own["iteration"], own["smooth"], label="our bound", linestyle=(0, (5, 1, 1, 1)), **BOUND)
        ax.axhline(part["horizon"].iloc[0], label="trivial: H", linestyle=_DOTTED, **BOUND)
        ax.set_title(title)
        log_axes(ax)
    axes[0, 0].set_ylabel(f"{_gap(tables['schedules'])} (reward units)")
    legend_below(figure, axes[0, 0], 2)
    return figure


def theorem_5_slopes(tables: Tables, width: float) -> Figure:
    """Slopes of the mean gap on windows of T, by schedule, with intervals; dashes: of log T / (eta T)."""
    parts = _settings(tables["schedule_slopes"])
    figure, axes = plt.subplots(1, len(parts), figsize=(width, 0.48 * width), sharey=True, squeeze=False)
    for ax, (title, part) in zip(axes[0], parts, strict=True):
        middle = np.sqrt(part["start"] * part["end"])
        for own, label, style in _schedules(part):
            x = middle[own.index]
            bars = (own["slope"] - own["low"], own["high"] - own["slope"])
            ax.errorbar(x, own["slope"], yerr=bars, marker="o", markersize=2.5, linewidth=1.0,
                        label=label, **style)  # fmt: skip
            ax.plot(x, own["schedule_slope"], linestyle=_DASHED, linewidth=0.8, **style)
        own = part[part["schedule"] == "prescribed"]
        ax.plot(middle[own.index], own["bound_slope"], "_", markersize=8, label="slope of (11)", color="0.1")
        ax.axhline(-2.0 / 3.0, linestyle=_DOTTED, label="-2/3", **BOUND)
        ax.set(xscale="log", xlabel="iterations T", title=title)
        ax.minorticks_off()
        sns.despine(ax=ax)
    axes[0, 0].set_ylabel(r"slope (dashed: of $\log T / (\eta T)$)")
    legend_below(figure, axes[0, 0], 3)
    return figure


def theorem_6_benefit(tables: Tables, width: float) -> Figure:
    """Gap of each meta-update minus individual learning's: sweeps on random games, and a point for each other kind."""
    table = tables["general_sequences"]
    table = table[table["arm"] != "individual"]
    sweeps = (("perturbation", "perturbation"), ("games", "number of games K"), ("n_players", "players N"),
              ("max_actions", "actions A"), ("horizon", "horizon H"))  # fmt: skip
    names = [name for name, _ in sweeps]
    figure, axes = plt.subplots(2, 3, figsize=(width, 0.75 * width), sharey=True)
    random = table[table["base_kind"] == "random"]
    usual = random[names].mode().iloc[0]
    for ax, (name, label) in zip(axes.flat, sweeps, strict=False):
        others = usual.drop(name)
        part = random[(random[others.index] == others).all(axis=1)].sort_values(name)
        for arm, own in part.groupby("arm"):
            _differences(ax, own[name], own, str(arm))
        ax.set_xlabel(label)
        if name == "games":
            ax.set_xscale("log")
        if name == "perturbation":
            ax.locator_params(axis="x", nbins=4)
        else:
            ax.set_xticks(sorted(part[name].unique()), [f"{value:g}" for value in sorted(part[name].unique())])
    last = axes.flat[-1]
    named = [kind for kind in dict.fromkeys(table["base_kind"]) if kind != "random"]
    for arm, own in table[table["base_kind"] != "random"].groupby("arm"):
        _differences(last, own["base_kind"].map(named.index), own, str(arm), linestyle="none")
    labels = [KIND_LABELS[kind] for kind in named]
    last.set_xticks(range(len(named)), labels, rotation=60, ha="right", rotation_mode="anchor")
    for ax in axes.flat:
        ax.axhline(0.0, color="0.6", linewidth=0.6)
        ax.minorticks_off()
        sns.despine(ax=ax)
    for ax in axes[:, 0]:
        ax.set_ylabel(f"{_gap(table)}, meta minus\nindividual (reward units)")
    legend_below(figure, axes[0, 0], 3)
    return figure


def _differences(ax: Axes, x: Any, own: pd.DataFrame, arm: str, **more: Any) -> None:
    middle = own["difference"]
    bars = [(middle - own["difference_low"]).clip(lower=0.0), (own["difference_high"] - middle).clip(lower=0.0)]
    style = {**ARM_STYLE[arm], **more}
    ax.errorbar(x, middle, yerr=bars, label=ARM_LABELS[arm], marker="o", markersize=2.5, elinewidth=0.7, **style)


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "theorem5_bounds": theorem_5_bounds,
    "theorem5_slopes": theorem_5_slopes,
    "theorem6_benefit": theorem_6_benefit,
}
"""Figures by the name of their files."""
