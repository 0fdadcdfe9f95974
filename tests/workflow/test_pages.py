"""The ledger and the report of the small run: every file they name exists, every number cites a table."""

import csv
import json
import re
import zipfile

import pandas as pd
import pytest
from conftest import ROOT
from pages import citations_in, strangers, typed_digits

from metanash import cli
from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.claim import runs_behind
from metanash_replication.paper import CLAIMS, OUTLINES, report_of
from metanash_replication.plans import read_plan
from metanash_replication.report import Document, recalculations_of, to_html, to_markdown
from metanash_replication.report.heat import heat_map
from metanash_replication.topics import TOPICS


@pytest.fixture(scope="module")
def ledger(finished):
    with finished.path("claims.csv").open(newline="") as rows:
        return list(csv.DictReader(rows))


@pytest.fixture(scope="module")
def page(finished):
    return finished.path("report.html").read_text()


def runs_of(config, ledger):
    """Files behind the claims, and what each is about: by the plans, and of run records by their names."""
    about = {}
    for topic in TOPICS:
        for measurement in read_plan(topic).measurements:
            about |= measurement.files(config)
    names = sorted({run for row in ledger for run in row["runs"].split()})
    for name in names:
        if name.startswith("runs/"):
            about[name] = dict(zip(("experiment", "base_kind", "arm"), name.split("/")[1:4], strict=True))
    return {name: about[name] for name in names}


@pytest.fixture(scope="module")
def made(finished, config, ledger):
    """What pages are made of, from the files of the run."""
    names = {name for row in ledger for name in row["tables"].split()}
    names |= {f"{name}.csv" for name in ("far_steps", "proposition1_violations", "inner_loop_slopes", "falsification")}
    names |= {f"{name}.csv" for name in ("own_games", "own_payoffs", "own_policies", "own_refused")}
    tables = {name.removesuffix(".csv"): pd.read_csv(finished.path(name)) for name in names}
    runs = runs_of(config, ledger)
    captions = {figure.name: figure.caption for topic in TOPICS for figure in read_plan(topic).figures}
    return tables, runs, captions


@pytest.fixture(scope="module")
def report(made):
    """What pages show."""
    return report_of(*made)


def test_every_claim_has_a_row_and_every_file_of_it_exists(finished, ledger):
    assert [row["id"] for row in ledger] == [claim.id for claim in CLAIMS]
    for row in ledger:
        files = [name for kind in ("figures", "tables", "runs", "worst_runs") for name in row[kind].split()]
        assert [name for name in files if not finished.path(name).exists()] == [], row["id"]
        assert set(row["worst_runs"].split()) <= set(row["runs"].split())
        assert files or row["verdict"] in {"open", "definition"}, row["id"]


def test_bounds_are_judged_by_the_files_that_they_name(made):
    """Without the rows of all other files the verdict is the same, to the letter."""
    tables, runs, _ = made
    theory, judged = tables["theory"], 0
    for claim in CLAIMS:
        own = theory[[set(files.split()) <= set(runs_behind(claim, runs)) for files in theory["file"]]]
        verdict = claim.judge(tables) if "theory" in claim.tables else None
        if verdict and verdict.row:
            assert claim.judge(tables | {"theory": own}).result == verdict.result, claim.id
            judged += 1
    assert judged > 12
    assert theory["file"].str.startswith("runs/appendix_poker").any()


def test_pages_are_those_of_the_library(finished, report, page):
    assert finished.path("summary.md").read_text() == to_markdown(report, "paper_figures")
    documents = [Document(f"{name}.md", (ROOT / f"docs/{name}.md").read_text())
                 for name in ("assumptions", "theorem1", "proposition1", "theorem5", "constants")]  # fmt: skip
    images = {
        name: finished.path(f"paper_figures/{name}.png")
        for plan, _ in OUTLINES
        for name in (*plan.figures, *plan.optional)
    }
    folders = {"figures": "paper_figures", "docs": "../../docs"}
    provenance = json.loads(finished.path("provenance.json").read_text())
    tests = recalculations_of((ROOT / "docs/reliability.md").read_text())
    assert page == to_html(report, images, folders, documents, provenance, recalculations=tests)


@pytest.mark.parametrize("table", ["speed_up", "sensitivity", "theory", "slopes", "potential_slopes", "adaptation"])
def test_another_value_in_a_table_is_another_page(made, report, table):
    tables, runs, captions = made
    column = {"theory": "ratio", "slopes": "slope", "potential_slopes": "slope"}.get(table, "ne_gap")
    changed = tables[table].assign(**{column: tables[table][column] * 1.25})
    before = to_markdown(report, "")
    assert to_markdown(report_of(tables | {table: changed}, runs, captions), "") != before


def test_no_number_of_the_page_is_typed(page):
    assert typed_digits(page) == []
    assert page.count("<data ") > 1000


def test_citations_name_tables_of_the_run(finished, page):
    sources = set(re.findall(r'<data [^>]*title="([^"]*)"', page))
    assert "theory.csv" in sources
    assert [name for name in sources if not finished.path(name).exists()] == []


CITED = {
    "Figure 1(a), zero-sum games: gaps reached": "readings",
    "Figure 1(a), zero-sum games: speed-ups": "readings",
    "Figure 1(b), potential games: gaps reached": "readings",
    "Figure 1(b), potential games: speed-ups": "readings",
    "Iterations to reach a gap: individual": "speed_up",
    "Zero-sum games: mean NE-gap": "sensitivity",
    "Potential games: mean NE-gap": "sensitivity",
    "Rate of Algorithm 1 at stage ends": "stage_rates",
    "Slopes of the gap, as": "slopes",
    "Theorem 2: what": "sequences",
    "Where Proposition 1 fails": "proposition1_violations",
    "Rate of projected Q-ascent": "potential_slopes",
    "Projected Q-ascent far beyond": "far_steps",
    "Step times iterations": "step_scaling",
    "Theorem 3: what": "potential_sequences",
    "Adaptation to held-out games": "adaptation",
    "The constant of the inner loop": "inner_loop_slopes",
    "Rate of Algorithm 2": "rate_growth",
    "Slopes of the gap of Algorithm 2": "schedule_slopes",
    "Theorem 6: what": "general_sequences",
    "Meta-learning on larger tasks": "appendix",
    "Iterations to reach a gap on larger tasks": "appendix",
    "Values beside an exact reference": "appendix_equilibria",
    "River endgames as trees": "river",
    "After the paper": "successors",
    "Measured beside promised": "successors_promises",
    "How fast": "successors_speeds",
    "Meta-updates: which": "updates_choice",
    "Meta-updates: beside": "updates",
    "Meta-updates: where Theorem 2 becomes": "updates_bounds",
    "Meta-updates: where it becomes": "updates_crossover",
    "Meta-updates: sequences": "updates_moving",
    "Meta-updates: what": "updates_regret",
    "Learning with bandit": "bandit",
    "Meta-learning with bandit": "bandit_meta",
    "Worst instances found": "falsification",
    "What makes them worst": "falsification",
}
"""The table that each table of the report is made of; the bounds of all theorems are in ``theory.csv``."""


def test_tables_of_the_report_cite_the_table_that_they_are_made_of(report):
    parts = {part.title: part for section in report.sections for part in section.parts}
    for beginning, name in CITED.items():
        (title,) = (title for title in parts if title.startswith(beginning))
        assert {source for _, source in citations_in(parts.pop(title).rows)} == {f"{name}.csv"}, title
    bounds = [part for title, part in parts.items() if "over bound" in title or title.startswith("Seeds on which")]
    assert len(bounds) >= 5
    assert {source for part in bounds for _, source in citations_in(part.rows)} == {"theory.csv"}


WORKED_OUT = {"chain.csv", "equilibria.csv", "carried_policies.csv", "several_equilibria.csv", "dynamic_rates.csv"}
"""Tables whose claims are about means, or parts, of their numbers."""


def test_numbers_stand_in_the_tables_that_they_cite(made, report):
    """But for numbers that are worked out: means over rows, halves, powers of ten, quotients."""
    tables = made[0]
    assert len(citations_in(report)) > 1000
    worked_out = {(f"{value / 2:.3g}", "sequences.csv") for value in tables["sequences"]["similarity_per_game"]}
    sides = tables["sequences"]["bound"] / tables["sequences"]["alone"]
    worked_out |= {(f"{value:.3g}", "sequences.csv") for value in sides}
    worked_out |= {(f"{-value:.3g}", "general_sequences.csv") for value in tables["general_sequences"]["difference"]}
    worked_out |= {(f"{10**value:.3g}", "stage_rates.csv") for value in tables["stage_rates"]["advantage_low"]}
    growth = tables["rate_growth"]
    worked_out |= {(f"{10**value:.3g}", "rate_growth.csv") for value in growth["advantage_low"]}
    worked_out |= {(f"{100 * growth[n].iloc[k]:.2g}", "rate_growth.csv") for n in ("misfit_affine", "misfit_power")
                   for k in range(len(growth))}  # fmt: skip
    found = {one for one in strangers(report, tables) if one[1] not in WORKED_OUT}
    assert found - worked_out == set()


def test_page_is_one_file_of_moderate_size(page):
    assert len(page.encode()) < 5_000_000
    assert not re.search(
        r'<(script \S|link|iframe|object|embed)\b|\bsrc="(?!data:)|url\(|@import|href="(http|//)', page
    )
    stored = re.findall(r'<image id="image-(\w+)"', page)
    assert len(stored) == len(set(stored)) == sum(len(plan.figures) + len(plan.optional) for plan, _ in OUTLINES)


def test_long_tables_have_maps(report):
    """But for those of words."""
    parts = [part for section in report.sections for part in section.parts]
    assert sum(part.heat is not None for part in parts) > 20
    long = [part for part in parts if len(part.rows) > 16 and part.heat is None]
    assert [part.title for part in long if any(re.search(r"\d\.\d", plain(row[-1])) for row in part.rows)] == []
    assert all(heat_map(part).rows for part in parts if part.heat and part.rows)


def test_bounds_have_all_their_settings(made, report):
    theory = made[0]["theory"]
    ruled = [entry for entry in report.entries if entry.verdict.row]
    assert len(ruled) > 12
    for entry in ruled:
        settings = theory[theory["claim"] == entry.verdict.row]["setting"].unique()
        assert len(heat_map(report.settings[entry.claim.id]).rows) == len(settings)


def test_links_lead_somewhere(finished, page):
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    targets = {target for target in re.findall(r'\bhref="([^"]+)"', page) if not target.startswith("data:")}
    assert {claim.id for claim in CLAIMS} <= ids
    assert [name for name in targets if name.startswith("#") and name[1:] not in ids] == []
    assert [name for name in targets if name[0] != "#" and not finished.path(name).exists()] == []


def test_provenance_has_what_a_reader_asks_for(finished, config):
    found = json.loads(finished.path("provenance.json").read_text())
    commit = "[0-9a-f]{40}(, with changes)?" if finished.taken_from else "not a git checkout"
    assert re.fullmatch(commit, found["run"]["commit"])
    assert found["run"]["root seed"] == config["root_seed"]
    assert {"python", "numpy", "snakemake", "processor", "kernels"} <= set(found["software"])
    assert "root_seed: 2023" in found["configuration"]
    assert str(finished.made_in) not in json.dumps(found)


def test_commands_lead_from_a_claim_to_its_measurement(finished, ledger, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    assert cli.main(["claims", "--results", finished.results]) == 0
    printed = capsys.readouterr().out
    assert all(row["id"] in printed for row in ledger)
    assert cli.main(["claims", "theorem-5", "--results", finished.results]) == 0
    printed = capsys.readouterr().out
    command = re.search(r"^print +metanash (show \S+)$", printed, flags=re.MULTILINE)[1].split()
    assert f"snakemake --cores 1 --force {command[1]}" in printed
    assert cli.main(command) == 0
    assert "checkpoints" in capsys.readouterr().out


def test_snakemakes_own_report_has_all_figures_and_tables(finished, ledger, tmp_path):
    answer = finished.snakemake("--report", str(tmp_path / "report.zip"))
    assert answer.code == 0, answer.text
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        inside = {name.rsplit("/", 1)[1] for name in archive.namelist()}
        (shell,) = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("report.html")]
        text = archive.read(shell).decode()
    wanted = {f"{name}.png" for plan, _ in OUTLINES for name in (*plan.figures, *plan.optional)} | {
        "claims.csv",
        "theory.csv",
        "report.html",
    }
    wanted |= {name for row in ledger for name in row["tables"].split()}
    assert wanted <= inside
    for words in ("Zero-sum games", "Tables", "Where Theorem 1 fails as printed", "at a practical step"):
        assert words in text, words
