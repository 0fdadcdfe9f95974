"""Projected Q-ascent against loops, and what a potential promises."""

import math

import numpy as np
import oracles
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_interior, random_tables, seeds, tables_and_policy

from metanash import GameBatch, ProjectedQAscent, gaps, learn
from metanash.families import potential_sequence


@st.composite
def ascent_cases(draw):
    game, policy = draw(tables_and_policy("discounted", max_players=4, max_actions=4))
    # up to steps that throw every policy to a vertex at once
    step = draw(st.sampled_from([0.01, 0.25, 1.0, 30.0]))
    return game, policy, step, draw(st.integers(0, 6))


@settings(max_examples=200)
@given(ascent_cases())
def test_iterates_are_those_of_the_loops(case):
    """Where payoffs tie exactly, rounding can decide which face a projection lands on, but not by much."""
    game, policy, step, iterations = case
    expected = oracles.q_ascent(
        oracles.plain(game.rewards_of_all()), oracles.plain(game.kernel[0]), game.discount,
        [oracles.plain(part) for part in policy], step, iterations,
    )  # fmt: skip
    learner, batch = ProjectedQAscent(step), GameBatch.of(game.game())
    start = learner.start(batch, tuple(part[np.newaxis] for part in policy))
    state = learner.advance(batch, start, iterations)
    assert state.iteration == iterations
    for got, wanted, before in zip(learner.output(state), expected, policy, strict=True):
        np.testing.assert_allclose(got[0], wanted, atol=1e-9, rtol=0)
        assert (got >= 0.0).all()
        np.testing.assert_allclose(got.sum(axis=-1), 1.0, atol=1e-12)
        if iterations == 0:
            np.testing.assert_array_equal(got[0], before)
    for part, before in zip(start.policy, policy, strict=True):  # the old state is as it was
        np.testing.assert_array_equal(part[0], before)


def test_one_step_by_hand():
    """One state, discount 1/2, common reward [[1, 0], [0, 0]], from uniform.

    V = (1/4) / (1 - 1/2) = 1/2, Qbar = (1/2 + 1/4, 0 + 1/4) for both; with step 1 the unprojected policy is
    (1.25, 0.75), whose projection is (0.75, 0.25).
    """
    reward = np.array([[1.0, 0.0], [0.0, 0.0]])[np.newaxis, np.newaxis]
    game = random_tables(
        np.random.default_rng(0), "discounted", 1, 1, (2, 2), discount=0.5, reward_rows=1, storage="shared"
    )
    played = learn(type(game)(**{**vars(game), "reward": reward}).game(), ProjectedQAscent(1.0), 1).policy
    for part in played:
        np.testing.assert_allclose(part[0, 0], [0.75, 0.25], atol=1e-15)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(2, 2), (3, 1), (2, 3, 2), (9, 8)])
def test_a_game_alone_learns_the_bits_of_the_batch(module, actions, monkeypatch):
    use(monkeypatch, module)
    rng = np.random.default_rng(actions)
    shared = random_tables(rng, "discounted", 1, 3, actions, discount=0.9, storage="shared")
    transition = shared.transition()
    games = [
        random_tables(rng, "discounted", 1, 3, actions, discount=0.9, storage="shared").game(transition)
        for _ in range(4)
    ]
    games += [random_tables(rng, "discounted", 1, 3, actions, discount=0.9, storage="shared").game() for _ in range(3)]
    rates = 0.02 * np.arange(1, 8)
    together = learn(games, ProjectedQAscent(rates), 20)
    for k, game in enumerate(games):
        alone = learn(game, ProjectedQAscent(rates[k]), 20)
        np.testing.assert_array_equal(alone.ne_gap[0], together.ne_gap[k])
        for one, all_ in zip(alone.policy, together.policy, strict=True):
            np.testing.assert_array_equal(one[0], all_[k])


@pytest.mark.parametrize("module", BACKENDS)
def test_a_run_cut_anywhere_gives_the_bits_of_the_whole(module, monkeypatch):
    use(monkeypatch, module)
    game = random_tables(np.random.default_rng(3), "discounted", 1, 3, (3, 2), discount=0.75, storage="shared").game()
    learner, batch = ProjectedQAscent(0.01), GameBatch.of(game)
    start = learner.start(batch)
    whole = learner.advance(batch, start, 40)
    for cuts in [[1], [39], [1, 2, 3, 20], [0, 7, 7], range(40)]:
        state, done = start, 0
        for t in [*cuts, 40]:
            state, done = learner.advance(batch, state, t - done), t
        assert state.iteration == whole.iteration == 40
        for one, other in zip(state.policy, whole.policy, strict=True):
            np.testing.assert_array_equal(one, other)


def test_default_start_is_uniform():
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    for part, n in zip(ProjectedQAscent(0.1).start(GameBatch.of([game, game])).policy, (3, 2), strict=True):
        np.testing.assert_array_equal(part, np.full((2, 2, n), 1 / n))


@pytest.mark.parametrize("kind", ["team", "action_independent"])
@pytest.mark.parametrize("actions", [(2, 2), (2, 3, 2)])
def test_the_potential_rises_and_the_gap_goes(kind, actions):
    """With small steps the potential never falls (Ding et al. 2022, lemma behind Proposition 1)."""
    games = potential_sequence(kind, "rises", n_games=3, perturbation=0.2, n_states=2, n_actions=actions, discount=0.8)
    batch, learner = GameBatch.of(games), ProjectedQAscent(0.05)
    state, potentials = learner.start(batch), []
    for _ in range(60):
        potentials.append(gaps.potential_values(batch, learner.output(state)))
        state = learner.advance(batch, state, 200)
    potentials = np.array(potentials)
    assert (np.diff(potentials, axis=0) >= -1e-12).all()
    assert (potentials[-1] > potentials[0] + 1e-3).all()
    assert (gaps.ne_gaps(batch, learner.output(learner.start(batch))) > 0.3).all()
    # most end at a vertex with gap 0; where two actions are nearly as good the last of it goes slowly
    assert (gaps.ne_gaps(batch, learner.output(state)) < 2e-3).all()


@given(seeds)
def test_an_equilibrium_in_dominant_actions_is_reached_and_kept(seed):
    """Reward 1 for each player's action 0 whatever the others do: action 0 dominates, also with transitions."""
    rng = np.random.default_rng(seed)
    actions = (3, 2, 2)
    reward = np.zeros((3, 2, *actions))
    reward[0, :, 0], reward[1, :, :, 0], reward[2, :, :, :, 0] = 1.0, 1.0, 1.0
    game = random_tables(rng, "discounted", 1, 2, actions, discount=0.5, storage="shared")
    kernel = np.broadcast_to(game.kernel[:, :, :1, :1, :1], game.kernel.shape)
    game = type(game)(**{**vars(game), "reward": reward, "kernel": kernel})
    start = tuple(random_interior(rng, 1, 2, n) for n in actions)
    run = learn(game.game(), ProjectedQAscent(0.3), 20, initial=start)
    assert run.ne_gap[0, -1] == 0.0
    for part in run.policy:
        np.testing.assert_array_equal(part[0, :, 0], 1.0)


def test_only_discounted_games():
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3)).game()
    with pytest.raises(ValueError, match="plays discounted games, got a ZeroSumGame"):
        learn(game, ProjectedQAscent(0.1), 5)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (0.0, "step_size must be above 0, got 0"),
        (-0.5, "step_size must be above 0"),
        (math.nan, "step_size must be finite"),
        (np.array([0.1, 0.1]), r"step_size must be one number or one a game \(1\)"),
    ],
)
def test_bad_step_sizes(step, message):
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    with pytest.raises(ValueError, match=message):
        learn(game, ProjectedQAscent(step), 5)


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ((np.full((1, 2, 3), 1 / 3),), "one array a player, 2 in all; got 1"),
        ((np.full((2, 3), 1 / 3), np.full((2, 2), 0.5)), r"player 0 must have shape \(1, 2, 3\), got \(2, 3\)"),
        ((np.full((1, 2, 3), 1 / 3), np.full((2, 2, 2), 0.5)), r"player 1 must have shape \(1, 2, 2\)"),
        ((np.full((1, 2, 3), 1 / 3), np.full((1, 2, 2), 0.25)), r"player 1 rows .* = \(0, 0\) the mass is 0\.5"),
    ],
)
def test_bad_initial_policies(initial, message):
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    with pytest.raises(ValueError, match=message):
        learn(game, ProjectedQAscent(0.1), 5, initial=initial)
