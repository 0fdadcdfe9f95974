"""The log barrier against swap deviations: its two inner problems, loops over all that was played, its gaps."""

import math

import numpy as np
import oracles
import oracles_successors
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_interior, random_tables, seeds

from metanash import GameBatch, MarkovGame, Transition, ZeroSumGame, families, learn
from metanash.learners import LEARNERS, LogBarrierFTRL
from metanash.learners.swap_ftrl import barrier_leader, stationary
from metanash.swaps import swap_regrets


@settings(max_examples=80)
@given(seed=seeds, count=st.integers(1, 7), scale=st.sampled_from([0.0, 1e-6, 1.0, 1e3, 1e9, 1e14]))
def test_the_leader_is_that_of_bisection_and_satisfies_its_conditions(seed, count, scale):
    rng = np.random.default_rng(seed)
    lean, prior = scale * rng.normal(size=(4, count)), random_interior(rng, 4, count)
    found = barrier_leader(lean, prior)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-14)
    assert (found > 0.0).all()
    for row, value, start in zip(found, lean, prior, strict=True):
        expected = oracles_successors.barrier_maximum(value.tolist(), start.tolist())
        np.testing.assert_allclose(row, expected, rtol=1e-9 * max(scale, 1.0) if scale < 1e3 else 1.0, atol=1e-12)
        slopes = value + 1.0 / row - 1.0 / start  # all equal at a maximum inside
        assert np.ptp(slopes) <= 1e-9 * (np.abs(value).max() + (1.0 / row).max())


@settings(max_examples=60)
@given(seed=seeds, count=st.integers(1, 6), concentration=st.sampled_from([0.05, 1.0, 50.0]))
def test_stationary_distributions_stay(seed, count, concentration):
    chance = np.random.default_rng(seed).dirichlet(np.full(count, concentration), size=(3, count)) + 1e-9
    chance /= chance.sum(axis=-1, keepdims=True)
    found = stationary(chance)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-14)
    np.testing.assert_allclose(np.einsum("ga,gab->gb", found, chance), found, atol=1e-14)
    for row, matrix in zip(found, chance, strict=True):
        exact = oracles_successors.staying(oracles.exact(matrix / 1.0))
        np.testing.assert_allclose(row, [float(p / sum(exact)) for p in exact], rtol=1e-6, atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(
    seed=seeds,
    sizes=st.sampled_from([(1, 2, (2, 3)), (2, 1, (3, 2)), (2, 2, (2, 2)), (3, 1, (2, 2)), (2, 1, (2, 2, 2))]),
    eta=st.sampled_from([0.05, 0.7, 5.0]), iterations=st.sampled_from([1, 2, 4, 6]), flat=st.booleans(),
)  # fmt: skip
def test_policies_values_and_gaps_are_those_of_the_loops(seed, sizes, eta, iterations, flat):
    horizon, states, actions = sizes
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", horizon, states, actions)
    initial = tuple(
        np.full((1, horizon, states, n), 1 / n) if flat else random_interior(rng, 1, horizon, states, n)
        for n in actions
    )
    oracle = oracles_successors.SwapPlayers(
        oracles.plain(game.reward), oracles.plain(game.kernel), eta, [oracles.plain(part[0]) for part in initial]
    )
    oracle.run(iterations)
    learner, batch = LogBarrierFTRL(eta), GameBatch.of(game.game())
    state = learner.advance(batch, learner.start(batch, initial), iterations)
    found, gains = learner.measure(batch, state), {"answers": [], "fixed": []}
    for i in range(len(actions)):
        np.testing.assert_allclose(state.iterate[i][0], oracle.played[-1][i], atol=1e-11, rtol=0)
        followed = oracle.values("followed", iterations, i, 0)
        np.testing.assert_allclose(state.values[0, i, 0], followed, atol=1e-11)
        for kind, values in gains.items():
            best = oracle.values(kind, iterations, i, 0)
            values.append(oracles_successors.dot(game.initial, [b - f for b, f in zip(best, followed, strict=True)]))
    assert found["ce_gap_bound"][0] == pytest.approx(max(gains["answers"]), abs=1e-11)
    assert found["cce_gap_bound"][0] == pytest.approx(max(gains["fixed"]), abs=1e-11)
    assert found["ce_gap_bound"][0] >= max(found["cce_gap_bound"][0], 0.0) - 1e-12


def some_games(kind="shapley", actions=(3, 3), horizon=1):
    return families.general_sum_sequence(
        kind, 2, n_games=3, perturbation=0.2, horizon=horizon, n_states=2, n_actions=actions
    )


@pytest.mark.parametrize(("kind", "actions"), [("shapley", (3, 3)), ("random", (2, 3, 2))])
def test_the_gap_of_one_shot_games_is_the_swap_regret_of_the_output(kind, actions):
    run = learn(some_games(kind, actions), LogBarrierFTRL(0.3), 200)
    for k, game in enumerate(some_games(kind, actions)):
        regrets = swap_regrets(game.reward[:, 0, 0], run.policy[k, 0, 0])
        assert run.measures["ce_gap"][k, -1] == pytest.approx(regrets.max(), abs=1e-12)


def test_the_ce_gap_falls_like_one_over_t():
    """gap T stays where it is, at a rate of 1: where it would double if the gap fell like 1 / sqrt(T)."""
    run = learn(some_games("random", (2, 3, 2)), LogBarrierFTRL(1.0), 2000, at=[500, 2000])
    held = run.measures["ce_gap"] * run.checkpoints
    assert (held > 1.0).all()
    assert (held[:, 1] < 1.2 * held[:, 0]).all()


def test_a_cut_run_gives_the_bits_of_the_whole_and_games_do_not_mix():
    games = some_games(horizon=2)
    rates = np.array([0.1, 0.5, 2.0])
    learner, batch = LogBarrierFTRL(rates), GameBatch.of(games)
    whole, state = learner.advance(batch, learner.start(batch), 12), learner.start(batch)
    for piece in (0, 1, 2, 9):
        state = learner.advance(batch, state, piece)
    np.testing.assert_array_equal(learner.output(state), learner.output(whole))
    for k, game in enumerate(games):
        alone = learn(game, LogBarrierFTRL(rates[k]), 12)
        np.testing.assert_allclose(alone.policy[0], learner.output(whole)[k], atol=1e-14, rtol=0)
        for name, value in learner.measure(batch, whole).items():
            np.testing.assert_allclose(alone.measures[name][0, -1], value[k], atol=1e-13)


@pytest.mark.parametrize(("horizon", "actions"), [(1, (2, 3)), (3, (2, 3)), (2, (2, 2, 3))])
@pytest.mark.parametrize("stationary", [True, False])
def test_sparse_transitions_change_nothing(horizon, actions, stationary):
    """They go through NumPy, dense ones through the kernel."""
    games = families.general_sum_sequence(
        "random", 4, n_games=3, perturbation=0.3, horizon=horizon, n_states=3, n_actions=actions, stationary=stationary
    )
    rows = [[game.transition.at(h).reshape(-1, 3) for h in range(game.transition.steps)] for game in games]
    sparse = [
        MarkovGame(game.reward, Transition.sparse([scipy.sparse.csr_array(row) for row in own], actions))
        for game, own in zip(games, rows, strict=True)
    ]
    learner = LogBarrierFTRL(np.array([0.2, 0.7, 3.0]))
    dense, other = (learner.advance(batch, learner.start(batch), 25) for batch in map(GameBatch.of, (games, sparse)))
    assert dense.iteration == other.iteration == 25
    for name in ("values", "joint", "deviated"):
        np.testing.assert_allclose(getattr(dense, name), getattr(other, name), atol=1e-12, rtol=0, err_msg=name)
    for name in ("sums", "last", "iterate", "answers", "fixed"):
        for one, two in zip(getattr(dense, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(one, two, atol=1e-12, rtol=0, err_msg=name)


def test_a_state_is_left_as_it_was():
    batch = GameBatch.of(some_games(horizon=2))
    learner = LogBarrierFTRL(0.5)
    first = learner.advance(batch, learner.start(batch), 3)
    kept = [np.array(part) for part in (first.values, first.joint, first.deviated, *first.sums, *first.iterate)]
    learner.advance(batch, first, 4)
    for part, before in zip(
        (first.values, first.joint, first.deviated, *first.sums, *first.iterate), kept, strict=True
    ):
        np.testing.assert_array_equal(part, before)


def test_far_rates_and_long_runs_stay_distributions():
    run = learn(some_games(), LogBarrierFTRL(1e8), 300)
    np.testing.assert_allclose(run.policy.sum(axis=(-1, -2)), 1.0, atol=1e-12)
    assert (run.policy >= 0.0).all()


def test_what_does_not_fit_is_refused():
    game = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], Transition.shared(np.ones((1, 2, 2, 1))))
    with pytest.raises(ValueError, match="LogBarrierFTRL takes games of class MarkovGame, got a ZeroSumGame"):
        learn(game, LogBarrierFTRL(0.1), 3)
    general = MarkovGame.from_zero_sum(game)
    for rate in (0.0, math.nan, [1.0, 2.0]):
        with pytest.raises(ValueError, match="learning_rate"):
            learn(general, LogBarrierFTRL(rate), 3)
    pure = tuple(np.array([1.0, 0.0]).reshape(1, 1, 1, 2) for _ in range(2))
    with pytest.raises(ValueError, match=r"player 0: at \(game, h, s\) = \(0, 0, 0\) action 1 has probability 0"):
        learn(general, LogBarrierFTRL(0.1), 3, initial=pure)


def test_it_is_registered_and_measures_nothing_before_the_first_iteration():
    assert LEARNERS["log_barrier_ftrl"] is LogBarrierFTRL
    batch = GameBatch.of(some_games())
    learner = LogBarrierFTRL(0.1)
    state = learner.start(batch)
    np.testing.assert_array_equal(learner.measure(batch, state)["ce_gap"], 0.0)
    np.testing.assert_allclose(learner.output(state), 1 / 9)
