"""Claims on bandit feedback: a rate that is promised elsewhere, and a sentence of the paper's conclusion."""

import numpy as np
import pandas as pd

from metanash_replication.ledger.claim import AFTER, Claim
from metanash_replication.ledger.plainly import of_two_sides, open_sentence
from metanash_replication.ledger.rules import comparison, rate
from metanash_replication.ledger.words import SENTENCE, THEOREM
from metanash_replication.typing import Tables

__all__ = ["CLAIMS", "meta_ratios"]


def meta_ratios(tables: Tables) -> pd.DataFrame:
    """Final gap of best responses over that of individual learning, on sampled episodes, beside 1.

    ``left`` is the ratio where its interval tells on which side of 1 it is, and no number otherwise.
    """
    table = tables["bandit_meta"]
    rows = table[(table["feedback"] == "sampled") & (table["arm"] == "best_response")]
    told = (rows["ratio_high"] <= 1.0) | (rows["ratio_low"] > 1.0)
    return rows.assign(left=np.where(told, rows["ratio"], np.nan), right=1.0)


CLAIMS = [
    Claim(
        id="bandit-v-learning",
        kind=THEOREM,
        place=f"{AFTER}: Jin et al. (2021); Song et al. (2022); Mao and Başar (2022)",
        statement=(
            r"With bandit feedback V-learning finds an $\epsilon$-approximate Nash equilibrium of a zero-sum game, and "
            r"a coarse correlated one of a general-sum game, in $\tilde O(H^5 S A / \epsilon^2)$ episodes: gaps of "
            r"order $\sqrt{\log T / T}$ after $T$ of them."
        ),
        tested=(
            "Slope of the mean gap on the last decade of episodes, beside that of the promise on the same points; "
            "bounds of gaps of the certified policies, exact for one step, without the bonus of the proof."
        ),
        plain={
            "holds": r"The gap of V-learning falls as fast as the square root of $\log T / T$, in all {cases} cases.",
            "violated": (
                r"The gap of V-learning falls like the power {slope} of one over $T$ in some case, not like "
                r"the square root of $\log T / T$."
            ),
            "open": open_sentence("The gap of V-learning"),
        },
        judge=rate(
            "bandit",
            ("case", "learner"),
            lambda table: table[table["learner"] == "v_learning"],
            against="promised_slope",
        ),
        figures=("bandit_learning",),
        tables=("bandit",),
        runs=("bandit/*",),
    ),
    Claim(
        id="bandit-swap",
        kind=THEOREM,
        place=f"{AFTER}: Song et al. (2022)",
        statement=(
            r"With bandit feedback V-learning with an expert for each action finds an $\epsilon$-approximate "
            r"correlated equilibrium in $\tilde O(H^6 S A^2 / \epsilon^2)$ episodes: gaps of order $\sqrt{\log T / T}$."
        ),
        tested=(
            "Slope of the mean gap on the last decade of episodes, beside that of the promise on the same points; "
            "CE-gaps of the certified policies, exact for one step, without the bonus of the proof."
        ),
        plain={
            "holds": r"The CE-gap from samples falls as fast as the square root of $\log T / T$, in all {cases} cases.",
            "violated": (
                r"The CE-gap from samples falls like the power {slope} of one over $T$ in some case, not like the "
                r"square root of $\log T / T$."
            ),
            "open": open_sentence("The CE-gap from samples"),
        },
        judge=rate(
            "bandit",
            ("case", "learner"),
            lambda table: table[table["learner"] == "swap_v_learning"],
            against="promised_slope",
        ),
        figures=("bandit_learning",),
        tables=("bandit",),
        runs=("bandit/*",),
    ),
    Claim(
        id="bandit-meta",
        kind=SENTENCE,
        place=f"{AFTER}: bandit feedback, to which the paper says that it is easily extended",
        statement="The meta-update (5) helps with bandit feedback too: the gap after $T$ iterations is smaller.",
        tested=(
            "Algorithm 1 on sampled episodes: mean final NE-gap of the games after the first over that of individual "
            "learning: below or above one where its interval over seeds is, open where the interval has both."
        ),
        plain=of_two_sides(
            "Meta-learning with bandit feedback",
            good="With bandit feedback the meta-update (5) leaves at most {ratio} of the gap, in all {cases} cases.",
            some="With bandit feedback the meta-update (5) leaves a larger gap in {failing} of {cases} cases.",
            bad="With bandit feedback the meta-update (5) leaves a larger gap in all {cases} cases.",
        ),
        judge=comparison(
            "bandit_meta",
            meta_ratios,
            ("base_kind", "games", "batch"),
            "gap over that of individual learning {left} ({where})",
        ),
        figures=("bandit_meta",),
        tables=("bandit_meta",),
        runs=("bandit_sequences/*",),
    ),
]
