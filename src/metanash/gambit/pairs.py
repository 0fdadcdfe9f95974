"""Unevaluated sums of two floats, high + low with ``|low|`` at most half a unit of high: about 106 bits.

Algorithms of Dekker (1971) and Knuth for products and sums without error; no fused multiply-add is needed.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from metanash.typing import Floats

__all__ = ["Pair", "exact_pair", "pair_product", "pair_quotient", "pair_sum"]

Pair = tuple[Floats, Floats]

_SPLIT = 2.0**27 + 1.0


def exact_pair(number: "Fraction | Sequence[int]") -> Pair:
    """The pair next to a rational number, or those next to several integers.

    Examples
    --------
    >>> [float(part) for part in exact_pair(Fraction(1, 4))]
    [0.25, 0.0]
    """
    if isinstance(number, Fraction):
        return np.asarray(float(number)), np.asarray(float(number - Fraction(float(number))))
    return np.array(list(map(float, number))), np.array([float(x - int(float(x))) for x in number])


def _ordered_sum(high: Floats, low: Floats) -> Pair:
    """Sum without error where |high| >= |low|."""
    total = high + low
    return total, low - (total - high)


def _sum(one: Floats, other: Floats) -> Pair:
    """Sum without error."""
    total = one + other
    part = total - one
    return total, (one - (total - part)) + (other - part)


def _halves(number: Floats) -> Pair:
    """Two floats of 26 bits that sum to one."""
    shifted = _SPLIT * number
    high = shifted - (shifted - number)
    return high, number - high


def _product(one: Floats, other: Floats) -> Pair:
    """Product without error."""
    total = one * other
    (a, b), (c, d) = _halves(one), _halves(other)
    return total, ((a * c - total) + a * d + b * c) + b * d


def pair_sum(one: Pair, other: Pair) -> Pair:
    """Sum, with an error of at most 2^-103 of the sizes of the two.

    Examples
    --------
    >>> [float(part) for part in pair_sum(exact_pair(Fraction(1)), exact_pair(Fraction(1, 2**60)))] == [1.0, 2.0**-60]
    True
    """
    high, rest = _sum(one[0], other[0])
    low, tail = _sum(one[1], other[1])
    high, rest = _ordered_sum(high, rest + low)
    return _ordered_sum(high, rest + tail)


def pair_product(one: Pair, other: Pair) -> Pair:
    """Product, with a relative error of at most 2^-101.

    Examples
    --------
    >>> [float(part) for part in pair_product(exact_pair(Fraction(3)), exact_pair(Fraction(1, 4)))]
    [0.75, 0.0]
    """
    high, low = _product(one[0], other[0])
    return _ordered_sum(high, low + (one[0] * other[1] + one[1] * other[0]))


def pair_quotient(one: Pair, other: Pair) -> Pair:
    """Quotient, with a relative error of at most 2^-99.

    Examples
    --------
    >>> third = pair_quotient(exact_pair(Fraction(1)), exact_pair(Fraction(3)))
    >>> abs(Fraction(float(third[0])) + Fraction(float(third[1])) - Fraction(1, 3)) < Fraction(1, 2**99)
    True
    """
    first = one[0] / other[0]
    left = pair_sum(one, _negative(pair_product((first, np.zeros_like(first)), other)))
    second = left[0] / other[0]
    left = pair_sum(left, _negative(pair_product((second, np.zeros_like(second)), other)))
    high, low = _ordered_sum(first, second)
    return _ordered_sum(high, low + left[0] / other[0])


def _negative(pair: Pair) -> Pair:
    return -pair[0], -pair[1]
