"""Stochastic games: construction and its errors, files, and gains that are proven."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from oracles_stochastic import exact_gains, gains_of, values_of
from stochastic_cases import drawn, played

import metanash as mn
from metanash.archive import ArchiveError, write_archive
from metanash.stochastic import certify_policies, gains, policy_values, read_stochastic, write_stochastic

CASES = [(1, 1, 1, 3), (2, 2, 3, 3), (3, 3, 2, 2), (4, 2, 4, 4), (5, 4, 2, 2)]
"""Seed, players, states, most actions."""


@pytest.mark.parametrize(("seed", "players", "states", "most"), CASES)
@pytest.mark.parametrize("ends", [0.0, 0.7])
def test_values_and_gains_are_those_of_loops(seed, players, states, most, ends):
    game = drawn(seed, players, states, most, ends=ends)
    policies = played(game, seed)
    proof = certify_policies(game, policies)
    wanted = np.array([values_of(game, policies, i) for i in range(players)])
    np.testing.assert_allclose(policy_values(game, policies), wanted, atol=1e-11)
    np.testing.assert_allclose(proof.values, wanted, atol=1e-11)
    np.testing.assert_allclose(proof.gains, gains_of(game, policies), atol=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_bounds_of_gains_are_above_the_exact_ones_by_no_more_than_a_float(seed):
    """In fractions, where floats as close as 1e-13 could not tell; pure rows make exact ties."""
    game = drawn(seed, 2, 2, 3, ends=0.3 * (seed % 2))
    policies = played(game, seed)
    if seed > 3:
        policies[0] = np.eye(policies[0].shape[1])[np.zeros(2, dtype=int)]
    bound, exact = certify_policies(game, policies).gains, exact_gains(game, policies)
    for row, wanted in zip(bound.tolist(), exact, strict=True):
        for above, gain in zip(row, wanted, strict=True):
            assert Fraction(above) >= gain
            assert above <= float(gain) * (1.0 + 1e-14) + 1e-25


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_around_values_that_are_wrong(seed, monkeypatch):
    """The proof takes any values: with errors of up to .1 in them the bounds are looser, and bounds all the same."""
    rng = np.random.default_rng(seed)
    best, own = gains.optimal_values, gains._value
    monkeypatch.setattr(gains, "_REFINEMENTS", 0)
    monkeypatch.setattr(gains, "optimal_values", lambda *a: best(*a) + rng.uniform(-0.1, 0.1, (1, 3)))
    game = drawn(seed, 2, 3, 2, ends=0.3 * (seed % 2))
    policies = played(game, seed)
    exact = np.array(exact_gains(game, policies), dtype=float)
    for wrong in (0.0, 0.1):
        monkeypatch.setattr(gains, "_value", lambda *a, w=wrong: own(*a) + rng.uniform(-w, w, 3))
        bound = certify_policies(game, policies).gains
        assert (bound >= exact).all()
        assert (bound <= exact + 0.8 / (1.0 - game.discounts[:, np.newaxis])).all()


def test_a_best_response_gains_nothing():
    """One player: the optimal policy of a decision problem, 10 for ever after one step, as in any textbook."""
    game = mn.StochasticGame([[[0.0, 1.0]], [[10.0]]], [[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0]]], 0.5, [1.0, 0.0])
    proof = certify_policies(game, [[[1.0, 0.0], [1.0, 0.0]]])
    assert proof.values.tolist() == [[10.0, 20.0]]
    assert proof.gains.tolist() == [[0.0, 0.0]]
    assert certify_policies(game, [[[0.0, 1.0], [1.0, 0.0]]]).gains.tolist() == [[8.0, 0.0]]


def test_a_discounted_game_is_the_same_game():
    rng = np.random.default_rng(0)
    kernel = mn.Transition.shared(rng.dirichlet(np.ones(3), size=(3, 2, 4)))
    game = mn.DiscountedGame(rng.uniform(size=(2, 3, 2, 4)), kernel, 0.8, [0.5, 0.25, 0.25])
    same = mn.StochasticGame.from_discounted(game)
    policies = played(same, 0)
    proof = certify_policies(same, policies)
    np.testing.assert_allclose(proof.gains @ game.initial, mn.ne_gains(game, policies), atol=1e-13)


def test_ending_with_probability_one_tenth_is_a_discount_of_nine_tenths():
    game = drawn(3, discounts=0.9)
    ending = mn.StochasticGame(game.rewards, [0.9 * p for p in game.transitions], 1.0 - 2**-52)
    policies = played(game, 3)
    np.testing.assert_allclose(policy_values(ending, policies), policy_values(game, policies), rtol=1e-12)
    assert ending.can_end
    assert not game.can_end


def test_ranges_hold_what_is_paid_after_the_end():
    game = mn.StochasticGame([[[3.0, 4.0]]], [[[1.0], [1.0]]], 0.5)
    assert game.ranges.tolist() == [2.0]
    assert mn.StochasticGame([[[3.0, 4.0]]], [[[0.5], [1.0]]], 0.5).ranges.tolist() == [8.0]


def test_games_are_frozen():
    game = drawn(0)
    for array in (*game.rewards, *game.transitions, game.discounts, game.initial, *game.padded[:2]):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
    again = pickle.loads(pickle.dumps(game))
    assert copy.deepcopy(game) is game
    assert all((a == b).all() for a, b in zip(again.rewards, game.rewards, strict=True))


ONE = [[[1.0, 2.0]]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((ONE, [[[1.0], [1.0]], [[1.0]]], 0.9), "rewards of 1 states and transitions of 2"),
        (([], [], 0.9), "rewards must be a sequence with an array for each state"),
        (([[1.0, 2.0]], [[[1.0], [1.0]]], 0.9), r"rewards of state 0 must have axes .* got shape \(2,\)"),
        ((ONE * 2, [[[1.0, 0.0]] * 2, [[1.0, 0.0]] * 3], 0.9), r"transitions of state 1 .* of shape \(2, 2\)"),
        ((ONE, [[[1.0], [1.1]]], 0.9), "transitions of state 0 must sum to one, or less .* at a = 1 the sum is 1.1"),
        ((ONE, [[[1.0], [-0.1]]], 0.9), r"at \(a, next state\) = \(1, 0\) there is -0.1"),
        ((ONE, [[[1.0], [np.nan]]], 0.9), "transitions of state 0 must be finite"),
        (([[[1.0, 1e101]]], [[[1.0], [1.0]]], 0.9), r"rewards of state 0 must lie in .* at \(i, a\) = \(0, 1\)"),
        ((ONE, [[[1.0], [1.0]]], 1.0), r"discounts must lie in \[0, 1\); that of player 0 is 1.0. A game that ends"),
        ((ONE, [[[1.0], [1.0]]], [0.9, 0.8]), r"one for each of 1 players; got \(2,\)"),
        ((ONE, [[[1.0], [1.0]]], 0.9, [0.5, 0.5]), r"initial must be a distribution over 1 states, got shape \(2,\)"),
        ((ONE, [[[1.0], [1.0]]], 0.9, [0.5]), "initial rows must be distributions"),
        (([ONE[0], [[[1.0]], [[2.0]]]], [[[1.0, 0.0]] * 2, [[[1.0, 0.0]]]], 0.9), "the same number in all states"),
    ],
)  # fmt: skip
def test_what_is_no_game_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        mn.StochasticGame(*arguments)


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ([np.ones((2, 1))], "one array per player, 2 in all; got 1"),
        ([np.ones((2, 2)) / 2, np.ones((2, 1))], r"policy of player 0 must have shape \(2, 3\), got \(2, 2\)"),
        ([np.full((2, 3), 1 / 3), np.ones((2, 1))], "policy of player 0 plays action 2 in state 0, which has 2"),
        ([np.ones((2, 3)), np.ones((2, 1))], "policy of player 0 rows must be distributions"),
    ],
)
def test_what_is_no_policy_is_refused(policies, said):
    sizes = [(2, 1), (3, 1)]
    game = mn.StochasticGame([np.zeros((2, *n)) for n in sizes], [np.full((*n, 2), 0.5) for n in sizes], 0.9)
    with pytest.raises(ValueError, match=said):
        certify_policies(game, policies)


def test_files_hold_everything(tmp_path):
    game = drawn(5, ends=0.5)
    write_stochastic(tmp_path / "game.npz", game, {"by": "a test"})
    again = read_stochastic(tmp_path / "game.npz")
    for name in ("rewards", "transitions"):
        for a, b in zip(getattr(game, name), getattr(again, name), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(again.discounts, game.discounts)
    np.testing.assert_array_equal(again.initial, game.initial)


def test_files_that_are_wrong_are_told(tmp_path):
    path = tmp_path / "game.npz"
    header = {"name": "", "states": 2, "provenance": {}}
    arrays = {"discounts": [0.5], "initial": [0.5, 0.5], "reward_0": [[1.0]], "transition_0": [[1.0, 0.0]]}
    write_archive(path, "metanash-stochastic", 1, header, arrays)
    with pytest.raises(ArchiveError, match=r"game.npz: entry 'reward_1' is missing"):
        read_stochastic(path)
    write_archive(path, "metanash-stochastic", 1, header | {"states": 1}, arrays)
    with pytest.raises(ArchiveError, match=r"game.npz: transitions of state 0 must have axes"):
        read_stochastic(path)
    write_archive(path, "metanash-games", 1, header, arrays)
    with pytest.raises(ArchiveError, match="a metanash-stochastic file was expected"):
        read_stochastic(path)
    with pytest.raises(ValueError, match="write_stochastic takes a StochasticGame, got a int"):
        write_stochastic(path, 3)
