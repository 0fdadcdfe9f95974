"""What ``make`` of each topic returns of all measurements of the small configuration: the tables of the plan.

And that each row of ``theory.csv`` says what it is: kind of form, total or not, measurement and file.
"""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from drawings import in_style, reads_what_its_plan_says
from pages import tables_read

from metanash_replication.bound_rows import FORMS, claim_row, claim_summary
from metanash_replication.ledger import judge_all
from metanash_replication.plans import read_plan, setting
from metanash_replication.report.content import MANY

ROOT = Path(__file__).parents[3]
MEASURED = ("zero_sum", "potential", "maml", "general_sum")
KINDS = {
    "printed": {"printed"},
    "derived": {"derived"},
    "repaired": {
        "repaired: worst best response", "repaired: burn-in term", "repaired: learning rate",
        "repaired: 1920/959 kappa",
    },
    "proven": {"proven: third power of eta", "proven: any best response"},
    "partly repaired": {"printed, worst best response", "printed, with the learning rate"},
    "sharper": {"sharper: ascent lemma"},
    "refuted": {"with B(H) / T, no repair", "with 2 kappa"},
}  # fmt: skip
"""Forms of each kind, as docs/assumptions.md tells of them."""
SETTINGS = {
    "zero_sum": {
        "random games": "random_games", "long runs": "long_runs", "burn-in": "burn_in", "learning rate": "small_step",
        "two-sided": "two_sided", "sequences": "sequences", "small step": "small_step_sequences",
    },
    "potential": {
        "random games": "random_games", "random sequences": "random_sequences", "long runs": "long_runs",
        "sequences": "sequences", "two states": "counterexamples",
        "finite horizon": "finite_horizon", "coupled players": "counterexamples",
    },
    "maml": {"random points": "constant_ratios", "random games": "random_games", "meta-training": "meta_training"},
    "general_sum": {
        "random games": "random_games", "burn-in": "burn_in", "long runs": "schedules",
        "sequences": "sequences", "all sequences": "sequences",
    },
}  # fmt: skip
"""How the settings of each measurement begin."""
COLUMNS = [
    "claim", "form", "setting", "iteration", "left", "right", "ratio", "runs", "violations", "unresolved",
    "first_informative", "kind", "total", "rate_factor", "measurement", "file",
]  # fmt: skip
style = pytest.fixture(in_style)


def small_configuration():
    def merged(base, top):
        both = isinstance(base, dict) and isinstance(top, dict)
        return {**base, **{key: merged(base.get(key), value) for key, value in top.items()}} if both else top

    read = [yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("config", "smoke")]
    return merged(*read)


@pytest.fixture(scope="module", params=MEASURED)
def topic(request):
    """All measurements of a topic with the small configuration, as the job of its tables reads them, and its tables."""
    config, plan = small_configuration(), read_plan(request.param)
    parts = {
        name: importlib.import_module(f"metanash_replication.topics.{request.param}.{name}")
        for name in ("measure", "tables", "figures", "claims", "section")
    }
    measured = {one.name: [] for one in plan.measurements}
    for one in plan.measurements:
        for job in one.jobs(config):
            arguments = one.arguments(config, job)
            spec = arguments | {"file": f"{one.file.format(**job)}.npz"}
            measured[one.name].append((spec, getattr(parts["measure"], one.function)(**arguments)))
    settings = {name: setting(config, path) for name, path in plan.tabulated.settings.items()}

    def make(**changed):
        return parts["tables"].make(measured | changed, **settings)

    tables = make()
    files = {file: about for one in plan.measurements for file, about in one.files(config).items()}
    return SimpleNamespace(
        name=request.param, plan=plan, measured=measured, make=make, files=files, tables=tables,
        rows=tables["claims"], **{f"module_{name}": part for name, part in parts.items()},
    )  # fmt: skip


def test_tables_are_those_of_the_plan(topic):
    assert topic.plan.bounds
    assert set(topic.tables) == {"claims", *(table.name for table in topic.plan.tables)}
    assert all(len(table) > 0 for table in topic.tables.values())


def test_columns_of_the_rows(topic):
    assert list(topic.rows) == COLUMNS
    assert topic.rows["total"].dtype == bool
    assert not topic.rows.drop(columns=["first_informative", "rate_factor"]).isna().any().any()


# Kinds --------------------------------------------------------------------------------------------------


def test_kinds_of_all_forms(topic):
    wanted = {form: kind for kind, forms in KINDS.items() for form in forms}
    assert topic.rows["kind"].tolist() == [wanted[form] for form in topic.rows["form"]]


def test_every_form_has_a_kind():
    assert {form: kind for kind, forms in KINDS.items() for form in forms} == FORMS


def test_a_form_without_a_kind_is_refused():
    """A new form is entered first, or says its kind: no row is without one."""
    sides = ([1.0], [[0.5]], [[1.0]], 1.0)
    with pytest.raises(ValueError, match="with 3 kappa"):
        claim_row("theorem 9", "with 3 kappa", "somewhere", *sides)
    assert claim_row("theorem 9", "with 3 kappa", "somewhere", *sides, kind="refuted")["kind"] == "refuted"
    assert claim_row("theorem 9", "printed", "somewhere", *sides, kind="derived")["kind"] == "derived"


# Where rows are from ------------------------------------------------------------------------------------


def test_rows_know_their_measurement(topic):
    """That which their setting tells of, in words."""
    for row in topic.rows.itertuples():
        (wanted,) = {name for start, name in SETTINGS[topic.name].items() if row.setting.startswith(start)}
        if row.setting.endswith("prescribed rate"):
            wanted = "rates"
        assert row.measurement == wanted, row.setting
    prescribed = {"rates"} if topic.name == "general_sum" else set()
    assert set(topic.rows["measurement"]) == {*SETTINGS[topic.name].values(), *prescribed}


def test_rows_know_their_file(topic):
    """One of their measurement, about the games, horizon and arm of the setting; and there are rows of every file."""
    of = {name: {spec["file"] for spec, _ in some} for name, some in topic.measured.items()}
    for row in topic.rows[~topic.rows["total"]].itertuples():
        assert row.file in of[row.measurement], row.setting
        about = {key: str(value) for key, value in topic.files[row.file].items()}
        if row.claim == "theorem 3":  # about carry-over, so the setting does not say it
            assert about.pop("arm", "carry_over") == "carry_over"
        parts = row.setting.replace("common reward", "team").replace(", ", " ").split()
        for key, word in (("base_kind", "{}"), ("horizon", "H={}"), ("arm", "{}"), ("discount", "discount={}")):
            if key in about:
                assert word.format(about[key]) in parts, (row.setting, row.file)
    for name in set(SETTINGS[topic.name].values()) - {"sequences"}:  # of which some are practical, or no carry-over
        assert set(topic.rows[topic.rows["measurement"] == name]["file"]) == of[name], name


def test_rows_of_a_file_alone(topic):
    """Whatever other files there are: a file's rows are those that are made of it alone."""
    for name, some in topic.measured.items():
        if len(some) == 1 or name == "sequences":  # ratios of sequences need individual learning
            continue
        for one in some:
            made = topic.make(**{name: [one]})["claims"]
            own, all_rows = (
                table[(table["file"] == one[0]["file"]) & ~table["total"]].reset_index(drop=True)
                for table in (made, topic.rows)
            )
            pd.testing.assert_frame_equal(own, all_rows)
            assert set(made[made["measurement"] == name]["file"]) <= {one[0]["file"]}


def test_totals_add_up_the_rows_of_a_measurement(topic):
    rows = topic.rows
    totals = rows[rows["total"]]
    for row in totals.itertuples():
        same = (rows["claim"] == row.claim) & (rows["form"] == row.form) & (rows["measurement"] == row.measurement)
        own = rows[same & ~rows["total"]]
        assert len(own) > 0
        for name in ("runs", "violations", "unresolved"):
            assert getattr(row, name) == own[name].sum(), name
        worst = own.iloc[int(own["ratio"].to_numpy().argmax())]
        place = ["iteration", "left", "right", "ratio", "kind", "file"]
        assert [getattr(row, name) for name in place] == worst[place].tolist()
        assert pd.isna(row.first_informative)
    many = {"zero_sum": {"random_games"}, "potential": {"random_games", "random_sequences"},
            "maml": {"constant_ratios", "random_games"}, "general_sum": {"random_games", "sequences"}}  # fmt: skip
    assert set(totals["measurement"]) == many[topic.name]
    assert many[topic.name] <= set(MANY)
    for name in many[topic.name]:
        own = rows[rows["measurement"] == name]
        keys = [own[own["total"] == total][["claim", "form"]].apply(tuple, axis=1) for total in (True, False)]
        assert keys[0].is_unique
        assert set(keys[0]) == set(keys[1])


def test_summary_counts_single_rows(topic):
    single = topic.rows[~topic.rows["total"]]
    found = claim_summary(topic.rows, list(dict.fromkeys(single["claim"])))
    assert found["settings"].sum() == len(single)
    assert found["runs"].sum() == single["runs"].sum()


# What is read -------------------------------------------------------------------------------------------


def test_judged_tables_are_those_that_verdicts_and_sections_read(topic):
    judges = [claim.judge for claim in topic.module_claims.CLAIMS]
    tables = topic.tables | {"theory": topic.tables["claims"]}
    assert tables_read([*judges, *topic.module_section.PARTS.values()], tables) == {"theory", *topic.plan.judged}


def test_files_behind_a_verdict_are_those_of_its_worst_row(topic):
    """Claims with a bound name files of the plan that have the rows they are judged by."""
    tables = topic.tables | {"theory": topic.tables["claims"]}
    entries = judge_all(tables, topic.files, topic.module_claims.CLAIMS)
    named = [entry for entry in entries if entry.verdict.row]
    assert named
    for entry in named:
        rows = topic.rows[(topic.rows["claim"] == entry.verdict.row) & ~topic.rows["total"]]
        assert set(entry.worst_runs) <= set(rows[rows["setting"] == entry.verdict.worst]["file"])
        assert len(entry.worst_runs) == 1


@pytest.mark.usefixtures("style")
def test_figures_are_drawn_of_the_tables_that_the_plan_says(topic):
    reads_what_its_plan_says(topic.name, topic.module_figures.FIGURES, topic.tables)
