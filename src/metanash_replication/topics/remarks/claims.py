"""Claims that are sentences of the text, beside the theorems."""

import pandas as pd

from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_carried_bound, of_effect, of_two_sides, open_sentence
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, Verdict, at_most, bound, comparison, effect
from metanash_replication.ledger.telling import in_numbers, percent
from metanash_replication.ledger.verdict import Mark
from metanash_replication.ledger.words import SENTENCE, THEOREM
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

REPAIRS = ("repaired: worst best response", "repaired: burn-in term", "proven: any best response")
HALVED = 0.5
"""Something has converged, or vanishes, if it is at the end at most this part of what it was."""
KEPT = 0.9
"""A regret is linear if its mean over the iterations is at the end still at least this part of what it was."""
SAME = 1e-10
"""Policies are the same that differ by at most this."""
SIMILAR = 0.1
"""Games are similar that are perturbed no more than those of Figure 1."""
NEGLIGIBLE = 0.1
"""Terms are negligible that are at most this part of what they are added to, or stand beside."""


def _ends(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of the largest T of each group."""
    return table.loc[table.groupby(keys, sort=False)["iteration"].idxmax()]


def _iterates(tables: Tables) -> Verdict:
    """The first iterates of stages decide: a sequence that converges has no subsequence that does not."""
    source, table = "restarts.csv", tables["restarts"]
    if table.empty:
        return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
    last = _ends(table, ["base_kind", "iterate"])
    first = last[last["iterate"] == "first"]
    name = at_most(last["ratio_low"], last["ratio_high"], HALVED)
    worst = first.iloc[int(first["ratio"].to_numpy().argmax())]
    start = table[table["base_kind"] == worst["base_kind"]]["iteration"].min()

    def span(kind: str, iterate: str) -> str:
        row = last[(last["base_kind"] == kind) & (last["iterate"] == iterate)].iloc[0]
        ends = f"[{number(row['ratio_low'], '.3g', source)}, {number(row['ratio_high'], '.3g', source)}]"
        return f"{number(row['ratio'], '.3g', source)} {ends}"

    kinds = "; ".join(
        f"{cited(kind, source)}: gap at the end over that at the start {span(kind, 'first')} for the first iterate of "
        f"a stage, {span(kind, 'last')} for the last, {span(kind, 'average')} for the average"
        for kind in dict.fromkeys(last["base_kind"])
    )
    result = f"From T = {number(start, 'd', source)} to {number(worst['iteration'], 'd', source)}, {kinds}."
    ratio, least, most = (float(worst[f"ratio{end}"]) / HALVED for end in ("", "_low", "_high"))
    return Verdict(
        name,
        result,
        f"{worst['base_kind']}, {worst['iterate']}",
        place={"base_kind": worst["base_kind"]},
        facts=in_numbers(source, iterations=worst["iteration"], share=percent(worst["ratio"])),
        marks=(Mark("printed", "iterates", ratio, least, most, "half"),),
    )


def _dynamic(tables: Tables) -> pd.DataFrame:
    """Mirror descent with incremental weights keeps its regret; the leader and stages lose theirs."""
    last = _ends(tables["dynamic_rates"], ["algorithm"])
    linear = last["algorithm"] == "incremental, mirror descent"
    left = last["ratio"].where(~linear, KEPT / last["ratio"])
    return last.assign(left=left, right=HALVED + (1.0 - HALVED) * linear)


def _differences(tables: Tables) -> pd.DataFrame:
    """The contrast that the statement speaks of: policies must differ by more than rounding."""
    table = tables["leaders"]
    return table.assign(left=SAME, right=table["difference"])


def _several(tables: Tables) -> pd.DataFrame:
    """Delta is 0 where the same equilibrium is delivered, and half of what is delivered apart is not 0."""
    table = tables["several_equilibria"]
    same, random = (table[table["start"] == start].set_index("seed") for start in ("same", "random"))
    both = same.join(random.add_suffix("_random"))
    return both.reset_index().assign(
        left=both["similarity_per_game"].to_numpy(), right=NEGLIGIBLE * both["similarity_per_game_random"].mean()
    )


def _last_terms(tables: Tables) -> Verdict:
    """Negligible beside (4), which is the bound of learning each game alone."""
    source, table = "last_terms.csv", tables["last_terms"]
    if table.empty:
        return Verdict(INCONCLUSIVE, "This configuration works out none.")
    parts, verdicts, enough = [], [], []
    for (horizon, actions), part in table.groupby(["horizon", "max_actions"], sort=False):
        below = [part.loc[part["ratio"] < level, "games"].min() for level in (1.0, NEGLIGIBLE)]
        verdicts.append(bool(pd.notna(below[1])))
        enough += [below[1]] * verdicts[-1]
        words = [number(k, ".0e", source) if pd.notna(k) else "no K of the table" for k in below]
        parts.append(
            f"H={cited(horizon, source)}, A={cited(actions, source)}: (6) for identical games is below (4) from K = "
            f"{words[0]} on, a tenth of it from {words[1]} on"
        )
    worst = table.iloc[int((table["games"] * (table["ratio"] > NEGLIGIBLE)).to_numpy().argmax())]
    where = f"H={worst['horizon']:g}, A={worst['max_actions']:g}"
    name = HOLDS if all(verdicts) else INCONCLUSIVE
    facts = in_numbers(source, fitting=sum(verdicts), cases=len(verdicts))
    if enough:
        facts |= in_numbers(source, games=max(enough))
    least = table.groupby(["horizon", "max_actions"])["ratio"].min().max() / NEGLIGIBLE
    return Verdict(
        name,
        "; ".join(parts) + ".",
        where,
        fitting=sum(verdicts),
        cases=len(verdicts),
        facts=facts,
        marks=(Mark("printed", "last terms", float(least), scale="comparison"),),
    )


def _growth(tables: Tables) -> Verdict:
    source, table = "bound_growth.csv", tables["bound_growth"]
    if table.empty:
        return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
    name = at_most(table["low"], table["high"], 1.0)
    worst = table.iloc[int(table["high"].to_numpy().argmax())]
    parts = []
    for _, row in table.iterrows():
        least, most, factor, side = (
            number(row[key], form, source)
            for key, form in (("least", "g"), ("most", "g"), ("factor", ".3g"), ("side", ".3g"))
        )
        exponent, low, high = (number(row[key], ".2f", source) for key in ("exponent", "low", "high"))
        parts.append(
            f"{cited(row['number'], source)} from {least} to {most}: {cited(row['bound'], source)} by {factor}, the "
            f"measured side by {side}, exponent {exponent} [{low}, {high}]"
        )
    value, least_value, most_value = (float(worst[end]) for end in ("exponent", "low", "high"))
    return Verdict(
        name,
        f"Growth with {'; '.join(parts)}.",
        str(worst["number"]),
        facts=in_numbers(source, exponent=value),
        marks=(Mark("printed", str(worst["number"]), value, least_value, most_value, "exponent"),),
    )


def _constants(tables: Tables) -> pd.DataFrame:
    """Half of every reward and constants on top halve all gaps: a distance would be halved."""
    table = tables["carried_policies"]
    return table.assign(left=(table["shifted"] - table["drop"] / 2).abs(), right=NEGLIGIBLE * table["drop"].abs() / 2)


CLAIMS = [
    Claim(
        id="iterates-converge",
        kind=SENTENCE,
        place="Section 3.2, below the similarity metric",
        statement=r"The iterates $\{\nu^{k,t}\}_t$ of Algorithm 1 converge to an equilibrium policy when $T$ is large.",
        tested=(
            r"Gap of the last iterate of a stage, of the first of the next one and of the average, at ends of stages "
            r"over three decades of $T$: at the end at most half of that at the start, with a bootstrap over seeds."
        ),
        plain={
            "replicated": (
                "The iterates of Algorithm 1 converge: after {iterations} iterations the gap is at most {share} of "
                "what it was."
            ),
            "not replicated": (
                "The iterates of Algorithm 1 do not converge, since every stage starts anew: after {iterations} "
                "iterations the gap at the first iterate of a stage is still {share} of what it was."
            ),
            "open": open_sentence("Convergence of the iterates of Algorithm 1"),
        },
        judge=_iterates,
        figures=("remarks",),
        tables=("restarts",),
        runs=("theory/remarks/restarts/*",),
    ),
    Claim(
        id="mirror-descent-or-leader",
        kind=SENTENCE,
        place="Section 3.1, first paragraph",
        statement=(
            "Algorithm 1 performs optimistic mirror descent, in contrast to optimistic follow the regularised leader."
        ),
        tested=(
            "With negative entropy, and the leader regularised by the divergence from the initial policy of the stage: "
            "average policies from random initial ones, which a contrast makes different."
        ),
        plain=of_two_sides(
            "Mirror descent beside the regularised leader",
            good=(
                "Optimistic mirror descent is another algorithm than the regularised leader: policies differ by "
                "{right}."
            ),
            some=(
                "Optimistic mirror descent is another algorithm than the regularised leader, but in {failing} of "
                "{cases} games their policies are the same."
            ),
            bad=(
                "Optimistic mirror descent is no contrast to the regularised leader: their policies are the same in "
                "{failing} of {cases} games (at the most they differ by {right})."
            ),
        ),
        judge=comparison("leaders", _differences, ("seed",), "policies differ by at most {right} ({where})"),
        tables=("leaders",),
        runs=("theory/remarks/leaders.npz",),
    ),
    Claim(
        id="dynamic-rates",
        kind=SENTENCE,
        place="Section 3.1, below Algorithm 1",
        statement=(
            r"Mirror descent with the dynamic learning rate that incremental updates with $\alpha_t = (H+1)/(H+t)$ ask "
            r"for can easily lead to linear regret; stages avoid it."
        ),
        tested=(
            "Payoffs of two actions that change places once: mean regret at the largest $T$ over that at the smallest, "
            "of mirror descent, of the regularised leader at the same rates, and of mirror descent in stages."
        ),
        plain={
            "replicated": (
                "Mirror descent with the weights of incremental updates keeps its regret, which the leader and "
                "stages lose."
            ),
            "not replicated": (
                "Mirror descent with the weights of incremental updates is not what fails: {failing} of {cases} "
                "algorithms behave otherwise than the paper says."
            ),
            "open": open_sentence("Mirror descent with the weights of incremental updates"),
        },
        judge=comparison("dynamic_rates", _dynamic, ("algorithm",), "{left} beside {right} ({where})", whole=True),
        figures=("remarks",),
        tables=("dynamic_rates",),
        runs=("theory/remarks/dynamic_rates.npz",),
    ),
    Claim(
        id="random-initial-states",
        kind=SENTENCE,
        place="Section 2, first paragraph",
        statement="The results can be generalised to an initial state that is drawn from a fixed distribution.",
        tested=(
            "Theorem 1 and its repairs on random games with random distributions, from all kinds of initial policies."
        ),
        plain=of_carried_bound("Theorem 1, repaired, from random initial states"),
        judge=bound("theorem 1, random initial states", printed=REPAIRS[-1], repaired=REPAIRS[:2]),
        tables=("theory",),
        runs=("theory/remarks/initial_states/*",),
    ),
    Claim(
        id="several-equilibria",
        kind=SENTENCE,
        place="Section 3.2, below the similarity metric",
        statement=(
            r"Where a game has several equilibria, $\Delta_{\mu,\nu}$ takes into account only those that Algorithm 1 "
            r"delivers."
        ),
        tested=(
            r"Identical games in which every action stands twice: $\Delta_{\mu,\nu}/K$ from the same initial policies, "
            r"which deliver one equilibrium, beside a tenth of that from random ones, which deliver several."
        ),
        plain=of_two_sides(
            "Similarity where games have several equilibria",
            good=(
                "Where a game has several equilibria, the similarity metric counts only those that are learned: {left} "
                "nats if it is the same one."
            ),
            some=(
                "Where a game has several equilibria, the similarity metric counts others than those that are "
                "learned in {failing} of {cases} sequences."
            ),
            bad=(
                "Where a game has several equilibria, the similarity metric counts others than those that are learned: "
                "{left} nats though it is the same one, in {failing} of {cases} sequences."
            ),
        ),
        judge=comparison("several_equilibria", _several, ("seed",), "{left} nats beside {right} ({where})"),
        tables=("several_equilibria",),
        runs=("theory/remarks/several_equilibria.npz",),
    ),
    Claim(
        id="last-terms-negligible",
        kind=SENTENCE,
        place="Section 3.2, after Theorem 2",
        statement="When $K$ is large, the last two terms of (6) become negligible.",
        tested=(
            "Equation (6) without its first term, which is what it says of identical games, over equation (4), for "
            "numbers of games up to the largest of the configuration."
        ),
        plain={
            "replicated": (
                "The last terms of (6) vanish with the number of games, but late: below a tenth of (4) from {games} "
                "games on."
            ),
            "partly replicated": (
                "The last terms of (6) vanish with the number of games in {fitting} of {cases} sizes of games, from "
                "{games} games on; in the others none that was tried is enough."
            ),
            "open": open_sentence("Whether the last terms of (6) vanish"),
        },
        judge=_last_terms,
        figures=("remarks",),
        tables=("last_terms",),
    ),
    Claim(
        id="growth-of-bounds",
        kind=THEOREM,
        place="Theorem 1, Theorem 5 and Proposition 1: dependence on the size of the game",
        statement=(
            r"Gaps grow no faster than $H^5$ and $\log(AB)$ in (4) and than the learning rate of (11) with the number "
            r"of players; iterations no faster than $(1-\gamma)^{-6}$."
        ),
        tested=(
            "One number of the game at a time, from uniform policies: exponent of the measured side in what multiplies "
            "the bound, with intervals that hold together."
        ),
        plain={
            "holds": (
                "The bounds grow with the size of games no slower than what they bound, whose growth is at most "
                "theirs to the power of {exponent}."
            ),
            "violated": (
                "What is bounded grows faster with the size of games than the bounds: like theirs to the power of "
                "{exponent}."
            ),
            "open": open_sentence("Growth of the bounds with the size of games"),
        },
        judge=_growth,
        tables=("bound_growth",),
        runs=("theory/remarks/growth_of_gaps.npz",),
    ),
    Claim(
        id="carried-policy",
        kind=SENTENCE,
        place="Section 4.1, before Theorem 3",
        statement=(
            r"$\pi^{k-1,T}$ is close to an equilibrium of the next similar game: before anything is learned there its "
            r"gap is smaller than that of uniform policies."
        ),
        tested="Gap at the next game over that of uniform policies, mean over the games, with a bootstrap over seeds.",
        plain=of_effect(
            "The last policy of a potential game, before anything is learned in the next,", beside="uniform policies"
        ),
        judge=effect(
            "carried_policies",
            "carry_over",
            ("base_kind", "perturbation"),
            lambda table: table[table["perturbation"] <= SIMILAR].assign(arm="carry_over"),
        ),
        tables=("carried_policies",),
        runs=("theory/remarks/carried_policies/*",),
    ),
    Claim(
        id="potential-metric",
        kind=SENTENCE,
        place="Section 4.1, equation (8)",
        statement=(
            r"$\Delta_\Phi$ measures how far the potential functions of successive games deviate from each other."
        ),
        tested=(
            r"Half of every reward and a constant on top, another one for each game: gaps are halved and policies rank "
            r"as before, so a deviation is halved; by how much $\Delta_\Phi$ misses that, beside a tenth of it."
        ),
        plain=of_two_sides(
            r"$\Delta_\Phi$ as a measure of similarity",
            good=(
                r"The similarity $\Delta_\Phi$ of Theorem 3 measures how far games are apart: a change of units and "
                "constants, which decides nothing, shifts it by {left} at most."
            ),
            some=(
                r"The similarity $\Delta_\Phi$ of Theorem 3 is moved by a change of units and constants, which decides "
                "nothing, in {failing} of {cases} settings: off by {left}, where {right} is allowed."
            ),
            bad=(
                r"The similarity $\Delta_\Phi$ of Theorem 3 does not measure how far games are apart: a change of "
                r"units "
                "and constants, which decides nothing, puts it off by {left}, where {right} is allowed."
            ),
        ),
        judge=comparison(
            "carried_policies", _constants, ("base_kind", "perturbation"), "off by {left} beside {right} ({where})"
        ),
        tables=("carried_policies",),
        runs=("theory/remarks/carried_policies/*",),
    ),
]
