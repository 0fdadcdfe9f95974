"""Projected Q-ascent against loops, and what a potential promises.

What it shares with the softmax policy gradient, the gaps of every iterate above all, is tested here for both.
"""

import math

import numpy as np
import oracles
import oracles_play
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, random_interior, random_tables, seeds, tables_and_policy

from metanash import GameBatch, ProjectedQAscent, gaps, learn
from metanash.families import potential_sequence
from metanash.learners import SoftmaxGradient

BOTH = pytest.mark.parametrize("kind", [ProjectedQAscent, SoftmaxGradient])


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
    for part, before in zip(start.parameters, policy, strict=True):  # the old state is as it was
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


def parts_of(game):
    """What the oracles read: rewards of all players, kernel, discount."""
    return oracles.plain(game.rewards_of_all()), oracles.plain(game.kernel[0]), game.discount


@st.composite
def short_runs(draw):
    game, policy = draw(tables_and_policy("discounted", max_choices=30))
    return game, policy, draw(st.sampled_from([0.02, 0.3, 4.0])), draw(st.integers(1, 4))


@pure_starts
@pytest.mark.parametrize("module", BACKENDS)
@BOTH
@settings(max_examples=40)
@given(case=short_runs())
def test_the_mean_gap_is_that_of_every_iterate(module, kind, case):
    """Three ways: in the kernel, by ``gaps`` iterate by iterate, and by loops and enumeration from start to end."""
    game, policy, step, iterations = case
    rewards, kernel, discount = parts_of(game)
    initial = game.initial.tolist()
    batch, learner = GameBatch.of(game.game()), kind(step, every_gap=True)
    with pytest.MonkeyPatch.context() as patch:
        use(patch, module)
        start = learner.start(batch, tuple(part[np.newaxis] for part in policy))
        assert start.gap_sums.sum() == 0.0
        np.testing.assert_array_equal(start.least_best, 1.0)
        whole = learner.advance(batch, start, iterations)
        one_by_one = [start]
        for _ in range(iterations):
            one_by_one.append(learner.advance(batch, one_by_one[-1], 1))
        found = learner.measure(batch, whole)
    outputs = [learner.output(state) for state in one_by_one]
    each = [gaps.ne_gaps(batch, output)[0] for output in outputs]
    assert found["ne_gap"].shape == found["mean_gap"].shape == (1,)
    assert found["ne_gap"][0] == pytest.approx(each[-1], abs=1e-12)
    assert found["mean_gap"][0] == pytest.approx(math.fsum(each[:-1]) / iterations, abs=1e-12)
    plays = [oracles.plain(part) for part in policy]
    if kind is ProjectedQAscent:
        played = oracles_play.projected_iterates(rewards, kernel, discount, plays, step, iterations)
    else:
        logits = oracles_play.logits_of(plays)
        iterates = oracles_play.softmax_iterates(rewards, kernel, discount, initial, logits, step, iterations)
        played = [oracles_play.policies_of(each) for each in iterates]
    expected = oracles_play.mean_gap(rewards, kernel, discount, initial, played[:-1])
    # gaps are Lipschitz in the policies, which agree to 1e-9 (see above), by 16^2 at most
    assert found["mean_gap"][0] == pytest.approx(expected, abs=1e-7)
    mass = [oracles_play.least_best(rewards, kernel, discount, [part[0].tolist() for part in output])
            for output in outputs[:-1]]  # fmt: skip
    assert whole.least_best[0] == pytest.approx(min(mass), abs=1e-9)


@BOTH
def test_gaps_of_iterates_only_on_request(kind):
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    without, every = learn(game, kind(0.1), 30, at=[10, 30]), learn(game, kind(0.1, every_gap=True), 30, at=[10, 30])
    assert set(without.measures) == {"ne_gap"}
    assert set(every.measures) == {"ne_gap", "mean_gap"}
    assert every.measures["mean_gap"].shape == (1, 2)
    np.testing.assert_allclose(without.ne_gap, every.ne_gap, atol=1e-13, rtol=0)
    for name, untouched in [("gap_sums", 0.0), ("least_best", 1.0), ("responses", 0.0)]:
        np.testing.assert_array_equal(getattr(without.state, name), untouched)
    assert 0.0 < every.state.least_best[0] < 1.0
    batch, learner = GameBatch.of(game), kind(0.1, every_gap=True)
    assert learner.measure(batch, learner.start(batch))["mean_gap"][0] == 0.0  # of no iterate


@pytest.mark.parametrize("module", BACKENDS)
@BOTH
@pytest.mark.parametrize("actions", [(2, 2), (3, 1), (2, 3, 2), (9, 8)])
def test_a_game_alone_learns_the_bits_of_the_batch(module, kind, actions, monkeypatch):
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
    together = learn(games, kind(rates, every_gap=True), 20)
    for k, game in enumerate(games):
        alone = learn(game, kind(rates[k], every_gap=True), 20)
        for name, measured in alone.measures.items():
            np.testing.assert_array_equal(measured[0], together.measures[name][k])
        assert alone.state.least_best[0] == together.state.least_best[k]
        np.testing.assert_array_equal(alone.state.responses[0], together.state.responses[k])
        for one, all_ in zip(alone.policy, together.policy, strict=True):
            np.testing.assert_array_equal(one[0], all_[k])


@pytest.mark.parametrize("module", BACKENDS)
@BOTH
def test_a_run_cut_anywhere_gives_the_bits_of_the_whole(module, kind, monkeypatch):
    use(monkeypatch, module)
    game = random_tables(np.random.default_rng(3), "discounted", 1, 3, (3, 2), discount=0.75, storage="shared").game()
    learner, iterations = kind(0.01, every_gap=True), 1030  # beyond the first chunk
    whole = learn(game, learner, iterations, at=[iterations])
    assert (whole.state.gap_sums > 0.0).all()
    for cuts in [[1], [1023], [1024], [1, 2, 3, 20, 1025], range(1, 40)]:
        cut = learn(game, learner, iterations, at=[*cuts, iterations])
        assert cut.state.iteration == whole.state.iteration == iterations
        for name in ("gap_sums", "least_best", "responses"):
            np.testing.assert_array_equal(getattr(cut.state, name), getattr(whole.state, name))
        for one, other in zip(cut.state.parameters, whole.state.parameters, strict=True):
            np.testing.assert_array_equal(one, other)
        for name, measured in whole.measures.items():
            np.testing.assert_array_equal(cut.measures[name][:, -1], measured[:, -1])


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(2, 2), (2, 3, 2)])
@pytest.mark.parametrize("rates", [np.linspace(0.05, 2.0, 11), 1e-20], ids=["at equilibria", "steps lost to rounding"])
def test_a_run_that_has_come_to_rest_gives_the_bits_of_one_that_goes_on(module, actions, rates, monkeypatch):
    """The kernel skips iterations that change no bit; short calls have none to skip. Gaps at rest add up, too."""
    use(monkeypatch, module)
    games = potential_sequence(
        "team", 5, n_games=11, perturbation=0.3, discount=0.5, n_states=2, n_actions=actions, transition_mixing=0.5
    )
    learner, iterations = ProjectedQAscent(rates, every_gap=True), 3200  # beyond a chunk at rest
    whole, before = (learn(games, learner, t, at=[t]) for t in (iterations, iterations - 100))
    for one, other in zip(whole.policy, before.policy, strict=True):
        np.testing.assert_array_equal(one, other)  # it rests
    cut = learn(games, learner, iterations, at=[*range(50, iterations, 50), iterations])
    for name in ("gap_sums", "least_best", "responses"):
        np.testing.assert_array_equal(getattr(cut.state, name), getattr(whole.state, name))
    for one, other in zip(cut.state.parameters, whole.state.parameters, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (whole.state.gap_sums[0] > 0.0).all()


@BOTH
@pytest.mark.parametrize("before", [0, 5])
def test_the_old_state_stays_as_it_was(kind, before):
    game = random_tables(np.random.default_rng(3), "discounted", 1, 3, (3, 2), discount=0.75, storage="shared").game()
    learner, batch = kind(0.1, every_gap=True), GameBatch.of(game)
    old = learner.advance(batch, learner.start(batch), before)

    def arrays(state):
        return [*state.parameters, state.gap_sums, state.least_best, state.responses]

    kept = [array.copy() for array in arrays(old)]
    first, second, none = (learner.advance(batch, old, iterations) for iterations in (7, 7, 0))
    assert (first.iteration, none.iteration) == (before + 7, before)
    for now, then, one, other, same in zip(arrays(old), kept, arrays(first), arrays(second), arrays(none), strict=True):
        np.testing.assert_array_equal(now, then)
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(same, then)
        assert before > 0 or (one != then).any()
    with pytest.raises(ValueError, match="iterations"):
        learner.advance(batch, old, -1)


def test_default_start_is_uniform():
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    for part, n in zip(ProjectedQAscent(0.1).start(GameBatch.of([game, game])).parameters, (3, 2), strict=True):
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


@BOTH
@pytest.mark.parametrize("family", ["team", "action_independent"])
@pytest.mark.parametrize("actions", [(2, 2), (2, 3, 2)])
def test_the_potential_rises_in_every_iteration(kind, family, actions):
    """Small steps: (1 - gamma)^3 / 4 is below 1 / (N L), L = sqrt(N) / (1 - gamma)^3 (mathematical reference, 7)."""
    games = potential_sequence(family, "each", n_games=4, perturbation=0.2, n_states=3, n_actions=actions, discount=0.5)
    batch, learner = GameBatch.of(games), kind(0.5**3 / 4)
    state, potentials = learner.start(batch), []
    for _ in range(150):
        potentials.append(gaps.potential_values(batch, learner.output(state)))
        state = learner.advance(batch, state, 1)
    rises = np.diff(potentials, axis=0)
    assert (rises >= -1e-14).all()
    assert (rises[0] > 1e-6).all()  # uniform play is no equilibrium here


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


@BOTH
@pytest.mark.parametrize(("game_kind", "name"), [("zero_sum", "ZeroSumGame"), ("markov", "MarkovGame")])
def test_only_discounted_games(kind, game_kind, name):
    game = random_tables(np.random.default_rng(6), game_kind, 2, 2, (2, 3)).game()
    with pytest.raises(ValueError, match=f"{kind.__name__} takes games of class DiscountedGame, got a {name}"):
        learn(game, kind(0.1), 5)


@BOTH
@pytest.mark.parametrize(
    ("step", "message"),
    [
        (0.0, "step_size must be above 0, got 0"),
        (-0.5, "step_size must be above 0"),
        (math.nan, "step_size must be finite"),
        (np.array([0.1, 0.1]), r"step_size must be one number or one per game \(1\)"),
    ],
)
def test_bad_step_sizes(kind, step, message):
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    with pytest.raises(ValueError, match=message):
        learn(game, kind(step), 5)


@BOTH
@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ((np.full((1, 2, 3), 1 / 3),), "one array per player, 2 in all; got 1"),
        ((np.full((2, 3), 1 / 3), np.full((2, 2), 0.5)), r"player 0 must have shape \(1, 2, 3\), got \(2, 3\)"),
        ((np.full((1, 2, 3), 1 / 3), np.full((2, 2, 2), 0.5)), r"player 1 must have shape \(1, 2, 2\)"),
        ((np.full((1, 2, 3), 1 / 3), np.full((1, 2, 2), 0.25)), r"player 1 rows .* = \(0, 0\) the mass is 0\.5"),
    ],
)
def test_bad_initial_policies(kind, initial, message):
    game = random_tables(np.random.default_rng(3), "discounted", 1, 2, (3, 2), discount=0.75, storage="shared").game()
    with pytest.raises(ValueError, match=message):
        learn(game, kind(0.1), 5, initial=initial)
