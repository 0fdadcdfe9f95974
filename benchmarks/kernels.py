"""Speed of the compiled kernels against plain NumPy loops and the vectorised NumPy twin: ``./do bench``.

All contestants of a case run in turns, in one process and on one thread; the fastest of the rounds counts. What is
reported are ratios: nanoseconds depend on the machine, and are printed to show the size of things only.
"""

import argparse
import itertools
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.plain import plain_ascent, plain_joint_mirror, plain_mirror, plain_regret_matching
from benchmarks.successors import print_successors
from metanash import families, kernels
from metanash.games import DiscountedGame, GameBatch, ZeroSumGame
from metanash.gaps import ne_gaps
from metanash.kernels import compiled, twin
from metanash.learners import ProjectedQAscent, SampledMirrorDescent, SoftmaxGradient, VLearning, learn
from metanash.maml import Tasks, train
from metanash.simulation import simulate


@dataclass(frozen=True)
class Case:
    """Work for all contestants: so many iterations of so many independent lanes."""

    name: str
    lanes: int
    rows: int
    columns: int
    iterations: dict[str, int]  # a contestant's share; slow ones do fewer
    targets: dict[str, float]  # ratio to reach against a contestant


MIRROR_CASES = [
    Case("H2 S2 2x2, 1 game", 4, 2, 2, {"c": 100_000, "twin": 2_000, "plain": 300}, {"plain": 2_000, "twin": 600}),
    Case("H2 S2 2x2, 1000 games", 4_000, 2, 2, {"c": 1_000, "twin": 100, "plain": 1}, {"plain": 5_000, "twin": 12}),
    Case("H5 S50 10x10, 1 game", 250, 10, 10, {"c": 1_000, "twin": 50, "plain": 4}, {"plain": 350, "twin": 12}),
    Case("H10 S500 20x20, kernel only", 5_000, 20, 20, {"c": 20, "twin": 4, "plain": 1}, {"plain": 140, "twin": 9}),
]


@dataclass(frozen=True)
class AscentCase(Case):
    """Gradient play: ``rows`` states, ``columns`` actions per player."""

    players: int
    learner: ProjectedQAscent | SoftmaxGradient


def ascent_cases() -> list[AscentCase]:
    """Every learner on three sizes; nothing is asked for here."""
    learners = {
        "Q-ascent": ProjectedQAscent(0.01),
        "Q-ascent with gaps": ProjectedQAscent(0.01, every_gap=True),
        "softmax": SoftmaxGradient(0.01),
        "softmax with gaps": SoftmaxGradient(0.01, every_gap=True),
    }
    sizes = [
        ("S2 2x2, 1 game", 1, 2, {"c": 20_000, "twin": 200, "plain": 20}),
        ("S2 2x2, 1000 games", 1000, 2, {"c": 200, "twin": 10, "plain": 1}),
        ("S2 2x2x2, 1 game", 1, 3, {"c": 20_000, "twin": 200, "plain": 20}),
    ]
    return [
        AscentCase(f"{name} {size}", games, 2, 2, iterations, {}, players, learner)
        for size, games, players, iterations in sizes
        for name, learner in learners.items()
    ]


def mirror_work(case: Case) -> dict[str, Callable[[], None]]:
    """Algorithm 1, lines 5 and 6, on random Q-estimates in [0, 1]."""
    rng = np.random.default_rng(0)
    q = rng.uniform(size=(case.lanes, case.rows, case.columns))
    eta = np.full(case.lanes, 0.1)

    def work(mirror: Callable[..., None], iterations: int) -> Callable[[], None]:
        def run() -> None:
            x, y = np.zeros((case.lanes, case.rows)), np.zeros((case.lanes, case.columns))
            mu, nu = np.full_like(x, 1 / case.rows), np.full_like(y, 1 / case.columns)
            sums = [np.zeros((2, *shape)) for shape in (x.shape, y.shape, (case.lanes,))]
            mirror(
                q=q, eta=eta, x=x, y=y, mu=mu, nu=nu, sum_mu=sums[0], sum_nu=sums[1], sum_value=sums[2],
                lanes=case.lanes, rows=case.rows, columns=case.columns, done=0, iterations=iterations, predicts=1,
            )  # fmt: skip

        return run

    contestants = {"c": compiled.mirror, "twin": twin.mirror, "plain": plain_mirror}
    return {name: work(function, case.iterations[name]) for name, function in contestants.items()}


REGRET_CASES = [
    Case("regret matching 2x2, 1 game", 1, 2, 2, {"c": 20_000, "twin": 1_000, "plain": 300}, {}),
    Case("regret matching 2x2, 1000 games", 1_000, 2, 2, {"c": 200, "twin": 20, "plain": 1}, {}),
    Case("regret matching 10x10, 1 game", 1, 10, 10, {"c": 20_000, "twin": 1_000, "plain": 300}, {}),
    Case("regret matching 10x10, 1000 games", 1_000, 10, 10, {"c": 200, "twin": 20, "plain": 1}, {}),
    Case("regret matching 100x100, 1 game", 1, 100, 100, {"c": 1_000, "twin": 100, "plain": 100}, {}),
]


def regret_work(case: Case) -> dict[str, Callable[[], None]]:
    """Predictive regret matching+ on random matrices in [0, 1]."""
    q = np.random.default_rng(0).uniform(size=(case.lanes, case.rows, case.columns))

    def work(regret_matching: Callable[..., None], iterations: int) -> Callable[[], None]:
        def run() -> None:
            mu, nu = (np.full((case.lanes, n), 1 / n) for n in (case.rows, case.columns))
            sums, value = [np.zeros((2, *policy.shape)) for policy in (mu, nu)], np.empty(case.lanes)
            regret_matching(
                q=q, x=mu / 10, y=nu / 10, mu=mu, nu=nu, sum_mu=sums[0], sum_nu=sums[1], value=value,
                lanes=case.lanes, rows=case.rows, columns=case.columns, done=0, iterations=iterations,
            )  # fmt: skip

        return run

    contestants = {"c": compiled.regret_matching, "twin": twin.regret_matching, "plain": plain_regret_matching}
    return {name: work(function, case.iterations[name]) for name, function in contestants.items()}


def joint_work(case: Case, actions: tuple[int, ...]) -> dict[str, Callable[[], None]]:
    """Algorithm 2 inside a stage, on random Q-estimates in [0, 1]."""
    players, joint, columns = len(actions), int(np.prod(actions)), sum(actions)
    q = np.random.default_rng(0).uniform(size=(case.lanes, players, joint))
    eta, uniform = np.full(case.lanes, 0.1), np.repeat(1.0 / np.array(actions), actions)

    def work(joint_mirror: Callable[..., None], iterations: int) -> Callable[[], None]:
        def run() -> None:
            x, policy = np.zeros((case.lanes, columns)), np.tile(uniform, (case.lanes, 1))
            sums, counts = np.zeros((2, case.lanes, joint)), np.array(actions, dtype=np.int64)
            joint_mirror(
                q=q, eta=eta, x=x, policy=policy, sum_joint=sums, actions=counts, lanes=case.lanes, players=players,
                joint=joint, columns=columns, done=0, iterations=iterations,
            )  # fmt: skip

        return run

    contestants = {"c": compiled.joint_mirror, "twin": twin.joint_mirror, "plain": plain_joint_mirror}
    runs = {name: work(function, case.iterations[name]) for name, function in contestants.items()}
    return runs | ({"algorithm 1": mirror_work(case)["c"]} if players == 2 else {})


def team_games(case: Case, players: int) -> GameBatch[DiscountedGame]:
    """A game a lane."""
    games = families.potential_sequence(
        "team", 0, "bench", n_games=case.lanes, perturbation=0.1, n_actions=(case.columns,) * players,
        n_states=case.rows,
    )  # fmt: skip
    return GameBatch(tuple(games))


def ascent_work(case: AscentCase) -> dict[str, Callable[[], None]]:
    """Gradient play on Markov teams with one transition kernel."""
    batch = team_games(case, case.players)

    def work(ascent: Callable[..., None], iterations: int) -> Callable[[], None]:
        def run() -> None:
            state = case.learner.start(batch)
            original, kernels.ascent = kernels.ascent, ascent
            try:
                case.learner.advance(batch, state, iterations)
            finally:
                kernels.ascent = original

        return run

    contestants = {"c": compiled.ascent, "twin": twin.ascent, "plain": plain_ascent}
    return {name: work(function, case.iterations[name]) for name, function in contestants.items()}


@dataclass(frozen=True)
class MamlCase(Case):
    """Exact MAML: ``rows`` states, ``columns`` actions for each of two players, so many inner steps."""

    inner_steps: int


MAML_CASES = [
    MamlCase(f"MAML, {steps} inner step{'s' * (steps > 1)}, {name}", games, 2, 2, iterations, {}, steps)
    for name, games, iterations in [
        ("1 game", 1, {"c": 10_000, "twin": 100}),
        ("1000 games", 1_000, {"c": 100, "twin": 5}),
    ]
    for steps in (1, 5)
]


def maml_work(case: MamlCase) -> dict[str, Callable[[], None]]:
    """Meta-iterations on Markov teams with one transition kernel, a replication."""
    tasks = Tasks.of(team_games(case, 2))
    theta = [np.zeros((1, case.rows, case.columns))] * 2

    def work(maml: Callable[..., None], iterations: int) -> Callable[[], None]:
        def run() -> None:
            original, kernels.maml = kernels.maml, maml
            try:
                train(
                    tasks, theta, step=0.01, iterations=iterations, inner_step=0.01, inner_steps=case.inner_steps,
                    at=[iterations],
                )  # fmt: skip
            finally:
                kernels.maml = original

        return run

    return {
        name: work(function, case.iterations[name]) for name, function in [("c", compiled.maml), ("twin", twin.maml)]
    }


def gap_games() -> dict[str, tuple[GameBatch[Any], int]]:
    """Batches whose NE-gaps are worked out, and how many times in a round."""
    seeded = {"n_games": 1, "perturbation": 0.1}
    batch = {"n_games": 1000, "perturbation": 0.1}
    two_players, zero_sum, team = {"n_actions": (2, 2)}, families.zero_sum_sequence, families.potential_sequence
    large = {"n_states": 50, "n_actions": (10, 10), "horizon": 5}
    sequences = {
        "H2 S2 2x2, 1 game": (zero_sum("mixed", 0, "gap", horizon=2, **seeded), 1_000),
        "H2 S2 2x2, 1000 games": (zero_sum("mixed", 0, "gap", horizon=2, **batch), 20),
        "sparse H5 S50 10x10": (families.sparse_zero_sum_sequence("random", 0, "gap", **seeded, **large), 20),
        "team S2 2x2, 1 game": (team("team", 0, "gap", n_states=2, **two_players, **seeded), 500),
        "team S2 2x2, 1000 games": (team("team", 0, "gap", n_states=2, **two_players, **batch), 10),
        "team S2 2^8, 1 game": (team("team", 0, "gap", n_states=2, n_actions=(2,) * 8, **seeded), 100),
        "team S20 4x4, 1 game": (team("team", 0, "gap", n_states=20, n_actions=(4, 4), **seeded), 200),
    }
    return {name: (GameBatch(tuple(games)), calls) for name, (games, calls) in sequences.items()}


def gap_work(games: GameBatch[Any], calls: int) -> dict[str, Callable[[], None]]:
    """Whole calls of ``ne_gaps`` at uniform policies, with the compiled kernels and with the twin."""
    game = games.game
    lead = (len(games), *(() if isinstance(game, DiscountedGame) else (game.horizon,)), game.n_states)
    policy = [np.full((*lead, n), 1.0 / n) for n in game.n_actions]
    names = ("finite_values", "discounted_values", "off_simplex", "expect")

    def work(module: ModuleType) -> Callable[[], None]:
        def run() -> None:
            original = {name: getattr(kernels, name) for name in names}
            try:
                for name in names:
                    setattr(kernels, name, getattr(module, name))
                for _ in range(calls):
                    ne_gaps(games, policy)
            finally:
                for name, function in original.items():
                    setattr(kernels, name, function)

        return run

    return {"c": work(compiled), "twin": work(twin)}


def print_gaps(rounds: int) -> None:
    """Microseconds of a call of ``ne_gaps``."""
    print("\nNE-gaps, microseconds per call of ne_gaps:")
    for name, (games, calls) in gap_games().items():
        found = measure(gap_work(games, calls), {"c": calls, "twin": calls}, 1, rounds)
        print(f"{name:36s}  {found['c'] / 1e3:9.1f}  {found['twin'] / 1e3:10.1f}  {found['twin'] / found['c']:8.1f}")


SAMPLED = {
    "simulate 2x2, H2 S2": (lambda game, games: simulate(game, uniform(game, games), 1_000_000), 2e6, 20e6),
    "V-learning": (lambda game, _: learn(game, VLearning(1.0), 100_000, at=[100_000]), 2e5, 0.0),
    "Algorithm 1 on batches of 100": (
        lambda game, _: learn(game, SampledMirrorDescent(0.1), 5_000, at=[5_000]),
        1e6,
        0.0,
    ),
}
"""Sampled play of a game of two steps, states and actions: calls, their steps, and steps a second to reach."""


def uniform(game: ZeroSumGame, games: int) -> tuple[np.ndarray, ...]:
    """Uniform policies."""
    return tuple(np.full((games, game.horizon, game.n_states, n), 1.0 / n) for n in game.n_actions)


def print_steps(rounds: int) -> list[str]:
    """Millions of sampled steps a second of processor time on one core, the best of the rounds; targets missed."""
    (game,) = families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1)
    missed = []
    print("\nSampled play, million steps a second:")
    for name, (call, steps, least) in SAMPLED.items():
        best = float("inf")
        for _ in range(rounds):
            start = time.process_time()
            call(game, 1)
            best = min(best, time.process_time() - start)
        found = steps / best
        verdict = f" (>= {least / 1e6:g}: {'met' if found >= least else 'MISSED'})" if least else ""
        print(f"{name:36s}  {found / 1e6:9.1f}{verdict}", flush=True)
        if found < least:
            missed.append(f"{name}: {found / 1e6:.1f} million steps a second of {least / 1e6:g}")
    return missed


def measure(
    work: dict[str, Callable[[], None]], iterations: dict[str, int], lanes: int, rounds: int
) -> dict[str, float]:
    """Nanoseconds a lane and iteration of each contestant, the best of interleaved rounds."""
    best = dict.fromkeys(work, float("inf"))
    for _ in range(rounds):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return {name: seconds / (lanes * iterations.get(name, iterations["c"])) * 1e9 for name, seconds in best.items()}


def row(case: Case, found: dict[str, float]) -> str:
    """One line of the table, with what is asked for and whether it is reached."""
    plain = f"{found['plain']:11.0f}" if "plain" in found else f"{'-':>11s}"
    parts = [f"{case.name:36s}", f"{found['c']:9.2f}", f"{found['twin']:10.1f}", plain]
    for contestant in ("plain", "twin"):
        if contestant not in found:
            parts.append(f"{'-':>8s}{'':18s}")
            continue
        ratio = found[contestant] / found["c"]
        target = case.targets.get(contestant)
        verdict = "" if target is None else f" (>= {target:g}: {'met' if ratio >= target else 'MISSED'})"
        parts.append(f"{ratio:8.0f}{verdict:18s}")
    return "  ".join(parts)


def main() -> None:
    """Print the table; with ``--json``, also write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="interleaved repetitions, of which the fastest counts")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()
    cases: list[tuple[Case, dict[str, Callable[[], None]]]] = []
    cases += [(case, mirror_work(case)) for case in MIRROR_CASES]
    cases += [(case, regret_work(case)) for case in REGRET_CASES]
    for actions, (lanes, share) in itertools.product(
        [(2, 2), (3, 3), (2, 2, 2), (2,) * 5, (10, 10)],
        [(1, {"c": 20_000, "twin": 1_000, "plain": 300}), (1_000, {"c": 200, "twin": 20, "plain": 1})],
    ):
        name = f"Algorithm 2, {'x'.join(map(str, actions))}, {lanes} lane{'s' * (lanes > 1)}"
        case = Case(name, lanes, actions[0], actions[1], share, {})
        cases.append((case, joint_work(case, actions)))
    cases += [(case, ascent_work(case)) for case in ascent_cases()]
    cases += [(case, maml_work(case)) for case in MAML_CASES]
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, kernels {compiled.isa}")
    print("ns per lane and iteration of the compiled kernels, the NumPy twin and plain NumPy loops; then ratios to")
    print(f"the compiled kernels. Best of {arguments.rounds} interleaved rounds, one thread.\n")
    print(f"{'case':36s}  {'C':>9s}  {'twin':>10s}  {'plain':>11s}  {'plain / C':>26s}  {'twin / C':>26s}")
    results = {}
    with threadpool_limits(limits=1):
        for case, contestants in cases:
            found = measure(contestants, case.iterations, case.lanes, arguments.rounds)
            results[case.name] = {"ns": found, "targets": case.targets}
            print(row(case, found), flush=True)
        print_gaps(arguments.rounds)
        slow = print_steps(arguments.rounds) + print_successors(arguments.rounds)
    if arguments.json:
        arguments.json.write_text(json.dumps({"isa": compiled.isa, "cases": results}, indent=1) + "\n")
    print("\nAlgorithm 2 over Algorithm 1, compiled, the same size:")
    for name, found in results.items():
        if "algorithm 1" in found["ns"]:
            print(f"{name:36s}  {found['ns']['c'] / found['ns']['algorithm 1']:9.2f}")
    missed = slow + [
        f"{name} against {contestant}: {found['ns'][contestant] / found['ns']['c']:.1f} of {least:g}"
        for name, found in results.items()
        for contestant, least in found["targets"].items()
        if found["ns"][contestant] < least * found["ns"]["c"]
    ]
    print(f"\ntargets missed: {'; '.join(missed) or 'none'} (docs/performance.md)")


if __name__ == "__main__":
    main()
