"""Jobs that fail: nothing is forgotten, nothing is mixed, and whoever reads the log learns why."""

import hashlib
import importlib.util
import json
import os
import re
import sys
import threading
import time
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd
import psutil
import pytest
from conftest import ROOT, comparable

from metanash_replication.records import read_measurement, write_measurement
from metanash_replication.report.assembly import Report, Section
from metanash_replication.report.html import inline
from metanash_replication.report.markdown import to_markdown
from metanash_replication.seals import sealed, unsealed
from metanash_replication.topics.own_games import figures as own_games
from metanash_replication.topics.own_games.section import PARTS

sys.path.append(str(ROOT / "workflow/scripts"))  # last, as for the scripts themselves
from metanash_workflow import StoppedError
from metanash_workflow.made import Made, job, parameters_digest

# Something of every kind is other than in the small configuration; of the user's games one is malformed, one missing.
OTHER = {
    "experiments": {"sensitivity_potential": {"games": {"perturbations": [0.0, 0.1]}}},
    "theory": {"zero_sum": {"burn_in": {"iterations": 900}}},
    "falsification": {"budgets": {"equation_11": 60}},
    "own_games": {"files": {"rock_paper_scissors": "bad.nfg", "gone": "gone.nfg"}},
}
BAD = 'NFG 1 R "mine" { "A" "B" } { 2 2 }\n\n1 2  3 4  5 6  7 $x$\n'
REASON = "bad.nfg:3: '$x$' is no number"
# Scripts of which the first process of a run is killed, run after run. Each is reached, since what it needs is there.
KILLED = (
    ("generate_games", "measure", "falsify", "own_games"),
    ("learn", "topic_tables", "topic_figures", "own_games_tables"),
    ("run_notebook", "ledger", "provenance", "summary"),
    ("report",),
)


TIMED = {"provenance.json", "report.html"}
TIMED |= {f"made/{name}.json" for name in ("provenance", "report", "own_games_accepted")}
"""What has times or is made from it. Growth has times too, but is not measured again."""


class Killer(threading.Thread):
    """Ends, as one that is out of memory would be, the first process of each of some scripts in a project."""

    def __init__(self, project, scripts):
        super().__init__(daemon=True)
        self.folder, self.left, self.done = project.folder, set(scripts), False
        self.older = set(psutil.pids())

    def run(self):
        while self.left and not self.done:
            for number in set(psutil.pids()) - self.older:  # to look at all each time takes a tenth of a core
                try:
                    process = psutil.Process(number)
                    script = (process.cmdline()[1:2] or [""])[0].removesuffix(".py").rpartition(".")[2]
                    if script in self.left and process.cwd() == str(self.folder):
                        process.kill()
                        self.left.remove(script)
                except psutil.Error:
                    continue
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.join()


@pytest.fixture(scope="module")
def other(finished, tmp_path_factory):
    """The finished run after an update to the other configuration, and what the update said. To be left as it is."""
    project = finished.copied_to(tmp_path_factory.mktemp("other") / "project")
    (project.folder / "bad.nfg").write_text(BAD)
    return project, project.snakemake("--cores", "2", config=OTHER)


# Nothing is forgotten -----------------------------------------------------------------------------------


def test_an_update_of_which_every_kind_of_job_is_killed_ends_as_a_clean_run(finished, other, tmp_path):
    """From the other configuration to that of the finished run, whose bytes are a clean run's."""
    project, said = other[0].copied_to(tmp_path / "project"), []
    for scripts in KILLED:
        with Killer(project, scripts) as killer:
            answer = project.snakemake("--cores", "2", "--keep-going")
        assert not killer.left, answer.text
        assert answer.code == 1
        assert "\nFailed. What is done is kept" in answer.text
        said += re.findall(r"^  (\w+): killed by SIGKILL: 9, out of memory\?$", answer.text, flags=re.MULTILINE)
        assert len(said) == sum(map(len, KILLED[: KILLED.index(scripts) + 1]))
    assert {"games", "falsify", "own_games", "zero_sum_tables", "notebook", "ledger", "report"} < set(said)
    answer = project.snakemake("--cores", "2")
    assert answer.code == 0, answer.text
    wanted, found = (
        {name: text for name, text in comparable(p).items() if name not in TIMED} for p in (finished, project)
    )
    assert wanted.keys() == {name for name in found if "gone" not in name}  # the file that is no longer named
    assert [name for name in wanted if wanted[name] != found[name]] == []


# Nothing is mixed ---------------------------------------------------------------------------------------


def made(project):
    """The records of a project whose folder is the working directory."""
    return Made(project.results, f"{project.results}/paper_figures")


@pytest.fixture
def inside(edited, monkeypatch):
    """A copy of the finished run, in which we are: paths are relative to it."""
    monkeypatch.chdir(edited.folder)
    return edited


def cut(path):
    """Cut a file off, and give it its old time back."""
    times = path.stat()
    path.write_bytes(path.read_bytes()[:-20])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def swap(path):
    """Exchange games, record and all, with others: in themselves they are all right."""
    record = path.parents[3] / "made" / path.relative_to(path.parents[3]).with_suffix(".json")
    content, other = (unsealed(file.read_text()) for file in (record, record.with_name("block-1.json")))
    content["outputs"] = dict.fromkeys(content["outputs"], *other["outputs"].values())
    record.write_text(sealed(content))
    path.write_bytes(path.with_name("block-1.npz").read_bytes())


RUN, GAMES = "runs/figure1_potential/team/carry_over/block-0.npz", "games/figure1_potential/team/block-0.npz"
CHANGED = "truncated, or changed since rule"


@pytest.mark.parametrize(
    ("name", "damage", "target", "said"),
    [
        (RUN, cut, "figure1.csv", f"{RUN}: {CHANGED} learn_figure1_potential made it"),
        (RUN, lambda path: path.unlink(), "report.html",
         f"figure1.csv: made from results/smoke/{RUN}, which is missing"),
        (GAMES, swap, "claims.csv", f"{RUN}: made from another results/smoke/{GAMES} than is there; delete it"),
        ("made/runs/figure1_potential/team/block-0.json", lambda path: path.unlink(), "paper_figures/figure1b.png",
         f"{RUN}: nothing says what it was made from; delete it"),
        ("falsify/gradient/instances", lambda path: (path / "new.npz").touch(), "worst_instances.csv",
         f"falsify/gradient/instances: {CHANGED} falsify made it"),
        ("slopes.csv", lambda path: path.write_text("slope\n1\n"), "notebooks/zero_sum.html",
         f"slopes.csv: {CHANGED} zero_sum_tables made it"),
    ],
    ids=["cut", "missing", "swapped", "no record", "folder", "edited"],
)  # fmt: skip
def test_inputs_that_do_not_belong_together_are_named(inside, name, damage, target, said):
    """However far back they are, from any file that was made of them."""
    looked_at = [made(inside).name(f"{inside.results}/{target}")]
    made(inside).check(looked_at)
    damage(inside.path(name))
    with pytest.raises(StoppedError, match=r"do not belong together:\n(.|\n)*without a target") as caught:
        made(inside).check(looked_at)
    assert f"  results/smoke/{said}\n" in str(caught.value)
    made(inside).check(["{results}/schedules.csv", "src/metanash/games.py"])  # what it has nothing to do with


class Files(list):
    """Files with names, as Snakemake gives them to scripts."""

    def __init__(self, **files):
        super().__init__(f for file in files.values() for f in (file if isinstance(file, list) else [file]))
        self.files = files

    def __getattr__(self, name):
        if name not in self.files:
            raise AttributeError(name)
        return self.files[name]

    def items(self):
        return self.files.items()


def given(results, **parameters):
    """What a script is given that makes ``mine.csv`` of the table of slopes."""
    return SimpleNamespace(
        rule="mine", config={"results": results, "paper_figures": f"{results}/paper_figures"}, params=parameters,
        input=Files(table=f"{results}/slopes.csv", code=["Snakefile"]),
        output=Files(table=f"{results}/mine.csv", made=f"{results}/made/mine.json"),
    )  # fmt: skip


def test_a_record_says_what_was_made_from_what(inside):
    """A failed job leaves none, and inputs are looked at before the job runs."""
    target, record = inside.path("mine.csv"), inside.path("made/mine.json")
    with pytest.raises(ZeroDivisionError), job(given(inside.results)):
        1 / 0  # noqa: B018
    assert not record.exists()
    for resamples in (1, 2):
        with job(given(inside.results, resamples=resamples)) as outputs:
            assert outputs == {"table": target.relative_to(inside.folder)}
            target.write_text("1\n")
        found = json.loads(record.read_text())
        assert found["rule"] == "mine"
        assert found["inputs"].keys() == {"{results}/slopes.csv"}
        # printf '1\n' | sha256sum
        digest = "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"
        assert found["outputs"] == {"{results}/mine.csv": digest}
        assert str(inside.folder) not in record.read_text()
        made(inside).check(["{results}/mine.csv"])
        made(inside).check_parameters({"made/mine.json": parameters_digest({"resamples": resamples})})
        with pytest.raises(StoppedError, match=r"made/mine.json: made with other parameters"):
            made(inside).check_parameters({"made/mine.json": parameters_digest({"resamples": 3})})
    cut(record)
    with pytest.raises(StoppedError, match=r"made/mine.json: damaged .*; run snakemake again"):
        made(inside)
    record.unlink()
    cut(inside.path("slopes.csv"))
    with pytest.raises(StoppedError, match=r"slopes\.csv: truncated"), job(given(inside.results)):
        pytest.fail("the job has run")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"inputs": 3, "outputs": {}}', "[" * 100_000])
def test_a_damaged_record_is_named(tmp_path, text):
    """Also one that is JSON still."""
    record = tmp_path / "made/mine.json"
    record.parent.mkdir()
    record.write_text(text)
    with pytest.raises(
        StoppedError, match=r"made/mine\.json: damaged \(.*\); run snakemake again, which makes it anew"
    ):
        Made(str(tmp_path), f"{tmp_path}/figures")


def test_damaged_records_do_not_end_the_snakefile(edited):
    for number, text in enumerate(("{}", "[]", "null", '{"inputs": ["{results}/no"], "outputs": {"{x}": ""}}', "\xff")):
        edited.path(f"made/{number}.json").write_bytes(text.encode("latin1"))
    assert edited.dry_run().jobs() == {}


@pytest.mark.parametrize("name", ["mine.nfg", "{mine}.nfg"])
def test_a_game_of_the_users_may_lie_among_the_results(inside, name):
    """No record knows it, and nobody is told to delete it; that it changes is seen all the same."""
    file = inside.path(name).relative_to(inside.folder)
    file.write_text("one")
    one = given(inside.results)
    one.input = Files(theirs=[file.as_posix()], code=["Snakefile"])
    with job(one) as outputs:
        outputs["table"].write_text("1\n")
    assert json.loads(inside.path("made/mine.json").read_text())["inputs"].keys() == {file.as_posix()}
    made(inside).check(["{results}/mine.csv"])
    file.write_text("two")
    with pytest.raises(StoppedError, match=r"mine\.csv: made from another .*mine.*\.nfg than is there"):
        made(inside).check(["{results}/mine.csv"])


def test_provenance_states_its_inputs_and_refuses_those_of_another_configuration(edited):
    """Even where Snakemake is told to look at nothing but times."""
    stated = json.loads(edited.path("provenance.json").read_text())["inputs"]
    assert {f"results/smoke/{name}" for name in (RUN, GAMES, "slopes.csv", "own_refused.csv")} < stated.keys()
    digest = hashlib.sha256(edited.path("slopes.csv").read_bytes()).hexdigest()
    assert stated["results/smoke/slopes.csv"] == digest
    assert edited.path("report.html").read_text().count(f"<code>{digest}</code>") == 1
    arguments = ("--rerun-triggers", "mtime", "--forcerun", "provenance", "--cores", "1")
    answer = edited.snakemake(*arguments, config={"theory": {"zero_sum": {"burn_in": {"iterations": 900}}}})
    assert answer.code == 1
    for name in ("burn_in", "two_sided"):
        assert f"  results/smoke/made/theory/{name}.json: made with other parameters than the config" in answer.text
    assert not edited.path("provenance.json").exists()


# Whoever reads the log learns why -----------------------------------------------------------------------


def test_the_profile_is_in_force(edited):
    """Two large games are not learned at a time on two cores; the greedy scheduler, and logs of jobs that fail."""
    targets = [f"{edited.results}/theory/scale/{name}.npz" for name in ("zero_sum-S10-A3", "tracking-P3")]
    answer = edited.snakemake("--cores", "2", *targets, "--forcerun", "scale_learned")
    assert answer.code == 0, answer.text
    steps = re.findall(r"^(Job \d+: Large games|Finished jobid: \d+ \(Rule: scale_l)", answer.text, re.MULTILINE)
    assert [step.split()[0] for step in steps] == ["Job", "Finished"] * 2
    command = "from snakemake.cli import parse_args; _, a = parse_args([])"
    command += "; print(a.scheduler, a.show_failed_logs, a.rerun_incomplete, a.resources)"
    found = edited.command("-c", command).text.splitlines()[-1]
    assert found == "greedy True True {'large_games': Resource(\"large_games\", 1)}"


def test_a_failing_job_leaves_its_traceback_in_the_log_that_is_named(edited):
    """An exception after a warning, an import that fails, a crash, a cell of a notebook: all on the terminal too."""
    warned = "import warnings; warnings.warn('planted warning', stacklevel=1); 1 / 0"
    edited.edit("workflow/scripts/learn.py", warned, "kernels.use_threads(threads)")
    edited.edit("workflow/scripts/measure.py", "import no_such_module", "import importlib")
    edited.edit("workflow/scripts/topic_figures.py", "import os; os.abort()", "plotting.use_style()")
    edited.edit("notebooks/larger_tasks.ipynb", '"source": [\n    "1 / 0\\n",\n    "import', '"source": [\n    "import')
    jobs = {
        "learn_sensitivity_potential": (
            "runs/sensitivity_potential/team/individual/block-0.npz", "runs/sensitivity_potential/team/block-0",
            ["WARNING: ", "planted warning", "Traceback", "in main", "ZeroDivisionError: division by zero"],
        ),
        "burn_in": ("theory/burn_in.npz", "theory/burn_in", ["Traceback", "No module named 'no_such_module'"]),
        "own_games_figures": (
            "paper_figures/own_games.png", "theory/own_games_figures", ["Fatal Python error: Aborted", "in main"]
        ),
        "notebook": (
            "notebooks/larger_tasks.html", "notebooks/larger_tasks", ["Traceback", "CellExecutionError", "ZeroDivision"]
        ),
    }  # fmt: skip
    targets = [f"{edited.results}/{target}" for target, _, _ in jobs.values()]
    only = ("--forcerun", *jobs, "--rerun-triggers", "params")
    answer = edited.snakemake("--cores", "2", "--keep-going", *targets, *only)
    assert answer.code == 1
    for rule, (_, name, words) in jobs.items():
        log = f"results/smoke/logs/{name}.log"
        said = re.search(rf"^  {rule}: (.*)$", answer.text, flags=re.MULTILINE)
        assert said, rule
        assert said[1] == ("killed by SIGABRT: 6" if rule == "own_games_figures" else f"read {log}")
        for word in words:
            assert word in (edited.folder / log).read_text(), (rule, word)
            assert word in answer.text, (rule, word)


# One refused file ---------------------------------------------------------------------------------------


def test_a_refused_game_keeps_nothing_else_from_being_made(other):
    project, answer = other
    missing = "gone.nfg: no such file; look at the name"
    assert answer.code == 1
    end = answer.text.split("\nDone, but for files of own_games that were refused:\n")[1]
    assert f"  rock_paper_scissors: {REASON}" in end
    assert f"  gone: {missing}" in end
    assert "  report     results/smoke/report.html" in end
    assert "Traceback" not in answer.text
    assert f"refused: {REASON}" in project.path("logs/own_games/rock_paper_scissors.log").read_text()
    refused = pd.read_csv(project.path("own_refused.csv")).set_index("own")
    assert refused["file"].to_dict() == {"rock_paper_scissors": "bad.nfg", "gone": "gone.nfg"}
    assert refused.loc["rock_paper_scissors", "reason"].startswith(REASON)
    assert refused.loc["gone", "reason"] == missing
    assert set(pd.read_csv(project.path("own_games.csv"))["own"]) == {"battle_of_the_sexes", "one_card_poker"}
    page, summary = project.path("report.html").read_text(), project.path("summary.md").read_text()
    assert "bad.nfg:3: &#39;$x$&#39; is no number" in page
    assert missing in page
    assert "bad.nfg:3: '\\$x\\$' is no number" in summary
    assert "| battle_of_the_sexes |" in summary
    for name in ("claims.csv", "provenance.json", "paper_figures/own_games.png", "notebooks/findings.html"):
        assert project.path(name).stat().st_mtime_ns > (project.folder / "bad.nfg").stat().st_mtime_ns
    assert not project.path("own_games/accepted.txt").exists()


def test_a_refused_game_is_refused_again_and_nothing_else_is_done(other):
    assert other[0].dry_run(OTHER).jobs() == {"own_games_accepted": 1, "all": 1}


def test_what_is_no_file_is_refused_and_not_waited_for(edited):
    """A pipe that nobody writes to, a folder, a name that no file can have, a loop of links."""
    os.mkfifo(edited.folder / "pipe.nfg")
    (edited.folder / "folder.nfg").mkdir()
    (edited.folder / "loop.nfg").symlink_to("loop.nfg")
    names = {"pipe": "pipe.nfg", "folder": "folder.nfg", "loop": "loop.nfg", "long": f"{'a' * 300}.nfg"}
    targets = [f"{edited.results}/own_games/{name}.npz" for name in names]
    answer = edited.snakemake("--cores", "2", *targets, config={"own_games": {"files": names}})
    assert answer.code == 0, answer.text
    for name, file in names.items():
        spec, _ = read_measurement(edited.path(f"own_games/{name}.npz"))
        assert spec["refused"].startswith(f"{file}: "), name


def test_a_file_that_appears_or_changes_is_tried_again(other, tmp_path):
    project = other[0].copied_to(tmp_path / "project")
    for name in ("gone.nfg", "bad.nfg"):
        (project.folder / name).write_text(BAD.replace("$x$", "8"))
    jobs = project.dry_run(OTHER).jobs()
    assert (jobs["own_games"], jobs["own_games_tables"]) == (2, 1)


@pytest.fixture
def script():
    """A script of the workflow as a module."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / f"workflow/scripts/{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize(
    ("error", "reason", "traced"),
    [
        (ValueError("games must have one size"), "games must have one size", False),
        (MemoryError(), "MemoryError", False),
        (ZeroDivisionError("planted"), "planted", True),
    ],
)
def test_a_game_that_cannot_be_learned_is_refused_too(script, tmp_path, monkeypatch, caplog, error, reason, traced):
    """Of errors that should not be, the log has the traceback."""
    own, path = script("own_games"), ROOT / "config/games/rock_paper_scissors.nfg"

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(own, "learn_own", fail)
    own.main(path, None, {}, tmp_path / "rps.npz")
    assert read_measurement(tmp_path / "rps.npz") == ({"file": path.as_posix(), "refused": reason}, {})
    assert f"refused: {reason}" in caplog.text
    assert ("Traceback" in caplog.text) == traced


def test_where_all_games_are_refused_there_are_empty_tables_and_an_empty_figure(script, finished, tmp_path):
    for name in ("a", "b"):
        spec = {"file": f"{name}.nfg", "refused": f"{name}.nfg:1: | no *game*"}
        write_measurement(tmp_path / f"{name}.npz", spec, {})
    names = ("own_games", "own_payoffs", "own_policies", "own_refused")
    files = {name: tmp_path / f"{name}.csv" for name in names}
    script("own_games_tables").main(["a", "b"], [tmp_path / "a.npz", tmp_path / "b.npz"], files)
    tables = {name: pd.read_csv(path) for name, path in files.items()}
    for name in names:
        assert list(tables[name].columns) == list(pd.read_csv(finished.path(f"{name}.csv")).columns)
    assert [len(table) for table in tables.values()] == [0, 0, 0, 2]
    (part,) = PARTS["own-games"](tables)
    assert part.title == "Refused files"
    text = to_markdown(Report((Section("own-games", "Yours", (), (), (part,)),)), "figures")
    assert "| a | a.nfg | a.nfg:1: \\| no \\*game\\* |" in text
    assert ">a.nfg:1: | no *game*</data>" in inline(part.rows[0][2])
    figure = own_games.FIGURES["own_games"](tables, 4.0)
    assert "no game could be learned" in figure.axes[0].texts[0].get_text()
    plt.close(figure)
    with pytest.raises(StoppedError, match=r"refused:\n  a: a.nfg:1: .*\n  b: b.nfg:1"):
        script("own_games_accepted").main(files["own_refused"], tmp_path / "accepted.txt")
    assert not (tmp_path / "accepted.txt").exists()
