"""Exact solutions against games solved by hand, all square submatrices in fractions, and linear programs of HiGHS."""

import math
from fractions import Fraction

import numpy as np
import oracles
import pytest
import scipy
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_tables, seeds, tables

import metanash
from metanash import exact, families, gaps
from metanash.exact import matrix_equilibria, matrix_equilibrium
from metanash.kernels.matrix import _Tableau as Tableau

ROUNDING = 1e-12
"""Payoffs here are of size one. What :data:`metanash.exact.TOLERANCE` promises is a thousand times more."""


@pytest.fixture(params=BACKENDS)
def backend(request, monkeypatch):
    use(monkeypatch, request.param)


def gap(matrix, mu, nu):
    """By how much the players can gain, relative to the range of the payoffs; moved first, so offsets cost nothing."""
    low, high = float(matrix.min()), float(matrix.max())
    moved = matrix - low
    return ((moved @ nu).max() - (mu @ moved).min()) / max(high - low, 5e-324)


def assert_equilibrium(matrix, tolerance=ROUNDING):
    """Both strategies are distributions, leave no gap and have the value: by weak duality they are then optimal."""
    matrix = np.asarray(matrix, dtype=float)
    found = matrix_equilibrium(matrix)
    for strategy, size in zip((found.mu, found.nu), matrix.shape, strict=True):
        assert strategy.shape == (size,)
        assert (strategy >= 0).all()
        assert strategy.sum() == pytest.approx(1.0, abs=1e-13)
    assert gap(matrix, found.mu, found.nu) <= tolerance
    kept, conceded = (found.mu @ (matrix - found.value)).min(), ((matrix - found.value) @ found.nu).max()
    unit = tolerance * max(np.ptp(matrix), 5e-324) + 4 * np.spacing(np.abs(matrix).max())
    assert -unit <= kept <= conceded + unit <= 2 * unit
    return found


def program(matrix):
    """The largest v with mu^T M >= v for a mixed action mu, by HiGHS."""
    rows, columns = matrix.shape
    found = scipy.optimize.linprog(
        np.append(np.zeros(rows), -1.0), A_ub=np.column_stack([-matrix.T, np.ones(columns)]), b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[np.newaxis], b_eq=[1.0], bounds=[(0.0, None)] * rows + [(None, None)],
    )  # fmt: skip
    assert found.status == 0, found.message
    return found.x[-1]


@pytest.mark.usefixtures("backend")
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
        # rock-paper-scissors with unequal stakes: nu must make all rows equal, and the game is skew-symmetric
        ([[0, -1, 2], [1, 0, -3], [-2, 3, 0]], 0, [1 / 2, 1 / 3, 1 / 6], [1 / 2, 1 / 3, 1 / 6]),
        # hide and seek for 1, 2 and 4: both players in proportion to 1 / stake, value 1 / (1 + 1/2 + 1/4)
        (np.diag([1, 2, 4]), 4 / 7, [4 / 7, 2 / 7, 1 / 7], [4 / 7, 2 / 7, 1 / 7]),
        # two saddle points in each of two rows and columns: the first of all
        ([[1, 1, 2], [0, 0, 2], [1, 1, 3]], 1, [1, 0, 0], [1, 0, 0]),
    ],
)
def test_games_solved_by_hand(matrix, value, mu, nu):
    solution = matrix_equilibrium(matrix)
    assert solution.value == pytest.approx(value, abs=ROUNDING)
    np.testing.assert_allclose(solution.mu, mu, atol=ROUNDING)
    np.testing.assert_allclose(solution.nu, nu, atol=ROUNDING)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 2), (1, 9), (300, 1)])
def test_constant_games(shape):
    solution = matrix_equilibrium(np.full(shape, 0.625))
    assert solution.value == 0.625
    assert (*solution.mu.shape, *solution.nu.shape) == shape
    assert solution.mu[0] == solution.nu[0] == 1.0


@settings(max_examples=150)
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 2, 8, 64]), seeds)
def test_matrix_games_are_those_of_all_submatrices(rows, columns, levels, seed):
    """Few levels give ties and dominated actions, where optimal strategies are not unique: values are compared."""
    matrix = np.random.default_rng(seed).integers(-levels, levels, size=(rows, columns), endpoint=True) / levels
    value, mu, nu = oracles.matrix_value(oracles.exact(matrix))
    assert assert_equilibrium(matrix).value == pytest.approx(float(value), abs=ROUNDING)
    assert gap(matrix, np.array(mu, float), np.array(nu, float)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("shape", [(3, 3), (5, 8), (20, 20), (2, 60), (60, 5), (70, 65)])
def test_values_are_those_of_linear_programs(shape):
    """HiGHS promises 1e-7."""
    rng = np.random.default_rng(shape)
    for matrix in (rng.uniform(size=shape), rng.integers(3, size=shape), rng.normal(size=shape) ** 5):
        assert assert_equilibrium(matrix).value == pytest.approx(program(np.asarray(matrix, float)), abs=1e-6)


@settings(max_examples=200)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 2, 1000]), seeds)
def test_what_does_not_change_the_game_does_not_change_the_value(rows, columns, levels, seed):
    """Moving, scaling, turning it over, and actions that are there twice or dominated."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-levels, levels, size=(rows, columns), endpoint=True) / levels
    value = assert_equilibrium(matrix).value
    near = {"abs": ROUNDING, "rel": ROUNDING}
    assert assert_equilibrium(-matrix.T).value == pytest.approx(-value, **near)
    assert assert_equilibrium(3.0 * matrix + 7.0).value == pytest.approx(3.0 * value + 7.0, **near)
    assert assert_equilibrium(2.0**60 * matrix).value == pytest.approx(2.0**60 * value, abs=ROUNDING * 2.0**60)
    again = matrix[rng.integers(rows, size=rows + 2)]
    again = np.concatenate([matrix, again, matrix.min(axis=0, keepdims=True)])  # the last is no better than any other
    again = rng.permutation(again)[:, rng.permutation(columns)]
    assert assert_equilibrium(again).value == pytest.approx(value, **near)


ROCK = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])


def hard_games():
    rng = np.random.default_rng(7)
    for k in (2, 7):
        yield f"rock-paper-scissors, every action {k} times", np.kron(ROCK, np.ones((k, k)))
        yield f"{k} times rock-paper-scissors, or nothing", np.kron(np.eye(k), ROCK)
    yield "rock-paper-scissors three times over", np.kron(np.kron(ROCK, ROCK), ROCK)
    for n in (3, 10, 65, 130):
        i = np.arange(n)
        difference = i[:, np.newaxis] - i
        yield (
            f"cyclic {n}",
            np.where(difference % n <= n // 2, 1.0, 0.0) - np.where(-difference % n <= n // 2, 1.0, 0.0),
        )
        yield f"identity {n}", np.eye(n)
        yield f"hide {n}", -np.diag(0.9**i)
        yield f"Hilbert {n}", 1.0 / (1.0 + i[:, np.newaxis] + i)
        yield f"distances {n}", np.abs(difference)
        yield f"squares {n}", -(difference**2.0)
        yield f"powers {n}", np.vander(np.linspace(0, 1, n))
        yield f"triangle {n}", np.tril(np.ones((n, n)))
        for rank in (1, 2):
            yield f"rank {rank}, {n}", rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))
        yield f"coins {n}", rng.integers(2, size=(n, n))
        yield f"sparse coins {n}", rng.uniform(size=(n, n)) < 0.1
        yield f"signs {n}", np.sign(rng.normal(size=(n, n))) * (rng.uniform(size=(n, n)) < 0.2)
        yield f"nearly ties {n}", rng.integers(2, size=(n, n)) + 1e-13 * rng.normal(size=(n, n))
        yield f"ties to 1e-10 {n}", rng.integers(2, size=(n, n)) + 1e-10 * rng.normal(size=(n, n))
        yield f"nearly constant {n}", 1.0 + 2.0**-50 * rng.integers(3, size=(n, n))
        yield f"magnitudes {n}", 10.0 ** rng.uniform(-8, 8, size=(n, n)) * rng.choice([-1, 1], size=(n, n))
        yield f"offset 1e8, {n}", 1e8 + rng.uniform(size=(n, n))
        yield f"offset 1e15, {n}", 1e15 + rng.integers(9, size=(n, n))
        yield f"twice the same {n}", rng.uniform(size=(n, n))[rng.integers(n, size=n)][:, rng.integers(n, size=n)]
    blocks = np.zeros((40, 40))
    for k in range(0, 40, 4):
        blocks[k : k + 4, k : k + 4] = rng.uniform(-0.5, 0.5, size=(4, 4))
    yield "blocks", blocks
    for (m, n), kind in zip([(1, 300), (300, 1), (2, 300), (300, 2), (250, 30)], range(5), strict=True):
        yield f"{m} x {n}, {kind}", rng.uniform(size=(m, n))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("matrix", [pytest.param(matrix, id=name) for name, matrix in hard_games()])
def test_hard_games_are_solved_beyond_what_is_promised(matrix):
    """Payoffs that tie to 1e-10, with 10 actions: 5e-8 is left at first, and nothing after the second look."""
    assert_equilibrium(matrix, 1e-10)


def test_no_basis_can_come_back():
    """The right-hand side plus its infinitely small addition stays above 0, so every pivot takes the value further."""
    rng, ties = np.random.default_rng(2), 0
    games = [np.kron(np.eye(3), ROCK), np.kron(ROCK, np.ones((3, 3))), *rng.integers(3, size=(40, 8, 9))]
    for matrix in games:
        moved = np.asarray(matrix, float) - matrix.min()
        tableau, s = Tableau(moved), int(moved.max(axis=0).argmin())
        before = (0.0, 0.0)
        while s >= 0:
            tableau.exchange(tableau.leaving(s), s)
            flat = np.abs(tableau.right) < 1e-9
            ties += flat.sum()
            assert (np.where(flat, tableau.nudge, tableau.right) > 1e-9).all()
            y = tableau.in_row < tableau.columns
            reached = (tableau.right[y].sum(), tableau.nudge[y].sum())
            assert reached[0] > before[0] + 1e-9 or (reached[0] > before[0] - 1e-9 and reached[1] > before[1])
            before, s = reached, tableau.entering()
    assert ties > 100


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("scale", [5e-324, 1e-320, 1e-300, 1e300, 1.7e308])
def test_payoffs_may_have_any_size(scale):
    """Powers of two are taken out, so even a range that is no float itself is no obstacle."""
    for matrix in (ROCK, [[1, -1], [-1, 1]], [[1, 0, -1], [-1, 1, 0]]):
        found, same = matrix_equilibrium(np.array(matrix) * scale), matrix_equilibrium(matrix)
        np.testing.assert_allclose(found.mu, same.mu, atol=ROUNDING)
        np.testing.assert_allclose(found.nu, same.nu, atol=ROUNDING)
        assert found.value == pytest.approx(same.value * scale, abs=max(ROUNDING * scale, 5e-324))


@pytest.mark.parametrize(("n", "levels", "count"), [(2, 1, 81), (2, 3, 4000), (3, 1, 6000), (4, 2, 6000), (6, 1, 3000)])
def test_many_small_games_with_ties(n, levels, count):
    """Vertices where several bases meet: a pivot rule that comes back to a basis does not end here."""
    rng = np.random.default_rng([n, levels])
    matrices = rng.integers(-levels, levels, size=(count, n, n), endpoint=True).astype(float)
    found = matrix_equilibria(matrices)
    upper, lower = np.einsum("gab,gb->ga", matrices, found.nu), np.einsum("gab,ga->gb", matrices, found.mu)
    np.testing.assert_allclose(upper.max(axis=1), found.value, atol=ROUNDING)
    np.testing.assert_allclose(lower.min(axis=1), found.value, atol=ROUNDING)
    for strategy in (found.mu, found.nu):
        assert (strategy >= 0).all()
        np.testing.assert_allclose(strategy.sum(axis=1), 1.0, atol=1e-13)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("n", [5, 9, 30])
def test_the_equilibrium_is_a_vertex(n):
    """At most as many actions as a square submatrix has: the payoffs of the played rows and columns are independent."""
    for matrix in np.random.default_rng(n).integers(2, size=(20, n, n)).astype(float):
        found = matrix_equilibrium(matrix)
        assert (found.mu > 0).sum() <= np.linalg.matrix_rank(matrix) + 1
        played = matrix[:, found.nu > 0] - found.value
        assert np.linalg.matrix_rank(np.vstack([played, np.ones(played.shape[1])])) == played.shape[1]


def test_poker():
    for n_buckets in (2, 4):
        (game,) = families.river_poker_sequence("random", 3, n_games=1, perturbation=0.0, n_buckets=n_buckets)
        matrix = game.reward[0, 0]
        assert assert_equilibrium(matrix).value == pytest.approx(program(matrix), abs=1e-7)


@pytest.mark.usefixtures("backend")
def test_a_batch_gives_the_bits_of_single_games():
    matrices = np.random.default_rng(0).integers(-3, 3, size=(30, 4, 5)) / 3
    found = matrix_equilibria(matrices)
    for k, matrix in enumerate(matrices):
        alone = matrix_equilibrium(matrix)
        assert alone.value == found.value[k]
        np.testing.assert_array_equal(alone.mu, found.mu[k])
        np.testing.assert_array_equal(alone.nu, found.nu[k])
    assert matrix_equilibria(np.empty((0, 2, 3))).mu.shape == (0, 2)


@pytest.mark.parametrize("kind", ["list", "integers", "float32", "strided", "reversed", "columns first"])
def test_matrices_come_in_any_form(kind):
    matrix = np.array([[6.0, 1.0, 5.0], [2.0, 5.0, 5.0]])
    given_as = {
        "list": matrix.tolist(), "integers": matrix.astype(int), "float32": matrix.astype(np.float32),
        "strided": np.repeat(matrix, 2, axis=1)[:, ::2], "reversed": np.flip(matrix.copy())[::-1, ::-1],
        "columns first": np.asfortranarray(matrix),
    }[kind]  # fmt: skip
    found = matrix_equilibrium(given_as)
    assert (found.value, *found.mu, *found.nu) == pytest.approx((3.5, 0.375, 0.625, 0.5, 0.5, 0.0), abs=ROUNDING)


# Errors -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(2, 2), (3, 11), (20, 5), (1, 3)])
def test_an_entry_that_is_no_number_is_named(bad, shape):
    matrix = np.random.default_rng(0).uniform(size=(3, *shape))
    a, b = shape[0] - 1, shape[1] - 2
    matrix[1, a, b] = bad
    with pytest.raises(ValueError, match=rf"^payoffs must be finite; at \(a, b\) = \({a}, {b}\) there is {bad}$"):
        matrix_equilibrium(matrix[1])
    with pytest.raises(ValueError, match=rf"at \(game, a, b\) = \(1, {a}, {b}\) there is {bad}$"):
        matrix_equilibria(matrix)


@pytest.mark.usefixtures("backend")
def test_what_is_no_matrix_is_refused():
    for bad in ([1.0, 2.0], 3.0, np.zeros((2, 2, 2))):
        with pytest.raises(ValueError, match=r"a matrix game must have axes \(a, b\), got shape"):
            matrix_equilibrium(bad)
    with pytest.raises(ValueError, match=r"matrix games must have axes \(game, a, b\), got shape \(2, 2\)"):
        matrix_equilibria(np.eye(2))
    for shape in ((0, 2), (2, 0), (0, 0)):
        with pytest.raises(ValueError, match="each player of a matrix game needs an action"):
            matrix_equilibrium(np.empty(shape))
        with pytest.raises(ValueError, match="each player of a matrix game needs an action"):
            matrix_equilibria(np.empty((2, *shape)))
    with pytest.raises(ValueError, match="payoffs must hold real numbers"):
        matrix_equilibrium([["a", "b"]])


def lame(payoff, solution, games, rows, columns):  # noqa: ARG001
    """A kernel that solves nothing, and says so of the last game."""
    solution[...] = 0.0
    solution[..., 1].flat[-1] = 0.25
    return 0.25


def test_what_the_kernel_leaves_in_doubt_is_solved_exactly(monkeypatch):
    monkeypatch.setattr(metanash.kernels, "equilibria", lame)
    assert matrix_equilibrium(np.diag([1.0, 3.0])).value == 0.75
    np.testing.assert_array_equal(matrix_equilibria([np.eye(2), np.diag([1.0, 3.0])]).value, [0.0, 0.75])


def test_a_game_that_is_not_solved_is_an_error_that_names_it(monkeypatch):
    monkeypatch.setattr(metanash.kernels, "equilibria", lame)
    monkeypatch.setattr(metanash._inner.rational, "WORK", 1.0)
    why = "floating point does not tell its payoffs apart, and an exact solution would take too long"
    with pytest.raises(ArithmeticError, match=rf"^a matrix game was not solved: {why}$"):
        matrix_equilibrium(np.eye(2))
    with pytest.raises(ArithmeticError, match=rf"^a matrix game at game = 2 was not solved: {why}$"):
        matrix_equilibria(np.zeros((3, 2, 2)))
    game = random_tables(np.random.default_rng(3), "zero_sum", 2, 3, (3, 2)).game()
    with pytest.raises(ArithmeticError, match=rf"^a matrix game at \(game, s\) = \(1, 2\) was not solved: {why}$"):
        exact.shapley_batch([game, game])


# Markov games -------------------------------------------------------------------------------------------


@given(tables("zero_sum", max_choices=10**6))
def test_markov_games_are_those_of_fractions(game):
    solution = exact.shapley(game.game())
    values = oracles.shapley_values(oracles.exact(game.reward[0]), oracles.exact(game.kernel))
    np.testing.assert_allclose(solution.value, np.array(values, dtype=float), atol=ROUNDING, rtol=0)
    for h in range(game.horizon):
        onward = np.array(values[h + 1], dtype=float) if h + 1 < game.horizon else np.zeros(game.n_states)
        np.testing.assert_allclose(solution.q[h], game.reward[0, h] + game.kernel[h] @ onward, atol=ROUNDING, rtol=0)
        for s in range(game.n_states):
            assert gap(solution.q[h, s], solution.mu[h, s], solution.nu[h, s]) < ROUNDING


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("storage", ["per_step", "shared", "sparse"])
def test_a_batch_of_markov_games_gives_the_bits_of_single_ones(storage):
    rng = np.random.default_rng(5)
    games = [random_tables(rng, "zero_sum", 3, 4, (3, 2), storage=storage).game() for _ in range(5)]
    together = exact.shapley_batch(metanash.GameBatch.of(games))
    for k, game in enumerate(games):
        alone = exact.shapley(game)
        for name in ("value", "q", "mu", "nu"):
            part = getattr(together, name)
            assert part.flags.c_contiguous
            np.testing.assert_array_equal(part[k], getattr(alone, name))


def test_value_is_that_of_the_policies():
    game = random_tables(np.random.default_rng(3), "zero_sum", 3, 3, (3, 2)).game()
    solution = exact.shapley(game)
    batch = metanash.GameBatch.of(game)
    policy = (solution.mu[np.newaxis], solution.nu[np.newaxis])
    np.testing.assert_allclose(gaps.values(batch, policy, 0)[0], solution.value, atol=ROUNDING)
    np.testing.assert_allclose(gaps.best_response_values(batch, policy, 0)[0], solution.value, atol=ROUNDING)
    np.testing.assert_allclose(gaps.best_response_values(batch, policy, 1)[0], -solution.value, atol=ROUNDING)


def test_solving_does_not_write_into_the_game():
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 1, (2, 2)).game()
    exact.shapley(game)
    assert not np.shares_memory(exact.shapley(game).q, game.reward)
    matrix = np.random.default_rng(6).uniform(size=(4, 4))
    before = matrix.copy()
    matrix_equilibrium(matrix)
    np.testing.assert_array_equal(matrix, before)


def test_a_game_of_many_digits():
    """Payoffs of 26 bits, so that fractions find the value to all of them: 16 digits are right."""
    matrix = np.random.default_rng(8).integers(2**26, size=(4, 4)) / 2.0**26
    value = oracles.matrix_value(oracles.exact(matrix))[0]
    assert abs(Fraction(matrix_equilibrium(matrix).value) - value) < Fraction(math.ulp(1.0))


@pytest.mark.parametrize(
    ("payoff", "reason"),
    [
        (1j, "real numbers, got an array of complex128"),
        ("1", "real numbers, got an array of <U"),
        (10**400, "rectangular array of real numbers: int too large"),
        (object(), "rectangular array of real numbers: float"),
        ([1.0], "rectangular array of real numbers: "),
    ],
)
def test_what_is_no_real_number_is_refused(payoff, reason):
    """Parts of complex numbers are not dropped, and texts are not taken for numbers."""
    for call, matrix in (
        (exact.matrix_equilibrium, [[payoff, 0], [0, 1]]),
        (exact.matrix_equilibria, [[[payoff, 0], [0, 1]]]),
    ):
        with pytest.raises(ValueError, match=reason):
            call(matrix)


def test_fractions_are_rounded():
    """By hand: (1/3, 0; 0, 1/6) is worth 1 / (3 + 6) = 1/9."""
    matrix = np.array([[Fraction(1, 3), 0], [0, Fraction(1, 6)]])
    assert exact.matrix_equilibrium(matrix).value == pytest.approx(1 / 9, rel=1e-15)
