"""Equilibria of zero-sum matrix games and Markov games by the simplex method, each one certified by its gap.

The oracle of learners, and Figure 1(c). Of several equilibria of a matrix game it is a vertex of their set, and a
saddle point in pure strategies where there is one: the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash.checks import name_entry
from metanash.games import GameBatch, ZeroSumGame

__all__ = [
    "TOLERANCE",
    "MatrixEquilibria",
    "MatrixEquilibrium",
    "StageEquilibrium",
    "matrix_equilibria",
    "matrix_equilibrium",
    "shapley",
    "shapley_batch",
]

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest gap ``max(M nu) - min(mu M)`` of an answer, relative to the range of the payoffs; most are below 1e-14."""


class MatrixEquilibrium(NamedTuple):
    """Equilibrium of a zero-sum matrix game: its value and both players' optimal strategies, (A,) and (B,)."""

    value: float
    mu: Floats
    nu: Floats


class MatrixEquilibria(NamedTuple):
    """Equilibria of zero-sum matrix games: values (G,), and optimal strategies (G, A) and (G, B)."""

    value: Floats
    mu: Floats
    nu: Floats


def matrix_equilibrium(matrix: npt.ArrayLike) -> MatrixEquilibrium:
    """Solve a zero-sum matrix game, rows maximising.

    Parameters
    ----------
    matrix : (A, B) array
        Payoff to the row player.

    Raises
    ------
    ValueError
        If it is no matrix, has no entry, or one that is not finite.
    ArithmeticError
        If the gap of what was found is above :data:`TOLERANCE`.
    """
    payoff = np.asarray(matrix, np.float64, "C")
    try:
        rows, columns = payoff.shape
    except ValueError:
        raise ValueError(f"a matrix game must have axes (a, b), got shape {payoff.shape}") from None
    solution = np.empty(2 + rows + columns)
    if not kernels.equilibria(payoff, solution, 1, rows, columns) <= TOLERANCE:
        _refuse(payoff, solution, "(a, b)")
    # the constructor of a named tuple takes a tenth of the time of a small game
    return tuple.__new__(MatrixEquilibrium, (solution.item(0), solution[2 : 2 + rows], solution[2 + rows :]))


def matrix_equilibria(matrices: npt.ArrayLike) -> MatrixEquilibria:
    """Solve zero-sum matrix games of one size: each to the same bits as :func:`matrix_equilibrium`.

    Parameters
    ----------
    matrices : (G, A, B) array
        Payoffs to the row players.

    Raises
    ------
    ValueError, ArithmeticError
        As in :func:`matrix_equilibrium`, naming the game.
    """
    payoff = np.asarray(matrices, np.float64, "C")
    if payoff.ndim != 3:
        raise ValueError(f"matrix games must have axes (game, a, b), got shape {payoff.shape}")
    games, rows, columns = payoff.shape
    solution = np.empty((games, 2 + rows + columns))
    if not kernels.equilibria(payoff, solution, games, rows, columns) <= TOLERANCE:
        _refuse(payoff, solution, "(game, a, b)")
    return MatrixEquilibria(solution[:, 0], solution[:, 2 : 2 + rows], solution[:, 2 + rows :])


def _refuse(payoff: Floats, solution: Floats, axes: str) -> None:
    """Say what is wrong with the first game that is not solved."""
    bad = ~np.isfinite(payoff)
    if bad.any():
        place = np.argwhere(bad)[0]
        raise ValueError(f"payoffs must be finite; at {name_entry(axes, place)} there is {payoff[tuple(place)]}")
    gap = solution[..., 1]
    place = np.argwhere(~(gap <= TOLERANCE))[0]
    lead = axes.replace(", a, b", "")
    where = f"at {name_entry(lead if len(place) > 1 else lead.strip('()'), place)} " if len(place) else ""
    raise ArithmeticError(
        f"a matrix game was not solved: {where}the gap is {gap[tuple(place)]:.3g} of the range of the payoffs, "
        f"above {TOLERANCE:g}"
    )


@dataclass(frozen=True, eq=False)
class StageEquilibrium:
    """Equilibrium of a zero-sum Markov game: V* (H, S), Q* (H, S, A, B), mu* (H, S, A), nu* (H, S, B).

    Of a batch all have the game as first axis.
    """

    value: Floats
    q: Floats
    mu: Floats
    nu: Floats


def shapley(game: ZeroSumGame) -> StageEquilibrium:
    """Solve a zero-sum Markov game by backward induction: the matrix games of all states of a step at once.

    Raises
    ------
    ArithmeticError
        As in :func:`matrix_equilibrium`.
    """
    found = shapley_batch(game)
    return StageEquilibrium(found.value[0], found.q[0], found.mu[0], found.nu[0])


def shapley_batch(games: ZeroSumGame | Sequence[ZeroSumGame] | GameBatch[ZeroSumGame]) -> StageEquilibrium:
    """Solve several games of one size: each to the same bits as :func:`shapley`.

    Raises
    ------
    ArithmeticError
        As in :func:`matrix_equilibrium`, naming the game and state.
    """
    batch = GameBatch.of(games)
    count, horizon, states, rows, columns = batch.reward.shape
    q = np.array(batch.reward.swapaxes(0, 1), order="C")  # (H, G, S, A, B), as the solutions
    solution = np.empty((horizon, count, states, 2 + rows + columns))
    for h in reversed(range(horizon)):
        if h + 1 < horizon:
            q[h] += batch.transitions.expect(solution[h + 1, :, np.newaxis, :, 0], h)[:, 0]
        if not kernels.equilibria(q[h], solution[h], count * states, rows, columns) <= TOLERANCE:
            _refuse(q[h], solution[h], "(game, s, a, b)")
    parts = (solution[..., 0], q, solution[..., 2 : 2 + rows], solution[..., 2 + rows :])
    return StageEquilibrium(*(np.ascontiguousarray(part.swapaxes(0, 1)) for part in parts))
