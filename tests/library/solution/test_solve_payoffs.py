"""``solve`` of payoffs: games solved by hand, linear programs of HiGHS, enumeration of supports in fractions."""

import itertools
from fractions import Fraction

import numpy as np
import oracles
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import seeds

import metanash as mn
from metanash.exact import matrix_equilibrium
from metanash.solution import bimatrix
from metanash.solution.bimatrix import bimatrix_equilibrium

ROUNDING = 1e-12


def gains(payoffs, policies):
    """Oracle: each player's gain in fractions, by loops over joint actions."""
    played = [[Fraction(p) for p in policy.tolist()] for policy in policies]
    found = []
    for i, table in enumerate(payoffs):
        paid = [Fraction(0)] * len(played[i])
        for joint in itertools.product(*map(range, table.shape)):
            weight = Fraction(float(table[joint]))
            for j, a in enumerate(joint):
                weight *= played[j][a] if j != i else 1
            paid[joint[i]] += weight
        found.append(max(paid) - sum(p * u for p, u in zip(played[i], paid, strict=True)))
    return found


def assert_equilibrium(payoffs, solution, parts=1e-9):
    """The gap is what the policies leave, each player's gain small beside the range of its payoffs."""
    payoffs = np.asarray(payoffs, float)
    for policy, n in zip(solution.policies, payoffs.shape[1:], strict=True):
        assert policy.shape == (n,)
        assert policy.min() >= 0.0
        assert policy.sum() == pytest.approx(1.0, abs=ROUNDING)
    found = gains(payoffs, solution.policies)
    size = float(np.abs(payoffs).max())
    told = max(found) if not solution.is_zero_sum else sum(found)
    assert solution.gap == pytest.approx(float(told), abs=1e-14 * size)
    for gain, table in zip(found, payoffs, strict=True):
        assert gain <= parts * float(np.ptp(table)) + 1e-14 * size
    return solution


# Zero-sum matrices --------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(st.integers(1, 7), st.integers(1, 7), st.sampled_from([1, 3, 1000]), seeds)
def test_a_matrix_has_the_bits_of_the_exact_solver(rows, columns, levels, seed):
    """Lists and arrays, by the short way and by the long one."""
    matrix = np.random.default_rng(seed).integers(-levels, levels, size=(rows, columns), endpoint=True)
    wanted = matrix_equilibrium(matrix)
    for game in (matrix, matrix.tolist(), tuple(map(tuple, matrix.tolist())), matrix / 1.0, matrix.astype(object)):
        found = mn.solve(game)
        assert found.value == wanted.value
        np.testing.assert_array_equal(found.policies[0], wanted.mu)
        np.testing.assert_array_equal(found.policies[1], wanted.nu)
    assert_equilibrium([matrix, -matrix], found)


@pytest.mark.parametrize("shape", [(2, 2), (5, 8), (20, 20), (3, 60)])
def test_values_of_matrices_are_those_of_linear_programs(shape):
    matrix = np.random.default_rng(shape).normal(size=shape)
    rows, columns = shape
    found = scipy.optimize.linprog(
        np.append(np.zeros(rows), -1.0), A_ub=np.column_stack([-matrix.T, np.ones(columns)]), b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[np.newaxis], b_eq=[1.0], bounds=[(0.0, None)] * rows + [(None, None)],
    )  # fmt: skip
    assert mn.solve(matrix).value == pytest.approx(found.x[-1], abs=1e-7)


@pytest.mark.parametrize("size", [1e-300, 1e-9, 1e9, 1e300])
def test_payoffs_of_matrices_have_any_size(size):
    """By hand: 2 x 2 without a saddle point; mu = (2, 3) / 5, nu = (2, 3) / 5, value 1/5."""
    found = mn.solve([[2 * size, -size], [-size, size]])
    assert found.value == pytest.approx(size / 5)
    np.testing.assert_allclose(found.policies, [[0.4, 0.6], [0.4, 0.6]])
    assert 0.0 <= found.gap <= 1e-15 * size


def test_numbers_may_be_fractions():
    found = mn.solve([[Fraction(1, 3), 0], [0, Fraction(2, 3)]])
    assert found.value == pytest.approx(2 / 9)
    np.testing.assert_allclose(found.policies, [[2 / 3, 1 / 3]] * 2)


def test_a_gap_is_what_the_policies_leave():
    """Policies of a game that pays 1e-9 more: nothing but them and the payoffs is looked at."""
    matrix = np.array([[3.0, -1.0], [-1.0, 1.0]])
    x, y = np.array([0.25, 0.75]), np.array([0.5, 0.5])
    assert mn.solution.matrix.matrix_gap(matrix, x, y) == pytest.approx(float(sum(gains([matrix, -matrix], [x, y]))))
    large = np.kron(matrix, np.ones((6, 6)))
    x, y = np.repeat(x / 6, 6), np.repeat(y / 6, 6)
    assert mn.solution.matrix.matrix_gap(large, x, y) == pytest.approx(float(sum(gains([large, -large], [x, y]))))


# Two players, general-sum -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payoffs", "policies", "value"),
    [
        # the prisoners' dilemma: to defect is better whatever the other does
        (([[3, 0], [5, 1]], [[3, 5], [0, 1]]), ([0, 1], [0, 1]), [1, 1]),
        # battle of the sexes: two pure equilibria, none better for both; the first
        (([[3, 0], [0, 2]], [[2, 0], [0, 3]]), ([1, 0], [1, 0]), [3, 2]),
        # stag hunt: the second equilibrium is better for both
        (([[2, 2], [0, 3]], [[2, 0], [2, 3]]), ([0, 1], [0, 1]), [3, 3]),
        # inspection: a wage of 5 is kept by who shirks unseen, work costs 2 of it; to inspect (the second column) costs
        # 1. The worker is indifferent where 5 (1 - y) = 3, the boss where -5 x + 5 (1 - x) = -x + 4 (1 - x)
        (([[5, 0], [3, 3]], [[-5, -1], [5, 4]]), ([0.2, 0.8], [0.6, 0.4]), [3, 3]),
        # rock, paper, scissors where rock wins player 1 twice as much: -y2 + 2 y3 = y1 - y3 = -y1 + y2 = v gives
        # y = (4, 5, 3) v, whose sum is 1
        (([[0, -1, 2], [1, 0, -1], [-1, 1, 0]], [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]),
         ([1 / 3] * 3, [1 / 3, 5 / 12, 1 / 4]), [1 / 12, 0]),
        # one action against two
        (([[1, 2]], [[0, 1]]), ([1], [0, 1]), [2, 1]),
    ],
)  # fmt: skip
def test_games_of_two_players_solved_by_hand(payoffs, policies, value):
    found = assert_equilibrium(payoffs, mn.solve(payoffs))
    for policy, wanted in zip(found.policies, policies, strict=True):
        np.testing.assert_allclose(policy, wanted, atol=ROUNDING)
    np.testing.assert_allclose(found.value, value, atol=ROUNDING)
    assert not found.is_zero_sum


def every_equilibrium(one, other):
    """Oracle: all equilibria of a non-degenerate game, by supports of equal size, in fractions."""
    rows, columns = len(one), len(one[0])
    found = []
    for K in oracles.subsets(rows):
        for J in (J for J in oracles.subsets(columns) if len(J) == len(K)):
            y = indifferent([[one[i][j] for j in J] for i in K])
            x = indifferent([[other[i][j] for i in K] for j in J])
            if x is None or y is None or min(x[:-1]) < 0 or min(y[:-1]) < 0:
                continue
            if all(sum(one[i][j] * q for j, q in zip(J, y, strict=False)) <= y[-1] for i in range(rows)) and all(
                sum(other[i][j] * p for i, p in zip(K, x, strict=False)) <= x[-1] for j in range(columns)
            ):
                found.append(
                    (
                        [x[K.index(i)] if i in K else 0 for i in range(rows)],
                        [y[J.index(j)] if j in J else 0 for j in range(columns)],
                    )
                )
    return found


def indifferent(table):
    """Probabilities that make all rows pay the same, and that payment."""
    n = len(table)
    system = [[*row, Fraction(-1)] for row in table] + [[Fraction(1)] * n + [Fraction(0)]]
    return oracles.solve(system, [Fraction(0)] * n + [Fraction(1)])


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), seeds)
def test_equilibria_are_among_those_of_all_supports(rows, columns, without_pure, seed):
    rng = np.random.default_rng(seed)
    payoffs = rng.normal(size=(2, rows, columns))
    if without_pure:  # player 2 is near to wanting the opposite
        payoffs[1] = -payoffs[0] + 0.3 * payoffs[1]
    found = assert_equilibrium(payoffs, mn.solve(payoffs))
    every = every_equilibrium(*map(oracles.exact, payoffs))
    distance = min(
        max(abs(float(p) - q) for one, other in zip(pair, found.policies, strict=True)
            for p, q in zip(one, other.tolist(), strict=True))
        for pair in every
    )  # fmt: skip
    assert distance <= 1e-12
    assert len(every) % 2 == 1


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 2, 5]), seeds)
def test_ties_do_not_matter(rows, columns, levels, seed):
    """Degenerate games: actions that are there twice, and few different payoffs."""
    payoffs = (
        np.random.default_rng(seed).integers(-levels, levels, size=(2, rows, columns), endpoint=True).astype(float)
    )
    payoffs = np.concatenate([payoffs, payoffs[:, :1]], axis=1)
    assert_equilibrium(payoffs, mn.solve(payoffs))


def shapley_cycle(n):
    """Shapley's games without an equilibrium but the uniform one: each player wants its own neighbour of the other."""
    return np.stack([np.eye(n), np.roll(np.eye(n), 1, axis=1)])


@pytest.mark.parametrize("n", [3, 7, 10, 15, 40])
def test_shapleys_cycle_has_the_uniform_equilibrium(n):
    """In integers up to 20 actions, in floats beyond; the method follows one path through all supports."""
    found = assert_equilibrium(shapley_cycle(n), mn.solve(shapley_cycle(n)))
    np.testing.assert_allclose(found.policies, np.full((2, n), 1 / n), atol=1e-12)
    assert found.method == ("Lemke-Howson in integers" if 2 * n <= bimatrix.EXACT else "Lemke-Howson")


@pytest.mark.parametrize("sizes", [(1.0, 1e12), (1e-9, 1e9), (1e-290, 1e290), (1e-14, 1.0)])
def test_payoffs_far_apart(sizes):
    """Each column of a cycle for stakes of its own; strategies by hand, in proportion to the inverse of the stakes."""
    stakes = np.geomspace(*sizes, 4)
    payoffs = shapley_cycle(4) * stakes
    found = mn.solve(payoffs)
    inverse = stakes[0] / stakes
    np.testing.assert_allclose(found.policies[1], inverse / inverse.sum(), rtol=1e-12)
    # column j pays player 2 stakes[j] in row j - 1
    np.testing.assert_allclose(found.policies[0], np.roll(inverse / inverse.sum(), -1), rtol=1e-12)


def test_floats_that_fail_are_solved_in_integers(monkeypatch):
    """Whatever the walk in floats returns, its gap is looked at."""
    payoffs = shapley_cycle(12)
    pure = (np.eye(12)[0], np.eye(12)[0])
    monkeypatch.setattr(bimatrix, "_in_floats", lambda *_: pure)
    found = mn.solve(payoffs)
    assert found.method == "Lemke-Howson in integers"
    np.testing.assert_allclose(found.policies, np.full((2, 12), 1 / 12), atol=1e-15)
    monkeypatch.setattr(bimatrix, "WORK", 1000.0)
    with pytest.raises(ArithmeticError, match="exact solution would take too long; give it fewer actions"):
        mn.solve(payoffs)


@pytest.mark.parametrize("n", [25, 60])
def test_larger_games(n):
    rng = np.random.default_rng(n)
    for _ in range(4):
        payoffs = rng.normal(size=(2, n, n - 3))
        payoffs[1] -= payoffs[0]
        policies, _ = bimatrix_equilibrium(payoffs)
        assert max(gains(payoffs, policies)) <= 1e-12


def test_a_pair_that_adds_up_to_a_constant_is_zero_sum():
    """Matching pennies for 3, 1, 1 and 1, and 7 more for both of them together; decimals are rounded by floats."""
    one = np.array([[3, -1], [-1, 1]]) / 10
    found = assert_equilibrium([one, 0.7 - one], mn.solve((one, 0.7 - one)))
    assert found.is_zero_sum
    assert found.value == pytest.approx(1 / 30)
    assert not mn.solve((one, 0.7 - one + [[0, 0], [0, 1e-9]])).is_zero_sum


# More players -------------------------------------------------------------------------------------------


def ring(stakes):
    """Player 1 wants what player 2 does, 2 what 3 does, 3 the other than 1, for stakes by its own action."""
    payoffs = np.zeros((3, 2, 2, 2))
    for a, b, c in itertools.product(range(2), repeat=3):
        payoffs[:, a, b, c] = stakes[0][a] * (a == b), stakes[1][b] * (b == c), stakes[2][c] * (c != a)
    return payoffs


def test_three_players_solved_by_hand():
    """Indifference: player 1 by the strategy of 2, stakes (1, 3) by (3/4, 1/4), and so on around the ring."""
    payoffs = ring([(1, 3), (2, 3), (5, 1)])
    found = assert_equilibrium(payoffs, mn.solve(payoffs))
    np.testing.assert_allclose(found.policies[1], [3 / 4, 1 / 4], atol=1e-9)
    np.testing.assert_allclose(found.policies[2], [3 / 5, 2 / 5], atol=1e-9)
    np.testing.assert_allclose(found.policies[0], [5 / 6, 1 / 6], atol=1e-9)  # 5 (1 - x) = x
    np.testing.assert_allclose(found.value, [3 / 4, 6 / 5, 5 / 6], atol=1e-9)
    worse = np.concatenate(
        [payoffs, payoffs.min(axis=2, keepdims=True) - 1.0], axis=2
    )  # a dominated action of player 2
    found = assert_equilibrium(worse, mn.solve(list(worse)))
    np.testing.assert_allclose(found.policies[1], [3 / 4, 1 / 4, 0], atol=1e-9)


def test_three_players_in_pure_strategies():
    """A public good that pays each .5 of what is given: nobody gives, whatever the others do."""
    given_ = np.indices((2, 2, 2))
    payoffs = 0.5 * given_.sum(axis=0) - given_
    found = assert_equilibrium(payoffs, mn.solve(payoffs))
    np.testing.assert_array_equal(found.policies, [[1, 0]] * 3)
    assert found.method == "enumeration of pure strategies"


@pytest.mark.parametrize("actions", [(2, 2, 2), (3, 2, 4), (2, 3, 2, 2), (3, 3, 3), (2,) * 5])
@pytest.mark.parametrize("levels", [0, 1])
def test_more_players(actions, levels):
    """Drawn games without equilibria in pure strategies; with few levels, degenerate ones."""
    rng, mixed = np.random.default_rng([*actions, levels]), 0
    while mixed < 4:
        size = (len(actions), *actions)
        payoffs = rng.integers(-levels, levels, size, endpoint=True).astype(float) if levels else rng.normal(size=size)
        found = assert_equilibrium(payoffs, mn.solve(payoffs))
        mixed += found.method != "enumeration of pure strategies"


@pytest.mark.parametrize("size", [1e-290, 1e290])
def test_payoffs_of_several_players_have_any_size(size):
    payoffs = ring([(1, 3), (2, 3), (5, 1)])
    found, same = mn.solve(payoffs * size), mn.solve(payoffs)
    for one, other in zip(found.policies, same.policies, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    np.testing.assert_allclose(found.value, same.value * size)
    assert found.gap <= 1e-15 * size


def test_units_of_players_do_not_matter():
    payoffs = ring([(1, 3), (2, 3), (5, 1)])
    moved = payoffs * np.array([1e-8, 1.0, 1e9]).reshape(3, 1, 1, 1) + 5.0
    found, same = mn.solve(moved), mn.solve(payoffs)
    for one, other in zip(found.policies, same.policies, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert_equilibrium(payoffs, mn.solve(payoffs))


def test_a_single_row_is_a_matrix():
    """Player 2 chooses the column; one player alone would take the most."""
    found = mn.solve([[2.0, 5.0, 3.0]])
    assert found.value == 2.0
    np.testing.assert_array_equal(found.policies[1], [1, 0, 0])


def test_paths_that_lead_nowhere_are_told(monkeypatch):
    monkeypatch.setattr("metanash.solution.several._STEPS", 0)
    with pytest.raises(ArithmeticError, match=r"none of 12 paths .* of this game of 3 players .* the least was inf"):
        mn.solve(ring([(1, 3), (2, 3), (5, 1)]))


# Errors and words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("game", "words"),
    [
        ([[1, 2], [3]], r"payoffs must have one shape, got \(2,\), \(1,\); give one matrix"),
        (([[1, 2]], [[1, 2, 3]]), r"got \(1, 2\), \(1, 3\); give one matrix"),
        ([1, 2, 3], r"payoffs of shape \(3,\) are no strategic game; give one matrix"),
        (np.zeros((3, 2, 2)), r"payoffs of shape \(3, 2, 2\) are no strategic game"),
        ([], "payoffs must not be empty"),
        ([[1, "x"], [2, 3]], "payoffs must hold real numbers"),
        ([[1, None], [2, 3]], r"payoffs must be real numbers; at index \(0, 1\) there is None"),
        ([[1, float("nan")], [2, 3]], r"payoffs must be finite; at \(a, b\) = \(0, 1\) there is nan"),
        (([[1, 2]], [[1, float("inf")]]), r"payoffs must be finite; at index \(1, 0, 1\) there is inf"),
        (None, "solve takes a matrix, .* got None"),
        (3.0, "got a float"),
        (
            mn.families.zero_sum_sequence("pure", 1, n_games=2, perturbation=0.1),
            "got a list; it takes one game at a time",
        ),
        (
            mn.GameBatch.of(mn.families.zero_sum_sequence("pure", 1, n_games=1, perturbation=0.1)),
            "got a GameBatch of ZeroSumGame; it",
        ),
    ],
)
def test_what_is_no_game_is_told(game, words):
    with pytest.raises(ValueError, match=words):
        mn.solve(game)


def test_options_that_are_for_others_are_refused():
    with pytest.raises(ValueError, match="zero_sum is for files; leave it out"):
        mn.solve([[1, 2]], zero_sum=True)
    with pytest.raises(ValueError, match="units is for games of this library; payoffs are their own"):
        mn.solve([[1, 2]], units=mn.gambit.Units((0.0, 0.0), 1.0))


def test_a_solution_is_told_in_a_few_lines():
    assert repr(mn.solve(([[3, 0], [0, 1]], [[0, 1], [1, 0]]))).splitlines() == [
        "general-sum game, payoffs 0.75, 0.5, NE-gap 0",
        "player 1  0.5       0.5",
        "player 2  0.25      0.75",
        "by Lemke-Howson in integers",
    ]
    value, policies, gap, method, players = mn.solve([[0, 2], [3, 1]])
    assert (value, gap, method) == (1.5, 0.0, "the simplex method")
    assert len(policies) == 2
    assert players is None


def test_long_strategies_are_told_by_what_is_played():
    """A diagonal of 1s is solved by the uniform strategies; one row that beats all by itself."""
    lines = repr(mn.solve(np.eye(40))).splitlines()
    assert lines[1].startswith("player 1  a=0 0.025  a=1 0.025  ")
    assert lines[1].endswith("  a=11 0.025  ... 28 more")
    best = np.zeros((30, 2))
    best[17] = 1.0
    assert repr(mn.solve(best)).splitlines()[1:3] == ["player 1  a=17 1", "player 2  1         0"]
