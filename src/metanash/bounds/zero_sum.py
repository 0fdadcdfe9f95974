"""Theorems 1 and 2, zero-sum games: right-hand sides with their constants, as printed and repaired.

Theorem 1 as printed has two defects (``docs/assumptions.md`` has the counterexamples, and the experiment ``defects``
computes them):

- the factor 192 H^3 / T does not contain the learning rate, so it cannot hold for small ones. Repaired: 24 H / (eta T),
  which is the same at eta = 1 / (8 H^2), the largest that the theorem admits;
- *burn-in*: the estimates of step h see only tau - 1 rewards in stage tau, so in stages 1 to H - h + 1 many policies
  are best responses and the divergence of one of them can be 0, while the iterates enter the output. Repaired: the
  divergence is that of the worst best response among the tied ones; or :func:`two_sided_burn_in` / T is added.

The repaired forms have a proof (``docs/theorem1.md``), which gives more than they say: :func:`theorem_1_proven`.
"""

import math

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import distributions, policy_array
from metanash._inner.reductions import at_first, largest, smallest
from metanash.typing import Floats

__all__ = [
    "burn_in",
    "largest_learning_rate",
    "theorem_1",
    "theorem_1_factor",
    "theorem_1_proven",
    "theorem_1_uniform",
    "theorem_2",
    "trivial_gap",
    "two_sided_burn_in",
    "vertex_divergence",
]


_TIE = 1e-12


def largest_learning_rate(horizon: int) -> float:
    """1 / (8 H^2), the largest learning rate of Theorem 1.

    Examples
    --------
    >>> largest_learning_rate(horizon=2)
    0.03125
    """
    return 1.0 / (8.0 * horizon**2)


def trivial_gap(horizon: int) -> float:
    """H: no NE-gap of a zero-sum game and no CCE-gap is larger, so no bound above it says anything.

    Examples
    --------
    >>> trivial_gap(horizon=3)
    3.0
    """
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

    Raises
    ------
    ValueError
        If an initial policy is none (:func:`metanash._inner.checks.distributions`).

    Examples
    --------
    >>> payoff, start = np.array([1.0, 1.0, 0.0]), np.array([0.5, 0.25, 0.25])  # two actions are tied
    >>> vertex_divergence(payoff, start, worst=True).round(4)  # log 4
    np.float64(1.3863)
    >>> vertex_divergence(payoff, start, worst=False).round(4)  # log 2
    np.float64(0.6931)
    """
    initial = distributions("initial policy", policy_array("initial policy", initial), "(...)")
    best = payoff >= largest(payoff, keepdims=True) - _TIE
    probability = smallest(np.where(best, initial, np.inf)) if worst else at_first(best, initial)
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

    Examples
    --------
    >>> float(theorem_1(divergence=2.0, horizon=1, iterations=1000))  # 192 * 2 / 1000
    0.384
    >>> float(theorem_1(divergence=2.0, horizon=1, iterations=1000, learning_rate=0.125))  # 24 * 2 / (0.125 * 1000)
    0.384
    """
    return np.asarray(_rate_factor(horizon, learning_rate) * np.asarray(divergence) / np.asarray(iterations))


def theorem_1_factor(horizon: int, learning_rate: npt.ArrayLike) -> Floats:
    """Factor c of :func:`theorem_1_proven`, at most 8.1 H at the learning rates of Theorem 1: there it was 24 H.

    With x = eta H, c_1 = e^x + (x^2 / 4) (e^(2 x) - 1)^2, c_2 = c_1 / (1 - 2 x^2) and r = 1 + 1 / H it is c_1 for
    H = 1, else 2 c_1 + 2 c_2 (2 H (r^(H - 1) - r) + r^(H - 1)). Derived in ``docs/theorem1.md``.

    Parameters
    ----------
    horizon : int
        H.
    learning_rate : array
        eta, of the shape of the result.

    Raises
    ------
    ValueError
        If a learning rate is not in (0, 1 / (sqrt 2 H)), where the proof holds.

    Examples
    --------
    >>> [round(float(theorem_1_factor(h, largest_learning_rate(h))), 3) for h in (1, 2, 3)]
    [1.133, 5.348, 11.385]
    """
    x = horizon * np.asarray(learning_rate, dtype=np.float64)
    if not ((x > 0.0) & (2.0 * x**2 < 1.0)).all():
        least, largest = float(x.min()) / horizon, float(x.max()) / horizon
        raise ValueError(
            f"the proof needs learning rates above 0 and below 1 / (sqrt(2) H) = {1 / (math.sqrt(2) * horizon):.4g}; "
            f"got {least:g} to {largest:g}"
        )
    both = np.exp(x) + 0.25 * x**2 * np.expm1(2.0 * x) ** 2
    if horizon == 1:
        return np.asarray(both)
    growth = 1.0 + 1.0 / horizon
    steps = 2.0 * horizon * (growth ** (horizon - 1) - growth) + growth ** (horizon - 1)
    return np.asarray(2.0 * both + 2.0 * both / (1.0 - 2.0 * x**2) * steps)


def theorem_1_proven(
    divergence: npt.ArrayLike, horizon: int, iterations: npt.ArrayLike, learning_rate: npt.ArrayLike
) -> Floats:
    """What is proven of Theorem 1: ((2 B(H) - C(H)) + c D / eta) / T, c being :func:`theorem_1_factor`.

    The divergence D may be that of *any* of the tied best responses. The proof is in ``docs/theorem1.md``; both
    repaired forms and equation (4) with 24 H / (eta T) follow from it.

    Parameters
    ----------
    divergence, horizon, iterations
        As in :func:`theorem_1`.
    learning_rate : array
        eta, below 1 / (sqrt 2 H): that is more than Theorem 1 admits.

    Raises
    ------
    ValueError
        If a learning rate is outside that range.

    Examples
    --------
    H = 2 at the largest learning rate of Theorem 1, 1/32: c is 5.348 and the burn-in term 11, so (11 + 342.3) / 1000.

    >>> round(float(theorem_1_proven(2.0, 2, 1000, 1 / 32)), 4)
    0.3533
    """
    rate = np.asarray(learning_rate, dtype=np.float64)
    total = two_sided_burn_in(horizon) + theorem_1_factor(horizon, rate) * np.asarray(divergence) / rate
    return np.asarray(total / np.asarray(iterations))


def theorem_1_uniform(
    horizon: int, iterations: npt.ArrayLike, n_actions: tuple[int, int], learning_rate: npt.ArrayLike | None = None
) -> Floats:
    """Equation (4): 768 H^5 log T log(A B) / T for uniform initial policies; at T = 1 it is 0.

    With a learning rate the repaired form, 96 H^3 log T log(A B) / (eta T).

    Examples
    --------
    >>> float(theorem_1_uniform(horizon=1, iterations=10**6, n_actions=(2, 2)).round(4))
    0.0147
    """
    t = np.asarray(iterations, dtype=np.float64)
    divergence = 4.0 * horizon**2 * np.log(t) * math.log(math.prod(n_actions))
    return theorem_1(divergence, horizon, t, learning_rate)


def burn_in(horizon: int) -> int:
    """B(H) = sum over m <= H and tau <= m of L_tau (m + 1 - tau): 1, 9, 35, 95, 210, ...

    With m = H - h + 1 rewards to come, stage tau <= m of step h misses m + 1 - tau of them. B(H) / T added to the
    printed bound covers what *one* side of the game can lose to that. It is not enough for both
    (the replication has the counterexample); see :func:`two_sided_burn_in`.

    Examples
    --------
    >>> [burn_in(horizon) for horizon in (1, 2, 3)]
    [1, 9, 35]
    """
    return sum(missed_rewards(horizon))


def two_sided_burn_in(horizon: int) -> int:
    """2 B(H) less its terms of step 1: 1, 11, 48, 140, 325, ...

    This over T, added to the printed bound, is another repair of the burn-in defect. The gap of the output is at most
    what the max-player gains where *it* leads plus what the min-player gains where *it* leads. At step 1 both are in
    the initial state and share one duality gap; from step 2 on they may be in different states and each take the
    whole (``docs/theorem1.md``, with all divergences).

    Examples
    --------
    >>> [two_sided_burn_in(horizon) for horizon in (1, 2, 3)]
    [1, 11, 48]
    """
    missed = missed_rewards(horizon)
    return 2 * sum(missed) - missed[-1]


def missed_rewards(horizon: int) -> list[int]:
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

    Examples
    --------
    >>> rough, close = (theorem_2(delta, 16, horizon=1, iterations=1000, n_actions=(2, 2)) for delta in (1.0, 0.0))
    >>> bool(0 < close < rough)
    True
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
