"""Seeded families of games: sequences of similar games around a base game.

A sequence is addressed by names (:mod:`metanash.streams`): the same address gives the same games everywhere.
The noise of game k does not depend on the size of the perturbation, so sweeps over sizes are paired.

How the games of a sequence differ (Mao et al. 2023, section 6, says: random perturbations of the reward of a
base game; law and size are our choice): reward^k = clip(base + perturbation Z^k, 0, 1), with Z^k uniform on
[-1, 1] or standard normal, transitions shared or, where asked for, mixed with a random kernel.
Congestion and tracking games differ in parameters of their own instead (weights; target and drift).

Zero-sum: :mod:`~metanash.families.zero_sum`, :mod:`~metanash.families.moving` (between two base games),
:mod:`~metanash.families.sparse_zero_sum` (many states) and :mod:`~metanash.families.poker`. Potential games:
:mod:`~metanash.families.potential`, :mod:`~metanash.families.congestion` and :mod:`~metanash.families.tracking`.
General-sum: :mod:`~metanash.families.general_sum`. They share :mod:`~metanash.families.sequences`.

Game trees, which are no Markov games and no sequences, are in :mod:`~metanash.families.small_poker`. It is imported by
its own name, so that jobs which make the families above do not depend on extensive games.
"""

from collections.abc import Callable, Sequence
from typing import Any

from metanash.families.congestion import congestion_sequence
from metanash.families.general_sum import general_sum_sequence
from metanash.families.moving import moving_sequence
from metanash.families.poker import pot_scale, river_deal, river_poker_sequence
from metanash.families.potential import potential_sequence
from metanash.families.sparse_zero_sum import sparse_zero_sum_sequence
from metanash.families.tracking import tracking_positions_sequence, tracking_sequence
from metanash.families.zero_sum import zero_sum_sequence

__all__ = [
    "FAMILIES",
    "congestion_sequence",
    "general_sum_sequence",
    "moving_sequence",
    "pot_scale",
    "potential_sequence",
    "river_deal",
    "river_poker_sequence",
    "sparse_zero_sum_sequence",
    "tracking_positions_sequence",
    "tracking_sequence",
    "zero_sum_sequence",
]

FAMILIES: dict[str, Callable[..., Sequence[Any]]] = {
    "zero_sum": zero_sum_sequence,
    "moving": moving_sequence,
    "sparse_zero_sum": sparse_zero_sum_sequence,
    "general_sum": general_sum_sequence,
    "potential": potential_sequence,
    "congestion": congestion_sequence,
    "river_poker": river_poker_sequence,
    "tracking": tracking_sequence,
    "tracking_positions": tracking_positions_sequence,
}
"""Families by the name that a configuration uses. Each takes a kind, an address, ``n_games`` and
``perturbation``, and keyword arguments of its own, and returns a sequence of games of one size."""
