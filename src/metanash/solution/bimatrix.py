r"""Equilibria of two-player games with payoffs A and B: pure ones, else by the method of Lemke and Howson (1964).

With payoffs moved above 0, the strategies of an equilibrium are, up to their sums, vertices x and y of

.. math:: \{x \ge 0, B^\top x \le 1\}, \qquad \{y \ge 0, A y \le 1\}

where for each action either its probability or its slack (what it pays less than 1) is 0. From x = y = 0 the path drops
one action's condition and pivots in the two tableaux by turns until it holds again (B. von Stengel 2002, "Computing
equilibria for two-person games", sections 2.3 and 2.6). Ties are broken lexicographically, so the path ends whatever
the payoffs.

Small games are solved in integers: tableaux with one common denominator stay integral under pivots (J. Edmonds 1967),
so that each probability is rounded once and nothing depends on a tolerance. Larger ones are solved in floats, from each
action in turn until the gap of the answer is small enough, and in integers if none is.
"""

import math
from typing import Any

import numpy as np

from metanash.gaps import average_out
from metanash.solution.pure import pure_equilibrium
from metanash.typing import Array, Floats

__all__ = ["EXACT", "STARTS", "TOLERANCE", "bimatrix_equilibrium", "gains"]

EXACT = 20
"""Actions of both players together, up to which a game is solved in integers from the first."""
STARTS = 20
"""Actions from which the method is tried in floats."""
WORK = 3e9
"""Products of digits that integers may take: half a minute or so."""
TOLERANCE = 1e-9
"""Largest gain of a player, in parts of the range of its payoffs, that an answer may leave."""
_TIE, _PIVOT = 1e-11, 1e-9
_DIGIT = 30


def bimatrix_equilibrium(payoffs: Floats) -> tuple[tuple[Floats, Floats], str]:
    """Find an equilibrium of a game of two players.

    Parameters
    ----------
    payoffs : (2, A_1, A_2) array
        Finite.

    Returns
    -------
    strategies : pair of (A_1,) and (A_2,) arrays
    method : str

    Raises
    ------
    ArithmeticError
        If the gain of a player is more than :data:`TOLERANCE` whatever is tried; games of up to :data:`EXACT` actions
        are always solved.

    Examples
    --------
    Battle of the sexes has two pure equilibria, matching pennies of unequal stakes none.

    >>> import numpy as np
    >>> bimatrix_equilibrium(np.array([[[3.0, 0.0], [0.0, 2.0]], [[2.0, 0.0], [0.0, 3.0]]]))
    ((array([1., 0.]), array([1., 0.])), 'enumeration of pure strategies')
    >>> bimatrix_equilibrium(np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]))
    ((array([0.5, 0.5]), array([0.25, 0.75])), 'Lemke-Howson in integers')
    """
    pure = pure_equilibrium(payoffs)
    if pure is not None:
        return (pure[0], pure[1]), "enumeration of pure strategies"
    actions = payoffs.shape[1] + payoffs.shape[2]
    if actions > EXACT:
        scaled = _within_one(payoffs)
        for dropped in range(min(actions, STARTS)):
            found = _in_floats(scaled, dropped)
            if found is not None and gains(scaled, found).max() <= TOLERANCE:
                return found, "Lemke-Howson"
    return _in_integers(payoffs), "Lemke-Howson in integers"


def gains(payoffs: Floats, policies: tuple[Floats, ...]) -> Floats:
    """Each player's gain (N,) from a best response to the strategies of the others, at least 0.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array
    policies : tuple of (A_i,) arrays

    Examples
    --------
    >>> import numpy as np
    >>> gains(np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]), (np.array([1.0, 0.0]),) * 2)
    array([0., 1.])
    """
    found = np.empty(len(payoffs))
    for i, table in enumerate(payoffs):
        replies = average_out(table, policies, keep=i)
        found[i] = replies.max() - policies[i] @ replies
    return np.maximum(found, 0.0)


def _within_one(payoffs: Floats) -> Floats:
    """Payoffs of each player moved and scaled into [0, 1], halved first lest their range overflow."""
    half = payoffs * 0.5
    low, high = half.min(axis=(1, 2), keepdims=True), half.max(axis=(1, 2), keepdims=True)
    return np.asarray((half - low) / np.where(high > low, high - low, 1.0))


# In floats ----------------------------------------------------------------------------------------------


class _Path:
    """Two tableaux and the path through them.

    The variables of a tableau are those of the columns: the strategy of one player, then the slacks of the other's
    actions. A label numbers actions, those of player 1 first: tableau 0 has x and the slacks of player 2, tableau 1 has
    y and the slacks of player 1.
    """

    def __init__(self, tables: tuple[Array, Array], sizes: tuple[int, int]) -> None:
        self.tables, self.sizes = tables, sizes
        one, other = sizes
        self.basis = [list(range(one, one + other)), list(range(other, other + one))]  # columns: all slacks

    def label(self, tableau: int, column: int) -> int:
        """Action of a column."""
        one, other = self.sizes
        return column if tableau == 0 else (column + one) % (one + other)

    def column(self, tableau: int, label: int) -> int:
        """Column of an action."""
        one, other = self.sizes
        return label if tableau == 0 else (label - one) % (one + other)

    def leaving(self, table: Array, column: int) -> int:
        """Row of the least ratio of right-hand side and column, of equal ones that of the least next column's ratio."""
        raise NotImplementedError

    def exchange(self, tableau: int, row: int, column: int) -> None:
        """Bring a column into the basis."""
        raise NotImplementedError

    def follow(self, dropped: int, most: int) -> bool:
        """Walk until the dropped condition holds again; False if that takes too long or nothing can leave."""
        tableau, label = (0 if dropped < self.sizes[0] else 1), dropped
        for _ in range(most):
            column = self.column(tableau, label)
            row = self.leaving(self.tables[tableau], column)
            if row < 0:
                return False
            left = self.basis[tableau][row]
            self.exchange(tableau, row, column)
            self.basis[tableau][row] = column
            label = self.label(tableau, left)
            if label == dropped:
                return True
            tableau = 1 - tableau
        return False


class _FloatPath(_Path):
    def leaving(self, table: Array, column: int) -> int:
        rows = np.flatnonzero(table[:, column] > _PIVOT)
        if not rows.size:
            return -1
        pivots = table[rows, column]
        # the right-hand side, then the columns that were the identity, which tell all rows apart
        for k in (-1, *range(self.slacks(table), table.shape[1] - 1)):
            ratios = table[rows, k] / pivots
            kept = ratios <= ratios.min() + _TIE
            rows, pivots = rows[kept], pivots[kept]
            if rows.size == 1:
                break
        return int(rows[0])

    def slacks(self, table: Array) -> int:
        return int(table.shape[1]) - 1 - len(table)

    def exchange(self, tableau: int, row: int, column: int) -> None:
        table = self.tables[tableau]
        table[row] /= table[row, column]
        factors = table[:, column].copy()
        factors[row] = 0.0
        table -= np.outer(factors, table[row])


def _in_floats(payoffs: Floats, dropped: int) -> tuple[Floats, Floats] | None:
    """Strategies at the end of the path, worked out from its last basis anew; None if the path went astray."""
    one, other = payoffs.shape[1:]
    starts = tuple(
        np.hstack([table + 1.0, np.eye(len(table)), np.ones((len(table), 1))]) for table in (payoffs[1].T, payoffs[0])
    )
    path = _FloatPath((starts[0].copy(), starts[1].copy()), (one, other))
    if not path.follow(dropped, 50 * (one + other)):
        return None
    strategies = []
    for start, basis, size in zip(starts, path.basis, (one, other), strict=True):
        square = start[:, basis]
        try:
            point = np.linalg.solve(square, start[:, -1])
            point += np.linalg.solve(square, start[:, -1] - square @ point)
        except np.linalg.LinAlgError:
            return None
        strategy = np.zeros(size)
        for column, weight in zip(basis, point, strict=True):
            if column < size:
                strategy[column] = max(weight, 0.0)
        total = strategy.sum()
        if not 0.0 < total < math.inf:
            return None
        strategies.append(strategy / total)
    return strategies[0], strategies[1]


# In integers --------------------------------------------------------------------------------------------


class _IntegerPath(_Path):
    """Tableaux times a common denominator each."""

    def __init__(self, tables: tuple[Array, Array], sizes: tuple[int, int]) -> None:
        super().__init__(tables, sizes)
        self.denominator: list[Any] = [1, 1]
        self.left = WORK

    def leaving(self, table: Array, column: int) -> int:
        rows = [row for row in range(len(table)) if table[row, column] > 0]
        for k in (-1, *range(table.shape[1] - 1 - len(table), table.shape[1] - 1)):
            if len(rows) < 2:
                break
            best = rows[:1]
            for row in rows[1:]:
                here = table[row, k] * table[best[0], column]
                there = table[best[0], k] * table[row, column]
                if here < there:
                    best = [row]
                elif here == there:
                    best.append(row)
            rows = best
        return rows[0] if rows else -1

    def exchange(self, tableau: int, row: int, column: int) -> None:
        table = self.tables[tableau]
        pivot, line, factors = table[row, column], table[row].copy(), table[:, column].copy()
        self.left -= table.size * (10.0 + 3.0 * (int(pivot).bit_length() / _DIGIT) ** 1.585)  # Karatsuba's products
        if self.left < 0.0:
            raise ArithmeticError(
                "floating point finds no equilibrium of this game of two players, and an exact solution would take too "
                "long; give it fewer actions, or payoffs with fewer digits"
            )
        table[...] = (table * pivot - np.outer(factors, line)) // self.denominator[tableau]
        table[row], self.denominator[tableau] = line, pivot


def _in_integers(payoffs: Floats) -> tuple[Floats, Floats]:
    one, other = payoffs.shape[1:]
    tables = []
    for table in (payoffs[1].T, payoffs[0]):
        whole = _integers(table)
        rows = len(whole)
        slacks = np.zeros((rows, rows + 1), dtype=object)
        slacks[np.arange(rows), np.arange(rows)] = slacks[:, -1] = 1
        tables.append(np.hstack([whole + (1 - whole.min()), slacks]))
    path = _IntegerPath((tables[0], tables[1]), (one, other))
    if not path.follow(0, 10**6):  # it ends, since no basis comes back; the work is limited in any case
        raise ArithmeticError("the path of Lemke and Howson has not ended after a million pivots")
    strategies = []
    for table, basis, size in zip(path.tables, path.basis, (one, other), strict=True):
        weights = {column: table[row, -1] for row, column in enumerate(basis) if column < size}
        total = sum(weights.values())
        strategy = np.zeros(size)
        for column, weight in weights.items():
            strategy[column] = weight / total  # of integers: rounded once
        strategies.append(strategy)
    return strategies[0], strategies[1]


def _integers(table: Floats) -> Array:
    """Integers in the proportions of floats."""
    ratios = [number.as_integer_ratio() for number in table.reshape(-1).tolist()]
    unit = max(below for _, below in ratios)  # powers of two
    whole = np.array([above * (unit // below) for above, below in ratios] + [None], dtype=object)[:-1]
    return np.asarray(whole.reshape(table.shape), dtype=object)
