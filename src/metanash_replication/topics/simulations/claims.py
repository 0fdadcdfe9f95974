"""Claims of section 6: simulations."""

import pandas as pd

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.rules import Tables, comparison, effect, not_tested, speed

__all__ = ["CLAIMS"]

TESTED = "Iterations that mean curves take to gaps, individual over meta-learning, with a bootstrap over seeds."
SWEEP = ("base_kind", "learning_rate", "perturbation")


def _spread(tables: Tables) -> pd.DataFrame:
    """Widest range over the games of the two equilibrium probabilities, by kind and state, beside one half."""
    groups = tables["equilibria"].groupby(["base_kind", "state"])[["mu_a1", "nu_b1"]]
    widest = (groups.max() - groups.min()).max(axis=1).rename("left").reset_index()
    return widest.assign(right=0.5)


def _figure(panel: str, figure: str, kind: str, words: str, arm: str, others: tuple[str, ...] = ()) -> Claim:
    runs = {"1a": "figure1_zero_sum", "1b": "figure1_potential", "1b_theory": "figure1_potential_theory"}[panel]
    suffix = "-theory-step" if panel.endswith("theory") else ""
    return Claim(
        f"figure-{panel[:2]}-{kind.replace('_', '-')}{suffix}",
        "figure-1",
        f"Section 6, {figure}: {words}",
        "Meta-learning converges to an approximate equilibrium with much fewer iterations.",
        TESTED,
        speed(panel, kind, arm, others),
        (f"figure{panel}",),
        ("speed_up", "figure1"),
        (f"runs/{runs}/{kind}/*",),
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
        "figure-1c",
        "figure-1",
        "Section 6, Figure 1(c)",
        r"The equilibria of the stage games of a sequence are close in $[0,1] \times [0,1]$.",
        "Equilibria by linear programming: the widest range of a probability over the games, beside one half.",
        comparison("equilibria", _spread, ("base_kind", "state"), "a range of {left} beside {right} ({where})"),
        ("figure1c",),
        ("equilibria",),
        ("runs/figure1_zero_sum/*/individual/*",),
    ),
    Claim(
        "figure-1c-q-functions",
        "figure-1",
        "Section 6, before Figure 1",
        "Equilibria with respect to the stage Q-functions can be more diverse than Figure 1(c).",
        "A possibility, which no run can refute.",
        not_tested("No table has the equilibria of the stage Q-functions."),
    ),
    Claim(
        "simulations-zero-sum",
        "figure-1",
        "Abstract; Section 6",
        "Simulations corroborate the theory: gaps are smaller with update (5) in zero-sum games.",
        r"Mean gap at $T$ of the games $2$ to $K$ over that of individual learning, over a grid of learning rates and "
        "perturbations, the paper's own not being given.",
        effect(
            "sensitivity",
            "best_response",
            SWEEP,
            lambda table: table[table["base_kind"].isin(["mixed", "pure"])],
            VARIANTS,
        ),
        ("sensitivity_zero_sum",),
        ("sensitivity",),
        ("runs/sensitivity_zero_sum/*",),
    ),
    Claim(
        "simulations-potential",
        "figure-1",
        "Abstract; Section 6",
        "Simulations corroborate the theory: gaps are smaller with carry-over in potential games.",
        r"Mean gap at $T$ of the games $2$ to $K$ over that of individual learning, over a grid of steps and "
        "perturbations, the paper's own not being given.",
        effect("sensitivity", "carry_over", SWEEP),
        ("sensitivity_potential",),
        ("sensitivity",),
        ("runs/sensitivity_potential/*",),
    ),
]
