"""Theorems 1 and 2, zero-sum games: right-hand sides with their constants, as printed and repaired.

Theorem 1 as printed has two defects (``docs/assumptions.md`` has the counterexamples, and the experiment ``defects``
computes them):

- the factor 192 H^3 / T does not contain the learning rate, so it cannot hold for small ones. Repaired: 24 H / (eta T),
  which is the same at eta = 1 / (8 H^2), the largest that the theorem admits;
- *burn-in*: the estimates of step h see only tau - 1 rewards in stage tau, so in stages 1 to H - h + 1 many policies
  are best responses and the divergence of one of them can be 0, while the iterates enter the output. Repaired: the
  divergence is that of the worst best response among the tied ones; or :func:`two_sided_burn_in` / T is added.

Theorem 5 contains the learning rate, so it inherits the second defect only, and there less is missing:
:func:`correlated_burn_in`. Its output plays, from a stage tau, policies that were all learned for the first tau - 1
rewards, so that the rewards left out are counted once, not once a step; and its gap is one player's. With that term it
has a proof (``docs/assumptions.md``), which also gives :func:`theorem_5_smooth`, with eta^3 in place of eta^2.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "burn_in",
    "cce_learning_rate",
    "correlated_burn_in",
    "largest_learning_rate",
    "meta_learning_rate",
    "player_divergence",
    "theorem_1",
    "theorem_1_uniform",
    "theorem_2",
    "theorem_5",
    "theorem_5_smooth",
    "theorem_5_uniform",
    "theorem_6_iterations",
    "trivial_gap",
    "two_sided_burn_in",
    "vertex_divergence",
]

Floats = npt.NDArray[np.float64]

_TIE = 1e-12


def largest_learning_rate(horizon: int) -> float:
    """1 / (8 H^2), the largest learning rate of Theorem 1."""
    return 1.0 / (8.0 * horizon**2)


def trivial_gap(horizon: int) -> float:
    """H: no NE-gap of a zero-sum game and no CCE-gap is larger, so no bound above it says anything."""
    return float(horizon)


def vertex_divergence(payoff: Floats, initial: Floats, *, worst: bool) -> Floats:
    """KL(best response in hindsight || initial policy), the best response being a vertex.

    Parameters
    ----------
    payoff : (..., A) array
        Average payoff of each action in the stage. Actions within 1e-12 of the best are tied.
    initial : (..., A) array
        Initial policy.
    worst : bool
        Which of the tied actions: that of the largest divergence (repaired), or the first (printed).

    Returns
    -------
    (...) array
        -log of the initial probability of that action, in nats; infinite where it is 0.
    """
    best = payoff >= payoff.max(axis=-1, keepdims=True) - _TIE
    if worst:
        probability = np.where(best, initial, np.inf).min(axis=-1)
    else:
        first = best.argmax(axis=-1)[..., np.newaxis]
        probability = np.take_along_axis(initial, first, axis=-1)[..., 0]
    with np.errstate(divide="ignore"):
        # a probability may exceed 1 by rounding
        return np.asarray(np.maximum(-np.log(probability), 0.0)) + 0.0


def _rate_factor(horizon: int, learning_rate: npt.ArrayLike | None) -> Floats:
    """192 H^3 as printed (no learning rate), or 24 H / eta."""
    if learning_rate is None:
        return np.asarray(192.0 * horizon**3)
    return np.asarray(24.0 * horizon / np.asarray(learning_rate, dtype=np.float64))


def theorem_1(
    divergence: npt.ArrayLike, horizon: int, iterations: npt.ArrayLike, learning_rate: npt.ArrayLike | None = None
) -> Floats:
    """Theorem 1, the data-dependent bound on the NE-gap.

    Parameters
    ----------
    divergence : array
        sum over stages and steps of max over states of KL_mu + KL_nu.
    horizon : int
        H.
    iterations : array
        T.
    learning_rate : array, optional
        eta. Without it the printed factor 192 H^3 / T, with it the repaired one 24 H / (eta T).
    """
    return np.asarray(_rate_factor(horizon, learning_rate) * np.asarray(divergence) / np.asarray(iterations))


def theorem_1_uniform(
    horizon: int, iterations: npt.ArrayLike, n_actions: tuple[int, int], learning_rate: npt.ArrayLike | None = None
) -> Floats:
    """Equation (4): 768 H^5 log T log(A B) / T for uniform initial policies; at T = 1 it is 0.

    With a learning rate the repaired form, 96 H^3 log T log(A B) / (eta T).
    """
    t = np.asarray(iterations, dtype=np.float64)
    divergence = 4.0 * horizon**2 * np.log(t) * math.log(math.prod(n_actions))
    return theorem_1(divergence, horizon, t, learning_rate)


def burn_in(horizon: int) -> int:
    """B(H) = sum over m <= H and tau <= m of L_tau (m + 1 - tau): 1, 9, 35, 95, 210, ...

    With m = H - h + 1 rewards to come, stage tau <= m of step h misses m + 1 - tau of them. B(H) / T added to the
    printed bound covers what *one* side of the game can lose to that. It is not enough for both
    (:func:`metanash.theory.zero_sum.two_sided_runs` has the counterexample); see :func:`two_sided_burn_in`.
    """
    return sum(_missed_rewards(horizon))


def two_sided_burn_in(horizon: int) -> int:
    """2 B(H) less its terms of step 1: 1, 11, 48, 140, 325, ...

    This over T, added to the printed bound, is another repair of the burn-in defect. The gap of the output is at most
    what the max-player gains where *it* leads plus what the min-player gains where *it* leads. At step 1 both are in
    the initial state and share one duality gap; from step 2 on they may be in different states and each take the
    whole. That argument is complete where every divergence is 0; otherwise the repair is only checked.
    """
    missed = _missed_rewards(horizon)
    return 2 * sum(missed) - missed[-1]


def _missed_rewards(horizon: int) -> list[int]:
    """Rewards that the estimates miss over the first stages, for steps H, ..., 1: sum of L_tau (m + 1 - tau)."""
    lengths = [horizon]
    while len(lengths) < horizon:
        lengths.append(lengths[-1] * (horizon + 1) // horizon)
    return [sum(lengths[tau - 1] * (m + 1 - tau) for tau in range(1, m + 1)) for m in range(1, horizon + 1)]


def theorem_2(
    similarity: npt.ArrayLike,
    n_games: int,
    horizon: int,
    iterations: npt.ArrayLike,
    n_actions: tuple[int, int],
    learning_rate: npt.ArrayLike | None = None,
) -> Floats:
    """Equation (6): bound on the mean NE-gap over K games with the meta-update (5) and alpha = 1 / sqrt(K).

    Parameters
    ----------
    similarity : array
        Delta_{mu,nu}.
    n_games : int
        K; the theorem needs K > 4, so that alpha < 1/2.
    learning_rate : array, optional
        As in :func:`theorem_1`.

    Raises
    ------
    ValueError
        If K <= 4.
    """
    if n_games <= 4:
        raise ValueError(f"Theorem 2 needs more than 4 games, so that alpha = 1 / sqrt(K) < 1/2; got {n_games}")
    a, b = n_actions
    t, root = np.asarray(iterations, dtype=np.float64), math.sqrt(n_games)
    inner = (
        np.asarray(similarity) / n_games
        + 10.0 * (a + b) * math.log(n_games) / root
        + 16.0 * horizon**2 * np.log(t) * math.log(a * b * n_games) / root
    )
    return theorem_1(inner, horizon, t, learning_rate)


# Theorems 5 and 6 ---------------------------------------------------------------------------------------


def _several(n_players: int) -> int:
    if n_players < 2:
        raise ValueError(f"the theorems on general-sum games need at least 2 players, got {n_players}")
    return n_players


def cce_learning_rate(horizon: int, iterations: npt.ArrayLike, n_players: int) -> Floats:
    """H^(-2/3) T^(-1/3) (N - 1)^(-2/3), the learning rate of equation (11). Raises ValueError for one player."""
    others = _several(n_players) - 1
    return np.asarray((horizon * others) ** (-2.0 / 3.0) / np.cbrt(np.asarray(iterations, dtype=np.float64)))


def meta_learning_rate(horizon: int, iterations: npt.ArrayLike, n_players: int, n_games: int) -> Floats:
    """H^(-2/3) T^(-1/3) (N - 1)^(-2/3) K^(-1/6): the learning rate that the exponents of Theorem 6 imply.

    The paper does not print one. With it, Theorem 5 averaged over the games gives an iteration count that goes as
    Delta_pi^(3/2) / K^(5/4), as printed; with that of equation (11) it would go as Delta_pi^(3/2) / K^(3/2) but the
    other term would not fall with K. Raises ValueError for one player.
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
    """
    pairs = zip(payoff, initial, strict=True)
    each = [vertex_divergence(p, start, worst=worst).max(axis=-1) for p, start in pairs]
    return np.asarray(np.max(each, axis=0).sum(axis=-1))


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
    """
    eta = np.asarray(learning_rate, dtype=np.float64)
    learned = 3.0 * np.asarray(divergence) / (eta * np.asarray(iterations))
    return np.asarray(learned + 36.0 * n_players**2 * eta**2 * horizon**4)


def theorem_5_uniform(horizon: int, iterations: npt.ArrayLike, n_players: int, max_actions: int) -> Floats:
    """Equation (11): 12 N^(2/3) H^(8/3) log T log A_max / T^(2/3), at :func:`cce_learning_rate`; at T = 1 it is 0.

    It does not follow from the first part of Theorem 5 unless T is astronomic (6e12 for N = 2, A_max = 2): the term
    36 N^2 eta^2 H^4 is then too large. It does follow from :func:`theorem_5_smooth`.
    """
    t = np.asarray(iterations, dtype=np.float64)
    factor = 12.0 * n_players ** (2.0 / 3.0) * horizon ** (8.0 / 3.0)
    return np.asarray(factor * np.log(t) * math.log(max_actions) / np.cbrt(t) ** 2)


def correlated_burn_in(horizon: int) -> int:
    """C(H) = sum over tau <= H of L_tau (H + 1 - tau): 1, 7, 22, 50, 95, ...; C(H) / T repairs Theorem 5.

    An iteration of stage tau <= H plays a chain of policies that were learned for the first tau - 1 rewards. Whatever
    they do, the other H + 1 - tau add at most that to a deviator's gain.
    """
    return _missed_rewards(horizon)[-1]


def theorem_5_smooth(
    divergence: npt.ArrayLike, horizon: int, iterations: npt.ArrayLike, n_players: int, learning_rate: npt.ArrayLike
) -> Floats:
    """A bound on the CCE-gap like that of Theorem 5, with a proof (ours), for any eta and any of the tied maximisers.

    e^(eta H) (1 + 1/H)^(H-1) D / (eta T) + (9/32) (N - 1)^2 eta^3 H^5 + C(H) / T. Parameters as in :func:`theorem_5`.
    For entropy the iterates are stable: the logits of consecutive ones differ by at most 3 eta H in range, so the
    payoffs of a player move by at most (3/4) (N - 1) eta H^2 an iteration. With eta of order T^(-1/4) it falls as
    T^(-3/4).
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
    """Theorem 6 as a scaling law: what is inside the O-tilde, without its constant and logarithms.

    (H N / eps^(3/2)) (Delta_pi^(3/2) / K^(5/4) + (A_max^(3/2) + H^3) / K^(1/2)) iterations a game. Only ratios of two
    values mean anything; there is no constant that could be violated.

    Parameters
    ----------
    accuracy : array
        eps.
    similarity : array
        Delta_pi.
    n_games : array
        K.
    """
    eps, k = np.asarray(accuracy, dtype=np.float64), np.asarray(n_games, dtype=np.float64)
    alike = np.asarray(similarity, dtype=np.float64) ** 1.5 / k**1.25
    return np.asarray(horizon * n_players / eps**1.5 * (alike + (max_actions**1.5 + horizon**3) / np.sqrt(k)))
