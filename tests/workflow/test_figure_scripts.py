"""The scripts of the figures put the right rows of the tables on the right axes, at the size of the configuration."""

import importlib.util
import itertools
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from drawings import is_readable

from metanash_replication import plotting


@pytest.fixture
def draw(finished, monkeypatch):
    """Call ``main`` of the script on the tables of the small run; return the figures by name."""
    mpl.use("Agg")
    saved = []
    monkeypatch.setattr(plotting, "save", lambda figure, paths: saved.append((figure, paths)))

    def call(scales, sweeps, width):
        monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
        spec = importlib.util.spec_from_file_location("drawing", ROOT / "workflow/scripts/simulation_figures.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        names = [*scales, "figure1c", *sweeps]
        files = [Path(f"{name}.{kind}") for name in names for kind in ("pdf", "png")]
        read = {name: finished.path(f"{name}.csv") for name in ("figure1", "equilibria", "sensitivity")}
        module.main(read, scales, sweeps, width, files)
        assert [paths for _, paths in saved] == [
            {"pdf": Path(f"{name}.pdf"), "png": Path(f"{name}.png")} for name in names
        ]
        for figure, _ in saved:
            is_readable(figure)
        return dict(zip(names, [figure for figure, _ in saved], strict=True))

    with mpl.rc_context():
        yield call
    plt.close("all")


def label(arm):
    return plotting.ARM_LABELS[arm]


@pytest.mark.parametrize(
    ("panel", "kinds", "arms"),
    [
        ("1a", ["mixed", "pure"], ["individual", "best_response", "stage_average", "output_policy"]),
        ("1b", ["team", "action_independent"], ["individual", "carry_over"]),
    ],
)
def test_gap_figures_show_the_means_of_the_table(finished, draw, panel, kinds, arms):
    figure = draw({f"figure{panel}": "log"}, {}, 4.5)[f"figure{panel}"]
    gaps = pd.read_csv(finished.path("figure1.csv"))
    assert figure.get_size_inches().tolist() == [4.5, pytest.approx(0.45 * 4.5)]
    assert [axes.get_title().replace("\n", " ") for axes in figure.axes] == [
        plotting.KIND_LABELS[kind] for kind in kinds
    ]
    for axes, kind in zip(figure.axes, kinds, strict=True):
        assert axes.get_yscale() == "log"
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert list(lines) == [label(arm) for arm in plotting.ARM_LABELS if arm in arms]
        for arm in arms:
            rows = gaps[(gaps["figure"] == panel) & (gaps["base_kind"] == kind) & (gaps["arm"] == arm)]
            line = lines[label(arm)]
            assert line.get_xdata().tolist() == sorted(set(rows["iteration"]))
            for t, y in zip(line.get_xdata(), line.get_ydata(), strict=True):
                by_seed = [part["ne_gap"].mean() for _, part in rows[rows["iteration"] == t].groupby("seed")]
                assert len(by_seed) == 4
                assert y == pytest.approx(np.mean(by_seed))
    (legend,) = figure.legends
    assert sorted(text.get_text() for text in legend.get_texts()) == sorted(label(arm) for arm in arms)


def test_equilibrium_figure_shows_the_equilibria(finished, draw):
    """Of the first seed; and of all seeds the widest range of a probability, as shares."""
    figure = draw({}, {}, 6.0)["figure1c"]
    found = pd.read_csv(finished.path("equilibria.csv"))
    assert figure.get_size_inches()[0] == pytest.approx(6.0)
    titles = [f"one sequence, {plotting.KIND_LABELS[kind]}" for kind in ("mixed", "pure")]
    assert [axes.get_title() for axes in figure.axes] == [*titles, "all sequences"]
    first = found[(found["payoffs"] == "rewards") & (found["seed"] == 0)]
    for axes, kind in zip(figure.axes, ("mixed", "pure"), strict=False):
        for state, cloud in enumerate(axes.collections, start=1):
            assert cloud.get_label() == f"state {state}"
            rows = first[(first["base_kind"] == kind) & (first["state"] == state)]
            points = {tuple(point) for point in rows[["mu_a1", "nu_b1"]].round(6).to_numpy().tolist()}
            assert {tuple(point) for point in cloud.get_offsets().tolist()} == points
    for line in figure.axes[-1].get_lines():
        label = line.get_label()
        if label.startswith("_"):
            continue
        words, payoffs = label.split(", ")
        (kind,) = (kind for kind, name in plotting.KIND_LABELS.items() if name == words)
        rows = found[(found["base_kind"] == kind) & (found["payoffs"] == payoffs)]
        wanted = sorted(
            max(float(np.ptp(state[name])) for _, state in own.groupby("state") for name in ("mu_a1", "nu_b1"))
            for _, own in rows.groupby("seed")
        )
        assert sorted(set(line.get_xdata()[1:])) == pytest.approx(sorted(set(wanted)))
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 2 + 4


@pytest.mark.parametrize(
    ("name", "kinds", "arms", "learner", "rate"),
    [
        ("zero_sum", ["mixed", "pure"], ["best_response", "stage_average", "output_policy"],
         "optimistic_mirror_descent", r"learning rate $\eta$"),
        ("potential", ["team", "action_independent"], ["carry_over"], "projected_q_ascent", r"step size $\alpha$"),
    ],
)  # fmt: skip
def test_sensitivity_figures_show_the_ratios(finished, config, draw, name, kinds, arms, learner, rate):
    figure = draw({}, {f"sensitivity_{name}": (kinds, learner)}, 5.0)[f"sensitivity_{name}"]
    table, section = pd.read_csv(finished.path("sensitivity.csv")), config["experiments"][f"sensitivity_{name}"]
    rates, sizes = section["learning"]["learning_rates"], section["games"]["perturbations"]
    panels = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert len(panels) == len(kinds) * len(arms)
    for kind, arm in itertools.product(kinds, arms):
        (image,) = panels[f"{label(arm)}\n{plotting.KIND_LABELS[kind]}"].get_images()
        rows = table[(table["base_kind"] == kind) & (table["arm"] == arm)]
        rows = rows.set_index(["perturbation", "learning_rate"])["ratio"]
        wanted = [[np.log(rows[size, eta]) for eta in rates] for size in sizes]
        np.testing.assert_allclose(image.get_array(), wanted)
    assert figure.get_supxlabel() == rate
    assert figure.get_supylabel() == "perturbation size"
    assert figure.get_size_inches()[0] == 5.0
