"""Natural policy gradient against loops, and against what is proven of it."""

import math

import numpy as np
import oracles
import oracles_successors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, random_tables, seeds, tables_and_policy

from metanash import GameBatch, Transition, ZeroSumGame, families, gaps, learn
from metanash.learners import LEARNERS, NaturalGradient


@pure_starts
@settings(max_examples=50, deadline=None)
@given(
    case=tables_and_policy("discounted", max_actions=3), step=st.sampled_from([0.01, 0.3, 5.0]),
    iterations=st.sampled_from([1, 2, 5]),
)  # fmt: skip
def test_policies_are_those_of_the_loops(case, step, iterations):
    game, policy = case
    expected = oracles_successors.natural_gradient(
        [oracles.plain(reward) for reward in game.rewards_of_all()], oracles.plain(game.kernel[0]), game.discount,
        [oracles.plain(part) for part in policy], step, iterations,
    )  # fmt: skip
    batch, learner = GameBatch.of(game.game()), NaturalGradient(step)
    state = learner.advance(batch, learner.start(batch, tuple(part[np.newaxis] for part in policy)), iterations)
    for got, wanted in zip(learner.output(state), expected, strict=True):
        np.testing.assert_allclose(got[0], wanted, atol=1e-10, rtol=0)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, eta=st.sampled_from([0.01, 0.2, 30.0]), discount=st.sampled_from([0.0, 0.5, 0.9]))
def test_one_player_has_the_bound_of_agarwal_et_al(seed, eta, discount):
    """V* - V^T <= log A / (eta T) + 1 / ((1 - gamma)^2 T), from the uniform policy, at any step."""
    game = random_tables(np.random.default_rng(seed), "discounted", 1, 3, (3,), storage="shared", discount=discount)
    at = np.array([1, 3, 10, 40])
    run = learn(game.game(), NaturalGradient(eta), 40, at=at)  # the gap of one player is V* - V^T
    assert (run.ne_gap[0] <= math.log(3) / (eta * at) + 1 / ((1 - discount) ** 2 * at) + 1e-12).all()


@pytest.mark.parametrize("kind", ["team", "action_independent", "separable"])
def test_small_steps_raise_the_potential_and_come_to_an_equilibrium(kind):
    games = GameBatch.of(potential_games(kind))
    learner = NaturalGradient(0.05)
    state, before = learner.start(games), None
    for _ in range(30):
        now = gaps.potential_values(games, learner.output(state))
        assert before is None or (now >= before - 1e-12).all()
        before, state = now, learner.advance(games, state, 40)
    start, end = (gaps.ne_gaps(games, learner.output(x)) for x in (learner.start(games), state))
    assert (end < 0.05 * start).all()


def potential_games(kind):
    return families.potential_sequence(kind, 3, n_games=3, perturbation=0.1, n_states=2, n_actions=(2, 3), discount=0.8)


def test_a_cut_run_gives_the_bits_of_the_whole_and_games_do_not_mix():
    games, rates = potential_games("team"), np.array([0.01, 0.1, 1.0])
    learner, batch = NaturalGradient(rates), GameBatch.of(games)
    whole, state = learner.advance(batch, learner.start(batch), 25), learner.start(batch)
    for piece in (0, 1, 20, 4):
        state = learner.advance(batch, state, piece)
    assert state.iteration == whole.iteration == 25
    for got, expected in zip(learner.output(state), learner.output(whole), strict=True):
        np.testing.assert_array_equal(got, expected)
    for k, game in enumerate(games):
        for got, expected in zip(learn(game, NaturalGradient(rates[k]), 25).policy, learner.output(whole), strict=True):
            np.testing.assert_allclose(got[0], expected[k], atol=1e-13, rtol=0)


def test_far_steps_and_long_runs_stay_finite():
    run = learn(potential_games("team"), NaturalGradient(1e90), 50)
    assert all(np.isfinite(part).all() for part in run.policy)
    pure = tuple(np.broadcast_to(np.eye(n)[0], (1, 2, n)) for n in (2, 3))
    with pytest.warns(UserWarning, match=r"player 0: at \(game, s\) = \(0, 0\) action 1 has probability 0") as found:
        run = learn(potential_games("team"), NaturalGradient(0.5), 50, initial=pure)
    assert found[0].filename == __file__
    np.testing.assert_array_equal(run.policy[0][0], pure[0][0])


def test_what_does_not_fit_is_refused():
    game = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], Transition.shared(np.ones((1, 2, 2, 1))))
    with pytest.raises(ValueError, match="NaturalGradient takes games of class DiscountedGame, got a ZeroSumGame"):
        learn(game, NaturalGradient(0.1), 3)
    for step in (0.0, -1.0, math.nan, [1.0, 2.0]):
        with pytest.raises(ValueError, match="step_size"):
            learn(potential_games("team"), NaturalGradient(step), 3)
    assert LEARNERS["natural_gradient"] is NaturalGradient
