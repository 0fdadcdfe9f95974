"""Figures of Theorems 1 and 2: measured curves and bounds on the same axes. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a figure; it
computes nothing.
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from metanash_replication.plotting import ARM_LABELS, ARM_STYLE, KIND_LABELS
from metanash_replication.styles import BOUND, KIND_STYLE, legend_below, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]


def theorem_1_bounds(tables: Tables, width: float) -> Figure:
    """Mean NE-gap of long runs, Theorem 1 and equation (4), a panel for each horizon."""
    curves = tables["bound_curves"]
    horizons = sorted(curves["horizon"].unique())
    figure, axes = plt.subplots(1, len(horizons), figsize=(width, 0.42 * width), sharey=True, squeeze=False)
    for ax, horizon in zip(axes[0], horizons, strict=True):
        part = curves[curves["horizon"] == horizon]
        for kind, own in part.groupby("base_kind"):
            style = KIND_STYLE[str(kind)]
            ax.plot(own["iteration"], own["ne_gap"], label=f"measured, {KIND_LABELS[str(kind)]}", **style)
            ax.fill_between(own["iteration"], own["low"], own["high"], alpha=0.15, linewidth=0, **style)
        one = part[part["base_kind"] == part["base_kind"].iloc[0]]
        later = one[one["iteration"] >= 2]
        ax.plot(later["iteration"], later["equation_4"], label="equation (4)", linestyle="-", **BOUND)
        ax.plot(one["iteration"], one["theorem_1"], label="Theorem 1", linestyle=(0, (4, 1.5)), **BOUND)
        ax.axhline(horizon, label="trivial: H", linestyle=(0, (1, 1)), **BOUND)
        ax.set_title(f"H = {horizon}")
        log_axes(ax)
    axes[0, 0].set_ylabel("NE-gap (reward units)")
    legend_below(figure, axes[0, 0], 3)
    return figure


def theorem_1_slopes(tables: Tables, width: float) -> Figure:
    """Local slope of the mean gap over a decade, against that of equation (4), a panel for each horizon."""
    curves = tables["bound_curves"].dropna(subset=["local_slope"])
    horizons = sorted(curves["horizon"].unique())
    figure, axes = plt.subplots(1, len(horizons), figsize=(width, 0.4 * width), sharey=True, squeeze=False)
    for ax, horizon in zip(axes[0], horizons, strict=True):
        part = curves[curves["horizon"] == horizon]
        for kind, own in part.groupby("base_kind"):
            label = f"measured, {KIND_LABELS[str(kind)]}"
            ax.plot(own["iteration"], own["local_slope"], label=label, **KIND_STYLE[str(kind)])
        one = part[part["base_kind"] == part["base_kind"].iloc[0]]
        ax.plot(one["iteration"], one["bound_local_slope"], label="equation (4)", **BOUND)
        ax.axhline(-1, label="1/T", linestyle=(0, (1, 1)), **BOUND)
        ax.set(xscale="log", xlabel="iterations T", title=f"H = {horizon}", ylim=(-1.1, 0.1))
        ax.minorticks_off()
        sns.despine(ax=ax)
    axes[0, 0].set_ylabel("slope of log gap, log T")
    legend_below(figure, axes[0, 0], 4)
    return figure


def theorem_1_defects(tables: Tables, width: float) -> Figure:
    """Where Theorem 1 fails as printed: gap over bound at small learning rates, and in the burn-in game."""
    defects = tables["defects"]
    figure, axes = plt.subplots(1, 2, figsize=(width, 0.5 * width))
    panels = (
        ("small step", "small learning rates, H = 1", r"$\eta$ = {:g} / (8$H^2$)"),
        ("burn-in", "burn-in", "H = {:g}"),
    )
    for ax, (defect, title, name) in zip(axes, panels, strict=True):
        part = defects[defects["defect"] == defect]
        settings = sorted(part["setting"].unique(), reverse=defect == "small step")
        for colour, setting in zip(sns.color_palette("viridis", len(settings)), settings, strict=True):
            own = part[part["setting"] == setting]
            ax.plot(own["iteration"], own["over_printed"], color=colour, label=name.format(setting))
            ax.plot(own["iteration"], own["over_repaired"], color=colour, linestyle=(0, (1, 1)))
        ax.axhline(1, color="#d55e00", linewidth=0.8)
        log_axes(ax)
        ax.set_title(title)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2 if len(settings) < 5 else 3)
    axes[0].set_ylabel("gap / bound\n(solid: printed, dotted: repaired)")
    return figure


def theorem_1_chain(tables: Tables, width: float) -> Figure:
    """From regret to value error to gap, by stage, for the largest horizon."""
    chain, curves = tables["chain"], tables["bound_curves"]
    horizon = chain["horizon"].max()
    kinds = [kind for kind in KIND_LABELS if kind in set(chain["base_kind"])]
    figure, axes = plt.subplots(1, len(kinds), figsize=(width, 0.5 * width), sharey=True, squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=True):
        part = chain[(chain["base_kind"] == kind) & (chain["horizon"] == horizon)]
        for colour, step in zip(sns.color_palette("crest", horizon), range(1, horizon + 1), strict=True):
            for quantity, style in (("regret", (0, (4, 1.5))), ("value_error", "-")):
                own = part[(part["step"] == step) & (part["quantity"] == quantity) & (part["value"] > 0)]
                words = quantity.replace("_", " ")
                ax.plot(own["iteration"], own["value"], color=colour, linestyle=style, label=f"{words}, h = {step}")
        gap = curves[(curves["base_kind"] == kind) & (curves["horizon"] == horizon)]
        ax.plot(gap["iteration"], gap["ne_gap"], color="0.1", linewidth=1.6, label="NE-gap of the output")
        log_axes(ax)
        ax.set_title(f"{KIND_LABELS[kind]}, H = {horizon}")
    axes[0, 0].set_ylabel("mean over seeds (reward units)")
    legend_below(figure, axes[0, 0], 4)
    return figure


def theorem_2_benefit(tables: Tables, width: float) -> Figure:
    """Mean gap of games 2 to K against the perturbation and against K, individual and meta, by base kind."""
    table = tables["sequences"]
    short = table[~table["within"]]
    common = short.groupby("games")["perturbation"].nunique().idxmax()
    by_size = short[short["games"] == common]
    by_count = short[short["perturbation"] == short.groupby("perturbation")["games"].nunique().idxmax()]
    kinds = [kind for kind in KIND_LABELS if kind in set(short["base_kind"])]
    figure, axes = plt.subplots(len(kinds), 2, figsize=(width, 0.36 * width * len(kinds)), sharey="row", squeeze=False)
    for row, kind in zip(axes, kinds, strict=True):
        for arm, style in ARM_STYLE.items():
            for ax, part, x in ((row[0], by_size, "similarity_per_game"), (row[1], by_count, "games")):
                own = part[(part["arm"] == arm) & (part["base_kind"] == kind)].sort_values(x)
                if not own.empty:
                    ax.plot(own[x], own["later_gap"], marker="o", markersize=2.5, label=ARM_LABELS[arm], **style)
        row[0].set(
            xlabel=r"$\Delta_{\mu,\nu}$ / K (nats)", ylabel=f"NE-gap, games 2 to K\n{KIND_LABELS[kind]}", yscale="log"
        )
        row[1].set(xlabel="number of games K", xscale="log")
        for ax in row:
            sns.despine(ax=ax)
    legend_below(figure, axes[0, 0], 4)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "theorem1_bounds": theorem_1_bounds,
    "theorem1_slopes": theorem_1_slopes,
    "theorem1_defects": theorem_1_defects,
    "theorem1_chain": theorem_1_chain,
    "theorem2_benefit": theorem_2_benefit,
}
"""Figures by the name of their files."""
