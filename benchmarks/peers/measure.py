"""Run all contestants and write ``peers.csv``, ``curves.csv`` and ``machine.json``: ``./do bench-peers``.

To be started as ``./do`` does it: one thread for every library. The process keeps to one core.
"""

import argparse
import contextlib
import csv
import importlib.metadata
import io
import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.peers import exact, first_order, trees, twins
from benchmarks.peers.contest import (
    TARGETS,
    Contestant,
    Outcome,
    Session,
    absent,
    interleaved,
    largest_difference,
    look,
    race,
    seconds,
    timed_curve,
)
from metanash import OptimisticMirrorDescent, ProjectedQAscent, families, kernels, maml
from metanash.archive import write_text
from metanash.games import GameBatch

SIZES = (2, 5, 10, 20, 50, 100)
MARKOV = ((2, 2, 2), (2, 3, 3), (3, 2, 2))
"""Steps, states and actions."""
ASCENT = ((2, 1, 20_000), (2, 1_000, 1_000), (3, 1, 20_000), (3, 1_000, 500))
"""Players with two actions each, games, iterations."""
MAML = ((1, 1, 10_000), (5, 1, 5_000), (1, 1_000, 200), (5, 1_000, 50))
"""Inner steps; games with S = 2 and two actions for each of two players; iterations."""
MIRROR = (((2, 2, 2), 1, 100_000), ((2, 2, 2), 1_000, 2_000), ((5, 50, 10), 1, 2_000))
"""Steps, states and actions; games; iterations."""
DISTRIBUTIONS = ("LiteEFG", "open_spiel", "quantecon", "nashpy", "pygambit", "jax", "numpy", "scipy", "numba", "cvxpy")
CHECKED, AGREEMENT = 50, 1e-10
"""Iterations after which re-implementations are compared with metanash, and how far they may be from it."""
STEP, ETA = 0.01, 0.1
COLUMNS = ("group", "kind", "game", "seed", "contestant", "iterations", "gap", "seconds_per_iteration",
           *(f"seconds_to_{target:g}" for target in TARGETS), "difference", "first_call", "error")  # fmt: skip

Row = dict[str, object]


def zero_sum(seeds: int, budget: float, rounds: int, missing: dict[str, str]) -> tuple[list[Row], list[Row]]:
    """Rows of all zero-sum games, and the curves of the first seed."""
    groups: list[tuple[str, str, Callable[[int], trees.Tree], list[Contestant]]] = [
        ("matrix", f"{n} x {n}", lambda seed, n=n: trees.matrix_game(n, seed), first_order.MATRICES + exact.MATRICES)
        for n in SIZES
    ] + [
        ("Markov", f"H{h} S{s} {a}x{a}", lambda seed, size=(h, s, a): trees.markov_game(*size, seed),
         first_order.TREES + exact.TREES)
        for h, s, a in MARKOV
    ]  # fmt: skip
    rows: list[Row] = []
    curves: list[Row] = []
    for group, name, make, everybody in groups:
        contestants = [contestant for contestant in everybody if contestant.package not in missing]
        for seed in range(seeds):
            race(contestants, trees.matrix_game(2, 99), 0.0, 0)  # compiles what is compiled at run time
            tree = make(seed)
            found = race(contestants, tree, budget, rounds)
            kinds = {contestant.name: contestant.kind for contestant in contestants}
            rows += [_row(group, kinds[item[0]], name, seed, *item) for item in found.items()]
            if seed == 0:
                curves += _curves(name, tree, contestants, found)
        print(f"{group} {name}: done", flush=True)
    return rows, curves


def _row(group: str, kind: str, game: str, seed: int, contestant: str, found: Outcome) -> Row:
    times = {f"seconds_to_{target:g}": found.to_gap[target] for target in TARGETS}
    last = {"iterations": found.iterations[-1], "gap": found.gaps[-1]} if found.iterations else {}
    named: Row = {"group": group, "kind": kind, "game": game, "seed": seed, "contestant": contestant}
    named["error"] = found.error
    return named | last | {"seconds_per_iteration": found.per_iteration} | times


def _curves(game: str, tree: trees.Tree, contestants: Iterable[Contestant], found: dict[str, Outcome]) -> Iterator[Row]:
    """Points of the figure."""
    for contestant in contestants:
        for n, taken, gap in timed_curve(contestant, tree, found[contestant.name]):
            named: Row = {"game": game, "contestant": contestant.name, "iterations": n}
            yield named | {"seconds": f"{taken:.3e}", "gap": f"{gap:.3e}"}


Run = Callable[[int], Iterable[np.ndarray]]
"""What a re-implementation has after so many iterations from the start."""


def twin_rows(group: str, game: str, runs: dict[str, Run], iterations: int, rounds: int) -> list[Row]:
    """Rows of contestants that compute the same thing, metanash first; NumPy does a twentieth of the iterations.

    Raises ArithmeticError if they do not: after few iterations, when no policy has come to a corner yet.
    """
    shares = {name: iterations // 20 if name.startswith("NumPy") else iterations for name in runs}
    rows: list[Row] = []
    reference = next(iter(runs.values()))(CHECKED)
    for name, run in runs.items():
        first = seconds(run, 1)
        difference = largest_difference(reference, run(CHECKED))
        if not difference <= AGREEMENT:
            raise ArithmeticError(f"{game}: {name} is {difference:.3g} from metanash, more than {AGREEMENT:g}")
        named: Row = {"group": group, "kind": "learner", "game": game, "seed": 0, "contestant": name}
        named["iterations"] = shares[name]
        rows.append(named | {"difference": difference, "first_call": first})
    best = interleaved({name: lambda run=run, n=shares[name]: run(n) for name, run in runs.items()}, rounds)
    print(f"{group}, {game}: done", flush=True)
    return [row | {"seconds_per_iteration": best[name] / shares[name]} for name, row in zip(runs, rows, strict=True)]


def ascent(rounds: int, with_jax: bool) -> list[Row]:
    """Projected Q-ascent on Markov teams."""
    rows = []
    for players, count, iterations in ASCENT:
        games = families.potential_sequence(
            "team", 0, "peers", n_games=count, perturbation=0.1, n_actions=(2,) * players, n_states=2
        )
        batch, learner = GameBatch(tuple(games)), ProjectedQAscent(STEP)

        def ours(iterations: int, batch=batch, learner=learner) -> list[np.ndarray]:
            policy = learner.output(learner.advance(batch, learner.start(batch), iterations))
            return [np.moveaxis(part, 0, -1) for part in policy]

        runs: dict[str, Run] = {"metanash, projected Q-ascent": ours}
        runs["NumPy, projected Q-ascent"] = partial(twins.ascent_numpy, batch, STEP)
        if with_jax:
            runs["JAX, projected Q-ascent"] = _jax_ascent(batch)
        found = twin_rows("Q-ascent", f"S2 {'x'.join(['2'] * players)}, {_games(count)}", runs, iterations, rounds)
        rows += _with_gaps(found, batch, learner) if count == 1 else found
    return rows


def _games(count: int) -> str:
    return f"{count:,} game{'s' * (count > 1)}"


def _with_gaps(rows: list[Row], batch: GameBatch, learner: ProjectedQAscent) -> list[Row]:
    """Rows of one game with the seconds to the targets: iterations are the same for all, whose iterates are."""
    state = learner.start(batch)

    def advance(iterations: int) -> None:
        nonlocal state
        state = learner.advance(batch, state, iterations)

    session = Session(advance, lambda: float(learner.measure(batch, state)["ne_gap"][0]))
    found = look(Contestant("", "metanash", lambda _: session), batch, 2.0)
    needed = {f"seconds_to_{target:g}": found.needed(target) or np.inf for target in TARGETS}
    return [row | {name: n * row["seconds_per_iteration"] for name, n in needed.items()} for row in rows]


def _jax_ascent(batch: GameBatch) -> Run:
    import jax

    run, arrays = twins.ascent_jax(), jax.device_put(twins.ascent_arrays(batch))
    return lambda iterations: jax.block_until_ready(run(*arrays, batch.game.discount, STEP, iterations))


def exact_maml(rounds: int, with_jax: bool) -> list[Row]:
    """Exact MAML on Markov teams; metanash's NumPy is no re-implementation, so there is none."""
    rows = []
    for inner_steps, count, iterations in MAML:
        games = families.potential_sequence(
            "team", 0, "peers", n_games=count, perturbation=0.1, n_actions=(2, 2), n_states=2
        )
        tasks, start = maml.Tasks.of(games), [np.zeros((1, 2, 2))] * 2

        def ours(iterations: int, tasks=tasks, start=start, inner_steps=inner_steps) -> list[np.ndarray]:
            found = maml.train(
                tasks, start, step=STEP, iterations=iterations, inner_step=STEP, inner_steps=inner_steps,
                at=[iterations],
            )  # fmt: skip
            return [np.moveaxis(part, 0, -1) for part in found.logits]

        runs: dict[str, Run] = {"metanash, exact MAML": ours}
        if with_jax:
            runs["JAX, exact MAML"] = _jax_maml(GameBatch(tuple(games)), inner_steps)
        name = f"{inner_steps} inner step{'s' * (inner_steps > 1)}, {_games(count)}"
        rows += twin_rows("MAML", name, runs, iterations, rounds)
    return rows


def _jax_maml(batch: GameBatch, inner_steps: int) -> Run:
    import jax

    run, arrays = twins.maml_jax(), jax.device_put(twins.maml_arrays(batch))
    numbers = (batch.game.discount, STEP, STEP)
    return lambda iterations: jax.block_until_ready(run(*arrays, *numbers, iterations, inner_steps))


def mirror(rounds: int, with_jax: bool) -> list[Row]:
    """Algorithm 1, with its value updates."""
    rows = []
    for (horizon, states, actions), count, iterations in MIRROR:
        games = families.zero_sum_sequence(
            "random", 0, "peers", n_games=count, perturbation=0.1,
            horizon=horizon, n_states=states, n_actions=(actions, actions),
        )  # fmt: skip
        batch, learner = GameBatch(tuple(games)), OptimisticMirrorDescent(ETA, keep_stages=False)

        def ours(iterations: int, batch=batch, learner=learner) -> list[np.ndarray]:
            policy = learner.output(learner.advance(batch, learner.start(batch), iterations))
            return [part.reshape(-1, part.shape[-1]).T for part in policy]

        runs: dict[str, Run] = {first_order.REFERENCE: ours}
        runs["NumPy, Algorithm 1"] = partial(twins.mirror_numpy, batch, ETA)
        if with_jax:
            runs["JAX, Algorithm 1"] = _jax_mirror(batch)
        name = f"H{horizon} S{states} {actions}x{actions}, {_games(count)}"
        rows += twin_rows("Algorithm 1", name, runs, iterations, rounds)
    return rows


def _jax_mirror(batch: GameBatch) -> Run:
    import jax

    run, arrays = twins.mirror_jax(), jax.device_put(twins.mirror_arrays(batch))
    return lambda iterations: jax.block_until_ready(run(*arrays, ETA, iterations))


def _processor() -> str:
    """Its name, where Linux tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine(missing: dict[str, str], options: argparse.Namespace) -> dict[str, object]:
    """What the numbers were measured with."""
    versions = {}
    for name in DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "kernels": kernels.instruction_set,
        "versions": versions,
        "absent": missing,
        "seeds": options.seeds,
        "rounds": options.rounds,
        "budget": options.budget,
    }


def write_csv(path: Path, rows: list[Row], columns: Iterable[str]) -> None:
    """Write rows whole; what a row lacks is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="games of each size")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved repetitions, of which the fastest counts")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds for a learner to reach the smallest gap")
    parser.add_argument("--to", type=Path, default=Path("benchmarks/results"), help="folder for what is written")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    everybody = [*first_order.MATRICES, *exact.MATRICES, *exact.TREES]
    missing = absent([*(contestant.package for contestant in everybody), "jax"])
    for package, reason in missing.items():
        print(f"{package} is left out: {reason}", flush=True)
    rows = [
        row
        for race_twins in (mirror, ascent, exact_maml)
        for row in race_twins(2 * options.rounds, "jax" not in missing)
    ]
    found, curves = zero_sum(options.seeds, options.budget, options.rounds, missing)
    options.to.mkdir(parents=True, exist_ok=True)
    write_csv(options.to / "peers.csv", rows + found, COLUMNS)
    write_csv(options.to / "curves.csv", curves, ("game", "contestant", "iterations", "seconds", "gap"))
    write_text(options.to / "machine.json", json.dumps(machine(missing, options), indent=1) + "\n")


if __name__ == "__main__":
    main()
