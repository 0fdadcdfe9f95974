"""Claims of section 5: coarse correlated equilibria of general-sum games."""

import pandas as pd

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.rules import bound, effect, rate, similar

__all__ = ["CLAIMS"]

WORST, TERM, CUBIC = "repaired: worst best response", "repaired: burn-in term", "proven: third power of eta"
MEASURED = ("theory/general_sum/random_games/*", "theory/general_sum/burn_in.npz", "theory/general_sum/schedules/*")


def _prescribed(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["schedule"] == "prescribed"]


CLAIMS = [
    Claim(
        "theorem-5",
        "theorem-5",
        "Section 5, Theorem 5, first display",
        r"For every $\eta > 0$ the CCE-gap of the output is at most $\frac{3}{\eta T} \sum_{\tau,h} \max_{i,s} "
        r"D_R(\pi_{h,i}^{\tau,\dagger}, \tilde\pi_{h,i}^\tau) + 36 N^2 \eta^2 H^4$.",
        "Random games with random, good and bad initial policies, long runs at several schedules of learning rates and "
        "games made to break the burn-in. The gap is that of a deviator who is told the stage, an upper bound of the "
        "CCE-gap.",
        bound("theorem 5", repaired=(WORST, TERM, CUBIC)),
        ("theorem5_bounds",),
        ("theory", "schedules"),
        MEASURED,
    ),
    Claim(
        "theorem-5-exact",
        "theorem-5",
        "Section 5, Theorem 5, first display",
        "The same for one step, where the CCE-gap itself is computed.",
        "The random games with one step.",
        bound("theorem 5, exact CCE-gap", repaired=(WORST, TERM, CUBIC)),
        tables=("theory",),
        runs=("theory/general_sum/random_games/*-H1.npz",),
    ),
    Claim(
        "equation-11",
        "theorem-5",
        "Section 5, Theorem 5, equation (11)",
        r"With uniform initial policies and $\eta = H^{-2/3} T^{-1/3} (N-1)^{-2/3}$ the CCE-gap is at most "
        r"$12 N^{2/3} H^{8/3} \log T \log A_{\max} / T^{2/3}$.",
        "Random games and long runs, one run for each $T$.",
        bound("equation 11"),
        ("theorem5_bounds",),
        ("theory", "schedules"),
        ("theory/general_sum/random_games/*", "theory/general_sum/schedules/*"),
    ),
    Claim(
        "rate-equation-11",
        "theorem-5",
        "Section 5, after Theorem 5",
        r"From uniform policies, Algorithm 2 has the rate $\tilde{O}(T^{-2/3})$.",
        "Slope of the mean gap in log-log at the prescribed learning rates, on declared windows.",
        rate("schedule_slopes", ("horizon", "n_players"), _prescribed),
        ("theorem5_slopes",),
        ("schedule_slopes", "schedules"),
        ("theory/general_sum/schedules/*",),
    ),
    Claim(
        "rate-can-be-improved",
        "theorem-5",
        "Section 5, after Theorem 5; Section 7",
        r"The rate of (11), worse than the best-known $\tilde{O}(T^{-3/4})$, can almost certainly be improved by a "
        r"better analysis.",
        r"A bound with $\eta^3$ in the place of $\eta^2$, proven here, gives $T^{-3/4}$ at $\eta$ of order $T^{-1/4}$: "
        r"whether it is ever violated.",
        bound("theorem 5", printed=CUBIC),
        ("theorem5_slopes", "theorem5_bounds"),
        ("theory", "schedule_slopes"),
        MEASURED,
    ),
    Claim(
        "theorem-6",
        "theorem-6",
        "Section 5, Theorem 6",
        r"$T = \tilde{O}\left(\frac{H N}{\varepsilon^{3/2}} \left( \frac{\Delta_\pi^{3/2}}{K^{5/4}} + "
        r"\frac{A_{\max}^{3/2} + H^3}{K^{1/2}} \right)\right)$ iterations on average give an $\varepsilon$-approximate "
        r"CCE of each game.",
        "It has no constant, so what is checked is what it is made of: Theorem 5, averaged over the games, in its "
        "proven form and at the worst of tied best responses.",
        bound("theorem 6: theorem 5, mean over games", printed=CUBIC, repaired=(WORST,)),
        ("theorem6_benefit",),
        ("theory", "general_sequences"),
        ("theory/general_sum/sequences/*",),
    ),
    Claim(
        "sharper-general-sum",
        "theorem-6",
        "Section 5, before Theorem 6; abstract",
        r"Meta-learning is sharper than learning each game alone when $\Delta_\pi$ is small.",
        r"Mean gap of the games $2$ to $K$ over that of individual learning on the same seeds, on games perturbed no "
        "more than the reference setting.",
        effect(
            "general_sequences",
            "best_response",
            ("base_kind", "horizon", "n_players", "max_actions", "games", "perturbation"),
            similar,
            ("stage_average", "output_policy"),
        ),
        ("theorem6_benefit",),
        ("general_sequences",),
        ("theory/general_sum/sequences/*",),
    ),
]
