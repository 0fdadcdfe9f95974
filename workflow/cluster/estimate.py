"""What a run takes, in words: core hours, memory, disk, the longest chain, and how long it is on how many nodes."""

import heapq
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from workflow.cluster.costs import Cost, Taken, cost_of
from workflow.cluster.groups import expected
from workflow.cluster.planned import Planned, longest_chain
from workflow.running.order import read_chains

__all__ = ["duration", "in_words", "makespan", "row"]

_CORES = 8
"""Of a node, in the table of nodes."""
_NODES = (1, 2, 4, 8, 16, 32, 64)
_FEW = {"one core": 1, "two cores": 2}
_WORTH = 1.1
"""More nodes help as long as a run is this many times longer than on any number of them."""
_SHOWN, _FAR = 6, 10.0
"""Beyond so many times the largest job that was measured, an estimate is called a guess."""


def makespan(
    jobs: Sequence[Planned], seconds: Sequence[float], cores: int, first: Mapping[str, float] = MappingProxyType({})
) -> float:
    """Seconds that a run takes on some cores, if each core begins the first job that can begin.

    Parameters
    ----------
    jobs : sequence of Planned
        In an order in which they can be run.
    seconds : sequence of float
    cores : int
    first : mapping from str to float
        Jobs of rules with larger numbers begin first (``workflow.running.order``); 0 for a rule that is not there.
    """
    order = [(-first.get(job.rule, 0.0), index) for index, job in enumerate(jobs)]
    waits: list[int] = []
    users: dict[str, list[int]] = defaultdict(list)
    for index, job in enumerate(jobs):
        waits.append(len(job.inputs))
        for name in job.inputs:
            users[name].append(index)
    ready = [order[index] for index, count in enumerate(waits) if not count]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, index = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[index], index))
        now, index = heapq.heappop(running)
        for name in jobs[index].outputs:
            for user in users[name]:
                waits[user] -= 1
                if not waits[user]:
                    heapq.heappush(ready, order[user])
    return now


def in_words(jobs: Sequence[Planned], costs: Mapping[str, Cost]) -> str:
    """The estimate as a text.

    Raises
    ------
    ValueError
        If a rule was never measured.
    """
    if not jobs:
        return "Nothing to be done."
    taken = expected(jobs, costs)
    seconds = [one.seconds for one in taken]
    memory = [(one.memory, job.log) for job, one in zip(jobs, taken, strict=True) if not math.isnan(one.memory)]
    chain, links = longest_chain(jobs, seconds)
    most, where = max(memory, default=(math.nan, "unknown"))
    first = read_chains()
    times = {nodes: makespan(jobs, seconds, nodes * _CORES, first) for nodes in _NODES}
    shortest = makespan(jobs, seconds, len(jobs))
    enough = next((nodes for nodes, time in times.items() if time <= _WORTH * shortest), _NODES[-1])
    lines = [
        f"jobs           {len(jobs)}",
        f"processor time {duration(sum(seconds))} ({sum(seconds) / 3600:.2f} core hours)",
        f"memory         {most:,.0f} MB at most, in one job ({where})",
        f"disk           {sum(one.disk for one in taken):,.0f} MB of results",
        f"longest chain  {duration(chain)}: {' > '.join(_names(links))}",
        *(f"{name:14s} {duration(makespan(jobs, seconds, cores, first))}" for name, cores in _FEW.items()),
        *(f"{f'{nodes} x {_CORES} cores':14s} {duration(time)}" for nodes, time in times.items() if nodes <= enough),
        f"More than {enough} {'nodes' if enough > 1 else 'node'} of {_CORES} cores would gain less than a tenth.",
        *_largest(jobs, taken),
        *_guesses(jobs, taken, costs),
    ]
    return "\n".join(lines)


def row(name: str, jobs: Sequence[Planned], costs: Mapping[str, Cost]) -> str:
    """The estimate as a row of a table: jobs, processor time, memory of a job, disk, the longest chain."""
    taken = expected(jobs, costs)
    seconds = [one.seconds for one in taken]
    memory = max(one.memory for one in taken if not math.isnan(one.memory))
    cells = [
        f"{len(jobs)}",
        duration(sum(seconds)),
        f"{memory:,.0f} MB",
        f"{sum(one.disk for one in taken):,.0f} MB",
        duration(longest_chain(jobs, seconds)[0]),
    ]
    return f"| {' | '.join([name, *cells])} |"


def duration(seconds: float) -> str:
    """Hours, minutes or seconds, whichever says it."""
    if seconds >= 3600:
        return f"{seconds // 3600:.0f} h {seconds % 3600 / 60:.0f} min"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _names(links: Sequence[Planned]) -> list[str]:
    return list(dict.fromkeys(job.rule for job in links))


def _largest(jobs: Sequence[Planned], taken: Sequence[Taken]) -> list[str]:
    by_rule: dict[str, float] = defaultdict(float)
    for job, one in zip(jobs, taken, strict=True):
        by_rule[job.rule] += one.seconds
    first = sorted(by_rule.items(), key=lambda pair: -pair[1])[:_SHOWN]
    return ["Most time: " + ", ".join(f"{rule} {duration(seconds)}" for rule, seconds in first)]


def _guesses(jobs: Sequence[Planned], taken: Sequence[Taken], costs: Mapping[str, Cost]) -> list[str]:
    """How much of the time is that of jobs far larger than any that was measured."""
    far: dict[str, float] = defaultdict(float)
    for job, one in zip(jobs, taken, strict=True):
        cost = cost_of(job.kind, costs)
        if cost and job.work > _FAR * max(cost.largest, 1.0):
            far[job.rule] += one.seconds
    share = sum(far.values()) / max(sum(one.seconds for one in taken), 1e-9)
    if not far:
        return []
    words = f"{share:.0%} of the time is extrapolated to jobs over {_FAR:.0f} times as large as any that was measured: "
    first = sorted(far, key=lambda rule: -far[rule])
    more = f" and {len(first) - _SHOWN} other rules" if len(first) > _SHOWN else ""
    return [words + ", ".join(first[:_SHOWN]) + more]
