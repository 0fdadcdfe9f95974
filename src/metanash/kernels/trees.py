"""Learners of extensive games in vectorised NumPy: the reference of ``trees.h``; part of :mod:`metanash.kernels.twin`.

The sequences of all players stand side by side, player after player; steps are those of
:mod:`~metanash.kernels.tree_steps`.
"""

from dataclasses import dataclass

import numpy as np

from metanash.kernels.tree_steps import (
    Level,
    best_worths,
    levels_of,
    mirror_step,
    observed_regret,
    predicted_strategy,
)
from metanash.typing import Floats, Integers

__all__ = ["behaviours", "gains_in_trees", "learn_trees"]


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
    looks: Integers,
    seen_plan: Floats,
    seen_strategy: Floats,
    seen_gradient: Floats,
    seen_value: Floats,
    games: int,
    players: int,
    terminals: int,
    columns: int,
    sets: int,
    power: int,
    done: int,
    iterations: int,
    seen: int,
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
    looks : (seen,) of int64
        Increasing numbers of iterations of this call, after which somebody looks.
    seen_plan, seen_strategy : (seen, games, columns)
        Overwritten with ``plan_sum`` and ``strategy`` at each look.
    seen_gradient, seen_value : (seen, games, kept), (seen, games, players)
        The same of ``gradient_sum`` and ``value_sum``.
    power : int
        0, 1 or 2.
    done, iterations : int
        Iterations before this call, and of this call.
    entropy, alternating : int
        Whether it is mirror descent; whether players move in turns.

    Examples
    --------
    >>> from metanash.extensive import ExtensiveGame, Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> sizes = {"games": 1, "power": 1, "done": 0, "iterations": 100, "entropy": 0, "alternating": 1}
    >>> law, sums = np.array([[1.0, 0.75, 0.25, 1.0, 0.75, 0.25]]), np.zeros((1, 6))
    >>> rates = {"rate": np.ones((1, 2)), "alpha": np.ones(2), "memory": np.zeros((1, 6)),
    ...     "value_sum": np.zeros((1, 2))}
    >>> none = dict.fromkeys(("gradient", "gradient_sum", "seen_gradient"), np.zeros(0))
    >>> plans, laws, worths = np.empty((1, 1, 6)), np.empty((1, 1, 6)), np.empty((1, 1, 2))
    >>> looks = {"looks": np.array([1]), "seen_plan": plans, "seen_strategy": laws, "seen_value": worths, "seen": 1}
    >>> learn_trees(**rates, strategy=law, plan_sum=sums, **none, **looks, **sizes, **game.flat.arguments)
    >>> (sums / sums[:, :1]).round(1).tolist(), plans[0].tolist()  # the average is near 1/2, the first plans are pure
    ([[1.0, 0.5, 0.5, 1.0, 0.5, 0.5]], [[1.0, 1.0, 0.0, 1.0, 0.0, 1.0]])
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
    kinds = ((seen_plan, sums), (seen_strategy, laws), (seen_gradient, slope_sums), (seen_value, worths))
    views = [(kind.reshape(seen, *array.shape), array) for kind, array in kinds]

    def look(t: int) -> None:
        for k in np.flatnonzero(looks == t - done):
            for view, array in views:
                view[k] = array

    look(done)
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
        look(t)


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

    Examples
    --------
    >>> from metanash.extensive import ExtensiveGame, Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> gain = np.zeros((1, 2))
    >>> law = np.array([[1.0, 0.75, 0.25, 1.0, 0.75, 0.25]])
    >>> gains_in_trees(index=np.zeros(1, dtype=np.int64), strategy=law, gain=gain, games=1, kinds=1,
    ...     **game.flat.arguments)
    >>> gain.tolist()
    [[0.25, 0.75]]
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


def behaviours(
    plan: Floats, first: Integers, last: Integers, strategy: Floats, rows: int, columns: int, sets: int
) -> None:
    """Behaviour strategies of realisation plans: each information set divided by its own sum.

    Parameters
    ----------
    plan : (rows, columns)
        Plans of all players side by side, or sums of plans.
    first, last : (sets,) of int64
        As in :func:`learn_trees`.
    strategy : (rows, columns)
        Overwritten, with uniform rows where the plan of a set sums to 0, and 1 at empty sequences.

    Examples
    --------
    >>> strategy = np.empty((1, 5))
    >>> behaviours(np.array([[4.0, 1.0, 3.0, 0.0, 0.0]]), np.array([1, 3]), np.array([3, 5]), strategy, 1, 5, 2)
    >>> strategy.tolist()
    [[1.0, 0.25, 0.75, 0.5, 0.5]]
    """
    plans, found = plan.reshape(rows, columns), strategy.reshape(rows, columns)
    found[...] = 1.0
    if not sets:
        return
    sizes = last - first
    chosen = np.concatenate([np.arange(low, high) for low, high in zip(first, last, strict=True)])
    shares = plans[:, chosen]
    total = np.repeat(np.add.reduceat(shares, np.cumsum(sizes) - sizes, axis=-1), sizes, axis=-1)
    reached = total > 0.0
    found[:, chosen] = np.where(reached, shares / np.where(reached, total, 1.0), np.repeat(1.0 / sizes, sizes))
