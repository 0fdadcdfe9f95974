"""Tracking on a line: against loops over the dynamics, simulated play and enumeration of joint policies."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import seeds

from metanash import CorrelatedMirrorDescent, GameBatch, MarkovGame, ProjectedQAscent, Transition, gaps, learn
from metanash.families import FAMILIES, potential_sequence, tracking_positions_sequence, tracking_sequence
from metanash.similarity import is_potential_game
from metanash_replication.experiments import Sequences, generate_games


def shared(*address, **options):
    return tracking_sequence("shared", *address, **{"n_games": 1, "perturbation": 0.0, **options})


def own(*address, **options):
    small = {"n_games": 1, "perturbation": 0.0, "n_positions": 3, "horizon": 2}
    return tracking_positions_sequence("own", *address, **{**small, **options})


def noises(sigma):
    """The three-point rule of Gauss and Hermite."""
    return [(-math.sqrt(3) * sigma, 1 / 6), (0.0, 4 / 6), (math.sqrt(3) * sigma, 1 / 6)]


def naive_law(x, move, points, sigma):
    """Chances of the next position by the hat function of each grid point."""
    law = np.zeros(points)
    for noise, weight in noises(sigma):
        y = min(1.0, max(-1.0, x + move + noise))
        for z in range(points):
            law[z] += weight * max(0.0, 1.0 - abs((y + 1.0) / 2.0 * (points - 1) - z))
    return law


dynamics = st.fixed_dictionaries({
    "n_players": st.integers(1, 3), "reach": st.integers(1, 2), "push": st.sampled_from([0.0, 0.1, 0.37, 2.0]),
    "drift": st.sampled_from([0.0, -0.05, 0.3]), "target": st.sampled_from([-1.0, 0.13, 0.5]),
    "cost": st.sampled_from([0.0, 0.02, 3.0]), "noise": st.sampled_from([0.0, 0.1, 0.8]),
})  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(dynamics, st.integers(2, 6))
def test_shared_position_by_loops(options, points):
    (game,) = shared(n_states=points, **options)
    reach, cost, players = options["reach"], options["cost"], options["n_players"]
    kernel = game.transition.at(0)
    for s, joint in itertools.product(range(points), itertools.product(range(2 * reach + 1), repeat=players)):
        x, pushes = -1.0 + 2.0 * s / (points - 1), [a - reach for a in joint]
        loss = (x - options["target"]) ** 2 + cost * sum(u * u for u in pushes)
        assert game.reward[(0, s, *joint)] == pytest.approx(1 - loss / (4 + cost * players * reach**2), abs=1e-12)
        law = naive_law(x, options["push"] * sum(pushes) + options["drift"], points, options["noise"])
        np.testing.assert_allclose(kernel[(s, *joint)], law, atol=2e-9)
    assert game.is_team
    assert is_potential_game(game)


@settings(max_examples=25, deadline=None)
@given(dynamics, st.integers(2, 3), st.sampled_from([0.0, 0.25, 1.0]))
def test_own_positions_by_loops(options, points, spread):
    options = options | {"n_players": min(2, options["n_players"])}
    (game,) = own(n_positions=points, spread=spread, **options)
    reach, cost, players = options["reach"], options["cost"], options["n_players"]
    kernel = game.transition.at(0)
    states = list(itertools.product(range(points), repeat=players))
    for (s, place), joint in itertools.product(
        enumerate(states), itertools.product(range(2 * reach + 1), repeat=players)
    ):
        xs, pushes = [-1 + 2 * p / (points - 1) for p in place], [a - reach for a in joint]
        mean = sum(xs) / players
        loss = (mean - options["target"]) ** 2 + spread * sum((x - mean) ** 2 for x in xs) / players
        loss += cost * sum(u * u for u in pushes) / players
        expected = 1 - loss / (4 + spread + cost * reach**2)
        np.testing.assert_allclose(game.reward[(slice(None), slice(None), s, *joint)], expected, atol=1e-12)
        laws = [
            naive_law(x, options["push"] * u + options["drift"], points, options["noise"])
            for x, u in zip(xs, pushes, strict=True)
        ]
        law = [math.prod(laws[i][z] for i, z in enumerate(after)) for after in states]
        np.testing.assert_allclose(kernel[(s, *joint)], law, atol=5e-9)
    np.testing.assert_allclose(game.initial, 1 / len(states))


def test_values_by_simulated_play():
    """Plays of 60 steps of the dynamics, with the position rounded at random to the grid; five standard errors."""
    options = {"n_states": 9, "n_players": 2, "push": 0.2, "drift": -0.07, "noise": 0.15, "discount": 0.8}
    (game,) = shared(**options)
    rng, plays = np.random.default_rng(5), 20_000
    law = [rng.dirichlet(np.ones(3), size=9) for _ in range(2)]
    s, total = np.full(plays, 1), np.zeros(plays)
    for step in range(60):
        x = -1 + s / 4
        pushes = [(rng.uniform(size=(plays, 1)) > part[s].cumsum(axis=1)).sum(axis=1).clip(0, 2) - 1 for part in law]
        loss = (x - 0.5) ** 2 + 0.01 * sum(u**2 for u in pushes)
        total += 0.8**step * (1 - loss / 4.02)
        noise = rng.choice([-math.sqrt(3), 0, math.sqrt(3)], p=[1 / 6, 2 / 3, 1 / 6], size=plays) * 0.15
        cell = (np.clip(x + 0.2 * sum(pushes) - 0.07 + noise, -1, 1) + 1) * 4
        s = (cell + rng.uniform(size=plays)).astype(int).clip(0, 8)
    value = gaps.values(GameBatch.of(game), [part[None] for part in law], 0)[0, 1]
    assert abs(total.mean() - value) < 5 * total.std() / math.sqrt(plays) + 1e-5  # 0.8^60 / 0.2 < 1e-5


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.5, 0.9]))
def test_the_joint_optimum_is_the_best_of_all_joint_policies(seed, discount):
    """Three positions, two players: 9^3 policies, each evaluated on its own."""
    (game,) = shared(seed, n_states=3, n_players=2, perturbation=0.4, push=0.6, cost=0.3, discount=discount)
    reward, kernel = game.reward[0].reshape(3, 9), game.transition.at(0).reshape(3, 9, 3)
    s, best = np.arange(3), np.full(3, -np.inf)
    for joint in itertools.product(range(9), repeat=3):
        chain = kernel[s, list(joint)]
        best = np.maximum(best, np.linalg.solve(np.eye(3) - discount * chain, reward[s, list(joint)]))
    np.testing.assert_allclose(gaps.team_optima(GameBatch.of(game))[0], best, atol=1e-12)


def test_joint_optima_are_of_teams_only():
    other = potential_sequence("separable", 1, n_games=1, perturbation=0.0)
    with pytest.raises(ValueError, match="a joint optimum is that of a team"):
        gaps.team_optima(GameBatch.of(other))


def test_what_can_be_said_by_hand():
    """One cell a push, no noise, no cost: the team walks to the target and stays; four players, four cells a step."""
    (game,) = shared(n_states=21, noise=0.0, cost=0.0, discount=0.5, target=0.5)
    value = gaps.team_optima(GameBatch.of(game))[0]
    at = [round((x + 1) * 10) for x in (0.5, 0.1, -0.3)]
    one = 1 - 0.4**2 / 4
    expected = [2.0, one + 0.5 * 2, 1 - 0.8**2 / 4 + 0.5 * (one + 0.5 * 2)]
    np.testing.assert_allclose(value[at], expected, atol=1e-12)
    stay = [np.eye(3)[[[1] * 21]]] * 4
    np.testing.assert_allclose(gaps.values(GameBatch.of(game), stay, 0)[0][at[0]], 2.0)
    assert game.transition.at(0)[at[0], 1, 1, 1, 1].tolist() == [float(z == at[0]) for z in range(21)]


@given(seeds)
def test_tasks_are_paired_over_sizes(seed):
    """Target and drift move in proportion to the perturbation, read off rewards and kernels."""
    found = []
    for size in (0.1, 0.2):
        games = shared(seed, n_games=3, perturbation=size, n_states=3, n_players=1, noise=0.0, target=0.0, push=0.5)
        slope = [(game.reward[0, 2, 1] - game.reward[0, 0, 1]) * 4.01 / 4 for game in games]  # 4 t / 4.01
        wind = [game.transition.at(0)[1, 1] @ [-1.0, 0.0, 1.0] for game in games]
        found.append((np.array(slope) / size, np.array(wind) / (0.5 * size)))
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert (np.abs(found[0]) <= 1.0).all()
    assert len(np.unique(np.round(found[0], 9))) == 6
    again = shared(seed, n_games=2, perturbation=0.1, n_states=3, n_players=1, noise=0.0, target=0.0, push=0.5)
    first = shared(seed, n_games=3, perturbation=0.1, n_states=3, n_players=1, noise=0.0, target=0.0, push=0.5)
    np.testing.assert_array_equal(again[1].reward, first[1].reward)


def test_equal_drifts_share_a_kernel():
    games = shared(n_games=3)
    assert games[0].transition is games[2].transition
    moved = own(n_games=2, perturbation=0.1)
    assert moved[0].transition is not moved[1].transition


def test_the_large_version_is_sparse():
    """10^4 joint positions: kernels of 2^N next states a row, never a dense one (7 GB here)."""
    (game,) = own(n_positions=100, perturbation=0.1)
    assert game.n_states == 10_000
    (matrix,) = game.transition.kernel
    assert matrix.nnz <= 90_000 * 4
    assert (game.horizon, game.n_actions) == (2, (3, 3))
    uniform = [np.full((1, 2, 10_000, 3), 1 / 3)] * 2
    best = gaps.best_response_values(GameBatch.of(game), uniform, 0)
    assert (best >= gaps.values(GameBatch.of(game), uniform, 0) - 1e-12).all()


def test_learning_ends_at_equilibria_below_the_joint_optimum():
    (game,) = shared(n_states=7, n_players=2, push=1 / 3, noise=0.1, discount=0.8, perturbation=0.1)
    run = learn(game, ProjectedQAscent(0.5), 3000)
    assert run.ne_gap[0, -1] < 1e-6
    reached = gaps.values(GameBatch.of(game), run.policy, 0)
    assert (reached <= gaps.team_optima(GameBatch.of(game)) + 1e-12).all()


def test_configurations_can_name_them():
    spec = Sequences("tracking", "shared", {"n_states": 5, "n_players": 2}, (0.0, 0.1), 3)
    games, _ = generate_games(spec, [0, 1], 7)
    assert len(games) == 2 * 2 * 3
    assert {game.n_actions for game in games} == {(3, 3)}


def test_sparse_teams_can_be_learned():
    games = own(n_games=2, perturbation=0.1, n_positions=4)
    dense = [MarkovGame(game.reward, Transition.shared(game.transition.at(0)), game.initial) for game in games]
    runs = [learn(batch, CorrelatedMirrorDescent(0.1), 50) for batch in (games, dense)]
    for name in runs[0].measures:
        np.testing.assert_allclose(runs[0].measures[name], runs[1].measures[name], atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "team"}, "kind of a tracking game must be (shared|own), got 'team'"),
        ({"perturbation": -1.0}, "perturbation must be a finite number of at least 0"),
        ({"push": math.nan}, "push must be a finite number"),
        ({"cost": -0.1}, "cost must be"),
        ({"noise": math.inf}, "noise must be"),
        ({"target": 1.5}, r"target must lie in \[-1, 1\]"),
        ({"drift": math.nan}, "drift must lie"),
        ({"n_games": 0}, "n_games must be an integer of at least 1"),
        ({"n_players": 0}, "n_players must be an integer of at least 1"),
        ({"reach": 0}, "reach must be an integer of at least 1"),
    ],
)
@pytest.mark.parametrize(("family", "kind"), [("tracking", "shared"), ("tracking_positions", "own")])
def test_bad_arguments(family, kind, change, message):
    with pytest.raises(ValueError, match=message):
        FAMILIES[family](**{"kind": kind, "n_games": 1, "perturbation": 0.0, **change})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shared(n_states=1), "n_states must be an integer of at least 2"),
        (lambda: shared(discount=1.0), "discount must lie"),
        (lambda: own(n_positions=1), "n_positions must be an integer of at least 2"),
        (lambda: own(horizon=0), "horizon must be"),
        (lambda: own(spread=-1.0), "spread must be"),
    ],
)
def test_bad_arguments_of_one_family(call, message):
    with pytest.raises(ValueError, match=message):
        call()
