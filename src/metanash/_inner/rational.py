"""Zero-sum matrix games in rational arithmetic: for payoffs too far apart for floating point.

Payoffs are floats, hence integers times one power of two, and a tableau of integers with one common denominator stays
one under pivots (J. Edmonds 1967). So nothing is rounded before the answer is: no tolerance says what is 0, and an
action is played or it is not.
"""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from metanash.typing import Floats

__all__ = ["WORK", "Assured", "Solution", "TooLargeError", "assured", "equilibrium", "integers"]

PythonIntegers = npt.NDArray[np.object_]

WORK = 1e9
"""Products of digits that an exact solution may take: ten seconds or so; see :func:`equilibrium`."""
_DIGIT = 30  # bits of a digit of Python's integers


class TooLargeError(ArithmeticError):
    """An exact solution would take more than :data:`WORK`."""


class Solution(NamedTuple):
    """Exact value of a game, and optimal strategies (A,) and (B,), each probability rounded once."""

    value: Fraction
    mu: Floats
    nu: Floats


class Assured(NamedTuple):
    """Payoffs that two strategies assure, in fractions.

    Attributes
    ----------
    low, high : Fraction
        min(mu M) / sum(mu) and max(M nu) / sum(nu): the value lies between.
    gap : Fraction
        max(M nu) - min(mu M), whatever the strategies sum up to.
    parts : Fraction
        What ``gap`` is made of: the payoffs of its best replies with all their products taken as positive.
    stake : Fraction
        mu |M| nu, the mean size of a payoff.
    """

    low: Fraction
    high: Fraction
    gap: Fraction
    parts: Fraction
    stake: Fraction


def integers(array: Floats) -> tuple[PythonIntegers, Fraction]:
    """Integers and the power of two that they are times."""
    mantissa, exponent = np.frexp(array)
    whole = (mantissa * 2.0**53).astype(np.int64).astype(object)
    least = int(exponent[array != 0.0].min(initial=2000))
    shifts = np.where(array != 0.0, exponent - least, 0).astype(object)
    return np.asarray(whole << shifts, dtype=object), Fraction(2) ** (least - 53)


def assured(payoff: Floats, mu: Floats, nu: Floats) -> Assured:
    """The values that strategies assure, exactly, in the game of payoffs (A, B)."""
    (m, unit), (x, of_mu), (y, of_nu) = integers(payoff), integers(mu), integers(nu)
    rows, columns = m @ y, x @ m
    a, b = int(rows.argmax()), int(columns.argmin())
    upper, lower = rows[a] * unit * of_nu, columns[b] * unit * of_mu
    parts = (abs(m[a]) @ y) * unit * of_nu + (x @ abs(m[:, b])) * unit * of_mu
    stake = (x @ abs(m) @ y) * unit * of_mu * of_nu
    return Assured(lower / (x.sum() * of_mu), upper / (y.sum() * of_nu), upper - lower, parts, stake)


def equilibrium(payoff: Floats, mu: Floats, nu: Floats) -> Solution:
    """Solve a matrix game, rows maximising, to a vertex of its set of equilibria.

    A part of the game is solved, at first what ``mu`` and ``nu`` play, and the best replies to its solution are added
    until they are in it (double oracle).

    Parameters
    ----------
    payoff : (A, B) array
        Finite payoffs to the row player.
    mu, nu : (A,) and (B,) arrays
        Strategies to begin with, good or bad.

    Raises
    ------
    TooLargeError
        If it would take more than :data:`WORK`. Games of 30 x 30 with payoffs of 100 binary digits between the
        largest and the least are solved whatever they are; of larger ones those whose solution plays few actions.
    """
    m, unit = integers(payoff)
    rows, columns = np.flatnonzero(mu > 0.0), np.flatnonzero(nu > 0.0)
    rows = rows if rows.size else np.array([m.min(axis=1).argmax()])
    columns = columns if columns.size else np.array([m.max(axis=0).argmin()])
    left = WORK
    while True:
        tableau = _Tableau(m[np.ix_(rows, columns)], left)
        x, y, whole = tableau.solution()
        left = tableau.left
        replies, answers = m[:, columns] @ y, x @ m[rows]
        conceded, kept = replies[rows].max(), answers[columns].min()
        if replies.max() <= conceded and answers.min() >= kept:
            break
        rows = np.union1d(rows, _better(conceded - replies, 1 + rows.size // 4))
        columns = np.union1d(columns, _better(answers - kept, 1 + columns.size // 4))
    strategies = np.zeros(len(mu)), np.zeros(len(nu))
    for strategy, places, weights in zip(strategies, (rows, columns), (x, y), strict=True):
        strategy[places] = [weight / whole for weight in weights]  # of integers: rounded once
    return Solution(Fraction(conceded, whole) * unit, *strategies)


def _better(loss: PythonIntegers, most: int) -> npt.NDArray[np.intp]:
    """Actions of negative loss, of many those of the least."""
    best = np.argsort(loss, kind="stable")[:most]
    return best[loss[best] < 0]


class _Tableau:
    """The condensed tableau of :mod:`metanash.kernels.matrix`, times a common denominator.

    Rows and columns of payoffs, with the right-hand side as last column and the reduced costs as last row. Variable b
    is y_b, ``columns + a`` the slack of row a.
    """

    def __init__(self, payoff: PythonIntegers, work: float) -> None:
        self.rows, self.columns = payoff.shape
        self.entry = np.ones((self.rows + 1, self.columns + 1), dtype=object)
        self.entry[:-1, :-1] = payoff + (1 - payoff.min())  # above 0, as the value then is
        self.entry[-1, :-1], self.entry[-1, -1] = -1, 0
        self.denominator: Any = 1
        self.in_row, self.in_column = self.columns + np.arange(self.rows), np.arange(self.columns)
        self.left = work

    def entering(self, first: bool) -> int:
        """Return the column of the least reduced cost, or of the first variable whose cost is negative; -1: none is."""
        cost = self.entry[-1, :-1]
        negative = np.flatnonzero(cost < 0)
        if not negative.size:
            return -1
        return int(negative[(self.in_column if first else cost)[negative].argmin()])

    def leaving(self, s: int) -> int:
        """Return the row of the least ratio, of equal ones the first variable's."""
        usable = np.flatnonzero(self.entry[:-1, s] > 0)
        best = usable[0]
        for row in usable[1:]:
            here, there = self.entry[row, -1] * self.entry[best, s], self.entry[best, -1] * self.entry[row, s]
            if here < there or (here == there and self.in_row[row] < self.in_row[best]):
                best = row
        return int(best)

    def exchange(self, r: int, s: int) -> None:
        """Exchange the variables of row r and column s; every division is without remainder."""
        row, column = self.entry[r].copy(), self.entry[:, s].copy()
        pivot = row[s]
        self.left -= self.entry.size * (10.0 + 3.0 * (pivot.bit_length() / _DIGIT) ** 1.585)  # Karatsuba's products
        if self.left < 0.0:
            raise TooLargeError(
                "floating point does not tell its payoffs apart, and an exact solution would take too long"
            )
        self.entry = (self.entry * pivot - np.outer(column, row)) // self.denominator
        self.entry[r], self.entry[:, s] = row, -column
        self.entry[r, s], self.denominator = self.denominator, pivot
        self.in_row[r], self.in_column[s] = self.in_column[s], self.in_row[r]

    def solution(self) -> tuple[PythonIntegers, PythonIntegers, Any]:
        """Return mu and nu, times a common denominator, and that.

        The column of least reduced cost enters, but the first variables do while the vertex stays the same, and then
        no basis comes back (R. G. Bland 1977).
        """
        stays = False
        while (s := self.entering(stays)) >= 0:
            r = self.leaving(s)
            stays = self.entry[r, -1] == 0
            self.exchange(r, s)
        played = np.zeros(self.columns + self.rows, dtype=object)
        played[self.in_row] = np.where(self.in_row < self.columns, self.entry[:-1, -1], 0)
        played[self.in_column] = np.where(self.in_column >= self.columns, self.entry[-1, :-1], 0)
        return played[self.columns :], played[: self.columns], self.entry[-1, -1]
