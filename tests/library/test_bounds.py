"""Right-hand sides of Theorems 1 and 2: numbers worked out by hand, and a second evaluation in decimals.

The second evaluation follows the formulas as they are printed (equation (6) with H^5 outside the bracket, stage lengths
as floors of fractions) and takes nothing from ``metanash``.
"""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import oracles
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import random_distributions, seeds

from metanash import bounds
from metanash.learners.schedules import stage_count

DIGITS = 40
ROUNDING = 1e-13
"""Relative: a dozen roundings of 1.1e-16 each."""


def decimals(function):
    """Call with 40 digits, return a float."""

    def call(*arguments):
        with localcontext() as context:
            context.prec = DIGITS
            return float(function(*(Decimal(x) if isinstance(x, int | float) else x for x in arguments)))

    return call


@decimals
def printed_1(divergence, horizon, t):
    return 192 * horizon**3 / t * divergence


@decimals
def repaired_1(divergence, horizon, t, rate):
    return 24 * horizon / (rate * t) * divergence


@decimals
def printed_4(horizon, t, a, b):
    return 768 * horizon**5 * t.ln() * (a * b).ln() / t


@decimals
def printed_6(similarity, games, horizon, t, a, b):
    bracket = similarity / (games * horizon**2)
    bracket += 10 * (a + b) * games.ln() / (games.sqrt() * horizon**2)
    bracket += 16 * t.ln() * (a * b * games).ln() / games.sqrt()
    return 192 * horizon**5 / t * bracket


def near(value):
    return pytest.approx(value, rel=ROUNDING, abs=0)


# By hand ------------------------------------------------------------------------------------------------


def test_theorem_1_by_hand():
    """192 * 2^3 * 3 / 1000 = 4608 / 1000; with eta = 1/100: 24 * 2 * 3 / (1000 / 100) = 144 / 10."""
    assert float(bounds.theorem_1(3.0, 2, 1000)) == near(4.608)
    assert float(bounds.theorem_1(3.0, 2, 1000, 0.01)) == near(14.4)


def test_equation_4_by_hand():
    """log 1000 log 4 = 6.907755 * 1.386294 = 9.576182; 768 * 32 * that / 1000; 96 * 8 * that / (1000 / 100).

    The paper's own scale: no gap of a game with H = 2 is above 2, so the bound is vacuous there by a factor of 118.
    """
    assert float(bounds.theorem_1_uniform(2, 1000, (2, 2))) == pytest.approx(235.3443, abs=1e-4)
    assert float(bounds.theorem_1_uniform(2, 1000, (2, 2), 0.01)) == pytest.approx(735.4508, abs=1e-4)


def test_equation_6_by_hand():
    """K = 16, H = 1, T = 1000, A = 2, B = 3, Delta = 8: 8/16 + 50 log 16 / 4 + 16 log 1000 log 96 / 4.

    That is 0.5 + 34.657359 + 126.117622 = 161.274981; times 192 / 1000.
    """
    inner = 0.5 + 12.5 * 2.772588722 + 4 * 6.907755279 * 4.564348191
    assert inner == pytest.approx(161.275, abs=1e-3)
    assert float(bounds.theorem_2(8.0, 16, 1, 1000, (2, 3))) == pytest.approx(0.192 * inner, rel=1e-9)


def test_equation_4_at_small_t():
    """log 1 = 0, so at T = 1 the right side is 0 though the gap need not be; at T = 2 it is 384 log 2 log 4."""
    one, two = bounds.theorem_1_uniform(1, [1, 2], (2, 2)).tolist()
    assert one == 0.0
    assert two == pytest.approx(384 * 0.693147181 * 1.386294361, rel=1e-8)


@pytest.mark.parametrize(("horizon", "rate"), [(1, 0.125), (2, 0.03125), (3, 1 / 72), (4, 1 / 128)])
def test_largest_learning_rate(horizon, rate):
    assert bounds.largest_learning_rate(horizon) == rate


def test_trivial_gap_is_the_range_of_the_values():
    assert [bounds.trivial_gap(horizon) for horizon in (1, 2, 5)] == [1.0, 2.0, 5.0]


# Burn-in ------------------------------------------------------------------------------------------------


def burn_in(horizon):
    """By loops; stage lengths as floors of exact fractions."""
    total = 0
    for m in range(1, horizon + 1):
        length = horizon
        for tau in range(1, m + 1):
            total += length * (m + 1 - tau)
            length = math.floor(length * (1 + Fraction(1, horizon)))
    return total


@pytest.mark.parametrize(("horizon", "value"), [(1, 1), (2, 9), (3, 35), (4, 95), (5, 210)])
def test_burn_in_by_hand(horizon, value):
    """H = 2, L = 2, 3: m = 1 gives 2, m = 2 gives 2 * 2 + 3. H = 3, L = 3, 4, 5: 3 + (6 + 4) + (9 + 8 + 5)."""
    assert bounds.burn_in(horizon) == value


@pytest.mark.parametrize("horizon", range(1, 13))
def test_burn_in_against_loops(horizon):
    assert bounds.burn_in(horizon) == burn_in(horizon)
    assert horizon == 1 or horizon**3 < burn_in(horizon)


@pytest.mark.parametrize(("horizon", "value"), [(1, 1), (2, 11), (3, 48), (4, 140), (5, 325)])
def test_two_sided_burn_in_by_hand(horizon, value):
    """H = 2: step 2 has 2, step 1 has 2 * 2 + 3 = 7, so 2 (2 + 7) - 7. H = 3: 2 (3 + 10 + 22) - 22."""
    assert bounds.two_sided_burn_in(horizon) == value


# The second evaluation ----------------------------------------------------------------------------------

horizons = st.integers(1, 6)
iterations = st.integers(1, 10**8)
divergences = st.floats(0.0, 1e4)
rates = st.floats(1e-6, 1.0)
actions = st.integers(1, 9)


@given(divergences, horizons, iterations, rates)
def test_theorem_1_in_decimals(divergence, horizon, t, rate):
    assert float(bounds.theorem_1(divergence, horizon, t)) == near(printed_1(divergence, horizon, t))
    assert float(bounds.theorem_1(divergence, horizon, t, rate)) == near(repaired_1(divergence, horizon, t, rate))


@given(horizons, iterations, actions, actions, rates)
def test_equation_4_in_decimals(horizon, t, a, b, rate):
    """The repaired form has 1 / (8 H^2 eta) for a factor: 768 H^5 / (8 H^2) = 96 H^3."""
    printed = printed_4(horizon, t, a, b)
    assert float(bounds.theorem_1_uniform(horizon, t, (a, b))) == near(printed)
    repaired = float(bounds.theorem_1_uniform(horizon, t, (a, b), rate))
    assert repaired == pytest.approx(printed / (8 * horizon**2 * rate), rel=1e-12, abs=0)


@given(st.floats(0.0, 1e5), st.integers(5, 1000), horizons, iterations, actions, actions, rates)
def test_equation_6_in_decimals(similarity, games, horizon, t, a, b, rate):
    printed = printed_6(similarity, games, horizon, t, a, b)
    assert float(bounds.theorem_2(similarity, games, horizon, t, (a, b))) == near(printed)
    repaired = float(bounds.theorem_2(similarity, games, horizon, t, (a, b), rate))
    assert repaired == pytest.approx(printed / (8 * horizon**2 * rate), rel=1e-12, abs=0)


@given(divergences, horizons, iterations, st.integers(5, 100))
def test_printed_and_repaired_agree_at_the_largest_rate(divergence, horizon, t, games):
    rate = bounds.largest_learning_rate(horizon)
    for bound, arguments in (
        (bounds.theorem_1, (divergence, horizon, t)),
        (bounds.theorem_1_uniform, (horizon, t, (2, 3))),
        (bounds.theorem_2, (divergence, games, horizon, t, (2, 3))),
    ):
        assert float(bound(*arguments, rate)) == near(float(bound(*arguments)))


def test_equation_4_covers_theorem_1_at_uniform_starts():
    """There the divergence is (stages) H log(AB): equation (4) says that there are at most 4 H log T stages, T >= 2."""
    for horizon in range(1, 8):
        t, count, length, begun = 0, 0, horizon, []
        while t < 5000:
            begun.append((max(t + 1, 2), count + 1))
            t, count, length = t + length, count + 1, math.floor(length * (1 + Fraction(1, horizon)))
        for first, stages in begun:
            exact = bounds.theorem_1(stages * horizon * math.log(6), horizon, first)
            assert float(exact) <= float(bounds.theorem_1_uniform(horizon, first, (2, 3)))


# Scaling ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "factor"),
    [
        (lambda x: bounds.theorem_1(x * 5.0, 2, 100), 3),
        (lambda x: bounds.theorem_1(5.0, 2, x * 100), 1 / 3),
        (lambda x: bounds.theorem_1(5.0, 2 * x, 100), 3**3),
        (lambda x: bounds.theorem_1(5.0, 2 * x, 100, 0.01), 3),
        (lambda x: bounds.theorem_1(5.0, 2, 100, x * 0.001), 1 / 3),
        (lambda x: bounds.theorem_1_uniform(2 * x, 100, (2, 3)), 3**5),
        (lambda x: bounds.theorem_1_uniform(2 * x, 100, (2, 3), 0.01), 3**3),
        (lambda x: bounds.theorem_1_uniform(2, 100, (5**x, 5**x)), 3),
        (lambda x: bounds.theorem_1_uniform(2, 100**x, (2, 3)) * 100**x, 3),
        (lambda x: bounds.theorem_1_uniform(2, 100, (2, 3), x * 0.001), 1 / 3),
        (lambda x: bounds.theorem_2(x * 7.0, 9, 2, 100, (2, 3)) - bounds.theorem_2(0.0, 9, 2, 100, (2, 3)), 3),
        (lambda x: bounds.theorem_2(7.0, 9, 2, 100, (2, 3), x * 0.001), 1 / 3),
    ],
)
def test_scaling_in_each_argument(bound, factor):
    """Three times as much of one argument."""
    assert float(bound(3)) == pytest.approx(factor * float(bound(1)), rel=1e-12)


def test_arrays_broadcast():
    """Runs and checkpoints: divergences (runs, C), iterations (C,), rates (runs, 1)."""
    divergence, t, rate = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 6.0]]), [1, 10, 100], np.array([[0.01], [0.002]])
    found = bounds.theorem_1(divergence, 2, t, rate)
    uniform = bounds.theorem_1_uniform(2, t, (2, 3), rate)
    assert found.shape == uniform.shape == (2, 3)
    for i, c in np.ndindex(2, 3):
        assert found[i, c] == near(repaired_1(float(divergence[i, c]), 2, t[c], float(rate[i, 0])))
        assert uniform[i, c] == near(float(bounds.theorem_1_uniform(2, t[c], (2, 3), rate[i, 0])))
    similar = bounds.theorem_2(np.array([0.0, 8.0]), 16, 1, 1000, (2, 3))
    assert similar.tolist() == [near(printed_6(x, 16, 1, 1000, 2, 3)) for x in (0.0, 8.0)]


@pytest.mark.parametrize("games", [4, 1, 0])
def test_theorem_2_needs_more_than_four_games(games):
    """At K = 4, alpha = 1 / sqrt(4) is not below 1/2."""
    with pytest.raises(ValueError, match=f"more than 4 games.* got {games}"):
        bounds.theorem_2(1.0, games, 1, 10, (2, 2))
    assert np.isfinite(bounds.theorem_2(1.0, 5, 1, 10, (2, 2)))


# Divergence of vertices ---------------------------------------------------------------------------------


def divergence(payoff, initial):
    """First and worst."""
    return tuple(
        float(bounds.vertex_divergence(np.array(payoff), np.array(initial), worst=worst)) for worst in (False, True)
    )


@pytest.mark.parametrize(
    ("payoff", "initial", "first", "worst"),
    [
        ([1.0, 3.0, 2.0], [0.125, 0.25, 0.625], 1 / 4, 1 / 4),  # no tie: the rarest action does not count
        ([3.0, 3.0, 2.0], [0.75, 0.25, 0.0], 3 / 4, 1 / 4),
        ([3.0, 3.0, 2.0], [0.25, 0.75, 0.0], 1 / 4, 1 / 4),
        ([1.0, 3.0, 3.0], [0.5, 0.375, 0.125], 3 / 8, 1 / 8),
        ([0.0, 0.0, 0.0], [0.25, 0.5, 0.25], 1 / 4, 1 / 4),
        ([-1.0, -0.5, -0.5], [0.25, 0.5, 0.25], 1 / 2, 1 / 4),  # payoffs of a min-player
        ([1.0, 1.0 - 5e-13], [0.75, 0.25], 3 / 4, 1 / 4),  # tied within 1e-12
        ([1.0 - 5e-13, 1.0], [0.75, 0.25], 3 / 4, 1 / 4),  # the first of the tied, not the largest
        ([1.0, 1.0 - 2e-12], [0.75, 0.25], 3 / 4, 3 / 4),
        ([1.0 - 2e-12, 1.0], [0.25, 0.75], 3 / 4, 3 / 4),
    ],
)
def test_vertex_divergence_by_hand(payoff, initial, first, worst):
    assert divergence(payoff, initial) == (near(-math.log(first)), near(-math.log(worst)))


def test_probability_zero_means_an_infinite_divergence():
    assert divergence([1.0, 0.0], [0.0, 1.0]) == (math.inf, math.inf)
    assert divergence([1.0, 1.0], [1.0, 0.0]) == (0.0, math.inf)
    assert divergence([1.0, 1.0], [0.0, 1.0]) == (math.inf, math.inf)
    assert divergence([1.0, 0.0], [1.0, 0.0]) == (0.0, 0.0)


@pytest.mark.parametrize("initial", [[1.0], [1.0, 0.0]])
def test_a_divergence_of_zero_has_no_sign(initial):
    for value in divergence([0.5, 0.25][: len(initial)], initial):
        assert math.copysign(1.0, value) == 1.0


@given(seeds, st.integers(1, 5))
def test_vertex_divergence_against_the_general_one(seed, n):
    """KL(vertex || initial) by the sum over all actions, for each tied vertex; leading axes are kept."""
    rng = np.random.default_rng(seed)
    payoff, initial = rng.integers(4, size=(2, 3, n)) / 4, random_distributions(rng, 2, 3, n)
    found = [bounds.vertex_divergence(payoff, initial, worst=worst) for worst in (False, True)]
    assert found[0].shape == found[1].shape == (2, 3)
    for place in np.ndindex(2, 3):
        row = payoff[place].tolist()
        tied = [a for a in range(n) if row[a] == max(row)]
        each = [oracles.kl([float(b == a) for b in range(n)], initial[place].tolist()) for a in tied]
        assert found[0][place] == near(each[0])
        assert found[1][place] == near(max(each))
        assert 0.0 <= found[0][place] <= found[1][place]


@given(seeds)
def test_ties_only_add_to_the_worst(seed):
    """Lowering the payoff of a tied action that is not the first leaves the first and cannot raise the worst."""
    rng = np.random.default_rng(seed)
    payoff, initial = rng.integers(2, size=4) / 2, rng.dirichlet(np.ones(4))
    tied = np.flatnonzero(payoff == payoff.max())
    assume(len(tied) > 1)
    lowered = payoff.copy()
    lowered[tied[-1]] -= 1e-9
    before, after = divergence(payoff, initial), divergence(lowered, initial)
    assert before[0] == after[0]
    assert before[1] >= after[1]


@pytest.mark.parametrize("excess", [2.3e-16, 1e-10])
def test_vertex_divergence_is_never_negative(excess):
    """A probability may exceed 1 by rounding, and by 1e-9 in initial policies."""
    for value in divergence([1.0, 0.0], [1.0 + excess, 0.0]):
        assert value == 0.0
        assert math.copysign(1.0, value) == 1.0


# Theorems 5 and 6 ---------------------------------------------------------------------------------------


@decimals
def printed_5(divergence, horizon, t, players, rate):
    return 3 / (rate * t) * divergence + 36 * players**2 * rate**2 * horizon**4


@decimals
def printed_11(horizon, t, players, actions):
    third = 1 / Decimal(3)
    return 12 * players ** (2 * third) * horizon ** (8 * third) * t.ln() * actions.ln() / t ** (2 * third)


@decimals
def smooth_5(divergence, horizon, t, players, rate, missed):
    growth = (rate * horizon).exp() * (1 + 1 / horizon) ** (horizon - 1)
    stable = Decimal(9) / 32 * (players - 1) ** 2 * rate**3 * horizon**5
    return growth / (rate * t) * divergence + stable + missed / t


def missed_in_a_chain(horizon):
    """Iterations of stage tau count H + 1 - tau each; by loops."""
    total, length = 0, horizon
    for tau in range(1, horizon + 1):
        total += length * (horizon + 1 - tau)
        length = math.floor(length * (1 + Fraction(1, horizon)))
    return total


def test_theorem_5_by_hand():
    """3 * 2 / (0.1 * 600) + 36 * 4 * 0.01 * 16 = 0.1 + 23.04 for N = H = 2."""
    assert float(bounds.theorem_5(2.0, 2, 600, 2, 0.1)) == near(23.14)


def test_equation_11_by_hand():
    """N = 8, H = 1, T = 1000, A_max = 2: 12 * 4 * 6.907755 * 0.693147 / 100; the rate is 1 / (10 * 7^(2/3))."""
    assert float(bounds.theorem_5_uniform(1, 1000, 8, 2)) == pytest.approx(2.2982837, rel=1e-6)
    assert float(bounds.cce_learning_rate(1, 1000, 8)) == pytest.approx(0.1 / 7 ** (2 / 3), rel=1e-12)
    assert float(bounds.cce_learning_rate(8, 1000, 2)) == near(0.025)
    assert float(bounds.meta_learning_rate(8, 1000, 2, 64)) == near(0.0125)
    assert float(bounds.theorem_5_uniform(1, 1, 2, 2)) == 0.0


@given(
    st.floats(0.0, 1e4), st.integers(1, 6), st.integers(2, 10**8), st.integers(2, 9), st.floats(1e-6, 1.0),
    st.integers(2, 50),
)  # fmt: skip
def test_theorem_5_in_decimals(divergence, horizon, t, players, rate, actions):
    assert float(bounds.theorem_5(divergence, horizon, t, players, rate)) == near(
        printed_5(divergence, horizon, t, players, rate)
    )
    missed = missed_in_a_chain(horizon)
    assert bounds.correlated_burn_in(horizon) == missed
    assert float(bounds.theorem_5_smooth(divergence, horizon, t, players, rate)) == near(
        smooth_5(divergence, horizon, t, players, rate, missed)
    )
    assert float(bounds.theorem_5_uniform(horizon, t, players, actions)) == near(
        printed_11(horizon, t, players, actions)
    )


def test_burn_in_of_a_chain_is_the_last_step_of_that_of_theorem_1():
    """1, 7, 22, 50, 95 by hand: for H = 3, stages of 3, 4, 5 iterations miss 3, 2, 1 rewards."""
    assert [bounds.correlated_burn_in(horizon) for horizon in range(1, 6)] == [1, 7, 22, 50, 95]
    for horizon in range(1, 6):
        assert bounds.two_sided_burn_in(horizon) + bounds.correlated_burn_in(horizon) == 2 * bounds.burn_in(horizon)


def first_part(stages, horizon, t):
    """Theorem 5 over (11) from uniform policies, N = A_max = 2: printed and smooth; D is stages H log A_max."""
    eta, divergence = bounds.cce_learning_rate(horizon, t, 2), stages * horizon * math.log(2)
    uniform = float(bounds.theorem_5_uniform(horizon, t, 2, 2))
    forms = (bounds.theorem_5, bounds.theorem_5_smooth)
    return [float(form(divergence, horizon, t, 2, eta)) / uniform for form in forms]


def test_equation_11_follows_from_the_first_part_late():
    """Its learning rate makes 36 N^2 eta^2 H^4 = 144 H^(8/3) / T^(2/3) larger than what is left of (11) for long.

    With tau stages of Theorem 5, D = tau H log A_max. At H = 1 they are 1, 2, 4, ... long, so tau is 21 from T = 2^20
    to 2^21 - 1, and (11) follows where 63 log 2 + 144 <= 12 2^(2/3) log 2 log T: from T = 1,488,656 on, and for good,
    since later only the iterations that begin a stage could be worse.
    """
    for t in (10, 1000, 10**5, 10**6, 2**20 - 1, 2**20, 1_400_000, 1_488_655):
        assert first_part(stage_count(t, 1), 1, t)[0] > 1
    for t in (1_488_656, 1_500_000, 2**21 - 1, *(2**k for k in range(21, 60))):
        assert first_part(stage_count(t, 1), 1, t)[0] <= 1
    exact = (63 * math.log(2) + 144) / (12 * 2 ** (2 / 3) * math.log(2))
    assert [stage_count(t, 1) for t in (2**20 - 1, 2**20, 2**21 - 1)] == [20, 21, 21]
    assert math.ceil(math.exp(exact)) == 1_488_656


@pytest.mark.parametrize("horizon", [1, 2, 3, 6])
def test_equation_11_with_as_many_stages_as_the_paper_counts(horizon):
    """4 H log T: the first term is 12 H^(8/3) log T log A / T^(2/3), so log T >= 12 / ((2^(2/3) - 1) log 2): 6.3e12."""
    for t, fits in [(1e4, False), (1.5e6, False), (6e12, False), (6.2e12, False), (6.4e12, True), (1e13, True)]:
        assert (first_part(4 * horizon * math.log(t), horizon, t)[0] <= 1) == fits
    assert math.exp(12 / ((2 ** (2 / 3) - 1) * math.log(2))) == pytest.approx(6.3e12, rel=0.01)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_equation_11_follows_from_the_smooth_form(horizon):
    """With eta^3 it fits by either count, wherever (11) says anything: below H."""
    for t in np.unique(np.geomspace(100, 1e13, 60).round()):
        if float(bounds.theorem_5_uniform(horizon, t, 2, 2)) < horizon:
            for stages in (stage_count(int(t), horizon), 4 * horizon * math.log(t)):
                assert first_part(stages, horizon, t)[1] <= 1


def test_the_smooth_form_falls_faster():
    """At a rate of order T^(-1/4) it falls as T^(-3/4) for a given divergence; the printed one as T^(-1/2) at best."""
    t = np.array([1e8, 1e12])
    smooth = bounds.theorem_5_smooth(10.0, 2, t, 2, t**-0.25)
    printed = bounds.theorem_5(10.0, 2, t, 2, t**-0.25)
    assert math.log(smooth[1] / smooth[0]) / math.log(1e4) == pytest.approx(-0.75, abs=0.01)
    assert math.log(printed[1] / printed[0]) / math.log(1e4) == pytest.approx(-0.5, abs=0.01)


def test_scaling_of_theorem_6():
    """By hand: eps = 1/4, Delta = 4, K = 16, H = 1, N = 2, A = 4: 2 * 8 * (8 / 32 + 9 / 4); powers of each argument."""
    assert float(bounds.theorem_6_iterations(0.25, 4.0, 16, 1, 2, 4)) == near(40.0)
    at = [float(bounds.theorem_6_iterations(0.1, 1e12, k, 1, 2, 2)) for k in (10, 160)]
    assert at[0] / at[1] == pytest.approx(16**1.25, rel=1e-6)
    at = [float(bounds.theorem_6_iterations(0.1, 0.0, k, 1, 2, 2)) for k in (10, 160)]
    assert at[0] / at[1] == near(4.0)


def test_meta_learning_rate_balances_theorem_6():
    """Both terms of Theorem 5 at the T of the theorem and this rate: eps times constants that no argument moves."""
    found = []
    for k, horizon, players in [(64, 2, 2), (4096, 2, 2), (64, 4, 2), (64, 2, 9)]:
        divergence = horizon**2 / math.sqrt(k)  # the last term of the averaged divergence
        t = horizon * (players - 1) / 0.01**1.5 * horizon**3 / math.sqrt(k)
        eta = float(bounds.meta_learning_rate(horizon, t, players, k))
        found.append((3 * divergence / (eta * t), eta**2 * (players - 1) ** 2 * horizon**4))
    for row in found[1:]:
        assert row == pytest.approx(found[0], rel=1e-9)


@given(seeds, st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_divergence_of_players_is_that_of_loops(seed, horizon, states, worst):
    rng = np.random.default_rng(seed)
    payoff = [rng.integers(0, 3, size=(2, horizon, states, n)) / 2 for n in (2, 3, 2)]
    initial = [random_distributions(rng, 2, horizon, states, n, concentration=3.0) for n in (2, 3, 2)]
    got = bounds.player_divergence(payoff, initial, worst=worst)
    for g in (0, 1):
        total = 0.0
        for h in range(horizon):
            each = []
            for values, start in zip(payoff, initial, strict=True):
                for s in range(states):
                    row, begin = values[g, h, s].tolist(), start[g, h, s].tolist()
                    tied = [begin[a] for a, v in enumerate(row) if v == max(row)]
                    p = min(tied) if worst else tied[0]
                    each.append(-math.log(p) if p else math.inf)
            total += max(each)
        assert got[g] == pytest.approx(total, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("players", [0, 1])
def test_one_player_has_no_learning_rate(players):
    with pytest.raises(ValueError, match="at least 2 players"):
        bounds.cce_learning_rate(2, 100, players)
