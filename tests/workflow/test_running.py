"""A run that was killed stands in nobody's way: its locks go, its jobs end, the next run goes on; of two one waits."""

import importlib
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from workflow.running import AlreadyRunningError, only_looks, only_when_a_job_ends, take_turn, tidy

ROOT = Path(__file__).parents[2]
WAIT = 60.0
"""Seconds, after which a test gives up."""
HOLDER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from workflow.running import take_turn
turn = take_turn(sys.argv[3:], Path(sys.argv[1]), Path(sys.argv[2]))
print("taken", turn.removed, flush=True)
time.sleep(600)
"""
JOB = """
import sys, time
sys.path.insert(0, sys.argv[1])
from metanash_workflow.watch import watch
watch()
print("begun", flush=True)
try:
    time.sleep(600)
finally:
    print("tidied", flush=True)
"""
RUN = "import time; time.sleep(600)"


@pytest.fixture
def started():
    """Start a Python process; all of them are killed in the end."""
    processes = []

    def start(code, *arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment},
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def places(tmp_path):
    """Folders of locks, ours and those of Snakemake, with two locks of a run that was killed."""
    held, snakemake = tmp_path / "held", tmp_path / "locks"
    snakemake.mkdir()
    for kind in ("input", "output"):
        (snakemake / f"0.{kind}.lock").write_text("results/a.csv\n")
    return held, snakemake


def until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


# Locks --------------------------------------------------------------------------------------------------


def test_locks_of_a_dead_run_are_deleted(places):
    turn = take_turn(["results"], *places)
    assert turn.removed == 2
    assert [*places[1].iterdir()] == []
    turn.end()


def test_a_second_run_for_the_same_folder_is_refused_and_told_which_is_the_first(places, started):
    first = started(HOLDER, *places, "results", "figures")
    assert first.stdout.readline() == "taken 2\n"
    (places[1] / "0.output.lock").write_text("results/a.csv\n")  # of the first
    for folders in (["results"], ["elsewhere", "figures"], ["./results/../results"]):
        with pytest.raises(AlreadyRunningError, match=rf"process {first.pid}\) is writing to (results|figures)"):
            take_turn(folders, *places)
    assert tidy(*places) == 0
    other = take_turn(["elsewhere"], *places)  # a refused run has kept nothing
    assert other.removed == 0
    assert (places[1] / "0.output.lock").exists()
    other.end()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_turn_ends_with_its_process_whatever_ends_it(places, started, by):
    first = started(HOLDER, *places, "results")
    first.stdout.readline()
    first.send_signal(by)
    first.wait()
    (places[1] / "7.input.lock").write_text("")
    assert tidy(*places) == 1
    take_turn(["results"], *places).end()


def test_who_only_looks_leaves_no_trace(tmp_path):
    assert tidy(tmp_path / "held", tmp_path / "locks") == 0
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "looks"),
    [
        (["--cores", "2"], False), (["-c2", "--configfile", "a.yaml"], False), (["-p", "-k", "-j", "4"], False),
        (["results/report.html", "--cores=2"], False), (["--touch", "--cores", "1"], False),
        (["-n"], True), (["--dry-run", "--cores", "2"], True), (["-np"], True), (["--dag"], True), (["-l"], True),
        (["--summary"], True), (["--report", "a.zip"], True), (["--report=a.zip"], True), (["-S", "-c", "1"], True),
    ],
)  # fmt: skip
def test_what_makes_nothing_is_known_by_its_options(arguments, looks):
    assert only_looks(arguments) is looks


# Jobs ---------------------------------------------------------------------------------------------------


def test_a_job_ends_soon_after_its_run(started):
    run = started(RUN)
    job = started(JOB, ROOT / "workflow/scripts", METANASH_RUN=f"{platform.node()} {run.pid}")
    assert job.stdout.readline() == "begun\n"
    time.sleep(1.2)  # two looks
    assert job.poll() is None
    run.kill()  # nobody asks how it ended, so its number stays taken
    text, _ = job.communicate(timeout=WAIT)
    assert "the run that began this job has gone" in text
    assert "tidied" in text
    assert job.returncode != 0


@pytest.mark.parametrize("of", ["elsewhere {}", "{}", ""])
def test_a_job_of_another_machine_or_of_no_run_goes_on(started, of):
    run = started(RUN)
    run.kill()
    run.wait()
    job = started(JOB, ROOT / "workflow/scripts", METANASH_RUN=of.format(run.pid))
    assert job.stdout.readline() == "begun\n"
    time.sleep(1.2)
    assert job.poll() is None


def test_a_job_deletes_what_a_killed_one_had_begun_to_write(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "workflow/scripts")
    sweep = importlib.import_module("metanash_workflow.made")._sweep
    left = [tmp_path / ".a[1].csv.k2j3h4g5", tmp_path / ".a[1].csv.abcdefgh"]
    kept = [tmp_path / name for name in (".a[1].csv.part", "a[1].csv", ".b.csv.k2j3h4g5", ".a1.csv.k2j3h4g5")]
    for path in [*left, *kept]:
        path.touch()
    sweep(tmp_path / "a[1].csv")
    assert sorted(tmp_path.iterdir()) == sorted(kept)


# A run --------------------------------------------------------------------------------------------------


def test_a_killed_run_is_taken_up_by_the_same_command(edited):
    """Killed in the middle of a job: its locks are there, its job ends, and the next run says so and goes on.

    What it makes, elsewhere and on one core, has the bytes of before: the article too.
    """
    wanted = ["claims_map.csv", "article.pdf"]
    before = {name: edited.path(name).read_bytes() for name in wanted}
    for name in wanted:
        edited.path(name).unlink()
    targets = [f"results/smoke/{name}" for name in wanted]  # not the pages, which are made of them
    arguments = ["-m", "snakemake", *targets, "--cores", "1", "--configfile", "config/smoke.yaml"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
    environment["PYTHONPATH"] = str(edited.folder / "src")
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    log = edited.path("logs/ledger.log")
    log.unlink()
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=edited.folder, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:  # fmt: skip
        until(log.exists)
        second = edited.command(*arguments)
        assert second.code == 1
        assert f"snakemake: another run (process {run.pid}) is writing to results/smoke" in second.text
        run.kill()
    assert [*(edited.folder / ".snakemake/locks").glob("*.lock")] != []
    answer = edited.command(*arguments)
    assert answer.code == 0, answer.text
    assert "a run before this one was killed" in answer.text
    assert {name: edited.path(name).read_bytes() for name in wanted} == before


PASSES = """
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, {root!r})
from workflow.running import only_when_a_job_ends

PASSES = [0]

rule all:
    input:
        expand("out/{{number}}", number=range(20)),

rule one:
    output:
        "out/{{number}}",
    shell:
        "sleep 1; touch {{output}}"

onstart:
    only_when_a_job_ends(workflow)
    select = workflow.scheduler.job_selector

    def counted(jobs):
        PASSES[0] += 1
        return select(jobs)

    workflow.scheduler.job_selector = counted

onsuccess:
    Path("passes").write_text(str(PASSES[0]))
"""


@pytest.mark.parametrize(
    ("options", "few"), [((), True), (("--max-jobs-per-timespan", "90/1s"), False)], ids=["default", "limit asked for"]
)
def test_a_pass_of_the_scheduler_for_each_job_that_ends(tmp_path, options, few):
    """Four jobs a second: begun with no limit, 20 jobs take 20 passes at most; with one that was asked for, more."""
    (tmp_path / "Snakefile").write_text(PASSES.format(root=str(Path(__file__).parents[2])))
    command = [sys.executable, "-m", "snakemake", "--cores", "4", "--scheduler", "greedy", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (int((tmp_path / "passes").read_text()) <= 20) == few


def test_another_scheduler_keeps_its_passes():
    """No attribute is made up where Snakemake has none of that name."""
    only_when_a_job_ends(object())
    limit = SimpleNamespace(max_jobs=100, timespan=1)
    other = SimpleNamespace(
        scheduling_settings=SimpleNamespace(max_jobs_per_timespan=limit), scheduler=SimpleNamespace()
    )
    only_when_a_job_ends(other)
    assert vars(other.scheduler) == {}
