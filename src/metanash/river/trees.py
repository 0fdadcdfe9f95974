"""A river endgame as an extensive game, pair of hands by pair of hands: for small ranges, and for checking."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from metanash.extensive.games import ExtensiveGame
from metanash.extensive.treeplex import Treeplex
from metanash.river.endgames import RiverEndgame, check_endgame
from metanash.typing import Floats, Policies

__all__ = ["as_extensive", "to_extensive"]

LARGEST = 5_000_000
"""Ends of the largest game that is made."""


def as_extensive(endgame: RiverEndgame) -> ExtensiveGame:
    """Make the extensive game in sequence form, payoffs in chips.

    Information sets are those of the betting tree, all of the first hand, then all of the second and so on. Their
    labels are the hand and what was done, such as ``AhAs: check/bet 0.5``.

    Raises
    ------
    ValueError
        If the game has more than five million ends.

    Examples
    --------
    >>> from metanash.extensive import solve_constant_sum
    >>> from metanash.river import river_endgame
    >>> ranges = [{"KsKd": 1, "7c6c": 1}, {"AcAd": 1}]
    >>> endgame = river_endgame("Kh9s8d4c2h", ranges, pot=100, stacks=(100, 100), sizes=(), raises=1)
    >>> game = as_extensive(endgame)
    >>> game.n_sets, round(solve_constant_sum(game).value, 9)
    ((4, 2), 25.0)
    """
    check_endgame("as_extensive", endgame)
    tree = endgame.betting
    first, second = endgame.hands
    common = (first[:, np.newaxis, :, np.newaxis] == second[np.newaxis, :, np.newaxis, :]).any(axis=(2, 3))
    h, k = np.nonzero(~common)
    if len(h) * tree.n_ends > LARGEST:
        raise ValueError(
            f"the tree of {len(h)} deals x {tree.n_ends} ends is too large; as_extensive makes {LARGEST} ends at most. "
            "Give it fewer hands or sizes of bets; learn_river needs no tree"
        )
    chance = (endgame.factors[0][h] * endgame.factors[1][k])[:, np.newaxis]
    shown = np.sign(endgame.strengths[0][h] - endgame.strengths[1][k])[:, np.newaxis]
    sign = np.where(tree.showdowns, shown, np.where(tree.winner == 0, 1, -1))
    payoff = (chance * tree.stake * sign).ravel()
    ends = [
        1 + hand[:, np.newaxis] * (plex.n_sequences - 1) + tree.sequences[i] - 1
        for i, (plex, hand) in enumerate(zip(tree.players, (h, k), strict=True))
    ]
    return ExtensiveGame(
        tuple(_with_hands(plex, names) for plex, names in zip(tree.players, endgame.hand_names, strict=True)),
        np.stack([rows.ravel() for rows in ends]),
        np.stack([payoff, -payoff]),
        np.broadcast_to(chance, sign.shape).ravel(),
        name=endgame.name,
    )


def _with_hands(plex: Treeplex, names: Sequence[str]) -> Treeplex:
    """The decisions of the betting tree once for each hand."""
    moves = plex.n_sequences - 1
    offsets = np.arange(len(names))[:, np.newaxis] * moves
    return Treeplex(
        np.where(plex.parent == 0, 0, plex.parent + offsets).ravel(),
        np.tile(plex.n_actions, len(names)),
        name=plex.name,
        labels=tuple(f"{name}: {label}" for name in names for label in plex.labels),
        actions=plex.actions * len(names),
    )


def to_extensive(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> Policies:
    """Behaviour strategies of :func:`as_extensive`, flat, from (S_i, n_i) arrays. ValueError if they are none.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> [part.shape for part in to_extensive(endgame, endgame.uniform())]
    [(5,), (5,)]
    """
    check_endgame("to_extensive", endgame)
    found: list[Floats] = [np.append(1.0, part[1:].T.ravel()) for part in endgame.checked(strategies)]
    return tuple(found)
