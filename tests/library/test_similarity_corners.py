"""Dissimilarity of responses by hand, with leading axes; how many policies are drawn where nothing is said."""

import math

import numpy as np
import pytest
from strategies import random_tables

from metanash.similarity import best_response_dissimilarity, stage_potential_deviation, total_dissimilarity

ONE, TWO, THREE = np.eye(3)


def responses(*games):
    """One stage, one step, two states; the second state always answers alike."""
    return np.array([[[[game, ONE]]] for game in games])


def test_dissimilarity_of_games_by_hand():
    """Two of four games answer with each vertex: the average has 1/2, so a game adds log 2; of one in four, log 4."""
    halves, quarter, alike = responses(ONE, TWO, TWO, ONE), responses(ONE, TWO, THREE, ONE), responses(*[TWO] * 4)
    assert float(best_response_dissimilarity(halves)) == pytest.approx(4 * math.log(2), rel=1e-14)
    assert float(best_response_dissimilarity(quarter)) == pytest.approx(2 * math.log(2) + 2 * math.log(4), rel=1e-14)
    assert float(best_response_dissimilarity(alike)) == 0.0


def test_dissimilarity_is_along_the_games_and_sums_stages_and_steps():
    """Sequences in front: (2, 1) of them, each with 4 games, 2 stages and 3 steps, all of which differ alike."""
    halves = np.broadcast_to(responses(ONE, TWO, TWO, ONE), (4, 2, 3, 2, 3))
    alike = np.broadcast_to(responses(*[TWO] * 4), (4, 2, 3, 2, 3))
    found = best_response_dissimilarity(np.stack([halves, alike])[:, np.newaxis])
    assert found.shape == (2, 1)
    np.testing.assert_allclose(found, [[6 * 4 * math.log(2)], [0.0]], rtol=1e-14)


def test_total_dissimilarity_adds_players_of_unequal_actions():
    pair = np.eye(2)
    two_actions = np.array([[[[pair[k], pair[0]]]] for k in (0, 1, 1, 1)])  # log 4 once, log 4/3 three times
    expected = 4 * math.log(2) + math.log(4) + 3 * math.log(4 / 3)
    found = total_dissimilarity([responses(ONE, TWO, TWO, ONE), two_actions])
    assert float(found) == pytest.approx(expected, rel=1e-14)


def test_a_hundred_policies_are_drawn_where_nothing_is_said():
    """The largest of 100 violations; some other number of policies draws others, and finds another one."""
    rng = np.random.default_rng(31)  # a game for which one policy more or less matters
    game = random_tables(rng, "discounted", 1, 2, (2, 2), storage="shared", discount=0.5, reward_rows=1).game()
    other = type(game)(
        np.stack([game.reward[0], 1.0 - game.reward[0]]), game.transition, 0.5, game.initial, game.reward[0]
    )
    unsaid = stage_potential_deviation(other)
    assert unsaid == stage_potential_deviation(other, policies=100, seed=0) > 0.1
    assert unsaid not in {stage_potential_deviation(other, policies=n) for n in (99, 101)}
    assert unsaid != stage_potential_deviation(other, seed=1)
