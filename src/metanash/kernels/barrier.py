"""Optimistic FTRL with the log barrier against swap deviations, in vectorised NumPy: the reference of ``barrier.h``."""

import math

import numpy as np

from metanash._inner.reductions import largest, smallest, summed
from metanash.typing import Floats, Integers

__all__ = ["barrier_leader", "stationary", "swap_ftrl"]

_MOST_STEPS = 100
"""Of Newton's method, which takes about five."""


def barrier_leader(lean: Floats, prior: Floats) -> Floats:
    """Maximise <x, lean> + sum_b (log x(b) - x(b) / prior(b)) over distributions x: (..., A).

    x(b) = 1 / (z + 1 / prior(b) - lean(b)) for the one z at which that sums to 1. The inverse of the sum is concave and
    increasing in z, so Newton's method comes to the root from below; what no longer moves is left.

    Parameters
    ----------
    lean : (..., A) array
    prior : array of the same shape, or one to be broadcast
        Distributions without a zero: the maximiser where lean is constant. The uniform one is the log barrier alone.

    Examples
    --------
    >>> barrier_leader(np.array([0.0, 0.0, 0.0]), np.array([0.25, 0.25, 0.5]))
    array([0.25, 0.25, 0.5 ])
    >>> barrier_leader(np.array([1.5, 0.0]), np.array([0.5, 0.5])).round(6)  # 1 / x - 1 / (1 - x) = -1.5
    array([0.666667, 0.333333])
    """
    gap = 1.0 / prior - lean
    gap = gap - smallest(gap, keepdims=True)
    z = np.ones((*gap.shape[:-1], 1))  # the first term of the sum is 1 there
    for _ in range(_MOST_STEPS):
        x = 1.0 / (z + gap)
        total, steep = summed(x, keepdims=True), summed(x * x, keepdims=True)
        following = z + (total - 1.0) * total / steep
        if not (following > z).any():
            break
        z = np.maximum(z, following)
    x = 1.0 / (z + gap)
    return np.asarray(x / summed(x, keepdims=True))


def stationary(chance: Floats) -> Floats:
    """Distributions (..., A) that stay under stochastic matrices (..., A, A) without a zero, without a subtraction.

    Grassmann, Taksar and Heyman (1985): states are left out one after another, from the last.

    Examples
    --------
    >>> stationary(np.array([[0.5, 0.5], [0.25, 0.75]])).round(6)
    array([0.333333, 0.666667])
    """
    work = np.array(chance)
    count = work.shape[-1]
    for k in reversed(range(1, count)):
        work[..., :k, k] /= work[..., k, :k].sum(axis=-1)[..., np.newaxis]
        work[..., :k, :k] += work[..., :k, k, np.newaxis] * work[..., k, np.newaxis, :k]
    found = np.ones(chance.shape[:-1])
    for k in range(1, count):
        found[..., k] = (found[..., :k] * work[..., :k, k]).sum(axis=-1)
    return np.asarray(found / summed(found, keepdims=True))


def swap_ftrl(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    eta: Floats,
    prior: Floats,
    sums: Floats,
    last: Floats,
    iterate: Floats,
    mean_joint: Floats,
    value: Floats,
    answers: Floats,
    fixed: Floats,
    deviated: Floats,
    actions: Integers,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    columns: int,
    squares: int,
    kinds: int,
    steps: int,
    done: int,
    iterations: int,
) -> None:
    """Iterate optimistic FTRL with the log barrier against swap deviations (:mod:`metanash.learners.swap_ftrl`).

    In iteration t the expert of each action a of a player proposes x, the :func:`barrier_leader` of
    ``eta (sums[a] + last[a])``, and the player plays what is :func:`stationary` under them all. Then, from the last
    step backwards, ``last[a]`` becomes pi(a) g, g being what each of the player's actions pays against the others with
    V of the next step, and ``sums`` becomes t / (H + t) (sums + last); values move at the rate (H + 1) / (H + t).

    Parameters
    ----------
    reward : (games, players, horizon, states, joint)
        Joint actions in C order.
    transition : (steps, kinds, states, joint, states)
        Distinct transition kernels of every step (``steps`` is the horizon) or for all steps (1). Nothing if the
        horizon is 1.
    index : (games,) of int64
        Transition kernel of each game.
    eta : (games,)
        Learning rates.
    prior : (games, horizon, states, columns)
        Distributions without a zero, the players' side by side.
    sums, last : (games, horizon, states, squares), (games, horizon, states, squares)
        Payoffs of the experts, matrices (action, payoff of each action) of the players one after another, advanced.
    iterate : (games, horizon, states, columns)
        Last iterates; overwritten.
    mean_joint : (games, horizon, states, joint)
        Averages of the products of the iterates with rates alpha_t, advanced.
    value : (games, players, horizon, states)
        V, advanced.
    answers : (games, horizon, states, squares)
        What each answer to each advice is worth, advanced.
    fixed : (games, horizon, states, columns)
        What each fixed action is worth, advanced.
    deviated : (games, 2, players, states)
        From the first step, with the best answers and with the best fixed actions; overwritten.
    actions : (players,) of int64
        Numbers of actions: ``columns`` is their sum, ``joint`` their product and ``squares`` the sum of their squares.
    done, iterations : int
        Iterations of the run before this call, and of this call.

    Examples
    --------
    >>> half, none, square = np.full((1, 1, 1, 4), 0.5), np.zeros((1, 1, 1, 4)), np.zeros((1, 1, 1, 8))
    >>> sizes = dict(games=1, players=2, horizon=1, states=1, joint=4, columns=4, squares=8, kinds=1, steps=1)
    >>> sums, answers = square.copy(), square.copy()
    >>> swap_ftrl(reward=np.tile([1.0, 0.0, 0.0, 0.0], (1, 2, 1, 1, 1)), transition=np.empty(0),
    ...     index=np.zeros(1, int), eta=np.ones(1), prior=half, sums=sums, last=square.copy(), iterate=half.copy(),
    ...     mean_joint=none.copy(), value=np.zeros((1, 2, 1, 1)), answers=answers, fixed=none.copy(),
    ...     deviated=np.zeros((1, 2, 2, 1)), actions=np.array([2, 2]), done=0, iterations=1, **sizes)
    >>> sums[0, 0, 0, :4].tolist(), answers[0, 0, 0, :4].tolist()  # the first action pays 1/2, each is advised half
    ([0.125, 0.0, 0.125, 0.0], [0.25, 0.0, 0.25, 0.0])
    """
    sizes, lead = [int(n) for n in actions], (games, horizon, states)
    ends, corners = np.cumsum(sizes)[:-1], np.cumsum([n * n for n in sizes])[:-1]

    def matrices(array: Floats) -> list[Floats]:
        """Those of each player, as views."""
        parts = np.split(array.reshape(*lead, squares), corners, axis=-1)
        return [part.reshape(*lead, n, n) for part, n in zip(parts, sizes, strict=True)]

    totals, new, answer = matrices(sums), matrices(last), matrices(answers)
    start, played, same = (np.split(a.reshape(*lead, columns), ends, axis=-1) for a in (prior, iterate, fixed))
    payoff, worth = reward.reshape(games, players, horizon, states, joint), value.reshape(games, players, *lead[1:])
    mean, out, rate = mean_joint.reshape(*lead, joint), deviated.reshape(games, 2, players, states), eta.reshape(-1)
    step_size = rate[:, np.newaxis, np.newaxis, np.newaxis, np.newaxis]
    for t in range(done + 1, done + iterations + 1):
        alpha, less = (horizon + 1) / (horizon + t), t / (horizon + t)
        for i in range(players):
            lean = step_size * (totals[i] + new[i])
            played[i][...] = stationary(barrier_leader(lean, start[i][..., np.newaxis, :]))
        product = _product(played, sizes)
        mean[...] = (1.0 - alpha) * mean + alpha * product.reshape(*lead, joint)
        for h in reversed(range(horizon)):
            paid = np.repeat(payoff[:, np.newaxis, :, h], 3, axis=1)  # followed, answered, fixed
            if h < horizon - 1:
                later = np.concatenate([worth[:, np.newaxis, :, h + 1], out], axis=1)
                chance = transition.reshape(steps, kinds, states, joint, states)[h if steps > 1 else 0]
                for game, kind in enumerate(index.tolist()):
                    paid[game] += np.einsum("sjz,kiz->kisj", chance[kind], later[game])
            for i in range(players):
                policy = played[i][:, h]
                own, swap, fix = (_worth(paid[:, k, i], [p[:, h] for p in played], i, sizes) for k in range(3))
                worth[:, i, h] = (1.0 - alpha) * worth[:, i, h] + alpha * summed(policy * own)
                new[i][:, h] = policy[..., np.newaxis] * own[..., np.newaxis, :]
                advised = policy[..., np.newaxis] * swap[..., np.newaxis, :]
                answer[i][:, h] = (1.0 - alpha) * answer[i][:, h] + alpha * advised
                same[i][:, h] = (1.0 - alpha) * same[i][:, h] + alpha * fix
                out[:, 0, i], out[:, 1, i] = summed(largest(answer[i][:, h])), largest(same[i][:, h])
        for total, met in zip(totals, new, strict=True):
            total[...] = less * (total + met)


def _spread(policy: Floats, player: int, players: int) -> Floats:
    """Give a policy (..., actions) an axis for every player's action."""
    ones = (1,) * player, (1,) * (players - player - 1)
    return policy.reshape(*policy.shape[:-1], *ones[0], policy.shape[-1], *ones[1])


def _product(policies: list[Floats], sizes: list[int]) -> Floats:
    parts = [_spread(policy, i, len(sizes)) for i, policy in enumerate(policies)]
    return np.broadcast_to(math.prod(parts[1:], start=parts[0]), (*policies[0].shape[:-1], *sizes))


def _worth(paid: Floats, policies: list[Floats], player: int, sizes: list[int]) -> Floats:
    """What each action of a player pays, (games, states, A_i), of payoffs (games, states, joint)."""
    players = len(sizes)
    others = [_spread(policy, j, players) for j, policy in enumerate(policies) if j != player]
    axes = tuple(2 + j for j in range(players) if j != player)
    return np.asarray((math.prod(others, start=np.ones(1)) * paid.reshape(*paid.shape[:2], *sizes)).sum(axis=axes))
