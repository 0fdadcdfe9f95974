"""What a job does before its work: what is imported, and how the report on a finished run divides its time."""

import json
import subprocess
import sys

import pytest

from benchmarks import overhead

LOG = """
  Date: 2030-01-02 03:04:05

Provided cores: 2
Finished jobid: 1 (Rule: learn)
Finished jobid: 2 (Rule: learn)
Finished jobid: 3 (Rule: kernels)
Finished jobid: 0 (Rule: all)
4 of 4 steps (100%) done
Elapsed time: 0:01:40.500000
"""
REPLICATION = ["src/metanash_replication/rates.py", "src/metanash_replication/report/page.css"]
START = overhead.datetime(2030, 1, 2, 3, 4, 5).timestamp()


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("metanash", ["numpy", "scipy", "metanash.games", "metanash.solution"]),
        ("metanash.cli", ["numpy", "scipy", "importlib.metadata"]),
        ("metanash.commands.completion", ["numpy", "metanash.games"]),
        ("metanash.commands.solve", ["scipy", "numpy.random", "subprocess", "matplotlib", "pandas", "rich"]),
        ("metanash.commands.learn", ["scipy.sparse", "subprocess", "matplotlib", "pandas", "rich"]),
        ("metanash_replication.topics.zero_sum.measure", ["scipy.sparse", "scipy.optimize", "scipy.special", "pandas"]),
        ("metanash_replication.topics.zero_sum.tables", ["scipy.optimize", "scipy.special", "matplotlib"]),
        ("metanash_replication.report", ["matplotlib", "seaborn", "scipy.stats", "scipy.optimize"]),
    ],
)
def test_a_module_does_not_load_what_it_may_not_need(module, unwanted):
    """Half of what a small command takes is NumPy; most of the rest was modules that it does without."""
    code = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert module in done.stdout.split()
    assert set(done.stdout.split()).isdisjoint(unwanted)


@pytest.fixture
def folder(tmp_path):
    """A run on two cores: 10 s of compiling, then jobs of 14 s and 40 s that begin together."""
    (tmp_path / ".snakemake/metadata").mkdir(parents=True)
    (tmp_path / "results/benchmarks").mkdir(parents=True)
    (tmp_path / "run.log").write_text(LOG)
    jobs = [("kernels", "k", 10, 20), ("learn", "a", 30, 44), ("learn", "b", 30, 70), ("learn", "earlier", -50, -10)]
    for rule, name, start, end in jobs:
        record = {
            "rule": rule,
            "starttime": START + start,
            "endtime": START + end,
            "log": [f"results/logs/{name}.log"],
            "code": f'        "../scripts/{rule}.py"\n',
            "input": ["data.npz", "src/metanash/games.py", "src/metanash/families/__init__.py", *REPLICATION],
        }
        (tmp_path / ".snakemake/metadata" / name).write_text(json.dumps(record))
    # half of the wall time, since the machine was busy, but for what was not looked at any more
    for name, seconds in (("a", 6.75), ("b", 7.0)):
        (tmp_path / f"results/benchmarks/{name}.tsv").write_text(f"s\tcpu_time\n1\t{seconds}\n")
    return tmp_path


def test_times_of_a_run_are_divided(folder):
    """Of 201 core-seconds 2 * 50.5 have no job, 10 + 26 wait for the other core, 10 compile; a start-up takes 3."""
    run = overhead.read_run(folder / "run.log")
    jobs = overhead.read_jobs(folder, run)
    starts = ("workflow/scripts/learn.py", "metanash.families", "metanash.games", "metanash_replication.rates")
    assert {job.starts for job in jobs if job.rule == "learn"} == {starts}
    assert overhead.stretch(jobs) == 2.0
    lines = overhead.report(run, jobs, {starts: 1.5})
    assert lines[1].split() == ["learn", "2", "54.0", "13.8", "6.0", "11%"]
    assert lines[2].split() == ["kernels", "1", "10.0", "-", "10.0", "100%"]
    seconds = [float(line.split(" core-s")[0].split()[-1]) for line in lines[-5:]]
    assert seconds == [48.0, 16.0, 101.0, 36.0, 117.0]
    assert sum(seconds[:4]) == 201.0
    assert lines[-1].endswith("58.2%")


def test_a_run_that_is_not_there_whole_is_refused(folder):
    run = overhead.read_run(folder / "run.log")
    (folder / ".snakemake/metadata/a").unlink()
    with pytest.raises(ValueError, match="the log has 3 jobs, 2 of which are remembered"):
        overhead.read_jobs(folder, run)
    (folder / "run.log").write_text(LOG.replace("100%", "75%"))
    with pytest.raises(ValueError, match="has not finished"):
        overhead.read_run(folder / "run.log")


def test_the_start_up_of_a_script_is_its_imports(tmp_path):
    """The script is loaded, its main is not called; importing costs processor time."""
    pytest.importorskip("snakemake")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "one.py").write_text("import json\nif __name__ == '__main__':\n    raise SystemExit(3)\n")
    (tmp_path / "busy.py").write_text("sum(range(30_000_000))\n")
    cheap = overhead.start_up(tmp_path, ("scripts/one.py",))
    dear = overhead.start_up(tmp_path, ("scripts/one.py", "busy"))
    assert 0.0 < cheap < dear


def test_a_fork_has_its_packages_already(tmp_path):
    pytest.importorskip("snakemake")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "workflow").symlink_to(overhead.Path(overhead.__file__).parents[1] / "workflow")
    (tmp_path / "scripts/one.py").write_text("import matplotlib.pyplot, seaborn, scipy.stats\n")
    own, forked = (overhead.start_up(tmp_path, ("scripts/one.py",), forked=forked) for forked in (False, True))
    assert forked < own / 4
