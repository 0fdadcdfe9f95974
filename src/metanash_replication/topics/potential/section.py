"""Proposition 1 and Theorem 3 as tables."""

import pandas as pd

from metanash_replication.labels import ARM_LABELS, KIND_LABELS
from metanash_replication.report.content import UNRESOLVED, Cells, Heat, Part, claims_part, ratio_cell, slope_cells
from metanash_replication.typing import Tables

__all__ = ["PARTS"]

PROPOSITION_1 = ("proposition 1", "proposition 1, finite horizon", "proposition 1, beyond its step size")
"""In ``theory.csv``."""


def _scaling(table: pd.DataFrame) -> Part:
    """The largest difference of each kind, arm and comparison."""
    cells = Cells("step_scaling")
    rows = []
    for (kind, arm, total), part in table.groupby(["base_kind", "arm", "total"], sort=False):
        steps = part["step_factor"]
        rows.append(
            (
                KIND_LABELS[str(kind)],
                ARM_LABELS[str(arm)],
                cells(total, ".0e"),
                f"{cells(steps.min(), 'g')} to {cells(steps.max(), 'g')}",
                cells(part["difference"].abs().max(), ".1e"),
            )
        )
    text = (
        "Mean gaps of sequences at multiples of the step of Proposition 1, at the same step times iterations: the "
        "largest relative difference from the smallest multiple. Figure 1(b) at the theory's step rests on it."
    )
    head = ("games", "meta-update", "iterations at the theory's step", "step / theory", "largest difference")
    return Part("Step times iterations", text, head, tuple(rows))


def _violations(table: pd.DataFrame) -> Part:
    """Where Proposition 1 fails as printed: by discount and start, at T = 1 and anywhere."""
    cells = Cells("proposition1_violations")
    rows = []
    for (discount, start), part in table.groupby(["discount", "start"]):
        first = part[part["iteration"] == part["iteration"].min()].iloc[0]
        failing = part[part["violated"] > 0]
        last = cells(failing["iteration"].max(), "d") if len(failing) else "never"
        place = (cells(discount), str(start), cells(first["games"], "d"), cells(first["violated"], "d"))
        rows.append((*place, last, cells(part["printed"].max(), ".4f"), cells(part["repaired"].max(), ".4f")))
    head = ("discount", "start", "games", "violated at $T=1$", "last $T$ with a violation", "largest, printed")
    text = (
        "Among the random games, those whose mean gap exceeds the bound, by discount and initial policy; the largest "
        "ratios over all $T$. Instances made for it violate it at every positive discount: *two states*, above."
    )
    forms = ("largest, printed", "largest, repaired")
    heat = Heat(("discount",), ("start",), forms, good="within the bound", bad="beyond the bound")
    return Part("Where Proposition 1 fails as printed", text, (*head, forms[1]), tuple(rows), heat)


def _slopes(slopes: pd.DataFrame) -> Part:
    cells = Cells("potential_slopes")
    rows = [
        (
            KIND_LABELS[row["base_kind"]],
            cells(row["discount"]),
            cells(row["step_factor"]),
            cells(row["longer"], "g"),
            *slope_cells(cells, row),
            cells(row["bound_slope"], ".3f"),
            "" if pd.isna(row["verdict"]) else row["verdict"],
        )
        for _, row in slopes.iterrows()
    ]
    text = (
        "Slope of the mean gap of all iterates in log-log, for the verdicts beside "
        f"{cells(slopes['claimed'].iloc[0])}. Steps are multiples of the largest that Proposition 1 admits, whose "
        "slope with the measured rise of the potential is given. *Longer*: the row was measured with so many times the "
        "step, and windows count as many times the iterations; curves depend on the product alone, as nearly as it "
        "takes."
    )
    head = ("games", "discount", "step", "longer", "window", "slope", "slope of the bound", "verdict")
    heat = Heat(("games", "discount", "step", "longer"), ("window",), ("slope",), "linear")
    return Part("Rate of projected Q-ascent", text, head, tuple(rows), heat)


def _far_steps(table: pd.DataFrame) -> Part:
    cells = Cells("far_steps")
    rows = []
    for (discount, factor), part in table.groupby(["discount", "step_factor"]):
        ends = ("converged", "rising", "cycle", "irregular")
        shares = [cells(100.0 * part[name].sum() / part["runs"].sum(), ".0f") for name in ends]
        step = cells(part["step_size"].median(), ".2g")
        rows.append((cells(discount), cells(factor), step, *shares, cells(part["longest_period"].max(), "d")))
    head = ("discount", "step / theory", "step", "at an equilibrium, %", "potential rises, %", "cycle, %", "neither, %")
    text = "How runs from random policies end, both kinds of games and all sizes together; step: median."
    title = "Projected Q-ascent far beyond the step size of the theory"
    heat = Heat(("discount", "step / theory"), (), head[3:], "linear")
    return Part(title, text, (*head, "longest period"), tuple(rows), heat)


def proposition_1(tables: Tables) -> list[Part]:
    """Measured over bound, violations, rates, far steps."""
    title = "Proposition 1: measured over bound"
    return [
        claims_part(tables["theory"], PROPOSITION_1, title, UNRESOLVED),
        _violations(tables["proposition1_violations"]),
        _slopes(tables["potential_slopes"]),
        _far_steps(tables["far_steps"]),
        _scaling(tables["step_scaling"]),
    ]


def theorem_3(tables: Tables) -> list[Part]:
    """Measured over bound, and what carry-over gains."""
    table, cells = tables["potential_sequences"], Cells("potential_sequences")
    rows = []
    for _, row in table[table["arm"] == "carry_over"].iterrows():
        potential = row["family"] == "potential"
        kind = KIND_LABELS[row["base_kind"]] if potential else f"congestion, deviation {cells(row['deviation'], '.2g')}"
        rows.append(
            (
                kind,
                cells(row["discount"]),
                cells(row["n_players"], "d"),
                cells(row["games"], "d"),
                cells(row["perturbation"]),
                cells(row["step_size"], ".2g") + (" (theory)" if row["theory_step"] else ""),
                cells(row["dissimilarity"], ".3g") if potential else "",
                ratio_cell(cells, row, "ratio"),
                ratio_cell(cells, row, "last_ratio"),
                cells(row["mean_gap"], ".2g"),
                "" if pd.isna(row["bound"]) else cells(row["bound"], ".2g"),
            )
        )
    place = ("games", "discount", "$N$", "$K$", "perturbation", "step", r"$\Delta_\Phi$")
    ratios = ("mean gap / individual", "last gap / individual")
    head = (*place, *ratios, "mean gap", "Theorem 3")
    heat = Heat(
        ("games", "discount", "$N$", "$K$", "step"),
        ("perturbation",),
        ratios,
        good="meta-learning helps",
        bad="it hurts",
    )
    text = (
        "Gaps of games $2$ to $K$ over those of individual learning on the same seeds: mean over all iterates, which "
        "the theorem is about, and of the last iterates. The bound is the repaired one."
    )
    return [
        claims_part(tables["theory"], ("theorem 3",), "Theorem 3: measured over bound", UNRESOLVED),
        Part("Theorem 3: what carry-over gains on sequences of $K$ games", text, head, tuple(rows), heat),
    ]


PARTS = {"proposition-1": proposition_1, "theorem-3": theorem_3}
