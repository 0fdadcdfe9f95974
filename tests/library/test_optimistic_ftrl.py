"""Optimistic FTRL against loops over all that was played, and against Algorithm 1."""

import math

import numpy as np
import oracles
import oracles_successors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, random_tables, tables_and_policy

from metanash import (
    GameBatch,
    MarkovGame,
    OptimisticMirrorDescent,
    Transition,
    ZeroSumGame,
    families,
    gaps,
    learn,
)
from metanash.learners import LEARNERS, OptimisticFTRL, PlainMirrorDescent, StagedFTRL
from metanash.learners.smooth import shrink, value_rate

TOLERANCE = 1e-12


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_weights_are_products_of_value_rates(horizon):
    """w_{t+1} / w_t from the definition: alpha_{t+1}^{t+1} / alpha_{t+1}^t."""
    for t in range(1, 30):
        ratio = oracles_successors.weight(t, t + 1, horizon) / oracles_successors.weight(t + 1, t + 1, horizon)
        assert shrink(t, horizon) == pytest.approx(ratio, rel=1e-13)
        assert value_rate(t, horizon) == oracles_successors.value_rate(t, horizon)
        assert sum(oracles_successors.weight(i, t, horizon) for i in range(1, t + 1)) == pytest.approx(1.0)


@st.composite
def short_runs(draw):
    game, policy = draw(tables_and_policy("zero_sum", max_horizon=4, max_actions=4))
    return game, policy, draw(st.sampled_from([0.05, 0.7, 4.0])), draw(st.sampled_from([1, 2, 3, 6, 11]))


@pure_starts
@settings(max_examples=60)
@given(case=short_runs())
def test_policies_are_those_of_the_loops(case):
    game, policy, eta, iterations = case
    last, mean = oracles_successors.incremental_ftrl(
        oracles.plain(game.reward[0]), oracles.plain(game.kernel), eta, iterations, [oracles.plain(x) for x in policy]
    )
    learner, batch = OptimisticFTRL(eta), GameBatch.of(game.game())
    state = learner.advance(batch, learner.start(batch, tuple(part[np.newaxis] for part in policy)), iterations)
    for i in (0, 1):
        np.testing.assert_allclose(state.iterate[i][0], last[i], atol=TOLERANCE, rtol=0)
        np.testing.assert_allclose(learner.output(state)[i][0], mean[i], atol=TOLERANCE, rtol=0)
    found = learner.measure(batch, state)
    for name, pair in (("ne_gap", mean), ("last_gap", last)):
        expected = gaps.ne_gaps(batch, tuple(np.array(part)[np.newaxis] for part in pair))
        np.testing.assert_allclose(found[name], expected, atol=1e-11)


def some_games(horizon=3, count=3):
    return families.zero_sum_sequence(
        "random", 5, n_games=count, perturbation=0.3, horizon=horizon, n_states=2, n_actions=(3, 2), stationary=False
    )


@pytest.mark.parametrize("make", [OptimisticFTRL, StagedFTRL])
def test_a_cut_run_gives_the_bits_of_the_whole_and_games_do_not_mix(make):
    games = some_games()
    rates = np.array([0.1, 0.5, 2.0])
    learner, batch = make(rates), GameBatch.of(games)
    whole = learner.advance(batch, learner.start(batch), 41)
    begun = state = learner.start(batch)
    for piece in (0, 1, 2, 30, 8):
        state = learner.advance(batch, state, piece)
    for got, expected in zip(learner.output(state), learner.output(whole), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert begun.iteration == 0
    assert not any(np.ptp(part) for part in begun.iterate)  # the old state stays as it was
    for k, game in enumerate(games):
        alone = learn(game, make(rates[k]), 41)
        for got, expected in zip(alone.policy, learner.output(whole), strict=True):
            np.testing.assert_allclose(got[0], expected[k], atol=1e-14, rtol=0)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1), horizon=st.integers(1, 4), eta=st.sampled_from([0.05, 0.5, 3.0]),
    iterations=st.sampled_from([1, 2, 7, 60]), number=st.sampled_from([1, 30]),
)  # fmt: skip
def test_the_staged_form_is_algorithm_1(seed, horizon, eta, iterations, number):
    """From any interior initial policies, also others in each stage: iterates, outputs and statistics of all stages."""
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "zero_sum", horizon, 2, (2, 3)).game()
    initial = tuple(rng.dirichlet(np.ones(n), size=(1, number, horizon, 2)) for n in (2, 3))
    descent, leader = OptimisticMirrorDescent(eta), StagedFTRL(eta)
    first, second = (learn(game, learner, iterations, initial=initial) for learner in (descent, leader))
    for name in ("iterate", "finished_sums"):
        for got, expected in zip(getattr(second.state, name), getattr(first.state, name), strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-11, rtol=1e-11)
    np.testing.assert_allclose(second.ne_gap, first.ne_gap, atol=1e-11)
    for got, expected in zip(leader.stages(second.state), descent.stages(first.state), strict=True):
        assert (got.index, got.iterations) == (expected.index, expected.iterations)
        np.testing.assert_allclose(got.value, expected.value, atol=1e-11)
        for i in (0, 1):
            np.testing.assert_allclose(got.average[i], expected.average[i], atol=1e-11)


def test_the_staged_form_adds_in_chunks():
    """Beyond 1024 iterations in a stage; matching pennies at different stakes, far from uniform."""
    games = some_games(horizon=1, count=1)
    initial = (np.array([0.7, 0.2, 0.1]).reshape(1, 1, 1, 1, 3).repeat(2, 3), np.full((1, 1, 1, 2, 2), 0.5))
    first, second = (learn(games, make(0.3), 6000, initial=initial) for make in (OptimisticMirrorDescent, StagedFTRL))
    assert max(stage.iterations for stage in first.state.stages) > 1024
    for got, expected in zip(second.policy, first.policy, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("horizon", [1, 3])
def test_the_gap_falls_like_one_over_t_at_the_prescribed_rate(horizon):
    """Yang and Ma (2022): at most 320 H^5 log(AB) / (C T) at the rate C / H^2, C at most 1/8, if memory serves."""
    rate = 1 / (8 * horizon**2)
    run = learn(some_games(horizon), OptimisticFTRL(rate), 6000, at=[1500, 3000, 6000])
    bound = 320 * 8 * horizon**5 * math.log(6) / run.checkpoints
    assert (run.ne_gap <= bound).all()
    slopes = np.log2(run.ne_gap[:, 1:] / run.ne_gap[:, :-1])
    if horizon == 1:
        assert (slopes[:, -1] < -0.8).all()
    assert (run.ne_gap[:, -1] > 0).all()


def test_what_does_not_fit_is_refused():
    game = some_games(count=1)[0]
    general = MarkovGame.from_zero_sum(game)
    for make in (OptimisticFTRL, StagedFTRL):
        with pytest.raises(ValueError, match=f"{make.__name__} takes games of class ZeroSumGame, got a MarkovGame"):
            learn(general, make(0.1), 3)
        for rate in (0.0, -1.0, math.nan, [1.0, 2.0]):
            with pytest.raises(ValueError, match="learning_rate"):
                learn(game, make(rate), 3)
    with pytest.raises(ValueError, match="initial policy of player 1 must have shape"):
        learn(game, OptimisticFTRL(1.0), 3, initial=(np.full((1, 3, 2, 3), 1 / 3), np.full((1, 3, 2, 3), 1 / 3)))


@pure_starts
@settings(max_examples=30)
@given(case=short_runs(), predicts=st.booleans())
def test_stages_with_and_without_prediction_are_those_of_the_loops(case, predicts):
    """For H > 1 the runs go through the first stages, of H iterations and a little more."""
    game, policy, eta, iterations = case
    mean = oracles_successors.staged_descent(
        oracles.plain(game.reward[0]), oracles.plain(game.kernel), eta, iterations,
        [oracles.plain(x) for x in policy], predicts=predicts,
    )  # fmt: skip
    learner = (StagedFTRL if predicts else PlainMirrorDescent)(eta)
    run = learn(game.game(), learner, iterations, initial=tuple(part[np.newaxis, np.newaxis] for part in policy))
    for got, expected in zip(run.policy, mean, strict=True):
        np.testing.assert_allclose(got[0], expected, atol=TOLERANCE, rtol=0)


def test_plain_mirror_descent_goes_around_where_optimistic_comes_in():
    """Matching pennies from (0.7, 0.4): multiplicative weights leave it (Bailey and Piliouras 2018)."""
    pennies = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], Transition.shared(np.ones((1, 2, 2, 1))))
    initial = tuple(np.array([p, 1 - p]).reshape(1, 1, 1, 1, 2) for p in (0.7, 0.4))
    plain, optimistic = (learn(pennies, make(0.3), 2000, initial=initial) for make in (PlainMirrorDescent, StagedFTRL))
    distance = [max(abs(part[0, 0, 0, 0] - 0.5) for part in run.state.iterate) for run in (plain, optimistic)]
    assert distance[0] > 0.4
    assert distance[1] < 1e-3


def test_they_are_registered():
    found = [LEARNERS[name] for name in ("optimistic_ftrl", "staged_ftrl", "plain_mirror_descent")]
    assert found == [OptimisticFTRL, StagedFTRL, PlainMirrorDescent]
