"""``solve`` of games with states: oracles by loops, closed forms, and Shapley's iteration with linear programs."""

import itertools

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_tables, seeds

import metanash as mn
from metanash import DiscountedGame, MarkovGame, Transition, ZeroSumGame
from metanash.gambit import Units, from_payoffs
from metanash.solution.discounted import GAP, discounted_equilibrium

sizes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
UNITS = Units((-2.0, 5.0), (4.0, 4.0))


# Finite horizon -----------------------------------------------------------------------------------------


def backward_values(reward, transition, policies):
    """Oracle: values (N, H + 1, S) of policies and, of one player's deviation at one place, the most it gains there."""
    players, horizon, states, *actions = reward.shape
    value, most = np.zeros((players, horizon + 1, states)), 0.0
    for h, s in itertools.product(reversed(range(horizon)), range(states)):
        deviations = [np.zeros(n) for n in actions]
        for joint in itertools.product(*map(range, actions)):
            step = min(h, len(transition) - 1)
            onward = value[:, h + 1] @ transition[(step, s, *joint)]
            paid = reward[(slice(None), h, s, *joint)] + onward
            chances = [policies[i][h, s, a] for i, a in enumerate(joint)]
            value[:, h, s] += np.prod(chances) * paid
            for i, a in enumerate(joint):
                deviations[i][a] += np.prod(chances[:i] + chances[i + 1 :]) * paid[i]
        most = max(most, *(deviations[i].max() - value[i, h, s] for i in range(players)))
    return value, most


@settings(max_examples=40, deadline=None)
@given(sizes, seeds)
def test_zero_sum_markov_games(size, seed):
    """Nobody gains by one deviation anywhere, which is an equilibrium from every state on; value and gap say so."""
    horizon, states, actions = size
    game = random_tables(np.random.default_rng(seed), "zero_sum", horizon, states, actions).game()
    found = mn.solve(game)
    reward = np.stack([game.reward, -game.reward])
    value, most = backward_values(reward, np.asarray(game.transition.kernel), found.policies)
    assert most <= 1e-12
    assert found.value == pytest.approx(game.initial @ value[0, 0], abs=1e-12)
    assert 0.0 <= found.gap <= 1e-12
    told = mn.solve(game, units=UNITS)
    assert told.value == pytest.approx(-2.0 + 4.0 * found.value)
    np.testing.assert_array_equal(told.policies[1], found.policies[1])


@settings(max_examples=25, deadline=None)
@given(sizes, st.booleans(), seeds)
def test_general_sum_markov_games(size, third, seed):
    horizon, states, actions = size
    actions = (*actions, 2) if third else actions
    game = random_tables(np.random.default_rng(seed), "markov", horizon, states, actions).game()
    found = mn.solve(game)
    value, most = backward_values(game.reward, np.asarray(game.transition.kernel), found.policies)
    assert most <= 1e-9
    np.testing.assert_allclose(found.value, [game.initial @ v[0] for v in value], atol=1e-9)
    assert found.gap == pytest.approx(max(0.0, mn.ne_gap(game, found.policies)), abs=1e-15)
    assert found.method.startswith("backward induction with ")


def test_a_dilemma_played_twice_by_hand():
    """Defection at both steps whatever was done: 1 + 1, told in payoffs; from the second state on, nothing is paid."""
    once = np.array([[[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]]) / 5.0
    reward = np.zeros((2, 2, 2, 2, 2))
    reward[:, :, 0] = once[:, np.newaxis]
    stay = Transition.shared(np.tile(np.eye(2)[:, np.newaxis, np.newaxis], (1, 2, 2, 1)))
    found = mn.solve(MarkovGame(reward, stay, [0.5, 0.5]), units=Units((0.0, 0.0), (5.0, 5.0)))
    np.testing.assert_allclose(found.value, [1.0, 1.0])
    np.testing.assert_array_equal(found.policies[0][:, 0], [[0, 1], [0, 1]])
    assert found.gap == 0.0
    assert "h=0 s=0  0         1\n          h=0 s=1" in repr(found)


def test_an_unsolved_stage_is_named(monkeypatch):
    monkeypatch.setattr("metanash.solution.several.PRIORS", 0)
    rng = np.random.default_rng(1)
    ring = np.stack([np.repeat(np.eye(2)[..., None], 2, 2), np.repeat(np.eye(2)[None], 2, 0),
                     np.repeat(1 - np.eye(2)[:, None], 2, 1)])  # fmt: skip
    reward = np.stack([rng.uniform(size=(3, 2, 2, 2)) * 0, ring], axis=1)[:, :, np.newaxis]
    game = MarkovGame(reward, Transition.shared(np.ones((1, 2, 2, 2, 1))))
    with pytest.raises(ArithmeticError, match=r"the stage game at \(h, s\) = \(1, 0\) was not solved: none of 0 paths"):
        mn.solve(game)


def test_one_shot_games_are_solved_as_games():
    """A game object has policies that the library's functions take; the payoffs themselves have strategies."""
    game, units = from_payoffs([[[3, 0], [0, 1]], [[0, 1], [1, 0]]])
    found = mn.solve(game, units=units)
    assert [policy.shape for policy in found.policies] == [(1, 1, 2)] * 2
    np.testing.assert_allclose(found.value, [0.75, 0.5], atol=1e-12)
    assert mn.ne_gap(game, found.policies) <= 1e-12


# Discounted ---------------------------------------------------------------------------------------------


def discounted(rng, states, rows, columns, discount, total=1.0):
    reward = rng.uniform(size=(states, rows, columns)) * min(total, 1.0)
    chance = rng.dirichlet(np.full(states, 0.3), size=(states, rows, columns))
    return DiscountedGame(np.stack([reward, total - reward]), Transition.shared(chance), discount)


def program(matrix):
    """Value of a matrix game, by HiGHS."""
    rows, columns = matrix.shape
    found = scipy.optimize.linprog(
        np.append(np.zeros(rows), -1.0), A_ub=np.column_stack([-matrix.T, np.ones(columns)]), b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[np.newaxis], b_eq=[1.0], bounds=[(0.0, None)] * rows + [(None, None)],
    )  # fmt: skip
    return found.x[-1]


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.8])
def test_discounted_values_are_those_of_shapleys_iteration(discount):
    """Linear programs promise 1e-7 each, and 1 / (1 - discount) times that in the end."""
    rng = np.random.default_rng(5)
    game = discounted(rng, 3, 2, 3, discount)
    chance = np.asarray(game.transition.kernel)[0]
    value = np.zeros(3)
    for _ in range(90):
        value = np.array([program(game.reward[0, s] + discount * chance[s] @ value) for s in range(3)])
    assert mn.solve(game).value == pytest.approx(game.initial @ value, abs=2e-6)


@pytest.mark.parametrize(("states", "rows", "columns"), [(1, 2, 2), (2, 2, 2), (5, 3, 4), (30, 4, 2)])
@pytest.mark.parametrize("discount", [0.5, 0.9, 0.999, 0.99999])
def test_discounted_games_have_the_gap_that_is_promised(states, rows, columns, discount):
    game = discounted(np.random.default_rng([states, int(1e5 * discount)]), states, rows, columns, discount)
    found = mn.solve(game)
    allowed = GAP * np.ptp(game.reward[0]) / (1.0 - discount)
    gains = mn.ne_gains(game, found.policies)
    slack = 1e-14 + 4e-16 / (1.0 - discount) ** 2  # rounding of two values of 1 / (1 - discount)
    assert found.gap <= allowed
    assert gains.sum() == pytest.approx(found.gap, abs=slack)
    paid, _ = deviations(game, found.policies)
    low, high = game.initial @ paid[0] - gains[1], game.initial @ paid[0] + gains[0]
    assert low - slack <= found.value <= high + slack  # both of what the policies are sure of


def deviations(game, policies):
    """Oracle: values (2, S) of policies by a linear system made in loops, and the gains of single deviations."""
    states, rows, columns = game.reward.shape[1:]
    chance = np.asarray(game.transition.kernel)[0]
    system, right = np.eye(states), np.zeros((2, states))
    for s, a, b in itertools.product(range(states), range(rows), range(columns)):
        weight = policies[0][s, a] * policies[1][s, b]
        system[s] -= game.discount * weight * chance[s, a, b]
        right[:, s] += weight * game.reward[:, s, a, b]
    value = np.linalg.solve(system, right.T).T
    most = 0.0
    for s in range(states):
        own = [game.reward[i, s] + game.discount * chance[s] @ value[i] for i in range(2)]
        most = max(most, (own[0] @ policies[1][s]).max() - value[0, s], (policies[0][s] @ own[1]).max() - value[1, s])
    return value, most


@pytest.mark.parametrize("discount", [0.3, 0.95])
def test_nobody_gains_by_one_deviation(discount):
    """A gap of g is left by single gains of g at most."""
    game = discounted(np.random.default_rng(8), 4, 3, 2, discount)
    found = discounted_equilibrium(game, gap=1e-13)
    assert deviations(game, found.policies)[1] <= 1e-12 / (1.0 - discount)


def test_a_discounted_game_by_hand():
    """Pennies for 1 until they match, then nothing: v = 1/2 (1 - p) ... by indifference of the stage game.

    State 0 pays [[1, 0], [0, 1]] and ends when player 1 wins; V = val [[1, gV], [gV, 1]] = (1 + gV) / 2, so that
    V = 1 / (2 - g). State 1 is the end.
    """
    chance = np.zeros((2, 2, 2, 2))
    chance[1, ..., 1] = chance[0, [0, 1], [0, 1], 1] = chance[0, [0, 1], [1, 0], 0] = 1.0
    win = np.zeros((2, 2, 2))
    win[0] = np.eye(2)
    game = DiscountedGame(np.stack([win, 1.0 - win]), Transition.shared(chance), 0.9, [0.999, 0.001])
    found = mn.solve(game)
    assert found.value == pytest.approx(0.999 / 1.1, abs=1e-9)
    np.testing.assert_allclose(found.policies[0][0], [0.5, 0.5], atol=1e-9)
    told = mn.solve(game, units=Units((-1.0, 1.0), (2.0, 2.0)))
    assert told.value == pytest.approx(-1.0 + 2.0 * 0.999 / 1.1, abs=2e-9)


def test_sums_of_rewards_may_be_any_constant():
    rng = np.random.default_rng(3)
    found = mn.solve(discounted(rng, 2, 2, 2, 0.9, total=0.75))
    assert found.is_zero_sum
    still = DiscountedGame(np.full((1, 1, 2, 2), 0.5), Transition.shared(np.ones((1, 2, 2, 1))), 0.5)
    assert discounted_equilibrium(still).value == pytest.approx(1.0)  # a team whose members are always paid the same


@pytest.mark.parametrize("actions", [(3,), (2, 3), (2, 2, 2)])
def test_teams_do_the_best_that_any_pure_policies_do(actions):
    """Enumeration of the joint policies; of one player it is a decision problem."""
    rng = np.random.default_rng(len(actions))
    reward, chance = rng.uniform(size=(2, *actions)), rng.dirichlet(np.ones(2), size=(2, *actions))
    game = DiscountedGame(reward[np.newaxis], Transition.shared(chance), 0.9, [0.25, 0.75])
    joint = list(np.ndindex(actions))
    worth = [
        np.array([0.25, 0.75])
        @ np.linalg.solve(np.eye(2) - 0.9 * np.stack([chance[0][a], chance[1][b]]), [reward[0][a], reward[1][b]])
        for a, b in itertools.product(joint, joint)
    ]
    found = mn.solve(game)
    np.testing.assert_allclose(found.value, [max(worth)] * len(actions), atol=1e-12)
    assert found.gap <= 1e-12
    assert mn.ne_gap(game, found.policies) <= 1e-12
    told = mn.solve(game, units=Units((1.0,) * len(actions), tuple(range(1, len(actions) + 1))))
    np.testing.assert_allclose(told.value, [1.0 + (i + 1) * max(worth) for i in range(len(actions))])


def test_discounted_games_that_are_not_zero_sum_are_refused_by_the_solver_of_those():
    rng = np.random.default_rng(4)
    stay = Transition.shared(np.ones((1, 2, 2, 1)))
    reward = np.full((2, 1, 2, 2), 0.5)
    reward[1, 0, 1, 0] = 0.75
    with pytest.raises(ValueError, match=r"at \(s, a, b\) = \(0, 1, 0\) the sum is 1.25, .*; metanash.solve solves it"):
        discounted_equilibrium(DiscountedGame(reward, stay, 0.9))
    three = DiscountedGame(rng.uniform(size=(3, 1, 2, 2, 2)), Transition.shared(np.ones((1, 2, 2, 2, 1))), 0.9)
    with pytest.raises(ValueError, match=r"this one has 3 players; metanash\.solve"):
        discounted_equilibrium(three)


def test_a_gap_that_rounding_forbids_is_refused():
    game = discounted(np.random.default_rng(6), 3, 3, 3, 0.999)
    with pytest.raises(ValueError, match=r"discount of 0.999 rounding leaves a gap of 2.2e-13 .* asked for 1e-13"):
        discounted_equilibrium(game, gap=1e-13)
    with pytest.raises(ValueError, match="asked for 1e-09: give it a larger one"):
        mn.solve(discounted(np.random.default_rng(6), 2, 2, 2, 1.0 - 1e-8))
    assert discounted_equilibrium(game, gap=1e-6).gap <= 1e-3


def test_a_gap_that_is_not_reached_is_told(monkeypatch):
    """Play that does not get better, since the solver of matrices always says the same."""
    game = discounted(np.random.default_rng(6), 3, 3, 3, 0.9)
    uniform = mn.exact.MatrixEquilibria(np.zeros(3), *(np.full((3, 3), 1 / 3),) * 2)
    monkeypatch.setattr("metanash.solution.discounted.matrix_equilibria", lambda _: uniform)
    with pytest.raises(ArithmeticError, match=r"the gap gets no smaller than [\d.]+ of the .* that were asked for"):
        mn.solve(game)


def test_games_that_are_none_are_refused():
    with pytest.raises(ValueError, match="discounted_equilibrium takes a DiscountedGame, got a ZeroSumGame"):
        discounted_equilibrium(ZeroSumGame(np.ones((1, 1, 1, 1)), Transition.shared(np.ones((1, 1, 1, 1)))))
