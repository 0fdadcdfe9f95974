"""Numbers of the article: every one is a citation of a table, and has a name by which the text asks for it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from metanash_replication.ledger.cited import number
from metanash_replication.ledger.words import DEFINITION, THEOREM, WORDS
from metanash_replication.report.assembly import Report
from metanash_replication.report.content import Cells, effect_of, interval
from metanash_replication.typing import Tables

__all__ = ["numbers_of"]

SIMILAR = 0.1
"""Perturbations up to that of Figure 1, at which claims about similar games are judged."""

Named = Iterator[tuple[str, str]]


def _least(table: pd.DataFrame, values: "pd.Series[float]") -> Any:
    """The row of the least value; one without a value is no candidate."""
    return table.iloc[int(np.nanargmin(values.to_numpy(dtype=float)))]


def _largest(table: pd.DataFrame, name: str) -> Any:
    return _least(table, -table[name])


def _counts(report: Report) -> Named:
    own = [entry for entry in report.entries if entry.claim.of_the_paper]
    kinds, words = [entry.claim.kind for entry in own], [entry.word for entry in own]
    theorems, definitions = kinds.count(THEOREM), kinds.count(DEFINITION)
    yield "claims", number(len(kinds), "d", "claims.csv")
    yield "theorems", number(theorems, "d", "claims.csv")
    yield "told", number(len(kinds) - theorems - definitions, "d", "claims.csv")
    for word in WORDS:
        yield f"word/{word.name}", number(words.count(word.name), "d", "claims.csv")


_REACHED = {"measured": "", "at least": "at least ", "at most": "at most "}
"""What is said of a speed-up; where neither side gets to the gap there is none."""


def _figure1(tables: Tables) -> Named:
    cells = Cells("figure1")
    for panel, part in tables["figure1"].groupby("figure"):
        yield f"{panel}/seeds", cells(part["seed"].nunique(), ",d")
        yield f"{panel}/games", cells(part["games"].iloc[0], ",d")
        yield f"{panel}/iterations", cells(part["iteration"].max(), ",d")
    cells = Cells("speed_up")
    for (figure, kind, arm), part in tables["speed_up"].groupby(["figure", "base_kind", "arm"]):
        row = _least(part, part["ne_gap"])
        yield f"{figure}/{kind}/{arm}/gap", cells(row["ne_gap"])
        if row["status"] != "neither":
            yield f"{figure}/{kind}/{arm}/speed-up", _REACHED[row["status"]] + interval(cells, row, "speed_up", ".3g")


def _equilibria(tables: Tables) -> Named:
    """Sequences in which some equilibrium probability ranges over more than one half."""
    cells, table = Cells("equilibria"), tables["equilibria"]
    table = table[table["payoffs"] == "rewards"]
    probabilities = table.groupby(["base_kind", "seed", "state"])[["mu_a1", "nu_b1"]]
    ranges = probabilities.max() - probabilities.min()
    widest = ranges.max(axis=1).groupby(["base_kind", "seed"]).max()
    for kind, part in widest.groupby("base_kind"):
        yield f"equilibria/{kind}/far", cells(int((part > 1 / 2).sum()), ",d")
        yield f"equilibria/{kind}/sequences", cells(len(part), ",d")


def _sweeps(tables: Tables) -> Named:
    cells, table = Cells("sensitivity"), tables["sensitivity"]
    similar = table[(table["perturbation"] <= SIMILAR) & (table["arm"] != "individual")]
    for (kind, arm), part in similar.groupby(["base_kind", "arm"]):
        effects = [effect_of(row) for _, row in part.iterrows()]
        yield f"sweep/{kind}/{arm}/settings", cells(len(part), ",d")
        yield f"sweep/{kind}/{arm}/helps", cells(effects.count("helps"), ",d")
        yield f"sweep/{kind}/{arm}/hurts", cells(effects.count("hurts"), ",d")
        yield f"sweep/{kind}/{arm}/least", cells(part["ratio"].min(), ".2g")
        yield f"sweep/{kind}/{arm}/most", interval(cells, _largest(part, "ratio"), "ratio", ".3g", *_ENDS)


_ENDS = ("ratio_low", "ratio_high")


def _ratio(cells: Cells, value: float) -> str:
    return cells(value, ".3g" if value < 1000 else ",.0f")


def _bounds(tables: Tables) -> Named:
    """Runs, violations and the largest ratio of each form, over its settings; totals of settings would count twice."""
    cells, theory = Cells("theory"), tables["theory"]
    for (claim, form), part in theory[~theory["total"]].groupby(["claim", "form"]):
        worst = _largest(part, "ratio") if part["ratio"].notna().any() else part.iloc[0]
        yield f"{claim}/{form}/runs", cells(int(part["runs"].sum()), ",d")
        yield f"{claim}/{form}/violations", cells(int(part["violations"].sum()), ",d")
        yield f"{claim}/{form}/ratio", _ratio(cells, worst["ratio"])
        yield f"{claim}/{form}/exact", cells(worst["ratio"], ".7g")
        yield f"{claim}/{form}/worst", cells.text(worst["setting"])


def _searches(tables: Tables) -> Named:
    cells, table = Cells("falsification"), tables["falsification"]
    once = table.drop_duplicates(["claim", "size"])["evaluations"]
    yield "search/evaluations", cells(int(once.sum()), ",d")
    yield "search/claims", cells(table["claim"].nunique(), ",d")
    for (claim, form), part in table.groupby(["claim", "form"]):
        yield f"search/{claim}/{form}/ratio", _ratio(cells, part["verified_ratio"].max())


def _similarity(tables: Tables) -> Named:
    """The dissimilarity of identical games, and the bound for sequences beside that for single games."""
    cells, steps = Cells("similarity_steps"), tables["similarity_steps"]
    for kind, part in steps[steps["perturbation"] == 0].groupby("base_kind"):
        yield f"similarity/{kind}/identical", cells(part["value"].max(), ".3g")
    cells, table = Cells("sequences"), tables["sequences"]
    table = table[table["within"]]
    if len(table):
        row = _least(table, table["bound"] / table["alone"])
        yield "equation 6/sequences", cells(row["bound"], ".3g")
        yield "equation 4/sequences", cells(row["alone"], ".3g")


def _remarks(tables: Tables) -> Named:
    cells, last = Cells("restarts"), tables["restarts"]
    for (kind, iterate), part in last.groupby(["base_kind", "iterate"]):
        yield (
            f"restarts/{kind}/{iterate}",
            interval(cells, _largest(part, "iteration"), "ratio", ".3g", *_ENDS),
        )
    yield "leaders/difference", Cells("leaders")(tables["leaders"]["difference"].max(), ".1e")
    cells, terms = Cells("last_terms"), tables["last_terms"]
    first = terms[terms["ratio"] < 1].groupby(["horizon", "max_actions"])["games"].min()
    if len(first):
        yield "last terms/least", cells(int(first.min()), ",d")
        yield "last terms/most", cells(int(first.max()), ",d")


_TABLES = (_figure1, _equilibria, _sweeps, _bounds, _searches, _similarity, _remarks)


def numbers_of(report: Report, tables: Tables) -> Mapping[str, str]:
    """Numbers by name, such as ``1a/pure/best_response/speed-up``; what a configuration does not measure is left out.

    Parameters
    ----------
    report : Report
        Its claims are counted.
    tables : mapping from str to DataFrame
    """
    found: dict[str, Any] = dict(_counts(report))
    for some in _TABLES:
        found |= some(tables)
    return found
