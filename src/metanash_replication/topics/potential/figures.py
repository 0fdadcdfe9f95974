"""Figures of Proposition 1 and Theorem 3. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a
figure; it computes nothing.
"""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metanash_replication.plotting import KIND_LABELS
from metanash_replication.styles import BOUND, KIND_STYLE, legend_below, legend_outside, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_DASHED, _DOTTED = (0, (4, 1.5)), (0, (1, 1))
_START_STYLE: dict[str, Any] = {"pure": "-", "random": _DASHED, "uniform": _DOTTED}
_FORM_STYLE: dict[str, dict[str, Any]] = {
    "printed": {"linestyle": "-"},
    "repaired": {"linestyle": _DOTTED, "linewidth": 0.8},
    "printed, games made for it": {"linestyle": _DASHED},
}
_ONE: dict[str, Any] = {"color": "#d55e00", "linewidth": 0.8}
_OUTCOME_COLORS = {"converged": "#0072b2", "rising": "#56b4e9", "cycle": "#d55e00", "irregular": "#1b2a49"}
_HATCHED = "cycle"
"""Of the same grey as what is below it, if printed without colours."""
_MOST_POWERS = 6
"""Powers of ten that have room below a panel."""
_OUTCOME_LABELS = {
    "converged": "at an equilibrium",
    "rising": "potential still rises",
    "cycle": "in a cycle",
    "irregular": "neither",
}


def proposition_1_rates(tables: Tables, width: float) -> Figure:
    """Mean gap of all iterates of long runs and the bound: a row for each discount, a column for each step size."""
    curves = tables["potential_curves"]
    discounts, factors = sorted(curves["discount"].unique()), sorted(curves["step_factor"].unique())
    size = (width, 0.12 * width + 0.33 * width * len(discounts))
    figure, axes = plt.subplots(len(discounts), len(factors), figsize=size, sharex=True, sharey="row", squeeze=False)
    for row, discount in zip(axes, discounts, strict=True):
        for ax, factor in zip(row, factors, strict=True):
            bottom = discount == discounts[-1]
            part = curves[(curves["discount"] == discount) & (curves["step_factor"] == factor)]
            for kind, own in part.groupby("base_kind"):
                style, name = KIND_STYLE[str(kind)], KIND_LABELS[str(kind)]
                ax.plot(own["iteration"], own["mean_gap"], label=f"measured, {name}", **style)
                ax.fill_between(own["iteration"], own["low"], own["high"], alpha=0.15, linewidth=0, **style)
                ax.plot(own["iteration"], own["repaired"], linestyle=(0, (4, 1.5)), linewidth=1.0,
                        label=f"bound, repaired, {name}", **style)  # fmt: skip
            ax.axhline(1.0 / (1.0 - discount), label=r"trivial: $1 / (1 - \gamma)$", linestyle=(0, (1, 1)), **BOUND)
            log_axes(ax, "iterations T" if bottom else "")
            step = "largest step of the theory" if factor == 1 else f"{factor:g} times that step"
            ax.set_title(rf"$\gamma$ = {discount:g}, {step}")
        row[0].set_ylabel("mean NE-gap of iterates\n(reward units)")
    legend_below(figure, axes[0, 0], 2)
    return figure


def proposition_1_violations(tables: Tables, width: float) -> Figure:
    """Share of games in which Proposition 1 fails as printed, and the largest gap over bound, against T."""
    table = tables["proposition1_violations"]
    discounts = sorted(table["discount"].unique())
    figure, (left, right) = plt.subplots(1, 2, figsize=(width, 0.58 * width))
    colours = dict(zip(discounts, sns.color_palette("viridis", len(discounts)), strict=True))
    for discount, colour in colours.items():
        for start, line in _START_STYLE.items():
            own = table[(table["discount"] == discount) & (table["start"] == start)]
            if not own.empty:
                share, name = own["violated"] / own["games"], f"$\\gamma$ = {discount:g}, {start}"
                left.plot(own["iteration"], share, color=colour, linestyle=line, label=name)
        same = table[table["discount"] == discount]
        made, random = same[same["start"] == "made"], same[same["start"] != "made"]
        worst = random.groupby("iteration")[["printed", "repaired"]].max()
        # a game that is unresolved for small T has no ratio there
        of_made = made["printed"].where(made["resolved"] > 0)
        curves = ((worst.index, worst["printed"]), (worst.index, worst["repaired"]), (made["iteration"], of_made))
        for (iterations, ratio), style in zip(curves, _FORM_STYLE.values(), strict=True):
            right.plot(iterations, ratio, color=colour, **style)
    right.axhline(1.0, **_ONE)
    for ax in (left, right):
        ax.set(xscale="log", xlabel="iterations T", ylim=(0, None))
        ax.minorticks_off()
        sns.despine(ax=ax)
    left.set_ylabel("share of games that violate\nProposition 1 as printed")
    right.set_ylabel("largest gap / bound")
    # colours say the same in both panels, lines do not
    grey = {"color": BOUND["color"]}
    starts = [Line2D([], [], label=f"{name} start", linestyle=line, **grey) for name, line in _START_STYLE.items()]
    forms = [Line2D([], [], label=name, **style, **grey) for name, style in _FORM_STYLE.items()]
    one = Line2D([], [], label="1: above, it fails", **_ONE)
    for ax, handles in ((left, starts), (right, [*forms, one])):
        ax.legend(handles=handles, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    shades = [Line2D([], [], label=rf"$\gamma$ = {discount:g}", color=colour) for discount, colour in colours.items()]
    legend_outside(figure, shades, [str(shade.get_label()) for shade in shades], 4, side="upper")
    return figure


def far_steps(tables: Tables, width: float) -> Figure:
    """How runs end against the step size: shares of games, a panel for each discount, all kinds and sizes together."""
    table = tables["far_steps"]
    discounts, outcomes = sorted(table["discount"].unique()), list(_OUTCOME_COLORS)
    figure, axes = plt.subplots(1, len(discounts), figsize=(width, 0.48 * width), sharey=True, squeeze=False)
    for ax, discount in zip(axes[0], discounts, strict=True):
        sums = table[table["discount"] == discount].groupby("step_factor")[[*outcomes, "runs"]].sum()
        bottom = np.zeros(len(sums))
        for name in outcomes:
            share = (sums[name] / sums["runs"]).to_numpy()
            ax.bar(range(len(sums)), share, bottom=bottom, width=0.9, color=_OUTCOME_COLORS[name],
                   label=_OUTCOME_LABELS[name], linewidth=0, edgecolor="white",
                   hatch="//" if name == _HATCHED else None)  # fmt: skip
            bottom += share
        labels = [f"$10^{{{round(np.log10(float(factor)))}}}$" for factor in sums.index]
        every = -(-len(sums) // _MOST_POWERS)
        ax.set_xticks(range(0, len(sums), every), labels[::every])
        ax.set(title=rf"$\gamma$ = {discount:g}", xlabel="step / largest of the theory", ylim=(0, 1))
        sns.despine(ax=ax)
    axes[0, 0].set_ylabel("share of runs")
    legend_below(figure, axes[0, 0], 4)
    return figure


def theorem_3_benefit(tables: Tables, width: float) -> Figure:
    """Gap of carry-over over individual learning against the perturbation, K, N and the discount, with intervals."""
    table = tables["potential_sequences"]
    table = table[(table["arm"] == "carry_over") & (table["family"] == "potential")]
    sweeps = (("perturbation", "perturbation"), ("games", "number of games K"), ("n_players", "number of players N"),
              ("discount", r"discount $\gamma$"))  # fmt: skip
    figure, axes = plt.subplots(1, 4, figsize=(width, 0.5 * width), sharey=True)
    names = [name for name, _ in sweeps]
    for ax, (name, label) in zip(axes, sweeps, strict=True):
        for (kind, theory), group in table.groupby(["base_kind", "theory_step"]):
            usual = group[names].mode().iloc[0].drop(name)
            own = group[(group[usual.index] == usual).all(axis=1)].sort_values(name)
            _ratio_line(ax, own, name, str(kind), theory=bool(theory))
        ax.axhline(1.0, color="0.6", linewidth=0.6)
        ax.set(xlabel=label, yscale="log", ylim=(1e-3, 3.0))
        if name == "games":
            ax.set_xscale("log")
        if name != "perturbation":
            ax.set_xticks(sorted(table[name].unique()), [f"{value:g}" for value in sorted(table[name].unique())])
        ax.minorticks_off()
        sns.despine(ax=ax)
    axes[0].set_ylabel("gap of carry-over / individual\n(games 2 to K, mean of iterates)")
    handles, labels = axes[0].get_legend_handles_labels()
    legend_outside(figure, handles, labels, 2, handlelength=4)
    return figure


def _ratio_line(ax: Axes, own: pd.DataFrame, x: str, kind: str, *, theory: bool) -> None:
    if own.empty:
        return
    label = f"{KIND_LABELS[kind]}, {'theory' if theory else 'practical'} step"
    line = "-" if theory else (0, (4, 1.5))
    bars = [(own["ratio"] - own["ratio_low"]).clip(lower=0.0), (own["ratio_high"] - own["ratio"]).clip(lower=0.0)]
    ax.errorbar(own[x], own["ratio"], yerr=bars, label=label, linestyle=line, marker="o", markersize=2.5,
                elinewidth=0.7, **KIND_STYLE[kind])  # fmt: skip


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "proposition1_rates": proposition_1_rates,
    "proposition1_violations": proposition_1_violations,
    "proposition1_steps": far_steps,
    "theorem3_benefit": theorem_3_benefit,
}
"""Figures by the name of their files."""
