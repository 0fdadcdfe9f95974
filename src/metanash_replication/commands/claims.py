"""Print the claims of the paper with their verdicts, or one claim with all that is behind it."""

import argparse
import difflib
import json
import os
import shlex
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

from metanash.commands.tables import Row, read_table
from metanash_replication.seals import fault_of

__all__ = ["add_arguments", "run"]

_REMEDY = "run the pipeline, or name the folder with --results"
_COLUMNS = (
    "id", "kind", "place", "statement", "tested_by", "result", "verdict", "plain", "worst", "worst_row", "worst_runs",
    "figures", "tables", "runs",
)  # fmt: skip
_SIDES = ("claim", "form", "setting", "iteration", "left", "right", "runs", "violations")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the claim to print, and where the results are."""
    parser.add_argument("id", nargs="?", help="print this claim whole; without it, all of them, a line each")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of results (results)")


def _read(path: Path, columns: Sequence[str]) -> list[Row]:
    rows = read_table(path, columns, remedy=_REMEDY, rows=True).rows
    fault = fault_of(path.parent, path.name)
    if fault:
        raise ValueError(f"{path}: {fault}; run the pipeline again, which makes it anew")
    return rows


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
    path, place = results / "theory.csv", (row["worst_row"], row["worst"])
    found = [line for line in _read(path, _SIDES) if (line["claim"], line["setting"]) == place]
    if not found:
        raise ValueError(
            f"{path}: no row about {place[0]} in the setting {place[1]}, which claims.csv names: they are of different "
            f"runs; {_REMEDY}"
        )
    return [
        f"{line['form']}: at T={line['iteration']} left side {_number(path, line, 'left')}, right side "
        f"{_number(path, line, 'right')}; violated in {line['violations']} of {line['runs']} runs"
        for line in found
    ]


def _number(path: Path, line: Row, name: str) -> str:
    try:
        return f"{float(line[name]):.4g}"
    except ValueError as error:
        raise ValueError(
            f"{path}: {name} of {line['claim']}, {line['setting']} is no number: {line[name]!r}"
        ) from error


def _repeat(results: Path, run: str) -> str:
    """The command that measures again, as the pipeline was called for these results."""
    path = results / "provenance.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        folder, arguments = found["results"], found["arguments"]
        if not isinstance(folder, str) or not all(isinstance(part, str) for part in arguments):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        command = f"snakemake --cores 1 --force {shlex.quote(str(results / run))}"
        return f"{command} ({path} does not say by which --configfile they were made: add it)"
    return shlex.join(["snakemake", "--cores", "1", "--force", f"{folder}/{run}", *arguments])


def _print(title: str, text: str, width: int) -> None:
    print(textwrap.fill(text, width, initial_indent=f"{title:10s}", subsequent_indent=" " * 10))


def _print_lines(title: str, lines: list[str]) -> None:
    for k, line in enumerate(lines):
        print(f"{title if k == 0 else '':10s}{line}")


def _detail(row: Row, results: Path, width: int) -> None:
    sides = _sides(row, results)
    _print("verdict", f"{row['verdict']} ({row['kind']})", width)
    _print("", row["plain"], width)
    for title, name in (("claim", "statement"), ("place", "place"), ("tested", "tested_by"), ("result", "result")):
        _print(title, row[name], width)
    if row["worst"]:
        _print("worst", row["worst"], width)
    for side in sides:
        _print("", side, width)
    worst = row["worst_runs"].split() or row["runs"].split()[:1]
    others = [run for run in row["runs"].split() if run not in worst]
    _print_lines("measured", [str(results / run) for run in worst])
    _print_lines("also", [str(results / run) for run in others])
    _print_lines("tables", [str(results / name) for name in row["tables"].split()])
    _print_lines("figures", [os.path.normpath(results / name) for name in row["figures"].split()])
    if worst:
        _print_lines("print", [shlex.join(["metanash", "show", str(results / worst[0])])])
        _print_lines("repeat", [_repeat(results, worst[0])])


def run(options: argparse.Namespace) -> int:
    """Print the ledger, or a claim; ValueError names the claims there are if this one is not."""
    rows = _read(options.results / "claims.csv", _COLUMNS)
    width = min(max(shutil.get_terminal_size().columns, 20), 120)
    if options.id is None:
        _list(rows, width)
        return 0
    by_id = {row["id"]: row for row in rows}
    if options.id not in by_id:
        near = difflib.get_close_matches(options.id, by_id, 1)
        hint = f"; {near[0]} is the nearest" if near else ""
        raise ValueError(f"no claim {options.id!r}{hint}; there are {', '.join(by_id)}")
    _detail(by_id[options.id], options.results, width)
    return 0
