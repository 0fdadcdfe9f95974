"""Claims of section 6 on the start of a new game."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from metanash_replication.ledger.cited import number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import open_sentence
from metanash_replication.ledger.rules import (
    HOLDS,
    INCONCLUSIVE,
    REPAIRED,
    VIOLATED,
    Judge,
    Rows,
    Verdict,
    effect,
    similar,
)
from metanash_replication.ledger.words import EXPERIMENT
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

SHARED = ("last_stage_average", "output_policy", "shared_best_response")
"""Targets that are the same for every stage."""
ZERO_SUM = ("base_kind", "horizon", "games", "perturbation", "learning_rate")
POTENTIAL = ("base_kind", "discount", "games", "perturbation", "learning_rate")


def _family(name: str) -> Rows:
    """Readings of a family with similar games and the alpha of Theorem 2, once each, whatever gaps are to reach."""

    def rows(table: pd.DataFrame) -> pd.DataFrame:
        own = similar(table[(table["family"] == name) & (table["level"] == table["level"].max())])
        return own[own["alpha_of_theory"] | own["alpha"].isna()]

    return rows


def _starts_lower(arm: str, keys: Sequence[str], rows: Rows, repaired: Sequence[str] = ()) -> Judge:
    """The rule ``effect`` for the first gap; a first gap that is exactly that of individual learning is not lower."""

    def judge(tables: Tables) -> Verdict:
        found = effect("readings", arm, keys, rows, repaired, ratio="start")(tables)
        own = rows(tables["readings"])
        own = own[own["arm"] == arm]
        equal = int((own["begins"] == "equal").sum())
        if found.name == INCONCLUSIVE and equal:
            others = (effect("readings", other, keys, rows, ratio="start")(tables).name for other in repaired)
            found = replace(found, name=REPAIRED if HOLDS in others else VIOLATED)
        if not equal:
            return found
        counted = f"{number(equal, 'd', 'readings.csv')} of {number(len(own), 'd', 'readings.csv')} settings"
        told = f"The first gap is that of individual learning in {counted}, on every seed."
        return replace(found, result=f"{told} {found.result}")

    return judge


def _start(subject: str) -> dict[str, str]:
    """Plain sentences on the first gap of a new game."""
    smaller = f"{subject} is smaller than from uniform policies in"
    return {
        "replicated": f"{smaller} all {{settings}} settings: {{least}} to {{most}} of that.",
        "partly replicated": f"{smaller} {{helps}} of {{settings}} settings{{worse}}{{instead}}.",
        "not replicated": f"{smaller} {{helps}} of {{settings}} settings only{{worse}}{{instead}}.",
        "open": open_sentence(f"{subject}, beside that from uniform policies"),
    }


CLAIMS = [
    Claim(
        id="better-initialization-zero-sum",
        kind=EXPERIMENT,
        place="Section 6, last sentence",
        statement="Meta-learning attains a better policy initialization in a new zero-sum game.",
        tested=(
            r"Mean gap after the first iteration over that of individual learning, with update (5) and $\alpha = "
            r"1/\sqrt{K}$, in readings of Figure 1 with similar games. Tied best responses share their probability "
            "evenly; in the first stage, where nothing is known yet, all are tied. The repair: targets that all stages "
            "share."
        ),
        plain=_start("With update (5) the first gap in a new zero-sum game"),
        judge=_starts_lower("best_response", ZERO_SUM, _family("zero_sum"), SHARED),
        figures=("readings",),
        tables=("readings",),
        runs=("readings/zero_sum/*",),
    ),
    Claim(
        id="better-initialization-potential",
        kind=EXPERIMENT,
        place="Section 6, last sentence",
        statement="Meta-learning attains a better policy initialization in a new potential game.",
        tested=(
            "Mean gap after the first iteration over that of individual learning, with carry-over, in readings of "
            "Figure 1 with similar games."
        ),
        plain=_start("With carry-over the first gap in a new potential game"),
        judge=_starts_lower("carry_over", POTENTIAL, _family("potential")),
        figures=("readings",),
        tables=("readings",),
        runs=("readings/potential/*",),
    ),
]
