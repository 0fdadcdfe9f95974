"""What a run would do, asked of Snakemake: jobs with what they are made from and what they are given."""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow.cluster.work import space, work

__all__ = ["Planned", "chains", "longest_chain", "plan"]

ROOT = Path(__file__).resolve().parents[2]
_APART = ("experiment", "claim", "notebook", "part")
"""Wildcards that stand for other code or other families, and not for more or less of the same."""


@dataclass(frozen=True)
class Planned:
    """A job.

    Attributes
    ----------
    rule, log : str
    kind : str
        What it is called where costs are measured: the rule, with the wildcards between whose values costs differ.
    outputs, inputs : tuple of str
        Inputs only where other jobs of the run make them.
    work, space : float
        Without units: in proportion to the time and to the memory that jobs of this rule take, but for what each of
        them takes to begin. A job that only reads what others have made has as much to do as they have space, and its
        own memory is taken to be always the same.
    priority : int
        Jobs that can begin do so by it, largest first (:mod:`workflow.running.order`).
    """

    rule: str
    kind: str
    log: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] = field(repr=False)
    work: float
    space: float
    priority: int = 0


def plan(arguments: Sequence[str], *, everything: bool = False) -> list[Planned]:
    """Jobs that Snakemake would run by these arguments, in an order in which they can be run.

    Parameters
    ----------
    arguments : sequence of str
        Those of ``snakemake``: targets, ``--configfile``, ``--config``.
    everything : bool
        Whether what is there counts as missing.

    Raises
    ------
    RuntimeError
        If Snakemake refuses them, with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "plan")
        paths = [str(ROOT / "workflow/terminal"), os.environ.get("PYTHONPATH", "")]
        call = ["--dry-run", "--logger", "metanash-plan", *(["--forceall"] if everything else []), *arguments]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *call],
            env={**os.environ, "METANASH_PLAN": str(file), "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode or not file.exists():
            raise RuntimeError(done.stdout.strip() or "snakemake said nothing")
        return _in_order([json.loads(line) for line in file.read_text().splitlines()])


def _in_order(lines: list[dict[str, Any]]) -> list[Planned]:
    given = {_name(line): line["given"] for line in lines if "given" in line}
    told = {tuple(line["outputs"]) or line["rule"]: line for line in lines if "outputs" in line}
    makers = {output: line for line in told.values() for output in line["outputs"]}
    done: dict[int, Planned] = {}

    def visit(line: dict[str, Any]) -> None:
        if id(line) in done:
            return
        inputs = tuple(name for name in line["inputs"] if name in makers)
        for name in inputs:
            visit(makers[name])
        parameters = given.get(_name(line), {})
        amounts = work(parameters), space(parameters)
        if amounts == (1.0, 1.0):
            read = {id(makers[name]): makers[name] for name in inputs}
            amounts = sum((done[one].space for one in read), start=1.0), 1.0
        done[id(line)] = Planned(
            line["rule"], _kind(line), line["log"], tuple(line["outputs"]), inputs, *amounts, line["priority"]
        )  # fmt: skip

    for line in told.values():
        visit(line)
    return [job for job in done.values() if job.rule != "all"]


def _kind(line: dict[str, Any]) -> str:
    return "/".join([line["rule"], *(line["wildcards"][name] for name in _APART if name in line["wildcards"])])


def _name(line: dict[str, Any]) -> tuple[str, str]:
    return line["rule"], json.dumps(line["wildcards"], sort_keys=True)


def chains(jobs: Sequence[Planned], seconds: Sequence[float]) -> dict[str, float]:
    """Seconds of the longest chain that begins with a job of each rule and goes to the end of the run.

    Parameters
    ----------
    jobs : sequence of Planned
        In an order in which they can be run.
    seconds : sequence of float
    """
    after: dict[str, float] = defaultdict(float)
    found: dict[str, float] = defaultdict(float)
    for job, took in zip(reversed(jobs), reversed(seconds), strict=True):
        whole = took + max((after[name] for name in job.outputs), default=0.0)
        found[job.rule] = max(found[job.rule], whole)
        for name in job.inputs:
            after[name] = max(after[name], whole)
    return dict(found)


def longest_chain(jobs: Sequence[Planned], seconds: Sequence[float]) -> tuple[float, list[Planned]]:
    """The chain of jobs, each made from the one before, that takes longest: its seconds and its jobs."""
    ends: dict[str, tuple[float, Planned]] = {}
    before: dict[str, Planned | None] = {}
    for job, took in zip(jobs, seconds, strict=True):
        end, last = max((ends[name] for name in job.inputs), key=lambda one: one[0], default=(0.0, None))
        for name in (job.log, *job.outputs):
            ends[name], before[name] = (end + took, job), last
    total, job = max(ends.values(), key=lambda one: one[0], default=(0.0, None))
    chain = []
    while job is not None:
        chain.append(job)
        job = before[job.log]
    return total, chain[::-1]
