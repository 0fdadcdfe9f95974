"""Linear programs against solutions known by hand and against all square submatrices in fractions."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_tables, seeds, tables

import metanash
from metanash import exact, gaps
from metanash.exact import matrix_equilibrium

LP = 1e-9
"""HiGHS promises 1e-7 and gives far better on problems of this size; both duals are solved."""


def exploitability(matrix, mu, nu):
    return (matrix @ nu).max() - (mu @ matrix).min()


@pytest.mark.parametrize(
    ("matrix", "value", "mu", "nu"),
    [
        # interior 2x2, by indifference: mu = (d - c, a - b) / D, nu = (d - b, a - c) / D, value (ad - bc) / D,
        # with D = a - b - c + d; here D = 7/8, ad - bc = 11/32
        ([[0.75, 0.125], [0.25, 0.5]], 11 / 28, [2 / 7, 5 / 7], [3 / 7, 4 / 7]),
        # row 0 dominates, then column 1
        ([[0.5, 0.25, 0.75], [0.25, 0.125, 0.5]], 0.25, [1, 0], [0, 1, 0]),
        # column 2 is dominated by a mixture of the others; without it the game above in larger numbers
        ([[6, 1, 5], [2, 5, 5]], 3.5, [0.375, 0.625], [0.5, 0.5, 0]),
        # a single row, and a single column
        ([[0.5, 0.125, 0.25]], 0.125, [1], [0, 1, 0]),
        ([[0.5], [0.75]], 0.75, [0, 1], [1]),
        ([[0.3]], 0.3, [1], [1]),
        # a saddle point that is no corner: the largest of its column and the smallest of its row
        ([[0.25, 0.125, 0.75], [0.625, 0.5, 0.875], [0.125, 0.375, 0.25]], 0.5, [0, 1, 0], [0, 1, 0]),
        # three actions against two: the second row is never played
        ([[0, 1], [0.25, 0.25], [0.5, 0]], 1 / 3, [1 / 3, 0, 2 / 3], [2 / 3, 1 / 3]),
        # payoffs below 0
        ([[-1, -3], [-4, -2]], -2.5, [0.5, 0.5], [0.25, 0.75]),
    ],
)
def test_games_solved_by_hand(matrix, value, mu, nu):
    solution = matrix_equilibrium(matrix)
    assert solution.value == pytest.approx(value, abs=LP)
    np.testing.assert_allclose(solution.mu, mu, atol=LP)
    np.testing.assert_allclose(solution.nu, nu, atol=LP)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 2)])
def test_constant_games(shape):
    solution = matrix_equilibrium(np.full(shape, 0.625))
    assert solution.value == pytest.approx(0.625, abs=LP)
    assert (*solution.mu.shape, *solution.nu.shape) == shape


@settings(max_examples=150)
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 2, 8, 64]), seeds)
def test_matrix_games_are_those_of_all_submatrices(rows, columns, levels, seed):
    """Few levels give ties and dominated actions, where optimal strategies are not unique: values are compared."""
    matrix = np.random.default_rng(seed).integers(-levels, levels, size=(rows, columns), endpoint=True) / levels
    value, mu, nu = oracles.matrix_value(oracles.exact(matrix))
    solution = matrix_equilibrium(matrix)
    assert solution.value == pytest.approx(float(value), abs=LP)
    for strategy, size in ((solution.mu, rows), (solution.nu, columns)):
        assert strategy.shape == (size,)
        assert (strategy >= 0).all()
        assert strategy.sum() == pytest.approx(1.0, abs=1e-12)
    assert exploitability(matrix, solution.mu, solution.nu) == pytest.approx(0.0, abs=LP)
    assert exploitability(matrix, np.array(mu, float), np.array(nu, float)) == pytest.approx(0.0, abs=1e-12)


@given(tables("zero_sum", max_choices=10**6))
def test_markov_games_are_those_of_fractions(game):
    solution = exact.shapley(game.game())
    values = oracles.shapley_values(oracles.exact(game.reward[0]), oracles.exact(game.kernel))
    np.testing.assert_allclose(solution.value, np.array(values, dtype=float), atol=LP, rtol=0)
    for h in range(game.horizon):
        onward = np.array(values[h + 1], dtype=float) if h + 1 < game.horizon else np.zeros(game.n_states)
        np.testing.assert_allclose(solution.q[h], game.reward[0, h] + game.kernel[h] @ onward, atol=LP, rtol=0)
        for s in range(game.n_states):
            assert exploitability(solution.q[h, s], solution.mu[h, s], solution.nu[h, s]) < LP


def test_value_is_that_of_the_policies():
    game = random_tables(np.random.default_rng(3), "zero_sum", 3, 3, (3, 2)).game()
    solution = exact.shapley(game)
    batch = metanash.GameBatch.of(game)
    policy = (solution.mu[np.newaxis], solution.nu[np.newaxis])
    np.testing.assert_allclose(gaps.values(batch, policy, 0)[0], solution.value, atol=LP)
    np.testing.assert_allclose(gaps.best_response_values(batch, policy, 0)[0], solution.value, atol=LP)
    np.testing.assert_allclose(gaps.best_response_values(batch, policy, 1)[0], -solution.value, atol=LP)


def test_a_game_that_is_no_game_is_an_error():
    with pytest.raises((ArithmeticError, ValueError)):
        matrix_equilibrium([[np.nan, 1.0], [0.0, 1.0]])
