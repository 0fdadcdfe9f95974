"""Figures of learners after the paper, one for each solution concept. Needs the extra ``pipeline``.

They take tables by name (module ``tables``) and a width in inches, and return a figure; they compute nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from metanash_replication.labels import KIND_LABELS, LEARNER_LABELS
from metanash_replication.styles import legend_outside, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_FIRST: dict[str, Any] = {"color": "#d55e00", "linestyle": "-"}
_SECOND: dict[str, Any] = {"color": "#0072b2", "linestyle": (0, (4, 1.5))}
_THIRD: dict[str, Any] = {"color": "#1b2a49", "linestyle": (0, (1, 1))}
_STYLES = {
    "optimistic_mirror_descent": _FIRST,
    "optimistic_ftrl": _SECOND,
    "plain_mirror_descent": _THIRD,
    "optimistic_gradient": _FIRST,
    "entropy_omwu": _THIRD,
    "correlated_mirror_descent": _FIRST,
    "cautious_omwu": _SECOND,
    "staged_cautious_omwu": _THIRD,
    "log_barrier_ftrl": _SECOND,
    "projected_q_ascent": _FIRST,
    "softmax_gradient": _SECOND,
    "natural_gradient": _THIRD,
    "staged_ftrl": _SECOND,
    "entropy_extragradient": _SECOND,
}
"""A learner has one style in all figures; those that share a style share no figure."""
_GAPS = {"average": "NE-gap", "last": "NE-gap", "cce": "CCE-gap", "ce": "CE-gap", "potential": "NE-gap"}


def concept_figure(tables: Tables, width: float, concept: str) -> Figure:
    """Mean gap against iterations, a panel for each case of a concept and a line for each learner."""
    table = tables["successors_curves"]
    table = table[table["concept"] == concept]
    cases, handles = list(dict.fromkeys(table["case"])), {}
    figure, axes = plt.subplots(1, len(cases), figsize=(width, 0.42 * width), squeeze=False)
    for ax, case in zip(axes[0], cases, strict=True):
        part = table[table["case"] == case]
        for name in dict.fromkeys(table["learner"]):
            own = part[(part["learner"] == name) & (part["mean"] > 0.0)]
            if not own.empty:
                (line,) = ax.plot(own["iteration"], own["mean"], label=LEARNER_LABELS[name], **_STYLES[name])
                handles[LEARNER_LABELS[name]] = line
        log_axes(ax)
        first = part.iloc[0]
        size = f", $H$ = {first['horizon']}" if first["horizon"] else ""
        ax.set(title=f"{KIND_LABELS[first['base_kind']]},\n$N$ = {first['n_players']}{size}")
    axes[0, 0].set_ylabel(f"{_GAPS[concept]} (reward units)")
    legend_outside(figure, list(handles.values()), list(handles), 3)
    return figure


_PANELS = {
    "averages": ("plain", "stages"),
    "last iterates": ("gradient", "predictive", "entropy"),
    "natural gradient": ("single", "team"),
}
"""Promises by panel; those of a panel have different styles."""
_PROMISES = {
    "plain": ("mirror descent", _THIRD),
    "stages": ("FTRL in stages", _SECOND),
    "gradient": ("optimistic gradient", _FIRST),
    "predictive": ("predictive update with entropy", _SECOND),
    "entropy": ("OMWU with entropy", _THIRD),
    "single": ("one player", _SECOND),
    "team": ("mean in teams", _THIRD),
}


def promises_figure(tables: Tables, width: float) -> Figure:
    """Largest measured over promised side against iterations, a panel for each kind of output, a line for each case."""
    table = tables["successors_parts"]
    table = table[table["factor"] == 1.0]
    figure, axes = plt.subplots(1, len(_PANELS), figsize=(width, 0.46 * width), sharey=True, squeeze=False)
    for ax, (title, names) in zip(axes[0], _PANELS.items(), strict=True):
        handles = {}
        for name in names:
            label, style = _PROMISES[name]
            own = table[table["promise"] == name]
            for case in dict.fromkeys(own["case"]):
                part = own[(own["case"] == case) & (own["most"] > 0.0)]
                (handles[label],) = ax.plot(part["iteration"], part["most"], label=label, **style)
        log_axes(ax)
        ax.set(title=title)
        # a style says another thing in each panel
        ax.legend(handles.values(), handles, frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.28))
    axes[0, 0].set_ylabel("measured / promised")
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "successors_average": partial(concept_figure, concept="average"),
    "successors_last": partial(concept_figure, concept="last"),
    "successors_cce": partial(concept_figure, concept="cce"),
    "successors_ce": partial(concept_figure, concept="ce"),
    "successors_potential": partial(concept_figure, concept="potential"),
    "successors_promises": promises_figure,
}
"""Figures by the name of their files."""
