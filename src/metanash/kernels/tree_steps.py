r"""Steps of learners of extensive games on the decisions of one player, in vectorised NumPy.

Sequences of one player are those of :class:`metanash.extensive.treeplex.Treeplex`: number 0 is the empty one, and those
of information set j are contiguous. A set comes after the set of its parent sequence. The steps go from the last
information sets to the first. With g the utility gradient of the player (:mod:`metanash.extensive.gaps`), the
*counterfactual worth* of sequence (j, a) under a behaviour strategy x is

.. math:: w_{(j, a)} = g_{(j, a)} + \sum_{k : \text{parent}(k) = (j, a)} \sum_b x_{(k, b)} w_{(k, b)}.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metanash.typing import Floats, Integers

__all__ = [
    "LEAST_TOTAL",
    "Level",
    "best_worths",
    "levels_of",
    "mirror_step",
    "observed_regret",
    "predicted_strategy",
]

LEAST_TOTAL = 1e-290
"""Regrets that sum to less count as 0: the same number as in ``trees.h`` and in :mod:`metanash.kernels.twin`."""


class Level(NamedTuple):
    """Information sets of one depth: as many own moves lead to each.

    Attributes
    ----------
    sequences : slice or (n,) array
        Their sequences, set by set.
    above : (n,) array
        Parent sequence of each of these.
    starts : (m,) array
        Where, in ``sequences``, those of each set begin.
    of : (n,) array
        Which of the sets each sequence belongs to.
    sizes : (m,) array
        Their numbers of actions.
    parents : (k,) array
        Sequences that lead to a set of this level, each once.
    groups : (k,) array
        Where, in the sets of this level, those of each parent begin.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> [level.sizes.tolist() for level in Treeplex([0, 1], [2, 3]).levels]
    [[2], [3]]
    """

    sequences: slice | Integers
    above: Integers
    starts: Integers
    of: Integers
    sizes: Integers
    parents: Integers
    groups: Integers


def levels_of(parent: Integers, n_actions: Integers) -> tuple[Level, ...]:
    """Information sets of a player by depth, those that are reached first at first.

    Parameters
    ----------
    parent, n_actions : (I,) arrays
        As of :class:`metanash.extensive.treeplex.Treeplex`.

    Examples
    --------
    >>> [level.parents.tolist() for level in levels_of(np.array([0, 1, 1]), np.array([2, 2, 3]))]
    [[0], [1]]
    """
    first = np.cumsum(np.append(1, n_actions))[:-1]
    owner = np.append(-1, np.repeat(np.arange(len(parent)), n_actions))
    depth = np.zeros(len(parent), dtype=np.int64)
    for j, above in enumerate(owner[parent].tolist()):
        depth[j] = depth[above] + 1 if above >= 0 else 0
    order = np.lexsort((parent, depth))
    ends = np.searchsorted(depth[order], np.arange(depth.max(initial=-1) + 2))
    return tuple(_level(order[low:high], parent, n_actions, first) for low, high in itertools.pairwise(ends))


def _level(sets: Integers, parent: Integers, n_actions: Integers, first: Integers) -> Level:
    """Precompute what passes over these sets need; they are sorted by parent."""
    sizes = n_actions[sets]
    starts = np.cumsum(np.append(0, sizes))[:-1]
    of = np.repeat(np.arange(len(sets)), sizes)
    sequences = first[sets][of] + np.arange(len(of)) - starts[of]
    parents, groups = np.unique(parent[sets], return_index=True)
    low = int(sequences[0])
    contiguous = np.array_equal(sequences, np.arange(low, low + len(sequences)))
    where = slice(low, low + len(sequences)) if contiguous else sequences
    return Level(where, parent[sets][of], starts, of, sizes, parents, groups)


# Steps of one player, functions of flat arrays (..., S) ----------------------------------------------------------


def observed_regret(levels: Sequence[Level], regret: Floats, strategy: Floats, gradient: Floats) -> Floats:
    r"""Clipped regrets after a gradient: z <- max(z + w - <w, x>, 0) at each set, w under the strategy itself.

    Parameters
    ----------
    levels : sequence of Level
        Of the player.
    regret, strategy, gradient : (..., S) arrays
        z; x, the behaviour strategy that was played; g.

    Returns
    -------
    (..., S) array

    Examples
    --------
    >>> levels, uniform = levels_of(np.array([0]), np.array([2])), np.array([1.0, 0.5, 0.5])
    >>> observed_regret(levels, np.zeros(3), uniform, np.array([0.0, 3.0, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    worth, after = gradient.copy(), np.zeros(gradient.shape)
    for level in reversed(levels):
        here = worth[..., level.sequences]
        value = np.add.reduceat(strategy[..., level.sequences] * here, level.starts, axis=-1)
        met = regret[..., level.sequences] + (here - value[..., level.of])
        after[..., level.sequences] = np.maximum(met, 0.0)
        worth[..., level.parents] += np.add.reduceat(value, level.groups, axis=-1)
    return after


def predicted_strategy(levels: Sequence[Level], regret: Floats, strategy: Floats, prediction: Floats) -> Floats:
    r"""Next behaviour strategy (..., S) of predictive regret matching+, with a predicted gradient.

    At each set it is proportional to max(z + w - <w, x>, 0), uniform where that is 0: x is the last strategy here, and
    w the worth of its sequences by the prediction when the sets after it already play their *next* strategies (Farina,
    Kroer and Sandholm 2021, "Faster game solving via predictive Blackwell approachability", algorithm 3 at each set).

    >>> levels, uniform = levels_of(np.array([0]), np.array([2])), np.array([1.0, 0.5, 0.5])
    >>> predicted_strategy(levels, np.array([0.0, 1.0, 0.0]), uniform, np.array([0.0, 1.0, 3.0])).tolist()
    [1.0, 0.0, 1.0]
    """
    worth, following = prediction.copy(), np.ones(prediction.shape)
    for level in reversed(levels):
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


def mirror_step(levels: Sequence[Level], logits: Floats, gradient: Floats, rate: Floats, weight: Floats) -> Floats:
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
    levels : sequence of Level
        Of the player.
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
    >>> levels, uniform = levels_of(np.array([0]), np.array([2])), np.array([1.0, 0.5, 0.5])
    >>> step = mirror_step(levels, np.log(uniform), np.log([1.0, 3.0, 1.0]), np.ones(1), np.ones(3))
    >>> np.exp(step).round(12).tolist()
    [1.0, 0.75, 0.25]
    """
    step, after = rate * gradient, np.zeros(gradient.shape)
    for level in reversed(levels):
        alpha = weight[level.sequences]
        moved = logits[..., level.sequences] + step[..., level.sequences] / alpha
        most = np.maximum.reduceat(moved, level.starts, axis=-1)
        total = np.add.reduceat(np.exp(moved - most[..., level.of]), level.starts, axis=-1)
        partition = most + np.log(total)
        after[..., level.sequences] = moved - partition[..., level.of]
        step[..., level.parents] += np.add.reduceat(partition * alpha[level.starts], level.groups, axis=-1)
    return after


def best_worths(levels: Sequence[Level], gradient: Floats) -> Floats:
    """The most that each sequence (..., S) is worth, with all that comes after it.

    >>> best_worths(levels_of(np.array([0, 1]), np.array([2, 2])), np.array([1.0, 0.0, 3.0, 5.0, -1.0])).tolist()
    [6.0, 5.0, 3.0, 5.0, -1.0]
    """
    worth = gradient.copy()
    for level in reversed(levels):
        best = np.maximum.reduceat(worth[..., level.sequences], level.starts, axis=-1)
        worth[..., level.parents] += np.add.reduceat(best, level.groups, axis=-1)
    return worth
