"""Rates that are promised of learners after the paper. None is a claim of the paper."""

import pandas as pd

from metanash_replication.ledger.claim import AFTER, Claim
from metanash_replication.ledger.plainly import Plain, open_sentence
from metanash_replication.ledger.rules import Rows, comparison, rate
from metanash_replication.ledger.words import THEOREM
from metanash_replication.typing import Tables

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


_SIDES = (
    "Both sides in every game at checkpoints, at the learning rate of the proof, where the right side is above what "
    "rounding leaves. Rates beyond those of the proof are in the table only."
)
_SPEED = (
    "Slope of the largest mean from $T$ on, on the last decade of $T$, beside that of the promise on the same points, "
    "at the learning rate of the proof."
)


def _within(promise: str, form: str = "") -> Rows:
    """Rows of a promise at rates that it is about, of one form if there are several."""

    def rows(table: pd.DataFrame) -> pd.DataFrame:
        own = table[(table["promise"] == promise) & table["within"]]
        return own[own["form"] == form] if form else own

    return rows


def _sides(claim: str, source: str, promise: str, subject: str, statement: str) -> Claim:
    """A claim on the left and right side of a promise."""
    chosen = _within(promise)

    def rows(tables: Tables) -> pd.DataFrame:
        return chosen(tables["successors_promises"])

    return Claim(
        id=claim,
        kind=THEOREM,
        place=f"{AFTER}: {source}",
        statement=statement,
        tested=_SIDES,
        plain={
            "holds": f"{subject} comes to at most {{ratio}} of what is promised, in all {{cases}} cases.",
            "violated": f"{subject} comes to {{ratio}} times what is promised; it is too large in {{failing}} cases.",
            "open": open_sentence(subject),
        },
        judge=comparison("successors_promises", rows, ("case", "factor"), "{left} beside {right} ({where})"),
        figures=("successors_promises",),
        tables=("successors_promises",),
        runs=("promises/*",),
    )


def _speed(claim: str, source: str, promise: str, form: str, subject: str, statement: str) -> Claim:
    """A claim on how fast the left side of a promise falls."""
    return Claim(
        id=claim,
        kind=THEOREM,
        place=f"{AFTER}: {source}",
        statement=statement,
        tested=_SPEED,
        plain=_plain(subject, _IN_WORDS[form]),
        judge=rate("successors_speeds", ("case", "factor"), _within(promise, form), against="promised_slope"),
        figures=("successors_promises",),
        tables=("successors_speeds",),
        runs=("promises/*",),
    )


_IN_WORDS = {
    "log T / sqrt T": r"$\log T / \sqrt T$",
    "1 / sqrt T": r"one over $\sqrt T$",
    "1 / T": "one over $T$",
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
    _sides(
        "after-plain",
        "Cesa-Bianchi and Lugosi (2006), in stages",
        "plain",
        "The gap of mirror descent without prediction, in stages,",
        r"For $H = 1$ the NE-gap of mirror descent in $m$ stages is at most $[1 + (m - 1)(\log(AB) / \eta + 1) + "
        r"\eta (T + m - 2) / 4] / T$; derived here from the regret of Hedge.",
    ),
    _speed(
        "after-plain-rate",
        "Cesa-Bianchi and Lugosi (2006), in stages",
        "plain",
        "log T / sqrt T",
        "The gap of mirror descent without prediction, in stages,",
        r"For $H = 1$ and $\eta = \sqrt{8 \log A / T}$ it is of order $\log T / \sqrt T$: one over $\sqrt T$ in one "
        r"go, and stages that are begun anew cost a logarithm.",
    ),
    _sides(
        "after-stages",
        "FTRL in the stages of Algorithm 1",
        "stages",
        "The gap of FTRL in stages",
        r"The NE-gap of optimistic FTRL in stages has the bound of Theorem 1, in the form that is proven here, at "
        r"$\eta = 1 / (8 H^2)$.",
    ),
    _sides(
        "after-gradient",
        "Wei et al. (2021)",
        "gradient",
        "The squared distance of optimistic gradient steps to the equilibrium",
        r"For $H = 1$ and $\eta \le 1 / (8 L)$ the squared distance of the last iterate to the equilibrium is at most "
        r"$64 (1 + \min(16 \eta^2 C^2 / 81, 1/2))^{-t}$ times that of the first, $C$ being a constant of the game.",
    ),
    _sides(
        "after-predictive",
        "Cen, Wei and Chi (2021)",
        "predictive",
        "The divergence of the predictive update from the equilibrium with entropy",
        r"For $H = 1$ and $\eta \le 1 / (\tau + 2 \max Q)$ the divergence of the quantal response equilibrium from "
        r"$x^t$ is at most $(1 - \eta \tau)^t$ times that from $x^0$.",
    ),
    _sides(
        "after-entropy",
        "Cen, Wei and Chi (2021)",
        "entropy",
        "The divergence of multiplicative weights with entropy from the equilibrium with entropy",
        r"The same holds of optimistic multiplicative weights for $\eta \le \min\{1 / (2 \tau + 2 \max Q), "
        r"1 / (4 \max Q)\}$.",
    ),
    _sides(
        "after-natural",
        "Agarwal et al. (2021)",
        "single",
        "What natural policy gradient of one player misses",
        r"For one player natural policy gradient misses at most $\log(A) / (\eta T) + 1 / ((1 - \gamma)^2 T)$, at any "
        r"$\eta$.",
    ),
    _sides(
        "after-natural-mean",
        "Zhang et al. (2022)",
        "team",
        "The mean gap of natural policy gradient in Markov teams",
        r"In Markov teams, for $\eta \le 2 (1 - \gamma)^2 / (N - 1)$, the mean over $t < T$ of the NE-gaps is at most "
        r"$\sqrt{4 M U / ((1 - \gamma)^2 c \eta \log(1 + U) T)}$, $c$ being the least probability of a best action; "
        r"the form is theirs, the constant is derived here.",
    ),
    _speed(
        "after-natural-rate",
        "Zhang et al. (2022)",
        "team",
        "1 / sqrt T",
        "The mean gap of natural policy gradient in Markov teams",
        r"In Markov teams the mean over $t < T$ of the NE-gaps is of order $1 / \sqrt T$.",
    ),
    _speed(
        "after-natural-unique",
        "Sun et al. (2023)",
        "team",
        "1 / T",
        "The mean gap of natural policy gradient in Markov teams",
        r"Where best actions are unique in the limit that mean is of order $1 / T$.",
    ),
]
