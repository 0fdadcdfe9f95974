"""Sentences of the text as tables."""

import pandas as pd

from metanash_replication.labels import KIND_LABELS
from metanash_replication.report.content import Cells, Heat, Part, claims_part, interval, ratio_cell
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def _restarts(table: pd.DataFrame) -> Part:
    cells = Cells("restarts")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            cells.text(row["iterate"]),
            cells(row["iteration"], "d"),
            cells(row["ne_gap"], ".3g"),
            ratio_cell(cells, row, "ratio"),
        )
        for _, row in table.iterrows()
    ]
    text = "Mean NE-gap of the last iterate of a stage, of the first of the next one, and of the average of all."
    head = ("base games", "iterate", "$T$", "NE-gap", "over that at the smallest $T$")
    heat = Heat(("base games", "iterate"), ("$T$",), ("NE-gap",), "size")
    return Part("Iterates of Algorithm 1", text, head, tuple(rows), heat)


def _growth(table: pd.DataFrame) -> Part:
    cells = Cells("bound_growth")
    rows = [
        (
            cells.text(row["number"]),
            f"{cells(row['least'], 'g')} to {cells(row['most'], 'g')}",
            cells.text(row["bound"]),
            cells(row["factor"], ".3g"),
            cells(row["side"], ".3g"),
            interval(cells, row, "exponent", ".2f"),
        )
        for _, row in table.iterrows()
    ]
    text = (
        "By how much a bound and the side that was measured grow with one number of the game. The exponent is at most "
        "one if the side grows no faster than the bound; intervals hold together."
    )
    head = ("number", "from, to", "bound", "bound grows by", "measured side grows by", "exponent")
    return Part("Growth of gaps with the size of the game", text, head, tuple(rows))


def _carried(table: pd.DataFrame) -> Part:
    cells = Cells("carried_policies")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            cells(row["perturbation"]),
            cells(row["carried"], ".3g"),
            cells(row["uniform"], ".3g"),
            ratio_cell(cells, row, "ratio"),
            cells(row["drop"], ".3g"),
            cells(row["shifted"], ".3g"),
        )
        for _, row in table.iterrows()
    ]
    text = (
        r"Mean NE-gap at the next game before anything is learned there; and $\Delta_\Phi$ of the games, and of the "
        r"same games with half of every reward and constants on top, whose gaps are half as large."
    )
    head = ("games", "perturbation", "carried over", "uniform", "ratio", r"$\Delta_\Phi$", r"$\Delta_\Phi$, constants")
    return Part("Carried-over policies at the next game", text, head, tuple(rows))


def remarks(tables: Tables) -> list[Part]:
    """Iterates, random initial states, growth, carried-over policies."""
    about = "At the worst run and iteration."
    claims = ("theorem 1, random initial states", "equation 4, random initial states")
    return [
        _restarts(tables["restarts"]),
        claims_part(tables["theory"], claims, "Random initial states: measured over bound", about),
        _growth(tables["bound_growth"]),
        _carried(tables["carried_policies"]),
    ]


PARTS = {"remarks": remarks}
