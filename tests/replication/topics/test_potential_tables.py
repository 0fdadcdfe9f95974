"""Tables of Proposition 1 and Theorems 3 and 4 from made-up measurements whose rows are known by hand.

Expected bounds are written out, not taken from ``metanash.bounds``: with kappa = 2, step 1/8 and discount 1/2,
Proposition 1 is sqrt(2 rise / (T / 8 / 4)) = 8 sqrt(rise / T).
"""

import math

import numpy as np
import pandas as pd
import pytest

from metanash_replication.bound_rows import claim_row, total_rows
from metanash_replication.topics.maml import measure as measured_gradient
from metanash_replication.topics.maml import tables as gradient_tables
from metanash_replication.topics.potential import measure as measured_potential
from metanash_replication.topics.potential import tables

PRINTED, DOUBLE, REPAIRED = "printed", "with 2 kappa", "repaired: 1920/959 kappa"
ROOTS = {PRINTED: 1.0, DOUBLE: math.sqrt(2.0), REPAIRED: math.sqrt(1920 / 959)}
"""What a form makes of the printed bound."""


def picked(rows, **keys):
    """The one row with these entries."""
    found = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    assert len(found) == 1, [(row["claim"], row["form"], row["setting"]) for row in rows]
    return found[0]


def near(value):
    return pytest.approx(value, rel=1e-12, abs=0)


# One row ------------------------------------------------------------------------------------------------


def row_of(left, right, unresolved=False, trivial=1.0, t=(1.0, 10.0, 100.0)):
    return claim_row("c", PRINTED, "s", np.array(t), np.array(left), np.array(right), trivial, unresolved)


def test_a_row():
    row = row_of([[0.5, 0.4, 0.25], [0.5, 0.6, 0.1]], [2.0, 0.8, 0.4])
    assert row == {
        "claim": "c", "form": "printed", "setting": "s", "iteration": 10, "left": 0.6, "right": 0.8,
        "ratio": near(0.75),
        "runs": 2, "violations": 0, "unresolved": 0, "first_informative": 10, "kind": "printed", "total": False,
        "rate_factor": None,
    }  # fmt: skip


def test_violations_are_runs_and_need_more_than_rounding():
    """Above at two checkpoints counts once; equal up to 1e-9 does not count; a gap of 1e-12 exceeds nothing."""
    row = row_of([[2.0, 2.0, 0.5], [1.0 + 5e-10, 0.5, 0.5], [0.5, 0.5, 1.0 + 5e-9]], np.ones(3))
    assert (row["violations"], row["ratio"], row["iteration"]) == (2, 2.0, 1)
    row = row_of([[1e-12, 0.0, 1e-12]], np.zeros(3))
    assert (row["violations"], row["ratio"]) == (0, 0.0)
    row = row_of([[1e-12, 2e-12, 0.0]], np.zeros(3))
    assert (row["violations"], row["ratio"], row["iteration"]) == (1, math.inf, 10)


def test_unresolved_values_are_not_compared():
    """One run is unresolved throughout, one only where it would be worst, one has nothing left to resolve."""
    left = [[0.5, 0.5, 0.5], [0.5, 3.0, 0.5], [0.0, 0.0, 1e-13]]
    hidden = np.array([[True, True, True], [False, True, False], [True, True, True]])
    row = row_of(left, np.full(3, 0.25), hidden)
    assert (row["ratio"], row["left"], row["iteration"]) == (2.0, 0.5, 1)
    assert (row["runs"], row["violations"], row["unresolved"]) == (3, 1, 1)


def test_first_informative_is_for_good():
    """Of the mean bound over runs, and from where it stays below the trivial range."""
    t = (1.0, 2.0, 3.0, 4.0)
    left = np.zeros((2, 4))
    row = row_of(left, [[0.5, 3.0, 0.5, 0.5], [0.5, 3.0, 1.25, 0.5]], t=t)
    assert row["first_informative"] == 3
    assert row_of(left, np.full(4, 1.0), t=t)["first_informative"] is None
    assert row_of(left, np.full(4, 0.999), t=t)["first_informative"] == 1


def test_totals():
    hidden = np.array([[True] * 3, [False] * 3, [False] * 3])
    rows = [
        {**row_of([[2.0, 1.0, 1.0]] * 3, np.ones(3), hidden), "setting": "one"},
        {**row_of([[1.0, 5.0, 1.0]] * 2, np.ones(3), np.array([[True] * 3, [False] * 3])), "setting": "two"},
        {**row_of([[0.25, 0.0, 0.0]], np.ones(3)), "form": "g", "kind": "sharper"},
    ]
    first, second = total_rows(rows, "all")
    assert first == {
        "claim": "c", "form": "printed", "setting": "all", "iteration": 10, "left": 5.0, "right": 1.0, "ratio": 5.0,
        "runs": 5, "violations": 3, "unresolved": 2, "first_informative": None, "kind": "printed", "total": True,
        "rate_factor": None,
    }  # fmt: skip
    assert (second["form"], second["ratio"], second["runs"], second["violations"]) == ("g", 0.25, 1, 0)
    assert (second["kind"], second["total"]) == ("sharper", True)


# Random games -------------------------------------------------------------------------------------------


def random_games(gap, rise, *, start, discount=0.5, kind="team", error=1e-16, t=(1, 4), kappa=2.0, step=0.125):
    """A measurement: gaps and rises (games, C)."""
    gap = np.array(gap, dtype=float)
    full = {"discount": discount, "rise_error": error, "mismatch": kappa, "step_size": step}
    arrays = {name: np.broadcast_to(np.array(value, dtype=float), len(gap)) for name, value in full.items()}
    spec = {"base_kind": kind, "discounts": sorted(set(np.atleast_1d(discount).tolist()))}
    return spec, {
        "checkpoints": np.array(t), "mean_gap": gap, "rise": np.array(rise, dtype=float), "start": np.array(start),
        **arrays,
    }  # fmt: skip


@pytest.mark.recalculates("proposition-1")
def test_random_game_rows():
    """8 sqrt(rise / T) at T = 1 and 4: for the pure starts 0.8, 0.8 and 1.6, 0.8; times the root of each form."""
    gap = [[0.4, 0.2], [1.2, 0.2], [1.0, 1.0], [0.1, 0.1]]
    rise = [[0.01, 0.04], [0.01, 0.04], [0.04, 0.04], [0.01, 0.01]]
    rows = tables.random_game_rows([random_games(gap, rise, start=[0, 2, 2, 1])])
    assert len(rows) == 9
    assert [row["setting"] for row in rows[::3]] == [
        f"random games, team, discount=0.5, {name} start" for name in ("uniform", "random", "pure")
    ]
    assert {row["claim"] for row in rows} == {"proposition 1"}
    where = "random games, team, discount=0.5, pure start"
    for form, root in ROOTS.items():
        row = picked(rows, form=form, setting=where)
        assert (row["iteration"], row["left"], row["right"]) == (1, 1.2, near(0.8 * root))
        assert row["ratio"] == near(1.5 / root)
        assert (row["runs"], row["unresolved"]) == (2, 0)
        # the other pure game: 1 over 0.8 at T = 4
        assert row["violations"] == {PRINTED: 2, DOUBLE: 1, REPAIRED: 1}[form]
    row = picked(rows, form=PRINTED, setting="random games, team, discount=0.5, uniform start")
    assert (row["ratio"], row["runs"], row["first_informative"]) == (near(0.5), 1, 1)


def test_a_gap_between_the_repaired_forms():
    """0.05 % between them: 1.4145 times the printed bound is above 2 kappa, 1.4142 above neither, 1.415 above both."""
    where = "random games, team, discount=0.5, pure start"
    for root, broken in ((1.4142, [1, 0, 0]), (1.4145, [1, 1, 0]), (1.415, [1, 1, 1])):
        rows = tables.random_game_rows([random_games([[0.8 * root]], [[0.01]], start=[2], t=[1])])
        assert [picked(rows, form=form, setting=where)["violations"] for form in (PRINTED, DOUBLE, REPAIRED)] == broken


def test_kinds_of_start_without_games_have_no_rows():
    """Few games have not all kinds of start; a discount may have others than the next."""
    measured = random_games(
        [[0.4], [0.6], [0.2]], [[0.01]] * 3, start=[2, 0, 1], discount=[0.0, 0.5, 0.5], t=[1]
    )  # fmt: skip
    rows = tables.random_game_rows([measured])
    assert [(row["setting"], row["form"], row["runs"]) for row in rows] == [
        (f"random games, team, {place} start", form, 1)
        for place in ("discount=0, pure", "discount=0.5, uniform", "discount=0.5, random")
        for form in ROOTS
    ]
    table = tables.violation_table([measured])
    assert table[["discount", "start", "iteration", "games"]].to_numpy().tolist() == [
        [0.0, "pure", 1, 1], [0.5, "uniform", 1, 1], [0.5, "random", 1, 1]
    ]  # fmt: skip
    assert table["printed"].tolist() == near([1.0, 0.75, 0.25])


def test_each_game_has_its_own_constants():
    """kappa, step and discount of each game enter its bound: sqrt(kappa rise / (alpha T (1 - gamma)^2))."""
    measured = random_games(
        np.full((6, 2), 0.5), np.full((6, 2), 0.01), start=[0, 1, 2] * 2, discount=[0.0] * 3 + [0.75] * 3,
        kappa=[1, 2, 3, 4, 5, 6], step=[0.5, 0.25, 0.125, 0.0625, 1, 2],
    )  # fmt: skip
    rows = [row for row in tables.random_game_rows([measured]) if row["form"] == PRINTED]
    expected = [math.sqrt(k * 0.01 / (a * 4 * w)) for k, a, w in zip(
        [1, 2, 3, 4, 5, 6], [0.5, 0.25, 0.125, 0.0625, 1, 2], [1, 1, 1, 1 / 16, 1 / 16, 1 / 16], strict=True
    )]  # fmt: skip
    assert [row["right"] for row in rows] == [near(value) for value in expected]
    assert [row["iteration"] for row in rows] == [4] * 6
    assert [row["setting"].split(", ")[2] for row in rows] == ["discount=0"] * 3 + ["discount=0.75"] * 3


@pytest.mark.parametrize(("rise", "unresolved"), [(1e-16, 1), (1e-12, 1), (1.01e-12, 0), (-1e-13, 1), (0.0, 1)])
def test_a_rise_within_its_rounding_is_unresolved(rise, unresolved):
    """Up to ten thousand times the error, and whatever the gap: never a violation."""
    gap, start = np.full((3, 2), 0.9), [0, 1, 2]
    rows = tables.random_game_rows([random_games(gap, np.full((3, 2), rise), start=start, error=1e-16)])
    for row in rows:
        assert (row["unresolved"], row["violations"]) == (unresolved, 1 - unresolved)
        assert (row["ratio"] == 0.0) == bool(unresolved)


def test_a_gap_between_the_bounds_at_both_ends_of_the_rounding_is_unresolved():
    """Rise 0.01 with error 1e-7: the printed bound at T = 1 is 8 sqrt(0.01 +- 1e-7) = 0.8 (1 +- 5e-6)."""
    low, high = (8 * math.sqrt(0.01 + sign * 1e-7) for sign in (-1, 1))
    cases = {low * (1 - 1e-9): (0, 0), low * (1 + 1e-9): (1, 0), 0.8: (1, 0), high * (1 - 1e-9): (1, 0),
             high * (1 + 1e-9): (0, 1)}  # fmt: skip
    for gap, (unresolved, violations) in cases.items():
        measured = random_games([[gap]] * 3, [[0.01]] * 3, start=[0, 1, 2], error=1e-7, t=[1])
        row = picked(
            tables.random_game_rows([measured]), form=PRINTED, setting="random games, team, discount=0.5, pure start"
        )
        assert (row["unresolved"], row["violations"]) == (unresolved, violations), gap


def test_the_rounding_of_a_form_is_its_own():
    """A gap at the bound of a form violates those below it and is unresolved in that form only."""
    where = "random games, team, discount=0.5, random start"
    forms = [PRINTED, DOUBLE, REPAIRED]
    for at, form in enumerate(forms):
        measured = random_games([[0.8 * ROOTS[form]]] * 3, [[0.01]] * 3, start=[0, 1, 2], error=1e-7, t=[1])
        rows = tables.random_game_rows([measured])
        found = [picked(rows, form=other, setting=where) for other in forms]
        assert [(row["unresolved"], row["violations"]) for row in found] == (
            [(0, 1)] * at + [(1, 0)] + [(0, 0)] * (2 - at)
        )  # fmt: skip


def test_violation_table():
    """Two kinds together. Discount 0, kappa 2, step 1/8: the bound is 4 sqrt(rise / T)."""
    one = random_games(
        [[0.6, 0.4], [0.1, 0.0], [0.3, 0.9]], [[0.01, 0.04], [0.01, 0.04], [1e-13, 0.16]], start=[2, 0, 1], discount=0.0
    )
    two = random_games(
        [[0.2, 0.1], [0.2, 0.1], [0.3, 0.9]], [[0.01, 0.04], [0.01, 0.04], [0.04, 0.16]], start=[2, 0, 1], discount=0.0,
        kind="action_independent",
    )  # fmt: skip
    table = tables.violation_table([one, two])
    assert list(table.columns) == [
        "discount", "start", "iteration", "games", "resolved", "violated", "printed", "repaired"
    ]  # fmt: skip
    assert (set(table["discount"]), set(table["games"])) == ({0.0}, {2})
    rows = {(row.start, row.iteration): row for row in table.itertuples()}
    assert list(rows) == [(start, t) for start in ("uniform", "random", "pure") for t in (1, 4)]
    expected = {  # resolved, violated, largest gap over bound as printed
        ("uniform", 1): (2, 0, 0.5),
        ("uniform", 4): (1, 0, 0.25),  # a gap of 0 has nothing to resolve
        ("random", 1): (1, 0, 0.375),
        ("random", 4): (2, 2, 1.125),
        ("pure", 1): (2, 1, 1.5),
        ("pure", 4): (2, 0, 1.0),
    }
    for place, (resolved, violated, ratio) in expected.items():
        row = rows[place]
        assert (row.resolved, row.violated) == (resolved, violated), place
        assert row.printed == near(ratio)
        assert row.repaired == near(ratio / ROOTS[REPAIRED])


def test_violation_table_has_a_margin_for_the_rise():
    """A ratio counts from 1.0001."""
    for excess, violated in ((0.9e-4, 0), (1.1e-4, 1)):
        measured = random_games([[0.8 * (1 + excess)]] * 3, [[0.01]] * 3, start=[0, 1, 2], t=[1])
        assert tables.violation_table([measured])["violated"].tolist() == [violated] * 3


def test_violation_table_keeps_discounts_apart():
    measured = random_games(
        np.full((6, 1), 0.6), np.full((6, 1), 0.01), start=[0, 1, 2] * 2, discount=[0.0] * 3 + [0.5] * 3, t=[1]
    )
    table = tables.violation_table([measured])
    assert table["discount"].tolist() == [0.0] * 3 + [0.5] * 3
    assert table["printed"].tolist() == near([1.5] * 3 + [0.75] * 3)
    assert table["violated"].tolist() == [1] * 3 + [0] * 3


# Counterexamples ----------------------------------------------------------------------------------------


def instances(gap, rise, *, discounts, error=1e-16, t=(1, 4), kappa=2.0, step=0.125):
    """A measurement: gaps and rises (instances, C), the coupled instance last."""
    full = {"rise_error": error, "mismatch": kappa, "step_size": step}
    arrays = {name: np.broadcast_to(np.array(value, dtype=float), len(gap)) for name, value in full.items()}
    return {}, {
        "checkpoints": np.array(t), "discounts": np.array(discounts), "mean_gap": np.array(gap, dtype=float),
        "rise": np.array(rise, dtype=float), **arrays,
    }  # fmt: skip


def test_counterexample_rows():
    """Bounds sqrt(kappa rise / (alpha T)) / (1 - gamma): 0.8, 0.4 at discount 1/2; 0.8, 0.8 at 3/4; 0.2, 0.05 coupled.

    Each instance has its own kappa and step: 2 and 1/8, 2 and 1/2, 1 and 1/4.
    """
    rows = tables.counterexample_rows(
        instances(
            [[1.0, 0.5], [0.9, 1.16], [0.2828, 0.01]], [[0.01, 0.01], [0.01, 0.04], [0.01, 0.0025]],
            discounts=[0.5, 0.75, 0.0], kappa=[2.0, 2.0, 1.0], step=[0.125, 0.5, 0.25],
        )
    )  # fmt: skip
    places = ["two states, discount=0.5", "two states, discount=0.75", "coupled players, discount=0"]
    assert [(row["claim"], row["form"], row["setting"]) for row in rows] == [
        ("proposition 1", form, place) for place in places for form in ROOTS
    ]
    worst = [(1, 1.0, 0.8), (4, 1.16, 0.8), (1, 0.2828, 0.2)]
    for (t, left, right), place in zip(worst, places, strict=True):
        for form, root in ROOTS.items():
            row = picked(rows, form=form, setting=place)
            assert (row["iteration"], row["left"], row["right"]) == (t, left, near(right * root))
            assert row["ratio"] == near(left / right / root)
            assert (row["runs"], row["unresolved"]) == (1, 0)
            assert row["violations"] == int(left / right > root)
    assert [row["violations"] for row in rows] == [1, 0, 0, 1, 1, 1, 1, 0, 0]


def test_violation_table_of_the_counterexamples():
    """Rows at the end, one game each, at T of their own: bounds 4, 2 sqrt(rise) (1 - gamma)^-1, kappa and step own.

    Discount 1/2 is unresolved at first, has a gap of 0 then; the coupled instance, worst of all, is not there.
    """
    random = random_games([[0.6], [0.1], [0.3]], [[0.01]] * 3, start=[2, 0, 1], t=[7])
    gap = [[0.9, 0.0, 0.7], [0.9, 1.16, 0.4], [9.0, 9.0, 9.0]]
    rise = [[1e-12, 0.04, 0.0625], [0.01, 0.04, 0.16], [0.01, 0.01, 0.01]]
    more = instances(
        gap, rise, discounts=[0.75, 0.5, 0.0], t=(1, 4, 9), kappa=[2.0, 1.0, 1.0], step=[0.5, 0.25, 0.25]
    )  # fmt: skip
    alone, table = tables.violation_table([random]), tables.violation_table([random], more)
    pd.testing.assert_frame_equal(table.iloc[:3], alone)
    pd.testing.assert_frame_equal(tables.violation_table([random], None), alone)
    made = table.iloc[3:]
    assert made[["discount", "start", "iteration", "games"]].to_numpy().tolist() == [
        [g, "made", t, 1] for g in (0.75, 0.5) for t in (1, 4, 9)
    ]
    # bounds: 8 sqrt(rise / T), 4 sqrt(rise / T)
    assert made["resolved"].tolist() == [0, 0, 1, 1, 1, 1]
    assert made["violated"].tolist() == [0, 0, 1, 1, 1, 0]
    ratios = [0.0, 0.0, 0.7 / (2 / 3), 0.9 / 0.4, 1.16 / 0.4, 0.4 / (1.6 / 3)]
    assert made["printed"].tolist() == near(ratios)
    assert made["repaired"].tolist() == near([ratio / ROOTS[REPAIRED] for ratio in ratios])


def test_violation_table_of_the_coupled_instance_alone():
    random = random_games([[0.6]], [[0.01]], start=[2], t=[7])
    table = tables.violation_table([random], instances([[9.0]], [[0.01]], discounts=[0.5], t=[1]))
    assert table["start"].tolist() == ["pure"]


def test_violation_table_of_the_counterexamples_measured():
    """Violated as printed at T = 1 by sqrt(1 + gamma), and never in the repaired form."""
    spec = {"discounts": [0.25, 0.9], "iterations": 30, "n_checkpoints": 4}
    random = random_games([[0.6]], [[0.01]], start=[2], discount=0.9, t=[7])
    more = (spec, measured_potential.counterexamples(**spec))
    made = tables.violation_table([random], more).iloc[1:]
    grid = more[1]["checkpoints"].tolist()
    assert made[["discount", "start", "iteration"]].to_numpy().tolist() == [
        [g, "made", t] for g in (0.25, 0.9) for t in grid
    ]
    for g in (0.25, 0.9):
        row = made[(made["discount"] == g) & (made["iteration"] == 1)].iloc[0]
        assert (row["games"], row["resolved"], row["violated"]) == (1, 1, 1)
        assert row["printed"] == pytest.approx(math.sqrt(1 + g), abs=1e-3)
    assert (made["repaired"] <= 1).all()
    claims = tables.counterexample_rows(more)  # both tables have the same largest ratios
    for g in (0.25, 0.9):
        own = made[made["discount"] == g]
        for form, column in ((PRINTED, "printed"), (REPAIRED, "repaired")):
            assert own[column].max() == near(picked(claims, form=form, setting=f"two states, discount={g:g}")["ratio"])


def test_the_coupled_instance_is_the_last():
    """It has discount 0; a two-state game of discount 0 keeps its name."""
    rows = tables.counterexample_rows(instances([[0.1]] * 2, [[0.01]] * 2, discounts=[0.0, 0.0], t=[1]))
    assert [row["setting"] for row in rows[::3]] == ["two states, discount=0", "coupled players, discount=0"]
    (row, *_) = tables.counterexample_rows(instances([[0.1]], [[0.01]], discounts=[0.0], t=[1]))
    assert row["setting"] == "coupled players, discount=0"


def test_counterexamples_within_rounding_count_for_nothing():
    """A rise of ten thousand times its error at most, or a gap at the bound."""
    rows = tables.counterexample_rows(
        instances(
            [[0.9], [0.9], [0.4]], [[1e-12], [1.01e-12], [0.01]], discounts=[0.5, 0.5, 0.0], t=[1],
            error=[1e-16, 1e-16, 1e-7],
        )
    )  # fmt: skip
    assert [(row["unresolved"], row["violations"]) for row in rows] == (
        [(1, 0)] * 3 + [(0, 1)] * 3 + [(1, 0), (0, 0), (0, 0)]
    )


def test_rows_of_the_counterexamples_measured():
    """Violated as printed at every discount; with 2 kappa by the coupled players only; never in the repaired form."""
    spec = {"discounts": [0.25, 0.5, 0.75, 0.9, 0.95], "iterations": 30, "n_checkpoints": 4}
    rows = tables.counterexample_rows((spec, measured_potential.counterexamples(**spec)))
    assert len(rows) == 18
    assert {row["runs"] for row in rows} == {1}
    assert {row["unresolved"] for row in rows} == {0}
    for g in spec["discounts"]:
        for form, root in ROOTS.items():
            row = picked(rows, form=form, setting=f"two states, discount={g:g}")
            assert row["ratio"] == pytest.approx(math.sqrt(1 + g) / root, abs=1e-3)
            assert row["violations"] == (form == PRINTED)
    for form, broken in ((PRINTED, 1), (DOUBLE, 1), (REPAIRED, 0)):
        row = picked(rows, form=form, setting="coupled players, discount=0")
        assert (row["iteration"], row["violations"]) == (1, broken)
        assert row["ratio"] == pytest.approx(math.sqrt(2) * (1 + 3.1e-5) / ROOTS[form], rel=1e-7)


# Long runs ----------------------------------------------------------------------------------------------


def long_runs(t, gap, rise, *, kind="team", discounts=(0.5,), factors=(1.0,), last=None, kappa=2.0, step=0.125):
    """A measurement: gaps and rises (discounts, factors, seeds, C), or what broadcasts to that."""
    seeds = np.shape(gap)[-2]
    lead = (len(discounts), len(factors), seeds)
    curves = {"mean_gap": gap, "rise": rise, "ne_gap": gap if last is None else last}
    spec = {"base_kind": kind, "discounts": list(discounts), "step_factors": list(factors)}
    return spec, {
        "checkpoints": np.array(t), "seeds": np.arange(seeds),
        "mismatch": np.broadcast_to(np.array(kappa, dtype=float), lead[::2]),
        "step_size": np.broadcast_to(np.array(step, dtype=float), lead), "rise_error": np.full(len(discounts), 1e-16),
        **{name: np.broadcast_to(np.array(curve, dtype=float), (*lead, len(t))) for name, curve in curves.items()},
    }  # fmt: skip


def two_by_two():
    """Discounts 0 and 1/2, step factors 1 and 100; gaps 0.1 a step of any index, one seed twice the other."""
    gap = 0.1 * np.arange(1, 9).reshape(2, 2, 1, 2) * np.array([1.0, 2.0]).reshape(1, 1, 2, 1)
    return long_runs(
        [1, 4], gap, [0.01, 0.04], discounts=(0.0, 0.5), factors=(1.0, 100.0), kappa=[[2.0, 8.0], [8.0, 2.0]],
        step=np.array([[0.125, 12.5], [0.5, 50.0]])[..., np.newaxis], last=gap / 10,
    )  # fmt: skip


def test_long_run_rows():
    rows = tables.long_run_rows([two_by_two()])
    names = ["proposition 1"] * 3 + ["proposition 1, beyond its step size"] * 3
    assert [row["claim"] for row in rows] == names * 2
    assert [row["setting"] for row in rows[::3]] == [
        f"long runs, team, discount={g:g}, step {f} times the theory's" for g in (0, 0.5) for f in (1, 100)
    ]
    # bound at both checkpoints sqrt(0.01 kappa / alpha) / (1 - gamma); the second seed has twice the gap
    for start, gaps, steps, kappas, rest in (
        (0, (0.2, 0.4), 0.125, (2, 8), 1.0),
        (3, (0.4, 0.8), 12.5, (2, 8), 1.0),
        (6, (0.6, 1.2), 0.5, (8, 2), 0.5),
        (9, (0.8, 1.6), 50.0, (8, 2), 0.5),
    ):
        bounds = [0.1 * math.sqrt(kappa / steps) / rest for kappa in kappas]
        ratios = [gap / bound for gap, bound in zip(gaps, bounds, strict=True)]
        row = rows[start]
        assert row["ratio"] == near(max(ratios))
        assert row["violations"] == sum(ratio > 1 for ratio in ratios)
        assert (row["runs"], row["iteration"], row["unresolved"]) == (2, 4, 0)
        for form, root in ROOTS.items():
            assert picked(rows[start : start + 3], form=form)["ratio"] == near(max(ratios) / root)


def test_curve_table():
    table = tables.curve_table([two_by_two()])
    assert list(table.columns) == [
        "base_kind", "discount", "step_factor", "iteration", "mean_gap", "ne_gap", "low", "high", "printed", "repaired"
    ]  # fmt: skip
    assert table["discount"].tolist() == [0.0] * 4 + [0.5] * 4
    assert table["step_factor"].tolist() == [1.0, 1.0, 100.0, 100.0] * 2
    assert table["iteration"].tolist() == [1, 4] * 4
    low = 0.1 * np.arange(1, 9)
    np.testing.assert_allclose(table["low"], low)
    np.testing.assert_allclose(table["high"], 2 * low)
    np.testing.assert_allclose(table["mean_gap"], 1.5 * low)
    np.testing.assert_allclose(table["ne_gap"], 0.15 * low)
    roots = math.sqrt(2) + math.sqrt(8)  # of kappa, over the seeds
    means = [0.05 * roots / math.sqrt(a) / w for a, w in ((0.125, 1), (12.5, 1), (0.5, 0.5), (50, 0.5))]
    np.testing.assert_allclose(table["printed"], np.repeat(means, 2))
    np.testing.assert_allclose(table["repaired"], ROOTS[REPAIRED] * np.repeat(means, 2), rtol=1e-12)


GRID = np.unique(np.geomspace(1, 1e6, 121).round().astype(int))
WINDOWS = [[1e3, 1e4], [1e4, 1e5], [1e5, 1e6]]


@pytest.mark.parametrize("power", [-1.0, -0.5, -0.48])
@pytest.mark.recalculates("iterations-proposition-1")
def test_slopes_of_power_laws(power):
    """Constant rise: the bound falls like T^-1/2; a transient may add 0.03 to it."""
    gap = np.array([[0.1], [0.2], [0.7]]) * GRID**power
    table = tables.slope_table([long_runs(GRID, gap, 0.5)], WINDOWS, 0.03, 50, 1)
    assert table[["start", "end"]].to_numpy().tolist() == WINDOWS
    for column in ("slope", "low", "high"):
        np.testing.assert_allclose(table[column], power, rtol=1e-10)
    np.testing.assert_allclose(table["bound_slope"], -0.5, rtol=1e-10)
    assert table["verdict"].tolist() == ["", "", "consistent"]
    assert (set(table["n_seeds"]), set(table["margin"])) == ({3}, {0.03})
    assert (set(table["base_kind"]), set(table["discount"]), set(table["step_factor"])) == ({"team"}, {0.5}, {1.0})


def bent(*powers):
    """Another power of T on each window."""
    local = np.select([GRID <= 1e4, GRID <= 1e5], powers[:2], powers[2])
    return np.exp(np.concatenate([[0.0], np.cumsum(local[1:] * np.diff(np.log(GRID)))]))


@pytest.mark.parametrize(
    ("powers", "verdict"),
    [
        ((-0.45, -0.42, -0.41), "violated"),
        ((-0.4, -0.4, -0.4), "violated"),
        ((-0.3, -0.35, -0.4), "inconclusive"),
        ((-0.4, -0.4, -0.4 - 1e-6), "inconclusive"),
    ],
)
def test_verdicts_above_the_margin(powers, verdict):
    """0.09 above the bound: refuted if the excess grows or stays, not while it shrinks."""
    gap = np.array([[0.1], [0.2]]) * bent(*powers)
    table = tables.slope_table([long_runs(GRID, gap, 0.5)], WINDOWS, 0.03, 50, 1)
    np.testing.assert_allclose(table["slope"], powers, rtol=1e-9)
    assert table["verdict"].tolist() == ["", "", verdict]


@pytest.mark.parametrize("scale", [1.0, 1 / 3, 0.77, 1e-3, 3e-7])
def test_the_power_law_of_two_fifths_is_refuted(scale):
    """T^-0.4 exactly, beside T^-1/2: the excess is 0.1 on every window, however it is rounded."""
    gap = scale * np.array([[0.1], [0.2], [0.7]]) * GRID**-0.4
    table = tables.slope_table([long_runs(GRID, gap, 0.5)], WINDOWS, 0.03, 50, 1)
    assert table["verdict"].tolist() == ["", "", "violated"]


def test_slopes_beside_a_rising_potential():
    """While the potential rises like T^0.4 the bound falls like T^-0.3 only: sqrt of T^0.4 / T."""
    measured = long_runs(GRID, np.array([GRID**-0.35]), 1e-6 * GRID**0.4)
    table = tables.slope_table([measured], WINDOWS, 0.03, 20, 1)
    np.testing.assert_allclose(table["bound_slope"], -0.3, rtol=1e-10)
    assert table["verdict"].tolist() == ["", "", "violated"]  # beside the -1/2 that is claimed


def test_slopes_have_a_block_for_each_setting_and_a_margin():
    gap = np.stack([GRID**-0.45, bent(-0.45, -0.45, -0.4)])[np.newaxis, :, np.newaxis]
    measured = [long_runs(GRID, gap, 0.5, factors=(1.0, 100.0), kind=kind) for kind in ("team", "action_independent")]
    table = tables.slope_table(measured, WINDOWS[1:], 0.06, 20, 1)
    assert table["base_kind"].tolist() == ["team"] * 4 + ["action_independent"] * 4
    assert table["step_factor"].tolist() == [1.0, 1.0, 100.0, 100.0] * 2
    np.testing.assert_allclose(table["slope"], [-0.45, -0.45, -0.45, -0.4] * 2, rtol=1e-9)
    assert table["verdict"].tolist() == ["", "consistent", "", "violated"] * 2
    assert tables.slope_table(measured, WINDOWS[2:], 0.06, 20, 1)["verdict"].tolist() == [""] * 4


def test_slope_interval_is_over_seeds():
    """One seed falls like 1 / T, one like T^-1/4: resamples have either alone."""
    gap = np.stack([GRID**-1.0, 1e-3 * GRID**-0.25])
    row = tables.slope_table([long_runs(GRID, gap, 0.5)], WINDOWS, 0.03, 200, 1).iloc[-1]
    assert (row["low"], row["high"]) == (pytest.approx(-1.0), pytest.approx(-0.25))
    assert row["verdict"] == "inconclusive"


# Far steps ----------------------------------------------------------------------------------------------


def test_far_step_table():
    """Outcomes counted for each cell and factor; sorted by kind, discount, players and factor."""
    assert measured_potential.OUTCOMES == ("converged", "rising", "cycle", "irregular")
    outcome = np.array([[[0, 0, 2, 2, 2], [1, 1, 0, 3, 2]], [[0] * 5, [3] * 5]])
    period = np.where(outcome == 2, [0, 0, 2, 6, 4], 0)
    gap = np.arange(20.0).reshape(2, 2, 5)
    arrays = {
        "seeds": np.arange(5), "step_factors": np.array([1e3, 10.0]), "discount": np.array([0.5, 0.0]),
        "n_players": np.array([3, 2]), "outcome": outcome, "period": period, "ne_gap": gap, "mean_gap": gap + 100,
        "step_size": np.array([1.0, 2.0, 3.0, 10.0, 100.0]) * np.array([1, 2, 3, 4]).reshape(2, 2, 1),
    }  # fmt: skip
    table = tables.far_step_table([({"base_kind": "team", "iterations": 77}, arrays)])
    assert list(table.columns) == [
        "base_kind", "discount", "n_players", "step_factor", "step_size", "iterations", "runs", "converged", "rising",
        "cycle", "irregular", "longest_period", "ne_gap",
    ]  # fmt: skip
    assert table.drop(columns="base_kind").to_numpy().tolist() == [
        [0.0, 2, 10.0, 12.0, 77, 5, 0, 0, 0, 5, 0, 17.0],
        [0.0, 2, 1e3, 9.0, 77, 5, 5, 0, 0, 0, 0, 12.0],
        [0.5, 3, 10.0, 6.0, 77, 5, 1, 2, 1, 1, 4, 7.0],
        [0.5, 3, 1e3, 3.0, 77, 5, 2, 0, 3, 0, 6, 2.0],
    ]
    both = tables.far_step_table([({"base_kind": kind, "iterations": 77}, arrays) for kind in ("team", "a")])
    assert both["base_kind"].tolist() == ["a"] * 4 + ["team"] * 4


# Sequences ----------------------------------------------------------------------------------------------


def setting(**changes):
    return {
        "family": "potential", "base_kind": "team", "options": {"n_states": 2, "n_actions": [2, 2, 2]}, "discount": 0.5,
        "games": 4, "perturbation": 0.1, "iterations": 100, "theory_step": True, "step_size": 1.0, "seeds": 2,
        **changes,
    }  # fmt: skip


CONGESTION = setting(family="congestion", base_kind="distancing", options={"n_players": 5}, theory_step=False, seeds=1)
SETTINGS = [setting(), setting(theory_step=False, discount=0.75, games=9), setting(step_size=2.0), CONGESTION]


def sequences(arm, gap, settings=SETTINGS, **changes):
    """A measurement: mean gaps of games 2 to K, (settings, seeds).

    The mean over all games is 1/2 more; last gaps are a tenth, squared. Phi_max = 3 and 1, Delta_Phi = 1 and 0,
    kappa = 2, step 1/8.
    """
    gap = np.array(gap, dtype=float)
    both = np.ones_like(gap)
    arrays = {
        "seeds": np.arange(2), "mean_gap": gap + 0.5, "later_mean_gap": gap, "later_gap": gap**2 / 10,
        "dissimilarity": both * [1.0, 0.0], "exact": both * [1.0, 0.0], "largest_potential": both * [3.0, 1.0],
        "mismatch": both * 2.0, "step_size": both * [0.125, 0.5], "deviation": 0.25 * np.arange(len(gap)), **changes,
    }  # fmt: skip
    for i, one in enumerate(settings):  # not measured where there are fewer seeds, or no potential
        for name in set(arrays) - {"seeds", "deviation"}:
            arrays[name][i, one["seeds"] :] = np.nan
        if one["family"] == "congestion":
            for name in ("dissimilarity", "exact", "largest_potential"):
                arrays[name][i] = np.nan
    return {"arm": arm, "settings": settings}, arrays


ALONE = [[0.4, 0.8], [0.2, 0.6], [0.2, 0.2], [0.5, 9.0]]


def test_sequence_table():
    half = sequences("carry_over", 0.5 * np.array(ALONE))
    table = tables.sequence_table([half, sequences("individual", ALONE)], 50, 3)
    assert table["arm"].tolist() == ["carry_over"] * 4 + ["individual"] * 4
    assert table["family"].tolist() == ["potential"] * 3 + ["congestion"] + ["potential"] * 3 + ["congestion"]
    assert table["n_players"].tolist() == [3, 3, 3, 5] * 2
    assert table["discount"].tolist() == [0.5, 0.75, 0.5, 0.5] * 2
    assert table["games"].tolist() == [4, 9, 4, 4] * 2
    assert table["n_seeds"].tolist() == [2, 2, 2, 1] * 2
    assert table["deviation"].tolist() == [0.0, 0.25, 0.5, 0.75] * 2
    # half the gap on every seed is half of it in every resample; last gaps are squares
    for name, value in (("ratio", 0.5), ("last_ratio", 0.25)):
        ratios = table[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        np.testing.assert_allclose(ratios, np.repeat([[value] * 3, [1.0] * 3], 4, axis=0), rtol=1e-12)
    np.testing.assert_allclose(table["later_mean_gap"], [0.3, 0.2, 0.1, 0.25, 0.6, 0.4, 0.2, 0.5])
    np.testing.assert_allclose(table["mean_gap"], table["later_mean_gap"] + 0.5)
    np.testing.assert_allclose(table["later_gap"], [0.01, 0.005, 0.001, 0.00625, 0.04, 0.02, 0.004, 0.025])
    np.testing.assert_allclose(table["step_size"], [0.3125, 0.3125, 0.3125, 0.125] * 2)
    np.testing.assert_allclose(table["dissimilarity"], [0.5, 0.5, 0.5, np.nan] * 2)
    np.testing.assert_allclose(table["exact"], [0.5, 0.5, 0.5, np.nan] * 2)
    # sqrt((1920/959) kappa (Phi_max + Delta) / (K alpha T (1 - gamma)^2)), where the theorem applies
    seeds = [ROOTS[REPAIRED] * math.sqrt(2 * 4 / (4 * 0.125 * 100 / 4)),
             ROOTS[REPAIRED] * math.sqrt(2 * 1 / (4 * 0.5 * 100 / 4))]  # fmt: skip
    np.testing.assert_allclose(table["bound"].astype(float), [sum(seeds) / 2, np.nan, np.nan, np.nan] * 2, rtol=1e-12)


@pytest.mark.recalculates("sharper-potential", "carry-over-start")
def test_ratios_are_paired_with_individual_learning_in_the_same_settings():
    """Ratio of means, 0.9 / 1.5, between the seeds' own ratios, 0.2 and 0.8; other settings have their own."""
    one, other = [setting()], [setting(perturbation=0.2)]
    table = tables.sequence_table(
        [
            sequences("individual", [[9.0, 9.0]], other),
            sequences("carry_over", [[0.1, 0.8]], one),
            sequences("individual", [[0.5, 1.0]], one),
        ],
        2000,
        3,
    )
    row = table[table["arm"] == "carry_over"].iloc[0]
    assert row["ratio"] == near(0.6)
    assert (row["ratio_low"], row["ratio_high"]) == (near(0.2), near(0.8))
    assert row["last_ratio"] == near((0.01 + 0.64) / 1.25)
    assert (row["last_ratio_low"], row["last_ratio_high"]) == (near(0.04), near(0.64))
    assert table.loc[table["arm"] == "individual", "ratio"].tolist() == [1.0, 1.0]
    assert table["perturbation"].tolist() == [0.2, 0.1, 0.1]


def test_sequence_rows():
    """Carry-over at the step of the theory, in potential games; sqrt(kappa 4 / (4 T / 8 / 4)) = 0.8 on seed 1."""
    found = tables.sequence_rows([sequences("individual", ALONE), sequences("carry_over", ALONE)])
    where = "sequences, team, discount=0.5, N=3, K=4, perturbation=0.1"
    assert [(row["claim"], row["form"], row["setting"]) for row in found] == [
        ("theorem 3", form, where) for form in ROOTS
    ]
    bounds = [0.8, 0.2]  # kappa (Phi_max + Delta) / (K alpha T (1 - gamma)^2) = 8 / 12.5 and 2 / 50
    for row, root in zip(found, ROOTS.values(), strict=True):
        assert (row["runs"], row["iteration"], row["unresolved"]) == (2, 100, 0)
        # gaps 0.9 and 1.3
        assert (row["left"], row["right"]) == (1.3, near(bounds[1] * root))
        assert row["ratio"] == near(6.5 / root)
        assert row["violations"] == 1 + (0.8 * root < 0.9)
        assert row["first_informative"] == 100


def random_sequences(**changes):
    """Four sequences of two games, discount 1/2, kappa 2, step 1/8; T = 1 and 4."""
    arrays = {
        "discount": np.full(4, 0.5), "iterations": np.array([1, 4, 4, 4]), "exact": np.array([True, True, False, True]),
        "mean_gap": np.array([2.0, 8.0, 3.0, 1.0]), "dissimilarity": np.array([0.5, 0.0, -0.5, 0.5]),
        "largest_potential": np.array([1.5, 2.0, 2.5, 1.5]), "mismatch": np.full(4, 2.0),
        "step_size": np.full(4, 0.125), "rise_error": np.full(4, 1e-16),
        "game_mean_gap": np.array([[1.0, 3.0], [0.1, 0.3], [0.2, 0.2], [0.1, 0.1]]),
        "game_rise": np.array([[0.25, 0.25], [0.01, 0.01], [0.01, 0.01], [1e-13, 0.04]]),
        "game_mismatch": np.array([[2.0, 0.5], [2.0, 0.5], [2.0, 2.0], [2.0, 2.0]]), **changes,
    }  # fmt: skip
    return {"base_kind": "team", "discounts": [0.5], "n_games": 2}, arrays


@pytest.mark.recalculates("theorem-3")
def test_random_sequence_rows():
    """Theorem 3: sqrt(2 (2 / 2) / (T / 8 / 4)) = 8 / sqrt T; exact and bounded Delta_Phi apart."""
    rows = tables.random_sequence_rows([random_sequences()])
    where = "random sequences, team, discount=0.5, "
    third = [row for row in rows if row["claim"] == "theorem 3"]
    assert [(row["form"], row["setting"], row["iteration"]) for row in third] == [
        (form, where + f"Delta_Phi {kind}", t)
        for t in (1, 4)
        for form in ROOTS
        for kind in (("exact",) if t == 1 else ("exact", "bounded"))
    ]
    for form, root in ROOTS.items():
        row = picked(third, form=form, iteration=1)
        assert (row["left"], row["right"], row["runs"], row["violations"]) == (2.0, near(8 * root), 1, 0)
        row = picked(third, form=form, setting=where + "Delta_Phi exact", iteration=4)
        assert (row["left"], row["right"], row["runs"]) == (8.0, near(4 * root), 2)
        assert row["violations"] == (1 if root < 2 else 0)
        row = picked(third, form=form, setting=where + "Delta_Phi bounded", iteration=4)
        assert (row["left"], row["right"], row["runs"]) == (3.0, near(4 * root), 1)


def test_proposition_1_on_the_games_of_random_sequences():
    """Each game with its own kappa, at the step of its sequence: 8 sqrt(rise / T), half of that for kappa 1/2."""
    rows = [row for row in tables.random_sequence_rows([random_sequences()]) if row["claim"] == "proposition 1"]
    where = "random sequences, team, discount=0.5, carry-over"
    assert [(row["form"], row["setting"], row["iteration"]) for row in rows] == [
        (form, where, t) for t in (1, 4) for form in ROOTS
    ]
    for form, root in ROOTS.items():
        row = picked(rows, form=form, iteration=1)
        # at T = 1: 1 over 4, 3 over 2
        assert (row["runs"], row["left"], row["right"], row["violations"]) == (
            2, 3.0, near(2 * root), int(2 * root < 3)
        )  # fmt: skip
        row = picked(rows, form=form, iteration=4)
        # 0.1 / 0.4, 0.3 / 0.2, 0.2 / 0.4 twice, unresolved, 0.1 / 0.8
        assert (row["runs"], row["left"], row["right"]) == (6, 0.3, near(0.2 * root))
        assert (row["violations"], row["unresolved"]) == (int(0.2 * root < 0.3), 1)


def test_games_of_random_sequences_have_the_step_of_their_sequence():
    """Steps 1/8 and 1/2 at T = 4 and rise 0.01: bounds 0.4, 0.4, 0.2, 0.2, so 0.3 and 0.1 break one in two."""
    changed = {name: values[1:3] for name, values in random_sequences()[1].items()} | {
        "step_size": np.array([0.125, 0.5]), "game_mean_gap": np.array([[0.1, 0.3], [0.1, 0.3]]),
        "game_rise": np.full((2, 2), 0.01), "game_mismatch": np.full((2, 2), 2.0),
    }  # fmt: skip
    rows = tables.random_sequence_rows([({"base_kind": "team", "discounts": [0.5], "n_games": 2}, changed)])
    row = picked(rows, claim="proposition 1", form=PRINTED)
    assert (row["right"], row["ratio"], row["violations"]) == (near(0.2), near(1.5), 1)


def test_random_sequences_keep_discounts_apart():
    rows = tables.random_sequence_rows(
        [
            (
                {"base_kind": "team", "discounts": [0.0, 0.5], "n_games": 2},
                random_sequences(discount=np.array([0.5, 0.0, 0.5, 0.5]), iterations=np.full(4, 4))[1],
            )
        ]
    )
    for discount, runs in ((0.0, 1), (0.5, 2)):
        where = f"random sequences, team, discount={discount:g}, Delta_Phi exact"
        row = picked(rows, form=PRINTED, setting=where)
        # sqrt(2 (2 / 2) / (4 / 8)) = 2 at discount 0, twice that at 1/2
        assert (row["runs"], row["right"]) == (runs, near(4.0 if discount else 2.0))


# Constants and Theorem 4 --------------------------------------------------------------------------------


@pytest.mark.recalculates("smoothness")
def test_constant_rows():
    """A ratio is held against 1; sqrt N is named where it is in the constants."""
    arrays = {
        "discount": np.array([0.0, 0.0, 0.5]), "n_players": np.array([1, 2, 2]), "gradient": np.array([0.5, 1.0, 0.25]),
        "hessian": np.array([0.125, 0.25, 1.5]), "third": np.array([0.1, 0.3, 0.2]),
    }  # fmt: skip
    rows = gradient_tables.constant_rows([({"base_kind": "team", "discounts": [0.0, 0.5]}, arrays)])
    names = ["gradient at most G", "Hessian at most L", "change of the Hessian at most R"]
    assert [row["claim"] for row in rows] == names * 2
    assert [row["setting"] for row in rows] == [
        f"random points, common reward, discount={g:g}" for g in (0, 0.5) for _ in names
    ]
    assert [row["ratio"] for row in rows] == [1.0, 0.25, 0.3, 0.25, 1.5, 0.2]
    assert [row["violations"] for row in rows] == [0, 0, 0, 0, 1, 0]
    assert [row["runs"] for row in rows] == [2, 2, 2, 1, 1, 1]
    assert {row["right"] for row in rows} == {1.0}
    assert {(row["form"], row["first_informative"]) for row in rows} == {("derived", None)}
    rows = gradient_tables.constant_rows([({"base_kind": "separable", "discounts": [0.5]}, arrays)])
    assert rows[0]["setting"] == "random points, sqrt N, separable, discount=0.5"


@pytest.mark.recalculates("theorem-4")
def test_random_game_rows_of_theorem_4():
    """sqrt(4 N L_F / ((1 - gamma) K)), with L_F = 8, gamma = 1/2: 8 sqrt(N / K)."""
    arrays = {
        "checkpoints": np.array([1, 4]), "discount": np.full(4, 0.5), "n_players": np.array([1, 4, 1, 4]),
        "inner_steps": np.array([0, 0, 3, 3]), "n_states": np.ones(4), "smoothness": np.array([8.0, 8.0, 2.0, 2.0]),
        "gradient_norm": np.array([[2.0, 1.0], [20.0, 4.0], [1.0, 3.0], [4.0, 4.0]]),
    }  # fmt: skip
    rows = gradient_tables.random_game_rows([({"base_kind": "separable", "discounts": [0.5]}, arrays)])
    assert {row["claim"] for row in rows} == {"theorem 4"}
    assert [row["form"] for row in rows] == ["printed", "sharper: ascent lemma"] * 4
    assert [row["setting"] for row in rows[::2]] == [
        f"random games, separable, discount=0.5, N={n}, T={t}" for t in (0, 3) for n in (1, 4)
    ]
    expected = [(2.0, 8.0, 1), (20.0, 16.0, 1), (3.0, 2.0, 4), (4.0, 4.0, 4)]
    for (left, right, iteration), printed, sharper in zip(expected, rows[::2], rows[1::2], strict=True):
        assert (printed["left"], printed["right"], printed["iteration"]) == (left, near(right), iteration)
        assert sharper["ratio"] == near(math.sqrt(2) * left / right)
        assert printed["violations"] == int(left > right)
        assert sharper["violations"] == int(left * math.sqrt(2) > right)


def theorem_4_informative(kind, players, steps, right):
    """The bound at K = 1 is ``right``: is it below the trivial range?"""
    smoothness = right**2 * 0.5 / (4 * players)
    arrays = {
        "checkpoints": np.array([1]), "discount": np.array([0.5]), "n_players": np.array([players]),
        "inner_steps": np.array([steps]), "smoothness": np.array([smoothness]), "gradient_norm": np.array([[0.1]]),
    }  # fmt: skip
    return gradient_tables.random_game_rows([({"base_kind": kind, "discounts": [0.5]}, arrays)])[0]["first_informative"]


@pytest.mark.parametrize(("kind", "scale"), [("team", 1.0), ("separable", math.sqrt(3.0))])
def test_theorem_4_is_informative_below_the_largest_gradient(kind, scale):
    """G doubled by every inner step of 1 / L, G = sqrt(1.5) / (2 sqrt 2 / 2^1.5) at discount 1/2."""
    largest = scale * math.sqrt(1.5) / (2 * math.sqrt(2) * 0.5**1.5) * 2**2
    assert theorem_4_informative(kind, 3, 2, largest * 0.999) == 1
    assert theorem_4_informative(kind, 3, 2, largest * 1.001) is None


TRAINING = {
    "base_kind": "action_independent",
    "discount": 0.5,
    "n_actions": [2, 2],
    "inner_step": 3.0,
    "inner_steps": 2,
}
ARMS = ("maml", "maml_theory", "maml_sampled", "first_order")


def training(spec=TRAINING, **changes):
    """Two seeds; curves of arm n are n + 1 on the first seed, and n + 3 on the second, over T; L_F = 9."""
    t = np.array([1, 4])
    arrays = {"checkpoints": t, "seeds": np.arange(2), "smoothness": np.array(9.0), "steps": np.array([0, 5, 20])}
    for n, arm in enumerate(ARMS):
        curve = np.array([[n + 1.0], [n + 3.0]]) / t
        arrays |= {f"objective_{arm}": 10 + curve, f"gradient_norm_{arm}": 2 * curve, f"smallest_{arm}": curve}
    return spec, arrays | changes


def test_training_rows():
    """sqrt(4 * 2 * 9 / (K / 2)) = 12 / sqrt K, held against the theory's arm."""
    smallest = np.array([[2.0, 1.0], [3.0, 7.0]])
    rows = gradient_tables.training_rows([training(smallest_maml_theory=smallest)])
    where = "meta-training, action_independent, discount=0.5, N=2, T=2, inner step 3 / L"
    assert [(row["claim"], row["form"], row["setting"]) for row in rows] == [
        ("theorem 4", "printed", where), ("theorem 4", "sharper: ascent lemma", where)
    ]  # fmt: skip
    assert [(row["left"], row["iteration"], row["runs"], row["violations"]) for row in rows] == [
        (7.0, 4, 2, 1), (7.0, 4, 2, 1)
    ]  # fmt: skip
    assert [row["right"] for row in rows] == [near(6.0), near(6.0 / math.sqrt(2))]
    # trivial: sqrt 2 G (1 + 3)^2, G = 1.2247 at discount 1/2
    limit = math.sqrt(2) * math.sqrt(1.5) / (2 * math.sqrt(2) * 0.5**1.5) * 16
    for factor, first in ((0.999, 1), (1.001, 4)):
        right = np.array((limit * factor) ** 2 * 0.5 / 8)
        rows = gradient_tables.training_rows([training(smoothness=right, smallest_maml_theory=smallest)])
        assert rows[0]["first_informative"] == first


def test_training_table():
    table = gradient_tables.training_table([training(), training({**TRAINING, "inner_steps": 7})])
    assert list(table.columns) == [
        "base_kind", "discount", "inner_step", "inner_steps", "arm", "iteration", "objective", "gradient_norm",
        "smallest", "bound",
    ]  # fmt: skip
    assert table["inner_steps"].tolist() == [2] * 8 + [7] * 8
    assert table["arm"].tolist() == [arm for arm in ARMS for _ in (1, 4)] * 2
    assert table["iteration"].tolist() == [1, 4] * 8
    means = np.array([(n + 2) / t for n in range(4) for t in (1, 4)] * 2)
    np.testing.assert_allclose(table["smallest"], means)
    np.testing.assert_allclose(table["objective"], 10 + means)
    np.testing.assert_allclose(table["gradient_norm"], 2 * means)
    np.testing.assert_allclose(table["bound"].astype(float), ([np.nan] * 2 + [12.0, 6.0] + [np.nan] * 4) * 2)


# Adaptation ---------------------------------------------------------------------------------------------

NAMES = measured_gradient.INITIALISATIONS


def adaptation(resamples=2000):
    """Two seeds, two held-out games, three checkpoints: from scratch 0.5 and 1 on average; MAML a fifth, four fifths.

    All others are at n times scratch; at the last checkpoint gaps are 0 but for the joint ascent.
    """
    games = np.array([[0.4, 0.6], [0.8, 1.2]])  # (seeds, held out)
    factor = np.arange(7.0)[:, np.newaxis, np.newaxis] * np.ones((7, 2, 2))
    factor[NAMES.index("scratch")] = 1.0
    factor[NAMES.index("maml")] = np.array([[0.2], [0.8]])
    gap = (factor * games)[..., np.newaxis] * np.array([2.0, 1.0, 0.0])
    gap[NAMES.index("joint"), ..., 2] = 0.125
    potential = np.arange(84.0).reshape(7, 2, 2, 3)
    return gradient_tables.adaptation_table(
        [training(adapted_gap=gap, adapted_potential=potential)], resamples, 5
    ), potential


@pytest.mark.recalculates("maml-adapts")
def test_adaptation_table():
    table, potential = adaptation()
    assert list(table.columns) == [
        "base_kind", "discount", "inner_step", "inner_steps", "initialisation", "step", "ne_gap", "low", "high",
        "ratio", "ratio_low", "ratio_high", "potential", "n_seeds",
    ]  # fmt: skip
    assert table["initialisation"].tolist() == [name for name in NAMES for _ in range(3)]
    assert table["step"].tolist() == [0, 5, 20] * 7
    assert set(table["n_seeds"]) == {2}
    np.testing.assert_allclose(table["potential"], potential.mean(axis=(1, 2)).ravel())
    rows = {(row.initialisation, row.step): row for row in table.itertuples()}
    row = rows["scratch", 5]
    assert (row.ne_gap, row.low, row.high) == (near(0.75), near(0.5), near(1.0))
    assert (row.ratio, row.ratio_low, row.ratio_high) == (1.0, 1.0, 1.0)
    # 0.1 and 0.8 over 0.5 and 1: the seeds' own ratios are 0.2 and 0.8, that of the means 0.9 / 1.5
    for step, scale in ((0, 2.0), (5, 1.0)):
        row = rows["maml", step]
        assert (row.ne_gap, row.low, row.high) == (near(0.45 * scale), near(0.1 * scale), near(0.8 * scale))
        assert (row.ratio, row.ratio_low, row.ratio_high) == (near(0.6), near(0.2), near(0.8))
    for n, name in enumerate(NAMES):
        if name not in {"scratch", "maml"}:
            assert [rows[name, 0].ratio, rows[name, 0].ratio_low] == near([n, n])
    assert (rows["maml", 20].ne_gap, rows["maml", 20].ratio) == (0.0, 1.0)  # both are there
    assert (rows["joint", 20].ratio, rows["joint", 20].ratio_high) == (math.inf, math.inf)


# The inner loop -----------------------------------------------------------------------------------------


def inner_loop(gap, least, *, kind="team", discounts=(0.5,), probabilities=(0.5, 0.25), t=(1, 10, 100)):
    """A measurement: gaps (discounts, probabilities, seeds, C), c (discounts, probabilities, seeds)."""
    spec = {"base_kind": kind, "discounts": list(discounts), "probabilities": list(probabilities)}
    seeds = np.arange(5, 5 + np.shape(gap)[2])
    return spec, {"checkpoints": np.array(t), "ne_gap": np.array(gap), "least_best": np.array(least), "seeds": seeds}


def test_inner_loop_table():
    """Level 0.05 / (1 - 1/2) = 0.1: reached at once, in log-log between checkpoints, at one, and never."""
    gap = [[[[0.1, 0.01, 0.001], [1.0, 0.01, 0.001]], [[0.5, 0.1, 0.1], [1.0, 0.4, 0.11]]]]
    table = gradient_tables.inner_loop_table([inner_loop(gap, [[[0.5, 0.4], [0.2, 0.1]]])], 0.05)
    assert list(table.columns) == ["base_kind", "discount", "probability", "seed", "least_best", "iterations"]
    # 1 to 0.01 in one decade: half of it
    assert table.drop(columns="base_kind").to_numpy().tolist() == [
        [0.5, 0.5, 6, 0.4, near(math.sqrt(10))],
        [0.5, 0.25, 5, 0.2, near(10)],
        [0.5, 0.25, 6, 0.1, math.inf],
    ]


def test_the_level_grows_with_the_discount():
    """0.05 at discount 0, 0.2 at 3/4."""
    curve = [1.0, 0.2, 0.05]
    measured = inner_loop([[[curve]], [[curve]]], [[[0.3]], [[0.3]]], discounts=(0.0, 0.75), probabilities=(0.5,))
    measured[1]["least_best"][1] = 0.2
    table = gradient_tables.inner_loop_table([measured], 0.05)
    assert table["discount"].tolist() == [0.0, 0.75]
    assert table["iterations"].tolist() == near([100.0, 10.0])
    assert table["least_best"].tolist() == [0.3, 0.2]


@pytest.mark.parametrize("power", [-1.0, -2.0, 0.5])
def test_inner_loop_slopes_of_a_power_law(power):
    """Exact on every resample of more than one point; runs that did not get there are counted and left out."""
    c = np.geomspace(0.4, 0.001, 12)
    table = pd.DataFrame({"base_kind": "team", "discount": 0.5, "least_best": c, "iterations": 7 * c**power})
    late = table.iloc[:3].assign(iterations=math.inf)
    other = table.assign(base_kind="action_independent", iterations=c**-3.0)
    slopes = gradient_tables.inner_loop_slopes(pd.concat([table, late, other]), 100, 2)
    assert list(slopes.columns) == ["base_kind", "discount", "slope", "low", "high", "runs", "not_reached"]
    assert slopes["base_kind"].tolist() == ["action_independent", "team"]
    for column in ("slope", "low", "high"):
        np.testing.assert_allclose(slopes[column], [-3.0, power], rtol=1e-9)
    assert slopes["runs"].tolist() == [12, 12]
    assert slopes["not_reached"].tolist() == [0, 3]


def test_inner_loop_slope_interval():
    """Noise of either sign: an interval around the slope, and the point estimate by the normal equations."""
    rng = np.random.default_rng(3)
    c = np.geomspace(0.4, 0.001, 40)
    iterations = c**-1.0 * np.exp(rng.normal(0, 0.5, 40))
    table = pd.DataFrame({"base_kind": "team", "discount": 0.5, "least_best": c, "iterations": iterations})
    row = gradient_tables.inner_loop_slopes(table, 500, 2).iloc[0]
    assert row["slope"] == pytest.approx(np.polyfit(np.log(c), np.log(iterations), 1)[0], rel=1e-9)
    spread = 0.5 / np.sqrt((np.log(c) - np.log(c).mean()) ** 2 @ np.ones(40))
    assert row["low"] < row["slope"] < row["high"]
    assert 2 * spread < row["high"] - row["low"] < 8 * spread


# From measurements --------------------------------------------------------------------------------------


def test_tables_of_real_measurements():
    """What ``measure`` returns fits, and claims come out as they must."""
    kinds = ("team", "action_independent")
    sizes = {"discounts": [0.0, 0.5], "states": [1, 2], "actions": [[2], [2, 2]]}
    random = {**sizes, "games_per_size": 6, "iterations": 50, "n_checkpoints": 4, "step_factors": [1.0, 0.1]}
    measured = [({**random, "base_kind": k}, measured_potential.random_games(k, 1, **random)) for k in kinds]
    totals = total_rows(tables.random_game_rows(measured), "all")
    assert [(row["form"], row["runs"]) for row in totals] == [(form, 96) for form in ROOTS]
    assert totals[0]["violations"] > 0
    assert totals[1]["violations"] == totals[2]["violations"] == 0
    table = tables.violation_table(measured)
    assert (table["repaired"] <= 1).all()
    assert table["violated"].sum() > 0
    assert (table["resolved"] <= table["games"]).all()
    settings = [setting(seeds=2, iterations=20), {**CONGESTION, "options": {"n_players": 2}, "iterations": 5}]
    runs = [
        ({"arm": arm, "settings": settings}, measured_potential.sequence_runs(arm, [0, 1], 1, settings=settings))
        for arm in ("individual", "carry_over")
    ]
    table = tables.sequence_table(runs, 20, 1)
    assert (table["mean_gap"] <= table["bound"].fillna(np.inf).astype(float)).all()
    assert [row["violations"] for row in tables.sequence_rows(runs)] == [0] * 3
    more = {**sizes, "sequences_per_size": 4, "n_games": 2, "perturbations": [0.1], "transition_mixing": [0.0, 0.3],
            "iterations": [1, 20]}  # fmt: skip
    found = [({**more, "base_kind": k}, measured_potential.random_sequences(k, 1, **more)) for k in kinds]
    rows = tables.random_sequence_rows(found)
    assert all(row["violations"] == 0 for row in rows if row["form"] != PRINTED)
    loop = {"discounts": [0.5], "probabilities": [0.1, 0.01], "n_states": 2, "n_actions": [2, 2]}
    length = {"iterations": 3000, "n_checkpoints": 30}
    inner = [
        ({**loop, "base_kind": k}, measured_gradient.inner_loop(k, [0, 1, 2], 1, **loop, **length))
        for k in kinds
    ]  # fmt: skip
    reached = gradient_tables.inner_loop_table(inner, 0.05)
    assert (reached["iterations"] > 1).all()
    slopes = gradient_tables.inner_loop_slopes(reached, 20, 1)
    assert (slopes["runs"] + slopes["not_reached"]).sum() == len(reached)


def test_a_setting_that_theorem_3_does_not_admit_does_not_end_the_table():
    """The one that it admits comes after another here, and after it one more: rows as where it stands alone."""
    order = [SETTINGS[1], SETTINGS[0], SETTINGS[2]]
    found = tables.sequence_rows([sequences("carry_over", [ALONE[1], ALONE[0], ALONE[2]], order)])
    assert len(found) == len(ROOTS)
    assert found == tables.sequence_rows([sequences("carry_over", ALONE[:1], SETTINGS[:1])])


# Step sizes ---------------------------------------------------------------------------------------------


def test_step_scaling_table():
    """Relative to the smallest factor at the same point, comparison and arm."""
    arrays = {
        "factors": np.array([100.0, 1.0, 100.0, 1.0, 1.0, 100.0]),
        "shorter": np.array([1, 1, 10, 10, 1, 1]),
        "iterations": np.array([1000] * 4 + [5000] * 2),
        "carried": np.array([False] * 4 + [True] * 2),
        "ne_gap": np.array([[0.3, 0.5], [0.2, 0.2], [0.4, 0.4], [0.5, 0.5], [0.1, 0.3], [0.1, 0.1]]),
    }
    table = tables.step_scaling_table([({"base_kind": "team"}, arrays)])
    assert list(table.columns) == [
        "base_kind", "arm", "total", "iteration", "step_factor", "ne_gap", "difference", "n_seeds"
    ]  # fmt: skip
    rows = [
        ("team", "carry_over", 5000, 5000, 1.0, 0.2, 0.0),
        ("team", "carry_over", 5000, 5000, 100.0, 0.1, -0.5),
        ("team", "individual", 1000, 100, 1.0, 0.5, 0.0),
        ("team", "individual", 1000, 100, 100.0, 0.4, -0.2),
        ("team", "individual", 1000, 1000, 1.0, 0.2, 0.0),
        ("team", "individual", 1000, 1000, 100.0, 0.4, 1.0),
    ]
    assert table.iloc[:, :5].to_numpy().tolist() == [list(row[:5]) for row in rows]
    np.testing.assert_allclose(table[["ne_gap", "difference"]], [row[5:] for row in rows], atol=1e-15)
    assert (table["n_seeds"] == 2).all()
