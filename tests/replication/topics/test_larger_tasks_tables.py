"""Tables of the larger tasks against plain loops over what was learned."""

import itertools

import numpy as np
import pandas as pd
import pytest

from metanash.bounds.zero_sum import theorem_1_uniform
from metanash.exact import matrix_equilibrium
from metanash.families.poker import pot_scale
from metanash.games import GameBatch
from metanash.gaps import ne_gap, team_optima
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm
from metanash_replication.ledger import INCONCLUSIVE
from metanash_replication.rates import iterations_to_reach
from metanash_replication.topics.larger_tasks import section
from metanash_replication.topics.larger_tasks import tables as task_tables
from metanash_replication.topics.larger_tasks.claims import CLAIMS
from metanash_replication.topics.larger_tasks.figures import FIGURES
from metanash_replication.topics.larger_tasks.tables import TaskRun

RATES, SIZES, SEEDS, K = (0.125, 4.0), (0.2, 0.5), [0, 3], 3
POKER = Sequences("river_poker", "sorted", {"n_buckets": 1, "stack": 100.0}, SIZES, K)
TRACKING = Sequences("tracking", "shared", {"n_states": 5, "n_players": 2}, (0.1, 0.4), K)


def learned(spec, experiment, learner, arms, rates, iterations=40):
    games, provenance = generate_games(spec, SEEDS, 7)
    return [
        TaskRun(
            experiment,
            run_arm(Learning(arm, learner, rates, "absolute", iterations, 6, False), games, provenance),
            games,
            f"runs/{experiment}/{arm}.npz",
        )
        for arm in arms
    ]


@pytest.fixture(scope="module")
def poker():
    return learned(POKER, "poker", "optimistic_mirror_descent", ("individual", "best_response"), RATES)


@pytest.fixture(scope="module")
def tracking():
    return learned(TRACKING, "tracking", "projected_q_ascent", ("individual", "carry_over"), (0.5,))


def cell(rows, **where):
    (row,) = (row for row in rows if all(row[key] == value for key, value in where.items()))
    return row


def in_pots(run, r, p, s, k, c):
    return run.record["ne_gap"][r, p, s, k, c] * pot_scale(run.games[(p * len(SEEDS) + s) * K + k])


def test_curves_are_means_over_games_in_pots(poker):
    (_, run), grid = poker, poker[0].record["checkpoints"].tolist()
    rows = task_tables.curve_rows(run)
    assert len(rows) == len(RATES) * len(SIZES) * len(grid)
    for (r, rate), (p, size), (c, t) in itertools.product(enumerate(RATES), enumerate(SIZES), enumerate(grid)):
        by_seed = [np.mean([in_pots(run, r, p, s, k, c) for k in range(K)]) for s in range(len(SEEDS))]
        row = cell(rows, learning_rate=rate, perturbation=size, iteration=t)
        assert row["mean"] == pytest.approx(np.mean(by_seed), rel=1e-12)
        assert row["std"] == pytest.approx(np.std(by_seed, ddof=1), rel=1e-12)
        assert (row["unit"], row["arm"], row["n_actions"], row["games"]) == ("pots", "best_response", "3x4", K)


def test_gaps_of_tracking_are_in_units_of_reward(tracking):
    run = tracking[0]
    assert run.unit == "reward"
    np.testing.assert_array_equal(run.gap, run.record["ne_gap"])


def test_rows_along_the_sequence(poker):
    run = poker[0]
    rows = task_tables.game_rows(run, 50, 1)
    for (r, rate), (p, size), k in itertools.product(enumerate(RATES), enumerate(SIZES), range(K)):
        row = cell(rows, learning_rate=rate, perturbation=size, first=k + 1)
        values = [in_pots(run, r, p, s, k, -1) for s in range(len(SEEDS))]
        assert row["last"] == k + 1
        assert row["gap"] == pytest.approx(np.mean(values), rel=1e-12)
        assert min(values) - 1e-12 <= row["low"] <= row["gap"] <= row["high"] <= max(values) + 1e-12


@pytest.mark.parametrize(("games", "step"), [(20, 1), (41, 2), (45, 2)])
def test_long_sequences_come_in_blocks_that_leave_no_game_out(games, step):
    spec = Sequences("river_poker", "random", {"n_buckets": 1}, (0.3,), games)
    (run,) = learned(spec, "long", "optimistic_mirror_descent", ("individual",), (4.0,), 5)
    rows = task_tables.game_rows(run, 10, 1)
    covered = [k for row in rows for k in range(row["first"], row["last"] + 1)]
    assert covered == list(range(1, games + 1))
    assert {row["last"] - row["first"] + 1 for row in rows[:-1]} == {step}
    gap = run.gap[0, 0, :, :, -1]
    for row in rows:
        assert row["gap"] == pytest.approx(gap[:, row["first"] - 1 : row["last"]].mean(), rel=1e-12)


def test_final_gaps_and_speed_up_beside_individual_learning(poker):
    rows = task_tables.final_rows(poker, {"poker": 0.15}, 200, 1)
    base, meta = poker
    for (r, rate), (p, size) in itertools.product(enumerate(RATES), enumerate(SIZES)):
        row = cell(rows, arm="best_response", learning_rate=rate, perturbation=size)
        later = [
            [np.mean([in_pots(run, r, p, s, k, -1) for k in range(1, K)]) for s in range(len(SEEDS))]
            for run in (meta, base)
        ]
        assert row["gap"] == pytest.approx(np.mean(later[0]), rel=1e-12)
        assert row["ratio"] == pytest.approx(np.mean(later[0]) / np.mean(later[1]), rel=1e-12)
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
        times = [
            iterations_to_reach(run.record["checkpoints"], run.gap[r, p].mean(axis=(0, 1)), 0.15)
            for run in (base, meta)
        ]
        np.testing.assert_allclose([row["iterations_individual"], row["iterations_meta"]], times)
        alone = cell(rows, arm="individual", learning_rate=rate, perturbation=size)
        assert (alone["ratio"], alone["ratio_low"], alone["ratio_high"]) == (1.0, 1.0, 1.0)
    reached = [row for row in rows if row["status"] == "measured"]
    assert reached
    assert all(
        row["speed_up"] == pytest.approx(row["iterations_individual"] / row["iterations_meta"]) for row in reached
    )


def test_arms_that_cannot_be_compared_are_refused(poker):
    base, meta = poker
    with pytest.raises(ValueError, match="poker, sorted: no individual learning"):
        task_tables.final_rows([meta], {"poker": 0.1}, 10, 1)
    with pytest.raises(ValueError, match="individual is there twice"):
        task_tables.final_rows([base, meta, base], {"poker": 0.1}, 10, 1)
    games, provenance = generate_games(POKER, [0, 4], 7)
    spec = Learning("best_response", "optimistic_mirror_descent", RATES, "absolute", 40, 6, False)
    with pytest.raises(ValueError, match="best_response has other seeds"):
        task_tables.final_rows([base, TaskRun("poker", run_arm(spec, games, provenance), games)], {"poker": 0.1}, 10, 1)


def test_values_of_poker_beside_linear_programming(poker):
    rows = task_tables.equilibrium_rows(poker, {"poker": 2}, 50, 1)
    run = poker[1]
    for (r, rate), (p, size) in itertools.product(enumerate(RATES), enumerate(SIZES)):
        errors, excess, scales = [], [], []
        for s, k in itertools.product(range(2), range(K)):
            game = run.games[(p * len(SEEDS) + s) * K + k]
            mu, nu = (run.record[f"policy_{i}"][r, p, s, k, 0, 0] for i in range(2))
            error = abs(mu @ game.reward[0, 0] @ nu - matrix_equilibrium(game.reward[0, 0]).value)
            scales.append(pot_scale(game))
            errors.append(error * scales[-1])
            excess.append((error - run.record["ne_gap"][r, p, s, k, -1]) * scales[-1])
            assert excess[-1] <= 1e-12
        row = cell(rows, arm="best_response", learning_rate=rate, perturbation=size)
        assert row["checked"] == 2 * K
        assert row["error"] == pytest.approx(np.mean(errors), abs=1e-12)
        assert row["error_max"] == pytest.approx(max(errors), abs=1e-12)
        assert row["excess"] == pytest.approx(max(excess), abs=1e-12)
        assert 0.0 <= row["reference_gap"] < 1e-7


def test_a_wrong_value_exceeds_the_gap(poker):
    """Policies of other games are worth what their gap does not allow: the check can fail."""
    run = poker[0]
    arrays = {**run.record.arrays, "ne_gap": np.zeros_like(run.record["ne_gap"])}
    lying = TaskRun("poker", type(run.record)(run.record.spec, {}, arrays), run.games)
    assert all(row["excess"] > 1e-4 for row in task_tables.equilibrium_rows([lying], {"poker": 2}, 10, 1))


def test_values_of_tracking_beside_the_joint_optimum(tracking):
    rows = task_tables.equilibrium_rows(tracking, {"tracking": 1}, 50, 1)
    run = tracking[1]
    for p, size in enumerate((0.1, 0.4)):
        short = []
        for k in range(K):
            game = run.games[p * len(SEEDS) * K + k]
            pi = [run.record[f"policy_{i}"][0, p, 0, k] for i in range(2)]
            reward = np.einsum("sab,sa,sb->s", game.reward[0], *pi)
            chain = np.einsum("sabt,sa,sb->st", game.transition.at(0).reshape(5, 3, 3, 5), *pi)
            value = np.linalg.solve(np.eye(5) - game.discount * chain, reward)
            short.append(game.initial @ (team_optima(GameBatch((game,)))[0] - value))
        row = cell(rows, arm="carry_over", perturbation=size)
        assert row["checked"] == K
        assert row["error"] == pytest.approx(np.mean(short), abs=1e-10)
        assert row["error"] >= -1e-9
        assert np.isnan(row["excess"])


def test_claims_of_poker(poker):
    rows = task_tables.task_claims(poker)
    bounds = [row for row in rows if row["claim"] == "equation 4"]
    assert {row["setting"] for row in bounds} == {
        f"poker, sorted, T=40, learning rate 0.125, perturbation {size:g}" for size in SIZES
    }  # 4.0 is beyond the learning rates of the theorem
    run = poker[0]
    t = run.record["checkpoints"].astype(float)
    for p, row in enumerate(bounds):
        ratio = run.record["ne_gap"][0, p].reshape(-1, len(t))[:, t > 1] / theorem_1_uniform(1, t[t > 1], (3, 4))
        assert row["ratio"] == pytest.approx(ratio.max(), rel=1e-12)
        assert (row["violations"], row["first_informative"], row["runs"]) == (0, None, len(SEEDS) * K)
    scales = [row for row in rows if row["claim"] == "scales to larger tasks"]
    assert len(scales) == len(RATES) * len(SIZES)
    for row, (r, p) in zip(scales, itertools.product(range(len(RATES)), range(len(SIZES))), strict=True):
        later = [one.record["ne_gap"][r, p, :, 1:, -1].mean(axis=1) for one in poker]
        assert row["violations"] == int((later[1] > later[0] * (1 + 1e-9)).sum())
        assert (row["form"], row["runs"]) == ("best_response", len(SEEDS))


def test_rows_of_claims_say_what_they_are(poker, tracking):
    """A meta-update is no form of a bound, and its row is from the records of both arms. There are no totals."""
    rows = task_tables.task_claims([*poker, *tracking])
    found = {tuple(row[name] for name in ("claim", "form", "kind", "total", "measurement", "file")) for row in rows}
    alone = "runs/poker/individual.npz"
    assert found == {
        ("equation 4", "printed", "printed", False, "poker", alone),
        ("scales to larger tasks", "best_response", "meta-update", False, "poker",
         f"runs/poker/best_response.npz {alone}"),
        ("scales to larger tasks", "carry_over", "meta-update", False, "tracking",
         "runs/tracking/carry_over.npz runs/tracking/individual.npz"),
    }  # fmt: skip


def test_all_tables_mark_the_cell_that_is_drawn(poker, tracking):
    plan = {
        "poker": {"learning_rate": 4.0, "perturbation": 0.5, "level": 0.1, "references": 1},
        "tracking": {"learning_rate": 0.5, "perturbation": 0.1, "level": 0.1, "references": 1},
    }
    made = task_tables.tables([*poker, *tracking], plan, 20, 1)
    assert set(made) == {"appendix", "appendix_curves", "appendix_games", "appendix_equilibria", "claims"}
    for name in set(made) - {"claims"}:
        table = made[name]
        shown = table[table["rate_shown"] & table["perturbation_shown"]]
        assert set(zip(shown["experiment"], shown["learning_rate"], shown["perturbation"], strict=True)) == {
            ("poker", 4.0, 0.5), ("tracking", 0.5, 0.1),
        }  # fmt: skip
        assert len(shown) < len(table)
    again = task_tables.tables([*poker, *tracking], plan, 20, 1)
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, again[name])


def test_without_references_there_is_a_table_without_rows(poker, tracking, tmp_path):
    """Its columns are there, as the report, the claims and the figure read them back."""
    plan = {
        name: {"learning_rate": rate, "perturbation": size, "level": 0.1, "references": references}
        for name, rate, size, references in (("poker", 4.0, 0.5, 0), ("tracking", 0.5, 0.1, 0))
    }
    made = task_tables.tables([*poker, *tracking], plan, 20, 1)
    some = task_tables.tables(tracking, plan | {"tracking": plan["tracking"] | {"references": 1}}, 20, 1)
    assert list(made["appendix_equilibria"]) == list(some["appendix_equilibria"])
    assert made["appendix_equilibria"].empty
    assert not some["appendix_equilibria"].empty
    made["appendix_equilibria"].to_csv(tmp_path / "table.csv", index=False)
    read = {**made, "appendix_equilibria": pd.read_csv(tmp_path / "table.csv")}
    read["appendix"] = read["appendix"].assign(experiment="appendix_tracking")
    read["appendix_curves"] = read["appendix_curves"].assign(experiment="appendix_tracking")
    assert len(FIGURES["appendix_tracking"](read, 6.0).axes) == 3
    assert section._references(read["appendix_equilibria"]).rows == ()
    claims = {claim.id: claim for claim in CLAIMS}
    for name in ("larger-tasks-optimum", "larger-tasks-values"):
        assert claims[name].judge(read).name == INCONCLUSIVE


def test_gap_of_a_record_is_that_of_its_policies(poker):
    run = poker[1]
    game, gap = run.games[1], run.record["ne_gap"][1, 0, 0, 1, -1]
    assert ne_gap(game, [run.record[f"policy_{i}"][1, 0, 0, 1] for i in range(2)]) == pytest.approx(gap, abs=1e-12)


# Intervals ----------------------------------------------------------------------------------------------
# Of two seeds with means a and b a resample has the mean a, b or (a + b) / 2, a and b a quarter of the time each. So
# the 95 % interval of 200 resamples runs from the smaller to the larger of the two, to the last digit.


def extremes(*by_seed):
    """Of a function of resampled seeds: what it is for the first alone, the second alone, and both."""
    return min(by_seed), max(by_seed)


def with_gaps(run, gap):
    arrays = {**run.record.arrays, "ne_gap": np.broadcast_to(gap, run.record["ne_gap"].shape).copy()}
    return TaskRun(run.experiment, type(run.record)(run.record.spec, {}, arrays), run.games)


def resampled(values):
    """Means of the first seed alone, the second alone, and both."""
    return [values[0], values[1], np.mean(values, axis=0)]


def test_intervals_of_final_gaps_are_those_of_seeds(poker):
    rows = task_tables.final_rows(poker, {"poker": 0.15}, 200, 1)
    t = poker[0].record["checkpoints"].astype(float)
    for (r, rate), (p, size), run in itertools.product(enumerate(RATES), enumerate(SIZES), poker):
        row = cell(rows, arm=run.record.spec["arm"], learning_rate=rate, perturbation=size)
        at_end, curves = (
            [[make(one, s) for s in range(len(SEEDS))] for one in (run, poker[0])]
            for make in (
                lambda one, s, r=r, p=p: np.mean([in_pots(one, r, p, s, k, -1) for k in range(1, K)]),
                lambda one, s, r=r, p=p: np.array(
                    [np.mean([in_pots(one, r, p, s, k, c) for k in range(K)]) for c in range(len(t))]
                ),
            )
        )
        assert (row["low"], row["high"]) == pytest.approx(extremes(*resampled(at_end[0])), rel=1e-12)
        assert row["low"] <= row["gap"] <= row["high"]
        assert row["low"] < row["high"]
        ratios = [mine / base for mine, base in zip(*map(resampled, at_end), strict=True)]
        assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(extremes(*ratios), rel=1e-12)
        assert row["ratio"] == pytest.approx(ratios[2], rel=1e-12)
        mine, base = ([reached(t, curve, 0.15) for curve in resampled(one)] for one in curves)
        speeds = [min(b, t[-1]) / min(m, t[-1]) for m, b in zip(mine, base, strict=True)]
        if row["status"] != "neither":
            assert (row["speed_up_low"], row["speed_up_high"]) == pytest.approx(extremes(*speeds), rel=1e-9)
            assert row["speed_up"] == pytest.approx(speeds[2], rel=1e-9)


def reached(t, curve, level):
    """Where a curve first falls to a level: straight between checkpoints on logarithmic axes, by a loop."""
    if curve[0] <= level:
        return t[0]
    for c in range(1, len(t)):
        if curve[c] <= level:
            share = np.log(curve[c - 1] / level) / np.log(curve[c - 1] / curve[c]) if curve[c] > 0.0 else 1.0
            return float(t[c - 1] * (t[c] / t[c - 1]) ** share)
    return np.inf


def test_intervals_along_the_sequence_and_of_values_are_those_of_seeds(poker):
    run = poker[1]
    rows = task_tables.game_rows(run, 200, 1)
    worth = task_tables.equilibrium_rows([run], {"poker": 2}, 200, 1)
    for (r, rate), (p, size) in itertools.product(enumerate(RATES), enumerate(SIZES)):
        for k in range(K):
            row = cell(rows, learning_rate=rate, perturbation=size, first=k + 1)
            by_seed = [in_pots(run, r, p, s, k, -1) for s in range(len(SEEDS))]
            assert (row["low"], row["high"]) == pytest.approx(extremes(*by_seed), rel=1e-12)
            assert row["low"] < row["gap"] < row["high"]
        errors = []
        for s in range(len(SEEDS)):
            one = []
            for k in range(K):
                game = run.games[(p * len(SEEDS) + s) * K + k]
                mu, nu = (run.record[f"policy_{i}"][r, p, s, k, 0, 0] for i in range(2))
                one.append(abs(mu @ game.reward[0, 0] @ nu - matrix_equilibrium(game.reward[0, 0]).value))
                one[-1] *= pot_scale(game)
            errors.append(np.mean(one))
        row = cell(worth, learning_rate=rate, perturbation=size)
        assert (row["error_low"], row["error_high"]) == pytest.approx(extremes(*errors), rel=1e-6, abs=1e-12)
        assert row["error_low"] < row["error"] < row["error_high"]


def test_games_that_differ_make_no_interval_where_seeds_do_not(tracking):
    """Resampling games instead of seeds would."""
    gap = np.array([0.5, 0.25, 0.0625])[:, np.newaxis]
    runs = [with_gaps(run, gap * scale) for run, scale in zip(tracking, (1.0, 0.5), strict=True)]
    for row in task_tables.final_rows(runs, {"tracking": 0.1}, 200, 1):
        scale = 1.0 if row["arm"] == "individual" else 0.5
        assert row["low"] == row["gap"] == row["high"] == scale * (0.25 + 0.0625) / 2
        assert row["ratio_low"] == row["ratio"] == row["ratio_high"] == scale
    for row in task_tables.game_rows(runs[0], 200, 1):
        assert row["low"] == row["gap"] == row["high"] == gap[row["first"] - 1, 0]
    seeds = np.array([0.25, 0.75])[:, np.newaxis, np.newaxis]
    for row in task_tables.game_rows(with_gaps(tracking[0], seeds), 200, 1):
        assert (row["low"], row["gap"], row["high"]) == (0.25, 0.5, 0.75)
