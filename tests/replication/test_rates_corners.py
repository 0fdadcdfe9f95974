"""Ratios, slopes and speed-ups where wrong code differs: fractions, zeros, numbers of resamples left out."""

import math
from fractions import Fraction

import numpy as np
import pytest

from metanash_replication.rates import (
    bootstrap_means,
    fit_slope,
    gap_ratio,
    iterations_to_reach,
    percentile_interval,
    power_law,
    slope_on_window,
    speed_up,
)

GRID = np.array([1, 10, 100, 1000])


def generator():
    return np.random.default_rng(3)


def test_ratio_of_gaps_by_hand():
    """1 where both are 0, infinite where only individual learning has none, and 0 the other way round."""
    np.testing.assert_array_equal(gap_ratio([0.0, 0.5, 0.0, 0.5], [0.0, 0.0, 0.25, 0.25]), [1.0, np.inf, 0.0, 2.0])
    np.testing.assert_array_equal(gap_ratio([[1.0], [3.0]], [2.0, 4.0]), [[0.5, 0.25], [1.5, 0.75]])
    assert float(gap_ratio(1e-300, 4e-300)) == pytest.approx(0.25, rel=1e-12)


def test_whatever_is_a_number_is_taken_as_one():
    """Fractions and integers, in each argument: by hand, from 1/2 to 1/8 on (1, 16) a power of -1/2, 1/4 at 4."""
    half, eighth, quarter = Fraction(1, 2), Fraction(1, 8), Fraction(1, 4)
    assert gap_ratio([half], [0.25]).tolist() == gap_ratio([0.5], [quarter]).tolist() == [2.0]
    assert gap_ratio([1], [2]).dtype == np.float64
    whole = [Fraction(1), Fraction(16)]
    for t, y in (([1, 16], [half, eighth]), (whole, [0.5, 0.125]), (whole, [half, eighth])):
        assert float(iterations_to_reach(t, y, 0.25)) == pytest.approx(4.0, rel=1e-14)
        assert float(fit_slope(t, y)) == pytest.approx(-0.5, rel=1e-14)
        exponent, low, high = power_law(t, y, ["a", "a"])
        assert exponent == pytest.approx(-0.5, rel=1e-14)
        assert math.isnan(low)
        assert math.isnan(high)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_a_power_law_needs_numbers_above_zero(place, bad):
    given = [[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]
    given[place][1] = bad
    with pytest.raises(ValueError, match="fitted to numbers above 0"):
        power_law(*given, ["a", "a", "a"])


def test_an_interval_of_one_degree_of_freedom():
    """By hand with Student's t at one degree, tan(0.95 pi / 2): log y is (0, 1, 1) at log x of (-1, 0, 1).

    The slope is 1/2; residuals are (-1/6, 1/3, -1/6), squares sum to 1/6, so the error is sqrt(1/6 / 1 / 2).
    """
    x, y = np.exp([-1.0, 0.0, 1.0]), np.exp([0.0, 1.0, 1.0])
    exponent, low, high = power_law(x, y, ["one"] * 3)
    half = math.tan(0.95 * math.pi / 2) * math.sqrt(1 / 12)
    assert (exponent, low, high) == pytest.approx((0.5, 0.5 - half, 0.5 + half), rel=1e-12)


def test_resamples_are_two_thousand_where_nothing_is_said():
    curves = np.random.default_rng(1).uniform(0.5, 1.0, size=(20, 1)) / GRID**0.5
    other = np.random.default_rng(2).uniform(0.3, 1.0, size=(20, 1)) / GRID**0.7
    unsaid = speed_up(GRID, curves, other, 0.1, generator())
    assert unsaid == speed_up(GRID, curves, other, 0.1, generator(), 2000)
    assert unsaid != speed_up(GRID, curves, other, 0.1, generator(), 2001)
    mixed = np.concatenate([curves, other])
    slope = slope_on_window(GRID, mixed, 1.0 / GRID, (1, 1000), generator())
    assert slope == slope_on_window(GRID, mixed, 1.0 / GRID, (1, 1000), generator(), 2000)
    assert slope != slope_on_window(GRID, mixed, 1.0 / GRID, (1, 1000), generator(), 2001)
    assert len(bootstrap_means(curves, 2001, generator())) == 2001


def test_an_interval_between_infinities_takes_the_nearest_estimate():
    """Of 1, ..., 38 and twice infinity, places 0.975 and 38.025 of 39: the second, and infinity, not inf - inf."""
    assert percentile_interval(np.array([*range(1, 39), math.inf, math.inf], float)) == (2.0, math.inf)
    assert percentile_interval(np.arange(1.0, 41.0)) == (pytest.approx(1.975), pytest.approx(39.025))
