"""Learners with bandit feedback, against loops in plain Python on the same draws and against exact expectations."""

import itertools
import math

import numpy as np
import oracles_bandit as oracle
import pytest

import metanash as mn
from metanash import kernels
from metanash.games import GameBatch
from metanash.learners import (
    LEARNERS,
    CorrelatedMirrorDescent,
    OptimisticMirrorDescent,
    SampledCorrelatedDescent,
    SampledMirrorDescent,
    SampledQAscent,
    VLearning,
    learn,
)
from metanash.meta import META_UPDATES, learn_sequence
from metanash.simulation import draw_keys, play_tables, player_rewards


def random_game(seed, *, horizon=2, states=2, actions=(2, 3), zero_sum=False, spread=1.0):
    rng = np.random.default_rng(seed)
    transition = mn.Transition.per_step(rng.dirichlet(np.full(states, spread), size=(horizon, states, *actions)))
    reward, begin = rng.uniform(size=(len(actions), horizon, states, *actions)), rng.dirichlet(np.ones(states))
    return mn.ZeroSumGame(reward[0], transition, begin) if zero_sum else mn.MarkovGame(reward, transition, begin)


def random_team(seed, *, states=2, actions=(2, 3), discount=0.7, players=True):
    rng = np.random.default_rng(seed)
    transition = mn.Transition.shared(rng.dirichlet(np.ones(states), size=(states, *actions)))
    rows = len(actions) if players else 1
    return mn.DiscountedGame(rng.uniform(size=(rows, states, *actions)), transition, discount)


def as_lists(game):
    """Rewards of every player, chances and the initial distribution, for the oracles."""
    batch = GameBatch.of(game)
    steps = range(1 if isinstance(game, mn.DiscountedGame) else game.horizon)
    joint = batch.joint_actions
    reward = player_rewards(batch)[0]
    move = [game.transition.at(h).reshape(game.n_states, joint, game.n_states).tolist() for h in steps]
    return reward.reshape(*reward.shape[: reward.ndim - game.n_players], joint).tolist(), move, game.initial.tolist()


def key_of(game, seed):
    (key,) = draw_keys(GameBatch.of(game), seed).tolist()
    return key


GAMES = [
    {"actions": (2, 3)}, {"actions": (2, 2), "zero_sum": True}, {"actions": (3,), "horizon": 3},
    {"actions": (2, 1, 2), "states": 3}, {"actions": (4, 2), "horizon": 1, "states": 1},
]  # fmt: skip


# V-learning ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", GAMES)
def test_v_learning_is_that_of_plain_python(sizes):
    """Policies from sums over all visits, and gains by going through all histories."""
    game = random_game(1, **sizes)
    run = learn(game, VLearning(0.7, seed=3, bonus=0.05), 25)
    slow = oracle.VLearner(*as_lists(game), game.n_actions, key_of(game, 3), 0.7, 0.05)
    for _ in range(25):
        slow.play()
    ends = np.cumsum(game.n_actions)[:-1]
    for at in itertools.product(range(game.horizon), range(game.n_states)):
        for i, part in enumerate(np.split(run.state.policy[0][at], ends)):
            np.testing.assert_allclose(part, slow.policy[at][i], atol=1e-12, rtol=0)
            np.testing.assert_allclose(run.policy[i][0][at], slow.average(at, i), atol=1e-12, rtol=0)
        np.testing.assert_allclose(run.state.value[0][at], slow.value[at], atol=1e-12, rtol=0)
    gains = slow.gains()
    if isinstance(game, mn.ZeroSumGame):
        np.testing.assert_allclose(run.measures["ne_gap_bound"][0, -1], sum(gains), atol=1e-12, rtol=0)
    else:
        np.testing.assert_allclose(run.measures["cce_gap_bound"][0, -1], max(gains), atol=1e-12, rtol=0)


def test_the_bound_of_v_learning_bounds_the_gap_of_one_shot_averages():
    """H = 1: the players' parts of the certified policy are the averages, whose NE-gap is the bound of the sum."""
    game = random_game(2, horizon=1, actions=(3, 2), zero_sum=True)
    run = learn(game, VLearning(1.0, seed=1), 3000)
    np.testing.assert_allclose(run.measures["ne_gap_bound"], run.ne_gap, atol=1e-12)
    deeper = random_game(3, horizon=3, zero_sum=True)
    run = learn(deeper, VLearning(1.0, seed=1), 3000)
    assert (run.measures["ne_gap_bound"] > 0.0).all()


def test_before_the_first_visit_the_certified_policy_is_the_initial_one():
    game = random_game(4)
    initial = tuple(np.random.default_rng(5).dirichlet(np.ones(n), size=(1, 2, 2)) for n in (2, 3))
    batch, learner = GameBatch.of(game), VLearning(1.0)
    state = learner.start(batch, initial)
    gains = mn.ne_gains(game, [part[0] for part in initial])
    np.testing.assert_allclose(learner.measure(batch, state)["cce_gap_bound"], gains.max(), atol=1e-12)
    moved = learner.advance(batch, state, 10)
    slow = oracle.VLearner(
        *as_lists(game), (2, 3), key_of(game, 0), 1.0,
        prior={at: [p[0][at].tolist() for p in initial] for at in itertools.product(range(2), range(2))},
    )  # fmt: skip
    for _ in range(10):
        slow.play()
    np.testing.assert_allclose(learner.measure(batch, moved)["cce_gap_bound"], max(slow.gains()), atol=1e-12)


@pytest.mark.parametrize("kind", [SampledCorrelatedDescent, CorrelatedMirrorDescent])
def test_before_the_first_iteration_the_initial_policies_of_the_first_stage_are_played(kind):
    """Of several stages with policies of their own, whose gains differ."""
    game = random_game(8)
    stages = tuple(np.random.default_rng(9).dirichlet(np.ones(n), size=(1, 3, 2, 2)) for n in (2, 3))
    batch, learner = GameBatch.of(game), kind(0.5)
    policy = learner.output(learner.start(batch, stages))
    for part, own in zip(policy.initial, stages, strict=True):
        np.testing.assert_array_equal(part, own[:, 0])
    gain = mn.ne_gains(game, [part[0, 0] for part in stages]).max()
    told = learner.measure(batch, learner.start(batch, stages))["cce_gap_bound"]
    np.testing.assert_allclose(told, gain, atol=1e-12)


# Algorithms 1 and 2 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", GAMES)
def test_sampled_stages_are_those_of_plain_python(sizes):
    """Over several stages, with batches so small that some pairs get no visit."""
    game = random_game(6, **sizes)
    kind = SampledMirrorDescent if isinstance(game, mn.ZeroSumGame) else SampledCorrelatedDescent
    learner = kind(0.3, batch=3, exploration=0.2, seed=2)
    run = learn(game, learner, 14)
    averages, ahead, episodes = oracle.sampled_mirror(*as_lists(game), game.n_actions, key_of(game, 2), 0.3, 3, 0.2, 14)
    assert run.measures["episodes"][0, -1] == episodes
    for at in itertools.product(range(game.horizon), range(game.n_states)):
        for i, part in enumerate(learner.average(run.state)):
            np.testing.assert_allclose(part[0][at], averages[at][i], atol=1e-12, rtol=0)
        np.testing.assert_allclose(run.state.q[0][at], ahead[at], atol=1e-12, rtol=0)


def test_estimates_of_payoffs_are_unbiased_to_rounding():
    """The expectation over all outcomes of one episode, given a visit, is the payoff against what the others play.

    Which outcome an episode has is known from a simulation with the same draws; all come within 50,000 episodes.
    """
    game = random_game(7, actions=(2, 2), spread=5.0)
    batch, rng = GameBatch.of(game), np.random.default_rng(8)
    policy = np.concatenate([rng.dirichlet(np.full(2, 5.0), size=(1, 2, 2)) for _ in range(2)], axis=-1)
    played = 0.7 * policy + 0.3 / 2
    value, baseline = rng.uniform(size=(1, 2, 2, 2)), rng.uniform(size=(1, 2, 2, 2))
    simulated = mn.simulate(game, (played[..., :2], played[..., 2:]), 50_000, seed=9, trajectories=True)
    chance, mean, met = {}, np.zeros((2, 2, 4)), np.zeros((2, 2, 1))
    for e, (states, actions) in enumerate(
        zip(simulated.states[0].tolist(), simulated.actions[0].tolist(), strict=True)
    ):
        outcome = (*states, *map(tuple, actions))
        if outcome in chance:
            continue
        (s, z), ((a, b), (c, d)) = states, actions
        chance[outcome] = (
            game.initial[s] * played[0, 0, s, a] * played[0, 0, s, 2 + b] * game.transition.at(0)[s, a, b, z]
            * played[0, 1, z, c] * played[0, 1, z, 2 + d]
        )  # fmt: skip
        arrays = {
            "x": np.log(policy), "policy": policy.copy(), "payoff": np.zeros_like(policy), "baseline": baseline.copy(),
            "sum_joint": np.zeros((1, 2, 2, 4)), "sum_payoff": np.zeros_like(policy),
            "sum_value": np.zeros((1, 2, 2, 2)), "met": np.zeros((1, 2, 2)),
        }  # fmt: skip
        kernels.sampled_mirror(
            **play_tables(batch), **arrays, reward=player_rewards(batch), seed=draw_keys(batch, 9), eta=np.array([0.1]),
            value=value, exploration=0.3, horizon=2, steps=2, batch=1, done=1, first=e, iterations=1, blind=0,
        )  # fmt: skip
        mean += chance[outcome] * arrays["sum_payoff"][0]
        met += chance[outcome] * arrays["met"][0][..., None]
    np.testing.assert_allclose(sum(chance.values()), 1.0, atol=1e-12)
    reward, move = game.reward, game.transition.at(0)
    exact = np.zeros((2, 2, 4))
    for i, h, s in itertools.product(range(2), range(2), range(2)):
        q = reward[i, h, s] + (move[s] @ value[0, 1, :, i] if h == 0 else 0.0)
        exact[h, s, 2 * i : 2 * i + 2] = q @ played[0, h, s, 2:] if i == 0 else played[0, h, s, :2] @ q
    np.testing.assert_allclose(mean / met, exact, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("zero_sum", "full", "sampled"),
    [(True, OptimisticMirrorDescent, SampledMirrorDescent), (False, CorrelatedMirrorDescent, SampledCorrelatedDescent)],
)
def test_with_many_episodes_and_no_exploration_it_is_the_algorithm_of_the_paper(zero_sum, full, sampled):
    game = random_game(9, actions=(2, 2), zero_sum=zero_sum)
    one, other = full(0.3), sampled(0.3, batch=100_000, exploration=0.0)
    exact, found = learn(game, one, 12), learn(game, other, 12)
    uniform = 0.5
    for wanted, got in zip(one.average(exact.state), other.average(found.state), strict=True):
        assert np.abs(wanted - uniform).max() > 0.05
        np.testing.assert_allclose(got, wanted, atol=0.004, rtol=0)
    for wanted, got in zip(one.stages(exact.state), other.stages(found.state), strict=True):
        assert (wanted.index, wanted.iterations) == (got.index, got.iterations)
        for left, right in zip(wanted.payoff, got.payoff, strict=True):
            shift = (right - left).mean(axis=-1, keepdims=True)  # the min-player counts 1 - r where there it counts -r
            np.testing.assert_allclose(right, left + shift, atol=0.03, rtol=0)


def test_meta_updates_serve_sampled_stages():
    """Best responses to estimates: with pure equilibria the later games begin nearly there."""
    games = mn.families.zero_sum_sequence("pure", 3, n_games=4, perturbation=0.05)
    learner = SampledMirrorDescent(0.3, batch=50, seed=1)
    alone, meta = (
        learn_sequence(games, learner, META_UPDATES[name](4), 100, at=[100]).ne_gap[0, 1:, -1]
        for name in ("individual", "best_response")
    )
    assert (meta < 0.7 * alone).all()


# Projected Q-ascent -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [{}, {"actions": (3,)}, {"actions": (2, 1, 2), "states": 3, "players": False}])
def test_sampled_ascent_is_that_of_plain_python(sizes):
    game = random_team(10, **sizes)
    run = learn(game, SampledQAscent(0.05, batch=4, exploration=0.2, seed=5), 12)
    reward, (move,), begin = as_lists(game)
    reward = reward * game.n_players if game.is_team else reward
    policy, steps = oracle.sampled_ascent(
        reward, move, begin, game.n_actions, game.discount, key_of(game, 5), 0.05, 4, 0.2, 12
    )
    assert run.measures["steps"][0, -1] == steps
    for i, s in itertools.product(range(game.n_players), range(game.n_states)):
        np.testing.assert_allclose(run.policy[i][0, s], policy[s][i], atol=1e-12, rtol=0)


def test_sampled_q_values_have_the_exact_ones_as_mean():
    """One step from an interior policy moves by the estimate, less its mean: projection keeps the differences."""
    game = random_team(11, actions=(2, 2))
    learner = SampledQAscent(1e-3, batch=200_000, exploration=0.3, seed=1)
    run = learn(game, learner, 1)
    batch, uniform = GameBatch.of(game), tuple(np.full((1, 2, 2), 0.5) for _ in range(2))
    for i in range(2):
        values = mn.gaps.values(batch, uniform, i)[0]
        q = game.reward[i] + game.discount * game.transition.at(0) @ values
        exact = q.mean(axis=2 - i)  # against a uniform other
        moved = np.diff(run.policy[i][0], axis=-1)[:, 0] / 1e-3
        np.testing.assert_allclose(moved, np.diff(exact, axis=-1)[:, 0], atol=0.06, rtol=0)


def test_exploration_fades_as_it_is_said_to():
    """By hand: an iteration at a time, each with a learner whose exploration is the share of that iteration."""
    batch, learner = GameBatch.of(random_team(3)), SampledQAscent(0.05, batch=20, exploration=0.4, seed=2, fading=0.5)
    found = learner.advance(batch, learner.advance(batch, learner.start(batch), 3), 4)
    state = learner.start(batch)
    for t in range(1, 8):
        state = SampledQAscent(0.05, batch=20, exploration=0.4 / math.sqrt(t), seed=2).advance(batch, state, 1)
    assert (found.iteration, found.episodes) == (7, 140)
    for got, wanted in zip(found.policies, state.policies, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-13, rtol=0)
    with pytest.raises(ValueError, match=r"fading must be a number of at least 0, got -1; 0 keeps the exploration"):
        SampledQAscent(0.05, fading=-1).start(batch)


@pytest.mark.parametrize("step", [1e-100, 1e16, 1e100])
def test_steps_of_any_size_stay_on_the_simplex(step):
    run = learn(random_team(21), SampledQAscent(step, batch=3, exploration=0.0), 50)
    for part in run.policy:
        assert (part >= 0.0).all()
        np.testing.assert_allclose(part.sum(axis=-1), 1.0, atol=1e-12)
    if step > 1.0:
        assert set(np.unique(run.policy[0])) == {0.0, 1.0}


# All of them --------------------------------------------------------------------------------------------

ALL = [
    (VLearning(1.0, seed=1), random_game(12)),
    (SampledMirrorDescent(0.2, batch=5, seed=1), random_game(13, zero_sum=True)),
    (SampledCorrelatedDescent(0.2, batch=5, seed=1), random_game(14, actions=(2, 2, 2))),
    (SampledQAscent(0.05, batch=5, seed=1), random_team(15)),
]


@pytest.mark.parametrize(("learner", "game"), ALL)
def test_cutting_a_run_into_calls_changes_no_bit_and_no_state_is_written_to(learner, game):
    batch = GameBatch.of(game)
    whole = learner.advance(batch, learner.start(batch), 23)
    state = learner.start(batch)
    for part in (1, 9, 0, 13):
        before = learner.measure(batch, state)
        after = learner.advance(batch, state, part)
        assert all((before[name] == value).all() for name, value in learner.measure(batch, state).items())
        state = after
    for name, value in learner.measure(batch, whole).items():
        np.testing.assert_array_equal(learner.measure(batch, state)[name], value)


@pytest.mark.parametrize(("learner", "game"), ALL)
def test_a_game_alone_learns_as_in_a_batch_and_seeds_matter(learner, game):
    kind, rate = type(learner), getattr(learner, "learning_rate", None) or learner.step_size
    more = {} if kind is VLearning else {"batch": 5}
    (name,) = {*learn(game, learner, 2).measures} & {"ne_gap", "cce_gap_bound"}
    batch = learn([game, game, game], kind(rate, seed=[1, 2, 1], **more), 20).measures[name]
    np.testing.assert_array_equal(batch[0], batch[2])
    np.testing.assert_array_equal(batch[:1], learn(game, learner, 20).measures[name])
    assert (batch[0] != batch[1]).any()


def test_they_are_registered():
    names = ("v_learning", "sampled_mirror_descent", "sampled_correlated_descent", "sampled_q_ascent")
    assert [LEARNERS[name] for name in names] == [
        VLearning, SampledMirrorDescent, SampledCorrelatedDescent, SampledQAscent,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [SampledMirrorDescent, SampledCorrelatedDescent, SampledQAscent])
def test_bad_batches_and_explorations(kind):
    game = {
        SampledMirrorDescent: random_game(16, zero_sum=True), SampledCorrelatedDescent: random_game(17),
        SampledQAscent: random_team(18),
    }[kind]  # fmt: skip
    with pytest.raises(ValueError, match="batch must be an integer of at least 1, got 0"):
        learn(game, kind(0.1, batch=0), 5)
    for bad in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"exploration must lie in \[0, 1\], got "):
            learn(game, kind(0.1, exploration=bad), 5)
    with pytest.raises(ValueError, match="seed must be an integer of at least 0"):
        learn(game, kind(0.1, seed=-3), 5)


def test_bad_arguments_of_v_learning():
    game = random_game(19)
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="bonus must be a number of at least 0"):
            learn(game, VLearning(1.0, bonus=bad), 5)
    with pytest.raises(ValueError, match="VLearning takes games of class ZeroSumGame or MarkovGame"):
        learn(random_team(20), VLearning(1.0), 5)
    with pytest.warns(mn.learners.base.PureStartWarning, match="V-learning never raises a probability of 0"):
        learn(game, VLearning(1.0), 5, initial=(np.eye(2)[[[[0, 0], [0, 0]]]], np.full((1, 2, 2, 3), 1 / 3)))
