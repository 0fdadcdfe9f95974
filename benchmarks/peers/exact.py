"""Exact solvers: one call, a gap of rounding size."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks.peers.contest import Contestant, Session
from benchmarks.peers.trees import Tree, set_number
from metanash import exact


def _solver(solve: Callable[[], Any], gap: Callable[[Any], float]) -> Session:
    """A session of which one iteration is the whole solution."""
    solution: Any = None

    def advance(iterations: int) -> None:
        nonlocal solution
        for _ in range(iterations):
            solution = solve()

    return Session(advance, lambda: gap(solution))


def metanash_matrix(tree: Tree) -> Session:
    """Simplex, compiled from C."""
    return _solver(lambda: exact.matrix_equilibrium(tree.matrix), lambda found: tree.matrix_gap(found.mu, found.nu))


def metanash_markov(tree: Tree) -> Session:
    """Backward induction, the matrix games of a step in one call."""
    return _solver(lambda: exact.shapley(tree.game), lambda found: tree.gap([found.mu, found.nu]))


def quantecon(tree: Tree) -> Session:
    """Simplex, compiled by Numba."""
    from quantecon.optimize import minmax

    matrix = np.ascontiguousarray(tree.matrix)
    return _solver(lambda: minmax(matrix), lambda found: tree.matrix_gap(*_cleaned(found[1:])))


def nashpy(tree: Tree) -> Session:
    """Two programs through SciPy."""
    import nashpy

    game = nashpy.Game(tree.matrix, -tree.matrix)
    return _solver(game.linear_program, lambda found: tree.matrix_gap(*_cleaned(found)))


def open_spiel_matrix(tree: Tree) -> Session:
    """The matrix game by its program."""
    import pyspiel
    from open_spiel.python.algorithms import lp_solver

    game = pyspiel.create_matrix_game(tree.matrix, -tree.matrix)
    return _solver(
        lambda: lp_solver.solve_zero_sum_matrix_game(game),
        lambda found: tree.matrix_gap(*_cleaned(np.ravel(part) for part in found[:2])),
    )


def open_spiel_tree(tree: Tree) -> Session:
    """Sequence form."""
    import pyspiel
    from open_spiel.python.algorithms import sequence_form_lp

    game = pyspiel.load_efg_game(tree.text)
    return _solver(
        lambda: sequence_form_lp.solve_zero_sum_game(game),
        lambda found: tree.tree_gap(
            {
                set_number(name): found[2 + player].action_probability_array[
                    found[2 + player].state_lookup[name], : tree.game.n_actions[player]
                ]
                for name in found[2 + player].states_per_player[player]
            }
            for player in (0, 1)
        ),
    )


def gambit_matrix(tree: Tree) -> Session:
    """The program of the strategic form, in floating point."""
    import pygambit

    game = getattr(pygambit, "StrategicGame", pygambit.Game).from_arrays(tree.matrix, -tree.matrix)

    def gap(found: Any) -> float:
        profile = _equilibrium(found)
        return tree.matrix_gap(*_cleaned([share for _, share in profile[player]] for player in game.players))

    return _solver(lambda: pygambit.nash.lp_solve(game, rational=False, use_strategic=True), gap)


def gambit_tree(tree: Tree) -> Session:
    """The program of the sequence form, in floating point."""
    import io

    import pygambit

    game = pygambit.read_efg(io.StringIO(tree.text))

    def gap(found: Any) -> float:
        profile = _equilibrium(found)
        plans = [[row for _, row in profile[player]] for player in game.players]
        return tree.tree_gap({k + 1: [share for _, share in row] for k, row in enumerate(rows)} for rows in plans)

    return _solver(lambda: pygambit.nash.lp_solve(game, rational=False), gap)


def _equilibrium(found: Any) -> Any:
    """The profile that pygambit found: from 17 on there is one, in 16 a list."""
    return found.equilibrium if hasattr(found, "equilibrium") else found.equilibria[0]


def _cleaned(parts: Iterable[Iterable[float]]) -> list[np.ndarray]:
    """Distributions without the rounding of a solver."""
    clipped = [np.clip(np.asarray(list(part), dtype=np.float64), 0.0, None) for part in parts]
    return [part / part.sum() for part in clipped]


MATRICES = [
    Contestant("metanash, linear program", "metanash", metanash_matrix, iterative=False),
    Contestant("QuantEcon, linear program", "quantecon", quantecon, iterative=False),
    Contestant("Nashpy, linear programs", "nashpy", nashpy, iterative=False),
    Contestant("Gambit, linear program", "pygambit", gambit_matrix, iterative=False),
    Contestant("OpenSpiel, linear program", "cvxpy", open_spiel_matrix, iterative=False),
]
TREES = [
    Contestant("metanash, linear program", "metanash", metanash_markov, iterative=False),
    Contestant("Gambit, linear program", "pygambit", gambit_tree, iterative=False),
    Contestant("OpenSpiel, linear program", "cvxpy", open_spiel_tree, iterative=False),
]
