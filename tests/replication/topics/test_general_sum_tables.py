"""Tables of Theorems 5 and 6 from made-up measurements whose rows are known by hand.

Expected bounds are written out, not taken from ``metanash.bounds``.
"""

import math

import numpy as np
import pytest

from metanash_replication.bound_rows import total_rows
from metanash_replication.topics.general_sum import measure as measured_general
from metanash_replication.topics.general_sum import tables

PRINTED, WORST, ADDED, SMOOTH = (
    "printed", "repaired: worst best response", "repaired: burn-in term", "proven: third power of eta"
)  # fmt: skip
KINDS = {PRINTED: "printed", WORST: "repaired", ADDED: "repaired", SMOOTH: "proven"}
FORMS = list(KINDS)
EXACT = "theorem 5, exact CCE-gap"
BURN_IN = {1: 1, 2: 7, 3: 22}
CONSTANTS = (0.1, 0.02)
SCHEDULES = ("prescribed", "quarter", "constant 0.1", "constant 0.02")


def printed(divergence, horizon, t, players, eta):
    return 3 * divergence / (eta * t) + 36 * players**2 * eta**2 * horizon**4


def smooth(divergence, horizon, t, players, eta):
    growth = math.exp(eta * horizon) * ((horizon + 1) / horizon) ** (horizon - 1)
    unstable = 9 * (players - 1) ** 2 * eta**3 * horizon**5 / 32
    return growth * divergence / (eta * t) + unstable + BURN_IN[horizon] / t


def eleven(horizon, t, players, actions):
    return 12 * players ** (2 / 3) * horizon ** (8 / 3) * math.log(t) * math.log(actions) / t ** (2 / 3)


def right_of(form, first, worst, *rest):
    horizon, t = rest[:2]
    return {
        PRINTED: lambda: printed(first, *rest),
        WORST: lambda: printed(worst, *rest),
        ADDED: lambda: printed(first, *rest) + BURN_IN[horizon] / t,
        SMOOTH: lambda: smooth(first, *rest),
    }[form]()


def near(value):
    return pytest.approx(value, rel=1e-12, abs=0)


def picked(rows, **keys):
    """The one row with these entries."""
    found = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    assert len(found) == 1, [(row["claim"], row["form"], row["setting"]) for row in rows]
    return found[0]


def check(row, gaps, rights, t, trivial):
    """Compare a row with loops over runs and checkpoints: gaps[run][c], rights[run][c]."""
    cases = [
        (gap / right, run, c)
        for run, (own, bound) in enumerate(zip(gaps, rights, strict=True))
        for c, (gap, right) in enumerate(zip(own, bound, strict=True))
    ]
    ratio, run, c = max(cases)
    means = [sum(column) / len(gaps) for column in zip(*rights, strict=True)]
    informative = [t[k] for k in range(len(t)) if all(mean < trivial for mean in means[k:])]
    assert row == {
        "claim": row["claim"], "form": row["form"], "setting": row["setting"], "iteration": t[c],
        "left": near(gaps[run][c]), "right": near(rights[run][c]), "ratio": near(ratio), "runs": len(gaps),
        "violations": len({run for ratio, run, _ in cases if ratio > 1}), "unresolved": 0,
        "first_informative": informative[0] if informative else None, "kind": KINDS[row["form"]], "total": False,
        "rate_factor": None,
    }  # fmt: skip


# Random games -------------------------------------------------------------------------------------------


def random_games(gap, *, horizon=2, kind="random", t=(10, 1000), **columns):
    """A measurement: gaps (games, C); columns broadcast to the games. D = 1/8 and 1/4, and 3 times that at worst.

    ``exact`` has the CCE-gaps, by default half of the gaps for H = 1, otherwise none.
    """
    gap = np.array(gap, dtype=float)
    exact = columns.pop("exact", gap / 2 if horizon == 1 else np.full_like(gap, np.nan))
    full = {"n_players": 2, "max_actions": 2, "rate_factor": 1.0, "learning_rate": 0.01, "uniform_start": True}
    arrays = {name: np.broadcast_to(np.array(value), len(gap)) for name, value in (full | columns).items()}
    first = np.array([0.125, 0.25])[: gap.shape[1]] * (1 + np.arange(len(gap)))[:, np.newaxis]
    return {"base_kind": kind, "horizon": horizon}, {
        "checkpoints": np.array(t), "cce_gap_bound": gap, "cce_gap": np.array(exact), "divergence_first": first,
        "divergence_worst": 3 * first, **arrays,
    }  # fmt: skip


@pytest.mark.recalculates("theorem-5", "theorem-5-exact", "rate-can-be-improved")
def test_forms_of_theorem_5_by_hand():
    """H = 1, N = 2, eta = 1/12: 36 D / T + 1, T = 9, D = 1/4: 2, with the worst response 4; C(1) / T = 1/9."""
    spec, arrays = random_games([[3.0]], horizon=1, t=[9], learning_rate=1 / 12, uniform_start=False)
    arrays |= {"divergence_first": np.array([[0.25]]), "divergence_worst": np.array([[0.75]])}
    rows = tables.random_game_rows([(spec, arrays)])
    assert [row["form"] for row in rows] == FORMS * 2
    assert [row["claim"] for row in rows] == ["theorem 5"] * 4 + [EXACT] * 4
    proven = math.exp(1 / 12) * 12 * 0.25 / 9 + 9 / 32 / 1728 + 1 / 9
    assert [row["right"] for row in rows] == near([2.0, 4.0, 2 + 1 / 9, proven] * 2)
    assert [row["left"] for row in rows] == [3.0] * 4 + [1.5] * 4
    assert [row["violations"] for row in rows] == [1, 0, 1, 1, 0, 0, 0, 1]
    assert [row["setting"] for row in rows] == ["random games, random, H=1, N=2"] * 8
    assert [row["first_informative"] for row in rows] == [None, None, None, 9] * 2


def test_random_game_rows():
    """Each number of players apart, each game with its own rate and divergence; equation (11) for its games only."""
    gap = np.array([[0.9, 0.02], [0.1, 0.7], [1.5, 0.3], [0.4, 0.4], [0.6, 1.9], [0.2, 0.8]])
    columns = {
        "n_players": [2, 3, 2, 2, 2, 2], "max_actions": [2, 2, 3, 2, 2, 3],
        "rate_factor": [1.0, 1.0, 0.1, 10.0, 1.0, 1.0], "learning_rate": [0.01, 0.02, 0.001, 0.1, 0.01, 0.04],
        "uniform_start": [True, True, True, True, False, True],
    }  # fmt: skip
    rows = tables.random_game_rows([random_games(gap, **columns)])
    keys = [(row["claim"], row["form"], row["setting"]) for row in rows]
    two, three = (f"random games, random, H=2, N={n}" for n in (2, 3))
    assert keys == [
        *(("theorem 5", form, two) for form in FORMS), ("equation 11", PRINTED, f"{two}, A_max=2"),
        ("equation 11", PRINTED, f"{two}, A_max=3"), *(("theorem 5", form, three) for form in FORMS),
        ("equation 11", PRINTED, f"{three}, A_max=2"),
    ]  # fmt: skip
    for place, players, games in ((two, 2, [0, 2, 3, 4, 5]), (three, 3, [1])):
        for form in FORMS:
            rights = [
                [
                    right_of(form, d * (1 + g), 3 * d * (1 + g), 2, t, players, columns["learning_rate"][g])
                    for d, t in ((0.125, 10), (0.25, 1000))
                ]
                for g in games
            ]
            check(picked(rows, form=form, setting=place), gap[games].tolist(), rights, [10, 1000], 2.0)
    # uniform start at rate factor 1, and at T: one game each
    for place, game, players, actions in ((two, 0, 2, 2), (two, 5, 2, 3), (three, 1, 3, 2)):
        row = picked(rows, setting=f"{place}, A_max={actions}")
        check(row, [[gap[game, 1]]], [[eleven(2, 1000, players, actions)]], [1000], 2.0)


@pytest.mark.recalculates("equation-11")
def test_equation_11_is_at_t_only():
    """H = 1, N = 2, A = 2 at T = 1e6: 12 4^(1/3) log 1e6 log 2 / 1e4; a large gap before T violates nothing."""
    limit = 12 * 4 ** (1 / 3) * math.log(1e6) * math.log(2) / 1e4
    games = random_games(
        [[1.0, 0.5 * limit], [1.0, 4 * limit], [1.0, 0.9]], horizon=1, t=(100, 10**6),
        uniform_start=[True, True, False],
    )  # fmt: skip
    row = picked(tables.random_game_rows([games]), claim="equation 11")
    assert (row["iteration"], row["runs"], row["violations"], row["first_informative"]) == (10**6, 2, 1, 10**6)
    assert (row["left"], row["right"], row["ratio"]) == (near(2 * limit), near(limit), near(2.0))
    short = tables.random_game_rows([random_games([[0.5]], horizon=1, t=[10])])
    assert picked(short, claim="equation 11")["first_informative"] is None


def test_equation_11_is_about_the_exact_gap_where_that_is_known():
    """Told, all three exceed it; exactly, one does not and one follows with a gain; of the last nothing is known."""
    limit = eleven(2, 1000, 2, 2)
    told = np.full((3, 2), 3 * limit)
    exact = np.array([[math.nan, 0.5 * limit], [0.1, -0.2], [0.1, math.nan]])
    row = picked(tables.random_game_rows([random_games(told, exact=exact)]), claim="equation 11")
    check(row, [[0.5 * limit], [-0.2], [3 * limit]], [[limit]] * 3, [1000], 2.0)
    assert row["violations"] == 1
    row = picked(tables.random_game_rows([random_games(told[:2], exact=exact[:2])]), claim="equation 11")
    assert (row["violations"], row["ratio"]) == (0, near(0.5))


def test_rows_of_the_exact_gap_are_about_the_runs_where_it_is_known():
    """At every checkpoint: runs 0 and 3, with their own divergences and rates. All of them are told."""
    told = np.array([[0.9, 0.7], [0.8, 0.6], [0.7, 0.5], [1.9, 0.4]])
    exact = np.array([[-0.1, 0.3], [0.1, math.nan], [math.nan, math.nan], [1.5, -0.3]])
    rates = [0.01, 0.02, 0.03, 0.04]
    rows = tables.random_game_rows([random_games(told, exact=exact, learning_rate=rates, uniform_start=False)])
    assert [(row["claim"], row["form"]) for row in rows] == [
        (claim, form) for claim in ("theorem 5", EXACT) for form in FORMS
    ]
    assert len({row["setting"] for row in rows}) == 1
    for claim, gaps, games in (("theorem 5", told, [0, 1, 2, 3]), (EXACT, exact, [0, 3])):
        for form in FORMS:
            rights = [
                [
                    right_of(form, d * (1 + g), 3 * d * (1 + g), 2, t, 2, rates[g])
                    for d, t in ((0.125, 10), (0.25, 1000))
                ]
                for g in games
            ]
            check(picked(rows, claim=claim, form=form), gaps[games].tolist(), rights, [10, 1000], 2.0)
    below = tables.random_game_rows([random_games(told[:1], exact=[[-0.1, -0.2]], uniform_start=False)])
    assert [(row["ratio"], row["violations"]) for row in below[4:]] == [(0.0, 0)] * 4


@pytest.mark.parametrize("columns", [{"uniform_start": False}, {"rate_factor": [0.1, 10.0]}])
def test_no_equation_11_without_games_that_it_is_about(columns):
    rows = tables.random_game_rows([random_games([[0.5, 0.4], [0.3, 0.2]], **columns)])
    assert [row["claim"] for row in rows] == ["theorem 5"] * 4


def test_random_games_of_several_measurements():
    """The exact gap, half of the other here, where it is known: of one step."""
    gap = [[0.8, 0.6]]
    rows = tables.random_game_rows(
        [random_games(gap, horizon=1), random_games(gap, horizon=3, kind="public_goods", n_players=4)]
    )
    places = ["random games, random, H=1, N=2", "random games, public_goods, H=3, N=4"]
    assert list(dict.fromkeys(row["setting"] for row in rows)) == [
        places[0], f"{places[0]}, A_max=2", places[1], f"{places[1]}, A_max=2"
    ]  # fmt: skip
    assert [row["claim"] for row in rows] == (
        ["theorem 5"] * 4 + [EXACT] * 4 + ["equation 11"] + ["theorem 5"] * 4 + ["equation 11"]
    )
    for form in FORMS:
        whole, exact = (picked(rows, claim=claim, form=form, setting=places[0]) for claim in ("theorem 5", EXACT))
        assert exact["ratio"] == near(whole["ratio"] / 2)
        assert (exact["left"], exact["right"], exact["runs"]) == (near(whole["left"] / 2), whole["right"], 1)
        rights = [[right_of(form, d, 3 * d, 3, t, 4, 0.01) for d, t in ((0.125, 10), (0.25, 1000))]]
        check(picked(rows, form=form, setting=places[1]), gap, rights, [10, 1000], 3.0)


# Burn-in ------------------------------------------------------------------------------------------------


def test_burn_in_rows():
    """H = 3 and 1 at eta = 1/1000, T = 100: N = 2, and each horizon has its own divergences."""
    gap, first, worst = [[0.22], [0.01]], [[1e-4], [2e-4]], [[0.5], [0.25]]
    exact = np.array([[math.nan], [0.0005]])
    measured = {"learning_rate": 1e-3}, {
        "horizons": np.array([3, 1]), "checkpoints": np.array([100]), "cce_gap_bound": np.array(gap), "cce_gap": exact,
        "divergence_first": np.array(first), "divergence_worst": np.array(worst),
    }  # fmt: skip
    rows = tables.burn_in_rows(measured)
    assert [(row["claim"], row["form"], row["setting"]) for row in rows] == [
        (claim, form, f"burn-in, H={h}") for h, claim in ((3, "theorem 5"), (1, "theorem 5"), (1, EXACT))
        for form in FORMS
    ]  # fmt: skip
    for i, h in enumerate((3, 1)):
        for form in FORMS:
            right = right_of(form, first[i][0], worst[i][0], h, 100, 2, 1e-3)
            place = {"form": form, "setting": f"burn-in, H={h}"}
            check(picked(rows, claim="theorem 5", **place), [gap[i]], [[right]], [100], h)
            if h == 1:
                check(picked(rows, claim=EXACT, **place), [[0.0005]], [[right]], [100], h)
    # by hand: 3 * 1e-4 / 0.1 + 36 * 4 * 1e-6 * 81 = 0.014664; the burn-in term adds 0.22
    assert rows[0]["right"] == near(0.014664)
    # and 3 * 2e-4 / 0.1 + 36 * 4 * 1e-6 = 0.006144, which 0.01 exceeds and 0.0005 does not
    assert [row["violations"] for row in rows] == [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]


# Schedules ----------------------------------------------------------------------------------------------


def schedules(t, gap, rate, divergence, *, horizon=2, actions=(3, 2), kind="random", exact=None):
    """A measurement: gaps and divergences (schedules, seeds, Ts), rates (schedules, Ts), or what broadcasts to that."""
    gap = np.array(gap, dtype=float)
    spec = {"base_kind": kind, "horizon": horizon, "n_actions": list(actions), "constants": list(CONSTANTS)}
    return spec, {
        "iterations": np.array(t), "seeds": np.arange(gap.shape[1]), "cce_gap_bound": gap,
        "cce_gap": np.full_like(gap, np.nan) if exact is None else np.array(exact, dtype=float),
        "learning_rate": np.array(np.broadcast_to(np.array(rate, dtype=float), (4, len(t)))),
        "divergence_worst": np.array(np.broadcast_to(np.array(divergence, dtype=float), gap.shape)),
    }  # fmt: skip


T = [1000, 100000]
GAPS = np.array(
    [[[0.4, 0.02], [0.8, 0.03]], [[0.3, 0.04], [0.5, 0.01]], [[1.9, 0.05], [0.2, 0.6]], [[0.7, 0.9], [1.1, 0.06]]]
)
RATES = np.array([[0.05, 0.01], [0.1, 0.03], [0.1, 0.1], [0.02, 0.02]])
DIVERGENCES = np.array(
    [[[5.0, 9.0], [6.0, 8.0]], [[7.0, 7.5], [4.0, 3.0]], [[2.0, 2.5], [1.0, 1.5]], [[0.5, 3.5], [5.5, 6.5]]]
)


def made_up(**changes):
    return schedules(T, GAPS, RATES, DIVERGENCES, **changes)


def bounds_of(function, s, horizon, players):
    """(seeds, Ts) lists of a bound at the worst best response."""
    return [
        [function(DIVERGENCES[s, j, c], horizon, t, players, RATES[s, c]) for c, t in enumerate(T)] for j in range(2)
    ]


@pytest.mark.parametrize(("horizon", "actions"), [(2, (3, 2)), (3, (2, 2, 4)), (1, (2, 2))])
def test_schedule_rows(horizon, actions):
    """Two forms a schedule; equation (11) is about the prescribed one, at its own T everywhere."""
    rows, players = tables.schedule_rows([made_up(horizon=horizon, actions=actions)]), len(actions)
    where = [f"long runs, random, H={horizon}, N={players}, {name} rate" for name in SCHEDULES]
    assert [(row["claim"], row["form"], row["setting"]) for row in rows] == [
        ("theorem 5", WORST, where[0]), ("theorem 5", SMOOTH, where[0]), ("equation 11", PRINTED, where[0]),
        ("theorem 5", WORST, where[1]), ("theorem 5", SMOOTH, where[1]), ("theorem 5", WORST, where[2]),
        ("theorem 5", SMOOTH, where[2]), ("theorem 5", WORST, where[3]), ("theorem 5", SMOOTH, where[3]),
    ]  # fmt: skip
    for s, place in enumerate(where):
        for form, function in ((WORST, printed), (SMOOTH, smooth)):
            rights = bounds_of(function, s, horizon, players)
            check(picked(rows, form=form, setting=place), GAPS[s].tolist(), rights, T, horizon)
    limits = [eleven(horizon, t, players, max(actions)) for t in T]
    check(picked(rows, claim="equation 11"), GAPS[0].tolist(), [limits] * 2, T, horizon)


KNOWN = np.where(GAPS > 0.5, -GAPS / 4, GAPS / 2)
"""Some of them negative."""


def test_schedule_rows_of_the_exact_gap():
    """For a schedule all of whose gaps are known, beside the others; (11) takes what is known."""
    exact = KNOWN.copy()
    exact[0, 1, 0] = exact[2, 0, 1] = math.nan
    rows = tables.schedule_rows([made_up(exact=exact)])
    claims = [(row["claim"], row["form"], row["setting"].split(", ")[-1]) for row in rows]
    assert claims == [
        ("theorem 5", WORST, "prescribed rate"), ("theorem 5", SMOOTH, "prescribed rate"),
        ("equation 11", PRINTED, "prescribed rate"),
        *((claim, form, "quarter rate") for claim in ("theorem 5", EXACT) for form in (WORST, SMOOTH)),
        ("theorem 5", WORST, "constant 0.1 rate"), ("theorem 5", SMOOTH, "constant 0.1 rate"),
        *((claim, form, "constant 0.02 rate") for claim in ("theorem 5", EXACT) for form in (WORST, SMOOTH)),
    ]  # fmt: skip
    for s in (1, 3):
        for form, function in ((WORST, printed), (SMOOTH, smooth)):
            place = f"long runs, random, H=2, N=2, {SCHEDULES[s]} rate"
            rights = bounds_of(function, s, 2, 2)
            check(picked(rows, claim=EXACT, form=form, setting=place), KNOWN[s].tolist(), rights, T, 2.0)
            check(picked(rows, claim="theorem 5", form=form, setting=place), GAPS[s].tolist(), rights, T, 2.0)
    limits = [eleven(2, t, 2, 3) for t in T]
    mixed = [KNOWN[0, 0].tolist(), [GAPS[0, 1, 0], KNOWN[0, 1, 1]]]
    check(picked(rows, claim="equation 11"), mixed, [limits] * 2, T, 2.0)


def test_schedule_table_of_exact_gaps():
    """Told beside them; where one of a schedule is not known, the bound of that one, and the schedule is not exact."""
    exact = KNOWN.copy()
    exact[2, 0, 1] = math.nan
    table = tables.schedule_table([made_up(exact=exact)])
    gaps = KNOWN.copy()
    gaps[2, 0, 1] = GAPS[2, 0, 1]
    assert table["exact"].tolist() == [True] * 4 + [False] * 2 + [True] * 2
    for n, row in enumerate(table.itertuples()):
        one, other = gaps[n // 2, :, n % 2].tolist()
        assert (row.gap, row.low, row.high) == (near((one + other) / 2), min(one, other), max(one, other))
        assert row.told == near(sum(GAPS[n // 2, :, n % 2].tolist()) / 2)


def test_schedule_table():
    """Mean, least and largest gap over seeds; bounds are means over seeds at the worst best response."""
    table = tables.schedule_table([made_up(), made_up(horizon=1, actions=(2, 2, 2), kind="public_goods")])
    assert list(table.columns) == [
        "base_kind", "horizon", "n_players", "schedule", "iteration", "gap", "low", "high", "exact", "told",
        "learning_rate", "equation_11", "theorem_5", "smooth",
    ]  # fmt: skip
    places = [("random", 2, 2, 3), ("public_goods", 1, 3, 2)]
    assert table[["base_kind", "horizon", "n_players"]].to_numpy().tolist() == [
        list(place[:3]) for place in places for _ in range(8)
    ]
    assert table["schedule"].tolist() == [name for name in SCHEDULES for _ in T] * 2
    assert table["iteration"].tolist() == T * 8
    for n, row in enumerate(table.itertuples()):
        (_, horizon, players, actions), s, c = places[n // 8], n // 2 % 4, n % 2
        gaps = GAPS[s, :, c].tolist()
        assert (row.gap, row.low, row.high) == (near(sum(gaps) / 2), min(gaps), max(gaps))
        assert (row.exact, row.told) == (False, row.gap)
        assert row.learning_rate == RATES[s, c]
        assert row.equation_11 == near(eleven(horizon, T[c], players, actions))
        for name, function in (("theorem_5", printed), ("smooth", smooth)):
            both = bounds_of(function, s, horizon, players)
            assert getattr(row, name) == near((both[0][c] + both[1][c]) / 2)


GRID = np.unique(np.geomspace(1e3, 1e6, 61).round().astype(int))
WINDOWS = [[1e3, 1e4], [1e4, 1e5], [1e5, 1e6]]
ETA = np.stack([GRID ** (-1 / 3), GRID ** (-0.25), *(np.full(len(GRID), constant) for constant in CONSTANTS)])


def fitted(curve, window):
    """Slope in log-log, by polynomial regression on the points of the window."""
    inside = (window[0] <= GRID) & (window[1] >= GRID)
    return np.polyfit(np.log(GRID[inside]), np.log(curve[inside]), 1)[0]


def power_laws(power, **changes):
    """Gaps that are powers of T, with the seeds' factors 0.1, 0.2 and 0.7, and another power for each schedule."""
    factors = np.array([[0.1], [0.2], [0.7]])
    gap = np.stack([factors * GRID ** float(power - s / 10) for s in range(4)])
    return schedules(GRID, gap, ETA, 1.0, **changes)


@pytest.mark.parametrize(("power", "exact"), [(-0.9, True), (-0.5, True), (-0.9, False)])
@pytest.mark.recalculates("rate-equation-11")
def test_slopes_of_power_laws(power, exact):
    """Exact on every resample. (11) has -2/3 and log T, log T / (eta T) the power of eta."""
    spec, arrays = power_laws(power)
    if exact:  # a bound that is told and says something else
        arrays |= {"cce_gap": arrays["cce_gap_bound"], "cce_gap_bound": np.full_like(arrays["cce_gap"], 0.9)}
    table = tables.schedule_slopes([(spec, arrays)], WINDOWS, 50, 1)
    assert table["exact"].tolist() == [exact] * 12
    assert list(table.columns) == [
        "base_kind", "horizon", "n_players", "schedule", "start", "end", "slope", "low", "high", "bound_slope",
        "schedule_slope", "exact", "n_seeds",
    ]  # fmt: skip
    assert table[["start", "end"]].to_numpy().tolist() == WINDOWS * 4
    assert table["schedule"].tolist() == [name for name in SCHEDULES for _ in WINDOWS]
    for column in ("slope", "low", "high"):
        np.testing.assert_allclose(
            table[column], np.repeat([power, power - 0.1, power - 0.2, power - 0.3], 3), rtol=1e-9
        )
    log = [fitted(np.log(GRID), window) for window in WINDOWS]  # 0.12, 0.1 and 0.08
    np.testing.assert_allclose(table["bound_slope"], [x - 2 / 3 for x in log] * 4, rtol=1e-4)
    for n, row in enumerate(table.itertuples()):
        s, window = divmod(n, 3)
        assert row.bound_slope == near(fitted(np.log(GRID) / GRID ** (2 / 3), WINDOWS[window]))
        assert row.schedule_slope == near(fitted(np.log(GRID) / (ETA[s] * GRID), WINDOWS[window]))
    np.testing.assert_allclose(table["schedule_slope"][:3], table["bound_slope"][:3], rtol=1e-9)
    places = table[["base_kind", "horizon", "n_players", "n_seeds"]].drop_duplicates()
    assert places.to_numpy().tolist() == [["random", 2, 2, 3]]


@pytest.mark.parametrize("value", [0.0, -1e-3, math.nan])
def test_slopes_of_a_schedule_with_a_gap_that_has_no_logarithm_are_of_the_bound(value):
    """All of its windows, and of this schedule only."""
    spec, arrays = power_laws(-0.5)
    arrays["cce_gap"] = arrays["cce_gap_bound"] ** 2
    arrays["cce_gap"][0, 1, 3] = value  # in the first window
    table = tables.schedule_slopes([(spec, arrays)], WINDOWS, 50, 1)
    assert table["exact"].tolist() == [False] * 3 + [True] * 9
    expected = np.repeat([-0.5, -1.2, -1.4, -1.6], 3)
    np.testing.assert_allclose(table["slope"], expected, rtol=1e-9)


def test_a_window_with_fewer_than_two_iterations_of_a_schedule_is_left_out():
    spec, arrays = power_laws(-0.9)
    short = GRID <= 1e5
    few = {name: array[..., short] if name != "seeds" else array for name, array in arrays.items()}
    table = tables.schedule_slopes([(spec, few)], WINDOWS, 20, 1)
    assert table[["start", "end"]].to_numpy().tolist() == WINDOWS[:2] * 4


def growing(curve, exact=True, seeds=(1.0, 1.5, 2.0)):
    """Runs at the rates of (11) with eta T gap = a curve of T, times a factor for each seed."""
    gap = np.array(seeds)[:, np.newaxis] * curve / (ETA[0] * GRID)
    spec, arrays = schedules(GRID, np.stack([gap]), ETA[:1], 1.0)
    if exact:
        arrays |= {"cce_gap": arrays["cce_gap_bound"], "cce_gap_bound": np.full_like(arrays["cce_gap"], 0.9)}
    return {**spec, "constants": [], "schedules": ["prescribed"]}, arrays


@pytest.mark.parametrize("exact", [True, False])
def test_growth_at_the_rates_of_equation_11(exact):
    """A logarithm is consistent; a power is violated, unless only a bound of the gap grows like one."""
    log = tables.rate_growth([growing(2.0 + 3.0 * np.log(GRID), exact)], WINDOWS, 50, 1).iloc[0]
    assert (log["verdict"], log["exact"], log["n_seeds"]) == ("consistent", exact, 3)
    assert (log["start"], log["end"], log["points"]) == (1e3, 1e6, 61)
    assert log["increment"] == pytest.approx(3.0 * 1.5)
    power = tables.rate_growth([growing(GRID**0.12, exact)], WINDOWS, 50, 1).iloc[0]
    assert power["verdict"] == ("violated" if exact else "inconclusive")
    assert power["power"] == pytest.approx(0.12)
    falling = tables.rate_growth([growing(GRID**-0.1, exact)], WINDOWS, 50, 1).iloc[0]
    assert falling["verdict"] == "consistent"


def test_growth_is_of_the_learning_rate_times_the_iterations_times_the_gap():
    """A gap of T^(-2/3) is eta T gap = 1 at eta = T^(-1/3); at a constant rate it would be T^(1/3)."""
    spec, arrays = growing(np.ones(len(GRID)))
    assert tables.rate_growth([(spec, arrays)], WINDOWS, 50, 1)["power"][0] == pytest.approx(0.0, abs=1e-12)
    constant = spec, arrays | {"learning_rate": np.full_like(arrays["learning_rate"], 0.1)}
    found = tables.rate_growth([constant], WINDOWS, 50, 1).iloc[0]
    assert found["power"] == pytest.approx(1 / 3)
    assert found["verdict"] == "violated"


def test_growth_needs_iterations_enough():
    spec, arrays = growing(2.0 + np.log(GRID))
    few = {name: array[..., :3] if name != "seeds" else array for name, array in arrays.items()}
    assert tables.rate_growth([(spec, few)], WINDOWS, 20, 1)["verdict"].tolist() == [""]


def noisy(seed, **changes):
    rng = np.random.default_rng(seed)
    gap = np.exp(rng.normal(0, 0.3, (4, 6, len(GRID)))) * GRID ** (-0.8)
    return schedules(GRID, gap, ETA, 1.0, **changes)


def test_slope_intervals():
    """Around the slope of the mean curve; a row's resampling depends on nothing but its place and the root seed."""
    measured = [noisy(1), noisy(2, horizon=3), noisy(3, kind="public_goods")]
    table = tables.schedule_slopes(measured, WINDOWS, 300, 1)
    assert ((table["low"] < table["slope"]) & (table["slope"] < table["high"])).all()
    for n, row in enumerate(table.itertuples()):
        (_, arrays), s, window = measured[n // 12], n // 3 % 4, WINDOWS[n % 3]
        assert row.slope == pytest.approx(fitted(arrays["cce_gap_bound"][s].mean(axis=0), window), rel=1e-9)
    alone = tables.schedule_slopes(measured[1:2], WINDOWS[1:], 300, 1)
    for column in ("slope", "low", "high"):
        np.testing.assert_array_equal(alone[column], table[column].to_numpy()[[13, 14, 16, 17, 19, 20, 22, 23]])
    other = tables.schedule_slopes(measured, WINDOWS, 300, 2)
    assert (other["low"] != table["low"]).all()
    np.testing.assert_array_equal(other["slope"], table["slope"])


# Sequences ----------------------------------------------------------------------------------------------


def setting(**changes):
    return {
        "base_kind": "random", "horizon": 2, "n_states": 2, "n_actions": [2, 2], "games": 10, "perturbation": 0.1,
        "iterations": 1000, "rate_factor": 3.0, **changes,
    }  # fmt: skip


SETTINGS = [setting(), setting(base_kind="public_goods", horizon=3, n_actions=[2, 4, 3], games=4, perturbation=0.025)]


def sequences(arm, later, settings=SETTINGS, told=None, **changes):
    """A measurement: gaps of games 2 to K (settings, seeds), by default 0.1 below the bounds.

    Over all games they are half as much again.
    """
    later = np.array(later, dtype=float)
    told = later + 0.1 if told is None else np.array(told, dtype=float)
    gaps = {"gap": 1.5 * later, "later_gap": later, "gap_bound": 1.5 * told, "later_gap_bound": told}
    arrays = {**gaps, "similarity": np.ones_like(later), "divergence": later * 10}
    rate = np.array([0.05, 0.01])[: len(later)]
    return {"arm": arm, "settings": settings}, {
        "seeds": np.arange(later.shape[1]), "learning_rate": rate, **arrays, **changes
    }  # fmt: skip


ALONE, META = [[0.4, 0.8], [0.5, 0.25]], [[0.1, 0.5], [1.0, 0.5]]
SIMILARITY = np.array([[4.0, 9.0], [0.0, 16.0]])


def test_sequence_table():
    """Differences of means: 0.3 - 0.6, the same for both seeds; 0.75 - 0.375, of the seeds alone 0.5 and 0.25."""
    measured = [sequences("individual", ALONE), sequences("best_response", META, similarity=SIMILARITY)]
    table = tables.sequence_table(measured, 400, 1)
    assert list(table.columns) == [
        "arm", "base_kind", "horizon", "n_states", "games", "perturbation", "iterations", "rate_factor", "n_players",
        "max_actions", "learning_rate", "exact", "gap", "told", "later_gap", "later_told", "difference",
        "difference_low", "difference_high", "similarity", "similarity_per_game", "instantiated", "scaling", "n_seeds",
    ]  # fmt: skip
    places = [["random", 2, 2, 10, 0.1, 1000, 3.0, 2, 2], ["public_goods", 3, 2, 4, 0.025, 1000, 3.0, 3, 4]]
    assert table.iloc[:, 1:10].to_numpy().tolist() == places * 2
    assert table["arm"].tolist() == ["individual"] * 2 + ["best_response"] * 2
    intervals = table[["difference", "difference_low", "difference_high"]].to_numpy()
    expected = [[0, 0, 0], [0, 0, 0], [-0.3, -0.3, -0.3], [0.375, 0.25, 0.5]]
    np.testing.assert_allclose(intervals, expected, rtol=1e-12, atol=1e-15)
    assert table["exact"].tolist() == [True] * 4
    assert table["later_told"].tolist() == near([0.7, 0.475, 0.4, 0.85])
    assert table["told"].tolist() == near([1.05, 0.7125, 0.6, 1.275])
    assert table["later_gap"].tolist() == near([0.6, 0.375, 0.3, 0.75])
    assert table["gap"].tolist() == near([0.9, 0.5625, 0.45, 1.125])
    assert table["learning_rate"].tolist() == [0.05, 0.01] * 2
    assert table["n_seeds"].tolist() == [2] * 4
    assert table["similarity"].tolist() == [1.0, 1.0, 6.5, 8.0]
    assert table["similarity_per_game"].tolist() == near([0.1, 0.25, 0.65, 2.0])
    divergences = [6.0, 3.75, 3.0, 7.5]
    assert table["instantiated"].tolist() == near(
        [
            printed(d, h, 1000, n, eta)
            for d, (h, n, eta) in zip(divergences, [(2, 2, 0.05), (3, 3, 0.01)] * 2, strict=True)
        ]
    )
    # H N (Delta^1.5 / K^1.25 + (A^1.5 + H^3) / sqrt K), the mean of its values and not its value at the mean
    rests = [(2**1.5 + 8) / math.sqrt(10), (8 + 27) / 2]
    assert table["scaling"].tolist() == near(
        [
            4 * (10**-1.25 + rests[0]), 9 * (4**-1.25 + rests[1]), 4 * (17.5 * 10**-1.25 + rests[0]),
            9 * (32 * 4**-1.25 + rests[1]),
        ]
    )  # fmt: skip


def test_differences_are_from_individual_learning_of_the_same_settings():
    """Arms in any order, and lists of settings of their own; nothing but an arm's own rows depends on it."""
    few = [setting(games=5)]
    measured = [
        sequences("stage_average", META), sequences("best_response", [[0.3, 0.3]], few), sequences("individual", ALONE),
        sequences("individual", [[0.1, 0.2]], few), sequences("output_policy", ALONE[::-1]),
    ]  # fmt: skip
    table = tables.sequence_table(iter(measured), 50, 1)
    expected = [-0.3, 0.375, 0.15, 0.0, 0.0, 0.0, 0.375 - 0.6, 0.6 - 0.375]
    assert table["difference"].tolist() == pytest.approx(expected, abs=1e-15)
    less = tables.sequence_table(measured[2:3] + measured[:1], 50, 1)
    np.testing.assert_array_equal(less.iloc[2:].to_numpy(), table.iloc[:2].to_numpy())
    with pytest.raises(KeyError):
        tables.sequence_table(measured[:1], 50, 1)


def test_intervals_of_differences_have_addresses():
    rng = np.random.default_rng(2)
    alone, meta = rng.uniform(0.5, 1.0, (2, 2, 12))
    measured = [sequences("individual", alone), sequences("best_response", meta), sequences("stage_average", meta)]
    table, other = (tables.sequence_table(measured, 200, seed) for seed in (1, 2))
    found = table[["difference_low", "difference_high"]].to_numpy()
    assert (found[2:4] != found[4:6]).all()  # equal gaps, resampled on their own
    assert (other[["difference_low", "difference_high"]].to_numpy()[2:] != found[2:]).all()
    np.testing.assert_array_equal(table["difference"], other["difference"])
    for i in range(2):
        assert table["difference"][2 + i] == near(meta[i].mean() - alone[i].mean())
        assert found[2 + i, 0] < table["difference"][2 + i] < found[2 + i, 1]


@pytest.mark.recalculates("sharper-general-sum")
def test_intervals_are_those_of_paired_differences():
    """Of equal seeds: what both arms share adds no width. By a bootstrap in a loop, with other random numbers."""
    rng = np.random.default_rng(3)
    easy, hard = rng.uniform(-1.0, 1.0, (2, 20)), rng.normal(-0.05, 0.02, (2, 20))
    measured = [sequences("individual", easy), sequences("best_response", easy + hard)]
    table = tables.sequence_table(measured, 20000, 1)
    for i in range(2):
        means = [np.mean(hard[i][rng.integers(0, 20, 20)]) for _ in range(20000)]
        low, high = np.sort(means)[[500, 19499]]
        row = table.iloc[2 + i]
        assert row["difference"] == pytest.approx(np.mean(hard[i]), rel=1e-9)
        assert [row["difference_low"], row["difference_high"]] == pytest.approx([low, high], abs=4e-4)  # width 0.018
        assert row["difference_high"] < 0


def test_gaps_may_be_negative_and_equal():
    measured = [sequences("individual", np.zeros((2, 2))), sequences("best_response", [[0.0, 0.0], [-0.1, -0.1]])]
    table = tables.sequence_table(measured, 20, 1)
    for column in ("difference", "difference_low", "difference_high"):
        assert table[column].tolist() == pytest.approx([0.0, 0.0, 0.0, -0.1], abs=1e-15)
    assert table["later_gap"].tolist() == [0.0, 0.0, 0.0, -0.1]


@pytest.mark.parametrize("of", ["individual", "best_response"])
def test_gaps_that_are_not_known_for_both_arms_on_all_seeds_are_bounds(of):
    """In that setting, whole; another arm and another setting are as they were."""
    bounds = {"individual": [[0.9, 0.7], [0.8, 0.6]], "best_response": [[0.2, 0.1], [1.5, 1.3]]}
    gaps = {"individual": np.array(ALONE), "best_response": np.array(META), "stage_average": np.array(META)}
    gaps[of][0, 1] = math.nan
    measured = [sequences(arm, gap, told=bounds.get(arm, META)) for arm, gap in gaps.items()]
    table = tables.sequence_table(measured, 50, 1)
    alone = of == "individual"
    assert table["exact"].tolist() == [not alone, True, False, True, not alone, True]
    assert table["later_gap"][[0, 1, 2, 3]].tolist() == near([0.8 if alone else 0.6, 0.375, 0.15, 0.75])
    assert table["gap"][[0, 2]].tolist() == near([1.2 if alone else 0.9, 0.225])
    assert table["later_told"].tolist() == near([0.8, 0.7, 0.15, 1.4, 0.3, 0.75])
    # bound minus bound, never bound minus gap
    expected = [0.0, 0.0, 0.15 - 0.8, 0.375, 0.3 - 0.8 if alone else -0.3, 0.375]
    assert table["difference"].tolist() == pytest.approx(expected, abs=1e-15)
    seeds = [0.2 - 0.9, 0.1 - 0.7]
    assert table[["difference_low", "difference_high"]].iloc[2].tolist() == near(seeds)


@pytest.mark.recalculates("theorem-6")
def test_sequence_rows():
    """Theorem 5 averaged over all games, the first included."""
    measured = [sequences("individual", ALONE), sequences("best_response", META)]
    rows = tables.sequence_rows(measured)
    sizes = [
        ("sequences, random, ", ", H=2, N=2, A=2, K=10, perturbation=0.1", 2, 2, 0.05),
        ("sequences, public_goods, ", ", H=3, N=3, A=4, K=4, perturbation=0.025", 3, 3, 0.01),
    ]
    claim = "theorem 6: theorem 5, mean over games"
    assert [(row["claim"], row["form"]) for row in rows] == [(claim, WORST), (claim, SMOOTH)] * 4
    for arm, gaps in (("individual", ALONE), ("best_response", META)):
        for (front, end, horizon, players, eta), later in zip(sizes, gaps, strict=True):
            for form, function in ((WORST, printed), (SMOOTH, smooth)):
                row = picked(rows, form=form, setting=f"{front}{arm}{end}")
                rights = [[function(10 * gap, horizon, 1000, players, eta)] for gap in later]
                check(row, [[1.5 * gap] for gap in later], rights, [1000], horizon)


def test_sequence_rows_take_the_bound_where_a_gap_is_not_known():
    """Seed by seed; whatever individual learning's."""
    unknown = [[0.4, math.nan], [-0.2, 0.3]]
    rows = tables.sequence_rows(
        [sequences("stage_average", unknown, told=[[0.9, 0.8], [0.7, 0.6]], divergence=np.ones((2, 2)))]
    )
    assert [row["form"] for row in rows] == [WORST, SMOOTH] * 2
    for n, (gaps, sizes) in enumerate((([0.6, 1.2], (2, 1000, 2, 0.05)), ([-0.3, 0.45], (3, 1000, 3, 0.01)))):
        for form, function in ((WORST, printed), (SMOOTH, smooth)):
            check(
                rows[2 * n + (form == SMOOTH)], [[gap] for gap in gaps], [[function(1.0, *sizes)]] * 2, [1000], sizes[0]
            )


# From measurements --------------------------------------------------------------------------------------


def random_measurements(kinds=("random", "public_goods"), horizons=(1, 2)):
    sizes = {"states": [1, 2], "actions": [[2, 2], [2, 3, 2]], "games_per_size": 9, "perturbation": 0.3}
    options = {**sizes, "iterations": 200, "n_checkpoints": 6, "rate_factors": [1.0, 0.1, 10.0]}
    return [
        ({**options, "base_kind": kind, "horizon": h}, measured_general.random_games(kind, h, 1, **options))
        for kind in kinds
        for h in horizons
    ]


def test_tables_of_real_measurements():
    """What ``measure`` returns fits, and claims come out as they must."""
    rows = tables.random_game_rows(random_measurements())
    assert all(row["violations"] == 0 for row in rows if row["form"] in {WORST, SMOOTH})
    assert {row["runs"] for row in rows if row["claim"] in {"theorem 5", EXACT}} == {18}
    assert len([row for row in rows if row["claim"] == EXACT]) == 32  # kinds, H, N, forms
    assert np.isfinite([row["ratio"] for row in rows]).all()
    assert {row["runs"] for row in rows if row["claim"] == "equation 11"} == {2}  # sizes, one uniform start each
    assert {row["iteration"] for row in rows if row["claim"] == "equation 11"} == {200}
    spec = {"horizons": [1, 2, 3], "iterations": 1000, "learning_rate": 1e-5, "margin": 1e-9}
    burnt = tables.burn_in_rows((spec, measured_general.burn_in_runs(**spec)))
    assert [row["claim"] for row in burnt[::4]] == ["theorem 5", EXACT] * 3
    assert [row["violations"] for row in burnt] == [1, 0, 0, 0] * 6
    assert [row["left"] for row in burnt[::4]] == pytest.approx([0.001, 0.001, 0.007, 0.007, 0.022, 0.022], rel=1e-5)
    plan = {"n_states": 2, "n_actions": [2, 2], "iterations": [50, 100, 200, 400], "constants": [0.1, 0.3]}
    measured = [
        ({**plan, "base_kind": "random", "horizon": 2}, measured_general.schedule_runs("random", 2, [0, 1], 1, **plan))
    ]
    assert [row["violations"] for row in tables.schedule_rows(measured)] == [0] * 17
    table = tables.schedule_table(measured)
    for constant in (0.1, 0.3):
        assert table[table["schedule"] == f"constant {constant}"]["learning_rate"].tolist() == [constant] * 4
    assert (table["gap"] <= table["smooth"]).all()
    assert (table["low"] <= table["gap"]).all()
    assert (table["gap"] <= table["high"]).all()
    slopes = tables.schedule_slopes(measured, [[50, 100], [100, 400]], 20, 1)
    assert slopes["n_seeds"].tolist() == [2] * 8
    assert table["exact"].all()
    assert slopes["exact"].all()
    settings = [setting(games=3, iterations=60), setting(base_kind="shapley", n_actions=[3, 3], games=2, iterations=60)]
    runs = [
        ({"arm": arm, "settings": settings}, measured_general.sequence_runs(arm, [0, 1], 1, settings=settings))
        for arm in ("individual", "best_response")
    ]
    table = tables.sequence_table(runs, 20, 1)
    assert (table["gap"] <= table["instantiated"]).all()
    assert [row["violations"] for row in tables.sequence_rows(runs)] == [0] * 8


def test_totals_count_each_game_once():
    """Games have two gaps, each with totals of its own; that of a deviator who is told the stage is the larger."""
    rows = tables.random_game_rows(random_measurements(kinds=("random",), horizons=(1,)))
    totals = total_rows(rows, "random games, all")
    for claim in ("theorem 5", EXACT):
        assert [row["form"] for row in totals if row["claim"] == claim] == FORMS
        assert [row["runs"] for row in totals if row["claim"] == claim] == [36] * 4
    for form in FORMS:
        informed, exact = (picked(totals, claim=claim, form=form)["ratio"] for claim in ("theorem 5", EXACT))
        assert exact <= informed * (1 + 1e-12)  # equal at T = 1
    both = tables.random_game_rows(random_measurements(kinds=("random",), horizons=(1, 2)))
    runs = {(row["claim"], row["runs"]) for row in total_rows(both, "random games, all")}
    assert runs == {("theorem 5", 72), (EXACT, 72), ("equation 11", 8)}
