"""Drawing: a panel on given Axes, or a figure of panels. Receives numbers, computes none.

Needs Matplotlib and seaborn (extra ``pipeline``).

One colour for individual learning and the blues for meta-learning, in every figure; safe for colour-blind readers
and told apart by line style too.
"""

import itertools
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metanash_replication.labels import ARM_LABELS, CURVE_LABELS, KIND_LABELS
from metanash_replication.saving import save
from metanash_replication.styles import legend_below, legend_outside

__all__ = [
    "ARM_LABELS",
    "ARM_STYLE",
    "KIND_LABELS",
    "LETTERS",
    "curve_panel",
    "equilibrium_figure",
    "equilibrium_panel",
    "gap_figure",
    "ratio_bar",
    "ratio_panel",
    "save",
    "sensitivity_figure",
    "use_style",
]

ARM_STYLE: dict[str, dict[str, Any]] = {
    "individual": {"color": "#d55e00", "linestyle": "-", "linewidth": 2.0},  # in grey it is as dark as the blue
    "best_response": {"color": "#0072b2", "linestyle": "-"},
    "carry_over": {"color": "#0072b2", "linestyle": "-"},
    "shared_best_response": {"color": "#3b6fb6", "linestyle": (0, (6, 1, 1, 1))},
    "stage_average": {"color": "#56b4e9", "linestyle": (0, (4, 1.5))},
    "last_stage_average": {"color": "#2a5fa5", "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    "output_policy": {"color": "#1b2a49", "linestyle": (0, (1, 1))},
}
LETTERS = 7.0
"""Points of the smallest letters of a figure at its own width; only exponents and indices are smaller."""
_RATE_LABELS = {
    "optimistic_mirror_descent": r"learning rate $\eta$",
    "projected_q_ascent": r"step size $\alpha$",
}
_KIND_COLORS = ("0.1", "#009e73", "#cc79a7", "#e69f00")
_STATE_STYLE: list[dict[str, Any]] = [
    {"color": "#0072b2", "marker": "o"},
    {"color": "#cc79a7", "marker": "s"},
    {"color": "#009e73", "marker": "^"},
    {"color": "#e69f00", "marker": "D"},
]
_LETTER_WIDTH = 0.056
"""Of a title, inches, on average."""
_BESIDE_PANEL = 0.6
"""Inches, of an axis with its label."""


def use_style() -> None:
    """Set fonts, sizes and everything that makes equal figures equal files."""
    sns.set_theme(context="paper", style="ticks", font="DejaVu Sans")
    mpl.rcParams.update(
        {
            "font.size": LETTERS,
            "axes.labelsize": LETTERS,
            "axes.titlesize": LETTERS + 0.5,
            "figure.labelsize": LETTERS,
            "figure.titlesize": LETTERS + 0.5,
            "legend.fontsize": LETTERS,
            "legend.title_fontsize": LETTERS,
            "xtick.labelsize": LETTERS,
            "ytick.labelsize": LETTERS,
            "axes.linewidth": 0.6,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "lines.linewidth": 1.3,
            "figure.constrained_layout.use": True,
            "figure.dpi": 140,  # of figures on a screen: letters as large as text
            "pdf.fonttype": 42,
            "svg.hashsalt": "metanash",
        }
    )


def curve_panel(axes: Axes, table: pd.DataFrame, *, scale: str = "linear") -> Axes:
    """NE-gap against iterations, a line and a band of one standard deviation for each arm.

    Arms without a style of their own, such as a user's, come after the others in greys.

    Parameters
    ----------
    table : DataFrame
        Columns arm, iteration, mean, std.
    scale : {"linear", "log"}
        Of the gap. With ``log``, a band that would reach 0 is cut at the lower end of the axis.
    """
    found = list(dict.fromkeys(table["arm"]))
    others = [arm for arm in found if arm not in ARM_STYLE]
    greys = {arm: {"color": str(0.6 * k / len(others)), "linestyle": "-."} for k, arm in enumerate(others)}
    for arm, style in {**ARM_STYLE, **greys}.items():
        part = table[table["arm"] == arm]
        if part.empty:
            continue
        axes.plot(part["iteration"], part["mean"], label=CURVE_LABELS.get(arm, arm.replace("_", " ")), **style)
        low, high = part["mean"] - part["std"], part["mean"] + part["std"]
        axes.fill_between(part["iteration"], low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.set(xlabel="iteration t", ylabel="NE-gap (reward units)", xscale="log", yscale=scale)
    axes.set_xlim(table["iteration"].min(), table["iteration"].max())
    if scale == "log":
        axes.set_ylim(table["mean"].min() / 2, table["mean"].max() * 1.6)
    else:
        axes.set_ylim(bottom=0)
    sns.despine(ax=axes)
    return axes


def equilibrium_panel(axes: Axes, table: pd.DataFrame) -> Axes:
    """Equilibria in the unit square, coloured by state; where games share one, their number stands beside it.

    Parameters
    ----------
    table : DataFrame
        Columns state, mu_a1, nu_b1, games: one row for each distinct equilibrium of a state.
    """
    labels: Counter[tuple[float, float]] = Counter()
    for state, part in table.groupby("state"):
        number = int(str(state))
        style = _STATE_STYLE[(number - 1) % len(_STATE_STYLE)]
        axes.scatter(part["mu_a1"], part["nu_b1"], s=22, alpha=0.8, linewidth=0.5, edgecolor="white", zorder=3,
                     label=f"state {number}", clip_on=False, **style)  # fmt: skip
        for x, y, games in zip(part["mu_a1"], part["nu_b1"], part["games"], strict=True):
            if games > 1:
                # towards the middle of the square, and above one another where the states share a point
                side, up = (1 if x < 0.5 else -1), (1 if y < 0.5 else -1)
                offset = (6 * side, up * (5 + 8 * labels[x, y]))
                labels[x, y] += 1
                axes.annotate(
                    f"{games} games", (x, y), xytext=offset, textcoords="offset points",
                    ha="left" if side > 0 else "right", va="center", color=style["color"],
                )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=r"$\mu^*(a_1)$", ylabel=r"$\nu^*(b_1)$", aspect="equal")
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    return axes


def ratio_panel(axes: Axes, table: pd.DataFrame, *, x: str, y: str, limit: float = 3.0) -> Any:
    """Grid of gap ratios, meta over individual, coloured by their logarithm: blue helps, orange hurts.

    Parameters
    ----------
    table : DataFrame
        Columns ``x``, ``y``, ratio, ratio_low, ratio_high. A ratio whose interval contains 1 is printed in grey.
    limit : float
        Ratio (and its inverse) at which the colours saturate.

    Returns
    -------
    The image, for a colour bar.
    """
    grid = table.pivot_table(index=y, columns=x, values="ratio")
    clear = table.assign(clear=(table["ratio_low"] > 1) | (table["ratio_high"] < 1)).pivot_table(
        index=y, columns=x, values="clear", aggfunc="all"
    )
    palette = sns.blend_palette(["#0072b2", "#f7f7f7", "#d55e00"], as_cmap=True)
    shown = np.log(np.maximum(grid.to_numpy(), 1e-12))  # a ratio may be 0
    image = axes.imshow(shown, cmap=palette, vmin=-np.log(limit), vmax=np.log(limit), aspect="auto", origin="lower")
    for i, row in enumerate(grid.to_numpy()):
        for j, ratio in enumerate(row):
            strong = abs(shown[i, j]) > 0.75 * np.log(limit)
            colour = "white" if strong else ("black" if clear.to_numpy()[i, j] else "0.55")
            axes.text(j, i, f"{ratio:.2f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(grid.shape[1]), [f"{value:.2g}" for value in grid.columns])
    axes.set_yticks(range(grid.shape[0]), [f"{value:g}" for value in grid.index])
    axes.tick_params(length=0)
    return image


def ratio_bar(figure: Figure, image: Any, axes: Any) -> None:
    """Colour bar of :func:`ratio_panel`, in ratios."""
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    ticks = [1 / 3, 1 / 2, 1, 2, 3]
    bar.set_ticks([float(np.log(tick)) for tick in ticks], labels=["1/3", "1/2", "1", "2", "3"])
    bar.set_label("gap, meta / individual")
    bar.outline.set_linewidth(0.4)


def _kinds(table: pd.DataFrame) -> list[str]:
    """Kinds of base games of a table, in the order of their labels; those without one last."""
    found = list(dict.fromkeys(table["base_kind"]))
    return [kind for kind in KIND_LABELS if kind in found] + [kind for kind in found if kind not in KIND_LABELS]


def gap_figure(table: pd.DataFrame, width: float, *, scale: str = "linear") -> Figure:
    """Figure 1(a) or 1(b): :func:`curve_panel` for each kind of base game.

    Parameters
    ----------
    table : DataFrame
        Of one figure, as :func:`metanash_replication.topics.simulations.tables.curves` makes it.
    width : float
        Inches.
    scale : {"linear", "log"}
        Of the gap.
    """
    kinds = _kinds(table)
    figure, axes = plt.subplots(1, len(kinds), figsize=(width, 0.45 * width), squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=True):
        curve_panel(ax, table[table["base_kind"] == kind], scale=scale)
        title = KIND_LABELS.get(kind, kind.replace("_", " "))
        ax.set_title(textwrap.fill(title, max(8, int((width / len(kinds) - _BESIDE_PANEL) / _LETTER_WIDTH))))
    legend_below(figure, axes[0, 0], 4)
    return figure


def equilibrium_figure(table: pd.DataFrame, ranges: pd.DataFrame, width: float) -> Figure:
    """Figure 1(c): :func:`equilibrium_panel` for each kind of base game, and how far equilibria are apart by sequence.

    Parameters
    ----------
    table : DataFrame
        As :func:`metanash_replication.topics.simulations.tables.distinct_equilibria` makes it.
    ranges : DataFrame
        As :func:`metanash_replication.topics.simulations.tables.equilibrium_ranges` makes it.
    width : float
        Inches.
    """
    kinds = _kinds(table)
    figure, axes = plt.subplots(1, len(kinds) + 1, figsize=(width, 0.36 * width), squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=False):
        equilibrium_panel(ax, table[table["base_kind"] == kind])
        ax.set_title(f"one sequence, {KIND_LABELS[kind]}")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    last = axes[0, -1]
    for kind, payoffs in itertools.product(kinds, dict.fromkeys(ranges["payoffs"])):
        own = ranges[(ranges["base_kind"] == kind) & (ranges["payoffs"] == payoffs)]["range"]
        style = {"color": _KIND_COLORS[kinds.index(kind) % len(_KIND_COLORS)], "linewidth": 1.1}
        dashes = "-" if payoffs == "rewards" else (0, (2, 1))
        last.ecdf(own, label=f"{KIND_LABELS[kind]}, {payoffs}", linestyle=dashes, **style)
    last.axvline(0.5, color="0.6", linewidth=0.6, linestyle=":")
    last.set(xlim=(0, 1.02), ylim=(0, 1), xlabel="range of a probability\nover the games", ylabel="share")
    last.set_box_aspect(1)
    last.set_title("all sequences")
    more = last.get_legend_handles_labels()
    legend_outside(figure, handles + more[0], labels + more[1], 3)
    return figure


def sensitivity_figure(table: pd.DataFrame, base_kinds: Sequence[str], learner: str, width: float) -> Figure:
    """Gap of each meta-update over individual learning on the grid of a sweep: :func:`ratio_panel` for each kind.

    Parameters
    ----------
    table : DataFrame
        As :func:`metanash_replication.topics.simulations.tables.final_gap_table` makes it.
    base_kinds : sequence of str
        Kinds to show.
    learner : str
        Key of :data:`metanash.learners.LEARNERS`, which names the horizontal axis.
    width : float
        Inches.
    """
    table = table[table["base_kind"].isin(base_kinds) & (table["arm"] != "individual")]
    arms = [arm for arm in ARM_LABELS if arm in set(table["arm"])]
    rows, columns = (base_kinds, arms) if len(arms) > 1 else (arms, base_kinds)
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(width, 0.32 * width * len(rows)), squeeze=False, sharex=True, sharey=True
    )
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            kind, arm = (row, column) if len(arms) > 1 else (column, row)
            cell = table[(table["base_kind"] == kind) & (table["arm"] == arm)]
            image = ratio_panel(axes[i, j], cell, x="learning_rate", y="perturbation")
            axes[i, j].set_title(f"{ARM_LABELS[arm]}\n{KIND_LABELS[kind]}")
    figure.supxlabel(_RATE_LABELS[learner])
    figure.supylabel("perturbation size")
    ratio_bar(figure, image, axes)
    return figure
