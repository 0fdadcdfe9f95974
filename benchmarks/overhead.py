"""Where the wall time of a finished pipeline run went: ``./do overhead``.

Times of jobs are those that Snakemake keeps (``.snakemake/metadata`` and its log), processor times those of rules with
a ``benchmark:``. The start-up of a job (interpreter or fork, Snakemake's preamble, imports) is measured anew in
processor time, for each script and set of modules; the rest of a job is work. If the machine had other work during the
run, jobs took longer than their processor time, and start-ups are scaled by that ratio.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

NO_WORK = {"kernels"}  # rules all of whose time is overhead
# Snakemake looks at the processor time of a job every half second, after so many seconds every half minute.
SAMPLED, OFTEN = 0.5, 15.0
STARTS = """
import importlib, os, pickle, runpy, sys, time
if sys.argv[1]:
    from workflow.running.server import load
    load("metanash_replication")
    if process := os.fork():
        sys.exit(os.waitpid(process, 0)[1])
from snakemake import script
sys.path.insert(0, sys.argv[2].rpartition("/")[0])
runpy.run_path(sys.argv[2], run_name="loaded")
for module in sys.argv[3:]:
    importlib.import_module(module)
print(time.process_time())  # a fork begins at 0
"""


@dataclass(frozen=True)
class Run:
    """What Snakemake's log of a run says."""

    start: float
    wall: float
    cores: int
    finished: int


@dataclass(frozen=True)
class Job:
    """A finished job, by what Snakemake keeps beside its outputs."""

    rule: str
    start: float
    end: float
    starts: tuple[str, ...]  # its script and the modules of both packages among its inputs
    processor: float | None

    @property
    def wall(self) -> float:
        """Seconds."""
        return self.end - self.start


def read_run(log: Path) -> Run:
    """Times of a run from its log; ValueError if it has not come to its end."""
    text = log.read_text()
    ended = re.search(r"^Elapsed time: (?:(\d+) days?, )?(\d+):(\d+):([\d.]+)$", text, flags=re.MULTILINE)
    if not ended or "(100%) done" not in text:
        raise ValueError(f"{log}: this run has not finished; name the log of one that has with --log")
    began = re.search(r"^ +Date: (.*)$", text, flags=re.MULTILINE)[1]
    days, hours, minutes, seconds = (float(part or 0) for part in ended.groups())
    wall = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    cores = int(re.search(r"^Provided cores: (\d+)", text, flags=re.MULTILINE)[1])
    done = re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", text, flags=re.MULTILINE)
    return Run(datetime.fromisoformat(began).timestamp(), wall, cores, len([rule for rule in done if rule != "all"]))


def processor_seconds(folder: Path, log: str) -> float | None:
    """Processor time of a job from the benchmark file that belongs to its log."""
    path = folder / log.replace("/logs/", "/benchmarks/", 1).removesuffix(".log")
    path = path.with_name(f"{path.name}.tsv")
    if not path.exists():
        return None
    with path.open(newline="") as rows:
        return sum(float(row["cpu_time"]) for row in csv.DictReader(rows, delimiter="\t"))


def read_jobs(folder: Path, run: Run) -> list[Job]:
    """Jobs of a run; ValueError if later runs have overwritten some."""
    found = {}
    for path in (folder / ".snakemake" / "metadata").rglob("*"):
        record = json.loads(path.read_text()) if path.is_file() else {}
        # the log has whole seconds
        if not record.get("endtime") or not run.start <= record["starttime"] <= run.start + run.wall + 1:
            continue
        script = re.search(r'"\.\./(scripts/.*?)"', record["code"])[1]
        modules = [file for file in record["input"] if file.startswith("src/") and file.endswith(".py")]
        names = [file.removeprefix("src/").removesuffix(".py").removesuffix("/__init__") for file in modules]
        starts = (f"workflow/{script}", *sorted(name.replace("/", ".") for name in names))
        log = record["log"][0]
        job = Job(record["rule"], record["starttime"], record["endtime"], starts, processor_seconds(folder, log))
        found[record["rule"], log] = job
    if len(found) != run.finished:
        raise ValueError(
            f"the log has {run.finished} jobs, {len(found)} of which are remembered: "
            "a later run has made some anew; name the log of the last run with --log, or run everything"
        )
    return list(found.values())


def start_up(folder: Path, starts: tuple[str, ...], tries: int = 1, *, forked: bool = False) -> float:
    """Processor seconds until a script's ``main`` is called, the least of some measurements.

    ``forked``: as a fork of a process that has imported what ``workflow.running.server`` does.
    """
    times = []
    for _ in range(tries):
        command = [sys.executable, "-c", STARTS, "forked" * forked, *starts]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        times.append(float(done.stdout.split()[-1]))
    return min(times)


def stretch(jobs: list[Job]) -> float:
    """Wall over processor time of jobs that were looked at often, at least 1; half a look is missing on average."""
    both = [(job.wall, job.processor + SAMPLED / 2) for job in jobs if job.processor and job.wall < OFTEN]
    return max(sum(wall for wall, _ in both) / sum(processor for _, processor in both), 1.0) if both else 1.0


def idle(run: Run, jobs: list[Job]) -> tuple[float, float]:
    """Core-seconds without a job: while none runs at all, and while others do."""
    ends = sorted([(job.start, 1) for job in jobs] + [(job.end, -1) for job in jobs])
    engine, waiting, running, last = 0.0, 0.0, 0, run.start
    for at, change in [*ends, (run.start + run.wall, 0)]:
        span, last = max(at - last, 0.0), max(at, last)
        if running:
            waiting += span * max(run.cores - running, 0)
        else:
            engine += span * run.cores
        running += change
    return engine, waiting


def report(run: Run, jobs: list[Job], seconds: dict[tuple[str, ...], float]) -> list[str]:
    """The table, a line per rule, and the shares of all core-seconds."""
    rules: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        rules[job.rule].append(job)
    ratio = stretch(jobs)
    lost = {job: job.wall if job.rule in NO_WORK else min(seconds[job.starts] * ratio, job.wall) for job in jobs}
    lines = [f"{'rule':28s} {'jobs':>5s} {'wall s':>8s} {'CPU s':>8s} {'start-up s':>10s} {'of wall':>8s}"]
    for rule, own in sorted(rules.items(), key=lambda item: -sum(job.wall for job in item[1])):
        wall, starting = sum(job.wall for job in own), sum(lost[job] for job in own)
        times = [job.processor for job in own if job.processor is not None]
        processor = f"{sum(times):8.1f}" if len(times) == len(own) else f"{'-':>8s}"
        lines.append(f"{rule:28s} {len(own):5d} {wall:8.1f} {processor} {starting:10.1f} {starting / wall:8.0%}")
    engine, waiting = idle(run, jobs)
    starting, total = sum(lost.values()), run.wall * run.cores
    shares = {
        "work: learning, measuring, tables, figures, notebooks": total - starting - engine - waiting,
        "start-up of jobs: interpreter, imports, compiling": starting,
        "engine: no job runs": engine,
        "a core waits while others work": waiting,
    }
    lines += ["", f"{run.wall:.0f} s on {run.cores} core{'s' * (run.cores > 1)}, {len(jobs)} jobs"]
    lines += [f"wall over processor time of rules that have both: {ratio:.2f}"]
    lines += [f"{name:56s} {part:8.1f} core-s {part / total:7.1%}" for name, part in shares.items()]
    lines += [
        f"{'overhead: start-up and engine':56s} {starting + engine:8.1f} core-s {(starting + engine) / total:7.1%}"
    ]
    return lines


def main() -> int:
    """Print the report; 1 if there is no finished run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="repository in which Snakemake ran")
    parser.add_argument("--log", type=Path, help="Snakemake's log of the run; default: that of the last finished one")
    parser.add_argument(
        "--tries", type=int, default=3, help="measurements of each start-up, of which the fastest counts"
    )
    parser.add_argument(
        "--own-interpreters", action="store_true", help="of a run with METANASH_OWN_INTERPRETERS=1: no job was a fork"
    )
    arguments = parser.parse_args()
    logs = sorted((arguments.folder / ".snakemake" / "log").glob("*.log"))
    try:
        done = [log for log in logs if "(100%) done" in log.read_text()]
        if not (arguments.log or done):
            raise ValueError("no finished run here; ./do reproduce makes one")
        run = read_run(arguments.log or done[-1])
        jobs = read_jobs(arguments.folder, run)
    except ValueError as error:
        print(f"overhead: {error}", file=sys.stderr)
        return 1
    kinds = {job.starts for job in jobs}
    forked = sys.platform.startswith("linux") and not arguments.own_interpreters
    seconds = {starts: start_up(arguments.folder, starts, arguments.tries, forked=forked) for starts in kinds}
    print(*report(run, jobs, seconds), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
