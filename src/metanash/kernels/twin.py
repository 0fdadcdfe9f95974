"""The inner loops in vectorised NumPy: readable reference, oracle and fallback of ``compiled.c``.

A *lane* is one independent problem, the first axis of every array. Arrays are C-contiguous float64
(indices int64, of sparse kernels int32), and those that a call advances are written in place. Agreement with
the compiled versions is up to rounding. Within each version a lane gives the same bits alone and in any batch, and
however a run is cut into calls.

A kernel of more than eight arguments takes them by name. Their names, order, types, access and shapes are those of
``signatures.h``, against which tests hold this file and its docstrings.
"""

import itertools
import math

import numpy as np

from metanash import simplex
from metanash.kernels.bandit import sampled_ascent, sampled_mirror
from metanash.kernels.caution import cautious
from metanash.kernels.episodes import v_learning
from metanash.kernels.incremental import smooth
from metanash.kernels.matrix import equilibria
from metanash.kernels.points import maml
from metanash.kernels.sampling import simulate
from metanash.kernels.sparse import sparse_backup, sparse_expect, sparse_values
from metanash.kernels.trees import gains_in_trees, learn_trees
from metanash.typing import Floats, Integers

__all__ = [
    "CHUNK",
    "ascent",
    "backup",
    "cautious",
    "correlated_values",
    "discounted_values",
    "equilibria",
    "expect",
    "finite_values",
    "fold",
    "gains_in_trees",
    "joint_mirror",
    "learn_trees",
    "maml",
    "mirror",
    "off_simplex",
    "regret_matching",
    "sampled_ascent",
    "sampled_mirror",
    "simulate",
    "smooth",
    "sparse_backup",
    "sparse_expect",
    "sparse_values",
    "v_learning",
]


CHUNK = 1024
"""Terms of a running sum before it is added to the total: the same number as in ``compiled.c``."""
LEAST_TOTAL = 1e-290
"""Weights that sum to less count as 0: the same number as in ``regret.h``."""
MOST_IMPROVEMENTS = 10_000
"""Of policy iteration, before it is given up."""
FAR_STEP = 1e3
"""Step times payoff from which on steps are taken without what all actions earn: as in ``compiled.c``."""
FAR_STEP_OF_TWO = 1e6
"""The same for two actions, which keep their mass in any case: as in ``compiled.c``."""


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


def ascent(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    step: Floats,
    initial: Floats,
    actions: Integers,
    policy: Floats,
    response: Floats,
    sum_gap: Floats,
    least: Floats,
    discount: float,
    lanes: int,
    players: int,
    states: int,
    joint: int,
    reward_rows: int,
    columns: int,
    kinds: int,
    softmax: int,
    natural: int,
    measure: int,
    done: int,
    iterations: int,
) -> None:
    """Iterate independent gradient play (Mao et al. 2023, section 4): projected Q-ascent or softmax policy gradient.

    Every player at once takes ``pi_i <- Proj(pi_i + step Qbar_i)``, equation (7), where Qbar_i is its Q-function under
    the joint policy, averaged over what the others do. With ``softmax`` the logits move along the gradient of the
    player's value instead: ``theta_i(s, a) += step o(s) pi_i(a|s) (Qbar_i(s, a) - V_i(s))``, o being the discounted
    numbers of visits. With ``natural`` besides, o(s) pi_i is divided out and 1 / (1 - discount) taken in its place
    (:mod:`metanash.learners.natural_gradient`); the largest logit is then put at 0.

    Parameters
    ----------
    reward : (lanes, reward_rows, states, joint)
        One row for a reward common to all players, else one per player; joint actions in C order.
    transition : (kinds, states, joint, states)
        Distinct transition kernels; lane l has ``transition[index[l]]``.
    index : (lanes,) of int64
        Transition kernel of each lane.
    step : (lanes,)
        Step sizes.
    initial : (lanes, states)
        Initial distributions.
    actions : (players,) of int64
        Numbers of actions.
    policy : (lanes, states, columns)
        The players' policies side by side, or their logits, advanced.
    response : (lanes, states, players)
        With ``measure``: a best response of each player as the number of an action, where policy iteration starts,
        advanced.
    sum_gap : (2, lanes)
        With ``measure``: sum of the NE-gaps of the policies *before* each iteration, advanced; in chunks as in
        :func:`mirror`.
    least : (lanes,)
        With ``measure``: least probability over iterations, players and states of the best actions (those within 1e-12
        of the largest Qbar), advanced.
    discount : float
        Discount factor, in [0, 1).
    done : int
        Iterations before this call.

    Raises
    ------
    ArithmeticError
        If policy iteration does not end.

    Examples
    --------
    >>> policy, response, least = np.full((1, 1, 4), 0.5), np.zeros((1, 1, 2)), np.ones(1)
    >>> game = {"reward": np.array([[[[1.0, 0.0, 0.0, 0.0]]]]), "transition": np.ones((1, 1, 4, 1)),
    ...     "initial": np.ones((1, 1))}
    >>> what = {"index": np.zeros(1, int), "step": np.array([1.0]), "actions": np.array([2, 2]), "discount": 0.0}
    >>> sizes = dict(lanes=1, players=2, states=1, joint=4, reward_rows=1, columns=4, kinds=1, softmax=0,
    ...     natural=0, measure=0)
    >>> kept = {"policy": policy, "response": response, "sum_gap": np.zeros((2, 1)), "least": least}
    >>> ascent(**game, **what, **kept, **sizes, done=0, iterations=3)
    >>> policy.ravel().tolist()  # both learn the first action
    [1.0, 0.0, 1.0, 0.0]
    """
    shape = (lanes, states, *(int(n) for n in actions))
    chance = discount * transition.reshape(kinds, states, joint, states)[index]
    payoff = reward.reshape(lanes, reward_rows, states, joint)
    start, sums = initial.reshape(lanes, states), sum_gap.reshape(2, lanes)
    bounds = np.cumsum(actions)[:-1].tolist()
    parameters, answer = policy.reshape(lanes, states, columns), response.reshape(lanes, states, players)
    identity = np.eye(states)
    for t in range(done + 1, done + iterations + 1):
        own = np.split(parameters, bounds, axis=-1)
        policies = [simplex.softmax(logits) for logits in own] if softmax else own
        played = [_spread(part, i, players) for i, part in enumerate(policies)]
        weight = np.broadcast_to(math.prod(played[1:], start=played[0]), shape).reshape(lanes, states, joint)
        matrix = identity - np.einsum("lsj,lsjz->lsz", weight, chance)
        value = np.linalg.solve(matrix, np.einsum("lsj,lksj->lsk", weight, payoff))
        gap, moved = np.zeros(lanes), []
        for i in range(players):
            others = math.prod((part for j, part in enumerate(played) if j != i), start=np.ones(1))
            row = i if reward_rows > 1 else 0
            alone = tuple(2 + j for j in range(players) if j != i)
            earned = (others * payoff[:, row].reshape(shape)).sum(axis=alone)
            onward = (others[..., np.newaxis] * chance.reshape(*shape, states)).sum(axis=alone)
            q = earned + _next_value(onward, value[..., row])
            if measure:
                best = _best_response_value(earned, onward, answer[..., i], discount)
                gap = np.maximum(gap, (start * (best - value[..., row])).sum(axis=-1))
                mass = np.where(q >= q.max(axis=-1, keepdims=True) - 1e-12, policies[i], 0.0).sum(axis=-1)
                np.minimum(least, mass.min(axis=-1), out=least)
            rate = step.reshape(lanes, 1, 1)
            if natural:
                further = own[i] + rate / (1.0 - discount) * (q - value[..., row, np.newaxis])
                moved.append(further - further.max(axis=-1, keepdims=True))
            elif softmax:
                visits = np.linalg.solve(np.swapaxes(matrix, 1, 2), start[..., np.newaxis])
                moved.append(own[i] + rate * visits * policies[i] * (q - value[..., row, np.newaxis]))
            else:
                # the projection does not see what all actions have in common; in far steps the policy, and with more
                # than two actions its mass, would be lost in the rounding of it
                top, far = q.max(axis=-1, keepdims=True), FAR_STEP_OF_TWO if q.shape[-1] == 2 else FAR_STEP
                moved.append(simplex.project(own[i] + rate * (q - np.where(rate * top >= far, top, 0.0))))
        parameters[...] = np.concatenate(moved, axis=-1)
        if measure:
            sums[1] += gap
            if t % CHUNK == 0:
                sums[0] += sums[1]
                sums[1] = 0.0


def _spread(policy: Floats, player: int, players: int) -> Floats:
    """Give a policy (lanes, states, actions) an axis for every player's action."""
    return np.expand_dims(policy, tuple(2 + j for j in range(players) if j != player))


def _next_value(onward: Floats, value: Floats) -> Floats:
    """Expected next values (lanes, states, actions), from discounted transitions."""
    return np.asarray((onward * value[:, np.newaxis, np.newaxis]).sum(axis=-1))


def _best_response_value(reward: Floats, onward: Floats, response: Floats, discount: float) -> Floats:
    """Optimal values (lanes, states) by policy iteration from ``response`` (lanes, states), which is advanced."""
    identity, improvement = np.eye(reward.shape[1]), 1e-13 / (1.0 - discount)
    for _ in range(MOST_IMPROVEMENTS):
        chosen = response.astype(np.int64)[..., np.newaxis]
        chain = np.take_along_axis(onward, chosen[..., np.newaxis], axis=2)[:, :, 0]
        earned = np.take_along_axis(reward, chosen, axis=2)
        value: Floats = np.linalg.solve(identity - chain, earned)[..., 0].astype(np.float64, copy=False)
        q = reward + _next_value(onward, value)
        better = q.max(axis=-1) > value + improvement
        if not better.any():
            return value
        response[...] = np.where(better, q.argmax(axis=-1), response)
    raise ArithmeticError(f"policy iteration has not ended after {MOST_IMPROVEMENTS} improvements")


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


def finite_values(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    initial: Floats,
    policy: tuple[Floats, ...],
    actions: Integers,
    wanted: Integers,
    value: Floats,
    start: Floats,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    reward_rows: int,
    kinds: int,
    steps: int,
    vectors: int,
    step: int,
) -> None:
    """Values of given policies, and of best responses to them, in games of finite horizon, by backward induction.

    Parameters
    ----------
    reward : (games, reward_rows, horizon, states, joint)
        One row per player; or a single one for two players, the second of whom receives its negative.
    transition : (steps, kinds, states, joint, states)
        Distinct transition kernels of every step (``steps`` is the horizon) or for all steps (1). With ``steps`` = 0 it
        is (games, vectors, states, joint), expected next values, and only the step ``step`` is gone through; at the
        last step, which looks at no next value, it is empty.
    index : (games,) of int64
        Transition kernel of each game; read with ``steps`` > 0.
    initial : (games, states)
        Initial distributions.
    policy : tuple of (games, horizon, states, A_i)
        One array per player.
    actions : (players,) of int64
        Numbers of actions.
    wanted : (vectors,) of int64
        What to work out: i is the value to player i of the policy, ``players`` + i of its best response to the others.
    value : (games, vectors, horizon, states)
        Overwritten, with ``steps`` = 0 at ``step`` alone.
    start : (games, vectors)
        Values from the initial distribution; overwritten when step 0 has been gone through.

    Examples
    --------
    >>> value, start = np.zeros((1, 2, 1, 1)), np.zeros((1, 2))
    >>> game = {"reward": np.array([[[[[1.0, 0.0, 0.0, 1.0]]]]]), "transition": np.ones((1, 1, 1, 4, 1)),
    ...     "initial": np.ones((1, 1))}
    >>> what = {"index": np.zeros(1, int), "actions": np.array([2, 2]), "wanted": np.array([0, 2])}
    >>> sizes = dict(games=1, players=2, horizon=1, states=1, joint=4, reward_rows=1, kinds=1, steps=1, vectors=2,
    ...     step=0)
    >>> policy = np.full((1, 1, 1, 2), 0.5), np.array([[[[0.75, 0.25]]]])
    >>> finite_values(**game, **what, policy=policy, value=value, start=start, **sizes)
    >>> start.tolist()  # of the policy, and of player 1's best response
    [[0.5, 0.75]]
    """
    sizes = [int(n) for n in actions]
    payoff = reward.reshape(games, reward_rows, horizon, states, *sizes)
    parts = [part.reshape(games, horizon, states, n) for part, n in zip(policy, sizes, strict=True)]
    found, first = value.reshape(games, vectors, horizon, states), start.reshape(games, vectors)
    for h in reversed(range(horizon)) if steps else [step]:
        onward = None
        if h < horizon - 1 and steps:
            onward = np.empty((games, vectors, states, joint))
            chance = transition.reshape(steps, kinds, states * joint, states)[h if steps > 1 else 0]
            expect(
                transition=chance,
                index=index,
                values=found[:, :, h + 1].copy(),
                out=onward,
                games=games,
                rows=states * joint,
                states=states,
                vectors=vectors,
                kinds=kinds,
            )
        elif h < horizon - 1:
            onward = transition
        for v, code in enumerate(wanted.tolist()):
            player, respond = code % players, code >= players
            q = payoff[:, player, h] if reward_rows > 1 or player == 0 else -payoff[:, 0, h]
            if onward is not None:
                q = q + onward.reshape(games, vectors, states, *sizes)[:, v]
            own = _averaged(q, [part[:, h] for part in parts], player)
            found[:, v, h] = own.max(axis=-1) if respond else (own * parts[player][:, h]).sum(axis=-1)
    if steps or step == 0:
        first[...] = (initial.reshape(games, 1, states) * found[:, :, 0]).sum(axis=-1)


def _averaged(table: Floats, policies: list[Floats], keep: int, trailing: int = 0) -> Floats:
    """Tables (games, states, A_1, ..., A_N, trailing axes) averaged over all players but one."""
    players = len(policies)
    for player in reversed(range(players)):
        if player != keep:
            after = trailing + (keep > player)
            weight = policies[player]
            weight = weight.reshape(*weight.shape[:-1], *(1,) * player, weight.shape[-1], *(1,) * after)
            table = (table * weight).sum(axis=-1 - after)
    return table


def correlated_values(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    weights: Floats,
    actions: Integers,
    before: Floats,
    after: Floats,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    kinds: int,
    steps: int,
    step: int,
) -> None:
    """Values of what is played in a stage of Algorithm 2, from those of the stage before (:mod:`metanash.correlated`).

    Parameters
    ----------
    reward : (games, players, horizon, states, joint)
    transition, index, actions, step
        As in :func:`finite_values`, with 2 ``players`` vectors where expected next values are given.
    weights : (games, horizon, states, joint)
        Joint distributions of the stage.
    before, after : (games, 2 players, horizon, states)
        Values of the stage before and of this one: if everybody follows, a row per player, then those of each player's
        best deviation. ``after`` is overwritten, with ``steps`` = 0 at ``step`` alone.

    Examples
    --------
    >>> after = np.zeros((1, 4, 1, 1))
    >>> reward = np.array([[[[[1.0, 0.0, 0.0, 1.0]]], [[[0.0, 1.0, 1.0, 0.0]]]]])
    >>> what = {"index": np.zeros(1, int), "weights": np.array([[[[1.0, 0.0, 0.0, 0.0]]]]), "actions": np.array([2, 2])}
    >>> sizes = dict(games=1, players=2, horizon=1, states=1, joint=4, kinds=1, steps=1, step=0)
    >>> correlated_values(reward=reward, transition=np.ones((1, 1, 1, 4, 1)), **what, before=np.zeros((1, 4, 1,
    ...     1)), after=after, **sizes)
    >>> after.ravel().tolist()  # who follows is paid 1 and 0, who deviates 1 and 1
    [1.0, 0.0, 1.0, 1.0]
    """
    sizes = [int(n) for n in actions]
    payoff = reward.reshape(games, players, horizon, states, *sizes)
    played = weights.reshape(games, horizon, states, *sizes)
    met, found = (array.reshape(games, 2, players, horizon, states) for array in (before, after))
    for h in range(horizon) if steps else [step]:
        onward = np.zeros((games, 2 * players, states, joint))
        if h < horizon - 1 and steps:
            chance = transition.reshape(steps, kinds, states * joint, states)[h if steps > 1 else 0]
            value = met[..., h + 1, :].reshape(games, 2 * players, states)
            expect(
                transition=chance,
                index=index,
                values=value,
                out=onward,
                games=games,
                rows=states * joint,
                states=states,
                vectors=2 * players,
                kinds=kinds,
            )
        elif h < horizon - 1:
            onward = transition
        onward = onward.reshape(games, 2, players, states, *sizes)
        joint_actions = tuple(range(2, 2 + players))
        for i in range(players):
            others = tuple(axis for axis in joint_actions if axis != 2 + i)
            found[:, 0, i, h] = ((payoff[:, i, h] + onward[:, 0, i]) * played[:, h]).sum(axis=joint_actions)
            rest = played[:, h].sum(axis=2 + i, keepdims=True)
            found[:, 1, i, h] = ((payoff[:, i, h] + onward[:, 1, i]) * rest).sum(axis=others).max(axis=-1)


def discounted_values(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    initial: Floats,
    policy: tuple[Floats, ...],
    actions: Integers,
    wanted: Integers,
    value: Floats,
    start: Floats,
    discount: float,
    games: int,
    players: int,
    states: int,
    joint: int,
    reward_rows: int,
    kinds: int,
    vectors: int,
) -> None:
    """:func:`finite_values` for discounted games: linear systems, and policy iteration for best responses.

    Policy iteration starts at the best actions against the values of the policy.

    Parameters
    ----------
    reward : (games, reward_rows, states, joint)
        One row for a reward common to all players, else one per player.
    transition : (kinds, states, joint, states)
    policy : tuple of (games, states, A_i)
    value : (games, vectors, states)
        Overwritten.
    start : (games, vectors)
        Overwritten.
    discount : float
        Discount factor, in [0, 1).

    Raises
    ------
    ArithmeticError
        If policy iteration does not end.

    Examples
    --------
    >>> value, start = np.zeros((1, 2, 1)), np.zeros((1, 2))
    >>> game = {"reward": np.array([[[[1.0, 0.0, 0.0, 0.5]]]]), "transition": np.ones((1, 1, 4, 1)),
    ...     "initial": np.ones((1, 1))}
    >>> what = {"index": np.zeros(1, int), "actions": np.array([2, 2]), "wanted": np.array([0, 2])}
    >>> sizes = dict(games=1, players=2, states=1, joint=4, reward_rows=1, kinds=1, vectors=2, discount=0.5)
    >>> policy = np.array([[[1.0, 0.0]]]), np.array([[[0.0, 1.0]]])
    >>> discounted_values(**game, **what, policy=policy, value=value, start=start, **sizes)
    >>> start.tolist()
    [[0.0, 1.0]]
    """
    sizes = [int(n) for n in actions]
    payoff = reward.reshape(games, reward_rows, states, *sizes)
    chance = transition.reshape(kinds, states, joint, states)[index].reshape(games, states, *sizes, states)
    parts = [part.reshape(games, states, n) for part, n in zip(policy, sizes, strict=True)]
    found, identity = value.reshape(games, vectors, states), np.eye(states)
    for v, code in enumerate(wanted.tolist()):
        player, respond = code % players, code >= players
        earned = _averaged(payoff[:, player if reward_rows > 1 else 0], parts, player)
        onward = discount * _averaged(chance, parts, player, trailing=1)
        own = parts[player]
        chain = (own[..., np.newaxis] * onward).sum(axis=2)
        reached = np.linalg.solve(identity - chain, (own * earned).sum(axis=2, keepdims=True))[..., 0]
        if respond:
            response = (earned + _next_value(onward, reached)).argmax(axis=-1).astype(np.float64)
            reached = _best_response_value(earned, onward, response, discount)
        found[:, v] = reached
    start.reshape(games, vectors)[...] = (initial.reshape(games, 1, states) * found).sum(axis=-1)


def off_simplex(array: Floats, rows: int, columns: int, tolerance: float) -> int:
    """Number of the first row of an array (rows, columns) that is no distribution, or -1 if all are.

    A distribution has no entry below zero, and a mass within ``tolerance`` of one.

    Examples
    --------
    >>> off_simplex(np.array([[0.5, 0.5], [0.5, 0.4]]), 2, 2, 1e-9), off_simplex(np.array([[1.0, 0.0]]), 1, 2, 1e-9)
    (1, -1)
    """
    table = array.reshape(rows, columns)
    good = (table >= 0.0).all(axis=-1) & (np.abs(table.sum(axis=-1) - 1.0) <= tolerance)
    return -1 if good.all() else int(np.argmin(good))
