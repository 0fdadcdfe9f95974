"""Figures of Theorem 4: meta-training, adaptation, the inner loop. Needs the extra ``pipeline``.

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

from metanash_replication.plotting import KIND_LABELS
from metanash_replication.styles import BOUND, KIND_STYLE, legend_below, log_axes
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_DOTTED, _DASHED = (0, (1, 1)), (0, (4, 1.5))
STYLE: dict[str, dict[str, Any]] = {
    "scratch": {"color": "#d55e00", "linestyle": "-"},
    "maml_theory": {"color": "#e69f00", "linestyle": _DASHED},
    "maml": {"color": "#0072b2", "linestyle": "-"},
    "maml_sampled": {"color": "#0072b2", "linestyle": _DOTTED},
    "first_order": {"color": "#56b4e9", "linestyle": _DASHED},
    "joint": {"color": "#1b2a49", "linestyle": _DOTTED},
    "carry_over": {"color": "#009e73", "linestyle": "-"},
}
LABELS = {
    "scratch": "from scratch",
    "maml_theory": "MAML, step $1 / L_F$",
    "maml": "MAML",
    "maml_sampled": "MAML, sampled games",
    "first_order": "first-order MAML",
    "joint": "mean potential (T = 0)",
    "carry_over": "carry-over",
}


def _panels(table: pd.DataFrame, width: float) -> tuple[Figure, list[tuple[Axes, pd.DataFrame, str]]]:
    """Panels, one for each kind and discount, with their parts of a table and titles: a row for each inner loop."""
    loops = ["inner_step", "inner_steps"] if "inner_step" in table else []
    rows = table[loops].drop_duplicates().to_dict("records") if loops else [{}]
    columns = table[["base_kind", "discount"]].drop_duplicates().to_dict("records")
    size = (width, (0.12 + 0.38 * len(rows)) * width)
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    panels = []
    for (i, row), (j, column) in itertools.product(enumerate(rows), enumerate(columns)):
        wanted = pd.Series(row | column)
        part = table[(table[list(wanted.index)] == wanted).all(axis=1)]
        title = rf"{KIND_LABELS[str(column['base_kind'])]}, $\gamma$ = {column['discount']:g}"
        if row:
            title += f"\nT = {row['inner_steps']} inner steps of {row['inner_step']:g} / L"
        axes[i, j].set_title(title)
        panels.append((axes[i, j], part, str(column["base_kind"])))
    return figure, panels


def theorem_4_norms(tables: Tables, width: float) -> Figure:
    """Smallest norm of the meta-gradient so far against meta-iterations, and the bound of Theorem 4."""
    figure, panels = _panels(tables["meta_training"], width)
    for ax, part, _ in panels:
        for arm in ("maml_theory", "maml", "maml_sampled", "first_order"):
            own = part[part["arm"] == arm]
            ax.plot(own["iteration"], own["smallest"], label=LABELS[arm], **STYLE[arm])
        own = part[part["arm"] == "maml_theory"]
        ax.plot(own["iteration"], own["bound"], label="Theorem 4, step $1 / L_F$", **BOUND)
        log_axes(ax, "meta-iterations K")
        ax.set_ylabel("smallest meta-gradient")
    legend_below(figure, panels[0][0], 3)
    return figure


def maml_adaptation(tables: Tables, width: float) -> Figure:
    """NE-gap on held-out games against inner steps, from each initialisation, with intervals over seeds."""
    figure, panels = _panels(tables["adaptation"], width)
    for ax, part, _ in panels:
        for name, style in STYLE.items():
            own = part[part["initialisation"] == name]
            ax.plot(own["step"], own["ne_gap"], label=LABELS[name], **style)
            if name in {"scratch", "maml", "carry_over"}:
                ax.fill_between(own["step"], own["low"], own["high"], color=style["color"], alpha=0.12, linewidth=0)
        ax.set(xlabel="inner steps on a held-out game", ylim=(0, None))
        ax.set_xlim(0, part["step"].max())
        ax.minorticks_off()
        ax.set_ylabel("NE-gap (reward units)")
        sns.despine(ax=ax)
    legend_below(figure, panels[0][0], 4)
    return figure


def inner_loop(tables: Tables, width: float) -> Figure:
    """Iterations of softmax policy gradient to a small gap against the constant c of the run."""
    figure, panels = _panels(tables["inner_loop"], width)
    slopes = tables["inner_loop_slopes"]
    for ax, part, kind in panels:
        found = part[np.isfinite(part["iterations"])]
        ax.plot(
            found["least_best"], found["iterations"], "o", markersize=2.5, alpha=0.7, label="a run", **KIND_STYLE[kind]
        )
        middle = (found["least_best"].median(), found["iterations"].median())
        ends = np.array([found["least_best"].min(), found["least_best"].max()])
        for exponent, line in ((1, _DASHED), (2, _DOTTED)):
            curve = middle[1] * (ends / middle[0]) ** -exponent
            ax.plot(ends, curve, linestyle=line, label=f"1 / c$^{exponent}$" if exponent > 1 else "1 / c", **BOUND)
        log_axes(ax, "c: least probability of the best actions")
        ax.set_ylim(1, 30 * found["iterations"].max())
        same = (slopes["base_kind"] == kind) & (slopes["discount"] == part["discount"].iloc[0])
        slope = slopes[same].iloc[0]
        found_slope = f"slope {slope['slope']:.2f} [{slope['low']:.2f}, {slope['high']:.2f}]"
        ax.set_title(f"{ax.get_title()}\n{found_slope}")
    panels[0][0].set_ylabel("iterations to a small gap")
    legend_below(figure, panels[0][0], 3)
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "theorem4_norms": theorem_4_norms,
    "maml_adaptation": maml_adaptation,
    "maml_inner_loop": inner_loop,
}
"""Figures by the name of their files."""
