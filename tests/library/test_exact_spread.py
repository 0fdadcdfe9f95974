"""Matrix games whose payoffs lie far apart, judged in fractions: no rounding of the judge's can hide an error."""

from fractions import Fraction

import numpy as np
import oracles
import pytest
from backends import BACKENDS, use

from metanash import Transition, ZeroSumGame, exact, kernels
from metanash._inner import rational
from metanash.exact import matrix_equilibria, matrix_equilibrium
from metanash.kernels import twin

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture(params=BACKENDS)
def backend(request, monkeypatch):
    use(monkeypatch, request.param)


def fractions(array):
    """Nested lists of the very numbers that the floats are."""
    return [[Fraction(x) for x in row] for row in np.asarray(array, float).tolist()]


class Judge:
    """Distances of an answer from the truth, and what the module promises of them; loops over fractions."""

    def __init__(self, matrix, mu, nu):
        self.game = fractions(matrix)
        (self.mu, self.nu), rows, columns = fractions([mu])[:1] + fractions([nu])[:1], *np.shape(matrix)
        replies = [sum(x * y for x, y in zip(row, self.nu, strict=True)) for row in self.game]
        answers = [sum(self.mu[a] * self.game[a][b] for a in range(rows)) for b in range(columns)]
        a, b = replies.index(max(replies)), answers.index(min(answers))
        self.gap = replies[a] - answers[b]
        self.low, self.high = answers[b] / sum(self.mu), replies[a] / sum(self.nu)
        self.between = min(map(max, zip(*self.game, strict=True))) - max(map(min, self.game))
        parts = sum(abs(x) * y for x, y in zip(self.game[a], self.nu, strict=True))
        parts += sum(self.mu[k] * abs(self.game[k][b]) for k in range(rows))
        self.rounding = (rows + columns) * parts / 2**52
        self.mean = sum(self.mu[a] * abs(self.game[a][b]) * self.nu[b] for a in range(rows) for b in range(columns))
        self.stake = max(self.mean, min((abs(x) for row in self.game for x in row if x), default=0))
        self.scale = min(self.between, self.stake) if rows * columns <= 400 else self.between

    def assert_promised(self, value, true):
        rounding = max(abs(Fraction(value)) / 2**52, Fraction(1, 2**1075))  # half of the least float
        assert abs(Fraction(value) - true) <= self.scale / 10**9 + rounding
        assert self.gap <= self.scale / 10**9 + self.rounding
        assert self.low <= true <= self.high
        for strategy in (self.mu, self.nu):
            assert min(strategy) >= 0
            assert abs(sum(strategy) - 1) < Fraction(1, 10**14)


def assert_right(matrix):
    found = matrix_equilibrium(matrix)
    true, *_ = oracles.matrix_value(fractions(matrix))
    Judge(matrix, found.mu, found.nu).assert_promised(found.value, true)
    return found, true


def rounded(strategy):
    return [float(p) for p in strategy]


@pytest.mark.parametrize("stake", [1e3, 1e5, 1e6, 1e7, 1e9, 1e12, 1e15, 1e22, 1e100])
def test_a_stake_that_is_hardly_risked(stake):
    """By hand: where the first and last row are played, q / (P + 1 + q); where the last two are, 1 / (P + 2)."""
    tenth, P = Fraction(0.1), Fraction(stake)
    first = matrix_equilibrium([[1, -stake], [0, 0], [0, 0], [0, 0.1]])
    whole = P + 1 + tenth
    if stake > 1e4:  # of smaller spreads floating point makes the most that it can
        assert first.value == float(tenth / whole)
        assert first.mu.tolist() == rounded([tenth / whole, 0, 0, (P + 1) / whole])
        assert first.nu.tolist() == rounded([(P + tenth) / whole, 1 / whole])
    second = matrix_equilibrium([[0, 0], [1, 0], [-stake, 1]])
    if stake > 1e4:
        assert second.value == float(1 / (P + 2))
        assert second.mu.tolist() == rounded([0, (P + 1) / (P + 2), 1 / (P + 2)])
        assert second.nu.tolist() == rounded([1 / (P + 2), (P + 1) / (P + 2)])
    assert first.value == pytest.approx(float(tenth / whole), rel=1e-9, abs=0)
    assert second.value == pytest.approx(float(1 / (P + 2)), rel=1e-9, abs=0)


def random_games(count):
    rng = np.random.default_rng(20)
    for k in range(count):
        shape = tuple(rng.integers(2, 5, size=2))
        P = 10.0 ** rng.integers(5, 16)
        matrix = (
            rng.choice([0, 1, 0.1, 0.01, -P], size=shape),
            rng.choice([0, 1, 0.1, 0.01, -P, P, 1 / P], size=shape),
            np.where(rng.uniform(size=shape) < 0.2, -P, rng.choice([0, 1, 0.1, 0.01], size=shape)),
            rng.uniform(size=shape) * 10.0 ** rng.integers(-12, 13, size=(shape[0], 1)),  # a unit for each row
            rng.normal(size=shape) * 10.0 ** rng.integers(-12, 13, size=(1, shape[1])),
            rng.integers(-2, 3, size=shape) * P ** rng.integers(-1, 2, size=shape),
            rng.integers(2, size=shape) + rng.choice([0, 0, 0, 0, 1 / P, -1 / P, P, -P], size=shape),
        )[k % 7]  # fmt: skip
        again = k % 3 == 0  # rows and columns twice
        yield (
            matrix[rng.integers(shape[0], size=shape[0])][:, rng.integers(shape[1], size=shape[1])] if again else matrix
        )


def test_random_games_are_those_of_all_submatrices():
    left_to_fractions = 0
    for matrix in random_games(600):
        found, true = assert_right(matrix)
        solution = np.empty(2 + sum(matrix.shape))
        if not kernels.equilibria(np.array(matrix, float, order="C"), solution, 1, *matrix.shape) <= exact.DOUBT:
            left_to_fractions += 1
            assert found.value == float(true)
    assert left_to_fractions > 50


def test_what_nobody_would_risk_changes_nothing():
    """A row that loses 1e15 and a column that pays it are never played, nor do they make a certificate worth less."""
    for matrix in ([[0.75, 0.125], [0.25, 0.5]], [[0, 0], [1, 0], [-1e9, 1]]):
        wide = np.full((len(matrix) + 2, 4), 1e15)
        wide[1:-1, 1:-1] = matrix
        wide[[0, -1]] = -1e15
        alone, (found, true) = matrix_equilibrium(matrix), assert_right(wide)
        assert found.value == float(true) == pytest.approx(alone.value, rel=1e-9, abs=0)
        assert found.mu[0] == found.mu[-1] == found.nu[0] == found.nu[-1] == 0.0
        judge = Judge(wide, found.mu, found.nu)
        assert judge.between <= 1
        assert judge.rounding < Fraction(1, 10**14)


def test_payoffs_that_are_only_threatened():
    """What is played for is of size 1e-12, while D is 1: either row alone can lose 1, the two together nothing.

    With probability p of row 0, columns 0 and 2 pay t p and 2 - 3 p, column 1 more: p = 2 / (3 + t), the value t p.
    """
    matrix = [[1e-12, 2, -1], [0, -1, 2]]
    found, true = assert_right(matrix)
    t = Fraction(1e-12)
    assert found.value == float(true) == float(2 * t / (3 + t))
    assert found.mu.tolist() == rounded([2 / (3 + t), (1 + t) / (3 + t)])


@pytest.mark.parametrize("power", [-310, -290, 0, 290])
def test_a_large_spread_at_any_size(power):
    unit = 10.0**power
    matrix = np.array([[0, 0], [1, 0], [-1e9, 1]]) * unit
    found, true = assert_right(matrix)
    assert found.value == float(true)


def test_spreads_beyond_the_floats():
    """Probabilities of 1e-300, and one of 1e-600, which is no float: an error that has the value."""
    found, true = assert_right([[0, 0], [1, 0], [-1e300, 1]])
    assert found.value == float(true) == 1e-300
    with pytest.raises(
        ArithmeticError, match=r"value is 0, but strategies leave a gap of 1e-300, since a probability is"
    ):
        matrix_equilibrium([[0, 0], [1e-300, 0], [-1e300, 1e-300]])


def test_no_action_is_played_for_rounding_s_sake():
    """By Cramer's rule a probability is one integer over another, the determinant of a square part of the game with a
    row and a column of ones; by Hadamard's bound it is at most 11^(11/2) < 1e6 for payoffs of -1, 0 and 1 in 10 x 10,
    less in the other two. In one of seven of these games some probability was of 1e-17 and less."""
    for levels, n in ((1, 5), (2, 5), (1, 10)):
        matrices = np.random.default_rng(n).integers(-levels, levels, size=(2000, n, n), endpoint=True).astype(float)
        found = matrix_equilibria(matrices)
        for strategy in (found.mu, found.nu):
            assert strategy[strategy > 0].min() > 1e-6


def assert_certified(matrix):
    """By weak duality alone, as all submatrices would take too long."""
    found = matrix_equilibrium(matrix)
    judge = Judge(matrix, found.mu, found.nu)
    assert judge.low <= judge.high
    judge.assert_promised(found.value, min(max(Fraction(found.value), judge.low), judge.high))
    return found


def rare_stakes(n, stake, seed):
    rng = np.random.default_rng(seed)
    return np.where(rng.uniform(size=(n, n)) < 0.02, -stake, rng.choice([0, 1, 0.1, 0.01], size=(n, n)))


@pytest.mark.parametrize(("n", "stake"), [(20, 1e12), (21, 1e7), (30, 1e9), (40, 1e13)])
def test_larger_games(n, stake):
    assert_certified(rare_stakes(n, stake, n))


def test_larger_games_are_left_to_the_kernel_where_it_suffices(monkeypatch):
    """Stakes of .9^0 to .9^129: D = .9^129, and all that floating point leaves is 2e-16."""
    monkeypatch.setattr(rational, "WORK", 0.0)
    stakes = 0.9 ** np.arange(130)
    found = assert_certified(-np.diag(stakes))
    assert found.value == pytest.approx(-1.0 / (1.0 / stakes).sum(), rel=1e-8, abs=0)
    # the kernel's strategies are right, but of 7e-8 / 21, which it finds as a difference from 1, only 8 digits
    found = assert_certified(np.vstack([7e-8 * np.eye(21), -np.ones(21)]))
    assert found.value == pytest.approx(7e-8 / 21, rel=5e-9, abs=0)
    with pytest.raises(ArithmeticError, match="a matrix game was not solved: floating point does not tell"):
        matrix_equilibrium(rare_stakes(40, 1e13, 40))


def test_a_game_alone_and_in_a_batch():
    matrices = np.array([[[1, -1e6], [0, 0.1]], [[0.75, 0.125], [0.25, 0.5]], [[3, -1e12], [0, 2]], [[1, 1], [0, 1]]])
    together = matrix_equilibria(matrices)
    for k, matrix in enumerate(matrices):
        alone = matrix_equilibrium(matrix)
        assert alone.value == together.value[k]
        np.testing.assert_array_equal(alone.mu, together.mu[k])
        np.testing.assert_array_equal(alone.nu, together.nu[k])


def test_the_kernel_s_bound_is_one():
    """Worked out in floating point and relative to d, it is above the true gap, but by no more than it says."""
    rng, worst = np.random.default_rng(4), 0.0
    games = [rng.uniform(size=(9, 7)), rng.uniform(size=(2, 2)), np.eye(30), np.diag([1.0, 2.0, 4.0]) + 1e6]
    games += [rng.normal(size=rng.integers(2, 7, size=2)) * 10.0 ** rng.integers(-3, 4) for _ in range(200)]
    for matrix in games:
        rows, columns = matrix.shape
        solution = np.empty(2 + rows + columns)
        bound = kernels.equilibria(matrix, solution, 1, rows, columns)
        judge = Judge(matrix, *np.split(solution[2:], [rows]))
        if judge.between == 0:
            assert bound == judge.gap == 0
            continue
        true = float((judge.high - judge.low) / judge.between)  # D may stand alone where that is little
        strict = float(min(judge.between, judge.mean))
        most = float(judge.high - judge.low) / strict + 2.0 * (rows + columns + 2) * 2.0**-52 * np.ptp(matrix) / strict
        assert true <= bound <= most
        if bound > 4.5e-13 or kernels.equilibria is twin.equilibria:
            true = float((judge.high - judge.low) / min(judge.between, judge.stake))
            assert true <= bound
        worst = max(worst, true / bound)
    assert worst > 0.05  # the games are no trivial ones


def test_markov_games():
    """Two steps, one state: rewards of step 2 are worth 1 / (P + 2) on a scale where P is 1, and step 1 adds that."""
    P = 1e9
    stage = (np.array([[0, 0], [1, 0], [-P, 1]]) + P) / (P + 1)
    game = ZeroSumGame(np.stack([stage, stage])[:, np.newaxis], Transition.shared(np.ones((1, 3, 2, 1))))
    found = exact.shapley(game)
    for h in range(2):
        true, *_ = oracles.matrix_value(fractions(found.q[h, 0]))
        Judge(found.q[h, 0], found.mu[h, 0], found.nu[h, 0]).assert_promised(found.value[h, 0], true)
    assert found.value[1, 0] == pytest.approx((1 / (P + 2) + P) / (P + 1), abs=1e-16)
