"""Print the claims of the paper with their verdicts, or one claim with all that is behind it."""

import argparse
import csv
import os
import shutil
import textwrap
from pathlib import Path

__all__ = ["add_arguments", "run"]

Row = dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the claim to print, and where the results are."""
    parser.add_argument("id", nargs="?", help="print this claim whole; without it, all of them, a line each")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of results (results)")


def _read(path: Path) -> list[Row]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; run the pipeline, or name the folder with --results")
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _list(rows: list[Row], width: int) -> None:
    wide = [max(len(row[name]) for row in rows) + 2 for name in ("id", "verdict")]
    room = width - sum(wide)
    for row in rows:
        place = textwrap.shorten(row["place"], room, placeholder=" ...") if room >= 20 else ""
        print(f"{row['id']:{wide[0]}}{row['verdict']:{wide[1]}}{place}".rstrip())
    verdicts = [row["verdict"] for row in rows]
    print("\n" + ", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)))


def _sides(row: Row, results: Path) -> list[str]:
    """Both sides of the bound at the setting that decided, in every form."""
    if not row["worst_row"]:
        return []
    place = (row["worst_row"], row["worst"])
    found = [line for line in _read(results / "theory.csv") if (line["claim"], line["setting"]) == place]
    return [
        f"{line['form']}: at T={line['iteration']} left side {float(line['left']):.4g}, right side "
        f"{float(line['right']):.4g}; violated in {line['violations']} of {line['runs']} runs"
        for line in found
    ]


def _print(title: str, text: str, width: int) -> None:
    print(textwrap.fill(text, width, initial_indent=f"{title:10s}", subsequent_indent=" " * 10))


def _print_lines(title: str, lines: list[str]) -> None:
    for k, line in enumerate(lines):
        print(f"{title if k == 0 else '':10s}{line}")


def _detail(row: Row, results: Path, width: int) -> None:
    for title, name in (("claim", "statement"), ("place", "place"), ("tested", "tested_by"), ("result", "result")):
        _print(title, row[name], width)
    _print("verdict", row["verdict"], width)
    if row["worst"]:
        _print("worst", row["worst"], width)
    for side in _sides(row, results):
        _print("", side, width)
    worst = row["worst_runs"].split() or row["runs"].split()[:1]
    others = [run for run in row["runs"].split() if run not in worst]
    _print_lines("measured", [str(results / run) for run in worst])
    _print_lines("also", [str(results / run) for run in others])
    _print_lines("tables", [str(results / name) for name in row["tables"].split()])
    _print_lines("figures", [os.path.normpath(results / name) for name in row["figures"].split()])
    if worst:
        _print_lines("print", [f"metanash show {results / worst[0]}"])
        _print_lines("repeat", [f"snakemake --cores 1 --force {results / worst[0]}"])


def run(options: argparse.Namespace) -> int:
    """Print the ledger, or a claim; ValueError names the claims there are if this one is not."""
    rows, width = _read(options.results / "claims.csv"), min(shutil.get_terminal_size().columns, 120)
    if options.id is None:
        _list(rows, width)
        return 0
    by_id = {row["id"]: row for row in rows}
    if options.id not in by_id:
        raise ValueError(f"no claim {options.id!r}; there are {', '.join(by_id)}")
    _detail(by_id[options.id], options.results, width)
    return 0
