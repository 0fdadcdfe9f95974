"""Meta-updates beside (5) in the small configuration: arrays, tables by hand, verdicts, report and figures."""

import math

import numpy as np
import pandas as pd
import pytest
from drawings import WIDTH, drawn, in_style, labelled, legend_of, reads_what_its_plan_says, shows
from pages import citations_in, rows_of, stands_in, tables_read
from test_successors_tables import configuration

from metanash import OptimisticMirrorDescent, families, learn_sequence
from metanash.bounds import theorem_1_uniform, theorem_2
from metanash.learners import LEARNERS
from metanash_replication.labels import KIND_LABELS, UPDATE_LABELS
from metanash_replication.ledger import judge_all
from metanash_replication.plans import read_plan, setting
from metanash_replication.topics.updates import claims, figures, measure, section
from metanash_replication.topics.updates import tables as made_by
from metanash_replication.topics.updates.tables import choice_rows, comparison_rows, first_below, make

PLAN = read_plan("updates")
style = pytest.fixture(in_style)


@pytest.fixture(scope="module")
def measured():
    config, found = configuration(), {}
    for one in PLAN.measurements:
        found[one.name] = []
        for job in one.jobs(config):
            spec = one.arguments(config, job)
            arrays = getattr(measure, one.function)(**spec)
            found[one.name].append((spec | {"file": f"{one.file.format(**job)}.npz"}, arrays))
    return found


@pytest.fixture(scope="module")
def tables(measured):
    return make(measured, **{name: setting(configuration(), path) for name, path in PLAN.tabulated.settings.items()})


def test_tables_are_those_of_the_plan(tables):
    assert set(tables) == {table.name for table in PLAN.tables}
    keys = {
        "updates": ["setting", "base_kind", "perturbation", "arm", "beside"],
        "updates_choice": ["arm"],
        "updates_bounds": ["horizon", "n_states", "max_actions", "iterations", "share"],
        "updates_crossover": ["base_kind", "perturbation", "games", "arm"],
        "updates_moving": ["base_kind", "kind", "arm"],
        "updates_moving_curves": ["base_kind", "kind", "arm", "game"],
        "updates_regret": ["base_kind", "kind"],
    }
    for name, table in tables.items():
        assert not table.empty
        assert not table.duplicated(keys[name]).any()
        assert not table.drop(columns="tightest", errors="ignore").isna().any().any()


def test_no_game_is_in_both_phases(measured):
    phases = {spec["phase"] for spec, _ in measured["update_comparisons"]}
    assert phases == {"choose", "verdict"}
    alike = {"n_games": 1, "perturbation": 0.1}
    one, other = (
        families.zero_sum_sequence("mixed", 1, "meta-updates", phase, 0, **alike)[0] for phase in sorted(phases)
    )
    assert not np.allclose(one.reward, other.reward)


def test_every_update_meets_the_games_of_its_seed_alone(measured):
    """One seed by itself, for an update that knows K, one that learns and one that changes the rate."""
    for spec, arrays in measured["update_comparisons"]:
        j, i, seed = len(spec["perturbations"]) - 1, 0, spec["seeds"][-1]
        games = families.FAMILIES[spec["family"]](
            spec["base_kinds"][i], spec["root_seed"], "meta-updates", spec["phase"], seed, n_games=spec["games"],
            perturbation=spec["perturbations"][j], **spec["options"],
        )  # fmt: skip
        learner = LEARNERS[spec["learner"]](spec["learning_rate"])
        t = spec["iterations"]
        for arm in ("best_response", "tracking", "tuned_best_response"):
            run = learn_sequence(games, learner, arm, t, at=[t])
            measured_by = "cce_gap_bound" if spec["family"] == "general_sum" else "ne_gap"
            np.testing.assert_allclose(arrays[arm][i, j, -1], run.measured(measured_by)[0, :, -1], atol=1e-9)


def test_means_over_the_first_games_know_how_many_there_are(measured):
    """(5) with K = 5 is another run than the first five games with K = 20."""
    (spec, arrays), *_ = measured["crossover"]
    games = families.zero_sum_sequence(
        spec["base_kind"], spec["root_seed"], "updates", "crossover", 0, n_games=max(spec["games"]),
        perturbation=spec["perturbation"], horizon=1, n_states=1, n_actions=(2, 2),
    )  # fmt: skip
    learner, t = OptimisticMirrorDescent(spec["learning_rate"]), spec["iterations"]
    for n, k in enumerate(spec["games"]):
        for arm in ("best_response", "individual", "annealed_best_response", "tracking"):
            gap = learn_sequence(games[:k], learner, arm, t, at=[t]).ne_gap[0, :, -1].mean()
            assert arrays[arm][0, n] == pytest.approx(gap, abs=1e-10)


def curves(**arms):
    """Two seeds of three games, the first of which must not count."""
    spec = {
        "phase": "choose", "family": "zero_sum", "learner": "x", "learning_rate": 0.1, "games": 3, "iterations": 10,
        "options": {}, "base_kinds": ["pure"], "perturbations": [0.1], "arms": list(arms), "file": "updates/case.npz",
    }  # fmt: skip
    arrays = {name: np.array([[[[9.0, gap, gap], [7.0, gap, gap]]]]) for name, gap in arms.items()}
    return spec, arrays | {"seeds": np.arange(2), "dissimilarity": np.ones((1, 1, 2))}


def test_ratios_by_hand():
    found = pd.DataFrame(
        comparison_rows(*curves(individual=4.0, best_response=2.0, tracking=1.0, tuned_tracking=0.25), 0.02, 50, 1)
    ).set_index(["arm", "beside"])
    assert found.loc[("tracking", "best_response"), "ratio"] == 0.5
    assert found.loc[("tracking", "individual"), "ratio"] == 0.25
    assert found.loc[("tuned_tracking", "tracking"), "ratio"] == 0.25
    assert found.loc[("tracking", "best_response"), ["ratio_low", "ratio_high"]].tolist() == [0.5, 0.5]
    assert found.loc[("individual", "best_response"), ["gap", "allowed"]].tolist() == [4.0, 1.02]
    assert ("best_response", "best_response") not in found.index


@pytest.mark.parametrize(
    ("gaps", "chosen"),
    [
        ({"learned": 1.0, "tracking": 1.5}, "learned"),
        ({"learned": 1.0, "tracking": 0.9}, "tracking"),
        ({"learned": 2.0, "tracking": 1.9}, "tracking"),  # the interval must end below 1
        ({"learned": 2.1, "tracking": 2.0}, ""),
    ],
)
def test_the_choice_by_hand(gaps, chosen):
    rows = pd.DataFrame(comparison_rows(*curves(individual=4.0, best_response=2.0, **gaps), 0.02, 50, 1))
    found = pd.DataFrame(choice_rows(rows, 0.1)).set_index("arm")
    assert found.index[found["chosen"]].tolist() == [chosen] * bool(chosen)
    assert found.loc["learned", "mean_ratio"] == pytest.approx(gaps["learned"] / 2)
    assert bool(found.loc["tracking", "default"])


@pytest.mark.parametrize(("alone", "fits"), [(1.0, False), (1.1, True)])
def test_what_is_worse_than_learning_alone_cannot_be_chosen(alone, fits):
    rows = pd.DataFrame(comparison_rows(*curves(individual=alone, best_response=2.0, learned=1.2), 0.02, 50, 1))
    (found,) = choice_rows(rows, 0.1)
    assert found["can_be_chosen"] is fits


def test_the_first_number_of_games_by_looking_at_each():
    def right(k):
        return float(theorem_2(0.3 * k, k, 2, 1000, (2, 2)))

    level = float(theorem_1_uniform(2, 1000, (2, 2)))
    found = first_below(right, level, 5)
    assert right(int(found)) < level <= right(int(found) - 1)
    assert all(right(k) >= level for k in range(5, int(found)))
    assert first_below(lambda k: 2.0 if k < 40 else 0.5, 1.0, 5) == 40.0
    assert math.isinf(first_below(lambda k: 1.0, 1.0, 5))  # noqa: ARG005


def test_verdicts_their_files_and_what_reads_the_tables(tables):
    config, files = configuration(), {}
    for one in PLAN.measurements:
        files |= one.files(config)
    entries = judge_all(tables, files, claims.CLAIMS)
    assert [entry.claim.id for entry in entries] == PLAN.claims
    by_id = {entry.claim.id: entry for entry in entries}
    for name in ("updates-pure", "updates-mixed", "updates-others", "updates-rate"):
        assert by_id[name].worst_runs == (f"updates/{by_id[name].verdict.place['setting']}.npz",)
    assert len(by_id["updates-sharper"].worst_runs) == len(by_id["updates-moving"].worst_runs) == 1
    assert by_id["updates-regret"].verdict.name == by_id["updates-sharper"].verdict.name == "holds"
    judges = [claim.judge for claim in claims.CLAIMS]
    assert tables_read([*judges, *section.PARTS.values()], tables) == set(PLAN.judged)


def test_cells_of_the_report_stand_in_the_tables(tables):
    (parts,) = section.PARTS.values()
    found = parts(tables)
    header, rows = rows_of(found, "Meta-updates: beside")
    table = tables["updates"]
    table = table[(table["phase"] == "verdict") & (table["beside"] == "best_response")]
    assert len(rows) == len(table)
    for line, (_, row) in zip(rows, table.iterrows(), strict=True):
        cells = dict(zip(header, line, strict=True))
        assert cells["update"] == UPDATE_LABELS[row["arm"]]
        assert cells["ratio to (5)"].split()[0] == f"{row['ratio']:.2f}"
    for made in found:
        for text, source in citations_in(made.rows):
            assert stands_in(text, tables[source.removesuffix(".csv")]), (made.title, text)


@pytest.mark.usefixtures("style")
def test_the_figures_show_the_tables(tables):
    reads_what_its_plan_says("updates", figures.FIGURES, tables)
    ratios = figures.FIGURES["updates_ratios"](tables, WIDTH)
    table = tables["updates"]
    table = table[(table["phase"] == "verdict") & (table["beside"] == made_by.PAPER)]
    dots = [line for ax in drawn(ratios) for line in ax.lines if line.get_marker() not in {"", "None"}]
    shown = sorted(x for line in dots for x in np.asarray(line.get_xdata(), dtype=float))
    np.testing.assert_allclose(shown, sorted(table["ratio"]))
    moving = figures.FIGURES["updates_moving"](tables, WIDTH)
    curves_ = tables["updates_moving_curves"]
    places = [(base, kind) for base in dict.fromkeys(curves_["base_kind"]) for kind in dict.fromkeys(curves_["kind"])]
    for ax, (base, kind) in zip(drawn(moving), places, strict=True):
        assert ax.get_title() == f"{KIND_LABELS[base]},\n{KIND_LABELS[kind]}"
        part = curves_[(curves_["base_kind"] == base) & (curves_["kind"] == kind)]
        for arm in set(part["arm"]) - {"individual"}:
            shows(labelled(ax)[UPDATE_LABELS[arm]], part[part["arm"] == arm], "game", "ratio")
    crossed = figures.FIGURES["updates_crossover"](tables, WIDTH)
    first = tables["updates_crossover"]
    first = first[first["base_kind"] == first["base_kind"].iloc[0]]
    for arm in set(first["arm"]):
        shows(labelled(drawn(crossed)[1])[UPDATE_LABELS[arm]], first[first["arm"] == arm], "games", "gap")
    assert len(legend_of(crossed)) == 2 + first["arm"].nunique()
