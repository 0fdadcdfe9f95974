"""What jobs take, from runs that were measured: a fixed part for each rule, and one in proportion to its work.

Jobs say in their logs what they took (``metanash_workflow.costs``). Of forks that is without imports, and with the
memory of all that was imported before them; where a run has forks, what its jobs in interpreters of their own took
counts only where there is nothing else. Of runs before they did there are Snakemake's benchmarks, which look at a job
now and then, so that the shortest do not count, and for the other rules the typical times of the display. ``./do
costs`` fits a line to each rule and writes ``costs.csv``.
"""

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import fmean, median
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from workflow.cluster.planned import Planned

__all__ = ["TABLE", "Cost", "Taken", "cost_of", "fitted", "measured", "read_costs", "write_costs"]

TABLE = Path(__file__).with_name("costs.csv")
_SAID = re.compile(r"^INFO: cost: ([\d.]+) s of processor time, (\d+) MB of memory at most(.*)$", re.MULTILINE)
_SEEN, _SEEN_WELL = 0.6, 3.0
_TINY, _ROUNDS, _COPIES = 1e-4, 20, 1.4


@dataclass(frozen=True)
class Taken:
    """What a job took: processor time in seconds, memory at most in MB, and MB of files that it made."""

    seconds: float
    memory: float
    disk: float


@dataclass(frozen=True)
class Cost:
    """What jobs of a rule take.

    Attributes
    ----------
    jobs : int
        Of how many the lines were fitted to.
    seconds, memory, disk : float
        Of each job: s of processor time, MB at most, MB of files.
    seconds_by_work, memory_by_space, disk_by_space : float
        Besides, for each unit of work or space (:mod:`workflow.cluster.work`).
    largest : float
        Most work among those jobs: beyond it, it is a guess.
    """

    jobs: int
    seconds: float
    seconds_by_work: float
    memory: float
    memory_by_space: float
    disk: float
    disk_by_space: float
    largest: float

    def of(self, job: Planned) -> Taken:
        """What a job takes; it holds what it writes, whatever was measured."""
        disk = self.disk + self.disk_by_space * job.space
        memory = self.memory + self.memory_by_space * job.space
        held = (0.0 if math.isnan(self.memory) else self.memory) + _COPIES * disk
        return Taken(
            self.seconds + self.seconds_by_work * job.work, held if math.isnan(memory) else max(memory, held), disk
        )


def measured(
    jobs: Iterable[Planned], root: Path, typical: Mapping[str, float] = MappingProxyType({})
) -> Iterator[tuple[Planned, Taken]]:
    """Jobs that have run in a project's folder, with what they took.

    Parameters
    ----------
    jobs : iterable of Planned
    root : path
    typical : mapping from str to float
        Seconds of a job of each rule, for rules that only read and of which nothing else is known: one job of mean
        work stands for all. How much memory they took is not known (nan).
    """
    unknown: dict[str, list[tuple[Planned, float]]] = defaultdict(list)
    jobs, known = [*jobs], set()
    forked = {job.kind for job in jobs if (found := _said(root / job.log)) and found[2]}
    for job in jobs:
        disk = sum(path.stat().st_size for path in map(root.joinpath, job.outputs) if path.is_file()) / 1e6
        log = root / job.log
        said = _said(log)
        if said and (said[2] or not forked):
            yield job, Taken(float(said[0]), float(said[1]), disk)
        elif said:  # among the first of a run: with imports, and without the memory that forks share
            yield job, Taken(math.nan if job.kind in forked else float(said[0]), math.nan, disk)
        elif found := _benchmark(root / Path(job.log.replace("/logs/", "/benchmarks/")).with_suffix(".tsv")):
            yield job, Taken(*found, disk)
        elif log.is_file() and job.space == 1:
            unknown[job.rule].append((job, disk))
            continue
        elif disk:
            yield job, Taken(math.nan, math.nan, disk)
            continue
        known.add(job.rule)
    for rule in sorted((unknown.keys() & typical.keys()) - known):
        each = [job for job, _ in unknown[rule]]
        mean = replace(each[0], kind=rule, work=fmean(job.work for job in each), space=fmean(job.space for job in each))
        yield mean, Taken(typical[rule], math.nan, fmean(disk for _, disk in unknown[rule]))


def _said(log: Path) -> tuple[str, str, str] | None:
    """Seconds and MB that a job said in its log, and whether it was a fork; None if it said nothing."""
    found = _SAID.findall(log.read_text(errors="replace")) if log.is_file() else []
    return found[-1] if found else None


def _benchmark(path: Path) -> tuple[float, float] | None:
    """Processor time and memory, of a benchmark; None where Snakemake had little time to look at the job.

    It looks every half second, later every half minute: what a job takes after the last look is in its mean load only,
    and memory of short jobs is that of their imports.
    """
    if not path.is_file():
        return None
    with path.open(newline="") as rows:
        row = next(csv.DictReader(rows, delimiter="\t"), {})
    try:
        wall, load, seconds, memory = (float(row[name]) for name in ("s", "mean_load", "cpu_time", "max_rss"))
    except (KeyError, ValueError):
        return None
    seconds = max(seconds, wall * load / 100)
    return None if seconds < _SEEN else (seconds, memory if seconds > _SEEN_WELL else math.nan)


def fitted(found: Iterable[tuple[Planned, Taken]]) -> dict[str, Cost]:
    """The lines that fit best for each kind: all its jobs together take what they took, and none more memory."""
    by_kind: dict[str, list[tuple[Planned, Taken]]] = defaultdict(list)
    for job, taken in found:
        by_kind[job.kind].append((job, taken))
    costs = {}
    for kind, pairs in sorted(by_kind.items()):
        work = np.array([job.work for job, _ in pairs])
        space = np.array([job.space for job, _ in pairs])
        values = np.array([[taken.seconds, taken.memory, taken.disk] for _, taken in pairs])
        timed = ~np.isnan(values[:, 0])
        if timed.any():
            seconds, disk = _line(work[timed], values[timed, 0]), _line(space, values[:, 2])
            largest = float(work[timed].max())
            costs[kind] = Cost(int(timed.sum()), *seconds, *_above(space, values[:, 1]), *disk, largest=largest)
    return costs


def _line(amounts: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """Fixed part and slope, neither below zero, of the likeliest line if errors grow as the root of the values.

    By iterated weights; the values of the line add up to those that were measured.
    """
    scale = amounts.max()
    columns = np.column_stack([np.ones_like(amounts), amounts / scale])
    if len(set(amounts)) == 1:
        columns[:, 1] = 0
    expected = np.maximum(values, _TINY)
    for _ in range(_ROUNDS):
        weights = 1 / np.sqrt(expected)
        (fixed, slope), _ = nnls(columns * weights[:, None], values * weights)
        expected = np.maximum(columns @ [fixed, slope], _TINY)
    return float(fixed), float(slope / scale)


def _above(amounts: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """A line below which no value lies; those that are not known (nan) do not count."""
    known = ~np.isnan(values)
    if not known.any():
        return math.nan, 0.0
    fixed, slope = _line(amounts[known], values[known])
    factor = (values[known] / (fixed + slope * amounts[known])).max()
    return fixed * factor, slope * factor


def write_costs(costs: Mapping[str, Cost], table: Path = TABLE) -> None:
    """Write the table."""
    with table.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [entry.name for entry in fields(Cost)]
        writer.writerow(["kind", *names])
        writer.writerows([kind, *(f"{getattr(cost, name):g}" for name in names)] for kind, cost in costs.items())


def read_costs(table: Path = TABLE) -> dict[str, Cost]:
    """Read the table.

    Raises
    ------
    ValueError
        If it is not whole, with the line.
    """
    costs = {}
    with table.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                numbers = {entry.name: float(row[entry.name]) for entry in fields(Cost)}
                costs[row["kind"]] = Cost(jobs=int(numbers.pop("jobs")), **numbers)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{table}:{number}: not a row of costs ({error}); write it anew: ./do costs") from None
    return costs


def cost_of(kind: str, costs: Mapping[str, Cost]) -> Cost | None:
    """The cost of a kind of jobs; of one that was never measured the medians of those of its rule; else None.

    Experiments have rules of their own, all of which learn.
    """
    if kind in costs:
        return costs[kind]
    rule = kind.partition("/")[0]
    family = "learn_" if rule.startswith("learn_") else f"{rule}/"
    alike = [cost for name, cost in costs.items() if name.startswith(family)]
    if not alike:
        return None
    middle = {entry.name: median(getattr(cost, entry.name) for cost in alike) for entry in fields(Cost)}
    return Cost(**{**middle, "jobs": 0, "largest": 0.0})
