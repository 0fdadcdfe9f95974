"""Payoffs of any size to rewards in [0, 1], by one affine map for each player."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from metanash._inner.checks import name_entry
from metanash.gambit.exact import Number, PayoffTable
from metanash.gambit.units import Units
from metanash.games import MarkovGame, ZeroSumGame
from metanash.transitions import Transition
from metanash.typing import Array, Floats, Integers

__all__ = ["NearlyZeroSumWarning", "Vanished", "VanishingPayoffWarning", "keeping_payoffs", "scaled_game"]


_SUM_ROUNDING = 1e-9
"""How far the sums of a game that is said to be zero-sum may differ, in parts of the larger range of payoffs."""
_FLOAT_ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""The same in parts of the largest payoff: what rounding leaves of payoffs that are large beside their range."""
_LOST = 2.0**-53
"""Half the distance of floats next to one."""
_NEAR = 2.0**-30
"""Parts of a range by which payoffs differ that are kept where they are few: rewards hold their difference to 1e-7."""
_FEW = 10_000


class NearlyZeroSumWarning(UserWarning):
    """Payoffs have the same sum up to rounding, not exactly, and nobody said which is meant.

    Examples
    --------
    >>> issubclass(NearlyZeroSumWarning, UserWarning)
    True
    """


class VanishingPayoffWarning(UserWarning):
    """Different payoffs of a player cannot be told apart as rewards: they differ by less than 2^-53 of the range.

    Examples
    --------
    >>> issubclass(VanishingPayoffWarning, UserWarning)
    True
    """


class Vanished(NamedTuple):
    """Payoffs that rewards do not tell apart, or not well.

    Attributes
    ----------
    reason : str
        Two of them.
    lost : bool
        Whether they are one reward; else the rewards differ, but their difference is a rough one.
    payoffs : (N, H, S, A_1, ..., A_N) array
        All, of Fractions, or floats if they were given as such.

    Examples
    --------
    >>> Vanished("payoffs 0 and 1", True, np.zeros((2, 1, 1, 2, 2))).reason
    'payoffs 0 and 1'
    """

    reason: str
    lost: bool
    payoffs: Array


_KEPT: ContextVar[list[Vanished] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping_payoffs() -> Iterator[list[Vanished]]:
    """Keep payoffs that rewards do not tell apart, or not well, in the place of a :class:`VanishingPayoffWarning`.

    Examples
    --------
    >>> from metanash.gambit import from_bimatrix
    >>> with keeping_payoffs() as kept:
    ...     game, units = from_bimatrix([[10**19, 0], [0, 1]])
    >>> [vanished.payoffs[0, 0, 0].tolist() for vanished in kept]
    [[[Fraction(10000000000000000000, 1), Fraction(0, 1)], [Fraction(0, 1), Fraction(1, 1)]]]
    """
    kept: list[Vanished] = []
    token = _KEPT.set(kept)
    try:
        yield kept
    finally:
        _KEPT.reset(token)


def scaled_game(
    payoffs: PayoffTable,
    places: Integers,
    transition: Transition,
    initial: Floats,
    name: str,
    *,
    zero_sum: bool | None,
    scaled: bool,
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Game of payoffs, and the units of its values.

    Each player's payoffs, from the least to the largest of the whole game, become [0, 1]: so the game does not depend
    on the units that a player counts in. Of a zero-sum game only player 0 is looked at.

    Parameters
    ----------
    payoffs : PayoffTable
        Of N players at n places; places of a step stand beside each other.
    places : (H, S, A_1, ..., A_N) array
        Which of the n it is.
    zero_sum : bool or None
        Whether to make a :class:`ZeroSumGame`. True: yes, the sums may differ by rounding. None: if they are constant
        at each step. False: no.
    scaled : bool
        False: payoffs are the rewards as they are.

    Raises
    ------
    ValueError
        If the game was said to be zero-sum and is not, or a payoff that should be a reward is not in [0, 1].

    Warns
    -----
    NearlyZeroSumWarning
        If sums differ by no more than ``zero_sum=True`` allows, and ``zero_sum`` is None.
    VanishingPayoffWarning
        If different payoffs of a player differ by at most 2^-53 of its range.

    Examples
    --------
    >>> from metanash.gambit.exact import Doubles
    >>> table, places = Doubles(np.array([[3.0, -1.0], [-3.0, 1.0]])), np.array([[[[0], [1]]]])
    >>> still = Transition.shared([[[[1.0]], [[1.0]]]])
    >>> game, units = scaled_game(table, places, still, np.ones(1), "two rows", zero_sum=None, scaled=True)
    >>> game.reward.ravel().tolist(), units.offset, units.scale
    ([1.0, 0.0], (-1.0, 1.0), (4.0, 4.0))
    """
    sums = _sums(payoffs, places, zero_sum, name)
    kept = range(payoffs.shape[0] if sums is None else 1)
    rewards, lows, scales = np.empty((len(kept), *places.shape)), list[Number](), list[Number]()
    for i in kept:
        low, high = payoffs.limits(i)
        if not scaled:
            if not 0 <= low <= high <= 1:
                raise ValueError(_outside(payoffs, places, i))
            low, high = low * 0, low * 0 + 1
        lows.append(low)
        scales.append(high - low or low * 0 + 1)
        if not float(scales[i]) > 0.0:
            raise ValueError(f"payoffs of player {i + 1} differ by less than 1e-323; use another unit")
        reward = payoffs.rewards(i, low, scales[i])
        near = _LOST if _KEPT.get() is None or payoffs.shape[1] > _FEW else _NEAR
        if not payoffs.apart(low, scales[i], near):
            _tell_of_lost(payoffs, places, i, reward, near, name)
        np.take(reward, places, out=rewards[i])
    horizon = len(places)
    if sums is None:
        units = Units(tuple(float(low * horizon) for low in lows), tuple(map(float, scales)))
        return MarkovGame(rewards, transition, initial, name=name), units
    low, scale = lows[0] * horizon, float(scales[0])
    return ZeroSumGame(rewards[0], transition, initial, name=name), Units(
        (float(low), float(sum(sums) - low)), (scale, scale)
    )


def _outside(payoffs: PayoffTable, places: Integers, player: int) -> str:
    reward = payoffs.rewards(player, 0.0, 1.0)
    place = int(np.argmax((reward < 0) | (reward > 1)))
    return (
        "payoffs that are rewards as they are must lie in [0, 1]; "
        f"at {_entry(places, place, player)} there is {float(payoffs.number(player, place)):.10g}; let them be scaled"
    )


def _entry(places: Integers, place: int, player: int | None = None) -> str:
    """Name of a place that has a number."""
    first = int(np.argmax(places.reshape(-1) == place))
    at = np.unravel_index(first, places.shape)
    return name_entry("(h, s, a)", at) if player is None else name_entry("(i, h, s, a)", (player, *at))


def _sums(payoffs: PayoffTable, places: Integers, zero_sum: bool | None, name: str) -> Sequence[Number] | None:
    """The sum of the two players' payoffs at each step, or None if that depends on more than the step.

    Raises ValueError if the game was said to be zero-sum and is not; warns if it nearly is.
    """
    players = payoffs.shape[0]
    if zero_sum and players != 2:
        raise ValueError(f"a zero-sum game has 2 players, this one has {players}; leave zero_sum out")
    if zero_sum is False or players != 2:
        return None
    limits = [payoffs.limits(i) for i in range(2)]
    allowed = max(
        _SUM_ROUNDING * max(float(high - low) for low, high in limits),
        _FLOAT_ROUNDING * max(abs(float(end)) for ends in limits for end in ends),
    )
    sums, exactly, most = list[Number](), True, 0.0
    for step in _steps(places):
        first, same, off = payoffs.sums(step)
        far = np.flatnonzero(np.abs(off) > allowed)
        if zero_sum and far.size:
            raise ValueError(_not_zero_sum(payoffs, places, step.start + int(far[0]), first))
        if not same[far].all():
            return None
        exactly, most = exactly and bool(same.all()), max(most, float(np.abs(off).max()))
        sums.append(payoffs.number(0, first) + payoffs.number(1, first))
    if exactly or zero_sum:
        return sums
    warnings.warn(
        f"{_of(name)}payoffs of the two players have the same sum up to rounding (they differ by at most {most:.3g}), "
        "not exactly, so this is a general-sum game; zero_sum=True makes it zero-sum, zero_sum=False silences this",
        NearlyZeroSumWarning,
        stacklevel=2,
    )
    return None


def _steps(places: Integers) -> list[slice]:
    flat = places.reshape(len(places), -1)
    return [slice(int(low), int(high) + 1) for low, high in zip(flat.min(axis=1), flat.max(axis=1), strict=True)]


def _not_zero_sum(payoffs: PayoffTable, places: Integers, place: int, first: int) -> str:
    there, here = (float(payoffs.number(0, at) + payoffs.number(1, at)) for at in (place, first))
    return (
        f"not zero-sum: payoffs at {_entry(places, place)} sum to {there:.10g}, "
        f"at {_entry(places, first)} to {here:.10g}; leave zero_sum out"
    )


def _tell_of_lost(payoffs: PayoffTable, places: Integers, player: int, rewards: Floats, near: float, name: str) -> None:
    """Warn of, or keep, different payoffs whose rewards differ by no more than ``near``."""
    order = np.argsort(rewards)
    steps = np.diff(rewards[order])
    equal = np.flatnonzero(steps <= near)
    lost = equal[~payoffs.same(player, order[equal], order[equal + 1])]
    if lost.size:
        least = lost[steps[lost].argmin()]
        one, other = sorted(payoffs.number(player, int(order[least + k])) for k in (0, 1))
        low, high = payoffs.limits(player)
        reason = (
            f"{_of(name)}payoffs {_shown(one)} and {_shown(other)} of player {player + 1} cannot be told apart as "
            f"rewards: their difference is lost beside the range, from {_shown(low)} to {_shown(high)}"
        )
        kept = _KEPT.get()
        if kept is None:
            warnings.warn(reason, VanishingPayoffWarning, stacklevel=2)
        elif not kept or not kept[0].lost:
            kept[:] = [Vanished(reason, bool(steps[least] <= _LOST), _at_places(payoffs, places))]


def _at_places(payoffs: PayoffTable, places: Integers) -> Array:
    """All payoffs, (N, *places.shape), as the table has them."""
    players, count = payoffs.shape
    table = np.array([[payoffs.number(i, k) for k in range(count)] for i in range(players)], dtype=object)
    return np.asarray(table[:, places])


def _of(name: str) -> str:
    return f"{name}: " if name else ""


def _shown(number: Number) -> str:
    exact = Fraction(number)
    return str(exact) if exact.denominator == 1 and abs(exact) < 10**20 else repr(float(exact))
