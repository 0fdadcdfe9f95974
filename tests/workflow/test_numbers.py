"""Numbers of the small run against values that no line of the library had a part in: loops, fractions, csv and NumPy.

Other tests compare the files with what the library makes when it is called; these catch what both would share.
"""

import csv
import itertools
import json
import math
import statistics

import numpy as np
import oracles
import pytest


def rows_of(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def loaded(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive}


@pytest.mark.parametrize("kind", ["pure", "mixed"])
def test_records_of_algorithm_1_are_those_of_its_listing(finished, config, kind):
    """Line by line in Python: policies and gaps of the first and the last game of a block, learned from scratch."""
    section = config["experiments"]["figure1_zero_sum"]["learning"]
    record = loaded(finished.path(f"runs/figure1_zero_sum/{kind}/individual/block-0.npz"))
    games = loaded(finished.path(f"games/figure1_zero_sum/{kind}/block-0.npz"))
    seeds, count = record["ne_gap"].shape[2:4]
    for s, k in ((0, 0), (seeds - 1, count - 1)):
        number = s * count + k
        reward = games["reward"][number]
        kernel = games["transition"][games["transition_index"][number]]
        kernel = np.broadcast_to(kernel, (len(reward), *kernel.shape[1:]))
        uniform = [[[[1 / n] * n for _ in step] for step in reward] for n in reward.shape[2:]]
        trace = oracles.algorithm_1(
            oracles.plain(reward), oracles.plain(kernel), section["learning_rates"][0], section["iterations"],
            [uniform[0]], [uniform[1]],
        )  # fmt: skip
        policies = [trace.mu, trace.nu]
        for i, policy in enumerate(policies):
            np.testing.assert_allclose(record[f"policy_{i}"][0, 0, s, k], policy, atol=1e-9)
        gap = oracles.zero_sum_gap(*map(oracles.plain, (reward, kernel, games["initial"][number])), *policies)
        assert record["ne_gap"][0, 0, s, k, -1] == pytest.approx(gap, abs=1e-9)


@pytest.mark.parametrize("kind", ["team", "action_independent"])
def test_gaps_of_projected_ascent_are_those_of_its_policies(finished, kind):
    """All deterministic deviations are tried; for the first and the last game of a block."""
    record = loaded(finished.path(f"runs/figure1_potential/{kind}/individual/block-0.npz"))
    games = loaded(finished.path(f"games/figure1_potential/{kind}/block-0.npz"))
    discount = json.loads(str(games["header"]))["discount"]
    seeds, count = record["ne_gap"].shape[2:4]
    for s, k in ((0, 0), (seeds - 1, count - 1)):
        number = s * count + k
        players = games["reward"].ndim - 3
        rewards = np.broadcast_to(games["reward"][number], (players, *games["reward"].shape[2:]))
        kernel = games["transition"][games["transition_index"][number]][0]
        policies = [record[f"policy_{i}"][0, 0, s, k] for i in range(players)]
        tables = [oracles.plain(table) for table in (rewards, kernel)]
        gains = oracles.discounted_gains(
            *tables, discount, oracles.plain(games["initial"][number]), [oracles.plain(policy) for policy in policies]
        )
        assert record["ne_gap"][0, 0, s, k, -1] == pytest.approx(max(gains), abs=1e-9)


def when_reached(points, level):
    """First crossing of a curve [(t, gap), ...], straight between checkpoints on logarithmic axes."""
    if points[0][1] <= level:
        return points[0][0]
    for (t0, y0), (t1, y1) in itertools.pairwise(points):
        if y1 <= level:
            share = math.log(y0 / level) / math.log(y0 / y1) if y1 > 0.0 else 1.0
            return t0 * (t1 / t0) ** share
    return math.inf


def test_speed_ups_are_those_of_the_mean_curves(finished):
    """From figure1.csv by dictionaries: mean over games and seeds, then the crossing, then the ratio."""
    curves = {}
    for row in rows_of(finished.path("figure1.csv")):
        key = row["figure"], row["base_kind"], row["arm"]
        curves.setdefault(key, {}).setdefault(int(row["iteration"]), []).append(float(row["ne_gap"]))
    means = {key: sorted((t, statistics.fmean(gaps)) for t, gaps in curve.items()) for key, curve in curves.items()}
    rows = rows_of(finished.path("speed_up.csv"))
    assert rows
    for row in rows:
        times, last = [], None
        for arm in ("individual", row["arm"]):
            points = means[row["figure"], row["base_kind"], arm]
            times.append(when_reached(points, float(row["ne_gap"])))
            last = points[-1][0]
        found = [float(row[f"iterations_{name}"]) for name in ("individual", "meta")]
        assert found == pytest.approx(times, rel=1e-9)
        if row["status"] != "neither":
            ratio = min(times[0], last) / min(times[1], last)
            assert float(row["speed_up"]) == pytest.approx(ratio, rel=1e-9)
            assert float(row["low"]) <= float(row["high"])


def test_final_gaps_are_means_over_games_2_to_k(finished, config):
    """From the records: mean over games 2 to K of a seed at T, then mean and standard deviation over seeds."""
    by_cell = {}
    for name, section in config["experiments"].items():
        if not name.startswith("sensitivity"):
            continue
        for path in finished.path(f"runs/{name}").rglob("*.npz"):
            kind, arm = path.relative_to(finished.path(f"runs/{name}")).parts[:2]
            record, axes = loaded(path), section["learning"]["learning_rates"]
            for (r, rate), (p, size) in itertools.product(
                enumerate(axes), enumerate(section["games"]["perturbations"])
            ):
                for s, seed in enumerate(record["seeds"].tolist()):
                    gaps = record["ne_gap"][r, p, s, 1:, -1].tolist()
                    by_cell.setdefault((kind, rate, size, arm), {})[seed] = statistics.fmean(gaps)
    rows = rows_of(finished.path("sensitivity.csv"))
    assert len(rows) == len(by_cell)
    for row in rows:
        place = row["base_kind"], float(row["learning_rate"]), float(row["perturbation"])
        own, base = (list(by_cell[*place, arm].values()) for arm in (row["arm"], "individual"))
        assert float(row["ne_gap"]) == pytest.approx(statistics.fmean(own), rel=1e-12)
        assert float(row["std"]) == pytest.approx(statistics.stdev(own), rel=1e-9, abs=1e-15)
        assert float(row["ratio"]) == pytest.approx(statistics.fmean(own) / statistics.fmean(base), rel=1e-12)
        assert int(row["n_seeds"]) == len(own)
        assert float(row["low"]) - 1e-12 <= float(row["ne_gap"]) <= float(row["high"]) + 1e-12


def test_stage_equilibria_are_those_of_fractions(finished, config):
    """Of the reward matrices of every sequence, by trying all submatrices."""
    count = config["experiments"]["figure1_zero_sum"]["games"]["count"]
    seeds = set()
    for row in rows_of(finished.path("equilibria.csv")):
        if row["payoffs"] != "rewards":
            continue
        seed, size = int(row["seed"]), config["experiments"]["figure1_zero_sum"]["seeds_per_block"]
        games = loaded(finished.path(f"games/figure1_zero_sum/{row['base_kind']}/block-{seed // size}.npz"))
        number = seed % size * count + int(row["game"]) - 1
        matrix = oracles.exact(games["reward"][number][0, int(row["state"]) - 1])
        value, mu, nu = oracles.matrix_value(matrix)
        found = [float(row[name]) for name in ("mu_a1", "nu_b1", "value")]
        assert found == pytest.approx([float(mu[0]), float(nu[0]), float(value)], abs=1e-9)
        seeds.add(seed)
    assert seeds == set(range(config["experiments"]["figure1_zero_sum"]["seeds"]))
