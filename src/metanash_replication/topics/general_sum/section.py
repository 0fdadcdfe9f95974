"""Theorems 5 and 6 as tables."""

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
    interval,
    slope_cells,
    with_a_verdict,
)
from metanash_replication.typing import Tables

__all__ = ["PARTS"]

DEVIATOR = (
    "At the worst run and iteration; all settings of random games and sequences are in `theory.csv`. The gap of "
    "`theorem 5` is that of a deviator who is told the stage, no less than the CCE-gap; in the others it is the "
    "CCE-gap itself, or that bound of it where the exact one takes too much."
)


def _schedule_slopes(slopes: pd.DataFrame) -> Part:
    cells = Cells("schedule_slopes")
    rows = [
        (
            cells(row["horizon"], "d"),
            cells(row["n_players"], "d"),
            cells.text(row["schedule"]),
            *slope_cells(cells, row),
            cells(row["schedule_slope"], ".3f"),
            cells(row["bound_slope"], ".3f"),
        )
        for _, row in slopes.iterrows()
    ]
    text = (
        "Slopes of the mean gap, one run for each $T$, by schedule of the learning rate; (11) prescribes the first. "
        "They illustrate and decide nothing. Where `schedule_slopes.csv` does not call the gap exact, since it takes "
        "too much or is not positive, it is that of a deviator who is told the stage."
    )
    place = ("$H$", "$N$", "learning rate", "window", "slope")
    head = (*place, r"slope of $\log T / (\eta T)$", "slope of (11)")
    heat = Heat(("$H$", "$N$", "learning rate"), ("window",), ("slope",), "linear")
    return Part("Slopes of the gap of Algorithm 2", text, head, tuple(rows), heat)


def _growth(table: pd.DataFrame) -> Part:
    cells = Cells("rate_growth")
    rows = [
        (
            cells(row["horizon"], "d"),
            cells(row["n_players"], "d"),
            "CCE-gap" if row["exact"] else "told",
            *growth_cells(cells, row),
        )
        for _, row in with_a_verdict(table).iterrows()
    ]
    text = (
        r"$\eta T$ times the mean gap at the learning rates of (11), a run for each $T$, which are ends of stages; "
        r"logarithmic if the gap is $O(T^{-2/3} \log T)$: "
        + GROWTH_TEXT
        + " *Told*: the gap of a deviator who is told the "
        "stage, where the CCE-gap takes too much or is not positive; it can confirm the rate only."
    )
    return Part("Rate of Algorithm 2", text, ("$H$", "$N$", "gap", *GROWTH_HEAD), tuple(rows))


def theorem_5(tables: Tables) -> list[Part]:
    """Measured over bound, and rates."""
    title = "Theorem 5: measured over bound"
    return [
        claims_part(tables["theory"], ("theorem 5", "theorem 5, exact CCE-gap", "equation 11"), title, DEVIATOR),
        _growth(tables["rate_growth"]),
        _schedule_slopes(tables["schedule_slopes"]),
    ]


def theorem_6(tables: Tables) -> list[Part]:
    """Measured over bound, and what meta-learning gains."""
    table, cells = tables["general_sequences"], Cells("general_sequences")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            ARM_LABELS[row["arm"]],
            *(cells(row[name], "d") for name in ("horizon", "n_players", "max_actions", "games")),
            cells(row["perturbation"]),
            cells(row["similarity_per_game"], ".1f"),
            interval(cells, row, "difference", ".2g", "difference_low", "difference_high"),
            effect_of(row, "difference", 0.0),
            cells(row["later_gap"], ".2g"),
            cells(row["later_told"], ".2g"),
            cells(row["instantiated"], ".2g"),
        )
        for _, row in table[table["arm"] != "individual"].iterrows()
    ]
    place = ("games", "meta-update", "$H$", "$N$", "$A$", "$K$", "perturbation", r"$\Delta_\pi/K$")
    text = (
        "Mean CCE-gap of games $2$ to $K$ minus that of individual learning on the same seeds; *told*: the gap of a "
        "deviator who is told the stage, and the gap of the other columns too where `general_sequences.csv` does not "
        "call it exact. Theorem 5 at the worst best response, mean over the games."
    )
    claim = "theorem 6: theorem 5, mean over games"
    setting = ("games", "$H$", "$N$", "$A$", "$K$", "perturbation")
    heat = Heat(
        setting, ("meta-update",), ("gap - individual",), "difference", good="meta-learning helps", bad="it hurts"
    )
    title = "Theorem 6: what meta-learning gains on sequences of $K$ general-sum games"
    return [
        claims_part(tables["theory"], [claim], "Theorem 6: measured over bound", DEVIATOR),
        Part(title, text, (*place, "gap - individual", "effect", "gap", "told", "Theorem 5"), tuple(rows), heat),
    ]


PARTS = {"theorem-5": theorem_5, "theorem-6": theorem_6}
