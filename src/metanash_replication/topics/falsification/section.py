"""Searches for counterexamples as tables."""

from typing import Any

import pandas as pd

from metanash_replication.falsification.structure import SEPARATOR
from metanash_replication.report.content import Cells, Heat, Part
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def _ratio(cells: Cells, row: Any) -> str:
    """In decimal arithmetic where there was a second look, in double precision otherwise."""
    verified = not pd.isna(row["verified_ratio"])
    return cells(row["verified_ratio" if verified else "worst_ratio"], ".6g") + ("" if verified else " (not verified)")


def _worst(table: pd.DataFrame) -> Part:
    cells = Cells("falsification")
    rows = [
        (
            cells.text(row["title"]),
            cells.text(row["form"]),
            cells.text(row["size"]),
            _ratio(cells, row),
            cells.text(row["verdict"]),
            f"{cells(row['found_at'], 'd')} of {cells(row['evaluations'], 'd')}",
            cells(row["iteration"], "d"),
        )
        for _, row in table.iterrows()
    ]
    head = ("claim", "form", "size of the instances", "worst left / right", "verdict", "found after", "T")
    text = (
        "Random search and differential evolution over rewards, transitions, initial policies, step sizes and $T$; no "
        "instance is handed to it. A violation counts only after a second look: the same instance, worked out anew in "
        "decimal arithmetic without any of the kernels. What is not found is not proven to be absent."
    )
    heat = Heat(
        ("claim", "size of the instances"), ("form",), ("worst left / right",),
        good="within the bound", bad="beyond the bound",
    )  # fmt: skip
    return Part("Worst instances found", text, head, tuple(rows), heat)


def _structure(table: pd.DataFrame) -> Part:
    cells = Cells("falsification")
    violated = table[table["verdict"].str.startswith("violated")]
    rows = []
    for _, row in violated.iterrows():
        words = "; ".join(cells.text(word) for word in str(row["structure"]).split(SEPARATOR))
        rows.append((cells.text(row["title"]), cells.text(row["form"]), words, f"`{cells.text(row['replay'])}`"))
    text = (
        "What is special about the worst instances, read off their arrays, and the command that evaluates each again."
    )
    return Part(
        "What makes them worst", text, ("claim", "form", "structure", "replay, in the folder of results"), tuple(rows)
    )


def parts(tables: Tables) -> list[Part]:
    """The worst ratio of every claim and form, and the structure of the instances that violate one."""
    return [_worst(tables["falsification"]), _structure(tables["falsification"])]


PARTS = {"counterexamples": parts}
