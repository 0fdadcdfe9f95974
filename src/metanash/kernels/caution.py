"""Multiplicative weights with dynamic learning rates, in vectorised NumPy: the reference of ``cautious.h``."""

import math

import numpy as np

from metanash import simplex
from metanash._inner.reductions import summed
from metanash.typing import Floats, Integers

__all__ = ["cautious", "pace"]

CHUNK = 1024
"""As in :mod:`metanash.kernels.twin`."""
_HALVINGS = 60
"""Of the logarithm of the interval that lambda lies in: of 300 powers of ten, below the spacing of floats."""


def pace(regrets: Floats, prior: Floats, caution: float) -> Floats:
    """lambda, (..., 1): the maximiser over (0, 1] of (alpha - 1) log lambda + log sum_a prior(a) e^(lambda regrets(a)).

    Parameters
    ----------
    regrets : (..., A) array
        Predicted regrets times the learning rate.
    prior : (..., A) array
        Logits of distributions; -inf where an action is never played.
    caution : float
        beta, with which alpha = beta L^2 + 2 L + 2, L being minus the smallest logit above -inf: log A if uniform.

    Examples
    --------
    Nobody who regrets something slows down; who would have lost much by every other action does.

    >>> uniform = np.log([[0.5, 0.5], [0.5, 0.5]])
    >>> pace(np.array([[3.0, -90.0], [-200.0, -200.0]]), uniform, caution=70.0).round(4)
    array([[1.    ],
           [0.1801]])
    """
    least = np.where(np.isneginf(prior), 0.0, prior).min(axis=-1, keepdims=True)
    slack = caution * least**2 - 2.0 * least + 1.0  # alpha - 1
    played = np.where(np.isneginf(prior), 0.0, regrets)  # 0 times -inf is no number

    def rises(rate: Floats) -> Floats:
        """Lambda times the derivative, of which the sign counts."""
        return np.asarray(slack + rate * summed(simplex.softmax(prior + rate * played) * played, keepdims=True))

    high: Floats = np.ones_like(least)
    slow = rises(high) < 0.0
    if not slow.any():
        return high
    low = np.where(slow, slack / np.where(slow, -played.min(axis=-1, keepdims=True), 1.0), 1.0)  # it rises up to here
    for _ in range(_HALVINGS):
        middle = np.sqrt(low) * np.sqrt(high)
        upwards = rises(middle) >= 0.0
        low, high = np.where(upwards, middle, low), np.where(upwards, high, middle)
    return np.asarray(np.where(slow, low, 1.0))


def cautious(
    *,
    q: Floats,
    eta: Floats,
    prior: Floats,
    regret: Floats,
    last: Floats,
    policy: Floats,
    paces: Floats,
    sum_joint: Floats,
    actions: Integers,
    caution: float,
    lanes: int,
    players: int,
    joint: int,
    columns: int,
    done: int,
    iterations: int,
) -> None:
    """Iterate optimistic multiplicative weights with dynamic learning rates (:mod:`metanash.learners.cautious`).

    Every player at once takes lambda, the :func:`pace` of ``eta (regret + last)``, and plays softmax(prior + lambda eta
    (regret + last)). Then ``last`` becomes g - <g, x>, g being what each of its actions pays against the product of the
    others' policies and x its own, and is added to ``regret``.

    Parameters
    ----------
    q : (lanes, players, joint)
        Payoffs; joint actions in C order.
    eta : (lanes,)
        Learning rates.
    prior : (lanes, columns)
        Logits of the priors, the players' side by side. A logit of -inf is an action of probability 0.
    regret, last : (lanes, columns), (lanes, columns)
        Regrets, and those of the last iteration alone, advanced.
    policy : (lanes, columns)
        Last iterates, advanced.
    paces : (lanes, players)
        lambda of the last iteration; overwritten.
    sum_joint : (2, lanes, joint)
        Sums of the products of the iterates, advanced, in two levels as in :func:`metanash.kernels.twin.mirror`.
    actions : (players,) of int64
        Numbers of actions: ``columns`` is their sum and ``joint`` their product.
    caution : float
        beta, at least 1.
    done, iterations : int
        Iterations before this call, from which chunks are counted, and of this call.

    Examples
    --------
    >>> found = {name: np.zeros((1, 4)) for name in ("regret", "last", "policy")}
    >>> sizes = {"lanes": 1, "players": 2, "joint": 4, "columns": 4, "done": 0, "iterations": 1}
    >>> given = {"eta": np.array([0.1]), "prior": np.log(np.full((1, 4), 0.5)), "actions": np.array([2, 2])}
    >>> kept = found | {"paces": np.zeros((1, 2)), "sum_joint": np.zeros((2, 1, 4))}
    >>> cautious(q=np.array([[[1.0, 0.0, 0.0, 0.0]] * 2]), **given, **kept, caution=70.0, **sizes)
    >>> found["regret"].tolist(), found["policy"].tolist()
    ([[0.25, -0.25, 0.25, -0.25]], [[0.5, 0.5, 0.5, 0.5]])
    """
    sizes = [int(n) for n in actions]
    ends = np.cumsum(sizes)[:-1].tolist()
    logits, total, new, played = (
        np.split(array.reshape(lanes, columns), ends, axis=1) for array in (prior, regret, last, policy)
    )  # views
    tables = [q.reshape(lanes, players, *sizes)[:, i] for i in range(players)]
    rate, sums, speed = eta.reshape(lanes, 1), sum_joint.reshape(2, lanes, joint), paces.reshape(lanes, players)
    for t in range(done + 1, done + iterations + 1):
        for i in range(players):
            lean = rate * (total[i] + new[i])
            factor = pace(lean, logits[i], caution)
            speed[:, i : i + 1] = factor
            played[i][...] = simplex.softmax(logits[i] + factor * lean)
        spread = [_spread(part, i, players) for i, part in enumerate(played)]
        for i in range(players):
            alone = tuple(1 + j for j in range(players) if j != i)
            others = math.prod((part for j, part in enumerate(spread) if j != i), start=np.ones(1))
            worth = (others * tables[i]).sum(axis=alone)
            new[i][...] = worth - summed(played[i] * worth, keepdims=True)
            total[i] += new[i]
        sums[1] += np.broadcast_to(math.prod(spread[1:], start=spread[0]), (lanes, *sizes)).reshape(lanes, joint)
        if t % CHUNK == 0:
            sums[0] += sums[1]
            sums[1] = 0.0


def _spread(policy: Floats, player: int, players: int) -> Floats:
    """Give a policy (lanes, actions) an axis for every player's action."""
    return np.expand_dims(policy, tuple(1 + j for j in range(players) if j != player))
