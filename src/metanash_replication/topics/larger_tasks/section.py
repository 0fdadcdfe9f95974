"""The larger tasks, and growth with the size of a game, as tables."""

from typing import Any

import pandas as pd

from metanash_replication.labels import ARM_LABELS
from metanash_replication.report.content import Cells, Heat, Part, claims_part, effect_of, interval, ratio_cell
from metanash_replication.topics.simulations.section import reached, speed_up_cell
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def _task(cells: Cells, row: Any) -> list[str]:
    """Which task and cell: sizes, order, numbers of games and iterations, learning rate, perturbation."""
    order = f", {row['base_kind']} order" if row["family"] == "river_poker" else ""
    numbers = [cells(row[name]) for name in ("games", "iterations", "learning_rate", "perturbation")]
    return [f"{cells.text(row['experiment'])}, {cells.text(row['n_actions'])}{order}", *numbers]


def _gaps(table: pd.DataFrame) -> Part:
    cells = Cells("appendix")
    rows = [
        (
            *_task(cells, row),
            ARM_LABELS[row["arm"]],
            f"{interval(cells, row, 'gap', '.3g')} {row['unit']}",
            ratio_cell(cells, row, "ratio"),
            effect_of(row),
        )
        for _, row in table[table["arm"] != "individual"].iterrows()
    ]
    head = ("task, actions", "K", "T", "learning rate", "perturbation", "meta-update", "gap at T", "gap / individual")
    text = (
        r"Mean gap at $T$ of tasks $2$ to $K$, and its ratio to that of individual learning on the same seeds. Gaps of "
        "poker are in fractions of the pot."
    )
    heat = Heat(head[:5], ("meta-update",), ("gap / individual",), good="meta-learning helps", bad="it hurts")
    return Part("Meta-learning on larger tasks", text, (*head, "effect"), tuple(rows), heat)


def _iterations(table: pd.DataFrame) -> Part:
    cells = Cells("appendix")
    shown = table[table["rate_shown"] & table["perturbation_shown"] & (table["arm"] != "individual")]
    rows = [
        (
            *_task(cells, row),
            ARM_LABELS[row["arm"]],
            f"{cells(row['level'])} {row['unit']}",
            reached(cells, row["iterations_individual"]),
            reached(cells, row["iterations_meta"]),
            speed_up_cell(cells, row, "speed_up_low", "speed_up_high"),
        )
        for _, row in shown.iterrows()
    ]
    head = ("task, actions", "K", "T", "learning rate", "perturbation", "meta-update", "gap to reach")
    more = ("iterations, individual", "iterations, meta", "speed-up")
    heat = Heat(
        (*head[:5], "gap to reach"), ("meta-update",), ("speed-up",),
        good="fewer iterations", bad="more iterations", more_is_better=True,
    )  # fmt: skip
    return Part("Iterations to reach a gap on larger tasks", "", (*head, *more), tuple(rows), heat)


def _references(table: pd.DataFrame) -> Part:
    cells = Cells("appendix_equilibria")
    rows = []
    for _, row in table[table["rate_shown"]].iterrows():
        poker = row["family"] == "river_poker"
        error = f"{interval(cells, row, 'error', '.2g', 'error_low', 'error_high')} {row['unit']}"
        excess = cells(row["excess"], ".2g") if poker else ""
        reference = cells(row["reference_gap"], ".1g") if poker else ""
        rows.append((*_task(cells, row), ARM_LABELS[row["arm"]], cells(row["checked"], "d"), error, excess, reference))
    head = ("task, actions", "K", "T", "learning rate", "perturbation", "arm", "tasks", "distance from the reference")
    text = (
        "Poker: how far the value of the learned policies is from that of the game, by linear programming; by how much "
        "that exceeds their gap at most (never, where negative); and the gap of the reference itself. Tracking: what "
        "the learned policies are worth less than the joint optimum."
    )
    heat = Heat(head[:5], ("arm",), ("distance from the reference",), "size")
    more = ("largest excess over the gap", "gap of the reference")
    return Part("Values beside an exact reference", text, (*head, *more), tuple(rows), heat)


def _growth(tables: Tables) -> list[Part]:
    if "growth_exponents" not in tables:
        return []
    cells = Cells("growth_exponents")
    rows = [
        (
            cells.text(row["series"]),
            f"{row['quantity']} against {row['against']}".replace("_", " "),
            cells(row["points"], "d"),
            cells(row["exponent"], ".2f") if pd.isna(row["low"]) else interval(cells, row, "exponent", ".2f"),
            cells(row["expected"]),
        )
        for _, row in tables["growth_exponents"].iterrows()
    ]
    head = ("games", "growth of", "sizes", "exponent", "expected")
    return [Part("Growth with the size of a game", "Least squares in log-log over sizes.", head, tuple(rows))]


def parts(tables: Tables) -> list[Part]:
    """Gaps, iterations and references of the larger tasks, claims about them, and growth where it was measured."""
    text = (
        "Left side: the gap of a meta-update; right side: that of individual learning; a run is a seed, a violation "
        "one on which it is larger."
    )
    claims = claims_part(tables["theory"], ["scales to larger tasks"], "Seeds on which meta-learning is worse", text)
    return [
        _gaps(tables["appendix"]),
        _iterations(tables["appendix"]),
        _references(tables["appendix_equilibria"]),
        claims,
        *_growth(tables),
    ]


PARTS = {"larger-tasks": parts}
