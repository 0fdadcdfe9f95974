"""Corners of the rules of verdicts: ties, no number, no row, one row, infinite ratios, many intervals at once."""

import math

import numpy as np
import pandas as pd
import pytest
from planted import bound_row, each_planted, frames
from scipy.stats import norm

from metanash_replication.bound_rows import claim_row
from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import (
    HOLDS,
    INCONCLUSIVE,
    VACUOUS,
    VIOLATED,
    bound,
    comparison,
    effect,
    growth,
    never_exceeded,
    never_falls,
    rate,
    similar,
    speed,
)

NAN, INF = math.nan, math.inf

# Effects ------------------------------------------------------------------------------------------------


def effects(*spans, **options):
    """Intervals (low, ratio, high) of one arm."""
    names = ("ratio_low", "ratio", "ratio_high")
    rows = [{"arm": "a", "games": k} | dict(zip(names, span, strict=True)) for k, span in enumerate(spans)]
    return effect("t", "a", ("games",), **options)({"t": pd.DataFrame(rows)})


HELPS = (0.5, 0.7, 0.9)


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([(2.0, INF, INF)], VIOLATED),  # one interval is not widened
        ([(INF, INF, INF)], VIOLATED),
        ([HELPS, (INF, INF, INF), HELPS], VIOLATED),  # an interval without width has nothing to widen
        ([HELPS, (1.01, 1.01, 1.01), HELPS], VIOLATED),
        ([HELPS, (2.0, INF, INF)], INCONCLUSIVE),  # half of it is infinite, and so is 1.14 times that
        ([HELPS, (0.5, INF, INF)], INCONCLUSIVE),
        ([(0.0, 0.0, 0.0), HELPS], HOLDS),
        ([(0.0, 0.0, INF), HELPS], INCONCLUSIVE),
        ([(1.0, 1.0, 1.0)], INCONCLUSIVE),  # no effect at all is no benefit and no harm
        ([HELPS, (1.0, 1.0, 1.0)], INCONCLUSIVE),
        ([(1.0 + 1e-9, 1.1, 1.2)], VIOLATED),
        ([HELPS, (NAN, NAN, NAN)], INCONCLUSIVE),
        ([(NAN, NAN, NAN)], INCONCLUSIVE),
    ],
)
def test_effects_of_odd_intervals(spans, wanted):
    assert effects(*spans).name == wanted


@pytest.mark.parametrize("count", [2, 5, 50])
def test_harm_in_one_of_many_settings_has_to_stand_beside_the_others(count):
    """All of ``count`` intervals are to hold at once: half-widths grow by a normal quantile over 1.96."""
    wider = norm.isf(0.025 / count) / norm.isf(0.025)
    for by, wanted in ((0.999, VIOLATED), (1.001, INCONCLUSIVE)):
        low = 1.3 ** (1.0 - by / wider)
        assert low > 1.0
        assert effects(*[HELPS] * (count - 1), (low, 1.3, 2.0)).name == wanted


def test_the_largest_ratio_is_told_and_of_equals_the_first():
    assert effects((0.1, 0.2, 0.9), (0.1, 0.8, 0.9), (0.1, 0.8, 0.9), (0.7, 0.75, 0.8)).worst == "K=1"


# Similar games ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ([], []),
        ([0.3], [0.3]),
        ([0.4, 0.1, 0.4, 0.1], [0.1, 0.1]),  # of two that are as common the smaller
        ([0.4, 0.4, 0.1], [0.4, 0.4, 0.1]),
        ([0.1, 0.1, 0.1 + 1e-9], [0.1, 0.1]),
        ([0.1, 0.1, 0.0, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0.0]),  # neither the median nor the mean
    ],
)
def test_similar_games(sizes, wanted):
    assert similar(pd.DataFrame({"perturbation": sizes}, dtype=float))["perturbation"].tolist() == wanted


# Comparisons --------------------------------------------------------------------------------------------


def compared(*pairs):
    table = pd.DataFrame([{"games": k, "left": left, "right": right} for k, (left, right) in enumerate(pairs)])
    return comparison("t", lambda tables: tables["t"], ("games",), "{left} beside {right} ({where})")({"t": table})


@pytest.mark.parametrize(
    ("pairs", "wanted", "worst"),
    [
        ([(1.0, 1.0)], HOLDS, "K=0"),
        ([(0.0, 0.0)], HOLDS, "K=0"),
        ([(1e-300, 0.0)], VIOLATED, "K=0"),
        ([(1.0, 2.0), (NAN, 2.0)], INCONCLUSIVE, "K=0"),
        ([(1.0, NAN), (1.0, 2.0)], INCONCLUSIVE, "K=1"),
        ([(NAN, 1.0), (3.0, 2.0)], VIOLATED, "K=1"),
        ([(NAN, NAN)], INCONCLUSIVE, "K=0"),
        ([(1.0, INF), (-1.0, 2.0)], HOLDS, "K=0"),
        ([(INF, 1.0), (9.0, 1.0)], VIOLATED, "K=0"),
        ([(-5.0, -5.0)], HOLDS, "K=0"),
    ],
)
def test_comparisons_of_odd_numbers(pairs, wanted, worst):
    found = compared(*pairs)
    assert (found.name, found.worst) == (wanted, worst)


# Bounds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (1.0, 1.0, HOLDS),
        (1.0 + 1e-10, 1.0, HOLDS),  # rounding
        (1.0 + 1e-8, 1.0, VIOLATED),
        (1e-13, 0.0, HOLDS),  # a gap of rounding beside a bound of 0
        (1e-9, 0.0, VIOLATED),
        (-1.0, 0.0, HOLDS),
        (0.5, INF, VACUOUS),
    ],
)
def test_bounds_of_odd_numbers(left, right, wanted):
    row = claim_row("a", "printed", "here", np.ones(1), np.array([[left]]), np.array([[right]]), 2.0)
    tables = frames({"theory": [row | {"file": "a.npz"}]})
    assert bound("a")(tables).name == wanted
    assert never_exceeded("a")(tables).name == (HOLDS if wanted == VACUOUS else wanted)


def test_runs_that_are_not_resolved_decide_nothing_and_one_that_is_decides():
    rows = [bound_row("a", "printed", name, unresolved=True) | {"unresolved": 2} for name in ("one", "two")]
    assert bound("a")(frames({"theory": rows})).name == INCONCLUSIVE
    rows[1]["unresolved"] = 1
    assert bound("a")(frames({"theory": rows})).name == HOLDS


# Rates, growth, steps -----------------------------------------------------------------------------------


def test_rates_of_equal_excess_name_the_first():
    """And one whose slope is the largest of all, but no farther above what it is judged by, is not named."""
    slopes = {"start": 1.0, "end": 2.0, "low": 0.0, "high": 0.0, "verdict": "consistent"}
    rows = [slopes | {"games": k, "slope": value, "bound_slope": against, "claimed": -0.5}
            for k, (value, against) in enumerate([(-0.9, -1.0), (-0.7, -1.0), (-0.4, -0.7), (-0.1, -0.2)])]  # fmt: skip
    tables = {"t": pd.DataFrame(rows)}
    assert rate("t", ("games",))(tables).worst == "K=1"
    assert rate("t", ("games",), against="claimed")(tables).worst == "K=3"


def grows(*rows, **options):
    """T times the gap at stage ends, by verdict and how much nearer the logarithm is at least than the power."""
    names = ("start", "end", "misfit_affine", "misfit_power", "increment", "increment_low", "increment_high", "power",
             "power_low", "power_high")  # fmt: skip
    numbers = dict.fromkeys(names, 1.0)
    table = [numbers | {"games": k, "verdict": verdict, "advantage_low": by} for k, (verdict, by) in enumerate(rows)]
    return growth("t", ("games",), **options)({"t": pd.DataFrame(table)})


@pytest.mark.parametrize(
    ("rows", "wanted", "worst"),
    [
        ([("consistent", 2.0), ("consistent", 0.5), ("consistent", 1.0)], HOLDS, "K=1"),
        ([("consistent", -9.0), ("inconclusive", 0.5), ("inconclusive", -0.5)], INCONCLUSIVE, "K=2"),
        ([("inconclusive", -9.0), ("violated", -0.5), ("violated", -0.9), ("violated", -0.1)], VIOLATED, "K=2"),
        ([("", -9.0), ("consistent", 0.5), (NAN, -9.0)], HOLDS, "K=1"),
    ],
)
def test_growth_names_the_row_that_decides_where_the_power_is_nearest(rows, wanted, worst):
    found = grows(*rows)
    assert (found.name, found.worst) == (wanted, worst)


def test_growth_is_judged_on_the_rows_that_are_asked_for():
    rows = [("violated", -9.0), ("consistent", 1.0)]
    assert grows(*rows, rows=lambda table: table[table["games"] == 1]).name == HOLDS


def test_intervals_at_no_effect_are_counted_on_no_side():
    said = plain(effects((1.0, 1.1, 1.2), (0.8, 0.9, 1.0), (0.5, 0.6, 0.7)).result)
    assert said.startswith("A: helps in 1, hurts in none of 3 settings, ratio of gaps from 0.6 to 1.1")


@pytest.mark.parametrize("rule", [rate, growth])
def test_a_choice_of_rows_may_be_empty(rule):
    columns = {"verdict": ["violated"], "slope": [1.0], "bound_slope": [0.0], "advantage_low": [0.0]}
    judge = rule("t", (), rows=lambda table: table[table["verdict"] == "consistent"])
    assert judge({"t": pd.DataFrame(columns)}).name == INCONCLUSIVE


@pytest.mark.parametrize("verdict", ["inconclusive", "consistent", "violated"])
def test_one_row_has_its_own_verdict(verdict):
    wanted = {"inconclusive": INCONCLUSIVE, "consistent": HOLDS, "violated": VIOLATED}[verdict]
    assert grows((verdict, 0.1)).name == wanted
    slopes = {"games": 1, "start": 1.0, "end": 2.0, "slope": 0.0, "low": 0.0, "high": 0.0, "bound_slope": 0.0}
    assert rate("t", ("games",))({"t": pd.DataFrame([slopes | {"verdict": verdict}])}).name == wanted


def steps(*spans):
    names = ("low", "difference", "high")
    rows = [{"games": k, "value": 1.0, "next_value": 2.0} | dict(zip(names, span, strict=True))
            for k, span in enumerate(spans)]  # fmt: skip
    return never_falls("t", ("games",), "x", 0.0)({"t": pd.DataFrame(rows)})


def test_steps_are_counted_and_told():
    fall, unclear, rise = (-0.4, -0.3, -0.2), (-0.5, 0.1, 0.7), (0.2, 0.3, 0.4)
    found = steps(rise, fall, unclear, fall, rise, rise)
    assert plain(found.result) == (
        "Rises in 3 and falls in 2 of 6 steps to a larger perturbation; lowest: from x = 1 to 2, by -0.3 [-0.4, -0.2] "
        "(K=1)."
    )
    found = steps(rise, unclear)
    assert plain(found.result) == (
        "Rises in 1 and falls in none of 2 steps to a larger perturbation; lowest: from x = 1 to 2, by 0.1 [-0.5, 0.7] "
        "(K=1)."
    )


@pytest.mark.parametrize(
    ("span", "wanted"),
    [((0.0, 0.0), HOLDS), ((0.0, 1.0), HOLDS), ((-1.0, 0.0), INCONCLUSIVE), ((-1.0, -1e-12), VIOLATED),
     ((NAN, NAN), INCONCLUSIVE)],
)  # fmt: skip
def test_one_step(span, wanted):
    row = {"games": 3, "low": span[0], "high": span[1], "difference": 0.0, "value": 1.0, "next_value": 1.0}
    assert never_falls("t", ("games",), "x", 0.0)({"t": pd.DataFrame([row])}).name == wanted


# Speed-ups ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "wanted"),
    [
        ((1.9, 3.0, 9.0), INCONCLUSIVE),
        ((2.0, 3.0, 9.0), HOLDS),
        ((2.0, INF, INF), HOLDS),
        ((1.0, 2.5, 1.999), VIOLATED),  # the interval counts
        ((2.0, 1.5, 3.0), HOLDS),
        ((1.9, 1.9, 2.0), INCONCLUSIVE),
    ],
)
def test_a_speed_up_is_judged_by_its_interval(span, wanted):
    row = {"figure": "1a", "base_kind": "pure", "arm": "a", "ne_gap": 0.1, "low": span[0], "speed_up": span[1]}
    table = pd.DataFrame([row | {"high": span[2], "status": "measured"}])
    found = speed("1a", "pure", "a")({"speed_up": table})
    assert found.name == wanted
    assert f"speed-up {span[1]:.3g}" in plain(found.result)


def test_tables_planted_have_names():
    """Parameters of tests of claims: one for each table."""
    assert [one.id for one in each_planted({"a": {HOLDS: [{}, {}]}, "b": {VIOLATED: [{}]}})] == [
        "a-holds-0", "a-holds-1", "b-violated-0",
    ]  # fmt: skip
