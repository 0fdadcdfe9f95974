"""Figures of Theorems 1 and 2 show the numbers of their tables, and no others."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from drawings import WIDTH, band_of, bands, corners, drawn, in_style, labelled, legend_of, points, shows
from matplotlib.colors import to_hex

from metanash_replication.plans import read_plan
from metanash_replication.plotting import ARM_LABELS, ARM_STYLE, KIND_LABELS
from metanash_replication.styles import KIND_STYLE
from metanash_replication.topics.zero_sum import figures

NAN = float("nan")
ARMS = ("individual", "best_response", "stage_average", "output_policy")
style = pytest.fixture(autouse=True)(in_style)


# Tables -------------------------------------------------------------------------------------------------


def curves(horizons=(3, 1, 2), kinds=("mixed", "pure"), iterations=(1, 2, 10, 100)):
    """Bounds differ between the kinds of games, and equation (4) is 0 at the first iteration; both never so high."""
    rng, rows = np.random.default_rng(1), []
    for kind, horizon, t in itertools.product(kinds, horizons, iterations):
        low, gap, high = np.sort(rng.uniform(0.01, 0.9, 3))
        slope = -rng.uniform(0.1, 1.0) if t >= 10 else NAN
        row = {"base_kind": kind, "horizon": horizon, "iteration": t, "ne_gap": gap, "low": low, "high": high}
        row |= {"equation_4": rng.uniform(10, 90) if t > 1 else 0.0, "theorem_1": rng.uniform(10, 90)}
        rows.append(row | {"local_slope": slope, "bound_local_slope": slope / 2})
    return pd.DataFrame(rows)


SETTINGS = {"small step": (0.1, 0.001, 1.0), "burn-in": (2.0, 1.0)}
"""Multiples of the largest learning rate, and horizons; not in the order of the figure."""


def defects(settings=None):
    rng, rows = np.random.default_rng(2), []
    for defect, values in (SETTINGS if settings is None else settings).items():
        for setting, t in itertools.product(values, (1, 10, 100)):
            left, printed, repaired = rng.uniform(0.1, 5.0, 3)
            place = {"defect": defect, "setting": setting, "iteration": t, "ne_gap": left}
            bounds = {"printed": printed, "repaired": repaired}
            rows.append({**place, **bounds, "over_printed": left / printed, "over_repaired": left / repaired})
    return pd.DataFrame(rows)


def chain(kinds=("pure", "mixed"), horizons=(1, 3)):
    """Stages end at other iterations than the checkpoints; nothing is known at 0 of the last step."""
    rng, rows = np.random.default_rng(3), []
    for kind, horizon, stage in itertools.product(kinds, horizons, (1, 2, 3)):
        for step, quantity in itertools.product(range(1, horizon + 1), ("regret", "value_error")):
            value = 0.0 if (step == horizon and quantity == "value_error") or stage == 1 else rng.uniform(0.01, 0.9)
            place = {"base_kind": kind, "horizon": horizon, "stage": stage, "iteration": 3 * stage, "step": step}
            rows.append({**place, "quantity": quantity, "value": value})
    return pd.DataFrame(rows)


SHORT = [
    *((10, size) for size in (0.4, 0.0, 0.1)),
    *((games, 0.1) for games in (300, 5, 30)),
]
"""K and perturbation: a sweep of each from K = 10 and 0.1."""


def sequences(kinds=("pure", "mixed"), arms=ARMS, short=SHORT):
    """Beside the short runs, long ones with a learning rate within the theorem, which are not drawn."""
    rng, rows = np.random.default_rng(4), []
    for kind, arm, (place, within) in itertools.product(
        kinds, arms, [*((one, False) for one in short), ((10, 0.0), True), ((7, 0.2), True)]
    ):
        games, size = place
        row = {"base_kind": kind, "arm": arm, "horizon": 2, "games": games, "perturbation": size, "iterations": 1000}
        row |= {"learning_rate": 0.2, "within": within, "ne_gap": rng.uniform(0.01, 0.5)}
        row |= {"later_gap": rng.uniform(0.01, 0.5), "ratio": rng.uniform(0.5, 2.0), "n_seeds": 3}
        rows.append(row | {"similarity_per_game": 50 * size + rng.uniform(1, 3), "bound": rng.uniform(10, 90)})
    return pd.DataFrame(rows).sample(frac=1.0, random_state=5)


def patterns(lines):
    return [str(line._unscaled_dash_pattern) for line in lines]


def of_colour(lines, colour):
    return [line for line in lines if to_hex(line.get_color()) == to_hex(colour)]


# Theorem 1 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("mixed", "pure"), ("pure",)])
def test_bounds_are_the_curves(kinds):
    """Panels by H. Bounds are those of the first kind of games, equation (4) from T = 2 on; H is the trivial one."""
    table = curves(kinds=kinds)
    figure = figures.FIGURES["theorem1_bounds"]({"bound_curves": table}, WIDTH)
    axes = drawn(figure)
    measured = [f"measured, {KIND_LABELS[kind]}" for kind in kinds]
    assert [ax.get_title() for ax in axes] == ["H = 1", "H = 2", "H = 3"]
    for ax, horizon in zip(axes, (1, 2, 3), strict=True):
        own, lines = table[table["horizon"] == horizon], labelled(ax)
        assert list(lines) == [*measured, "equation (4)", "Theorem 1", "trivial: H"]
        assert len(ax.get_lines()) == len(lines)
        for kind, label, band in zip(kinds, measured, bands(ax), strict=True):
            part = own[own["base_kind"] == kind]
            shows(lines[label], part, "iteration", "ne_gap")
            assert corners(band) == band_of(part, "iteration")
            wanted = to_hex(KIND_STYLE[kind]["color"])
            assert to_hex(lines[label].get_color()) == to_hex(band.get_facecolor()[0]) == wanted
        first = own[own["base_kind"] == kinds[0]]
        shows(lines["equation (4)"], first[first["iteration"] >= 2], "iteration", "equation_4")
        shows(lines["Theorem 1"], first, "iteration", "theorem_1")
        assert set(lines["trivial: H"].get_ydata()) == {horizon}
        of_bounds = [lines[name] for name in ("equation (4)", "Theorem 1", "trivial: H")]
        assert len(set(patterns(of_bounds))) == 3
        assert {to_hex(line.get_color()) for line in of_bounds} == {to_hex("0.35")}
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "iterations T")
    assert [ax.get_ylabel() for ax in axes] == ["NE-gap (reward units)", "", ""]
    assert sorted(legend_of(figure)) == sorted(lines)


def test_slopes_are_those_over_a_decade():
    """A line for each kind where it has a slope, that of equation (4) from the first kind, and 1/T at -1."""
    table = curves()
    figure = figures.FIGURES["theorem1_slopes"]({"bound_curves": table}, WIDTH)
    axes = drawn(figure)
    known = table[table["iteration"] >= 10]
    for ax, horizon in zip(axes, (1, 2, 3), strict=True):
        assert ax.get_title() == f"H = {horizon}"
        own, lines = known[known["horizon"] == horizon], labelled(ax)
        measured = {kind: f"measured, {KIND_LABELS[kind]}" for kind in ("mixed", "pure")}
        assert list(lines) == [*measured.values(), "equation (4)", "1/T"]
        assert len(ax.get_lines()) == len(lines)
        for kind, label in measured.items():
            shows(lines[label], own[own["base_kind"] == kind], "iteration", "local_slope")
            assert lines[label].get_color() == KIND_STYLE[kind]["color"]
        shows(lines["equation (4)"], own[own["base_kind"] == "mixed"], "iteration", "bound_local_slope")
        assert set(lines["1/T"].get_ydata()) == {-1}
        assert len(set(patterns([lines["equation (4)"], lines["1/T"]]))) == 2
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "linear", "iterations T")
        assert ax.get_ylim()[0] < -1 < 0 < ax.get_ylim()[1]
    assert [ax.get_ylabel() for ax in axes] == ["slope of log gap, log T", "", ""]
    assert sorted(legend_of(figure)) == sorted(lines)


def test_defects_are_ratios_to_both_bounds():
    """Solid over the printed bound, dotted over the repaired one, a colour for each setting, and a line at 1."""
    table = defects()
    figure = figures.FIGURES["theorem1_defects"]({"defects": table}, WIDTH)
    panels = {
        "small step": ("small learning rates, H = 1", {
            1.0: r"$\eta$ = 1 / (8$H^2$)", 0.1: r"$\eta$ = 0.1 / (8$H^2$)", 0.001: r"$\eta$ = 0.001 / (8$H^2$)"
        }),
        "burn-in": ("burn-in", {1.0: "H = 1", 2.0: "H = 2"}),
    }  # fmt: skip
    for ax, (defect, (title, labels)) in zip(drawn(figure), panels.items(), strict=True):
        assert ax.get_title() == title
        lines = labelled(ax)
        assert list(lines) == list(labels.values())
        (one,) = of_colour(ax.get_lines(), "#d55e00")
        assert set(one.get_ydata()) == {1}
        assert len({to_hex(line.get_color()) for line in lines.values()} | {to_hex("#d55e00")}) == len(labels) + 1
        for setting, label in labels.items():
            own = table[(table["defect"] == defect) & (table["setting"] == setting)]
            solid, dotted = of_colour(ax.get_lines(), lines[label].get_color())
            assert solid is lines[label]
            shows(solid, own, "iteration", "over_printed")
            shows(dotted, own, "iteration", "over_repaired")
            assert (solid.is_dashed(), dotted.is_dashed()) == (False, True)
        assert len(ax.get_lines()) == 2 * len(labels) + 1
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "iterations T")
        assert [text.get_text() for text in ax.get_legend().get_texts()] == list(labels.values())
    assert [ax.get_ylabel() for ax in figure.axes] == ["gap / bound\n(solid: printed, dotted: repaired)", ""]


def test_the_caption_of_the_defects_names_the_panels_as_they_stand():
    (caption,) = (figure.caption for figure in read_plan("zero_sum").figures if figure.name == "theorem1_defects")
    titles = [ax.get_title().split(",")[0] for ax in drawn(figures.theorem_1_defects({"defects": defects()}, WIDTH))]
    places = re.search(r"([^.]*) on the left, (.*) on the right", caption)
    assert [place.strip().lower() for place in places.groups()] == titles


def test_legends_of_the_defects_stand_below_the_panels():
    """Where they hide no curve."""
    axes = drawn(figures.theorem_1_defects({"defects": defects()}, WIDTH))
    for ax in axes:
        assert ax.get_legend().get_window_extent().y1 < ax.get_window_extent().y0


def test_chain_is_that_of_the_largest_horizon():
    """Dashed regrets and solid value errors, where they are positive, a colour for each step, and the gap in black."""
    links, table = chain(), curves()
    figure = figures.FIGURES["theorem1_chain"]({"chain": links, "bound_curves": table}, WIDTH)
    axes = drawn(figure)
    for ax, kind in zip(axes, ("mixed", "pure"), strict=True):
        assert ax.get_title() == f"{KIND_LABELS[kind]}, H = 3"
        lines = labelled(ax)
        steps = [f"{words}, h = {h}" for h in (1, 2, 3) for words in ("regret", "value error")]
        assert list(lines) == [*steps, "NE-gap of the output"]
        assert len(ax.get_lines()) == len(lines)
        own = links[(links["base_kind"] == kind) & (links["horizon"] == 3) & (links["value"] > 0)]
        colours = []
        for h in (1, 2, 3):
            regret, error = lines[f"regret, h = {h}"], lines[f"value error, h = {h}"]
            for line, quantity in ((regret, "regret"), (error, "value_error")):
                shows(line, own[(own["step"] == h) & (own["quantity"] == quantity)], "iteration", "value")
            assert (regret.is_dashed(), error.is_dashed()) == (True, False)
            assert regret.get_color() == error.get_color()
            colours.append(to_hex(regret.get_color()))
        assert len(points(lines["regret, h = 1"])) == 2  # of three stages
        assert len(points(lines["value error, h = 3"])) == 0
        gap = lines["NE-gap of the output"]
        shows(gap, table[(table["base_kind"] == kind) & (table["horizon"] == 3)], "iteration", "ne_gap")
        assert len({*colours, to_hex(gap.get_color())}) == 4
        assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "iterations T")
    assert [ax.get_ylabel() for ax in axes] == ["mean over seeds (reward units)", ""]
    assert sorted(legend_of(figure)) == sorted(lines)


def test_a_line_keeps_its_meaning_in_figures_of_curves():
    """Kinds of games have one colour in both figures, equation (4) is solid in both."""
    tables = {"bound_curves": curves()}
    one, other = (
        labelled(draw(tables, WIDTH).axes[0]) for draw in (figures.theorem_1_bounds, figures.theorem_1_slopes)
    )
    for label in {*one} & {*other}:
        assert one[label].get_color() == other[label].get_color()
        assert not one[label].is_dashed()
        assert not other[label].is_dashed()
    assert len({*one} & {*other}) == 3


# Theorem 2 ----------------------------------------------------------------------------------------------


def test_benefit_is_gaps_along_both_sweeps():
    """A row for each kind: against similarity at K = 10, against K at the perturbation 0.1; no run at a small rate."""
    table = sequences()
    figure = figures.FIGURES["theorem2_benefit"]({"sequences": table}, WIDTH)
    axes = np.array(drawn(figure)).reshape(2, 2)
    sizes, counts = (0.0, 0.1, 0.4), (5, 10, 30, 300)
    own = table[~table["within"]]
    for row, kind in zip(axes, ("mixed", "pure"), strict=True):
        for ax, x, fixed, n in ((row[0], "similarity_per_game", ("games", 10), sizes),
                                (row[1], "games", ("perturbation", 0.1), counts)):  # fmt: skip
            lines = labelled(ax)
            assert set(lines) == {ARM_LABELS[arm] for arm in ARMS}
            assert len(ax.get_lines()) == 4
            for arm in ARMS:
                part = own[(own["arm"] == arm) & (own["base_kind"] == kind) & (own[fixed[0]] == fixed[1])]
                line = lines[ARM_LABELS[arm]]
                assert len(part) == len(n)
                shows(line, part.sort_values(x), x, "later_gap")
                assert line.get_color() == ARM_STYLE[arm]["color"]
                assert line.get_marker() == "o"
        assert row[1].get_lines()[0].get_xdata().tolist() == list(counts)
        assert row[0].get_xlabel() == r"$\Delta_{\mu,\nu}$ / K (nats)"
        assert row[1].get_xlabel() == "number of games K"
        assert [ax.get_ylabel() for ax in row] == [f"NE-gap, games 2 to K\n{KIND_LABELS[kind]}", ""]
        assert [ax.get_xscale() for ax in row] == ["linear", "log"]
        assert [ax.get_yscale() for ax in row] == ["log", "log"]
        assert row[0].get_ylim() == row[1].get_ylim()  # side by side, so on one scale
    assert legend_of(figure) == [ARM_LABELS[arm] for arm in ARM_STYLE if arm in ARMS]


def test_arms_are_those_of_the_table():
    figure = figures.theorem_2_benefit({"sequences": sequences(kinds=("mixed",), arms=ARMS[:2])}, WIDTH)
    for ax in drawn(figure):
        assert set(labelled(ax)) == {ARM_LABELS[arm] for arm in ARMS[:2]}
    assert legend_of(figure) == [ARM_LABELS[arm] for arm in ARMS[:2]]


def test_smallest_tables():
    """One H, one kind, one setting of each defect, one length of sequences: nothing needs a second."""
    tables = {
        "bound_curves": curves(horizons=(1,), kinds=("pure",), iterations=(1, 10)),
        "defects": defects({"small step": (1.0,), "burn-in": (1.0,)}),
        "chain": chain(kinds=("pure",), horizons=(1,)),
        "sequences": sequences(kinds=("pure",), arms=ARMS[:1], short=[(10, 0.1)]),
    }
    panels = {
        "theorem1_bounds": 1,
        "theorem1_slopes": 1,
        "theorem1_defects": 2,
        "theorem1_chain": 1,
        "theorem2_benefit": 2,
    }
    assert set(figures.FIGURES) == set(panels)
    for name, function in figures.FIGURES.items():
        axes = drawn(function(tables, WIDTH))
        assert len(axes) == panels[name], name
        assert all(len(ax.get_lines()) > 0 for ax in axes), name
