"""Instructions of kernel calls, counted by callgrind, beside committed budgets: ``./do bench-instructions``.

Counts depend neither on load nor on the machine, since the instruction set is fixed, and repeat to a few dozen
instructions of the allocator. They depend on the compiler, so there is a budget for each compiler that one was made
with. What is counted is the difference of two calls, one with twice the iterations of the other, inside the kernel.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import metanash.kernels
from benchmarks import kernel_calls
from benchmarks.kernel_calls import CASES, ISA

BUDGETS = Path(__file__).with_suffix(".json")
ABOVE, BELOW = 1.02, 0.90  # of the committed counts: more is a regression, less is to be committed
ABOVE_LOOPS = {"mirror_run", "joint_run"}
"""Calls that are counted as a whole: of any instruction set they make several of the loops of one."""
RENEW = "./do bench-instructions --renew"


def extension() -> Path | None:
    """File of the compiled kernels, if they were built."""
    return next(Path(metanash.kernels.__file__).parent.glob("compiled*.so"), None)


def compiler(built: Path) -> str:
    """Name and version of the compiler, which it writes into what it makes."""
    found = re.search(rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", built.read_bytes())
    return found.group().decode() if found else "unknown"


def committed() -> dict[str, dict[str, int]]:
    """Counts by compiler and case."""
    return json.loads(BUDGETS.read_text())


def obstacle() -> str | None:
    """Why nothing can be counted here, or None."""
    if platform.machine() != "x86_64" or not Path("/proc/cpuinfo").exists():
        return f"budgets are for {ISA} of x86-64 under Linux"
    if not {ISA, "fma"} <= set(Path("/proc/cpuinfo").read_text().split()):
        return f"this processor has no {ISA}"
    if shutil.which("valgrind") is None:
        return "valgrind is not installed"
    return None if extension() else "the compiled kernels were not built (no C compiler?)"


def groups() -> list[list[str]]:
    """Functions of the cases, no two of a group with the same first letter: callgrind counts one of such two only.

    Calls that are counted as a whole are by themselves.
    """
    alone = [[name] for name in dict.fromkeys(case.function for case in CASES.values()) if name in ABOVE_LOOPS]
    found: list[list[str]] = []
    for name in dict.fromkeys(case.function for case in CASES.values() if case.function not in ABOVE_LOOPS):
        fitting = [group for group in found if name[0] not in {other[0] for other in group}]
        if fitting:
            fitting[0].append(name)
        else:
            found.append([name])
    return alone + found


def count() -> dict[str, int]:
    """Instructions by case, for its lane-iterations."""
    found: dict[str, int] = {}
    for group in groups():
        found |= count_of(group)
    return {name: found[name] for name in CASES}


def count_of(group: list[str]) -> dict[str, int]:
    """The same of the cases of some functions, in one run of callgrind."""
    functions = [name if name in ABOVE_LOOPS else f"{name}_{ISA}" for name in group]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls"
        command = [
            str(shutil.which("valgrind")),
            "--tool=callgrind",
            f"--callgrind-out-file={out}",
            "--collect-atstart=no",
            *(f"--{option}={name}" for name in functions for option in ("toggle-collect", "dump-after")),
            *(sys.executable, "-I", "-S", kernel_calls.__file__, str(extension()), *group),
        ]
        done = subprocess.run(
            command, env={**os.environ, "METANASH_ISA": ISA}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"valgrind failed:\n{done.stderr}")
        names = [name for name, case in CASES.items() if case.function in group]
        dumps = [out.with_name(f"{out.name}.{k}") for k in range(1, 2 * len(names) + 1)]
        totals = [int(re.search(r"^totals: (\d+)", dump.read_text(), flags=re.MULTILINE)[1]) for dump in dumps]
    return {name: totals[2 * k + 1] - totals[2 * k] for k, name in enumerate(names)}


def complaints(found: dict[str, int], budget: dict[str, int]) -> list[str]:
    """What is not within the budget, a line each."""
    lines = []
    for name in dict.fromkeys([*found, *budget]):
        if name not in found or name not in budget:
            lines.append(f"{name}: only {'counted' if name in found else 'in the budget'}; {RENEW}")
        elif found[name] > ABOVE * budget[name]:
            lines.append(
                f"{name}: {found[name] / budget[name] - 1:+.1%} instructions ({budget[name]} to {found[name]})"
            )
        elif found[name] < BELOW * budget[name]:
            lines.append(f"{name}: {found[name] / budget[name] - 1:+.1%} instructions, to be committed; {RENEW}")
    return lines


def main() -> int:
    """Print counts per lane-iteration; 1 if a budget is exceeded, stale or missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renew", action="store_true", help="commit what is counted as this compiler's budget")
    arguments = parser.parse_args()
    if reason := obstacle():
        print(f"bench-instructions: {reason}", file=sys.stderr)
        return 1
    budgets, built_by, found = committed(), compiler(extension()), count()
    budget = budgets.get(built_by, {})
    print(f"Instructions per lane and iteration, {ISA}, {built_by}; before: what is committed\n")
    print(f"{'case':24s}  {'now':>10s}  {'before':>10s}")
    for name, instructions in found.items():
        before = f"{budget[name] / CASES[name].work:10.2f}" if name in budget else f"{'-':>10s}"
        print(f"{name:24s}  {instructions / CASES[name].work:10.2f}  {before}")
    if arguments.renew:
        BUDGETS.write_text(json.dumps(budgets | {built_by: found}, indent=1) + "\n")
        return 0
    wrong = complaints(found, budget) if budget else [f"no budget for {built_by}; {RENEW}"]
    print("", *(wrong or ["all within their budgets"]), sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
