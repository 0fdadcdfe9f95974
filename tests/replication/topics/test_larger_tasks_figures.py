"""Figures of the larger tasks and of the user's own games show the numbers of their tables, and no others."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawings import WIDTH, in_style, reads_what_its_plan_says

from metanash.streams import stream
from metanash_replication import plotting
from metanash_replication.plotting import ARM_LABELS
from metanash_replication.topics.larger_tasks import figures as appendix
from metanash_replication.topics.own_games import figures as own_games

STAGED = ["individual", "best_response", "stage_average", "output_policy"]
EXPERIMENTS = {
    "appendix_poker": (["random", "sorted"], STAGED, [4.0, 16.0], [0.5], 10, "27x64"),
    "appendix_poker_large": (["random"], STAGED, [16.0], [0.5], 10, "81x256"),
    "appendix_poker_long": (["random", "sorted", "alternating"], STAGED, [16.0], [0.5], 200, "27x64"),
    "appendix_tracking": (["shared"], ["individual", "carry_over"], [0.1], [0.1, 0.3], 10, "3x3x3x3"),
}


style = pytest.fixture(autouse=True)(in_style)


def number(*labels):
    return 0.01 + float(stream(*map(str, labels)).uniform())


@pytest.fixture(scope="module")
def tables():
    rows = {"appendix": [], "appendix_curves": [], "appendix_games": [], "appendix_equilibria": []}
    for name, (kinds, arms, rates, sizes, games, plans) in EXPERIMENTS.items():
        for kind, arm, rate, size in itertools.product(kinds, arms, rates, sizes):
            row = {"experiment": name, "base_kind": kind, "arm": arm, "learning_rate": rate, "perturbation": size}
            row |= {
                "games": games,
                "n_actions": plans,
                "iterations": 100,
                "unit": "pots" if "poker" in name else "reward",
            }
            row |= {"rate_shown": rate == rates[-1], "perturbation_shown": size == sizes[0]}
            place = tuple(row.values())
            ratio = number(*place, "ratio")
            rows["appendix"].append(row | {"ratio": ratio, "ratio_low": ratio / 2, "ratio_high": 2 * ratio})
            error = number(*place, "error")
            rows["appendix_equilibria"].append(row | {"error": error, "error_low": error / 2, "error_high": error})
            for t in (1, 10, 100):
                rows["appendix_curves"].append(row | {"iteration": t, "mean": number(*place, t), "std": 0.001})
            for first in range(1, games + 1, 10):
                gap = number(*place, first, "game")
                rows["appendix_games"].append(
                    row | {"first": first, "last": first + 9, "gap": gap, "low": gap / 2, "high": gap}
                )
    return {name: pd.DataFrame(found) for name, found in rows.items()}


def shows(line, x, y):
    np.testing.assert_array_equal(np.asarray(line.get_xdata(), dtype=float), np.asarray(x, dtype=float))
    np.testing.assert_array_equal(np.asarray(line.get_ydata(), dtype=float), np.asarray(y, dtype=float))


def labelled(axes):
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def rows(table, **where):
    for key, value in where.items():
        table = table[table[key] == value]
    return table


def test_poker_curves_and_tasks(tables):
    figure = appendix.FIGURES["appendix_poker"](tables, WIDTH)
    figure.canvas.draw()
    assert figure.get_size_inches()[0] == WIDTH
    axes = figure.axes
    assert [ax.get_title() for ax in axes] == [
        "10 tasks, 27 x 64 plans", "10 tasks, 81 x 256 plans", "10 tasks, all rates",
        "200 tasks, random", "200 tasks, sorted", "200 tasks, alternating",
    ]  # fmt: skip
    assert axes[0].get_ylabel() == "NE-gap (pots)"
    for ax, name in zip(axes[:2], ("appendix_poker", "appendix_poker_large"), strict=True):
        lines = labelled(ax)
        assert set(lines) == {ARM_LABELS[arm] for arm in STAGED}
        for arm in STAGED:
            part = rows(tables["appendix_curves"], experiment=name, base_kind="random", arm=arm, learning_rate=16.0)
            shows(lines[ARM_LABELS[arm]], part["iteration"], part["mean"])
    for ax, kind in zip(axes[3:], ("random", "sorted", "alternating"), strict=True):
        for arm, line in zip(STAGED, [labelled(ax)[ARM_LABELS[arm]] for arm in STAGED], strict=True):
            part = rows(tables["appendix_games"], experiment="appendix_poker_long", base_kind=kind, arm=arm)
            shows(line, (part["first"] + part["last"]) / 2, part["gap"])
    assert axes[3].get_ylabel() == "NE-gap at T = 100 (pots)"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [ARM_LABELS[arm] for arm in STAGED]


def test_poker_ratios_at_all_rates(tables):
    ax = appendix.FIGURES["appendix_poker"](tables, WIDTH).axes[2]
    found = [line for line in ax.get_lines() if len(line.get_xdata()) == 2 and line.get_marker() == "o"]
    assert len(found) == 3
    for arm, line in zip(STAGED[1:], sorted(found, key=lambda li: STAGED.index(arm_of(li))), strict=True):
        part = rows(tables["appendix"], experiment="appendix_poker", base_kind="random", arm=arm)
        shows(line, part["learning_rate"], part["ratio"])


def arm_of(line):
    for arm in STAGED:
        style = plotting.ARM_STYLE[arm]
        if line.get_color() == style["color"]:
            return arm
    raise AssertionError


def test_fewer_orders_leave_empty_panels(tables):
    fewer = {name: table[~table["base_kind"].isin(["sorted", "alternating"])] for name, table in tables.items()}
    figure = appendix.FIGURES["appendix_poker"](fewer, WIDTH)
    figure.canvas.draw()
    assert [ax.get_visible() for ax in figure.axes] == [True] * 4 + [False] * 2


def test_tracking(tables):
    figure = appendix.FIGURES["appendix_tracking"](tables, WIDTH)
    figure.canvas.draw()
    axes = figure.axes
    for ax, size in zip(axes[:2], (0.1, 0.3), strict=True):
        assert ax.get_title() == f"10 tasks, perturbation {size:g}"
        for arm in ("individual", "carry_over"):
            part = rows(tables["appendix_curves"], experiment="appendix_tracking", arm=arm, perturbation=size)
            shows(labelled(ax)[ARM_LABELS[arm]], part["iteration"], part["mean"])
    assert axes[0].get_ylabel() == "NE-gap (reward units)"
    worth = [line for line in axes[2].get_lines() if line.get_marker() == "o"]
    for arm, line in zip(("individual", "carry_over"), worth, strict=True):
        part = rows(tables["appendix_equilibria"], experiment="appendix_tracking", arm=arm)
        assert line.get_color() == plotting.ARM_STYLE[arm]["color"]
        shows(line, part["perturbation"], part["error"])


def test_figures_are_drawn_of_the_tables_that_the_plan_says(tables):
    reads_what_its_plan_says("larger_tasks", appendix.FIGURES, tables)
    reads_what_its_plan_says("own_games", own_games.FIGURES, own_table(["a"], ["individual"], number))


# Own games ----------------------------------------------------------------------------------------------


def own_table(names, arms, gap):
    places = itertools.product(names, arms, (1, 2), (1, 10, 100))
    found = pd.DataFrame(places, columns=["own", "arm", "game", "iteration"])
    gaps = [gap(*place) for place in found.itertuples(index=False)]
    first = found.assign(measure="ne_gap", gap=gaps, player=1, gain=7.0, gain_in_payoffs=7.0)
    return {"own_games": pd.concat([first, first.assign(player=2)])}


def test_own_games_are_means_over_the_games_of_a_file():
    given = own_table(["a", "b", "c", "d"], ["individual", "carry_over"], number)
    figure = own_games.FIGURES["own_games"](given, WIDTH)
    figure.canvas.draw()
    assert [ax.get_title() for ax in figure.axes if ax.get_visible()] == ["a", "b", "c", "d"]
    for ax in figure.axes[:4]:
        for arm in ("individual", "carry_over"):
            wanted = [np.mean([number(ax.get_title(), arm, game, t) for game in (1, 2)]) for t in (1, 10, 100)]
            np.testing.assert_allclose(labelled(ax)[ARM_LABELS[arm]].get_ydata(), wanted)
        assert ax.get_ylabel() == "NE-gap (reward units)"


def test_a_gap_of_0_is_said_and_drawn_without_a_logarithm():
    given = own_table(["rps"], ["individual"], lambda *_: 0.0)
    figure = own_games.FIGURES["own_games"](given, WIDTH)
    figure.canvas.draw()
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.texts] == ["no gap above 0"]
    given = own_table(["late"], ["individual"], lambda _name, _arm, _game, t: 0.0 if t == 100 else 1.0 / t)
    (ax,) = own_games.FIGURES["own_games"](given, WIDTH).axes
    shows(labelled(ax)[ARM_LABELS["individual"]], [1, 10], [1.0, 0.1])
