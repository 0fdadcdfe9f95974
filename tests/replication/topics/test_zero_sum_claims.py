"""Claims of zero-sum games, judged on planted tables on both sides of each threshold."""

import math

import numpy as np
import pandas as pd
import pytest
from planted import Bounds, Effects, bound_row, frames, joined, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, REPAIRED, VIOLATED
from metanash_replication.topics.zero_sum.claims import CLAIMS
from metanash_replication.topics.zero_sum.tables import regret_rows

JUDGES = judges_of(CLAIMS)
WORST, TERM, RATE = "repaired: worst best response", "repaired: burn-in term", "repaired: learning rate"
PROVEN = "proven: any best response"

# Bounds -------------------------------------------------------------------------------------------------

THEOREM_1 = Bounds("theorem 1", repairs=(WORST, TERM, PROVEN))
RUNS = {"measurement": "long_runs"}
EQUATION_4 = Bounds("equation 4", repairs=(RATE,), rate_factor=1.0, **RUNS)
ANY_RATE = Bounds("equation 4", repairs=(RATE,), **RUNS)
REGRET = Bounds("regret of a stage", "derived")
THEOREM_2 = Bounds("theorem 2", repairs=(RATE,))
OVER_GAMES = Bounds("theorem 1, mean over games", WORST)
SMALLER = [
    bound_row("equation 4", form, f"learning rate {factor}", 9.0, rate_factor=factor, measurement="small_step")
    for form in ("printed", RATE)
    for factor in (0.5, 2.0, None)
]
"""(4) at learning rates that are not the largest one, or that differ from run to run."""
POKER = [
    bound_row("equation 4", form, "appendix_poker, random", 9.0, rate_factor=factor, measurement="appendix_poker")
    for form in ("printed", RATE)
    for factor in (None, 1.0)
]

# Stages and value errors --------------------------------------------------------------------------------


def stages(count, iterations, kind="mixed", horizon=1):
    """Rows of a run of so many stages, all of the same length."""
    return [
        {"base_kind": kind, "horizon": horizon, "stage": k, "iteration": round(k * iterations / count), "step": h,
         "quantity": quantity, "value": 9.9}
        for k in (1, count // 2, count) for h in range(1, horizon + 1) for quantity in ("regret", "value_error")
    ]  # fmt: skip


def amplified(kind, horizon, low, ratio, high, linear, factor="1 + 1/H"):
    """Amplification over that of the smallest horizon, 2, beside what it is if it grows in proportion to H."""
    row = {"base_kind": kind, "factor": factor}
    spans = {"ratio": ratio, "ratio_low": low, "ratio_high": high, "linear": linear}
    return [row | {"horizon": 2, "ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "linear": 1.0},
            row | {"horizon": horizon} | spans]  # fmt: skip


DOUBLING = {"value_growth": [row for kind in ("mixed", "pure") for row in amplified(kind, 8, 20, 30, 40, 4, "2")]}
"""Stages that grow faster: told, and not judged."""


def values(*spans):
    """At the horizons 4 and 8, which are to grow by 2 and 4 at most."""
    cells = [("mixed", 4, 2.0), ("mixed", 8, 4.0), ("pure", 8, 4.0)]
    rows = [row for (kind, horizon, linear), span in zip(cells, spans, strict=True)
            for row in amplified(kind, horizon, *span, linear)]  # fmt: skip
    return {"value_growth": rows}


SLOW = (1.2, 1.5, 1.9)

# Best responses and similarity --------------------------------------------------------------------------

PLACE = {"base_kind": "mixed", "horizon": 2, "games": 10, "iterations": 1000, "learning_rate": 0.05}


def sequence(arm, perturbation, per_game, **place):
    return PLACE | {"arm": arm, "perturbation": perturbation, "similarity_per_game": per_game,
                    "similarity": 10 * per_game} | place  # fmt: skip


def dissimilar(*pairs, arm="best_response"):
    """Delta / K on identical games and on the least similar ones, kind by kind; more than either in between."""
    kinds = ("mixed", "pure", "random")
    return {"sequences": [
        sequence(arm, size, value, base_kind=kind)
        for kind, (same, most) in zip(kinds, pairs, strict=False)
        for size, value in ((0.1, 7.0), (0.4, most), (0.0, same))
    ]}  # fmt: skip


ALONE = {"sequences": [
    *dissimilar((9.0, 1.0), (9.0, 1.0), arm="individual")["sequences"],
    *dissimilar((9.0, 1.0), (9.0, 1.0), arm="output_policy")["sequences"],
    # settings of which one is missing: no identical games, and nothing but identical games
    sequence("best_response", 0.1, 9.0, horizon=1), sequence("best_response", 0.4, 1.0, horizon=1),
    sequence("best_response", 0.0, 9.0, iterations=50), sequence("best_response", 0.4, 0.1, iterations=51),
    sequence("best_response", 0.0, 9.0, learning_rate=0.5), sequence("best_response", 0.4, 0.1, learning_rate=0.4),
    sequence("best_response", 0.0, 9.0, base_kind="shapley"), sequence("best_response", 0.4, 0.1, base_kind="chicken"),
]}  # fmt: skip


def bounds_of(ratio, k=0, **place):
    """Equation (6) beside (4), which is 3, in a sequence of update (5) at a rate that both admit."""
    row = sequence("best_response", 0.1, 1.0, horizon=k, within=True)
    return row | {"bound": 3.0 * ratio, "alone": 3.0} | place


def beside(*ratios):
    return {"sequences": [bounds_of(ratio, k) for k, ratio in enumerate(ratios)]}


def step(k, low, high):
    row = {"base_kind": "mixed", "horizon": 2, "games": 10, "perturbation": 0.1 * k, "value": 5.0, "next_value": 6.0}
    return row | {"difference": (low + high) / 2, "low": low, "high": high}


def steps(*spans):
    return {"similarity_steps": [step(k, *span) for k, span in enumerate(spans)]}


RISES, UNCLEAR, FALLS = (0.1, 0.2), (-0.1, 0.2), (-0.2, -0.0501)
"""A fall counts from one percent of 5 on."""

# Benefit ------------------------------------------------------------------------------------------------

REFERENCE = 0.1


def effect_of(kind):
    """Cells of a kind: three at the reference perturbation and one below it."""

    def row(arm, k, low, ratio, high, **place):
        perturbation = 0.0 if k == 3 else REFERENCE
        own = PLACE | {"arm": arm, "base_kind": kind, "games": 10 * k, "perturbation": perturbation}
        return own | {"ratio": ratio, "ratio_low": low, "ratio_high": high} | place

    return row


BENEFIT = {
    kind: Effects("sequences", effect_of(kind), "best_response", ("stage_average", "output_policy"))
    for kind in ("pure", "mixed")
}


def not_of(kind):
    """Dissimilar games, and games of the other kind, of which there are many: none is about the claim."""
    other = {"pure": "mixed", "mixed": "pure"}[kind]
    arms = ("best_response", "stage_average", "output_policy")
    rows = [effect_of(kind)(arm, 0, 5.0, 6.0, 7.0, perturbation=size) for arm in arms for size in (0.11, 0.4)]
    return rows + [effect_of(other)(arm, k, 5.0, 6.0, 7.0) for arm in arms for k in range(4)]


# Growth -------------------------------------------------------------------------------------------------


def growing(kind, verdict, advantage, horizon=2):
    return {
        "base_kind": kind, "horizon": horizon, "start": 1e5, "end": 1e7, "verdict": verdict, "misfit_affine": 1e-6,
        "misfit_power": 1e-3, "increment": 2.0, "increment_low": 1.9, "increment_high": 2.1, "power": 0.1,
        "power_low": 0.09, "power_high": 0.11, "advantage_low": advantage,
    }  # fmt: skip


def growths(*verdicts):
    return {"stage_rates": [growing("mixed", verdict, 1.0 - 0.1 * k, k) for k, verdict in enumerate(verdicts)]}


PLANTED = {
    "theorem-1": THEOREM_1.planted(),
    "equation-4": EQUATION_4.planted(),
    "iterations-theorem-1": EQUATION_4.planted(),
    "no-regret": REGRET.planted(),
    "equation-6": THEOREM_2.planted(),
    "iterations-theorem-2": THEOREM_2.planted(),
    "theorem-1-over-games": OVER_GAMES.planted(),
    "few-stages": {
        # 4 log 1e6 is 55.26; to the base 2 it would be 79.7, and with the factor 5 it would be 69.1
        HOLDS: [{"chain": stages(55, 10**6)}, {"chain": stages(110, 10**6, horizon=2)},
                {"chain": stages(55, 10**6) + stages(110, 10**6, "pure", 2)}],
        VIOLATED: [{"chain": stages(60, 10**6)}, {"chain": stages(56, 10**6)}, {"chain": stages(111, 10**6, horizon=2)},
                   {"chain": stages(3, 10**6, "pure") + stages(56, 10**6)},
                   # many iterations of pure games or of H = 2 excuse nothing
                   {"chain": stages(56, 10**6) + stages(3, 10**9, "pure") + stages(3, 10**9, horizon=2)}],
    },
    "value-errors": {
        HOLDS: [values(SLOW, (3.0, 3.9, 4.0), SLOW), values((1.5, 1.9, 2.0), SLOW, SLOW)],
        INCONCLUSIVE: [values(SLOW, (3.0, 3.9, 4.001), SLOW), values((1.5, 1.9, 2.001), SLOW, SLOW),
                       values(SLOW, SLOW, (4.0, 4.5, 5.0)), values((1.9, 2.5, 3.0), SLOW, SLOW), DOUBLING],
        VIOLATED: [values(SLOW, SLOW, (4.001, 4.5, 5.0)), values((2.001, 2.5, 3.0), SLOW, SLOW)],
    },
    "best-responses": {
        HOLDS: [dissimilar((0.5, 1.0)), dissimilar((0.5, 1.0), (0.05, 0.1), (3.0, 6.0)), dissimilar((0.0, 1.0))],
        VIOLATED: [dissimilar((0.6, 1.0)), dissimilar((0.501, 1.0)), dissimilar((0.1, 1.0), (0.6, 1.0), (0.1, 1.0)),
                   dissimilar((0.0, 0.0), (1e-9, 0.0))],
        INCONCLUSIVE: [ALONE],
    },
    "similarity-metric": {
        HOLDS: [steps(RISES, (0.0, 0.3), RISES), steps(RISES, (-0.05, 0.3)), steps((-0.05, -0.01))],
        VIOLATED: [steps(RISES, FALLS, RISES), steps(FALLS, UNCLEAR), steps(UNCLEAR, FALLS)],
        INCONCLUSIVE: [steps(RISES, UNCLEAR), steps(UNCLEAR, RISES), steps(RISES, (-0.0501, 0.1)), steps((-0.3, 0.0)),
                       steps((-0.3, -0.0499))],
    },
    "sharper-bound": {
        HOLDS: [beside(1.0, 0.5, 0.9), beside(1.0)],
        VIOLATED: [beside(0.5, 1.001, 0.5), beside(1.001, 0.5), beside(0.5, 0.5, 1.001)],
    },
    "sharper-zero-sum-pure": BENEFIT["pure"].planted(),
    "sharper-zero-sum-mixed": BENEFIT["mixed"].planted(),
    "best-known-rate": {
        HOLDS: [growths("consistent", "consistent"), growths("consistent", ""), growths("consistent", math.nan)],
        VIOLATED: [growths("consistent", "violated"), growths("violated", "inconclusive"),
                   growths("violated", "consistent", "consistent")],
        INCONCLUSIVE: [growths("consistent", "inconclusive"), growths("inconclusive", "consistent"), growths("", "")],
    },
}  # fmt: skip
IGNORED = {
    "theorem-1": THEOREM_1.ignored(*EQUATION_4.tables(over=[("printed", 0), (RATE, 0)])["theory"],
                                   *OVER_GAMES.tables(over=[(WORST, 0)])["theory"],
                                   bound_row("theorem 1", "with B(H) / T, no repair", "two-sided", 9.0)),
    "equation-4": EQUATION_4.ignored(bound_row("equation 4", WORST, "first", 9.0),
                                     bound_row("theorem 1", RATE, "first", 9.0), *POKER),
    "iterations-theorem-1": EQUATION_4.ignored(*SMALLER, *POKER),
    "no-regret": REGRET.ignored(bound_row("regret of a stage", "printed", "first", 9.0),
                                bound_row("theorem 1", "derived", "first", 9.0)),
    "equation-6": THEOREM_2.ignored(*OVER_GAMES.tables(over=[(WORST, 0)])["theory"]),
    "iterations-theorem-2": THEOREM_2.ignored(*OVER_GAMES.tables(over=[(WORST, 0)])["theory"]),
    "theorem-1-over-games": OVER_GAMES.ignored(bound_row("theorem 1, mean over games", "printed", "first", 9.0),
                                               *THEOREM_1.tables(over=[(WORST, 0)])["theory"]),
    "best-responses": ALONE,
    "sharper-bound": {"sequences": [
        *(bounds_of(9.0, arm=arm) for arm in ("individual", "stage_average", "output_policy")),
        *(bounds_of(9.0, perturbation=size) for size in (0.11, 0.4)), bounds_of(9.0, within=False),
    ]},
    "sharper-zero-sum-pure": BENEFIT["pure"].ignored(*not_of("pure")),
    "sharper-zero-sum-mixed": BENEFIT["mixed"].ignored(*not_of("mixed")),
    "best-known-rate": growths("", math.nan),
    # every row is about the claim
    "few-stages": {},
    "value-errors": {},
    "similarity-metric": {},
}  # fmt: skip


def test_equation_4_is_about_every_learning_rate_and_its_iterations_about_the_largest():
    for name, factor in (("small_step", 0.5), ("long_runs", 1.0), ("random_games", None)):
        one = bound_row("equation 4", "printed", "another", 9.0, rate_factor=factor, measurement=name)
        assert JUDGES["equation-4"](frames({"theory": [*ANY_RATE.tables()["theory"], one]})).name == REPAIRED
    small = ANY_RATE.tables()["theory"] + [bound_row("equation 4", "printed", "small", 9.0, rate_factor=0.5)]
    both = joined(EQUATION_4.tables(), {"theory": small})
    assert JUDGES["iterations-theorem-1"](frames(both)).name == HOLDS


@pytest.mark.parametrize(("regrets", "wanted"), [((1.0, 0.2), VIOLATED), ((1.0, 0.02), HOLDS), ((2.1, 0.0), VIOLATED)])
def test_regrets_have_to_vanish_as_stages_grow(regrets, wanted):
    """Stages of 1 and 100 iterations, divergences over eta of 2: the bound is 2, then .02."""
    arrays = {"stage_iterations": np.array([1, 100]), "worst_regret": np.array([regrets]),
              "worst_regret_bound": np.array([[2.0, 0.02]])}  # fmt: skip
    (row,) = regret_rows([({"base_kind": "mixed", "horizon": 1}, arrays)])
    tables = {"theory": [row | {"measurement": "long_runs", "file": "a.npz"}]}
    assert JUDGES["no-regret"](frames(tables)).name == wanted


def test_the_most_stages_for_their_iterations_are_told():
    found = JUDGES["few-stages"](frames({"chain": stages(50, 10**6) + stages(100, 10**9, "pure", 2)}))
    assert found.worst == "mixed, H=1"
    assert plain(found.result) == "None of 2 cases fail; worst: 50 stages beside $4 H \\log T$ = 55.3 (mixed, H=1)."


def test_the_largest_share_of_the_allowed_growth_is_told():
    """3.9 of 4, not 1.5 of 2 nor, which is the largest, 5 of 8; with what faster stages do there."""
    rows = [row for span in ((4, 1.2, 1.5, 1.6, 2), (8, 3.0, 3.9, 4.0, 4), (16, 4.0, 5.0, 6.0, 8))
            for row in amplified("mixed", *span)]  # fmt: skip
    others = [*amplified("pure", 8, 50, 60, 70, 4, "2"), *amplified("mixed", 4, 5, 6, 7, 2, "2")]
    found = JUDGES["value-errors"](frames({"value_growth": others + rows + amplified("mixed", 8, 20, 30, 40, 4, "2")}))
    assert (found.name, found.worst) == (HOLDS, "mixed, H=8")
    assert plain(found.result) == (
        "Where H grows by 4, amplification grows by 3.9 [3, 4] (mixed, H=8); with stages that grow by the factor 2 by "
        "30 [20, 40]."
    )


def test_identical_games_are_those_of_the_sequence_that_is_most_alike():
    """Several sequences of the same setting: the smallest of each end."""
    rows = dissimilar((0.6, 1.0))["sequences"]
    few = [row | {"games": 3, "similarity_per_game": value} for row, value in zip(rows, (9.0, 1.3, 0.45), strict=True)]
    found = JUDGES["best-responses"](frames({"sequences": rows + few}))
    assert found.name == HOLDS
    assert "0.45 nats on identical games beside 0.5" in plain(found.result)


def test_the_lowest_step_is_told():
    for spans, worst in (((RISES, (-0.3, 0.2), FALLS), 2), ((RISES, (-0.3, 0.2), (-0.1, 0.4)), 1)):
        assert JUDGES["similarity-metric"](frames(steps(*spans))).worst.endswith(f"perturbation={0.1 * worst:g}")


@pytest.mark.parametrize("kind", ["pure", "mixed"])
def test_a_benefit_of_games_perturbed_more_is_none_of_similar_games(kind):
    """The commonest perturbation of all rows is the reference; what is above it neither hurts nor helps."""
    judge, own = JUDGES[f"sharper-zero-sum-{kind}"], BENEFIT[kind]
    far = [effect_of(kind)("best_response", 0, *own.helps, perturbation=0.4)]
    found = judge({"sequences": pd.DataFrame(own.tables({0: own.unclear})["sequences"] + far)})
    assert (found.name, "perturbation=0.1," in found.worst) == (INCONCLUSIVE, True)
    assert " of 4 settings" in plain(found.result)
