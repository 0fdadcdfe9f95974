"""Zero-sum matrix games in NumPy: the reference of ``matrix.h``; part of :mod:`metanash.kernels.twin`.

With payoffs P moved and scaled into [1, 2] the column player solves the linear program max 1^T y, P y <= 1, y >= 0, and
nu = y / 1^T y; the dual solution is mu in the same way. The tableau is condensed (A. W. Tucker): a row for each basic
variable, a column for each that is not, the reduced costs below.

Pricing is by steepest edge. Ties of the ratio test, which degenerate games have, are broken by an infinitely small
addition to the right-hand side, carried along as a column of its own, so no basis comes back.
"""

from typing import TypeAlias

import numpy as np

from metanash.typing import Floats

__all__ = ["equilibria"]


OPTIMAL = 1e-13
"""A reduced cost not further below 0 is not negative."""
PIVOT = 1e-11
"""A smaller entry is no pivot."""
SLACK = 1e-13
"""Ratios tie that leave no more in the other row."""
TIE = 1e-9
"""Edges tie that are as steep to this."""
REFINE, REPEATS = 1e-12, 3
"""A gap above it, relative to the range of the payoffs, is worked on again, so many times."""
ROUNDING = 2.0**-52
"""Times ``rows + columns + 2``, of a gap relative to the range, at most: payoffs moved, products and their sums, and
strategies that add up to nearly 1."""


def equilibria(payoff: Floats, solution: Floats, games: int, rows: int, columns: int) -> float:
    """Solve zero-sum matrix games, rows maximising, to a vertex of the set of equilibria.

    Parameters
    ----------
    payoff : (games, rows, columns)
        Payoffs to the row players.
    solution : (games, 2 + rows + columns)
        Overwritten: value, gap, mu and nu. The gap certifies them: ``max(M nu) - min(mu M)``, of strategies divided
        by their sums, and :data:`ROUNDING`, the most by which it may be too small, relative to the smaller of two
        numbers: ``min_b max_a M - max_a min_b M``, between which the value lies, since pure actions assure the players
        of these payoffs; and ``mu |M| nu``, the mean size of the payoffs that are played for, or the least size other
        than 0 if that is larger. (In C a gap of a 2 x 2 game that is below 4e-13 is relative to the former; relative
        to the latter it is then below 1e-9. The least size is looked for where the mean is below .001 of the range.)
        It is 0 where a pure action of each is best, and large, infinity included, where 16 digits of the range of the
        payoffs tell little about these numbers. It is NaN if a payoff is not finite.

    Returns
    -------
    float
        The largest gap, NaN if one is.

    Raises
    ------
    ValueError
        If a player has no action.

    Examples
    --------
    >>> solution = np.empty((1, 6))
    >>> _ = equilibria(np.array([[[4.0, 0.0], [0.0, 4.0]]]), solution, games=1, rows=2, columns=2)
    >>> solution[0, 0], solution[0, 2:].tolist()
    (np.float64(2.0), [0.5, 0.5, 0.5, 0.5])
    """
    if rows < 1 or columns < 1:
        raise ValueError("each player of a matrix game needs an action")
    target = solution.reshape(games, 2 + rows + columns)
    for game, matrix in enumerate(payoff.reshape(games, rows, columns)):
        value, gap, mu, nu = _equilibrium(matrix)
        target[game, :2], target[game, 2 : 2 + rows], target[game, 2 + rows :] = (value, gap), mu, nu
    return float(target[:, 1].max(initial=0.0))


_Solution: TypeAlias = tuple[float, float, Floats | float, Floats | float]


def _equilibrium(matrix: Floats) -> _Solution:
    """Value, gap, mu and nu."""
    if not np.isfinite(matrix).all():
        return np.nan, np.nan, np.nan, np.nan
    rows, columns = matrix.shape
    row, column = int(matrix.min(axis=1).argmax()), int(matrix.max(axis=0).argmin())
    maximin, minimax = float(matrix[row].min()), float(matrix[:, column].max())
    if maximin == minimax:
        return float(matrix[row, column]), 0.0, np.eye(rows)[row], np.eye(columns)[column]
    half = 0.5 * matrix.max() - 0.5 * matrix.min()
    lift = 2.0**-300 if half > 2.0**900 else 2.0**300 if half < 2.0**-900 else 1.0
    low = float(matrix.min()) * lift
    moved = matrix * lift - low
    value, gap, mu, nu = _certified(moved, *_indifferent(moved)) if matrix.shape == (2, 2) else _solved(moved, column)
    size = np.abs(matrix * lift)
    stake = max(float(mu @ size @ nu), float(size.min(initial=np.inf, where=size > 0.0)))
    scale = min(minimax * lift - maximin * lift, stake)
    doubt = (gap + ROUNDING * (rows + columns + 2)) * float(moved.max())
    return (value + low) / lift, doubt / scale if scale > 0.0 else np.inf, mu, nu


def _indifferent(m: Floats) -> tuple[Floats, Floats]:
    """Strategies of a 2x2 game without a saddle point: each makes the other player indifferent."""
    whole = (m[0, 0] - m[0, 1]) + (m[1, 1] - m[1, 0])
    mu, nu = (m[1, 1] - m[1, 0]) / whole, (m[1, 1] - m[0, 1]) / whole
    return np.array([mu, 1.0 - mu]), np.array([nu, 1.0 - nu])


def _certified(moved: Floats, mu: Floats, nu: Floats) -> _Solution:
    """Value of strategies and the gap that they leave, relative to the range, beside them."""
    upper, kept = float((moved @ nu).max()), float((mu @ moved).min())
    return 0.5 * (upper + kept), max((upper - kept) / float(moved.max()), 0.0), mu, nu


def _solved(moved: Floats, column: int) -> _Solution:
    """Solution of payoffs from 0 on; ``column``, whose largest entry is least, enters first."""
    table = _Tableau(moved)
    table.pivots(column)
    best = _certified(moved, *table.strategies())
    for _ in range(REPEATS):
        if best[1] <= REFINE:
            break
        table = _Tableau(moved, table)
        table.pivots(table.entering())
        best = min(best, _certified(moved, *table.strategies()), key=lambda found: found[1])
    return best


class _Tableau:
    """The tableau of the basis of slacks, or of the basis of another tableau, the largest pivots first.

    Variables are numbered: b is y_b, ``columns + a`` the slack of row a.
    """

    def __init__(self, moved: Floats, basis: "_Tableau | None" = None) -> None:
        self.rows, self.columns = moved.shape
        self.entry = 1.0 + moved * (1.0 / moved.max())
        self.cost, self.right = np.full(self.columns, -1.0), np.ones(self.rows)
        # square roots of such numbers have no linear relation with small coefficients
        self.nudge = np.sqrt(np.arange(self.rows) + 1.618033988749895)
        self.in_row, self.in_column = self.columns + np.arange(self.rows), np.arange(self.columns)
        while basis is not None:
            leave = ~np.isin(self.in_row, basis.in_row)
            size = np.abs(self.entry) * np.outer(leave, np.isin(self.in_column, basis.in_row))
            r, s = divmod(int(size.argmax()), self.columns)
            if size[r, s] <= PIVOT:
                break
            self.exchange(r, s)

    def entering(self) -> int:
        """Return the steepest column of negative reduced cost, of equal ones the first; -1 if there is none."""
        score = np.where(self.cost <= -OPTIMAL, self.cost**2 / (1.0 + (self.entry**2).sum(axis=0)), 0.0)
        return int((score >= score.max() * (1.0 - TIE)).argmax()) if score.max() > 0.0 else -1

    def leaving(self, s: int) -> int:
        """Return the row of the least ratio, by the infinitely small additions where several reach it; -1 if none."""
        np.maximum(self.right, 0.0, out=self.right)
        column = self.entry[:, s]
        usable = column >= PIVOT
        if not usable.any():
            return -1
        bound = (self.right[usable] / column[usable]).min()
        tied = np.flatnonzero(usable & (self.right - column * bound <= SLACK))
        return int(tied[(self.nudge[tied] / column[tied]).argmin()])

    def exchange(self, r: int, s: int) -> None:
        """Exchange the variables of row r and column s."""
        column, cost = self.entry[:, s].copy(), self.cost[s]
        line, right, nudge = self.entry[r] / column[r], self.right[r] / column[r], self.nudge[r] / column[r]
        line[s], column[r] = 1.0 / column[r], -1.0  # row r becomes the line: 0 - (-1) line
        self.entry[:, s] = self.entry[r] = self.cost[s] = self.right[r] = self.nudge[r] = 0.0
        self.entry -= np.outer(column, line)
        self.cost -= cost * line
        self.right -= column * right
        self.nudge -= column * nudge
        self.in_row[r], self.in_column[s] = self.in_column[s], self.in_row[r]

    def pivots(self, s: int) -> None:
        """Pivot, first on column s, until no reduced cost is negative, no pivot is left or there were far too many."""
        for _ in range(1000 + 100 * (self.rows + self.columns)):
            r = self.leaving(s) if s >= 0 else -1
            if r < 0:
                return
            self.exchange(r, s)
            s = self.entering()

    def strategies(self) -> tuple[Floats, Floats]:
        """Return mu and nu of the basis; what the pivots take for 0 is 0, and no action is played due to rounding."""
        played = np.zeros(self.columns + self.rows)
        played[self.in_row] = np.where((self.in_row < self.columns) & (self.right > SLACK), self.right, 0.0)
        played[self.in_column] = np.where((self.in_column >= self.columns) & (self.cost > OPTIMAL), self.cost, 0.0)
        nu, mu = np.split(played, [self.columns])
        return mu / mu.sum(), nu / nu.sum()
