"""Growth with the size of a game: what is measured, exponents against SciPy's regression, the table and the figure."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawings import reads_what_its_plan_says
from scipy import stats

from metanash import CorrelatedMirrorDescent, OptimisticMirrorDescent, families, learn
from metanash_replication import plotting
from metanash_replication.plans import read_plan
from metanash_replication.rates import power_law
from metanash_replication.topics.scale import measure as scale
from metanash_replication.topics.scale.figures import FIGURES
from metanash_replication.topics.scale.tables import exponents_table, growth_table, make

GAMES = {
    "sparse_zero_sum": {
        "base_kind": "random", "options": {"n_states": 12, "n_actions": [3, 2], "branching": 3},
        "learner": "optimistic_mirror_descent", "learning_rate": 1.0,
    },
    "tracking_positions": {
        "base_kind": "own", "options": {"horizon": 2, "n_positions": 4},
        "learner": "correlated_mirror_descent", "learning_rate": 5.0,
    },
}  # fmt: skip


def spec(family, **change):
    return {"family": family, **GAMES[family], "iterations": [5, 60], **change}


# Measurements -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", GAMES)
def test_gaps_are_those_of_the_learner(family):
    found = scale.learned(7, **spec(family))
    make = families.FAMILIES[family]
    (game,) = make(GAMES[family]["base_kind"], 7, "scale", n_games=1, perturbation=0.0, **GAMES[family]["options"])
    learner = {"sparse_zero_sum": OptimisticMirrorDescent(1.0), "tracking_positions": CorrelatedMirrorDescent(5.0)}
    run = learn(game, learner[family], 60, at=[5, 60])
    measure = run.measures["ne_gap" if family == "sparse_zero_sum" else "cce_gap_bound"]
    np.testing.assert_array_equal(found["gap"], measure[0])
    assert found["gap"][1] < found["gap"][0]
    assert found["iterations"].tolist() == [5, 60]
    again = scale.learned(7, **spec(family))
    assert found.keys() == again.keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, again[name])


@pytest.mark.recalculates("larger-tasks-growth")
def test_bytes_are_those_of_the_arrays():
    found = scale.learned(0, **spec("sparse_zero_sum"))
    assert (int(found["n_states"]), int(found["horizon"]), found["n_actions"].tolist()) == (12, 2, [3, 2])
    entries = 12 * 3 * 2
    assert int(found["nonzeros"]) == 3 * entries
    kernel = 3 * entries * (8 + 4) + (entries + 1) * 4
    assert int(found["game_bytes"]) == kernel + 8 * (2 * entries + 12)
    # Algorithm 1 keeps Q, eta, and for each action an anchor, an iterate, an initial policy, its logit, three sums
    state = 8 * 2 * 12 * (6 + 1 + 5 * 7 + 2)
    assert found["state_bytes"].tolist() == [state, state]  # flat in T


def test_memory_of_algorithm_2_grows_by_a_joint_policy_a_stage():
    found = scale.learned(0, **spec("tracking_positions"))
    assert (found["state_bytes"][1] - found["state_bytes"][0]) % (8 * 2 * 16 * 9) == 0
    assert found["state_bytes"][1] > found["state_bytes"][0]


def test_views_of_one_array_count_once():
    table = np.zeros((4, 10))
    assert scale.stored_bytes((table, table[0], [table.T, np.broadcast_to(table, (3, 4, 10))])) == 320
    assert scale.stored_bytes(("text", 1, None)) == 0


@pytest.mark.parametrize("family", GAMES)
def test_costs_are_measured(family):
    found = scale.costs(0, repeats=2, **spec(family))
    for name in ("generation", "iteration", "stage_end", "gap", "base_memory", "game_memory"):
        assert found[name].shape == ()
        assert found[name] > 0
    assert found["run"].shape == found["memory"].shape == (2,)
    memory = [int(found["base_memory"]), int(found["game_memory"]), *found["memory"].tolist()]
    assert memory == sorted(memory)
    assert memory[0] > 10_000_000  # an interpreter with NumPy takes tens of megabytes
    assert found["iteration"] < found["stage_end"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learner": "projected_q_ascent"}, "learner must be one of .* got 'projected_q_ascent'"),
        ({"iterations": [60, 5]}, r"iterations must be two rising numbers, got \[60, 5\]"),
        ({"iterations": [0, 5]}, "iterations must be an integer of at least 1"),
    ],
)
def test_errors_name_the_argument(change, message):
    with pytest.raises(ValueError, match=message):
        scale.learned(0, **spec("sparse_zero_sum", **change))
    with pytest.raises(ValueError, match=message):
        scale.costs(0, repeats=1, **spec("sparse_zero_sum", **change))


# Exponents ----------------------------------------------------------------------------------------------


@pytest.mark.recalculates("larger-tasks-growth")
def test_exponent_of_one_group_is_that_of_scipy():
    x = np.array([10.0, 30.0, 100.0, 1000.0, 5000.0])
    y = x**1.1 * np.array([1.0, 1.3, 0.8, 1.1, 0.9])
    fit = stats.linregress(np.log(x), np.log(y))
    half = stats.t.ppf(0.975, 3) * fit.stderr
    found = power_law(x, y, ["a"] * 5)
    np.testing.assert_allclose(found, [fit.slope, fit.slope - half, fit.slope + half], rtol=1e-12)


def test_groups_have_constants_of_their_own():
    x = np.array([1.0, 10.0, 100.0, 5.0, 50.0])
    y = np.concatenate([3.0 * x[:3] ** 0.7, 900.0 * x[3:] ** 0.7])
    np.testing.assert_allclose(power_law(x, y, [1, 1, 1, 2, 2]), 0.7, rtol=1e-9)
    assert abs(power_law(x, y, [0] * 5)[0] - 0.7) > 0.05
    # against ordinary least squares with a column for each group
    y = y * np.array([1.0, 1.2, 0.9, 1.1, 0.8])
    columns = np.stack([np.log(x), [1, 1, 1, 0, 0], [0, 0, 0, 1, 1]], axis=1)
    solution, rest, *_ = np.linalg.lstsq(columns, np.log(y), rcond=None)
    half = stats.t.ppf(0.975, 2) * np.sqrt(rest[0] / 2 * np.linalg.inv(columns.T @ columns)[0, 0])
    found = power_law(x, y, [1, 1, 1, 2, 2])
    np.testing.assert_allclose(found, [solution[0], solution[0] - half, solution[0] + half], rtol=1e-9)


def test_exponents_need_spread_and_freedom():
    exponent, low, high = power_law([1.0, 2.0], [1.0, 4.0], ["a", "a"])
    assert exponent == pytest.approx(2.0)
    assert np.isnan([low, high]).all()
    with pytest.raises(ValueError, match="two different x in some group"):
        power_law([1.0, 2.0], [1.0, 4.0], ["a", "b"])
    with pytest.raises(ValueError, match="numbers above 0"):
        power_law([1.0, 2.0], [0.0, 4.0], ["a", "a"])


# Table and figure ---------------------------------------------------------------------------------------


def measurement(family, n_states, actions, **change):
    """Both measurements of a game whose times and memory are exact powers of its size."""
    joint = int(np.prod(actions))
    n, work = 4 * n_states * joint, n_states * joint
    arrays = {
        "n_states": np.array(n_states), "horizon": np.array(2), "n_actions": np.array(actions),
        "nonzeros": np.array(n), "iterations": np.array([5, 60]), "gap": np.array([0.5, 0.1]),
        "game_bytes": np.array(20 * n), "state_bytes": np.array([7 * n, 8 * n]),
    }  # fmt: skip
    cost = {
        "iterations": np.array([5, 60]), "generation": np.array(1e-7 * n), "run": np.array([1e-7, 3e-7]) * n,
        "gap": np.array(1e-8 * n**0.5), "stage_end": np.array(1e-8 * n), "iteration": np.array(1e-9 * work),
        "base_memory": np.array(50), "game_memory": np.array(50), "memory": np.array([50, 50 + 30 * n * (n > 10**4)]),
    }  # fmt: skip
    called = {"family": family, "n_states": n_states, **change}
    return ({"function": "scale.learned", **called}, arrays), (
        {"function": "scale.costs", **called, "repeats": 3},
        cost,
    )


def measurements():
    sizes = [(s, (n, n)) for s in (10, 100, 1000) for n in (2, 8)]
    found = [measurement("sparse_zero_sum", *size) for size in sizes]
    return found + [measurement("tracking_positions", s, (3, 3)) for s in (100, 10_000)]


@pytest.fixture(scope="module")
def growth():
    learned, costs = zip(*measurements(), strict=True)
    return growth_table(learned, costs)


def test_tables_and_figure_are_those_of_the_plan():
    """Measurements go by their names in it."""
    plan = read_plan("scale")
    learned, costs = zip(*measurements(), strict=True)
    measured = {"learned": list(learned), "costs": list(costs)}
    assert {one.name for one in plan.measurements} == set(measured)
    made = make(measured, least=3000)
    assert set(made) == {table.name for table in plan.tables}
    pd.testing.assert_frame_equal(made["growth"], growth_table(learned, costs))
    pd.testing.assert_frame_equal(made["growth_exponents"], exponents_table(made["growth"], 3000))
    with mpl.rc_context():
        plotting.use_style()
        reads_what_its_plan_says("scale", FIGURES, made)
    plt.close("all")


def test_a_row_for_each_game(growth):
    assert len(growth) == 8
    row = growth.iloc[3]  # S = 100, A = B = 8
    wanted = {
        "series": "sparse_zero_sum", "n_states": 100, "horizon": 2, "nonzeros": 25_600, "n_actions": 8,
        "joint_actions": 64, "states_actions": 12_800, "operations": 200 * (2 * 64 + 32 * 16), "first": 5, "last": 60,
        "gap_first": 0.5, "gap_last": 0.1, "game_bytes": 512_000, "state_first": 179_200, "state_last": 204_800,
        "memory_first": 0, "memory_last": 768_000,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    times = ("generation", "iteration", "stage_end", "gap_seconds", "run_first", "run_last")
    expected = [2.56e-3, 6.4e-6, 2.56e-4, 1.6e-6, 2.56e-3, 4 * 2.56e-3]
    np.testing.assert_allclose([row[name] for name in times], expected, rtol=1e-12)


def test_gaps_and_costs_must_be_of_the_same_game():
    (learned, same), (_, other) = (measurement("sparse_zero_sum", s, (2, 2)) for s in (10, 20))
    assert len(growth_table([learned], [same])) == 1
    with pytest.raises(ValueError, match="must be of the same game"):
        growth_table([learned], [other])
    with pytest.raises(ValueError, match="zip"):
        growth_table([learned, learned], [same])


@pytest.mark.recalculates("larger-tasks-growth")
def test_exponents_of_exact_powers(growth):
    table = exponents_table(growth, 1).set_index(["series", "quantity", "against"])
    zero_sum = table.loc["sparse_zero_sum"]
    assert zero_sum.loc[("iteration", "states_actions"), "exponent"] == pytest.approx(1.0)
    assert zero_sum.loc[("iteration", "n_states"), "exponent"] == pytest.approx(1.0)
    assert zero_sum.loc[("iteration", "joint_actions"), "exponent"] == pytest.approx(1.0)
    assert zero_sum.loc[("stage_end", "nonzeros"), "exponent"] == pytest.approx(1.0)
    assert zero_sum.loc[("gap_seconds", "nonzeros"), "exponent"] == pytest.approx(0.5)
    assert zero_sum.loc[("array_bytes", "nonzeros"), "exponent"] == pytest.approx(1.0)
    assert zero_sum.loc[("memory", "nonzeros"), "points"] == 3  # where it is at least that of the arrays
    assert (zero_sum["expected"] == 1.0).all()
    # one number of actions: nothing to fit against it
    assert ("iteration", "joint_actions") not in table.loc["tracking_positions"].index


def test_small_games_are_left_out(growth):
    table = exponents_table(growth, 3000)
    points = table[(table["series"] == "sparse_zero_sum") & (table["quantity"] == "iteration")]["points"]
    assert set(points) == {3}  # of 16 S and 256 S transitions: 16,000, 25,600 and 256,000
    tracking = table[table["series"] == "tracking_positions"]
    assert set(tracking["points"]) == {2}
    assert tracking["low"].isna().all()


def test_no_large_game_is_an_empty_table(growth):
    table = exponents_table(growth, 10**9)
    assert table.empty
    assert list(table.columns) == list(exponents_table(growth, 1).columns)
    with mpl.rc_context():
        plotting.use_style()
        figure = FIGURES["growth"]({"growth": growth, "growth_exponents": table}, 5.5)
    plt.close(figure)


def test_figure_shows_every_game_and_the_expected_growth(growth):
    with mpl.rc_context():
        plotting.use_style()
        figure = FIGURES["growth"]({"growth": growth, "growth_exponents": exponents_table(growth, 1)}, 5.5)
        figure.canvas.draw()
    assert figure.get_size_inches()[0] == 5.5
    states, actions, _, memory = figure.axes
    solid = [line for line in states.lines if line.get_marker() == "o"]
    drawn = sorted((x, y) for line in solid for x, y in zip(*line.get_data(), strict=True))
    assert drawn == sorted(zip(growth["n_states"], growth["iteration"], strict=True))
    dashed = [line for line in states.lines if line.get_label() == "expected growth"]
    assert len(dashed) == len(solid) == 3
    for line in dashed:
        slope = np.diff(np.log(line.get_ydata())) / np.diff(np.log(line.get_xdata()))
        np.testing.assert_allclose(slope, 1.0)
    assert sorted(text.get_text() for text in actions.texts)[-3:] == ["S = 100", "S = 1000", "zero-sum: (AB)$^{1.00}$"]
    found = [line for line in memory.lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in found) == 4  # games whose peak memory is seen
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "expected growth", "zero-sum, A = B = 2", "zero-sum, A = B = 8", "tracking, 3 actions",
    ]  # fmt: skip
    plt.close(figure)
