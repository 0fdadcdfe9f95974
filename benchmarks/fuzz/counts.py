"""What the fuzzer did: a row for each target, kept with the other measurements and in docs/reliability.md."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

__all__ = ["BEGIN", "END", "Row", "inputs_of", "keep", "read", "table"]

ROOT = Path(__file__).parents[2]
COUNTS, PAGE = Path("benchmarks/results/fuzz.json"), Path("docs/reliability.md")
BEGIN, END = "<!-- fuzzed: written by ./do fuzz -->", "<!-- end of fuzzed -->"
WORDS = {
    "arguments": "the command line",
    "cards": "boards, ranges, chips and bets of river endgames",
    "config": "configuration files",
    "csv": "tables of payoffs",
    "efg": "`.efg`, as a tree and in sequence form",
    "entries": "`.npz`, entries under right check sums",
    "gam": "`.gam`",
    "json": "payoffs as JSON",
    "nfg": "`.nfg`",
    "npz": "`.npz`, as bytes",
    "policies": "files of policies, in `metanash gap`",
    "steps": "`.efg`, as a Markov game by steps in any order; written and read again",
    "trees": "`.efg`, in `solve`, `gap` and `convert`, beside one another",
}
"""What each target is, for the page."""


class Row(TypedDict):
    """What was done with one target: the last run of it."""

    inputs: int
    seconds: int
    faults: int
    commit: str


def inputs_of(output: str) -> int:
    """How many inputs libFuzzer says that it tried, the last of them included if that showed a fault.

    Raises
    ------
    ValueError
        If it says nothing of them.
    """
    told = re.findall(r"^stat::number_of_executed_units:\s*(\d+)", output, flags=re.MULTILINE)
    progress = re.findall(r"^#(\d+)\t", output, flags=re.MULTILINE)
    if not told and not progress:
        raise ValueError("the fuzzer did not say how many inputs it tried; see what it printed")
    return int(told[-1]) if told else max(map(int, progress))


def read(root: Path = ROOT) -> dict[str, Row]:
    """Rows by target."""
    path = root / COUNTS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def table(rows: Mapping[str, Row]) -> str:
    """Rows for the page, and their sums."""
    lines = [
        f"| `{name}` | {WORDS[name]} | {row['inputs']:,} | {row['seconds']:,} | {row['faults']} | {row['commit']} |"
        for name, row in sorted(rows.items())
    ]
    inputs, seconds, faults = (
        sum(numbers) for numbers in zip(*((r["inputs"], r["seconds"], r["faults"]) for r in rows.values()), strict=True)
    )
    return "\n".join(
        [
            "| target | what is read | inputs | seconds | faults | commit |",
            "|---|---|---:|---:|---:|---|",
            *lines,
            f"| together | | {inputs:,} | {seconds:,} | {faults} | |",
        ]
    )


def keep(found: Mapping[str, Row], root: Path = ROOT) -> None:
    """Put rows in the place of those that their targets had."""
    rows = {name: row for name, row in (read(root) | dict(found)).items() if name in WORDS}
    (root / COUNTS).write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n", encoding="utf-8")
    page = root / PAGE
    before, mark, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    if not mark or END not in rest:
        raise ValueError(f"{page} has no table of the fuzzer; it stands between {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
