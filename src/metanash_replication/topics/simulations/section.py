"""Figure 1 and its sensitivity as tables."""

from typing import Any

import pandas as pd

from metanash_replication.labels import KIND_LABELS, UPDATE_LABELS
from metanash_replication.report.content import Cells, Heat, Part, interval
from metanash_replication.typing import Tables

__all__ = ["PARTS", "reached", "sizes", "speed_up_cell"]


def sizes(figure1: pd.DataFrame) -> str:
    """Seeds, games and iterations of each panel."""
    cells = Cells("figure1")
    counts = figure1.groupby("figure").agg(seed=("seed", "nunique"), game=("games", "first"))
    last = figure1.groupby("figure")["iteration"].max()
    return "; ".join(
        f"Figure {cells.text(figure)}: {cells(counts.loc[figure, 'seed'], 'd')} seeds, "
        f"$K$ = {cells(counts.loc[figure, 'game'], 'd')}, $T$ = {cells(last[figure], 'd')}"
        for figure in counts.index
    )


def reached(cells: Cells, iterations: float) -> str:
    """Iterations to reach a gap."""
    return cells(iterations, ".1f") if iterations != float("inf") else "not reached"


def speed_up_cell(cells: Cells, row: Any, low: str = "low", high: str = "high") -> str:
    """A speed-up with its interval, and whether it was reached."""
    words = {"measured": "", "at least": "at least ", "at most": "at most ", "neither": "neither gets there"}
    return words[row["status"]] + (
        "" if row["status"] == "neither" else interval(cells, row, "speed_up", ".2f", low, high)
    )


def _speed_ups(table: pd.DataFrame, text: str) -> Part:
    cells = Cells("speed_up")
    rows = [
        (
            cells.text(row["figure"]),
            KIND_LABELS[row["base_kind"]],
            UPDATE_LABELS[row["arm"]],
            cells(row["ne_gap"]),
            reached(cells, row["iterations_individual"]),
            reached(cells, row["iterations_meta"]),
            speed_up_cell(cells, row),
        )
        for _, row in table.iterrows()
    ]
    head = ("figure", "base games", "meta-update", "NE-gap", "iterations, individual", "iterations, meta", "speed-up")
    heat = Heat(
        ("figure", "base games", "NE-gap"), ("meta-update",), ("speed-up",),
        good="fewer iterations", bad="more iterations", more_is_better=True,
    )  # fmt: skip
    return Part("Iterations to reach a gap: individual learning over meta-learning", text, head, tuple(rows), heat)


def _final_gaps(part: pd.DataFrame, title: str) -> Part:
    """Final gaps of all arms; learning rates, kinds and perturbations by rows."""
    cells = Cells("sensitivity")
    arms = [arm for arm in UPDATE_LABELS if arm in set(part["arm"])]
    rows = []
    for (rate, kind, size), group in part.groupby(["learning_rate", "base_kind", "perturbation"], sort=True):
        by_arm = group.set_index("arm")
        gaps = (interval(cells, by_arm.loc[arm], "ne_gap", ".4f") for arm in arms)
        rows.append((cells(rate), KIND_LABELS[str(kind)], cells(size), *gaps))
    head = ("learning rate", "games", "perturbation", *(UPDATE_LABELS[arm] for arm in arms))
    heat = Heat(("games", "learning rate"), ("perturbation",), head[3:], "size")
    return Part(f"{title}: mean NE-gap at $T$ of games $2$ to $K$", "", head, tuple(rows), heat)


def parts(tables: Tables) -> list[Part]:
    """Speed-ups, and final gaps over learning rates and perturbations."""
    about = (
        f"{sizes(tables['figure1'])}. Curves are means over the games of a sequence, the first included, as in Figure "
        '1; intervals are bootstrap intervals over seeds, as everywhere here. "At least" and "at most": one side does '
        "not reach the gap within $T$ and counts as $T$."
    )
    sensitivity = tables["sensitivity"]
    zero_sum = sensitivity["base_kind"].isin(["mixed", "pure"])
    return [
        _speed_ups(tables["speed_up"], about),
        _final_gaps(sensitivity[zero_sum], "Zero-sum games"),
        _final_gaps(sensitivity[~zero_sum], "Potential games"),
    ]


PARTS = {"figure-1": parts}
