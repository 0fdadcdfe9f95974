"""Claims of section 4.2: MAML in potential games."""

import pandas as pd

from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound, of_effect, open_sentence
from metanash_replication.ledger.rules import (
    HOLDS,
    INCONCLUSIVE,
    VIOLATED,
    Verdict,
    bound,
    comparison,
    effect,
    never_exceeded,
)
from metanash_replication.ledger.telling import in_numbers
from metanash_replication.ledger.verdict import Mark
from metanash_replication.ledger.words import SENTENCE, THEOREM
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]


def _at_inner_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Adaptation to held-out games after as many steps as meta-training took."""
    return table[table["step"] == table["inner_steps"]]


DIFFERENCE = 1e-6
"""Of a gradient and differences, as differences are no more precise than that."""
QUADRATIC = 2.0
"""Exponent of 1/epsilon that the paper claims."""


def _inner_loop(tables: Tables) -> Verdict:
    """The exponent of 1/epsilon at fixed c, and how the constant that O hides depends on c."""
    table, source = tables["inner_loop_rates"], "inner_loop_rates.csv"
    judged = table.dropna(subset=["exponent"])
    if judged.empty:
        return Verdict(INCONCLUSIVE, "No run of this configuration gets to the smallest gap.")
    missing = int(table["not_reached"].sum())
    name = HOLDS if not missing and (table["high"] <= QUADRATIC).all() else INCONCLUSIVE
    if (judged["low"] > QUADRATIC).any():
        name = VIOLATED
    worst = judged.iloc[int(judged["high"].to_numpy().argmax())]
    where = f"{worst['base_kind']}, discount={worst['discount']:g}, probability={worst['probability']:g}"
    left = f"; {number(missing, 'd', source)} runs do not get there in time" if missing else ""
    slopes = tables["inner_loop_slopes"]["slope"]
    result = (
        f"From a gap of {number(worst['largest'], 'g', source)} to {number(worst['smallest'], 'g', source)} iterations "
        f"grow like a power of $1/\\varepsilon$ with an exponent of at most {number(worst['exponent'], '.2f', source)} "
        f"[{number(worst['low'], '.2f', source)}, {number(worst['high'], '.2f', source)}] "
        f"({cited(where, source)}){left}. At one gap they grow like a power of $1/c$ with an exponent from "
        f"{number(-slopes.max(), '.2f', 'inner_loop_slopes.csv')} to "
        f"{number(-slopes.min(), '.2f', 'inner_loop_slopes.csv')}, and $c$ is as small as the initial policies make it."
    )
    value, low, high = (float(worst[end]) / QUADRATIC for end in ("exponent", "low", "high"))
    return Verdict(
        name,
        result,
        where,
        place={"base_kind": worst["base_kind"]},
        facts=in_numbers(source, exponent=worst["exponent"], claimed=QUADRATIC),
        marks=(Mark("printed", "exponent", value, low, high, "exponent"),),
    )


CLAIMS = [
    Claim(
        id="inner-loop",
        kind=THEOREM,
        place="Section 4.2, before equation (10)",
        statement=(
            r"$T = O(1/\varepsilon^2)$ steps of softmax policy gradient find an $\varepsilon$-approximate equilibrium."
        ),
        tested=(
            r"Iterations to gaps over four decades, at fixed initial policies and so at a fixed constant $c$, the "
            r"least probability put on best actions: the exponent of $1/\varepsilon$, beside $2$; and to one gap from "
            r"initial policies that make $c$ ever smaller."
        ),
        plain={
            "holds": (
                r"Policy gradient is as fast as claimed: iterations grow like $1/\varepsilon$ to the power of "
                r"{exponent} at "
                "most, where {claimed} is claimed; the constant depends on the initial policies."
            ),
            "violated": (
                r"Policy gradient is slower than claimed: iterations grow like $1/\varepsilon$ to the power of "
                r"{exponent}, "
                "where {claimed} is claimed."
            ),
            "open": open_sentence("The number of iterations of policy gradient"),
        },
        judge=_inner_loop,
        figures=("maml_inner_loop",),
        tables=("inner_loop_rates", "inner_loop", "inner_loop_slopes"),
        runs=("theory/meta_gradient/inner_loop/*",),
    ),
    Claim(
        id="equation-10",
        kind=THEOREM,
        place="Section 4.2, equation (10)",
        statement="The gradient of the MAML objective has a closed form, and so have policy gradient and Hessian.",
        tested=(
            "An identity: the closed form beside differences of (9) of fourth order along every logit, on random "
            "distributions of games and random logits, in parts of the largest entry of the gradient."
        ),
        plain={
            "holds": (
                "Equation (10), the gradient of MAML, is right: differences agree with it up to {left} of its size."
            ),
            "violated": "Equation (10), the gradient of MAML, is wrong: differences are off by {left} of its size.",
            "open": open_sentence("Equation (10), the gradient of MAML"),
        },
        judge=comparison(
            "gradient_checks",
            lambda tables: tables["gradient_checks"].assign(left=lambda t: t["difference"], right=DIFFERENCE),
            ("base_kind", "discount", "inner_steps"),
            "they differ by {left} beside {right} ({where})",
        ),
        tables=("gradient_checks",),
        runs=("theory/meta_gradient/gradient_checks/*",),
    ),
    Claim(
        id="smoothness",
        kind=THEOREM,
        place="Section 4.2, before Theorem 4 (Lemma 14)",
        statement=(
            r"The meta-objective is Lipschitz smooth, with a constant in closed form. Here: bounds $G$, $L$ and $R$ on "
            r"gradient, Hessian and change of the Hessian, from which such a constant follows."
        ),
        tested="Random games and points; the paper's constant was not at hand, so these are derived here.",
        plain=of_bound("The smoothness of the objective of MAML (Lemma 14)", left="a derivative"),
        judge=never_exceeded("gradient at most G", "Hessian at most L", "change of the Hessian at most R"),
        tables=("theory",),
        runs=("theory/meta_gradient/constant_ratios/*",),
    ),
    Claim(
        id="theorem-4",
        kind=THEOREM,
        place="Section 4.2, Theorem 4",
        statement=(
            r"$K = \frac{4 N L_F}{(1-\gamma) \varepsilon^2}$ meta-iterations find logits with $\|\nabla F_T\| \le "
            r"\varepsilon$."
        ),
        tested="Exact MAML on random tasks and in meta-training: the smallest gradient so far beside the bound.",
        plain=of_bound("Theorem 4, the number of iterations of MAML,", left="the gradient"),
        judge=bound("theorem 4", repaired=("sharper: ascent lemma",)),
        figures=("theorem4_norms",),
        tables=("theory", "meta_training"),
        runs=("theory/meta_gradient/random_games/*", "theory/meta_gradient/meta_training/*"),
    ),
    Claim(
        id="maml-adapts",
        kind=SENTENCE,
        place="Section 4.2, below equation (9)",
        statement=r"MAML finds initial parameters from which $T$ steps of gradient ascent do well on a new task.",
        tested=r"Held-out games: gap after as many steps as in meta-training, over that from scratch.",
        plain=of_effect("Starting from what MAML has found", beside="starting from scratch"),
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
