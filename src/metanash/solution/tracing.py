r"""Stationary equilibria by a path of logit responses to traced beliefs, finished by Newton's method on supports.

Along the path players respond by

.. math:: \pi_i(a \mid s) \propto \rho_i(a \mid s) \exp(\lambda A_i^t(s, a)), \qquad t = \lambda / (\tau + \lambda),

with advantages A^t against the belief that the others play the prior rho with probability 1 - t, and pi with t. That
joins the logit responses of R. D. McKelvey and T. R. Palfrey (1995), for stochastic games S. Eibelshaeuser and D.
Poensgen (2019, "Markov quantal response equilibrium and a homotopy method for computing and selecting Markov perfect
equilibria of dynamic stochastic games"), and the tracing procedure of J. C. Harsanyi (1975), for stochastic games P.
J.-J. Herings and R. J. A. P. Peeters (2004). At lambda = 0 the prior is the only solution; as lambda grows, limits are
stationary equilibria, which exist (A. M. Fink 1964). That some are reached is proven for the paths that were joined,
not for the joint: whoever solves judges what is found.

The path is followed in logits z = log rho + lambda A^t and in lambda, by its arc length, so that it may turn: a step
along the tangent, then Newton's method in the plane across. Lengths are relative, ``dx / (1 + |x|)``: logits of actions
that are not played grow in proportion to lambda. On the way the actions that are played at all are tried as supports.
A path that gets nowhere is left for one with another tau or another prior, drawn by name, so that equal games have
equal answers.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from metanash.solution.replies import Replies
from metanash.streams import stream
from metanash.typing import Booleans, Floats

__all__ = ["PATHS", "candidates", "supported"]

PATHS = (
    (0, 10.0, 1500), (1, 10.0, 1500), (0, 1.0, 3000), (2, 10.0, 3000), (3, 3.0, 3000), (4, 10.0, 3000),
    (5, 1.0, 3000), (6, 30.0, 3000), (7, 10.0, 3000), (8, 3.0, 3000), (9, 10.0, 3000), (10, 10.0, 3000),
)  # fmt: skip
"""Prior, tau in units of the first advantages' inverse, and most steps of each path that is tried."""
_EVERY = 3
_SUPPORTED = (3e-2, 1e-3, 1e-5, 1e-7, 1e-9)
"""Probabilities from which an action is taken to be played."""
_SHORTEST, _CORRECTIONS, _CLOSE = 1e-9, 6, 1e-3
_OFF, _TURN = 0.5, 0.7
"""Most that the first correction may be of a step, and least cosine between tangents."""
_FAR = 1e9
_NEWTON, _NEGATIVE = 12, 1e-11
_LEAST = 1e-3


def candidates(replies: Replies, prior: Floats | None = None) -> Iterator[tuple[Floats, str]]:
    """Policies (n,) that make all actions of their support pay the same, and how they were found.

    They are equilibria if no other action pays more, which is for the caller to judge. A prior (n,) takes the place of
    the uniform one.

    Examples
    --------
    Matching pennies, for 1 and for 3, for ever.

    >>> from metanash.stochastic import StochasticGame
    >>> game = StochasticGame([[[[3, 0], [0, 1]], [[0, 1], [1, 0]]]], [np.ones((2, 2, 1))], 0.5)
    >>> next(candidates(Replies(game)))[0].round(12).tolist()
    [0.5, 0.5, 0.25, 0.75]
    """
    for number, (drawn, tau, steps) in enumerate(PATHS):
        weights = _drawn(replies, drawn) if drawn or prior is None else np.maximum(prior, _LEAST)
        logs = np.log(weights / replies.sums(weights)[replies.group])
        for point, tried in _path(replies, logs, tau, steps):
            for found in supported(replies, point, tried):
                yield found, "a path of logit responses and Newton's method" + f", path {number + 1}" * (number > 0)


def _drawn(replies: Replies, number: int) -> Floats:
    """Weights of a prior (n,): uniform, then drawn."""
    if not number:
        return np.ones(replies.total)
    return np.asarray(stream("solve", "stochastic", number).exponential(size=replies.total) + _LEAST)


class _Point(NamedTuple):
    """Where the path is, how it goes on, and the probabilities there."""

    place: Floats
    tangent: Floats
    played: Floats
    rounds: int


Equations = Callable[[Floats], tuple[Floats, Floats, Floats]]


def _equations(replies: Replies, logs: Floats, tau: float) -> Equations:
    """What is 0 on the path, (n,), its derivatives (n, n + 1), and the probabilities, at (z, lambda)."""
    start = replies.softmax(logs)
    prior = replies.against(replies.policies(start))
    first = float(np.abs(replies.pays(start, prior, 0.0).advantage).max())
    unit = 1.0 / first if first > 0.0 else 1.0
    places = np.arange(replies.total)

    def at(point: Floats) -> tuple[Floats, Floats, Floats]:
        rate = float(point[-1])
        played = replies.softmax(point[:-1])
        paid = replies.pays(played, prior, rate / (tau + rate))
        value = point[:-1] - logs - unit * rate * paid.advantage
        derivative = np.empty((replies.total, replies.total + 1))
        derivative[:, :-1] = (-unit * rate) * replies.through_softmax(paid.slopes, played)
        derivative[places, places] += 1.0
        derivative[:, -1] = -unit * (paid.advantage + paid.by_weight * (rate * tau / (tau + rate) ** 2))
        return value, derivative, played

    return at


def _path(replies: Replies, logs: Floats, tau: float, steps: int) -> Iterator[tuple[Floats, set[bytes]]]:
    """Policies along a path, one in some steps, and the supports that were tried on it."""
    equations = _equations(replies, logs, tau)
    place = np.append(logs, 0.0)
    forward = np.append(np.zeros(replies.total), 1.0)
    begun = _corrected(equations, place, forward, np.inf)
    if begun is None:
        return
    point, length = begun, 0.3
    tried = set[bytes]()
    for k in range(steps):
        moved = None
        while moved is None and length > _SHORTEST:
            moved = _corrected(equations, point.place, point.tangent, length)
            if moved is None:
                length *= 0.4
        if moved is None or not 0.0 <= moved.place[-1] < _FAR:  # below 0 it runs back on another branch
            return
        point = moved
        length *= (2.0, 2.0, 1.4)[point.rounds] if point.rounds < 3 else 1.0
        if k % _EVERY == _EVERY - 1:
            yield point.played, tried


def _corrected(equations: Equations, place: Floats, tangent: Floats, length: float) -> _Point | None:
    """The next point of the path, a step away; None if Newton's method does not get there soon, or the path turns.

    A step of infinite length stands for the start, where only the tangent is wanted.
    """
    starts = not np.isfinite(length)
    scale = 1.0 / (1.0 + np.abs(place))
    if not starts:
        tangent = tangent / np.linalg.norm(tangent * scale)
    point = place if starts else place + length * tangent
    across = tangent * scale * scale
    right = np.zeros((len(place), 2))
    right[-1, 1] = 1.0
    before = np.inf
    for k in range(_CORRECTIONS):
        if not point[-1] > -0.5:
            return None
        value, derivative, played = equations(point)
        right[:-1, 0] = value
        try:
            step, onward = np.linalg.solve(np.vstack([derivative, across]), right).T
        except np.linalg.LinAlgError:
            return None
        off = float(np.linalg.norm(step * scale))
        if starts:
            return _Point(point, onward, played, k)
        if not off <= (_OFF * length if k == 0 else 0.5 * before):
            return None
        point, before = point - step, off
        if off < _CLOSE * min(1.0, length):
            onward = onward / np.linalg.norm(onward * scale)
            return _Point(point, onward, played, k) if (onward * scale) @ (tangent * scale) >= _TURN else None
    return None


# The end of it ------------------------------------------------------------------------------------------


def supported(replies: Replies, played: Floats, tried: set[bytes]) -> Iterator[Floats]:
    """Policies near to others that play some of their actions, all of which pay the same.

    Examples
    --------
    Matching pennies, for 1 and for 3: from uniform play Newton's method finds the equilibrium.

    >>> from metanash.stochastic import StochasticGame
    >>> game = StochasticGame([[[[3, 0], [0, 1]], [[0, 1], [1, 0]]]], [np.ones((2, 2, 1))], 0.5)
    >>> [found.round(12).tolist() for found in supported(Replies(game), np.full(4, 0.5), set())]
    [[0.5, 0.5, 0.25, 0.75]]
    """
    for least in _SUPPORTED:
        support: Booleans = played >= least
        if support.tobytes() not in tried:
            tried.add(support.tobytes())
            found = _newton(replies, played, support)
            if found is not None:
                yield found


def _newton(replies: Replies, played: Floats, support: Booleans) -> Floats | None:
    """Policies on a support that make its actions pay the same; None if there are none nearby."""
    used = np.flatnonzero(support)
    group = replies.group[used]
    lead = np.searchsorted(group, np.arange(len(replies.counts)))  # the first of each, whose equation is a sum of 1
    sums = (group[lead][:, np.newaxis] == group).astype(float)
    played = np.where(support, played, 0.0)
    played = played / replies.sums(played)[replies.group]
    for _ in range(_NEWTON):
        paid = replies.pays(played)
        value = paid.advantage[used] - paid.advantage[used][lead[group]]
        slopes = paid.slopes[np.ix_(used, used)]
        slopes = slopes - slopes[lead[group]]
        value[lead], slopes[lead] = 0.0, sums
        try:
            step = np.linalg.solve(slopes, value)
        except np.linalg.LinAlgError:
            step = np.linalg.lstsq(slopes, value)[0]
        played = played.copy()
        played[used] -= step
        largest = float(np.abs(step).max())
        if not largest < 10.0 or played.min() < -0.5:
            return None
        if largest < 1e-15:
            break
    if played.min() < -_NEGATIVE:
        return None
    played = np.maximum(played, 0.0)
    return np.asarray(played / replies.sums(played)[replies.group])
