"""Faults by the hundred in small runs, and whether all is there in the end: ``./do campaign``.

The small run goes on in a copy of the repository (``.campaign``). It is killed in several ways, its jobs are killed,
and between its starts files that it has made are cut, changed or deleted. Nothing is ever repaired: the same command is
given again until it ends well. Then every file must have the bytes of a run without faults, but for measured times and
what is made of them; some files are deleted, and it begins anew. What was done is kept after each fault, so that the
campaign goes on from where it was, in another clone from the counts in benchmarks/results/campaign.json; only what was
really done is counted.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cluster.copies import ROOT, compare, copy_repository, environment

__all__ = ["DAMAGES", "KILLS", "Campaign", "main", "table"]

WORK = ROOT / ".campaign"
COUNTS = ROOT / "benchmarks/results/campaign.json"
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- campaign: written by ./do campaign -->", "<!-- end of campaign -->"
SMOKE, RESULTS = ["--configfile", "config/smoke.yaml"], "results/smoke"
_PATIENCE, _IN_A_ROW, _DELETED = 1800.0, 3, 60
_AT_ONCE, _BY_MANY = 20, {"job-killed", "server-killed"}
"""Jobs, and their server, are killed so often in a run, which tries each again as often: one start serves for many."""

Strike = Callable[["subprocess.Popen[bytes]", Path], bool]


def _signal(number: signal.Signals, *, group: bool) -> Strike:
    def strike(process: "subprocess.Popen[bytes]", _: Path) -> bool:
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)
            return True
        return False

    return strike


def _kill_a_job(_: "subprocess.Popen[bytes]", project: Path) -> bool:
    found = list(_scripts(project))
    with suppress(ProcessLookupError, IndexError):
        os.kill(random.choice(found), signal.SIGKILL)
        return True
    return False


def _kill_the_server(_: "subprocess.Popen[bytes]", project: Path) -> bool:
    for process in _processes(project, b"workflow/running/server.py"):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            return True
    return False


def _scripts(project: Path) -> Iterator[int]:
    """Processes of jobs of a project."""
    return _processes(project, b"/.snakemake/scripts/")


def _processes(project: Path, named: bytes) -> Iterator[int]:
    """Processes in a project's folder with a word among their arguments."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if named in path.read_bytes() and os.readlink(path.parent / "cwd") == str(project):
                yield int(path.parent.name)


KILLS: dict[str, tuple[str, Strike]] = {
    "killed": ("Snakemake killed (SIGKILL), its jobs left alone", _signal(signal.SIGKILL, group=False)),
    "all-killed": ("Snakemake and all jobs killed (SIGKILL)", _signal(signal.SIGKILL, group=True)),
    "terminated": ("Snakemake ended (SIGTERM)", _signal(signal.SIGTERM, group=False)),
    "hung-up": ("the terminal closed (SIGHUP to all)", _signal(signal.SIGHUP, group=True)),
    "interrupted": ("Ctrl-C (SIGINT to all)", _signal(signal.SIGINT, group=True)),
    "server-killed": ("the process that jobs are forked from killed (SIGKILL)", _kill_the_server),
    "job-killed": ("one job killed (SIGKILL), as for want of memory", _kill_a_job),
}
"""What is done to a run: words, and the deed; whether there was anything to do it to."""


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip(path: Path) -> None:
    times, content = path.stat(), bytearray(path.read_bytes())
    place = random.randrange(len(content) * 8)
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "cut": ("a finished file cut to half", _cut),
    "flipped": ("a bit of a finished file flipped, at the old size and time", _flip),
    "emptied": ("a finished file emptied", _empty),
    "deleted": ("a finished file deleted", Path.unlink),
}
"""What is done to a file between two starts."""


@dataclass
class Counts:
    """What was done, and what became of it.

    Attributes
    ----------
    faults, survived : dict from str to int
        How often each was injected, and how often before the last run that ended well.
    runs, lost : int
        How many runs ended well, and how many files were lost or different in all of them.
    equal : list of int
        Numbers of files that were compared and found equal, each once.
    """

    faults: Counter[str]
    survived: Counter[str]
    runs: int = 0
    lost: int = 0
    equal: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, noted: Sequence[dict[str, object]]) -> "Counts":
        """Count what was noted."""
        runs = [one for one in noted if "ended" in one]
        after = max((index for index, one in enumerate(noted) if "ended" in one), default=-1)
        return cls(
            Counter(str(one["fault"]) for one in noted if "fault" in one),
            Counter(str(one["fault"]) for one in noted[: after + 1] if "fault" in one),
            len(runs),
            sum(len(one["lost"]) for one in runs if isinstance(one["lost"], list)),
            sorted({int(str(one["equal"])) for one in runs}),
        )

    @classmethod
    def read(cls, path: Path) -> "Counts":
        """Counts that were written to a file; none if there is no such file."""
        kept = json.loads(path.read_text())["counts"] if path.exists() else {"faults": {}, "survived": {}}
        return cls(**kept | {name: Counter(kept[name]) for name in ("faults", "survived")})

    def write(self, path: Path) -> None:
        """Keep them in a file, with the commit."""
        path.write_text(json.dumps({"counts": vars(self), "commit": _commit()}, indent=1) + "\n")

    def __add__(self, other: "Counts") -> "Counts":
        equal = sorted({*self.equal, *other.equal})
        return Counts(
            self.faults + other.faults,
            self.survived + other.survived,
            self.runs + other.runs,
            self.lost + other.lost,
            equal,
        )


@dataclass
class Campaign:
    """A campaign in a folder.

    Attributes
    ----------
    folder : path
        With the copy, the bytes that are wanted, and a line for each fault and for each run that has ended well.
    targets : tuple of str
        Files to be made; all if there are none.
    """

    folder: Path
    targets: tuple[str, ...] = ()

    @property
    def project(self) -> Path:
        """The copy of the repository."""
        return self.folder / "project"

    @property
    def wanted(self) -> Path:
        """Results of a run without faults."""
        return self.folder / "wanted"

    def note(self, **entry: object) -> None:
        """Keep what happened; a line that was cut off before stays one of its own."""
        path = self.folder / "faults.jsonl"
        whole = not path.exists() or path.read_bytes()[-1:] in {b"\n", b""}
        with path.open("a") as file:
            file.write("\n" * (not whole) + json.dumps(entry) + "\n")

    def noted(self) -> list[dict[str, object]]:
        """All that happened, without lines that were cut off."""
        path = self.folder / "faults.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    @property
    def before(self) -> Path:
        """Counts of what was done elsewhere."""
        return self.folder / "before.json"

    def counts(self) -> Counts:
        """All that was done, here and before."""
        return Counts.read(self.before) + Counts.of(self.noted())

    def prepare(self, against: Path | None, *, anew: bool = False) -> None:
        """Copy the repository and, unless it is to begin anew, earlier counts; copy what is wanted, or make it."""
        self.folder.mkdir(exist_ok=True)
        if not self.before.exists():
            (Counts.of([]) if anew else Counts.read(COUNTS)).write(self.before)
        if not self.project.exists():
            copy_repository(self.project)
        if self.wanted.exists():
            return
        if against is None:
            print("a run without faults", flush=True)
            if self.start().wait():
                raise RuntimeError(f"a run without faults failed: {self.folder}/run.log")
            against = self.project / RESULTS
        shutil.copytree(against, self.wanted)

    def start(self) -> "subprocess.Popen[bytes]":
        """Give the command that is given all the time."""
        with (self.folder / "run.log").open("wb") as log:
            call = [
                sys.executable,
                "-m",
                "snakemake",
                "--cores",
                "2",
                "--retries",
                str(_AT_ONCE),
                *SMOKE,
                "--",
                *self.targets,
            ]
            return subprocess.Popen(
                call, cwd=self.project, env=environment(self.project), stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def go_on(self, kind: str) -> bool:
        """One start with one kind of kills, or until its end; whether it ended well.

        Raises
        ------
        RuntimeError
            If the run does not end, or fails again and again though nothing was done to it.
        """
        for _ in range(_IN_A_ROW):
            process = self.start()
            try:
                struck, status = self._strike(kind, process)
            finally:
                if process.poll() is None:  # this campaign itself is being ended
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if not status:
                return True
            if struck:
                return False
        raise RuntimeError(f"it fails though nothing is done to it, {_IN_A_ROW} times: {self.folder}/run.log")

    def _strike(self, kind: str, process: "subprocess.Popen[bytes]") -> tuple[int, int]:
        """Strike a while after the first job has begun; how often, and the status of the run."""
        struck, end = 0, time.monotonic() + _PATIENCE
        due = 0.0
        while process.poll() is None:
            if time.monotonic() > end:
                raise RuntimeError(f"no end after {_PATIENCE:.0f} s: {self.folder}/run.log")
            time.sleep(0.1)
            if not due and re.search(rb"^Job \d+: ", (self.folder / "run.log").read_bytes(), flags=re.MULTILINE):
                due = time.monotonic() + random.uniform(0.2, 6)
            if due and time.monotonic() > due and struck < (_AT_ONCE if kind in _BY_MANY else 1):
                done = KILLS[kind][1](process, self.project)
                struck += done
                due = time.monotonic() + random.uniform(0.2, 2)
                if done:
                    self.note(fault=kind)
        return struck, process.returncode

    def damage(self, kind: str) -> bool:
        """Damage a file that some job has finished."""
        names = [name for record in self.project.glob(f"{RESULTS}/made/**/*.json") for name in _outputs(record)]
        files = [path for path in map(self.path, names) if path.is_file() and path.stat().st_size]
        if not files:
            return False
        path = random.choice(sorted(files))
        DAMAGES[kind][1](path)
        self.note(fault=kind, file=path.relative_to(self.project).as_posix())
        return True

    def path(self, name: str) -> Path:
        """Path of a name in a record."""
        return self.project / name.format(results=RESULTS, figures=f"{RESULTS}/paper_figures")

    def conclude(self) -> int:
        """Compare all files with those that are wanted; how many are lost."""
        found = compare(self.wanted, self.project / RESULTS)
        self.note(ended=True, equal=found.equal, lost=list(found.lost), timed=len(found.timed), commit=_commit())
        return len(found.lost)

    def forget(self) -> None:
        """Delete some of what there is, so that there is something to do."""
        names = sorted(name for record in self.project.glob(f"{RESULTS}/made/**/*.json") for name in _outputs(record))
        for name in random.sample(names, min(_DELETED, len(names))):
            if self.path(name).is_file():
                self.path(name).unlink()


def _share(kind: str) -> int:
    return _AT_ONCE // 2 if kind in _BY_MANY else 1


def _outputs(record: Path) -> list[str]:
    try:
        return [*json.loads(record.read_text())["outputs"]]
    except (OSError, ValueError, KeyError):  # just damaged
        return []


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def table(counts: Counts) -> str:
    """What was done and what became of it, for the page."""
    words = {name: said for name, (said, _) in [*KILLS.items(), *DAMAGES.items()]}
    rows = [f"| {said} | {counts.faults[name]} | {counts.survived[name]} |" for name, said in words.items()]
    equal = counts.equal
    files = f"{min(equal)} to {max(equal)}" if len(equal) > 1 else "".join(map(str, equal)) or "no"
    return "\n".join(
        [
            "| fault | injected | before the last run that ended well |",
            "|---|---:|---:|",
            *rows,
            f"| together | {counts.faults.total()} | {counts.survived.total()} |",
            "",
            f"Runs that came to their end: {counts.runs}, each with {files} files compared and found equal. Files lost "
            f"or different: {counts.lost}. Repairs by hand: 0.",
        ]
    )


def write(counts: Counts) -> None:
    """Put the counts into the page and beside the other measurements."""
    counts.write(COUNTS)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table(counts)}\n{END}{rest.partition(END)[2]}")


def main(arguments: Sequence[str]) -> int:
    """Go on with the campaign; 1 if a file is lost or a run hangs or fails by itself."""
    parser = argparse.ArgumentParser(prog="./do campaign", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="until there were so many kills (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=60, help="for so long at most (default: %(default)s)")
    parser.add_argument("--against", type=Path, help="results of a small run of these sources (default: one is made)")
    parser.add_argument("--anew", action="store_true", help="forget what was done before, here and elsewhere")
    options = parser.parse_args(arguments)
    if options.anew:
        shutil.rmtree(WORK, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for number in (
        signal.SIGINT,
        signal.SIGHUP,
    ):  # whoever starts this in the background ignores them, and so would runs
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    campaign, end = Campaign(WORK), time.monotonic() + 60 * options.minutes
    try:
        campaign.prepare(options.against, anew=options.anew)
        while time.monotonic() < end:
            done = campaign.counts().faults
            if sum(done[name] for name in KILLS) >= options.kills:
                break
            # those of which one start has many are waited for by none
            ended = campaign.go_on(min(KILLS, key=lambda name: (done[name] // _share(name), random.random())))
            if ended:
                lost = campaign.conclude()
                print(f"a run has ended, {lost} files lost", flush=True)
                if lost:
                    return 1
                campaign.forget()
            campaign.damage(min(DAMAGES, key=lambda name: (done[name], random.random())))
        if not campaign.start().wait():
            campaign.conclude()
    except RuntimeError as error:
        print(f"campaign: {error}", file=sys.stderr)
        return 1
    finally:
        counts = campaign.counts()
        write(counts)
    print(table(counts))
    return int(counts.lost > 0)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
