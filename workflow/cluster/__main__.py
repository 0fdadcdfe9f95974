"""``./do cluster``, ``./do estimate`` and ``./do costs``: runs on Slurm, what a run takes, and what was measured."""

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from snakemake_logger_plugin_metanash.times import typical_seconds

from workflow.cluster.costs import TABLE, Cost, Taken, fitted, measured, read_costs, write_costs
from workflow.cluster.estimate import in_words, row
from workflow.cluster.groups import expected, profile
from workflow.cluster.planned import Planned, chains, plan
from workflow.cluster.runs import LostControllerError, run
from workflow.running.order import CHAINS, write_chains

_RUNS = {
    "results/smoke": ["--configfile", "config/smoke.yaml"],
    "results": [],
    "results/deep": ["--configfile", "config/deep.yaml"],
}
"""Folders of the runs that costs are measured by, and how Snakemake is asked for them."""
_PAGE, _BEGIN, _END = Path("docs/cluster.md"), "<!-- estimates: written by ./do costs -->", "<!-- end of estimates -->"
_HEAD = (
    "| run | jobs | processor time | memory of a job, at most | files | longest chain |\n|---|---:|---:|---:|---:|---:|"
)


def main(command: str, arguments: Sequence[str]) -> int:
    """Do one of the commands; 1, with a line that says why, if it cannot be done."""
    try:
        return {"costs": _costs, "estimate": _estimate, "run": _run}[command](list(arguments))
    except (LostControllerError, OSError, RuntimeError, ValueError) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1


def _run(arguments: list[str]) -> int:
    jobs = plan(arguments)
    return run(arguments, profile(jobs, read_costs()) if jobs else {"cores": 1})


def _estimate(arguments: list[str]) -> int:
    rest = [argument for argument in arguments if argument != "--rest"]  # --rest: without what is there already
    print(in_words(plan(rest, everything=rest == arguments), read_costs()))
    return 0


def _costs(arguments: list[str]) -> int:
    """Fit the lines to all runs that are there, here or in other copies of the repository; say how well they fit."""
    parser = argparse.ArgumentParser(prog="./do costs", description=_costs.__doc__)
    parser.add_argument(
        "folders", nargs="*", type=Path, default=[Path()], help="copies of the repository (default: this)"
    )
    parser.add_argument("--check", action="store_true", help="only compare what is there with the table as it is")
    options = parser.parse_args(arguments)
    plans = {results: plan(asked, everything=True) for results, asked in _RUNS.items()}
    found = {
        results: [pair for folder in options.folders for pair in measured(jobs, folder, typical_seconds(results))]
        for results, jobs in plans.items()
    }
    if not any(found.values()):
        raise ValueError("nothing has run here; first ./do smoke, then ./do reproduce")
    if not options.check:
        write_costs(fitted(pair for pairs in found.values() for pair in pairs))
        jobs = plans["results"]
        write_chains(chains(jobs, [one.seconds for one in expected(jobs, read_costs())]))
        print(f"written: {TABLE}, {CHAINS}")
    costs = read_costs()
    timed = {results: [pair for pair in pairs if not math.isnan(pair[1].seconds)] for results, pairs in found.items()}
    fits = [f"`{results}`: {_fit(pairs, costs)}" for results, pairs in timed.items() if pairs]
    print("\n".join(fits))
    if not options.check:
        rows = [row(f"`{results}`", jobs, costs) for results, jobs in plans.items()]
        before, _, rest = _PAGE.read_text().partition(_BEGIN)
        lines = [_BEGIN, _HEAD, *rows, "", *(f"- {fit}." for fit in fits), _END]
        _PAGE.write_text(before + "\n".join(lines) + rest.partition(_END)[2])
    return 0


def _fit(pairs: Sequence[tuple[Planned, Taken]], costs: Mapping[str, Cost]) -> str:
    """How the table compares with jobs that were measured: time together, and kinds that are off by more than two."""
    said = expected([job for job, _ in pairs], costs)
    took, by_table = sum(taken.seconds for _, taken in pairs), sum(one.seconds for one in said)
    kinds: dict[str, list[tuple[Taken, Taken]]] = defaultdict(list)
    for (job, taken), one in zip(pairs, said, strict=True):
        kinds[job.kind].append((taken, one))
    off = {
        name: [kind for kind, each in kinds.items() if not 1 / 2 <= _ratio(each, name) <= 2]
        for name in ("seconds", "memory")
    }
    words = "; ".join(f"{name} of {', '.join(odd)}" for name, odd in off.items() if odd)
    return (
        f"{len(pairs)} jobs, measured {took:.0f} s, by the table {by_table:.0f} s ({by_table / took:.2f}); "
        f"off by a factor of two, of {len(kinds)} kinds: {words or 'none'}"
    )


def _ratio(each: Sequence[tuple[Taken, Taken]], name: str) -> float:
    """What the table says over what was measured, of the largest job; 1 where that took less than a second."""
    taken, one = max(each, key=lambda pair: float(getattr(pair[0], name)))
    measured_, said = float(getattr(taken, name)), float(getattr(one, name))
    return 1.0 if math.isnan(measured_) or (name == "seconds" and measured_ < 1) else said / measured_


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
