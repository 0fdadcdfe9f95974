"""V-learning for correlated equilibria, against plain Python that keeps all visits, and against its theorem's order."""

import itertools

import numpy as np
import oracles_bandit as oracle
import pytest
from test_bandit import as_lists, key_of, random_game

import metanash as mn
from metanash import GameBatch, learn
from metanash.correlated import CorrelatedPolicy, cce_gaps
from metanash.learners import LEARNERS, SwapVLearning
from metanash.swaps import ce_gaps

GAMES = [
    {"actions": (2, 3)}, {"actions": (3,), "horizon": 3}, {"actions": (2, 1, 2), "states": 3},
    {"actions": (4, 2), "horizon": 1, "states": 1},
]  # fmt: skip


@pytest.mark.parametrize("sizes", GAMES)
def test_it_is_that_of_plain_python(sizes):
    game = random_game(1, **sizes)
    run = learn(game, SwapVLearning(0.7, seed=3), 18)
    slow = oracle.SwapVLearner(*as_lists(game), game.n_actions, key_of(game, 3), 0.7)
    for _ in range(18):
        slow.play()
    for at in itertools.product(range(game.horizon), range(game.n_states)):
        for i in range(game.n_players):
            np.testing.assert_allclose(run.state.policy[i][0][at], slow.policy[at][i], atol=1e-10, rtol=0)
            np.testing.assert_allclose(run.policy[i][0][at], slow.average(at, i), atol=1e-10, rtol=0)
        np.testing.assert_allclose(run.state.value[0][at], slow.value[at], atol=1e-12, rtol=0)
    assert run.measures["ce_gap_bound"][0, -1] == pytest.approx(max(slow.swap_gains()), abs=1e-10)
    assert run.measures["cce_gap_bound"][0, -1] == pytest.approx(max(slow.gains()), abs=1e-10)


def test_for_one_step_the_bounds_are_the_gaps_of_the_mixture():
    """The certified policy of one state is a mixture of the products that were played, with weights alpha_n^i."""
    (game,) = mn.families.general_sum_sequence(
        "shapley", 2, n_games=1, perturbation=0.1, horizon=1, n_states=1, n_actions=(3, 3)
    )
    batch, learner = GameBatch.of(game), SwapVLearning(1.0, seed=4)
    state, joints = learner.start(batch), []
    for _ in range(60):
        joints.append(np.einsum("ghsa,ghsb->ghsab", *state.policy))
        state = learner.advance(batch, state, 1)
    weights = [2 * i / (60 * 61) for i in range(1, 61)]
    mixture = sum(w * joint for w, joint in zip(weights, joints, strict=True))
    initial = tuple(np.full((1, 1, 1, 3), 1 / 3) for _ in (0, 1))
    policy = CorrelatedPolicy(initial, (mixture,), (60,))
    found = learner.measure(batch, state)
    assert found["ce_gap_bound"][0] == pytest.approx(ce_gaps(batch, policy)[0], abs=1e-12)
    assert found["cce_gap_bound"][0] == pytest.approx(cce_gaps(batch, policy)[0], abs=1e-12)


def test_ce_gaps_fall_with_episodes_where_cce_gaps_are_smaller():
    games = [
        mn.families.general_sum_sequence(
            "shapley", seed, n_games=1, perturbation=0.1, horizon=1, n_states=1, n_actions=(3, 3)
        )[0]
        for seed in range(12)
    ]
    found = learn(games, SwapVLearning(3.0, seed=1), 3000, at=[30, 3000]).measures
    assert (found["cce_gap_bound"] <= found["ce_gap_bound"] + 1e-12).all()
    early, late = found["ce_gap_bound"].mean(axis=0)
    assert 0.0 < late < 0.7 * early


def test_a_cut_run_gives_the_bits_of_the_whole_and_games_do_not_mix():
    games = [random_game(k, actions=(2, 3)) for k in (1, 2)]
    learner, batch = SwapVLearning([0.5, 2.0], seed=5), GameBatch.of(games)
    whole, state = learner.advance(batch, learner.start(batch), 20), learner.start(batch)
    for piece in (0, 1, 16, 3):
        before = [part.copy() for part in state.policy]
        new = learner.advance(batch, state, piece)
        for kept, part in zip(before, state.policy, strict=True):
            np.testing.assert_array_equal(kept, part)  # the old state stays as it is
        state = new
    np.testing.assert_array_equal(state.policy[1], whole.policy[1])
    np.testing.assert_array_equal(state.swapped, whole.swapped)
    for k, game in enumerate(games):
        alone = learn(game, SwapVLearning([0.5, 2.0][k], seed=5), 20).state
        np.testing.assert_allclose(alone.policy[0][0], whole.policy[0][k], atol=1e-13)
        np.testing.assert_allclose(alone.answers[1][0], whole.answers[1][k], atol=1e-13)


def test_before_the_first_episode_it_is_the_initial_policy():
    game = random_game(4)
    initial = tuple(np.random.default_rng(5).dirichlet(np.ones(n), size=(1, 2, 2)) for n in (2, 3))
    batch, learner = GameBatch.of(game), SwapVLearning(1.0)
    found = learner.measure(batch, learner.start(batch, initial))
    gain = mn.ne_gains(game, [part[0] for part in initial]).max()
    assert found["ce_gap_bound"][0] == pytest.approx(gain, abs=1e-12)
    assert found["cce_gap_bound"][0] == pytest.approx(gain, abs=1e-12)


def test_far_rates_stay_finite():
    run = learn(random_game(1, actions=(3, 3)), SwapVLearning(1e60, seed=1), 40)
    assert np.isfinite(run.measures["ce_gap_bound"]).all()
    for part in run.state.policy:
        np.testing.assert_allclose(part.sum(axis=-1), 1.0, atol=1e-12)


def test_it_is_registered_and_refuses_what_does_not_fit():
    assert LEARNERS["swap_v_learning"] is SwapVLearning
    game = random_game(1)
    pure = tuple(np.broadcast_to(np.eye(n)[0], (1, 2, 2, n)) for n in (2, 3))
    with pytest.raises(
        ValueError, match=r"initial policy of player 0 has a probability of 0, which no expert may have"
    ):
        learn(game, SwapVLearning(1.0), 3, initial=pure)
    with pytest.raises(ValueError, match=r"SwapVLearning takes .*MarkovGame"):
        learn(mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0), SwapVLearning(1.0), 3)
