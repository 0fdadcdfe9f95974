"""What solving a game gives: value, policies, the NE-gap that certifies them, and how they were found."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from metanash.extensive.treeplex import Treeplex
from metanash.typing import Floats

__all__ = ["ROWS", "Solution", "at_sets", "cells", "policy_rows", "shown"]

ROWS = 12
"""Rows of a player's policy that are printed, and actions of a row."""


class Solution(NamedTuple):
    """An equilibrium, in the payoffs of whoever gave the game.

    Attributes
    ----------
    value : float, or (N,) array
        Of a zero-sum game the value to player 1 (of constant-sum payoffs: what player 1 is paid); else what each player
        is paid.
        From the initial distribution, where a game has states.
    policies : tuple of N arrays
        Strategies (A_i,) of a strategic game, policies (H, S, A_i) of a Markov game of finite horizon, (S, A_i) of a
        discounted or stochastic game, behaviour strategies (S_i,) of an extensive game.
    gap : float
        The NE-gap of ``policies``, worked out from the game and from them alone, up to rounding: of a zero-sum game the
        sum of both players' gains by best responses, else the largest gain of a player, each in its own payoffs. From
        the initial distribution; of a general-sum game of infinite horizon from the state where it is most, and proven.
    method : str
        How it was found.
    players : tuple of Treeplex, or None
        Of an extensive game: the information sets and actions of each player, by which its policies, behaviour
        strategies (S_i,), are read (:meth:`at`).

    Examples
    --------
    >>> import metanash as mn
    >>> found = mn.solve([[0, 2], [3, 1]])
    >>> found.value, found.gap, found.is_zero_sum, [part.tolist() for part in found.policies]
    (1.5, 0.0, True, [[0.5, 0.5], [0.25, 0.75]])
    """

    value: float | Floats
    policies: tuple[Floats, ...]
    gap: float
    method: str
    players: tuple[Treeplex, ...] | None = None

    @property
    def is_zero_sum(self) -> bool:
        """Whether ``value`` is that of a zero-sum game."""
        return isinstance(self.value, float)

    def at(self, player: int, information_set: str) -> dict[str, float]:
        """Probabilities of a player (from 0) at an information set of an extensive game, by the names of the actions.

        Raises
        ------
        ValueError
            If it is no extensive game, or the player has no information set, or several, of this name.
        """
        if self.players is None:
            raise ValueError("only extensive games have information sets; policies has the probabilities of others")
        sets = [*at_sets(self.players[player], self.policies[player])]
        found = [(actions, row) for label, actions, row in sets if label == information_set]
        if len(found) != 1:
            raise ValueError(
                f"player {player} has {len(found) or 'no'} information sets {information_set!r}; there are "
                f"{', '.join(repr(label) for label, *_ in sets[:ROWS])}{', ...' * (len(sets) > ROWS)}"
            )
        ((actions, row),) = found
        return dict(zip(actions, row.tolist(), strict=True))

    def __repr__(self) -> str:
        """Value, gap and policies in a few lines; of long policies the first rows.

        Examples
        --------
        >>> import metanash as mn
        >>> mn.solve([[0, 2], [3, 1]])
        zero-sum game, value 1.5 to player 1, NE-gap 0
        player 1  0.5       0.5
        player 2  0.25      0.75
        by the simplex method
        """
        if isinstance(self.value, float):
            head = f"zero-sum game, value {shown(self.value)} to player 1"
        else:
            head = f"general-sum game, payoffs {', '.join(map(shown, self.value.tolist()))}"
        lines = [f"{head}, NE-gap {self.gap:.2g}"]
        if self.players:
            return "\n".join([*lines, *_tree_lines(self.players, self.policies), f"by {self.method}"])
        for i, policy in enumerate(self.policies):
            rows = list(policy_rows(policy))
            width = max(len(label) for label, _ in rows[:ROWS])
            for k, (label, row) in enumerate(rows[:ROWS]):
                name = f"player {i + 1}" if k == 0 else ""
                place = f"{label:{width}s}  " if label else ""
                lines.append(f"{name:10s}{place}{cells(row)}")
            if len(rows) > ROWS:
                lines.append(f"{'':10s}... {len(rows) - ROWS} more rows")
        return "\n".join([*lines, f"by {self.method}"])


def at_sets(plex: Treeplex, strategy: Floats) -> Iterator[tuple[str, tuple[str, ...], Floats]]:
    """Name, actions and their probabilities (A,) of each information set of a player.

    Examples
    --------
    >>> [(name, actions, row.tolist()) for name, actions, row in at_sets(Treeplex([0], [2]), np.array([1, 0.25, 0.75]))]
    [('1', ('1', '2'), [0.25, 0.75])]
    """
    for name, actions, first in zip(plex.labels, plex.actions, plex.first.tolist(), strict=True):
        yield name, actions, strategy[first : first + len(actions)]


def _tree_lines(players: tuple[Treeplex, ...], strategies: tuple[Floats, ...]) -> Iterator[str]:
    """A line for each information set; of many the first ones."""
    for i, (plex, strategy) in enumerate(zip(players, strategies, strict=True)):
        name, rows = plex.name or f"player {i + 1}", [*at_sets(plex, strategy)]
        said = [[f"{a} {shown(p)}" for a, p in zip(names, row.tolist(), strict=True)] for _, names, row in rows[:ROWS]]
        width = max((len(label) for label, *_ in rows[:ROWS]), default=0)
        wide = max((len(entry) for line in said for entry in line), default=0)
        if not rows:
            yield f"{name:9s} never moves"
        for k, ((label, *_), line) in enumerate(zip(rows, said, strict=False)):
            entries = "  ".join(f"{entry:{wide}s}" for entry in line)
            yield f"{'' if k else name:9s} {label:{width}s}  {entries}".rstrip()
        if len(rows) > ROWS:
            yield f"{'':10s}... {len(rows) - ROWS} more information sets"


def policy_rows(policy: Floats) -> Iterator[tuple[str, Floats]]:
    """Rows of a policy (A_i,), (S, A_i) or (H, S, A_i), each with the step and the state that it is for.

    Examples
    --------
    >>> import numpy as np
    >>> [label for label, _ in policy_rows(np.full((1, 2, 3), 1 / 3))]
    ['h=0 s=0', 'h=0 s=1']
    """
    axes = "hs"[3 - policy.ndim :] if policy.ndim < 4 else ""
    for place in np.ndindex(policy.shape[:-1]):
        yield " ".join(f"{axis}={k}" for axis, k in zip(axes, place, strict=True)), policy[place]


def cells(row: Floats) -> str:
    """Probabilities beside each other; of more than :data:`ROWS` actions those that are played, with their numbers.

    Examples
    --------
    >>> import numpy as np
    >>> cells(np.array([0.25, 0.75]))
    '0.25      0.75'
    >>> cells(np.eye(100)[7])
    'a=7 1'
    """
    if len(row) <= ROWS:
        return "  ".join(f"{shown(p):8s}" for p in row.tolist()).rstrip()
    played = np.flatnonzero(row > 0.0).tolist()
    told = "  ".join(f"a={k} {shown(row[k])}" for k in played[:ROWS])
    return f"{told}  ... {len(played) - ROWS} more" if len(played) > ROWS else told


def shown(number: float) -> str:
    """Six digits, and no minus before a zero.

    Examples
    --------
    >>> shown(1 / 3), shown(-0.0)
    ('0.333333', '0')
    """
    return f"{number + 0.0:.6g}"
