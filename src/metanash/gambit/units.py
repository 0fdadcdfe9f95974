"""Payoffs of any size to rewards in [0, 1], and back."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.checks import name_entry
from metanash.games import MarkovGame, ZeroSumGame
from metanash.transitions import Transition

__all__ = ["LARGEST", "Units", "payoffs_of", "scaled_game"]

Floats = npt.NDArray[np.float64]
Payoffs = npt.NDArray[Any]
"""float64, or objects that are Fractions: numbers of a file are kept exact until they are rewards."""

LARGEST = 1e100
"""Payoffs beyond this are refused, lest their range overflow."""
_SMALLEST = 1e-200
"""Payoffs that are all smaller are not rounded, since NumPy cannot round to so many digits."""
_SUM_ROUNDING = 1e-9
"""How far the sums of a game that is said to be zero-sum may differ, relative to its largest payoff (at least 1)."""


@dataclass(frozen=True)
class Units:
    r"""How values of a game become payoffs.

    .. math:: \text{payoff}_i = \text{offset}_i + \text{scale} \cdot V_i

    The scale is the same for all players, so a gap or a gain in payoffs is ``scale`` times that of the game.

    Attributes
    ----------
    offset : tuple of float
        One a player, for the whole game (all its steps).
    scale : float
        Payoff of one unit of reward, above 0.
    """

    offset: tuple[float, ...]
    scale: float

    def payoff(self, value: npt.ArrayLike, player: int) -> Floats:
        """Payoffs of values (of any shape) to a player; the value of the min-player is that of minus the reward."""
        return np.asarray(self.offset[player] + self.scale * np.asarray(value, dtype=np.float64))


def _sums(payoffs: Payoffs, zero_sum: bool | None) -> Payoffs | None:
    """What the two players' payoffs sum to at each step, (H,), or None if that depends on more than the step.

    Raises ValueError if the game was said to be zero-sum and is not.
    """
    if zero_sum and len(payoffs) != 2:
        raise ValueError(f"a zero-sum game has 2 players, this one has {len(payoffs)}; leave zero_sum out")
    if zero_sum is False or len(payoffs) != 2:
        return None
    total = payoffs.sum(axis=0)
    first = total.reshape(len(total), -1)[:, 0]
    off = np.abs(total - first.reshape(-1, *[1] * (total.ndim - 1)))
    allowed = _SUM_ROUNDING * max(1.0, float(np.abs(payoffs).max())) if zero_sum else 0.0
    bad = np.argwhere(off > allowed)
    if bad.size and zero_sum:
        place = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"not zero-sum: payoffs at {name_entry('(h, s, a)', place)} sum to {float(total[place]):.10g}, "
            f"at {name_entry('(h, s, a)', (place[0], *[0] * (total.ndim - 1)))} to {float(first[place[0]]):.10g}; "
            "leave zero_sum out"
        )
    return None if bad.size else first


def scaled_game(
    payoffs: Payoffs, transition: Transition, initial: Floats, name: str, zero_sum: bool | None
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Game of payoffs (N, H, S, A_1, ..., A_N), and the units of its values.

    Payoffs that lie in [0, 1] already are left alone; others are moved by player and divided by the largest range of
    any player. Of a zero-sum game only player 0 is looked at.

    Parameters
    ----------
    zero_sum : bool or None
        Whether to make a :class:`ZeroSumGame`. True: yes, the sums may differ by rounding. None: if they are exactly
        constant at each step. False: no.

    Raises
    ------
    ValueError
        If payoffs are not finite or beyond 1e100, or the game was said to be zero-sum and is not.
    """
    beyond = np.argwhere(~(np.abs(payoffs) <= LARGEST))
    if beyond.size:
        place = tuple(int(i) for i in beyond[0])
        raise ValueError(f"payoffs must lie within 1e100; at {name_entry('(i, h, s, a)', place)} there is a larger one")
    sums = _sums(payoffs, zero_sum)
    kept = payoffs if sums is None else payoffs[:1]
    axes = tuple(range(1, kept.ndim))
    low, high = kept.min(axis=axes, keepdims=True), kept.max(axis=axes, keepdims=True)
    if low.min() >= 0 and high.max() <= 1:
        low, scale = low * 0, low.flat[0] * 0 + 1
    else:
        scale = (high - low).max() or 1
    reward = ((kept - low) / scale).astype(np.float64)
    floor = [entry * kept.shape[1] for entry in low.flat]
    if sums is None:
        offset = tuple(float(entry) for entry in floor)
        return MarkovGame(reward, transition, initial, name=name), Units(offset, float(scale))
    offset = (float(floor[0]), float(sums.sum() - floor[0]))
    return ZeroSumGame(reward[0], transition, initial, name=name), Units(offset, float(scale))


def payoffs_of(game: ZeroSumGame | MarkovGame, units: Units | None) -> Floats:
    """Payoffs (N, H, S, A_1, ..., A_N) of a game: its rewards (r and -r if zero-sum), in these units.

    In given units they are rounded to 15 digits of the largest, so that an integer that was read is one again.

    Raises
    ------
    ValueError
        If the units are of another number of players.
    """
    rewards = np.stack([game.reward, -game.reward]) if isinstance(game, ZeroSumGame) else game.reward
    if units is None:
        return rewards + 0.0  # no -0
    if len(units.offset) != game.n_players:
        raise ValueError(f"units have an offset for each of {game.n_players} players, got {len(units.offset)}")
    step = np.array(units.offset).reshape(-1, *[1] * (rewards.ndim - 1)) / game.horizon
    payoffs = step + units.scale * rewards
    largest = float(np.abs(payoffs).max())
    if largest > _SMALLEST:
        payoffs = np.round(payoffs, 14 - math.floor(math.log10(largest)))
    return np.asarray(payoffs + 0.0)
