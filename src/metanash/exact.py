r"""Equilibria of zero-sum matrix games and Markov games by the simplex method, each one certified by its gap.

The oracle of learners. Of several equilibria of a matrix game it is a vertex of their set, and a
saddle point in pure strategies where there is one: the first.

What is certified. Let D = min_b max_a M - max_a min_b M: with pure actions alone the rows are sure of the one and the
columns of the other, so the value v* lies between. Let ``s = mu |M| nu`` be the mean size of the payoffs that are
played for (or the least size of any payoff but 0, if that is larger), and d the smaller of D and s. An answer
(v, mu, nu) has

.. math:: |v - v^*| \le 10^{-9} d + 2^{-52} |v|, \qquad
    \max(M \nu) - \min(\mu M) \le 10^{-9} d + (A + B) 2^{-52} w,

or there is an ArithmeticError. Here w is what the best replies a to nu and b to mu pay when all products are taken as
positive, ``sum_b |M_ab| nu_b + sum_a mu_a |M_ab|``: what rounding probabilities to 53 binary digits may cost. Payoffs
that nobody has a reason to risk, however large, are in none of D, s and w. Of games of more than 400 payoffs d is D;
a value below 1e-307 is the nearest float.

The kernel shows it for nearly every game as it solves it. The others, whose D or s is below some ten-thousandths of
the range of the payoffs, are solved in rational arithmetic (:mod:`metanash._inner.rational`), which rounds v and each
probability once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner import rational
from metanash._inner.checks import name_entry, real_numbers
from metanash.games import GameBatch, ZeroSumGame, check_batch, check_game
from metanash.typing import Floats

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


TOLERANCE = 1e-9
"""Largest error of a value, relative to d of the module; most are below 1e-14."""
DOUBT, SMALL = 1e-11, 400
"""Where the kernel's bound on that is above 1e-11, games of up to 400 payoffs are solved exactly; in larger ones the
error is worked out exactly, and if it is above :data:`TOLERANCE`, they are solved exactly too."""
NEAR = 1e3
"""The exact solution of larger games begins with what is played where no payoff is further off than so many times D."""
ROUNDING = Fraction(1, 2**52)
NO_ACTION = "each player of a matrix game needs an action"


class MatrixEquilibrium(NamedTuple):
    """Equilibrium of a zero-sum matrix game: its value and both players' optimal strategies, (A,) and (B,).

    Examples
    --------
    >>> found = matrix_equilibrium([[4, 0], [0, 4]])
    >>> found.value, found.mu.tolist(), found.nu.tolist()
    (2.0, [0.5, 0.5], [0.5, 0.5])
    """

    value: float
    mu: Floats
    nu: Floats


class MatrixEquilibria(NamedTuple):
    """Equilibria of zero-sum matrix games: values (G,), and optimal strategies (G, A) and (G, B).

    Examples
    --------
    >>> matrix_equilibria([[[3, -1], [-1, 1]], [[2, 0], [0, 2]]]).value.round(4).tolist()
    [0.3333, 1.0]
    """

    value: Floats
    mu: Floats
    nu: Floats


def matrix_equilibrium(matrix: npt.ArrayLike) -> MatrixEquilibrium:
    """Solve a zero-sum matrix game, rows maximising.

    Parameters
    ----------
    matrix : (A, B) array
        Payoff to the row player. Numbers of other classes, such as Fractions, are rounded to floats.

    Raises
    ------
    ValueError
        If it is no matrix, has no entry, or one that is no finite real number.
    ArithmeticError
        If no answer is as good as the module says.

    Examples
    --------
    >>> matrix_equilibrium([[4, 0], [0, 4]]).value
    2.0
    >>> matrix_equilibrium([[1, 2], [3, float("nan")]])
    Traceback (most recent call last):
    ValueError: payoffs must be finite; at (a, b) = (1, 1) there is nan
    """
    payoff = _floats(matrix)
    try:
        rows, columns = payoff.shape
    except ValueError:
        raise ValueError(f"a matrix game must have axes (a, b), got shape {payoff.shape}") from None
    if not (rows and columns):
        raise ValueError(NO_ACTION)
    solution = np.empty(2 + rows + columns)
    if not kernels.equilibria(payoff, solution, 1, rows, columns) <= DOUBT:
        _settle(payoff, solution, "(a, b)")
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

    Examples
    --------
    >>> found = matrix_equilibria([[[4, 0], [0, 4]], [[1, 2], [3, 4]]])
    >>> found.value.tolist(), found.mu.tolist()
    ([2.0, 3.0], [[0.5, 0.5], [0.0, 1.0]])
    """
    payoff = _floats(matrices)
    if payoff.ndim != 3:
        raise ValueError(f"matrix games must have axes (game, a, b), got shape {payoff.shape}")
    games, rows, columns = payoff.shape
    if not (rows and columns):
        raise ValueError(NO_ACTION)
    solution = np.empty((games, 2 + rows + columns))
    if not kernels.equilibria(payoff, solution, games, rows, columns) <= DOUBT:
        _settle(payoff, solution, "(game, a, b)")
    return MatrixEquilibria(solution[:, 0], solution[:, 2 : 2 + rows], solution[:, 2 + rows :])


def _floats(payoffs: npt.ArrayLike) -> Floats:
    """Payoffs as C-contiguous floats, themselves if they are. Raises ValueError if they are no real numbers."""
    try:
        raw = np.asarray(payoffs)
        array = np.asarray(raw, np.float64, "C") if raw.dtype.kind in "fiubO" else raw  # an object may be a Fraction
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"payoffs must be a rectangular array of real numbers: {error}") from error
    real_numbers("payoffs", array.dtype)
    return array


def _settle(payoff: Floats, solution: Floats, axes: str) -> None:
    """Write the games that the kernel left in doubt anew, certified in rational arithmetic, or say what is wrong."""
    bad = ~np.isfinite(payoff)
    if bad.any():
        place = np.argwhere(bad)[0]
        raise ValueError(f"payoffs must be finite; at {name_entry(axes, place)} there is {payoff[tuple(place)]}")
    for place in np.argwhere(~(solution[..., 1] <= DOUBT)):
        try:
            _certify(payoff[tuple(place)], solution[tuple(place)])
        except ArithmeticError as error:
            lead = axes.replace(", a, b", "")
            where = (
                f" at {name_entry(lead if len(place) > 1 else lead.strip('()'), place.tolist())}" if len(place) else ""
            )
            raise ArithmeticError(f"a matrix game{where} was not solved: {error}") from None


def _certify(matrix: Floats, solution: Floats) -> None:
    """Write an answer that is as good as the module says: that of the kernel, or an exact one."""
    rows, columns = matrix.shape
    mu, nu = solution[2 : 2 + rows], solution[2 + rows :]  # views
    low, high = float(matrix.min(axis=1).max()), float(matrix.max(axis=0).min())
    between = Fraction(high) - Fraction(low)
    if matrix.size > SMALL:
        if np.isfinite(solution[2:]).all():
            found = rational.assured(matrix, mu, nu)
            if found.high - found.low <= Fraction(TOLERANCE) * between:
                solution[0] = float((found.high + found.low) / 2)
                return
        reach = NEAR * (high - low)  # payoffs so far out are hardly played, whether they are a bit nearer or not
        kernels.equilibria(np.clip(matrix, low - reach, high + reach), solution, 1, rows, columns)
    value, mu[:], nu[:] = rational.equilibrium(matrix, mu, nu)
    solution[0] = float(value)
    found = rational.assured(matrix, mu, nu)
    least = Fraction(np.abs(matrix).min(where=matrix != 0.0, initial=np.inf))
    enough = Fraction(TOLERANCE) * (between if matrix.size > SMALL else min(between, max(found.stake, least)))
    if not found.gap <= enough + (rows + columns) * ROUNDING * found.parts:
        raise ArithmeticError(
            f"its value is {solution[0]:.17g}, but strategies leave a gap of {float(found.gap):.3g}, "
            "since a probability is below the least float; divide the largest payoffs"
        )


@dataclass(frozen=True, eq=False)
class StageEquilibrium:
    """Equilibrium of a zero-sum Markov game: V* (H, S), Q* (H, S, A, B), mu* (H, S, A), nu* (H, S, B).

    Of a batch all have the game as first axis.

    Examples
    --------
    >>> from metanash import Transition
    >>> game = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]]))
    >>> shapley(game).value.tolist(), shapley(game).mu.shape
    ([[0.5]], (1, 1, 2))
    """

    value: Floats
    q: Floats
    mu: Floats
    nu: Floats


def shapley(game: ZeroSumGame) -> StageEquilibrium:
    """Solve a zero-sum Markov game by backward induction: the matrix games of all states of a step at once.

    Takes a ZeroSumGame; raises ValueError for anything else.

    Raises
    ------
    ArithmeticError
        As in :func:`matrix_equilibrium`.

    Examples
    --------
    >>> from metanash import Transition
    >>> pennies = [[1.0, 0.0], [0.0, 1.0]]
    >>> twice = ZeroSumGame([[pennies], [pennies]], Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]]))  # two steps
    >>> shapley(twice).value.tolist()
    [[1.0], [0.5]]
    """
    check_game("shapley", game, ZeroSumGame)
    found = shapley_batch(GameBatch((game,)))
    return StageEquilibrium(found.value[0], found.q[0], found.mu[0], found.nu[0])


def shapley_batch(games: ZeroSumGame | Sequence[ZeroSumGame] | GameBatch[ZeroSumGame]) -> StageEquilibrium:
    """Solve several games of one size: each to the same bits as :func:`shapley`.

    Takes a ZeroSumGame, a list of them or a GameBatch; raises ValueError for anything else.

    Raises
    ------
    ArithmeticError
        As in :func:`matrix_equilibrium`, naming the game and state.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = [ZeroSumGame([[[[high, 0.0], [0.0, high]]]], still) for high in (1.0, 0.5)]
    >>> shapley_batch(games).value.ravel().tolist()
    [0.5, 0.25]
    """
    batch = GameBatch.of(games)
    check_batch("shapley_batch", batch, ZeroSumGame)
    count, horizon, states, rows, columns = batch.reward.shape
    q = np.array(batch.reward.swapaxes(0, 1), order="C")  # (H, G, S, A, B), as the solutions
    solution = np.empty((horizon, count, states, 2 + rows + columns))
    for h in reversed(range(horizon)):
        if h + 1 < horizon:
            q[h] += batch.transitions.expect(solution[h + 1, :, np.newaxis, :, 0], h)[:, 0]
        if not kernels.equilibria(q[h], solution[h], count * states, rows, columns) <= DOUBT:
            _settle(q[h], solution[h], "(game, s, a, b)")
    parts = (solution[..., 0], q, solution[..., 2 : 2 + rows], solution[..., 2 + rows :])
    return StageEquilibrium(*(np.ascontiguousarray(part.swapaxes(0, 1)) for part in parts))
