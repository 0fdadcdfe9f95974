"""Learners of zero-sum games with incremental values, in vectorised NumPy: the reference of ``smooth.h``."""

import numpy as np

from metanash import simplex
from metanash._inner.reductions import largest, summed
from metanash.typing import Floats, Integers

__all__ = ["EXTRAGRADIENT", "FTRL", "GRADIENT", "OMWU", "smooth"]

FTRL, GRADIENT, EXTRAGRADIENT, OMWU = range(4)
"""Rules by their numbers in ``smooth.h``."""

_Pair = tuple[Floats, Floats]


def smooth(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    eta: Floats,
    x: Floats,
    y: Floats,
    sum_x: Floats,
    sum_y: Floats,
    last_x: Floats,
    last_y: Floats,
    mu: Floats,
    nu: Floats,
    mean_mu: Floats,
    mean_nu: Floats,
    value: Floats,
    temperature: float,
    games: int,
    horizon: int,
    states: int,
    rows: int,
    columns: int,
    kinds: int,
    steps: int,
    rule: int,
    done: int,
    iterations: int,
) -> None:
    """Iterate learners of zero-sum games that update their values in every iteration.

    In iteration t both players play first; then, from the last step backwards, ``Q_h = r_h + P_h V_{h+1}`` and
    ``V_h <- (1 - alpha) V_h + alpha w_h``; then they see g, which is Q nu and -mu^T Q. With alpha_t =
    (H + 1) / (H + t), eta the rate and tau the temperature,

    ==== =============================== ======================================== =================================
    rule plays                           remembers                                learner
    ==== =============================== ======================================== =================================
    0    softmax(x + eta (sum + last))   sum <- t / (H + t) (sum + g), last <- g  optimistic FTRL
    1    Proj(x + eta last)              x <- Proj(x + eta g), last <- g          optimistic gradient steps
    2    softmax((1 - eta tau) x +       x <- (1 - eta tau) x + eta g, last <- g  predictive update, with entropy
         eta last)                       of softmax(x)
    3    as 2                            as 2, last <- g                          optimistic multiplicative weights
    ==== =============================== ======================================== =================================

    (:mod:`metanash.learners.optimistic_ftrl`, :mod:`metanash.learners.last_iterate`). For rules 0 and 1 alpha is
    alpha_t and w = mu^T Q nu, for 2 and 3 alpha is eta tau and w = mu^T Q nu + tau (H(mu) - H(nu)), H(.) being the
    entropy.

    Only differences of logits mean anything, and where both players have two actions the compiled version keeps the
    sums and payoffs of the first action over the second, with 0 for the second.

    Parameters
    ----------
    reward : (games, horizon, states, rows, columns)
    transition : (steps, kinds, states, rows, columns, states)
        Distinct transition kernels of every step (``steps`` is the horizon) or for all steps (1). Nothing if the
        horizon is 1.
    index : (games,) of int64
        Transition kernel of each game.
    eta : (games,)
        Learning rates.
    x, y : (games, horizon, states, rows), (games, horizon, states, columns)
        Logits of the priors, which stay (rule 0), anchors (rule 1), logits of anchors (rules 2 and 3).
    sum_x, sum_y : (games, horizon, states, rows), (games, horizon, states, columns)
        Weighted sums of payoffs; advanced by rule 0, left alone by the others.
    last_x, last_y : (games, horizon, states, rows), (games, horizon, states, columns)
        Payoffs with which the next iteration predicts, advanced.
    mu, nu : (games, horizon, states, rows), (games, horizon, states, columns)
        Last iterates, advanced.
    mean_mu, mean_nu : (games, horizon, states, rows), (games, horizon, states, columns)
        Averages with rates alpha_t, advanced.
    value : (games, horizon, states)
        V, advanced; left alone if the horizon is 1.
    temperature : float
        tau; 0 for rules 0 and 1.
    done, iterations : int
        Iterations of the run before this call, and of this call.

    Examples
    --------
    >>> policies = {name: np.full((1, 1, 1, 2), 0.5) for name in ("mu", "nu", "mean_mu", "mean_nu")}
    >>> zeros = {name: np.zeros((1, 1, 1, 2)) for name in ("x", "y", "sum_x", "sum_y", "last_x", "last_y")}
    >>> sizes = dict(games=1, horizon=1, states=1, rows=2, columns=2, kinds=1, steps=1, rule=FTRL, done=0, iterations=1)
    >>> smooth(reward=np.array([[[[[1.0, 0.0], [0.0, 0.0]]]]]), transition=np.empty(0), index=np.zeros(1, int),
    ...     eta=np.array([0.1]), value=np.zeros((1, 1, 1)), temperature=0.0, **policies, **zeros, **sizes)
    >>> zeros["last_x"].ravel().tolist(), zeros["sum_x"].ravel().tolist()  # 1/2 against uniform play
    ([0.5, 0.0], [0.25, 0.0])
    """
    lead = (games, horizon, states)

    def pair(one: Floats, other: Floats) -> _Pair:
        return one.reshape(*lead, rows), other.reshape(*lead, columns)

    rate, payoff = eta.reshape(games, 1, 1, 1), reward.reshape(*lead, rows, columns)
    anchor, sums, last, policies, mean = (
        pair(*given) for given in ((x, y), (sum_x, sum_y), (last_x, last_y), (mu, nu), (mean_mu, mean_nu))
    )
    kept, worth = 1.0 - rate * temperature, value.reshape(lead)
    for t in range(done + 1, done + iterations + 1):
        leaning = [
            prior + rate * (total + met) if rule == FTRL else kept * prior + rate * met
            for prior, total, met in zip(anchor, sums, last, strict=True)
        ]
        played = tuple(map(_projected if rule == GRADIENT else simplex.softmax, leaning))
        alpha, speed, tau = (horizon + 1) / (horizon + t), temperature * rate[:, :, 0, 0], temperature
        if rule in {FTRL, GRADIENT}:
            speed, tau = np.full((games, 1), alpha), 0.0
        q = payoff.copy()
        for h in reversed(range(horizon) if horizon > 1 else ()):
            if h < horizon - 1:
                q[:, h] += _expected(transition, index, worth[:, h + 1], (h, steps, kinds), (states, rows, columns))
            here = (played[0][:, h], played[1][:, h])
            found = summed(here[0] * _payoffs(q[:, h], here)[0])
            if tau:
                found = found + tau * (_entropy(here[0]) - _entropy(here[1]))
            worth[:, h] = (1.0 - speed) * worth[:, h] + speed * found
        met = _payoffs(q, played)
        for i in (0, 1):
            policies[i][...] = played[i]
            mean[i][...] = (1.0 - alpha) * mean[i] + alpha * played[i]
            if rule == FTRL:
                sums[i][...] = t / (horizon + t) * (sums[i] + met[i])
            else:
                step = kept * anchor[i] + rate * met[i]
                anchor[i][...] = _projected(step) if rule == GRADIENT else step
        if rule == EXTRAGRADIENT:
            met = _payoffs(q, (simplex.softmax(anchor[0]), simplex.softmax(anchor[1])))
        for target, new in zip(last, met, strict=True):
            target[...] = new


def _payoffs(q: Floats, policies: tuple[Floats, ...]) -> _Pair:
    """Q nu and -mu^T Q."""
    mu, nu = policies
    return summed(q * nu[..., np.newaxis, :]), -summed(q * mu[..., np.newaxis], -2)


def _projected(far: Floats) -> Floats:
    return simplex.project(far - largest(far, keepdims=True))  # far steps keep the mass of 1


def _entropy(policy: Floats) -> Floats:
    """In nats."""
    return -summed(policy * np.log(np.where(policy > 0.0, policy, 1.0)))


def _expected(
    transition: Floats, index: Integers, values: Floats, kernel: tuple[int, int, int], sizes: tuple[int, int, int]
) -> Floats:
    """Expected next values (games, states, rows, columns), game by game: all at once add in other orders."""
    h, steps, kinds = kernel
    states, rows, columns = sizes
    chance = transition.reshape(steps, kinds, states, rows, columns, states)[h if steps > 1 else 0]
    found = np.empty((len(values), states, rows, columns))
    for game, kind in enumerate(index.tolist()):
        found[game] = chance[kind] @ values[game]
    return found
