"""Results of runs: a row per module in ``benchmarks/results/mutants.csv``, and the table of docs/reliability.md."""

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutants.run import Outcome
from metanash.archive import write_text

ROOT = Path(__file__).parents[2]
RESULTS = Path("benchmarks/results/mutants.csv")
PAGE = Path("docs/reliability.md")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
COUNTS = ("mutants", "tested", "killed", "timeout", "survived", "no_tests", "equivalent")
COLUMNS = ("module", "tests", *COUNTS, "seed", "reach", "mutmut", "commit", "seconds")
BEGIN, END = "<!-- scores: written by ./do mutants -->", "<!-- end of scores -->"


@dataclass(frozen=True)
class Equivalent:
    """A change that no test can find, with the reason; without lines: all changes of a function."""

    function: str  # metanash.gaps._finite, metanash.meta.AverageTarget.observe
    removed: tuple[str, ...]
    added: tuple[str, ...]
    reason: str


def change(difference: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Removed and added lines of a unified difference, without indentation."""
    lines = [line for line in difference.splitlines() if not line.startswith(("---", "+++"))]
    removed, added = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return tuple(removed), tuple(added)


def function_of(mutant: str) -> str:
    """``metanash.gaps._finite`` of ``metanash.gaps.x__finite__mutmut_3``; a method with its class."""
    module, _, name = mutant.partition("__mutmut_")[0].rpartition(".")
    name = name.replace("ǁ", ".").removeprefix("x.") if "ǁ" in name else name.removeprefix("x_")
    return f"{module}.{name}"


def equivalents(path: Path = EQUIVALENT) -> list[Equivalent]:
    """The kept list."""
    entries = tomllib.loads(path.read_text()).get("mutant", [])
    return [
        Equivalent(
            entry["function"],
            tuple(line.strip() for line in entry.get("removed", "").strip().splitlines()),
            tuple(line.strip() for line in entry.get("added", "").strip().splitlines()),
            entry["reason"],
        )
        for entry in entries
    ]


def reasons(outcome: Outcome, known: list[Equivalent]) -> dict[str, str]:
    """Reasons of those mutants alive that are known to be equivalent."""
    by_change = {(entry.function, entry.removed, entry.added): entry.reason for entry in known}
    found = {}
    for name, difference in outcome.alive.items():
        function = function_of(name)
        reason = by_change.get((function, *change(difference)), by_change.get((function, (), ())))
        found |= {name: reason} if reason else {}
    return found


def score(row: Mapping[str, str]) -> float:
    """Share of mutants found, of those that are not equivalent."""
    found, tested = int(row["killed"]) + int(row["timeout"]), int(row["tested"]) - int(row["equivalent"])
    return found / tested if tested else 1.0


def read_rows(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Rows by module; ValueError if the file has other columns than these."""
    path = root / RESULTS
    if not path.exists():
        return {}
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{RESULTS}: the columns are not {', '.join(COLUMNS)}; remove the file, or restore it")
        return {row["module"]: row for row in reader}


def keep(row: dict[str, str], root: Path = ROOT) -> None:
    """Put a row in the file, in the place of the module's last one, and renew the table of the page."""
    rows = {**read_rows(root), row["module"]: row}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[module] for module in sorted(rows))
    write_text(root / RESULTS, text.getvalue())
    renew_page(root)


def table(rows: Mapping[str, Mapping[str, str]]) -> str:
    """The rows as Markdown."""
    heads = ("module", "test files", "mutants", "tested", "killed", "timed out", "survived", "no tests", "equivalent")
    lines = [f"| {' | '.join((*heads, 'score', 'commit'))} |", f"|---|{'---:|' * (len(heads))}---|"]
    for module in sorted(rows):
        row = rows[module]
        numbers = [str(len(row["tests"].split())), *(row[name] for name in COUNTS)]
        cells = [f"`{module}`", *numbers, f"{score(row):.1%}", row["commit"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def renew_page(root: Path = ROOT) -> None:
    """Write the table between its marks."""
    path = root / PAGE
    text = path.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{PAGE}: the marks of the table are gone: {BEGIN} and {END}")
    pattern = f"{re.escape(BEGIN)}.*{re.escape(END)}"
    content = f"{BEGIN}\n{table(read_rows(root))}\n{END}"
    write_text(path, re.sub(pattern, lambda _: content, text, flags=re.DOTALL))
