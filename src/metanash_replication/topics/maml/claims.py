"""Claims of section 4.2: MAML in potential games."""

import pandas as pd

from metanash_replication.ledger.cited import number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.rules import (
    INCONCLUSIVE,
    Verdict,
    bound,
    effect,
    never_exceeded,
    not_tested,
)
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]


def _at_inner_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Adaptation to held-out games after as many steps as meta-training took."""
    return table[table["step"] == table["inner_steps"]]


def _inner_loop(tables: Tables) -> Verdict:
    """No verdict on the exponent of epsilon: the runs go to one gap."""
    table, source = tables["inner_loop_slopes"], "inner_loop_slopes.csv"
    slopes = table["slope"]
    missing = int(table["not_reached"].sum())
    result = (
        f"{number(int(table['runs'].sum()), 'd', source)} runs reach the gap, {number(missing, 'd', source)} do not in "
        f"time. Iterations grow like a power of $1/c$ with an exponent from {number(-slopes.max(), '.2f', source)} to "
        f"{number(-slopes.min(), '.2f', source)}, and $c$ can be as small as the initial policies make it; one gap is "
        "no test of the power of $\\varepsilon$."
    )
    return Verdict(INCONCLUSIVE, result)


CLAIMS = [
    Claim(
        id="inner-loop",
        place="Section 4.2, before equation (10)",
        statement=(
            r"$T = O(1/\varepsilon^2)$ steps of softmax policy gradient find an $\varepsilon$-approximate equilibrium."
        ),
        tested=(
            r"Iterations to a small gap from initial policies that make the constant $c$, the least probability put on "
            r"best actions, ever smaller."
        ),
        judge=_inner_loop,
        figures=("maml_inner_loop",),
        tables=("inner_loop", "inner_loop_slopes"),
        runs=("theory/meta_gradient/inner_loop/*",),
    ),
    Claim(
        id="equation-10",
        place="Section 4.2, equation (10)",
        statement="The gradient of the MAML objective has a closed form, and so have policy gradient and Hessian.",
        tested="An identity.",
        judge=not_tested(
            "No run is about it: the test suite compares the closed forms with complex steps and dual numbers."
        ),
    ),
    Claim(
        id="smoothness",
        place="Section 4.2, before Theorem 4 (Lemma 14)",
        statement=(
            r"The meta-objective is Lipschitz smooth, with a constant in closed form. Here: bounds $G$, $L$ and $R$ on "
            r"gradient, Hessian and change of the Hessian, from which such a constant follows."
        ),
        tested="Random games and points; the paper's constant was not at hand, so these are derived here.",
        judge=never_exceeded("gradient at most G", "Hessian at most L", "change of the Hessian at most R"),
        tables=("theory",),
        runs=("theory/meta_gradient/constant_ratios/*",),
    ),
    Claim(
        id="theorem-4",
        place="Section 4.2, Theorem 4",
        statement=(
            r"$K = \frac{4 N L_F}{(1-\gamma) \varepsilon^2}$ meta-iterations find logits with $\|\nabla F_T\| \le "
            r"\varepsilon$."
        ),
        tested="Exact MAML on random tasks and in meta-training: the smallest gradient so far beside the bound.",
        judge=bound("theorem 4", repaired=("sharper: ascent lemma",)),
        figures=("theorem4_norms",),
        tables=("theory", "meta_training"),
        runs=("theory/meta_gradient/random_games/*", "theory/meta_gradient/meta_training/*"),
    ),
    Claim(
        id="maml-adapts",
        place="Section 4.2, below equation (9)",
        statement=r"MAML finds initial parameters from which $T$ steps of gradient ascent do well on a new task.",
        tested=r"Held-out games: gap after as many steps as in meta-training, over that from scratch.",
        judge=effect(
            "adaptation",
            "maml",
            ("base_kind", "discount", "inner_steps"),
            _at_inner_steps,
            ("first_order", "carry_over"),
            column="initialisation",
        ),
        figures=("maml_adaptation",),
        tables=("adaptation",),
        runs=("theory/meta_gradient/meta_training/*",),
    ),
]
