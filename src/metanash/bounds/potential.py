"""Proposition 1 and Theorems 3 and 4, Markov potential games: right-hand sides with their constants.

Proposition 1 as printed is false, by about a factor sqrt 2 and at every discount: ``docs/proposition1.md`` has the
instances, which the replication runs. Its forms differ in a ``factor`` on kappa: 1 as printed; 2, which fails at
discounts below 6.19e-5, by up to 3.1e-5; and 1920/959. The proof there gives 2048/1023, a little less.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metanash.typing import Floats

__all__ = [
    "FACTORS",
    "REPAIRED",
    "GradientConstants",
    "gradient_constants",
    "largest_ascent_step",
    "meta_smoothness",
    "proposition_1",
    "theorem_3",
    "theorem_4",
]


REPAIRED = 1920.0 / 959.0
"""A factor on kappa with a proof: the one that is proven, 2048/1023, is smaller by 6.5e-5 of it."""
FACTORS = {"printed": 1.0, "with 2 kappa": 2.0, "repaired: 1920/959 kappa": REPAIRED}
"""Forms of Proposition 1 and Theorem 3, by the factor on kappa."""


def largest_ascent_step(discount: npt.ArrayLike, mismatch: npt.ArrayLike, n_players: int, most_actions: int) -> Floats:
    """(1 - gamma)^4 / (8 kappa^3 N A_max), the largest step size of Proposition 1.

    Parameters
    ----------
    mismatch : array
        kappa, at least 1; see :func:`metanash.similarity.distribution_mismatch`.

    Examples
    --------
    >>> float(largest_ascent_step(discount=0.5, mismatch=1.0, n_players=2, most_actions=2))  # 1/16 over 8 * 2 * 2
    0.001953125
    """
    kappa = np.asarray(mismatch, dtype=np.float64)
    return np.asarray((1.0 - np.asarray(discount)) ** 4 / (8.0 * kappa**3 * n_players * most_actions))


def proposition_1(
    rise: npt.ArrayLike,
    mismatch: npt.ArrayLike,
    step_size: npt.ArrayLike,
    iterations: npt.ArrayLike,
    discount: npt.ArrayLike,
    factor: float = 1.0,
) -> Floats:
    """Proposition 1: bound on the mean NE-gap of pi^0, ..., pi^{T-1}.

    Parameters
    ----------
    rise : array
        Phi(pi^T) - Phi(pi^0). Below 0, where rounding puts it, it counts as 0.
    mismatch : array
        kappa.
    step_size, iterations, discount : array
        alpha, T and gamma.
    factor : float
        On kappa; see :data:`FACTORS`.

    Examples
    --------
    >>> float(proposition_1(rise=0.25, mismatch=1.0, step_size=0.1, iterations=100, discount=0.5).round(4))
    0.3162
    """
    scale = np.asarray(step_size) * np.asarray(iterations) * (1.0 - np.asarray(discount)) ** 2
    return np.asarray(np.sqrt(factor * np.asarray(mismatch) * np.maximum(rise, 0.0) / scale))


def theorem_3(
    largest_potential: npt.ArrayLike,
    dissimilarity: npt.ArrayLike,
    n_games: int,
    mismatch: npt.ArrayLike,
    step_size: npt.ArrayLike,
    iterations: npt.ArrayLike,
    discount: npt.ArrayLike,
    factor: float = 1.0,
) -> Floats:
    """Theorem 3, explicit: bound on the mean over K games of the mean gap of Proposition 1, with carry-over.

    The rises of the games telescope to at most Phi_max + Delta_Phi (``docs/assumptions.md``); the paper states what
    follows for the number of iterations, in O-notation.

    Parameters
    ----------
    largest_potential : array
        Phi_max; potentials are at least 0.
    dissimilarity : array
        Delta_Phi, or an upper bound of it.
    n_games : int
        K.
    mismatch : array
        The largest kappa of the games.

    Examples
    --------
    >>> sizes = {"n_games": 4, "mismatch": 1.0, "step_size": 0.1, "iterations": 100, "discount": 0.5}
    >>> alike, different = (theorem_3(1.0, dissimilarity, **sizes) for dissimilarity in (0.0, 3.0))
    >>> float((different / alike).round(4))  # the root of (1 + 3) / (1 + 0)
    2.0
    """
    total = np.asarray(largest_potential) + np.asarray(dissimilarity)
    return proposition_1(total / n_games, mismatch, step_size, iterations, discount, factor)


@dataclass(frozen=True)
class GradientConstants:
    """Bounds on the potential as a function of the logits of softmax policies, in the Euclidean norm.

    Attributes
    ----------
    gradient : float
        G, of the norm of the gradient.
    smoothness : float
        L, of the spectral norm of the Hessian.
    hessian_lipschitz : float
        R, of the third derivative along any direction of length 1.

    Examples
    --------
    >>> GradientConstants(gradient=1.0, smoothness=2.0, hessian_lipschitz=3.0).smoothness
    2.0
    """

    gradient: float
    smoothness: float
    hessian_lipschitz: float


def gradient_constants(discount: float, n_players: int = 1) -> GradientConstants:
    """G, L and R for rewards in [0, 1], each times sqrt N.

    ::

        G = sqrt(1 + gamma) / (2 sqrt 2 (1 - gamma)^{3/2}),    L = (1 + gamma) / (2 (1 - gamma)^2),
        R = 1.04 sqrt((1 + gamma)(1 + 4 gamma + gamma^2)) / (1 - gamma)^{5/2}

    Derived in ``docs/constants.md``; the paper's Lemma 14 was not at hand. With a reward common to all players, or a
    single value function, there is no factor sqrt N: leave ``n_players`` at 1.

    Examples
    --------
    >>> constants = gradient_constants(discount=0.0)  # a team that plays once
    >>> round(constants.gradient**2, 6), constants.smoothness, constants.hessian_lipschitz
    (0.125, 0.5, 1.04)
    """
    scale, rest = math.sqrt(n_players), 1.0 - discount
    third_moments = (1.0 + discount) * (1.0 + 4.0 * discount + discount**2)
    return GradientConstants(
        gradient=scale * math.sqrt(1.0 + discount) / (2.0 * math.sqrt(2.0) * rest**1.5),
        smoothness=scale * (1.0 + discount) / (2.0 * rest**2),
        hessian_lipschitz=1.04 * scale * math.sqrt(third_moments) / rest**2.5,
    )


def meta_smoothness(constants: GradientConstants, step_size: float, inner_steps: int) -> float:
    """L_F, a Lipschitz constant of the gradient of the MAML objective (9) with inner steps theta + alpha grad Phi.

    L_F = L (1 + alpha L)^{2T} + (R G / L) (1 + alpha L)^{T-1} ((1 + alpha L)^T - 1), derived in ``docs/constants.md``.

    Examples
    --------
    >>> constants = gradient_constants(discount=0.5)
    >>> meta_smoothness(constants, step_size=0.1, inner_steps=0) == constants.smoothness
    True
    """
    growth = 1.0 + step_size * constants.smoothness
    curvature = constants.hessian_lipschitz * constants.gradient / constants.smoothness
    spread = growth ** (inner_steps - 1) * (growth**inner_steps - 1.0)
    return constants.smoothness * growth ** (2 * inner_steps) + curvature * spread


def theorem_4(smoothness: npt.ArrayLike, meta_iterations: npt.ArrayLike, n_players: int, discount: float) -> Floats:
    """Theorem 4: bound on the least norm of the meta-gradient in K meta-iterations of step 1 / L_F.

    sqrt(4 N L_F / ((1 - gamma) K)). The ascent lemma gives half of what stands under the root.

    Examples
    --------
    >>> theorem_4(smoothness=2.0, meta_iterations=[16, 64], n_players=1, discount=0.5).tolist()
    [1.0, 0.5]
    """
    inner = 4.0 * n_players * np.asarray(smoothness) / ((1.0 - discount) * np.asarray(meta_iterations))
    return np.asarray(np.sqrt(inner))
