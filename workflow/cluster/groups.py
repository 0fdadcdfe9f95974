"""Which jobs a cluster gets together, and what it is asked for them: the profile of Snakemake for Slurm.

A submission takes about ten seconds of processor time before its first job begins, as long as most jobs take. So jobs
go in groups: those that measure, then those that make tables, then figures and notebooks. Each of these depends on none
of a later kind, so no two groups wait for each other. What is made of all tables stays where Snakemake runs
(``localrules`` of the Snakefile). A rule whose jobs are long is in no group: each of its jobs is a submission.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from workflow.cluster.costs import Cost, Taken, cost_of
from workflow.cluster.planned import Planned

__all__ = ["LOCAL", "expected", "kind_of", "profile"]

LOCAL = {"all", "article", "kernels", "ledger", "own_games_accepted", "provenance", "report", "summary", "theory"}
"""Rules of the Snakefile's ``localrules``."""
_SUBMISSIONS = 24
"""As many groups are aimed at, if jobs are short: each kind is rounded up."""
_LONG = 120.0
"""Seconds, from which a job is worth a submission of its own."""
_CORES = 1
"""Of each submission: jobs of a group run one after the other, and groups side by side."""
_START_MB, _MARGIN, _LEAST_MB = 350, 1.3, 50
"""MB of the two Snakemakes around each submission; the ratio of what is asked for to what is expected."""
_START_MINUTES, _SLOWER = 3, 4
"""Minutes until the first job begins, and how much slower than the measured ones a node may be."""


def kind_of(rule: str) -> str:
    """Group of a rule: measure, tables or pages; empty for those that stay where Snakemake runs."""
    if rule in LOCAL:
        return ""
    if rule.endswith(("_figures", "_figure")) or rule == "notebook":
        return "pages"
    return "tables" if rule.endswith(("_tables", "_table")) or rule in {"equilibria", "speed_up"} else "measure"


def expected(jobs: Sequence[Planned], costs: Mapping[str, Cost]) -> list[Taken]:
    """What each job takes.

    Raises
    ------
    ValueError
        If a rule was never measured: the message names it.
    """
    found = []
    for job in jobs:
        cost = cost_of(job.kind, costs)
        if cost is None:
            raise ValueError(
                f"rule {job.rule}: no costs in workflow/cluster/costs.csv; run it once (./do smoke), then ./do costs"
            )
        found.append(cost.of(job))
    return found


def profile(jobs: Sequence[Planned], costs: Mapping[str, Cost]) -> dict[str, Any]:
    """Resources, groups and sizes of groups, as Snakemake reads them from a profile."""
    taken: dict[str, list[Taken]] = defaultdict(list)
    for job, one in zip(jobs, expected(jobs, costs), strict=True):
        taken[job.rule].append(one)
    submitted = {rule: each for rule, each in taken.items() if kind_of(rule)}
    long = {rule for rule, each in submitted.items() if max(one.seconds for one in each) > _LONG}
    groups = {rule: kind_of(rule) for rule in sorted(submitted) if rule not in long}
    return {
        "cores": _CORES,
        "groups": [f"{rule}={kind}" for rule, kind in groups.items()],
        "group-components": [f"{kind}={size}" for kind, size in _sizes(groups, submitted).items()],
        "set-resources": [
            f"{rule}:{name}={value}" for rule, each in sorted(submitted.items()) for name, value in _asked(each).items()
        ],
    }


def _sizes(groups: Mapping[str, str], taken: Mapping[str, Sequence[Taken]]) -> dict[str, int]:
    """How many parts that hang together go into a submission of each kind, by the seconds of all."""
    jobs: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for rule, kind in groups.items():
        jobs[kind] += len(taken[rule]) * (not rule.startswith("learn_"))  # those hang on their games
        seconds[kind] += sum(one.seconds for one in taken[rule])
    whole = sum(seconds.values())
    shares = {kind: max(1, round(_SUBMISSIONS * part / whole)) for kind, part in seconds.items()}
    return {kind: max(1, math.ceil(jobs[kind] / share)) for kind, share in sorted(shares.items())}


def _asked(each: Sequence[Taken]) -> dict[str, str]:
    """What is asked for a job of a rule, by itself or as the only one of a group: at each try more."""
    known = [one.memory for one in each if not math.isnan(one.memory)]
    memory = math.ceil(max([_LEAST_MB, *known]) * _MARGIN + _START_MB)
    minutes = math.ceil(_START_MINUTES + _SLOWER * max(one.seconds for one in each) / 60)
    return {"mem_mb": f"{memory} * attempt", "runtime": f"{minutes} * attempt"}
