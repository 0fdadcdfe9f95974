"""Which jobs begin first: those that begin the longest chains, so that no core waits at the end for one of them.

Snakemake begins jobs by their priority. A rule's priority is the time, in tenths of a second, of the longest chain of
jobs to the end of the run that begins with a job of it, by ``chains.csv``; ``./do costs`` writes that file by the same
costs that estimates are made of. A rule that is not there comes last. No result depends on the order.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["CHAINS", "longest_chains_first", "read_chains", "write_chains"]

CHAINS = Path(__file__).with_name("chains.csv")
_HEAD = ["rule", "seconds"]


def longest_chains_first(workflow: Any, table: Path = CHAINS) -> None:
    """Give all rules of a workflow their priorities. Called by the Snakefile once it has all rules."""
    seconds = read_chains(table)
    for rule in workflow.rules:
        rule.priority = round(10 * seconds.get(rule.name, 0.0))


def read_chains(table: Path = CHAINS) -> dict[str, float]:
    """Seconds by rule.

    Raises
    ------
    ValueError
        If a line is none of the table's.
    """
    found = {}
    with table.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                found[row["rule"]] = float(row["seconds"])
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{table}:{number}: not a row of chains ({error}); write it anew: ./do costs"
                ) from None
    return found


def write_chains(chains: Mapping[str, float], table: Path = CHAINS) -> None:
    """Write the table, longest first."""
    rows = sorted(chains.items(), key=lambda chain: (-chain[1], chain[0]))
    with table.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEAD)
        writer.writerows([rule, f"{seconds:.1f}"] for rule, seconds in rows)
