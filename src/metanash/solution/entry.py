"""``solve``: one function for every game that the library can solve."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from metanash.extensive import ExtensiveGame, Tree
from metanash.extensive.packages import is_tree_of_a_package, tree_from_package
from metanash.gambit import Units
from metanash.gambit.scaling import keeping_payoffs
from metanash.games import DiscountedGame, GameBatch, MarkovGame, ZeroSumGame
from metanash.neighbours import from_neighbour, is_neighbour
from metanash.solution.discounted import solve_discounted
from metanash.solution.files import Loaded, LoadedStochastic, LoadedTree, load
from metanash.solution.markov import solve_markov, solve_one_shot, solve_zero_sum
from metanash.solution.matrix import solve_matrix
from metanash.solution.result import Solution
from metanash.solution.stochastic import solve_stochastic
from metanash.solution.strategic import payoff_table, solve_payoffs
from metanash.solution.trees import solve_tree
from metanash.solution.unscaled import solve_unscaled
from metanash.stochastic import StochasticGame
from metanash.typing import Array

__all__ = ["SOLVERS", "solve", "solve_loaded"]

SOLVERS: dict[type, Callable[[Any, Units | None], Solution]] = {
    ExtensiveGame: solve_tree,
    Tree: solve_tree,
    ZeroSumGame: solve_zero_sum,
    MarkovGame: solve_markov,
    DiscountedGame: solve_discounted,
    StochasticGame: solve_stochastic,
}
"""How a game of a class is solved: functions of the game and its units. A new class is one more entry."""
_GAMES = (ZeroSumGame, MarkovGame, DiscountedGame, StochasticGame)


def solve(game: Any, *, units: Units | None = None, zero_sum: bool | None = None) -> Solution:
    """Find an equilibrium of a game, in the payoffs of whoever gave it, with the NE-gap that certifies it.

    ===========================================  ======================================================================
    game                                         method
    ===========================================  ======================================================================
    one matrix: zero-sum, payoffs of the rows    the simplex method (:mod:`metanash.exact`)
    a pair of matrices                           the same if their sum is constant; else pure strategies, then the
                                                 method of Lemke and Howson (:mod:`metanash.solution.bimatrix`)
    N tensors (A_1, ..., A_N)                    pure strategies, then a path of logit equilibria that ends in Newton's
                                                 method (:mod:`metanash.solution.several`)
    ``ZeroSumGame``, ``MarkovGame``              backward induction with these
    zero-sum ``DiscountedGame``                  policy iteration (:mod:`metanash.solution.discounted`)
    ``DiscountedGame`` of a team                 policy iteration of one who chooses all actions
    ``StochasticGame``, ``DiscountedGame`` else  a path of logit responses to traced beliefs that ends in Newton's
                                                 method (:mod:`metanash.solution.stochastic`)
    ``ExtensiveGame``, ``Tree``                  two players of constant sum: a linear program in sequence form; perfect
                                                 information: backward induction; else the strategic form
                                                 (:mod:`metanash.solution.trees`)
    a file: .nfg, .efg, .gam, .npz, .csv, .json  as the game that it holds
    a matrix game of another package             as its payoffs (:mod:`metanash.neighbours`)
    a tree of OpenSpiel or pygambit              as a ``Tree`` (:mod:`metanash.extensive.packages`)
    ===========================================  ======================================================================

    Parameters
    ----------
    game : nested lists, array, sequence of arrays, game, path or game of another package
    units : Units, optional
        In which values and gaps of a game of this library are told. Default: in units of reward. Files and payoffs have
        units of their own.
    zero_sum : bool, optional
        Of a file that leaves it open, as in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    Solution

    Raises
    ------
    ValueError
        If it is no game, or one of a kind that nothing here solves; the message says what is wrong, where, and what
        can be done.
    ArithmeticError
        If no equilibrium is found whose gap is small enough, which the message says.

    Examples
    --------
    >>> import metanash as mn
    >>> mn.solve([[0, 2], [3, 1]])
    zero-sum game, value 1.5 to player 1, NE-gap 0
    player 1  0.5       0.5
    player 2  0.25      0.75
    by the simplex method
    >>> mn.solve(([[3, 0], [0, 1]], [[0, 1], [1, 0]]))
    general-sum game, payoffs 0.75, 0.5, NE-gap 0
    player 1  0.5       0.5
    player 2  0.25      0.75
    by Lemke-Howson in integers
    """
    if (type(game) is list or type(game) is np.ndarray) and units is None and zero_sum is None:
        try:
            table: Array = np.asarray(game)
        except ValueError:
            payoff_table(game)
            raise
        if table.ndim == 2 and table.dtype.kind in "fiu" and table.size:
            return solve_matrix(table)  # first of all, since it takes no longer than what is left of this function
    if isinstance(game, str | os.PathLike):
        _only("units", units, "games of this library; a file has its own")
        return solve_loaded(load(Path(game), zero_sum), zero_sum=zero_sum)
    _only("zero_sum", zero_sum, "files")
    for cls, solver in SOLVERS.items():
        if isinstance(game, cls):
            return solver(game, units)
    _only("units", units, "games of this library; payoffs are their own")
    if is_tree_of_a_package(game):
        return solve_tree(tree_from_package(game))
    if is_neighbour(game):
        return _solve_neighbour(game)
    several = isinstance(game, GameBatch) or (isinstance(game, list | tuple) and isinstance((*game, None)[0], _GAMES))
    if isinstance(game, list | tuple | np.ndarray) and not several:
        return solve_payoffs(payoff_table(game))
    raise ValueError(
        f"solve takes a matrix, a pair of matrices, a tensor for each player, a game or a path, got {_named(game)}"
        f"{'; it takes one game at a time' * several}"
    )


def _solve_neighbour(game: Any) -> Solution:
    with keeping_payoffs() as kept:
        found, units = from_neighbour(game)
    if kept:
        return solve_unscaled(kept[0].payoffs[:, 0, 0], isinstance(found, ZeroSumGame))
    return solve_one_shot(found, units)


def _only(name: str, value: object, those: str) -> None:
    if value is not None:
        raise ValueError(f"{name} is for {those}; leave it out")


def _named(game: object) -> str:
    if isinstance(game, GameBatch):
        return f"a GameBatch of {type(game.game).__name__}"
    return "None" if game is None else f"a {type(game).__name__}"


def solve_loaded(
    loaded: Loaded | LoadedTree | LoadedStochastic, number: int | None = None, zero_sum: bool | None = None
) -> Solution:
    r"""Solve a game of a file, in its payoffs.

    Parameters
    ----------
    loaded : Loaded, LoadedTree or LoadedStochastic
    number : int, optional
        Which game of the file, from 0. Default: the only one.
    zero_sum : bool, optional
        Of a tree: as in :func:`metanash.solution.trees.solve_tree`; other games know it.

    Raises
    ------
    ValueError
        If there are several games and ``number`` is left out, or none of that number.
    ArithmeticError
        As :func:`solve`.

    Examples
    --------
    >>> _ = Path("game.csv").write_text("0,2\n3,1\n")
    >>> solve_loaded(load(Path("game.csv"))).value
    1.5
    """
    try:
        if not isinstance(loaded, Loaded):
            loaded.check_number(number)
        if isinstance(loaded, LoadedTree):
            return solve_tree(loaded.tree, zero_sum=zero_sum)
        if isinstance(loaded, LoadedStochastic):
            return solve_stochastic(loaded.game)
        game = loaded.game(number)
        if loaded.vanished is not None:
            return solve_unscaled(loaded.vanished.payoffs[:, 0, 0], isinstance(game, ZeroSumGame))
        if loaded.strategic and isinstance(game, ZeroSumGame | MarkovGame):
            return solve_one_shot(game, loaded.units)
        return SOLVERS[type(game)](game, loaded.units)
    except ArithmeticError as error:
        raise ArithmeticError(f"{loaded.path}: {error}") from error
