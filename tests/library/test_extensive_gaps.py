"""Values, best responses and gaps of extensive games: against enumeration of pure strategies, and OpenSpiel."""

from fractions import Fraction

import game_trees
import numpy as np
import oracles_trees
import pytest
from extensive_cases import OpenSpiel, by_key, random_behaviour, random_case, read

from metanash.extensive import ExtensiveGame, Treeplex, gaps, read_extensive

SEEDS = range(15)


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_gains_are_those_of_enumeration(tmp_path, seed, players):
    root, game, strategies = random_case(tmp_path, seed, players, depth=3 + (players > 1))
    named = by_key(game, strategies)
    expected = [float(gain) for gain in oracles_trees.gains(root, named, players)]
    np.testing.assert_allclose(gaps.ne_gains(game, strategies), expected, atol=1e-12)
    assert gaps.ne_gap(game, strategies) == pytest.approx(max(expected), abs=1e-12)
    worth = [float(v) for v in oracles_trees.values(root, named, players)]
    np.testing.assert_allclose(gaps.values(game, strategies), worth, atol=1e-12)


def test_random_cases_have_players_with_many_pure_strategies(tmp_path):
    """Lest the enumeration looks at nothing."""
    counts = []
    for seed in SEEDS:
        root, _, _ = random_case(tmp_path, seed, 2, depth=4)
        counts.append(max(sum(1 for _ in oracles_trees.pure_strategies(root, i, 2)) for i in range(2)))
    assert sorted(counts)[-5] >= 12
    assert max(counts) >= 100


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_best_responses_earn_the_best_values(tmp_path, seed, players):
    _, game, strategies = random_case(tmp_path, seed, players, depth=6)
    responses = game.checked(gaps.best_responses(game, strategies))
    before, gains = gaps.values(game, strategies), gaps.ne_gains(game, strategies)
    for i in range(players):
        changed = (*strategies[:i], responses[i], *strategies[i + 1 :])
        assert gaps.values(game, changed)[i] == pytest.approx(before[i] + gains[i], abs=1e-12)
        for gradient, plan in zip(gaps.gradients(game, changed), game.plans(changed), strict=True):
            assert len(gradient) == len(plan)
        gradient = gaps.gradients(game, strategies)[i]
        assert gradient @ game.players[i].plan(strategies[i]) == pytest.approx(before[i], abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_sets_may_stand_in_any_topological_order(seed):
    """Against recursion; sets of one depth and children of one sequence are scattered."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, size=12)
    parent = [int(rng.integers(min(1 + sizes[:j].sum(), 1 + 2 * j))) for j in range(12)]
    plex, gradient = Treeplex(parent, sizes), rng.normal(size=1 + sizes.sum())

    def worth(s):
        below = [j for j in range(12) if parent[j] == s]
        return gradient[s] + sum(max(worth(plex.first[j] + a) for a in range(sizes[j])) for j in below)

    assert gaps.best_value(plex, gradient) == pytest.approx(worth(0), abs=1e-12)
    response = plex.plan(gaps.best_response(plex, gradient))
    assert gradient @ plex.checked_plan(response) == pytest.approx(worth(0), abs=1e-12)


def test_ties_are_shared_and_scale_does_not_matter():
    plex = Treeplex([0, 1, 2], [3, 2, 2])
    gradient = np.array([5.0, 0.1 + 0.2, 0.0, 0.0, 0.0, 0.0, 0.3, -1.0])
    for scale in (1.0, 1e-9, 1e9):
        response = gaps.best_response(plex, gradient * scale)
        np.testing.assert_array_equal(response, [1, 0.5, 0.5, 0, 0.5, 0.5, 1, 0])
    assert gaps.best_value(plex, gradient) == pytest.approx(5.3)


@pytest.mark.parametrize("seed", SEEDS)
def test_gaps_to_coarse_correlated_equilibria_are_those_of_enumeration(tmp_path, seed):
    """A device draws one of three profiles; the deviator leaves before it hears anything."""
    players = 2 + seed % 2
    root, game, _ = random_case(tmp_path, seed, players, depth=4)
    rng, weights = np.random.default_rng(seed), [Fraction(1, 2), Fraction(3, 8), Fraction(1, 8)]
    profiles = [tuple(random_behaviour(rng, plex) for plex in game.players) for _ in weights]
    named = [by_key(game, profile) for profile in profiles]
    expected = []
    for i in range(players):
        pure = oracles_trees.pure_strategies(root, i, players)
        best = max(
            sum(
                w * oracles_trees.values(root, [*p[:i], deviation, *p[i + 1 :]], players)[i]
                for w, p in zip(weights, named, strict=True)
            )
            for deviation in pure
        )
        worth = sum(w * oracles_trees.values(root, p, players)[i] for w, p in zip(weights, named, strict=True))
        expected.append(float(best - worth))
    share = [float(w) for w in weights]
    mean_gradients = [
        sum(w * gaps.gradients(game, p)[i] for w, p in zip(share, profiles, strict=True)) for i in range(players)
    ]
    mean_values = sum(w * gaps.values(game, p) for w, p in zip(share, profiles, strict=True))
    np.testing.assert_allclose(gaps.cce_gains(game, mean_gradients, mean_values), expected, atol=1e-12)
    assert gaps.cce_gap(game, mean_gradients, mean_values) == pytest.approx(max(expected), abs=1e-12)


def test_a_correlated_strategy_may_leave_nothing_to_gain_where_its_marginals_do():
    """Battle of the sexes: to be at one place by a coin of both; the product of the halves gains 3/2 - 3/4 = 3/4."""
    once = Treeplex([0], [2])
    sequences, payoff = [[1, 1, 2, 2], [1, 2, 1, 2]], [[2, 0, 0, 1], [1, 0, 0, 2]]
    game = ExtensiveGame((once, once), sequences, payoff, np.ones(4))
    profiles = [([1, 1, 0], [1, 1, 0]), ([1, 0, 1], [1, 0, 1])]
    mean_gradients = [np.mean([gaps.gradients(game, p)[i] for p in profiles], axis=0) for i in range(2)]
    mean_values = np.mean([gaps.values(game, p) for p in profiles], axis=0)
    np.testing.assert_array_equal(gaps.cce_gains(game, mean_gradients, mean_values), [-0.5, -0.5])
    np.testing.assert_array_equal(gaps.ne_gains(game, ([1, 0.5, 0.5], [1, 0.5, 0.5])), [0.25, 0.25])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_gives_the_bits_of_each_game(tmp_path, seed):
    _, one, strategies = random_case(tmp_path, seed, 2, depth=6)
    rng = np.random.default_rng(seed)
    payoff = rng.normal(size=(3, 2, *one.payoff.shape))
    batch = ExtensiveGame(one.players, one.sequences, payoff, one.chance)
    both = [np.stack([part, plex.uniform()]) for plex, part in zip(one.players, strategies, strict=True)]
    gains, worth, responses = gaps.ne_gains(batch, both), gaps.values(batch, both), gaps.best_responses(batch, both)
    assert gains.shape == worth.shape == (3, 2, 2)
    for place in np.ndindex(3, 2):
        game = ExtensiveGame(one.players, one.sequences, payoff[place], one.chance)
        mine = [part[place[1]] for part in both]
        np.testing.assert_array_equal(gains[place], gaps.ne_gains(game, mine))
        np.testing.assert_array_equal(worth[place], gaps.values(game, mine))
        for all_, alone in zip(responses, gaps.best_responses(game, mine), strict=True):
            np.testing.assert_array_equal(all_[place], alone)


def test_nobody_gains_where_nobody_moves(tmp_path):
    game = read(tmp_path, game_trees.draw_only(), 1)
    assert gaps.ne_gap(game, ([1.0],)) == 0
    assert gaps.best_responses(game, ([1.0],))[0].tolist() == [1.0]


def test_what_is_no_game_or_of_another_shape_is_refused(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    for function in (gaps.values, gaps.ne_gains, gaps.gradients):
        with pytest.raises(ValueError, match=f"{function.__name__} takes an ExtensiveGame, got a str"):
            function("kuhn", game.uniform())
        with pytest.raises(ValueError, match="last axis of 13 sequences"):
            function(game, ([1.0], [1.0]))
    mean = [np.zeros(13)] * 2
    with pytest.raises(ValueError, match=r"last axis of 2 players, got shape \(3,\)"):
        gaps.cce_gains(game, mean, np.zeros(3))
    with pytest.raises(ValueError, match="the mean gradient of player 1 must have a last axis of 13 sequences"):
        gaps.cce_gains(game, [mean[0], np.zeros(12)], np.zeros(2))
    with pytest.raises(ValueError, match="a gradient for each player, 2 in all; got 1"):
        gaps.cce_gains(game, mean[:1], np.zeros(2))


# OpenSpiel ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kuhn_poker", "kuhn_poker(players=3)", "leduc_poker"])
def test_openspiel_agrees(tmp_path, name):
    """The tree as OpenSpiel writes it; its strategies by histories, which the labels of nodes do not keep."""
    pyspiel = pytest.importorskip("pyspiel")
    openspiel = OpenSpiel(pyspiel, name)
    path = tmp_path / "game.efg"
    path.write_text(openspiel.text())
    game = read_extensive(path)
    assert sum(game.n_sets) == len(openspiel.numbers)
    rng = np.random.default_rng(0)
    for strategies in (game.uniform(), tuple(random_behaviour(rng, plex) for plex in game.players)):
        improvements = openspiel.improvements(game, strategies)
        np.testing.assert_allclose(gaps.ne_gains(game, strategies), improvements, atol=1e-12)
