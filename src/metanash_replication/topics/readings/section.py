"""Readings of Figure 1 as tables: where iterations are much fewer and the start is better, and the numbers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from metanash_replication.labels import ARM_LABELS, KIND_LABELS
from metanash_replication.rates import MUCH_FASTER
from metanash_replication.report.content import Cells, Heat, Part, ratio_cell
from metanash_replication.topics.simulations.section import speed_up_cell
from metanash_replication.typing import Tables

__all__ = ["PARTS"]

SETTING = ["horizon", "discount", "games", "perturbation", "learning_rate", "arm", "alpha"]
"""Columns that are a reading."""
_SYMBOLS = {
    "horizon": "$H$",
    "discount": r"$\gamma$",
    "games": "$K$",
    "perturbation": "perturbation",
    "learning_rate": r"$\eta$",
    "alpha": r"$\alpha$",
}
_STARTS = {
    "lower": "a lower start",
    "equal": "the same start",
    "higher": "a higher start",
    "unclear": "no clear difference at the start",
}
TITLES = {"zero_sum": "Figure 1(a), zero-sum games", "potential": "Figure 1(b), potential games"}


def _faster(table: pd.DataFrame) -> pd.Series:
    """Whether iterations are much fewer, by the rule of the claims on Figure 1."""
    return table["low"] >= MUCH_FASTER


def _values(cells: Cells, row: Any, names: Sequence[str]) -> str:
    symbols = _SYMBOLS | ({"learning_rate": "step"} if row["family"] == "potential" else {})
    return ", ".join(f"{symbols[name]} = {cells(row[name])}" for name in names)


def _name(cells: Cells, row: Any) -> str:
    """What a reading changes in the reference, without the meta-update, which has a column of its own."""
    varied = str(row["varied"]).split()
    return _values(cells, row, [name for name in varied if name in _SYMBOLS]) or "the reference"


def _finding(cells: Cells, own: pd.DataFrame) -> str:
    """Levels to which iterations are much fewer, and the start, of one reading and kind of games."""
    if own.empty:
        return ""
    levels = [cells(row["level"]) for _, row in own[_faster(own)].iterrows()]
    return f"{'to ' + ' and '.join(levels) if levels else 'nowhere'}; {_STARTS[own['begins'].iloc[0]]}"


def _overview(table: pd.DataFrame, family: str) -> Part:
    """One row a reading, one column a kind of games."""
    cells = Cells("readings")
    kinds = list(dict.fromkeys(table["base_kind"]))
    rows = []
    for _, reading in table.groupby(SETTING, sort=False, dropna=False):
        found = (_finding(cells, reading[reading["base_kind"] == kind]) for kind in kinds)
        rows.append((_name(cells, reading.iloc[0]), ARM_LABELS[reading["arm"].iloc[0]], *found))
    head = ("reading", "meta-update", *(KIND_LABELS[kind] for kind in kinds))
    title = f"{TITLES[family]}: gaps reached in much fewer iterations, and the start"
    return Part(title, _sentence(table), head, tuple(rows))


def _sentence(table: pd.DataFrame) -> str:
    """How many readings of each kind of games show the picture."""
    cells = Cells("readings")
    levels = " and ".join(cells(level) for level in dict.fromkeys(table["level"]))
    text = (
        f"Gaps to reach: {levels} of the first gap of individual learning. Much fewer: at most half as many "
        "iterations, by the whole interval of the speed-up. A lower start: a smaller gap after the first iteration, by "
        "its interval. A reading shows the picture of the paper if it has both, the first to all gaps. "
    )
    told = []
    for kind, part in table.groupby("base_kind", sort=False):
        readings = part.assign(faster=_faster(part)).groupby(SETTING, sort=False, dropna=False)
        every, some = readings["faster"].all(), readings["faster"].any()
        lower = readings["begins"].first() == "lower"
        shown, all_of_them, one, start = (cells(int(n.sum()), "d") for n in (every & lower, every, some, lower))
        told.append(
            f"{KIND_LABELS[str(kind)]}: {shown} of {cells(len(every), 'd')} ({all_of_them} with much fewer iterations "
            f"to all gaps, {one} to one at least, {start} with a lower start)"
        )
    return f"{text}Readings that do: {'; '.join(told)}."


def _numbers(table: pd.DataFrame, family: str) -> Part:
    """Every speed-up and ratio."""
    cells = Cells("readings")
    levels = list(dict.fromkeys(table["level"]))
    rows = []
    for (*_, kind), own in table.groupby([*SETTING, "base_kind"], sort=False, dropna=False):
        row = own.iloc[0]
        speeds = [speed_up_cell(cells, own[own["level"] == level].iloc[0]) for level in levels]
        ratios = [ratio_cell(cells, row, "start"), ratio_cell(cells, row, "end")]
        rows.append((_name(cells, row), ARM_LABELS[row["arm"]], KIND_LABELS[str(kind)], *speeds, *ratios))
    first = table.iloc[0]
    known = [name for name in _SYMBOLS if pd.notna(first[name])]
    text = f"Reference: {_values(cells, first, known)}; {cells(first['n_seeds'], 'd')} seeds."
    to = (f"speed-up to {cells(level)}" for level in levels)
    head = ("reading", "meta-update", "games", *to, "gap at first iteration", "gap at $T$")
    heat = Heat(head[:2], ("games",), head[3:-2], good="fewer iterations", bad="more iterations", more_is_better=True)
    title = f"{TITLES[family]}: speed-ups, and gaps over those of individual learning"
    return Part(title, text, head, tuple(rows), heat)


def parts(tables: Tables) -> list[Part]:
    """For each family which readings show the picture of the paper, and by how much."""
    found = []
    for family, table in tables["readings"].groupby("family", sort=False):
        found += [_overview(table, str(family)), _numbers(table, str(family))]
    return found


PARTS = {"readings": parts}
"""Parts of each section."""
