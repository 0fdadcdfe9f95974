"""Figure of the growth with the size of a game. Needs the extra ``pipeline``.

The function takes tables by name (:mod:`metanash.theory_tables.scale`) and a width in inches, and returns a figure; it
computes nothing but where the lines of the expected growth lie: through the largest game of each.
"""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metanash.theory_figures.style import BOUND, Tables, log_axes

__all__ = ["FIGURES"]

_DASHED = (0, (4, 1.5))
_COLORS = ("#56b4e9", "#0072b2", "#1b2a49", "#009e73", "#cc79a7")
_TRACKING = {"color": "#e69f00"}
_GREYS = ("0.75", "0.55", "0.35", "0.1")


def _by(part: pd.DataFrame, column: str, colors: tuple[str, ...]) -> list[tuple[Any, pd.DataFrame, dict[str, str]]]:
    """Value, rows in rising size and style of each value of a column."""
    values = sorted(part[column].unique())
    found = []
    for k, value in enumerate(values):
        own = part[part[column] == value].sort_values(["n_states", "n_actions"])
        found.append((value, own, {"color": colors[k % len(colors)]}))
    return found


def _expected(ax: Axes, own: pd.DataFrame, x: str, y: str, like: str) -> None:
    """Line through the last row along which ``y`` grows as the column ``like``."""
    last = own.iloc[-1]
    ax.plot(own[x], last[y] * own[like] / last[like], linestyle=_DASHED, zorder=1, label="expected growth", **BOUND)


def _points(ax: Axes, own: pd.DataFrame, x: str, y: str, label: str, marker: str = "o", **style: Any) -> None:
    ax.plot(own[x], own[y], marker=marker, markersize=3, linewidth=1.0, label=label, zorder=2, **style)


def _exponent(tables: Tables, quantity: str, against: str, symbol: str) -> str:
    """Exponents of a quantity, one for each series, as text."""
    table = tables["growth_exponents"]
    own = table[(table["quantity"] == quantity) & (table["against"] == against)]
    names = {"sparse_zero_sum": "zero-sum", "tracking_positions": "tracking"}
    rows = zip(own["series"], own["exponent"], strict=True)
    return "\n".join(f"{names[series]}: {symbol}$^{{{exponent:.2f}}}$" for series, exponent in rows)


def growth(tables: Tables, width: float) -> Figure:
    """Time of an iteration against S and A; times of value update and gap, and memory, against possible transitions."""
    table = tables["growth"]
    zero_sum, tracking = (
        table[table["series"] == name].sort_values(["n_actions", "n_states"])
        for name in ("sparse_zero_sum", "tracking_positions")
    )
    figure, axes = plt.subplots(2, 2, figsize=(width, 0.95 * width))
    series = [(f"zero-sum, A = B = {n}", own, style) for n, own, style in _by(zero_sum, "n_actions", _COLORS)]
    series += [("tracking, 3 actions", tracking, _TRACKING)] if len(tracking) else []

    first = axes[0, 0]
    for label, own, style in series:
        _expected(first, own, "n_states", "iteration", "n_states")
        _points(first, own, "n_states", "iteration", label, **style)
    first.set(ylabel="seconds an iteration", title="iteration: work of S")
    log_axes(first, "states S")

    second = axes[0, 1]
    for n_states, own, style in _by(zero_sum, "n_states", _GREYS):
        _expected(second, own, "n_actions", "iteration", "operations")
        _points(second, own, "n_actions", "iteration", f"S = {n_states}", **style)
        second.annotate(f"S = {n_states}", (own["n_actions"].iloc[-1], own["iteration"].iloc[-1]), ha="right",
                        xytext=(-4, 5), textcoords="offset points", fontsize=6, **style)  # fmt: skip
    second.set(ylabel="seconds an iteration", title=r"iteration: work of $2AB + 32(A + B)$")
    log_axes(second, "actions A = B")
    actions = sorted(zero_sum["n_actions"].unique())
    second.set_xticks(actions, [str(n) for n in actions])

    third, fourth = axes[1]
    for label, own, style in series:
        _expected(third, own, "nonzeros", "stage_end", "nonzeros")
        _points(third, own, "nonzeros", "stage_end", label, **style)
        _points(third, own, "nonzeros", "gap_seconds", label, marker="^", markerfacecolor="none", **style,
                linestyle=(0, (1, 1)))  # fmt: skip
        _points(fourth, own, "nonzeros", "memory_last", label, **style)
        _points(fourth, own, "nonzeros", "memory_first", label, marker="x", **style, linestyle="none")
    third.set(ylabel="seconds", title="stage end (circles), NE- or CCE-gap (triangles)")
    largest = max((own for _, own, _ in series), key=lambda own: float(own["nonzeros"].max()))
    _expected(fourth, largest, "nonzeros", "memory_last", "nonzeros")
    iterations = table[["first", "last"]].iloc[0]
    fourth.set(ylabel="peak memory (bytes)",
               title=f"memory after {iterations['first']} (crosses), {iterations['last']} iterations")  # fmt: skip
    for ax, quantity in ((third, "stage_end"), (fourth, "memory")):
        log_axes(ax, "possible transitions n")
        ax.text(0.03, 0.97, _exponent(tables, quantity, "nonzeros", "n"), transform=ax.transAxes, va="top", fontsize=6)
    first.text(0.03, 0.97, _exponent(tables, "iteration", "n_states", "S"), transform=first.transAxes, va="top",
               fontsize=6)  # fmt: skip
    positive = table.loc[table["memory_last"] > 0, "memory_last"]
    if len(positive):
        fourth.set_ylim(bottom=float(np.min(positive)) / 2)
    handles = dict(zip(*first.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(handles.values(), handles.keys(), frameon=False, loc="outside lower center", ncols=3)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"growth": growth}
"""Figures by the name of their files."""
