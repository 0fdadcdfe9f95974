"""The inner loops in vectorised NumPy: readable reference, oracle and fallback of ``compiled.c``.

A *lane* is one independent problem, the first axis of every array. Arrays are C-contiguous float64
(indices int64, of sparse kernels int32), and those that a call advances are written in place. Agreement with
the compiled versions is up to rounding. Within each version a lane gives the same bits alone and in any batch, and
however a run is cut into calls.

A kernel of more than eight arguments takes them by name. Their names, order, types, access and shapes are those of
``signatures.h``, against which tests hold this file and its docstrings.
"""

import math

import numpy as np

from metanash import simplex
from metanash.kernels.bandit import sampled_ascent, sampled_mirror
from metanash.kernels.barrier import swap_ftrl
from metanash.kernels.caution import cautious
from metanash.kernels.episodes import v_learning
from metanash.kernels.incremental import smooth
from metanash.kernels.iterates import CHUNK, backup, expect, fold, joint_mirror, mirror, regret_matching
from metanash.kernels.joint_runs import correlated_values, joint_run
from metanash.kernels.matrix import equilibria
from metanash.kernels.points import maml
from metanash.kernels.resampling import resample
from metanash.kernels.sampling import simulate
from metanash.kernels.schedules import mirror_run, regret_run
from metanash.kernels.sparse import sparse_backup, sparse_expect, sparse_values
from metanash.kernels.streams import uniform
from metanash.kernels.trees import behaviours, gains_in_trees, learn_trees
from metanash.typing import Floats, Integers

__all__ = [
    "CHUNK",
    "ascent",
    "backup",
    "behaviours",
    "cautious",
    "correlated_values",
    "discounted_values",
    "equilibria",
    "expect",
    "finite_values",
    "fold",
    "gains_in_trees",
    "joint_mirror",
    "joint_run",
    "learn_trees",
    "maml",
    "mirror",
    "mirror_run",
    "off_simplex",
    "regret_matching",
    "regret_run",
    "resample",
    "sampled_ascent",
    "sampled_mirror",
    "simulate",
    "smooth",
    "sparse_backup",
    "sparse_expect",
    "sparse_values",
    "swap_ftrl",
    "uniform",
    "v_learning",
]


MOST_IMPROVEMENTS = 10_000
"""Of policy iteration, before it is given up."""
FAR_STEP = 1e3
"""Step times payoff from which on steps are taken without what all actions earn: as in ``compiled.c``."""
FAR_STEP_OF_TWO = 1e6
"""The same for two actions, which keep their mass in any case: as in ``compiled.c``."""


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
