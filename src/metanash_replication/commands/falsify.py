"""Search for counterexamples to a claim: instances on which its left side exceeds the right one.

The worst instances are saved as game files; `metanash falsify --replay FILE` evaluates one again, in double precision
and with 50 digits. `metanash falsify --list` names the claims.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metanash_replication.falsification.falsifiable import Size
from metanash_replication.falsification.registry import FALSIFIABLE
from metanash_replication.falsification.rounds import Settings
from metanash_replication.falsification.runs import INSTANCES, Finding, Watch, known_claim, replay, search

__all__ = ["add_arguments", "run"]

_BUDGET = 100_000


def _name(text: str) -> str:
    """The ledger joins words by hyphens."""
    return text.replace("-", "_")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Claim, or ``--list`` or ``--replay``, and how to search."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "claim", nargs="?", metavar="CLAIM", type=_name, help="one of those that --list names; theorem-1 is theorem_1"
    )
    what.add_argument("--list", action="store_true", help="name claims, forms and sizes, and stop")
    what.add_argument("--replay", type=Path, metavar="FILE", help="evaluate a saved instance again, and stop")
    parser.add_argument(
        "--form", action="append", metavar="FORM", help="only this form (may be repeated; default: all)"
    )
    parser.add_argument("--size", action="append", metavar="SIZE", help="only this size, such as 2x2-S2-H2-T512")
    parser.add_argument("--budget", type=int, default=_BUDGET, metavar="N", help="evaluations (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=2023, metavar="S", help="of all random draws (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="default: falsify/CLAIM")
    parser.add_argument("--resume", action="store_true", help="go on where a search in this folder was cut off")
    parser.add_argument(
        "--anew", action="store_true", help="begin anew where such a search is not to be resumed, or is another one"
    )


@contextmanager
def _bar(claim: str, budget: int) -> Iterator[Watch]:
    """A progress bar on standard error; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415  # needed on a terminal only
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    except ImportError as error:
        raise ValueError("the progress bar needs rich: pip install 'metanash[pipeline]'") from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(claim, total=budget)
        yield lambda evaluations: progress.update(task, completed=evaluations)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.9g}"


def _list() -> None:
    for name, claim in FALSIFIABLE.items():
        print(f"{name}: {claim.title}")
        print(f"    forms: {'; '.join(claim.forms)}")
        print(f"    sizes: {', '.join(size.name for size in claim.sizes)}")


def _replay(path: Path) -> None:
    found: Finding = replay(path)
    print(
        f"{path}: {found.form}, T = {found.iterations}: left {_number(found.left)}, right {_number(found.right)}, "
        f"ratio {_number(found.ratio)} in double precision, {_number(found.verified)} with 50 digits"
    )


def _search(options: argparse.Namespace) -> None:
    known_claim(options.claim)
    folder = options.output or Path("falsify") / options.claim
    settings = Settings(options.budget, options.seed)
    sizes = [Size.parse(name) for name in options.size] if options.size else None
    with _bar(options.claim, options.budget) as watch:
        result = search(
            options.claim,
            settings,
            forms=options.form,
            sizes=sizes,
            folder=folder,
            resume=options.resume,
            anew=options.anew,
            watch=watch,
        )
    print(f"{options.claim}: {result.evaluations} evaluations, instances in {folder / INSTANCES}")
    for found in result.findings:
        print(f"{found.form} ({found.size}): {found.verdict}")
        if found.file:
            ratio = f"worst ratio {_number(found.ratio)}, with 50 digits {_number(found.verified)}"
            print(f"    {ratio}, after {found.found_at} evaluations: {found.file}")
            print(f"    {'; '.join(found.structure)}")


def run(options: argparse.Namespace) -> int:
    """Search, list or replay."""
    if options.list:
        _list()
    elif options.replay:
        _replay(options.replay)
    else:
        _search(options)
    return 0
