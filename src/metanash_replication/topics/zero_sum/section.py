"""Theorems 1 and 2 as tables."""

import pandas as pd

from metanash_replication.labels import ARM_LABELS, KIND_LABELS
from metanash_replication.report.content import (
    GROWTH_HEAD,
    GROWTH_TEXT,
    Cells,
    Heat,
    Part,
    claims_part,
    effect_of,
    growth_cells,
    ratio_cell,
    slope_cells,
    with_a_verdict,
)
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def _slopes(slopes: pd.DataFrame) -> Part:
    cells = Cells("slopes")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            cells(row["horizon"], "d"),
            *slope_cells(cells, row),
            cells(row["slope_without_log"], ".3f"),
            cells(row["bound_slope"], ".3f"),
            "" if pd.isna(row["verdict"]) else row["verdict"],
        )
        for _, row in slopes.iterrows()
    ]
    text = (
        "Slopes of the mean gap in log-log on declared windows, at the largest learning rate of Theorem 1. A transient "
        f"may raise the last one by {cells(slopes['margin'].iloc[0])} and still count as consistent with (4). Points "
        "inside stages sample a staircase, so the verdict is made of stage ends."
    )
    head = ("base games", "$H$", "window", "slope", r"slope of gap over $\log T$", "slope of (4)", "verdict")
    heat = Heat(("base games", "$H$"), ("window",), ("slope",), "linear")
    return Part("Slopes of the gap, as an illustration", text, head, tuple(rows), heat)


def _stage_rates(table: pd.DataFrame) -> Part:
    cells = Cells("stage_rates")
    rows = [
        (KIND_LABELS[row["base_kind"]], cells(row["horizon"], "d"), *growth_cells(cells, row))
        for _, row in with_a_verdict(table).iterrows()
    ]
    text = (
        r"$T$ times the mean gap at the ends of the stages, logarithmic if the gap is $O(\log T / T)$: " + GROWTH_TEXT
    )
    head = ("base games", "$H$", *GROWTH_HEAD)
    return Part("Rate of Algorithm 1 at stage ends", text, head, tuple(rows))


def theorem_1(tables: Tables) -> list[Part]:
    """Measured gap over bound, and rates."""
    text = (
        "At the worst run and iteration; a bound is informative where it is below the largest gap possible, $H$. All "
        "settings of the random games are in `theory.csv`."
    )
    return [
        claims_part(tables["theory"], ("theorem 1", "equation 4"), "Theorem 1: measured gap over bound", text),
        _stage_rates(tables["stage_rates"]),
        _slopes(tables["slopes"]),
    ]


def theorem_2(tables: Tables) -> list[Part]:
    """Gains of meta-learning on sequences."""
    table, cells = tables["sequences"], Cells("sequences")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            ARM_LABELS[row["arm"]],
            cells(row["horizon"], "d"),
            cells(row["games"], "d"),
            cells(row["perturbation"]),
            cells(row["iterations"], "d"),
            cells(row["similarity_per_game"], ".1f"),
            ratio_cell(cells, row, "ratio"),
            effect_of(row),
            cells(row["later_gap"], ".2g"),
            cells(row["bound"], ".2g") if row["within"] and row["arm"] == "best_response" else "",
        )
        for _, row in table[table["arm"] != "individual"].iterrows()
    ]
    place = ("base games", "meta-update", "$H$", "$K$", "perturbation", "$T$")
    head = (*place, r"$\Delta_{\mu,\nu}/K$", "gap / individual", "effect", "gap", "(6)")
    text = (
        "Mean gap of games $2$ to $K$ over that of individual learning on the same seeds. The bound (6) is about "
        "update (5), and given where the learning rate is one that the theorem admits."
    )
    setting = ("base games", "$H$", "$K$", "perturbation", "$T$")
    heat = Heat(setting, ("meta-update",), ("gap / individual",), good="meta-learning helps", bad="it hurts")
    return [Part("Theorem 2: what meta-learning gains on sequences of $K$ games", text, head, tuple(rows), heat)]


PARTS = {"theorem-1": theorem_1, "theorem-2": theorem_2}
