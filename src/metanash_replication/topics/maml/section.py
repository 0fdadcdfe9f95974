"""Theorem 4 as tables."""

import pandas as pd

from metanash_replication.labels import KIND_LABELS
from metanash_replication.report.content import UNRESOLVED, Cells, Heat, Part, claims_part, interval, ratio_cell
from metanash_replication.typing import Tables

__all__ = ["PARTS"]

CLAIMS = ("theorem 4", "gradient at most G", "Hessian at most L", "change of the Hessian at most R")
"""In ``theory.csv``."""


def _adaptation(table: pd.DataFrame) -> Part:
    cells = Cells("adaptation")
    steps = sorted(table["step"].unique())
    middle = steps[1:-1]
    shown = [*steps[:1], *middle[len(middle) // 3 :: max(len(middle) // 3, 1)][:2], *steps[-1:]]
    rows = []
    keys = ["base_kind", "discount", "inner_step", "inner_steps", "initialisation"]
    for (kind, discount, alpha, t, name), part in table.groupby(keys, sort=False):
        by_step = part.set_index("step")
        gaps = [
            f"{cells(by_step.loc[s, 'ne_gap'], '.3g')}, {ratio_cell(cells, by_step.loc[s], 'ratio')}" for s in shown
        ]
        loop = f"{cells(t, 'd')} of {cells(alpha)} $/ L$"
        rows.append((KIND_LABELS[str(kind)], cells(discount), loop, str(name).replace("_", " "), *gaps))
    after = tuple(f"after {cells(step, 'd')} steps" for step in shown)
    text = "NE-gap, and its ratio to that from scratch, after inner steps on games that meta-training has not seen."
    head = ("games", "discount", "inner steps of MAML", "start", *after)
    where = ("games", "discount", "inner steps of MAML", "start")
    heat = Heat(where, (), head[4:], good="a smaller gap than from scratch", bad="a larger one")
    return Part("Adaptation to held-out games from each initialisation", text, head, tuple(rows), heat)


def _inner_loop(slopes: pd.DataFrame) -> Part:
    cells = Cells("inner_loop_slopes")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            cells(row["discount"]),
            interval(cells, row, "slope", ".2f"),
            cells(row["runs"], "d"),
            cells(row["not_reached"], "d"),
        )
        for _, row in slopes.iterrows()
    ]
    text = (
        "Iterations of softmax policy gradient to a small gap grow like a power of $1/c$, $c$ being the least "
        "probability that a player ever puts on its best actions."
    )
    head = ("games", "discount", r"slope of $\log T$ on $\log c$", "runs", "not there in time")
    return Part("The constant of the inner loop", text, head, tuple(rows))


def theorem_4(tables: Tables) -> list[Part]:
    """Measured over bound, adaptation, and the constant of the inner loop."""
    title = "Theorem 4: measured over bound"
    return [
        claims_part(tables["theory"], CLAIMS, title, UNRESOLVED),
        _adaptation(tables["adaptation"]),
        _inner_loop(tables["inner_loop_slopes"]),
    ]


PARTS = {"theorem-4": theorem_4}
