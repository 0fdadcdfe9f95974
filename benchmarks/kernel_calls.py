"""Kernel calls whose instructions are counted; a script for ``benchmarks.instructions``.

``python -I -S kernel_calls.py compiled.so`` makes two calls a case, the second with twice the iterations (for
``expect``, values, ``equilibria`` and ``maml``: twice the games or inner steps). It imports nothing but the standard
library and the extension: under callgrind every import costs seconds.
"""

import math
import sys
from array import array
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from random import Random
from types import ModuleType
from typing import NamedTuple

ISA = "avx2"  # the best that valgrind knows
WIDTH = 4  # lanes of a vector

Call = Callable[[ModuleType, int], None]


class Case(NamedTuple):
    """A kernel call of so many lanes, made with ``once`` iterations and with twice as many."""

    function: str
    lanes: int
    once: int
    call: Call

    @property
    def work(self) -> int:
        """Lane-iterations by which the two calls differ."""
        return self.lanes * self.once


def uniform(count: int, low: float = 0.0, high: float = 1.0) -> array:
    """Random numbers, the same ones every time."""
    random = Random(0)
    return array("d", (random.uniform(low, high) for _ in range(count)))


def same(value: float, count: int) -> array:
    """One number so many times."""
    return array("d", [value]) * count


def simplex(rows: int, columns: int) -> array:
    """Rows that are distributions."""
    weights = uniform(rows * columns)
    totals = [sum(weights[row * columns : (row + 1) * columns]) for row in range(rows)]
    return array("d", (weight / totals[k // columns] for k, weight in enumerate(weights)))


def mirror(lanes: int, actions: int) -> Call:
    """Algorithm 1 from uniform policies."""

    def call(compiled: ModuleType, iterations: int) -> None:
        size = lanes * actions
        anchors, iterates = (same(0.0, size), same(0.0, size)), (same(1 / actions, size), same(1 / actions, size))
        sums = same(0.0, 2 * size), same(0.0, 2 * size), same(0.0, 2 * lanes)
        q, eta = uniform(size * actions), same(0.1, lanes)
        compiled.mirror(q, eta, *anchors, *iterates, *sums, lanes, actions, actions, 0, iterations)

    return call


def joint_mirror(lanes: int, actions: tuple[int, ...]) -> Call:
    """Algorithm 2 from uniform policies."""
    players, joint, columns = len(actions), math.prod(actions), sum(actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        policy = array("d", [1 / n for n in actions for _ in range(n)]) * lanes
        x, sums, counts = same(0.0, lanes * columns), same(0.0, 2 * lanes * joint), array("q", actions)
        q, eta = uniform(lanes * players * joint), same(0.1, lanes)
        compiled.joint_mirror(q, eta, x, policy, sums, counts, lanes, players, joint, columns, 0, iterations)

    return call


def regret_matching(lanes: int, actions: int) -> Call:
    """Predictive regret matching+ from uniform policies."""

    def call(compiled: ModuleType, iterations: int) -> None:
        size = lanes * actions
        regrets = same(0.1 / actions, size), same(0.1 / actions, size)
        iterates = same(1 / actions, size), same(1 / actions, size)
        sums = same(0.0, 2 * size), same(0.0, 2 * size)
        q, value = uniform(size * actions), same(0.0, lanes)
        compiled.regret_matching(q, *regrets, *iterates, *sums, value, lanes, actions, actions, 0, iterations)

    return call


def ascent(softmax: int, gaps: int) -> Call:
    """A vector of Markov teams of two players with two actions, S = 2."""
    lanes, states, actions = WIDTH, 2, (2, 2)
    players, joint, columns = len(actions), math.prod(actions), sum(actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        reward, transition = uniform(lanes * states * joint), simplex(states * joint, states)
        index, step, initial = array("q", [0] * lanes), same(0.01, lanes), same(1 / states, lanes * states)
        policy = same(0.0 if softmax else 0.5, lanes * states * columns)
        response, sums, least = same(0.0, lanes * states * players), same(0.0, 2 * lanes), same(1.0, lanes)
        sizes = (lanes, players, states, joint, 1, columns, 1)
        arrays = (reward, transition, index, step, initial, array("q", actions), policy, response, sums, least)
        compiled.ascent(*arrays, 0.9, *sizes, softmax, gaps, 0, iterations)

    return call


def maml(compiled: ModuleType, count: int, inner_steps: int) -> None:
    """One meta-gradient of exact MAML on so many of these teams."""
    states, actions = 2, (2, 2)
    players, joint, columns = len(actions), math.prod(actions), sum(actions)
    reward, transition = uniform(count * states * joint), simplex(states * joint, states)
    model = (reward, transition, array("q", [0] * count), same(1 / states, count * states), array("q", actions))
    logits, gradient, found = uniform(states * columns), same(0.0, states * columns), [same(0.0, 1) for _ in range(3)]
    arrays = (*model, array("q", range(count)), same(1 / count, count), logits, gradient, *found)
    sizes = (1, count, count, players, states, joint, columns, 1, inner_steps)
    compiled.maml(*arrays, 0.9, 0.01, 0.0, *sizes, 0, 1, 1)


def maml_steps(compiled: ModuleType, inner_steps: int) -> None:
    """Inner steps and their way back; these are what is doubled."""
    maml(compiled, WIDTH, inner_steps)


def maml_games(compiled: ModuleType, games: int) -> None:
    """Whole games with one inner step; what is doubled is their number."""
    maml(compiled, games, 1)


def expect(rows: int, states: int, vectors: int) -> Call:
    """Expected next values; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        transition, values = simplex(rows, states), uniform(games * vectors * states)
        out, index = same(0.0, games * vectors * rows), array("q", [0] * games)
        compiled.expect(transition, index, values, out, games, rows, states, vectors, 1)

    return call


def equilibria(actions: int) -> Call:
    """Matrix games, solved; what is doubled is their number, the first games being the same ones.

    The function in C has a name of its own: of two that begin with the same letter callgrind would count only one.
    """

    def call(compiled: ModuleType, games: int) -> None:
        payoff, solution = uniform(games * actions * actions), same(0.0, games * (2 + 2 * actions))
        compiled.equilibria(payoff, solution, games, actions, actions)

    return call


def backup(rows: int, states: int, steps: int) -> Call:
    """Rewards plus expected next values; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        transition, values = simplex(rows, states), uniform(games * steps * states)
        reward, out, index = uniform(games * steps * rows), same(0.0, games * steps * rows), array("q", [0] * games)
        compiled.backup(reward, transition, index, values, out, games, steps, rows, states, 1, 0, steps)

    return call


def finite_values(horizon: int, states: int, actions: int) -> Call:
    """Best responses in zero-sum games; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        joint, rows = actions * actions, games * horizon * states
        reward, transition = uniform(rows * joint), simplex(horizon * states * joint, states)
        policy = (same(1 / actions, rows * actions), same(1 / actions, rows * actions))
        index, initial = array("q", [0] * games), same(1 / states, games * states)
        value, start = same(0.0, 2 * rows), same(0.0, 2 * games)
        arrays = (
            reward,
            transition,
            index,
            initial,
            policy,
            array("q", [actions] * 2),
            array("q", [2, 3]),
            value,
            start,
        )
        compiled.finite_values(*arrays, games, 2, horizon, states, joint, 1, 1, horizon, 2, 0)

    return call


def correlated_values(horizon: int, states: int, actions: tuple[int, ...]) -> Call:
    """The values of a stage of Algorithm 2; what is doubled is the number of games."""
    players, joint = len(actions), math.prod(actions)

    def call(compiled: ModuleType, games: int) -> None:
        rows = games * horizon * states
        reward, transition = uniform(rows * players * joint), simplex(states * joint, states)
        weights, index = same(1 / joint, rows * joint), array("q", [0] * games)
        before, after = uniform(2 * players * rows), same(0.0, 2 * players * rows)
        arrays = (reward, transition, index, weights, array("q", actions), before, after)
        compiled.correlated_values(*arrays, games, players, horizon, states, joint, 1, 1, 0)

    return call


def discounted_values(states: int, actions: int) -> Call:
    """Values and best responses in Markov teams; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        joint = actions * actions
        reward, transition = uniform(games * states * joint), simplex(states * joint, states)
        policy = (same(1 / actions, games * states * actions), same(1 / actions, games * states * actions))
        index, initial = array("q", [0] * games), same(1 / states, games * states)
        value, start, wanted = same(0.0, 4 * games * states), same(0.0, 4 * games), array("q", [0, 1, 2, 3])
        arrays = (reward, transition, index, initial, policy, array("q", [actions] * 2), wanted, value, start)
        compiled.discounted_values(*arrays, 0.9, games, 2, states, joint, 1, 1, 4)

    return call


CASES = {
    "mirror 2x2, 1 game": Case("mirror", 4, 2_000, mirror(4, 2)),  # H = S = 2
    "mirror 2x2, 1000 lanes": Case("mirror", 1_000, 20, mirror(1_000, 2)),
    "mirror 10x10": Case("mirror", 4, 200, mirror(4, 10)),
    "joint_mirror 2x2": Case("joint_mirror", 4, 1_000, joint_mirror(4, (2, 2))),
    "joint_mirror 2x2x2": Case("joint_mirror", 4, 1_000, joint_mirror(4, (2, 2, 2))),
    "joint_mirror 3x3": Case("joint_mirror", 4, 500, joint_mirror(4, (3, 3))),
    "regret_matching 2x2": Case("regret_matching", 4, 1_000, regret_matching(4, 2)),
    "regret_matching 10x10, 1 game": Case("regret_matching", 1, 200, regret_matching(1, 10)),
    "regret_matching 10x10, 4 games": Case("regret_matching", 4, 200, regret_matching(4, 10)),
    "Q-ascent": Case("ascent", WIDTH, 500, ascent(0, 0)),
    "Q-ascent with gaps": Case("ascent", WIDTH, 500, ascent(0, 1)),
    "softmax": Case("ascent", WIDTH, 500, ascent(1, 0)),
    "softmax with gaps": Case("ascent", WIDTH, 500, ascent(1, 1)),
    "MAML, an inner step": Case("through_ascent", WIDTH, 200, maml_steps),
    "MAML, a game": Case("through_ascent", 1, 400, maml_games),
    "expect": Case("expect", 1, 20, expect(50, 10, 3)),
    "backup, 2 steps": Case("backup", 1, 20, backup(50, 10, 2)),
    "backup, 5 steps": Case("backup", 1, 20, backup(50, 10, 5)),
    "finite_values 2x2": Case("finite_values", 1, 64, finite_values(2, 2, 2)),
    "finite_values 10x10": Case("finite_values", 1, 8, finite_values(2, 5, 10)),
    "finite_values 20x20": Case("finite_values", 1, 8, finite_values(1, 1, 20)),
    "correlated_values 2x2x2": Case("correlated_values", 1, 64, correlated_values(2, 2, (2, 2, 2))),
    "discounted_values 2x2": Case("discounted_values", 1, 64, discounted_values(2, 2)),
    "discounted_values 10x10": Case("discounted_values", 1, 2, discounted_values(10, 10)),
    "equilibria 2x2": Case("solve_games", 1, 500, equilibria(2)),
    "equilibria 10x10": Case("solve_games", 1, 50, equilibria(10)),
    "equilibria 50x50": Case("solve_games", 1, 2, equilibria(50)),
}


def main(path: str) -> None:
    """Make the calls, in order."""
    name = "metanash.kernels.compiled"
    loader = ExtensionFileLoader(name, path)
    compiled = module_from_spec(spec_from_loader(name, loader))
    loader.exec_module(compiled)
    for case in CASES.values():
        for times in (1, 2):
            case.call(compiled, times * case.once)


if __name__ == "__main__":
    main(sys.argv[1])
