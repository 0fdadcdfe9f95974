"""Tables of the theorems from made-up measurements whose rows are known: numbers by hand, exact power laws.

Expected bounds are written out as 192 H^3 D / T and 24 H D / (eta T), not taken from ``metanash.bounds``.
"""

import math

import numpy as np
import pandas as pd
import pytest

from metanash_replication.bound_rows import claim_summary, total_rows
from metanash_replication.topics.zero_sum import measure as theory
from metanash_replication.topics.zero_sum import tables as theory_tables

PRINTED, WORST, TERM = "printed", "repaired: worst best response", "repaired: burn-in term"
PROVEN = "proven: any best response"
RATE = "repaired: learning rate"


def picked(rows, **keys):
    """The one row with these entries."""
    found = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    assert len(found) == 1, [(row["claim"], row["form"], row["setting"]) for row in rows]
    return found[0]


def near(value):
    return pytest.approx(value, rel=1e-12, abs=0)


def long_run(t, gap, first, worst=None, *, horizon=1, kind="mixed", n_actions=(2, 2)):
    """A measurement of long runs: (runs, C) arrays, or (C,) for one run."""
    gap = np.atleast_2d(np.asarray(gap, dtype=float))
    first = np.broadcast_to(np.asarray(first, dtype=float), gap.shape)
    worst = first if worst is None else np.broadcast_to(np.asarray(worst, dtype=float), gap.shape)
    spec = {"horizon": horizon, "base_kind": kind, "n_actions": list(n_actions)}
    return spec, {
        "checkpoints": np.array(t),
        "ne_gap": gap,
        "divergence_first": first,
        "divergence_worst": worst,
    }


def printed_row(*measurement, **options):
    return picked(theory_tables.long_run_rows([long_run(*measurement, **options)]), claim="theorem 1", form=PRINTED)


# One row ------------------------------------------------------------------------------------------------


def test_columns_of_a_row():
    (row, *_) = theory_tables.long_run_rows([long_run([1, 10], [0.5, 0.4], 1.0)])
    assert list(row) == [
        "claim", "form", "setting", "iteration", "left", "right", "ratio", "runs", "violations", "unresolved",
        "first_informative", "kind", "total", "rate_factor"
    ]  # fmt: skip


def test_worst_ratio_is_over_runs_and_iterations():
    """Bound 192 D / T with D = 1/192 is 1 / T: ratios are T gap = 1/2, 2, 4 and 3/4, 5, 1/2."""
    row = printed_row([1, 10, 100], [[0.5, 0.2, 0.04], [0.75, 0.5, 0.005]], 1 / 192)
    assert (row["iteration"], row["left"], row["right"], row["ratio"]) == (10, 0.5, near(0.1), near(5.0))
    assert (row["runs"], row["violations"]) == (2, 2)


def test_violations_are_counted_once_a_run():
    """Of four runs one is above at all checkpoints, one at the last only, two nowhere."""
    gap = [[2.0, 0.2, 0.02], [0.5, 0.05, 0.02], [0.5, 0.05, 0.005], [0.9, 0.09, 0.009]]
    row = printed_row([1, 10, 100], gap, 1 / 192)
    assert (row["runs"], row["violations"]) == (4, 2)


def test_each_run_has_its_own_bound():
    """Divergences of runs are not mixed: T gap is 1 and 3, D 1 and 4 over 192."""
    row = printed_row([10, 100], [[0.1, 0.01], [0.3, 0.03]], np.array([[1.0], [4.0]]) / 192)
    assert (row["ratio"], row["iteration"], row["right"]) == (near(1.0), 10, near(0.1))
    assert row["violations"] == 0
    row = printed_row([10, 100], [[0.1, 0.01], [0.3, 0.03]], np.array([[4.0], [1.0]]) / 192)
    assert (row["ratio"], row["left"], row["violations"]) == (near(3.0), near(3 * row["right"]), 1)


@pytest.mark.parametrize(("excess", "violations"), [(-1e-6, 0), (0.0, 0), (5e-10, 0), (2e-9, 1), (1e-6, 1)])
def test_rounding_is_no_violation(excess, violations):
    """From 1 + 1e-9 on a ratio counts."""
    assert printed_row([1, 10], [0.25, 0.1 * (1 + excess)], 1 / 192)["violations"] == violations


@pytest.mark.parametrize(("gap", "ratio", "violations"), [(0.0, 0.0, 0), (1e-12, 0.0, 0), (1e-6, math.inf, 1)])
def test_a_bound_of_zero(gap, ratio, violations):
    """A gap up to 1e-12 is rounding and exceeds nothing; a gap above a bound of 0 exceeds it without limit."""
    row = printed_row([1, 10], [0.0, gap], 0.0)
    assert (row["ratio"], row["violations"]) == (ratio, violations)
    if violations:
        assert (row["iteration"], row["left"], row["right"]) == (10, gap, 0.0)


def test_an_infinite_bound_holds():
    row = printed_row([1, 10], [0.5, 0.4], [math.inf, 1 / 192])
    assert (row["iteration"], row["ratio"], row["first_informative"]) == (10, near(4.0), 10)


@pytest.mark.parametrize(
    ("divergence", "first"),
    [
        ([1.0, 1.0, 1.0, 1.0], 1000),  # 192, 19.2, 1.92, 0.192
        ([1.0, 1.0, 0.5, 0.5], 100),  # 192, 19.2, 0.96, 0.096
        ([1e-3, 1.0, 1.0, 1.0], 1000),  # 0.192, then 19.2: below at first, for a while
        ([1e-3, 1e-3, 1e-3, 1e-3], 1),
        ([1.0, 1.0, 1.0, 1000 / 192], None),  # ends at 1, the trivial gap itself
        ([1.0, 1e-3, 1e-3, 6.0], None),  # below in between only
        ([1.0, 1.0, 1.0, 999 / 192], 1000),
        ([math.inf, 1.0, 0.5, 0.5], 100),
    ],
)
def test_first_informative(divergence, first):
    """The first iteration from which 192 D / T stays below H = 1."""
    row = printed_row([1, 10, 100, 1000], [1.0, 0.1, 0.1, 0.1], divergence)
    assert row["first_informative"] == first


@pytest.mark.parametrize(("horizon", "first"), [(1, 1000), (2, 10_000)])
def test_trivial_gap_is_the_horizon(horizon, first):
    """H = 1: 192 D / T < 1; H = 2: 1536 D / T < 2, with D = 2: 0.384 at 1000, and 3.07, 0.307."""
    grid = [1, 10, 100, 1000, 10_000]
    assert printed_row(grid, [1.0] * 5, 2.0, horizon=horizon)["first_informative"] == first
    # 1536 * 1 / 1000 = 1.536 is below 2, not below 1
    assert printed_row(grid, [1.0] * 5, 1.0, horizon=2)["first_informative"] == 1000


def test_informative_is_said_of_the_mean_bound():
    """D of 1 and 9: one bound is below 1 from T = 1000 on, the mean, 960 / T, too; the larger one, 1728 / T, is not."""
    row = printed_row([100, 1000, 10_000], np.full((2, 3), 0.01), [[1.0] * 3, [9.0] * 3])
    assert row["first_informative"] == 1000
    row = printed_row([100, 1000, 10_000], np.full((2, 3), 0.01), [[1.0] * 3, [11.0] * 3])
    assert row["first_informative"] == 10_000
    # below 1 at 100, above it at 1000 through one of the runs, below for good at 10000
    row = printed_row([100, 1000, 10_000], np.full((2, 3), 0.01), [[0.1, 0.1, 0.1], [0.1, 20.0, 20.0]])
    assert row["first_informative"] == 10_000


def proven_factor(horizon, rate):
    """c of docs/theorem1.md for H = 1 and 2: c_1, and 2 c_1 + 3 c_1 / (1 - 2 x^2) with x = eta H."""
    x = horizon * rate
    one = math.exp(x) + (x * (math.exp(2 * x) - 1) / 2) ** 2
    return one if horizon == 1 else 2 * one + 3 * one / (1 - 2 * x**2)


# Claims and forms ---------------------------------------------------------------------------------------


def test_forms_of_long_runs():
    """H = 2 at eta = 1/32: printed and repaired factors are both 1536 / T; the burn-in term adds 11 / T.

    As proven it is (11 + 32 c D) / T.
    """
    t, gap = [1, 10, 100], [[1.5, 1.0, 0.5]]
    rows = theory_tables.long_run_rows(
        [long_run(t, gap, [1.0, 2.0, 3.0], [4.0, 5.0, 6.0], horizon=2, kind="pure", n_actions=(2, 3))]
    )
    assert {row["setting"] for row in rows} == {"long runs, pure, H=2"}
    claims = [(row["claim"], row["form"]) for row in rows]
    assert claims == [("theorem 1", f) for f in (PRINTED, WORST, TERM, PROVEN)] + [
        ("equation 4", f) for f in (PRINTED, RATE)
    ]
    ratio = {form: picked(rows, claim="theorem 1", form=form)["ratio"] for form in (PRINTED, WORST, TERM, PROVEN)}
    assert ratio[PRINTED] == near(0.5 / (1536 * 3 / 100))
    assert ratio[WORST] == near(0.5 / (1536 * 6 / 100))
    assert ratio[TERM] == near(0.5 / ((1536 * 3 + 11) / 100))
    assert ratio[PROVEN] == near(0.5 / ((11 + 32 * proven_factor(2, 1 / 32) * 3) / 100))
    assert picked(rows, claim="theorem 1", form=PROVEN)["kind"] == "proven"
    for form in (PRINTED, RATE):
        row = picked(rows, claim="equation 4", form=form)
        assert row["right"] == near(768 * 32 * math.log(100) * math.log(6) / 100)
        assert (row["iteration"], row["left"]) == (100, 0.5)


def test_equation_4_starts_at_two():
    """At T = 1 its right side is 0: that is no violation."""
    rows = theory_tables.long_run_rows([long_run([1, 2, 10], [[1.0, 0.9, 0.8]], 1.0)])
    for form in (PRINTED, RATE):
        row = picked(rows, claim="equation 4", form=form)
        assert (row["violations"], row["iteration"]) == (0, 10)
        assert row["ratio"] == near(0.8 / (768 * math.log(10) * math.log(4) / 10))
    only = theory_tables.long_run_rows([long_run([2], [[0.9]], 1.0)])
    assert picked(only, claim="equation 4", form=PRINTED)["right"] == near(384 * math.log(2) * math.log(4))


def random_game_measurement(**changes):
    """Six games, three of 2x2 and three of 2x3, at two checkpoints."""
    arrays = {
        "checkpoints": np.array([1, 100]),
        "n_states": np.array([1, 1, 1, 2, 2, 2]),
        "n_actions": np.array([[2, 2]] * 3 + [[2, 3]] * 3),
        "learning_rate": np.array([0.125, 0.0125, 0.125, 0.0125, 0.125, 0.0125]),
        "uniform_start": np.array([True, True, False, True, False, False]),
        "ne_gap": np.tile([0.5, 0.25], (6, 1)),
        "divergence_first": np.tile([1.0, 2.0], (6, 1)),
        "divergence_worst": np.tile([3.0, 4.0], (6, 1)),
    }
    return {"horizon": 1, "base_kind": "random"}, arrays | changes


def test_random_games_are_bounded_at_their_own_rates():
    """At T = 100 and eta = 0.125 the repaired factor is 24 / 12.5 = 1.92, at 0.0125 ten times that."""
    gap = np.tile([0.5, 0.25], (6, 1))
    gap[1, 1] = 0.6  # a game with the small rate: 0.6 / (19.2 * 4) is less than 0.25 / (1.92 * 4)
    rows = theory_tables.random_game_rows([random_game_measurement(ne_gap=gap)])
    row = picked(rows, claim="theorem 1", form=WORST)
    assert row["setting"] == "random games, random, H=1"
    assert (row["left"], row["right"], row["ratio"]) == (0.25, near(7.68), near(0.25 / 7.68))
    assert (row["runs"], row["violations"]) == (6, 0)
    row = picked(rows, claim="theorem 1", form=PRINTED)
    assert (row["left"], row["right"]) == (0.6, near(192 * 2 / 100))
    row = picked(rows, claim="theorem 1", form=TERM)  # B(1) = 1
    assert row["right"] == near(1.92 * 2 + 0.01)


def test_equation_4_is_for_games_that_start_uniform():
    gap = np.tile([0.5, 0.25], (6, 1))
    gap[[2, 4, 5]] = 1.0  # these do not
    rows = theory_tables.random_game_rows([random_game_measurement(ne_gap=gap)])
    assert len(rows) == 4 + 2 * 2
    for size, runs, product in (("2x2", 2, 4), ("2x3", 1, 6)):
        for form, factor in ((PRINTED, 768.0), (RATE, 96 / (0.125 if size == "2x2" else 0.0125))):
            row = picked(rows, claim="equation 4", form=form, setting=f"random games, random, H=1, {size}")
            assert (row["runs"], row["left"], row["iteration"]) == (runs, 0.25, 100)
            assert row["right"] == near(factor * math.log(100) * math.log(product) / 100)


def test_a_game_without_choices_has_no_row_of_equation_4():
    """With one action a player log(AB) = 0, and so is the gap; with 1x3 one player can learn."""
    sizes = np.array([[1, 1]] * 3 + [[1, 3]] * 3)
    gap = np.zeros((6, 2))
    rows = theory_tables.random_game_rows(
        [random_game_measurement(n_actions=sizes, ne_gap=gap, divergence_first=gap, divergence_worst=gap)]
    )
    settings = [row["setting"] for row in rows if row["claim"] == "equation 4"]
    assert settings == ["random games, random, H=1, 1x3"] * 2
    assert all(row["violations"] == 0 and row["ratio"] == 0.0 for row in rows)


def test_total_rows():
    """The worst row of each claim and form, runs and violations added up, nothing else."""
    hard = random_game_measurement(ne_gap=np.full((6, 2), 0.9), divergence_first=np.full((6, 2), 1e-3))
    rows = theory_tables.random_game_rows([random_game_measurement(), hard, random_game_measurement()])
    before = [dict(row) for row in rows]
    totals = total_rows(rows, "all of them")
    assert rows == before
    assert [(row["claim"], row["form"]) for row in totals] == [
        *(("theorem 1", form) for form in (PRINTED, WORST, TERM, PROVEN)), ("equation 4", PRINTED), ("equation 4", RATE)
    ]  # fmt: skip
    printed = picked(totals, claim="theorem 1", form=PRINTED)
    assert (printed["runs"], printed["violations"]) == (18, 6)
    assert (printed["iteration"], printed["left"], printed["right"]) == (100, 0.9, near(192e-3 / 100))
    assert printed["ratio"] == near(0.9 / (192e-3 / 100))
    assert (printed["setting"], printed["first_informative"]) == ("all of them", None)
    assert [row["total"] for row in rows + totals] == [False] * len(rows) + [True] * 6
    assert [row["kind"] for row in totals] == ["printed", "repaired", "repaired", "proven", "printed", "repaired"]
    assert picked(totals, claim="theorem 1", form=WORST)["violations"] == 0
    twice = total_rows(theory_tables.random_game_rows([hard, hard]), "")
    assert [(row["runs"], row["violations"]) for row in twice if row["form"] == PRINTED] == [(12, 12), (6, 0)]
    uniform = picked(totals, claim="equation 4", form=PRINTED)
    assert (uniform["runs"], uniform["violations"]) == (9, 0)
    assert uniform["ratio"] == near(0.9 / (768 * math.log(100) * math.log(4) / 100))


# Defects ------------------------------------------------------------------------------------------------


def small_step_measurement():
    """Factors 1 and 0.1, two seeds, three checkpoints; H = 2, so that eta is 1/32 and 1/320."""
    gap = np.array([[[1.0, 0.5, 0.25], [1.0, 0.75, 0.5]], [[1.5, 1.25, 1.0], [1.5, 1.0, 0.75]]])
    first = np.array([1.0, 2.0, 3.0]) * np.ones((2, 2, 1))
    spec = {"horizon": 2, "n_actions": [2, 3]}
    return spec, {
        "rate_factors": np.array([1.0, 0.1]),
        "seeds": np.array([0, 1]),
        "checkpoints": np.array([1, 10, 100]),
        "ne_gap": gap,
        "divergence_first": first,
        "divergence_worst": 2 * first,
    }


def burn_in_measurement():
    return {}, {
        "horizons": np.array([1, 2]),
        "checkpoints": np.array([1, 10]),
        "ne_gap": np.array([[1.0, 0.1], [1.0, 0.5]]),
        "divergence_first": np.array([[1e-3, 2e-3], [1e-4, 2e-4]]),
        "divergence_worst": np.array([[14.0, 28.0], [28.0, 56.0]]),
    }


def test_small_step_rows():
    rows = theory_tables.small_step_rows(small_step_measurement())
    assert len(rows) == 12
    for factor, rate, gap in (("1", 1 / 32, 0.5), ("0.1", 1 / 320, 1.0)):
        setting = f"learning rate {factor} / (8 H^2), H=2"
        row = picked(rows, claim="theorem 1", form=WORST, setting=setting)
        assert (row["left"], row["right"], row["runs"]) == (gap, near(48 * 6 / (rate * 100)), 2)
        row = picked(rows, claim="theorem 1", form=PRINTED, setting=setting)
        assert (row["left"], row["right"]) == (gap, near(1536 * 3 / 100))
        row = picked(rows, claim="equation 4", form=RATE, setting=setting)
        assert row["rate_factor"] == float(factor)
        assert row["right"] == near(96 * 8 * math.log(100) * math.log(6) / (rate * 100))
        row = picked(rows, claim="theorem 1", form=PROVEN, setting=setting)
        assert (row["left"], row["right"]) == (gap, near((11 + proven_factor(2, rate) * 3 / rate) / 100))


def test_burn_in_rows():
    """H = 1 printed: 1 / 0.192 and 0.1 / 0.0384; the term: 1 / 1.192. H = 2 at T = 10: 0.5 / 0.03072.

    As proven, 1 + 8 c 1e-3 with c = 1.13 at H = 1; at H = 2 and T = 10, (11 + 32 c 2e-4) / 10 with c = 5.3.
    """
    rows = theory_tables.burn_in_rows(burn_in_measurement())
    assert [row["setting"] for row in rows] == ["burn-in, H=1"] * 4 + ["burn-in, H=2"] * 4
    assert [row["runs"] for row in rows] == [1] * 8
    assert [row["violations"] for row in rows] == [1, 0, 0, 0] * 2
    ratios = [row["ratio"] for row in rows]
    one, two = proven_factor(1, 1 / 8), proven_factor(2, 1 / 32)
    assert ratios[:4] == [near(1 / 0.192), near(1 / (192 * 14)), near(1 / 1.192), near(1 / (1 + 8e-3 * one))]
    assert ratios[4:6] == [near(0.5 / 0.03072), near(0.5 / (1536 * 56 / 10))]
    assert ratios[6:] == [near(0.5 / (0.03072 + 1.1)), near(0.5 / ((11 + 32 * two * 2e-4) / 10))]


def test_two_sided_rows():
    """H = 2, no divergence: T gap is 2, 9 and 10.8 at T = 1, 10, 100; against 9, and against 11."""
    arrays = {"horizons": np.array([2]), "checkpoints": np.array([1, 10, 100])}
    arrays |= {"ne_gap": np.array([[2.0, 0.9, 0.108]]), "divergence_first": np.zeros((1, 3))}
    rows = theory_tables.two_sided_rows(({}, arrays))
    assert [row["claim"] for row in rows] == ["theorem 1"] * 3
    assert [row["ratio"] for row in rows] == [near(10.8 / 9), near(10.8 / 11), near(10.8 / 11)]
    assert [row["violations"] for row in rows] == [1, 0, 0]
    assert [row["first_informative"] for row in rows] == [10, 10, 10]
    arrays["divergence_first"] = np.full((1, 3), 1e-3)
    assert [row["ratio"] for row in theory_tables.two_sided_rows(({}, arrays))] == [
        near(10.8 / (9 + 1.536)), near(10.8 / (11 + 1.536)), near(10.8 / (11 + 0.032 * proven_factor(2, 1 / 32)))
    ]  # fmt: skip
    measured = theory.two_sided_runs(iterations=500, n_checkpoints=20)
    assert [row["violations"] for row in theory_tables.two_sided_rows(({}, measured))] == [1, 0, 0]


def test_defect_table():
    """Means over the seeds; repaired is the rate's factor with the worst divergence, or the burn-in term."""
    table = theory_tables.defect_table(burn_in_measurement(), small_step_measurement())
    assert list(table["defect"]) == ["small step"] * 6 + ["burn-in"] * 4
    assert table["setting"].tolist() == [1.0] * 3 + [0.1] * 3 + [1, 1, 2, 2]
    assert table["iteration"].tolist() == [1, 10, 100] * 2 + [1, 10] * 2
    assert table["ne_gap"].tolist() == near([1.0, 0.625, 0.375, 1.5, 1.125, 0.875, 1.0, 0.1, 1.0, 0.5])
    printed = [1536.0, 307.2, 46.08] * 2 + [0.192, 0.0384, 0.1536, 0.03072]
    assert table["printed"].tolist() == near(printed)
    repaired = [2 * x for x in printed[:3]] + [20 * x for x in printed[3:6]] + [1.192, 0.1384, 11.1536, 1.13072]
    assert table["repaired"].tolist() == near(repaired)
    assert (table["over_printed"] * table["printed"]).tolist() == near(table["ne_gap"].tolist())
    assert (table["over_repaired"] * table["repaired"]).tolist() == near(table["ne_gap"].tolist())


def test_defect_table_where_a_bound_is_zero():
    spec, arrays = small_step_measurement()
    arrays["divergence_first"], arrays["divergence_worst"] = (0 * arrays["ne_gap"],) * 2
    table = theory_tables.defect_table(burn_in_measurement(), (spec, arrays))
    assert table.loc[table["defect"] == "small step", ["over_printed", "over_repaired"]].isna().all(axis=None)
    assert table.loc[table["defect"] == "burn-in", ["over_printed", "over_repaired"]].notna().all(axis=None)


# Sequences ----------------------------------------------------------------------------------------------

SETTINGS = [
    {"horizon": 1, "games": 16, "perturbation": 0.1, "iterations": 1000, "learning_rate": 1.0},
    {"horizon": 2, "games": 9, "perturbation": 0.2, "iterations": 100, "learning_rate": 0.5},
    {"horizon": 2, "games": 9, "perturbation": 0.1, "iterations": 100, "learning_rate": 6.4},
]


def sequence_measurement(arm, later, kind="mixed", settings=SETTINGS):
    """(settings, seeds) arrays; ``later`` is the gap of the later games."""
    later = np.asarray(later, dtype=float)
    return {"base_kind": kind, "arm": arm, "settings": settings, "n_actions": [2, 3]}, {
        "seeds": np.arange(later.shape[1]),
        "ne_gap": later + 0.25,
        "later_gap": later,
        "similarity": 8.0 + 0 * later,
        "divergence": 5.0 + 0 * later,
    }


def bracket(games, t, horizon, similarity=8.0):
    """Of equation (6), times H^2, for A = 2 and B = 3."""
    vanishing = 50 * math.log(games) + 16 * horizon**2 * math.log(t) * math.log(6 * games)
    return similarity / games + vanishing / math.sqrt(games)


ALONE = [[0.5, 1.0, 0.75], [0.25, 0.5, 1.0], [1.0, 0.5, 0.25]]


def test_sequence_table():
    halved = np.array(ALONE) / 2
    table = theory_tables.sequence_table(
        [sequence_measurement("individual", ALONE), sequence_measurement("best_response", halved)], 100, 3
    )
    assert table["arm"].tolist() == ["best_response"] * 3 + ["individual"] * 3
    assert table["horizon"].tolist() == [1, 2, 2] * 2
    assert table["perturbation"].tolist() == [0.1, 0.1, 0.2] * 2  # sorted
    # half the gap on every seed is half the gap in every resample
    ratios = table[["ratio", "ratio_low", "ratio_high"]].to_numpy()
    np.testing.assert_allclose(ratios, np.repeat([[0.5] * 3, [1.0] * 3], 3, axis=0), rtol=1e-12)
    np.testing.assert_allclose(table["later_gap"], np.outer([0.5, 1.0], [0.75, 7 / 12, 7 / 12]).ravel())
    np.testing.assert_allclose(table["ne_gap"], table["later_gap"] + 0.25)
    assert table["learning_rate"].tolist() == near([0.125, 0.2, 1 / 64] * 2)
    assert table["within"].tolist() == [True, False, True] * 2
    assert table["similarity"].tolist() == [8.0] * 6
    assert table["similarity_per_game"].tolist() == near([8 / 16, 8 / 9, 8 / 9] * 2)
    assert table["n_seeds"].tolist() == [3] * 6
    row = table.iloc[0]
    assert row["bound"] == near(192 / 1000 * bracket(16, 1000, 1))
    assert row["instantiated"] == near(192 / 1000 * 5)
    row = table.iloc[2]
    assert row["bound"] == near(192 * 8 / 100 * bracket(9, 100, 2))  # as printed
    assert row["instantiated"] == near(48 / (100 / 64) * 5)


def test_ratios_are_paired_with_individual_learning_of_the_same_kind():
    """Ratio of means, (0.1 + 0.8) / (0.5 + 1), and an interval between the seeds' own ratios, 0.2 and 0.8."""
    one = [SETTINGS[0]]
    table = theory_tables.sequence_table(
        [
            sequence_measurement("output_policy", [[0.1, 0.8]], settings=one),
            sequence_measurement("individual", [[9.0, 9.0]], kind="pure", settings=one),
            sequence_measurement("individual", [[0.5, 1.0]], settings=one),
        ],
        2000,
        3,
    )
    row = table[table["arm"] == "output_policy"].iloc[0]
    assert row["ratio"] == near(0.9 / 1.5)
    # a quarter of the resamples has the first seed only, a quarter the second only
    assert (row["ratio_low"], row["ratio_high"]) == (near(0.2), near(0.8))
    assert table.loc[table["base_kind"] == "pure", "ratio"].tolist() == [1.0]


def test_bound_of_the_sequence_table_is_equation_6():
    """At a rate above 1 / (8 H^2) nothing licenses a smaller factor than the printed one."""
    table = theory_tables.sequence_table([sequence_measurement("individual", ALONE)], 20, 3)
    row = table[~table["within"]].iloc[0]
    assert row["bound"] == near(192 * 8 / 100 * bracket(9, 100, 2))


def test_sequence_rows():
    """Only the meta-update (5) is held against equation (6); rates above the theorem's are left out."""
    rows = theory_tables.sequence_rows(
        [sequence_measurement("individual", ALONE), sequence_measurement("best_response", ALONE)]
    )
    theorem_2 = [row for row in rows if row["claim"] == "theorem 2"]
    assert len(rows) == 4 + len(theorem_2) == 8
    first = "sequences, mixed, best_response, H=1, K=16, perturbation=0.1"
    second = "small step 0.5 / (8 H^2), sequences, mixed, best_response, H=2, K=9, perturbation=0.2"
    assert {row["setting"] for row in theorem_2} == {first, second}
    for arm in ("individual", "best_response"):
        where = f"small step 0.5 / (8 H^2), sequences, mixed, {arm}, H=2, K=9, perturbation=0.2"
        row = picked(rows, claim="theorem 1, mean over games", form=WORST, setting=where)
        assert (row["left"], row["right"]) == (1.25, near(48 * 64 / 100 * 5))
        assert (row["runs"], row["violations"], row["iteration"]) == (3, 0, 100)
    row = picked(rows, claim="theorem 2", form=PRINTED, setting=second)
    assert (row["left"], row["right"]) == (1.25, near(192 * 8 / 100 * bracket(9, 100, 2)))
    row = picked(rows, claim="theorem 2", form=RATE, setting=second)
    assert row["right"] == near(48 * 64 / 100 * bracket(9, 100, 2))
    row = picked(rows, claim="theorem 2", form=RATE, setting=first)
    assert row["right"] == near(192 / 1000 * bracket(16, 1000, 1))


def test_sequence_rows_count_seeds():
    """Theorem 1's mean is 24 * 5 / (0.125 * 1000) = 0.96: with gaps of 0.25 more, one seed of three is above."""
    rows = theory_tables.sequence_rows(
        [sequence_measurement("output_policy", [[0.5, 0.7, 0.75]], settings=SETTINGS[:1])]
    )
    (row,) = rows
    assert (row["runs"], row["violations"], row["first_informative"]) == (3, 1, 1000)
    assert (row["left"], row["ratio"]) == (1.0, near(1 / 0.96))


# Slopes and curves --------------------------------------------------------------------------------------

GRID = np.unique(np.geomspace(1, 1e6, 121).round().astype(int))
WINDOWS = [[1e3, 1e4], [1e4, 1e5], [1e5, 1e6]]


def slopes(gap, windows=WINDOWS, margin=0.03, **options):
    return theory_tables.slope_table([long_run(GRID, gap, 1.0, **options)], windows, margin, 50, 1)


def bound_slope(start, end):
    """Of log T / T, by the normal equations."""
    t = np.log(GRID[(start <= GRID) & (end >= GRID)])
    y = np.log(t) - t
    return float(((t - t.mean()) * (y - y.mean())).sum() / ((t - t.mean()) ** 2).sum())


@pytest.mark.parametrize(("power", "verdict"), [(-1.0, "consistent"), (-0.9, "consistent"), (-0.75, "violated")])
def test_slope_table_on_power_laws(power, verdict):
    """Seeds with other factors and one exponent: it is found, and resampling does not move it."""
    table = slopes(np.array([[0.2], [1.0], [3.0]]) * GRID**power, horizon=2, kind="pure", n_actions=(2, 3))
    assert len(table) == 3
    for column in ("slope", "low", "high"):
        np.testing.assert_allclose(table[column], power, rtol=1e-10)
    assert table[["start", "end"]].to_numpy().tolist() == WINDOWS
    assert table["bound_slope"].tolist() == pytest.approx([bound_slope(*window) for window in WINDOWS], rel=1e-10)
    # gap / log T: the exponent less the slope of log log T
    assert (table["slope_without_log"] - power).tolist() == pytest.approx(
        [-1 - bound_slope(*window) for window in WINDOWS], rel=1e-9
    )
    assert table["verdict"].tolist() == ["", "", verdict]
    assert set(table["n_seeds"]) == {3}
    assert (set(table["base_kind"]), set(table["horizon"]), set(table["margin"])) == ({"pure"}, {2}, {0.03})


def test_slope_table_is_inconclusive_on_a_transient():
    """-0.5, then -0.6, then -0.7: above the bound but ever nearer to it."""
    local = np.select([GRID <= 1e4, GRID <= 1e5], [-0.5, -0.6], -0.7)
    curve = np.exp(np.concatenate([[0.0], np.cumsum(local[1:] * np.diff(np.log(GRID)))]))
    table = slopes(curve)
    assert table["slope"].tolist() == pytest.approx([-0.5, -0.6, -0.7], rel=1e-9)
    assert table["verdict"].tolist() == ["", "", "inconclusive"]


def test_slope_table_is_inconclusive_when_the_seeds_disagree():
    """Half of the seeds fall like 1/T, half like T^-0.5: the interval reaches from one to the other."""
    table = slopes(np.stack([GRID**-1.0, 1e-3 * GRID**-0.5]))
    last = table.iloc[-1]
    assert (last["low"], last["high"]) == (pytest.approx(-1.0), pytest.approx(-0.5))
    assert last["verdict"] == "inconclusive"


def test_the_margin_is_the_callers():
    """-0.9 on the last decade, against log T / T."""
    excess = -0.9 - bound_slope(1e5, 1e6)
    assert excess > 0
    curve = GRID**-0.9
    for margin, verdict in ((excess + 1e-6, "consistent"), (excess - 1e-6, "violated")):
        assert slopes(curve, margin=margin)["verdict"].iloc[-1] == verdict


def test_one_window_has_no_verdict():
    assert slopes(1.0 / GRID, windows=[[1e5, 1e6]])["verdict"].tolist() == [""]


def test_slope_table_has_a_block_for_each_measurement():
    measured = [long_run(GRID, GRID**-p, 1.0, horizon=h) for h, p in ((1, 1.0), (3, 0.75))]
    table = theory_tables.slope_table(measured, WINDOWS[1:], 0.03, 20, 1)
    assert table["horizon"].tolist() == [1, 1, 3, 3]
    assert table["slope"].tolist() == pytest.approx([-1.0, -1.0, -0.75, -0.75])
    assert table["verdict"].tolist() == ["", "consistent", "", "violated"]


def test_curve_rows():
    """Local slopes over a decade, from the first whole one (T / sqrt 10 at least 2) to the last (T sqrt 10 at most)."""
    gap = np.array([[0.25], [0.75]]) * GRID**-0.75
    divergence = np.array([[1.0], [3.0]]) + 0 * GRID
    table = theory_tables.curve_rows([long_run(GRID, gap, 0.5, divergence, horizon=2, n_actions=(2, 3))])
    assert table["iteration"].tolist() == GRID.tolist()
    np.testing.assert_allclose(table["ne_gap"], 0.5 * GRID**-0.75)
    np.testing.assert_allclose(table["low"], gap[0])
    np.testing.assert_allclose(table["high"], gap[1])
    np.testing.assert_allclose(table["equation_4"], 768 * 32 * np.log(GRID) * math.log(6) / GRID)
    np.testing.assert_allclose(table["theorem_1"], 1536 * 2 / GRID)  # worst best responses, mean over the seeds
    whole = table["iteration"].between(2 * 10**0.5, 1e6 / 10**0.5 * (1 + 1e-9))
    assert (table["local_slope"].notna() == whole).all()
    assert (table["bound_local_slope"].notna() == whole).all()
    assert 80 < whole.sum() < len(GRID)
    np.testing.assert_allclose(table.loc[whole, "local_slope"], -0.75, rtol=1e-10)
    for _, row in table[whole].iloc[::15].iterrows():
        expected = bound_slope(row["iteration"] / 10**0.5, row["iteration"] * 10**0.5)
        assert row["bound_local_slope"] == pytest.approx(expected, rel=1e-9)


def test_local_slopes_are_local():
    """A kink at 1000 is seen within half a decade of it only."""
    curve = np.minimum(GRID, 1000) ** -0.5 * (np.maximum(GRID, 1000) / 1000) ** -1.0
    table = theory_tables.curve_rows([long_run(GRID, curve, 1.0)]).dropna(subset=["local_slope"])
    left, right = table["iteration"] < 1000 / 10**0.5, table["iteration"] > 1000 * 10**0.5
    np.testing.assert_allclose(table.loc[left, "local_slope"], -0.5, rtol=1e-9)
    np.testing.assert_allclose(table.loc[right, "local_slope"], -1.0, rtol=1e-9)
    middle = table.loc[~left & ~right, "local_slope"]
    assert middle.between(-1.0 - 1e-9, -0.5 + 1e-9).all()
    assert (middle.diff().dropna() <= 1e-12).all()
    assert -0.8 < float(middle.iloc[len(middle) // 2]) < -0.7


def test_curves_too_short_for_a_decade_have_no_local_slopes():
    table = theory_tables.curve_rows([long_run([1, 2, 4, 8], [1.0, 0.5, 0.25, 0.125], 1.0)])
    assert table[["local_slope", "bound_local_slope"]].isna().all(axis=None)


# Chain --------------------------------------------------------------------------------------------------


def test_chain_table():
    """Three stages of 2, 3 and 1 iterations, two steps, two seeds."""
    regret = np.arange(12.0).reshape(2, 3, 2)
    spec = {"horizon": 2, "base_kind": "pure"}
    arrays = {"stage_iterations": np.array([2, 3, 1]), "regret": regret, "value_error": 100 + 10 * regret}
    table = theory_tables.chain_table([(spec, arrays)])
    assert list(table.columns) == ["base_kind", "horizon", "stage", "iteration", "step", "quantity", "value"]
    assert table["stage"].tolist() == [1, 1, 2, 2, 3, 3] * 2
    assert table["iteration"].tolist() == [2, 2, 5, 5, 6, 6] * 2
    assert table["step"].tolist() == [1, 2] * 6
    assert table["quantity"].tolist() == ["regret"] * 6 + ["value_error"] * 6
    # means of 0..5 and 6..11
    assert table["value"].tolist() == [*range(3, 9), *(100 + 10 * x for x in range(3, 9))]


# From measurements --------------------------------------------------------------------------------------


def test_tables_of_real_runs():
    """What ``metanash_replication.topics.zero_sum.measure`` returns fits, and claims come out as they must."""
    sizes = {"n_states": 2, "n_actions": [2, 2]}
    options = {"iterations": 3000, "n_checkpoints": 20, **sizes}
    long = [
        ({"horizon": h, "base_kind": k, **sizes}, theory.long_runs(k, h, [0, 1], 4, **options))
        for k in ("mixed", "pure")
        for h in (1, 2)
    ]
    rows = theory_tables.long_run_rows(long)
    assert len(rows) == 4 * 6
    assert all(row["violations"] == 0 and row["runs"] == 2 for row in rows)
    # from uniform starts first and worst are the same, and the largest rate makes printed and repaired the same
    for h in (1, 2):
        where = f"long runs, pure, H={h}"
        one, two = (picked(rows, claim="theorem 1", form=form, setting=where) for form in (PRINTED, WORST))
        assert one["ratio"] == near(two["ratio"])
    burn_in = {}, theory.burn_in_runs([1, 2], iterations=300, n_checkpoints=10, margin=1e-6)
    assert [row["violations"] for row in theory_tables.burn_in_rows(burn_in)] == [1, 0, 0, 0] * 2
    small = {"rate_factors": [1.0, 1e-3], "horizon": 1, **sizes, "iterations": 100_000, "n_checkpoints": 12}
    small_step = small, theory.small_step_runs([0, 1], 4, **small)
    found = theory_tables.small_step_rows(small_step)
    for factor, violations in (("1", 0), ("0.001", 2)):
        setting = f"learning rate {factor} / (8 H^2), H=1"
        row = picked(found, claim="theorem 1", form=PRINTED, setting=setting)
        assert row["violations"] == violations
    table = theory_tables.defect_table(burn_in, small_step)
    assert (table["over_repaired"] <= 1).all()
    assert table.groupby("defect")["over_printed"].max().min() > 1
    assert len(theory_tables.curve_rows(long)) == sum(len(arrays["checkpoints"]) for _, arrays in long)
    assert len(theory_tables.chain_table(long)) == sum(2 * arrays["regret"][0].size for _, arrays in long)
    verdicts = theory_tables.slope_table(long, [[100, 500], [500, 3000]], 0.03, 20, 1)["verdict"].tolist()
    assert [v in {"consistent", "violated", "inconclusive"} for v in verdicts] == [False, True] * 4
    chosen = {"states": [1], "actions": [[2, 2], [1, 1]], "games_per_size": 7, "rate_factors": [1.0, 0.1]}
    random = theory.random_games("random", 1, 4, iterations=100, n_checkpoints=6, **chosen)
    rows = theory_tables.random_game_rows([({"horizon": 1, "base_kind": "random"}, random)])
    totals = total_rows(rows, "all")
    assert picked(totals, claim="theorem 1", form=WORST)["runs"] == 14
    assert picked(totals, claim="equation 4", form=PRINTED)["runs"] == 3
    assert all(row["violations"] == 0 for row in totals if row["form"] != PRINTED)


# Summary ------------------------------------------------------------------------------------------------


def claims_table():
    """Two forms of a claim in two settings each, with a row that adds up; another claim."""
    columns = ["claim", "form", "setting", "ratio", "runs", "violations", "unresolved", "total"]
    rows = [
        ["theorem 9", "printed", "all of them", 3.0, 30, 3, 1, True],
        ["theorem 9", "printed", "random games, H=1", 0.5, 10, 1, 0, False],
        ["theorem 9", "printed", "random games, all", 3.0, 20, 2, 1, False],  # its name makes it no total
        ["theorem 9", "repaired", "random games, H=1", 0.25, 10, 0, 0, False],
        ["equation 8", "printed", "sequences", 0.75, 7, 0, 0, True],
        ["equation 8", "printed", "sequences, H=1", 0.75, 7, 0, 0, False],
    ]
    return pd.DataFrame(rows, columns=columns)


def test_summary_counts_every_run_once_and_names_the_worst_setting():
    found = claim_summary(claims_table(), ["equation 8", "theorem 9"])
    assert list(found.index) == [("equation 8", "printed"), ("theorem 9", "printed"), ("theorem 9", "repaired")]
    assert found.to_numpy().tolist() == [
        [1, 7, 0, 0, 0.75, "sequences, H=1"],
        [2, 30, 3, 1, 3.0, "random games, all"],
        [1, 10, 0, 0, 0.25, "random games, H=1"],
    ]
    assert list(found) == ["settings", "runs", "violations", "unresolved", "worst_ratio", "where"]


def test_summary_of_an_unknown_claim_is_refused():
    with pytest.raises(ValueError, match=r"'theorem 7'.*'theorem 9'"):
        claim_summary(claims_table(), ["theorem 7"])


def test_forms_have_the_names_that_the_ledger_asks_for():
    arrays = {
        "checkpoints": np.array([10, 100]), "horizons": np.array([2]), "ne_gap": np.full((1, 2), 0.5),
        "divergence_first": np.zeros((1, 2)),
    }  # fmt: skip
    rows = theory_tables.two_sided_rows(({}, arrays))
    assert [row["form"] for row in rows] == ["with B(H) / T, no repair", TERM, PROVEN]
    assert [row["right"] for row in rows] == [near(9 / 100), near(11 / 100), near(11 / 100)]  # D = 0
