"""Theorems 5 and 6, general-sum games: right-hand sides with their constants, as printed and repaired.

Theorem 5 contains the learning rate, so it inherits the second defect only, and there less is missing:
:func:`correlated_burn_in`. Its output plays, from a stage tau, policies that were all learned for the first tau - 1
rewards, so that the rewards left out are counted once, not once a step; and its gap is one player's. With that term it
has a proof (``docs/assumptions.md``), which also gives :func:`theorem_5_smooth`, with eta^3 in place of eta^2.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from metanash._inner.reductions import largest, summed
from metanash.bounds.zero_sum import missed_rewards, vertex_divergence
from metanash.typing import Floats

__all__ = [
    "cce_learning_rate",
    "correlated_burn_in",
    "meta_learning_rate",
    "player_divergence",
    "theorem_5",
    "theorem_5_smooth",
    "theorem_5_uniform",
    "theorem_6_iterations",
]


def _several(n_players: int) -> int:
    if n_players < 2:
        raise ValueError(f"the theorems on general-sum games need at least 2 players, got {n_players}")
    return n_players


def cce_learning_rate(horizon: int, iterations: npt.ArrayLike, n_players: int) -> Floats:
    """H^(-2/3) T^(-1/3) (N - 1)^(-2/3), the learning rate of equation (11). Raises ValueError for one player.

    Examples
    --------
    >>> float(cce_learning_rate(horizon=1, iterations=1000, n_players=2).round(4))
    0.1
    """
    others = _several(n_players) - 1
    return np.asarray((horizon * others) ** (-2.0 / 3.0) / np.cbrt(np.asarray(iterations, dtype=np.float64)))


def meta_learning_rate(horizon: int, iterations: npt.ArrayLike, n_players: int, n_games: int) -> Floats:
    """H^(-2/3) T^(-1/3) (N - 1)^(-2/3) K^(-1/6): the learning rate that the exponents of Theorem 6 imply.

    The paper does not print one. With it, Theorem 5 averaged over the games gives an iteration count that goes as
    Delta_pi^(3/2) / K^(5/4), as printed; with that of equation (11) it would go as Delta_pi^(3/2) / K^(3/2) but the
    other term would not fall with K. Raises ValueError for one player.

    Examples
    --------
    >>> float(meta_learning_rate(horizon=1, iterations=1000, n_players=2, n_games=64).round(4))
    0.05
    """
    return np.asarray(cce_learning_rate(horizon, iterations, n_players) / n_games ** (1.0 / 6.0))


def player_divergence(payoff: Sequence[Floats], initial: Sequence[Floats], *, worst: bool) -> Floats:
    """One stage's term in Theorem 5: sum over steps of the largest :func:`vertex_divergence` over players and states.

    Parameters
    ----------
    payoff, initial : sequence of (..., H, S, A_i) arrays
        For each player, as in :func:`vertex_divergence`.

    Returns
    -------
    (...) array, in nats

    Examples
    --------
    >>> payoff = [np.array([[[1.0, 0.0]]]), np.array([[[0.0, 1.0]]])]  # of each player (H, S, A_i)
    >>> initial = [np.array([[[0.5, 0.5]]]), np.array([[[0.75, 0.25]]])]
    >>> float(player_divergence(payoff, initial, worst=True).round(4))  # log 4 of player 2 is the larger
    1.3863
    """
    pairs = zip(payoff, initial, strict=True)
    each = [largest(vertex_divergence(p, start, worst=worst)) for p, start in pairs]
    return np.asarray(summed(np.max(each, axis=0)))


def theorem_5(
    divergence: npt.ArrayLike, horizon: int, iterations: npt.ArrayLike, n_players: int, learning_rate: npt.ArrayLike
) -> Floats:
    """Theorem 5, the data-dependent bound on the CCE-gap: 3 D / (eta T) + 36 N^2 eta^2 H^4.

    Parameters
    ----------
    divergence : array
        D, the sum over stages and steps of max over players and states of the KL; see :func:`player_divergence`.
    horizon : int
        H.
    iterations : array
        T.
    n_players : int
        N.
    learning_rate : array
        eta.

    Examples
    --------
    >>> float(theorem_5(divergence=1.0, horizon=1, iterations=1000, n_players=2, learning_rate=0.01).round(4))
    0.3144
    """
    eta = np.asarray(learning_rate, dtype=np.float64)
    learned = 3.0 * np.asarray(divergence) / (eta * np.asarray(iterations))
    return np.asarray(learned + 36.0 * n_players**2 * eta**2 * horizon**4)


def theorem_5_uniform(horizon: int, iterations: npt.ArrayLike, n_players: int, max_actions: int) -> Floats:
    """Equation (11): 12 N^(2/3) H^(8/3) log T log A_max / T^(2/3), at :func:`cce_learning_rate`; at T = 1 it is 0.

    With 4 H log T stages, as the paper seems to count, it follows from the first part of Theorem 5 only beyond T = 6e12
    (N = 2, A_max = 2), with the true number of stages from T = 1.5e6 (H = 1); from :func:`theorem_5_smooth` wherever
    it is below H.

    Examples
    --------
    >>> theorem_5_uniform(horizon=1, iterations=[1, 10**6], n_players=2, max_actions=2).round(4).tolist()
    [0.0, 0.0182]
    """
    t = np.asarray(iterations, dtype=np.float64)
    factor = 12.0 * n_players ** (2.0 / 3.0) * horizon ** (8.0 / 3.0)
    return np.asarray(factor * np.log(t) * math.log(max_actions) / np.cbrt(t) ** 2)


def correlated_burn_in(horizon: int) -> int:
    """C(H) = sum over tau <= H of L_tau (H + 1 - tau): 1, 7, 22, 50, 95, ...; C(H) / T repairs Theorem 5.

    An iteration of stage tau <= H plays a chain of policies that were learned for the first tau - 1 rewards. Whatever
    they do, the other H + 1 - tau add at most that to a deviator's gain.

    Examples
    --------
    >>> [correlated_burn_in(horizon) for horizon in (1, 2, 3)]
    [1, 7, 22]
    """
    return missed_rewards(horizon)[-1]


def theorem_5_smooth(
    divergence: npt.ArrayLike, horizon: int, iterations: npt.ArrayLike, n_players: int, learning_rate: npt.ArrayLike
) -> Floats:
    """A bound on the CCE-gap like that of Theorem 5, with a proof (ours), for any eta and any tied vertex.

    e^(eta H) (1 + 1/H)^(H-1) D / (eta T) + (9/32) (N - 1)^2 eta^3 H^5 + C(H) / T. Parameters as in :func:`theorem_5`.
    For entropy the iterates are stable: the logits of consecutive ones differ by at most 3 eta H in range, so the
    payoffs of a player move by at most (3/4) (N - 1) eta H^2 an iteration. With eta of order T^(-1/4) it falls as
    T^(-3/4).

    Examples
    --------
    >>> float(theorem_5_smooth(divergence=1.0, horizon=1, iterations=1000, n_players=2, learning_rate=0.1).round(4))
    0.0123
    """
    eta, t = np.asarray(learning_rate, dtype=np.float64), np.asarray(iterations, dtype=np.float64)
    growth = np.exp(eta * horizon) * (1.0 + 1.0 / horizon) ** (horizon - 1)
    unstable = 9.0 / 32.0 * (n_players - 1) ** 2 * eta**3 * horizon**5
    return np.asarray(growth * np.asarray(divergence) / (eta * t) + unstable + correlated_burn_in(horizon) / t)


def theorem_6_iterations(
    accuracy: npt.ArrayLike,
    similarity: npt.ArrayLike,
    n_games: npt.ArrayLike,
    horizon: int,
    n_players: int,
    max_actions: int,
) -> Floats:
    """Theorem 6 as a scaling law: the inside of the O-tilde, without its constant and logarithms.

    (H N / eps^(3/2)) (Delta_pi^(3/2) / K^(5/4) + (A_max^(3/2) + H^3) / K^(1/2)) iterations per game. Only ratios of two
    values mean anything; there is no constant that could be violated.

    Parameters
    ----------
    accuracy : array
        eps.
    similarity : array
        Delta_pi.
    n_games : array
        K.

    Examples
    --------
    >>> few, many = (theorem_6_iterations(0.1, 0.5, k, horizon=2, n_players=2, max_actions=3) for k in (16, 256))
    >>> bool(many < few)
    True
    """
    eps, k = np.asarray(accuracy, dtype=np.float64), np.asarray(n_games, dtype=np.float64)
    alike = np.asarray(similarity, dtype=np.float64) ** 1.5 / k**1.25
    return np.asarray(horizon * n_players / eps**1.5 * (alike + (max_actions**1.5 + horizon**3) / np.sqrt(k)))
