"""Meta-updates beside (5) as tables of the report."""

from metanash_replication.labels import KIND_LABELS, UPDATE_LABELS
from metanash_replication.report.content import Cells, Heat, Part, effect_of, ratio_cell
from metanash_replication.topics.updates.plan import PAPER
from metanash_replication.typing import Tables

__all__ = ["PARTS"]

_GOOD, _BAD = "smaller gap", "larger gap"


def _choice(tables: Tables) -> Part:
    cells, table = Cells("updates_choice"), tables["updates_choice"]
    rows = [
        (
            UPDATE_LABELS[row["arm"]],
            cells(row["mean_ratio"], ".3f"),
            cells(row["largest_high"], ".3f"),
            cells(row["largest_to_individual"], ".3f"),
            "yes" if row["can_be_chosen"] else "no",
            "yes" if row["chosen"] else "no",
        )
        for _, row in table.iterrows()
    ]
    text = (
        f"On {cells(table.iloc[0]['cases'], 'd')} cases that decide nothing else. A meta-update can be chosen if in "
        "each of them the interval of its ratio to (5) ends below one and its gap is at most "
        f"{cells(table.iloc[0]['allowed_to_individual'], 'g')} times that of individual learning; chosen is the one "
        "with the smallest geometric mean of ratios to (5). Those that change the rate are judged by themselves."
    )
    head = (
        "update",
        "mean ratio to (5)",
        "largest upper end",
        "largest ratio to individual",
        "can be chosen",
        "the default",
    )
    return Part("Meta-updates: which one is the default", text, head, tuple(rows))


def _ratios(tables: Tables) -> Part:
    cells, table = Cells("updates"), tables["updates"]
    table = table[(table["phase"] == "verdict") & (table["beside"] == PAPER)]
    rows = [
        (
            cells.text(row["setting"]),
            cells.text(row["base_kind"]),
            cells(row["perturbation"], "g"),
            UPDATE_LABELS[row["arm"]],
            cells(row["gap"], ".2e"),
            ratio_cell(cells, row, "ratio"),
            effect_of(row),
        )
        for _, row in table.iterrows()
    ]
    text = (
        "Mean gap at $T$ of the games after the first, over that of (5) on the same games, with intervals of paired "
        "seeds. None of these games was used to choose."
    )
    heat = Heat(("setting", "kind", "perturbation"), ("update",), ("ratio to (5)",), good=_GOOD, bad=_BAD)
    return Part(
        "Meta-updates: beside (5)",
        text,
        ("setting", "kind", "perturbation", "update", "gap", "ratio to (5)", "effect"),
        tuple(rows),
        heat,
    )


def _bounds(tables: Tables) -> Part:
    cells, table = Cells("updates_bounds"), tables["updates_bounds"]
    keys = ("horizon", "n_states", "max_actions", "iterations", "share")
    rows = [
        (*(cells(row[key], "g") for key in keys), cells(row["paper"], ".6g"), cells(row["annealed"], ".6g"))
        for _, row in table.iterrows()
    ]
    text = (
        r"The smallest $K$ from which on the bound of a sequence is below that of uniform starts. Share: $\Delta / K$ "
        "over the divergence of uniform starts in that bound, so that with one nothing can be gained."
    )
    head = ("H", "S", "A", "T", "share", "(6), games", "annealed, games")
    heat = Heat(("H", "S", "A", "T"), ("share",), ("(6), games", "annealed, games"), scale="size")
    return Part("Meta-updates: where Theorem 2 becomes sharper, computed", text, head, tuple(rows), heat)


def _measured(tables: Tables) -> Part:
    cells, table = Cells("updates_crossover"), tables["updates_crossover"]
    rows = [
        (
            cells.text(row["base_kind"]),
            cells(row["perturbation"], "g"),
            cells(row["games"], "d"),
            UPDATE_LABELS[row["arm"]],
            cells(row["gap"], ".3e"),
            ratio_cell(cells, row, "ratio"),
            cells(row["bound_uniform"], ".3g"),
            cells(row["bound"], ".3g"),
        )
        for _, row in table.iterrows()
    ]
    first = table.iloc[0]
    text = (
        f"Mean gap over the first $K$ games, the first one among them, of matrix games at the rate of Theorem 1, "
        f"$T$ = {cells(first['iterations'], 'd')}; proven bounds of uniform starts and of annealed weights beside. "
        "Runs that are this short end far from equilibrium, and averages of what was played lag behind best responses."
    )
    head = (
        "kind",
        "perturbation",
        "K",
        "update",
        "mean gap",
        "ratio to individual",
        "bound, uniform",
        "bound, annealed",
    )
    heat = Heat(("kind", "perturbation", "K"), ("update",), ("ratio to individual",), good=_GOOD, bad=_BAD)
    return Part("Meta-updates: where it becomes sharper, measured", text, head, tuple(rows), heat)


def _moving(tables: Tables) -> Part:
    cells, table = Cells("updates_moving"), tables["updates_moving"]
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            KIND_LABELS[row["kind"]],
            UPDATE_LABELS[row["arm"]],
            cells(row["gap"], ".2e"),
            ratio_cell(cells, row, "ratio"),
            effect_of(row) if row["arm"] != PAPER else "",
        )
        for _, row in table.iterrows()
    ]
    text = "Mean gap at $T$ of the games after the first, over that of (5), of sequences between two base games."
    heat = Heat(("games", "sequence"), ("update",), ("ratio to (5)",), good=_GOOD, bad=_BAD)
    return Part(
        "Meta-updates: sequences that move",
        text,
        ("games", "sequence", "update", "gap", "ratio to (5)", "effect"),
        tuple(rows),
        heat,
    )


def _regret(tables: Tables) -> Part:
    cells, table = Cells("updates_regret"), tables["updates_regret"]
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            KIND_LABELS[row["kind"]],
            cells(row["averages"], "d"),
            cells(row["excess"], ".3f"),
            cells(row["allowed"], ".3f"),
        )
        for _, row in table.iterrows()
    ]
    text = (
        "What weights that are learned by row pay beside the best of the averages they mix, in nats, at most over rows."
    )
    return Part(
        "Meta-updates: what learning the weights costs",
        text,
        ("games", "sequence", "averages", "excess", "allowed"),
        tuple(rows),
    )


def parts(tables: Tables) -> list[Part]:
    """The choice, the ratios, bounds computed and measured, sequences that move, and what learned weights pay."""
    return [make(tables) for make in (_choice, _ratios, _bounds, _measured, _moving, _regret)]


PARTS = {"updates": parts}
"""Parts of each section."""
