"""General-sum families: what each kind promises; Theorem 5 against runs; Delta_pi by loops."""

import itertools
import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import random_distributions, seeds

from metanash import CorrelatedMirrorDescent, MarkovGame, Transition, bounds, learn, ne_gap
from metanash.families import FAMILIES, general_sum_sequence
from metanash.learners import checkpoints
from metanash.learners.schedules import stage_count
from metanash.similarity import best_response_dissimilarity, is_potential_game, total_dissimilarity

KINDS = [
    ("random", (2, 3)), ("random", (2, 1, 3)), ("random", (4,)), ("congestion", (2, 2)), ("congestion", (3, 3, 3)),
    ("public_goods", (2, 2)), ("public_goods", (2, 3, 4)), ("shapley", (3, 3)), ("prisoners_dilemma", (2, 2)),
    ("chicken", (2, 2)),
]  # fmt: skip
CLASSIC = [kind for kind in KINDS if kind[0] not in {"random", "congestion"}]


def base(kind, actions, *address, **options):
    """The base game alone."""
    (game,) = general_sum_sequence(kind, *address, n_games=1, perturbation=0.0, n_actions=actions, **options)
    return game


def first_stage(kind, actions):
    return base(kind, actions, 0, horizon=1, n_states=1).reward[:, 0, 0]


# Kinds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "actions"), KINDS)
@pytest.mark.parametrize("stationary", [True, False])
def test_sizes_names_and_ranges(kind, actions, stationary):
    games = FAMILIES["general_sum"](
        kind, "sizes", n_games=3, perturbation=0.2, horizon=3, n_states=2, n_actions=actions, stationary=stationary
    )
    assert [game.name for game in games] == [f"{kind} {k}" for k in range(3)]
    for game in games:
        assert game.reward.shape == (len(actions), 3, 2, *actions)
        assert game.transition is games[0].transition
        assert game.transition.steps == (1 if stationary else 3)
        same = all(np.array_equal(game.reward[:, 0], game.reward[:, h]) for h in (1, 2))
        assert same == stationary
    assert not np.array_equal(games[0].reward, games[1].reward)


@pytest.mark.parametrize(("kind", "actions"), CLASSIC)
def test_classic_games_fill_the_unit_interval(kind, actions):
    reward = first_stage(kind, actions)
    assert reward.min() == pytest.approx(0.0, abs=1e-15)
    assert reward.max() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(("kind", "actions"), CLASSIC)
def test_states_of_classic_games_differ_in_stakes_only(kind, actions):
    game, stage = base(kind, actions, 3, horizon=2, n_states=4, stationary=False), first_stage(kind, actions)
    for h, s in np.ndindex(2, 4):
        stake = game.reward[:, h, s].max()
        np.testing.assert_allclose(game.reward[:, h, s], stake * stage, atol=1e-15)
        assert 0.5 <= stake <= 1.0
    assert len({float(game.reward[:, h, s].max()) for h, s in np.ndindex(2, 4)}) == 8
    assert game.reward[:, 0, 0].max() == pytest.approx(1.0, abs=1e-15)


def test_prisoners_dilemma():
    """To defect is better whatever the other does, and worse for both: 5 > 3 > 1 > 0 over 5, for both alike."""
    mine, other = first_stage("prisoners_dilemma", (2, 2))
    np.testing.assert_allclose(mine, np.array([[3, 0], [5, 1]]) / 5)
    np.testing.assert_array_equal(other, mine.T)


def test_chicken():
    """Best against dare is to swerve, best against swerve is to dare (Aumann: 6 6, 2 7, 7 2, 0 0)."""
    mine, other = first_stage("chicken", (2, 2))
    np.testing.assert_allclose(mine, np.array([[6, 2], [7, 0]]) / 7)
    np.testing.assert_array_equal(other, mine.T)


def test_shapley_s_game_has_only_the_uniform_equilibrium():
    """Every pair of pure strategies leaves somebody a gain, and uniform play leaves none."""
    game = base("shapley", (3, 3), 0, horizon=1, n_states=1)
    for pure in itertools.product(range(3), repeat=2):
        assert ne_gap(game, [np.eye(3)[a].reshape(1, 1, 3) for a in pure]) > 0.5
    assert ne_gap(game, [np.full((1, 1, 3), 1 / 3)] * 2) <= 1e-15
    one, other = first_stage("shapley", (3, 3))
    assert one.sum() == other.sum() == 3
    assert (one * other).sum() == 0
    # best answers go round: row r is best against column r, column r + 1 against row r
    assert [int(one[:, b].argmax()) for b in range(3)] == [0, 1, 2]
    assert [int(other[a].argmax()) for a in range(3)] == [1, 2, 0]


@pytest.mark.parametrize("actions", [(2, 2), (3, 3, 3), (2, 3, 4)])
def test_public_goods(actions):
    """Giving less is always better for the giver and worse for each of the others; all giving beats none giving."""
    table = first_stage("public_goods", actions)
    for i, own in enumerate(table):
        assert (np.diff(own, axis=i) < 0).all()
        for j in range(len(actions)):
            if j != i:
                assert (np.diff(own, axis=j) > 0).all()
        assert own[(-1,) * len(actions)] > own[(0,) * len(actions)]
    players = len(actions)
    for joint in np.ndindex(*actions):  # keeps 1 - c, gets (N + 1) / 2N of all that is given
        given_ = [a / (n - 1) for a, n in zip(joint, actions, strict=True)]
        worst, best = (players + 1) / (2 * players), 1 + (players + 1) / (2 * players) * (players - 1)
        for i in range(players):
            payoff = 1 - given_[i] + worst * sum(given_)
            assert table[(i, *joint)] == pytest.approx((payoff - worst) / (best - worst), abs=1e-14)


@pytest.mark.parametrize("actions", [(2, 2), (3, 3, 3), (2, 2, 2, 2)])
def test_congestion(actions):
    """What a player gets depends on its facility and how many share it, falls with them, and makes a potential game."""
    game = base("congestion", actions, "load", horizon=1, n_states=3)
    players = len(actions)
    for s in range(3):
        pay = {}
        for joint in np.ndindex(*actions):
            for i in range(players):
                key = joint[i], joint.count(joint[i])
                assert pay.setdefault(key, game.reward[(i, 0, s, *joint)]) == game.reward[(i, 0, s, *joint)]
        assert len(set(pay.values())) == actions[0] * players
        for facility, load in itertools.product(range(actions[0]), range(1, players)):
            assert pay[facility, load] > pay[facility, load + 1]
    assert not np.array_equal(game.reward[:, :, 0], game.reward[:, :, 1])
    assert is_potential_game(game)


def test_random_games_are_uniform_and_players_differ():
    rewards = np.stack([base("random", (2, 3), seed, horizon=1).reward for seed in range(50)])
    assert np.mean(rewards) == pytest.approx(0.5, abs=0.05)
    assert np.std(rewards) == pytest.approx(12**-0.5, abs=0.03)
    assert abs(np.corrcoef(rewards[:, 0].ravel(), rewards[:, 1].ravel())[0, 1]) < 0.2


# Sequences ----------------------------------------------------------------------------------------------


def test_addresses_and_pairing():
    """The noise of a game depends neither on the size of the perturbation nor on the number of games."""

    def make(seed, n_games=3, perturbation=0.1, **options):
        return general_sum_sequence("random", 7, seed, n_games=n_games, perturbation=perturbation, **options)

    few, more = make(0), make(0, n_games=5)
    for one, other in zip(few, more, strict=False):
        np.testing.assert_array_equal(one.reward, other.reward)
    assert not np.array_equal(few[0].reward, make(1)[0].reward)
    (exact,) = make(0, n_games=1, perturbation=0.0)
    for k, (small, large) in enumerate(zip(make(0, perturbation=0.01), make(0, perturbation=0.02), strict=True)):
        moved = (small.reward - exact.reward, large.reward - exact.reward)
        inside = (large.reward > 0) & (large.reward < 1)
        np.testing.assert_allclose(moved[1][inside], 2 * moved[0][inside], atol=1e-14, err_msg=str(k))
        assert np.abs(moved[1]).max() <= 0.02
    kernels = [game.transition.at(0) for game in make(0, transition_mixing=0.5)]
    assert not np.array_equal(kernels[0], kernels[1])


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("pure", {}, "kind of a general-sum base game must be one of"),
        ("shapley", {}, r"shapley is a game of \(3, 3\) actions, got \(2, 2\)"),
        ("chicken", {"n_actions": (2, 2, 2)}, r"chicken is a game of \(2, 2\) actions"),
        ("congestion", {"n_actions": (2, 3)}, "same facilities"),
        ("public_goods", {"n_actions": (2, 1)}, "need two players and a choice"),
        ("public_goods", {"n_actions": (2,)}, "need two players and a choice"),
        ("random", {"n_actions": (2, 0)}, "n_actions must be an integer of at least 1"),
        ("random", {"horizon": 0}, "horizon must be"),
        ("random", {"n_states": 0}, "n_states must be"),
        ("random", {"noise": "loud"}, "noise must be"),
    ],
)
def test_bad_arguments(kind, options, message):
    with pytest.raises(ValueError, match=message):
        general_sum_sequence(kind, 0, n_games=2, perturbation=0.1, **options)


# Theorem 5 ----------------------------------------------------------------------------------------------


def rewards_for_the_last_action(actions, horizon):
    """Everybody's reward is 1 for its last action, 0 otherwise: no interaction, one state, transitions to itself."""
    tables = []
    for i, n in enumerate(actions):
        own = np.zeros(n)
        own[-1] = 1.0
        tables.append(np.broadcast_to(own.reshape((1,) * i + (n,) + (1,) * (len(actions) - 1 - i)), actions))
    reward = np.broadcast_to(np.stack(tables)[:, np.newaxis, np.newaxis], (len(actions), horizon, 1, *actions))
    return MarkovGame(reward, Transition.shared(np.ones((1, *actions, 1))))


def burn_in_start(actions, horizon, stages, trust=1e-9):
    """At the first action in stage 1, where all actions tie; at the last one, the good one, afterwards."""
    start = []
    for n in actions:
        policy = np.empty((1, stages, horizon, 1, n))
        policy[...] = np.eye(n)[-1]
        policy[:, 0] = np.eye(n)[0]
        start.append((1.0 - trust) * policy + trust / n)
    return tuple(start)


@pytest.mark.parametrize("actions", [(2, 2), (2, 3, 2)])
@pytest.mark.parametrize("horizon", [1, 2, 3, 4])
def test_theorem_5_inherits_the_burn_in_defect(actions, horizon):
    """At small learning rates the printed bound is below the gap, which is C(H) / T: the repair has nothing to spare.

    An iteration of stage tau plays stage 1, or before it the same policies, at steps tau to H, and loses 1 at each.
    """
    iterations, eta, players = 1000, 1e-5, len(actions)
    game, start = rewards_for_the_last_action(actions, horizon), burn_in_start(actions, horizon, 100)
    learner = CorrelatedMirrorDescent(eta)
    run = learn(game, learner, iterations, initial=start, at=[iterations])
    gap = run.measures["cce_gap_bound"][0, -1]
    divergence = {
        worst: sum(bounds.player_divergence(s.payoff, s.initial, worst=worst)[0] for s in learner.stages(run.state))
        for worst in (False, True)
    }
    assert gap == pytest.approx(bounds.correlated_burn_in(horizon) / iterations, rel=1e-5)
    if horizon == 1:
        assert run.measures["cce_gap"][0, -1] == pytest.approx(gap, rel=1e-6)
    assert bounds.theorem_5(divergence[False], horizon, iterations, players, eta) < gap / 3
    assert bounds.theorem_5_smooth(divergence[False], horizon, iterations, players, eta) >= gap
    assert bounds.theorem_5(divergence[True], horizon, iterations, players, eta) >= gap


@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 2, 2)])
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_gaps_of_random_games_are_below_the_bounds_that_have_a_proof(actions, horizon):
    """240 games a case, learning rates from 1e-4 to 3, starts of all kinds, anytime."""
    rng = np.random.default_rng([len(actions), horizon])
    games, states = [], 2
    for _ in range(40):
        reward = rng.uniform(size=(len(actions), horizon, states, *actions))
        kernel = rng.dirichlet(np.full(states, 0.3), size=(states, *actions))
        games.append(MarkovGame(reward.round(rng.integers(0, 2)), Transition.shared(kernel)))
    eta, stages, players = 10 ** rng.uniform(-4, 0.5, size=40), stage_count(200, horizon), len(actions)
    for concentration in (100.0, 0.5, 0.05):
        start = tuple(
            rng.dirichlet(np.full(n, concentration), size=(40, stages, horizon, states)) * 0.999 + 0.001 / n
            for n in actions
        )
        learner, total = CorrelatedMirrorDescent(eta), {}
        run = learn(games, learner, 200, initial=start, at=[20, 200])
        for worst in (False, True):
            total[worst] = sum(
                bounds.player_divergence(s.payoff, s.initial, worst=worst) for s in learner.stages(run.state)
            )
            smooth = bounds.theorem_5_smooth(total[worst], horizon, 200, players, eta)
            assert (run.measures["cce_gap_bound"][:, -1] <= smooth + 1e-12).all()
        printed = bounds.theorem_5(total[True], horizon, 200, players, eta)
        assert (run.measures["cce_gap_bound"][:, -1] <= printed + 1e-12).all()


def test_gaps_at_the_prescribed_rate_are_below_equation_11():
    for horizon, actions in [(1, (2, 2)), (2, (2, 2, 2)), (3, (3, 2))]:
        games = [base("random", actions, seed, horizon=horizon) for seed in range(10)]
        for iterations in (10, 100, 1000):
            eta = float(bounds.cce_learning_rate(horizon, iterations, len(actions)))
            run = learn(games, CorrelatedMirrorDescent(eta), iterations, at=checkpoints(iterations, 2))
            limit = bounds.theorem_5_uniform(horizon, iterations, len(actions), max(actions))
            assert (run.measures["cce_gap_bound"][:, -1] <= limit).all()


# Similarity ---------------------------------------------------------------------------------------------


@given(seeds, st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.integers(1, 3))
def test_similarity_of_general_sum_games_is_that_of_loops(seed, games, stages, horizon, states):
    rng = np.random.default_rng(seed)
    sizes = (2, 3, 4)
    responses = [random_distributions(rng, games, stages, horizon, states, n) for n in sizes]
    total = 0.0
    for part in responses:
        for k, tau, h in np.ndindex(games, stages, horizon):
            each = []
            for s in range(states):
                rows = part[:, tau, h, s].tolist()
                mean = [math.fsum(column) / games for column in zip(*rows, strict=True)]
                each.append(oracles.kl(rows[k], mean))
            total += max(each)
    assert total_dissimilarity(responses) == pytest.approx(total, abs=1e-9)
    alone = [best_response_dissimilarity(part) for part in responses]
    assert total_dissimilarity(responses[:1]) == alone[0]
