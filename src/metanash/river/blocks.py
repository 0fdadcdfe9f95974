r"""Passes over the decisions of a player, for all of its hands at once: pure functions of arrays (S, n), unchecked.

Rows are the sequences of a betting tree, columns the hands. Information sets of one depth with equally many actions are
worked on together, as an array (sets, actions, hands), as many of them as the cache holds. With g the utility gradient
(:mod:`metanash.river.gaps`), the *counterfactual worth* of sequence (j, a) under a behaviour strategy x is, hand by
hand,

.. math:: w_{(j, a)} = g_{(j, a)} + \sum_{k : \text{parent}(k) = (j, a)} \sum_b x_{(k, b)} w_{(k, b)}.
"""

import itertools
from typing import NamedTuple

import numpy as np

from metanash.extensive.treeplex import Treeplex
from metanash.typing import Floats, Integers

__all__ = ["LEAST_TOTAL", "Block", "average", "best_response", "best_values", "blocks", "observed", "plan", "predicted"]

LEAST_TOTAL = 1e-290
"""Regrets that sum to less count as 0, as in :mod:`metanash.kernels.tree_steps`."""
_CACHED = 15_000
"""Numbers of a block that are worked on at a time: 120 KB."""
_TIE = 1e-12
"""Actions this close to the best one, in parts of the largest worth, share a best response, as in trees."""


class Block(NamedTuple):
    """Information sets of one depth and one number of actions, whose sequences are contiguous.

    Attributes
    ----------
    rows : slice
        Their sequences.
    n_sets, n_actions : int
    above : (n_sets,) array
        The sequence that leads to each set.
    parents : (k,) array
        These sequences, each once.
    into : (k, n_sets) array
        1 where one leads to a set.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> [(block.n_sets, block.n_actions, block.above.tolist()) for block in blocks(Treeplex([0, 1], [2, 2]), 1)]
    [(1, 2, [0]), (1, 2, [1])]
    """

    rows: slice
    n_sets: int
    n_actions: int
    above: Integers
    parents: Integers
    into: Floats

    def of(self, array: Floats) -> Floats:
        """View (sets, actions, n) of an array (S, n)."""
        return array[self.rows].reshape(self.n_sets, self.n_actions, -1)


def blocks(plex: Treeplex, n_hands: int) -> tuple[Block, ...]:
    """Blocks of a player in a betting tree for so many hands, those that are reached first at first.

    >>> [(block.n_sets, block.n_actions) for block in blocks(Treeplex([0, 1, 1, 2], [2, 2, 2, 3]), 100)]
    [(1, 2), (2, 2), (1, 3)]
    """
    depth: list[int] = []
    for owner in plex.owner[plex.parent].tolist():
        depth.append(depth[owner] + 1 if owner >= 0 else 0)
    found, j = [], 0
    for (_, size), sets in itertools.groupby(zip(depth, plex.n_actions.tolist(), strict=True)):
        most, end = max(1, _CACHED // (size * n_hands)), j + len(list(sets))
        while j < end:
            count = min(most, end - j)
            first, above = int(plex.first[j]), plex.parent[j : j + count]
            parents, of = np.unique(above, return_inverse=True)
            into = (of == np.arange(len(parents))[:, np.newaxis]).astype(np.float64)
            found.append(Block(slice(first, first + count * size), count, size, above, parents, into))
            j += count
    return tuple(found)


def plan(parts: tuple[Block, ...], behaviour: Floats) -> Floats:
    """Realisation plans of behaviour strategies: the probability that all moves of a sequence are played, (S, n).

    Examples
    --------
    >>> parts = blocks(Treeplex([0, 1], [2, 2]), 1)
    >>> plan(parts, np.array([[1.0], [0.5], [0.5], [0.25], [0.75]])).ravel().tolist()
    [1.0, 0.5, 0.5, 0.125, 0.375]
    """
    found = np.ones(behaviour.shape)
    for block in parts:
        np.multiply(block.of(behaviour), found[block.above, np.newaxis], out=block.of(found))
    return found


def average(parts: tuple[Block, ...], plans: Floats) -> Floats:
    """Behaviour strategies of sums of plans (S, n); uniform where they sum to 0.

    Examples
    --------
    >>> parts = blocks(Treeplex([0], [2]), 2)
    >>> average(parts, np.array([[4.0, 0.0], [3.0, 0.0], [1.0, 0.0]])).tolist()  # of two hands
    [[1.0, 1.0], [0.75, 0.5], [0.25, 0.5]]
    """
    found = np.ones(plans.shape)
    for block in parts:
        block.of(found)[:] = _shares(block.of(plans), 0.0)
    return found


def _shares(weight: Floats, least: float) -> Floats:
    """Weights (sets, actions, n) divided by their sums; uniform where these are not above ``least``."""
    total = weight.sum(axis=1, keepdims=True)
    if total.min() > least:
        return np.asarray(weight / total)
    some = total > least
    return np.where(some, weight / np.where(some, total, 1.0), 1.0 / weight.shape[1])


def observed(parts: tuple[Block, ...], regret: Floats, strategy: Floats, gradient: Floats) -> Floats:
    """Clipped regrets after a gradient: z <- max(z + w - <w, x>, 0) at each set, w under the strategy x itself.

    >>> parts = blocks(Treeplex([0], [2]), 1)
    >>> uniform = np.array([[1.0], [0.5], [0.5]])
    >>> observed(parts, np.zeros((3, 1)), uniform, np.array([[0.0], [3.0], [1.0]])).tolist()
    [[0.0], [1.0], [0.0]]
    """
    worth, after = gradient.copy(), np.zeros(gradient.shape)
    for block in reversed(parts):
        here = block.of(worth)
        value = (block.of(strategy) * here).sum(axis=1)
        np.maximum(block.of(regret) + here - value[:, np.newaxis], 0.0, out=block.of(after))
        worth[block.parents] += block.into @ value
    return after


def predicted(parts: tuple[Block, ...], regret: Floats, strategy: Floats, prediction: Floats) -> Floats:
    """Next behaviour strategies of predictive regret matching+ (PCFR+), with a predicted gradient.

    At each set proportional to max(z + w - <w, x>, 0), uniform where that is 0: x is the last strategy here, and w the
    worth of its actions by the prediction when the sets after it already play their *next* strategies (Farina, Kroer
    and Sandholm 2021, "Faster game solving via predictive Blackwell approachability", algorithm 3 at each set).

    >>> parts = blocks(Treeplex([0], [2]), 1)
    >>> uniform = np.array([[1.0], [0.5], [0.5]])
    >>> predicted(parts, np.array([[0.0], [1.0], [0.0]]), uniform, np.array([[0.0], [1.0], [3.0]])).tolist()
    [[1.0], [0.0], [1.0]]
    """
    worth, following = prediction.copy(), np.ones(prediction.shape)
    for block in reversed(parts):
        here = block.of(worth)
        value = (block.of(strategy) * here).sum(axis=1, keepdims=True)
        law = block.of(following)
        law[:] = _shares(np.maximum(block.of(regret) + here - value, 0.0), LEAST_TOTAL)
        worth[block.parents] += block.into @ (law * here).sum(axis=1)
    return following


def best_values(parts: tuple[Block, ...], gradient: Floats) -> Floats:
    """The most that each sequence is worth with all that comes after it, (S, n); row 0 is the best that a hand gets.

    >>> best_values(blocks(Treeplex([0, 1], [2, 2]), 1), np.array([[1.0], [0.0], [3.0], [5.0], [-1.0]]))[0].tolist()
    [6.0]
    """
    worth = gradient.copy()
    for block in reversed(parts):
        worth[block.parents] += block.into @ block.of(worth).max(axis=1)
    return worth


def best_response(parts: tuple[Block, ...], gradient: Floats) -> Floats:
    """Behaviour strategies (S, n) that are worth most; actions tied within 1e-12 of the largest worth share evenly.

    Examples
    --------
    >>> parts = blocks(Treeplex([0], [2]), 2)
    >>> best_response(parts, np.array([[0.0, 0.0], [3.0, 1.0], [1.0, 1.0]])).tolist()
    [[1.0, 1.0], [1.0, 0.5], [0.0, 0.5]]
    """
    worth = best_values(parts, gradient)
    slack, found = _TIE * np.abs(worth).max(), np.ones(worth.shape)
    for block in parts:
        here = block.of(worth)
        tied = (here >= here.max(axis=1, keepdims=True) - slack).astype(np.float64)
        block.of(found)[:] = tied / tied.sum(axis=1, keepdims=True)
    return found
