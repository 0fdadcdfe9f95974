r"""The linear program of the sequence form, solved in fractions: for small games, of payoffs of any size.

With the symbols of :mod:`metanash.extensive.exact` and slacks w of player 2's sequences,

.. math:: \max_{x, q, w} \; q_0 \quad \text{with} \quad E x = e, \; A^T x - F^T q = w, \; x \ge 0, \; w \ge 0.

A pure strategy of player 1 and the best reply to it are a first vertex: of each information set of player 1 all
sequences but one are out of the basis, of each of player 2 the slack of its best action, and everything else is affine
in what is out. From there the simplex method goes on in fractions, by the largest coefficient while the objective rises
and by R. G. Bland's rule (1977) while it does not, so it ends.
"""

from fractions import Fraction

from metanash.extensive.treeplex import Treeplex

__all__ = ["MOST_ENTRIES", "MOST_PIVOTS", "plans_in_fractions", "size_in_fractions"]

MOST_ENTRIES = 6_000
"""Numbers of the table up to which it is worked out: 40 information sets of two actions a player, in some seconds."""
MOST_PIVOTS = 500
"""Steps of the simplex method; games of that size take some tens."""

Row = list[Fraction]
Entries = list[tuple[int, int, Fraction]]
"""Sequence of player 1, sequence of player 2, what their terminals pay player 1, times chance."""


def size_in_fractions(one: Treeplex, two: Treeplex) -> int:
    """Numbers of the table of :func:`plans_in_fractions`.

    >>> once = Treeplex([0], [2])
    >>> size_in_fractions(once, once)  # a constant, an action of player 1, two slacks; three rows
    12
    """
    outside = 2 + one.n_sequences - 1 - one.n_sets + two.n_sets
    inside = one.n_sets + two.n_sequences - 1 - two.n_sets
    return outside * (inside + 1)


def plans_in_fractions(one: Treeplex, two: Treeplex, entries: Entries) -> tuple[Row, Row] | None:
    """Realisation plans of an equilibrium of a two-player game of constant sum, exactly; None if that takes too much.

    Parameters
    ----------
    one, two : Treeplex
    entries : list of (int, int, Fraction)
        Sequences of both players, and payoffs of player 1 times chance.

    Examples
    --------
    Payoffs 10^19 and 1 on the diagonal: both play the first action once in 10^19 + 1 times.

    >>> once = Treeplex([0], [2])
    >>> x, y = plans_in_fractions(once, once, [(1, 1, Fraction(10**19)), (2, 2, Fraction(1))])
    >>> x[1], y[2]
    (Fraction(1, 10000000000000000001), Fraction(10000000000000000000, 10000000000000000001))
    """
    if size_in_fractions(one, two) > MOST_ENTRIES:
        return None
    table = _Table(one, two, entries)
    return table.plans() if table.solve() else None


class _Table:
    """Rows: what is in the basis, as constant + coefficients of what is out of it. Variables: ("x", s) and ("w", s)."""

    def __init__(self, one: Treeplex, two: Treeplex, entries: Entries) -> None:
        self.one, self.two = one, two
        self.out: list[tuple[str, int]] = [("w", 0)]
        for first, n in zip(one.first.tolist(), one.n_actions.tolist(), strict=True):
            self.out += [("x", s) for s in range(first + 1, first + n)]
        self.width = 1 + len(self.out) + two.n_sets
        self.inside: list[tuple[str, int]] = []
        self.rows: list[Row] = []
        self.objective = self._replies(self._strategies(), entries)

    def _unit(self, column: int) -> Row:
        return [Fraction(int(k == column)) for k in range(self.width)]

    def _strategies(self) -> list[Row]:
        """Plan of player 1, each sequence as a row; the first action of each set is in the basis."""
        column = {variable: 1 + k for k, variable in enumerate(self.out)}
        plan = [self._unit(0)] * self.one.n_sequences
        sets = zip(self.one.parent.tolist(), self.one.first.tolist(), self.one.n_actions.tolist(), strict=True)
        for parent, first, n in sets:
            rest = plan[parent]
            for s in range(first + 1, first + n):
                plan[s] = self._unit(column["x", s])
                rest = _minus(rest, plan[s])
            plan[first] = rest
            self.inside.append(("x", first))
            self.rows.append(rest)
        return plan

    def _replies(self, plan: list[Row], entries: Entries) -> Row:
        """What player 2's best reply leaves player 1, as a row; the slacks of the other replies are in the basis."""
        worth = [[Fraction(0)] * self.width for _ in range(self.two.n_sequences)]
        for s, t, paid in entries:
            worth[t] = [a + paid * b if b else a for a, b in zip(worth[t], plan[s], strict=True)]
        sets = [*zip(self.two.parent.tolist(), self.two.first.tolist(), self.two.n_actions.tolist(), strict=True)]
        for parent, first, n in reversed(sets):
            best = min(range(first, first + n), key=lambda s: worth[s][0])
            self.out.append(("w", best))
            left = _minus(worth[best], self._unit(len(self.out)))
            for s in range(first, first + n):
                if s != best:
                    self.inside.append(("w", s))
                    self.rows.append(_minus(worth[s], left))
            worth[parent] = [a + b for a, b in zip(worth[parent], left, strict=True)]
        return _minus(worth[0], self._unit(1))

    def solve(self) -> bool:
        """Walk to the best vertex; False if that takes too many steps."""
        rising = True
        for _ in range(MOST_PIVOTS):
            better = [k for k in range(1, self.width) if self.objective[k] > 0]
            if not better:
                return True
            column = (
                max(better, key=self.objective.__getitem__) if rising else min(better, key=lambda k: self.out[k - 1])
            )
            before = self.objective[0]
            self._pivot(self._leaving(column), column)
            rising = self.objective[0] > before
        return False

    def _leaving(self, column: int) -> int:
        """Row that is 0 first when the variable of a column grows; there is one, since payoffs are bounded."""
        falling = [r for r, row in enumerate(self.rows) if row[column] < 0]
        return min(falling, key=lambda r: (-self.rows[r][0] / self.rows[r][column], self.inside[r]))

    def _pivot(self, r: int, column: int) -> None:
        line = self.rows[r]
        pivot = -line[column]
        entering = [value / pivot for value in line]
        entering[column] = -1 / pivot
        self.inside[r], self.out[column - 1] = self.out[column - 1], self.inside[r]
        self.rows = [entering if k == r else _replaced(row, column, entering) for k, row in enumerate(self.rows)]
        self.objective = _replaced(self.objective, column, entering)

    def plans(self) -> tuple[Row, Row]:
        """Plan of player 1, and that of player 2: what the objective loses by its slacks."""
        x, y = [Fraction(0)] * self.one.n_sequences, [Fraction(0)] * self.two.n_sequences
        x[0] = Fraction(1)
        for (kind, s), row in zip(self.inside, self.rows, strict=True):
            if kind == "x":
                x[s] = row[0]
        for (kind, s), loss in zip(self.out, self.objective[1:], strict=True):
            if kind == "w":
                y[s] = -loss
        return x, y


def _minus(one: Row, other: Row) -> Row:
    return [a - b if b else a for a, b in zip(one, other, strict=True)]


def _replaced(row: Row, column: int, entering: Row) -> Row:
    """A row in which the variable of a column is replaced by what it is now."""
    factor = row[column]
    if not factor:
        return row
    return [
        factor * b if k == column else (a + factor * b if b else a)
        for k, (a, b) in enumerate(zip(row, entering, strict=True))
    ]
