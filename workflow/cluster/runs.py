"""A run on Slurm by itself: what a run before it has left in the queue is cancelled, and Snakemake gets its commands.

A run that is killed cannot cancel its jobs, and the next one would submit the same ones again: two would write to the
same files. So each run has a folder, whose name stands in the comments of its jobs, and holds a lock on it for as long
as it lives. Jobs of folders that nobody holds are cancelled, and waited for, before anything is submitted.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from workflow.cluster.commands import RUN, names_of, patience, real

__all__ = ["FOLDER", "LostControllerError", "cancel_leftovers", "run"]

FOLDER = Path(".snakemake/cluster")
_LOCK, _ENDED = "lock", {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "DEADLINE",
                         "BOOT_FAIL", "PREEMPTED"}  # fmt: skip
_PAUSE = 1.0


class LostControllerError(Exception):
    """The controller of Slurm has not answered for as long as somebody was ready to wait."""


def _take(folder: Path) -> int | None:
    """Lock a run's folder; None if its run goes on."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def cancel_leftovers(folder: Path = FOLDER, seconds: float | None = None) -> int:
    """Cancel what killed runs have left in the queue, wait until it has ended, and delete their folders.

    Returns
    -------
    jobs : int
        How many there were.

    Raises
    ------
    LostControllerError
        If the controller does not answer, or jobs do not end, within so many ``seconds``; by default as many as
        METANASH_CLUSTER_PATIENCE says.
    """
    end = time.monotonic() + (patience() if seconds is None else seconds)
    count = 0
    for left in sorted(path for path in folder.glob("*") if path.is_dir()):
        descriptor = _take(left)
        if descriptor is None:
            continue
        jobs = _alive(left, end)
        count += len(jobs)
        while jobs:
            subprocess.run([real("scancel"), *map(str, jobs)], capture_output=True, check=False, timeout=120)
            time.sleep(_PAUSE)
            jobs = _alive(left, end)
        shutil.rmtree(left)
        os.close(descriptor)
    return count


def _alive(run: Path, end: float) -> list[int]:
    while True:
        if time.monotonic() > end:
            raise LostControllerError("Slurm does not answer, or jobs of a run before this one do not end (squeue)")
        try:
            return [job for job, state in names_of(run).items() if state not in _ENDED]
        except (ConnectionError, subprocess.TimeoutExpired):
            time.sleep(_PAUSE)


def run(arguments: Sequence[str], asked: dict[str, Any], folder: Path = FOLDER) -> int:
    """Run Snakemake on Slurm, as the only one that has jobs of this folder in the queue.

    Parameters
    ----------
    arguments : sequence of str
        Those of ``snakemake``; what they say counts more than the profile.
    asked : mapping
        Resources and groups, as a profile says them (:func:`workflow.cluster.groups.profile`).
    folder : path

    Returns
    -------
    status : int
        That of Snakemake.
    """
    left = cancel_leftovers(folder)
    if left:
        print(f"cluster: cancelled {left} jobs that a killed run had left in the queue", file=sys.stderr)
    own = folder / secrets.token_hex(8)
    own.mkdir(parents=True)
    descriptor = _take(own)
    profile = yaml.safe_load(Path("profiles/slurm/profile.yaml").read_text())
    (own / "profile").mkdir()
    (own / "profile/profile.yaml").write_text(yaml.safe_dump(profile | asked))
    paths = [str(Path(__file__).resolve().parent / "bin"), os.environ.get("PATH", os.defpath)]
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--profile", str(own / "profile"), *arguments],
        env={**os.environ, RUN: str(own.resolve()), "PATH": os.pathsep.join(paths)},
        pass_fds=[]
        if descriptor is None
        else [descriptor],  # the lock lives as long as Snakemake, even without this process
    )
    signal.signal(signal.SIGTERM, lambda got, _: process.send_signal(got))
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends these to Snakemake too
        signal.signal(number, lambda *_: None)
    status = process.wait()
    if not _left_behind(own):
        shutil.rmtree(own)
    return status


def _left_behind(own: Path) -> bool:
    """Whether jobs are still in the queue, or nobody can say so: then the folder stays, for the next run."""
    try:
        return any(state not in _ENDED for state in names_of(own).values())
    except (ConnectionError, subprocess.TimeoutExpired):
        return True
