"""The inner loops in vectorised NumPy: readable reference, oracle and fallback of ``compiled.c``.

A *lane* is one independent problem, the first axis of every array. Arrays are C-contiguous float64
(indices int64), and those that a call advances are written in place. Agreement with the compiled versions
is up to rounding. Within each version a lane gives the same bits alone and in any batch, and however a
run is cut into calls.
"""

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from metanash import simplex

__all__ = ["CHUNK", "ascent", "expect", "joint_mirror", "mirror"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

CHUNK = 1024
"""Terms of a running sum before it is added to the total: the same number as in ``compiled.c``."""


def mirror(
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
    /,
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
            policy[i] = simplex.softmax(anchor[i] + ascent_direction, axis=0)
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


def joint_mirror(
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
    /,
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


def ascent(
    reward: Floats,
    transition: Floats,
    index: Integers,
    step: Floats,
    actions: Integers,
    column: Integers,  # noqa: ARG001 - the compiled loop needs it, reshaping does not
    policy: Floats,
    discount: float,
    lanes: int,
    players: int,
    states: int,
    joint: int,
    reward_rows: int,
    columns: int,
    kinds: int,
    iterations: int,
    /,
) -> None:
    """Iterate independent projected Q-ascent, equation (7) (Mao et al. 2023).

    Every player at once takes ``pi_i <- Proj(pi_i + step Qbar_i)``, where Qbar_i is its Q-function under the
    joint policy, averaged over what the others do.

    Parameters
    ----------
    reward : (lanes, reward_rows, states, joint)
        One row for a reward common to all players, else one a player; joint actions in C order.
    transition : (kinds, states, joint, states)
        Distinct transition kernels; lane l has ``transition[index[l]]``.
    index : (lanes,) of int64
        Transition kernel of each lane.
    step : (lanes,)
        Step sizes.
    actions : (players,) of int64
        Numbers of actions.
    column : (joint, players) of int64
        Column of ``policy`` that holds each player's part in each joint action.
    policy : (lanes, states, columns)
        The players' policies side by side, advanced.
    discount : float
        Discount factor, in [0, 1).
    """
    shape = (lanes, states, *(int(n) for n in actions))
    chance = transition.reshape(kinds, states, joint, states)[index]
    payoff = reward.reshape(lanes, reward_rows, states, joint)
    offsets = np.cumsum(actions)[:-1].tolist()
    own_axis = [tuple(2 + j for j in range(players) if j != i) for i in range(players)]
    current = policy.reshape(lanes, states, columns)
    identity = np.eye(states)
    for _ in range(iterations):
        parts = [np.expand_dims(part, own_axis[i]) for i, part in enumerate(np.split(current, offsets, axis=-1))]
        weight = np.broadcast_to(math.prod(parts[1:], start=parts[0]), shape).reshape(lanes, states, joint)
        induced = np.einsum("lsj,lsjz->lsz", weight, chance)
        earned = np.einsum("lsj,lksj->lsk", weight, payoff)
        value = np.linalg.solve(identity - discount * induced, earned)
        backup = payoff + discount * np.einsum("lsjz,lzk->lksj", chance, value)
        moved = []
        for i, own in enumerate(parts):
            others = math.prod((part for j, part in enumerate(parts) if j != i), start=np.ones(1))
            q = backup[:, i if reward_rows > 1 else 0].reshape(shape)
            averaged = (others * q).sum(axis=own_axis[i])
            moved.append(simplex.project(own.reshape(averaged.shape) + step.reshape(lanes, 1, 1) * averaged))
        current[...] = np.concatenate(moved, axis=-1)


def expect(
    transition: Floats,
    index: Integers,
    values: Floats,
    out: Floats,
    games: int,
    rows: int,
    states: int,
    vectors: int,
    kinds: int,
    /,
) -> None:
    """Average next-state values: ``out[g, v] = transition[index[g]] values[g, v]``.

    Parameters
    ----------
    transition : (kinds, rows, states)
        Distributions over next states, one a row (a state and a joint action).
    index : (games,) of int64
        Transition kernel of each game.
    values : (games, vectors, states)
        Values to average.
    out : (games, vectors, rows)
        Overwritten.
    """
    chance = transition.reshape(kinds, rows, states)
    value, target = values.reshape(games, vectors, states), out.reshape(games, vectors, rows)
    for game in range(games):
        target[game] = value[game] @ chance[index[game]].T
