"""How to come to a claim's numbers a second time: tests by other code, and commands that measure again."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from metanash_replication.ledger import Entry

__all__ = ["commands", "recalculations_of"]

_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.*) \|$", flags=re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py::\w+)`")


def recalculations_of(page: str) -> dict[str, tuple[str, ...]]:
    """Tests that work out again what decides each claim, by its id, from the page ``reliability.md``.

    Raises
    ------
    ValueError
        If the page has no such table.
    """
    found = {claim: tuple(_TEST.findall(cell)) for claim, cell in _ROW.findall(page)}
    found = {claim: tests for claim, tests in found.items() if tests}
    if not found:
        raise ValueError("reliability.md has no table of claims and the tests that work them out again")
    return found


def commands(
    entry: Entry, tests: Mapping[str, tuple[str, ...]], provenance: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """What to type to see, measure and work out again what is behind a claim: words and command, in this order.

    ``provenance`` says how the pipeline was called: its folder ``results`` and ``arguments``.
    """
    folder, arguments = provenance["results"], provenance["arguments"]
    elsewhere = [] if folder == "results" else ["--results", folder]
    found = [("print it", ["metanash", "claims", entry.claim.id, *elsewhere])]
    if run := next(iter(entry.worst_runs or entry.runs), ""):
        again = ["snakemake", "--cores", "2", "--force", f"{folder}/{run}", *arguments]
        found += [("print the measurement", ["metanash", "show", f"{folder}/{run}"]), ("measure again", again)]
    if own := tests.get(entry.claim.id):
        found.append(("work it out by other code", ["python", "-m", "pytest", *own]))
    return [(words, shlex.join(command)) for words, command in found]
