r"""Learners of extensive games in vectorised NumPy: the reference of ``trees.h``; part of :mod:`metanash.kernels.twin`.

Sequences of one player are those of :class:`metanash.extensive.treeplex.Treeplex`: number 0 is the empty one, and those
of information set j are contiguous. A set comes after the set of its parent sequence. The steps go from the last
information sets to the first. With g the utility gradient of the player (:mod:`metanash.extensive.gaps`), the
*counterfactual worth* of sequence (j, a) under a behaviour strategy x is

.. math:: w_{(j, a)} = g_{(j, a)} + \sum_{k : \text{parent}(k) = (j, a)} \sum_b x_{(k, b)} w_{(k, b)}.

The kernels have the sequences of all players side by side, player after player.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metanash.typing import Floats, Integers

__all__ = [
    "LEAST_TOTAL",
    "Level",
    "best_worths",
    "gains_in_trees",
    "learn_trees",
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


# The kernels -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Seat:
    """A player: its sequences among those of all, its levels, and its terminals by its own sequence."""

    columns: slice
    sets: slice
    levels: tuple[Level, ...]
    filled: Integers  # sequences that end somewhere
    starts: Integers  # where their terminals begin
    met: Integers

    def gradient(self, payoff: Floats, plan: Floats) -> Floats:
        """Utility gradient (games, S) of payoffs (games, terminals) against plans (games, columns)."""
        worth = payoff
        for column in self.met.T:
            worth = worth * plan[:, column]
        found = np.zeros((len(plan), self.columns.stop - self.columns.start))
        found[:, self.filled] = np.add.reduceat(worth, self.starts, axis=-1)
        return found

    def realise(self, strategy: Floats, plan: Floats) -> None:
        """Overwrite the player's plans, of its strategies; both (games, columns)."""
        own, laws = plan[:, self.columns], strategy[:, self.columns]
        own[:, 0] = 1.0
        for level in self.levels:
            own[:, level.sequences] = laws[:, level.sequences] * own[:, level.above]


def _seats(
    players: int,
    terminals: int,
    *,
    start: Integers,
    met: Integers,
    parent: Integers,
    first: Integers,
    last: Integers,
    seat: Integers,
    place: Integers,
) -> list[_Seat]:
    found = []
    others = met.reshape(players, terminals, players - 1)
    for i in range(players):
        columns, sets = slice(int(seat[i]), int(seat[i + 1])), slice(int(place[i]), int(place[i + 1]))
        bounds = start[columns.start : columns.stop + 1] - i * terminals
        filled = np.flatnonzero(np.diff(bounds))
        levels = levels_of(parent[sets] - columns.start, last[sets] - first[sets])
        found.append(_Seat(columns, sets, levels, filled, bounds[filled], others[i]))
    return found


def learn_trees(
    *,
    payoff: Floats,
    start: Integers,
    met: Integers,
    parent: Integers,
    first: Integers,
    last: Integers,
    seat: Integers,
    place: Integers,
    rate: Floats,
    alpha: Floats,
    memory: Floats,
    strategy: Floats,
    plan_sum: Floats,
    gradient: Floats,
    gradient_sum: Floats,
    value_sum: Floats,
    games: int,
    players: int,
    terminals: int,
    columns: int,
    sets: int,
    power: int,
    done: int,
    iterations: int,
    entropy: int,
    alternating: int,
) -> None:
    """Advance predictive regret matching+, or optimistic mirror descent with dilated entropy, on trees of one shape.

    Sequences of all players are numbered through, ``columns`` of them, a player's empty one first; so are information
    sets. ``edges``, ``seats``, ``marks`` and ``others`` are columns + 1, players + 1, sets + 1 and players - 1.

    Parameters
    ----------
    payoff : (games, players, terminals)
        Payoffs times chance, those of each player in the order of its own sequences.
    start : (edges,) of int64
        Where, in the lists of all players one after the other, the terminals of each sequence begin; and their end.
    met : (players, terminals, others) of int64
        Sequences of the other players at each of these terminals.
    parent, first, last : (sets,) of int64
        Sequence that leads to each information set, its first sequence, and the one after its last.
    seat, place : (seats,) of int64
        First sequence and first information set of each player; and their ends.
    rate : (games, players)
        Learning rates of mirror descent.
    alpha : (sets,)
        Weights of its entropy.
    memory : (games, columns)
        Clipped regrets, or logarithms of the anchors; advanced, but at empty sequences, where nothing is kept.
    strategy : (games, columns)
        Behaviour strategies, advanced.
    plan_sum : (games, columns)
        Sums of t^power times the realisation plans, advanced.
    gradient, gradient_sum : (games, kept)
        Last gradients, and sums of t^power times the gradients; advanced. ``kept`` is 0 if players move in turns, else
        columns.
    value_sum : (games, players)
        Sums of t^power times the payoffs, advanced unless players move in turns.
    power : int
        0, 1 or 2.
    done, iterations : int
        Iterations before this call, and of this call.
    entropy, alternating : int
        Whether it is mirror descent; whether players move in turns.
    """
    del sets
    table = payoff.reshape(games, players, terminals)
    parts = _seats(
        players, terminals, start=start, met=met, parent=parent, first=first, last=last, seat=seat, place=place
    )
    kept, laws, plans = memory.reshape(games, columns), strategy.reshape(games, columns), np.ones((games, columns))
    sums, worths = plan_sum.reshape(games, columns), value_sum.reshape(games, players)
    width = 0 if alternating else columns
    slopes, slope_sums = gradient.reshape(games, width), gradient_sum.reshape(games, width)
    for part in parts:
        part.realise(laws, plans)

    def move(i: int, slope: Floats) -> None:
        part = parts[i]
        of = part.columns
        if entropy:
            step = rate.reshape(games, players)[:, i, np.newaxis]
            weight = np.append(1.0, np.repeat(alpha[part.sets], (last - first)[part.sets]))
            anchor = mirror_step(part.levels, kept[:, of], slope, step, weight)
            kept[:, of], laws[:, of] = anchor, np.exp(mirror_step(part.levels, anchor, slope, step, weight))
        else:
            kept[:, of] = observed_regret(part.levels, kept[:, of], laws[:, of], slope)
            laws[:, of] = predicted_strategy(part.levels, kept[:, of], laws[:, of], slope)

    for t in range(done + 1, done + iterations + 1):
        weight = float(t) ** power
        for i, part in enumerate(parts):
            if alternating:
                move(i, part.gradient(table[:, i], plans))
                part.realise(laws, plans)
            else:
                move(i, slopes[:, part.columns])
        if not alternating:
            for part in parts:
                part.realise(laws, plans)
            for i, part in enumerate(parts):
                slopes[:, part.columns] = part.gradient(table[:, i], plans)
                worths[:, i] += weight * (slopes[:, part.columns] * plans[:, part.columns]).sum(axis=-1)
            slope_sums += weight * slopes
        sums += weight * plans


def gains_in_trees(
    *,
    payoff: Floats,
    start: Integers,
    met: Integers,
    parent: Integers,
    first: Integers,
    last: Integers,
    seat: Integers,
    place: Integers,
    index: Integers,
    strategy: Floats,
    gain: Floats,
    games: int,
    kinds: int,
    players: int,
    terminals: int,
    columns: int,
    sets: int,
) -> None:
    """What each player gains by its best response.

    Arguments that are not explained are those of :func:`learn_trees`.

    Parameters
    ----------
    payoff : (kinds, players, terminals)
        Distinct payoffs; game g has ``payoff[index[g]]``.
    start : (edges,) of int64
    met : (players, terminals, others) of int64
    parent, first, last : (sets,) of int64
    seat, place : (seats,) of int64
    index : (games,) of int64
    strategy : (games, columns)
        Behaviour strategies.
    gain : (games, players)
        Overwritten.
    """
    del sets
    parts = _seats(
        players, terminals, start=start, met=met, parent=parent, first=first, last=last, seat=seat, place=place
    )
    laws, plans, table = (
        strategy.reshape(games, columns),
        np.ones((games, columns)),
        payoff.reshape(kinds, players, terminals),
    )
    for part in parts:
        part.realise(laws, plans)
    for i, part in enumerate(parts):
        slope = part.gradient(table[index.reshape(-1), i], plans)
        best = best_worths(part.levels, slope)[:, 0]
        gain.reshape(games, players)[:, i] = best - (slope * plans[:, part.columns]).sum(axis=-1)
