"""Plans: what their fields mean, and that what they name is there."""

import importlib
import inspect
import itertools
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from metanash_replication.paper import CLAIMS, OPENING, OUTLINES
from metanash_replication.plans import (
    Figure,
    Measurement,
    Plan,
    Section,
    Table,
    read_plan,
    setting,
)
from metanash_replication.topics import TOPICS

ROOT = Path(__file__).parents[2]
PLANS = {topic: read_plan(topic) for topic in TOPICS}
MEASUREMENTS = [(topic, one) for topic, plan in PLANS.items() for one in plan.measurements]
FIGURES = {figure.name for plan in PLANS.values() for figure in plan.figures}
TABLES = {table.name for plan in PLANS.values() for table in plan.tables}


def merged(base, top):
    """Sections entry by entry, anything else replaced, as Snakemake puts configurations together."""
    if not (isinstance(base, dict) and isinstance(top, dict)):
        return top
    return {**base, **{key: merged(base.get(key), value) for key, value in top.items()}}


def configuration(*names):
    found = {}
    for name in ("config", *names):
        found = merged(found, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    return found


DEFAULT = configuration()
CONFIGURATIONS = {name: configuration(*([name] * (name != "config"))) for name in ("config", "smoke", "deep")}


# What the fields mean -----------------------------------------------------------------------------------

CONFIG = {
    "root_seed": 7,
    "shared": {"kinds": ["even", "odd"]},
    "theory": {
        "small": {
            "sizes": [1, 20],
            "loops": {
                "short": {"steps": 3, "n_actions": [2, 3, 4], "family": "team"},
                "long": {"steps": 30, "n_actions": [2, 2]},
            },
            "checkpoints": 5,
            "rate": 0.5,
            "seeds": 3,
        }
    },
}


def measurement(**fields):
    usual = {"function": "run", "section": "theory/small", "file": "theory/small", "message": "Small"}
    return Measurement(**(usual | fields))


def test_settings_by_path():
    assert setting(CONFIG, "root_seed") == 7
    assert setting(CONFIG, "theory/small/rate") == 0.5
    assert setting(CONFIG, "theory/small/loops/long") == {"steps": 30, "n_actions": [2, 2]}
    for path in ("theory/large", "theory/small/rates", "shared/kinds/even/"):
        with pytest.raises((KeyError, TypeError)):
            setting(CONFIG, path)


def test_one_job_without_wildcards():
    """All of the section but ``seeds``, which are counted out, and ``checkpoints`` by its name in Python."""
    one = measurement()
    assert (one.name, one.rule) == ("run", "run")
    assert one.jobs(CONFIG) == [{}]
    assert one.files(CONFIG) == {"theory/small.npz": {}}
    section = CONFIG["theory"]["small"]
    assert one.arguments(CONFIG, {}) == {
        "sizes": [1, 20], "loops": section["loops"], "n_checkpoints": 5, "rate": 0.5, "seeds": [0, 1, 2], "root_seed": 7
    }  # fmt: skip
    assert "root_seed" not in measurement(random=False).arguments(CONFIG, {})
    named = measurement(name="small", rule="small_run")
    assert (named.function, named.name, named.rule) == ("run", "small", "small_run")


def test_a_list_is_an_argument_by_the_name_of_the_wildcard():
    """With the type that it has in the configuration; a path may lead to another section."""
    one = measurement(over={"size": "sizes", "kind": "shared/kinds"}, file="theory/{kind}-S{size}")
    assert one.values(CONFIG, "size") == [1, 20]
    assert one.jobs(CONFIG) == [
        {"size": size, "kind": kind} for size, kind in itertools.product(("1", "20"), ("even", "odd"))
    ]
    assert one.files(CONFIG) == {
        f"theory/{kind}-S{size}.npz": {"size": size, "kind": kind} for size in ("1", "20") for kind in ("even", "odd")
    }
    found = one.arguments(CONFIG, {"size": "20", "kind": "odd"})
    assert (found["size"], found["kind"]) == (20, "odd")
    assert set(found) == {"size", "kind", "loops", "n_checkpoints", "rate", "seeds", "root_seed"}


def test_a_mapping_has_arguments_of_each_value():
    """What is said of a file: its numbers and names, and how many players there are."""
    one = measurement(over={"loop": "loops"}, file="theory/{loop}")
    assert one.jobs(CONFIG) == [{"loop": "short"}, {"loop": "long"}]
    assert one.files(CONFIG) == {
        "theory/short.npz": {"loop": "short", "steps": 3, "n_players": 3, "family": "team"},
        "theory/long.npz": {"loop": "long", "steps": 30, "n_players": 2},
    }
    found = one.arguments(CONFIG, {"loop": "long"})
    assert (found["steps"], found["n_actions"]) == (30, [2, 2])
    assert not {"loop", "loops"} & {*found}


def test_a_tuple_has_the_values_themselves():
    one = measurement(over={"arm": ("alone", "carry_over")}, file="theory/{arm}")
    assert list(one.files(CONFIG)) == ["theory/alone.npz", "theory/carry_over.npz"]
    assert one.arguments(CONFIG, {"arm": "carry_over"})["arm"] == "carry_over"


def test_a_callable_takes_the_configuration():
    doubled = measurement(over={"size": lambda config: [2 * size for size in config["theory"]["small"]["sizes"]]})
    assert doubled.jobs(CONFIG) == [{"size": "2"}, {"size": "40"}]
    assert doubled.arguments(CONFIG, {"size": "40"})["size"] == 40
    parts = measurement(over={"part": lambda config: {"all": {"seeds": [5, 6], "rate": config["root_seed"]}}})
    found = parts.arguments(CONFIG, {"part": "all"})
    assert (found["seeds"], found["rate"]) == ([5, 6], 7)  # its own, not those of the section


def test_only_some_of_the_section():
    assert measurement(only=("rate", "checkpoints")).arguments(CONFIG, {}) == {
        "rate": 0.5, "n_checkpoints": 5, "root_seed": 7
    }  # fmt: skip


def test_arguments_are_adjusted_before_seeds_are_counted():
    def adjusted(config, arguments):
        assert "seeds" not in arguments
        return {"rate": arguments["rate"] * config["root_seed"], "size": arguments["size"]}

    one = measurement(over={"size": "sizes"}, adjust=adjusted)
    assert one.arguments(CONFIG, {"size": "1"}) == {"rate": 3.5, "size": 1, "seeds": [0, 1, 2], "root_seed": 7}


@pytest.mark.parametrize("listed", ["sizes", "loops", ("1", "20")])
def test_an_unknown_value_of_a_wildcard_is_refused(listed):
    one = measurement(over={"value": listed})
    with pytest.raises(KeyError, match="300"):
        one.arguments(CONFIG, {"value": "300"})


def test_measurements_do_not_share_their_wildcards():
    over = {"size": "sizes"}
    one = measurement(over=over)
    over["kind"] = "shared/kinds"
    assert one.over == {"size": "sizes"}
    assert measurement().over == {}


def test_properties_of_a_plan():
    plan = Plan(
        title="Small",
        measurements=(measurement(), measurement(function="walk")),
        tables=(Table("b", "B.", judged=True), Table("a", "A."), Table("c", "C.", judged=True)),
        figures=(Figure("f", "F.", ("c", "a")), Figure("g", "G.", ("a", "b"))),
        sections=(Section("one", "One", claims=("z", "y")), Section("two", "Two", claims=("x",))),
        present=lambda config: config["root_seed"] > 7,
    )
    assert plan.judged == ["b", "c"]
    assert plan.claims == ["z", "y", "x"]
    assert plan.drawn_of == ["c", "a", "b"]
    assert list(plan.functions()) == ["run", "walk"]
    assert not plan.is_present(CONFIG)
    assert plan.is_present(CONFIG | {"root_seed": 8})
    empty = Plan(title="Empty")
    assert empty.is_present({})
    assert (empty.judged, empty.claims, empty.drawn_of, list(empty.functions())) == ([], [], [], [])
    assert empty.notebooks == {}


# What plans name is there -------------------------------------------------------------------------------


def test_plans_are_read_without_numpy_and_pandas():
    """Snakemake reads them at every start, also where it only says what it would do."""
    code = (
        "import sys; from metanash_replication.plans import read_plan; from metanash_replication.topics import TOPICS; "
        "[read_plan(topic) for topic in TOPICS]; "
        "heavy = {'numpy', 'scipy', 'pandas', 'matplotlib', 'seaborn', 'metanash'} & {*sys.modules}; "
        "sys.exit(f'imported: {sorted(heavy)}' if heavy or not TOPICS else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize(("topic", "one"), MEASUREMENTS, ids=lambda part: getattr(part, "name", part))
def test_functions_take_the_arguments_of_every_job(topic, one, name):
    config = CONFIGURATIONS[name]
    function = getattr(importlib.import_module(f"metanash_replication.topics.{topic}.measure"), one.function)
    jobs = one.jobs(config)
    assert len(one.files(config)) == len(jobs)
    for job in jobs:
        inspect.signature(function).bind(**one.arguments(config, job))
        assert one.message.format(**job)
    if topic != "scale":  # of which the default run has none
        assert jobs


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_two_measurements_share_a_file_or_rule(name):
    files = [file for _, one in MEASUREMENTS for file in one.files(CONFIGURATIONS[name])]
    assert len(set(files)) == len(files)
    rules = [one.rule for _, one in MEASUREMENTS]
    assert len(set(rules)) == len(rules)
    for plan in PLANS.values():
        assert len({one.name for one in plan.measurements}) == len(plan.measurements)


@pytest.mark.parametrize("topic", [topic for topic, plan in PLANS.items() if plan.tabulated])
def test_settings_of_tables_are_arguments_of_make(topic):
    plan = PLANS[topic]
    settings = {name: setting(DEFAULT, path) for name, path in plan.tabulated.settings.items()}
    make = importlib.import_module(f"metanash_replication.topics.{topic}.tables").make
    inspect.signature(make).bind({}, **settings)


@pytest.mark.parametrize("topic", [topic for topic, plan in PLANS.items() if plan.drawn_by])
def test_figures_are_those_of_the_module(topic):
    module = importlib.import_module(f"metanash_replication.topics.{topic}.figures")
    assert [figure.name for figure in PLANS[topic].figures] == list(module.FIGURES)
    assert {*PLANS[topic].drawn_of} <= {table.name for table in PLANS[topic].tables}


@pytest.mark.parametrize("topic", [topic for topic, plan in PLANS.items() if plan.sections])
def test_sections_are_those_of_the_module(topic):
    """In each, figures of the topic or, if they are optional, of another one; ``needs`` are tables."""
    plan = PLANS[topic]
    module = importlib.import_module(f"metanash_replication.topics.{topic}.section")
    assert [section.id for section in plan.sections] == list(module.PARTS)
    for section in plan.sections:
        assert {*section.figures} <= {figure.name for figure in plan.figures}
        assert {*section.optional} <= FIGURES
        assert {*section.needs} <= TABLES


def test_every_figure_has_one_place_in_the_report():
    shown = [
        name for plan in PLANS.values() for section in plan.sections for name in (*section.figures, *section.optional)
    ]
    assert sorted(shown) == sorted(FIGURES)
    opening = [section.id for plan in PLANS.values() for section in plan.sections if section.opens]
    assert opening == [section.id for section, _ in OUTLINES[: len(opening)]]
    assert opening == ["figure-1", "readings", "map-of-claims"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_what_a_claim_cites_is_there(claim):
    """Figures, tables, and a file for each pattern: those of plans, or records of an experiment."""
    assert {*claim.figures} <= FIGURES
    assert {*claim.tables, *claim.needs} <= TABLES | {"theory"}
    deep = CONFIGURATIONS["deep"]
    files = {file for _, one in MEASUREMENTS for file in one.files(deep)}
    files |= {
        f"runs/{name}/{kind}/{arm}/block-0.npz"
        for name, section in deep["experiments"].items()
        for kind, arm in itertools.product(section["base_kinds"], section["arms"])
    }
    for pattern in claim.runs:
        assert any(fnmatch(file, pattern) for file in files), pattern


def test_claims_are_those_of_the_plans():
    ids = [name for plan in PLANS.values() for name in plan.claims]
    assert [claim.id for claim in CLAIMS] == ids
    assert len(set(ids)) == len(ids)
    assert {*OPENING} <= {*ids}


def test_names_are_said_once():
    for kind in ("tables", "figures", "sections"):
        names = [getattr(one, "name", None) or one.id for plan in PLANS.values() for one in getattr(plan, kind)]
        assert len(set(names)) == len(names), kind


def test_figures_and_tables_have_a_caption():
    """By which Snakemake's report and ours explain them: a sentence, on one line."""
    for plan in PLANS.values():
        for one in (*plan.tables, *plan.figures):
            assert re.fullmatch(r"[A-Z].*\.", one.caption), one.name
            assert one.caption == " ".join(one.caption.split())


@pytest.mark.parametrize("caption", ["", "  ", ("a", "b")])
def test_a_caption_that_is_missing_is_named(caption):
    with pytest.raises(ValueError, match="table rates: its caption is"):
        Table("rates", caption)
    with pytest.raises(ValueError, match="figure slopes: its caption is"):
        Figure("slopes", caption, ("rates",))


@pytest.mark.parametrize(
    ("topic", "notebook"), [(topic, notebook) for topic, plan in PLANS.items() for notebook in plan.notebooks]
)
def test_notebooks_read_what_is_there(topic, notebook):
    """The notebook exists, its tables are the topic's, its files are made by the default run."""
    reads, plan = PLANS[topic].notebooks[notebook], PLANS[topic]
    assert (ROOT / f"notebooks/{notebook}.ipynb").exists()
    assert {*reads.tables} <= {table.name for table in plan.tables}
    assert {*reads.experiments} <= {*DEFAULT["experiments"]}
    assert plan.bounds or not reads.bounds
    assert {*reads.files} <= {file for one in plan.measurements for file in one.files(DEFAULT)}
