"""Claims that are judged by intervals of their own: planted tables on both sides of each threshold."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from metanash.families.zero_sum import zero_sum_sequence
from metanash.learners import OptimisticMirrorDescent, learn
from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.claim import runs_behind
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.rates import familywise
from metanash_replication.topics.maml import claims as maml
from metanash_replication.topics.maml import tables as maml_tables
from metanash_replication.topics.potential import claims as potential
from metanash_replication.topics.potential import tables as potential_tables
from metanash_replication.topics.zero_sum import claims as zero_sum
from metanash_replication.topics.zero_sum import measure, tables


def judged(topic, claim, **planted):
    (found,) = [one for one in topic.CLAIMS if one.id == claim]
    return found.judge({name: pd.DataFrame(rows) for name, rows in planted.items()})


def test_theorem_1_names_all_its_files():
    (claim,) = [one for one in zero_sum.CLAIMS if one.id == "theorem-1"]
    files = ("burn_in.npz", "two_sided.npz", "small_step.npz", "long_runs/pure-H1.npz", "random_games/pure-H1.npz")
    assert len(runs_behind(claim, {f"theory/{name}": {} for name in files})) == len(files)


# Regrets ------------------------------------------------------------------------------------------------


@pytest.mark.recalculates("no-regret")
def test_worst_regrets_against_loops():
    """At the step, state and player of the largest regret over its bound; eta differs from game to game."""
    address = {"n_games": 2, "perturbation": 0.5, "horizon": 2, "n_states": 3, "n_actions": [2, 3], "stationary": False}
    games = zero_sum_sequence("random", 4, "regrets", **address)
    eta = np.array([0.02, 0.004])
    learner = OptimisticMirrorDescent(eta)
    run = learn(games, learner, 60, at=[60])
    stages = learner.stages(run.state)
    found = measure.worst_regrets(stages, eta)
    for (tau, stage), g in itertools.product(enumerate(stages), (0, 1)):
        best = (0.0, None)
        for h in range(2):
            for s in range(3):
                total = 0.0
                for i in (0, 1):
                    payoff = stage.payoff[i][g, h, s].tolist()
                    first = next(a for a, v in enumerate(payoff) if v >= max(payoff) - 1e-12)
                    total -= math.log(stage.initial[i][g, h, s, first])
                bound = 1.172 * total / (eta[g] * stage.iterations)
                for i in (0, 1):
                    regret = float(stage.regret(i)[g, h, s])
                    if regret > 1e-12 and regret / bound > best[0]:
                        best = (regret / bound, (regret, bound))
        if best[1] is None:
            assert found["worst_regret"][g, tau] <= 1e-12
        else:
            assert (found["worst_regret"][g, tau], found["worst_regret_bound"][g, tau]) == pytest.approx(best[1])
            assert best[0] < 1.0
    assert (found["worst_regret"] > 1e-3).any()


def regrets(factor):
    """Two games, three stages of 1, 2 and 4 iterations; the bound is 2, 1 and 1/2 and the trivial range 1."""
    bound = np.array([[2.0, 1.0, 0.5]] * 2)
    arrays = {"stage_iterations": np.array([1, 2, 4]), "worst_regret": np.array([[0.0], [factor]]) * bound}
    spec = {"base_kind": "mixed", "horizon": 1, "file": "theory/long_runs/mixed-H1.npz"}
    return tables.regret_rows([(spec, {**arrays, "worst_regret_bound": bound})])


@pytest.mark.parametrize(("factor", "name"), [(0.9, HOLDS), (1.0, HOLDS), (1.001, VIOLATED)])
def test_no_regret(factor, name):
    (row,) = regrets(factor)
    assert (row["setting"], row["runs"], row["first_informative"]) == ("long runs, mixed, H=1", 2, 7)
    assert row["violations"] == int(name == VIOLATED)
    row |= {"measurement": "long_runs", "file": "theory/long_runs/mixed-H1.npz"}
    assert judged(zero_sum, "no-regret", theory=[row]).name == name


# Value errors -------------------------------------------------------------------------------------------


def growing(own, other=(27.0, 21.0, 35.0)):
    first = {"base_kind": "mixed", "horizon": 2, "ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "linear": 1.0}
    return [
        {**first, "factor": factor} | ({"horizon": h} | dict(zip(NUMBERS, (*spans, 4.0), strict=True)) if h > 2 else {})
        for factor, spans in (("1 + 1/H", own), ("2", other))
        for h in (2, 8)
    ]


NUMBERS = ("ratio", "ratio_low", "ratio_high", "linear")


@pytest.mark.parametrize(
    ("own", "name"),
    [
        ((2.3, 1.9, 2.8), HOLDS),
        ((3.9, 3.8, 4.0), HOLDS),
        ((3.9, 3.8, 4.1), INCONCLUSIVE),
        ((4.5, 3.9, 5.0), INCONCLUSIVE),
        ((4.5, 4.1, 5.0), VIOLATED),
    ],
)
def test_value_errors(own, name):
    """Stages that double decide nothing, whatever they do."""
    verdict = judged(zero_sum, "value-errors", value_growth=growing(own))
    assert (verdict.name, verdict.worst) == (name, "mixed, H=8")
    assert judged(zero_sum, "value-errors", value_growth=growing(own, own)).name == name
    assert "the factor 2 by 27 [21, 35]" in plain(verdict.result)


def test_value_growth_is_measured_in_both_kinds_of_stages():
    """By loops over stages, from public parts; doubling stages are 3, 6, 12, ... long."""
    options = {"horizons": [3], "factor": 2, "iterations": 400, "n_states": 1, "n_actions": [2, 2]}
    found = measure.value_growth_runs("pure", [0, 1], 5, **options)
    assert found["amplification"].shape == (1, 2, 2)
    assert (found["amplification"] > 0).all()
    learner = measure._OtherStages(0.01)
    run = learn([measure.burn_in_game(3)], learner, 3 + 6 + 12 + 5, at=[26])
    assert [stage.iterations for stage in learner.stages(run.state)] == [3, 6, 12, 5]
    rows = tables.value_growth_table(
        [({"base_kind": "pure", "factor": 2}, {"horizons": np.array([2, 6]), "amplification": PLANTED})], 50, 1
    )
    last = rows[(rows["horizon"] == 6) & (rows["factor"] == "2")].iloc[0]
    assert (last["ratio"], last["ratio_low"], last["ratio_high"], last["linear"]) == (8.0, 8.0, 8.0, 3.0)
    assert rows[rows["factor"] == "1 + 1/H"]["ratio"].tolist() == [1.0, 2.0]


PLANTED = np.array([[[1.0, 1.0], [0.5, 0.5]], [[2.0, 2.0], [4.0, 4.0]]])


# Similarity ---------------------------------------------------------------------------------------------


def step(low, high, **others):
    row = {"base_kind": "mixed", "horizon": 2, "games": 10, "perturbation": 0.1, "value": 5.0, "next_value": 6.0}
    return {**row, "difference": (low + high) / 2, "low": low, "high": high} | others


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([step(0.1, 0.2), step(0.0, 0.3)], HOLDS),
        ([step(0.1, 0.2), step(-0.0499, 0.3)], HOLDS),
        ([step(0.1, 0.2), step(-0.0501, 0.3)], INCONCLUSIVE),
        ([step(0.1, 0.2), step(-0.0501, -0.0499)], INCONCLUSIVE),
        ([step(0.1, 0.2), step(-0.2, -0.0501)], VIOLATED),
    ],
)
def test_similarity_metric(steps, name):
    """A fall counts from one percent of the value, here 5, on."""
    steps[1]["perturbation"] = 0.2
    verdict = judged(zero_sum, "similarity-metric", similarity_steps=steps)
    assert verdict.name == name
    assert verdict.worst == "mixed, H=2, K=10, perturbation=0.2"


def test_differences_are_paired_and_hold_together():
    """Seeds differ by 100 and steps by 1: paired, the interval is exact. Orders and other settings do not matter."""
    base = {"horizon": 2, "games": 10, "iterations": 5, "learning_rate": 1.0}
    sizes = (0.2, 0.0, 0.1)
    settings = [{**base, "perturbation": p} for p in sizes] + [{**base, "games": 5, "perturbation": 0.1}]
    seeds = np.array([0.0, 1000.0, 5000.0])
    similarity = np.stack([seeds + 10.0 * rank for rank in (1, 0, 3)] + [seeds])
    spec = {"base_kind": "mixed", "arm": "best_response", "settings": settings}
    table = tables.similarity_steps([(spec, {"similarity": similarity})], 50, 1)
    assert table[["perturbation", "next"]].to_numpy().tolist() == [[0.0, 0.1], [0.1, 0.2]]
    for column in ("difference", "low", "high"):
        np.testing.assert_allclose(table[column], [3.0, -2.0])
    arms = ("individual", "stage_average", "output_policy")
    other = tables.similarity_steps([({**spec, "arm": arm}, {"similarity": similarity}) for arm in arms], 50, 1)
    assert other.empty
    assert judged(zero_sum, "similarity-metric", similarity_steps=other).name == INCONCLUSIVE


def test_a_family_of_intervals():
    assert (familywise(1), familywise(5)) == (pytest.approx(0.95), pytest.approx(0.99))
    with pytest.raises(ValueError, match="intervals"):
        familywise(0)


# Slopes against the claim -------------------------------------------------------------------------------


def slope(verdict, value=-0.5, factor=1.0, bound=-0.3):
    row = {"base_kind": "team", "discount": 0.9, "step_factor": factor, "start": 1e5, "end": 1e6, "slope": value}
    return {**row, "low": value, "high": value, "bound_slope": bound, "claimed": -0.5, "verdict": verdict}


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([slope("consistent"), slope("")], HOLDS),
        ([slope("consistent"), slope("violated", -0.2, 100.0)], HOLDS),  # beyond what the proposition admits
        ([slope("consistent"), slope("inconclusive", -0.2)], INCONCLUSIVE),
        ([slope("consistent"), slope("violated", -0.2)], VIOLATED),
        ([slope("consistent", -0.2, 100.0)], INCONCLUSIVE),
    ],
)
def test_iterations_of_proposition_1(rows, name):
    verdict = judged(potential, "iterations-proposition-1", potential_slopes=rows)
    assert verdict.name == name
    if name == VIOLATED:
        assert "slope of the claim: -0.200 [-0.200, -0.200] beside -0.500" in plain(verdict.result)


TIMES = np.unique(np.geomspace(1, 1e6, 121).round())
WINDOWS = [[1e3, 1e4], [1e4, 1e5], [1e5, 1e6]]


def potential_slopes(curves, factors=(1.0, 1000.0)):
    """Mean gaps of both step factors; the rise of the potential gives a bound that falls by T^-0.1 only."""
    shape = (1, len(factors), 1, len(TIMES))
    arrays = {
        "checkpoints": TIMES, "seeds": np.array([0]), "mismatch": np.ones((1, 1)), "rise_error": np.zeros(1),
        "step_size": np.array(factors).reshape(1, -1, 1), "rise": np.broadcast_to(TIMES**0.8, shape),
        "mean_gap": np.stack(curves).reshape(shape), "ne_gap": np.stack(curves).reshape(shape),
    }  # fmt: skip
    spec = {"base_kind": "team", "discounts": [0.9], "step_factors": list(factors)}
    return potential_tables.slope_table([(spec, arrays)], WINDOWS, 0.03, 20, 1)


def late(t):
    """Level until 1e6, then 1/T."""
    return 1.0 / (1.0 + t / 1e6)


def test_slopes_of_small_steps_are_those_of_large_ones_later():
    table = potential_slopes([late(TIMES), late(1000.0 * TIMES)])
    own = table[table["step_factor"] == 1.0]
    assert own["longer"].tolist() == [1.0, 1.0, 1.0, 1000.0, 1000.0, 1000.0]
    assert own["end"].tolist() == pytest.approx([1e4, 1e5, 1e6, 1e7, 1e8, 1e9])
    assert own["slope"].to_numpy()[[2, 3, 5]] == pytest.approx([-0.25, -0.75, -1.0], abs=0.01)
    assert own["verdict"].tolist() == [""] * 5 + ["consistent"]
    assert judged(potential, "iterations-proposition-1", potential_slopes=table).name == HOLDS


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_step_sizes_that_differ_lend_nothing(factor):
    """By 2 % where they overlap: then the windows at hand decide, and a slope of -0.2 that still falls nothing."""
    table = potential_slopes([late(TIMES), factor * late(1000.0 * TIMES)])
    own = table[table["step_factor"] == 1.0]
    assert own["longer"].tolist() == [1.0, 1.0, 1.0]
    assert own["verdict"].tolist() == ["", "", "inconclusive"]


def test_the_claimed_slope_counts_and_not_that_of_the_bound():
    """T^-0.3 at both steps: below the bound's -0.1, above the claimed -1/2."""
    table = potential_slopes([TIMES**-0.3, TIMES**-0.3], factors=(0.5, 1.0))
    np.testing.assert_allclose(table["bound_slope"], -0.1, rtol=1e-9)
    assert table["verdict"].tolist() == ["", "", "violated"] * 2
    assert judged(potential, "iterations-proposition-1", potential_slopes=table).name == VIOLATED


# The inner loop -----------------------------------------------------------------------------------------


def inner(*spans, missing=0):
    return [
        {"base_kind": "team", "discount": 0.5, "probability": 0.1, "largest": 0.5, "smallest": 5e-5, "runs": 24,
         "not_reached": missing, "exponent": (low + high) / 2, "low": low, "high": high}
        for low, high in spans
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (inner((0.9, 1.0), (1.8, 2.0)), HOLDS),
        (inner((0.9, 1.0), (1.8, 2.01)), INCONCLUSIVE),
        (inner((0.9, 1.0), (2.01, 2.2)), VIOLATED),
        (inner((0.9, 1.0), missing=1), INCONCLUSIVE),
        (inner((0.9, 1.0), (np.nan, np.nan)), INCONCLUSIVE),
        (inner((np.nan, np.nan)), INCONCLUSIVE),
    ],
)
def test_inner_loop(rows, name):
    verdict = judged(maml, "inner-loop", inner_loop_rates=rows, inner_loop_slopes=[{"slope": -0.8}, {"slope": -0.9}])
    assert verdict.name == name


@pytest.mark.parametrize("power", [0.5, 1.0, 2.5])
@pytest.mark.recalculates("inner-loop")
def test_exponents_of_power_laws(power):
    """gap = (T0 / T)^(1/power): seeds with other T0 have one exponent; one that never gets there is counted."""
    t = np.unique(np.geomspace(1, 1e7, 200).round())
    gap = np.minimum(1.9, (np.array([[2.0], [5.0], [1e9]]) / t) ** (1.0 / power))
    arrays = {"checkpoints": t, "ne_gap": gap[np.newaxis, np.newaxis], "least_best": np.full((1, 1, 3), 0.25)}
    spec = {"base_kind": "team", "discounts": [0.5], "probabilities": [0.1]}
    (row,) = maml_tables.inner_loop_rates([(spec, arrays)], [0.5, 0.1, 0.05, 0.02], 50, 1).to_dict("records")
    assert [row[name] for name in ("exponent", "low", "high")] == pytest.approx([power] * 3, rel=1e-3)
    assert (row["runs"], row["not_reached"], row["largest"], row["smallest"]) == (2, 1, 1.0, 0.04)


def test_gaps_that_a_run_starts_below_do_not_count():
    """0.3/T and a level twice as large at the start: the levels below it give the exponent, which is 1."""
    t = np.unique(np.geomspace(1, 1e4, 200).round())
    arrays = {"checkpoints": t, "ne_gap": (0.3 / t).reshape(1, 1, 1, -1), "least_best": np.full((1, 1, 1), 0.25)}
    spec = {"base_kind": "team", "discounts": [0.5], "probabilities": [0.1]}
    (row,) = maml_tables.inner_loop_rates([(spec, arrays)], [0.5, 0.3, 0.1, 0.05, 0.01], 50, 1).to_dict("records")
    assert row["exponent"] == pytest.approx(1.0, rel=1e-6)


@pytest.mark.recalculates("inner-loop")
def test_intervals_of_exponents_are_those_of_a_mean():
    """Of 200 seeds with exponents of their own: 1.96 standard errors about their mean, whatever their constants."""
    rng = np.random.default_rng(3)
    powers, constants = rng.normal(1.5, 0.2, size=200), rng.uniform(1.0, 20.0, size=200)
    t = np.unique(np.geomspace(1, 1e7, 400).round())
    gap = np.minimum(1.9, (constants[:, np.newaxis] / t) ** (1.0 / powers[:, np.newaxis]))
    arrays = {"checkpoints": t, "ne_gap": gap[np.newaxis, np.newaxis], "least_best": np.full((1, 1, 200), 0.25)}
    spec = {"base_kind": "team", "discounts": [0.5], "probabilities": [0.1]}
    (row,) = maml_tables.inner_loop_rates([(spec, arrays)], [0.2, 0.1, 0.05, 0.02, 0.01], 4000, 1).to_dict("records")
    half = 1.959964 * powers.std(ddof=1) / math.sqrt(200)
    assert row["exponent"] == pytest.approx(powers.mean(), rel=2e-3)
    assert row["high"] - row["exponent"] == pytest.approx(half, rel=0.06)
    assert row["exponent"] - row["low"] == pytest.approx(half, rel=0.06)
