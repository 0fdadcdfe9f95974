"""Commands of Slurm that always answer: what the official executor calls while a controller is away.

Once a question about jobs has no answer, the executor (2.8.0) forgets the jobs that it asked about and waits for ever;
a submission without an answer counts as a failed job, though the controller may have it. The scripts in ``bin`` come
before those of Slurm on PATH, in a run by ``./do cluster``. They start with nothing but the standard library.

- ``squeue`` without an answer says nothing about any job: all of them are asked about again. A job of this run that the
  controller does not know any more has failed.
- ``sbatch`` waits for the controller. Each submission has a name in its comment, by which it is looked for before it is
  repeated, so that no job is in the queue twice.
- ``scontrol show config`` without an answer says what it said the last time.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

RUN = "METANASH_CLUSTER"
"""In the environment: the folder of the run. Without it the commands are those of Slurm."""
PATIENCE = "METANASH_CLUSTER_PATIENCE"
"""In the environment: seconds that a submission waits for the controller; an hour by default."""
JOBS, UNANSWERED, CONFIGURATION = "jobs", "unanswered", "configuration"
_AWAY = re.compile(
    r"unable to contact|timed out|communication|connection|credential|munge|authentication|temporarily|zero bytes",
    re.IGNORECASE,
)
"""What is said of a controller that does not answer, or not yet; anything else is about the submission."""
_LIMITS = {"squeue": 45, "scontrol": 8, "sbatch": 120}
"""Seconds: less than those after which the executor gives up on squeue (60) and scontrol (10)."""
_PAUSE = 2.0


def patience() -> float:
    """Seconds that somebody is ready to wait for the controller.

    Raises
    ------
    ValueError
        If the environment says something else than a number.
    """
    said = os.environ.get(PATIENCE, "3600")
    try:
        return float(said)
    except ValueError:
        raise ValueError(f"{PATIENCE}={said}: no number of seconds; set it to one, such as 3600") from None


def real(name: str) -> str:
    """Path of the command of Slurm, behind that of this folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    own = Path(__file__).resolve().parent / "bin"
    rest = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder).resolve() != own]
    found = shutil.which(name, path=os.pathsep.join(rest))
    if found is None:
        raise FileNotFoundError(f"{name}: not found on PATH; commands of Slurm are needed here")
    return found


def answer(name: str, arguments: list[str], given: str = "") -> tuple[int, str, str]:
    """Status, output and errors of a command of Slurm; a status of 124 where it took too long."""
    try:
        done = subprocess.run(
            [real(name), *arguments], input=given, capture_output=True, text=True, timeout=_LIMITS[name], check=False
        )
    except subprocess.TimeoutExpired:
        return 124, "", f"{name}: timed out"
    return done.returncode, done.stdout, done.stderr


def names_of(run: Path) -> dict[int, str]:
    """Numbers and states of the jobs of a run, by what is in their comments; what has ended a while ago is forgotten.

    Raises
    ------
    ConnectionError
        If the controller does not answer.
    """
    status, output, errors = answer("squeue", ["--noheader", "--states=all", "--format=%A|%T|%k"])
    if status:
        raise ConnectionError(errors.strip())
    rows = [line.split("|", 2) for line in output.splitlines()]
    return {int(row[0]): row[1] for row in rows if len(row) == 3 and f"metanash:{run.name}:" in row[2]}


def _squeue(run: Path, arguments: list[str]) -> int:
    status, output, errors = answer("squeue", arguments)
    if "--states=all" not in arguments:  # of somebody else
        sys.stdout.write(output)
        sys.stderr.write(errors)
        return status
    if status:
        _note(run, UNANSWERED, f"{time.time():.0f} {errors.strip()}")
        return 0
    known = {line.partition("|")[0] for line in output.splitlines()}
    submitted = _read(run / JOBS).split()
    sys.stdout.write(output + "".join(f"{job}|FAILED\n" for job in submitted if job not in known))
    return 0


def _scontrol(run: Path, arguments: list[str]) -> int:
    status, output, errors = answer("scontrol", arguments)
    if arguments == ["show", "config"]:
        said = _read(run / CONFIGURATION)
        if status and said:
            status, output, errors = 0, said, ""
        elif not status:
            _write(run / CONFIGURATION, output)
    sys.stdout.write(output)
    sys.stderr.write(errors)
    return status


def _sbatch(run: Path, arguments: list[str]) -> int:
    name = f"metanash:{run.name}:{secrets.token_hex(8)}"
    arguments = list(arguments)
    if "--comment" in arguments:
        arguments[arguments.index("--comment") + 1] += f" {name}"
    else:
        arguments.insert(0, f"--comment={name}")
    script = sys.stdin.read() if "/dev/stdin" in arguments else ""
    end = time.monotonic() + patience()
    while True:
        status, output, errors = answer("sbatch", arguments, script)
        if status and status != 124 and not _AWAY.search(errors):
            sys.stderr.write(errors)
            return status
        job = output.strip().split(";")[0] if not status else ""
        while not job:
            if time.monotonic() > end:
                sys.stderr.write(f"{errors}no controller answers\n")
                return status or 1
            _note(run, UNANSWERED, f"{time.time():.0f} {errors.strip()}")
            time.sleep(_PAUSE)
            code, listed, errors = answer("squeue", ["--noheader", "--states=all", "--format=%A|%k"])
            if not code:
                job = next((line.partition("|")[0] for line in listed.splitlines() if name in line), "")
                break
        if job:
            _note(run, JOBS, job)
            print(job)
            return 0


def _note(run: Path, name: str, line: str) -> None:
    """A line more: one write, so that submissions at the same time do not mix."""
    descriptor = os.open(run / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(descriptor, f"{' '.join(line.splitlines())}\n".encode())
    os.close(descriptor)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)


def main(name: str, arguments: list[str]) -> int:
    """Act as a command of Slurm."""
    run = os.environ.get(RUN)
    if not run or not Path(run).is_dir():  # in a job, or after the run
        os.execv(real(name), [name, *arguments])
    return {"squeue": _squeue, "scontrol": _scontrol, "sbatch": _sbatch}[name](Path(run), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
