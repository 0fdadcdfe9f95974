"""A Slurm cluster on this machine: a controller and some nodes, all in one folder, without systemd and accounting.

Debian's packages are enough: ``apt-get install --no-install-recommends slurmctld slurmd slurm-client munge``. Nothing
outside the folder is written to, and clusters in different folders do not know of each other. Commands of Slurm are in
``FOLDER/bin``: there is nothing in /etc, and the official executor drops SLURM_CONF from the environment of its steps.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cluster", "MissingError"]

PACKAGES = "slurmctld slurmd slurm-client munge"
_COMMANDS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun", "sacct")
_LONGEST_SOCKET = 90
_PATIENCE = 60.0
"""Seconds until a daemon must answer."""


class MissingError(Exception):
    """Slurm is not installed, or a daemon does not answer."""


@dataclass(frozen=True)
class Cluster:
    """A cluster in a folder.

    Attributes
    ----------
    folder : path
        A short one, since sockets in it have names of at most 108 characters.
    nodes, cpus, memory : int
        How many nodes, and the CPUs and MB that Slurm gives away on each, whatever the machine has.
    """

    folder: Path
    nodes: int = 2
    cpus: int = 2
    memory: int = 8000

    @property
    def bin(self) -> Path:
        """Commands for this cluster, to come first on PATH."""
        return self.folder / "bin"

    @property
    def daemons(self) -> list[str]:
        """Names of the daemons, in the order of their start."""
        return ["munged", "slurmctld", *self.names]

    @property
    def names(self) -> list[str]:
        """Names of the nodes."""
        return [f"n{number + 1}" for number in range(self.nodes)]

    def start(self) -> None:
        """Write the configuration, start all daemons and wait until all nodes are idle.

        Raises
        ------
        MissingError
            If a program is missing or a daemon does not answer.
        """
        absent = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if _program(name) is None]
        if absent:
            raise MissingError(f"{', '.join(absent)}: not installed (Debian: apt-get install {PACKAGES})")
        if len(str(self.folder)) > _LONGEST_SOCKET:
            raise MissingError(f"{self.folder}: too long a name for sockets; take a folder of few letters")
        self._write()
        for name in self.daemons:
            self.begin(name)
        self.wait_until_idle()

    def begin(self, name: str) -> None:
        """Start a daemon: munged, slurmctld or a node."""
        self._run(_calls(self)[name])

    def kill(self, name: str) -> None:
        """Kill a daemon (SIGKILL): it can say goodbye to nobody."""
        process = self.process(name)
        if process is None:
            raise MissingError(f"{name} is not there")
        os.kill(process, signal.SIGKILL)
        _until(lambda: self.process(name) is None, f"{name} does not end")

    def stop(self) -> None:
        """End all daemons and the jobs that are left, and delete the folder."""
        if self.process("slurmctld"):
            with suppress(subprocess.SubprocessError):
                subprocess.run([self.bin / "scancel", "--state=RUNNING"], check=False, timeout=20)
                subprocess.run([self.bin / "scancel", "--state=PENDING"], check=False, timeout=20)
                _until(lambda: not self.jobs("RUNNING,COMPLETING"), "jobs do not end")
        for name in reversed(self.daemons):
            process = self.process(name)
            if process:
                os.kill(process, signal.SIGTERM)
                with suppress(MissingError):
                    _until(lambda name=name: self.process(name) is None, f"{name} does not end")
        shutil.rmtree(self.folder, ignore_errors=True)

    def process(self, name: str) -> int | None:
        """Number of the process of a daemon, or None if it does not run."""
        try:
            number = int((self.folder / f"{name}.pid").read_text())
            command = Path(f"/proc/{number}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        is_it = Path(command.split(b"\0")[0].decode()).name in _programs_of(name)
        return number if is_it and _state(number) not in {"Z", ""} else None

    def jobs(self, states: str = "RUNNING") -> list[int]:
        """Numbers of the jobs in some states; an error of the controller is one here."""
        call = [self.bin / "squeue", "--noheader", "--format=%A", f"--states={states}"]
        found = subprocess.run(call, capture_output=True, text=True, timeout=30, check=True)
        return sorted(map(int, found.stdout.split()))

    def wait_until_idle(self) -> None:
        """Wait until the controller has seen every node."""

        def seen() -> bool:
            call = [self.bin / "sinfo", "--noheader", "--Node", "--format=%t"]
            found = subprocess.run(call, capture_output=True, text=True, timeout=30, check=False)
            return found.stdout.split() == ["idle"] * self.nodes

        _until(seen, f"the nodes do not become idle; see {self.folder}/*.log")

    def _run(self, call: Sequence[str | Path]) -> None:
        environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingError(f"{call[0]} does not start: {done.stderr.strip()}; see {self.folder}/*.log")

    def _write(self) -> None:
        self.folder.mkdir(parents=True, mode=0o755)
        for name in ("state", "bin", *(f"spool-{name}" for name in self.names)):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(1024))
        ports = _free_ports(self.nodes + 1)
        (self.folder / "slurm.conf").write_text(self._configuration(ports))
        for name in _COMMANDS:
            program = _program(name)
            if program:
                script = self.bin / name
                script.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {program} "$@"\n')
                script.chmod(0o755)

    def _configuration(self, ports: Sequence[int]) -> str:
        user = Path.home().owner()
        entries = {
            "ClusterName": "metanash",
            "SlurmctldHost": f"{socket.gethostname()}(127.0.0.1)",
            "SlurmctldPort": ports[0],
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self.folder}/munge.socket",
            "SlurmUser": user,
            "SlurmdUser": user,
            "StateSaveLocation": f"{self.folder}/state",
            "SlurmdSpoolDir": f"{self.folder}/spool-%n",
            "SlurmctldPidFile": f"{self.folder}/slurmctld.pid",
            "SlurmdPidFile": f"{self.folder}/%n.pid",
            "SlurmctldLogFile": f"{self.folder}/slurmctld.log",
            "SlurmdLogFile": f"{self.folder}/%n.log",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core_Memory",
            "MinJobAge": 600,
            "ReturnToService": 2,
            "SlurmdParameters": "config_overrides",
            "MpiDefault": "none",
        }
        nodes = [
            f"NodeName={name} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus} "
            f"RealMemory={self.memory} State=UNKNOWN"
            for name, port in zip(self.names, ports[1:], strict=True)
        ]
        partition = "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"
        return "\n".join([*(f"{name}={value}" for name, value in entries.items()), *nodes, partition, ""])


def _calls(cluster: Cluster) -> dict[str, list[str]]:
    """How each daemon is started; all put themselves into the background."""
    folder = cluster.folder
    munged = ["munged", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket"]
    munged += [f"--{kind}-file={folder}/{name}" for kind, name in (("pid", "munged.pid"), ("log", "munged.log"))]
    calls = {"munged": [*munged, f"--seed-file={folder}/munge.seed"], "slurmctld": ["slurmctld"]}
    calls |= {name: ["slurmd", "-N", name] for name in cluster.names}
    return {name: [str(_program(call[0])), *call[1:]] for name, call in calls.items()}


def _programs_of(daemon: str) -> set[str]:
    return {daemon} if daemon in {"munged", "slurmctld"} else {"slurmd"}


def _program(name: str) -> str | None:
    """Path of a program, also where daemons are and PATH does not lead."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    with_ports = [socket.socket() for _ in range(count)]
    try:
        for one in with_ports:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in with_ports]
    finally:
        for one in with_ports:
            one.close()


def _until(condition, words: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise MissingError(words)
        time.sleep(0.2)
