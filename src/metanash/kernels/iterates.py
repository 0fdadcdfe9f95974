"""Iterations inside a stage and what ends one, in NumPy: the reference of ``lanes.h`` and ``regret.h``.

Part of :mod:`metanash.kernels.twin`; :mod:`~metanash.kernels.schedules` goes through whole runs with them.
"""

import itertools
import math

import numpy as np

from metanash import simplex
from metanash.typing import Floats, Integers

__all__ = ["CHUNK", "backup", "expect", "fold", "joint_mirror", "mirror", "regret_matching"]

CHUNK = 1024
"""Terms of a running sum before it is added to the total: the same number as in ``compiled.c``."""
LEAST_TOTAL = 1e-290
"""Weights that sum to less count as 0: the same number as in ``regret.h``."""


def mirror(
    *,
    q: Floats,
    eta: Floats,
    x: Floats,
    y: Floats,
    mu: Floats,
    nu: Floats,
    sum_mu: Floats,
    sum_nu: Floats,
    sum_value: Floats,
    lanes: int,
    rows: int,
    columns: int,
    done: int,
    iterations: int,
    predicts: int,
) -> None:
    """Iterate Algorithm 1, lines 5 and 6, on fixed Q-estimates (Mao et al. 2023).

    With negative entropy the two steps are, for the max-player, ``x += eta Q nu`` and
    ``mu = softmax(x + eta Q nu)``; the min-player has the opposite sign (the paper prints a plus for both).

    Parameters
    ----------
    q : (lanes, rows, columns)
        Q-estimates of the stage.
    eta : (lanes,)
        Learning rates.
    x, y : (lanes, rows), (lanes, columns)
        Logits of the anchors hat mu and hat nu, advanced. A logit of -inf is an action of probability 0.
    mu, nu : (lanes, rows), (lanes, columns)
        Last iterates, advanced.
    sum_mu, sum_nu, sum_value : (2, lanes, rows), (2, lanes, columns), (2, lanes)
        Sums of mu, nu and mu^T Q nu over the iterations of the stage, advanced: ``[0]`` holds whole chunks
        of :data:`CHUNK` iterations, ``[1]`` the rest, so that no small term meets a large sum.
    done : int
        Iterations of the stage before this call.
    iterations : int
        Iterations of this call.
    predicts : int
        0 for plain mirror descent, ``mu = softmax(x)`` with the new x: without the prediction of line 6.

    Examples
    --------
    >>> x, y, mu, nu = np.zeros((1, 2)), np.zeros((1, 2)), np.full((1, 2), 0.5), np.full((1, 2), 0.5)
    >>> sums = {"sum_mu": np.zeros((2, 1, 2)), "sum_nu": np.zeros((2, 1, 2)), "sum_value": np.zeros((2, 1))}
    >>> sizes = {"lanes": 1, "rows": 2, "columns": 2, "done": 0, "iterations": 3, "predicts": 1}
    >>> mirror(q=np.array([[[1.0, 0.0], [0.0, 1.0]]]), eta=np.array([0.5]), x=x, y=y, mu=mu, nu=nu, **sums, **sizes)
    >>> mu.tolist(), float(sums["sum_value"].sum())  # uniform play is the equilibrium
    ([[0.5, 0.5]], 1.5)
    """
    # einsum adds in another order where there is one lane only, so a single lane has company
    width = max(lanes, 2)

    def last(array: Floats, *shape: int) -> Floats:
        """Move the lanes to the last axis, where NumPy loops fastest."""
        return np.ascontiguousarray(np.moveaxis(np.resize(array, (width, *shape)), 0, -1))

    game = last(q, rows, columns)
    anchor, policy = (last(x, rows), last(y, columns)), [last(mu, rows), last(nu, columns)]
    step = (last(eta), -last(eta))
    sums = (sum_mu.reshape(2, lanes, rows), sum_nu.reshape(2, lanes, columns), sum_value.reshape(2, lanes))
    part = [last(total[1], *total.shape[2:]) for total in sums]
    gradient = (np.einsum("abl,bl->al", game, policy[1]), np.einsum("abl,al->bl", game, policy[0]))
    for t in range(done + 1, done + iterations + 1):
        for i in (0, 1):
            ascent_direction = step[i] * gradient[i]
            anchor[i][...] += ascent_direction
            policy[i] = simplex.softmax(anchor[i] + ascent_direction if predicts else anchor[i], axis=0)
            part[i] += policy[i]
        gradient = (np.einsum("abl,bl->al", game, policy[1]), np.einsum("abl,al->bl", game, policy[0]))
        part[2] += np.einsum("al,al->l", policy[0], gradient[0])
        if t % CHUNK == 0:
            for total, running in zip(sums, part, strict=True):
                total[0] += running.T[:lanes]
                running[...] = 0.0
    for target, size, found in zip((x, y, mu, nu), (rows, columns) * 2, (*anchor, *policy), strict=True):
        target.reshape(lanes, size)[...] = found.T[:lanes]
    for total, running in zip(sums, part, strict=True):
        total[1] = running.T[:lanes]


def regret_matching(
    *,
    q: Floats,
    x: Floats,
    y: Floats,
    mu: Floats,
    nu: Floats,
    sum_mu: Floats,
    sum_nu: Floats,
    value: Floats,
    lanes: int,
    rows: int,
    columns: int,
    done: int,
    iterations: int,
) -> None:
    """Iterate predictive regret matching+ on fixed matrices, the players in turns (Farina, Kroer and Sandholm 2021).

    The max-player goes first. With g = Q nu and r = g - mu^T g it takes ``x = max(x + r, 0)`` and plays mu proportional
    to ``max(x + r, 0)``, the last regrets being the prediction of the next, or uniformly where that is 0 everywhere;
    then the min-player does so with g = -Q^T mu.

    Parameters
    ----------
    q : (lanes, rows, columns)
        Payoffs of the max-player.
    x, y : (lanes, rows), (lanes, columns)
        Clipped regrets of the players, not negative, advanced.
    mu, nu : (lanes, rows), (lanes, columns)
        Last iterates, advanced.
    sum_mu, sum_nu : (2, lanes, rows), (2, lanes, columns)
        Sums of t^2 mu^t and t^2 nu^t, advanced, in two levels as in :func:`mirror`.
    value : (lanes,)
        Overwritten: the mean of what a best response to the average nu earns and of what a best response to the
        average mu leaves, averages as in the sums. It is within half of their NE-gap of the value of Q.
    done : int
        Iterations of the run before this call.
    iterations : int
        Iterations of this call.

    Examples
    --------
    >>> x, y, mu, nu = np.zeros((1, 2)), np.zeros((1, 2)), np.full((1, 2), 0.5), np.full((1, 2), 0.5)
    >>> sums, value = {"sum_mu": np.zeros((2, 1, 2)), "sum_nu": np.zeros((2, 1, 2))}, np.zeros(1)
    >>> sizes = {"lanes": 1, "rows": 2, "columns": 2, "done": 0, "iterations": 3}
    >>> regret_matching(q=np.array([[[1.0, 0.0], [0.0, 1.0]]]), x=x, y=y, mu=mu, nu=nu, **sums, value=value, **sizes)
    >>> value.tolist()
    [0.5]
    """
    width = max(lanes, 2)  # as in mirror

    def last(array: Floats, *shape: int) -> Floats:
        return np.ascontiguousarray(np.moveaxis(np.resize(array, (width, *shape)), 0, -1))

    game = last(q, rows, columns)
    regret, policy = (last(x, rows), last(y, columns)), [last(mu, rows), last(nu, columns)]
    sums = (sum_mu.reshape(2, lanes, rows), sum_nu.reshape(2, lanes, columns))
    part = [last(total[1], *total.shape[2:]) for total in sums]
    for t in range(done + 1, done + iterations + 1):
        for i, subscripts in enumerate(("abl,bl->al", "abl,al->bl")):
            payoff = np.einsum(subscripts, game, policy[1 - i])
            value_met = (policy[i] * payoff).sum(axis=0)
            met = payoff - value_met if i == 0 else value_met - payoff
            np.maximum(regret[i] + met, 0.0, out=regret[i])
            policy[i] = _proportional(np.maximum(regret[i] + met, 0.0))
            part[i] += float(t) ** 2 * policy[i]
        if t % CHUNK == 0:
            for total, running in zip(sums, part, strict=True):
                total[0] += running.T[:lanes]
                running[...] = 0.0
    for target, size, found in zip((x, y, mu, nu), (rows, columns) * 2, (*regret, *policy), strict=True):
        target.reshape(lanes, size)[...] = found.T[:lanes]
    for total, running in zip(sums, part, strict=True):
        total[1] = running.T[:lanes]
    averages = [_proportional(last(total.sum(axis=0), *total.shape[2:])) for total in sums]
    most = np.einsum("abl,bl->al", game, averages[1]).max(axis=0)
    least = np.einsum("abl,al->bl", game, averages[0]).min(axis=0)
    value.reshape(lanes)[...] = 0.5 * (most + least)[:lanes]


def _proportional(weight: Floats) -> Floats:
    """Distributions proportional to weights, actions first; uniform where all are 0."""
    total = weight.sum(axis=0)
    none = total < LEAST_TOTAL
    return np.where(none, 1.0 / len(weight), weight / np.where(none, 1.0, total))


def joint_mirror(
    *,
    q: Floats,
    eta: Floats,
    x: Floats,
    policy: Floats,
    sum_joint: Floats,
    actions: Integers,
    lanes: int,
    players: int,
    joint: int,
    columns: int,
    done: int,
    iterations: int,
) -> None:
    """Iterate Algorithm 2 on fixed Q-estimates (Mao et al. 2023, section 5): :func:`mirror` for any number of players.

    Every player at once takes ``x_i += eta g_i`` and ``pi_i = softmax(x_i + eta g_i)``, where g_i is the payoff of
    each of its actions against the product of the others' last iterates. All maximise.

    Parameters
    ----------
    q : (lanes, players, joint)
        Q-estimates of the stage; joint actions in C order.
    eta : (lanes,)
        Learning rates.
    x : (lanes, columns)
        Logits of the anchors, the players' side by side, advanced. A logit of -inf is an action of probability 0.
    policy : (lanes, columns)
        Last iterates, advanced.
    sum_joint : (2, lanes, joint)
        Sums over the iterations of the stage of the *product* of the iterates, advanced, in two levels as in
        :func:`mirror`.
    actions : (players,) of int64
        Numbers of actions: ``columns`` is their sum and ``joint`` their product.
    done, iterations : int
        As in :func:`mirror`.

    Examples
    --------
    >>> policy, x, sums = np.full((1, 4), 0.5), np.zeros((1, 4)), np.zeros((2, 1, 4))
    >>> sizes = {"lanes": 1, "players": 2, "joint": 4, "columns": 4, "done": 0, "iterations": 2}
    >>> q = np.array([[[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]])
    >>> joint_mirror(q=q, eta=np.array([0.5]), x=x, policy=policy, sum_joint=sums, actions=np.array([2, 2]), **sizes)
    >>> sums.sum(axis=0).tolist()  # two iterations of uniform play
    [[0.5, 0.5, 0.5, 0.5]]
    """
    width = max(lanes, 2)  # as in mirror
    sizes = [int(n) for n in actions]
    ends = np.cumsum(sizes)[:-1].tolist()

    def last(array: Floats, *shape: int) -> Floats:
        return np.ascontiguousarray(np.moveaxis(np.resize(array, (width, *shape)), 0, -1))

    game = last(q, players, joint)
    before = [math.prod(sizes[:i]) for i in range(players)]
    tables = [game[i].reshape(before[i], n, -1, width) for i, n in enumerate(sizes)]
    anchor, iterate = np.split(last(x, columns), ends), np.split(last(policy, columns), ends)
    step, part = last(eta), last(sum_joint.reshape(2, lanes, joint)[1], joint)
    left, right = _partial_products(iterate)
    for t in range(done + 1, done + iterations + 1):
        for i in range(players):
            inner = np.einsum("bacl,cl->bal", tables[i], right[i])
            ascent_direction = step * np.einsum("bal,bl->al", inner, left[i])
            anchor[i] += ascent_direction
            iterate[i] = simplex.softmax(anchor[i] + ascent_direction, axis=0)
        left, right = _partial_products(iterate)
        part += left[-1]
        if t % CHUNK == 0:
            sum_joint.reshape(2, lanes, joint)[0] += part.T[:lanes]
            part[...] = 0.0
    x.reshape(lanes, columns)[...] = np.concatenate(anchor).T[:lanes]
    policy.reshape(lanes, columns)[...] = np.concatenate(iterate).T[:lanes]
    sum_joint.reshape(2, lanes, joint)[1] = part.T[:lanes]


def _partial_products(policies: list[Floats]) -> tuple[list[Floats], list[Floats]]:
    """Products of the policies before each player, then of all; and of those after each player. Lanes last."""

    def outer(a: Floats, b: Floats) -> Floats:
        return (a[:, np.newaxis] * b).reshape(-1, a.shape[-1])

    left, right = [np.ones((1, policies[0].shape[-1]))], [np.ones((1, policies[0].shape[-1]))]
    for policy in policies:
        left.append(outer(left[-1], policy))
    for policy in reversed(policies[1:]):
        right.append(outer(policy, right[-1]))
    return left, right[::-1]


def expect(
    *,
    transition: Floats,
    index: Integers,
    values: Floats,
    out: Floats,
    games: int,
    rows: int,
    states: int,
    vectors: int,
    kinds: int,
) -> None:
    """Average next-state values: ``out[g, v] = transition[index[g]] values[g, v]``.

    Parameters
    ----------
    transition : (kinds, rows, states)
        Distributions over next states, one per row (a state and a joint action).
    index : (games,) of int64
        Transition kernel of each game.
    values : (games, vectors, states)
        Values to average.
    out : (games, vectors, rows)
        Overwritten.

    Examples
    --------
    >>> out = np.zeros((1, 1, 2))
    >>> chance, index = np.array([[[0.5, 0.5], [1.0, 0.0]]]), np.zeros(1, int)
    >>> expect(transition=chance, index=index, values=np.array([[[1.0, 3.0]]]), out=out, games=1, rows=2, states=2,
    ...     vectors=1, kinds=1)
    >>> out.tolist()
    [[[2.0, 1.0]]]
    """
    chance = transition.reshape(kinds, rows, states)
    value, target = values.reshape(games, vectors, states), out.reshape(games, vectors, rows)
    for game in range(games):
        target[game] = value[game] @ chance[index[game]].T


def backup(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    values: Floats,
    out: Floats,
    games: int,
    steps: int,
    rows: int,
    states: int,
    kinds: int,
    first: int,
    last: int,
) -> None:
    """Reward plus expected next value: ``out[g, h] = reward[g, h] + transition[index[g]] values[g, h + 1]``.

    Parameters
    ----------
    reward : (games, steps, rows)
    transition : (kinds, rows, states)
        As in :func:`expect`.
    index : (games,) of int64
        Transition kernel of each game.
    values : (games, steps, states)
        Values at each step; nothing comes after the last.
    out : (games, steps, rows)
        Overwritten at steps ``first``, ..., ``last - 1``.

    Examples
    --------
    >>> out = np.zeros((1, 2, 2))
    >>> reward, chance = np.array([[[1.0, 0.0], [0.5, 0.25]]]), np.ones((1, 2, 1))
    >>> sizes = dict(games=1, steps=2, rows=2, states=1, kinds=1, first=0, last=2)
    >>> backup(reward=reward, transition=chance, index=np.zeros(1, int), values=np.array([[[0.0], [0.25]]]),
    ...     out=out, **sizes)
    >>> out.tolist()
    [[[1.25, 0.25], [0.5, 0.25]]]
    """
    chance, value = transition.reshape(kinds, rows, states), values.reshape(games, steps, states)
    earned, target = reward.reshape(games, steps, rows), out.reshape(games, steps, rows)
    for game, h in itertools.product(range(games), range(first, last)):
        target[game, h] = earned[game, h]
        if h + 1 < steps:
            target[game, h] += chance[index[game]] @ value[game, h + 1]


def fold(sums: Floats, total: Floats, entries: int) -> None:
    """Add both levels of two-level sums (2, entries) to a total (entries,), and set them to 0.

    Examples
    --------
    >>> sums, total = np.array([[1.0, 2.0], [0.5, 0.25]]), np.zeros(2)
    >>> fold(sums, total, 2)
    >>> total.tolist(), sums.tolist()
    ([1.5, 2.25], [[0.0, 0.0], [0.0, 0.0]])
    """
    pair = sums.reshape(2, entries)
    total.reshape(entries)[...] += pair[0] + pair[1]
    pair[...] = 0.0
