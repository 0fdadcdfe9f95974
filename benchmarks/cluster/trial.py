"""``./do cluster-test``: the small or the default run through Slurm here, with faults, beside the same run without.

One job is cancelled, the process of another is killed, the controller and a node's daemon are killed and come back
after a while, and at last Snakemake itself is killed and the same command given again. In the end every file must have
the bytes of the local run, but for measured times and what is made of them.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.cluster.copies import ROOT, Comparison, compare, copy_repository, environment
from benchmarks.cluster.slurm import Cluster, MissingError

__all__ = ["main"]

SMALL = ["--configfile", "config/smoke.yaml"], "results/smoke"
DEFAULT: tuple[list[str], str] = [], "results"
"""What Snakemake is given for a run, and the folder of its results."""
_AWAY = 15.0
"""Seconds that a daemon is away."""
_LONGEST = 3600.0
"""Seconds after which a run is said to hang."""


class Trial:
    """A run through a cluster, and what is done to it.

    Parameters
    ----------
    project : path
        A copy of the repository.
    cluster : Cluster
    arguments : sequence of str
        Those of ``./do cluster``: which configuration.
    """

    def __init__(self, project: Path, cluster: Cluster, arguments: Sequence[str] = ()) -> None:
        self.project, self.cluster, self.arguments = project, cluster, [*arguments]
        self.log = project / "cluster.log"
        self.done: list[str] = []
        self.starts = 0

    def begin(self) -> "subprocess.Popen[bytes]":
        """Start the run, or take it up."""
        environ = environment(self.project)
        environ["PATH"] = os.pathsep.join([str(self.cluster.bin), str(Path(sys.executable).parent), environ["PATH"]])
        self.starts += 1
        with self.log.open("ab") as log:
            call = [sys.executable, "-m", "workflow.cluster", "run", *self.arguments]
            return subprocess.Popen(call, cwd=self.project, env=environ, stdout=log, stderr=subprocess.STDOUT)

    def run(self, faults: Sequence[Callable[["Trial", subprocess.Popen[bytes]], bool]]) -> int:
        """Do all faults, each as soon as it can be done, and wait for the end; the status of the last command."""
        left = list(faults)
        process, end = self.begin(), time.monotonic() + _LONGEST
        while time.monotonic() < end:
            status = process.poll()
            if status is not None and self._was_killed(status):
                process = self.begin()
            elif status is not None:
                return status
            if left and self.steps() >= 3 and left[0](self, process):
                self.done.append(str(left.pop(0).__doc__).rstrip("."))
                print(f"  {self.done[-1]}", flush=True)
                time.sleep(5)
            time.sleep(1)
        process.terminate()
        raise TimeoutError(f"no end after {_LONGEST:.0f} s: {self.log}")

    def _was_killed(self, status: int) -> bool:
        return status in {-signal.SIGKILL, 128 + signal.SIGKILL} or b"Killed" in self.log.read_bytes()[-200:]

    def steps(self) -> int:
        """How many jobs have ended."""
        return len(re.findall(rb"^Finished jobid", self.log.read_bytes(), flags=re.MULTILINE))

    def submissions(self) -> int:
        """How many submissions Slurm has taken."""
        return len(re.findall(rb"has been submitted with SLURM jobid", self.log.read_bytes()))

    def scripts(self) -> list[int]:
        """Processes of jobs of this run."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                words = path.read_bytes()
                if b"/.snakemake/scripts/" in words and str(self.project).encode() in words:
                    found.append(int(path.parent.name))
        return found


def cancel_a_job(trial: Trial, _: object) -> bool:
    """A running job is cancelled (scancel)."""
    jobs = trial.cluster.jobs()
    if jobs:
        subprocess.run([trial.cluster.bin / "scancel", str(jobs[0])], check=True)
    return bool(jobs)


def kill_a_script(trial: Trial, _: object) -> bool:
    """The process of a job is killed (SIGKILL)."""
    found = trial.scripts()
    if found:
        with suppress(ProcessLookupError):
            os.kill(random.choice(found), signal.SIGKILL)
    return bool(found)


def lose_the_controller(trial: Trial, _: object) -> bool:
    """The controller is killed, and comes back after a while."""
    return _away(trial, "slurmctld")


def lose_a_node(trial: Trial, _: object) -> bool:
    """The daemon of a node is killed, and comes back after a while."""
    return _away(trial, "n1")


def lose_both(trial: Trial, _: object) -> bool:
    """Controller and node are killed, and come back after a while."""
    trial.cluster.kill("n2")
    return _away(trial, "slurmctld", "n2")


def kill_snakemake(trial: Trial, process: "subprocess.Popen[bytes]") -> bool:
    """Snakemake is killed with jobs in the queue, and the same command given again."""
    if not trial.cluster.jobs():
        return False
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for number in [*map(int, children), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    return True


def _away(trial: Trial, name: str, *with_it: str) -> bool:
    trial.cluster.kill(name)
    time.sleep(_AWAY)
    for one in (name, *with_it):
        trial.cluster.begin(one)
    return True


FAULTS = (cancel_a_job, kill_a_script, lose_the_controller, lose_a_node, lose_both, kill_snakemake)


def local_run(project: Path, arguments: Sequence[str]) -> None:
    """The run that is compared with."""
    call = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    with (project / "local.log").open("wb") as log:
        done = subprocess.run(
            call, cwd=project, env=environment(project), stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise RuntimeError(f"the local run failed: {project}/local.log")


def report(trial: Trial, found: Comparison, status: int) -> list[str]:
    """What happened, in lines."""
    return [
        f"status of the last command: {status}; commands given: {trial.starts}; repairs by hand: 0",
        f"submissions: {trial.submissions()}; faults: {len(trial.done)} of {len(FAULTS)}",
        f"equal bytes: {found.equal} files; lost or different: {len(found.lost)} {' '.join(found.lost[:5])}",
        f"made of measured times, or of when and where: {len(found.timed)} files ({', '.join(found.timed[:12])})",
    ]


def main(arguments: Sequence[str]) -> int:
    """Do the trial; 1 if a file is lost, or a fault could not be done."""
    parser = argparse.ArgumentParser(prog="./do cluster-test", description=__doc__)
    parser.add_argument("--default", action="store_true", help="the default configuration instead of the small one")
    parser.add_argument("--against", type=Path, help="results of such a run of the same sources (default: one is made)")
    parser.add_argument("--no-faults", action="store_true", help="only the run")
    parser.add_argument("--keep", action="store_true", help="leave the copies and their logs")
    options = parser.parse_args(arguments)
    asked, results = DEFAULT if options.default else SMALL
    work = Path(tempfile.mkdtemp(prefix="mn-"))
    cluster = Cluster(work / "slurm")
    try:
        copy_repository(work / "cluster")
        wanted = options.against
        if wanted is None:
            copy_repository(work / "local")
            print("the local run", flush=True)
            local_run(work / "local", asked)
            wanted = work / "local" / results
        cluster.start()
        print(f"the run through Slurm: {work}/cluster/cluster.log", flush=True)
        faults = () if options.no_faults else FAULTS
        trial = Trial(work / "cluster", cluster, asked)
        status = trial.run(faults)
        found = compare(wanted, work / "cluster" / results)
        print("\n".join(report(trial, found, status)))
        return int(bool(status or found.lost or len(trial.done) < len(faults)))
    except (MissingError, RuntimeError, TimeoutError) as error:
        print(f"cluster-test: {error}", file=sys.stderr)
        return 1
    finally:
        cluster.stop()
        if not options.keep:
            subprocess.run(["rm", "-rf", str(work)], check=False)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
