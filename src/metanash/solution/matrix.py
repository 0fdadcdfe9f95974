"""Zero-sum matrix games: the simplex method of :mod:`metanash.exact`, with the gap of what it finds."""

from operator import mul
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.exact import matrix_equilibrium
from metanash.solution.result import Solution
from metanash.typing import Array, Floats

__all__ = ["SIMPLEX", "matrix_gap", "solve_matrix"]

SIMPLEX = "the simplex method"
_FEW = 32
"""Payoffs up to which Python adds faster than NumPy."""


def solve_matrix(matrix: npt.ArrayLike) -> Solution:
    """Solve a zero-sum matrix game: the bits of :func:`metanash.exact.matrix_equilibrium`, and their gap.

    Parameters
    ----------
    matrix : (A, B) array
        Payoffs to the row player, of any size.

    Raises
    ------
    ValueError, ArithmeticError
        As :func:`metanash.exact.matrix_equilibrium`.

    Examples
    --------
    >>> solve_matrix([[0, 2], [3, 1]]).value
    1.5
    """
    table: Array = np.asarray(matrix)
    value, mu, nu = matrix_equilibrium(table)
    policies: Any = (mu, nu)
    # the constructor of a named tuple takes as long as the certificate
    return tuple.__new__(Solution, (value, policies, matrix_gap(np.asarray(table, np.float64), mu, nu), SIMPLEX, None))


def matrix_gap(payoff: Floats, mu: Floats, nu: Floats) -> float:
    """NE-gap max(M nu) - min(mu M) of strategies (A,) and (B,) in a game of payoffs M (A, B), at least 0.

    The sums are those of floats: of what :mod:`metanash.exact` calls w, (A + B) 2^-52 parts may be missing.

    Examples
    --------
    >>> import numpy as np
    >>> matrix_gap(np.array([[3.0, -1.0], [-1.0, 1.0]]), np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    1.0
    """
    if payoff.size <= _FEW:
        rows, x, y = payoff.tolist(), mu.tolist(), nu.tolist()
        best = max([sum(map(mul, row, y)) for row in rows])
        worst = min([sum(map(mul, x, column)) for column in zip(*rows, strict=True)])
    else:
        best, worst = float((payoff @ nu).max()), float((mu @ payoff).min())
    gap: float = best - worst
    return gap if gap > 0.0 else 0.0
