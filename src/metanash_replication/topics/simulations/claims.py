"""Claims of section 6: simulations."""

import pandas as pd

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.rules import Rows, comparison, effect, not_tested, speed
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

TESTED = "Iterations that mean curves take to gaps, individual over meta-learning, with a bootstrap over seeds."
SWEEP = ("base_kind", "learning_rate", "perturbation")


def _spread(tables: Tables) -> pd.DataFrame:
    """Widest range over the games of the two equilibrium probabilities, by kind and state, beside one half."""
    groups = tables["equilibria"].groupby(["base_kind", "state"])[["mu_a1", "nu_b1"]]
    widest = (groups.max() - groups.min()).max(axis=1).rename("left").reset_index()
    return widest.assign(right=0.5)


SIMILAR = 0.1
"""Games are similar that are perturbed no more than those of Figure 1."""


def _similar(*kinds: str) -> Rows:
    """Cells of the sweep with games of these kinds that are similar, which is what the claims are about."""
    return lambda table: table[table["base_kind"].isin(kinds) & (table["perturbation"] <= SIMILAR)]


def _figure(panel: str, figure: str, kind: str, words: str, arm: str, others: tuple[str, ...] = ()) -> Claim:
    runs = {"1a": "figure1_zero_sum", "1b": "figure1_potential", "1b_theory": "figure1_potential_theory"}[panel]
    suffix = "-theory-step" if panel.endswith("theory") else ""
    return Claim(
        id=f"figure-{panel[:2]}-{kind.replace('_', '-')}{suffix}",
        place=f"Section 6, {figure}: {words}",
        statement="Meta-learning converges to an approximate equilibrium with much fewer iterations.",
        tested=TESTED,
        judge=speed(panel, kind, arm, others),
        figures=(f"figure{panel}",),
        tables=("speed_up", "figure1"),
        runs=(f"runs/{runs}/{kind}/*",),
    )


VARIANTS = ("output_policy", "stage_average")

CLAIMS = [
    _figure("1a", "Figure 1(a)", "pure", "zero-sum games with pure equilibria", "best_response", VARIANTS),
    _figure("1a", "Figure 1(a)", "mixed", "zero-sum games with mixed equilibria", "best_response", VARIANTS),
    _figure("1b", "Figure 1(b)", "team", "Markov teams at a practical step", "carry_over"),
    _figure(
        "1b",
        "Figure 1(b)",
        "action_independent",
        "potential games with action-independent transitions at a practical step",
        "carry_over",
    ),
    _figure("1b_theory", "Figure 1(b)", "team", "Markov teams at the step of Proposition 1", "carry_over"),
    _figure(
        "1b_theory",
        "Figure 1(b)",
        "action_independent",
        "potential games with action-independent transitions at the step of Proposition 1",
        "carry_over",
    ),
    Claim(
        id="figure-1c",
        place="Section 6, Figure 1(c)",
        statement=r"The equilibria of the stage games of a sequence are close in $[0,1] \times [0,1]$.",
        tested="Equilibria by linear programming: the widest range of a probability over the games, beside one half.",
        judge=comparison("equilibria", _spread, ("base_kind", "state"), "a range of {left} beside {right} ({where})"),
        figures=("figure1c",),
        tables=("equilibria",),
        runs=("runs/figure1_zero_sum/*/individual/*",),
    ),
    Claim(
        id="figure-1c-q-functions",
        place="Section 6, before Figure 1",
        statement="Equilibria with respect to the stage Q-functions can be more diverse than Figure 1(c).",
        tested="A possibility, which no run can refute.",
        judge=not_tested("No table has the equilibria of the stage Q-functions."),
    ),
    Claim(
        id="simulations-zero-sum",
        place="Abstract; Section 6",
        statement="Simulations corroborate the theory: gaps are smaller with update (5) in zero-sum games.",
        tested=(
            r"Mean gap at $T$ of the games $2$ to $K$ over that of individual learning, over a grid of learning rates "
            r"and perturbations, the paper's own not being given; similar games only, perturbed no more than in Figure "
            r"1."
        ),
        judge=effect("sensitivity", "best_response", SWEEP, _similar("mixed", "pure"), VARIANTS),
        figures=("sensitivity_zero_sum",),
        tables=("sensitivity",),
        runs=("runs/sensitivity_zero_sum/*",),
    ),
    Claim(
        id="simulations-potential",
        place="Abstract; Section 6",
        statement="Simulations corroborate the theory: gaps are smaller with carry-over in potential games.",
        tested=(
            r"Mean gap at $T$ of the games $2$ to $K$ over that of individual learning, over a grid of steps and "
            r"perturbations, the paper's own not being given; similar games only: perturbed no more than in Figure 1."
        ),
        judge=effect("sensitivity", "carry_over", SWEEP, _similar("team", "action_independent")),
        figures=("sensitivity_potential",),
        tables=("sensitivity",),
        runs=("runs/sensitivity_potential/*",),
    ),
]
