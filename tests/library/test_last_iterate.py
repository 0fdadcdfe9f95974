"""Optimistic gradient steps and learning with entropy, against loops and against their theorems."""

import math
from functools import partial

import numpy as np
import oracles
import oracles_successors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, seeds, tables_and_policy

from metanash import GameBatch, MarkovGame, Transition, ZeroSumGame, exact, families, gaps, learn, simplex
from metanash.learners import LEARNERS, EntropyExtragradient, EntropyOMWU, OptimisticGradient
from metanash.learners.last_iterate import regularized_gaps

TAU = 0.125


@st.composite
def short_runs(draw):
    game, policy = draw(tables_and_policy("zero_sum", max_horizon=3, max_actions=3))
    return game, policy, draw(st.sampled_from([0.05, 0.7, 4.0])), draw(st.sampled_from([1, 2, 5, 12]))


@pure_starts
@settings(max_examples=60)
@given(case=short_runs(), name=st.sampled_from(["gradient", "predictive", "omwu"]))
def test_policies_are_those_of_the_loops(case, name):
    game, policy, eta, iterations = case
    make, learner = {
        "gradient": (oracles_successors.GradientPair, OptimisticGradient(eta)),
        "predictive": (
            partial(oracles_successors.EntropyPair, tau=TAU, predictive=True),
            EntropyExtragradient(eta, TAU),
        ),
        "omwu": (partial(oracles_successors.EntropyPair, tau=TAU, predictive=False), EntropyOMWU(eta, TAU)),
    }[name]
    horizon = game.horizon
    expected = oracles_successors.last_iterates(
        oracles.plain(game.reward[0]), oracles.plain(game.kernel), iterations, [oracles.plain(x) for x in policy],
        partial(make, eta=eta),
        (lambda t: (horizon + 1) / (horizon + t)) if name == "gradient" else (lambda _: eta * TAU),
    )  # fmt: skip
    batch = GameBatch.of(game.game())
    state = learner.advance(batch, learner.start(batch, tuple(part[np.newaxis] for part in policy)), iterations)
    for got, wanted in zip(learner.output(state), expected, strict=True):
        np.testing.assert_allclose(got[0], wanted, atol=1e-11, rtol=0)


@settings(max_examples=40)
@given(case=tables_and_policy("zero_sum", max_horizon=3, max_actions=3), tau=st.sampled_from([0.02, 0.5, 3.0]))
def test_the_gap_with_entropy_is_that_of_the_loops(case, tau):
    game, policy = case
    mu, nu = (oracles.plain(part) for part in policy)
    expected = oracles_successors.regularized_gap(
        oracles.plain(game.reward[0]), oracles.plain(game.kernel), game.initial.tolist(), mu, nu, tau
    )
    batch = GameBatch.of(game.game())
    found = regularized_gaps(batch, tuple(part[np.newaxis] for part in policy), tau)[0]
    assert found == pytest.approx(expected, abs=1e-11)
    assert found >= -1e-12


def matrix_game(matrix):
    payoff = np.asarray(matrix, dtype=np.float64)
    return ZeroSumGame(payoff[np.newaxis, np.newaxis], Transition.shared(np.ones((1, *payoff.shape, 1))))


def divergence(equilibrium, policies):
    return sum(
        float(simplex.kl_divergence(np.array(p), q[0, 0, 0])) for p, q in zip(equilibrium, policies, strict=True)
    )


@settings(max_examples=25)
@given(seed=seeds, tau=st.sampled_from([0.05, 0.3, 1.0]))
def test_the_predictive_update_contracts_as_its_theorem_says(seed, tau):
    """KL(QRE || x^t) <= (1 - eta tau)^t KL(QRE || x^0), at the largest rate allowed, 1 / (tau + 2 max Q)."""
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(size=(2, 2))
    equilibrium = oracles_successors.quantal_response(matrix.tolist(), tau)
    eta = 1 / (tau + 2 * matrix.max())
    initial = tuple(rng.dirichlet(np.ones(2)).reshape(1, 1, 1, 2) for _ in range(2))
    learner, batch = EntropyExtragradient(eta, tau), GameBatch.of(matrix_game(matrix))
    state = learner.start(batch, initial)
    first = divergence(equilibrium, learner.output(state))
    for t in range(1, 40):
        state = learner.advance(batch, state, 1)
        assert divergence(equilibrium, learner.output(state)) <= (1 - eta * tau) ** t * first + 1e-12


@settings(max_examples=12)
@given(seed=seeds, tau=st.sampled_from([0.2, 0.5]), make=st.sampled_from([EntropyExtragradient, EntropyOMWU]))
def test_both_come_to_the_equilibrium_with_entropy(seed, tau, make):
    """To 1e-9 after log(1e-20) / log(1 - eta tau) iterations, and its NE-gap is at most tau (log A + log B)."""
    matrix = np.random.default_rng(seed).uniform(size=(2, 2))
    expected = oracles_successors.quantal_response(matrix.tolist(), tau)
    eta = 0.2
    run = learn(matrix_game(matrix), make(eta, tau), math.ceil(math.log(1e-20) / math.log(1 - eta * tau)))
    for got, wanted in zip(run.policy, expected, strict=True):
        np.testing.assert_allclose(got[0, 0, 0], wanted, atol=1e-9)
    assert abs(run.measures["qre_gap"][0, -1]) < 1e-12
    assert run.ne_gap[0, -1] <= tau * math.log(4) + 1e-12


@pytest.mark.parametrize("make", [EntropyExtragradient, EntropyOMWU])
def test_with_steps_and_states_they_come_to_the_equilibrium_with_entropy(make):
    games = families.zero_sum_sequence(
        "random", 3, n_games=2, perturbation=0.2, horizon=3, n_states=2, n_actions=(3, 2)
    )
    run = learn(games, make(0.15, 0.1), 3000)
    assert np.abs(run.measures["qre_gap"][:, -1]).max() < 1e-10
    assert run.measures["qre_gap"][:, 0].min() > 1e-3
    assert (run.ne_gap[:, -1] <= 3 * 0.1 * math.log(6)).all()


@pytest.mark.parametrize(("horizon", "least"), [(1, 1e-10), (2, 5e-3)])
def test_last_iterates_of_gradient_steps_converge_where_the_equilibrium_is_mixed(horizon, least):
    """H = 1: linearly, far below what averages reach; H > 1: as fast as values do, like a power of T."""
    games = families.zero_sum_sequence("mixed", 1, n_games=2, perturbation=0.1, horizon=horizon)
    run = learn(games, OptimisticGradient(0.4), 3000, at=[300, 3000])
    assert run.ne_gap[:, 1].max() < least
    assert (run.ne_gap[:, 0] > 2 * run.ne_gap[:, 1]).all()
    assert (run.measures["average_gap"][:, 1] > run.ne_gap[:, 1]).all()


def test_gradient_steps_find_an_asymmetric_equilibrium():
    game = [[0.9, 0.1, 0.3], [0.2, 0.8, 0.3]]
    solved = exact.matrix_equilibrium(np.array(game))
    run = learn(matrix_game(game), OptimisticGradient(0.4), 6000)
    assert run.ne_gap[0, -1] < 1e-12
    assert float(run.policy[0][0, 0, 0] @ np.array(game) @ run.policy[1][0, 0, 0]) == pytest.approx(solved.value)


@pytest.mark.parametrize("make", [OptimisticGradient, EntropyExtragradient, EntropyOMWU])
def test_a_cut_run_gives_the_bits_of_the_whole_and_games_do_not_mix(make):
    games = families.zero_sum_sequence("random", 5, n_games=3, perturbation=0.3, horizon=3, n_actions=(3, 2))
    rates = np.array([0.1, 0.5, 2.0])
    learner, batch = make(rates), GameBatch.of(games)
    whole, state = learner.advance(batch, learner.start(batch), 20), learner.start(batch)
    for piece in (0, 1, 2, 17):
        state = learner.advance(batch, state, piece)
    for got, expected in zip(learner.output(state), learner.output(whole), strict=True):
        np.testing.assert_array_equal(got, expected)
    for k, game in enumerate(games):
        for got, expected in zip(learn(game, make(rates[k]), 20).policy, learner.output(whole), strict=True):
            np.testing.assert_allclose(got[0], expected[k], atol=1e-14, rtol=0)


def test_gradient_steps_leave_pure_policies_and_entropy_says_that_it_does_not():
    pennies, pure = matrix_game(np.eye(2)), tuple(np.array([1.0, 0.0]).reshape(1, 1, 1, 2) for _ in range(2))
    assert learn(pennies, OptimisticGradient(0.3), 3000, initial=pure).ne_gap[0, -1] < 1e-9
    with pytest.warns(UserWarning, match=r"EntropyOMWU never raises a probability of 0") as found:
        run = learn(pennies, EntropyOMWU(0.3), 50, initial=pure)
    assert found[0].filename == __file__
    np.testing.assert_array_equal(run.policy[0][0, 0, 0], [1.0, 0.0])
    assert np.isfinite(run.measures["qre_gap"]).all()


@pytest.mark.parametrize("rate", [1e6, 1e17, 1e100])
def test_far_gradient_steps_keep_a_mass_of_one(rate):
    """Where 1 is lost beside the step, a projection might sum to 0. A saddle point in pure policies is found."""
    run = learn(matrix_game([[0.5, 0.75], [0.25, 0.125]]), OptimisticGradient(rate), 20)
    for policy, best in zip(run.policy, (0, 0), strict=True):
        np.testing.assert_array_equal(policy[0, 0, 0], np.eye(2)[best])
    assert run.ne_gap[0, -1] == 0.0


def test_what_does_not_fit_is_refused():
    game = matrix_game(np.eye(2))
    for make in (OptimisticGradient, EntropyExtragradient, EntropyOMWU):
        with pytest.raises(ValueError, match=f"{make.__name__} takes games of class ZeroSumGame, got a MarkovGame"):
            learn(MarkovGame.from_zero_sum(game), make(0.1), 3)
    with pytest.raises(
        ValueError, match=r"learning_rate times temperature must be below 1, got 1; take a smaller rate"
    ):
        learn(game, EntropyOMWU(2.0, 0.5), 3)
    for tau in (0.0, -1.0, math.nan, math.inf, "warm", [0.1]):
        with pytest.raises(ValueError, match="temperature must"):
            learn(game, EntropyExtragradient(0.1, tau), 3)
    with pytest.raises(ValueError, match="temperature must be above 0"):
        regularized_gaps(GameBatch.of(game), tuple(np.full((1, 1, 1, 2), 0.5) for _ in range(2)), 0.0)


def test_they_are_registered():
    found = [LEARNERS[name] for name in ("optimistic_gradient", "entropy_extragradient", "entropy_omwu")]
    assert found == [OptimisticGradient, EntropyExtragradient, EntropyOMWU]
    assert gaps.ne_gap(matrix_game(np.eye(2)), tuple(np.full((1, 1, 2), 0.5) for _ in range(2))) == 0.0
