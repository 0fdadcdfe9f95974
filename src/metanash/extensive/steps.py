r"""Steps of learners on the decisions of one player: pure functions of flat arrays (..., S), unchecked.

Both go from the last information sets to the first. With g the utility gradient of the player
(:mod:`metanash.extensive.gaps`), the *counterfactual worth* of sequence (j, a) under a behaviour strategy x is

.. math:: w_{(j, a)} = g_{(j, a)} + \sum_{k : \text{parent}(k) = (j, a)} \sum_b x_{(k, b)} w_{(k, b)}.
"""

import numpy as np

from metanash.extensive.treeplex import Treeplex
from metanash.typing import Floats

__all__ = ["LEAST_TOTAL", "mirror_step", "observed_regret", "predicted_strategy"]

LEAST_TOTAL = 1e-290
"""Regrets that sum to less count as 0, as in :mod:`metanash.kernels.twin`."""


def observed_regret(plex: Treeplex, regret: Floats, strategy: Floats, gradient: Floats) -> Floats:
    r"""Clipped regrets after a gradient: z <- max(z + w - <w, x>, 0) at each set, w under the strategy itself.

    Parameters
    ----------
    plex : Treeplex
    regret, strategy, gradient : (..., S) arrays
        z; x, the behaviour strategy that was played; g.

    Returns
    -------
    (..., S) array

    Examples
    --------
    >>> plex = Treeplex([0], [2])
    >>> observed_regret(plex, np.zeros(3), plex.uniform(), np.array([0.0, 3.0, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    worth, after = gradient.copy(), np.zeros(gradient.shape)
    for level in reversed(plex.levels):
        here = worth[..., level.sequences]
        value = np.add.reduceat(strategy[..., level.sequences] * here, level.starts, axis=-1)
        met = regret[..., level.sequences] + (here - value[..., level.of])
        after[..., level.sequences] = np.maximum(met, 0.0)
        worth[..., level.parents] += np.add.reduceat(value, level.groups, axis=-1)
    return after


def predicted_strategy(plex: Treeplex, regret: Floats, strategy: Floats, prediction: Floats) -> Floats:
    r"""Next behaviour strategy (..., S) of predictive regret matching+, with a predicted gradient.

    At each set it is proportional to max(z + w - <w, x>, 0), uniform where that is 0: x is the last strategy here, and
    w the worth of its sequences by the prediction when the sets after it already play their *next* strategies (Farina,
    Kroer and Sandholm 2021, "Faster game solving via predictive Blackwell approachability", algorithm 3 at each set).

    >>> plex = Treeplex([0], [2])
    >>> predicted_strategy(plex, np.array([0.0, 1.0, 0.0]), plex.uniform(), np.array([0.0, 1.0, 3.0])).tolist()
    [1.0, 0.0, 1.0]
    """
    worth, following = prediction.copy(), np.ones(prediction.shape)
    for level in reversed(plex.levels):
        here = worth[..., level.sequences]
        value = np.add.reduceat(strategy[..., level.sequences] * here, level.starts, axis=-1)
        weight = np.maximum(regret[..., level.sequences] + (here - value[..., level.of]), 0.0)
        total = np.add.reduceat(weight, level.starts, axis=-1)
        none = total < LEAST_TOTAL
        share = weight / np.where(none, 1.0, total)[..., level.of]
        law = np.where(none[..., level.of], 1.0 / level.sizes[level.of], share)
        following[..., level.sequences] = law
        value = np.add.reduceat(law * here, level.starts, axis=-1)
        worth[..., level.parents] += np.add.reduceat(value, level.groups, axis=-1)
    return following


def mirror_step(plex: Treeplex, logits: Floats, gradient: Floats, rate: Floats, weight: Floats) -> Floats:
    r"""Step of mirror descent with dilated entropy, in logarithms of behaviour strategies (..., S).

    The step from the strategy x to the plan that maximises, over all plans r,

    .. math:: \eta \, g \cdot r - \sum_j \alpha_j \, r_{\text{parent}(j)} \, \text{KL}(b_j \| x_j),

    b being the behaviour of r. In closed form, from the last sets to the first,

    .. math:: b_{(j, a)} \propto x_{(j, a)} e^{\eta w_{(j, a)} / \alpha_j}, \qquad
        w_{(j, a)} = g_{(j, a)} + \sum_{k : \text{parent}(k) = (j, a)} \frac{\alpha_k}{\eta}
        \log \sum_b x_{(k, b)} e^{\eta w_{(k, b)} / \alpha_k}

    (Hoda, Gilpin, Peña and Sandholm 2010; Lee, Kroer and Luo 2021, "Last-iterate convergence in extensive-form games").

    Parameters
    ----------
    plex : Treeplex
    logits : (..., S) array
        Logarithms of x; -inf at a probability of 0, which stays.
    gradient : (..., S) array
    rate : (..., 1) array
        eta.
    weight : (S,) array
        alpha of the set of each sequence; that of the empty one is not read.

    Returns
    -------
    (..., S) array

    Examples
    --------
    >>> plex = Treeplex([0], [2])
    >>> step = mirror_step(plex, np.log(plex.uniform()), np.log([1.0, 3.0, 1.0]), np.ones(1), np.ones(3))
    >>> np.exp(step).round(12).tolist()
    [1.0, 0.75, 0.25]
    """
    step, after = rate * gradient, np.zeros(gradient.shape)
    for level in reversed(plex.levels):
        alpha = weight[level.sequences]
        moved = logits[..., level.sequences] + step[..., level.sequences] / alpha
        most = np.maximum.reduceat(moved, level.starts, axis=-1)
        total = np.add.reduceat(np.exp(moved - most[..., level.of]), level.starts, axis=-1)
        partition = most + np.log(total)
        after[..., level.sequences] = moved - partition[..., level.of]
        step[..., level.parents] += np.add.reduceat(partition * alpha[level.starts], level.groups, axis=-1)
    return after
