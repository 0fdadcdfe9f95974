"""Runs on a cluster: commands of Slurm that always answer, what a killed run leaves, costs, estimates and groups."""

import fcntl
import itertools
import json
import math
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from workflow.cluster.costs import TABLE, Cost, Taken, cost_of, fitted, measured, read_costs, write_costs
from workflow.cluster.estimate import duration, in_words, makespan, row
from workflow.cluster.groups import LOCAL, expected, kind_of, profile
from workflow.cluster.planned import Planned, chains, longest_chain, plan
from workflow.cluster.runs import LostControllerError, cancel_leftovers
from workflow.cluster.work import space, work
from workflow.running.order import longest_chains_first, read_chains, write_chains

ROOT = Path(__file__).parents[2]
BIN = ROOT / "workflow/cluster/bin"
SMOKE = ["--configfile", "config/smoke.yaml"]
MOST_SUBMISSIONS = 30
FAKE = """#!{python} -IS
import json, os, sys
from pathlib import Path
folder, name, arguments = Path({folder!r}), Path(sys.argv[0]).name, sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([name, *arguments]) + "\\n")
queue = folder / "queue"
if (folder / "away").exists():
    left = int((folder / "away").read_text())
    if left > 1:
        (folder / "away").write_text(str(left - 1))
    elif left:
        (folder / "away").unlink()
    if name == "sbatch" and (folder / "takes").exists():  # the controller has it, the answer is lost
        (folder / "takes").unlink()
        queue.open("a").write("41|PENDING|" + arguments[arguments.index("--comment") + 1] + "\\n")
    sys.exit(name + ": error: Unable to contact slurm controller (connect failure)")
if name == "sbatch":
    if "--bad" in arguments:
        sys.exit("sbatch: error: invalid partition specified: nowhere")
    queue.open("a").write("7|PENDING|" + arguments[arguments.index("--comment") + 1] + "\\n")
    print("7;cluster")
elif name == "scancel":
    rows = [line.split("|") for line in queue.read_text().splitlines()]
    queue.write_text("".join("|".join([a, "CANCELLED" if a in arguments else b, c]) + "\\n" for a, b, c in rows))
elif name == "squeue":
    rows = [line.split("|") for line in queue.read_text().splitlines()] if queue.exists() else []
    form = next(word for word in arguments if word.startswith("--format=")).removeprefix("--format=")
    for job, state, comment in rows:
        print(form.replace("%i", job).replace("%A", job).replace("%T", state).replace("%k", comment))
else:
    print("MinJobAge = 600 sec")
"""


class Slurm:
    """Commands that act as if there were a cluster, and ours before them."""

    def __init__(self, folder):
        self.folder, self.run = folder / "slurm", folder / "runs" / "abc"
        (self.folder / "bin").mkdir(parents=True)
        self.run.mkdir(parents=True)
        for name in ("sbatch", "squeue", "scancel", "scontrol"):
            script = self.folder / "bin" / name
            script.write_text(FAKE.format(python=sys.executable, folder=str(self.folder)))
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])

    def call(self, name, *arguments, **environment):
        env = {**os.environ, "PATH": os.pathsep.join([str(BIN), self.path]), "METANASH_CLUSTER": str(self.run)}
        return subprocess.run(
            [name, *arguments], env={**env, **environment}, capture_output=True, text=True, check=False, timeout=60
        )

    def calls(self, name):
        lines = map(json.loads, (self.folder / "calls").read_text().splitlines())
        return [arguments for said, *arguments in lines if said == name]

    def leave(self, count):
        (self.folder / "away").write_text(str(count))


@pytest.fixture
def slurm(tmp_path):
    return Slurm(tmp_path)


# Commands -----------------------------------------------------------------------------------------------

STATES = ["--format=%i|%T", "--states=all", "--noheader", "--name", "run"]


def test_a_question_without_an_answer_forgets_no_job(slurm):
    slurm.leave(1)
    away = slurm.call("squeue", *STATES)
    assert (away.returncode, away.stdout) == (0, "")
    assert "Unable to contact" in (slurm.run / "unanswered").read_text()
    assert slurm.call("sbatch", "--comment", "rule_a", "--wrap=x").stdout == "7\n"
    assert slurm.call("squeue", *STATES).stdout == "7|PENDING\n"


def test_a_job_that_the_controller_has_forgotten_has_failed(slurm):
    slurm.call("sbatch", "--comment", "rule_a", "--wrap=x")
    (slurm.folder / "queue").write_text("8|RUNNING|rule_b\n")
    assert slurm.call("squeue", *STATES).stdout == "8|RUNNING\n7|FAILED\n"


def test_a_submission_waits_for_the_controller(slurm):
    slurm.leave(2)  # the submission, and the first look for it
    done = slurm.call("sbatch", "--comment", "rule_a", "--wrap=x")
    assert (done.returncode, done.stdout) == (0, "7\n")
    assert len(slurm.calls("sbatch")) == 2


def test_a_submission_whose_answer_is_lost_is_not_repeated(slurm):
    slurm.leave(2)
    (slurm.folder / "takes").touch()
    done = slurm.call("sbatch", "--comment", "rule_a", "--wrap=x")
    assert (done.returncode, done.stdout) == (0, "41\n")
    assert len(slurm.calls("sbatch")) == 1
    assert (slurm.run / "jobs").read_text() == "41\n"


def test_a_wrong_submission_is_refused_at_once(slurm):
    done = slurm.call("sbatch", "--bad", "--comment", "rule_a", "--wrap=x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid partition" in done.stderr
    assert len(slurm.calls("sbatch")) == 1


def test_patience_has_an_end(slurm):
    slurm.leave(0)  # for good
    done = slurm.call("sbatch", "--comment", "rule_a", "--wrap=x", METANASH_CLUSTER_PATIENCE="3")
    assert done.returncode == 1
    assert "no controller answers" in done.stderr


def test_patience_is_a_number(slurm):
    done = slurm.call("sbatch", "--comment", "rule_a", "--wrap=x", METANASH_CLUSTER_PATIENCE="long")
    assert done.returncode == 1
    assert "METANASH_CLUSTER_PATIENCE=long: no number of seconds; set it to one" in done.stderr


def test_the_configuration_is_what_it_was(slurm):
    assert slurm.call("scontrol", "show", "config").stdout == "MinJobAge = 600 sec\n"
    slurm.leave(0)
    again = slurm.call("scontrol", "show", "config")
    assert (again.returncode, again.stdout) == (0, "MinJobAge = 600 sec\n")
    assert slurm.call("scontrol", "show", "nodes").returncode == 1


def test_without_a_run_the_commands_are_those_of_slurm(slurm):
    slurm.leave(0)
    assert slurm.call("squeue", *STATES, METANASH_CLUSTER="").returncode == 1


# What a killed run leaves -------------------------------------------------------------------------------


def test_jobs_of_a_killed_run_are_cancelled_and_no_others(slurm, monkeypatch):
    monkeypatch.setenv("PATH", slurm.path)
    alive = slurm.run.parent / "def"
    alive.mkdir()
    (slurm.folder / "queue").write_text(
        "1|RUNNING|rule_a metanash:abc:11\n2|RUNNING|rule_a metanash:def:22\n3|PENDING|rule_b metanash:abc:33\n"
        "4|COMPLETED|rule_c metanash:abc:44\n5|RUNNING|somebody else\n"
    )
    with (alive / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert cancel_leftovers(slurm.run.parent) == 2
    states = [line.split("|")[1] for line in (slurm.folder / "queue").read_text().splitlines()]
    assert states == ["CANCELLED", "RUNNING", "CANCELLED", "COMPLETED", "RUNNING"]
    assert [path.name for path in slurm.run.parent.iterdir()] == ["def"]


def test_nothing_is_begun_while_nobody_can_say_what_is_left(slurm, monkeypatch):
    monkeypatch.setenv("PATH", slurm.path)
    slurm.leave(0)
    with pytest.raises(LostControllerError, match="does not answer"):
        cancel_leftovers(slurm.run.parent, seconds=2)
    assert slurm.run.exists()


# Work and costs -----------------------------------------------------------------------------------------


def a_job(name="a", inputs=(), amount=1.0, rule="rule"):
    return Planned(rule, rule, f"logs/{name}.log", (name,), tuple(inputs), amount, amount)


def test_work_counts_what_multiplies_and_nothing_else():
    games = {"family": "zero_sum", "options": {"horizon": 3, "n_states": 2, "n_actions": [2, 4]}, "count": 5,
             "perturbations": [0.1, 0.2]}  # fmt: skip
    numbers = 3 * 2 * 8 * 3  # steps, states, joint actions, rewards and transitions
    learning = {"iterations": 50, "checkpoints": 7, "learning_rates": [1.0, 2.0, 3.0], "keep_stages": True}
    assert work({"spec": learning, "games": {"spec": games, "seeds": [4, 5]}}) == 50 * 3 * numbers * 5 * 2 * 2
    assert space({"spec": learning, "games": {"spec": games, "seeds": [4, 5]}}) == 7 * 3 * numbers * 5 * 2 * 2
    assert work({"rate": 17, "margin": 0.1, "name": "x", "root_seed": 99}) == 1


def test_lines_are_found_and_no_job_takes_more_memory_than_they_say():
    amounts = [1.0, 10.0, 200.0, 3000.0]
    exact = [(a_job(amount=amount), Taken(2 + 0.5 * amount, 40 + amount, 0.1)) for amount in amounts]
    cost = fitted(exact)["rule"]
    assert (cost.seconds, cost.seconds_by_work) == pytest.approx((2, 0.5))
    assert (cost.memory, cost.memory_by_space) == pytest.approx((40, 1))
    assert (cost.jobs, cost.largest) == (4, 3000)
    generator = np.random.default_rng(0)
    noisy = [(job, Taken(*(np.array([taken.seconds, taken.memory]) * generator.uniform(0.5, 2, 2)), 0.1))
             for job, taken in exact]  # fmt: skip
    line = fitted(noisy)["rule"]
    said = [line.of(job) for job, _ in noisy]
    assert sum(one.seconds for one in said) == pytest.approx(sum(taken.seconds for _, taken in noisy), rel=1e-3)
    assert all(one.memory >= taken.memory * (1 - 1e-9) for one, (_, taken) in zip(said, noisy, strict=True))


def test_costs_come_from_logs_else_from_long_benchmarks_else_from_typical_times(tmp_path):
    jobs = [Planned(rule, rule, f"results/logs/{rule}.log", (f"results/{rule}",), (), 1.0, 1.0) for rule in "abcd"]
    for rule in "abc":
        (tmp_path / f"results/logs/{rule}.log").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"results/logs/{rule}.log").write_text("INFO: made it\n")
        (tmp_path / f"results/{rule}").write_bytes(b"x" * 5000)
    said = "INFO: made it\nINFO: cost: 1.25 s of processor time, 93 MB of memory at most\n"
    (tmp_path / "results/logs/a.log").write_text(said)
    (tmp_path / "results/benchmarks").mkdir()
    for rule, seconds in (("b", 12.5), ("c", 0.5)):
        (tmp_path / f"results/benchmarks/{rule}.tsv").write_text(
            f"s\tmax_rss\tmean_load\tcpu_time\n{seconds}\t70.5\t50\t{seconds}\n"
        )
    found = {job.rule: taken for job, taken in measured(jobs, tmp_path, {"a": 9.0, "c": 3.0, "d": 9.0})}
    assert found["a"] == Taken(1.25, 93, 0.005)
    assert found["b"] == Taken(12.5, 70.5, 0.005)
    assert (found["c"].seconds, math.isnan(found["c"].memory)) == (3.0, True)
    assert "d" not in found  # nothing of it has run here


def test_of_a_run_with_forks_the_first_jobs_do_not_count(tmp_path):
    """They have imported for themselves, and share no memory: of a kind that has no fork the time is all there is."""
    (tmp_path / "logs").mkdir()
    words = "INFO: cost: {} s of processor time, {} MB of memory at most{}\n"
    shared = ", with what was imported before"
    for name, said in {"a-1": (2, 50, ""), "a-2": (1, 180, shared), "b-1": (3, 60, "")}.items():
        (tmp_path / f"logs/{name}.log").write_text(words.format(*said))
    jobs = [Planned(name[0], name[0], f"logs/{name}.log", (), (), 1.0, 1.0) for name in ("a-1", "a-2", "b-1")]
    found = [taken for _, taken in measured(jobs, tmp_path)]
    assert str(found) == str([Taken(math.nan, math.nan, 0.0), Taken(1.0, 180.0, 0.0), Taken(3.0, math.nan, 0.0)])
    (tmp_path / "logs/a-2.log").unlink()
    assert [taken for _, taken in measured(jobs, tmp_path)] == [Taken(2.0, 50.0, 0), Taken(3.0, 60.0, 0)]


def test_a_job_says_what_it_took(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
    code = (
        "from metanash_workflow.costs import spent; import time\n"
        "held = bytearray(200_000_000); end = time.process_time() + 0.5\n"
        "while time.process_time() < end: pass\n"
        "print(spent())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow/scripts", capture_output=True, text=True, check=True
    )
    seconds, memory = map(float, re.fullmatch(r"cost: ([\d.]+) s .*, (\d+) MB .*\n", done.stdout).groups())
    assert 0.5 <= seconds < 5
    assert 200e6 / 2**20 < memory < 400


def test_the_table_of_costs_is_read_as_it_is_written(tmp_path):
    costs = {"a": Cost(3, 1.5, 2e-9, 44, 1e-3, 0.5, 0, 1e9), "b/c": Cost(1, 1, 0, math.nan, 0, 0, 0, 1)}
    write_costs(costs, tmp_path / "costs.csv")
    found = read_costs(tmp_path / "costs.csv")
    assert found["a"] == costs["a"]
    assert math.isnan(found["b/c"].memory)
    assert cost_of("b/unknown", found).seconds == 1
    assert cost_of("unknown", found) is None
    (tmp_path / "costs.csv").write_text((tmp_path / "costs.csv").read_text().replace("1.5", "much"))
    with pytest.raises(ValueError, match=r"costs.csv:2: not a row of costs .* \./do costs"):
        read_costs(tmp_path / "costs.csv")


# Estimates ----------------------------------------------------------------------------------------------


def test_the_longest_chain_is_that_of_all_paths():
    jobs = [a_job("a"), a_job("b", "a"), a_job("c", "a"), a_job("d", "bc"), a_job("e"), a_job("f", "e")]
    seconds = [1.0, 5, 2, 1, 3, 5]
    took = dict(zip("abcdef", seconds, strict=True))
    edges = {(name, job.outputs[0]) for job in jobs for name in job.inputs}
    paths = [path for size in range(1, 7) for path in itertools.permutations("abcdef", size)
             if all(pair in edges for pair in itertools.pairwise(path))]  # fmt: skip
    longest = max(sum(took[name] for name in path) for path in paths)
    total, chain = longest_chain(jobs, seconds)
    assert total == longest == 8
    assert sum(took[job.outputs[0]] for job in chain) == longest
    assert makespan(jobs, seconds, 1) == sum(seconds)
    assert makespan(jobs, seconds, 6) == longest
    assert makespan(jobs, seconds, 2) == 10  # a, b, d until 7; beside them e until 3, c until 5, f until 10


def test_longest_chains_come_first():
    """Three short jobs and a chain of two on two cores: the chain begins at once, and not after two short ones."""
    jobs = [a_job("a", rule="short"), a_job("b", rule="short"), a_job("c", rule="short")]
    jobs += [a_job("d", rule="begun"), a_job("e", "d", rule="ended")]
    seconds = [2.0, 2, 2, 3, 3]
    found = chains(jobs, seconds)
    assert found == {"short": 2, "begun": 6, "ended": 3}
    assert (makespan(jobs, seconds, 2), makespan(jobs, seconds, 2, found)) == (8, 6)


def test_chains_are_read_as_they_were_written(tmp_path):
    write_chains({"a": 1.25, "b": 3.0}, tmp_path / "chains.csv")
    assert (tmp_path / "chains.csv").read_text() == "rule,seconds\nb,3.0\na,1.2\n"
    assert read_chains(tmp_path / "chains.csv") == {"b": 3, "a": 1.2}
    workflow = SimpleNamespace(rules=[SimpleNamespace(name=name, priority=0) for name in "abc"])
    longest_chains_first(workflow, tmp_path / "chains.csv")
    assert [rule.priority for rule in workflow.rules] == [12, 30, 0]
    (tmp_path / "chains.csv").write_text("rule,seconds\na,long\n")
    with pytest.raises(ValueError, match=r"chains.csv:2: not a row of chains .* \./do costs"):
        read_chains(tmp_path / "chains.csv")


def test_a_rule_that_was_never_measured_is_named():
    with pytest.raises(ValueError, match=r"rule burn_in: no costs in workflow/cluster/costs.csv; .* \./do costs"):
        expected([a_job(rule="burn_in")], {})


def test_words_for_times():
    assert [duration(seconds) for seconds in (3, 119, 120, 3599, 3600, 9000)] == [
        "3 s", "119 s", "2 min", "60 min", "1 h 0 min", "2 h 30 min",
    ]  # fmt: skip


# The real plans -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans():
    return {name: plan(asked, everything=True) for name, asked in (("default", []), ("smoke", SMOKE))}


def submissions(jobs, asked):
    """Groups and jobs that are submitted: parts that hang together within a group, so many a submission."""
    groups = dict(text.split("=") for text in asked["groups"])
    sizes = {name: int(size) for name, size in (text.split("=") for text in asked["group-components"])}
    makers = {output: index for index, job in enumerate(jobs) for output in job.outputs}
    part = list(range(len(jobs)))
    for index, job in enumerate(jobs):
        for maker in (makers[name] for name in job.inputs):
            if groups.get(job.rule) and groups.get(job.rule) == groups.get(jobs[maker].rule):
                old, new = part[index], part[maker]
                part = [new if one == old else one for one in part]
    parts = {group: {part[k] for k, job in enumerate(jobs) if groups.get(job.rule) == group} for group in sizes}
    alone = sum(job.rule not in groups and bool(kind_of(job.rule)) for job in jobs)
    return alone + sum(math.ceil(len(parts[group]) / size) for group, size in sizes.items())


@pytest.mark.parametrize("name", ["default", "smoke"])
def test_a_run_takes_few_submissions_and_no_two_wait_for_each_other(plans, name):
    jobs, order = plans[name], ["kernels", "measure", "tables", "", "pages"]
    makers = {output: job for job in jobs for output in job.outputs}
    for job in jobs:
        for maker in (makers[output] for output in job.inputs):
            if kind_of(job.rule):  # what is local may wait for anything
                before = maker.rule if maker.rule == "kernels" else kind_of(maker.rule)
                assert order.index(before) <= order.index(kind_of(job.rule)), (maker.rule, job.rule)
    assert submissions(jobs, profile(jobs, read_costs())) <= MOST_SUBMISSIONS


def test_local_rules_are_those_of_the_snakefile():
    text = (ROOT / "Snakefile").read_text().partition("localrules:")[2].partition("\n\n")[0]
    assert {*re.findall(r"^    (\w+),$", text, flags=re.MULTILINE), "all"} == LOCAL


def test_every_job_has_been_measured(plans):
    costs = read_costs()
    assert {job.rule for jobs in plans.values() for job in jobs if cost_of(job.kind, costs) is None} == set()
    text = in_words(plans["default"], costs)
    assert re.search(r"^processor time .*core hours\)$", text, flags=re.MULTILINE), text


def test_eight_cores_take_at_most_three_tenths_of_the_time_of_two(plans):
    """By what jobs take and the priorities that rules have; every rule of the default run has one, and its own."""
    jobs, first = plans["default"], read_chains()
    seconds = [one.seconds for one in expected(jobs, read_costs())]
    assert {job.rule for job in jobs} == first.keys()
    assert first == pytest.approx(chains(jobs, seconds), abs=0.051), "./do costs writes them anew"
    assert {job.rule: job.priority for job in jobs} == {rule: round(10 * chain) for rule, chain in first.items()}
    assert makespan(jobs, seconds, 8, first) <= 0.3 * makespan(jobs, seconds, 2, first)


def test_typical_times_agree_with_the_table(plans):
    """An oracle that shares nothing with it: wall times of all jobs, two at a time, which are longer if anything."""
    for name, column in (("default", "results"), ("smoke", "results/smoke")):
        lines = (ROOT / "workflow/terminal/snakemake_logger_plugin_metanash/typical.csv").read_text().splitlines()
        rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
        seconds = {row["rule"]: float(row[column]) for row in rows if row[column]}
        jobs = [job for job in plans[name] if job.rule in seconds]
        said = sum(one.seconds for one in expected(jobs, read_costs()))
        wall = sum(seconds[job.rule] for job in jobs)
        assert wall / 2 < said < wall * 1.1


def test_the_page_has_the_estimates_of_the_table(plans):
    text = (ROOT / "docs/cluster.md").read_text()
    for name, results in (("default", "results"), ("smoke", "results/smoke")):
        assert row(f"`{results}`", plans[name], read_costs()) in text, "./do costs writes it anew"


def test_more_memory_and_time_at_each_try(plans):
    asked = profile(plans["smoke"], read_costs())
    assert asked["set-resources"]
    assert all(re.fullmatch(r"\w+:(mem_mb|runtime)=\d+ \* attempt", text) for text in asked["set-resources"])
    two_snakemakes = 300  # MB, around each submission
    memory = [int(text.split("=")[1].split()[0]) for text in asked["set-resources"] if "mem_mb" in text]
    assert min(memory) > two_snakemakes + 47  # and the smallest job
    assert TABLE.exists()
