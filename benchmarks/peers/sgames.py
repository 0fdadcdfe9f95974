"""Solve stochastic games by sgamesolver 1.0.2, in an interpreter that has it: FOLDER COUNT LIMIT, see ``stochastic``.

Reads ``K.npz`` of :func:`metanash.stochastic.write_stochastic`, without metanash, which its NumPy below 2 does not run,
and writes ``K-found.npz``: policies (S, A_i), processor seconds and an error, empty if there is none.
"""

import signal
import sys
import time
from pathlib import Path

import numpy as np


def late(*_):
    raise TimeoutError("too late")


def solve(path):
    """Policies of the logarithmic stochastic tracing procedure, with the package's default parameters."""
    import sgamesolver

    with np.load(path) as stored:
        states = len(stored["initial"])
        rewards = [stored[f"reward_{s}"] for s in range(states)]
        transitions = [stored[f"transition_{s}"] for s in range(states)]
        game = sgamesolver.SGame(rewards, transitions, stored["discounts"])
    homotopy = sgamesolver.homotopy.LogTracing(game)
    homotopy.solver_setup()
    homotopy.solver.verbose = 0
    found = homotopy.solver.start()
    if not found["success"]:
        raise ArithmeticError(found["failure reason"])
    strategies = np.nan_to_num(homotopy.y_to_sigma_V_t(found["y"])[0])
    most = game.nums_actions.max(axis=0)
    policies = [np.maximum(strategies[:, i, :n], 0.0) for i, n in enumerate(most)]
    return [policy / policy.sum(axis=1, keepdims=True) for policy in policies]


def main():
    folder, count, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    import sgamesolver  # noqa: F401  # before the clock runs

    signal.signal(signal.SIGALRM, late)
    for k in range(count):
        policies, error = [], ""
        start = time.process_time()
        signal.alarm(limit)
        try:
            policies = solve(folder / f"{k}.npz")
        except Exception as found:  # whatever a foreign package raises is the reason
            error = f"{type(found).__name__}: {found}"
        signal.alarm(0)
        seconds = time.process_time() - start
        named = {f"policy_{i}": policy for i, policy in enumerate(policies)}
        np.savez(folder / f"{k}-found.npz", seconds=seconds, error=error, **named)


if __name__ == "__main__":
    main()
