"""``./do mutants``: what there is to run; ``./do mutants MODULE``: run it, print its survivors, keep its score."""

import argparse
import fnmatch
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import Distribution
from pathlib import Path

from benchmarks.mutants.bearing import Imports
from benchmarks.mutants.headers import KERNELS, TESTS, Header, headers
from benchmarks.mutants.run import FOLDER, ROOT, Copy, MutantsError, Outcome, Plan, tool
from benchmarks.mutants.scores import COUNTS, PAGE, RESULTS, equivalents, keep, read_rows, reasons, renew_page, score

SAMPLE = 150
ADVICE = f"""./do mutants MODULE makes {SAMPLE} mutants of it, or all where there are fewer; a package stands for all
of its modules. First its tests are run twice; then a mutant takes as long as they do until one of them fails."""


def commit() -> str:
    """Of the checkout, a plus where tracked files but those written here have changed; empty outside git."""
    own = [f":!{path}" for path in (RESULTS, PAGE)]
    head, state = (
        subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
        for words in (
            ["rev-parse", "--short=10", "HEAD"],
            ["status", "--porcelain", "--untracked-files=no", "--", ".", *own],
        )
    )
    return head + "+" * bool(state and head)


def version() -> str:
    """Of mutmut, as installed."""
    (found,) = Distribution.discover(name="mutmut", path=[str(tool())])
    return found.version


def short(test: str) -> str:
    """``gaps`` of ``tests/library/test_gaps.py``: pytest wants names of test files that occur in one folder only."""
    return Path(test).stem.removeprefix("test_")


def overview(imports: Imports) -> str:
    """A line per module: the tests that bear on it, and what the last run took and found."""
    rows = read_rows()
    lines = [f"{'module':50s} {'test files':>10s} {'tested':>7s} {'score':>6s} {'CPU s':>6s}"]
    for module in imports.paths:
        row, tests = rows.get(module), imports.bearing(module)
        last = f"{row['tested']:>7s} {score(row):6.0%} {row['seconds']:>6s}" if row else "not run yet"
        lines.append(f"{module:50s} {len(tests):10d} {last}")
    for header in headers():
        row = rows.get(module := f"kernels/{header}")
        last = f"{row['tested']:>7s} {score(row):6.0%} {row['seconds']:>6s}" if row else "not run yet"
        lines.append(f"{module:50s} {len(TESTS):10d} {last}")
    return "\n".join([*lines, "", ADVICE])


def account(
    module: str, tests: Sequence[str], outcome: Outcome, *, seed: int, reach: int, made_by: str, at: str
) -> dict[str, str]:
    """The row of a run, after its survivors have been printed."""
    equivalent, count = reasons(outcome, equivalents()), Counter(outcome.status.values())
    for name, difference in outcome.alive.items():
        known = f"equivalent: {equivalent[name]}" if name in equivalent else outcome.status[name]
        print(f"\n{name}: {known}")
        print("\n".join(line for line in difference.splitlines() if line.startswith(("-", "+", "@@"))))
    alive = Counter(outcome.status[name] for name in outcome.alive)
    row = {
        "module": module,
        "tests": " ".join(map(short, tests)),
        "mutants": outcome.mutants,
        "tested": len(outcome.status),
        # A crash of the interpreter and an unusual exit are found too.
        "killed": len(outcome.status) - count["timeout"] - len(outcome.alive),
        "timeout": count["timeout"],
        "survived": alive["survived"],
        "no_tests": alive["no tests"],
        "equivalent": len(equivalent),
        "seed": seed,
        "reach": reach,
        "mutmut": made_by,
        "commit": at,
        "seconds": round(outcome.seconds),
    }
    return {name: str(value) for name, value in row.items()}


def interrupted(*_: object) -> None:
    """A polite end is treated as Ctrl-C is."""
    raise KeyboardInterrupt


def run(imports: Imports, module: str, given: argparse.Namespace) -> None:
    """Test the mutants of a module, print those alive, and keep the score."""
    tests = tuple(imports.bearing(module, given.reach))
    if not tests:
        print(f"{module}: no test imports it, or what uses it")
        return
    if given.tests:
        chosen = tuple(test for test in tests if short(test) in given.tests.split(","))
        if len(chosen) < len(given.tests.split(",")):
            raise MutantsError(f"--tests {given.tests}: those of {module} are {', '.join(map(short, tests))}")
        tests = chosen
    path = imports.paths[module].relative_to(ROOT).as_posix()
    plan = Plan(module, path, tests, given.sample or None, given.seed)
    at = commit()  # of what is copied now
    outcome = Copy(plan).carry_out(given.children)
    if not outcome.mutants:
        print(f"{module}: has no function that mutmut changes")
        return
    tell(account(module, tests, outcome, seed=plan.seed, reach=given.reach, made_by=version(), at=at))


def run_header(name: str, given: argparse.Namespace) -> None:
    """The same for a header of the kernels, whose changes are ours."""
    at, header = commit(), Header(name, given.sample or None, given.seed)
    tell(account(f"kernels/{name}", TESTS, header.carry_out(), seed=given.seed, reach=0, made_by="", at=at))


def tell(row: dict[str, str]) -> None:
    """Keep a row and print its counts."""
    keep(row)
    counts = ", ".join(f"{name.replace('_', ' ')} {row[name]}" for name in COUNTS)
    print(f"\n{row['module']}: score {score(row):.1%} ({counts})", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./do mutants", description=__doc__)
    parser.add_argument(
        "modules",
        nargs="*",
        metavar="MODULE",
        help="gaps, ledger.rules, learners (all of them), kernels/values.h, '*.h'",
    )
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"mutants at most, {SAMPLE}; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample, 0")
    parser.add_argument("--reach", type=int, default=1, help="imports from a test to the module at most, 1")
    parser.add_argument("--tests", help="only these of them, such as gaps,exact: less time, and a lower score")
    parser.add_argument("--children", type=int, default=2, help="mutants at a time, 2")
    parser.add_argument("--table", action="store_true", help="only renew the table of docs/reliability.md")
    given = parser.parse_args()
    if given.sample < 0 or given.reach < 1 or given.children < 1:
        parser.error("--sample is 0 or more, --reach and --children 1 or more")
    imports = Imports(ROOT)
    try:
        named = [name for name in given.modules if name.endswith(".h")]
        modules = [module for name in given.modules if name not in named for module in imports.module(name)]
        chosen = [header for name in named for header in fnmatch.filter(headers(), name.removeprefix("kernels/"))]
        if missing := [name for name in named if not fnmatch.filter(headers(), name.removeprefix("kernels/"))]:
            raise ValueError(f"{missing[0]}: the headers in {KERNELS} with loops are {', '.join(headers())}")
        read_rows()  # before a long run rather than after it
    except ValueError as error:
        parser.error(str(error))
    if given.table:
        renew_page()
    elif not given.modules:
        print(overview(imports))
    signal.signal(signal.SIGTERM, interrupted)
    try:
        for module in modules:
            run(imports, module, given)
        for header in chosen:
            run_header(header, given)
    except MutantsError as error:
        sys.exit(f"./do mutants: {error}")
    except KeyboardInterrupt:
        print(f"\n./do mutants: interrupted; {FOLDER} has what was found, the same command goes on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
