"""Extensive games as the kernels take them: the sequences of all players side by side, terminals player by player."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import EllipsisType
from typing import Any

import numpy as np

from metanash import kernels
from metanash._inner.frozen import sealed
from metanash.extensive.treeplex import Treeplex
from metanash.typing import Floats, Integers, Policies

__all__ = ["Flat", "flatten"]


@dataclass(frozen=True, eq=False)
class Flat:
    """Arrays of :func:`metanash.kernels.trees.learn_trees` that stay as they are, made by :func:`flatten`.

    Attributes
    ----------
    arguments : dict from str to array or int
        ``payoff``, with the axes of the batch, ``start``, ``met``, ``parent``, ``first``, ``last``, ``seat``,
        ``place``, and the sizes ``players``, ``terminals``, ``columns`` and ``sets``.
    seat : (N + 1,) array
        First sequence of each player, among those of all; and their end.
    uniform : (C,) array
        Behaviour strategies that play all actions alike.

    Examples
    --------
    >>> flat = flatten([Treeplex([0], [2])] * 2, np.array([[1, 2], [2, 1]]), np.eye(2), [np.array([0, 1])] * 2)
    >>> flat.seat.tolist(), [part.tolist() for part in flat.split(np.arange(6.0))]
    ([0, 3, 6], [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    """

    arguments: dict[str, Any]
    seat: Integers
    uniform: Floats

    @cached_property
    def _parts(self) -> tuple[tuple[EllipsisType, slice], ...]:
        return tuple((..., slice(begin, end)) for begin, end in itertools.pairwise(self.seat.tolist()))

    def joined(self, parts: Sequence[Floats]) -> Floats:
        """One new array (..., C) of an array (..., S_i) for each player, their leading axes broadcast."""
        leads = [part.shape[:-1] for part in parts]
        if leads.count(leads[0]) == len(leads):
            return np.concatenate(parts, axis=-1)
        lead = np.broadcast_shapes(*leads)
        return np.concatenate([np.broadcast_to(part, (*lead, part.shape[-1])) for part in parts], axis=-1)

    def split(self, array: Floats) -> Policies:
        """Arrays (..., S_i), one for each player, of one (..., C)."""
        return tuple([array[part] for part in self._parts])

    def behaviour(self, plans: Floats, out: Floats | None = None) -> Floats:
        """Behaviour strategies (..., C) of realisation plans, as :meth:`metanash.extensive.Treeplex.behaviour`."""
        found, arguments = np.empty(plans.shape) if out is None else out, self.arguments
        kernels.behaviours(
            plans,
            arguments["first"],
            arguments["last"],
            found,
            math.prod(plans.shape[:-1]),
            arguments["columns"],
            arguments["sets"],
        )
        return found


def flatten(players: Sequence[Treeplex], sequences: Integers, payoff: Floats, orders: Sequence[Integers]) -> Flat:
    """Lay a game out for the kernels.

    Parameters
    ----------
    players : sequence of Treeplex
    sequences : (N, L) array
    payoff : (..., N, L) array
    orders : sequence of (L,) arrays
        For each player the terminals by its sequence.

    Examples
    --------
    >>> flat = flatten([Treeplex([0], [2])] * 2, np.array([[1, 2], [2, 1]]), np.eye(2), [np.array([0, 1])] * 2)
    >>> flat.arguments["start"].tolist(), flat.arguments["met"][..., 0].tolist(), flat.seat.tolist()
    ([0, 0, 1, 2, 2, 3, 4], [[5, 4], [1, 2]], [0, 3, 6])
    """
    seat = np.cumsum([0, *(plex.n_sequences for plex in players)])
    place = np.cumsum([0, *(plex.n_sets for plex in players)])
    numbered = sequences + seat[:-1, np.newaxis]
    listed, met, counts = np.empty(payoff.shape), [], [np.zeros(1, dtype=np.int64)]
    for i, (plex, order) in enumerate(zip(players, orders, strict=True)):
        listed[..., i, :] = payoff[..., i, order]
        met.append(np.delete(numbered, i, axis=0)[:, order].T)
        counts.append(np.bincount(sequences[i], minlength=plex.n_sequences))
    first = np.concatenate([plex.first + low for plex, low in zip(players, seat[:-1], strict=True)])
    arrays = {
        "start": np.cumsum(np.concatenate(counts)),
        "met": np.stack(met),
        "parent": np.concatenate([plex.parent + low for plex, low in zip(players, seat[:-1], strict=True)]),
        "first": first,
        "last": first + np.concatenate([plex.n_actions for plex in players]),
        "seat": seat,
        "place": place,
    }
    fixed = {name: sealed(array.astype(np.int64)) for name, array in arrays.items()}
    sizes = {
        "players": len(players),
        "terminals": sequences.shape[1],
        "columns": int(seat[-1]),
        "sets": int(place[-1]),
    }
    uniform = sealed(np.concatenate([plex.uniform() for plex in players]))
    return Flat({"payoff": sealed(listed), **fixed, **sizes}, fixed["seat"], uniform)
