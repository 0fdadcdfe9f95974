r"""Mixed equilibria of games with three or more players: a path of logit equilibria, then Newton's method.

Along the path (R. D. McKelvey and T. R. Palfrey 1995; T. L. Turocy 2005) players respond to each other by

.. math:: p_i(a) \propto \rho_i(a) \exp(\lambda u_i(a, p_{-i}))

from the prior rho at lambda = 0 on; for almost every prior it leads to an equilibrium as lambda grows. It is followed
in the logarithms of p, by its arc length, so that it may turn. On the way the actions that are played at all are tried
as supports: Newton's method solves the equations that all of them pay the same, and what is found is taken if no player
gains more than :data:`TOLERANCE` of the range of its payoffs. A path that gets nowhere is left for one from another
prior, drawn by name, so that equal games have equal answers.
"""

from collections.abc import Iterator

import numpy as np

from metanash.solution.bimatrix import TOLERANCE, gains
from metanash.streams import stream
from metanash.typing import Booleans, Floats

__all__ = ["PRIORS", "TOLERANCE", "mixed_equilibrium"]

PRIORS = 12
"""Paths that are tried."""
_STEPS, _EVERY = 1500, 4
_SUPPORTED = (3e-2, 3e-3, 1e-4, 1e-6)
"""Probabilities from which an action is taken to be played."""
_NEWTON, _CORRECTIONS = 25, 6
_CLOSE = 1e-9
_FAR = 1e9
_NEGATIVE = 1e-11


def mixed_equilibrium(payoffs: Floats) -> tuple[Floats, ...]:
    """Find an equilibrium of a game of any number of players.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array
        Finite.

    Returns
    -------
    tuple of (A_i,) arrays

    Raises
    ------
    ArithmeticError
        If no path ends in strategies that leave a small enough gain.

    Examples
    --------
    Each of three players wants to be like the next one, the last not like the first (J. S. Jordan 1993).

    >>> import numpy as np
    >>> same = np.eye(2)
    >>> ring = [np.repeat(same[:, :, None], 2, 2), np.repeat(same[None], 2, 0), np.repeat(1 - same[:, None], 2, 1)]
    >>> [p.round(12).tolist() for p in mixed_equilibrium(np.array(ring))]
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """
    game = _Game(_within_one(payoffs))
    nearest = np.inf
    for k in range(PRIORS):
        for point in _path(game, _prior(game, k)):
            for found in _supported(game, point):
                gain = float(gains(game.payoffs, found).max())
                nearest = min(nearest, gain)
                if gain <= TOLERANCE:
                    return found
    raise ArithmeticError(
        f"none of {PRIORS} paths of logit equilibria of this game of {len(payoffs)} players led to strategies that "
        f"leave a gain of at most {TOLERANCE:g} of the range of payoffs; the least was {nearest:.3g}. Actions that are "
        "never better than another one may be left out; metanash.CorrelatedMirrorDescent learns a coarse correlated "
        "equilibrium"
    )


def _within_one(payoffs: Floats) -> Floats:
    half = payoffs * 0.5  # a range of halves does not overflow
    axes = tuple(range(1, payoffs.ndim))
    low, high = half.min(axis=axes, keepdims=True), half.max(axis=axes, keepdims=True)
    return np.asarray((half - low) / np.where(high > low, high - low, 1.0))


def _prior(game: "_Game", number: int) -> Floats:
    """Logarithms of the prior: uniform, then drawn."""
    if number == 0:
        return np.concatenate([np.full(n, -np.log(n)) for n in game.sizes])
    draw = stream("solve", "prior", number)
    return np.concatenate([np.log(draw.dirichlet(np.ones(n)) + 1e-6) for n in game.sizes])


class _Game:
    """Payoffs, and what actions pay against strategies that stand side by side in one vector."""

    def __init__(self, payoffs: Floats) -> None:
        self.payoffs = payoffs
        self.sizes = payoffs.shape[1:]
        self.bounds = np.cumsum(self.sizes)[:-1]
        self.total = sum(self.sizes)
        self.owner = np.repeat(np.arange(len(self.sizes)), self.sizes)
        self.first = np.concatenate([[0], self.bounds])

    def parts(self, vector: Floats) -> tuple[Floats, ...]:
        return tuple(np.split(vector, self.bounds))

    def replies(self, played: Floats) -> Floats:
        """What each action pays, (sum A_i,)."""
        parts = self.parts(played)
        return np.concatenate([_averaged(table, parts, (i,)) for i, table in enumerate(self.payoffs)])

    def slopes(self, played: Floats) -> Floats:
        """Derivatives of :meth:`replies` with respect to the probabilities, (sum A_i, sum A_i)."""
        parts = self.parts(played)
        rows = []
        for i, table in enumerate(self.payoffs):
            row = [
                np.zeros((size, size)) if j == i else _averaged(table, parts, (i, j)).T if j < i
                else _averaged(table, parts, (i, j))
                for j, size in enumerate(self.sizes)
            ]  # fmt: skip
            rows.append(np.hstack(row))
        return np.vstack(rows)


def _averaged(table: Floats, parts: tuple[Floats, ...], keep: tuple[int, ...]) -> Floats:
    """Mean over the actions of all players but some."""
    for axis in reversed(range(len(parts))):
        if axis not in keep:
            table = np.tensordot(table, parts[axis], axes=(axis, 0))
    return np.asarray(table)


# The path -----------------------------------------------------------------------------------------------


def _equations(game: _Game, point: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """What is 0 on the path, (n,), and its derivatives (n, n + 1), at the logarithms of strategies and lambda."""
    logs, rate = point[:-1], point[-1]
    played = np.exp(logs)
    paid, slopes = game.replies(played), game.slopes(played) * played
    lead = game.first[game.owner]  # the first action of the player of each action
    tilt = logs - prior - rate * paid
    value = tilt - tilt[lead]
    derivative = np.eye(game.total) - rate * slopes
    derivative = derivative - derivative[lead]
    by_rate = paid[lead] - paid
    for i, start in enumerate(game.first):  # the equation of a first action is that all add up to 1
        own = game.owner == i
        value[start] = played[own].sum() - 1.0
        derivative[start] = np.where(own, played, 0.0)
        by_rate[start] = 0.0
    return value, np.column_stack([derivative, by_rate])


def _path(game: _Game, prior: Floats) -> Iterator[Floats]:
    """Strategies (sum A_i,) along the path, one in some steps."""
    parts = game.parts(prior)
    point = np.append(np.concatenate([part - np.log(np.exp(part).sum()) for part in parts]), 0.0)
    prior = point[:-1].copy()
    direction = np.append(np.zeros(game.total), 1.0)
    length = 0.1
    for k in range(_STEPS):
        basis, _ = np.linalg.qr(_equations(game, point, prior)[1].T, mode="complete")
        tangent = basis[:, -1]
        tangent = tangent if tangent @ direction > 0.0 else -tangent
        moved = None
        while moved is None and length > 1e-10:
            moved = _corrected(game, point + length * tangent, prior)
            if moved is not None and (moved - point) @ tangent < 0.5 * length:
                moved = None
            length *= 2.0 if moved is not None else 0.4
        if moved is None:
            return
        direction, point = moved - point, moved
        if k % _EVERY == 0:
            yield np.exp(point[:-1])
        if not abs(point[-1]) < _FAR:
            return


def _corrected(game: _Game, point: Floats, prior: Floats) -> Floats | None:
    """The point of the path near another point, None if Newton's method does not get there soon."""
    before = np.inf
    for _ in range(_CORRECTIONS):
        if point[:-1].max() > 1.0:
            return None
        value, derivative = _equations(game, point, prior)
        size = float(np.abs(value).max())
        if size <= _CLOSE * max(1.0, abs(point[-1])):
            return point
        if not size < before:
            return None
        before = size
        point = point - np.linalg.lstsq(derivative, value)[0]
    return None


# The end of it ------------------------------------------------------------------------------------------


def _supported(game: _Game, played: Floats) -> Iterator[tuple[Floats, ...]]:
    """Strategies near to others that play some of their actions, all of which pay the same."""
    tried = set[bytes]()
    for least in _SUPPORTED:
        support: Booleans = played >= least
        if support.tobytes() in tried:
            continue
        tried.add(support.tobytes())
        if all(part.any() for part in np.split(support, game.bounds)):
            found = _newton(game, np.where(support, played, 0.0), support)
            if found is not None:
                yield game.parts(found)


def _newton(game: _Game, played: Floats, support: Booleans) -> Floats | None:
    """Strategies on a support that make its actions pay the same; None if there are none nearby."""
    players = len(game.sizes)
    member = (game.owner[:, np.newaxis] == np.arange(players))[support].astype(float)
    played = played / np.bincount(game.owner, played)[game.owner]
    used = int(support.sum())
    paid = np.bincount(game.owner, played * game.replies(played))
    for _ in range(_NEWTON):
        apart = game.replies(played)[support] - paid[game.owner[support]]
        off = np.bincount(game.owner, played) - 1.0
        value = np.concatenate([apart, off])
        slopes = game.slopes(played)[np.ix_(support, support)]
        derivative = np.block([[slopes, -member], [member.T, np.zeros((players, players))]])
        step = np.linalg.lstsq(derivative, value)[0]
        played = played.copy()
        played[support] -= step[:used]
        paid = paid - step[used:]
        if not np.abs(played).max() < 1e3:
            return None
        if np.abs(step[:used]).max() <= 1e-15:
            break
    if played.min() < -_NEGATIVE:
        return None
    played = np.maximum(played, 0.0)
    return np.asarray(played / np.bincount(game.owner, played)[game.owner])
