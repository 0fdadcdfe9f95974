"""Claims of section 4: potential games and MAML."""

import pandas as pd

from metanash_replication.ledger.cited import number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.rules import (
    INCONCLUSIVE,
    Tables,
    Verdict,
    bound,
    effect,
    never_exceeded,
    not_tested,
    rate,
    similar,
)

__all__ = ["CLAIMS"]

KAPPA = "repaired: 1920/959 kappa"
SEQUENCE = ("base_kind", "discount", "games", "n_players", "perturbation", "step_size")
SOURCES = ("theory/potential/random_games/*", "theory/potential/counterexamples.npz", "theory/potential/long_runs/*")


def _potential(table: pd.DataFrame) -> pd.DataFrame:
    return similar(table[table["family"] == "potential"])


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
        "proposition-1",
        "proposition-1",
        "Section 4.1, Proposition 1",
        r"With $\alpha \le \frac{(1-\gamma)^4}{8 \kappa^3 N A_{\max}}$ the mean NE-gap of the iterates is at most "
        r"$\sqrt{\frac{\kappa (\Phi(\pi^T) - \Phi(\pi^0))}{\alpha T (1-\gamma)^2}}$.",
        r"Exact gaps of every iterate, exact $\kappa$ and the rise of the potential without cancellation: random "
        r"games and sequences, long runs, and games made to break it. The repair replaces $\kappa$ by a slightly "
        r"larger multiple, with a proof.",
        bound("proposition 1", repaired=(KAPPA,), without=("with 2 kappa",)),
        ("proposition1_violations", "proposition1_rates"),
        ("theory", "proposition1_violations", "potential_curves"),
        (*SOURCES, "theory/potential/random_sequences/*"),
    ),
    Claim(
        "iterations-proposition-1",
        "proposition-1",
        "Section 4.1, after Proposition 1",
        r"Learning each game alone takes $T = O\left(\frac{N A_{\max} \kappa^4 \Phi_{\max}}{(1-\gamma)^6 "
        r"\varepsilon^2}\right)$ iterations, that is a mean gap of $O(1/\sqrt{T})$.",
        "Slope of the mean gap in log-log on declared windows, beside that of the bound with the measured rise.",
        rate("potential_slopes", ("base_kind", "discount", "step_factor")),
        ("proposition1_rates",),
        ("potential_slopes", "potential_curves"),
        ("theory/potential/long_runs/*",),
    ),
    Claim(
        "theorem-3",
        "theorem-3",
        "Section 4.1, Theorem 3",
        r"With carry-over, the mean over $K$ games of the mean gap is at most $\sqrt{\frac{\kappa (\Phi_{\max} + "
        r"\Delta_\Phi)}{K \alpha T (1-\gamma)^2}}$: the rises of the potentials telescope.",
        r"Random sequences and sweeps over perturbation, number of games, players and discount, with $\Phi_{\max}$ and "
        r"$\Delta_\Phi$ exact or certified.",
        bound("theorem 3", repaired=(KAPPA,), without=("with 2 kappa",)),
        ("theorem3_benefit",),
        ("theory", "potential_sequences"),
        ("theory/potential/random_sequences/*", "theory/potential/sequences/theory-carry_over.npz"),
    ),
    Claim(
        "sharper-potential",
        "theorem-3",
        "Section 4.1, after equation (8); abstract",
        "Carry-over makes the mean gap smaller than learning each game alone when the potentials are similar.",
        r"Mean gap over all iterates of games $2$ to $K$ over that of individual learning on the same seeds, at the "
        "step of the theory and a practical one; similar: perturbed no more than the reference setting.",
        effect("potential_sequences", "carry_over", SEQUENCE, _potential),
        ("theorem3_benefit",),
        ("potential_sequences",),
        ("theory/potential/sequences/theory-*", "theory/potential/sequences/practical-*"),
    ),
    Claim(
        "carry-over-start",
        "theorem-3",
        "Section 4.1, before Theorem 3",
        r"The policy that a game ended with, $\pi^{k-1,T}$, is a good start to search an equilibrium of the next "
        "similar game.",
        "As above, for the gap of the last iterate in the place of the mean.",
        effect("potential_sequences", "carry_over", SEQUENCE, _potential, ratio="last_ratio"),
        ("theorem3_benefit",),
        ("potential_sequences",),
        ("theory/potential/sequences/theory-*", "theory/potential/sequences/practical-*"),
    ),
    Claim(
        "finite-horizon-potential",
        "theorem-3",
        "Section 4.1, first paragraph",
        "Equivalent results for the finite-horizon setting follow in a straightforward way.",
        "The discounted setting of the paper is the one that is run.",
        not_tested("The paper states none of the finite-horizon results, and no run is about one."),
    ),
    Claim(
        "inner-loop",
        "theorem-4",
        "Section 4.2, before equation (10)",
        r"$T = O(1/\varepsilon^2)$ steps of softmax policy gradient find an $\varepsilon$-approximate equilibrium.",
        r"Iterations to a small gap from initial policies that make the constant $c$, the least probability put on "
        r"best actions, ever smaller.",
        _inner_loop,
        ("maml_inner_loop",),
        ("inner_loop", "inner_loop_slopes"),
        ("theory/meta_gradient/inner_loop/*",),
    ),
    Claim(
        "equation-10",
        "theorem-4",
        "Section 4.2, equation (10)",
        "The gradient of the MAML objective has a closed form, and so have policy gradient and Hessian.",
        "An identity.",
        not_tested("No run is about it: the test suite compares the closed forms with complex steps and dual numbers."),
    ),
    Claim(
        "smoothness",
        "theorem-4",
        "Section 4.2, before Theorem 4 (Lemma 14)",
        r"The meta-objective is Lipschitz smooth, with a constant in closed form. Here: bounds $G$, $L$ and $R$ on "
        r"gradient, Hessian and change of the Hessian, from which such a constant follows.",
        "Random games and points; the paper's constant was not at hand, so these are derived here.",
        never_exceeded("gradient at most G", "Hessian at most L", "change of the Hessian at most R"),
        tables=("theory",),
        runs=("theory/meta_gradient/constant_ratios/*",),
    ),
    Claim(
        "theorem-4",
        "theorem-4",
        "Section 4.2, Theorem 4",
        r"$K = \frac{4 N L_F}{(1-\gamma) \varepsilon^2}$ meta-iterations find logits with $\|\nabla F_T\| \le "
        r"\varepsilon$.",
        "Exact MAML on random tasks and in meta-training: the smallest gradient so far beside the bound.",
        bound("theorem 4", repaired=("sharper: ascent lemma",)),
        ("theorem4_norms",),
        ("theory", "meta_training"),
        ("theory/meta_gradient/random_games/*", "theory/meta_gradient/meta_training/*"),
    ),
    Claim(
        "maml-adapts",
        "theorem-4",
        "Section 4.2, below equation (9)",
        r"MAML finds initial parameters from which $T$ steps of gradient ascent do well on a new task.",
        r"Held-out games: gap after as many steps as in meta-training, over that from scratch.",
        effect(
            "adaptation",
            "maml",
            ("base_kind", "discount", "inner_steps"),
            _at_inner_steps,
            ("first_order", "carry_over"),
            column="initialisation",
        ),
        ("maml_adaptation",),
        ("adaptation",),
        ("theory/meta_gradient/meta_training/*",),
    ),
]
