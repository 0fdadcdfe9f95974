"""Figures of the searches for counterexamples. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a
figure; it computes nothing.
"""

import math
import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from metanash_replication.falsification.structure import SEPARATOR
from metanash_replication.styles import legend_outside
from metanash_replication.typing import Tables

__all__ = ["FIGURES"]

_STYLE: dict[str, dict[str, Any]] = {
    "printed": {"color": "#d55e00", "linestyle": "-"},
    "partly repaired": {"color": "#e69f00", "linestyle": (0, (4, 1.5))},
    "repaired": {"color": "#0072b2", "linestyle": "-"},
}
_LABELS = {"printed": "as printed", "partly repaired": "partly repaired", "repaired": "repaired, proven or derived"}
_COLUMNS = 3
_MAPS = {"reward": "Greens", "transition": "Purples", "policy": "Blues"}
_ROOM = 10.0
"""Room above and below all ratios, as a factor."""
_APART = 0.11
"""Least distance of two numbers over the height of a panel."""
_HALF = 3
"""Matrices that have room in half of the width."""
_LETTERS_A_LINE = {1: 48, 2: 104}
"""Of captions, in half of the width and in all of it."""
_STILL = "at so small a learning rate nothing moves, and the bound has no rate"
_REASONS = (
    ("equation_4", "small learning rate", _STILL),
    ("theorem_2", "small learning rate", _STILL),
    ("theorem_1", "stages from 2 on within", _STILL),
    ("theorem", "of stage 1 within", "it starts sure of bad actions in the first stage, where actions tie and "
     "the divergence does not see them"),
    ("proposition_1", "policies deterministic", "it starts in a corner, from which a step raises the potential by less "
     "than the gap asks"),
)  # fmt: skip
"""What makes an instance bad: beginning of its claim, phrase of its structure, caption. The first that fits counts."""


def falsification(tables: Tables, width: float) -> Figure:
    """Worst ratio found against evaluations, a panel for each claim and a line for each form."""
    curves = tables["falsification_curves"]
    titles = list(dict.fromkeys(curves["title"]))
    rows = math.ceil(len(titles) / _COLUMNS)
    figure, axes = plt.subplots(
        rows, _COLUMNS, figsize=(width, (0.23 * rows + 0.06) * width), sharex=True, sharey=True, squeeze=False
    )
    handles: dict[str, Any] = {}
    for ax, title in zip(axes.flat, titles, strict=False):
        part = curves[curves["title"] == title]
        for kind, style in _STYLE.items():
            for _, own in part[part["kind"] == kind].groupby("form", sort=False):
                (line,) = ax.plot(own["evaluations"], own["ratio"], drawstyle="steps-post", linewidth=1.1, **style)
                handles.setdefault(_LABELS[kind], line)
        handles["1: above, the claim fails"] = ax.axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1)))
        ax.set(xscale="log", yscale="log", ylim=(curves["ratio"].min() / _ROOM, curves["ratio"].max() * _ROOM))
        ax.minorticks_off()
        ax.set_title("\n".join(textwrap.wrap(title, 22)))
        _say_worst(ax, part)
        sns.despine(ax=ax)
    for ax in axes.flat[len(titles) :]:
        ax.set_visible(False)
    figure.supxlabel("evaluations")
    figure.supylabel("worst left / right side")
    legend_outside(figure, list(handles.values()), list(handles), len(handles), side="upper")
    return figure


def _say_worst(ax: Axes, part: pd.DataFrame) -> None:
    """The last ratio of each form beside the end of its line, moved up where two would be on top of each other."""
    low, high = np.log(ax.get_ylim())
    ends = part.groupby(["kind", "form"])["ratio"].max().reset_index().sort_values("ratio")
    ends["word"] = [f"{ratio:.3g}" if ratio < 1000 else f"{ratio:.0f}" for ratio in ends["ratio"]]
    place = -np.inf
    for kind, ratio, word in ends.drop_duplicates(["kind", "word"])[["kind", "ratio", "word"]].itertuples(index=False):
        place = max((math.log(ratio) - low) / (high - low), place + _APART)
        ax.text(1.02, place, word, transform=ax.transAxes, va="center", color=_STYLE[kind]["color"])


def _matrix(ax: Axes, part: pd.DataFrame, title: str, colours: str) -> None:
    """Heat map of one matrix with its numbers."""
    rows, columns = list(dict.fromkeys(part["row"])), list(dict.fromkeys(part["column"]))
    values = part.pivot_table(index="row", columns="column", values="value", sort=False).loc[rows, columns].to_numpy()
    ax.imshow(values, cmap=colours, vmin=0.0, vmax=1.4, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, _short(value), ha="center", va="center")
    ax.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 3 else 0)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0, pad=1)
    ax.set_title(title, fontsize=plt.rcParams["font.size"])
    sns.despine(ax=ax, left=True, bottom=True)


def _short(value: float) -> str:
    """A number in [0, 1] in four characters; what is nearly 1 stands beside what is missing in the same policy."""
    if value in {0.0, 1.0}:
        return f"{value:.0f}"
    if value < 0.005:
        return f"{value:.0e}".replace("e-0", "e-")
    return "\N{ALMOST EQUAL TO}1" if value > 0.995 else f"{value:.2f}"


def _caption(group: pd.DataFrame, halves: int) -> str:
    """Claim, form and ratio of an instance, and why it is bad; what it has special, where no reason is known."""
    first = group.iloc[0]
    known = [
        why for claim, phrase, why in _REASONS if first["claim"].startswith(claim) and phrase in first["structure"]
    ]
    time = first["structure"].split(SEPARATOR)[0]
    why = f"{time}: {known[0]}." if known else first["structure"]
    letters = _LETTERS_A_LINE[halves]
    return "\n".join([f"{first['title']}, {first['form']}: {first['ratio']:.6g}", *textwrap.wrap(why, letters)])


def _instance(figure: SubFigure, group: pd.DataFrame, halves: int) -> None:
    """One instance: its caption, and its matrices beside each other."""
    parts = [part for _, part in group.groupby(["quantity", "label"], sort=False, dropna=False)]
    figure.suptitle(_caption(group, halves), x=0.02, ha="left", fontsize=plt.rcParams["font.size"])
    axes = figure.subplots(1, max(_HALF * halves, len(parts)), squeeze=False)[0]
    for ax, part in zip(axes, parts, strict=False):
        quantity, label = part["quantity"].iloc[0], part["label"].iloc[0]
        name = "" if quantity == "policy" else f"{quantity}\n"
        words = label.replace(" ", "\n", 1) if quantity == "policy" else label
        _matrix(ax, part, f"{name}{words}" if isinstance(label, str) else name.strip(), _MAPS[quantity])
    for ax in axes[len(parts) :]:
        ax.set_visible(False)


def worst_instances(tables: Tables, width: float) -> Figure:
    """The worst instances of violated forms: rewards, transitions to state 2, initial policies, and what is bad."""
    table = tables["worst_instances"]
    lines: list[list[pd.DataFrame]] = []  # of two instances or a wide one
    for _, group in table.groupby(["claim", "form", "size"], sort=False):
        open_line = next((line for line in lines if len(line) == 1 and not _is_wide(line[0])), None)
        if open_line is None or _is_wide(group):
            lines.append([group])
        else:
            open_line.append(group)
    figure = plt.figure(figsize=(width, 0.3 * width * max(len(lines), 1)))
    rows = figure.subfigures(max(len(lines), 1), 1, squeeze=False, hspace=0.04)[:, 0]
    for row, line in zip(rows, lines, strict=False):
        halves = 2 if _is_wide(line[0]) else 1
        for part, group in zip(row.subfigures(1, 3 - halves, squeeze=False)[0], line, strict=False):
            _instance(part, group, halves)
    return figure


def _is_wide(group: pd.DataFrame) -> bool:
    return group.groupby(["quantity", "label"], dropna=False).ngroups > _HALF


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "falsification": falsification,
    "worst_instances": worst_instances,
}
"""Figures by the name of their files."""
