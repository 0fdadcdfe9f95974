"""Claims of section 4.1: potential games."""

import pandas as pd

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound, of_carried_bound, of_effect, open_sentence
from metanash_replication.ledger.rules import (
    bound,
    effect,
    rate,
    similar,
)
from metanash_replication.ledger.words import SENTENCE, THEOREM

__all__ = ["CLAIMS"]

KAPPA = "repaired: 1920/959 kappa"
SEQUENCE = ("base_kind", "discount", "games", "n_players", "perturbation", "step_size")
SOURCES = ("theory/potential/random_games/*", "theory/potential/counterexamples.npz", "theory/potential/long_runs/*")


def _potential(table: pd.DataFrame) -> pd.DataFrame:
    return similar(table[table["family"] == "potential"])


def _admitted(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["step_factor"] <= 1.0]


CLAIMS = [
    Claim(
        id="proposition-1",
        kind=THEOREM,
        place="Section 4.1, Proposition 1",
        statement=(
            r"With $\alpha \le \frac{(1-\gamma)^4}{8 \kappa^3 N A_{\max}}$ the mean NE-gap of the iterates is at most "
            r"$\sqrt{\frac{\kappa (\Phi(\pi^T) - \Phi(\pi^0))}{\alpha T (1-\gamma)^2}}$."
        ),
        tested=(
            r"Exact gaps of every iterate, exact $\kappa$ and the rise of the potential without cancellation: random "
            r"games and sequences, long runs, and games made to break it. The repair replaces $\kappa$ by a slightly "
            r"larger multiple, with a proof."
        ),
        plain=of_bound(
            "Proposition 1, the bound on the mean gap of one potential game,",
            r"with a little more than twice the $\kappa$",
            "the mean gap",
            proven=True,
        ),
        judge=bound("proposition 1", repaired=(KAPPA,)),
        figures=("proposition1_violations", "proposition1_rates"),
        tables=("theory", "proposition1_violations", "potential_curves"),
        runs=(*SOURCES, "theory/potential/random_sequences/*"),
    ),
    Claim(
        id="iterations-proposition-1",
        kind=THEOREM,
        place="Section 4.1, after Proposition 1",
        statement=(
            r"Learning each game alone takes $T = O\left(\frac{N A_{\max} \kappa^4 \Phi_{\max}}{(1-\gamma)^6 "
            r"\varepsilon^2}\right)$ iterations, that is a mean gap of $O(1/\sqrt{T})$."
        ),
        tested=(
            "Slope of the mean gap in log-log on declared windows beside $-1/2$, at the largest step of Proposition 1. "
            "Small steps take long: curves depend on step times iterations alone, which is checked, and later windows "
            "are then those of a larger step."
        ),
        plain={
            "holds": (
                "The number of iterations after Proposition 1 holds: the mean gap falls like $T$ to the power of "
                "$-${slope} or faster, where $-${claimed} is claimed."
            ),
            "violated": (
                "The number of iterations after Proposition 1 is too small: the mean gap falls like $T$ to the power "
                "of $-${slope} only, where $-${claimed} is claimed."
            ),
            "open": open_sentence("The number of iterations after Proposition 1"),
        },
        judge=rate("potential_slopes", ("base_kind", "discount", "step_factor"), _admitted, "claimed"),
        figures=("proposition1_rates",),
        tables=("potential_slopes", "potential_curves"),
        runs=("theory/potential/long_runs/*",),
    ),
    Claim(
        id="theorem-3",
        kind=THEOREM,
        place="Section 4.1, Theorem 3",
        statement=(
            r"With carry-over, the mean over $K$ games of the mean gap is at most $\sqrt{\frac{\kappa (\Phi_{\max} + "
            r"\Delta_\Phi)}{K \alpha T (1-\gamma)^2}}$: the rises of the potentials telescope."
        ),
        tested=(
            r"Random sequences and sweeps over perturbation, number of games, players and discount, with $\Phi_{\max}$ "
            r"and $\Delta_\Phi$ exact or certified."
        ),
        plain=of_bound(
            "Theorem 3, the bound on the mean gap of potential games with carry-over,",
            r"with a little more than twice the $\kappa$",
            "the mean gap",
        ),
        judge=bound("theorem 3", repaired=(KAPPA,)),
        figures=("theorem3_benefit",),
        tables=("theory", "potential_sequences"),
        runs=("theory/potential/random_sequences/*", "theory/potential/sequences/theory-carry_over.npz"),
    ),
    Claim(
        id="sharper-potential",
        kind=SENTENCE,
        place="Section 4.1, after equation (8); abstract",
        statement=(
            "Carry-over makes the mean gap smaller than learning each game alone when the potentials are similar."
        ),
        tested=(
            r"Mean gap over all iterates of games $2$ to $K$ over that of individual learning on the same seeds, at "
            r"the step of the theory and a practical one; similar: perturbed no more than the reference setting."
        ),
        plain=of_effect("Carry-over in potential games", gap="mean gap"),
        judge=effect("potential_sequences", "carry_over", SEQUENCE, _potential),
        figures=("theorem3_benefit",),
        tables=("potential_sequences",),
        runs=("theory/potential/sequences/theory-*", "theory/potential/sequences/practical-*"),
    ),
    Claim(
        id="carry-over-start",
        kind=SENTENCE,
        place="Section 4.1, before Theorem 3",
        statement=(
            r"The policy that a game ended with, $\pi^{k-1,T}$, is a good start to search an equilibrium of the next "
            r"similar game."
        ),
        tested="As above, for the gap of the last iterate in the place of the mean.",
        plain=of_effect("The last policy of a potential game as the start of the next", gap="final gap"),
        judge=effect("potential_sequences", "carry_over", SEQUENCE, _potential, ratio="last_ratio"),
        figures=("theorem3_benefit",),
        tables=("potential_sequences",),
        runs=("theory/potential/sequences/theory-*", "theory/potential/sequences/practical-*"),
    ),
    Claim(
        id="finite-horizon-potential",
        kind=SENTENCE,
        place="Section 4.1, first paragraph",
        statement="Equivalent results for the finite-horizon setting follow in a straightforward way.",
        tested=(
            "A game with finite horizon is a discounted game whose states are pairs of a step and a state, for any "
            "discount, so Proposition 1 is a result about it: random teams at the step that it admits there, in its "
            "printed and its repaired form."
        ),
        plain=of_carried_bound("Proposition 1 for a finite horizon", r"with a little more than twice the $\kappa$"),
        judge=bound("proposition 1, finite horizon", repaired=(KAPPA,)),
        tables=("theory",),
        runs=("theory/potential/finite_horizon.npz",),
    ),
]
