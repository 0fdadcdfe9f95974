"""Figures of bandit feedback. Needs the extra ``pipeline``.

They take tables by name (module ``tables``) and a width in inches, and return a figure; they compute nothing.
"""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from metanash_replication.labels import ARM_LABELS, KIND_LABELS, LEARNER_LABELS
from metanash_replication.plotting import ARM_STYLE
from metanash_replication.styles import legend_outside, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES", "learning_figure", "meta_figure"]

_LEARNING: dict[str, Any] = {"color": "#0072b2", "linestyle": (0, (4, 1.5))}
_SAMPLED: dict[str, Any] = {"color": "#d55e00", "linestyle": "-"}
_FULL: dict[str, Any] = {"color": "#1b2a49", "linestyle": (0, (1, 1))}
_STYLES = {
    "v_learning": _LEARNING,
    "swap_v_learning": _LEARNING,
    "sampled_mirror_descent": _SAMPLED,
    "sampled_correlated_descent": _SAMPLED,
    "sampled_q_ascent": _SAMPLED,
    "optimistic_mirror_descent": _FULL,
    "correlated_mirror_descent": _FULL,
    "projected_q_ascent": _FULL,
}
_GAPS = {"nash": "NE-gap", "cce": "CCE-gap", "ce": "CE-gap", "potential": "NE-gap"}
_COLOURS = {arm: ARM_STYLE[arm]["color"] for arm in ("individual", "best_response", "output_policy")}
_LINES: dict[str, Any] = {"sampled": "-", "full": (0, (1, 1))}
_FEEDBACK = {"sampled": "sampled", "full": "full information"}


def learning_figure(tables: Tables, width: float) -> Figure:
    """Mean gap against episodes, a panel for each case and a line for each learner."""
    table = tables["bandit_curves"]
    cases, handles = list(dict.fromkeys(table["case"])), {}
    figure, axes = plt.subplots(1, len(cases), figsize=(width, 0.48 * width), squeeze=False)
    for ax, case in zip(axes[0], cases, strict=True):
        part = table[table["case"] == case]
        for name in dict.fromkeys(part["learner"]):
            own = part[(part["learner"] == name) & (part["mean"] > 0.0)]
            (line,) = ax.plot(own["episode"], own["mean"], label=LEARNER_LABELS[name], **_STYLES[name])
            handles[LEARNER_LABELS[name]] = line
        log_axes(ax, "episodes")
        first = part.iloc[0]
        size = f", $H$ = {first['horizon']}" if first["horizon"] else ""
        ax.set(title=f"{KIND_LABELS[first['base_kind']]},\n$N$ = {first['n_players']}{size}")
        ax.set_ylabel(f"{_GAPS[first['concept']]} (reward units)")
    legend_outside(figure, list(handles.values()), list(handles), 3)
    return figure


def meta_figure(tables: Tables, width: float) -> Figure:
    """Mean NE-gap against episodes, n an iteration: a panel a sequence, a colour an arm, a line style for feedback."""
    table = tables["bandit_meta_curves"]
    cases, handles = list(dict.fromkeys(table["case"])), {}
    figure, axes = plt.subplots(1, len(cases), figsize=(width, 0.52 * width), squeeze=False)
    for ax, case in zip(axes[0], cases, strict=True):
        part = table[table["case"] == case]
        for (feedback, arm), own in part.groupby(["feedback", "arm"], sort=False):
            label = f"{ARM_LABELS[arm]}, {_FEEDBACK[feedback]}"
            style = {"color": _COLOURS[arm], "linestyle": _LINES[feedback]}
            (handles[label],) = ax.plot(own["episode"], own["mean"], label=label, **style)
        log_axes(ax, "episodes")
        first = part.iloc[0]
        ax.set(title=f"{KIND_LABELS[first['base_kind']]},\n$K$ = {first['games']}, $n$ = {first['batch']}")
    axes[0, 0].set_ylabel("NE-gap (reward units)")
    legend_outside(figure, list(handles.values()), list(handles), 2)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "bandit_learning": learning_figure,
    "bandit_meta": meta_figure,
}
"""Figures by the name of their files."""
