"""Figures and page of Proposition 1 and Theorems 3 and 4 show the numbers of their tables, and no others."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from drawings import WIDTH, band_of, bands, corners, drawn, in_style, labelled, legend_of, points, shows
from matplotlib.colors import to_hex
from pages import rows_of, text_of, theory_of

from metanash_replication.plotting import KIND_LABELS
from metanash_replication.topics.maml import figures as gradient_figures
from metanash_replication.topics.maml.section import theorem_4
from metanash_replication.topics.potential import figures
from metanash_replication.topics.potential.section import proposition_1, theorem_3

NAN, INF = float("nan"), float("inf")
TEAM, FREE = KIND_LABELS["team"], KIND_LABELS["action_independent"]


style = pytest.fixture(autouse=True)(in_style)


# Tables -------------------------------------------------------------------------------------------------


def curves(kinds=("action_independent", "team"), discounts=(0.5, 0.9), factors=(1.0, 100.0)):
    rng, rows = np.random.default_rng(1), []
    for kind, g, factor, t in itertools.product(kinds, discounts, factors, [1, 10, 100]):
        low, mean, high = np.sort(rng.uniform(0.1, 1.0, 3))
        rows.append((kind, g, factor, t, mean, rng.uniform(0.01, 0.1), low, high, *rng.uniform(1, 9, 2)))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "discount", "step_factor", "iteration", "mean_gap", "ne_gap", "low", "high", "printed",
                 "repaired"],
    )  # fmt: skip


def violations(discounts=(0.0, 0.5), iterations=(1, 30)):
    rng, rows = np.random.default_rng(2), []
    for g, start, t in itertools.product(discounts, ("uniform", "random", "pure"), iterations):
        rows.append((g, start, t, 40, 37, int(rng.integers(1, 30)), *rng.uniform(0.2, 1.4, 2)))
    return pd.DataFrame(
        rows, columns=["discount", "start", "iteration", "games", "resolved", "violated", "printed", "repaired"]
    )


def made(discounts=(0.0, 0.5), iterations=(1, 5, 30, 80), unresolved=(5,)):
    """Rows of instances made to violate Proposition 1, at checkpoints of their own; larger than all others."""
    rng, rows = np.random.default_rng(7), []
    for g, t in itertools.product(discounts, iterations):
        known = t not in unresolved
        rows.append((g, "made", t, 1, int(known), int(known), *(rng.uniform(1.5, 1.9, 2) * known)))
    return pd.DataFrame(rows, columns=violations().columns)


OUTCOMES = ("converged", "rising", "cycle", "irregular")


def far(kinds=("team", "action_independent"), discounts=(0.0, 0.9), factors=(1.0, 10.0, 1e7)):
    rng, rows = np.random.default_rng(3), []
    for kind, g, players, factor in itertools.product(kinds, discounts, (2, 3), factors):
        counts = rng.multinomial(50, [0.4, 0.3, 0.2, 0.1])
        rows.append((kind, g, players, factor, factor * rng.uniform(), 77, 50, *counts, int(rng.integers(2, 9)), 0.5))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "discount", "n_players", "step_factor", "step_size", "iterations", "runs", *OUTCOMES,
                 "longest_period", "ne_gap"],
    )  # fmt: skip


REFERENCE = {"perturbation": 0.1, "games": 10, "n_players": 2, "discount": 0.5}
SWEEPS = {"perturbation": [0.0, 0.4], "games": [5, 40], "n_players": [3], "discount": [0.0]}


def sequences(kinds=("team", "action_independent"), sweeps=None):
    """A reference setting and sweeps from it, as the configuration has them, for both arms; shuffled."""
    rng, rows = np.random.default_rng(4), []
    varied = [REFERENCE] + [
        REFERENCE | {name: value} for name, values in (SWEEPS if sweeps is None else sweeps).items() for value in values
    ]
    for arm, kind, theory, place in itertools.product(
        ("individual", "carry_over"), kinds, (True, False), varied
    ):  # fmt: skip
        numbers = np.sort(rng.uniform(0.05, 0.95, 6))
        rows.append(
            {
                "arm": arm,
                "family": "potential",
                "base_kind": kind,
                **place,
                "iterations": 100,
                "theory_step": theory,
                "step_size": rng.uniform(),
                "mean_gap": rng.uniform(),
                "deviation": 1e-16,
                "later_mean_gap": 0.123,
                "ratio_low": numbers[0],
                "ratio": numbers[1],
                "ratio_high": numbers[2],
                "later_gap": 0.321,
                "last_ratio_low": numbers[3],
                "last_ratio": numbers[4],
                "last_ratio_high": numbers[5],
                "dissimilarity": rng.uniform(1, 9),
                "exact": 1.0,
                "bound": rng.uniform(10, 90) if theory else NAN,
                "n_seeds": 20,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    congestion = table.iloc[[-1]].assign(
        family="congestion", base_kind="distancing", n_players=8, discount=0.9, deviation=0.00137, dissimilarity=NAN,
        exact=NAN, bound=NAN, ratio=0.77, theory_step=False,
    )  # fmt: skip
    return pd.concat([table, congestion], ignore_index=True).sample(frac=1.0, random_state=4)


ARMS = ("maml", "maml_theory", "maml_sampled", "first_order")
LOOPS = [(1.0, 1), (5.0, 5)]


def training(kinds=("team", "action_independent"), loops=tuple(LOOPS)):
    rng, rows = np.random.default_rng(5), []
    for kind, (alpha, steps), arm, t in itertools.product(kinds, loops, ARMS, (1, 7, 50)):
        bound = rng.uniform(1, 9) if arm == "maml_theory" else NAN
        rows.append((kind, 0.5, alpha, steps, arm, t, *rng.uniform(0.1, 1.0, 3), bound))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "discount", "inner_step", "inner_steps", "arm", "iteration", "objective",
                 "gradient_norm", "smallest", "bound"],
    )  # fmt: skip


STARTS = ("scratch", "maml", "maml_theory", "maml_sampled", "first_order", "joint", "carry_over")


def adaptation(kinds=("team", "action_independent"), loops=tuple(LOOPS), steps=(0, 1, 3, 10, 100)):
    rng, rows = np.random.default_rng(6), []
    for kind, (alpha, t), name, step in itertools.product(kinds, loops, STARTS, steps):
        low, gap, high, *ratios = np.sort(rng.uniform(0.1, 1.0, 6))
        rows.append((kind, 0.5, alpha, t, name, step, gap, low, high, ratios[1], ratios[0], ratios[2], 0.5, 20))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "discount", "inner_step", "inner_steps", "initialisation", "step", "ne_gap", "low",
                 "high", "ratio", "ratio_low", "ratio_high", "potential", "n_seeds"],
    )  # fmt: skip


INNER = pd.DataFrame(
    [
        ("team", 0.5, 0.1, 0, 0.2, 30.0), ("team", 0.5, 0.1, 1, 0.05, 200.0), ("team", 0.5, 0.01, 0, 0.01, 900.0),
        ("team", 0.5, 0.01, 1, 0.001, INF), ("action_independent", 0.5, 0.1, 0, 0.3, 11.0),
        ("action_independent", 0.5, 0.1, 1, 0.02, 70.0),
    ],
    columns=["base_kind", "discount", "probability", "seed", "least_best", "iterations"],
)  # fmt: skip
INNER_SLOPES = pd.DataFrame(
    [("action_independent", 0.5, -0.684, -0.7012, -0.6512, 2, 0), ("team", 0.5, -1.117, -1.236, -0.982, 3, 1)],
    columns=["base_kind", "discount", "slope", "low", "high", "runs", "not_reached"],
)


# Proposition 1 ------------------------------------------------------------------------------------------


TRIVIAL = r"trivial: $1 / (1 - \gamma)$"


def test_rates_are_the_curves():
    table = curves()
    figure = figures.FIGURES["proposition1_rates"]({"potential_curves": table}, WIDTH)
    axes = drawn(figure)
    assert len(axes) == 4
    for ax, (g, factor) in zip(axes, itertools.product((0.5, 0.9), (1.0, 100.0)), strict=True):
        lines = labelled(ax)
        assert set(lines) == {
            f"{what}, {kind}" for what in ("measured", "bound, repaired") for kind in (TEAM, FREE)
        } | {TRIVIAL}
        shown = []
        for kind, name in (("action_independent", FREE), ("team", TEAM)):
            own = table[(table["base_kind"] == kind) & (table["discount"] == g) & (table["step_factor"] == factor)]
            measured, bound = lines[f"measured, {name}"], lines[f"bound, repaired, {name}"]
            shows(measured, own, "iteration", "mean_gap")
            shows(bound, own, "iteration", "repaired")
            assert measured.get_color() == bound.get_color()
            assert measured.get_linestyle() != bound.get_linestyle()
            shown.append(band_of(own, "iteration"))
        assert [corners(band) for band in bands(ax)] == shown
        assert set(lines[TRIVIAL].get_ydata()) == {1 / (1 - g)}
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        step = "largest step of the theory" if factor == 1 else "100 times that step"
        assert ax.get_title() == rf"$\gamma$ = {g:g}, {step}"
    assert [ax.get_xlabel() for ax in axes] == ["", "", "iterations T", "iterations T"]
    assert [ax.get_ylabel() for ax in axes] == ["mean NE-gap of iterates\n(reward units)", ""] * 2
    assert set(legend_of(figure)) == set(labelled(axes[0]))


SOLID, DOTTED, DASHED = (0, None), (0, [1, 1]), (0, [4, 1.5])


def pattern_of(line):
    start, dashes = line._unscaled_dash_pattern
    return start, None if dashes is None else list(dashes)


@pytest.mark.parametrize("instances", [False, True])
def test_violations_are_shares_and_largest_ratios(instances):
    """Made instances have a line of their own, with a gap where they are unresolved, and enter no other."""
    table, more = violations(), made()
    both = pd.concat([table, more], ignore_index=True) if instances else table
    figure = figures.FIGURES["proposition1_violations"]({"proposition1_violations": both}, WIDTH)
    left, right = drawn(figure)
    lines = labelled(left)
    assert len(lines) == len(left.get_lines()) == 6
    for g, start in itertools.product((0.0, 0.5), ("uniform", "random", "pure")):
        own = table[(table["discount"] == g) & (table["start"] == start)]
        shows(lines[rf"$\gamma$ = {g:g}, {start}"], own.assign(share=own["violated"] / 40), "iteration", "share")
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in lines.values()}
    assert len({colour for colour, _ in looks}) == 2
    *curves_right, one = right.get_lines()
    assert set(one.get_ydata()) == {1.0}
    for line, (g, name) in zip(
        curves_right, itertools.product((0.0, 0.5), ("printed", "repaired", "made")), strict=True
    ):
        assert to_hex(line.get_color()) == to_hex(lines[rf"$\gamma$ = {g:g}, pure"].get_color())
        assert pattern_of(line) == {"printed": SOLID, "repaired": DOTTED, "made": DASHED}[name]
        if name != "made":
            largest = [table[(table["discount"] == g) & (table["iteration"] == t)][name].max() for t in (1, 30)]
            np.testing.assert_array_equal(points(line), [[1, largest[0]], [30, largest[1]]])
        elif instances:
            first, _, *rest = more[more["discount"] == g]["printed"]
            np.testing.assert_array_equal(points(line), np.column_stack([[1, 5, 30, 80], [first, NAN, *rest]]))
        else:
            assert points(line).shape == (0, 2)
    assert legend_of(figure) == [r"$\gamma$ = 0", r"$\gamma$ = 0.5"]
    for shade in figure.legends[0].get_lines():
        assert to_hex(shade.get_color()) == to_hex(lines[f"{shade.get_label()}, pure"].get_color())
    said = {ax: {line.get_label(): pattern_of(line) for line in ax.get_legend().get_lines()} for ax in (left, right)}
    assert said[left] == {
        f"{start} start": pattern_of(lines[rf"$\gamma$ = 0, {start}"]) for start in ("pure", "random", "uniform")
    }
    forms = {"printed": SOLID, "repaired": DOTTED, "printed, games made for it": DASHED}
    assert said[right] == forms | {"1: above, it fails": SOLID}
    assert to_hex(right.get_legend().get_lines()[-1].get_color()) == to_hex(one.get_color())
    assert left.get_ylabel() == "share of games that violate\nProposition 1 as printed"
    assert right.get_ylabel() == "largest gap / bound"
    for ax in (left, right):
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylim()[0]) == ("log", "linear", 0.0)
        assert ax.get_xlabel() == "iterations T"


def test_violations_of_what_the_table_has():
    """A kind of start without rows has no line; a discount of made instances only has one line, in the right panel."""
    table = violations()
    table = table[~((table["discount"] == 0.0) & (table["start"] != "pure"))]
    both = pd.concat([table, made(discounts=(0.9, 0.5), unresolved=())], ignore_index=True)
    left, right = drawn(figures.proposition_1_violations({"proposition1_violations": both}, WIDTH))
    names = [r"$\gamma$ = 0, pure", *(rf"$\gamma$ = 0.5, {start}" for start in ("pure", "random", "uniform"))]
    assert [line.get_label() for line in left.get_lines()] == names
    shows(left.get_lines()[0], table.iloc[:2].assign(share=table["violated"] / 40), "iteration", "share")
    *curves_right, _ = right.get_lines()
    assert [len(points(line)) for line in curves_right] == [2, 2, 0, 2, 2, 4, 0, 0, 4]
    shows(curves_right[0], table.iloc[:2], "iteration", "printed")
    for line, g in ((curves_right[5], 0.5), (curves_right[8], 0.9)):
        shows(line, both[(both["discount"] == g) & (both["start"] == "made")], "iteration", "printed")
    assert len({to_hex(curves_right[k].get_color()) for k in (2, 5, 8)}) == 3


def test_far_steps_are_shares_of_runs():
    """Kinds and sizes together: bars from 0 to 1, in the order of the legend."""
    table = far()
    figure = figures.FIGURES["proposition1_steps"]({"far_steps": table}, WIDTH)
    axes = drawn(figure)
    assert legend_of(figure) == ["at an equilibrium", "potential still rises", "in a cycle", "neither"]
    for ax, g in zip(axes, (0.0, 0.9), strict=True):
        assert ax.get_title() == rf"$\gamma$ = {g:g}"
        assert [bars.get_label() for bars in ax.containers] == legend_of(figure)
        below = np.zeros(3)
        for bars, name in zip(ax.containers, OUTCOMES, strict=True):
            counts = [
                table[(table["discount"] == g) & (table["step_factor"] == f)][name].sum() / 200 for f in (1, 10, 1e7)
            ]
            assert [bar.get_height() for bar in bars] == pytest.approx(counts)
            assert [bar.get_y() for bar in bars] == pytest.approx(below)
            assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx([0, 1, 2])
            below += counts
        np.testing.assert_allclose(below, 1.0)
        assert [label.get_text() for label in ax.get_xticklabels()] == ["$10^{0}$", "$10^{1}$", "$10^{7}$"]
        assert ax.get_ylim() == (0.0, 1.0)
    assert len({to_hex(bars.patches[0].get_facecolor()) for bars in axes[0].containers}) == 4


# Theorem 3 ----------------------------------------------------------------------------------------------


def test_benefit_is_ratios_along_each_sweep():
    """A panel a sweep, everything else as in the reference; carry-over in potential games only."""
    table = sequences()
    figure = figures.FIGURES["theorem3_benefit"]({"potential_sequences": table}, WIDTH)
    axes = drawn(figure)
    carried = table[(table["arm"] == "carry_over") & (table["family"] == "potential")]
    labels = ["perturbation", "number of games K", "number of players N", r"discount $\gamma$"]
    assert [ax.get_xlabel() for ax in axes] == labels
    assert [ax.get_xscale() for ax in axes] == ["linear", "log", "linear", "linear"]
    assert {ax.get_yscale() for ax in axes} == {"log"}
    names = {
        f"{label}, {step} step": (kind, step == "theory")
        for kind, label in (("team", TEAM), ("action_independent", FREE))
        for step in ("theory", "practical")
    }
    assert set(legend_of(figure)) == set(names)
    for ax, name in zip(axes, SWEEPS, strict=True):
        found = {bars.get_label(): bars for bars in ax.containers}
        assert set(found) == set(names)
        for label, (kind, theory) in names.items():
            own = carried[(carried["base_kind"] == kind) & (carried["theory_step"] == theory)]
            for other in set(SWEEPS) - {name}:
                own = own[own[other] == REFERENCE[other]]
            own = own.sort_values(name)
            assert own[name].tolist() == sorted([*SWEEPS[name], REFERENCE[name]])
            line, _, (bars,) = found[label]
            shows(line, own, name, "ratio")
            ends = np.array([segment[:, 1] for segment in bars.get_segments()])
            np.testing.assert_allclose(ends, own[["ratio_low", "ratio_high"]], rtol=1e-12)
        assert 1.0 in {y for line in ax.get_lines() for y in np.unique(line.get_ydata()).tolist()}
    theory, practical = (found[f"{TEAM}, {step} step"][0] for step in ("theory", "practical"))
    assert theory.get_color() == practical.get_color()
    assert theory.get_linestyle() != practical.get_linestyle()
    assert [text.get_text() for text in axes[1].get_xticklabels()] == ["5", "10", "40"]


# Theorem 4 ----------------------------------------------------------------------------------------------


def title_of(kind, loop=None):
    title = rf"{KIND_LABELS[kind]}, $\gamma$ = 0.5"
    return title if loop is None else f"{title}\nT = {loop[1]} inner steps of {loop[0]:g} / L"


def test_norms_are_the_smallest_so_far_and_the_bound():
    table = training()
    figure = gradient_figures.FIGURES["theorem4_norms"]({"meta_training": table}, WIDTH)
    axes = drawn(figure)
    labels = {gradient_figures.LABELS[arm] for arm in ARMS} | {"Theorem 4, step $1 / L_F$"}
    assert set(legend_of(figure)) == labels
    for ax, (loop, kind) in zip(axes, itertools.product(LOOPS, ("team", "action_independent")), strict=True):
        assert ax.get_title() == title_of(kind, loop)
        own = table[(table["base_kind"] == kind) & (table["inner_steps"] == loop[1])]
        lines = labelled(ax)
        assert set(lines) == labels
        for arm in ARMS:
            shows(lines[gradient_figures.LABELS[arm]], own[own["arm"] == arm], "iteration", "smallest")
        shows(lines["Theorem 4, step $1 / L_F$"], own[own["arm"] == "maml_theory"], "iteration", "bound")
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("meta-iterations K", "smallest meta-gradient")


def test_adaptation_is_the_gaps_of_the_table():
    table = adaptation()
    figure = gradient_figures.FIGURES["maml_adaptation"]({"adaptation": table}, WIDTH)
    axes = drawn(figure)
    assert set(legend_of(figure)) == set(gradient_figures.LABELS.values())
    assert set(gradient_figures.LABELS) == set(gradient_figures.STYLE) == set(STARTS)
    for ax, (loop, kind) in zip(axes, itertools.product(LOOPS, ("team", "action_independent")), strict=True):
        assert ax.get_title() == title_of(kind, loop)
        own = table[(table["base_kind"] == kind) & (table["inner_steps"] == loop[1])]
        lines = labelled(ax)
        assert len(lines) == len(ax.get_lines()) == 7
        for name in STARTS:
            shows(lines[gradient_figures.LABELS[name]], own[own["initialisation"] == name], "step", "ne_gap")
        wanted = [
            band_of(own[own["initialisation"] == name], "step")
            for name in gradient_figures.STYLE
            if name in {"scratch", "maml", "carry_over"}
        ]
        assert [corners(band) for band in bands(ax)] == wanted
        assert ax.get_xscale() in {"linear", "symlog"}  # step 0 is shown
        assert ax.get_xlim() == (0.0, 100.0)
        assert ax.get_ylim()[0] == 0.0
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in labelled(axes[0]).values()}
    assert len({(style["color"], str(style["linestyle"])) for style in gradient_figures.STYLE.values()}) == 7
    assert len(looks) >= 6


def test_inner_loop_is_the_runs_that_got_there():
    """Reference lines of slope -1 and -2 through the medians; the slope of the table in the title."""
    figure = gradient_figures.FIGURES["maml_inner_loop"](
        {"inner_loop": INNER, "inner_loop_slopes": INNER_SLOPES}, WIDTH
    )
    axes = drawn(figure)
    assert legend_of(figure) == ["a run", "1 / c", "1 / c$^2$"]
    titles = ("slope -1.12 [-1.24, -0.98]", "slope -0.68 [-0.70, -0.65]")
    for ax, kind, title in zip(axes, ("team", "action_independent"), titles, strict=True):
        assert ax.get_title() == f"{title_of(kind)}\n{title}"
        own = INNER[(INNER["base_kind"] == kind) & np.isfinite(INNER["iterations"])]
        lines = labelled(ax)
        shows(lines["a run"], own, "least_best", "iterations")
        for label, exponent in (("1 / c", 1), ("1 / c$^2$", 2)):
            (x0, y0), (x1, y1) = points(lines[label])
            assert np.log(y1 / y0) / np.log(x1 / x0) == pytest.approx(-exponent)
            assert (x0, x1) == (own["least_best"].min(), own["least_best"].max())
            c, t = own["least_best"].median(), own["iterations"].median()
            assert y0 * (c / x0) ** -exponent == pytest.approx(t)
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        assert ax.get_xlabel() == "c: least probability of the best actions"


def test_smallest_tables():
    """One kind, one discount, one of everything: nothing needs a second."""
    one = {"kinds": ("team",)}
    tables = {
        "potential_curves": curves(**one, discounts=(0.5,), factors=(1.0,)),
        "proposition1_violations": violations(discounts=(0.5,), iterations=(1,)),
        "far_steps": far(**one, discounts=(0.5,), factors=(1.0,)),
        "potential_sequences": sequences(**one, sweeps={}),
        "meta_training": training(**one, loops=((1.0, 1),)),
        "adaptation": adaptation(**one, loops=((1.0, 1),), steps=(0, 1)),
        "inner_loop": INNER.iloc[:2],
        "inner_loop_slopes": INNER_SLOPES.iloc[1:],
    }
    panels = {"proposition1_violations": 2, "theorem3_benefit": 4}
    for name, function in (figures.FIGURES | gradient_figures.FIGURES).items():
        figure = function(tables, WIDTH)
        axes = drawn(figure)
        assert len(axes) == panels.get(name, 1), name
        assert all(ax.get_lines() or ax.containers for ax in axes), name
    assert len(figures.FIGURES | gradient_figures.FIGURES) == 7


# Page ---------------------------------------------------------------------------------------------------

ORIGINS = {
    "random games": "random_games",
    "random sequences": "random_sequences",
    "sequences": "sequences",
    "meta-training": "meta_training",
    "random points": "constant_ratios",
    "long runs": "long_runs",
}
THEORY = theory_of(
    [
        ("proposition 1", "printed", "random games, all", 1, 0.5, 0.25, 1.414049, 2881, 437, 19, NAN),
        ("proposition 1", "printed", "random games, team, discount=0", 1, 0.5, 0.25, 1.3371, 48, 46, 4, NAN),
        ("proposition 1", "printed", "random sequences, team, discount=0", 1, 0.5, 0.25, 1.29, 47, 3, 5, NAN),
        ("theorem 3", "repaired: 1920/959 kappa", "random sequences, all", 100, 0.1, 8.4, 0.020555, 593, 0, 0, 4801.0),
        ("theorem 3", "printed", "sequences, team", 100, 0.1, 8.4, 66.25, 58, 5, 0, NAN),
        ("theorem 4", "printed", "meta-training, team", 100, 0.1, 8.4, 0.0723, 21, 0, 0, 61.0),
        ("gradient at most G", "derived", "random points, all", 1, 0.5, 1.0, 0.9531, 1201, 0, 0, NAN),
        ("theorem 1", "printed", "random games, all", 1, 0.5, 0.25, 3056.08, 4321, 7, 0, NAN),
        ("theorem 2", "printed", "long runs", 1, 0.5, 0.25, 3.33, 4322, 7, 0, NAN),
        ("equation 4", "printed", "long runs", 1, 0.5, 0.25, 3.35, 4323, 7, 0, NAN),
        ("theorem 5", "printed", "random games, all", 1, 0.5, 0.25, 3.36, 4324, 7, 0, NAN),
        ("theorem 6: theorem 5", "printed", "long runs", 1, 0.5, 0.25, 3.37, 4325, 7, 0, NAN),
        ("equation 11", "printed", "long runs", 1, 0.5, 0.25, 3.38, 4326, 7, 0, NAN),
    ],
    ORIGINS,
)
SLOPES = pd.DataFrame(
    [
        ("team", 0.5, 1.0, 1.0, 3e3, 3e4, -0.8799, -1.0897, -0.8106, -0.4248, -0.4, 0.03, NAN, 16),
        ("action_independent", 0.9, 100.0, 7.0, 3e4, 3e5, -0.8382, -0.8782, -0.8158, -0.5, -0.4, 0.03, "consistent", 9),
    ],
    columns=["base_kind", "discount", "step_factor", "longer", "start", "end", "slope", "low", "high", "bound_slope",
             "claimed", "margin", "verdict", "n_seeds"],
)  # fmt: skip


SCALING = pd.DataFrame(
    [
        ("team", "individual", 10**6, 10**5, 1.0, 0.5, 0.0), ("team", "individual", 10**6, 10**5, 100.0, 0.4, -0.02),
        ("team", "carry_over", 10**8, 10**8, 100.0, 0.3, 0.0), ("team", "carry_over", 10**8, 10**8, 1e4, 0.2, 0.003),
    ],
    columns=["base_kind", "arm", "total", "iteration", "step_factor", "ne_gap", "difference"],
)  # fmt: skip


def test_page_scaling():
    _, rows = rows_of(page_of(), "Step times iterations")
    assert rows == [
        [KIND_LABELS["team"], "individual", "1e+06", "1 to 100", "2.0e-02"],
        [KIND_LABELS["team"], "meta: carry-over", "1e+08", "100 to 10000", "3.0e-03"],
    ]


def page_of(**changed):
    tables = {
        "step_scaling": SCALING,
        "theory": THEORY, "proposition1_violations": violations(), "potential_slopes": SLOPES, "far_steps": far(),
        "potential_sequences": sequences(), "adaptation": adaptation(), "inner_loop_slopes": INNER_SLOPES,
    }  # fmt: skip
    tables |= changed
    return [*proposition_1(tables), *theorem_3(tables), *theorem_4(tables)]


def test_page_claims():
    """Totals and single measurements; no settings of random games and sequences, and no other theorem's."""
    page = page_of()
    found = [rows_of(page, f"{name}: measured over bound") for name in ("Proposition 1", "Theorem 3", "Theorem 4")]
    for head, _ in found:
        assert head == ["claim", "form", "setting", "largest left / right", "runs", "violated in", "unresolved",
                        "informative from"]  # fmt: skip
    assert [rows for _, rows in found] == [
        [["proposition 1", "printed", "random games, all", "1.41", "2881", "437", "19", ""]],
        [["theorem 3", "repaired: 1920/959 kappa", "random sequences, all", "0.0206", "593", "0", "0", "4801"]],
        [
            ["theorem 4", "printed", "meta-training, team", "0.0723", "21", "0", "0", "61"],
            ["gradient at most G", "derived", "random points, all", "0.953", "1201", "0", "0", ""],
        ],
    ]


def test_page_violations():
    table = violations()
    table.loc[(table["start"] == "uniform"), "violated"] = 0
    table.loc[(table["start"] == "random") & (table["iteration"] == 30), "violated"] = 0
    head, rows = rows_of(page_of(proposition1_violations=table), "Where Proposition 1 fails")
    assert head == ["discount", "start", "games", "violated at $T=1$", "last $T$ with a violation", "largest, printed",
                    "largest, repaired"]  # fmt: skip
    assert len(rows) == 6
    for row in rows:
        part = table[(table["discount"] == float(row[0])) & (table["start"] == row[1])]
        at_one = part[part["iteration"] == 1].iloc[0]
        last = {"uniform": "never", "random": "1", "pure": "30"}[row[1]]
        largest = [f"{part[name].max():.4f}" for name in ("printed", "repaired")]
        assert row[2:] == ["40", str(at_one["violated"]), last, *largest]


def test_page_slopes():
    head, rows = rows_of(page_of(), "Rate of projected Q-ascent")
    assert head == ["games", "discount", "step", "longer", "window", "slope", "slope of the bound", "verdict"]
    assert rows == [
        [TEAM, "0.5", "1", "1", "3e+03 to 3e+04", "-0.880 [-1.090, -0.811]", "-0.425", ""],
        [FREE, "0.9", "100", "7", "3e+04 to 3e+05", "-0.838 [-0.878, -0.816]", "-0.500", "consistent"],
    ]


def test_page_far_steps():
    table = far()
    head, rows = rows_of(page_of(), "Projected Q-ascent far beyond")
    assert head == ["discount", "step / theory", "step", "at an equilibrium, %", "potential rises, %", "cycle, %",
                    "neither, %", "longest period"]  # fmt: skip
    assert [row[:2] for row in rows] == [[g, f] for g in ("0", "0.9") for f in ("1", "10", "1e+07")]
    for row in rows:
        part = table[(table["discount"] == float(row[0])) & (table["step_factor"] == float(row[1]))]
        assert row[2] == f"{np.median(part['step_size']):.2g}"
        assert row[3:7] == [f"{part[name].sum() / 2:.0f}" for name in OUTCOMES]
        assert row[7] == str(part["longest_period"].max())


def test_page_sequences():
    """Carry-over only, in order; the bound where there is one, Delta_Phi where there is a potential."""
    table = sequences()
    head, rows = rows_of(page_of(), "Theorem 3: what carry-over gains")
    assert head == ["games", "discount", "$N$", "$K$", "perturbation", "step", r"$\Delta_\Phi$",
                    "mean gap / individual", "last gap / individual", "mean gap", "Theorem 3"]  # fmt: skip
    carried = table[table["arm"] == "carry_over"]
    assert len(rows) == len(carried)
    for row, (_, found) in zip(rows, carried.iterrows(), strict=True):
        potential, theory = found["family"] == "potential", found["theory_step"]
        assert row == [
            KIND_LABELS[found["base_kind"]] if potential else "congestion, deviation 0.0014",
            *(f"{found[name]:g}" for name in ("discount", "n_players", "games", "perturbation")),
            f"{found['step_size']:.2g}" + (" (theory)" if theory else ""),
            f"{found['dissimilarity']:.3g}" if potential else "",
            f"{found['ratio']:.2f} [{found['ratio_low']:.2f}, {found['ratio_high']:.2f}]",
            f"{found['last_ratio']:.2f} [{found['last_ratio_low']:.2f}, {found['last_ratio_high']:.2f}]",
            f"{found['mean_gap']:.2g}",
            f"{found['bound']:.2g}" if theory else "",
        ]
    assert sum(row[0].startswith("congestion") for row in rows) == 1


def test_page_adaptation():
    """At the start, at the end, and at two steps between."""
    table = adaptation(steps=(0, 1, 2, 5, 10, 20, 50, 100))
    head, rows = rows_of(page_of(adaptation=table), "Adaptation")
    places = list(itertools.product(("team", "action_independent"), LOOPS, STARTS))
    shown = [int(re.fullmatch(r"after (\d+) steps", cell)[1]) for cell in head[4:]]
    assert head[:4] == ["games", "discount", "inner steps of MAML", "start"]
    assert (shown[0], shown[-1], len(shown), sorted(set(shown))) == (0, 100, 4, shown)
    for row, (kind, (alpha, t), name) in zip(rows, places, strict=True):
        assert row[:4] == [KIND_LABELS[kind], "0.5", f"{t} of {alpha:g} $/ L$", name.replace("_", " ")]
        own = table[(table["base_kind"] == kind) & (table["inner_steps"] == t) & (table["initialisation"] == name)]
        for cell, step in zip(row[4:], shown, strict=True):
            found = own[own["step"] == step].iloc[0]
            interval = f"[{found['ratio_low']:.2f}, {found['ratio_high']:.2f}]"
            assert cell == f"{found['ne_gap']:.3g}, {found['ratio']:.2f} {interval}"


@pytest.mark.parametrize("steps", [(0, 1), (0, 1, 2), (0, 1, 2, 3)])
def test_page_adaptation_with_few_steps(steps):
    head, _ = rows_of(page_of(adaptation=adaptation(steps=steps)), "Adaptation")
    assert head[4:] == [f"after {step} steps" for step in steps]


def test_page_inner_loop():
    head, rows = rows_of(page_of(), "The constant of the inner loop")
    assert head == ["games", "discount", r"slope of $\log T$ on $\log c$", "runs", "not there in time"]
    assert rows == [
        [FREE, "0.5", "-0.68 [-0.70, -0.65]", "2", "0"],
        [TEAM, "0.5", "-1.12 [-1.24, -0.98]", "3", "1"],
    ]


INTERVALS = [f"{name}{end}" for name in ("ratio", "last_ratio") for end in ("", "_low", "_high")]
SHOWN = {
    "theory": ["ratio", "runs", "violations", "unresolved", "first_informative"],
    "proposition1_violations": ["discount", "games", "violated", "printed", "repaired", "iteration"],
    "potential_slopes": ["discount", "step_factor", "longer", "start", "end", "slope", "low", "high", "bound_slope",
                         "claimed"],
    "step_scaling": ["total", "step_factor", "difference"],
    "far_steps": ["discount", "step_factor", "step_size", *OUTCOMES, "longest_period"],
    "potential_sequences": ["discount", "n_players", "games", "perturbation", "step_size", "dissimilarity", *INTERVALS,
                            "mean_gap", "bound", "deviation"],
    "adaptation": ["discount", "inner_step", "inner_steps", "step", "ne_gap", *INTERVALS[:3]],
    "inner_loop_slopes": ["discount", "slope", "low", "high", "runs", "not_reached"],
}  # fmt: skip


@pytest.mark.parametrize("name", list(SHOWN))
def test_every_number_of_the_page_is_read(name):
    """Each number shown comes from its table: a change of any of them shows."""
    tables = {
        "step_scaling": SCALING, "theory": THEORY,
        "proposition1_violations": violations(), "potential_slopes": SLOPES, "far_steps": far(),
        "potential_sequences": sequences(), "adaptation": adaptation(), "inner_loop_slopes": INNER_SLOPES,
    }  # fmt: skip
    page = page_of()
    for column in SHOWN[name]:
        # the last step is one of those shown, and the first is step 0
        changed = tables[name].assign(**{column: tables[name][column] * 3 + (column != "step")})
        assert text_of(page_of(**{name: changed})) != text_of(page), column
