"""The lines of the table, and how it is written."""

import csv
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- against: written by ./do bench-against -->", "<!-- /against -->"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Parameters
    ----------
    name : str
        Of the measurement.
    what, unit : str
        For people.
    target : str
        As the goal was set; empty if there is none.
    """

    name: str
    what: str
    unit: str
    target: str = ""


ROWS = [
    Row("pipeline core", "the default pipeline, two cores: core time", "s", "at most 0.5 of before"),
    Row("pipeline wall", "the same: wall clock", "s", "at most 0.55 of before"),
    Row("small pipeline core", "the small pipeline: core time", "s"),
    Row(
        "eight cores",
        "the default pipeline, worked out of recorded times: two cores, and eight",
        "s",
        "at most 0.3 of two",
    ),
    Row("shared pipeline core", "tables and figures that both builds make: core time", "s"),
    Row("shared pipeline wall", "the same: wall clock", "s"),
    Row("tests core", "`./do test`: core time", "s"),
    Row("tests wall", "the same: wall clock", "s", "at most 0.5 of before"),
    Row("tests passed", "the same: tests that pass", ""),
    Row("compile core", "compile the kernels: core time", "s", "at most 35 s"),
    Row("compile wall", "the same: wall clock, two cores", "s", "at most 20 s"),
    Row("import", "`import metanash`, the start of Python included", "s", "at most 0.12 s"),
    Row("first learn", "the same and a first `learn`, 2x2, T = 1,000", "s"),
    Row("solve", "`metanash solve small.nfg`, as a command", "s"),
    Row("2x2 Algorithm 1", "`learn`, 2x2, T = 1,000: Algorithm 1", "ms", "at most 0.4 ms"),
    Row("2x2 regret matching", "the same: regret matching", "ms", "at most 0.4 ms"),
    Row("2x2 Algorithm 2", "the same: Algorithm 2", "ms", "at most 0.4 ms"),
    Row("2x2 Q-ascent", "the same: projected Q-ascent", "ms", "at most 0.4 ms"),
    Row("Markov Algorithm 1", "`learn`, H2 S2 2x2, T = 1,000: Algorithm 1", "ms"),
    Row("Markov regret matching", "the same: regret matching", "ms"),
    Row("Markov Algorithm 2", "the same: Algorithm 2", "ms"),
    Row("1000 Algorithm 1", "`learn`, 1,000 games 2x2, T = 1,000: Algorithm 1", "ms", "at most 1 of before"),
    Row("1000 regret matching", "the same: regret matching", "ms", "at most 1 of before"),
    Row("1000 Algorithm 2", "the same: Algorithm 2", "ms", "at most 1 of before"),
    Row("stages Algorithm 1", "a stage that is kept, H10 S2 2x2: Algorithm 1", "µs", "at most 25 µs"),
    Row("stages Algorithm 2", "the same: Algorithm 2", "µs"),
    Row("Kuhn", "`learn_extensive`, Kuhn poker to 1e-3 of the pot", "ms", "at most 0.04 ms"),
    Row("10x10 matrix", "10x10, an iteration of Algorithm 1", "ns"),
    Row("10x10 Markov", "H5 S50 10x10, an iteration of Algorithm 1", "µs", "a third of JAX's"),
    Row("sparse update", "sparse S = 10^4, 8x8, H = 2: value update", "ms", "at most 1/2.5 of before"),
    Row(
        "sparse update, two threads",
        "the same on two threads, half of their time",
        "ms",
        "at most 1/4.5 of one thread before",
    ),
    Row("sparse memory", "the same game: peak memory of a process that learns", "MB", "at most 1.1 of before"),
    Row("sparse gap", "the same game: NE-gap", "ms", "at most 1/2.5 of before"),
    Row(
        "sparse gap, two threads",
        "the same on two threads, half of their time",
        "ms",
        "at most 1/4.5 of one thread before",
    ),
    Row("sparse learn", "the same game: `learn`, T = 50, one gap", "ms", "at most 1/2.5 of before"),
    Row(
        "sparse learn, two threads",
        "the same on two threads, half of their time",
        "ms",
        "at most 1/4.5 of one thread before",
    ),
    Row("exact 200", "exact solution, 200 x 200", "ms"),
    Row("exact 500", "500 x 500", "ms"),
    Row("exact 1000", "1,000 x 1,000", "ms"),
    Row("exact 2000", "2,000 x 2,000", "s", "at most 0.5 of before"),
    Row("HiGHS 2000", "the same, and before it the interior-point method of HiGHS", "s", "at most 0.1 of it"),
    Row("JAX 10x10", "H5 S50 10x10, an iteration, and before it that of JAX", "µs", "at most 1/3 of it"),
    Row("NumPy 10x10", "the same, and before it that of vectorised NumPy", "µs", "at most 1/12 of it"),
]
FIELDS = ("name", "before", "now", "ratio", "low", "high", "rounds")

Record = dict[str, str]
Pair = tuple[float | None, float | None]


def summary(name: str, pairs: Sequence[Pair]) -> Record:
    """Medians of both builds, and of the ratios of the rounds with quartiles; empty where a build cannot do it."""
    before, now = ([value for value in side if value is not None] for side in zip(*pairs, strict=True))
    ratios = [b / a for a, b in pairs if a is not None and b is not None and a > 0.0]
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else (None, None, None)
    middles = [statistics.median(values) if values else None for values in (before, now, ratios)]
    numbers = [*middles, low, high]
    shown = ["" if value is None else f"{value:.6g}" for value in numbers]
    return dict(zip(FIELDS, [name, *shown, str(len(pairs))], strict=True))


def read(path: Path) -> dict[str, Record]:
    """Rows that were measured, by name. Raises ValueError for a row that is no line of the table."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        found = {record["name"]: record for record in csv.DictReader(file)}
    known = {row.name for row in ROWS}
    for name in found:
        if name not in known:
            raise ValueError(f"{path}: the row {name!r} is no line of the table; take it out, or name it in rows.py")
    return found


def write(path: Path, records: Mapping[str, Record]) -> None:
    """Keep what was measured, in the order of the table."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records[row.name] for row in ROWS if row.name in records)


def number(text: str, unit: str = "") -> str:
    """Three digits, or a dash."""
    if not text:
        return "-"
    value = float(text)
    digits = f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{digits} {unit}".strip()


def table(records: Mapping[str, Record], revision: str) -> list[str]:
    """Lines of the table in Markdown."""
    lines = [
        f"| what | target | {revision} | this build | ratio | quartiles | rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        if row.name not in records:
            continue
        found = records[row.name]
        spread = f"{number(found['low'])} to {number(found['high'])}" if found["low"] else "-"
        cells = [row.what, row.target or "-", number(found["before"], row.unit), number(found["now"], row.unit)]
        lines.append(f"| {' | '.join([*cells, number(found['ratio']), spread, found['rounds']])} |")
    return lines


def put(page: str, lines: Iterable[str]) -> str:
    """The page with other lines between the marks. Raises ValueError unless both marks are there once, in order."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"docs/performance.md must have one line {BEGIN} and, after it, one line {END}")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n".join([head + BEGIN, "", *lines, "", END + tail])
