"""Slopes on log-log axes: exact power laws, a regression in fractions, windows with their ends, and the verdict."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metanash_replication.rates import Slope, fit_slope, judge_slopes, slope_on_window

GRID = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000])


def generator(*seed):
    return np.random.default_rng(seed)


# Fit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-9, 0.3, 70.0])
@pytest.mark.parametrize("power", [-2.0, -1.0, -2 / 3, 0.0, 0.5])
def test_a_power_law_has_its_exponent(scale, power):
    assert float(fit_slope(GRID, scale * GRID**power)) == pytest.approx(power, abs=1e-12)


def regression(x, y):
    """Normal equations in fractions: the slope is (n Sxy - Sx Sy) / (n Sxx - Sx^2)."""
    x, y, n = [Fraction(v) for v in x], [Fraction(v) for v in y], len(x)
    cross = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
    return cross / (n * sum(a * a for a in x) - sum(x) ** 2)


@given(st.lists(st.floats(1e-8, 10.0), min_size=2, max_size=len(GRID)))
def test_against_the_normal_equations(curve):
    """Base-2 logarithms on both axes give the same slope."""
    t = GRID[: len(curve)]
    expected = regression([math.log2(v) for v in t], [math.log2(v) for v in curve])
    assert float(fit_slope(t, curve)) == pytest.approx(float(expected), abs=1e-10)


def test_worked_example():
    """log10 t = 0, 1, 2 and log10 y = 0, -1, -1: slope ((-1)(0) + (1)(-1)) / 2 = -1/2; ends and middle differ."""
    assert float(fit_slope([1, 10, 100], [1.0, 0.1, 0.1])) == pytest.approx(-0.5)
    assert float(fit_slope([1, 10], [1.0, 0.1])) == pytest.approx(-1.0)


def test_leading_axes():
    powers = generator(1).uniform(-2, 0, size=(2, 3))
    curves = generator(2).uniform(0.1, 1, size=(2, 3, 1)) * GRID ** powers[..., np.newaxis]
    np.testing.assert_allclose(fit_slope(GRID, curves), powers, atol=1e-12)


@pytest.mark.parametrize("t", [[], [10]])
def test_a_slope_needs_two_points(t):
    with pytest.raises(ValueError, match=f"at least two points, got {len(t)}"):
        fit_slope(t, np.ones(len(t)))


@pytest.mark.parametrize("bad", [0.0, -1e-3, math.nan])
def test_a_curve_must_be_above_zero(bad):
    with pytest.raises(ValueError, match="needs a curve above 0"):
        fit_slope([1, 10, 100], [[1.0, 0.5, 0.2], [1.0, 0.5, bad]])


# Windows ------------------------------------------------------------------------------------------------


def kinked(inside, outside, start, end):
    """A power law on [start, end] and another exponent outside, continuous."""
    clipped = np.clip(GRID, start, end)
    return clipped**inside * (GRID / clipped) ** outside


@pytest.mark.parametrize(("start", "end"), [(10, 1000), (1, 100), (100, 10_000), (7, 1300)])
def test_only_the_window_counts(start, end):
    gaps = np.array([[0.5], [2.0]]) * kinked(-1.0, 3.0, start, end)
    bound = kinked(-0.75, 3.0, start, end)
    found = slope_on_window(GRID, gaps, bound, (start, end), generator(1), 50)
    assert (found.start, found.end) == (start, end)
    for number, expected in ((found.slope, -1.0), (found.low, -1.0), (found.high, -1.0), (found.bound, -0.75)):
        assert number == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("window", [(100, 1000), (100.0, 1000.0)])
@pytest.mark.parametrize("side", [0, 1])
def test_both_ends_belong_to_the_window(window, side):
    """A spike at an end is seen, one at the checkpoint beyond it is not."""
    smooth = 1.0 / GRID
    for offset, seen in ((0, True), (-1 if side == 0 else 1, False)):
        place = int(np.flatnonzero(window[side] == GRID)[0]) + offset
        gaps = np.tile(smooth, (2, 1))
        gaps[:, place] *= 1.5
        found = slope_on_window(GRID, gaps, gaps[0], window, generator(1), 20)
        assert (abs(found.slope + 1.0) > 1e-3) == seen
        assert (abs(found.bound + 1.0) > 1e-3) == seen


def test_the_slope_is_that_of_the_mean_curve():
    """Not the mean of the slopes: t^-1 + 30 t^-2 has a slope between -2 and -1, which moves along the window."""
    gaps = np.stack([GRID**-1.0, 30 * GRID**-2.0])
    found = slope_on_window(GRID, gaps, GRID**-1.0, (1, 100), generator(1), 2000)
    inside = GRID <= 100
    expected = regression(np.log(GRID[inside]), np.log((gaps[0] + gaps[1])[inside] / 2))
    assert found.slope == pytest.approx(float(expected), abs=1e-12)
    assert abs(found.slope + 1.5) > 0.05
    # a quarter of the resamples are the first seed twice, a quarter the second twice
    assert (found.low, found.high) == pytest.approx((-2.0, -1.0))


def test_interval_is_that_of_resampled_seeds():
    """With exponents p on a grid of two points, a resample's slope is log of a ratio of means: enumerate all 27."""
    powers = np.array([-0.5, -1.0, -1.5])
    gaps = 100.0 ** (np.array([0.0, 1.0]) * powers[:, np.newaxis])
    slopes = sorted(
        math.log(sum(100.0 ** powers[i] for i in draw) / 3) / math.log(100.0)
        for draw in np.ndindex(3, 3, 3)
    )  # fmt: skip
    found = slope_on_window([1, 100], gaps, [1.0, 0.1], (1, 100), generator(3), 5000)
    # each of the 27 resamples has probability 1/27 > 2.5 %, so the quantiles are the extremes
    assert (found.low, found.high) == pytest.approx((slopes[0], slopes[-1]))
    assert found.low < found.slope < found.high
    assert found.bound == pytest.approx(-0.5)


def test_interval_is_deterministic_in_its_generator():
    gaps = generator(5).uniform(0.5, 1.0, size=(6, len(GRID))) / GRID
    one, same, other = (slope_on_window(GRID, gaps, 1.0 / GRID, (10, 1000), generator(k), 200) for k in (4, 4, 5))
    assert one == same != other


@pytest.mark.parametrize("window", [(3, 4), (6, 10), (20_000, 30_000)])
def test_a_window_with_fewer_than_two_checkpoints(window):
    with pytest.raises(ValueError, match="at least two points"):
        slope_on_window(GRID, np.ones((2, len(GRID))), np.ones(len(GRID)), window, generator(1), 10)


def test_a_gap_of_zero_outside_the_window_does_not_matter():
    gaps = np.where(GRID <= 1000, 1.0 / GRID, 0.0)[np.newaxis]
    assert slope_on_window(GRID, gaps, 1.0 / GRID, (10, 1000), generator(1), 10).slope == pytest.approx(-1.0)
    with pytest.raises(ValueError, match="above 0"):
        slope_on_window(GRID, gaps, 1.0 / GRID, (10, 2000), generator(1), 10)


# Verdict ------------------------------------------------------------------------------------------------


def slope(value, bound=-1.0, width=0.0):
    return Slope(1.0, 10.0, value, value - width, value + width, bound)


@pytest.mark.parametrize(
    ("before", "last", "verdict"),
    [
        (slope(-0.5), slope(-1.1), "consistent"),  # steeper than the bound
        (slope(-0.5), slope(-0.875), "consistent"),  # at the margin of 1/8
        (slope(-0.5), slope(-0.875, width=0.01), "inconclusive"),  # the interval crosses the margin
        (slope(-0.9), slope(-0.875, width=0.01), "inconclusive"),
        (slope(-0.9, width=0.5), slope(-1.0, width=0.0625), "consistent"),  # only the last window counts
        (slope(-0.5), slope(-0.5), "violated"),  # no nearer
        (slope(-0.5), slope(-0.5 - 5e-10), "violated"),  # nearer by no more than rounding
        (slope(-0.5), slope(-0.5 - 5e-9), "inconclusive"),  # nearer
        (slope(-0.5, bound=-1.0), slope(-0.5, bound=-1.0 + 5e-10), "violated"),  # the same, by the bound's slope
        (slope(-0.6), slope(-0.5), "violated"),  # farther
        (slope(-0.5), slope(-0.6), "inconclusive"),  # nearer: a transient
        (slope(-0.5), slope(-0.6, width=0.3), "inconclusive"),
        (slope(-0.5, bound=-0.9), slope(-0.55, bound=-1.0), "violated"),  # the bound got steeper faster
        (slope(-0.5, bound=-1.0), slope(-0.45, bound=-0.9), "inconclusive"),
        (slope(-0.5), slope(-0.5, width=0.375), "inconclusive"),  # begins at the margin, not above it
        (slope(-0.5), slope(-0.5, width=0.37), "violated"),
    ],
)
def test_verdict(before, last, verdict):
    assert judge_slopes([before, last], 0.125) == verdict
    assert judge_slopes([slope(-9.0), slope(3.0), before, last], 0.125) == verdict


def test_the_margin_moves_the_verdict():
    windows = [slope(-0.9), slope(-0.9)]
    assert [judge_slopes(windows, margin) for margin in (0.0, 0.09, 0.11)] == ["violated", "violated", "consistent"]


@pytest.mark.parametrize("count", [0, 1])
def test_a_verdict_needs_two_windows(count):
    with pytest.raises(ValueError, match="at least two windows"):
        judge_slopes([slope(-1.0)] * count, 0.1)


@pytest.mark.parametrize(
    ("curve", "verdict"),
    [
        (lambda t: np.log(t) / t, "consistent"),
        (lambda t: 1 / t, "consistent"),
        (lambda t: t**-0.8, "violated"),
        (lambda t: t**-0.5, "violated"),
        (lambda t: t**-0.4, "violated"),
        (lambda t: 1 / t + 1e-2 * t**-0.5, "violated"),  # bends the wrong way
        (lambda t: np.log(t) / (t + 1e4), "inconclusive"),  # flat, then like the bound: a transient
    ],
)
def test_verdict_on_curves(curve, verdict):
    """Windows of decades up to 1e5, against log T / T."""
    t = np.unique(np.geomspace(10, 1e5, 60).round())
    gaps = np.array([[0.5], [1.0], [1.5]]) * curve(t)
    bound = 1000 * np.log(t) / t
    windows = [slope_on_window(t, gaps, bound, w, generator(1), 50) for w in ((1e2, 1e3), (1e3, 1e4), (1e4, 1e5))]
    assert judge_slopes(windows, 0.03) == verdict


@pytest.mark.parametrize("power", [-0.4, -0.3, -0.45, -1 / 3])
def test_an_exact_power_law_above_the_bound_is_refuted(power):
    """Beside T^-1/2 the excess is the same on all windows, and which rounds to less is chance."""
    t = np.unique(np.geomspace(1, 1e6, 121).round())
    decades = [(10.0**k, 10.0 ** (k + 1)) for k in range(6)]
    for scale in (1.0, 1 / 3, 0.7, 1e-4):
        gaps = scale * np.array([[0.1], [0.2], [0.7]]) * t**power
        windows = [slope_on_window(t, gaps, 5.0 * t**-0.5, w, generator(1), 20) for w in decades]
        for pair in itertools.pairwise(windows):
            assert judge_slopes(pair, 0.03) == judge_slopes(pair[::-1], 0.03) == "violated"
