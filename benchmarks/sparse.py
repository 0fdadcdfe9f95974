"""Large sparse Markov games: kernels in C beside products of SciPy, ``./do bench-sparse``.

Timed in turns in one process are a value update (all steps), an NE-gap, and a whole call of ``learn`` with one gap at
its end, by the kernels and by what the library did before them: a product of SciPy a step and vector, added to copies.
Processor time, the fastest round of each; that of two threads is half of what both take, which is what they need where
each has a core. With ``--roofline``, ``least`` is the time that it takes to move once all that a value update or a gap
needs, at the rate at which ``benchmarks/peaks.c`` reads as many bytes.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pandas as pd

from benchmarks import roofline
from metanash import GameBatch, OptimisticMirrorDescent, families, gaps, kernels, learn
from metanash.transitions import Transition, TransitionBatch
from metanash.typing import Floats

MEMORY = """
import re, sys
from benchmarks.sparse import before, game, learner
from contextlib import nullcontext
from metanash import learn
old, *sizes, iterations = map(int, sys.argv[1:])
with before() if old else nullcontext():
    learn(game(*sizes, True), learner(), iterations, at=[iterations])
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def learner() -> OptimisticMirrorDescent:
    """Algorithm 1."""
    return OptimisticMirrorDescent(0.1, keep_stages=False)


def game(states: int, actions: int, horizon: int, branching: int, stationary: bool) -> GameBatch:
    """One game of the family ``sparse_zero_sum``."""
    return GameBatch.of(
        families.sparse_zero_sum_sequence(
            "random", 0, "bench", n_games=1, perturbation=0.1, horizon=horizon, n_states=states,
            n_actions=(actions, actions), branching=branching, stationary=stationary,
        )
    )  # fmt: skip


def old_expect(self: TransitionBatch, values: Floats, step: int) -> Floats:
    """P_h V by SciPy, a product a vector."""
    games, count, states = values.shape
    step = step if self.steps > 1 else 0
    shape = (games, count, states, *self.n_actions)
    if games * count == 1:
        return np.asarray(self.kinds[0]._own_matrices[step] @ values[0, 0]).reshape(shape)
    out = np.empty((games, count, self.rows))
    for kind, value, target in zip(self.transitions, values, out, strict=True):
        for vector, row in zip(value, target, strict=True):
            row[...] = kind._own_matrices[step] @ vector
    return out.reshape(shape)


def old_backup(self: TransitionBatch, reward: Floats, values: Floats, out: Floats | None = None) -> Floats:  # noqa: ARG001
    """Rewards and products, in a new array."""
    q = reward.copy()
    for h in range(values.shape[1] - 1):
        q[:, h] += self.expect(values[:, h + 1 : h + 2], h)[:, 0]
    return q


@contextmanager
def before() -> Iterator[None]:
    """The library as it was."""
    with (
        mock.patch.object(TransitionBatch, "expect", old_expect),
        mock.patch.object(TransitionBatch, "backup", old_backup),
        mock.patch.object(Transition, "rows", return_value=None),
    ):
        yield


def spent(call: Callable[[], object]) -> float:
    """Processor time of a call, that of all threads."""
    start = time.process_time()
    call()
    return time.process_time() - start


def in_turns(call: Callable[[], object], rounds: int) -> dict[str, float]:
    """Fastest rounds: before, now, and now on two threads."""
    best = dict.fromkeys(["before", "now", "two threads"], float("inf"))
    for _ in range(rounds):
        with before():
            best["before"] = min(best["before"], spent(call))
        best["now"] = min(best["now"], spent(call))
        kernels.use_threads(2)
        best["two threads"] = min(best["two threads"], spent(call) / 2.0)
        kernels.use_threads(1)
    return best


def least(games: GameBatch, peaks: roofline.Peaks) -> dict[str, float]:
    """Seconds to move once what a value update and a gap need; a kernel that steps share is read once by the former."""
    matrices = [part for kind in games.transitions.kinds for rows in kind.parts for part in rows]
    kernel, table, horizon = sum(part.nbytes for part in matrices), games.reward.nbytes, games.game.horizon
    steps = games.transitions.steps
    moved = {
        "value update": kernel / steps * (1 if steps == 1 else horizon - 1) + 2 * table,
        "NE-gap": kernel / steps * (horizon - 1) + table,
    }
    return {name: bytes_ / 8 * peaks.read(int(kernel), 3) * 1e-9 for name, bytes_ in moved.items()}


def peak_memory(old: bool, sizes: tuple[int, ...], iterations: int) -> float:
    """Bytes of a process that learns one game of these sizes."""
    command = [sys.executable, "-c", MEMORY, *map(str, (int(old), *sizes, iterations))]
    return 1024.0 * float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def write_and_draw(rounds: int) -> None:
    """The roofline, as ``benchmarks/results/sparse.csv`` and a figure."""
    from benchmarks import sparse_roofline  # noqa: PLC0415  # Matplotlib and seaborn

    rows = []
    for row in sparse_roofline.measure(rounds=rounds):
        print(*(f"{value:.3g}" if isinstance(value, float) else value for value in row.values()), flush=True)
        rows.append(row)
    frame = pd.DataFrame(rows, columns=sparse_roofline.COLUMNS)
    frame.to_csv(sparse_roofline.RESULTS / "sparse.csv", index=False, float_format="%.4g")
    sparse_roofline.draw(frame, sparse_roofline.RESULTS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--states", type=int, default=10_000)
    parser.add_argument("--actions", type=int, nargs="*", default=[8])
    parser.add_argument("--horizons", type=int, nargs="*", default=[2, 5])
    parser.add_argument("--branching", type=int, default=4)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--own", action="store_true", help="kernels of their own at every step, too")
    parser.add_argument("--memory", action="store_true", help="peak memory of processes that learn, too")
    parser.add_argument("--roofline", action="store_true", help="the least time by peaks.c, which a minute compiles")
    parser.add_argument(
        "--draw", action="store_true", help="only value updates and gaps against the size, as table and figure"
    )
    arguments = parser.parse_args()
    if arguments.draw:
        write_and_draw(arguments.rounds)
        return
    peaks = roofline.peaks(3) if arguments.roofline else None
    for actions, horizon, own in np.ndindex(len(arguments.actions), len(arguments.horizons), 1 + arguments.own):
        sizes = (arguments.states, arguments.actions[actions], arguments.horizons[horizon], arguments.branching)
        games = game(*sizes, not own)
        rng = np.random.default_rng(0)
        policy = [rng.dirichlet(np.ones(n), size=(1, games.game.horizon, sizes[0])) for n in games.game.n_actions]
        value, q = rng.uniform(size=(1, games.game.horizon, sizes[0])), np.empty_like(games.reward)
        iterations = arguments.iterations
        calls: dict[str, Callable[[], object]] = {
            "value update": lambda g=games, v=value, q=q: g.transitions.backup(g.reward, v, q),  # type: ignore[misc]
            "NE-gap": lambda g=games, p=policy: gaps.ne_gaps(g, p),  # type: ignore[misc]
            f"learn, T = {iterations}": lambda g=games, t=iterations: learn(g, learner(), t, at=[t]),  # type: ignore[misc]
        }
        bound = least(games, peaks) if peaks else {}
        label = f"S{sizes[0]} {sizes[1]}x{sizes[1]} H{sizes[2]}" + (", a kernel a step" if own else "")
        for name, call in calls.items():
            found = in_turns(call, arguments.rounds)
            ratios = [found["before"] / found[key] for key in ("now", "two threads")]
            times = ", ".join(f"{key} {1e3 * seconds:.4g} ms" for key, seconds in found.items())
            line = f"{label}, {name}: {times}; ratios {ratios[0]:.2f}, {ratios[1]:.2f}"
            print(line + (f"; least {1e3 * bound[name]:.3g} ms" if name in bound else ""), flush=True)
        if arguments.memory and not own:
            found = {old: peak_memory(old, sizes, iterations) for old in (True, False)}
            print(f"{label}, memory: before {found[True] / 1e6:.0f} MB, now {found[False] / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
