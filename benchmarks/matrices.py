"""Exact solutions of large zero-sum matrix games beside HiGHS, ``./do bench-matrices``.

Games of several kinds, each solved by ``metanash.exact.matrix_equilibrium`` and by the simplex and interior-point
methods of HiGHS (``scipy.optimize.linprog``), in turns in one process; processor time. What is compared is an
equilibrium for both players with its gap relative to the range of the payoffs. ``--before
FILE`` adds the time of another build of the compiled kernels, in the same turns. HiGHS gets at most ``--limit``
seconds for each program.
"""

import argparse
import importlib.machinery
import importlib.util
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import scipy.optimize

from metanash import kernels
from metanash.exact import matrix_equilibrium
from metanash.typing import Floats

KINDS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "uniform": lambda rng, n: rng.uniform(size=(n, n)),
    "normal": lambda rng, n: rng.normal(size=(n, n)),
    "rank 10": lambda rng, n: rng.normal(size=(n, 10)) @ rng.normal(size=(10, n)),
    "plus or minus 1": lambda rng, n: rng.choice([-1.0, 1.0], size=(n, n)),
    "one in ten not 0": lambda rng, n: rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 0.1),
    "skew": lambda rng, n: np.triu(upper := rng.normal(size=(n, n)), 1) - np.triu(upper, 1).T,
}


def seconds(call: Callable[[], object]) -> float:
    """Processor time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def highs(matrix: Floats, method: str, limit: float) -> bool:
    """Solve the program of the row player; whether it ended in time. The duals are the other strategy."""
    rows, columns = matrix.shape
    cost = np.concatenate([np.zeros(rows), [-1.0]])  # maximise v where mu M >= v
    found = scipy.optimize.linprog(
        cost,
        A_ub=np.hstack([-matrix.T, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.concatenate([np.ones(rows), [0.0]])[np.newaxis],
        b_eq=[1.0],
        bounds=[(0.0, None)] * rows + [(None, None)],
        method=method,
        options={"time_limit": limit, "presolve": True},
    )
    return bool(found.status == 0)


def loaded(path: Path) -> ModuleType:
    """Another build of the compiled kernels."""
    loader = importlib.machinery.ExtensionFileLoader("compiled", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compiled", loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module


def measured(matrix: Floats, rounds: int, before: ModuleType | None) -> Iterator[tuple[str, float]]:
    """Times of the library: whole calls, and of the kernel alone beside that of another build."""
    rows, columns = matrix.shape
    solution = np.empty((1, 2 + rows + columns))
    modules = {"kernel": kernels, "kernel before": before} if before else {}
    best = dict.fromkeys(["metanash", *modules], float("inf"))
    for _ in range(rounds):
        best["metanash"] = min(best["metanash"], seconds(lambda: matrix_equilibrium(matrix)))
        for name, module in modules.items():
            spent = seconds(lambda m=module: m.equilibria(matrix, solution, 1, rows, columns))  # type: ignore[misc]
            best[name] = min(best[name], spent)
    yield from best.items()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[200, 500, 1000], help="numbers of actions n")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS), help="of games")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions, of which the fastest counts")
    parser.add_argument(
        "--highs", nargs="*", choices=["highs-ds", "highs-ipm"], default=[], help="what to compare with"
    )
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that HiGHS gets for a program")
    parser.add_argument("--before", type=Path, help="another build of the compiled kernels")
    arguments = parser.parse_args()
    before = loaded(arguments.before) if arguments.before else None
    for n in arguments.sizes:
        for kind in arguments.kinds:
            matrix = KINDS[kind](np.random.default_rng([n, list(KINDS).index(kind)]), n)
            found = matrix_equilibrium(matrix)
            gap = float((matrix @ found.nu).max() - (found.mu @ matrix).min()) / float(np.ptp(matrix))
            line = [f"{n} x {n} {kind}: gap {gap:.1e}"]
            line += [f"{name} {1e3 * spent:.4g} ms" for name, spent in measured(matrix, arguments.rounds, before)]
            for method in arguments.highs:
                start = time.process_time()
                done = highs(matrix, method, arguments.limit)
                spent = time.process_time() - start
                line.append(f"{method} {spent:.4g} s" if done else f"{method} without an answer in {spent:.4g} s")
            print(", ".join(line), flush=True)


if __name__ == "__main__":
    main()
