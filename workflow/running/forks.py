"""Jobs begin as forks of one process that has imported their packages, instead of as new interpreters.

A short job spent most of its time on starting Python and importing NumPy, SciPy, pandas and what Snakemake puts before
each script; a figure spent two seconds so. On Linux a run of more than a few jobs begins a process for that
(:mod:`workflow.running.server`). Jobs are processes of their own as before: each can be killed, and what it takes is
measured. They share nothing but the modules that were imported before any of them began.

With ``METANASH_OWN_INTERPRETERS=1`` each job begins in an interpreter of its own, as Snakemake does it by itself. So do
jobs on a cluster's nodes, and those that ask for conda, a container, or more than one thread.
"""

import array
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from logging import Logger
from pathlib import Path
from typing import Any

import psutil
from snakemake import script
from snakemake.benchmark import benchmarked

from workflow.running.server import FRAME, STALE

__all__ = ["Fork", "Server", "fork_jobs"]

SERVER = Path(__file__).with_name("server.py")
PROJECT = "metanash_replication"
UNLESS = "METANASH_OWN_INTERPRETERS"
FIRST = 6
"""So many jobs of a run begin in interpreters of their own: to import all for fewer would take longer."""
_THREADS = (
    "OMP_NUM_THREADS GOTO_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS NUMEXPR_NUM_THREADS"
)
_PATIENCE = 2.0
"""Seconds to wait for the end of a server at the end of a run."""
_ROOM = 1000
"""Bytes among the arguments of the server, over which a job writes its own."""
_TEMPORARY = "TMPDIR TMP TEMPDIR TEMP"


class Fork:
    """A job that was forked, with the part of ``subprocess.Popen`` that is needed of it.

    Attributes
    ----------
    pid : int
        -1 if the server has gone, ``STALE`` if it is of no use any more.
    returncode : int or None
        As of ``subprocess.Popen``; None until it has ended.
    """

    def __init__(self, answers: int) -> None:
        self._answers = os.fdopen(answers, "rb")
        self.returncode: int | None = None
        self.pid = int(self._answers.readline() or -1)
        if self.pid <= 0:  # none has begun
            self._answers.close()

    def wait(self) -> int:
        """Wait for its end.

        If the server ends first, nobody would know how the job ends: it is killed.
        """
        if self.returncode is None:
            line = self._answers.readline()
            self._answers.close()
            if not line and self.pid > 0:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            self.returncode = int(line or -signal.SIGKILL)
        return self.returncode


class Server:
    """The process that forks.

    Parameters
    ----------
    project : str, optional
        Package of which it imports all modules.
    """

    def __init__(self, project: str = PROJECT) -> None:
        self._asking, asked = socket.socketpair()
        number = str(asked.fileno())
        with asked:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(SERVER), number, project, "-" * _ROOM],
                pass_fds=[asked.fileno()],
                env=environment(None),
                stdin=subprocess.DEVNULL,
            )
        self._lock = threading.Lock()

    def fork(self, script: str, environment: dict[str, str]) -> Fork:
        """Begin a script.

        Raises
        ------
        OSError
            If the server has gone.
        """
        message = json.dumps({"script": script, "environment": environment}).encode()
        answers, answer = os.pipe()
        try:
            with self._lock:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [answer]))]
                self._asking.sendmsg([len(message).to_bytes(FRAME, "big")], rights)
                self._asking.sendall(message)
        except OSError:
            os.close(answers)
            raise
        finally:
            os.close(answer)
        return Fork(answers)

    def leave(self) -> None:
        """Ask for nothing more: it ends when its jobs have."""
        self._asking.close()

    def end(self, patience: float | None = None) -> None:
        """Wait for its end, so many seconds at most: then what it and its jobs took counts with this process."""
        self.leave()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)


def environment(temporary: str | None) -> dict[str, str]:
    """What a job of one thread has in its environment, as ``snakemake.shell`` gives it."""
    given = dict.fromkeys(_TEMPORARY.split(), temporary) if temporary else {}
    return {**os.environ, **dict.fromkeys(_THREADS.split(), "1"), **given}


class _Starter:
    """What begins the scripts of a run."""

    def __init__(self, logger: Logger, project: str) -> None:
        self._logger, self._project = logger, project
        self._lock = threading.Lock()
        self._begun = 0
        self._server: Server | None = None
        self._left: list[Server] = []

    def begin(self, script: str, temporary: str | None) -> Fork | None:
        """Fork a job; None if it is to have an interpreter of its own."""
        with self._lock:
            self._begun += 1
            if self._begun <= FIRST:
                return None
            found = self._fork(script, environment(temporary))
            if found is not None and found.pid == STALE:  # sources have changed in mid-run
                self._left.append(self._server)
                self._server.leave()
                self._server = None
                found = self._fork(script, environment(temporary))
            if found is None or found.pid <= 0:
                self._logger.warning("the process that forks jobs has gone: this job gets an interpreter of its own")
                self._server, self._begun = None, 0
                return None
        return found

    def end(self) -> None:
        """At the end of the run, when no job is left unless it was interrupted."""
        for server in filter(None, [*self._left, self._server]):
            server.end(_PATIENCE)

    def _fork(self, script: str, environment: dict[str, str]) -> Fork | None:
        """Ask the server, the first time a new one; None if it has gone."""
        if self._server is None:
            self._server = Server(self._project)
        try:
            return self._server.fork(script, environment)
        except OSError:
            return None


def fork_jobs(logger: Logger, project: str = PROJECT) -> None:
    """Have Snakemake begin its Python scripts so. Called by ``onstart``.

    A Snakemake that begins scripts in another way than 9.27 goes on doing so.

    Parameters
    ----------
    logger : Logger
        Where it is said that the server has gone.
    project : str, optional
        Package whose modules are imported before jobs begin.
    """
    python = getattr(script, "PythonScript", None)
    ordinary = getattr(python, "execute_script", None)
    if ordinary is None or not sys.platform.startswith("linux") or os.environ.get(UNLESS):
        return
    starter = _Starter(logger, project)
    atexit.register(starter.end)

    def execute_script(self: Any, fname: str, edit: bool = False) -> None:
        own = (self.conda_env, self.container_img, self.env_modules, self.shadow_dir, self.resources.get("shell_exec"))
        process = None
        if not any(own) and not edit and self.threads == 1:
            process = starter.begin(fname, self.resources.get("tmpdir"))
        if process is None:
            ordinary(self, fname, edit)
            return
        status = _waited(process, self.bench_record)
        if status:
            raise subprocess.CalledProcessError(status, [sys.executable, fname])

    python.execute_script = execute_script


def _waited(process: Fork, record: Any) -> int:
    """How a job ended, and Snakemake's own look at what it takes, if there is a ``benchmark:``."""
    if record is None:
        return process.wait()
    began = time.time()
    with suppress(psutil.NoSuchProcess), benchmarked(process.pid, record):  # of a job that ended at once there is none
        process.wait()
    if record.running_time is None:  # nothing was looked at; Snakemake cannot write a record without a time
        record.running_time, record.process_gone = time.time() - began, True
    return process.wait()
