"""Strategic games whose payoffs rewards in [0, 1] do not tell apart: solved in floats, judged in fractions.

Beside payoffs of 10^19 a payoff of 1 is lost when the range becomes [0, 1], but floats hold both. So these games are
solved as they are, and what they are worth and what players gain is worked out from the payoffs of the file exactly.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from metanash.exact import matrix_equilibrium
from metanash.extensive.exact import rounded_up
from metanash.solution.bimatrix import TOLERANCE
from metanash.solution.matrix import SIMPLEX
from metanash.solution.result import Solution
from metanash.solution.strategic import stage_equilibrium
from metanash.typing import Array, Floats

__all__ = ["solve_unscaled", "values_and_gains"]


def values_and_gains(payoffs: Array, policies: Sequence[Floats]) -> tuple[list[Fraction], list[Fraction]]:
    """What each player is paid, and what it gains by a best response, exactly.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array
        Of Fractions or floats.
    policies : sequence of (A_i,) arrays
        Each is divided by its sum.

    Examples
    --------
    >>> table = np.array([[[10**19, 0], [0, 1]], [[-(10**19), 0], [0, -1]]], dtype=object)
    >>> values_and_gains(table, (np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    ([Fraction(0, 1), Fraction(0, 1)], [Fraction(1, 1), Fraction(0, 1)])
    """
    exact = [np.array([*map(Fraction, policy.tolist())], dtype=object) for policy in policies]
    shares = [policy / policy.sum() for policy in exact]
    values, gains = [], []
    for i, table in enumerate(payoffs):
        replies = np.moveaxis(np.vectorize(Fraction, otypes=[object])(table), i, 0)
        for j in reversed([j for j in range(len(shares)) if j != i]):
            replies = replies @ shares[j]
        values.append(Fraction(replies @ shares[i]))
        gains.append(max(replies.tolist()) - values[i])
    return values, gains


def solve_unscaled(payoffs: Array, zero_sum: bool) -> Solution:
    """Solve a strategic game in its payoffs, and prove the gap.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array
        Of Fractions or floats.
    zero_sum : bool
        Whether the sum of the payoffs of two players is constant.

    Raises
    ------
    ArithmeticError
        As :func:`metanash.solve`, or if a player gains more than 1e-9 of its range of payoffs.

    Examples
    --------
    >>> table = np.array([[[10**19, 0], [0, 1]], [[-(10**19), 0], [0, -1]]], dtype=object)
    >>> solve_unscaled(table, True).policies[0].tolist()
    [1e-19, 1.0]
    """
    rounded = np.asarray(payoffs, dtype=np.float64)
    if zero_sum:
        policies, method = tuple(matrix_equilibrium(rounded[0])[1:]), SIMPLEX
    else:
        policies, method = stage_equilibrium(rounded)
    values, gains = values_and_gains(payoffs, policies)
    for i, (gain, table) in enumerate(zip(gains, rounded, strict=True)):
        if gain > Fraction(TOLERANCE * float(np.ptp(table))):
            raise ArithmeticError(
                f"no equilibrium was found: player {i + 1} still gains {float(gain):.3g} of a range of "
                f"{np.ptp(table):.3g}; use units in which payoffs are nearer to each other"
            )
    if zero_sum:
        return Solution(float(values[0]), policies, rounded_up(sum(gains, Fraction(0))), method)
    return Solution(np.array([*map(float, values)]), policies, rounded_up(max(gains)), method)
