"""Softmax policy gradient against derivatives of the value function; test_q_ascent.py has what both learners share."""

import math

import numpy as np
import oracles
import oracles_play
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, random_interior, random_tables, tables_and_policy

from metanash import GameBatch, gaps, learn
from metanash.families import potential_sequence
from metanash.learners import LEARNERS, SoftmaxGradient


@st.composite
def gradient_cases(draw):
    game, policy = draw(tables_and_policy("discounted", max_players=4, max_actions=3))
    return game, policy, draw(st.sampled_from([0.01, 0.25, 1.0, 30.0])), draw(st.integers(0, 3))


@pure_starts
@pytest.mark.parametrize("module", BACKENDS)
@settings(max_examples=100)
@given(case=gradient_cases())
def test_iterates_follow_the_derivatives_of_the_values(module, case):
    """A derivative by a complex step is as exact as a value; policies at the boundary start from logits of -inf.

    Values reach 16, derivatives 64; a step of 30 multiplies a rounding of a policy by some thousands, twice or so.
    """
    game, policy, step, iterations = case
    expected = oracles_play.softmax_iterates(
        oracles.plain(game.rewards_of_all()), oracles.plain(game.kernel[0]), game.discount, game.initial.tolist(),
        oracles_play.logits_of([oracles.plain(part) for part in policy]), step, iterations,
    )[-1]  # fmt: skip
    learner, batch = SoftmaxGradient(step), GameBatch.of(game.game())
    with pytest.MonkeyPatch.context() as patch:
        use(patch, module)
        start = learner.start(batch, tuple(part[np.newaxis] for part in policy))
        state = learner.advance(batch, start, iterations)
    assert state.iteration == iterations
    played = oracles_play.policies_of(expected)
    outputs = learner.output(state)
    for logits, wanted, got, probability in zip(state.parameters, expected, outputs, played, strict=True):
        np.testing.assert_allclose(logits[0], wanted, atol=1e-7, rtol=0)
        np.testing.assert_allclose(got[0], probability, atol=1e-7, rtol=0)
        np.testing.assert_allclose(got.sum(axis=-1), 1.0, atol=1e-12)
    for got, before in zip(learner.output(start), policy, strict=True):
        np.testing.assert_allclose(got[0], before, atol=1e-15)
        np.testing.assert_array_equal(got[0] == 0.0, before == 0.0)


@pytest.mark.parametrize("module", BACKENDS)
def test_one_step_by_hand(module, monkeypatch):
    """One state, discount 1/2, common reward [[1, 0], [0, 0]], from uniform.

    V = (1/4) / (1 - 1/2) = 1/2 and Qbar = (3/4, 1/4) for both. The state is visited 1 + 1/2 + 1/4 + ... = 2 times, so
    the derivatives are 2 * 1/2 * (3/4 - 1/2) = 1/4 and -1/4: with step 1 the odds become exp(1/2).
    """
    use(monkeypatch, module)
    reward = np.array([[1.0, 0.0], [0.0, 0.0]])[np.newaxis, np.newaxis]
    game = random_tables(
        np.random.default_rng(0), "discounted", 1, 1, (2, 2), discount=0.5, reward_rows=1, storage="shared"
    )
    played = learn(type(game)(**{**vars(game), "reward": reward}).game(), SoftmaxGradient(1.0), 1).policy
    for part in played:
        np.testing.assert_allclose(part[0, 0, 0], 1 / (1 + math.exp(-0.5)), atol=1e-15)


def test_states_count_as_often_as_they_are_visited():
    """One player, rewards 0 and 1 in both states, of which the second is never left: visits go one way only.

    With discount 1/2 and probability 15/16 of starting in state 0, that is visited 15/16 times, and state 1
    2 - 15/16 times. From uniform, Qbar - V = -1/2 and 1/2 in both: logits move by visits times 1/2 times that.
    """
    game = random_tables(np.random.default_rng(0), "discounted", 1, 2, (2,), discount=0.5, storage="shared")
    reward = np.broadcast_to(np.array([0.0, 1.0]), (1, 2, 2))
    kernel = np.broadcast_to(np.array([0.0, 1.0]), (1, 2, 2, 2))
    initial = np.array([15 / 16, 1 / 16])
    game = type(game)(**{**vars(game), "reward": reward, "kernel": kernel, "initial": initial})
    learner, batch = SoftmaxGradient(1.0), GameBatch.of(game.game())
    start = learner.start(batch)
    (logits,) = learner.advance(batch, start, 1).parameters
    moved = logits[0] - start.parameters[0][0]
    visits = np.array([15 / 16, 17 / 16])
    np.testing.assert_allclose(moved, visits[:, np.newaxis] * 0.5 * np.array([-0.5, 0.5]), atol=1e-15)


@pure_starts
def test_an_action_of_probability_0_is_never_played():
    rng = np.random.default_rng(5)
    game = random_tables(rng, "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    initial = (np.tile([0.5, 0.0, 0.5], (1, 2, 1)), random_interior(rng, 1, 2, 2))
    run = learn(game, SoftmaxGradient(0.5, every_gap=True), 200, initial=initial)
    np.testing.assert_array_equal(run.policy[0][0, :, 1], 0.0)
    assert np.isneginf(run.state.parameters[0][0, :, 1]).all()
    assert all(np.isfinite(measured).all() for measured in run.measures.values())
    assert (run.policy[0][0, :, [0, 2]] > 0.0).all()


def test_the_gap_goes():
    games = potential_sequence("team", "goes", n_games=5, perturbation=0.2, n_states=2, discount=0.8)
    run = learn(games, SoftmaxGradient(0.5, every_gap=True), 20_000)
    assert (run.ne_gap[:, 0] > 0.05).all()
    # the gap of softmax policies falls like 1 / t
    assert (run.ne_gap[:, -1] < 2e-2).all()
    mean = run.measures["mean_gap"]
    assert (run.ne_gap[:, -1] < mean[:, -1]).all()
    assert (mean[:, -1] < mean[:, 0]).all()
    np.testing.assert_allclose(
        mean[:, 0], gaps.ne_gaps(GameBatch.of(games), [np.full((5, 2, 2), 0.5)] * 2), atol=1e-14
    )  # of pi^0 alone


def test_default_start_is_uniform():
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    learner = LEARNERS["softmax_gradient"](0.1)
    assert isinstance(learner, SoftmaxGradient)
    for part, n in zip(learner.output(learner.start(GameBatch.of([game, game]))), (3, 2), strict=True):
        np.testing.assert_allclose(part, np.full((2, 2, n), 1 / n), atol=1e-15)
