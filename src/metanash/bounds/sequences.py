"""Sequences of games: Theorem 2 with a weight of the uniform policy that falls from game to game.

Equation (6) pays for its weight 1 / sqrt(K): its second and third terms fall like log K / sqrt(K), so that it is below
(4) from hundreds of games on, even if all games are one. With the weights of Krichevsky and Trofimov (1981) in (5),
``annealed_best_response`` of :data:`metanash.meta.META_UPDATES`, what is paid falls like log K / K. Derived here,
not in the paper:

1. A game costs at most ((2 B(H) - C(H)) + c D_k / eta) / T, D_k being the sum over stages, steps and players of the
   largest KL(best response in hindsight || start) of a state (:func:`metanash.bounds.zero_sum.theorem_1_proven`). The
   largest is at most the sum.
2. In one row, of d actions, predictions (n_a + 1/2) / (k + d/2) from counts n_a of k best responses lose at most
   (d - 1) / 2 log K + log d to the best fixed policy, sum_k KL(p^k || p) at its minimum, for any vertices p^k. So they
   do for distributions p^k, such as ties that are split: put p^k in the place of vertices that are drawn from it
   independently. What is lost is sum_k E[-log q(e^k; e^1, ..., e^{k-1})], and -log is convex, so with the means in the
   place of the counts it is smaller; while the best fixed policy loses K times the entropy of the mean, which is
   concave, so with the mean it is larger.
3. Sum over rows.
"""

import math

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import integer
from metanash.bounds.zero_sum import theorem_1_proven
from metanash.typing import Floats

__all__ = ["annealed_regret", "theorem_2_annealed"]


def annealed_regret(n_games: int, actions: int) -> float:
    """(d - 1) / 2 log K + log d, in nats: what K predictions of Krichevsky and Trofimov lose to the best fixed policy.

    Raises ValueError if a number is below 1.

    Examples
    --------
    >>> round(annealed_regret(100, 2), 4)  # half of log 100, and log 2
    2.9957
    >>> annealed_regret(100, 1)
    0.0
    """
    games, d = integer("n_games", n_games, 1), integer("actions", actions, 1)
    return 0.5 * (d - 1) * math.log(games) + math.log(d)


def theorem_2_annealed(
    similarity: npt.ArrayLike,
    n_games: int,
    horizon: int,
    iterations: npt.ArrayLike,
    n_actions: tuple[int, int],
    learning_rate: npt.ArrayLike,
    *,
    n_states: int,
    stages: int,
) -> Floats:
    """Bound on the mean NE-gap over K games with the meta-update (5) and the weights of Krichevsky and Trofimov.

    Parameters
    ----------
    similarity : array
        Delta_{mu,nu} with sums over states in the place of the largest, in nats.
    n_games, horizon, iterations, n_actions
        K, H, T, (A, B).
    learning_rate : array
        eta, below 1 / (sqrt 2 H).
    n_states, stages : int
        S, and the number of stages that T iterations begin.

    Returns
    -------
    array, in units of reward

    Raises
    ------
    ValueError
        If a number is below 1, or a learning rate out of range.

    Examples
    --------
    Two games that are one, one state, two actions each: the bound is already below that of uniform starts.

    >>> sizes = dict(horizon=1, iterations=1000, learning_rate=0.125)
    >>> meta = theorem_2_annealed(0.0, 2, n_actions=(2, 2), n_states=1, stages=10, **sizes)
    >>> alone = theorem_1_proven(10 * math.log(4), **sizes)
    >>> float(meta.round(4)), float(alone.round(4))
    (0.0953, 0.1267)
    """
    rows = integer("stages", stages, 1) * horizon * integer("n_states", n_states, 1)
    paid = rows * sum(annealed_regret(n_games, actions) for actions in n_actions)
    return theorem_1_proven((np.asarray(similarity) + paid) / n_games, horizon, iterations, learning_rate)
