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


@pytest.mark.parametrize("lead", [(), (2,), (2, 3), (1, 2, 2)])
def test_divergence_of_players_keeps_leading_axes(lead):
    """Loops: at each step the largest -log of the initial probability of the best action, then summed over steps."""
    rng = np.random.default_rng((5, *lead))
    horizon, states, actions = 3, 2, (2, 4)
    payoff = [rng.permuted(np.broadcast_to(np.arange(n), (*lead, horizon, states, n)), axis=-1) / 4 for n in actions]
    initial = [rng.dirichlet(np.ones(n), size=(*lead, horizon, states)) for n in actions]
    found = bounds.player_divergence(payoff, initial, worst=True)
    assert found.shape == lead
    for place in np.ndindex(*lead):
        expected = 0.0
        for h in range(horizon):
            largest = 0.0
            for i, n in enumerate(actions):
                for s in range(states):
                    (best,) = [a for a in range(n) if payoff[i][(*place, h, s, a)] == (n - 1) / 4]
                    largest = max(largest, -math.log(initial[i][(*place, h, s, best)]))
            expected += largest
        assert float(found[place]) == pytest.approx(expected, rel=1e-14)


def test_numbers_of_single_precision_lose_nothing():
    """Worked out in double precision, of the numbers that they are: 0.1 in single precision is 0.10000000149."""
    rate, t, k, gap = np.float32(0.1), np.float32(3.0), np.float32(17.0), np.float32(0.3)
    eta, eps = float(rate), float(gap)
    near = pytest.approx
    assert float(bounds.theorem_5(2.0, 2, t, 3, rate)) == near(6 / (eta * 3) + 36 * 9 * eta**2 * 16, rel=1e-14)
    smooth = math.exp(2 * eta) * 1.5 * 2 / (eta * 3) + 9 / 32 * 4 * eta**3 * 32 + 7 / 3  # C(2) = 7
    assert float(bounds.theorem_5_smooth(2.0, 2, t, 3, rate)) == near(smooth, rel=1e-14)
    law = 2 * 3 / eps**1.5 * (8.0 / 17**1.25 + (8.0 + 8.0) / math.sqrt(17))
    assert float(bounds.theorem_6_iterations(gap, np.float32(4.0), k, 2, 3, 4)) == near(law, rel=1e-14)
    assert float(bounds.cce_learning_rate(2, t, 3)) == near((4 * 4 * 3) ** (-1 / 3), rel=1e-14)
    uniform = 12 * 3 ** (2 / 3) * 2 ** (8 / 3) * math.log(3) * math.log(4) / 3 ** (2 / 3)
    assert float(bounds.theorem_5_uniform(2, t, 3, 4)) == near(uniform, rel=1e-14)
    printed = 4.0 * 4 * math.log(3) * math.log(6)
    assert float(bounds.theorem_1_uniform(2, t, (2, 3), rate)) == near(48 / eta * printed / 3, rel=1e-14)


def test_the_largest_step_takes_single_precision_for_what_it_is():
    kappa, discount = np.float32(1.1), 0.5
    expected = 0.5**4 / (8 * float(kappa) ** 3 * 2 * 3)
    assert float(bounds.largest_ascent_step(discount, kappa, 2, 3)) == pytest.approx(expected, rel=1e-14)
