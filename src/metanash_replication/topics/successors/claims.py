"""Rates that are promised of learners after the paper. None is a claim of the paper."""

import pandas as pd

from metanash_replication.ledger.claim import AFTER, Claim
from metanash_replication.ledger.plainly import Plain, open_sentence
from metanash_replication.ledger.rules import Rows, rate
from metanash_replication.ledger.words import THEOREM

__all__ = ["CLAIMS"]

_TESTED = (
    "Slope of the largest mean gap from $T$ on, on the last decade of $T$, beside that of the promise on the same "
    "points. Learning rates are larger than those of the proofs, at which such runs show a transient only."
)
_KEYS = ("case", "learner")


def _of(concept: str, *learners: str) -> Rows:
    def rows(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["concept"] == concept) & table["learner"].isin(learners)]

    return rows


def _plain(subject: str, promise: str) -> Plain:
    return {
        "holds": f"{subject} falls as fast as {promise}, in all {{cases}} cases.",
        "violated": f"{subject} falls like the power {{slope}} of one over $T$ in some case, not like {promise}.",
        "open": open_sentence(subject),
    }


CLAIMS = [
    Claim(
        id="after-leader",
        kind=THEOREM,
        place=f"{AFTER}: Yang and Ma (2022)",
        statement=r"The NE-gap of optimistic FTRL with incremental values is of order $H^5 \log(AB) / T$.",
        tested=_TESTED,
        plain=_plain("The gap of optimistic FTRL in zero-sum games", "one over $T$"),
        judge=rate("successors", _KEYS, _of("average", "optimistic_ftrl"), against="promised_slope"),
        figures=("successors_average",),
        tables=("successors",),
        runs=("successors/*",),
    ),
    Claim(
        id="after-cautious",
        kind=THEOREM,
        place=f"{AFTER}: Soleymani et al. (2025); Yorulmaz and Basar (2026)",
        statement=r"The CCE-gap of DLRC-OMWU is of order $\log T / T$, in one-shot games and in stages.",
        tested=_TESTED,
        plain=_plain("The CCE-gap of DLRC-OMWU", r"$\log T / T$"),
        judge=rate("successors", _KEYS, _of("cce", "cautious_omwu", "staged_cautious_omwu"), against="promised_slope"),
        figures=("successors_cce",),
        tables=("successors",),
        runs=("successors/*",),
    ),
    Claim(
        id="after-barrier",
        kind=THEOREM,
        place=f"{AFTER}: Cai et al. (2024)",
        statement=r"The CE-gap of optimistic FTRL with the log barrier is of order $\log T / T$.",
        tested=_TESTED,
        plain=_plain("The CE-gap of optimistic FTRL with the log barrier", r"$\log T / T$"),
        judge=rate("successors", _KEYS, _of("ce", "log_barrier_ftrl"), against="promised_slope"),
        figures=("successors_ce",),
        tables=("successors",),
        runs=("successors/*",),
    ),
]
