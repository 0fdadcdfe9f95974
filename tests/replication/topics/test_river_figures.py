"""River endgames of the small configuration, from games to verdict, report and figure."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from drawings import WIDTH, drawn, in_style, labelled, legend_of, reads_what_its_plan_says, shows
from pages import citations_in, rows_of, stands_in, tables_read

from metanash.river import river_sequence
from metanash_replication.labels import CURVE_LABELS
from metanash_replication.ledger import judge_all
from metanash_replication.plans import read_plan, setting
from metanash_replication.topics.river import claims, figures, measure, section
from metanash_replication.topics.river.tables import make

ROOT = Path(__file__).parents[3]
PLAN = read_plan("river")
style = pytest.fixture(in_style)


def configuration():
    def merged(base, top):
        both = isinstance(base, dict) and isinstance(top, dict)
        return {**base, **{key: merged(base.get(key), value) for key, value in top.items()}} if both else top

    read = [yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("config", "smoke")]
    return merged(*read)


@pytest.fixture(scope="module")
def tables():
    config, (one,) = configuration(), PLAN.measurements
    measured = []
    for job in one.jobs(config):
        arguments = one.arguments(config, job)
        measured.append((arguments | {"file": f"{one.file.format(**job)}.npz"}, measure.endgames(**arguments)))
    settings = {name: setting(config, path) for name, path in PLAN.tabulated.settings.items()}
    return make({one.name: measured}, **settings)


def test_tables_are_those_of_the_plan(tables):
    assert set(tables) == {table.name for table in PLAN.tables}
    assert not tables["river"].isna().any().any()
    assert not tables["river"].duplicated(["base_kind", "arm"]).any()
    assert not tables["river_curves"].duplicated(["base_kind", "arm", "iteration"]).any()
    individual = tables["river"].query("arm == 'individual'")
    assert (individual[["ratio", "ratio_low", "ratio_high", "start"]] == 1.0).all().all()


def test_individual_learning_is_the_same_in_all_orders_but_for_which_endgame_is_first():
    """The measurement itself, on sequences of three endgames of few hands."""
    how = {**configuration()["river"]["endgames"], "n_hands": 10, "n_checkpoints": 2, "iterations": 5, "games": 3}
    kinds = ("random", "sorted")
    how = {key: value for key, value in how.items() if key not in {"base_kinds", "checkpoints", "seeds"}}
    found = {kind: measure.endgames(kind, [4], 1, **how) for kind in kinds}
    chips = {}
    for kind in kinds:
        games = {key: how[key] for key in ("perturbation", "n_hands", "pot", "stack", "sizes", "raises")}
        sequence = river_sequence(kind, 1, "river trees", 4, n_games=3, **games)
        chips[kind] = [(endgame.pot, endgame.betting.stack) for endgame in sequence]
    places = [chips["random"].index(pair) for pair in chips["sorted"]]
    for arm in ("individual", "individual_at_rate"):
        np.testing.assert_array_equal(found["sorted"][arm][0], found["random"][arm][0][places])
    assert sorted(places) == [0, 1, 2]


def test_the_verdict_and_the_file_behind_it(tables):
    (one,) = PLAN.measurements
    (entry,) = judge_all(tables, one.files(configuration()), claims.CLAIMS)
    assert list(entry.worst_runs) == [f"river/{entry.verdict.place['base_kind']}.npz"]
    assert entry.verdict.cases == 2


def test_what_reads_the_tables(tables):
    judges = [claim.judge for claim in claims.CLAIMS]
    assert tables_read([*judges, *section.PARTS.values()], tables) == set(PLAN.judged)


def test_cells_of_the_report_stand_in_the_table(tables):
    (parts,) = section.PARTS.values()
    found = parts(tables)
    header, rows = rows_of(found, "River endgames")
    assert len(rows) == 6
    assert header[0] == "order"
    for line, (_, row) in zip(rows, tables["river"].query("arm != 'individual'").iterrows(), strict=True):
        assert line[0] == row["base_kind"]
        assert line[2].split()[0] == f"{row['gap']:.3g}"
        assert [cell.split()[0] for cell in line[3:6]] == [f"{row[name]:.2f}" for name in ("ratio", "at_rate", "start")]
        assert line[6] == ("helps" if row["ratio_high"] < 1 else "hurts" if row["ratio_low"] > 1 else "no clear effect")
    cited = [one for made in found for one in citations_in(made.rows)]
    assert [text for text, source in cited if source != "river.csv" or not stands_in(text, tables["river"])] == []


@pytest.mark.usefixtures("style")
def test_the_figure_shows_the_curves(tables):
    reads_what_its_plan_says("river", figures.FIGURES, tables)
    figure = figures.FIGURES["river"](tables, WIDTH)
    axes, table = drawn(figure), tables["river_curves"]
    assert [ax.get_title() for ax in axes] == ["3 endgames, random", "3 endgames, sorted"]
    for ax, kind in zip(axes, ("random", "sorted"), strict=True):
        lines = labelled(ax)
        assert len(lines) == 4
        for arm in ("individual", "individual_at_rate", "best_response", "output_policy"):
            own = table[(table["base_kind"] == kind) & (table["arm"] == arm)]
            shows(lines[CURVE_LABELS[arm]], own, "iteration", "mean")
    assert len(legend_of(figure)) == 4
