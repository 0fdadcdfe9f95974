"""Readings of the small configuration, from games to verdicts, report and figure."""

import importlib
from pathlib import Path

import pytest
import yaml
from drawings import in_style, reads_what_its_plan_says
from pages import citations_in, stands_in, tables_read

from metanash_replication.ledger import judge_all
from metanash_replication.ledger.rules import HOLDS, REPAIRED, VIOLATED
from metanash_replication.plans import read_plan, setting

ROOT = Path(__file__).parents[3]
PLAN = read_plan("readings")
FILES = ["mixed", "pure", "team", "action_independent"]
style = pytest.fixture(in_style)


def part(name):
    return importlib.import_module(f"metanash_replication.topics.readings.{name}")


def configuration():
    def merged(base, top):
        both = isinstance(base, dict) and isinstance(top, dict)
        return {**base, **{key: merged(base.get(key), value) for key, value in top.items()}} if both else top

    read = [yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("config", "smoke")]
    return merged(*read)


@pytest.fixture(scope="module")
def tables():
    config, measured = configuration(), {}
    for one in PLAN.measurements:
        for job in one.jobs(config):
            arguments = one.arguments(config, job)
            made = getattr(part("measure"), one.function)(**arguments)
            spec = arguments | {"file": f"{one.file.format(**job)}.npz"}
            measured.setdefault(one.name, []).append((spec, made))
    settings = {name: setting(config, path) for name, path in PLAN.tabulated.settings.items()}
    return part("tables").make(measured, **settings)


def test_tables_are_those_of_the_plan(tables):
    assert set(tables) == {table.name for table in PLAN.tables}
    table = tables["readings"]
    assert list(dict.fromkeys(table["base_kind"])) == FILES
    keys = ["base_kind", "horizon", "discount", "games", "perturbation", "learning_rate", "arm", "alpha", "level"]
    assert not table.duplicated(keys).any()
    assert not table.drop(columns=["horizon", "discount", "alpha", "speed_up", "low", "high"]).isna().any().any()


def test_update_5_starts_where_individual_learning_does(tables):
    """In every reading; the average of the last full stage starts elsewhere."""
    table = tables["readings"]
    own = table[table["family"] == "zero_sum"].groupby("arm")["begins"].agg(set)
    assert own["best_response"] == {"equal"}
    assert "equal" not in own["last_stage_average"]


def test_verdicts_and_the_files_behind_them(tables):
    files = {file: about for one in PLAN.measurements for file, about in one.files(configuration()).items()}
    entries = {entry.claim.id: entry for entry in judge_all(tables, files, part("claims").CLAIMS)}
    zero_sum, potential = (entries[f"better-initialization-{name}"] for name in ("zero-sum", "potential"))
    assert zero_sum.verdict.name in {REPAIRED, VIOLATED}
    assert potential.verdict.name == HOLDS
    for entry, family in ((zero_sum, "zero_sum"), (potential, "potential")):
        assert list(entry.worst_runs) == [f"readings/{family}/{entry.verdict.place['base_kind']}.npz"]


def test_what_reads_the_tables(tables):
    judges = [claim.judge for claim in part("claims").CLAIMS]
    assert tables_read([*judges, *part("section").PARTS.values()], tables) == set(PLAN.judged)


def test_cells_of_the_report_stand_in_the_table(tables):
    (make,) = part("section").PARTS.values()
    cited = [one for made in make(tables) for one in citations_in(made.rows)]
    assert len(cited) > 100
    assert [text for text, source in cited if source != "readings.csv" or not stands_in(text, tables["readings"])] == []


@pytest.mark.usefixtures("style")
def test_the_figure_is_drawn_of_the_table_that_the_plan_says(tables):
    reads_what_its_plan_says("readings", part("figures").FIGURES, tables)
