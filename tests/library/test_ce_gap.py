"""The CE-gap: all swap deviations that depend on the history, beliefs in fractions, known equilibria."""

import itertools

import numpy as np
import oracles
import oracles_general
import oracles_successors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_tables, seeds
from test_cce_gap import MAKERS, random_policy, tables_of

from metanash import CorrelatedMirrorDescent, GameBatch, MarkovGame, Transition, ZeroSumGame, families, learn
from metanash.correlated import CorrelatedPolicy, cce_gain_bounds, cce_gains
from metanash.swaps import ce_gain_bounds, ce_gains, ce_gap_bounds, ce_gaps, swap_regrets

NEAR = 1e-12


def expected_gains(game, policy, best, number=0, read=oracles.plain):
    numbers = [read(x) for x in (game.reward, game.kernel, game.initial)]
    shares, stages = tables_of(policy, number, read)
    gains = []
    for i in range(game.n_players):
        followed = sum(
            share * oracles_general.value_of_play(*numbers, stage, i)
            for share, stage in zip(shares, stages, strict=True)
        )
        gains.append(float(best(*numbers, shares, stages, i) - followed))
    return gains


@pytest.mark.parametrize(
    ("horizon", "states", "actions"),
    [(1, 2, (2, 2)), (1, 1, (3, 2)), (1, 1, (2, 2, 2)), (2, 1, (2, 1)), (2, 1, (2, 2))],
)
def test_beliefs_find_the_best_of_all_swap_deviations(horizon, states, actions):
    """The two oracles and the library agree, in fractions: up to 2^10 deviations of the first player, each tried."""
    rng = np.random.default_rng([horizon, states, *actions])
    game = random_tables(rng, "markov", horizon, states, actions)
    policy = random_policy(rng, (1, horizon, states, actions), (2, 1))
    found = ce_gains(GameBatch.of(game.game()), policy)[0]
    by_beliefs = expected_gains(game, policy, oracles_successors.best_swap_by_beliefs, read=oracles.exact)
    assert found == pytest.approx(by_beliefs, abs=NEAR)
    first = [oracles.exact(x) for x in (game.reward, game.kernel, game.initial)]
    shares, stages = tables_of(policy, 0, oracles.exact)
    every = oracles_successors.best_of_all_swaps(*first, shares, stages, 0)
    assert every == oracles_successors.best_swap_by_beliefs(*first, shares, stages, 0)


@st.composite
def games_and_policies(draw):
    horizon, states = draw(st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 1)]))
    actions = draw(st.sampled_from([(2, 2), (3, 2), (1, 3), (2, 2, 2), (3,)]))
    iterations = draw(st.sampled_from([(), (3,), (2, 1), (1, 4, 2)]))
    rng = np.random.default_rng(draw(seeds))
    storage = draw(st.sampled_from(["per_step", "shared", "sparse"]))
    game = random_tables(rng, "markov", horizon, states, actions, storage=storage)
    make = MAKERS[draw(st.sampled_from(sorted(MAKERS)))]
    return game, random_policy(rng, (1, horizon, states, actions), iterations, make)


@settings(max_examples=60, deadline=None)
@given(case=games_and_policies())
def test_gains_are_those_of_the_loops(case):
    game, policy = case
    batch = GameBatch.of(game.game())
    if policy.joints:
        exact = expected_gains(game, policy, oracles_successors.best_swap_by_beliefs)
        told = expected_gains(game, policy, oracles_successors.told_swap)
        assert ce_gains(batch, policy)[0] == pytest.approx(exact, abs=NEAR)
        assert ce_gain_bounds(batch, policy)[0] == pytest.approx(told, abs=NEAR)
    else:  # nothing to be told, and advice of independent players says nothing
        assert ce_gains(batch, policy)[0] == pytest.approx(ce_gain_bounds(batch, policy)[0], abs=NEAR)
        assert ce_gains(batch, policy)[0] == pytest.approx(cce_gains(batch, policy)[0], abs=NEAR)


@settings(max_examples=40, deadline=None)
@given(case=games_and_policies())
def test_swap_deviations_gain_no_less(case):
    """0 <= CE, CCE <= CE, and what is told helps: each is a set of deviations inside another."""
    game, policy = case
    batch = GameBatch.of(game.game())
    gains, bounds = ce_gains(batch, policy), ce_gain_bounds(batch, policy)
    assert (gains >= -NEAR).all()
    assert (gains >= cce_gains(batch, policy) - NEAR).all()
    assert (bounds >= gains - NEAR).all()
    assert (bounds >= cce_gain_bounds(batch, policy) - NEAR).all()
    np.testing.assert_array_equal(ce_gaps(batch, policy), gains.max(axis=1))
    np.testing.assert_array_equal(ce_gap_bounds(batch, policy), bounds.max(axis=1))


def one_shot(reward):
    reward = np.asarray(reward, dtype=np.float64)
    return MarkovGame(reward[:, np.newaxis, np.newaxis], Transition.shared(np.ones((1, *reward.shape[1:], 1))))


def played(joint):
    joint = np.asarray(joint, dtype=np.float64)[np.newaxis, np.newaxis, np.newaxis]
    initial = tuple(np.full((1, 1, 1, n), 1 / n) for n in joint.shape[3:])
    return CorrelatedPolicy(initial, (joint,), (1,))


def test_a_cce_that_is_no_ce():
    """Rock, paper, scissors with both the same in 1/3 each: nobody gains by one fixed action, each by answering.

    Payoffs (1 win, 1/2 draw): a fixed action earns 1/2, as the draws do. Advised rock, the other has rock: paper wins.
    """
    wins = np.array([[0.5, 0.0, 1.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]])
    game, policy = one_shot([wins, wins.T]), played(np.eye(3) / 3)
    assert cce_gains(GameBatch.of(game), policy)[0] == pytest.approx([0.0, 0.0])
    assert ce_gains(GameBatch.of(game), policy)[0] == pytest.approx([0.5, 0.5])


def test_the_best_correlated_equilibrium_of_chicken_has_no_gap_and_the_next_one_has():
    """Aumann (1987): 1/3 each on (dare, yield), (yield, dare), (yield, yield) with payoffs 0, 7, 2, 6."""
    chicken = np.array([[[0.0, 7.0], [2.0, 6.0]], [[0.0, 2.0], [7.0, 6.0]]]) / 7.0
    light = np.array([[0.0, 1.0], [1.0, 1.0]]) / 3.0
    assert swap_regrets(chicken, light) == pytest.approx([0.0, 0.0], abs=1e-15)
    more = (
        np.array([[0.0, 1.0], [1.0, 2.0]]) / 4.0
    )  # advised to yield the other yields in 2/3: daring earns 14/3 > 14/3
    best = [max(2 / 3 * 7, 1 / 3 * 2 + 2 / 3 * 6) - (1 / 3 * 2 + 2 / 3 * 6), 0.0]
    assert swap_regrets(chicken, more) == pytest.approx([best[0] * 3 / 4 / 7] * 2, abs=1e-15)
    often = (
        np.array([[0.0, 1.0], [1.0, 3.0]]) / 5.0
    )  # yields in 3/4: 21/4 for daring, 20/4 for yielding, in 4/5 of plays
    assert swap_regrets(chicken, often) == pytest.approx([1 / 4 * 4 / 5 / 7] * 2, abs=1e-15)


def test_swap_regrets_are_the_gains_of_one_shot_games():
    rng = np.random.default_rng(3)
    reward, joint = rng.uniform(size=(3, 2, 3, 2)), rng.dirichlet(np.ones(12)).reshape(2, 3, 2)
    assert swap_regrets(reward, joint) == pytest.approx(ce_gains(GameBatch.of(one_shot(reward)), played(joint))[0])
    for i in range(3):  # every map from advice to answers
        best = 0.0
        for answers in itertools.product(range(joint.shape[i]), repeat=joint.shape[i]):
            swapped = np.take(reward[i], answers, axis=i)
            best = max(best, float((joint * (swapped - reward[i])).sum()))
        assert swap_regrets(reward, joint)[i] == pytest.approx(best)


def test_of_a_batch_every_game_has_its_own_gap():
    games = families.general_sum_sequence("random", 4, n_games=3, perturbation=0.4, n_actions=(2, 3))
    run = learn(games, CorrelatedMirrorDescent(0.3), 40)
    whole = ce_gains(GameBatch.of(games), run.policy)
    for k, game in enumerate(games):
        own = CorrelatedPolicy(
            tuple(x[k : k + 1] for x in run.policy.initial), tuple(x[k : k + 1] for x in run.policy.joints),
            run.policy.iterations,
        )  # fmt: skip
        np.testing.assert_allclose(ce_gains(GameBatch.of(game), own)[0], whole[k], atol=1e-14)


def test_too_large_trees_and_wrong_shapes_are_refused():
    games = families.general_sum_sequence("random", 4, n_games=1, perturbation=0.0, horizon=4, n_actions=(3, 3))
    run, batch = learn(games, CorrelatedMirrorDescent(0.3), 40), GameBatch.of(games)
    with pytest.raises(
        ValueError, match=r"the CE-gap of player 0 takes .* products, above most_products = 1000; allow"
    ):
        ce_gaps(batch, run.policy, most_products=1000)
    assert np.isfinite(ce_gap_bounds(batch, run.policy)).all()
    with pytest.raises(ValueError, match="most_products must be an integer"):
        ce_gaps(batch, run.policy, most_products=-1)
    with pytest.raises(ValueError, match=r"reward must have shape \(N, A_1, ..., A_N\) = \(2, 2, 3\), got \(2, 3, 2\)"):
        swap_regrets(np.zeros((2, 3, 2)), np.full((2, 3), 1 / 6))
    with pytest.raises(ValueError, match="ce_gains takes games of class MarkovGame, got a ZeroSumGame"):
        ce_gains(GameBatch.of(ZeroSumGame([[[[1.0]]]], Transition.shared(np.ones((1, 1, 1, 1))))), run.policy)
    with pytest.raises(ValueError, match="the policy has shapes"):
        ce_gains(GameBatch.of(one_shot(np.zeros((2, 2, 2)))), run.policy)
