"""Figure of the growth with the size of a game. Needs the extra ``pipeline``.

The function takes tables by name (module ``tables``) and a width in inches, and returns a figure; it
computes nothing but where the lines of the expected growth lie: through the largest game of each.
"""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metanash_replication.styles import BOUND, legend_outside, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

Series = Sequence[tuple[str, pd.DataFrame, dict[str, str]]]
"""Label, rows in rising size and style of each line."""

_DASHED, _DOTTED = (0, (4, 1.5)), (0, (1, 1))
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


def _points(ax: Axes, own: pd.DataFrame, x: str, y: str, **style: Any) -> None:
    ax.plot(own[x], own[y], **{"marker": "o", "markersize": 3, "linewidth": 1.0, "zorder": 2, **style})


def _exponents(tables: Tables, quantity: str, against: str, symbol: str) -> str:
    """Exponents of a quantity, one for each series, as text."""
    table = tables["growth_exponents"]
    own = table[(table["quantity"] == quantity) & (table["against"] == against)]
    names = {"sparse_zero_sum": "zero-sum", "tracking_positions": "tracking"}
    rows = zip(own["series"], own["exponent"], strict=True)
    return "\n".join(f"{names[series]}: {symbol}$^{{{exponent:.2f}}}$" for series, exponent in rows)


def growth(tables: Tables, width: float) -> Figure:
    """Time of an iteration against S and A; times of stage end and gap, and memory, against possible transitions."""
    table = tables["growth"].assign(array_bytes=lambda found: found["game_bytes"] + found["state_last"])
    zero_sum, tracking = (table[table["series"] == name] for name in ("sparse_zero_sum", "tracking_positions"))
    series = [(f"zero-sum, A = B = {n}", own, style) for n, own, style in _by(zero_sum, "n_actions", _COLORS)]
    series += [(f"tracking, {n} actions", own, _TRACKING) for n, own, _ in _by(tracking, "n_actions", _COLORS)]
    figure, axes = plt.subplots(2, 2, figsize=(width, 0.95 * width))
    _against_states(axes[0, 0], series)
    _against_actions(axes[0, 1], zero_sum)
    _against_transitions(axes[1, 0], series)
    _memory(axes[1, 1], series)
    fits = [("iteration", "n_states", "S"), ("iteration", "joint_actions", "(AB)"), ("stage_end", "nonzeros", "n"),
            ("array_bytes", "nonzeros", "n")]  # fmt: skip
    for ax, fit in zip(axes.flat, fits, strict=True):
        ax.text(0.03, 0.97, _exponents(tables, *fit), transform=ax.transAxes, va="top")
    handles = dict(zip(*axes[0, 0].get_legend_handles_labels()[::-1], strict=True))
    legend_outside(figure, list(handles.values()), list(handles), 3)
    return figure


def _against_states(ax: Axes, series: Series) -> None:
    for label, own, style in series:
        _expected(ax, own, "n_states", "iteration", "n_states")
        _points(ax, own, "n_states", "iteration", label=label, **style)
    ax.set(ylabel="seconds an iteration", title="time of an iteration")
    log_axes(ax, "states S")


def _against_actions(ax: Axes, zero_sum: pd.DataFrame) -> None:
    for n_states, own, style in _by(zero_sum, "n_states", _GREYS):
        _expected(ax, own, "n_actions", "iteration", "joint_actions")
        _points(ax, own, "n_actions", "iteration", **style)
        ax.annotate(f"S = {n_states}", (own["n_actions"].iloc[-1], own["iteration"].iloc[-1]),
                    xytext=(5, -2), textcoords="offset points", color=style["color"])  # fmt: skip
    ax.set(ylabel="seconds an iteration", title="time of an iteration")
    log_axes(ax, "actions A = B")
    actions = sorted(zero_sum["n_actions"].unique())
    ax.set_xticks(actions, [str(n) for n in actions])
    ax.set_xlim(right=8 * actions[-1])  # room for the labels


def _against_transitions(ax: Axes, series: Series) -> None:
    for _, own, style in series:
        _expected(ax, own, "nonzeros", "stage_end", "nonzeros")
        _points(ax, own, "nonzeros", "stage_end", **style)
        _points(ax, own, "nonzeros", "gap_seconds", marker="^", markerfacecolor="none", linestyle=_DOTTED, **style)
    ax.set(ylabel="seconds", title="end of a stage (circles), gap (triangles)")
    log_axes(ax, "possible transitions n")


def _memory(ax: Axes, series: Series) -> None:
    for _, own, style in series:
        _expected(ax, own, "nonzeros", "array_bytes", "nonzeros")
        _points(ax, own, "nonzeros", "array_bytes", **style)
        seen = own[own["memory_last"] >= own["array_bytes"]]  # below, the imports have taken more
        for column, marker in (("memory_first", "+"), ("memory_last", "x")):
            _points(ax, seen, "nonzeros", column, marker=marker, linestyle="none", **style)
    first, last = series[0][1][["first", "last"]].iloc[0]
    ax.set(ylabel="bytes", title=f"arrays (circles), peak after {first} (+), {last} (x)")
    log_axes(ax, "possible transitions n")


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"growth": growth}
"""Figures by the name of their files."""
