r"""Best answers to one of several Markov policies, by a player who is not told which of them was drawn.

One of K policies of the others is drawn before a play. The player knows how likely each of them was, sees states and
everybody's actions, and remembers them. What it believes depends on the history only through unnormalised weights
w_k = P(k was drawn, and the others acted as they did), since transitions are the same whatever was drawn; what the
player itself did says nothing. With m_h^k(b | s) the chance that the others play b,

.. math:: U_h(w, s) = \max_a \sum_b \Big[ \sum_k w_k m_h^k(b \mid s) r_h(s, a, b)
          + \sum_{s'} P_h(s' \mid s, a, b) U_{h+1}\big((w_k m_h^k(b \mid s))_k, s'\big) \Big].

The weights after a history do not depend on the player's own actions, nor on the state that is reached last, so step h
has (S B)^{h-1} of them, B being the number of actions of the others. States that cannot be reached, and actions that no
policy plays, are left out: their weights are 0. The tree is gone through depth first, in blocks. Every sum is taken one
term after another, so that no bit depends on the blocks, nor on the other games of a batch.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.typing import Booleans, Floats, Integers

__all__ = ["BLOCK", "best_values"]


BLOCK = 2**17
"""Numbers in an array, about: a megabyte, which stays in the cache. Each step has a few such arrays."""

DEEPEST = 200
"""Steps that are gone into: deeper trees that are small exist, but no stack is made for them."""


# The tree -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Step:
    """One step of G games, which are the last axis, for one player.

    Attributes
    ----------
    chance : (K, S, B, G)
        How likely the others play b.
    reward : (S, A, B, G)
        Of the player, for its action a.
    onward : (S, A, B, Z, G)
        Chances of the Z states of the next step; not read at the last.
    """

    chance: Floats
    reward: Floats
    onward: Floats

    def of_states(self, part: slice) -> "Step":
        """The same step from some of its states."""
        return Step(self.chance[:, part], self.reward[part], self.onward[part])


def _from_first(shares: Sequence[float], steps: Sequence[Step]) -> Floats:
    """U_1, (S, G), if policy k is drawn with probability ``shares[k]``."""
    start = np.empty((len(shares), 1, steps[0].reward.shape[-1]))
    start[:] = np.reshape(shares, (-1, 1, 1))
    return _values(start, steps)[:, 0]


def _values(weights: Floats, steps: Sequence[Step]) -> Floats:
    """U_h of nodes with weights (K, n, G), (S, n, G)."""
    states, actions, others, games = steps[0].reward.shape
    nodes, per_node = weights.shape[1], games * max(others * (len(weights) if steps[1:] else 1), actions)
    most = max(1, BLOCK // per_node)  # nodes with one state
    if nodes > most:
        parts = [_values(weights[:, n : n + most], steps) for n in range(0, nodes, most)]
        return np.concatenate(parts, axis=1)
    width = most // nodes
    starts = range(0, states, width)
    return np.concatenate([_of_states(weights, steps[0].of_states(slice(s, s + width)), steps[1:]) for s in starts])


def _of_states(weights: Floats, step: Step, later: Sequence[Step]) -> Floats:
    """The same, for as many nodes and states as make a block."""
    states, actions, others, games = step.reward.shape
    count, nodes = weights.shape[:2]
    mass = np.zeros((states, others, nodes, games))
    payoff = np.zeros((states, actions, nodes, games))
    if not later:
        for k in range(count):
            mass += weights[k] * step.chance[k, :, :, np.newaxis]
    else:
        met = weights[:, np.newaxis, np.newaxis] * step.chance[:, :, :, np.newaxis]
        for k in range(count):
            mass += met[k]
        value = _values(met.reshape(count, -1, games), later).reshape(-1, *mass.shape)
        for b in range(others):
            for z in range(len(value)):
                payoff += step.onward[:, :, b, z, np.newaxis] * value[z, :, np.newaxis, b]
    for b in range(others):
        payoff += step.reward[:, :, b, np.newaxis] * mass[:, np.newaxis, b]
    return np.asarray(payoff.max(axis=1))


# Games --------------------------------------------------------------------------------------------------


def best_values(
    games: GameBatch[MarkovGame], shares: Sequence[float], chances: Callable[[int, int], Floats], most: int
) -> tuple[Floats, Floats]:
    """Values of the players' best answers from the initial distribution, and how many products they take.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    games : GameBatch of MarkovGame
    shares : (K,) sequence of float
        How likely each policy is drawn.
    chances : function from player and step to a (K, G, S, B) array
        What the others play; their joint actions in C order.
    most : int
        Largest number of products that is taken for a game and a player.

    Returns
    -------
    values : (G, N) array
        Not a number where it would take more, or nothing is to be inferred: the others play alike in all K policies.
    products : (G, N) array
        The sum over h of E_1 ... E_h (K + A_i (1 + Z_h)), with E_h pairs of a state and an action of the others that
        can be met at step h, and Z_h states at the step after it, 0 at the last. Sums are about as many. 0 where
        nothing is to be inferred, otherwise infinite beyond :data:`DEEPEST` steps.
    """
    check_batch("histories.best_values", games, MarkovGame)
    shape = (len(games), games.game.n_players)
    values, products = np.full(shape, np.nan), np.empty(shape)
    reached = _reached(games)
    for i in range(shape[1]):
        tables = [chances(i, h) for h in range(games.game.horizon)]
        played = np.stack([_played(table, reached[:, h]) for h, table in enumerate(tables)], axis=1)
        for members, (states, others) in _alike(reached, played):
            met = _Met(i, states, others)
            products[members, i] = count = met.products(games, len(shares))
            if count <= most:
                values[members, i] = _answers(games, members, met, shares, tables)
        alike = _nothing_to_infer(tables, reached)
        values[alike, i], products[alike, i] = np.nan, 0.0
    return values, products


def _nothing_to_infer(tables: Sequence[Floats], reached: Booleans) -> Booleans:
    """Games where the others play alike in all policies, to the bit, wherever the states are reached. (G,)."""
    same = [(table == table[:1]).all(axis=(0, -1)) | ~reached[:, h] for h, table in enumerate(tables)]
    return np.asarray(np.all(same, axis=(0, 2)))


@dataclass(frozen=True, eq=False)
class _Met:
    """What a player can meet at each step: states, and joint actions of the others."""

    player: int
    states: Sequence[Integers]
    others: Sequence[Integers]

    def _sizes(self, games: GameBatch[MarkovGame], policies: int) -> list[tuple[int, int]]:
        """For each step, pairs of a state and an action of the others, and products for each of them."""
        own, following = games.game.n_actions[self.player], [*map(len, self.states[1:]), 0]
        parts = zip(self.states, self.others, following, strict=True)
        return [(len(s) * len(b), policies + own * (1 + z)) for s, b, z in parts]

    def products(self, games: GameBatch[MarkovGame], policies: int) -> float:
        """Products that a game takes; infinite rather than too large a number."""
        count, nodes = 0.0 if len(self.states) <= DEEPEST else math.inf, 1.0
        for events, each in self._sizes(games, policies):
            nodes *= events
            count += nodes * each
        return count

    def inputs(self, games: GameBatch[MarkovGame], policies: int) -> int:
        """Numbers that a game brings along."""
        return sum(events * each for events, each in self._sizes(games, policies))


def _answers(
    games: GameBatch[MarkovGame], members: Integers, met: _Met, shares: Sequence[float], tables: Sequence[Floats]
) -> Floats:
    """Values of games in which the same can be met."""
    values = []
    width = max(1, 8 * BLOCK // met.inputs(games, len(shares)))
    for first in range(0, len(members), width):
        part = members[first : first + width]
        steps = [_step(games, part, met, h, table) for h, table in enumerate(tables)]
        found = np.ascontiguousarray(_from_first(shares, steps).T)
        values.append((games.initial[part][:, met.states[0]] * found).sum(axis=-1))
    return np.concatenate(values)


def _reached(games: GameBatch[MarkovGame]) -> Booleans:
    """Which states have a positive probability at a step under some policy, (G, H, S)."""
    reached = [games.initial > 0.0]
    for h in range(games.game.horizon - 1):
        reached.append(games.transitions.reached(h, reached[-1]))
    return np.stack(reached, axis=1)


def _played(chance: Floats, reached: Booleans) -> Booleans:
    """Which actions of the others some policy plays in some state that is reached, (G, B)."""
    return np.asarray(((chance > 0.0).any(axis=0) & reached[:, :, np.newaxis]).any(axis=1))


def _alike(*flags: Booleans) -> Iterator[tuple[Integers, list[list[Integers]]]]:
    """Games with the same flags (G, H, n), and for each array of flags and step the places that are set."""
    rows = np.concatenate([part.reshape(len(part), -1) for part in flags], axis=1)
    patterns, number = np.unique(rows, axis=0, return_inverse=True)
    for k in range(len(patterns)):
        members = np.flatnonzero(number.ravel() == k)
        yield members, [[np.flatnonzero(row) for row in part[members[0]]] for part in flags]


def _step(games: GameBatch[MarkovGame], part: Integers, met: _Met, step: int, table: Floats) -> Step:
    """A step of some of the games, with what can be met at it; ``table`` is (K, G, S, B)."""
    here, b, players = met.states[step], met.others[step], games.game.n_players

    def own_first(tables: Floats) -> Floats:
        """Tables (g, s, A_1, ..., A_N, ...) as (s, A_i, b, ..., g)."""
        moved = np.moveaxis(tables, 2 + met.player, 2)
        flat = moved.reshape(*moved.shape[:3], -1, *moved.shape[2 + players :])
        return np.ascontiguousarray(np.moveaxis(flat[:, :, :, b], 0, -1))

    onward = np.empty((len(here), 0))
    if step + 1 < len(met.states):
        onward = own_first(games.transitions.between(step, part, here, met.states[step + 1]))
    return Step(
        np.ascontiguousarray(np.moveaxis(table[:, part][:, :, here][..., b], 1, -1)),
        own_first(games.reward[part, met.player, step][:, here]),
        onward,
    )
