"""Tables against plain loops over records small enough to write down, with axes of different lengths."""

import io
import itertools
import math
import statistics

import numpy as np
import pandas as pd
import pytest

import metanash as mn
from metanash.games import ZeroSumGame
from metanash.streams import stream
from metanash_replication.records import RunRecord
from metanash_replication.topics.simulations.tables import (
    curve_table,
    curves,
    distinct_equilibria,
    equilibrium_ranges,
    final_gap_table,
    speed_up_table,
    stage_equilibria,
)

GRID = [1, 3, 10, 60]
COLUMNS = ["figure", "base_kind", "arm", "seed", "games", "iteration", "ne_gap"]


def record(kind, arm, seeds, gap, rates=(0.1,), sizes=(0.2,), grid=GRID):
    """A run record; ``gap`` has axes (rate, size, seed, game, checkpoint)."""
    arrays = {
        "seeds": np.array(seeds),
        "learning_rates": np.array(rates),
        "perturbations": np.array(sizes),
        "checkpoints": np.array(grid),
        "ne_gap": np.asarray(gap, dtype=float),
    }
    return RunRecord({"arm": arm, "games": {"base_kind": kind}}, {}, arrays)


def gap_of(kind, arm, seed, game, iteration):
    """A number that tells all its labels apart."""
    text = f"{kind} {arm} {seed} {game} {iteration}"
    return 0.001 + float(stream(text).uniform())


def record_by_labels(kind, arm, seeds, games=3):
    gap = [[[[[gap_of(kind, arm, s, k, t) for t in GRID] for k in range(1, games + 1)] for s in seeds]]]
    return record(kind, arm, seeds, gap)


KINDS, ARMS, BLOCKS = ["pure", "mixed"], ["individual", "best_response"], [[4, 0], [2]]
RECORDS = [record_by_labels(*key) for key in itertools.product(KINDS, ARMS, BLOCKS)]


@pytest.fixture(scope="module")
def table():
    return curve_table(RECORDS, "1a")


def test_a_gap_of_correlated_policies_is_named():
    (one, *_), arrays = RECORDS, dict(RECORDS[0].arrays)
    arrays["cce_gap"] = arrays.pop("ne_gap")
    other = curve_table([type(one)(one.spec, {}, arrays)], "1a")
    assert list(other.columns) == [*COLUMNS, "measure"]
    assert set(other["measure"]) == {"cce_gap"}
    pd.testing.assert_frame_equal(other[COLUMNS], curve_table([one], "1a"))


# Curves -------------------------------------------------------------------------------------------------


def test_every_checkpoint_of_a_sequence_is_one_row(table):
    assert list(table.columns) == COLUMNS
    wanted = [
        ("1a", kind, arm, seed, 3, iteration)
        for kind in sorted(KINDS)
        for arm in sorted(ARMS)
        for seed in (0, 2, 4)
        for iteration in GRID
    ]
    assert list(table.iloc[:, :6].itertuples(index=False, name=None)) == wanted
    means = [
        statistics.fmean(gap_of(kind, arm, seed, game, iteration) for game in (1, 2, 3))
        for _, kind, arm, seed, _, iteration in wanted
    ]
    np.testing.assert_allclose(table["ne_gap"], means, rtol=1e-14)
    assert table.index.tolist() == list(range(len(wanted)))


def test_order_of_records_does_not_matter(table):
    pd.testing.assert_frame_equal(curve_table(RECORDS[::-1], "1a"), table)
    pd.testing.assert_frame_equal(curve_table(iter(RECORDS), "1a"), table)


def test_csv_is_exact(table):
    text = table.to_csv(index=False)
    assert text.splitlines()[0] == "figure,base_kind,arm,seed,games,iteration,ne_gap"
    assert pd.read_csv(io.StringIO(text))["ne_gap"].tolist() == table["ne_gap"].tolist()


@pytest.mark.parametrize("axis", ["rates", "sizes"])
def test_grids_have_no_curves(axis):
    shape = (2, 1, 1, 2, 4) if axis == "rates" else (1, 2, 1, 2, 4)
    grid = record("mixed", "individual", [0], np.ones(shape), **{axis: (0.1, 0.3)})
    with pytest.raises(ValueError, match="one learning rate and one perturbation"):
        curve_table([grid], "1a")


def test_iterations_are_counted_at_another_rate():
    """A multiple of it stands for as many times the iterations."""
    far = record("mixed", "individual", [0], np.ones((1, 1, 1, 2, 4)), rates=(10000.0,))
    assert curve_table([far], "1a")["iteration"].tolist() == GRID
    assert curve_table([far], "1a", 1.0)["iteration"].tolist() == [10000 * t for t in GRID]
    assert curve_table([far], "1a", 2500.0)["iteration"].tolist() == [4 * t for t in GRID]


def test_curves_are_means_over_games_then_over_seeds(table):
    found = curves(table)
    assert list(found.columns) == ["figure", "base_kind", "arm", "iteration", "mean", "std"]
    assert len(found) == len(KINDS) * len(ARMS) * len(GRID)
    for row in found.itertuples():
        by_seed = [
            statistics.fmean(gap_of(row.base_kind, row.arm, seed, game, row.iteration) for game in (1, 2, 3))
            for seed in (0, 2, 4)
        ]
        assert row.mean == pytest.approx(statistics.fmean(by_seed), rel=1e-12)
        assert row.std == pytest.approx(statistics.stdev(by_seed), rel=1e-9)  # n - 1 in the denominator


def test_curves_come_in_order_of_iterations(table):
    shuffled = table.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(curves(shuffled), curves(table))
    for _, part in curves(table).groupby(["base_kind", "arm"]):
        assert part["iteration"].tolist() == GRID


def test_spread_is_that_of_seeds_not_of_games():
    """Games differ a lot, seeds not at all."""
    gap = np.tile(np.linspace(0, 1, 5)[:, np.newaxis], (1, 1, 3, 1, 4))
    found = curves(curve_table([record("mixed", "individual", [0, 1, 2], gap)], "1a"))
    np.testing.assert_allclose(found["mean"], 0.5)
    np.testing.assert_allclose(found["std"], 0.0, atol=1e-15)


def test_one_seed_has_no_spread():
    found = curves(curve_table([record("mixed", "individual", [3], np.ones((1, 1, 1, 2, 4)))], "1a"))
    assert found["std"].tolist() == [0.0] * 4


def test_figures_are_kept_apart():
    two = pd.concat([curve_table(RECORDS[:1], "1a"), curve_table(RECORDS[1:2], "1b")])
    assert curves(two).groupby("figure").size().to_dict() == {"1a": 4, "1b": 4}


# Speed-up -----------------------------------------------------------------------------------------------

LEVELS = {"pure": [0.6, 0.5], "mixed": [0.55]}
SPEED_COLUMNS = [
    "figure", "base_kind", "arm", "ne_gap", "iterations_individual", "iterations_meta", "speed_up", "low", "high",
    "status", "censored", "n_seeds",
]  # fmt: skip


def power_record(kind, arm, scale, seeds=(0, 1, 2)):
    """Every game of every seed has the gap scale / sqrt(t), but game 2 has twice the gap of game 1."""
    gap = scale * np.array([2 / 3, 4 / 3])[:, np.newaxis] / np.sqrt(GRID)
    return record(kind, arm, seeds, np.tile(gap, (1, 1, len(seeds), 1, 1)))


def test_speed_up_of_known_curves():
    """Mean gaps 0.9 / sqrt(t) against 0.3 / sqrt(t): 9 times fewer iterations to any gap between the checkpoints."""
    records = [
        power_record("pure", "individual", 0.9), power_record("pure", "best_response", 0.3),
        power_record("pure", "output_policy", 1.8), power_record("mixed", "individual", 0.5),
        power_record("mixed", "best_response", 0.5),
    ]  # fmt: skip
    found = speed_up_table(curve_table(records, "1a"), {"pure": [0.15, 0.01], "mixed": [0.1]}, 20, 1)
    assert list(found.columns) == SPEED_COLUMNS
    rows = {(row.base_kind, row.arm, row.ne_gap): row for row in found.itertuples()}
    assert set(rows) == {
        ("pure", "best_response", 0.15), ("pure", "best_response", 0.01), ("pure", "output_policy", 0.15),
        ("pure", "output_policy", 0.01), ("mixed", "best_response", 0.1),
    }  # fmt: skip
    fast = rows["pure", "best_response", 0.15]
    assert (fast.iterations_individual, fast.iterations_meta) == pytest.approx((36.0, 4.0))
    assert (fast.speed_up, fast.low, fast.high) == pytest.approx((9.0, 9.0, 9.0))
    assert (fast.status, fast.censored, fast.n_seeds, fast.figure) == ("measured", 0.0, 3, "1a")
    slow = rows["pure", "output_policy", 0.15]
    assert (slow.iterations_meta, slow.status) == (math.inf, "at most")
    assert slow.speed_up == pytest.approx(36 / 60)
    assert rows["pure", "best_response", 0.01].status == "neither"
    assert math.isnan(rows["pure", "best_response", 0.01].speed_up)
    assert rows["mixed", "best_response", 0.1].speed_up == pytest.approx(1.0)


def when_reached(curve, level):
    """A loop over the checkpoints, straight lines on logarithmic axes."""
    for c, (t, gap) in enumerate(zip(GRID, curve, strict=True)):
        if gap <= level:
            if c == 0:
                return float(t)
            share = math.log10(curve[c - 1] / level) / math.log10(curve[c - 1] / gap)
            return 10 ** (math.log10(GRID[c - 1]) + share * math.log10(t / GRID[c - 1]))
    return math.inf


def quantile(numbers, share):
    """The usual one: straight between order statistics."""
    ordered, place = sorted(numbers), share * (len(numbers) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def test_speed_up_is_that_of_means_over_games(table):
    """By loops; of the library only the draws of the resampled seeds, which the address of the stream decides."""
    found = speed_up_table(table, LEVELS, 50, root_seed=9)
    assert len(found) == 3
    for row in found.itertuples():
        individual, meta = (
            [
                [statistics.fmean(gap_of(row.base_kind, arm, s, k, t) for k in (1, 2, 3)) for t in GRID]
                for s in (0, 2, 4)
            ]
            for arm in ("individual", row.arm)
        )
        times = [when_reached([statistics.fmean(at) for at in zip(*curves, strict=True)], row.ne_gap)
                 for curves in (individual, meta)]  # fmt: skip
        assert (row.iterations_individual, row.iterations_meta) == pytest.approx(tuple(times))
        reached = tuple(map(math.isfinite, times))
        names = {
            (True, True): "measured",
            (False, True): "at least",
            (True, False): "at most",
            (False, False): "neither",
        }
        assert row.status == names[reached]
        rng = stream(9, "speed-up", "1a", row.base_kind, row.arm, str(row.ne_gap))
        ratios, cut = [], 0
        for chosen in rng.multinomial(3, [1 / 3] * 3, size=50):
            both = [
                when_reached(
                    [sum(n * curve[c] for n, curve in zip(chosen, curves, strict=True)) / 3 for c in range(len(GRID))],
                    row.ne_gap,
                )
                for curves in (individual, meta)
            ]
            cut += not all(map(math.isfinite, both))
            ratios.append(min(both[0], GRID[-1]) / min(both[1], GRID[-1]))
        assert row.censored == pytest.approx(cut / 50)
        if row.status == "neither":
            assert all(map(math.isnan, (row.speed_up, row.low, row.high)))
        else:
            assert row.speed_up == pytest.approx(min(times[0], GRID[-1]) / min(times[1], GRID[-1]))
            assert (row.low, row.high) == pytest.approx((quantile(ratios, 0.025), quantile(ratios, 0.975)))


def test_intervals_do_not_depend_on_rows_beside_them(table):
    everything = speed_up_table(table, LEVELS, 50, 9)
    only = speed_up_table(table[table["base_kind"] == "pure"], {"pure": [0.5]}, 50, 9)
    rest = everything[(everything["base_kind"] == "pure") & (everything["ne_gap"] == 0.5)]
    pd.testing.assert_frame_equal(only, rest.reset_index(drop=True))


def test_speed_up_is_deterministic_and_has_a_seed(table):
    pd.testing.assert_frame_equal(speed_up_table(table, LEVELS, 50, 9), speed_up_table(table, LEVELS, 50, 9))
    rows = table.sample(frac=1.0, random_state=2)
    pd.testing.assert_frame_equal(speed_up_table(rows, LEVELS, 50, 9), speed_up_table(table, LEVELS, 50, 9))
    assert not speed_up_table(table, LEVELS, 50, 9).equals(speed_up_table(table, LEVELS, 50, 10))


def test_a_kind_without_levels_is_named(table):
    with pytest.raises(KeyError, match="pure"):
        speed_up_table(table, {"mixed": [0.1]}, 10, 1)


def test_arms_on_different_seeds_are_refused():
    records = [power_record("pure", "individual", 0.9), power_record("pure", "best_response", 0.3, seeds=(3, 4, 5))]
    with pytest.raises(ValueError, match="seed"):
        speed_up_table(curve_table(records, "1a"), {"pure": [0.15]}, 20, 1)


# Final gaps ---------------------------------------------------------------------------------------------

RATES, SIZES = (0.1, 0.4), (0.0, 0.05, 0.2)
FINAL_COLUMNS = [
    "base_kind", "learning_rate", "perturbation", "arm", "ne_gap", "low", "high", "std", "ratio", "ratio_low",
    "ratio_high", "n_seeds",
]  # fmt: skip


def final_of(kind, arm, rate, size, seed, game, iteration):
    return 0.1 + float(stream(f"{kind} {arm} {rate} {size} {seed} {game} {iteration}").uniform())


def grid_record(kind, arm, seeds, games=4):
    gap = [
        [
            [[[final_of(kind, arm, r, p, s, k, t) for t in GRID] for k in range(1, games + 1)] for s in seeds]
            for p in SIZES
        ]
        for r in RATES
    ]
    return record(kind, arm, seeds, gap, RATES, SIZES)


GRID_RECORDS = [
    grid_record(kind, arm, seeds)
    for kind, arm, seeds in [
        ("team", "individual", [0, 1, 2]), ("team", "individual", [3, 4]),
        ("team", "carry_over", [3, 4]), ("team", "carry_over", [2, 1, 0]),  # blocks and seeds in another order
        ("mixed", "individual", [0, 1]), ("mixed", "best_response", [0, 1]), ("mixed", "stage_average", [1, 0]),
    ]
]  # fmt: skip
SEEDS = {"team": range(5), "mixed": range(2)}


@pytest.fixture(scope="module")
def final():
    return final_gap_table(GRID_RECORDS, 400, 3)


def sample_of(row, arm):
    """Mean over games 2 to K at the last iteration, by seed."""
    return [
        statistics.fmean(
            final_of(row.base_kind, arm, row.learning_rate, row.perturbation, s, k, GRID[-1]) for k in (2, 3, 4)
        )
        for s in SEEDS[row.base_kind]
    ]


def test_every_cell_of_the_grid_is_one_row(final):
    assert list(final.columns) == FINAL_COLUMNS
    arms = {"team": ["carry_over", "individual"], "mixed": ["best_response", "individual", "stage_average"]}
    wanted = [
        (kind, rate, size, arm) for kind in ("mixed", "team") for rate in RATES for size in SIZES for arm in arms[kind]
    ]
    assert list(final[FINAL_COLUMNS[:4]].itertuples(index=False, name=None)) == wanted


def test_final_gaps_by_loops(final):
    for row in final.itertuples():
        sample, individual = sample_of(row, row.arm), sample_of(row, "individual")
        assert row.n_seeds == len(sample)
        assert row.ne_gap == pytest.approx(statistics.fmean(sample), rel=1e-12)
        assert row.std == pytest.approx(statistics.stdev(sample), rel=1e-9)
        assert row.ratio == pytest.approx(statistics.fmean(sample) / statistics.fmean(individual), rel=1e-12)


def test_final_intervals_are_paired_bootstraps(final):
    for row in final.itertuples():
        sample, individual = sample_of(row, row.arm), sample_of(row, "individual")
        n = len(sample)
        rng = stream(3, "final gap", row.base_kind, row.arm, str(row.learning_rate), str(row.perturbation))
        means, ratios = [], []
        for counts in rng.multinomial(n, np.full(n, 1 / n), size=400):
            top = sum(c * x for c, x in zip(counts.tolist(), sample, strict=True)) / n
            bottom = sum(c * x for c, x in zip(counts.tolist(), individual, strict=True)) / n
            means.append(top)
            ratios.append(top / bottom)
        assert (row.low, row.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
        assert (row.ratio_low, row.ratio_high) == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])))


def test_individual_learning_is_its_own_measure(final):
    own = final[final["arm"] == "individual"]
    assert (own[["ratio", "ratio_low", "ratio_high"]] == 1.0).all(axis=None)


def test_first_game_and_earlier_iterations_do_not_count():
    """Only games 2 to K at T: everything else may be anything."""
    rng = np.random.default_rng(1)
    tables = []
    for _ in range(2):
        gaps = [rng.uniform(size=(1, 1, 3, 4, 4)) for _ in range(2)]
        for gap, value in zip(gaps, (0.5, 0.25), strict=True):
            gap[..., 1:, -1] = value
        arms = ("individual", "carry_over")
        records = [record("team", arm, [0, 1, 2], gap) for arm, gap in zip(arms, gaps, strict=True)]
        tables.append(final_gap_table(records, 10, 0))
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["ratio"].tolist() == [0.5, 1.0]


def test_final_gaps_do_not_depend_on_the_order_of_records(final):
    pd.testing.assert_frame_equal(final_gap_table(GRID_RECORDS[::-1], 400, 3), final)


def test_final_gaps_need_a_second_game():
    gap = np.ones((1, 1, 2, 1, 4))
    with pytest.raises(ValueError, match="game"):
        final_gap_table([record("team", "individual", [0, 1], gap)], 10, 0)


def test_final_gaps_of_different_seeds_are_refused():
    gap = np.ones((1, 1, 2, 3, 4))
    records = [record("team", "individual", [0, 1], gap), record("team", "carry_over", [0, 2], gap)]
    with pytest.raises(ValueError, match="seeds"):
        final_gap_table(records, 10, 0)


def final_gaps_of(**gaps):
    """Table of final gaps, the same in every game; three seeds."""
    records = [
        record("team", arm, [0, 1, 2], np.tile(np.reshape(gap, (3, 1, 1)), (1, 1, 1, 3, 4)))
        for arm, gap in gaps.items()
    ]
    return final_gap_table(records, 200, 0)


def test_ratios_where_some_seeds_have_converged():
    """The gap is 0 on two of three seeds, and halved by the meta-update on the third, the only one that can tell.

    Resamples without it (8 of 27) compare 0 to 0, which counts as no difference.
    """
    found = final_gaps_of(individual=[0.0, 0.0, 0.1], carry_over=[0.0, 0.0, 0.05])
    assert found["arm"].tolist() == ["carry_over", "individual"]
    assert found[["ratio", "ratio_low", "ratio_high"]].to_numpy().tolist() == [[0.5, 0.5, 1.0], [1.0, 1.0, 1.0]]
    nothing = final_gaps_of(individual=[0.0] * 3, carry_over=[0.0] * 3)
    assert (nothing[["ratio", "ratio_low", "ratio_high"]] == 1.0).all(axis=None)


def test_ratios_where_only_individual_learning_has_converged():
    """No finite ratio says how much worse 0.1 is than 0; the interval ends at infinity, not nowhere."""
    found = final_gaps_of(individual=[0.0] * 3, carry_over=[0.0, 0.1, 0.0])
    assert found.loc[0, ["ratio", "ratio_low", "ratio_high"]].tolist() == [math.inf, 1.0, math.inf]


# Equilibria ---------------------------------------------------------------------------------------------


def stage_game(*matrices):
    """H = 2: the matrices at the first step, something else at the second."""
    first = np.array(matrices, dtype=float)
    reward = np.stack([first, np.full_like(first, 0.125)])
    return ZeroSumGame(reward, mn.Transition.shared(np.full((*first.shape, len(first)), 1 / len(first))))


MIXED = [[1.0, 0.0], [0.25, 0.75]]
"""mu = (d - c, a - b) / (a - b - c + d) = (1/3, 2/3), nu = (d - b, a - c) / same = (1/2, 1/2), value 1/2."""
SADDLE = [[0.2, 0.5], [0.1, 0.9]]
"""Each row's smallest: 0.2 and 0.1; each column's largest: 0.2 and 0.9. Both play their first action, value 0.2."""
OTHER = [[0.0, 0.6], [0.8, 0.2]]
"""a - b - c + d = -1.2: mu = (1/2, 1/2), nu = (1/3, 2/3), value (ad - bc) / -1.2 = 0.4."""


def test_stage_equilibria_of_known_games():
    """Step 2 adds the same to all Q-functions, so they have the same equilibria."""
    found = stage_equilibria([stage_game(MIXED, SADDLE), stage_game(OTHER, MIXED)], "mixed", 7)
    assert list(found.columns) == ["base_kind", "seed", "payoffs", "game", "state", "mu_a1", "nu_b1", "value"]
    wanted = [
        (1, 1, 1 / 3, 1 / 2, 1 / 2),
        (1, 2, 1.0, 1.0, 0.2),
        (2, 1, 1 / 2, 1 / 3, 0.4),
        (2, 2, 1 / 3, 1 / 2, 1 / 2),
    ]
    more = {"rewards": 0.0, "Q-functions": 0.125}
    places = [("mixed", 7, payoffs, *row[:-1], row[-1] + more[payoffs]) for payoffs in more for row in wanted]
    for row, expected in zip(found.itertuples(index=False, name=None), places, strict=True):
        assert row[:5] == expected[:5]
        assert row[5:] == pytest.approx(expected[5:], abs=1e-9)


@pytest.mark.recalculates("figure-1c-q-functions")
def test_stage_equilibria_in_q_functions_have_the_steps_to_come():
    """State 1 leads to state 2 after (a1, b1) and else to state 1, whose values in step 2 are 0.5 and 0.2."""
    reward = np.array([[MIXED, SADDLE]] * 2)
    towards = np.zeros((2, 2, 2, 2))
    towards[..., 0] = 1.0
    towards[0, 0, 0] = [0.0, 1.0]
    found = stage_equilibria([ZeroSumGame(reward, mn.Transition.shared(towards))], "mixed", 0)
    first = found[(found["payoffs"] == "Q-functions") & (found["state"] == 1)].iloc[0]
    (a, b), (c, d) = (1.0 + 0.2, 0.0 + 0.5), (0.25 + 0.5, 0.75 + 0.5)
    assert first["mu_a1"] == pytest.approx((d - c) / (a - b - c + d))
    assert first["nu_b1"] == pytest.approx((d - b) / (a - b - c + d))
    assert first["value"] == pytest.approx((a * d - b * c) / (a - b - c + d))
    assert found[found["payoffs"] == "rewards"]["value"].tolist() == pytest.approx([0.5, 0.2])


def test_distinct_equilibria_are_counted():
    table = pd.DataFrame(
        {
            "base_kind": ["pure"] * 5 + ["mixed"],
            "seed": 3,
            "payoffs": "rewards",
            "game": [1, 2, 3, 1, 2, 1],
            "state": [1, 1, 1, 2, 2, 1],
            "mu_a1": [0.3, 0.3 + 1e-9, 0.31, 0.3, 1.0, 0.3],
            "nu_b1": [0.4, 0.4 - 1e-9, 0.4, 0.4, 0.0, 0.4],
            "value": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        }
    )
    others = [table.assign(seed=4, mu_a1=0.9), table.assign(payoffs="Q-functions", mu_a1=0.8)]
    found = distinct_equilibria(pd.concat([*others, table]))
    assert list(found.itertuples(index=False, name=None)) == [
        ("mixed", 1, 0.3, 0.4, 1),
        ("pure", 1, 0.3, 0.4, 2),
        ("pure", 1, 0.31, 0.4, 1),
        ("pure", 2, 0.3, 0.4, 1),
        ("pure", 2, 1.0, 0.0, 1),
    ]
    assert list(found.columns) == ["base_kind", "state", "mu_a1", "nu_b1", "games"]


def equilibria_of(kind, seed, *points, payoffs="rewards", state=1):
    return pd.DataFrame(
        [(kind, seed, payoffs, k, state, mu, nu, 0.5) for k, (mu, nu) in enumerate(points, start=1)],
        columns=["base_kind", "seed", "payoffs", "game", "state", "mu_a1", "nu_b1", "value"],
    )


def test_equilibrium_ranges_are_the_widest_of_a_sequence():
    """Over the games of a state, of either probability; not over states or seeds."""
    table = pd.concat(
        [
            equilibria_of("mixed", 1, (0.2, 0.5), (0.3, 0.9)),
            equilibria_of("mixed", 1, (0.9, 0.5), (0.7, 0.6), state=2),
            equilibria_of("mixed", 2, (0.1, 0.1), (0.1, 0.1)),
            equilibria_of("mixed", 2, (1.0, 0.0), (0.4, 0.1), state=2),
            equilibria_of("mixed", 2, (0.5, 0.5), (0.0, 0.5), payoffs="Q-functions"),
        ]
    )
    found = equilibrium_ranges(table)
    assert list(found.columns) == ["base_kind", "payoffs", "seed", "state", "range"]
    rows = [(row.payoffs, row.seed, row.state, round(row.range, 9)) for row in found.itertuples()]
    assert rows == [("Q-functions", 2, 1, 0.5), ("rewards", 1, 1, 0.4), ("rewards", 2, 2, 0.6)]
