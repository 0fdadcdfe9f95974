"""Large sparse zero-sum games: the law of the transitions, addresses, and gaps against the same game made dense."""

import itertools

import numpy as np
import pytest

from metanash import GameBatch, OptimisticMirrorDescent, Transition, ZeroSumGame, learn
from metanash.families import FAMILIES, sparse_zero_sum_sequence
from metanash_replication.topics.scale.measure import nonzeros, stored_bytes


def sequence(*address, **options):
    return sparse_zero_sum_sequence("random", *address, **{"n_games": 1, "perturbation": 0.0, **options})


def rows(game, step=0):
    """Dense rows of a step's kernel."""
    return game.transition.kernel[step].toarray()


def dense(game):
    """The same game with dense kernels."""
    kernels = [game.transition.at(h) for h in range(game.transition.steps)]
    return ZeroSumGame(game.reward, Transition.per_step(kernels), game.initial)


@pytest.mark.parametrize(
    ("n_states", "n_actions", "branching"), [(1, (1, 1), 1), (3, (2, 3), 3), (7, (3, 2), 1), (50, (4, 5), 6)]
)
@pytest.mark.parametrize("mixing", [0.0, 0.3, 1.0])
def test_rows_are_distributions_over_so_many_next_states(n_states, n_actions, branching, mixing):
    options = {"n_states": n_states, "n_actions": n_actions, "branching": branching, "transition_mixing": mixing}
    games = sequence(1, n_games=2, **options)
    for game in games:
        assert (game.n_states, game.n_actions, game.horizon) == (n_states, n_actions, 2)
        table = rows(game)
        assert table.shape == (n_states * n_actions[0] * n_actions[1], n_states)
        np.testing.assert_array_equal((table > 0).sum(axis=1), branching)
        np.testing.assert_allclose(table.sum(axis=1), 1.0, atol=1e-12)
        np.testing.assert_array_equal(game.initial, np.full(n_states, 1 / n_states))
        assert nonzeros(game.transition) == len(table) * branching
    np.testing.assert_array_equal(rows(games[0]) > 0, rows(games[1]) > 0)


def test_all_sets_of_next_states_are_equally_likely():
    """Of 4 states in pairs there are 6; 30,000 rows, so that a share has a standard deviation of 0.0022."""
    table = rows(*sequence("law", n_states=4, n_actions=(75, 100), branching=2)) > 0
    shares = [(table[:, [a, b]].all(axis=1)).mean() for a, b in itertools.combinations(range(4), 2)]
    assert sum(shares) == pytest.approx(1.0)
    np.testing.assert_allclose(shares, 1 / 6, atol=0.011)


def test_chances_are_uniform_on_the_simplex():
    """Dirichlet(1, 1, 1): a chance has mean 1/3 and variance 1/18, and exceeds 1/2 with probability 1/4."""
    kernel = sequence("simplex", n_states=5, n_actions=(40, 100), branching=3)[0].transition.kernel[0]
    chance = kernel.data.reshape(-1, 3)
    np.testing.assert_allclose(chance.mean(axis=0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(chance.var(axis=0), 1 / 18, atol=0.003)
    np.testing.assert_allclose((chance > 0.5).mean(axis=0), 1 / 4, atol=0.02)


def test_equal_addresses_agree_and_others_do_not():
    base, again, other = (sequence(*names, n_states=9)[0] for names in ((3, "a"), (3, "a"), (3, "b")))
    np.testing.assert_array_equal(base.reward, again.reward)
    np.testing.assert_array_equal(rows(base), rows(again))
    assert (base.reward != other.reward).mean() > 0.99
    assert (rows(base) != rows(other)).any()


@pytest.mark.parametrize("noise", ["uniform", "normal"])
def test_games_differ_by_scaled_noise_of_one_draw(noise):
    """Where nothing is clipped, the distance from the base game is proportional to the size."""
    options = {"n_games": 3, "n_states": 6, "noise": noise}
    base, small, large = (sequence("noise", perturbation=size, **options) for size in (0.0, 0.01, 0.02))
    for k in range(3):
        np.testing.assert_array_equal(base[k].reward, base[0].reward)
        inside = (large[k].reward > 0) & (large[k].reward < 1)
        moved = small[k].reward - base[k].reward
        np.testing.assert_allclose((large[k].reward - base[k].reward)[inside], 2 * moved[inside], atol=1e-15)
        assert np.abs(moved).max() > 0.005
        assert large[k].transition is large[0].transition
    assert (large[0].reward != large[1].reward).mean() > 0.9


def test_steps_are_alike_only_where_games_are_stationary():
    (still,) = sequence(2, horizon=3, n_states=5, perturbation=0.1)
    (moving,) = sequence(2, horizon=3, n_states=5, perturbation=0.1, stationary=False)
    assert (still.transition.steps, moving.transition.steps) == (1, 3)
    np.testing.assert_array_equal(still.reward[0], still.reward[2])
    assert (moving.reward[0] != moving.reward[2]).mean() > 0.9
    assert (rows(moving, 0) != rows(moving, 2)).any()


def test_mixing_moves_chances_from_those_of_the_base_to_drawn_ones():
    options = {"n_states": 8, "n_games": 2}
    none, some, full = (sequence("mix", transition_mixing=m, **options) for m in (0.0, 0.25, 1.0))
    for k in range(2):
        np.testing.assert_allclose(rows(some[k]), 0.75 * rows(none[k]) + 0.25 * rows(full[k]), atol=1e-15)
    assert np.abs(rows(full[0]) - rows(full[1])).max() > 0.1


@pytest.mark.parametrize("stationary", [True, False])
def test_gaps_are_those_of_the_same_game_made_dense(stationary):
    games = sequence("gap", n_games=2, perturbation=0.1, horizon=3, n_states=6, n_actions=(2, 3), branching=3,
                     stationary=stationary)  # fmt: skip
    found = learn(games, OptimisticMirrorDescent(0.5), 40, at=[7, 40])
    wanted = learn([dense(game) for game in games], OptimisticMirrorDescent(0.5), 40, at=[7, 40])
    np.testing.assert_allclose(found.ne_gap, wanted.ne_gap, atol=1e-12)
    alone = learn(games[1], OptimisticMirrorDescent(0.5), 40, at=[7, 40])
    np.testing.assert_array_equal(alone.ne_gap[0], found.ne_gap[1])


def test_memory_is_proportional_to_the_possible_transitions():
    sizes = [stored_bytes(sequence(0, n_states=s, n_actions=(8, 8))[0]) for s in (50, 500)]
    assert sizes[1] / sizes[0] == pytest.approx(10, rel=0.001)
    small, large = (stored_bytes(sequence(0, n_states=500, branching=b)[0].transition) for b in (2, 12))
    assert large - small == 10 * 500 * 2 * 2 * 12  # a double and a 32-bit index each


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "mixed"}, "kind of a sparse zero-sum base game must be random, got 'mixed'"),
        ({"n_games": 0}, "n_games must be an integer of at least 1"),
        ({"perturbation": -0.1}, "perturbation must be a finite number of at least 0"),
        ({"horizon": 0}, "horizon must be an integer of at least 1"),
        ({"n_states": 2.5}, "n_states must be an integer"),
        ({"n_actions": (2, 0)}, "n_actions must be an integer of at least 1, got 0"),
        ({"n_actions": (2, 2, 2)}, r"n_actions must be those of two players, got \(2, 2, 2\)"),
        ({"branching": 0}, "branching must be an integer of at least 1"),
        ({"branching": 11, "n_states": 10}, "branching must be at most n_states = 10, got 11"),
        ({"noise": "gaussian"}, "noise must be uniform or normal"),
        ({"transition_mixing": 1.5}, r"transition_mixing must lie in \[0, 1\]"),
    ],
)
def test_errors_name_the_argument(change, message):
    assert FAMILIES["sparse_zero_sum"] is sparse_zero_sum_sequence
    with pytest.raises(ValueError, match=message):
        sparse_zero_sum_sequence(**{"kind": "random", "n_games": 1, "perturbation": 0.0, **change})


def test_a_batch_of_one_holds_no_copy():
    (game,) = sequence(0, n_states=5)
    batch = GameBatch.of(game)
    assert np.shares_memory(batch.reward, game.reward)
    assert batch.reward.shape == (1, *game.reward.shape)
