"""Slow and trusted: equilibria by linear programming. The oracle of learners, and Figure 1(c)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from metanash.games import GameBatch, ZeroSumGame

__all__ = ["MatrixEquilibrium", "StageEquilibrium", "matrix_equilibrium", "shapley"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MatrixEquilibrium:
    """Equilibrium of a zero-sum matrix game: its value and both players' optimal strategies."""

    value: float
    mu: Floats
    nu: Floats


def _maximin(matrix: Floats) -> tuple[float, Floats]:
    """The largest v, and a mu, with mu^T M >= v."""
    rows, columns = matrix.shape
    result = scipy.optimize.linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.column_stack([-matrix.T, np.ones(columns)]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[np.newaxis],
        b_eq=[1.0],
        bounds=[(0.0, None)] * rows + [(None, None)],
        method="highs",
    )
    if result.status != 0 or result.x is None:
        raise ArithmeticError(f"the linear program of a matrix game failed: {result.message}")
    strategy = np.clip(result.x[:-1], 0.0, None)
    return float(result.x[-1]), strategy / strategy.sum()


def matrix_equilibrium(matrix: npt.ArrayLike) -> MatrixEquilibrium:
    """Solve a zero-sum matrix game, rows maximising, by two linear programs.

    Where there are several equilibria it is a vertex of their set.

    Parameters
    ----------
    matrix : (A, B) array
        Payoff to the row player.

    Raises
    ------
    ArithmeticError
        If the solver fails, or the two programs disagree by more than 1e-7.
    """
    payoff = np.asarray(matrix, dtype=np.float64)
    low, mu = _maximin(payoff)
    high, nu = _maximin(-payoff.T)
    if abs(low + high) > 1e-7:
        raise ArithmeticError(f"the two linear programs of a matrix game disagree: {low} and {-high}")
    return MatrixEquilibrium((low - high) / 2.0, mu, nu)


@dataclass(frozen=True, eq=False)
class StageEquilibrium:
    """Equilibrium of a zero-sum Markov game: V* (H, S), Q* (H, S, A, B), mu* (H, S, A), nu* (H, S, B)."""

    value: Floats
    q: Floats
    mu: Floats
    nu: Floats


def shapley(game: ZeroSumGame) -> StageEquilibrium:
    """Solve a zero-sum Markov game by backward induction, a linear program per step and state.

    Raises
    ------
    ArithmeticError
        As in :func:`matrix_equilibrium`.
    """
    horizon, states, rows, columns = game.reward.shape
    value, q = np.zeros((horizon + 1, states)), np.array(game.reward)
    mu, nu = np.empty((horizon, states, rows)), np.empty((horizon, states, columns))
    transitions = GameBatch.of(game).transitions
    for h in reversed(range(horizon)):
        if h + 1 < horizon:
            q[h] += transitions.expect(value[np.newaxis, h + 1 : h + 2], h)[0, 0]
        for s in range(states):
            stage = matrix_equilibrium(q[h, s])
            value[h, s], mu[h, s], nu[h, s] = stage.value, stage.mu, stage.nu
    return StageEquilibrium(value[:horizon], q, mu, nu)
