"""What the deep run decides: ``./do deep-verdicts [FOLDER]``, once it and the default run have ended.

Its summary goes to ``docs/deep/summary.md``, the verdicts of both runs to ``docs/deep/verdicts.csv``, and those that
differ, with both sentences, to a table in ``docs/deep.md``.
"""

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.marks import put
from metanash.archive import write_text

ROOT = Path(__file__).resolve().parents[1]
PAGE, FOLDER = Path("docs/deep.md"), Path("docs/deep")
BEGIN, END = "<!-- verdicts: written by ./do deep-verdicts -->", "<!-- end of verdicts -->"
_FIGURE = re.compile(r"!?\[([^\]\n]*)\]\(paper_figures/[^)\n]*\)")
"""Links to figures, which are not kept: their titles stay."""
_TOOK = re.compile(r"^INFO: cost: ([\d.]+) s of processor time, (\d+) MB", re.MULTILINE)


def claims(results: Path) -> dict[str, dict[str, str]]:
    """Rows of the table of claims by their ids.

    Raises
    ------
    FileNotFoundError
        If the run has not made it.
    """
    with (results / "claims.csv").open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def taken(results: Path) -> tuple[int, float, int]:
    """Jobs that said what they took, their processor time in hours, and MB of the largest."""
    texts = (path.read_text(errors="replace") for path in sorted((results / "logs").rglob("*.log")))
    last = [found[-1] for text in texts if (found := _TOOK.findall(text))]
    return len(last), sum(float(seconds) for seconds, _ in last) / 3600, max(int(memory) for _, memory in last)


def lines(default: dict[str, dict[str, str]], deep: dict[str, dict[str, str]]) -> Iterator[str]:
    """Counts of both runs, then claims of other verdicts with what each run says."""
    counts = [Counter(row["verdict"] for row in rows.values()) for rows in (default, deep)]
    yield "| verdict | default run | deep run |"
    yield "|---|---:|---:|"
    for word in sorted(set().union(*counts), key=lambda word: -counts[0][word]):
        yield f"| {word} | {counts[0][word]} | {counts[1][word]} |"
    yield ""
    other = [name for name, row in deep.items() if name in default and row["verdict"] != default[name]["verdict"]]
    more = [name for name in deep if name not in default]
    yield f"Of {len(deep)} claims {len(other)} have another verdict{f', {len(more)} are new' if more else ''}."
    if other or more:
        yield ""
        yield "| claim | default run | deep run |"
        yield "|---|---|---|"
    for name in [*other, *more]:
        cells = [
            f"**{row['verdict']}**: {_cell(row['plain'])}" if row else "-" for row in (default.get(name), deep[name])
        ]
        yield f"| `{name}` | {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the files; 1 if a run is missing."""
    parser = argparse.ArgumentParser(prog="./do deep-verdicts", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=root, help="copy of the repository that has run it (default: this)"
    )
    made = parser.parse_args(arguments).folder / "results/deep"
    try:
        default, deep = claims(root / "results"), claims(made)
    except FileNotFoundError as error:
        print(f"deep-verdicts: {error.filename}: not there; ./do reproduce makes it, with --configfile config/deep.yaml"
              " that of the deep run", file=sys.stderr)  # fmt: skip
        return 1
    jobs, hours, memory = taken(made)
    (root / FOLDER).mkdir(exist_ok=True)
    summary = (made / "summary.md").read_text(encoding="utf-8")
    write_text(root / FOLDER / "summary.md", _FIGURE.sub(r"\1", summary))
    rows = ["claim,default,deep", *(f"{name},{default.get(name, {}).get('verdict', '')},{row['verdict']}"
                                   for name, row in deep.items())]  # fmt: skip
    write_text(root / FOLDER / "verdicts.csv", "\n".join(rows) + "\n")
    took = f"{jobs} jobs, {hours:.1f} hours of processor time, {memory:,} MB in the largest job."
    page = (root / PAGE).read_text(encoding="utf-8")
    write_text(root / PAGE, put(page, ["", took, "", *lines(default, deep), ""], BEGIN, END))
    print(f"written: {PAGE}, {FOLDER}/summary.md, {FOLDER}/verdicts.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
