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


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "successors_average": partial(concept_figure, concept="average"),
    "successors_last": partial(concept_figure, concept="last"),
    "successors_cce": partial(concept_figure, concept="cce"),
    "successors_ce": partial(concept_figure, concept="ce"),
    "successors_potential": partial(concept_figure, concept="potential"),
}
"""Figures by the name of their files."""
