"""Learners after the paper in the small configuration: arrays, tables by hand, verdicts, report and figures."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from drawings import WIDTH, drawn, in_style, labelled, legend_of, reads_what_its_plan_says, shows
from pages import citations_in, rows_of, stands_in, tables_read

from metanash import families, learn
from metanash.learners import LEARNERS
from metanash_replication.labels import LEARNER_LABELS
from metanash_replication.ledger import judge_all
from metanash_replication.plans import read_plan, setting
from metanash_replication.topics.successors import claims, figures, measure, section
from metanash_replication.topics.successors.promised import PROMISED
from metanash_replication.topics.successors.tables import (
    NO_POWER,
    ROUNDED,
    largest_from,
    make,
    promise_rows,
    rate_rows,
)

ROOT = Path(__file__).parents[3]
PLAN = read_plan("successors")
style = pytest.fixture(in_style)


def configuration():
    def merged(base, top):
        both = isinstance(base, dict) and isinstance(top, dict)
        return {**base, **{key: merged(base.get(key), value) for key, value in top.items()}} if both else top

    read = [yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("config", "smoke")]
    return merged(*read)


@pytest.fixture(scope="module")
def measured():
    return runs_of(PLAN.measurements[0])


def runs_of(one):
    config, found = configuration(), []
    for job in one.jobs(config):
        arguments = one.arguments(config, job)
        made = getattr(measure, one.function)(**arguments)
        found.append((arguments | {"file": f"{one.file.format(**job)}.npz"}, made))
    return found


@pytest.fixture(scope="module")
def promised():
    return runs_of(PLAN.measurements[1])


@pytest.fixture(scope="module")
def tables(measured, promised):
    settings = {name: setting(configuration(), path) for name, path in PLAN.tabulated.settings.items()}
    return make({"successors": measured, "promises": promised}, **settings)


def test_tables_are_those_of_the_plan(tables):
    assert set(tables) == {table.name for table in PLAN.tables}
    assert not tables["successors"].isna().any().any()
    assert not tables["successors"].duplicated(["case", "learner"]).any()
    assert not tables["successors_curves"].duplicated(["case", "learner", "iteration"]).any()
    assert set(tables["successors"]["concept"]) == set(measure.CONCEPTS)
    for name, keys in (("promises", []), ("speeds", ["form"]), ("parts", ["iteration"])):
        table = tables[f"successors_{name}"]
        assert not table.isna().any().any()
        assert not table.duplicated(["case", "factor", *keys]).any()
        assert set(table["promise"]) == set(PROMISED)


def test_every_learner_plays_the_games_of_its_seed_alone(measured):
    """The measurement itself, learner by learner and seed by seed."""
    for spec, arrays in measured:
        family, measures = measure.CONCEPTS[spec["concept"]]
        sizes = {key: spec[key] for key in ("horizon", "discount") if key in spec}
        for k, seed in enumerate(spec["seeds"]):
            game = families.FAMILIES[family](
                spec["base_kind"], spec["root_seed"], "successors", seed, n_games=1, perturbation=0.1, n_states=2,
                n_actions=spec["n_actions"], **sizes,
            )  # fmt: skip
            early = arrays["checkpoints"][arrays["checkpoints"] < 30].tolist()
            for name, rate in spec["rates"].items():
                run = learn(game, LEARNERS[name](rate), 30, at=[*early, 30])
                found = run.measures[measures[name]][0, :-1]
                np.testing.assert_allclose(arrays[name][k, : len(found)], found, atol=1e-9)


def test_a_learner_of_another_concept_is_refused():
    with pytest.raises(
        ValueError, match=r"learners of the concept ce are \['log_barrier_ftrl'\], got \['entropy_omwu'\]"
    ):
        measure.successors(
            "ce", "random", [0], 1, n_actions=[2, 2], n_states=1, perturbation=0.0, rates={"entropy_omwu": 1.0},
            iterations=10, n_checkpoints=3, horizon=1,
        )  # fmt: skip


def test_the_largest_gap_from_then_on():
    found = largest_from(np.array([[0.5, -0.1, 0.2, 0.0], [1.0, 2.0, -3.0, -4.0]]))
    np.testing.assert_array_equal(found, [[0.5, 0.2, 0.2, 1e-12], [2.0, 2.0, 1e-12, 1e-12]])


T = np.unique(np.rint(np.geomspace(1, 10000, 60)).astype(np.int64))


def row_of(concept, learner, gap):
    """The row of exact curves of three seeds, of different sizes."""
    spec = {
        "concept": concept, "base_kind": "random", "horizon": 1, "n_actions": [2, 2], "iterations": 10000,
        "rates": {learner: 0.5},
    }  # fmt: skip
    arrays = {"seeds": np.arange(3), "checkpoints": T, learner: np.outer([1.0, 2.0, 3.0], gap)}
    (found,) = rate_rows(spec, arrays, 0.03, 200, 1)
    return found


@pytest.mark.parametrize(
    ("gap", "slope", "verdict"),
    [
        (2 / T, -1.0, "consistent"), (2 / T**1.5, -1.5, "consistent"), (2 / T**0.5, -0.5, "violated"),
        (2 / T**0.98, -0.98, "consistent"), (2 / T**0.96, -0.96, "violated"),
    ],
)  # fmt: skip
def test_slopes_of_powers_beside_one_over_t(gap, slope, verdict):
    found = row_of("average", "optimistic_ftrl", gap)
    assert [found[name] for name in ("slope", "low", "high")] == pytest.approx([slope] * 3)
    assert (found["promise"], found["promised_slope"], found["verdict"]) == ("1 / T", pytest.approx(-1.0), verdict)
    assert (found["start"], found["end"]) == (1000.0, 10000.0)
    assert found["gap"] == pytest.approx(2 * gap[-1])
    assert found["held"] == pytest.approx(2 * gap[-1] * 10000)


def test_logarithms_cycles_and_negative_gaps():
    """log T / T is consistent with itself; what dips below 0 in between counts by its later peaks."""
    assert row_of("ce", "log_barrier_ftrl", np.log(T + 1) / T)["verdict"] == "consistent"
    assert row_of("average", "optimistic_ftrl", np.log(T + 1) / T)["verdict"] != "consistent"
    dips = np.where(np.arange(len(T)) % 2 == 1, -1.0, 1.0) / T
    dips[-1] = 1 / T[-1]
    assert row_of("average", "optimistic_ftrl", dips)["slope"] == pytest.approx(-1.0, abs=0.1)
    below = row_of("cce", "cautious_omwu", np.where(T > 100, -1.0, 1.0) / T)
    assert (below["verdict"], below["gap"]) == (ROUNDED, pytest.approx(-2e-4))
    assert row_of("last", "optimistic_gradient", 2 / T**0.5)["verdict"] == NO_POWER


def test_verdicts_their_files_and_what_reads_the_tables(tables, measured, promised):
    config = configuration()
    files = {name: about for one in PLAN.measurements for name, about in one.files(config).items()}
    entries = judge_all(tables, files, claims.CLAIMS)
    assert [entry.claim.id for entry in entries] == PLAN.claims
    for entry in entries:
        (file,) = entry.worst_runs  # the one that the deciding row is of
        (spec,) = (spec for spec, _ in [*measured, *promised] if spec["file"] == file)
        for name in {"concept", "promise", "base_kind", "horizon", "iterations"} & spec.keys():
            assert spec[name] == entry.verdict.place[name]
        learner = entry.verdict.place["learner"]
        assert learner in (spec["rates"] if "rates" in spec else {PROMISED[spec["promise"]].learner})
    judges = [claim.judge for claim in claims.CLAIMS]
    assert tables_read([*judges, *section.PARTS.values()], tables) == set(PLAN.judged)


def test_cells_of_the_report_stand_in_the_table(tables):
    found, table = section.PARTS["successors"](tables), tables["successors"]
    header, rows = rows_of(found, "After the paper")
    assert len(rows) == len(table)
    for line, (_, row) in zip(rows, table.iterrows(), strict=True):
        cells = dict(zip(header, line, strict=True))
        assert cells["case"] == row["case"]
        assert cells["learner"] == LEARNER_LABELS[row["learner"]]
        assert cells["gap at T"].split()[0] == f"{row['gap']:.2e}"
        assert cells["verdict"] == row["verdict"]
        assert cells["slope"].split()[:1] == ([] if row["verdict"] == ROUNDED else [f"{row['slope']:.2f}"])
    cited = [one for made in found for one in citations_in(made.rows)]
    assert [text for text, source in cited if source != "successors.csv" or not stands_in(text, table)] == []


def test_cells_of_promises_stand_in_their_tables(tables):
    found = section.PARTS["successors-promises"](tables)
    header, rows = rows_of(found, "Measured beside promised")
    assert len(rows) == len(tables["successors_promises"])
    for line, (_, row) in zip(rows, tables["successors_promises"].iterrows(), strict=True):
        cells = dict(zip(header, line, strict=True))
        assert (cells["case"], cells["ratio"]) == (row["case"], f"{row['ratio']:.3g}")
        assert line[-1] == ("judged" if row["within"] else "beyond the proof")
    header, rows = rows_of(found, "How fast")
    for line, (_, row) in zip(rows, tables["successors_speeds"].iterrows(), strict=True):
        cells = dict(zip(header, line, strict=True))
        assert cells["speed"].split()[0] == f"{row['slope']:.3g}"
        assert (cells["promised"], cells["verdict"]) == (row["form"], row["verdict"])
    cited = [one for made in found for one in citations_in(made.rows)]
    assert [text for text, source in cited if not stands_in(text, tables[source.removesuffix(".csv")])] == []


def test_only_resolved_right_sides_count(promised):
    """A left side that is rounding, far above its promise; and one above where the promise is resolved."""
    spec, arrays = next(one for one in promised if one[0]["promise"] == "predictive")
    spec = spec | {"factors": [1.0]}
    left, right = np.array([[[0.5, 1e-13]]]), np.array([[[1.0, 1e-20]]])
    arrays = {"seeds": [0], "checkpoints": np.array([1, 10]), "left": left, "right": right, "rates": np.ones((1, 1))}
    (row,) = promise_rows(spec, arrays)
    assert (row["ratio"], row["violations"], row["iteration"]) == (0.5, 0, 1)
    (row,) = promise_rows(spec, arrays | {"left": np.array([[[0.5, 3e-9]]]), "right": np.array([[[1.0, 2e-9]]])})
    assert (row["ratio"], row["violations"], row["iteration"]) == (pytest.approx(1.5), 1, 10)


@pytest.mark.usefixtures("style")
def test_the_figure_of_promises_shows_the_parts(tables):
    figure = figures.FIGURES["successors_promises"](tables, WIDTH)
    table = tables["successors_parts"]
    table = table[table["factor"] == 1.0]
    lines = [line for ax in drawn(figure) for line in ax.get_lines() if len(line.get_xdata()) > 2]
    cases = list(dict.fromkeys(table["case"]))
    assert len(lines) == len(cases)
    for case in cases:
        part = table[table["case"] == case]
        assert any(
            len(line.get_xdata()) == len(part) and np.allclose(line.get_ydata(), part["most"]) for line in lines
        ), case
    legends = [ax.get_legend() for ax in figure.axes]
    assert sum(len(legend.get_texts()) for legend in legends) == len(PROMISED)
    for ax, legend in zip(figure.axes, legends, strict=True):  # what it names is drawn like that in its panel
        assert {line.get_label() for line in ax.get_lines()} == {text.get_text() for text in legend.get_texts()}
        looks = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in ax.get_lines()}
        assert len(set(looks.values())) == len(looks)
        assert legend.get_window_extent().y1 < ax.get_window_extent().y0


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize("name", [name for name in figures.FIGURES if name != "successors_promises"])
def test_the_figures_show_the_curves(tables, name):
    reads_what_its_plan_says("successors", figures.FIGURES, tables)
    figure = figures.FIGURES[name](tables, WIDTH)
    table = tables["successors_curves"]
    table = table[table["concept"] == name.removeprefix("successors_")]
    settings = list(dict.fromkeys(table["case"]))
    assert len(drawn(figure)) == len(settings)
    for ax, one in zip(drawn(figure), settings, strict=True):
        part = table[(table["case"] == one) & (table["mean"] > 0.0)]
        lines = labelled(ax)
        assert set(lines) == {LEARNER_LABELS[learner] for learner in part["learner"]}
        for learner in dict.fromkeys(part["learner"]):
            shows(lines[LEARNER_LABELS[learner]], part[part["learner"] == learner], "iteration", "mean")
    assert len(legend_of(figure)) == table["learner"].nunique()
