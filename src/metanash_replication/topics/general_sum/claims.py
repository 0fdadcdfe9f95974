"""Claims of section 5: coarse correlated equilibria of general-sum games."""

import pandas as pd

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound, of_effect, of_growth, open_sentence
from metanash_replication.ledger.rules import bound, effect, growth, similar
from metanash_replication.ledger.words import SENTENCE, THEOREM

__all__ = ["CLAIMS"]

EXACT = "theorem 5, exact CCE-gap"
WORST, TERM, CUBIC = "repaired: worst best response", "repaired: burn-in term", "proven: third power of eta"
RUNS = ("theory/general_sum/rates/*", "theory/general_sum/schedules/*")
MEASURED = ("theory/general_sum/random_games/*", "theory/general_sum/burn_in.npz", *RUNS)


def _random_games(theory: pd.DataFrame) -> pd.DataFrame:
    return theory[theory["measurement"] == "random_games"]


CLAIMS = [
    Claim(
        id="theorem-5",
        kind=THEOREM,
        place="Section 5, Theorem 5, first display",
        statement=(
            r"For every $\eta > 0$ the CCE-gap of the output is at most $\frac{3}{\eta T} \sum_{\tau,h} \max_{i,s} "
            r"D_R(\pi_{h,i}^{\tau,\dagger}, \tilde\pi_{h,i}^\tau) + 36 N^2 \eta^2 H^4$."
        ),
        tested=(
            "Random games with random, good and bad initial policies, long runs at several schedules of learning rates "
            "and games made to break the burn-in. The CCE-gap is exact: that of a deviator who infers the stage from "
            "the play that it sees. Where that takes too much, the deviator is told the stage, which bounds it from "
            "above."
        ),
        plain=of_bound(
            "Theorem 5, the bound on the CCE-gap of a general-sum game for every learning rate,",
            "with a term for the first stage",
            "the CCE-gap",
            proven=True,
        ),
        judge=bound("theorem 5", repaired=(WORST, TERM, CUBIC), better=EXACT),
        figures=("theorem5_bounds",),
        tables=("theory", "schedules"),
        runs=MEASURED,
    ),
    Claim(
        id="theorem-5-exact",
        kind=THEOREM,
        place="Section 5, Theorem 5, first display",
        statement="The same, on random games and with the exact CCE-gap only.",
        tested="The random games whose exact gap takes no more than is allowed.",
        plain=of_bound("Theorem 5 on random games", "with a term for the first stage", "the CCE-gap", proven=True),
        judge=bound(EXACT, repaired=(WORST, TERM, CUBIC), rows=_random_games),
        tables=("theory",),
        runs=("theory/general_sum/random_games/*",),
    ),
    Claim(
        id="equation-11",
        kind=THEOREM,
        place="Section 5, Theorem 5, equation (11)",
        statement=(
            r"With uniform initial policies and $\eta = H^{-2/3} T^{-1/3} (N-1)^{-2/3}$ the CCE-gap is at most $12 "
            r"N^{2/3} H^{8/3} \log T \log A_{\max} / T^{2/3}$."
        ),
        tested=(
            "Random games and long runs, one run for each $T$. The CCE-gap is exact or, where that takes too much, "
            "bounded by the gap of a deviator who is told the stage."
        ),
        plain=of_bound("Equation (11), the bound of Theorem 5 from uniform policies,", left="the CCE-gap"),
        judge=bound("equation 11"),
        figures=("theorem5_bounds",),
        tables=("theory", "schedules"),
        runs=("theory/general_sum/random_games/*", "theory/general_sum/rates/*"),
    ),
    Claim(
        id="rate-equation-11",
        kind=THEOREM,
        place="Section 5, after Theorem 5",
        statement=r"From uniform policies, Algorithm 2 has the rate $\tilde{O}(T^{-2/3})$.",
        tested=(
            r"$\eta T$ times the mean CCE-gap at the learning rates of (11), a run for each $T$, each the end of a "
            r"stage: affine in $\log T$, as (11) has it, or a power of $T$? Two models, fitted to three decades, with "
            "a bootstrap over seeds. Where the gap is not known or not positive, that of a deviator who is told the "
            "stage, which can confirm the rate, but not refute it. Slopes are drawn as an illustration."
        ),
        plain=of_growth("The rate of Algorithm 2 from uniform policies", r"$\eta T$ times the CCE-gap"),
        judge=growth("rate_growth", ("horizon", "n_players"), curve=r"$\eta T$ times the gap at stage ends"),
        figures=("theorem5_slopes",),
        tables=("rate_growth", "schedule_slopes", "schedules"),
        runs=("theory/general_sum/rates/*",),
    ),
    Claim(
        id="rate-can-be-improved",
        kind=SENTENCE,
        place="Section 5, after Theorem 5; Section 7",
        statement=(
            r"The rate of (11), worse than the best-known $\tilde{O}(T^{-3/4})$, can almost certainly be improved by a "
            r"better analysis."
        ),
        tested=(
            r"A bound with $\eta^3$ in the place of $\eta^2$, proven here, gives $T^{-3/4}$ at $\eta$ of order "
            r"$T^{-1/4}$: whether it is ever violated."
        ),
        plain={
            "replicated": (
                r"The rate of (11) can be improved: a bound with $\eta^3$ is proven here, and holds in {runs} runs."
            ),
            "partly replicated": (
                r"The rate of (11) may be improved: of a bound with $\eta^3$ only a repaired form holds in {runs} runs."
            ),
            "not replicated": (
                r"The rate of (11) is not improved: a bound with $\eta^3$ is exceeded in {violated} of {runs} runs."
            ),
            "open": open_sentence("A better rate than (11)"),
        },
        judge=bound("theorem 5", printed=CUBIC, better=EXACT),
        figures=("theorem5_slopes", "theorem5_bounds"),
        tables=("theory", "schedule_slopes"),
        runs=MEASURED,
    ),
    Claim(
        id="theorem-6",
        kind=THEOREM,
        place="Section 5, Theorem 6",
        statement=(
            r"$T = \tilde{O}\left(\frac{H N}{\varepsilon^{3/2}} \left( \frac{\Delta_\pi^{3/2}}{K^{5/4}} + "
            r"\frac{A_{\max}^{3/2} + H^3}{K^{1/2}} \right)\right)$ iterations on average give an "
            r"$\varepsilon$-approximate CCE of each game."
        ),
        tested=(
            "It has no constant, so what is checked is what it is made of: Theorem 5, averaged over the games, in its "
            "proven form and at the worst of tied best responses. The CCE-gap as for (11)."
        ),
        plain=of_bound(
            "What Theorem 6 is made of, the mean of Theorem 5 over games,",
            "at the worst of tied best responses",
            "the mean CCE-gap",
        ),
        judge=bound("theorem 6: theorem 5, mean over games", printed=CUBIC, repaired=(WORST,)),
        figures=("theorem6_benefit",),
        tables=("theory", "general_sequences"),
        runs=("theory/general_sum/sequences/*",),
    ),
    Claim(
        id="sharper-general-sum",
        kind=SENTENCE,
        place="Section 5, before Theorem 6; abstract",
        statement=r"Meta-learning is sharper than learning each game alone when $\Delta_\pi$ is small.",
        tested=(
            r"Mean CCE-gap of the games $2$ to $K$ minus that of individual learning on the same seeds, on games "
            r"perturbed no more than the reference setting."
        ),
        plain=of_effect("Meta-learning in general-sum games", gap="CCE-gap", ratio=False),
        judge=effect(
            "general_sequences",
            "best_response",
            ("base_kind", "horizon", "n_players", "max_actions", "games", "perturbation"),
            similar,
            ("stage_average", "output_policy"),
            ratio="difference",
            neutral=0.0,
        ),
        figures=("theorem6_benefit",),
        tables=("general_sequences",),
        runs=("theory/general_sum/sequences/*",),
    ),
]
