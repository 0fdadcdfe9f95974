"""Bounds for potential games: hand numbers, written-out formulas, and the steps of ``docs/constants.md`` in numbers."""

import itertools
import math
from fractions import Fraction

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metanash import DiscountedGame, GameBatch, ProjectedQAscent, Transition, gaps, learn, simplex
from metanash.bounds import potential as bounds
from metanash.bounds.potential import (
    FACTORS,
    REPAIRED,
    GradientConstants,
    gradient_constants,
    largest_ascent_step,
    meta_smoothness,
    proposition_1,
    theorem_3,
    theorem_4,
)
from metanash.policy_gradient import ValueModel
from metanash.similarity import distribution_mismatch

DISCOUNTS = [0.0, 0.1, 0.5, 0.8, 0.9, 0.99]


# By hand ------------------------------------------------------------------------------------------------


def test_largest_step_by_hand():
    """(1/2)^4 / (8 2^3 2 3) = 1 / 6144; kappa = 1 at discount 0 leaves 1 / (8 N A_max)."""
    assert largest_ascent_step(0.5, 2.0, 2, 3) == pytest.approx(1 / 6144, rel=1e-15)
    assert largest_ascent_step(0.0, 1.0, 4, 5) == 1 / 160
    assert largest_ascent_step(0.75, 1.0, 1, 1) == 2.0**-11


def test_largest_step_of_figure_1_is_at_most_that_of_the_documentation():
    """docs/assumptions.md: with discount 0.9 and 2 x 2 actions at most 3.2e-6."""
    assert largest_ascent_step(0.9, 1.0, 2, 2) == pytest.approx(3.125e-6, rel=1e-12)


def test_proposition_1_by_hand():
    """2 kappa rise / (a T (1 - gamma)^2) = 2 * 1/2 / (1/4 * 8 * 1/4) = 2, times the factor."""
    for factor, square in ((1.0, 2.0), (2.0, 4.0), (4.0, 8.0)):
        assert proposition_1(0.5, 2.0, 0.25, 8, 0.5, factor) == pytest.approx(math.sqrt(square), rel=1e-15)
    assert proposition_1(0.5, 2.0, 0.25, 8, 0.5) == proposition_1(0.5, 2.0, 0.25, 8, 0.5, 1.0)  # as printed


def test_theorem_3_by_hand():
    """(3 + 1) / 4 games = 1 in place of the rise: 2 * 1 / (1/4 * 8 * 1/4) = 4."""
    assert theorem_3(3.0, 1.0, 4, 2.0, 0.25, 8, 0.5) == pytest.approx(2.0, rel=1e-15)
    assert theorem_3(3.0, 1.0, 4, 2.0, 0.25, 8, 0.5, 4.0) == pytest.approx(4.0, rel=1e-15)
    assert theorem_3(3.0, -1.0, 4, 2.0, 0.25, 8, 0.5) == pytest.approx(math.sqrt(2), rel=1e-15)


def test_theorem_4_by_hand():
    """4 * 2 * 8 / (1/2 * 32) = 4 under the root."""
    assert theorem_4(8.0, 32, 2, 0.5) == pytest.approx(2.0, rel=1e-15)
    assert theorem_4(1.0, 1, 1, 0.0) == 2.0


def test_gradient_constants_by_hand():
    """Discount 0: G = 1 / (2 sqrt 2), L = 1/2, R = 1.04. Discount 1/2: (1 + 2 + 1/4) (3/2) = 39/8 in R."""
    found = gradient_constants(0.0)
    assert (found.gradient, found.smoothness, found.hessian_lipschitz) == pytest.approx((8**-0.5, 0.5, 1.04))
    found = gradient_constants(0.5)
    assert found.gradient == pytest.approx(math.sqrt(1.5) / (math.sqrt(8) * math.sqrt(1 / 8)), rel=1e-14)
    assert found.gradient == pytest.approx(math.sqrt(1.5), rel=1e-14)
    assert found.smoothness == pytest.approx(3.0, rel=1e-14)
    assert found.hessian_lipschitz == pytest.approx(1.04 * math.sqrt(39 / 8 * 32), rel=1e-14)


def test_gradient_constants_of_a_potential():
    """sqrt N each; four players, twice."""
    one, four = gradient_constants(0.7), gradient_constants(0.7, 4)
    assert gradient_constants(0.7, 1) == one
    for name in ("gradient", "smoothness", "hessian_lipschitz"):
        assert getattr(four, name) == pytest.approx(2 * getattr(one, name), rel=1e-14)


def test_meta_smoothness_by_hand():
    """G, L, R = 3, 2, 5 and step 1/2: growth 2. T = 1: 2 * 4 + 15/2 * 1 * 1. T = 2: 2 * 16 + 15/2 * 2 * 3."""
    constants = GradientConstants(gradient=3.0, smoothness=2.0, hessian_lipschitz=5.0)
    assert meta_smoothness(constants, 0.5, 0) == pytest.approx(2.0)
    assert meta_smoothness(constants, 0.5, 1) == pytest.approx(15.5)
    assert meta_smoothness(constants, 0.5, 2) == pytest.approx(77.0)
    assert meta_smoothness(constants, 1e-12, 3) == pytest.approx(2.0, rel=1e-9)


# Written out --------------------------------------------------------------------------------------------

small = st.integers(1, 12)
parts = st.integers(1, 64).map(lambda n: Fraction(n, 16))
discounts = st.integers(0, 15).map(lambda n: Fraction(n, 16))


@given(parts, parts, parts, small, discounts, st.sampled_from(sorted(FACTORS.values())))
def test_proposition_1_in_fractions(rise, kappa, step, t, discount, factor):
    square = Fraction(factor) * kappa * rise / (step * t * (1 - discount) ** 2)
    found = proposition_1(*map(float, (rise, kappa, step)), t, float(discount), factor)
    assert float(found) ** 2 == pytest.approx(float(square), rel=1e-13)


@given(parts, parts, small, parts, parts, small, discounts, st.sampled_from(sorted(FACTORS.values())))
def test_theorem_3_in_fractions(largest, delta, games, kappa, step, t, discount, factor):
    square = Fraction(factor) * kappa * (largest + delta) / (games * step * t * (1 - discount) ** 2)
    found = theorem_3(*map(float, (largest, delta)), games, float(kappa), float(step), t, float(discount), factor)
    assert float(found) ** 2 == pytest.approx(float(square), rel=1e-13)


@given(discounts, parts, small, small)
def test_largest_step_in_fractions(discount, kappa, players, actions):
    expected = (1 - discount) ** 4 / (8 * kappa**3 * players * actions)
    assert float(largest_ascent_step(float(discount), float(kappa), players, actions)) == pytest.approx(
        float(expected), rel=1e-13
    )


@given(parts, small, small, discounts)
def test_theorem_4_in_fractions(smoothness, iterations, players, discount):
    square = 4 * players * smoothness / ((1 - discount) * iterations)
    assert float(theorem_4(float(smoothness), iterations, players, float(discount))) ** 2 == pytest.approx(
        float(square), rel=1e-13
    )


@given(parts, parts, parts, parts, st.integers(0, 6))
def test_meta_smoothness_is_the_sum_of_its_derivation(g, smooth, r, step, inner):
    """|J| L (1 + aL)^T, and G times sum_t (1 + aL)^{T-1} a R (1 + aL)^t, in fractions."""
    growth = 1 + step * smooth
    jacobian = math.prod([growth] * inner)
    change = sum(growth ** (inner - 1) * step * r * growth**t for t in range(inner))
    expected = jacobian * smooth * growth**inner + g * change
    constants = GradientConstants(*map(float, (g, smooth, r)))
    assert meta_smoothness(constants, float(step), inner) == pytest.approx(float(expected), rel=1e-11)


# Directions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rise", [-1e-16, -0.5, 0.0])
def test_a_rise_below_zero_counts_as_none(rise):
    assert float(proposition_1(rise, 1.5, 0.1, 10, 0.9)) == 0.0
    assert float(theorem_3(0.5, rise - 0.5, 3, 1.5, 0.1, 10, 0.9)) == 0.0


def test_rises_that_are_not_known_stay_so():
    assert math.isnan(proposition_1(math.nan, 1.0, 0.1, 10, 0.9))


BOUNDS = {
    "proposition_1": (proposition_1, (0.5, 2.0, 0.25, 8, 0.5), (0.5, 0.5, -0.5, -0.5)),
    "theorem_3": (theorem_3, (3.0, 1.0, 4, 2.0, 0.25, 8, 0.5), (None, None, -0.5, 0.5, -0.5, -0.5)),
    "theorem_4": (theorem_4, (8.0, 32, 2), (0.5, -0.5, 0.5)),
    "largest_ascent_step": (largest_ascent_step, (0.5, 2.0, 2, 3), (None, -3.0, -1.0, -1.0)),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_scaling_in_each_argument(name):
    """Twice the argument, 2^power times the bound."""
    bound, arguments, powers = BOUNDS[name]
    rest = (0.5,) if bound is theorem_4 else ()
    base = float(bound(*arguments, *rest))
    for place, power in enumerate(powers):
        if power is not None:
            doubled = [x * (2 if i == place else 1) for i, x in enumerate(arguments)]
            assert float(bound(*doubled, *rest)) == pytest.approx(2.0**power * base, rel=1e-14)


def test_monotone_in_the_discount():
    """Longer games: smaller steps, larger bounds and constants."""
    steps = [float(largest_ascent_step(g, 1.5, 2, 3)) for g in DISCOUNTS]
    assert steps == sorted(steps, reverse=True)
    for bound in (
        lambda g: proposition_1(0.5, 2.0, 0.25, 8, g), lambda g: theorem_3(3.0, 1.0, 4, 2.0, 0.25, 8, g),
        lambda g: theorem_4(8.0, 32, 2, g), lambda g: gradient_constants(g).gradient,
        lambda g: gradient_constants(g).smoothness, lambda g: gradient_constants(g).hessian_lipschitz,
        lambda g: meta_smoothness(gradient_constants(g), 0.1, 3),
    ):  # fmt: skip
        values = [float(bound(g)) for g in DISCOUNTS]
        assert values == sorted(values)
        assert len(set(values)) == len(values)


def test_theorem_3_takes_the_sum_of_potential_and_dissimilarity():
    assert theorem_3(3.0, 1.0, 4, 2.0, 0.25, 8, 0.5) == theorem_3(1.0, 3.0, 4, 2.0, 0.25, 8, 0.5)
    assert theorem_3(2.5, 0.5, 1, 2.0, 0.25, 8, 0.5) == proposition_1(3.0, 2.0, 0.25, 8, 0.5)


def test_meta_smoothness_grows_in_everything():
    constants, base = gradient_constants(0.5), meta_smoothness(gradient_constants(0.5), 0.1, 3)
    assert meta_smoothness(constants, 0.11, 3) > base
    assert meta_smoothness(constants, 0.1, 4) > base
    assert meta_smoothness(gradient_constants(0.5, 2), 0.1, 3) > base


def test_arrays_broadcast():
    rises, steps = np.array([[0.5], [-1.0], [2.0]]), np.array([0.1, 0.2])
    found = proposition_1(rises, 2.0, steps, 8, 0.5)
    assert found.shape == (3, 2)
    for i, k in np.ndindex(3, 2):
        assert found[i, k] == proposition_1(rises[i, 0], 2.0, steps[k], 8, 0.5)
    found = largest_ascent_step(np.array([0.5, 0.9]), np.array([[1.0], [2.0], [3.0]]), 2, 2)
    assert found.shape == (3, 2)
    assert found[2, 1] == largest_ascent_step(0.9, 3.0, 2, 2)
    assert theorem_4(np.array([1.0, 2.0]), np.array([[1], [4]]), 2, 0.5).shape == (2, 2)


def test_factors_are_those_of_the_documentation():
    assert FACTORS == {"printed": 1.0, "with 2 kappa": 2.0, "repaired: 1920/959 kappa": 1920 / 959}
    assert REPAIRED == 1920 / 959 > 2.0
    assert set(bounds.__all__) >= {"FACTORS", "REPAIRED", "proposition_1", "theorem_3"}


# Proposition 1 as printed is false ----------------------------------------------------------------------


def one_state_team(table, discount):
    reward = np.array(table)[np.newaxis, np.newaxis]
    return DiscountedGame(reward, Transition.shared(np.ones((1, *reward.shape[2:], 1))), discount)


@pytest.mark.parametrize("share", [1.0, 0.1])
@pytest.mark.parametrize("discount", [0.0, 0.25, 0.75])
@pytest.mark.parametrize(
    ("table", "gain"), [([[0.25, 0.125], [0.75, 0.0]], 0.5), ([[0.0, 1.0], [0.0, 0.0]], 1.0), ([[0.5, 0.625]], 0.125)]
)
def test_one_step_from_a_pure_start(table, gain, discount, share):
    """One state, start at the first actions, from which one player gains q a round; T = 1.

    The gap is q / (1 - g). One projected step of size a moves the mass a q / 2, so Phi grows by a q^2 / (2 (1 - g)).
    With kappa = 1 the bound as printed is q / sqrt(2 (1 - g)^3): too small by sqrt(2 (1 - g)), sqrt 2 at g = 0. With
    2 kappa it is right there, by exactly nothing to spare.
    """
    game = one_state_team(table, discount)
    batch = GameBatch.of(game)
    start = tuple(np.eye(n)[[[0]]] for n in game.n_actions)
    (kappa,) = distribution_mismatch(batch)
    assert kappa == pytest.approx(1.0, abs=1e-12)
    step = share * float(largest_ascent_step(discount, kappa, 2, 2))
    run = learn(game, ProjectedQAscent(step, every_gap=True), 1, initial=start)
    gap, (rise,) = float(run.measures["mean_gap"][0, -1]), gaps.potential_rises(batch, run.policy, start)
    assert gap == pytest.approx(gain / (1 - discount), rel=1e-12)
    assert gap == pytest.approx(gaps.ne_gaps(batch, start)[0], rel=1e-12)  # of pi^0 alone
    assert rise == pytest.approx(step * gain**2 / (2 * (1 - discount)), rel=1e-9)
    ratio = math.sqrt(2 * (1 - discount))
    for factor in FACTORS.values():
        bound = float(proposition_1(rise, kappa, step, 1, discount, factor))
        assert gap / bound == pytest.approx(ratio / math.sqrt(factor), rel=1e-9)
    if discount == 0.0:
        assert gap > 1.4 * proposition_1(rise, kappa, step, 1, discount)
        assert gap == pytest.approx(float(proposition_1(rise, kappa, step, 1, discount, 2.0)), rel=1e-9)


# The proof of docs/proposition1.md ----------------------------------------------------------------------


def ascent_of(q, policy, step):
    """<D, Q> and |D|^2 of D = Proj(policy + step Q) - policy, and the gain max Q - <policy, Q>; in fractions."""
    moved = oracles.project_by_supports([p + step * x for p, x in zip(policy, q, strict=True)])
    change = [after - before for after, before in zip(moved, policy, strict=True)]
    assert sum(change) == 0
    gain = max(q) - sum(p * x for p, x in zip(policy, q, strict=True))
    return sum(d * x for d, x in zip(change, q, strict=True)), sum(d * d for d in change), gain


@st.composite
def ascents(draw):
    """Payoffs of either sign, a point of the simplex, often on its boundary or a vertex, and step (max - min) <= 1."""
    n = draw(st.integers(1, 5))
    q = draw(st.lists(st.integers(-8, 8), min_size=n, max_size=n))
    weights = draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    if draw(st.booleans()) or not any(weights):
        vertex = draw(st.integers(0, n - 1))
        weights = [int(a == vertex) for a in range(n)]
    policy = [Fraction(w, sum(weights)) for w in weights]
    largest = Fraction(1, max(max(q) - min(q), 1))
    return [Fraction(x) for x in q], policy, largest * Fraction(draw(st.integers(1, 64)), 64)


@settings(max_examples=400)
@given(ascents())
def test_the_lemma(case):
    """<D, Q> >= step gain^2 / 2 and >= |D|^2 / step, exactly; in fractions."""
    q, policy, step = case
    along, square, gain = ascent_of(q, policy, step)
    assert along >= step * gain**2 / 2
    assert along >= square / step
    # what the learner projects is the same
    moved = simplex.project(np.array([float(p + step * x) for p, x in zip(policy, q, strict=True)]))
    assert float(moved @ [float(x) for x in q]) - float(max(q) - gain) == pytest.approx(float(along), abs=1e-12)


def test_the_lemma_at_random():
    """Payoffs and policies in floats, through the library's projection: vertices, faces and the interior."""
    rng = np.random.default_rng(1)
    least = math.inf
    for n, concentration in itertools.product(range(2, 8), (0.0, 0.05, 0.5, 1.0, 5.0)):
        q = rng.normal(size=(200, n)) * 10.0 ** rng.uniform(-2, 2, size=(200, 1))
        q -= q.max(axis=1, keepdims=True)  # moves nothing, and no rounding of a constant
        if concentration:
            policy = rng.dirichlet(np.full(n, concentration), size=200)
        else:
            policy = np.eye(n)[rng.integers(n, size=200)]
        step = (rng.choice([1.0, 0.5, 1e-2], size=200) / np.ptp(q, axis=1))[:, np.newaxis]
        change = simplex.project(policy + step * q) - policy
        # relative to the largest that either side can be
        along, unit = (change * q).sum(axis=1), step[:, 0] * np.ptp(q, axis=1) ** 2
        gain = q.max(axis=1) - (policy * q).sum(axis=1)
        assert (along >= step[:, 0] * gain**2 / 2 - 1e-12 * unit).all()
        assert (along >= (change**2).sum(axis=1) / step[:, 0] - 1e-12 * unit).all()
        least = min(least, float((along / (step[:, 0] * gain**2 / 2).clip(1e-300))[gain > 1e-3 * gain.max()].min()))
    assert 1.0 - 1e-9 <= least < 1.01


def test_the_lemma_is_sharp():
    """From the worse of two actions <D, Q> = step gain^2 / 2 = |D|^2 / step; beyond the largest step it fails."""
    worse = [Fraction(0), Fraction(1)]
    for step in (Fraction(1, 100), Fraction(1, 3), Fraction(1)):
        along, square, gain = ascent_of([Fraction(1), Fraction(0)], worse, step)
        assert along == step * gain**2 / 2 == square / step
    along, _, gain = ascent_of([Fraction(1), Fraction(0)], worse, Fraction(5, 2))
    assert along < Fraction(5, 2) * gain**2 / 2


@pytest.mark.parametrize("players", [2, 3, 4, 7, 20, 300])
def test_what_the_others_take_from_the_rise(players):
    """eps <= 1/1024 at b = 1 / (8 N), with equality for N = 2; the least of the rise over the others' R_j is 1 - eps.

    With x_j = sqrt R_j and the largest, x_1 = 1, the rise is at least sum x_j^2 - b sum_{i<j} x_i x_j.
    """
    b = Fraction(1, 8 * players)
    eps = b**2 * (players - 1) / (4 * (1 - b * (players - 2) / 2))
    assert eps == Fraction(players - 1, 240 * players**2 + 32 * players) <= Fraction(1, 1024)
    assert (eps == Fraction(1, 1024)) == (players == 2)
    assert 240 * players**2 - 992 * players + 1024 >= 0
    proven = 2 / (1 - Fraction(1, 1024))
    assert proven == Fraction(2048, 1023) < Fraction(1920, 959) < proven * (1 + Fraction(66, 10**6))
    assert float(Fraction(1920, 959)) == REPAIRED
    # the stationary point of the others' part, x' M x - b 1' x, M = (1 + b/2) I - (b/2) 1 1'
    others, half = players - 1, float(b) / 2
    matrix = (1 + half) * np.eye(others) - half
    assert np.linalg.eigvalsh(matrix).min() > 0
    x = np.linalg.solve(matrix, np.full(others, half))
    assert 1 + x @ matrix @ x - float(b) * x.sum() == pytest.approx(1 - float(eps), rel=1e-13)


def coupled_square(discount, reward=lambda step: step / 4):
    """(gap / bound with 2 kappa)^2 of the coupled players at T = 1, in fractions, by the learner's own definition."""
    step = (1 - discount) ** 4 / 32  # kappa = 1, N = A_max = 2
    table = [[Fraction(0), reward(step)], [Fraction(1), Fraction(0)]]
    start = [[Fraction(0), Fraction(1)] for _ in range(2)]
    value = table[1][1] / (1 - discount)
    payoffs = [[table[a][1] + discount * value for a in (0, 1)], [table[1][b] + discount * value for b in (0, 1)]]
    moved = [
        oracles.project_by_supports([p + step * x for p, x in zip(policy, own, strict=True)])
        for policy, own in zip(start, payoffs, strict=True)
    ]
    after = sum(moved[0][a] * moved[1][b] * table[a][b] for a, b in itertools.product((0, 1), repeat=2))
    rise = after / (1 - discount) - value
    gap = max(table[0][1], table[1][1], table[1][0]) / (1 - discount) - value
    return gap**2 / (2 * rise / (step * (1 - discount) ** 2))


def test_where_2_kappa_is_not_enough():
    """Exactly (1 - gamma) / (1 - alpha^2/16 - alpha^3/32): above 1 up to a discount of 6.1958e-5, not at 0 only."""
    for discount in (Fraction(0), Fraction(1, 10**5), Fraction(1, 10**3), Fraction(1, 2)):
        step = (1 - discount) ** 4 / 32
        assert coupled_square(discount) == (1 - discount) / (1 - step**2 / 16 - step**3 / 32)
    assert coupled_square(Fraction(0)) == 1 / (1 - Fraction(1, 2**14) - Fraction(1, 2**20))
    assert coupled_square(Fraction(61957, 10**9)) > 1 > coupled_square(Fraction(61958, 10**9))

    def worst(step):
        return step / (4 - 2 * step)

    assert coupled_square(Fraction(61972, 10**9), worst) > 1 > coupled_square(Fraction(61973, 10**9), worst)
    for other in (Fraction(99, 100), Fraction(101, 100)):
        assert coupled_square(Fraction(0), lambda step, other=other: worst(step) * other) < coupled_square(0, worst)
    # never more than what is proven
    assert coupled_square(Fraction(0), worst) < Fraction(1024, 1023)
    # and as the library learns it
    discount = 3e-5
    game = one_state_team([[0.0, (1 - discount) ** 4 / 128], [1.0, 0.0]], discount)
    batch, start = GameBatch.of(game), tuple(np.eye(2)[[[1]]] for _ in range(2))
    step = float(largest_ascent_step(discount, 1.0, 2, 2))
    run = learn(game, ProjectedQAscent(step, every_gap=True), 1, initial=start)
    (rise,) = gaps.potential_rises(batch, run.policy, start)
    ratio = run.measures["mean_gap"][0, -1] / proposition_1(rise, 1.0, step, 1, discount, 2.0)
    assert ratio == pytest.approx(float(coupled_square(Fraction(discount))) ** 0.5, rel=1e-11)
    assert ratio > 1 + 1.5e-5


# The steps of docs/constants.md -------------------------------------------------------------------------


def moment(discount, power):
    """E T^power of P(T > t) = discount^t, that is P(T = n) = (1 - discount) discount^(n - 1), term by term."""
    if discount == 0.0:
        return 1.0
    last = math.ceil(80 / -math.log(discount))
    return math.fsum((1 - discount) * discount ** (n - 1) * n**power for n in range(1, last + 1))


@pytest.mark.parametrize("discount", DISCOUNTS)
def test_moments_of_an_episode(discount):
    rest = 1 - discount
    assert moment(discount, 0) == pytest.approx(1.0, rel=1e-12)
    assert moment(discount, 1) == pytest.approx(1 / rest, rel=1e-12)
    assert moment(discount, 2) == pytest.approx((1 + discount) / rest**2, rel=1e-12)
    assert moment(discount, 3) == pytest.approx((1 + 4 * discount + discount**2) / rest**3, rel=1e-12)


@pytest.mark.parametrize("discount", DISCOUNTS)
def test_constants_are_those_of_the_moments(discount):
    """|V'| <= E T^{3/2} / sqrt 8, |V''| <= E T^2 / 2, |V'''| <= 1.04 E T^{5/2}; halves by Cauchy and Schwarz.

    What that costs: nothing at discount 0, and less than 7 % (of an exponential law, the limit: sqrt 2 / Gamma(5/2)).
    """
    found = gradient_constants(discount)
    steps = {n: moment(discount, n) for n in (1, 1.5, 2, 2.5, 3)}
    assert found.gradient == pytest.approx(math.sqrt(steps[1] * steps[2] / 8), rel=1e-12)
    assert found.smoothness == pytest.approx(steps[2] / 2, rel=1e-12)
    assert found.hessian_lipschitz == pytest.approx(1.04 * math.sqrt(steps[2] * steps[3]), rel=1e-12)
    cost = found.gradient / (steps[1.5] / math.sqrt(8)), found.hessian_lipschitz / (1.04 * steps[2.5])
    assert min(cost) >= 1 - 1e-12
    assert max(cost) < 1.07
    if discount == 0.0:
        assert cost == pytest.approx([1.0, 1.0])


def test_the_constant_of_the_fourth_moment():
    """E M_{t+1}^4 <= E M_t^4 + 6 (t/2) (1/2) + 4 * 0.273 sqrt(t/2) + 13/12: over t^2 at most 1.11, reached at t = 2."""
    fourth, ratios = 0.0, []
    for t in range(2000):
        fourth += 6 * (t / 2) / 2 + 4 * 0.273 * math.sqrt(t / 2) + 13 / 12
        ratios.append(fourth / (t + 1) ** 2)
    assert 1.109 < max(ratios) <= 1.11
    assert int(np.argmax(ratios)) + 1 == 2


def test_the_constant_of_the_third_derivative():
    """Half of 0.745 + 1.061 + 0.273, each of them rounded up."""
    first, second, third = math.sqrt(1.11 / 2), 3 / 2 * math.sqrt(1 / 2), 2 * math.sqrt(2) / (6 * math.sqrt(3))
    for exactly, printed in ((first, 0.745), (second, 1.061), (third, 0.273)):
        assert exactly <= printed <= exactly + 1e-3
    assert 1.035 < (0.745 + 1.061 + 0.273) / 2 <= 1.04


def softmax(row):
    weights = np.exp(row - row.max())
    return weights / weights.sum()


class Score:
    """Cumulants of xi(s, a) = sum_i (u_i(s, a_i) - E u_i(s, .)), by enumeration of joint actions."""

    def __init__(self, policy, direction):
        self.actions = list(itertools.product(*(range(len(row)) for row in policy)))
        self.chance = [math.prod(p[a] for p, a in zip(policy, joint, strict=True)) for joint in self.actions]
        centred = [u - p @ u for p, u in zip(policy, direction, strict=True)]
        self.xi = [sum(u[a] for u, a in zip(centred, joint, strict=True)) for joint in self.actions]

    def moment(self, n):
        return math.fsum(p * x**n for p, x in zip(self.chance, self.xi, strict=True))


class Chain:
    """Random transitions, softmax policies and a direction of length 1: two states, players with unequal actions."""

    def __init__(self, seed, actions, spread):
        rng = np.random.default_rng(seed)
        self.states = 2
        self.logits = [spread * rng.normal(size=(2, n)) for n in actions]
        direction = [rng.normal(size=(2, n)) for n in actions]
        size = math.sqrt(sum(float((u**2).sum()) for u in direction))
        self.direction = [u / size for u in direction]
        self.kernel = rng.dirichlet(np.ones(2), size=(2, math.prod(actions)))
        self.start = rng.dirichlet(np.ones(2))

    def scores(self, x=0.0):
        """One :class:`Score` a state, at the logits moved by x along the direction."""
        return [
            Score(
                [softmax(t[s] + x * u[s]) for t, u in zip(self.logits, self.direction, strict=True)],
                [u[s] for u in self.direction],
            )
            for s in range(self.states)
        ]

    def episodes(self, length, scores):
        """(states, numbers of joint actions, probability) of every episode of this length."""
        count = len(scores[0].actions)
        for states in itertools.product(range(self.states), repeat=length):
            for actions in itertools.product(range(count), repeat=length):
                chance = self.start[states[0]]
                for t, (s, a) in enumerate(zip(states, actions, strict=True)):
                    chance *= scores[s].chance[a]
                    if t + 1 < length:
                        chance *= self.kernel[s, a, states[t + 1]]
                yield states, actions, chance


def weights_of_episode(scores, states, actions):
    """W_1, W_2, W_3 and A of an episode."""
    m = sum(scores[s].xi[a] for s, a in zip(states, actions, strict=True))
    a_sum = sum(scores[s].moment(2) for s in states)
    k_sum = sum(scores[s].moment(3) for s in states)
    return m, m**2 - a_sum, m**3 - 3 * a_sum * m - k_sum, a_sum


CHAINS = [(seed, actions, spread) for seed in range(4) for actions in ((2, 2), (3, 1), (2,)) for spread in (0.0, 1.5)]


@pytest.mark.parametrize(("seed", "actions", "spread"), CHAINS)
def test_scores_given_the_state(seed, actions, spread):
    """Variance 1/2, third cumulant 0.273, fourth moment 13/12 at most, with the sharper forms in the ranges rho_i."""
    chain = Chain(seed, actions, spread)
    for s, score in enumerate(chain.scores()):
        ranges = [float(np.ptp(u[s])) for u in chain.direction]
        assert sum(r**2 for r in ranges) <= 2 + 1e-12
        assert score.moment(1) == pytest.approx(0.0, abs=1e-14)
        assert score.moment(2) <= sum(r**2 for r in ranges) / 4 + 1e-14 <= 0.5 + 1e-12
        assert abs(score.moment(3)) <= sum(r**3 for r in ranges) / (6 * math.sqrt(3)) + 1e-14
        assert score.moment(4) <= 3 * score.moment(2) ** 2 + sum(r**4 for r in ranges) / 12 + 1e-14
        assert score.moment(4) <= 13 / 12


@pytest.mark.parametrize(("probability", "n", "largest"), [(0.5, 2, 0.5), (0.5 - 12**-0.5, 3, 8**0.5 / (6 * 3**0.5))])
def test_extreme_laws_are_two_points(probability, n, largest):
    """One player, u = (1, -1) / sqrt 2: variance 1/2 at 1/2; the third cumulant at p (1 - p) (1 - 2p) largest."""
    score = Score([np.array([probability, 1 - probability])], [np.array([1.0, -1.0]) / math.sqrt(2)])
    assert score.moment(n) == pytest.approx(largest, rel=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize(("seed", "actions", "spread"), CHAINS)
def test_derivatives_of_episodes(seed, actions, spread, length):
    """E|W_1| <= (T/2)^{1/2}, E|W_2| <= T, E|W_3| <= 2.079 T^{3/2}, E M^4 <= 1.11 T^2; each W has mean 0."""
    chain = Chain(seed, actions, spread)
    scores = chain.scores()
    mean, size, square, fourth, variance, mass = np.zeros(3), np.zeros(3), 0.0, 0.0, 0.0, 0.0
    for states, joint, chance in chain.episodes(length, scores):
        *w, a_sum = weights_of_episode(scores, states, joint)
        mean, size = mean + chance * np.array(w), size + chance * np.abs(w)
        mass, variance = mass + chance, variance + chance * a_sum
        square, fourth = square + chance * w[0] ** 2, fourth + chance * w[0] ** 4
    assert mass == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(mean, 0.0, atol=1e-12)
    assert square == pytest.approx(variance, abs=1e-12)  # M is a martingale
    assert variance <= length / 2 + 1e-12
    assert size[0] <= math.sqrt(length / 2) + 1e-12
    assert size[1] <= 2 * square + 1e-12
    assert size[2] <= (0.745 + 1.061 + 0.273) * length**1.5
    assert fourth <= 1.11 * length**2


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_derivatives_of_probabilities(seed):
    """W_n times the probability of an episode is its n-th derivative along the direction: central differences."""
    chain, step = Chain(seed, (2, 3), 1.0), 1e-2
    coefficients = {1: (1 / 12, -2 / 3, 0, 2 / 3, -1 / 12), 2: (-1 / 12, 4 / 3, -5 / 2, 4 / 3, -1 / 12)}
    coefficients[3] = (-1 / 2, 1, 0, -1, 1 / 2)
    moved = [list(chain.episodes(2, chain.scores(k * step))) for k in (-2, -1, 0, 1, 2)]
    scores = chain.scores()
    for number in range(0, len(moved[2]), 7):
        states, joint, chance = moved[2][number]
        *weights, _ = weights_of_episode(scores, states, joint)
        for n, row in coefficients.items():
            derivative = sum(c * episodes[number][2] for c, episodes in zip(row, moved, strict=True)) / step**n
            assert derivative / chance == pytest.approx(weights[n - 1], abs=1e-3 if n == 3 else 1e-6)


def test_the_gradient_constant_is_attained_at_discount_zero():
    """One player, two actions, rewards 1 and 0, uniform: gradient (1/4, -1/4) of norm 1 / sqrt 8."""
    game = DiscountedGame(np.array([[[1.0, 0.0]]]), Transition.shared(np.ones((1, 2, 1))), 0.0)
    (gradient,) = ValueModel.of(game).at((np.zeros((1, 1, 2)),)).gradient
    assert np.linalg.norm(gradient) == pytest.approx(gradient_constants(0.0).gradient, rel=1e-12)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9])
def test_the_third_derivative_is_bounded(discount):
    """R against third differences of values along random directions: 0.09, 0.015 and 0.0006 of it were found."""
    most = 0.0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        kernel = Transition.shared(rng.dirichlet(np.full(2, 0.3), size=(2, 2, 2)))
        game = DiscountedGame(rng.integers(2, size=(1, 2, 2, 2)).astype(float), kernel, discount, [0.9, 0.1])
        logits = [rng.normal(size=(2, 2)) for _ in range(2)]
        direction = [rng.normal(size=(2, 2)) for _ in range(2)]
        size, step = math.sqrt(sum(float((u**2).sum()) for u in direction)), 2e-2
        values = []
        for k in (-2, -1, 1, 2):
            moved = [t + k * step * u / size for t, u in zip(logits, direction, strict=True)]
            policy = [np.array([[softmax(row) for row in part]]) for part in moved]
            values.append(float(gaps.potential_values(GameBatch.of(game), policy)[0]))
        most = max(most, abs(float(np.dot([-0.5, 1, -1, 0.5], values))) / step**3)
    assert most <= gradient_constants(discount).hessian_lipschitz
    assert most > 0.05 * gradient_constants(discount).hessian_lipschitz * (1 - discount) ** 2
