"""Figures of the searches for counterexamples. Needs the extra ``pipeline``.

Each function takes tables by name (module ``tables``) and a width in inches, and returns a
figure; it computes nothing.
"""

import math
import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
_PADDING, _APART = 1.25, 0.09
"""Room above and below the lines, as a factor, and least distance of ticks over the height of a panel."""
_TEXT_SHARE = 3.2
"""Width of the column of text over that of a matrix."""


def falsification(tables: Tables, width: float) -> Figure:
    """Worst ratio found against evaluations, a panel for each claim and a line for each form."""
    curves = tables["falsification_curves"]
    titles = list(dict.fromkeys(curves["title"]))
    rows = math.ceil(len(titles) / _COLUMNS)
    figure, axes = plt.subplots(
        rows, _COLUMNS, figsize=(width, (0.23 * rows + 0.06) * width), sharex=True, squeeze=False
    )
    handles: dict[str, Any] = {}
    for ax, title in zip(axes.flat, titles, strict=False):
        part = curves[curves["title"] == title]
        for kind, style in _STYLE.items():
            for _, own in part[part["kind"] == kind].groupby("form", sort=False):
                (line,) = ax.plot(own["evaluations"], own["ratio"], drawstyle="steps-post", linewidth=1.1, **style)
                handles.setdefault(_LABELS[kind], line)
        handles["1: above, the claim fails"] = ax.axhline(1, color="0.35", linewidth=0.8, linestyle=(0, (1, 1)))
        ax.set(xscale="log", yscale="log")
        ax.set_title("\n".join(textwrap.wrap(title, 22)))
        _ratio_ticks(ax, part)
        sns.despine(ax=ax)
    for ax in axes.flat[len(titles) :]:
        ax.set_visible(False)
    figure.supxlabel("evaluations", fontsize=7)
    figure.supylabel("worst ratio found, left side / right side", fontsize=7)
    figure.legend(handles.values(), handles.keys(), frameon=False, loc="outside upper center", ncols=len(handles))
    return figure


def _ratio_ticks(ax: Axes, part: pd.DataFrame) -> None:
    """Ticks at the last ratio of each form, the largest first, and at 1, unless they would be on top of each other."""
    low, high = min(1.0, part["ratio"].min()) / _PADDING, max(1.0, part["ratio"].max()) * _PADDING
    ax.set_ylim(low, high)
    ticks: list[float] = []
    for ratio in [*sorted(part.groupby("form")["ratio"].max(), reverse=True), 1.0]:
        if all(abs(math.log(ratio / tick)) > _APART * math.log(high / low) for tick in ticks):
            ticks.append(ratio)
    ax.minorticks_off()
    ax.set_yticks(ticks, [f"{tick:.3g}" if tick < 1000 else f"{tick:.0f}" for tick in ticks])


def _matrix(ax: Axes, part: pd.DataFrame, title: str, colours: str) -> None:
    """Heat map of one matrix with its numbers."""
    rows, columns = list(dict.fromkeys(part["row"])), list(dict.fromkeys(part["column"]))
    values = part.pivot_table(index="row", columns="column", values="value", sort=False).loc[rows, columns].to_numpy()
    ax.imshow(values, cmap=colours, vmin=0.0, vmax=1.4, aspect="auto")
    for (i, j), value in _entries(values):
        word = _short(value)
        ax.text(j, i, word, ha="center", va="center", fontsize=5.5 if len(word) < 5 else 4.5)
    ax.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 3 else 0)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0, labelsize=5.5, pad=1)
    ax.set_title(title, fontsize=6)
    sns.despine(ax=ax, left=True, bottom=True)


def _entries(values: Any) -> Any:
    return (((i, j), values[i, j]) for i in range(values.shape[0]) for j in range(values.shape[1]))


def _short(value: float) -> str:
    """A number in [0, 1] in four characters or so, and the distance from 1 where it is small."""
    if value in {0.0, 1.0}:
        return f"{value:.0f}"
    if value < 0.005:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"1-{1.0 - value:.0e}".replace("e-0", "e-") if value > 0.995 else f"{value:.2f}"


def worst_instances(tables: Tables, width: float) -> Figure:
    """The worst instances of violated forms: rewards, transitions to state 2 and initial policies, a row each."""
    table = tables["worst_instances"]
    groups = [group for _, group in table.groupby(["claim", "form", "size"], sort=False)]
    panels = [[part for _, part in group.groupby(["quantity", "label"], sort=False, dropna=False)] for group in groups]
    count = max((len(parts) for parts in panels), default=1)
    figure = plt.figure(figsize=(width, 0.17 * width * max(len(groups), 1)))
    grid = figure.add_gridspec(max(len(groups), 1), 1 + count, width_ratios=[_TEXT_SHARE, *[1.0] * count])
    for r, (group, parts) in enumerate(zip(groups, panels, strict=True)):
        first = group.iloc[0]
        text = figure.add_subplot(grid[r, 0])
        text.set_axis_off()
        words = [f"{first['title']}, {first['form']}: {first['ratio']:.6g}", *textwrap.wrap(first["structure"], 52)]
        text.text(0.0, 1.0, "\n".join(words), va="top", fontsize=5.5, linespacing=1.25, transform=text.transAxes)
        for c, part in enumerate(parts):
            quantity, label = part["quantity"].iloc[0], part["label"].iloc[0]
            name = "" if quantity == "policy" else f"{quantity}\n"
            title = f"{name}{label}" if isinstance(label, str) else name.strip()
            _matrix(figure.add_subplot(grid[r, 1 + c]), part, title, _MAPS[quantity])
    return figure


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {
    "falsification": falsification,
    "worst_instances": worst_instances,
}
"""Figures by the name of their files."""
