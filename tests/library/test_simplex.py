"""Projection, divergence and mixing against loops."""

import math
from fractions import Fraction

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_distributions, seeds

from metanash import simplex

eighths = st.integers(-24, 24).map(lambda k: k / 8)


@settings(max_examples=300)
@given(st.lists(eighths, min_size=1, max_size=6))
def test_projection_is_the_nearest_point(x):
    expected = oracles.project_by_supports([Fraction(v) for v in x])
    np.testing.assert_allclose(simplex.project(np.array(x)), [float(v) for v in expected], atol=1e-14)


def test_projection_by_hand():
    np.testing.assert_array_equal(simplex.project(np.array([0.25, 0.75])), [0.25, 0.75])  # already there
    np.testing.assert_array_equal(simplex.project(np.array([1.5, 1.0, 0.0])), [0.75, 0.25, 0.0])
    np.testing.assert_array_equal(simplex.project(np.array([-5.0, -4.5])), [0.25, 0.75])
    np.testing.assert_array_equal(simplex.project(np.array([7.0])), [1.0])
    np.testing.assert_array_equal(simplex.project(np.array([3.0, 0.0, 0.0])), [1.0, 0.0, 0.0])


def test_projection_works_along_the_last_axis():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    got = simplex.project(x)
    for place in np.ndindex(2, 3):
        np.testing.assert_allclose(got[place], oracles.project_by_supports(x[place].tolist()), atol=1e-15)


@given(st.integers(1, 6), seeds)
def test_divergence_is_that_of_loops(n, seed):
    """Zeros in either argument: 0 log 0 is 0, mass outside the support costs infinity."""
    p, q = random_distributions(np.random.default_rng(seed), 2, n)
    assert simplex.kl_divergence(p, q) == pytest.approx(oracles.kl(p, q), abs=1e-14)
    assert simplex.kl_divergence(p, p) == 0.0


def test_divergence_by_hand():
    """KL((1, 0) || (1/4, 3/4)) = log 4, the other way round it is infinite."""
    p, q = np.array([1.0, 0.0]), np.array([0.25, 0.75])
    assert simplex.kl_divergence(p, q) == pytest.approx(math.log(4), rel=1e-15)
    assert simplex.kl_divergence(q, p) == math.inf
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])  # log(2) / 2 + log(2/3) / 2
    assert simplex.kl_divergence(p, q) == pytest.approx(math.log(4 / 3) / 2, rel=1e-15)


@given(seeds)
def test_divergence_is_never_negative(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(5), size=100)
    q = p * (1 + 1e-9 * rng.normal(size=p.shape))
    assert (simplex.kl_divergence(p, q / q.sum(axis=-1, keepdims=True)) >= 0.0).all()


@given(st.integers(1, 5), st.sampled_from([0.0, 0.25, 0.5, 1.0]), seeds)
def test_mixing_with_uniform(n, alpha, seed):
    p = random_distributions(np.random.default_rng(seed), 3, n)
    for row, mixed in zip(p, simplex.alpha_greedy(p, alpha), strict=True):
        assert mixed == pytest.approx(oracles.mix_with_uniform(row.tolist(), alpha), abs=1e-15)


def test_softmax_and_logits_undo_each_other():
    p = np.array([[0.5, 0.25, 0.25, 0.0], [1.0, 0.0, 0.0, 0.0]])
    logits = simplex.logits(p)
    assert (logits[p == 0.0] == -np.inf).all()
    np.testing.assert_allclose(simplex.softmax(logits), p, atol=1e-16)
    np.testing.assert_allclose(simplex.softmax(logits + 1e4), p, atol=1e-12)
    np.testing.assert_allclose(simplex.softmax(logits.T, axis=0), p.T, atol=1e-16)
    np.testing.assert_array_equal(simplex.softmax(np.array([1e6, -1e6, -np.inf])), [1.0, 0.0, 0.0])


def test_uniform():
    np.testing.assert_array_equal(simplex.uniform(2, 3, 4), np.full((2, 3, 4), 0.25))


def test_softmax_of_a_row_knows_nothing_of_the_others():
    """By hand, 1 / (1 + e): rows 1000 apart, of which a common shift would leave 0 / 0 in the lower one."""
    x = np.array([[0.0, 1.0], [1000.0, 999.0], [-1000.0, -1001.0]])
    low, high = 1 / (1 + math.e), math.e / (1 + math.e)
    np.testing.assert_allclose(simplex.softmax(x), [[low, high], [high, low], [high, low]], rtol=1e-15)
    np.testing.assert_allclose(simplex.softmax(x.T, axis=0), [[low, high, high], [high, low, low]], rtol=1e-15)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (4, 3, 2), (2, 3, 5)])
def test_mixing_is_along_the_last_axis(shape):
    """By hand: half of a pure policy and half of 1 / d."""
    policy = np.zeros(shape)
    policy[..., 0] = 1.0
    d = shape[-1]
    expected = np.full(shape, 0.5 / d)
    expected[..., 0] = 0.5 + 0.5 / d
    np.testing.assert_allclose(simplex.alpha_greedy(policy, 0.5), expected, rtol=1e-15)


def test_divergence_is_along_the_last_axis():
    """By hand: KL((1, 0) || (1/4, 3/4)) = log 4, of a distribution from itself 0, of (1/2, 1/2) as above."""
    p = np.array([[[1.0, 0.0], [0.25, 0.75]], [[0.5, 0.5], [0.0, 1.0]]])
    q = np.broadcast_to([0.25, 0.75], p.shape)
    expected = [[math.log(4), 0.0], [math.log(4 / 3) / 2, math.log(4 / 3)]]
    np.testing.assert_allclose(simplex.kl_divergence(p, q), expected, rtol=1e-15)
