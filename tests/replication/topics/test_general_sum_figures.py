"""Figures and page of Theorems 5 and 6 show the numbers of their tables, and no others."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawings import (
    WIDTH,
    band_of,
    bands,
    corners,
    drawn,
    ends_of,
    in_style,
    labelled,
    legend_of,
    points,
    shows,
    ticks_of,
)
from matplotlib.colors import to_hex
from pages import rows_of, text_of, theory_of

from metanash_replication import plotting
from metanash_replication.plotting import ARM_LABELS, KIND_LABELS
from metanash_replication.topics.general_sum import figures
from metanash_replication.topics.general_sum.section import theorem_5, theorem_6

NAN = float("nan")
SCHEDULES = {
    "prescribed": r"$\eta \sim T^{-1/3}$, as in (11)",
    "quarter": r"$\eta = T^{-1/4} / H$",
    "constant 0.03": r"$\eta$ = 0.03",
    "constant 0.1": r"$\eta$ = 0.1",
}


style = pytest.fixture(autouse=True)(in_style)


# Tables -------------------------------------------------------------------------------------------------

PLACES = ((3, 2), (1, 2), (2, 3), (2, 2))
"""H and N, not in the order of the panels."""
PANELS = ((1, 2), (2, 2), (3, 2), (2, 3))


def schedules(places=PLACES, iterations=(100, 1000, 10000), names=tuple(SCHEDULES)):
    rng, rows = np.random.default_rng(1), []
    for (horizon, players), name, t in itertools.product(places, names, iterations):
        low, gap, high = np.sort(rng.uniform(0.01, 0.9, 3))
        rows.append(("random", horizon, players, name, t, gap, low, high, True, gap + 0.01, *rng.uniform(0.1, 9, 4)))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "horizon", "n_players", "schedule", "iteration", "gap", "low", "high", "exact",
                 "told", "learning_rate", "equation_11", "theorem_5", "smooth"],
    )  # fmt: skip


WINDOWS = ((1e4, 1e5), (1e5, 1e6), (1e6, 1e7))


def slopes(places=PLACES, windows=WINDOWS, names=tuple(SCHEDULES)):
    rng, rows = np.random.default_rng(2), []
    for (horizon, players), name, (start, end) in itertools.product(places, names, windows):
        low, slope, high = np.sort(rng.uniform(-0.95, -0.2, 3))
        bound, follows = rng.uniform(-0.9, -0.3, 2)
        place = ("random", horizon, players, name, start, end)
        rows.append((*place, slope, low, high, bound, follows, True, 8))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "horizon", "n_players", "schedule", "start", "end", "slope", "low", "high", "bound_slope",
                 "schedule_slope", "exact", "n_seeds"],
    )  # fmt: skip


REFERENCE = {"perturbation": 0.1, "games": 10, "n_players": 2, "max_actions": 2, "horizon": 2}
SWEEPS = {"perturbation": [0.0, 0.4], "games": [5, 100], "n_players": [3, 5], "max_actions": [3, 5], "horizon": [1, 3]}
ARMS = ("individual", "best_response", "stage_average", "output_policy")
KINDS = {"shapley": (2, 3), "congestion": (3, 3), "chicken": (2, 2)}


def sequences(sweeps=None, kinds=None, arms=ARMS):
    """A reference setting, sweeps from it and other kinds of games, as the configuration has them; shuffled."""
    rng, rows = np.random.default_rng(3), []
    varied = [("random", REFERENCE)]
    for name, values in (SWEEPS if sweeps is None else sweeps).items():
        varied += [("random", REFERENCE | {name: value}) for value in values]
    for kind, (players, actions) in (KINDS if kinds is None else kinds).items():
        varied.append((kind, REFERENCE | {"n_players": players, "max_actions": actions}))
    for arm, (kind, place) in itertools.product(arms, varied):
        low, difference, high = np.sort(rng.uniform(-0.15, 0.1, 3))
        rows.append(
            {
                "arm": arm, "base_kind": kind, **place, "n_states": 2, "iterations": 1000, "rate_factor": 3.0,
                "learning_rate": rng.uniform(), "exact": True, "gap": rng.uniform(), "told": rng.uniform(),
                "later_gap": rng.uniform(-0.2, 0.2), "later_told": rng.uniform(0.01, 0.2), "difference": difference,
                "difference_low": low, "difference_high": high, "similarity": rng.uniform(10, 90),
                "similarity_per_game": rng.uniform(1, 9), "instantiated": rng.uniform(10, 90),
                "scaling": rng.uniform(10, 90), "n_seeds": 20,
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sample(frac=1.0, random_state=4)


# Theorem 5 ----------------------------------------------------------------------------------------------


def test_bounds_are_the_curves():
    """Panels by N, then H. Bounds are those at the prescribed rate, and H is the trivial one."""
    table = schedules()
    table.loc[table["schedule"] != "prescribed", "equation_11"] *= 100
    figure = figures.FIGURES["theorem5_bounds"]({"schedules": table}, WIDTH)
    axes = drawn(figure)
    bounds = {
        "equation (11)": "equation_11", "Theorem 5, worst best response": "theorem_5", "our bound": "smooth"
    }  # fmt: skip
    for ax, (horizon, players) in zip(axes, PANELS, strict=True):
        assert ax.get_title() == f"H = {horizon}, N = {players}"
        own = table[(table["horizon"] == horizon) & (table["n_players"] == players)]
        lines = labelled(ax)
        assert list(lines) == [*(f"measured, {label}" for label in SCHEDULES.values()), *bounds, "trivial: H"]
        assert len(ax.get_lines()) == 8
        for (name, label), band in zip(SCHEDULES.items(), bands(ax), strict=True):
            part, line = own[own["schedule"] == name], lines[f"measured, {label}"]
            shows(line, part, "iteration", "gap")
            assert corners(band) == band_of(part, "iteration")
            assert to_hex(band.get_facecolor()[0]) == to_hex(line.get_color())
        for label, column in bounds.items():
            shows(lines[label], own[own["schedule"] == "prescribed"], "iteration", column)
        assert set(lines["trivial: H"].get_ydata()) == {horizon}
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "iterations T")
    assert [ax.get_ylabel() for ax in axes] == ["CCE-gap (reward units)", "", "", ""]
    assert set(legend_of(figure)) == set(lines)
    measured = [to_hex(lines[f"measured, {label}"].get_color()) for label in SCHEDULES.values()]
    assert len(set(measured)) == 4
    of_bounds = [lines[label] for label in [*bounds, "trivial: H"]]
    assert not {to_hex(line.get_color()) for line in of_bounds} & set(measured)
    patterns = {str(line._unscaled_dash_pattern) for line in of_bounds}
    assert len(patterns) == 4


@pytest.mark.parametrize("panel", range(4))
def test_one_gap_that_is_not_exact_is_no_cce_gap(panel):
    """In any panel; and of any arm and setting in the other figure, but for individual learning, which is not drawn."""
    table = schedules()
    horizon, players = PANELS[panel]
    table.loc[(table["horizon"] == horizon) & (table["n_players"] == players), "exact"] = [False] + [True] * 11
    figure = figures.theorem_5_bounds({"schedules": table}, WIDTH)
    assert [ax.get_ylabel() for ax in drawn(figure)] == ["gap (reward units)", "", "", ""]


def test_one_difference_of_gaps_that_are_not_exact_is_none_of_cce_gaps():
    for arm in ARMS:
        table = sequences()
        table.loc[table.index[(table["arm"] == arm).argmax()], "exact"] = False
        axes = drawn(figures.theorem_6_benefit({"general_sequences": table}, WIDTH))
        name = "CCE-gap" if arm == "individual" else "gap"
        assert axes[0].get_ylabel() == f"{name}, meta minus\nindividual (reward units)"


def test_gaps_below_0_are_left_out_of_the_axes():
    """Shapley's game: nothing to draw of the prescribed schedule, and less of another, without a warning."""
    table = schedules()
    table.loc[table["schedule"] == "prescribed", ["gap", "low", "high"]] = -0.1
    table.loc[(table["schedule"] == "quarter") & (table["iteration"] == 1000), ["gap", "low"]] = -0.1
    for ax in drawn(figures.theorem_5_bounds({"schedules": table}, WIDTH)):
        low, high = ax.get_ylim()
        assert 0 < low < 0.9 < high


def test_slopes_are_those_of_the_windows():
    """At the geometric middle of each window: slopes with their intervals, dashes for the schedule's own slope."""
    table = slopes()
    figure = figures.FIGURES["theorem5_slopes"]({"schedule_slopes": table}, WIDTH)
    axes = drawn(figure)
    middle = [10**4.5, 10**5.5, 10**6.5]
    for ax, (horizon, players) in zip(axes, PANELS, strict=True):
        assert ax.get_title() == f"H = {horizon}, N = {players}"
        own = table[(table["horizon"] == horizon) & (table["n_players"] == players)]
        found = {bars.get_label(): bars for bars in ax.containers}
        assert list(found) == list(SCHEDULES.values())
        dashes = [line for line in ax.get_lines() if line.get_linestyle() == "--" and line.get_label() != "-2/3"]
        assert len(dashes) == 4
        for (name, label), dashed in zip(SCHEDULES.items(), dashes, strict=True):
            part, line = own[own["schedule"] == name], found[label].lines[0]
            np.testing.assert_allclose(points(line), np.column_stack([middle, part["slope"]]), rtol=1e-12)
            np.testing.assert_allclose(ends_of(found[label]), part[["low", "high"]], rtol=1e-12)
            np.testing.assert_allclose(points(dashed), np.column_stack([middle, part["schedule_slope"]]), rtol=1e-12)
            assert line.get_marker() == "o"
            assert line.get_linestyle() == "-"
            assert line.get_color() == dashed.get_color()
        lines = labelled(ax)
        assert set(lines) == {"slope of (11)", "-2/3"}
        expected = np.column_stack([middle, own[own["schedule"] == "prescribed"]["bound_slope"]])
        np.testing.assert_allclose(points(lines["slope of (11)"]), expected, rtol=1e-12)
        assert (lines["slope of (11)"].get_marker(), lines["slope of (11)"].get_linestyle()) == ("_", "None")
        assert set(lines["-2/3"].get_ydata()) == {-2 / 3}
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "linear", "iterations T")
    assert [bool(ax.get_ylabel()) for ax in axes] == [True, False, False, False]
    assert "dashed" in axes[0].get_ylabel()
    assert set(legend_of(figure)) == {*SCHEDULES.values(), "slope of (11)", "-2/3"}


def test_schedules_look_alike_in_both_figures():
    one = figures.theorem_5_bounds({"schedules": schedules()}, WIDTH).axes[0]
    other = figures.theorem_5_slopes({"schedule_slopes": slopes()}, WIDTH).axes[0]
    colours = {bars.get_label(): bars.lines[0].get_color() for bars in other.containers}
    lines = labelled(one)
    assert {label: lines[f"measured, {label}"].get_color() for label in SCHEDULES.values()} == colours
    assert list(colours.values()) == list(figures._SCHEDULE_COLORS[:4])


@pytest.mark.parametrize("constants", [(), (1.0,), (0.3, 0.01, 0.1, 0.03), (0.1, 0.2, 0.3, 0.4, 0.5)])
def test_constants_are_those_of_the_table(constants):
    """Any number, in their order; with more schedules than colours, these begin again."""
    names = ["prescribed", "quarter", *(f"constant {rate:g}" for rate in constants)]
    labels = [SCHEDULES["prescribed"], SCHEDULES["quarter"], *(rf"$\eta$ = {rate:g}" for rate in constants)]
    table, of_slopes = schedules(names=names), slopes(names=names)
    colours = figures._SCHEDULE_COLORS
    assert len(set(colours)) == len(colours) == 6
    expected = [colours[k % 6] for k in range(len(names))]
    for ax in drawn(figures.theorem_5_bounds({"schedules": table}, WIDTH)):
        lines = [line for label, line in labelled(ax).items() if label.startswith("measured, ")]
        assert [line.get_label() for line in lines] == [f"measured, {label}" for label in labels]
        assert [line.get_color() for line in lines] == expected
    for ax in drawn(figures.theorem_5_slopes({"schedule_slopes": of_slopes}, WIDTH)):
        assert [bars.get_label() for bars in ax.containers] == labels
        assert [bars.lines[0].get_color() for bars in ax.containers] == expected


# Theorem 6 ----------------------------------------------------------------------------------------------


def test_benefit_is_differences_along_each_sweep():
    """A panel a sweep of the random games, everything else as in the reference; the other kinds in the last one."""
    table = sequences()
    figure = figures.FIGURES["theorem6_benefit"]({"general_sequences": table}, WIDTH)
    *axes, last = drawn(figure)
    labels = ["perturbation", "number of games K", "players N", "actions A", "horizon H"]
    assert [ax.get_xlabel() for ax in axes] == labels
    assert [ax.get_xscale() for ax in axes] == ["linear", "log", "linear", "linear", "linear"]
    meta = {ARM_LABELS[arm]: arm for arm in ARMS[1:]}
    assert set(legend_of(figure)) == set(meta)
    assert len(legend_of(figure)) == 3
    for ax, name in zip(axes, SWEEPS, strict=True):
        found = {bars.get_label(): bars for bars in ax.containers}
        assert set(found) == set(meta)
        for label, arm in meta.items():
            own = table[(table["arm"] == arm) & (table["base_kind"] == "random")]
            for other in set(SWEEPS) - {name}:
                own = own[own[other] == REFERENCE[other]]
            own = own.sort_values(name)
            assert own[name].tolist() == sorted([*SWEEPS[name], REFERENCE[name]])
            line = found[label].lines[0]
            shows(line, own, name, "difference")
            np.testing.assert_allclose(ends_of(found[label]), own[["difference_low", "difference_high"]], atol=1e-12)
            style = plotting.ARM_STYLE[arm]
            assert line.get_color() == style["color"]
        if name != "perturbation":
            assert ticks_of(ax.xaxis) == [str(value) for value in sorted([*SWEEPS[name], REFERENCE[name]])]
    assert {bars.get_label() for bars in last.containers} == set(meta)
    at = dict(zip(ticks_of(last.xaxis), last.get_xticks().tolist(), strict=True))
    assert set(at) == {KIND_LABELS[kind] for kind in KINDS}
    kinds = [kind for kind in table[table["arm"] != "individual"]["base_kind"].unique() if kind != "random"]
    assert [at[KIND_LABELS[kind]] for kind in kinds] == [0, 1, 2]  # in the order of the table, random not among them
    for bars in last.containers:
        own = table[(table["arm"] == meta[bars.get_label()]) & (table["base_kind"] != "random")]
        assert bars.lines[0].get_linestyle() == "None"
        found = {(x, y, *ends) for (x, y), ends in zip(points(bars.lines[0]), ends_of(bars).round(9), strict=True)}
        wanted = own[["difference_low", "difference_high"]].to_numpy().round(9).tolist()
        assert found == {
            (at[KIND_LABELS[kind]], difference, *ends)
            for kind, difference, ends in zip(own["base_kind"], own["difference"], wanted, strict=True)
        }
    for ax in (*axes, last):
        assert ax.get_yscale() == "linear"
        assert [0.0, 0.0] in [list(line.get_ydata()) for line in ax.get_lines()]
        assert ax.get_ylim() == axes[0].get_ylim()  # one scale for all
        low, high = ax.get_ylim()
        assert low < table[table["arm"] != "individual"]["difference_low"].min()
        assert high > table[table["arm"] != "individual"]["difference_high"].max()
    label = "CCE-gap, meta minus\nindividual (reward units)"
    assert [ax.get_ylabel() for ax in (axes[0], axes[3])] == [label] * 2
    assert not any(ax.get_ylabel() for ax in (axes[1], axes[2], axes[4], last))


def test_a_difference_outside_its_interval_has_bars_of_length_0():
    """Bootstrap quantiles may miss the estimate by a rounding, which Matplotlib does not forgive."""
    table = sequences(arms=("individual", "best_response"))
    table = table.assign(difference_low=table["difference"] + 1e-16, difference_high=table["difference"] - 1e-16)
    axes = drawn(figures.theorem_6_benefit({"general_sequences": table}, WIDTH))
    for ax in axes:
        (bars,) = ax.containers
        np.testing.assert_allclose(ends_of(bars).T, [points(bars.lines[0])[:, 1]] * 2, atol=1e-15)


def test_smallest_tables():
    """One H and N, one T, one window, one meta-update, no sweeps and no other kind: nothing needs a second."""
    tables = {
        "schedules": schedules(places=((2, 2),), iterations=(100,)),
        "schedule_slopes": slopes(places=((2, 2),), windows=WINDOWS[:1]),
        "general_sequences": sequences(sweeps={}, kinds={}, arms=ARMS[:2]),
    }
    panels = {"theorem5_bounds": 1, "theorem5_slopes": 1, "theorem6_benefit": 6}
    assert set(figures.FIGURES) == set(panels)
    for name, function in figures.FIGURES.items():
        axes = drawn(function(tables, WIDTH))
        assert len(axes) == panels[name], name
        assert all(ax.get_lines() or ax.containers for ax in axes), name


# Page ---------------------------------------------------------------------------------------------------

ORIGINS = {
    "random games": "random_games",
    "all sequences": "sequences",
    "sequences": "sequences",
    "burn-in": "burn_in",
    "long runs": "schedules",
}
THEORY = theory_of(
    [
        ("theorem 5", "printed", "random games, all", 1, 0.5, 0.25, 1.414049, 2881, 437, 19, NAN),
        ("equation 11", "printed", "random games, all", 1000, 0.5, 0.25, 0.020555, 593, 0, 0, 4801.0),
        ("theorem 5, exact CCE-gap", "printed", "random games, all", 1, 0.5, 0.25, 0.6789, 1441, 11, 2, NAN),
        ("theorem 5, exact CCE-gap", "printed", "random games, random, H=1, N=2", 1, 0.5, 0.25, 0.6, 49, 6, 1, NAN),
        ("theorem 6: theorem 5, mean over games", "printed", "all sequences", 61, 0.1, 8.4, 66.25, 58, 5, 0, NAN),
        ("theorem 5", "printed", "burn-in, H=2", 1000, 0.1, 8.4, 0.0723, 21, 0, 0, 61.0),
        ("theorem 5", "proven", "long runs, random, H=1, N=2, quarter rate", 1, 0.5, 1.0, 0.9531, 1201, 0, 0, 7.0),
        ("theorem 6: theorem 5, mean over games", "printed", "sequences, random", 1, 0.5, 0.2, 1.99, 4301, 7, 0, NAN),
        ("theorem 5", "printed", "random games, random, H=1, N=2", 1, 0.5, 0.25, 1.3371, 48, 46, 4, NAN),
        ("equation 11", "printed", "random games, random, H=1, N=2, A_max=2", 1, 0.5, 0.25, 1.29, 47, 3, 5, NAN),
        ("theorem 1", "printed", "random games, all", 1, 0.5, 0.25, 3056.08, 4321, 7, 0, NAN),
        ("theorem 2", "printed", "long runs", 1, 0.5, 0.25, 3.33, 4322, 7, 0, NAN),
        ("equation 4", "printed", "long runs", 1, 0.5, 0.25, 3.35, 4323, 7, 0, NAN),
        ("theorem 3", "printed", "random games, all", 1, 0.5, 0.25, 3.36, 4324, 7, 0, NAN),
        ("theorem 4", "printed", "long runs", 1, 0.5, 0.25, 3.37, 4325, 7, 0, NAN),
        ("proposition 1", "printed", "long runs", 1, 0.5, 0.25, 3.38, 4326, 7, 0, NAN),
    ],
    ORIGINS,
)


GROWTH = pd.DataFrame(
    [
        (2, 3, True, 12345.0, 8.7e6, 9, 2.1234, 2.0, 2.3, 0.1234, 0.111, 0.132, 0.00123, 0.0234, 1.234, 0.9, 1.4,
         "consistent"),
        (1, 2, False, 15000.0, 9.1e6, 7, 0.678, 0.6, 0.7, 0.0876, 0.08, 0.09, 0.0131, 0.0071, -0.34, -0.5, -0.1,
         "inconclusive"),
        (1, 3, False, 1e4, 1e7, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, ""),
    ],
    columns=["horizon", "n_players", "exact", "start", "end", "points", "increment", "increment_low", "increment_high",
             "power", "power_low", "power_high", "misfit_affine", "misfit_power", "advantage", "advantage_low",
             "advantage_high", "verdict"],
)  # fmt: skip


def all_tables():
    return {"theory": THEORY, "schedule_slopes": slopes(), "rate_growth": GROWTH, "general_sequences": sequences()}


def test_page_growth():
    """Settings with a verdict, cell by cell; whose gap it is."""
    _, rows = rows_of(page_of(), "Rate of Algorithm 2")
    assert rows == [
        ["2", "3", "CCE-gap", "1.2e+04 to 8.7e+06", "9", "2.123 [2, 2.3]", "1.2e-03", "0.123 [0.111, 0.132]", "2.3e-02",
         "1.23 [0.90, 1.40]", "consistent"],
        ["1", "2", "told", "1.5e+04 to 9.1e+06", "7", "0.678 [0.6, 0.7]", "1.3e-02", "0.088 [0.080, 0.090]", "7.1e-03",
         "-0.34 [-0.50, -0.10]", "inconclusive"],
    ]  # fmt: skip


def page_of(**changed):
    tables = all_tables() | changed
    return [*theorem_5(tables), *theorem_6(tables)]


def test_page_claims():
    """Totals and single measurements; no settings of random games and sequences, and no other theorem's."""
    head, rows = rows_of(page_of(), "Theorem 5: measured over bound")
    assert rows_of(page_of(), "Theorem 6: measured over bound") == (
        head,
        [["theorem 6: theorem 5, mean over games", "printed", "all sequences", "66.2", "58", "5", "0", ""]],
    )
    assert head == ["claim", "form", "setting", "largest left / right", "runs", "violated in", "unresolved",
                    "informative from"]  # fmt: skip
    assert rows == [
        ["theorem 5", "printed", "random games, all", "1.41", "2881", "437", "19", ""],
        ["equation 11", "printed", "random games, all", "0.0206", "593", "0", "0", "4801"],
        ["theorem 5, exact CCE-gap", "printed", "random games, all", "0.679", "1441", "11", "2", ""],
        ["theorem 5", "printed", "burn-in, H=2", "0.0723", "21", "0", "0", "61"],
        ["theorem 5", "proven", "long runs, random, H=1, N=2, quarter rate", "0.953", "1201", "0", "0", "7"],
    ]


def test_page_slopes():
    table = slopes()
    head, rows = rows_of(page_of(), "Slopes of the gap of Algorithm 2")
    columns = [r"slope of $\log T / (\eta T)$", "slope of (11)"]
    assert head == ["$H$", "$N$", "learning rate", "window", "slope", *columns]
    assert len(rows) == 48
    for row, found in zip(rows, table.itertuples(), strict=True):
        assert row == [
            str(found.horizon),
            str(found.n_players),
            found.schedule,
            {1e4: "1e+04 to 1e+05", 1e5: "1e+05 to 1e+06", 1e6: "1e+06 to 1e+07"}[found.start],
            f"{found.slope:.3f} [{found.low:.3f}, {found.high:.3f}]",
            f"{found.schedule_slope:.3f}",
            f"{found.bound_slope:.3f}",
        ]


def test_page_sequences():
    """Meta-learning only, in order; an effect is one whose interval leaves out 0."""
    table = sequences()
    table["difference_low"], table["difference_high"] = table["difference"] - 0.02, table["difference"] + 0.02
    head, rows = rows_of(page_of(general_sequences=table), "Theorem 6: what meta-learning gains")
    assert head == ["games", "meta-update", "$H$", "$N$", "$A$", "$K$", "perturbation", r"$\Delta_\pi/K$",
                    "gap - individual", "effect", "gap", "told", "Theorem 5"]  # fmt: skip
    meta = table[table["arm"] != "individual"]
    assert len(rows) == 42
    for row, found in zip(rows, meta.itertuples(), strict=True):
        clear = abs(found.difference) > 0.02
        assert row == [
            KIND_LABELS[found.base_kind],
            ARM_LABELS[found.arm],
            *map(str, (found.horizon, found.n_players, found.max_actions, found.games)),
            f"{found.perturbation:g}",
            f"{found.similarity_per_game:.1f}",
            f"{found.difference:.2g} [{found.difference_low:.2g}, {found.difference_high:.2g}]",
            ("helps" if found.difference < 0 else "hurts") if clear else "no clear effect",
            f"{found.later_gap:.2g}",
            f"{found.later_told:.2g}",
            f"{found.instantiated:.2g}",
        ]
    assert {row[9] for row in rows} == {"helps", "hurts", "no clear effect"}


SHOWN = {
    "theory": ["ratio", "runs", "violations", "unresolved", "first_informative"],
    "schedule_slopes": ["horizon", "n_players", "start", "end", "slope", "low", "high", "bound_slope",
                        "schedule_slope"],
    "rate_growth": ["horizon", "n_players", "start", "end", "points", "increment", "increment_low", "increment_high",
                    "power", "power_low", "power_high", "misfit_affine", "misfit_power", "advantage", "advantage_low",
                    "advantage_high"],
    "general_sequences": ["horizon", "n_players", "max_actions", "games", "perturbation", "similarity_per_game",
                          "difference", "difference_low", "difference_high", "later_gap", "later_told",
                          "instantiated"],
}  # fmt: skip


@pytest.mark.parametrize("name", list(SHOWN))
def test_every_number_of_the_page_is_read(name):
    """A change of any column that is shown shows, and of no other."""
    table = all_tables()[name]
    for column in table.select_dtypes("number").columns:
        changed = page_of(**{name: table.assign(**{column: table[column] * 3 + 1})})
        assert (text_of(changed) != text_of(page_of())) == (column in SHOWN[name]), column
