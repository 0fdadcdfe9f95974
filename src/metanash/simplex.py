"""The probability simplex: softmax, Euclidean projection, Kullback-Leibler divergence, alpha-greedy mixing.

Distributions lie along the last axis; leading axes are arbitrary.
"""

import numpy as np

from metanash._inner.reductions import largest, summed
from metanash.typing import Floats

__all__ = ["alpha_greedy", "kl_divergence", "logits", "project", "softmax", "uniform"]


def uniform(*shape: int) -> Floats:
    """Uniform distributions over the last axis of an array of this shape.

    Examples
    --------
    >>> uniform(2, 4).tolist()
    [[0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25]]
    """
    return np.full(shape, 1.0 / shape[-1])


def logits(policy: Floats) -> Floats:
    """Logarithms of probabilities, -inf where an action is never taken.

    Examples
    --------
    >>> logits(np.array([1.0, 0.0])).tolist()
    [0.0, -inf]
    """
    with np.errstate(divide="ignore"):
        return np.log(policy)


def softmax(x: Floats, axis: int = -1) -> Floats:
    """Exponentiate and normalise; a logit of -inf gets probability 0 exactly.

    Examples
    --------
    >>> softmax(np.array([np.log(3.0), 0.0, -np.inf])).round(4).tolist()
    [0.75, 0.25, 0.0]
    """
    weight = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(weight / weight.sum(axis=axis, keepdims=True))


def project(x: Floats) -> Floats:
    """Euclidean projection onto the simplex.

    With the entries sorted downwards the threshold is the largest over k of (x_1 + ... + x_k - 1) / k.

    Examples
    --------
    >>> project(np.array([0.75, 0.5, -1.0])).tolist()
    [0.625, 0.375, 0.0]
    """
    descending = np.flip(np.sort(x, axis=-1), axis=-1)
    candidates = (np.cumsum(descending, axis=-1) - 1.0) / np.arange(1, x.shape[-1] + 1)
    return np.asarray(np.maximum(x - largest(candidates, keepdims=True), 0.0))


def kl_divergence(p: Floats, q: Floats) -> Floats:
    """KL(p || q) in nats, infinite where p puts mass outside the support of q.

    Examples
    --------
    >>> fair = np.array([0.5, 0.5])
    >>> float(kl_divergence(np.array([1.0, 0.0]), fair).round(4))  # log 2
    0.6931
    >>> float(kl_divergence(fair, np.array([1.0, 0.0])))
    inf
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0.0, p * (np.log(p) - np.log(q)), 0.0)
    # the sum can fall below 0 by rounding when p and q are nearly equal
    return np.asarray(np.maximum(summed(terms), 0.0))


def alpha_greedy(policy: Floats, alpha: float) -> Floats:
    """[x]_alpha = (1 - alpha) x + alpha / d (Mao et al. 2023, below equation 5).

    Examples
    --------
    >>> alpha_greedy(np.array([1.0, 0.0]), 0.5).tolist()
    [0.75, 0.25]
    """
    return np.asarray((1.0 - alpha) * policy + alpha / policy.shape[-1])
