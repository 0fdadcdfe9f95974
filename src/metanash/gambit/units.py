"""Units in which values and gains of a game are payoffs, a scale for each player."""

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import float_array, positive
from metanash.games import MarkovGame, ZeroSumGame, check_game
from metanash.typing import Array, Floats

__all__ = ["DIGITS", "LARGEST", "Units", "payoffs_of", "written_payoffs"]


LARGEST = 1e100
"""Payoffs beyond this are refused, lest their range overflow."""
DIGITS = 800
"""Enough for exact sums of the decimals of any payoffs, and of floats up to one."""
_SMALLEST = 1e-200
"""Payoffs that are all smaller are not rounded, since NumPy cannot round to so many digits."""


@dataclass(frozen=True)
class Units:
    r"""How values of a game become payoffs.

    .. math:: \text{payoff}_i = \text{offset}_i + \text{scale}_i \cdot V_i

    Attributes
    ----------
    offset : tuple of float
        One for each player, for the whole game (all its steps).
    scale : tuple of float
        Payoff of one unit of reward for each player, above 0; one number stands for the same for all. The two of a
        zero-sum game are equal.

    Raises
    ------
    ValueError
        If a number is not finite, a scale is not above 0, or there is not one for each player.

    Examples
    --------
    >>> units = Units(offset=(-1.0, 1.0), scale=(4.0, 4.0))
    >>> float(units.payoff(0.5, player=0)), float(units.gain(0.5, player=1))
    (1.0, 2.0)
    """

    offset: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        offset, scale = float_array("offset", self.offset), positive("scale", self.scale)
        if offset.ndim != 1 or scale.shape not in {(), offset.shape}:
            raise ValueError(
                "units have an offset and a scale for each player, or one scale for all; "
                f"got shapes {offset.shape} and {scale.shape}"
            )
        object.__setattr__(self, "offset", tuple(offset.tolist()))
        object.__setattr__(self, "scale", tuple(np.broadcast_to(scale, offset.shape).tolist()))

    @classmethod
    def of_rewards(cls, players: int) -> "Units":
        """Those in which values are payoffs as they are."""
        return cls((0.0,) * players, (1.0,) * players)

    def payoff(self, value: npt.ArrayLike, player: int) -> Floats:
        """Payoffs of values (of any shape) to a player; the value of the min-player is that of minus the reward."""
        return np.asarray(self.offset[player] + self.gain(value, player))

    def gain(self, gain: npt.ArrayLike, player: int) -> Floats:
        """A player's gain (of any shape), a difference of two values, in payoffs."""
        return np.asarray(self.scale[player] * np.asarray(gain, dtype=np.float64))


def payoffs_of(game: ZeroSumGame | MarkovGame, units: Units | None) -> Floats:
    """Payoffs (N, H, S, A_1, ..., A_N) of a game: its rewards (r and -r if zero-sum), in these units.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    In given units they are rounded to 15 digits of the player's largest, so that an integer that was read is one again.
    Those of player 2 of a zero-sum game are what player 1's leave of the constant sum, rounded once, since two
    roundings apart from each other would leave a sum that is not constant.

    Raises
    ------
    ValueError
        If the units are of another number of players.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> payoffs_of(chicken, units)[:, 0, 0].tolist()
    [[[6.0, 2.0], [7.0, 0.0]], [[6.0, 7.0], [2.0, 0.0]]]
    """
    check_game("payoffs_of", game, ZeroSumGame, MarkovGame)
    return np.asarray(written_payoffs(game, units).astype(np.float64))


def written_payoffs(game: ZeroSumGame | MarkovGame, units: Units | None) -> Array:
    """Payoffs as :func:`payoffs_of`, before they are floats: Decimals, of a zero-sum game in given units of one scale.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> [str(payoff) for payoff in written_payoffs(chicken, units)[0, 0, 0].ravel()]
    ['6.0', '2.0', '7.0', '0.0']
    """
    check_game("written_payoffs", game, ZeroSumGame, MarkovGame)
    rewards = np.stack([game.reward, -game.reward]) if isinstance(game, ZeroSumGame) else game.reward
    if units is None:
        return rewards + 0.0  # no -0
    if len(units.offset) != game.n_players:
        raise ValueError(f"units have an offset for each of {game.n_players} players, got {len(units.offset)}")
    offsets = [offset / game.horizon for offset in units.offset]
    payoffs = np.stack(
        [_rounded(offset + scale * reward) for offset, scale, reward in zip(offsets, units.scale, rewards, strict=True)]
    )
    payoffs += 0.0
    if not isinstance(game, ZeroSumGame) or units.scale[0] != units.scale[1]:
        return payoffs
    total = _rounded(np.array([*offsets, sum(units.offset) / game.horizon]))[-1] + 0.0
    return _shared(payoffs[0], float(total))


def _shared(payoffs: Floats, total: float) -> Array:
    """Payoffs of player 1, and the rest of a sum, exactly."""
    with localcontext(prec=DIGITS):
        whole = Decimal(repr(total))
        ours = [Decimal(repr(payoff)) for payoff in payoffs.reshape(-1).tolist()]
        theirs = [whole - payoff for payoff in ours]
    return np.array([ours, theirs], dtype=object).reshape(2, *payoffs.shape)


def _rounded(payoffs: Floats) -> Floats:
    largest = float(np.abs(payoffs).max())
    return np.round(payoffs, 14 - math.floor(math.log10(largest))) if largest > _SMALLEST else payoffs
