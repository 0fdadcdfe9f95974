"""Faults by the hundred: what is compared in the end, what is counted, and a Slurm cluster on one machine."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.campaign import DAMAGES, KILLS, Campaign, Counts, table
from benchmarks.cluster.copies import Comparison, compare
from benchmarks.cluster.slurm import PACKAGES, Cluster, MissingError


def results(folder):
    """A run of five files, two of them made of measured times."""
    made = {
        "times": ("{results}/benchmarks/times.npz", []),
        "growth": ("{results}/growth.csv", ["{results}/benchmarks/times.npz"]),
        "figure": ("{figures}/growth.png", ["{results}/growth.csv"]),
        "table": ("{results}/table.csv", ["src/a.py"]),
        "provenance": ("{results}/provenance.json", ["{results}/table.csv"]),
        "page": ("{results}/page.html", ["{results}/table.csv"]),
    }
    for rule, (output, inputs) in made.items():
        path = folder / output.format(results=".", figures="paper_figures")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{rule}\n")
        record = {"rule": rule, "outputs": {output: "x"}, "inputs": dict.fromkeys(inputs, "y")}
        (folder / "made").mkdir(exist_ok=True)
        (folder / f"made/{rule}.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def two(tmp_path):
    return results(tmp_path / "one"), results(tmp_path / "two")


def test_equal_runs_are_equal(two):
    found = compare(*two)
    assert (found.lost, found.timed) == ((), ())
    assert found.equal == 11  # five files and six records; benchmarks are not looked at


@pytest.mark.parametrize("name", ["growth.csv", "paper_figures/growth.png", "provenance.json", "made/growth.json"])
def test_what_is_made_of_times_may_differ_but_not_be_missing(two, name):
    (two[1] / name).write_text((two[1] / name).read_text() + " ")
    assert (compare(*two).lost, compare(*two).timed) == ((), (name,))
    (two[1] / name).unlink()
    assert compare(*two).lost == (name,)


@pytest.mark.parametrize("name", ["table.csv", "page.html", "made/table.json"])
@pytest.mark.parametrize("how", ["changed", "missing", "more"])
def test_anything_else_is_lost(two, name, how):
    path = two[1] / name
    if how == "changed":
        path.write_text(path.read_text() + " ")
    elif how == "missing":
        path.unlink()
    else:
        shutil.copy(path, two[1] / "another")
    assert compare(*two).lost == (name if how != "more" else "another",)


def test_figures_may_lie_beside_results_and_other_runs_within(tmp_path):
    """As those of the default run, whose folder holds the results of the small one."""
    two = [results(tmp_path / name / "results") for name in ("one", "two")]
    for folder in two:
        (folder / "paper_figures").rename(folder.parent / "paper_figures")
    results(two[0] / "smoke")
    assert compare(*two) == Comparison(11, (), ())
    (tmp_path / "two/paper_figures/growth.png").write_text("others")
    assert compare(*two) == Comparison(10, (), ("paper_figures/growth.png",))
    (tmp_path / "two/paper_figures/growth.png").unlink()
    assert compare(*two).lost == ("paper_figures/growth.png",)


def test_only_what_was_done_is_counted(tmp_path, monkeypatch):
    """And what was done in another clone, once."""
    monkeypatch.setattr("benchmarks.campaign.COUNTS", tmp_path / "counts.json")
    (tmp_path / "here").mkdir()
    campaign = Campaign(tmp_path / "here")
    monkeypatch.setattr("benchmarks.campaign.copy_repository", Path.mkdir)
    campaign.prepare(results(tmp_path / "made"))
    campaign.note(fault="killed")
    campaign.note(fault="cut", file="a")
    campaign.note(ended=True, equal=11, lost=[], timed=2)
    campaign.note(fault="killed")
    with (tmp_path / "here/faults.jsonl").open("a") as file:
        file.write('{"fault": "kil')  # killed while it wrote
    text = table(campaign.counts())
    assert f"| {KILLS['killed'][0]} | 2 | 1 |" in text
    assert f"| {KILLS['all-killed'][0]} | 0 | 0 |" in text
    assert "| together | 3 | 2 |" in text
    assert "Runs that came to their end: 1, each with 11 files" in text
    campaign.note(ended=True, equal=11, lost=["b"], timed=2)
    assert "Files lost or different: 1." in table(campaign.counts())
    campaign.counts().write(tmp_path / "counts.json")
    campaign.prepare(None)
    assert campaign.counts() == Counts.read(tmp_path / "counts.json")
    (tmp_path / "there").mkdir()
    another = Campaign(tmp_path / "there")
    another.prepare(tmp_path / "made")
    another.note(fault="killed")
    another.note(ended=True, equal=9, lost=[], timed=2)
    assert another.counts().faults == {"killed": 3, "cut": 1}
    assert "Runs that came to their end: 3, each with 9 to 11 files" in table(another.counts())
    assert "| together | 4 | 4 |" in table(another.counts())
    one = Campaign(tmp_path / "anew")
    one.prepare(tmp_path / "made", anew=True)
    assert one.counts() == Counts.of([])


def test_what_was_killed_is_a_job_or_the_server_of_this_project(tmp_path):
    """Not those of another one."""
    (tmp_path / "server.py").write_text("import time\nprint(1, flush=True)\ntime.sleep(600)")
    name = "workflow/running/server.py"
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "server.py"), name], cwd=tmp_path, stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        assert not KILLS["server-killed"][1](process, tmp_path / "other")
        assert not KILLS["job-killed"][1](process, tmp_path)
        assert KILLS["server-killed"][1](process, tmp_path)
        assert process.wait() == -signal.SIGKILL
    finally:
        process.kill()
        process.stdout.close()


@pytest.mark.parametrize("kind", DAMAGES)
def test_each_damage_is_one(tmp_path, kind):
    project = tmp_path / "project/results/smoke"
    results(project)
    content = (project / "table.csv").read_bytes()
    times = (project / "table.csv").stat().st_mtime_ns
    random.seed(0)
    DAMAGES[kind][1](project / "table.csv")
    path = project / "table.csv"
    assert not path.exists() or path.read_bytes() != content
    if kind == "flipped":
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (len(content), times)
    (project / "made/table.json").unlink()
    assert Campaign(tmp_path).damage(kind)
    assert Campaign(tmp_path).noted()[-1]["fault"] == kind


def test_a_cluster_on_this_machine_loses_a_daemon_and_gets_it_back():
    """Where Slurm is installed (CI has none)."""
    if shutil.which("slurmctld", path="/usr/sbin:/sbin:/usr/bin") is None:
        pytest.skip(f"not checked: Slurm is not installed (apt-get install {PACKAGES})")
    folder = Path(tempfile.mkdtemp(prefix="mn-"))
    cluster = Cluster(folder / "slurm", nodes=1, cpus=1, memory=500)
    try:
        cluster.start()
        assert all(map(cluster.process, cluster.daemons))
        cluster.kill("slurmctld")
        assert cluster.process("slurmctld") is None
        with pytest.raises(MissingError, match="slurmctld is not there"):
            cluster.kill("slurmctld")
        cluster.begin("slurmctld")
        cluster.wait_until_idle()
    finally:
        cluster.stop()
        shutil.rmtree(folder)
    assert not any(map(cluster.process, cluster.daemons))


def test_a_folder_of_too_long_a_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.cluster.slurm._program", lambda name: f"/usr/bin/{name}")
    with pytest.raises(MissingError, match="too long a name for sockets"):
        Cluster(tmp_path / ("x" * 100)).start()
