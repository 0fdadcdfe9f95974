"""Claims of sections 2 and 3: zero-sum games."""

import numpy as np
import pandas as pd

from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound, of_effect, of_growth, of_two_sides, of_untested, open_sentence
from metanash_replication.ledger.rules import (
    INCONCLUSIVE,
    Rows,
    Verdict,
    at_most,
    bound,
    comparison,
    effect,
    growth,
    never_falls,
    not_tested,
    similar,
)
from metanash_replication.ledger.telling import in_numbers
from metanash_replication.ledger.verdict import Mark
from metanash_replication.ledger.words import DEFINITION, SENTENCE, THEOREM
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

WORST, TERM, RATE = "repaired: worst best response", "repaired: burn-in term", "repaired: learning rate"
PROVEN = "proven: any best response"
VARIANTS = ["stage_average", "output_policy"]
SEQUENCE = ("base_kind", "horizon", "games", "perturbation", "iterations")
FALL = 0.01
"""A fall of the dissimilarity of less than this, relative, counts as none."""


def _kind(name: str) -> Rows:
    def rows(table: pd.DataFrame) -> pd.DataFrame:
        chosen = similar(table)
        return chosen[chosen["base_kind"] == name]

    return rows


def _value_growth(tables: Tables) -> Verdict:
    """At most linear in H where stages grow by 1 + 1/H; what they do where stages grow faster is told beside it."""
    table, source = tables["value_growth"], "value_growth.csv"
    table = table[table["horizon"] > table.groupby("base_kind")["horizon"].transform("min")]
    own, other = table[table["factor"] == "1 + 1/H"], table[table["factor"] != "1 + 1/H"]
    if own.empty:
        return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
    name = at_most(own["ratio_low"], own["ratio_high"], own["linear"])
    worst = own.iloc[int((own["ratio_high"] / own["linear"]).to_numpy().argmax())]
    where = f"{worst['base_kind']}, H={worst['horizon']}"
    beside = other[(other["base_kind"] == worst["base_kind"]) & (other["horizon"] == worst["horizon"])]
    told = "".join(
        f"; with stages that grow by the factor {cited(row['factor'], source)} by "
        f"{number(row['ratio'], '.3g', source)} [{number(row['ratio_low'], '.3g', source)}, "
        f"{number(row['ratio_high'], '.3g', source)}]"
        for _, row in beside.iterrows()
    )
    result = (
        f"Where H grows by {number(worst['linear'], 'g', source)}, amplification grows by "
        f"{number(worst['ratio'], '.3g', source)} [{number(worst['ratio_low'], '.3g', source)}, "
        f"{number(worst['ratio_high'], '.3g', source)}] ({cited(where, source)}){told}."
    )
    value, low, high = (float(worst[f"ratio{end}"] / worst["linear"]) for end in ("", "_low", "_high"))
    return Verdict(
        name,
        result,
        where,
        place={"base_kind": worst["base_kind"]},
        facts=in_numbers(source, growth=worst["ratio"], linear=worst["linear"]),
        marks=(Mark("printed", "errors", value, low, high, "exponent"),),
    )


SECTION_3 = ("random_games", "long_runs", "small_step")
"""Measurements of equation (4) that are this section's: the poker endgame has a claim of its own."""


def _of_this_section(theory: pd.DataFrame) -> pd.DataFrame:
    return theory[theory["measurement"].isin(SECTION_3)]


def _at_the_largest_rate(theory: pd.DataFrame) -> pd.DataFrame:
    own = _of_this_section(theory)
    return own[own["rate_factor"] == 1.0]


def _stage_counts(tables: Tables) -> pd.DataFrame:
    last = tables["chain"].groupby(["base_kind", "horizon"])[["stage", "iteration"]].max().reset_index()
    return last.assign(left=last["stage"], right=4 * last["horizon"] * np.log(last["iteration"]))


def _identical(tables: Tables) -> pd.DataFrame:
    """Delta / K of update (5) on identical games, beside half of that of the least similar ones."""
    table = tables["sequences"]
    own = table[table["arm"] == "best_response"]
    keys = ["base_kind", "horizon", "iterations", "learning_rate"]
    rows = []
    for place, part in own.groupby(keys):
        size = part["perturbation"]
        if size.min() == 0 < size.max():
            ends = [part.loc[size == end, "similarity_per_game"].min() for end in (0, size.max())]
            rows.append(dict(zip(keys, place, strict=True)) | {"left": ends[0], "right": ends[1] / 2})
    return pd.DataFrame(rows)


def _sharper_bound(tables: Tables) -> pd.DataFrame:
    """(6) beside (4) for update (5) on similar games, at learning rates that both admit."""
    table = similar(tables["sequences"])
    own = table[(table["arm"] == "best_response") & table["within"]]
    return own.assign(left=own["bound"], right=own["alone"])


CLAIMS = [
    Claim(
        id="definitions",
        kind=DEFINITION,
        place="Equations (1), (2), (3), (5), (7), (8) and (9)",
        statement=(
            "Base and meta-algorithm, per-state regret, the meta-update, projected Q-ascent, $\\Delta_\\Phi$ and the "
            "MAML objective."
        ),
        tested="Definitions and update rules.",
        plain={
            "definition": (
                "Definitions and update rules assert nothing that could be false; tests check the code against them."
            )
        },
        judge=not_tested(
            "Definitions assert nothing that could be false. That the code computes them is decided by the test suite, "
            "which works out each by a second way."
        ),
    ),
    Claim(
        id="theorem-1",
        kind=THEOREM,
        place="Section 3.1, Theorem 1, first display",
        statement=(
            r"With $\eta \le 1/(8H^2)$ the NE-gap of the average policies is at most $\frac{192 H^3}{T} \sum_{h,\tau} "
            r"\max_s \left( D_R(\mu_h^{\tau,\dagger}, \tilde\mu_h^\tau) + D_R(\nu_h^{\tau,\dagger}, \tilde\nu_h^\tau) "
            r"\right)$, the divergences of the best responses in hindsight from the initial policies."
        ),
        tested=(
            "Exact gaps and the bound at every checkpoint: random games of many sizes with random, good and bad "
            "initial policies, long runs, games made to break the burn-in, and learning rates far below the largest."
        ),
        plain=of_bound(
            "Theorem 1, the bound on the gap of one zero-sum game from any initial policies,",
            "with a term for the first stage",
            proven=True,
        ),
        judge=bound("theorem 1", repaired=(WORST, TERM, PROVEN)),
        figures=("theorem1_bounds", "theorem1_defects"),
        tables=("theory", "bound_curves", "defects"),
        runs=(
            "theory/random_games/*",
            "theory/long_runs/*",
            "theory/burn_in.npz",
            "theory/two_sided.npz",
            "theory/small_step.npz",
        ),
    ),
    Claim(
        id="equation-4",
        kind=THEOREM,
        place="Section 3.1, Theorem 1, equation (4)",
        statement=(
            r"With uniform initial policies the NE-gap is at most $768 H^5 \log T \log(AB) / T$, for every $\eta \le "
            r"1/(8H^2)$."
        ),
        tested=(
            "As above, with uniform initial policies; the repair restores the learning rate that the constant hides."
        ),
        plain=of_bound(
            "Equation (4), the bound of Theorem 1 from uniform policies,",
            "with the learning rate that it leaves out",
            proven=True,
        ),
        judge=bound("equation 4", repaired=(RATE,), rows=_of_this_section),
        figures=("theorem1_bounds", "theorem1_defects"),
        tables=("theory", "bound_curves"),
        runs=("theory/random_games/*", "theory/long_runs/*", "theory/small_step.npz"),
    ),
    Claim(
        id="best-known-rate",
        kind=THEOREM,
        place="Section 3.1, after Theorem 1; abstract",
        statement=r"From uniform policies, Algorithm 1 matches the best-known rate $O(1/T)$ up to a factor $\log T$.",
        tested=(
            r"$T$ times the mean gap at the ends of the stages of long runs at the largest learning rate: affine in "
            r"$\log T$, as the statement has it, or a power of $T$? Two models, fitted to the last two decades, with a "
            "bootstrap over seeds. Slopes are drawn as an illustration: between stage ends they sample a staircase."
        ),
        plain=of_growth("The best-known rate from uniform policies, up to a logarithm,", "$T$ times the gap"),
        judge=growth("stage_rates", ("base_kind", "horizon")),
        figures=("theorem1_slopes",),
        tables=("stage_rates", "slopes", "bound_curves"),
        runs=("theory/long_runs/*",),
    ),
    Claim(
        id="iterations-theorem-1",
        kind=THEOREM,
        place="Section 3.1, after Theorem 1",
        statement=(
            r"At most $T = \tilde{O}(H^5/\varepsilon)$ iterations give an $\varepsilon$-approximate equilibrium of one "
            r"game."
        ),
        tested="The inverse of (4), at the learning rate that it is meant for: long runs at the largest one.",
        plain=of_bound("The number of iterations that follows from Theorem 1"),
        judge=bound("equation 4", repaired=(RATE,), rows=_at_the_largest_rate),
        figures=("theorem1_bounds",),
        tables=("theory", "bound_curves"),
        runs=("theory/long_runs/*", "theory/small_step.npz"),
    ),
    Claim(
        id="no-regret",
        kind=THEOREM,
        place="Section 3.1, equation (3)",
        statement=(
            "Optimistic mirror descent has no regret against the value estimates of each state: the per-state regrets "
            "of the stages vanish."
        ),
        tested=(
            r"A bound that vanishes with the length $n$ of the stage: $1.172 \, (D_R(\mu^\dagger, \tilde\mu) + "
            r"D_R(\nu^\dagger, \tilde\nu)) / (\eta n)$ at every state, step and stage of long runs and random games, "
            "from uniform, random and bad initial policies. The paper's own (its Lemma 8) was not at hand."
        ),
        plain=of_bound("A bound on the regret of each stage that vanishes with its length", left="the regret"),
        judge=bound("regret of a stage", printed="derived"),
        figures=("theorem1_chain",),
        tables=("theory", "chain"),
        runs=("theory/long_runs/*", "theory/random_games/*"),
    ),
    Claim(
        id="value-errors",
        kind=THEOREM,
        place="Section 3.1, below Algorithm 1 (Lemma 9)",
        statement=(
            r"Stages that grow by the factor $1 + 1/H$ keep the errors of the value estimates from blowing up over the "
            r"steps of the recursion."
        ),
        tested=(
            r"Errors at step $1$ over the regrets that they are made of, both times the lengths of their stages: they "
            r"may grow no faster than in proportion to $H$. Beside it stages that grow faster, where they do."
        ),
        plain={
            "holds": (
                "Lemma 9 holds: the stages of Algorithm 1 keep errors of values from blowing up, which grow by "
                "{growth} where the horizon grows by {linear}."
            ),
            "violated": (
                "Lemma 9 is false: errors of values blow up over the horizon, by {growth} where it grows by {linear}."
            ),
            "open": open_sentence("Lemma 9, on errors of values over the horizon"),
        },
        judge=_value_growth,
        figures=("theorem1_chain",),
        tables=("value_growth", "chain"),
        runs=("theory/value_growth/*",),
    ),
    Claim(
        id="few-stages",
        kind=SENTENCE,
        place="Section 3.1, below Algorithm 1",
        statement=(
            r"Exponential growth covers $T$ iterations with few stages: at most $4 H \log T$, as the factor of (4) has "
            r"it."
        ),
        tested="Stages of long runs, counted.",
        plain=of_two_sides(
            "The number of stages of Algorithm 1",
            good="Few stages cover all iterations: {left} at the most, where {right} are allowed.",
            some="In {failing} of {cases} games there are more stages than the paper says: {left} beside {right}.",
            bad="Stages are not few: more than the paper says in {failing} of {cases} games, {left} beside {right}.",
        ),
        judge=comparison(
            "chain", _stage_counts, ("base_kind", "horizon"), "{left} stages beside $4 H \\log T$ = {right} ({where})"
        ),
        figures=("theorem1_chain",),
        tables=("chain",),
        runs=("theory/long_runs/*",),
    ),
    Claim(
        id="best-responses",
        kind=SENTENCE,
        place="Section 3.2, below the similarity metric",
        statement=(
            r"For large $T$ the best responses in hindsight $\mu^{k,\dagger}$ approximate the equilibrium policies of "
            r"game $k$, so $\Delta_{\mu,\nu}$ measures distances between equilibria."
        ),
        tested=(
            r"Identical games, whose equilibria are the same: $\Delta_{\mu,\nu}/K$ there beside half of that of the "
            r"least similar games."
        ),
        plain=of_two_sides(
            "Best responses in hindsight as approximate equilibria",
            good=(
                "Best responses in hindsight, where update (5) starts, approximate equilibria: on identical games they "
                "are never more than half as far apart as on the least similar ones."
            ),
            some=(
                "Best responses in hindsight, where update (5) starts, do not approximate equilibria in games with "
                "{base_kind}: even if all games are identical they differ from game to game by {left} (KL divergence), "
                "more than half of what they do if games are least similar."
            ),
            bad=(
                "Best responses in hindsight, where update (5) starts, do not approximate equilibria: even if all "
                "games are identical they differ from game to game by {left} (KL divergence), more than half of what "
                "they do if games are least similar."
            ),
        ),
        judge=comparison(
            "sequences",
            _identical,
            ("base_kind", "horizon"),
            r"$\Delta_{{\mu,\nu}}/K$ = {left} nats on identical games beside {right} ({where})",
        ),
        figures=("theorem2_benefit",),
        tables=("sequences",),
        runs=("theory/sequences/*-best_response.npz",),
    ),
    Claim(
        id="similarity-metric",
        kind=SENTENCE,
        place="Section 3.2, below the similarity metric",
        statement=r"$\Delta_{\mu,\nu}$ calls games similar if their equilibrium policies are close.",
        tested=(
            r"$\Delta_{\mu,\nu}/K$ must not fall by one percent or more when the games are perturbed more: differences "
            "from one perturbation to the next larger one on the same seeds, with intervals that hold together."
        ),
        plain=of_two_sides(
            "The similarity metric of Theorem 2",
            good="The similarity metric of Theorem 2 does not fall when games become less similar, in {cases} steps.",
            some=(
                "The similarity metric of Theorem 2 clearly does not fall in most steps to less similar games only: "
                "of {cases} it falls in {falls}, and in others chance may hide it."
            ),
            bad="The similarity metric of Theorem 2 falls in {falls} of {cases} steps to less similar games.",
        ),
        judge=never_falls("similarity_steps", (*SEQUENCE[:3], "perturbation"), r"$\Delta_{\mu,\nu}/K$", FALL),
        figures=("theorem2_benefit",),
        tables=("similarity_steps", "sequences"),
        runs=("theory/sequences/*-best_response.npz",),
    ),
    Claim(
        id="equation-6",
        kind=THEOREM,
        place="Section 3.2, Theorem 2, equation (6)",
        statement=(
            r"With update (5) and $\alpha = 1/\sqrt{K}$ the mean gap over the $K$ games is at most $\frac{192 H^5}{T} "
            r"\left( \frac{\Delta_{\mu,\nu}}{K H^2} + \frac{10 (A+B) \log K}{\sqrt{K} H^2} + \frac{16 \log T "
            r"\log(ABK)}{\sqrt{K}} \right)$."
        ),
        tested=(
            "Sequences at the largest learning rate that Theorem 1 admits, and at a millionth of it. The theorem "
            "prints no learning rate, and inherits what is wrong with (4): where nothing moves, the gap is that of the "
            "policies that update (5) starts from, and the bound falls with T. It also prints the gap of the initial "
            "policies, and is about the output policies; the repair restores the learning rate that the constant hides."
        ),
        plain=of_bound(
            "Theorem 2, equation (6), the bound on the mean gap over a sequence of games,",
            "with the learning rate that it leaves out",
            left="the mean gap",
        ),
        judge=bound("theorem 2", repaired=(RATE,)),
        figures=("theorem2_benefit",),
        tables=("theory", "sequences"),
        runs=("theory/sequences/*-best_response.npz", "theory/small_step_sequences/*"),
    ),
    Claim(
        id="iterations-theorem-2",
        kind=THEOREM,
        place="Section 3.2, Theorem 2, second display",
        statement=(
            r"$T = \tilde{O}\left(\frac{H^3}{\varepsilon} \left( \frac{\Delta_{\mu,\nu}}{K} + \frac{A+B+H^2}{\sqrt{K}} "
            r"\right)\right)$ iterations on average give an $\varepsilon$-approximate equilibrium of each game."
        ),
        tested="The inverse of (6), on the same sequences.",
        plain=of_bound(
            "The number of iterations of Theorem 2", "with the learning rate that it leaves out", left="the mean gap"
        ),
        judge=bound("theorem 2", repaired=(RATE,)),
        figures=("theorem2_benefit",),
        tables=("theory", "sequences"),
        runs=("theory/sequences/*-best_response.npz", "theory/small_step_sequences/*"),
    ),
    Claim(
        id="sharper-bound",
        kind=SENTENCE,
        place="Section 3.2, after Theorem 2",
        statement=(
            r"Compared with $\tilde{O}(H^5/T)$ for learning each game alone, Theorem 2 is significantly sharper when "
            r"the games are similar."
        ),
        tested=(
            "Equation (6) at the dissimilarity that was measured, beside equation (4), on games perturbed no more than "
            "those of Figure 1: with printed constants, no more is claimed than that it is smaller. From which number "
            "of games it can be, `last-terms-negligible` says."
        ),
        plain=of_two_sides(
            "Theorem 2 beside Theorem 1",
            good=(
                "The bound (6) of Theorem 2 is sharper than (4) for each game alone: on similar games, up to "
                "{most_games} in a sequence, it is the smaller one in all {cases} settings."
            ),
            some=(
                "The bound (6) of Theorem 2 is not always sharper than (4) for each game alone: on similar games, up "
                "to {most_games} in a sequence, it is the larger one in {failing} of {cases} settings, up to {ratio} "
                "times."
            ),
            bad=(
                "The bound (6) of Theorem 2 is not sharper than (4) for each game alone: on similar games, up to "
                "{most_games} in a sequence, it is the larger one in {failing} of {cases} settings, up to {ratio} "
                "times."
            ),
        ),
        judge=comparison("sequences", _sharper_bound, SEQUENCE, "{left} beside {right} ({where})"),
        figures=("theorem2_benefit",),
        tables=("sequences",),
        runs=("theory/sequences/*-best_response.npz",),
    ),
    Claim(
        id="theorem-1-over-games",
        kind=THEOREM,
        place="Section 3.2, Theorem 2",
        statement=(
            r"What Theorem 2 starts from: the mean over the games of the bound of Theorem 1, whatever the meta-update."
        ),
        tested=(
            "Sequences at the largest learning rate that Theorem 1 admits, all meta-updates, and at a millionth of it, "
            "update (5), at the worst of tied best responses; the form has the learning rate in it."
        ),
        plain=of_bound("The mean of Theorem 1 over games, where Theorem 2 starts,", left="the mean gap"),
        judge=bound("theorem 1, mean over games", printed=WORST),
        tables=("theory", "sequences"),
        runs=("theory/sequences/*", "theory/small_step_sequences/*"),
    ),
    *(
        Claim(
            id=f"sharper-zero-sum-{kind}",
            kind=SENTENCE,
            place=f"Section 3.2, after Theorem 2; abstract: {kind} equilibria",
            statement=(
                f"Update (5) converges faster than learning each game alone when the games are similar: games with "
                f"{kind} "
                "equilibria."
            ),
            tested=(
                r"Mean gap of the games $2$ to $K$ over that of individual learning on the same seeds, with an "
                r"interval; games are similar that are perturbed no more than those of Figure 1."
            ),
            plain=of_effect(f"With {kind} equilibria update (5)"),
            judge=effect("sequences", "best_response", SEQUENCE, _kind(kind), VARIANTS),
            figures=("theorem2_benefit",),
            tables=("sequences",),
            runs=(f"theory/sequences/*-{kind}-*",),
        )
        for kind in ("pure", "mixed")
    ),
    Claim(
        id="bandit-feedback",
        kind=SENTENCE,
        place="Section 2, last paragraph before Meta-learning",
        statement="The results extend to stochastic bandit feedback by standard techniques.",
        tested="No learner here samples its feedback: all get it in full, as in the paper.",
        plain=of_untested(
            "Bandit feedback is open: the paper says that results extend to it, but not by which algorithm."
        ),
        judge=not_tested(
            "An algorithm and a rate for sampled feedback would decide it. The paper gives neither, so whatever we ran "
            "would test a choice of ours."
        ),
    ),
]
