r"""Equilibria of two-player games of constant sum by a linear program in sequence form, certified in fractions.

The plans x of player 1 and y of player 2 are those with E x = e and F y = f, which say that a plan is 1 at the empty
sequence and that the sequences of a set sum to its parent. With A the payoffs of player 1 (times chance) by sequences,

.. math:: \max_{x, q} \; q_0 \quad \text{with} \quad E x = e, \; x \ge 0, \; F^T q \le A^T x,

where q_0 is the least that x is worth, and y is the dual solution (Koller, Megiddo and von Stengel 1996, "Efficient
computation of equilibria for extensive two-person games", equations 9 and 10). Small ones are solved in fractions
(:mod:`metanash.extensive.rational`), others by HiGHS in floats, and in fractions if its gap is large beside differences
of payoffs. What comes of it is made strategies, and *these* are judged: the payoffs that each assures and both players'
gains are worked out in fractions, from the floats of the strategies as they are and from the payoffs, which are the
floats of the game or, where they are given, the fractions of the tree.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metanash._inner.late import scipy
from metanash.extensive.games import ExtensiveGame, check_extensive
from metanash.extensive.rational import plans_in_fractions, size_in_fractions
from metanash.extensive.treeplex import Treeplex
from metanash.typing import Array, Floats, Policies

__all__ = [
    "TOLERANCE",
    "Certificate",
    "ConstantSumSolution",
    "certify",
    "is_constant_sum",
    "rounded_up",
    "solve_constant_sum",
]

TOLERANCE = 1e-7
"""Largest gap of a solution, in parts of the range of payoffs (:attr:`ExtensiveGame.spread`); most are below 1e-12."""
_SUM = 1e-9
"""How far sums of payoffs may be from constant, in parts of the payoffs of their terminal."""
_FEASIBLE = 1e-10
"""Tolerances of HiGHS, the least that it takes."""
_SMALL = 1_000
"""Numbers of the table in fractions up to which HiGHS is not asked: its first call alone takes a third of a second."""
_APART, _SAME = 1e-6, 1e-12
"""A gap of more than this part of the least difference of payoffs is looked into; what is nearer counts as equal."""

Rational = list[Fraction]
Payoffs = Sequence[Sequence[Fraction]]
"""Exact payoffs times chance (N, L), by players and terminals."""


class Certificate(NamedTuple):
    """Exact values and gains of strategies, each probability divided by the sum of its information set.

    Attributes
    ----------
    values : tuple of Fraction
        Expected payoffs.
    best : tuple of Fraction
        The most that each player gets against the others.

    Examples
    --------
    >>> Certificate((Fraction(1, 2),), (Fraction(3, 4),)).gains
    (Fraction(1, 4),)
    """

    values: tuple[Fraction, ...]
    best: tuple[Fraction, ...]

    @property
    def gains(self) -> tuple[Fraction, ...]:
        """What each player gains by its best response."""
        return tuple(best - value for best, value in zip(self.best, self.values, strict=True))


class ConstantSumSolution(NamedTuple):
    """Equilibrium of a two-player game of constant sum.

    Attributes
    ----------
    value : float
        Payoff of player 1 in equilibrium, up to ``gap``.
    strategies : tuple of (S_i,) arrays
        Behaviour strategies.
    low, high : float
        What strategy 1 assures player 1 of, and strategy 2 leaves it at most; rounded outwards, so the value of the
        game that has the payoffs of player 1 lies between.
    gap : float
        high - low, or the sum of both gains if that is more, rounded up; no player gains more.
    gains : tuple of float
        Gains of both players in their own payoffs, rounded up: their largest is the NE-gap.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> found = solve_constant_sum(game)
    >>> round(found.value, 9), found.gap < 1e-9, found.low <= 0 <= found.high
    (0.0, True, True)
    """

    value: float
    strategies: Policies
    low: float
    high: float
    gap: float
    gains: tuple[float, ...]


def rounded_up(number: Fraction) -> float:
    """The least float that is not below a number.

    Examples
    --------
    >>> rounded_up(Fraction(1, 3)) >= Fraction(1, 3), rounded_up(Fraction(1, 2))
    (True, 0.5)
    """
    near = float(number)
    return near if Fraction(near) >= number else math.nextafter(near, math.inf)


def certify(game: ExtensiveGame, strategies: Sequence[npt.ArrayLike], payoffs: Payoffs | None = None) -> Certificate:
    """Values and best-response values of strategies of any number of players, in fractions.

    Parameters
    ----------
    game : ExtensiveGame
    strategies : sequence of (S_i,) arrays
        Behaviour strategies.
    payoffs : sequence of sequences of Fraction, optional
        Payoffs times chance (N, L) of which those of the game are rounded
        (:attr:`metanash.extensive.recall.Recalled.exact`). Default: those of the game.

    Raises
    ------
    ValueError
        If the game is a batch, or strategies are none.

    Examples
    --------
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[3, -1, -1, 1], [-3, 1, 1, -1]], np.ones(4))
    >>> certify(game, ([1, 0.5, 0.5], [1, 0.5, 0.5])).gains
    (Fraction(1, 2), Fraction(1, 2))
    """
    _one_game("certify", game)
    plans = [_exact_plan(*pair) for pair in zip(game.players, game.checked(strategies), strict=True)]
    paid, values, best = payoffs or _exact(game), [], []
    for i, plex in enumerate(game.players):
        gradient = _exact_gradient(game, paid[i], plans, i)
        values.append(sum((g * r for g, r in zip(gradient, plans[i], strict=True)), Fraction(0)))
        best.append(_exact_best(plex, gradient))
    return Certificate(tuple(values), tuple(best))


def _exact_plan(plex: Treeplex, behaviour: Floats) -> Rational:
    plan = [Fraction(1), *[Fraction(0)] * (plex.n_sequences - 1)]
    chances = [*map(Fraction, behaviour.tolist())]
    for parent, first, n in _sets(plex):
        total = sum(chances[first : first + n])
        for s in range(first, first + n):
            if plan[parent] and chances[s]:
                plan[s] = plan[parent] * chances[s] / total
    return plan


def _exact(game: ExtensiveGame) -> Payoffs:
    return [[*map(Fraction, row)] for row in game.payoff.tolist()]


def _exact_gradient(
    game: ExtensiveGame, payoff: Sequence[Fraction], plans: Sequence[Rational], player: int
) -> Rational:
    gradient = [Fraction(0)] * game.players[player].n_sequences
    others = [j for j in range(game.n_players) if j != player]
    for column, worth in zip(game.sequences.T.tolist(), payoff, strict=True):
        share = math.prod((plans[j][column[j]] for j in others), start=Fraction(1))
        if share:
            gradient[column[player]] += worth * share
    return gradient


def _exact_best(plex: Treeplex, gradient: Rational) -> Fraction:
    worth = list(gradient)
    for parent, first, n in reversed(_sets(plex)):
        worth[parent] += max(worth[first : first + n])
    return worth[0]


def _sets(plex: Treeplex) -> list[tuple[int, int, int]]:
    """Parent, first sequence and number of actions of each information set."""
    return [*zip(plex.parent.tolist(), plex.first.tolist(), plex.n_actions.tolist(), strict=True)]


def _one_game(by: str, game: ExtensiveGame) -> None:
    check_extensive(by, game)
    if game.batch_shape:
        raise ValueError(f"{by} takes one game, got a batch of shape {game.batch_shape}")


def solve_constant_sum(game: ExtensiveGame, payoffs: Payoffs | None = None) -> ConstantSumSolution:
    """Solve a game of two players whose payoffs sum to a constant at all terminals.

    Parameters
    ----------
    game : ExtensiveGame
    payoffs : sequence of sequences of Fraction, optional
        As in :func:`certify`.

    Raises
    ------
    ValueError
        If it has another number of players, is a batch, or sums of payoffs differ by more than 1e-9 of the payoffs of
        their terminal.
    ArithmeticError
        If no solution was found whose certified gap is at most :data:`TOLERANCE` of the range of the payoffs.

    Examples
    --------
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[3, -1, -1, 1], [-3, 1, 1, -1]], np.ones(4))
    >>> solution = solve_constant_sum(game)
    >>> round(solution.value, 12), solution.strategies[0].round(12).tolist(), solution.gap < 1e-12
    (0.333333333333, [1.0, 0.333333333333, 0.666666666667], True)
    """
    _one_game("solve_constant_sum", game)
    _check_constant(game)
    paid = payoffs or _exact(game)
    found = _in_fractions(game, paid) if size_in_fractions(game.players[0], game.players[1]) <= _SMALL else None
    if found is None:
        found = _judged(game, paid, *_linear_program(game))
        if found.gap > _APART * _least_difference(game) and (better := _in_fractions(game, paid)) is not None:
            found = min(found, better, key=lambda solution: solution.gap)
    if not found.gap <= TOLERANCE * float(game.spread[0]):
        raise ArithmeticError(
            f"the linear program of {game.name or 'this game'} was not solved: strategies leave a gap of "
            f"{found.gap:.3g}, where payoffs have a range of {game.spread[0]:.3g}"
        )
    return found


def _judged(game: ExtensiveGame, paid: Payoffs, *plans: Floats) -> ConstantSumSolution:
    """Plans as strategies, with what they are worth."""
    strategies = tuple(plex.behaviour(np.maximum(plan, 0.0)) for plex, plan in zip(game.players, plans, strict=True))
    found = certify(game, strategies, paid)
    exact = [_exact_plan(*pair) for pair in zip(game.players, strategies, strict=True)]
    taken = [-worth for worth in paid[0]]
    high, low = found.best[0], -_exact_best(game.players[1], _exact_gradient(game, taken, exact, 1))
    gap = max(high - low, sum(found.gains, Fraction(0)))  # which differ where the sum of payoffs does
    gains = tuple(rounded_up(gain) for gain in found.gains)
    return ConstantSumSolution(
        float((high + low) / 2), strategies, -rounded_up(-low), rounded_up(high), rounded_up(gap), gains
    )


def _in_fractions(game: ExtensiveGame, paid: Payoffs) -> ConstantSumSolution | None:
    one, two = game.players
    plans = plans_in_fractions(one, two, [*zip(*game.sequences.tolist(), paid[0], strict=True)])
    return None if plans is None else _judged(game, paid, *(np.array([*map(float, plan)]) for plan in plans))


def _least_difference(game: ExtensiveGame) -> float:
    """Between payoffs of player 1 that differ by more than rounding; 0 if there is none."""
    different = np.unique(game.payoff[0] / game.chance)
    steps = np.diff(different)
    apart = steps[steps > _SAME * np.abs(different[1:])]
    return float(apart.min(initial=np.inf)) if apart.size else 0.0


def _off_constant(game: ExtensiveGame) -> tuple[Floats, Floats, float]:
    """Sums of two players' payoffs (L,), how far each is from constant in parts of its payoffs (L,), the constant."""
    total = game.payoff.sum(axis=0)
    constant = float((total * game.reach(game.uniform())).sum())
    size = np.abs(game.payoff).sum(axis=0) + abs(constant) * game.chance
    off = np.abs(total - constant * game.chance)
    return total, off / np.where(size > 0.0, size, 1.0), constant


def is_constant_sum(game: ExtensiveGame) -> bool:
    """Whether there are two players, whose payoffs add up to the same at all terminals, up to rounding.

    Examples
    --------
    >>> once = Treeplex([0], [2])
    >>> is_constant_sum(ExtensiveGame((once, once), [[1, 2], [1, 2]], [[1, -1], [0, 2]], np.full(2, 2.0)))
    True
    """
    return game.n_players == 2 and bool((_off_constant(game)[1] <= _SUM).all())


def _check_constant(game: ExtensiveGame) -> None:
    if game.n_players != 2:
        raise ValueError(f"solve_constant_sum takes games of 2 players, this one has {game.n_players}")
    total, off, constant = _off_constant(game)
    if (off > _SUM).any():
        worst = int(off.argmax())
        raise ValueError(
            f"payoffs must sum to a constant; at terminal {worst}, sequences {game.sequences[:, worst].tolist()}, they "
            f"sum to {total[worst] / game.chance[worst]:.10g}, on average to {constant:.10g}"
        )


def _flow(plex: Treeplex) -> Array:
    """E of the module, sparse (1 + I, S)."""
    rows = np.concatenate([[0], 1 + plex.owner[1:], 1 + np.arange(plex.n_sets)])
    columns = np.concatenate([[0], np.arange(1, plex.n_sequences), plex.parent])
    entries = np.concatenate([np.ones(plex.n_sequences), -np.ones(plex.n_sets)])
    matrix: Array = scipy.sparse.csr_array((entries, (rows, columns)), shape=(1 + plex.n_sets, plex.n_sequences))
    return matrix


def _linear_program(game: ExtensiveGame) -> tuple[Floats, Floats]:
    """Plans x and y, of payoffs shifted and divided to [-1, 1]: which changes neither."""
    one, two = game.players
    middle = (game.payoff[0] / game.chance).mean()
    payoff = (game.payoff[0] - middle * game.chance) / game.spread[0]
    a = scipy.sparse.csr_array((payoff, tuple(game.sequences)), shape=(one.n_sequences, two.n_sequences))
    e, f = _flow(one), _flow(two)
    lone = scipy.sparse.csr_array((e.shape[0], f.shape[0]))
    found = scipy.optimize.linprog(
        np.concatenate([np.zeros(one.n_sequences), [-1.0], np.zeros(two.n_sets)]),
        A_ub=scipy.sparse.hstack([-a.T, f.T]).tocsr(),
        b_ub=np.zeros(two.n_sequences),
        A_eq=scipy.sparse.hstack([e, lone]).tocsr(),
        b_eq=np.append(1.0, np.zeros(one.n_sets)),
        bounds=[(0, None)] * one.n_sequences + [(None, None)] * (1 + two.n_sets),
        method="highs",
        options={"primal_feasibility_tolerance": _FEASIBLE, "dual_feasibility_tolerance": _FEASIBLE},
    )
    if found.status != 0:
        raise ArithmeticError(f"HiGHS did not solve the linear program of {game.name or 'this game'}: {found.message}")
    return np.asarray(found.x[: one.n_sequences]), np.asarray(-found.ineqlin.marginals)
