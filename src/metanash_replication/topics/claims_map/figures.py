"""The map of claims: a row for each, its ratios on a logarithmic axis. Receives a table, computes nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metanash_replication.ledger.telling import human
from metanash_replication.typing import Tables

__all__ = ["FIGURES", "MAIN", "STYLES", "claims_map", "claims_map_all"]

STYLES: dict[str, dict[str, Any]] = {
    "holds": {"color": "#0072b2", "marker": "o"},
    "replicated": {"color": "#0072b2", "marker": "o"},
    "vacuous": {"color": "#7a7a7a", "marker": "o"},
    "violated as printed": {"color": "#b06a00", "marker": "D"},
    "partly replicated": {"color": "#b06a00", "marker": "D"},
    "violated": {"color": "#b3123f", "marker": "X"},
    "not replicated": {"color": "#b3123f", "marker": "X"},
    "open": {"color": "#555555", "marker": "s"},
    "definition": {"color": "#555555", "marker": "s"},
}
"""Colour and shape of each word: blue is good, orange is in part, red is not; told apart without colour too."""
MAIN = 18
"""Rows of the small map."""
LIMITS = (1e-4, 1e4)
"""Ends of the axis; what lies beyond stands at the end as an arrow."""
_PITCH, _RIGHT = 0.135, 1.06
"""Inches from row to row, and for the words."""
_FAR, _SHADE = 100.0, "0.95"
"""Ratios from which there is no room on the right, and the grey of what contradicts the paper."""


def _chosen(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the small map: the first claims that have a ratio, theorems and others apart, the worst first."""
    ranked = table.dropna(subset=["rank", "ratio"])
    first = sorted(ranked["rank"].unique())[:MAIN]
    rows = ranked[ranked["rank"].isin(first)]
    worst = rows[rows["form"] == "printed"].set_index("id")["ratio"]
    title = np.where(rows["kind"] == "theorem", "Theorems: measured / bound", "Experiments and sentences")
    rows = rows.assign(title=title, worst=rows["id"].map(worst))
    return rows.sort_values(["title", "worst", "id"], ascending=[False, False, True], kind="stable")


def _row(axes: Axes, rows: pd.DataFrame, y: float) -> None:
    """Marks of one claim; the line joins its forms, and a ratio that contradicts the claim stands beside its mark."""
    style = STYLES[str(rows["word"].iloc[0])]
    inside = rows["ratio"].clip(*LIMITS)
    if len(rows) > 1:
        axes.plot(inside, [y] * len(rows), color=style["color"], linewidth=0.6, alpha=0.6, zorder=2)
    for (_, row), x in zip(rows.iterrows(), inside, strict=True):
        if not np.isnan(x):
            _interval(axes, row, y, style["color"])
            _mark(axes, row, float(x), y, style)


def _interval(axes: Axes, row: pd.Series, y: float, color: str) -> None:
    if np.isfinite(row["low"]) and np.isfinite(row["high"]):
        ends = np.clip([row["low"], row["high"]], *LIMITS)
        axes.plot(ends, [y, y], color=color, linewidth=2.2, alpha=0.35, solid_capstyle="butt", zorder=1)


def _mark(axes: Axes, row: pd.Series, x: float, y: float, style: dict[str, Any]) -> None:
    """A full mark for what is printed; a larger open one, so that both are seen at one place, for what is repaired."""
    printed = row["form"] == "printed"
    beyond = "" if row["ratio"] == x else ("<" if row["ratio"] < x else ">")
    axes.plot(
        [x], [y], linestyle="none", marker=beyond or style["marker"], markersize=4.4 if printed else 6.2,
        color=style["color"], markerfacecolor=style["color"] if printed else "white", markeredgewidth=0.9,
        zorder=4 if printed else 3, clip_on=False,
    )  # fmt: skip
    if printed and not beyond and x > 1.0:
        _number(axes, row, y, style["color"])


def _number(axes: Axes, row: pd.Series, y: float, color: str) -> None:
    """The ratio beside its mark: right of its interval, or left of a mark that is far on the right."""
    far = row["ratio"] > _FAR
    place = row["ratio"] if far else max(row["ratio"], np.nan_to_num(row["high"]))
    axes.annotate(
        human(row["ratio"]), (min(place, LIMITS[1]), y), xytext=(-6 if far else 6, 0), textcoords="offset points",
        ha="right" if far else "left", va="center", fontsize=7, color=color, zorder=5,
        bbox={"facecolor": _SHADE, "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _draw(groups: Sequence[tuple[str, pd.DataFrame]], width: float, left: float, name: str) -> Figure:
    """Groups of claims below one another, each with its title; ``left`` inches for the names, which are a column."""
    count = max(sum(1 + rows["id"].nunique() for _, rows in groups), 1)
    height = _PITCH * count + 0.62
    figure = plt.figure(figsize=(width, height), layout="none")
    middle = width - left - _RIGHT
    axes = figure.add_axes((left / width, 0.42 / height, middle / width, _PITCH * count / height))
    y = 0.0
    for title, rows in groups:
        axes.text((0.04 - left) / middle, y, title, transform=axes.get_yaxis_transform(), va="center", fontsize=7,
                  fontweight="bold")  # fmt: skip
        y += 1.0
        for _, own in rows.groupby("id", sort=False):
            _labels(axes, str(own[name].iloc[0]), str(own["word"].iloc[0]), y, bare=bool(own["ratio"].isna().all()))
            _row(axes, own, y)
            y += 1.0
    axes.axvline(1.0, color="0.25", linewidth=0.8, zorder=0)
    axes.axvspan(1.0, LIMITS[1], color=_SHADE, zorder=-1)
    axes.set(xscale="log", xlim=LIMITS, ylim=(max(y, 1.0) - 0.5, -0.6), yticks=[])
    axes.minorticks_off()
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlabel("largest ratio, measured over claimed; right of the line it contradicts the paper", fontsize=7)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    _key(figure, height)
    return figure


def _labels(axes: Axes, name: str, word: str, y: float, *, bare: bool) -> None:
    """The claim's name on the left, and its word on the right in the colour of the marks."""
    transform = axes.get_yaxis_transform()
    axes.axhline(y, color="0.9", linewidth=0.4, zorder=0)
    axes.text(-0.02, y, name, transform=transform, ha="right", va="center", fontsize=7)
    axes.text(1.03, y, word, transform=transform, va="center", fontsize=7, color=STYLES[word]["color"])
    if bare:
        axes.text(0.01, y, "no ratio", transform=transform, va="center", fontsize=7, color="0.45")


def _key(figure: Figure, height: float) -> None:
    """What full and open marks are."""
    for x, face, words in ((0.33, "0.25", "as printed"), (0.53, "white", "repaired form, or another update")):
        y = 1 - 0.09 / height
        figure.text(x + 0.015, y, words, fontsize=7, va="center")
        figure.add_artist(
            Line2D([x], [y], marker="o", markersize=4.2, color="0.25", markerfacecolor=face, markeredgewidth=0.9)
        )


def _by_title(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(title), part) for title, part in rows.groupby("title", sort=False)]


def claims_map(tables: Tables, width: float) -> Figure:
    """The main claims, theorems and others apart, the worst first."""
    rows = _chosen(tables["claims_map"])
    return _draw(
        [(str(title), part) for title, part in rows.groupby("title", sort=False)], width, left=1.95, name="label"
    )


def claims_map_all(tables: Tables, width: float) -> Figure:
    """All claims that say something, section by section."""
    table = tables["claims_map"]
    rows = table[table["word"] != "definition"]
    return _draw(_by_title(rows), width, left=2.4, name="id")


FIGURES: dict[str, Callable[[Tables, float], Figure]] = {"claims_map": claims_map, "claims_map_all": claims_map_all}
"""Figures by the name of their files."""
