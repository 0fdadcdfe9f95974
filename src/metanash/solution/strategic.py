"""Strategic games of any payoffs: one matrix, a pair, or a tensor for each player."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metanash._inner.checks import float_array
from metanash.solution.bimatrix import bimatrix_equilibrium, gains
from metanash.solution.matrix import solve_matrix
from metanash.solution.pure import pure_equilibrium
from metanash.solution.result import Solution
from metanash.solution.several import mixed_equilibrium
from metanash.typing import Array, Floats

__all__ = ["constant_sum", "expected", "payoff_table", "solve_payoffs", "solve_tensors", "stage_equilibrium"]

_ROUNDING = 4 * float(np.finfo(np.float64).eps)
_FORMS = (
    "give one matrix (zero-sum, payoffs of the row player), a pair of matrices of one shape, or one tensor for each of "
    "N players, with an axis for each player's actions"
)


def payoff_table(given: Any) -> Floats:
    """Payoffs as an array: (A, B) of a zero-sum matrix game, else (N, A_1, ..., A_N).

    Parameters
    ----------
    given : nested lists, array, or sequence of N arrays
        Of real numbers; others than floats (integers, Fractions, Decimals) are rounded to floats.

    Raises
    ------
    ValueError
        If it has another form or an entry that is no finite real number; the message names what was found.

    Examples
    --------
    >>> payoff_table([[[3, 0], [5, 1]], [[3, 5], [0, 1]]]).shape
    (2, 2, 2)
    """
    try:
        table: Array = np.asarray(given)
    except ValueError:
        raise ValueError(f"payoffs must have one shape, got {_shapes(given)}; {_FORMS}") from None
    if table.dtype == object:
        table = _rounded(table)
    found = float_array("payoffs", table)
    if found.ndim != 2 and (found.ndim < 2 or len(found) != found.ndim - 1):
        raise ValueError(f"payoffs of shape {found.shape} are no strategic game; {_FORMS}")
    return found


def _shapes(given: Any) -> str:
    """Shapes of the parts of what is no array."""
    shapes = []
    for part in given:
        try:
            shapes.append(str(np.asarray(part).shape))
        except ValueError:
            shapes.append("ragged")
    return ", ".join(shapes[:8]) + ", ..." * (len(shapes) > 8)


def _rounded(table: Array) -> Floats:
    """Floats of an array of objects, such as Fractions. Raises ValueError naming the first that is no number."""
    found = np.empty(table.shape)
    for place in np.ndindex(table.shape):
        entry: Any = table[place]
        try:
            if isinstance(entry, str | bytes):
                raise TypeError
            found[place] = float(entry)
        except (TypeError, ValueError, OverflowError):
            where = f"index {place if len(place) != 1 else place[0]}"
            raise ValueError(f"payoffs must be real numbers; at {where} there is {entry!r:.40}; {_FORMS}") from None
    return found


def constant_sum(payoffs: Floats) -> float | None:
    """What two players' payoffs (2, A, B) add up to everywhere, up to the rounding of those added; None if they do not.

    Examples
    --------
    >>> import numpy as np
    >>> constant_sum(np.array([[[0.1, 0.2]], [[0.9, 0.8]]]))
    1.0
    """
    if len(payoffs) != 2:
        return None
    half = payoffs * 0.5  # sums of halves do not overflow
    sums, size = half[0] + half[1], np.abs(half).max(axis=0)
    place = np.unravel_index(int(size.argmin()), size.shape)  # the sum that is known best
    if (np.abs(sums - sums[place]) > _ROUNDING * (size + size[place])).any():
        return None
    return 2.0 * float(sums[place])


def solve_payoffs(payoffs: Floats) -> Solution:
    """Solve a game of one state: zero-sum if the players' payoffs have a constant sum.

    Parameters
    ----------
    payoffs : (A, B) or (N, A_1, ..., A_N) array
        Finite.

    Raises
    ------
    ArithmeticError
        If no equilibrium is found that is good enough; the message says what was tried.

    Examples
    --------
    The prisoners' dilemma.

    >>> import numpy as np
    >>> solve_payoffs(np.array([[[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]]))
    general-sum game, payoffs 1, 1, NE-gap 0
    player 1  0         1
    player 2  0         1
    by enumeration of pure strategies
    """
    return solve_matrix(payoffs) if payoffs.ndim == 2 else solve_tensors(payoffs)


def solve_tensors(payoffs: Floats) -> Solution:
    """Solve as :func:`solve_payoffs` a game of a tensor for each player, of one player too.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array

    Raises
    ------
    ArithmeticError
        As :func:`solve_payoffs`.

    Examples
    --------
    >>> import numpy as np
    >>> solve_tensors(np.array([[2.0, 5.0, 3.0]])).policies
    (array([0., 1., 0.]),)
    """
    if constant_sum(payoffs) is not None:
        return solve_matrix(payoffs[0])
    policies, method = stage_equilibrium(payoffs)
    return Solution(expected(payoffs, policies), policies, float(gains(payoffs, policies).max()), method)


def expected(payoffs: Floats, policies: Sequence[Floats]) -> Floats:
    """What each player is paid on average, (N,).

    Examples
    --------
    >>> import numpy as np
    >>> expected(np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]), [np.array([0.5, 0.5])] * 2)
    array([1. , 0.5])
    """
    table: Array = payoffs
    for policy in reversed(policies):
        table = table @ policy
    return np.asarray(table)


def stage_equilibrium(payoffs: Floats) -> tuple[tuple[Floats, ...], str]:
    """Strategies of an equilibrium of a general-sum game (N, A_1, ..., A_N), and how they were found.

    Raises
    ------
    ArithmeticError
        As :func:`solve_payoffs`.

    Examples
    --------
    >>> import numpy as np
    >>> stage_equilibrium(np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]))[0]
    (array([0.5, 0.5]), array([0.25, 0.75]))
    """
    if len(payoffs) == 2:
        return bimatrix_equilibrium(payoffs)
    pure = pure_equilibrium(payoffs)
    if pure is not None:
        return pure, "enumeration of pure strategies"
    return mixed_equilibrium(payoffs), "a path of logit equilibria and Newton's method"
