"""Sequences that move: their rewards in loops, from the ends that sequences without perturbation have."""

import itertools
import math

import numpy as np
import pytest

from metanash import GameBatch
from metanash.families import FAMILIES, moving_sequence, zero_sum_sequence

SIZES = {"horizon": 2, "n_states": 3, "n_actions": (2, 2)}


def ends(base_kind, address, **sizes):
    """The two base games, by their addresses."""
    return [
        zero_sum_sequence(base_kind, *address, "end", end, n_games=1, perturbation=0.0, **sizes)[0] for end in (0, 1)
    ]


@pytest.mark.parametrize("base_kind", ["pure", "mixed", "random"])
@pytest.mark.parametrize(
    ("kind", "n_games", "shares"),
    [
        ("drift", 5, [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("drift", 1, [0.0]),
        ("abrupt", 4, [0.0, 0.0, 1.0, 1.0]),
        ("abrupt", 5, [0.0, 0.0, 0.0, 1.0, 1.0]),
        ("still", 3, [0.0, 0.0, 0.0]),
    ],
)
def test_rewards_are_between_those_of_the_ends(base_kind, kind, n_games, shares):
    first, second = ends(base_kind, (3, "moving"), **SIZES)
    games = moving_sequence(kind, 3, "moving", n_games=n_games, perturbation=0.0, base_kind=base_kind, **SIZES)
    assert len(games) == n_games
    assert not np.allclose(first.reward, second.reward)
    for game, share in zip(games, shares, strict=True):
        for place in np.ndindex(first.reward.shape):
            wanted = (1 - share) * first.reward[place] + share * second.reward[place]
            assert game.reward[place] == pytest.approx(wanted, abs=1e-15)
        kernels = [GameBatch.of(one).transitions.dense(0) for one in (game, first)]
        np.testing.assert_array_equal(*kernels)


def test_clusters_are_the_ends_by_a_fair_coin():
    first, second = ends("pure", ("coin",), **SIZES)
    games = moving_sequence("clusters", "coin", n_games=200, perturbation=0.0, **SIZES)
    at = [[bool(np.array_equal(game.reward, end.reward)) for end in (first, second)] for game in games]
    assert all(sum(row) == 1 for row in at)
    heads = sum(row[0] for row in at)
    assert abs(heads - 100) <= 4 * math.sqrt(50)
    changes = sum(a != b for a, b in itertools.pairwise(at))
    assert abs(changes - 99.5) <= 4 * math.sqrt(50)


@pytest.mark.parametrize("kind", ["drift", "abrupt", "clusters", "still"])
def test_perturbations_are_paired_over_sizes_and_bounded(kind):
    none, small, large = (
        moving_sequence(kind, "pairs", n_games=4, perturbation=size, base_kind="mixed", **SIZES)
        for size in (0.0, 0.01, 0.02)
    )
    for a, b, c in zip(none, small, large, strict=True):
        assert np.abs(b.reward - a.reward).max() <= 0.01 + 1e-15
        inside = (c.reward > 0.0) & (c.reward < 1.0) & (b.reward > 0.0) & (b.reward < 1.0)
        assert inside.mean() > 0.9
        np.testing.assert_allclose((c.reward - a.reward)[inside], 2 * (b.reward - a.reward)[inside], atol=1e-15)
    assert not np.allclose(small[0].reward - none[0].reward, small[1].reward - none[1].reward)


@pytest.mark.parametrize("stationary", [True, False])
def test_steps_are_alike_where_they_are_to_be(stationary):
    games = moving_sequence("drift", "steps", n_games=3, perturbation=0.1, stationary=stationary, **SIZES)
    for game in games:
        assert np.array_equal(game.reward[0], game.reward[1]) is stationary


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "jump"}, "kind of a moving sequence must be one of"),
        ({"base_kind": "odd"}, "kind of a zero-sum base game must be one of"),
        ({"n_games": 0}, "n_games must be an integer of at least 1"),
        ({"perturbation": math.nan}, "perturbation must be a finite number"),
        ({"n_actions": (2, 3), "base_kind": "mixed"}, "mixed needs A = B"),
    ],
)
def test_bad_arguments(change, words):
    assert FAMILIES["moving"] is moving_sequence
    with pytest.raises(ValueError, match=words):
        FAMILIES["moving"](**({"kind": "drift", "n_games": 2, "perturbation": 0.1} | change))
