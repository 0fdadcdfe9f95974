"""Numbers that decide claims of the simulations, from games on: curves by listings, speed-ups and ratios by loops."""

import itertools
import math

import numpy as np
import oracles
import pytest
from oracles_games import (
    ascended_in_turn,
    gap_by_loops,
    gap_of,
    kappa_by_loops,
    learned_in_turn,
    played,
    theory_step,
)

from metanash.families.zero_sum import zero_sum_sequence
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm
from metanash_replication.records import RunRecord
from metanash_replication.topics.simulations.claims import CLAIMS
from metanash_replication.topics.simulations.tables import (
    curve_table,
    final_gap_table,
    speed_up_table,
    stage_equilibria,
)

JUDGES = {claim.id: claim.judge for claim in CLAIMS}
SEEDS, K = [0, 1, 2], 5
DRAWS = [list(draw) for draw in itertools.product(range(3), repeat=3)]
"""All resamples of three seeds: each has a probability above 2.5 %, so intervals go from one extreme to the other."""
GRID = [1, 3, 7, 20]


def learned(family, kind, options, learner, rate, unit, arms):
    """Games by seed, and the records of the arms."""
    spec = Sequences(family, kind, {"n_states": 1, "n_actions": [2, 2], **options}, (0.1,), K)
    games, provenance = generate_games(spec, SEEDS, 11)
    how = [Learning(arm, learner, (rate,), unit, GRID[-1], 4, False) for arm in arms]
    records = [run_arm(one, games, provenance) for one in how]
    assert records[0]["checkpoints"].tolist() == GRID
    return [games[K * k : K * (k + 1)] for k in range(3)], records


def reached(curve, level):
    """Iterations to a gap, between checkpoints along a straight line in logarithms to the base 10."""
    place = next(c for c, y in enumerate(curve) if y <= level)
    if place == 0 or curve[place] == 0.0:
        return GRID[place]
    (t, u), (y, z) = np.log10(GRID[place - 1 : place + 1]), np.log10(curve[place - 1 : place + 1])
    return 10 ** (t + (u - t) * (np.log10(level) - y) / (z - y))


def check(curves, records, figure, kind, arm, claims):
    """``curves[arm]`` (seeds, K, C): the speed-up at a gap in the middle, and the ratio of last gaps of later games."""
    mean = {name: curve.mean(axis=(0, 1)) for name, curve in curves.items()}
    highest, lowest = min(c[0] for c in mean.values()), max(c[-1] for c in mean.values())
    by_seed = {name: curve.mean(axis=1) for name, curve in curves.items()}
    ends = max(by_seed[name][draw].mean(axis=0)[-1] for name in by_seed for draw in DRAWS)
    level = float(np.sqrt(highest * lowest))
    level = level if ends < level else float(ends * 1.01)
    table = speed_up_table(curve_table(records, figure), {kind: [level]}, 2000, 5)
    (row,) = table.to_dict("records")
    times = {name: reached(curve, level) for name, curve in mean.items()}
    assert (row["arm"], row["status"]) == (arm, "measured")
    assert row["speed_up"] == pytest.approx(times["individual"] / times[arm], rel=1e-8)
    each = [reached(by_seed["individual"][d].mean(axis=0), level) / reached(by_seed[arm][d].mean(axis=0), level)
            for d in DRAWS]  # fmt: skip
    assert (row["low"], row["high"]) == pytest.approx((min(each), max(each)), rel=1e-8)
    if not claims[0].endswith("theory-step"):
        said = JUDGES[claims[0]]({"speed_up": table}).result
        assert f"speed_up.csv\ue001{times['individual'] / times[arm]:.3g}\ue002" in said

    last = {name: curve[:, 1:, -1].mean(axis=1) for name, curve in curves.items()}
    final = final_gap_table(records, 2000, 5)
    place = JUDGES[claims[1]]({"sensitivity": final}).place
    assert place["ratio"] == pytest.approx(last[arm].mean() / last["individual"].mean(), rel=1e-8)
    ratios = [last[arm][draw].mean() / last["individual"][draw].mean() for draw in DRAWS]
    assert (place["ratio_low"], place["ratio_high"]) == pytest.approx((min(ratios), max(ratios)), rel=1e-8)


@pytest.mark.recalculates("figure-1a-pure", "figure-1a-mixed", "simulations-zero-sum")
@pytest.mark.parametrize("kind", ["pure", "mixed"])
def test_zero_sum_games_from_the_listing(kind):
    """Algorithm 1 for each T, and equation (5) with alpha = 1 / sqrt(K)."""
    options = {"horizon": 2, "noise": "uniform", "stationary": True}
    arms = ("individual", "best_response")
    games, records = learned("zero_sum", kind, options, "optimistic_mirror_descent", 0.2, "absolute", arms)
    curves = {arm: np.zeros((3, K, len(GRID))) for arm in arms}
    for arm, (j, sequence) in itertools.product(arms, enumerate(games)):
        found = learned_in_turn(sequence, 0.2, GRID[-1], arm)
        for k, (game, (_, tilde)) in enumerate(zip(sequence, found, strict=True)):
            curves[arm][j, k] = [gap_of(game, played(game, 0.2, t, tilde)) for t in GRID]
    check(curves, records, "1a", kind, "best_response", (f"figure-1a-{kind}", "simulations-zero-sum"))


@pytest.mark.recalculates(
    "figure-1b-team",
    "figure-1b-action-independent",
    "figure-1b-team-theory-step",
    "figure-1b-action-independent-theory-step",
    "simulations-potential",
)
@pytest.mark.parametrize(("panel", "rate", "unit"), [("1b", 0.5, "absolute"), ("1b_theory", 400.0, "theory")])
@pytest.mark.parametrize("kind", ["team", "action_independent"])
def test_potential_games_by_loops(kind, panel, rate, unit):
    """Equation (7); the step of the theory has the largest kappa of the sequence, and 400 times it is learned with."""
    arms = ("individual", "carry_over")
    options = {"discount": 0.5, "noise": "uniform", "n_states": 2, "n_actions": [2, 2]}
    games, records = learned("potential", kind, options, "projected_q_ascent", rate, unit, arms)
    curves = {arm: np.zeros((3, K, len(GRID))) for arm in arms}
    for arm, (j, sequence) in itertools.product(arms, enumerate(games)):
        theirs = theory_step(sequence[0], max(map(kappa_by_loops, sequence)))
        step = rate * (theirs if unit == "theory" else 1.0)
        found = ascended_in_turn(sequence, step, GRID[-1], arm)
        for k, (game, policies) in enumerate(zip(sequence, found, strict=True)):
            curves[arm][j, k] = [gap_by_loops(game, policies[t]) for t in GRID]
    suffix = "-theory-step" if unit == "theory" else ""
    claim = f"figure-1b-{kind.replace('_', '-')}{suffix}"
    check(curves, records, panel, kind, "carry_over", (claim, "simulations-potential"))


@pytest.mark.recalculates("figure-1c-mixed", "figure-1c-pure")
@pytest.mark.parametrize("kind", ["mixed", "pure"])
def test_ranges_of_equilibria_in_fractions(kind):
    """Equilibria of the first step's matrices by Shapley and Snow's submatrices, and by hand where they are mixed."""
    how = {"horizon": 2, "n_states": 2, "n_actions": [2, 2], "stationary": False}
    games = zero_sum_sequence(kind, 3, "equilibria", n_games=6, perturbation=0.3, **how)
    widest = 0.0
    for s in (0, 1):
        first = []
        for game in games:
            (a, b), (c, d) = matrix = oracles.exact(game.reward[0, s])
            _, mu, nu = oracles.matrix_value(matrix)
            if 0 < mu[0] < 1:
                assert (mu[0], nu[0]) == ((d - c) / (a - b - c + d), (d - b) / (a - b - c + d))
            first.append((float(mu[0]), float(nu[0])))
        widest = max(widest, *(max(column) - min(column) for column in zip(*first, strict=True)))
    found = JUDGES[f"figure-1c-{kind}"]({"equilibria": stage_equilibria(games, kind, 0)})
    assert found.place["left"] == pytest.approx(widest, abs=1e-9)


@pytest.mark.recalculates("simulations-zero-sum", "simulations-potential")
def test_intervals_of_ratios_by_the_delta_method():
    """Many seeds, paired: the variance of a log ratio of means is that of the relative deviations' difference."""
    rng, seeds = np.random.default_rng(8), 400
    common = rng.normal(scale=0.4, size=seeds)
    gaps = {arm: scale * np.exp(common + rng.normal(scale=0.2, size=seeds))
            for arm, scale in (("individual", 1.0), ("carry_over", 0.7))}  # fmt: skip
    records = [
        RunRecord({"arm": arm, "games": {"base_kind": "team"}}, {}, {
            "seeds": np.arange(seeds), "learning_rates": np.array([0.1]), "perturbations": np.array([0.1]),
            "checkpoints": np.array([1]), "ne_gap": np.stack([gap, gap], axis=1).reshape(1, 1, seeds, 2, 1)})
        for arm, gap in gaps.items()
    ]  # fmt: skip
    table = final_gap_table(records, 4000, 1)
    row = table[table["arm"] == "carry_over"].iloc[0]
    ratio = gaps["carry_over"].mean() / gaps["individual"].mean()
    relative = gaps["carry_over"] / gaps["carry_over"].mean() - gaps["individual"] / gaps["individual"].mean()
    half = 1.959964 * relative.std(ddof=1) / math.sqrt(seeds)
    assert row["ratio"] == pytest.approx(ratio)
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(
        (ratio * np.exp(-half), ratio * np.exp(half)), rel=0.003
    )
