"""Payoffs as exact numbers, and the rewards that they are when rounded once.

Three tables of payoffs (N, n), one row for each player and one entry for each place of a game, with the same methods:

- :class:`Decimals`, the decimals and integers of a file or of integer arrays: vectors, millions of them at a time;
- :class:`Fractions`, any rational numbers;
- :class:`Doubles`, arrays of floats, which are worked out in floats.

A reward is (payoff - low) / scale. Decimals and fractions are rounded once, at the end: the quotient of sums of two
floats settles it wherever a bound of its error allows only one float, integers of Python settle the rest.
"""

from fractions import Fraction
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from metanash.gambit.pairs import Pair, exact_pair, pair_product, pair_quotient, pair_sum
from metanash.typing import Array, Booleans, Floats, Integers

__all__ = ["Decimals", "Doubles", "Fractions", "Number", "PayoffTable"]

Number = Fraction | float

_EXACT = 2**52
"""Integers up to this are floats, and so are their differences."""
_FLOAT_ROUNDING = 2.0**-50
"""Floats that are this near to each other, relatively, may be the same number, worked out in other ways."""
_PIECE = 1 << 16
"""Entries that are worked out at a time, so that they stay in the cache."""
_ERROR = 2.0**-96
"""Bound of the relative error of a quotient of pairs, with room to spare."""


class PayoffTable(Protocol):
    """Payoffs of N players at n places.

    Examples
    --------
    >>> [hasattr(table, "limits") for table in (Doubles, Fractions, Decimals)]
    [True, True, True]
    """

    shape: tuple[int, int]
    """(N, n)."""

    def number(self, player: int, place: int) -> Number:
        """One payoff."""

    def limits(self, player: int) -> tuple[Number, Number]:
        """Least and largest payoff of a player."""

    def rewards(self, player: int, low: Number, scale: Number) -> Floats:
        """(payoff - low) / scale of a player at all places."""

    def apart(self, low: Number, scale: Number, share: float = 2.0**-53) -> bool:
        """Whether rewards of different payoffs from ``low`` to ``low + scale`` surely differ by more than ``share``."""

    def same(self, player: int, one: Integers, other: Integers) -> Booleans:
        """Whether the payoffs of a player at places ``one`` are those at places ``other``.

        So are payoffs that differ by no more than floats are rounded by when they are worked out, as 0.3 and
        0.30000000000000004; integers that differ are different.
        """

    def sums(self, step: slice) -> tuple[int, Booleans, Floats]:
        """A place of a step; where two players' payoffs sum to what they do there; how far off they are, rounded."""


class Doubles:
    """Payoffs that are floats, (N, n).

    Examples
    --------
    >>> table = Doubles(np.array([[1.5, 2.0], [0.0, 4.0]]))
    >>> table.shape, table.limits(1)
    ((2, 2), (0.0, 4.0))
    """

    def __init__(self, payoffs: Floats) -> None:
        self.payoffs = payoffs
        self.shape = (len(payoffs), payoffs.shape[1])

    def number(self, player: int, place: int) -> float:
        """See :class:`PayoffTable`."""
        return float(self.payoffs[player, place])

    def limits(self, player: int) -> tuple[float, float]:
        """See :class:`PayoffTable`."""
        return float(self.payoffs[player].min()), float(self.payoffs[player].max())

    def rewards(self, player: int, low: Number, scale: Number) -> Floats:
        """See :class:`PayoffTable`; two roundings."""
        return np.asarray((self.payoffs[player] - float(low)) / float(scale))

    def apart(self, low: Number, scale: Number, share: float = 2.0**-53) -> bool:
        """See :class:`PayoffTable`."""
        del low, scale, share
        return False

    def same(self, player: int, one: Integers, other: Integers) -> Booleans:
        """See :class:`PayoffTable`."""
        a, b = self.payoffs[player, one], self.payoffs[player, other]
        return np.asarray(_close(a, b) & ((a == b) | (a % 1 != 0) | (b % 1 != 0)))

    def sums(self, step: slice) -> tuple[int, Booleans, Floats]:
        """See :class:`PayoffTable`. Floats have the same sum if numbers have that round to them."""
        part = self.payoffs[:, step]
        total, size = part.sum(axis=0), np.abs(part).sum(axis=0)
        place = int(size.argmin())  # the sum that is known best
        off = total - total[place]
        return step.start + place, np.abs(off) <= np.finfo(np.float64).eps * (size + size[place]), off


class Fractions:
    """Payoffs that are Fractions: an object array (N, n).

    Examples
    --------
    >>> table = Fractions(np.array([[Fraction(1, 3), Fraction(1, 2)]]))
    >>> table.limits(0)
    (Fraction(1, 3), Fraction(1, 2))
    """

    def __init__(self, payoffs: Array) -> None:
        self.payoffs = payoffs
        self.shape = (len(payoffs), payoffs.shape[1])
        self._parts = [[(x.numerator, x.denominator) for x in row] for row in payoffs.tolist()]

    def number(self, player: int, place: int) -> Fraction:
        """See :class:`PayoffTable`."""
        return Fraction(self.payoffs[player, place])

    def limits(self, player: int) -> tuple[Fraction, Fraction]:
        """See :class:`PayoffTable`."""
        rounded = np.array([above / below for above, below in self._parts[player]])
        row = self.payoffs[player]  # rounding keeps the order
        return min(set(row[rounded == rounded.min()])), max(set(row[rounded == rounded.max()]))

    def rewards(self, player: int, low: Number, scale: Number) -> Floats:
        """See :class:`PayoffTable`; rounded once."""
        low, scale = Fraction(low), Fraction(scale)
        (a, b), (c, d) = low.as_integer_ratio(), scale.as_integer_ratio()
        return np.array([(x * b - a * y) * d / (y * b * c) for x, y in self._parts[player]])

    def apart(self, low: Number, scale: Number, share: float = 2.0**-53) -> bool:
        """See :class:`PayoffTable`."""
        del low, scale, share
        return False

    def same(self, player: int, one: Integers, other: Integers) -> Booleans:
        """See :class:`PayoffTable`."""
        parts = self._parts[player]
        pairs = [(parts[j], parts[k]) for j, k in zip(one.tolist(), other.tolist(), strict=True)]
        equal = [a == b or ((a[1] != 1 or b[1] != 1) and bool(_close(a[0] / a[1], b[0] / b[1]))) for a, b in pairs]
        return np.array(equal, dtype=bool)

    def sums(self, step: slice) -> tuple[int, Booleans, Floats]:
        """See :class:`PayoffTable`; exact."""
        a, b = (self.number(0, step.start) + self.number(1, step.start)).as_integer_ratio()
        pairs = zip(self._parts[0][step], self._parts[1][step], strict=True)
        off = [((x * z + w * y) * b - a * y * z, y * z * b) for (x, y), (w, z) in pairs]
        return step.start, np.array([above == 0 for above, _ in off]), np.array([above / below for above, below in off])


class Decimals:
    """Payoffs mantissa / 10^places: int64 and int8 arrays (N, n).

    Mantissas are below :attr:`LARGEST`, and at most :attr:`MOST_PLACES` places keep the sums of two payoffs below
    2^159, so that their errors are below 2^63. ``others`` has what is no such number, by player and place; mantissas
    there are 0.

    Examples
    --------
    >>> table = Decimals(np.array([[15, 2]]), np.array([[1, 0]], dtype=np.int8))  # 1.5 and 2
    >>> table.number(0, 0), table.limits(0)
    (Fraction(3, 2), (Fraction(3, 2), Fraction(2, 1)))
    """

    LARGEST: ClassVar[int] = 10**18
    MOST_PLACES: ClassVar[int] = 28

    def __init__(
        self,
        mantissas: Integers,
        places: npt.NDArray[np.int8],
        others: dict[tuple[int, int], Fraction] | None = None,
    ) -> None:
        self.mantissas, self.places, self.others = mantissas, places, others or {}
        _shorten(mantissas, places)
        self.shape = (len(mantissas), mantissas.shape[1])
        self._most = int(places.max(initial=0))
        self._powers = exact_pair([10**k for k in range(self._most + 1)])

    def number(self, player: int, place: int) -> Fraction:
        """See :class:`PayoffTable`."""
        if (player, place) in self.others:
            return self.others[player, place]
        return Fraction(int(self.mantissas[player, place]), 10 ** int(self.places[player, place]))

    def part(self, places: Integers) -> "Decimals":
        """Those at increasing places."""
        kept = np.isin([place for _, place in self.others], places)
        others = {
            (i, int(np.searchsorted(places, place))): value
            for ((i, place), value), keep in zip(self.others.items(), kept, strict=True)
            if keep
        }
        return Decimals(self.mantissas[:, places], self.places[:, places], others)

    def _pieces(self) -> list[slice]:
        return [slice(start, start + _PIECE) for start in range(0, self.shape[1], _PIECE)]

    def _others_of(self, player: int) -> dict[int, Fraction]:
        return {place: value for (i, place), value in self.others.items() if i == player}

    def _scaled(self, player: int, piece: slice) -> Pair:
        """Payoffs times 10^most, as pairs."""
        mantissas = self.mantissas[player, piece]
        if self._most == 0:
            return exact_integers(mantissas)
        missing = self._most - self.places[player, piece]
        return pair_product(exact_integers(mantissas), (self._powers[0][missing], self._powers[1][missing]))

    def _rounded(self, player: int, piece: slice) -> Floats:
        """Payoffs with an error of less than four units in the last place."""
        high, low = self._scaled(player, piece)
        return np.asarray((high + low) / float(10**self._most))

    def limits(self, player: int) -> tuple[Fraction, Fraction]:
        """See :class:`PayoffTable`."""
        others = self._others_of(player)
        found = set(others.values())
        excluded = np.array(sorted(others), dtype=np.int64)
        for piece in self._pieces():
            rounded = self._rounded(player, piece)
            left = np.ones(len(rounded), dtype=bool)
            left[excluded[(excluded >= piece.start) & (excluded < piece.stop)] - piece.start] = False
            if not left.any():
                continue
            for least in (rounded[left].min(), rounded[left].max()):
                near = np.flatnonzero(left & (np.abs(rounded - least) <= 2.0**-49 * abs(least))) + piece.start
                pairs = np.stack([self.mantissas[player, near], self.places[player, near]])
                parts = np.unique(pairs, axis=1, return_index=True)[
                    0
                ]  # without indices NumPy would load its masked arrays
                found |= {Fraction(int(m), 10 ** int(k)) for m, k in parts.T}
        return min(found), max(found)

    def rewards(self, player: int, low: Number, scale: Number) -> Floats:
        """See :class:`PayoffTable`; rounded once."""
        low, scale = Fraction(low), Fraction(scale)
        unit = 10**self._most
        floor, span = low * unit, scale * unit
        out = np.empty(self.shape[1])
        for piece in self._pieces():
            out[piece] = self._quotients(player, piece, floor, span)
        for place, value in self._others_of(player).items():
            out[place] = float((value - low) / scale)
        return out

    def _quotients(self, player: int, piece: slice, floor: Fraction, span: Fraction) -> Floats:
        scaled = self._scaled(player, piece)
        size = float(np.abs(scaled[0]).max())
        small = size <= _EXACT and abs(floor) <= _EXACT and span <= _EXACT
        if small and floor.denominator == span.denominator == 1:
            return np.asarray((scaled[0] - float(floor)) / float(span))
        low, width = exact_pair(floor), exact_pair(span)
        found, rest = pair_quotient(pair_sum(scaled, (-low[0], -low[1])), width)
        error = _ERROR * ((np.abs(scaled[0]) + np.abs(low[0])) / width[0] + np.abs(found))
        sure = (found + (rest + error) == found) & (found + (rest - error) == found)
        if not sure.all():
            places = np.flatnonzero(~sure)
            parts = np.stack([self.mantissas[player, piece][places], self.places[player, piece][places]])
            kinds, which = np.unique(parts, axis=1, return_inverse=True)
            exact = [float((Fraction(int(m) * 10 ** (self._most - int(k))) - floor) / span) for m, k in kinds.T]
            found[places] = np.array(exact)[which.reshape(-1)]
        return found

    def apart(self, low: Number, scale: Number, share: float = 2.0**-53) -> bool:
        """See :class:`PayoffTable`: integers out of few enough are."""
        floor, span = Fraction(low) * 10**self._most, Fraction(scale) * 10**self._most
        return not self.others and span <= min(_EXACT, 0.5 / share) and floor.denominator == 1

    def same(self, player: int, one: Integers, other: Integers) -> Booleans:
        """See :class:`PayoffTable`."""
        mantissas, places = self.mantissas[player], self.places[player]
        equal = (mantissas[one] == mantissas[other]) & (places[one] == places[other])
        values = [mantissas[at] / 10.0 ** places[at] for at in (one, other)]
        equal |= _close(*values) & ((places[one] > 0) | (places[other] > 0))
        if self.others:
            rare = np.isin(one, list(self._others_of(player))) | np.isin(other, list(self._others_of(player)))
            for k in np.flatnonzero(rare):
                equal[k] = self.number(player, int(one[k])) == self.number(player, int(other[k]))
        return np.asarray(equal)

    def sums(self, step: slice) -> tuple[int, Booleans, Floats]:
        """See :class:`PayoffTable`; exact: what is 0 modulo 2^64 and smaller than that is 0."""
        wanted = self.number(0, step.start) + self.number(1, step.start)
        unit = 10**self._most
        total = wanted * unit
        far = exact_pair(-total)
        same, off = np.zeros(self.shape[1], dtype=bool), np.empty(self.shape[1])
        for piece in self._pieces():
            parts = [self._scaled(i, piece) for i in range(2)]
            rest = pair_sum(pair_sum(*parts), far)
            error = _ERROR * (np.abs(parts[0][0]) + np.abs(parts[1][0]) + np.abs(far[0]))
            off[piece] = rest[0] / float(unit)
            if total.denominator == 1:
                left = self._modulo(0, piece) + self._modulo(1, piece) - np.uint64(int(total) % 2**64)
                same[piece] = (left == 0) & (np.abs(rest[0]) + error < 2.0**63)
        for at in {at for _, at in self.others}:
            excess = self.number(0, at) + self.number(1, at) - wanted
            same[at], off[at] = excess == 0, float(excess)
        return step.start, same[step], off[step]

    def _modulo(self, player: int, piece: slice) -> npt.NDArray[np.uint64]:
        """Payoffs times 10^most modulo 2^64."""
        powers = np.array([10**k % 2**64 for k in range(self._most + 1)], dtype=np.uint64)
        return self.mantissas[player, piece].astype(np.uint64) * powers[self._most - self.places[player, piece]]


def _close(one: npt.ArrayLike, other: npt.ArrayLike) -> Booleans:
    """Whether numbers are as near to each other as floats that are the same number, worked out in other ways."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    return np.asarray(np.abs(a - b) <= _FLOAT_ROUNDING * np.maximum(np.abs(a), np.abs(b)))


def _shorten(mantissas: Integers, places: npt.NDArray[np.int8]) -> None:
    """Strip zeros at the end of decimals, in place, so that equal numbers have equal parts."""
    for row, digits in zip(mantissas, places, strict=True):
        left = np.flatnonzero((digits > 0) & (row % 10 == 0))
        while left.size:
            row[left] //= 10
            digits[left] -= 1
            left = left[(digits[left] > 0) & (row[left] % 10 == 0)]


def exact_integers(integers: Integers) -> Pair:
    """Integers below 2^62 as pairs."""
    high = integers.astype(np.float64)
    return high, (integers - high.astype(np.int64)).astype(np.float64)
