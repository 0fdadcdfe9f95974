"""Betting on the river between two players: a tree that both see, in which hands play no part.

Player 0 begins. Who faces no bet checks or bets, who faces one folds, calls or raises. As in no-limit hold'em, a bet or
raise of fraction f is f times the pot after the call (if there is anything to call), a raise adds at least as much as
the bet or raise before it, and nobody bets more than the shorter stack: a size that reaches it is all in.

The pot is there already: who wins it is up half of it and what the other has bet, who loses it is down as much.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from metanash._inner.checks import integer
from metanash._inner.frozen import Frozen, sealed
from metanash.extensive.treeplex import Treeplex
from metanash.typing import Booleans, Floats, Integers

__all__ = ["BettingTree", "betting_tree"]

_SLACK = 1e-9
"""A bet this close to the stack, as a part of it, is all in; two sizes this close are one."""


@dataclass(frozen=True, eq=False)
class BettingTree(Frozen):
    """What both players see of an endgame; made by :func:`betting_tree`.

    Attributes
    ----------
    players : tuple of two Treeplex
        Decisions of each player, without hands; sets are ordered by depth and number of actions. Their labels are what
        was done before, such as ``check/bet 0.5``.
    sequences : (2, L) array of int
        Last sequence of each player at each of the L ends.
    stake : (L,) array
        Chips that the loser is down there, and the winner up.
    winner : (L,) array of int
        The player who takes the pot since the other folds; -1 at a showdown.
    pot, stack : float
        Chips in the middle, and those that each player may still bet.

    Examples
    --------
    >>> tree = betting_tree(100.0, 75.0, sizes=(1.0,), raises=1)
    >>> tree.pot, tree.stack, tree.n_ends
    (100.0, 75.0, 5)
    """

    players: tuple[Treeplex, ...]
    sequences: Integers
    stake: Floats
    winner: Integers
    pot: float
    stack: float

    @property
    def n_sets(self) -> int:
        """Number of nodes where a player decides."""
        return sum(plex.n_sets for plex in self.players)

    @property
    def n_ends(self) -> int:
        """L, the number of ends: folds and showdowns."""
        return len(self.stake)

    @cached_property
    def showdowns(self) -> Booleans:
        """(L,) where hands are shown."""
        return self.winner < 0

    @cached_property
    def showdown_stakes(self) -> "tuple[BySequences, BySequences]":
        """For each player: stakes of the showdowns that its sequence and one of the other lead to."""
        stakes = self.stake[self.showdowns]
        return self._by_sequences(0, self.showdowns, stakes), self._by_sequences(1, self.showdowns, stakes)

    @cached_property
    def fold_payoffs(self) -> "tuple[BySequences, BySequences]":
        """For each player: chips that it wins by the folds that its sequence and one of the other lead to."""
        folds = ~self.showdowns
        first = np.where(self.winner == 0, self.stake, -self.stake)[folds]
        return self._by_sequences(0, folds, first), self._by_sequences(1, folds, -first)

    def _by_sequences(self, player: int, where: Booleans, worth: Floats) -> "BySequences":
        rows, own = np.unique(self.sequences[player, where], return_inverse=True)
        shape = (len(rows), self.players[1 - player].n_sequences)
        return BySequences(rows, sparse.csr_array((worth, (own, self.sequences[1 - player, where])), shape=shape))

    def same_shape(self, other: "BettingTree") -> bool:
        """Whether information sets, actions by name, and ends are those of another tree, whatever the chips.

        The histories that lead to information sets say all of that: a bet leads to one, and folds, calls and checks
        follow the same rules everywhere.
        """
        return all(mine.labels == theirs.labels for mine, theirs in zip(self.players, other.players, strict=True))


class BySequences(NamedTuple):
    """Ends by the last sequences of both players.

    Attributes
    ----------
    rows : (k,) array
        Sequences of a player that such an end may follow.
    table : (k, S_j) sparse array
        What these ends count, by sequence of the other.
    """

    rows: Integers
    table: Any


Key = tuple[str, int] | None
"""A sequence: label of the last information set and number of the action; None for the empty one."""


@dataclass(frozen=True)
class _Spot:
    """Where the betting stands."""

    player: int = 0
    put: tuple[float, float] = (0.0, 0.0)
    last_raise: float = 0.0
    raises: int = 0
    history: tuple[str, ...] = ()
    sequences: tuple[Key, Key] = (None, None)


@dataclass
class _Found:
    """Information sets and ends so far."""

    sets: tuple[list[tuple[str, Key, tuple[str, ...]]], ...] = field(default_factory=lambda: ([], []))
    ends: list[tuple[tuple[Key, Key], float, int]] = field(default_factory=list)


def betting_tree(
    pot: float, stack: float, sizes: Sequence[float] = (0.5, 1.0), *, raises: int = 2, all_in: bool = True
) -> BettingTree:
    """Make the tree of all that may be bet.

    Parameters
    ----------
    pot : float
        Chips in the middle, above 0.
    stack : float
        Chips that each player may bet, above 0: the shorter one of two stacks.
    sizes : sequence of float
        Of bets and raises, as fractions of the pot (see the module), above 0 and increasing.
    raises : int
        The most bets and raises there are, the bet among them; at least 0. All-in counts as one.
    all_in : bool
        Whether all-in may be bet beside these sizes. A size that reaches the stack is all-in in any case.

    Raises
    ------
    ValueError
        If a number is out of range, or sizes do not increase.

    Examples
    --------
    >>> tree = betting_tree(100.0, 75.0, sizes=(1.0,), raises=1)
    >>> [plex.labels for plex in tree.players]
    [('', 'check/all-in'), ('check', 'all-in')]
    >>> tree.players[0].actions, tree.stake.tolist(), tree.winner.tolist()
    ((('check', 'all-in'), ('fold', 'call')), [50.0, 50.0, 125.0, 50.0, 125.0], [-1, 1, -1, 0, -1])
    """
    fractions = _checked(pot, stack, sizes)
    integer("raises", raises, 0)
    found = _Found()
    todo = [_Spot()]
    while todo:
        spot = todo.pop()
        actions = _actions(spot, pot, stack, fractions, raises, all_in)
        label, me = "/".join(spot.history), spot.player
        found.sets[me].append((label, spot.sequences[me], tuple(actions)))
        following = []
        for a, (action, put) in enumerate(actions.items()):
            after = _after(spot, label, a, action, put)
            end = _end(spot, after, action, pot)
            if end is None:
                following.append(after)
            else:
                found.ends.append((after.sequences, *end))
        todo += reversed(following)
    return _numbered(found, float(pot), float(stack))


def _checked(pot: float, stack: float, sizes: Sequence[float]) -> tuple[float, ...]:
    for name, value in {"pot": pot, "stack": stack}.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} must be a finite number above 0, got {value}")
    fractions = tuple(float(size) for size in sizes)
    if not all(math.isfinite(size) and size > 0.0 for size in fractions) or sorted({*fractions}) != [*fractions]:
        raise ValueError(f"sizes must be fractions of the pot, above 0 and increasing; got {fractions}")
    return fractions


def _actions(
    spot: _Spot, pot: float, stack: float, sizes: Sequence[float], raises: int, all_in: bool
) -> dict[str, float]:
    """Names of the actions, and the chips that the player has then bet in all."""
    own, level = spot.put[spot.player], spot.put[1 - spot.player]
    found = {"fold": own, "call": level} if level > own else {"check": own}
    if spot.raises >= raises or level >= stack * (1.0 - _SLACK):
        return found
    word, most, reaches = "raise" if level > own else "bet", stack * (1.0 - _SLACK), all_in
    before = level
    for size in sizes:
        total = level + max(size * (pot + 2.0 * level), spot.last_raise)
        if total >= most:
            reaches = True
        elif total > before * (1.0 + _SLACK):  # else the least raise makes it one with the size before
            found[f"{word} {size:g}"] = before = total
    if reaches:
        found["all-in"] = stack
    return found


def _after(spot: _Spot, label: str, number: int, action: str, put: float) -> _Spot:
    me, level = spot.player, spot.put[1 - spot.player]
    sequences = ((label, number), spot.sequences[1]) if me == 0 else (spot.sequences[0], (label, number))
    after = replace(
        spot,
        player=1 - me,
        put=(put, spot.put[1]) if me == 0 else (spot.put[0], put),
        history=(*spot.history, action),
        sequences=sequences,
    )
    return replace(after, last_raise=put - level, raises=spot.raises + 1) if put > level else after


def _end(spot: _Spot, after: _Spot, action: str, pot: float) -> tuple[float, int] | None:
    """Stake and winner, if the game ends with the action."""
    if action == "fold":
        return pot / 2.0 + spot.put[spot.player], 1 - spot.player
    if action == "call" or (action == "check" and spot.player == 1):
        return pot / 2.0 + max(after.put), -1
    return None


def _numbered(found: _Found, pot: float, stack: float) -> BettingTree:
    """Information sets in order of depth and number of actions, as arrays."""
    players, numbers = [], []
    for i, sets in enumerate(found.sets):
        depth: dict[str, int] = {}
        for label, parent, _ in sets:
            depth[label] = depth[parent[0]] + 1 if parent is not None else 0
        order = sorted(sets, key=lambda one: (depth[one[0]], len(one[2])))
        first = np.cumsum([1, *(len(actions) for _, _, actions in order)])
        number: dict[Key, int] = {None: 0}
        for start, (label, _, actions) in zip(first.tolist(), order, strict=False):
            number |= {(label, a): start + a for a in range(len(actions))}
        numbers.append(number)
        players.append(
            Treeplex(
                np.array([number[parent] for _, parent, _ in order]),
                np.array([len(actions) for _, _, actions in order]),
                name=f"player {i + 1}",
                labels=tuple(label for label, _, _ in order),
                actions=tuple(actions for _, _, actions in order),
            )
        )
    ends = [[numbers[i][of[i]] for of, _, _ in found.ends] for i in (0, 1)]
    return BettingTree(
        players=tuple(players),
        sequences=sealed(np.array(ends, dtype=np.int64)),
        stake=sealed(np.array([stake for _, stake, _ in found.ends])),
        winner=sealed(np.array([winner for _, _, winner in found.ends], dtype=np.int64)),
        pot=pot,
        stack=stack,
    )
