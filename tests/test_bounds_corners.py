"""Right-hand sides where wrong code differs: rewards missed, step by step, and ties at their limit."""

import math
from fractions import Fraction

import numpy as np
import pytest

from metanash import bounds
from metanash.bounds.zero_sum import missed_rewards


def missed_by_counting(horizon):
    """Play the first stages turn by turn: of m rewards to come, a turn of stage tau sees tau - 1."""
    counts = []
    for m in range(1, horizon + 1):
        length, missed = horizon, 0
        for tau in range(1, m + 1):
            for _ in range(length):
                missed += m - (tau - 1)
            length = math.floor(Fraction(length) * (1 + Fraction(1, horizon)))
        counts.append(missed)
    return counts


@pytest.mark.parametrize("horizon", range(1, 9))
def test_rewards_missed_at_each_step(horizon):
    assert missed_rewards(horizon) == missed_by_counting(horizon)
    assert bounds.burn_in(horizon) == sum(missed_by_counting(horizon))


def test_rewards_missed_by_hand():
    """Stages of 2 and 3: one reward to come is missed twice, of two both twice and then one three times."""
    assert missed_rewards(1) == [1]
    assert missed_rewards(2) == [2, 7]
    assert missed_rewards(3) == [3, 10, 22]


def test_actions_within_the_tie_are_tied_and_those_beyond_are_not():
    """1e-12 below the best counts as best, by hand; the smallest initial probability among the tied is 1/8."""
    initial = np.array([0.5, 0.125, 0.375])
    at = np.array([1.0, 1.0 - 1e-12, 0.0])
    beyond = np.array([1.0, 1.0 - 1.01e-12, 0.0])
    assert float(bounds.vertex_divergence(at, initial, worst=True)) == pytest.approx(math.log(8))
    assert float(bounds.vertex_divergence(beyond, initial, worst=True)) == pytest.approx(math.log(2))
    first = np.array([1.0 - 1e-12, 1.0, 0.0])
    assert float(bounds.vertex_divergence(first, initial, worst=False)) == pytest.approx(math.log(2))
