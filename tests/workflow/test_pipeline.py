"""The pipeline, run for real: what it makes, what an edit makes anew, and what it refuses."""

import csv
import itertools
import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import (
    FIGURE_FILES,
    MEASURED,
    NOTEBOOKS,
    OWN,
    PAGES,
    SEARCHED,
    TABLES,
    comparable,
    files_of,
    side_by_side,
)  # fmt: skip
from jsonschema import Draft202012Validator
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

from metanash.gamefile import read_games, read_provenance
from metanash.solution.files import load
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm
from metanash_replication.falsification import FALSIFIABLE
from metanash_replication.plans import read_plan
from metanash_replication.records import read_measurement, read_record
from metanash_replication.topics import TOPICS as ALL_TOPICS
from metanash_replication.topics.own_games.measure import learn_own
from metanash_replication.topics.simulations import tables
from workflow.configuration import mistakes

TOPICS = ("zero_sum", "potential", "maml", "general_sum", "scale")
FIGURE_JOBS = ("simulation", "finite_horizon", "discounted", "larger_tasks", "own_games", "falsification", "claims_map")
FIGURE_RULES = {f"{name}_figures": 1 for name in FIGURE_JOBS}
REST = {
    "figure1_table",
    "speed_up",
    "sensitivity_table",
    "equilibria",
    "ledger",
    "summary",
    "provenance",
    "report",
    "article",
    "all",
    "kernels",
    "theory",
    "larger_tasks_tables",
    "own_games_tables",
    "own_games_accepted",
}
SHOWING = {"report": 1, "article": 1, "own_games_accepted": 1}
"""What shows figures."""
REPORTS = {"ledger": 1, "claims_map_figures": 1, "summary": 1, "provenance": 1, **SHOWING}
THEORY_TABLES = {"claims", "theory", *(table.name for topic in ALL_TOPICS for table in read_plan(topic).tables)}
THEORY_TABLES -= {name.removesuffix(".csv") for name in TABLES}


@pytest.fixture(scope="module")
def theory(config):
    """Number of jobs of each rule about the theorems."""
    zero_sum, potential, maml, general, scale = (config["theory"][name] for name in TOPICS)
    long, random, sequences = (zero_sum[name] for name in ("long_runs", "random_games", "sequences"))
    sizes = len(scale["zero_sum"]["states"]) * len(scale["zero_sum"]["actions"]) + len(scale["tracking"]["positions"])
    training = maml["meta_training"]
    return {
        **{f"potential_{name}": len(potential["base_kinds"])
           for name in ("random_games", "random_sequences", "long_runs", "step_scaling", "far_steps")},
        "counterexamples": 1,
        "potential_sequences": 3 * 2,  # at the theory's step, a practical one, congestion; individual and carry-over
        **{f"maml_{name}": len(maml[name]["base_kinds"]) for name in ("constant_ratios", "random_games", "inner_loop")},
        "meta_training": len(training["inner_loops"]) * len(training["base_kinds"]) * len(training["discounts"]),
        "general_sum_random_games": len(general["random_games"]["base_kinds"])
        * len(general["random_games"]["horizons"]),
        **{name: len(general[name]["settings"]) for name in ("rates", "schedules")},
        "general_sum_sequences": len(general["sequences"]["arms"]),
        "general_sum_burn_in": 1, "scale_learned": sizes, "scale_costs": sizes,
        **{f"{name}_tables": 1 for name in TOPICS},
        "long_run": len(long["base_kinds"]) * len(long["horizons"]),
        "random_games": len(random["base_kinds"]) * len(random["horizons"]),
        "sequences": len(sequences["base_kinds"]) * len(sequences["arms"]) * len(sequences["parts"]),
        "value_growth": len(zero_sum["value_growth"]["base_kinds"]),
        "small_step_sequences": len(zero_sum["small_step_sequences"]["base_kinds"]),
        "burn_in": 1, "two_sided": 1, "small_step": 1, "finite_horizon": 1,
        "maml_gradient_checks": len(maml["gradient_checks"]["base_kinds"]), "remarks_tables": 1,
        **{name: len(config["theory"]["remarks"][name]["base_kinds"])
           for name in ("restarts", "initial_states", "carried_policies")},
        **{one.rule: len(one.jobs(config)) for one in read_plan("readings").measurements}, "readings_tables": 1,
        **{one.rule: len(one.jobs(config)) for one in read_plan("river").measurements}, "river_tables": 1,
        **{one.rule: len(one.jobs(config)) for one in read_plan("successors").measurements}, "successors_tables": 1,
        **{one.rule: len(one.jobs(config)) for one in read_plan("updates").measurements}, "updates_tables": 1,
        **{one.rule: len(one.jobs(config)) for one in read_plan("bandit").measurements}, "bandit_tables": 1,
        **dict.fromkeys(("dynamic_rates", "leaders", "several_equilibria", "growth_of_gaps"), 1),
        "own_games": len(config["own_games"]["files"]),
        "falsify": len(FALSIFIABLE), "falsification_tables": 1,
    }  # fmt: skip


@pytest.fixture(scope="module")
def learning(config):
    """Number of jobs of each rule that learns: one for a kind and block, with all arms."""
    return {
        f"learn_{name}": len(section["base_kinds"]) * len(blocks(section))
        for name, section in config["experiments"].items()
    }


@pytest.fixture(scope="module")
def every_job(theory, learning):
    counts = {"games": 20, "notebook": len(NOTEBOOKS)}
    return {**dict.fromkeys(REST, 1), **counts, **learning, **FIGURE_RULES, **theory}


def blocks(section):
    """Seeds of each block: consecutive, from 0."""
    seeds, size = list(range(section["seeds"])), section["seeds_per_block"]
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def all_runs(config):
    """(experiment, base kind, arm, block, seeds) of every run record."""
    return [
        (name, kind, arm, number, seeds)
        for name, section in config["experiments"].items()
        for kind in section["base_kinds"]
        for arm in section["arms"]
        for number, seeds in enumerate(blocks(section))
    ]


def run_name(name, kind, arm, block):
    return f"runs/{name}/{kind}/{arm}/block-{block}.npz"


# What a run makes ---------------------------------------------------------------------------------------


def test_the_copy_is_what_runs(finished):
    answer = finished.command("-c", "import metanash, metanash.kernels as k; print(metanash.__file__, k.__file__)")
    assert answer.code == 0
    for file in answer.text.split():
        assert file.startswith(f"{finished.folder}/src/metanash/")


def test_outputs_are_all_there_and_nothing_else(finished, config):
    runs = all_runs(config)
    wanted = {
        *TABLES,
        "summary.md",
        "report.html",
        "article.pdf",
        "metadata.yaml",
        "references.bib",
        "provenance.json",
        "kernels.json",
        *PAGES,
        *FIGURE_FILES,
    }
    wanted |= {run_name(*run[:4]) for run in runs}
    wanted |= {f"games/{name}/{kind}/block-{block}.npz" for name, kind, _, block, _ in runs}
    found = files_of(finished.folder / finished.results)
    kept = {name for name in found if not name.startswith(("logs/", "benchmarks/", "theory/", "own_games/"))}
    wanted |= {f"falsify/{name}/search.json" for name in FALSIFIABLE}
    assert wanted <= kept
    instances = {name for name in kept if name.startswith("falsify/") and "/instances/" in name}
    assert {name.split("/")[1] for name in instances} == set(FALSIFIABLE)
    kept -= instances
    records = {
        name for name in kept if name.startswith("made/")
    }  # one for each job, as its log but that of the kernels
    assert {name.removeprefix("made/").replace(".json", ".log") for name in records} | {
        "kernels.log",
        "digests.json",
    } == {name.removeprefix("logs/") for name in found if name.startswith("logs/")}
    kept -= records
    about_theorems = {f"{name}.csv" for name in THEORY_TABLES}
    drawn = (
        "theorem",
        "proposition",
        "maml",
        "appendix",
        "own_games",
        "growth",
        "falsification",
        "worst_instances",
        "readings",
        "river",
        "successors",
        "updates",
        "bandit",
        "remarks",
        "claims_map",
    )
    about_theorems |= {name for name in kept if name.startswith(tuple(f"paper_figures/{word}" for word in drawn))}
    about_theorems |= {
        name
        for name in kept
        if name.startswith(
            ("readings/", "river/", "successors/", "promises/", "updates/", "bandit/", "bandit_sequences/")
        )
    }
    assert kept - wanted == about_theorems
    timed = {name.removeprefix("benchmarks/") for name in found if name.startswith("benchmarks/runs/")}
    assert timed == {f"runs/{name}/{kind}/block-{block}.tsv" for name, kind, _, block, _ in runs}
    assert files_of(finished.folder / "results") == [f"smoke/{name}" for name in found]  # the real results stay away
    assert not (finished.folder / "paper_figures").exists()


def test_figures_are_where_the_configuration_says(two_runs):
    for project in two_runs:
        for name in FIGURE_FILES:
            assert project.path(name).stat().st_size > 3000, name


def test_records_are_those_that_their_names_say(finished, config):
    for name, kind, arm, block, seeds in all_runs(config):
        section, record = config["experiments"][name], read_record(finished.path(run_name(name, kind, arm, block)))
        assert record["seeds"].tolist() == seeds
        assert (record.spec["arm"], record.spec["games"]["base_kind"]) == (arm, kind)
        assert {key: record.spec[key] for key in section["learning"]} == section["learning"]
        assert {key: record.spec["games"][key] for key in section["games"]} == section["games"]
        assert record.spec["games"]["root_seed"] == config["root_seed"]
        assert record["ne_gap"].shape[:4] == (
            len(section["learning"]["learning_rates"]), len(section["games"]["perturbations"]), len(seeds),
            section["games"]["count"],
        )  # fmt: skip
        assert ("stage_q" in record.arrays) == section["learning"]["keep_stages"]


@pytest.mark.parametrize(
    ("name", "kind", "arm", "block"),
    [
        ("figure1_zero_sum", "pure", "best_response", 1),
        ("figure1_potential", "team", "carry_over", 0),
        ("sensitivity_zero_sum", "mixed", "output_policy", 0),
        ("sensitivity_potential", "action_independent", "individual", 0),
    ],
)
def test_records_are_those_of_the_library(finished, config, name, kind, arm, block):
    """The rules add nothing to and lose nothing of two calls of the library, to the bit."""
    section = config["experiments"][name]
    sequences = Sequences.from_config({**section["games"], "base_kind": kind})
    games, provenance = generate_games(sequences, blocks(section)[block], config["root_seed"])
    wanted = run_arm(Learning.from_config({**section["learning"], "arm": arm}), games, provenance)
    found = read_record(finished.path(run_name(name, kind, arm, block)))
    assert set(found.arrays) == set(wanted.arrays)
    for key, array in wanted.arrays.items():
        np.testing.assert_array_equal(found[key], array, strict=True)


def test_figure1_has_every_run(finished, config):
    """Row by row from the records, by loops, with NumPy and the csv module only."""
    wanted = {}
    for name, kind, arm, block, seeds in all_runs(config):
        if not name.startswith("figure1"):
            continue
        with np.load(finished.path(run_name(name, kind, arm, block))) as record:
            gap, grid = record["ne_gap"], record["checkpoints"].tolist()
        unit = 10**4 if name == "figure1_potential_theory" else 1  # learned at a multiple of the step of the theory
        for (s, seed), (c, t) in itertools.product(enumerate(seeds), enumerate(grid)):
            key = (config["experiments"][name]["figure"], kind, arm, str(seed), str(gap.shape[3]), str(t * unit))
            wanted[key] = sum(gap[0, 0, s, :, c].tolist()) / gap.shape[3]
    with finished.path("figure1.csv").open(newline="") as handle:
        head, *rows = csv.reader(handle)
    assert head == ["figure", "base_kind", "arm", "seed", "games", "iteration", "ne_gap"]
    found = {tuple(row[:6]): float(row[6]) for row in rows}
    assert len(found) == len(rows)  # no row twice
    assert found == pytest.approx(wanted, rel=1e-14)
    experiments = [section for name, section in config["experiments"].items() if name.startswith("figure1")]
    runs = sum(len(e["base_kinds"]) * len(e["arms"]) * e["seeds"] for e in experiments)
    assert len(rows) == runs * len(grid) == (8 + 4 + 4) * 4 * 11  # of 12 log-spaced checkpoints two are equal
    assert {row[0] for row in rows} == {"1a", "1b", "1b_theory"}


def test_first_games_are_equal_for_all_arms(finished, config):
    runs = [run for run in all_runs(config) if run[0].startswith("figure1")]
    for name, kind, block in dict.fromkeys((run[0], run[1], run[3]) for run in runs):
        arms = [arm for other, of, arm, number, _ in runs if (other, of, number) == (name, kind, block)]
        gaps = []
        for arm in arms:
            with np.load(finished.path(run_name(name, kind, arm, block))) as record:
                gaps.append(record["ne_gap"][0, 0])
        for gap in gaps[1:]:
            np.testing.assert_array_equal(gap[:, 0], gaps[0][:, 0])
            assert (gap[:, 1] != gaps[0][:, 1]).mean() > 0.8


def test_other_tables_are_those_of_the_library(finished, config):
    figure1 = pd.read_csv(finished.path("figure1.csv"))
    resamples, root = config["speed_up"]["resamples"], config["root_seed"]
    speed_up = tables.speed_up_table(figure1, config["speed_up"]["levels"], resamples, root)
    assert finished.path("speed_up.csv").read_text() == speed_up.to_csv(index=False)
    names = [run for run in all_runs(config) if run[0].startswith("sensitivity")]
    records = [read_record(finished.path(run_name(*run[:4]))) for run in names]
    sensitivity = tables.final_gap_table(records, resamples, root)
    assert finished.path("sensitivity.csv").read_text() == sensitivity.to_csv(index=False)
    parts, section = [], config["experiments"]["figure1_zero_sum"]
    count = section["games"]["count"]
    for kind in section["base_kinds"]:
        for block in range(len(blocks(section))):
            path = finished.path(f"games/figure1_zero_sum/{kind}/block-{block}.npz")
            games = read_games(path)
            for i, seed in enumerate(read_provenance(path)["axes"]["seed"]):
                parts.append(tables.stage_equilibria(games[i * count : (i + 1) * count], kind, seed))
    assert finished.path("equilibria.csv").read_text() == pd.concat(parts).to_csv(index=False)


def test_kernels_are_written_down(finished):
    found = json.loads(finished.path("kernels.json").read_text())
    assert set(found) == {"backend", "instruction_set", "sources"}
    answer = finished.command(
        "-c", "from metanash import kernels as k; print(k.backend, k.instruction_set, k.source_digest())"
    )
    assert answer.text.split() == [found["backend"], found["instruction_set"], found["sources"]]


@pytest.mark.parametrize(("name", "figures"), list(zip(NOTEBOOKS, (7, 9, 3, 3, 1, 1), strict=True)))
def test_notebook_is_executed(finished, name, figures):
    text = finished.path(f"notebooks/{name}.ipynb").read_text()
    notebook = nbformat.reads(text, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type in {"error", "stream"}]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == figures
    assert code[-1].outputs[0].data["text/html"]  # the cell in which a reader changes one thing has run
    assert str(finished.made_in) not in text
    assert "iopub" not in text  # no times
    committed = nbformat.read(finished.folder / f"notebooks/{name}.ipynb", as_version=4)
    assert [cell.source for cell in committed.cells] == [cell.source for cell in notebook.cells]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_page_of_a_notebook_opens_offline(finished, name):
    """It has all figures of the notebook inside and asks for nothing: no script, no address."""
    page = finished.path(f"notebooks/{name}.html").read_text()
    notebook = nbformat.read(finished.path(f"notebooks/{name}.ipynb"), as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    images = sum("image/png" in output.get("data", {}) for output in outputs)
    assert page.count('src="data:image/png;base64,') == images > 0
    described = re.findall(r'<img alt="([^"]+)"', page)  # by the text that introduces the cell
    assert len(described) == images
    assert min(len(words.split()) for words in described) >= 5
    assert not re.search(r"<(script|link|iframe)|(src|href)=\W*(https?:)?//|@import|url\(\W*https?:", page)
    assert str(finished.made_in) not in page


def test_logs_say_what_was_done(finished):
    log = finished.path("logs/runs/figure1_potential/team/block-1.log").read_text()
    record = read_record(finished.path("runs/figure1_potential/team/carry_over/block-1.npz"))
    assert f"carry_over: 6 runs of 60 iterations: mean final gap {record['ne_gap'][..., -1].mean():.4g}" in log
    log = finished.path("logs/games/figure1_potential/team/block-1.log").read_text()
    assert "6 games for seeds [2, 3]" in log


def test_logs_are_short_enough_to_be_read(finished):
    """Libraries that tell of each glyph of each font (fontTools, at the level of our own messages) are asked not to."""
    lines = {path.name: len(path.read_text().splitlines()) for path in finished.path("logs").rglob("*.log")}
    assert len(lines) > 30
    assert max(lines.values()) < 100, max(lines, key=lines.__getitem__)


# The same bytes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "npz", "pdf", "png", "json"])
def test_cores_and_folders_change_no_byte(two_runs, kind):
    two, one = ({name: text for name, text in comparable(p).items() if name.endswith(kind)} for p in two_runs)
    found = len(list(two_runs[1].path(f"{SEARCHED}/instances").glob("*.npz")))
    jobs = sum(name.startswith("made/") for name in one)
    npz = 14 + 40 + len(MEASURED) + 1 + 3 + found  # games, runs, measurements, games and other arms of the last
    count = {"csv": len(TABLES), "npz": npz, "pdf": 6, "png": 6, "json": 2 + jobs}[kind]
    assert len(one) == count > 0
    assert [name for name in one if two[name] != one[name]] == []


def test_threads_change_no_byte(bare, finished, tmp_path):
    """Two rules have two threads a job: more than one is what nobody gets who does not ask."""
    project, rules = bare.copied_to(tmp_path / "project"), ("random_games", "potential_random_games")
    names = ["theory/random_games/mixed-H1.npz", "theory/potential/random_games/team.npz"]
    asked = ("--set-threads", *(f"{rule}=2" for rule in rules))
    answer = project.snakemake("--cores", "2", *(f"{project.results}/{name}" for name in names), *asked)
    assert answer.code == 0, answer.text
    for rule, name in zip(rules, names, strict=True):
        assert answer.jobs()[rule] == 1
        assert project.path(name).read_bytes() == finished.path(name).read_bytes(), name


def test_notebooks_are_equal_when_executed_again(edited):
    """Elsewhere, on one core: the one that both reads tables and learns."""
    names = [f"notebooks/findings.{kind}" for kind in ("ipynb", "html")]
    before = {name: edited.path(name).read_text().splitlines() for name in names}
    answer = edited.snakemake("--cores", "1", f"{edited.results}/{names[0]}", "--forcerun", "notebook")
    assert answer.code == 0, answer.text
    for name, lines in before.items():
        after = edited.path(name).read_text().splitlines()
        assert [pair for pair in zip(lines, after, strict=True) if pair[0] != pair[1]] == [], name


# What an edit makes anew --------------------------------------------------------------------------------


def append(name):
    return lambda project: project.edit(name, "/* a comment */" if name.endswith(".h") else "# a comment")


def touch(project):
    library, replication = (project.folder / "src" / name for name in ("metanash", "metanash_replication"))
    for path in (replication / "plotting.py", library / "learners/mirror_descent.py", library / "kernels/lanes.h"):
        path.touch()
    (replication / "experiments.py").touch()


def experiments(**changes):
    return {"experiments": changes}


EDITS = {
    "touch": (touch, None),
    "width and notebook": (lambda project: project.edit("notebooks/zero_sum.ipynb"), {"plots": {"width": 4.25}}),
    "scale": (None, {"plots": {"gap_scale": {"1b": "log"}}}),
    "levels and arms": (
        None,
        {"speed_up": {"levels": {"pure": [0.25]}}, **experiments(sensitivity_zero_sum={"arms": ["individual"]})},
    ),
    "plotting.py": (append("src/metanash_replication/plotting.py"), None),
    "claims.py": (append("src/metanash_replication/topics/updates/claims.py"), None),
    "lanes.h": (append("src/metanash/kernels/lanes.h"), None),
    "q_ascent.py": (append("src/metanash/learners/q_ascent.py"), None),
    "learn.py": (append("workflow/scripts/learn.py"), None),
    "another block": (None, experiments(figure1_zero_sum={"seeds": 6})),
    "half a block": (None, experiments(figure1_potential={"seeds": 5})),
    "rates and perturbations": (
        None,
        experiments(
            figure1_potential={"learning": {"learning_rates": [0.02]}},
            sensitivity_zero_sum={"games": {"perturbations": [0.1]}},
        ),
    ),
    "root_seed": (None, {"root_seed": 1}),
}


@pytest.fixture(scope="module")
def answers(finished, tmp_path_factory):
    """Dry runs of the finished pipeline after an edit of a file or of the configuration."""

    def dry_run(case):
        edit, config = case
        project = finished.copied_to(tmp_path_factory.mktemp("edited") / "project")
        if edit:
            edit(project)
        return project.dry_run(config)

    return dict(zip(EDITS, side_by_side(dry_run, EDITS.values()), strict=True))


def test_dry_run_of_everything(bare, every_job, learning):
    """The number of jobs is what the configuration says."""
    assert bare.dry_run().jobs() == every_job
    assert sum(learning.values()) == every_job["games"]


def test_own_experiments_are_part_of_everything(bare, every_job):
    """Two kinds in two blocks with three arms, one table and one figure."""
    more = {"games": every_job["games"] + 4, "learn_own_family": 4, "own_table": 1, "own_figure": 1}
    assert bare.dry_run({"experiments": OWN}).jobs() == every_job | more


def test_times_of_files_mean_nothing(answers):
    assert answers["touch"].jobs() == {}


def test_a_second_run_does_nothing(edited):
    before = {name: edited.path(name).stat().st_mtime_ns for name in files_of(edited.folder / edited.results)}
    answer = edited.snakemake("--cores", "2")
    assert answer.code == 0
    assert "Nothing to be done" in answer.text
    after = {name: edited.path(name).stat().st_mtime_ns for name in files_of(edited.folder / edited.results)}
    assert after == before


def test_width_of_plots_redraws_only(answers):
    """One notebook is executed, since it was edited too; figures in notebooks have a width of their own."""
    jobs = {**FIGURE_RULES, "provenance": 1, **SHOWING, "notebook": 1, "all": 1}
    assert answers["width and notebook"].jobs() == jobs


def test_scale_of_a_panel_redraws_figure_1_only(answers):
    jobs = {"simulation_figures": 1, "provenance": 1, **SHOWING, "all": 1}
    assert answers["scale"].jobs() == jobs


def test_levels_measure_speed_ups_only_and_fewer_arms_learn_nothing(answers):
    """The table of final gaps is made of fewer records, no record is made."""
    assert answers["levels and arms"].jobs() == {
        "speed_up": 1, "sensitivity_table": 1, "simulation_figures": 1, **REPORTS, "notebook": 2, "all": 1,
    }  # fmt: skip


def test_plotting_code_learns_nothing(answers):
    """The report embeds the figures, so it is written again; verdicts know labels only."""
    jobs = {**FIGURE_RULES, **SHOWING, "notebook": len(NOTEBOOKS), "all": 1}
    assert answers["plotting.py"].jobs() == jobs


def test_another_rule_of_a_verdict_judges_again_and_measures_nothing(answers):
    jobs = {"ledger": 1, "summary": 1, "claims_map_figures": 1, **SHOWING, "all": 1}
    assert answers["claims.py"].jobs() == jobs


def test_kernel_sources_do_everything_again(answers, every_job):
    """What was made with the old kernels must not be mixed with what is made with the new ones."""
    assert answers["lanes.h"].jobs() == every_job


def test_code_of_a_learner_learns_again(answers, learning):
    jobs = answers["q_ascent.py"].jobs()
    assert learning.items() <= jobs.items()
    assert "kernels" not in jobs


def test_script_of_a_rule_runs_that_rule(answers, learning):
    jobs = answers["learn.py"].jobs()
    assert learning.items() <= jobs.items()
    assert set(jobs) - set(learning) == {
        "figure1_table", "sensitivity_table", "speed_up", *REPORTS, "notebook", "simulation_figures",
        "larger_tasks_tables", "larger_tasks_figures", "theory", "all",
    }  # fmt: skip


def test_another_block_of_seeds_learns_that_block_only(answers):
    assert answers["another block"].jobs() == {
        "games": 2, "learn_figure1_zero_sum": 2, "figure1_table": 1, "speed_up": 1, "equilibria": 1,
        "simulation_figures": 1, **REPORTS, "notebook": 2, "all": 1,
    }  # fmt: skip
    jobs = [line for line in answers["another block"].messages() if line.startswith("figure1_zero_sum: ")]
    assert len(jobs) == 4
    assert all(line.endswith(", block 2") for line in jobs)


def test_half_a_block_of_seeds_is_a_block(answers):
    """5 seeds in blocks of 2 are 0 1 | 2 3 | 4."""
    jobs = answers["half a block"].jobs()
    assert (jobs["games"], jobs["learn_figure1_potential"]) == (2, 2)
    jobs = [line for line in answers["half a block"].messages() if line.startswith("figure1_potential: ")]
    assert all(line.endswith(", block 2") for line in jobs)


def test_parameters_belong_to_one_experiment(answers):
    """Rates of one learn it anew on the same games, perturbations of another make its games anew, no other runs."""
    answer = answers["rates and perturbations"]
    jobs = answer.jobs()
    learned = {name: n for name, n in jobs.items() if name.startswith("learn_")}
    assert (jobs["games"], learned) == (2, {"learn_figure1_potential": 4, "learn_sensitivity_zero_sum": 2})
    assert not {"kernels", "equilibria", "theory"} & set(jobs)
    lines = [line for line in answer.messages() if ", block " in line]
    made = sorted(line.split(":")[0] for line in lines if ": games of kind " in line)
    learned = sorted(line.split(":")[0] for line in lines if ": games of kind " not in line)
    assert made == ["sensitivity_zero_sum"] * 2
    assert learned == ["figure1_potential"] * 4 + ["sensitivity_zero_sum"] * 2


def test_root_seed_changes_every_draw(answers, every_job):
    # nothing is drawn there
    without = {"kernels", "counterexamples", "burn_in", "two_sided", "general_sum_burn_in", "own_games"}
    without |= {"own_games_tables", "own_games_figures", "dynamic_rates"}
    wanted = {rule: n for rule, n in every_job.items() if rule not in without}
    assert answers["root_seed"].jobs() == {**wanted, "notebook": len(NOTEBOOKS) - 1}  # own_game draws nothing


def test_seeds_of_a_short_block(edited):
    """The last block is learned for real: one seed, the right one."""
    target = "results/smoke/runs/figure1_potential/team/individual/block-2.npz"
    answer = edited.snakemake("--cores", "1", target, config=experiments(figure1_potential={"seeds": 5}))
    assert answer.code == 0, answer.text
    assert "Done.\n  claims     results/smoke/claims.csv: " in answer.text
    assert "\n  report     results/smoke/report.html\n" in answer.text
    assert read_record(edited.folder / target)["seeds"].tolist() == [4]


# What it refuses ----------------------------------------------------------------------------------------

REFUSED = {
    "schema": {
        "root_sed: ": {"root_sed": 1},
        "speed_up/resample: ": {"speed_up": {"resample": 10}},
        "learning/iteration: ": {"experiments": {"figure1_zero_sum": {"learning": {"iteration": 10}}}},
        "zero_sum/seeds: ": {"experiments": {"sensitivity_zero_sum": {"seeds": "four"}}},
        "learning/iterations: ": {"experiments": {"figure1_potential": {"learning": {"iterations": 0}}}},
        "learning_rates": {"experiments": {"figure1_zero_sum": {"learning": {"learning_rates": [0.1, 0]}}}},
        "games/mine.txt": {"own_games": {"files": {"mine": "games/mine.txt"}}},
    },
    "what fits together": {
        "as many as horizons": {"theory": {"zero_sum": {"random_games": {"iterations": [10]}}}},
        "appendix_tracking/references: ": {"larger_tasks": {"appendix_tracking": {"references": 99}}},
        "appendix_poker/perturbation: ": {"larger_tasks": {"appendix_poker": {"perturbation": 0.123}}},
        "appendix_tracking/seeds_per_block: ": {"experiments": {"appendix_tracking": {"seeds_per_block": 1}}},
    },
    "rules": {"own_games/zero_sum/chicken": {"own_games": {"zero_sum": {"chicken": True}}}},
}
"""Who refuses -> what is said -> the mistake. Each of the three looks only if the one before finds nothing."""
ENTRIES = [(by, entry) for by, entries in REFUSED.items() for entry in entries]


@pytest.fixture(scope="module")
def refusals(bare, tmp_path_factory):
    """Answers to configurations with all mistakes that are told at a time, and what they left on disk."""

    def try_one(entries):
        config = {}
        for mistake in entries.values():
            update_config(config, json.loads(json.dumps(mistake)))
        project = bare.copied_to(tmp_path_factory.mktemp("refused") / "project")
        answer = project.snakemake("--cores", "1", "results/smoke/kernels.json", config=config)
        return answer, (project.folder / "results").exists() or (project.folder / "paper_figures").exists()

    return dict(zip(REFUSED, side_by_side(try_one, REFUSED.values()), strict=True))


@pytest.mark.parametrize(("by", "entry"), ENTRIES)
def test_a_wrong_entry_is_named_before_anything_is_made(refusals, by, entry):
    answer, made = refusals[by]
    assert answer.code != 0
    assert entry in answer.text
    assert "config" in answer.text
    assert "Traceback" not in answer.text
    assert not made


@pytest.mark.parametrize(("by", "entry"), [pair for pair in ENTRIES if pair[0] != "rules"])
def test_a_wrong_entry_is_refused_alone_and_nothing_else_is(bare, config, by, entry):
    changed = json.loads(json.dumps(config))
    update_config(changed, REFUSED[by][entry])
    found = mistakes(changed, bare.folder / "workflow/schemas/config.schema.yaml")
    assert found
    assert all(entry in line for line in found)


SCHEMA_REFUSES = [
    (["root_seed"], -1), (["root_seed"], 1.5), (["root_seed"], True), (["results"], ""), (["results"], 3),
    (["paper_figures"], None), (["plots", "width"], 0), (["plots", "gap_scale", "1a"], "cubic"),
    (["plots", "gap_scale", "1c"], "log"), (["speed_up", "resamples"], 0), (["speed_up", "levels", "pure"], []),
    (["speed_up", "levels", "pure"], [0.1, 0]), (["speed_up", "levels", "puer"], [0.1]),
    (["experiments", "figure_2"], {}), (["experiments", "figure1_zero_sum", "seeds"], 1),
    (["experiments", "figure1_zero_sum", "seeds_per_block"], 0),
    (["experiments", "figure1_zero_sum", "arms"], ["best_response"]),
    (["experiments", "figure1_zero_sum", "arms"], ["individual", "individual"]),
    (["experiments", "figure1_zero_sum", "arms"], ["individual", "bestresponse"]),
    (["experiments", "figure1_zero_sum", "base_kinds"], []),
    (["experiments", "figure1_zero_sum", "base_kinds"], ["both"]),
    (["experiments", "figure1_zero_sum", "games", "family"], "zerosum"),
    (["experiments", "figure1_zero_sum", "games", "count"], 0),
    (["experiments", "figure1_zero_sum", "games", "perturbations"], [-0.1]),
    (["experiments", "figure1_zero_sum", "games", "perturbations"], []),
    (["experiments", "figure1_zero_sum", "games", "options", "discount"], 0.9),
    (["experiments", "figure1_zero_sum", "games", "options", "n_state"], 2),
    (["experiments", "figure1_zero_sum", "games", "options", "n_actions"], [2, 2, 2]),
    (["experiments", "figure1_potential", "games", "options", "discount"], 1),
    (["experiments", "figure1_potential", "games", "options", "horizon"], 2),
    (["experiments", "figure1_potential", "learning", "learner"], "mirror"),
    (["experiments", "figure1_potential", "learning", "learning_rates"], 0.1),
    (["experiments", "figure1_potential", "learning", "learning_rates"], [-0.1]),
    (["experiments", "figure1_potential", "learning", "iterations"], "10"),
    (["experiments", "figure1_potential", "learning", "checkpoints"], 0),
    (["experiments", "figure1_potential", "learning", "keep_stages"], 1),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), SCHEMA_REFUSES, ids=lambda part: str(part).replace("experiments", "e"))
def test_schema_refuses_and_names_the_entry(bare, config, path, value):
    """By what the Snakefile asks."""
    changed = json.loads(json.dumps(config))
    section = changed
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    found = mistakes(changed, bare.folder / "workflow/schemas/config.schema.yaml")
    assert any(path[-1] in line for line in found), found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([], "own_Games"), ([], "own_games"),
        (["figure"], "1d"), (["games", "perturbations"], [0.1, 0.2]), (["games", "count"], 0),
        (["base_kinds"], ["kind-1"]), (["learning", "learning_rates"], [0.1, 0.2]), (["arms"], []), (["seeds"], 0),
    ],
)  # fmt: skip
def test_schema_refuses_own_experiments_that_no_table_could_hold(bare, config, path, value):
    changed = json.loads(json.dumps({**config, "experiments": {**config["experiments"], **OWN}}))
    schema, section = bare.folder / "workflow/schemas/config.schema.yaml", changed["experiments"]["own_family"]
    validate(json.loads(json.dumps(changed)), schema)
    if path:
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = value
    else:
        changed["experiments"][value] = changed["experiments"].pop("own_family")
    with pytest.raises(WorkflowError, match=path[-1] if path else value):
        validate(changed, schema)


DEFAULTED = {"counted_at_rate"}


def required(section, path=()):
    """Paths of all entries that have no default: every key but names and the options of a family."""
    for key, value in section.items():
        # names of the user's, and what has a default
        if key in {"options", "levels", "settings", "kinds", "inner_loops", "budgets", "sizes", "files"} | DEFAULTED:
            continue
        yield (*path, key)
        if key == "parts":  # names of the user's with entries that are not
            for name, part in value.items():
                yield from required(part, (*path, key, name))
        elif isinstance(value, dict):
            yield from required(value, (*path, key))


def test_schema_requires_every_entry(bare, config):
    """With the validator that Snakemake's ``validate`` is made of; all entries of a depth are left out at a time."""
    file, by_depth = bare.folder / "workflow/schemas/config.schema.yaml", {}
    validate(json.loads(json.dumps(config)), file)
    validator = Draft202012Validator(yaml.safe_load(file.read_text()))
    assert validator.is_valid(config)
    for path in required(config):
        by_depth.setdefault(len(path), []).append(path)
    for paths in by_depth.values():
        changed = json.loads(json.dumps(config))
        for path in paths:
            section = changed
            for key in path[:-1]:
                section = section[key]
            del section[path[-1]]
        missing = {(*error.absolute_path, error.message) for error in validator.iter_errors(changed)}
        assert [path for path in paths if (*path[:-1], f"'{path[-1]}' is a required property") not in missing] == []
    assert sum(map(len, by_depth.values())) > 60


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"speed_up": {"levels": {"mixed": [0.1]}}}, id="no levels for a kind in use"),
        pytest.param({"experiments": {"figure1_zero_sum": {"base_kinds": ["team"]}}}, id="kind of another family"),
        pytest.param(
            {"experiments": {"figure1_zero_sum": {"learning": {"learner": "projected_q_ascent"}}}},
            id="learner of another family",
        ),
        pytest.param({"experiments": {"figure1_zero_sum": {"arms": ["individual", "carry_over"]}}}, id="arm"),
        pytest.param({"experiments": {"figure1_zero_sum": {"figure": "2"}}}, id="a figure no rule draws"),
        pytest.param({"experiments": {"sensitivity_potential": {"games": {"count": 1}}}}, id="no second game"),
    ],
)
def test_entries_that_do_not_fit_together_are_refused(bare, config, change):
    changed = json.loads(json.dumps(config))
    if "speed_up" in change:
        changed["speed_up"]["levels"] = {}
    update_config(changed, change)
    with pytest.raises(WorkflowError):
        validate(changed, bare.folder / "workflow/schemas/config.schema.yaml")


def test_mixed_games_of_unequal_sizes_are_refused(bare):
    """By what follows the schema, which cannot compare numbers with each other."""
    config = {"experiments": {"figure1_zero_sum": {"games": {"options": {"n_actions": [2, 3]}}}}}
    answer = bare.snakemake("--dry-run", "--cores", "1", config=config)
    assert answer.code != 0
    assert "figure1_zero_sum/games/options/n_actions: mixed games need n_actions with A = B" in answer.text


def test_own_games_are_learned_as_by_the_library(finished, config):
    section = config["own_games"]
    table = pd.read_csv(finished.path("own_games.csv"))
    assert list(dict.fromkeys(table["own"])) == list(section["files"])
    for name, file in section["files"].items():
        plan = {"iterations": section["iterations"], "n_checkpoints": section["checkpoints"]}
        read = load(finished.folder / file)
        spec, arrays = learn_own(read, None, learning_rates=section["learning_rates"], **plan)
        own = table[table["own"] == name]
        np.testing.assert_allclose(own["gain_in_payoffs"], (arrays["gain"] * spec["scale"]).ravel(), rtol=1e-12)
        np.testing.assert_allclose(own.loc[own["player"] == 2, "gap"], arrays["gap"].ravel(), rtol=1e-12)
        assert set(own["measure"]) == {spec["measure"]}
        assert own["gap"].iloc[-1] < own["gap"].iloc[0]


def test_a_near_miss_of_zero_sum_is_noted_and_can_be_told(edited):
    """Decimals of R and of 1 - R as floats are printed: 0.30000000000000004 + 0.7 is not 1."""
    (edited.folder / "mine.nfg").write_text('NFG 1 R "mine" { "A" "B" } { 2 1 }\n0.1 0.9  0.30000000000000004 0.7\n')
    games = {"files": {"near": "mine.nfg", "told": "mine.nfg"}, "zero_sum": {"told": True}}
    targets = [f"{edited.results}/own_games/{name}.npz" for name in ("near", "told")]
    answer = edited.snakemake("--cores", "1", *targets, config={"own_games": games})
    assert answer.code == 0, answer.text
    specs = [read_measurement(edited.path(f"own_games/{name}.npz"))[0] for name in ("near", "told")]
    assert [spec["learner"] for spec in specs] == ["correlated_mirror_descent", "optimistic_mirror_descent"]
    (note,) = specs[0]["notes"]
    assert "the same sum up to rounding" in note
    assert note in edited.path("logs/own_games/near.log").read_text()
    assert specs[1]["notes"] == []


def test_a_truncated_game_file_is_named_and_mended(edited):
    games = edited.path("games/figure1_potential/team/block-1.npz")
    record = edited.path("runs/figure1_potential/team/carry_over/block-1.npz")
    whole, wanted = games.read_bytes(), record.read_bytes()
    games.write_bytes(whole[: len(whole) // 2])
    record.unlink()
    answer = edited.snakemake("--cores", "1", record.relative_to(edited.folder).as_posix())
    assert answer.code == 0, answer.text
    assert f"  {games.relative_to(edited.folder)}: " in answer.text
    assert [path.name for path in sorted(record.parent.iterdir())] == ["block-0.npz", "block-1.npz"]  # no temporary
    assert (games.read_bytes(), record.read_bytes()) == (whole, wanted)
