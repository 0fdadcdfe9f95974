"""Claims of section 6: simulations."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_effect, of_speed, open_sentence
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED, Judge, Rows, Verdict, effect, most, speed
from metanash_replication.ledger.telling import in_numbers
from metanash_replication.ledger.words import EXPERIMENT, SENTENCE
from metanash_replication.topics.simulations.tables import PAYOFFS, equilibrium_ranges
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

TESTED = "Iterations that mean curves take to gaps, individual over meta-learning, with a bootstrap over seeds."
SWEEP = ("base_kind", "learning_rate", "perturbation")


CLOSE = 0.5
"""Equilibria of a sequence are close if no probability has a wider range over the games than this."""


def _ranges(tables: Tables, payoffs: str) -> pd.DataFrame:
    found = equilibrium_ranges(tables["equilibria"])
    return found[found["payoffs"] == payoffs]


def _close(kind: str) -> Callable[[Tables], pd.DataFrame]:
    def rows(tables: Tables) -> pd.DataFrame:
        found = _ranges(tables, PAYOFFS[0])
        return found[found["base_kind"] == kind].rename(columns={"range": "left"}).assign(right=CLOSE)

    return rows


def _more_diverse(tables: Tables) -> Verdict:
    """Whether there is a sequence whose equilibria in Q-functions are wider apart than those in rewards."""
    keys, source = ["base_kind", "seed"], "equilibria.csv"
    rewards, whole = (_ranges(tables, payoffs).set_index(keys)["range"] for payoffs in PAYOFFS)
    more = whole - rewards
    if more.empty:
        return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
    parts = []
    for kind, own in more.groupby(level="base_kind", sort=True):
        wider, narrower = int((own > MORE).sum()), int((own < -MORE).sum())
        parts.append(
            f"{cited(kind, source)}: wider in {number(wider, 'd', source)} and narrower in "
            f"{number(narrower, 'd', source)} of {number(len(own), 'd', source)} sequences, mean range "
            f"{number(whole[kind].mean(), '.3g', source)} beside {number(rewards[kind].mean(), '.3g', source)}"
        )
    worst = more.reset_index().iloc[int(more.to_numpy().argmax())]
    kind, seed = worst["base_kind"], worst["seed"]
    return Verdict(
        HOLDS if more.max() > MORE else VIOLATED,
        f"Equilibria in Q-functions, {'; '.join(parts)}.",
        f"{kind}, seed={seed}",
        place={"base_kind": kind},
        facts=in_numbers(source, wider=(more > MORE).sum(), cases=len(more)),
    )


MORE = 1e-6
"""Ranges differ that differ by more than this."""


SIMILAR = 0.1
"""Games are similar that are perturbed no more than those of Figure 1."""


def _similar(*kinds: str) -> Rows:
    """Cells of the sweep with games of these kinds that are similar, which is what the claims are about."""
    return lambda table: table[table["base_kind"].isin(kinds) & (table["perturbation"] <= SIMILAR)]


SAME_CURVE = 0.01
"""Curves at two steps are one curve in step times iterations if no gap of the check differs by more than this."""


def _scaled(judge: Judge, kind: str) -> Judge:
    """Undecided unless curves are the same at the theory's step and at the multiple that was learned at."""

    def judged(tables: Tables) -> Verdict:
        table, source = tables["step_scaling"], "step_scaling.csv"
        own = table[table["base_kind"] == kind]
        if own.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration checks that curves scale with the step.")
        worst = own["difference"].abs().max()
        found = judge(tables)
        told = (
            f" Gaps at the same step times iterations differ by at most {number(worst, '.1e', source)}, relative, "
            f"over steps from {number(own['step_factor'].min(), 'g', source)} to "
            f"{number(own['step_factor'].max(), 'g', source)} times the theory's."
        )
        if worst > SAME_CURVE:
            found = replace(found, name=INCONCLUSIVE, fitting=0, cases=0)
        return replace(found, result=found.result + told)

    return judged


THEORY_STEP = (
    " Learned at a multiple of the step and a fraction of the iterations: at small steps curves depend on their "
    "product alone, which is checked on other games."
)


KINDS = {
    "pure": "games with pure equilibria",
    "mixed": "games with mixed equilibria",
    "team": "Markov teams",
    "action_independent": "potential games whose transitions no action moves",
}


def _figure(panel: str, figure: str, kind: str, words: str, arm: str, others: tuple[str, ...] = ()) -> Claim:
    runs = {"1a": "figure1_zero_sum", "1b": "figure1_potential", "1b_theory": "figure1_potential_theory"}[panel]
    suffix = "-theory-step" if panel.endswith("theory") else ""
    update = "Update (5)" if arm == "best_response" else "Carry-over"
    step = " at the small step of Proposition 1" if suffix else ""
    subject = f"{update} in {KINDS[kind]}{step} ({figure})"
    return Claim(
        id=f"figure-{panel[:2]}-{kind.replace('_', '-')}{suffix}",
        kind=EXPERIMENT,
        place=f"Section 6, {figure}: {words}",
        statement="Meta-learning converges to an approximate equilibrium with much fewer iterations.",
        tested=TESTED + (THEORY_STEP if suffix else ""),
        plain=of_speed(subject),
        judge=_scaled(speed(panel, kind, arm, others), kind) if suffix else speed(panel, kind, arm, others),
        figures=(f"figure{panel}",),
        tables=("speed_up", "figure1", *(("step_scaling",) if suffix else ())),
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
    *(
        Claim(
            id=f"figure-1c-{kind}",
            kind=EXPERIMENT,
            place=f"Section 6, Figure 1(c): {kind} equilibria",
            statement=r"The equilibria of the stage games of a sequence are close in $[0,1] \times [0,1]$.",
            tested=(
                "Equilibria of the reward matrices by linear programming, all sequences of Figure 1: whether no "
                "probability has a range over the games and states of more than one half, in most sequences."
            ),
            plain={
                "replicated": (
                    f"Equilibria of a sequence of games are close, as in Figure 1(c), if they are {kind}: in "
                    f"{{good}} of "
                    "{cases} sequences."
                ),
                "not replicated": (
                    f"Equilibria of a sequence of games are not close, as in Figure 1(c), if they are {kind}: in "
                    f"{{good}} "
                    "of {cases} sequences only."
                ),
                "open": open_sentence(f"Whether {kind} equilibria of a sequence of games are close, as in Figure 1(c)"),
            },
            judge=most(
                "equilibria",
                _close(kind),
                ("base_kind", "seed", "state"),
                "So it is in {share} sequences: widest range of a probability {median} in the median and {largest} at "
                "most, beside {right}",
            ),
            figures=("figure1c",),
            tables=("equilibria",),
            runs=(f"runs/figure1_zero_sum/{kind}/individual/*",),
        )
        for kind in ("mixed", "pure")
    ),
    Claim(
        id="figure-1c-q-functions",
        kind=SENTENCE,
        place="Section 6, before Figure 1",
        statement="Equilibria with respect to the stage Q-functions can be more diverse than Figure 1(c).",
        tested=(
            "A possibility, so one sequence is enough in which the widest range of a probability is larger in the "
            "Q-functions of the whole game than in the rewards; how often that is so stands beside it."
        ),
        plain={
            "replicated": (
                "Equilibria in Q-functions can be more diverse than those in rewards: they are in {wider} of {cases} "
                "sequences."
            ),
            "not replicated": (
                "In none of {cases} sequences are equilibria in Q-functions more diverse than in rewards."
            ),
            "open": open_sentence("Whether equilibria in Q-functions can be more diverse than in rewards"),
        },
        judge=_more_diverse,
        figures=("figure1c",),
        tables=("equilibria",),
        runs=("runs/figure1_zero_sum/*/individual/*",),
    ),
    Claim(
        id="simulations-zero-sum",
        kind=EXPERIMENT,
        place="Abstract; Section 6",
        statement="Simulations corroborate the theory: gaps are smaller with update (5) in zero-sum games.",
        tested=(
            r"Mean gap at $T$ of the games $2$ to $K$ over that of individual learning, over a grid of learning rates "
            r"and perturbations, the paper's own not being given; similar games only, perturbed no more than in Figure "
            r"1."
        ),
        plain=of_effect("Over a grid of learning rates, update (5) in similar zero-sum games", gap="final gap"),
        judge=effect("sensitivity", "best_response", SWEEP, _similar("mixed", "pure"), VARIANTS),
        figures=("sensitivity_zero_sum",),
        tables=("sensitivity",),
        runs=("runs/sensitivity_zero_sum/*",),
    ),
    Claim(
        id="simulations-potential",
        kind=EXPERIMENT,
        place="Abstract; Section 6",
        statement="Simulations corroborate the theory: gaps are smaller with carry-over in potential games.",
        tested=(
            r"Mean gap at $T$ of the games $2$ to $K$ over that of individual learning, over a grid of steps and "
            r"perturbations, the paper's own not being given; similar games only: perturbed no more than in Figure 1."
        ),
        plain=of_effect("Over a grid of step sizes, carry-over in similar potential games", gap="final gap"),
        judge=effect("sensitivity", "carry_over", SWEEP, _similar("team", "action_independent")),
        figures=("sensitivity_potential",),
        tables=("sensitivity",),
        runs=("runs/sensitivity_potential/*",),
    ),
]
