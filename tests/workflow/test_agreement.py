"""Plans that do not agree with what is there: what is missing is named, with its file and the fix."""

import dataclasses
import importlib

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from metanash_replication.plans import Figure, Measurement, Reads, Section, Table, Tabulation, read_plan
from metanash_replication.topics import TOPICS
from workflow.planning import agreement

PLANS = {topic: read_plan(topic) for topic in TOPICS}
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text())
MAML = PLANS["maml"]


def changed(**fields):
    """Faults of all plans, if some fields of one topic's plan get more entries; with its file's name left out."""
    more = {
        name: getattr(MAML, name) | value if isinstance(value, dict) else (*getattr(MAML, name), *value)
        for name, value in fields.items()
    }
    found = agreement.disagreements(PLANS | {"maml": dataclasses.replace(MAML, **more)}, CONFIG)
    start = "src/metanash_replication/topics/maml/plan.py: "
    assert all(one.startswith(start) for one in found), found
    return [one.removeprefix(start) for one in found]


def run(**fields):
    usual = {
        "function": "meta_training",
        "rule": "r",
        "section": "theory/maml/meta_training",
        "file": "f",
        "message": "m",
    }
    return Measurement(**usual | fields)


def test_plans_agree():
    assert agreement.disagreements(PLANS, CONFIG) == []


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"measurements": [run(function="absent")]},
         "measurement 'absent': measure.py has no function absent; write it, or correct the name"),
        ({"measurements": [run(section="theory/maml/absent")]},
         "measurement 'meta_training': the configuration has no section theory/maml/absent; add it to "
         "config/config.yaml and workflow/schemas/config.schema.yaml"),
        ({"measurements": [run(over={"kind": "absent"}, file="f/{kind}")]},
         "measurement 'meta_training', wildcard 'kind': the configuration has no entry "
         "'theory/maml/meta_training/absent'; add it to config/config.yaml and workflow/schemas/config.schema.yaml"),
        ({"measurements": [run(over={"base_kind": "base_kinds"})]},
         "measurement 'meta_training': base_kind must be both in the name of the file, f, and in over"),
        ({"measurements": [run(file="f/{kind}")]},
         "measurement 'meta_training': kind must be both in the name of the file, f/{kind}, and in over"),
        ({"figures": [Figure("absent", "A.", ("adaptation",))]},
         "figure 'absent': FIGURES of figures.py does not have it; add its function there"),
        ({"notebooks": {"absent": Reads()}},
         "notebook 'absent': there is no notebooks/absent.ipynb; write it, or correct the name"),
        ({"notebooks": {"findings": Reads(tables=("absent",))}},
         "notebook 'findings': no plan has the table 'absent' that it reads; correct the name"),
        ({"notebooks": {"findings": Reads(experiments=("absent",))}},
         "notebook 'findings': the configuration has no experiments/absent; correct the name"),
        ({"sections": [Section(id="absent", title="")]},
         "section 'absent': PARTS of section.py does not have it; add the function that makes its tables there"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(fields, wanted):
    assert changed(**fields) == [wanted]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"figures": ("absent",)}, "no plan has the figure 'absent'; add it to figures, or correct the name"),
        ({"optional": ("absent",)}, "no plan has the figure 'absent'; add it to figures, or correct the name"),
        ({"needs": ("absent",)}, "no plan has the table 'absent' that it needs; correct the name"),
        (
            {"claims": (*MAML.claims, "absent")},
            "no claim of claims.py has the id 'absent'; write it, or correct the id",
        ),
    ],
)
def test_names_of_a_section(fields, wanted):
    section = dataclasses.replace(MAML.sections[0], **fields)
    found = agreement.disagreements(PLANS | {"maml": dataclasses.replace(MAML, sections=(section,))}, CONFIG)
    assert found == [f"src/metanash_replication/topics/maml/plan.py: section 'theorem-4': {wanted}"]


def test_a_claim_without_a_section():
    section = dataclasses.replace(MAML.sections[0], claims=MAML.claims[:-1])
    (found,) = agreement.disagreements(PLANS | {"maml": dataclasses.replace(MAML, sections=(section,))}, CONFIG)
    assert found.endswith(f"claim {MAML.claims[-1]!r} of claims.py is in no section; add its id to the claims of one")


def test_tables_that_a_figure_is_drawn_of():
    figures = tuple(
        dataclasses.replace(one, tables=("adaption",)) if one.name == "maml_adaptation" else one for one in MAML.figures
    )
    (found,) = agreement.disagreements(PLANS | {"maml": dataclasses.replace(MAML, figures=figures)}, CONFIG)
    assert found.endswith(
        "figure 'maml_adaptation': no plan has the table 'adaption' that it is drawn of; correct the name"
    )


def test_settings_of_the_tables():
    tabulated = Tabulation(message="", settings={"level": "theory/maml/gap_lvel"})
    (found,) = agreement.disagreements(PLANS | {"maml": dataclasses.replace(MAML, tabulated=tabulated)}, CONFIG)
    assert "setting 'level' of the tables: the configuration has no entry theory/maml/gap_lvel; add it" in found


def test_names_that_are_there_twice():
    assert agreement.disagreements(
        PLANS | {"maml": dataclasses.replace(MAML, tables=(*MAML.tables, Table("far_steps", "A.")))}, CONFIG
    ) == [
        "src/metanash_replication/topics/potential/plan.py and src/metanash_replication/topics/maml/plan.py: table "
        "'far_steps' is there twice; give one another name"
    ]


def test_only_topics_that_are_asked_for_need_a_section():
    """Growth is measured by no default run; its figures are looked at all the same."""
    assert not PLANS["scale"].is_present(CONFIG)
    odd = dataclasses.replace(PLANS["scale"], measurements=(run(section="absent", function="learned"),))
    assert agreement.disagreements(PLANS | {"scale": odd}, CONFIG) == []
    odd = dataclasses.replace(PLANS["scale"], figures=())
    (found,) = agreement.disagreements(PLANS | {"scale": odd}, CONFIG)
    assert "topics/larger_tasks/plan.py: section 'larger-tasks': no plan has the figure 'growth'" in found


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: Figure("f", "A.", "far_steps"), "figure 'f': tables must be a tuple of names; write ('far_steps',)"),
        (lambda: Section(id="s", title="", claims="theorem-4"), "section 's': claims must be a tuple"),
        (lambda: Section(id="s", title="", needs="far_steps"), "section 's': needs must be a tuple"),
        (lambda: Reads(files="theory/burn_in.npz"), "files must be a tuple of names; write ('theory/burn_in.npz',)"),
        (lambda: run(only="iterations"), "measurement of 'meta_training': only must be a tuple"),
    ],
)
def test_a_text_is_no_tuple_of_names(make, wanted):
    """It would be taken for as many names as it has letters."""
    with pytest.raises(ValueError, match="tuple of names") as refused:
        make()
    assert wanted in str(refused.value)


def test_a_topic_without_a_plan_is_named():
    with pytest.raises(ValueError, match=r"topics/absent/plan\.py: no such file, though topics/__init__.py names"):
        read_plan("absent")


def test_snakemake_says_so_before_anything_runs(bare, tmp_path):
    """All at once; the library need not be imported for it."""
    project = bare.copied_to(tmp_path / "project")
    topic = "src/metanash_replication/topics/maml"
    project.edit(f"{topic}/plan.py", '("adaption",)', old='("adaptation",)')
    project.edit(f"{topic}/measure.py", "def constant_ratio(", old="def constant_ratios(")
    answer = project.snakemake("--dry-run", "--cores", "2")
    assert answer.code != 0
    assert f"{topic}/plan.py: measurement 'constant_ratios': measure.py has no function constant_ratios" in answer.text
    assert f"{topic}/plan.py: figure 'maml_adaptation': no plan has the table 'adaption' that it is" in answer.text
    assert "Traceback" not in answer.text


def test_a_table_that_make_does_not_return_is_named(tmp_path, monkeypatch):
    """Before any is written, so that none is there without the others."""
    monkeypatch.syspath_prepend(str(ROOT / "workflow/scripts"))
    script = importlib.import_module("topic_tables")
    made = {"slopes": pd.DataFrame({"a": [1]}), "claims": pd.DataFrame({"b": [2]})}
    monkeypatch.setattr("metanash_replication.topics.zero_sum.tables.make", lambda _: made)
    targets = {name: tmp_path / f"{name}.csv" for name in ("slopes", "chain")}
    with pytest.raises(ValueError, match=r"topics/zero_sum/tables\.py: make does not return chain, .* slopes, claims"):
        script.main("zero_sum", {}, tmp_path, {}, targets)
    assert list(tmp_path.iterdir()) == []
