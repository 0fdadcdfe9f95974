"""The CCE-gap for every horizon: all deviations that depend on the history, beliefs in fractions, and invariance."""

import tracemalloc
from fractions import Fraction

import numpy as np
import oracles
import oracles_general
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from strategies import random_distributions, random_interior, random_tables, random_vertices, seeds

from metanash import (
    META_UPDATES,
    CorrelatedMirrorDescent,
    GameBatch,
    MarkovGame,
    Transition,
    learn,
    learn_sequence,
)
from metanash._inner import histories
from metanash.bounds.general_sum import cce_learning_rate
from metanash.correlated import (
    CorrelatedPolicy,
    cce_gain_bounds,
    cce_gains,
    cce_gains_or_bounds,
    cce_gap_bounds,
    cce_gaps,
)
from metanash.families import general_sum_sequence
from metanash.gaps import ne_gains_of

NEAR = 1e-12
"""At most a few hundred sums of numbers in [0, 1]; what is compared is a difference of two values up to H = 4."""

MAKERS = {"boundary": random_distributions, "interior": random_interior, "vertex": random_vertices}


def random_policy(rng, shapes, iterations, make=random_distributions):
    """A correlated policy with arbitrary joints; ``shapes`` is (games, H, S, actions)."""
    games, horizon, states, actions = shapes
    initial = tuple(make(rng, games, horizon, states, n) for n in actions)
    joints = [make(rng, games, horizon, states, int(np.prod(actions))) for _ in iterations]
    lead = (games, horizon, states)
    return CorrelatedPolicy(initial, tuple(joint.reshape(*lead, *actions) for joint in joints), iterations)


def tables_of(policy, number=0, read=oracles.plain):
    """What the oracles read: shares of the stages, and what is played in each."""
    total = sum(policy.iterations)
    joints = [read(joint[number]) for joint in policy.joints]
    initial = [read(part[number]) for part in policy.initial]
    shares = [Fraction(n, total) if read is oracles.exact else n / total for n in policy.iterations]
    return shares, oracles_general.played_tables(joints, initial)


def expected_gains(game, policy, best, number=0, read=oracles.plain):
    """Gains by an oracle for the best deviation, beside the plain expectation of who follows."""
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


# Oracles ------------------------------------------------------------------------------------------------

SMALL = [  # horizon, states, actions: at most 2^10 deviations
    (1, 2, (2, 2)), (2, 1, (2, 2)), (2, 1, (3, 2)), (2, 1, (2, 2, 2)), (2, 1, (1, 2, 2)), (2, 2, (2, 2)),
    (3, 1, (2, 2)), (3, 1, (2, 1, 2)), (3, 2, (2,)),
]  # fmt: skip


@settings(max_examples=60)
@given(
    seeds, st.sampled_from(SMALL), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.sampled_from(sorted(MAKERS))
)
def test_gains_are_those_of_the_best_of_all_deviations(seed, size, iterations, flavour):
    """Every deterministic deviation that depends on states and actions seen is tried, and played stage by stage."""
    rng = np.random.default_rng(seed)
    horizon, states, actions = size
    game = random_tables(rng, "markov", horizon, states, actions)
    if states > 1 and horizon * len(actions) > 2:
        game = with_initial(game, random_vertices(rng, states))  # from one state there are fewer histories
    policy = random_policy(rng, (1, *size), tuple(iterations), MAKERS[flavour])
    expected = expected_gains(game, policy, oracles_general.best_of_all_deviations)
    batch = GameBatch.of(game.game())
    np.testing.assert_allclose(cce_gains(batch, policy)[0], expected, atol=NEAR, rtol=0)
    assert cce_gaps(batch, policy)[0] == pytest.approx(max(expected), abs=NEAR)


def with_initial(game, initial):
    return type(game)(game.kind, game.reward, game.kernel, initial, game.storage)


def test_from_two_states_all_deviations_are_tried_too():
    """1024 of them: an action for each of 2 states, and of 2 states, 2 actions and 2 states seen."""
    rng = np.random.default_rng(12)
    game = with_initial(random_tables(rng, "markov", 2, 2, (2, 2)), np.array([0.25, 0.75]))
    policy = random_policy(rng, (1, 2, 2, (2, 2)), (2, 3), random_interior)
    expected = expected_gains(game, policy, oracles_general.best_of_all_deviations)
    np.testing.assert_allclose(cce_gains(GameBatch.of(game.game()), policy)[0], expected, atol=NEAR, rtol=0)


@settings(max_examples=40)
@given(
    seeds,
    st.sampled_from(
        [(2, 3, (2, 3)), (2, 2, (2, 2, 2)), (3, 2, (2, 2)), (3, 2, (3, 2)), (3, 1, (2, 2, 2)), (4, 1, (2, 2))]
    ),
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.sampled_from(sorted(MAKERS)),
    st.sampled_from(["per_step", "sparse", "shared", "sparse_shared"]),
)  # fmt: skip
def test_gains_are_those_of_beliefs_in_fractions(seed, size, iterations, flavour, storage):
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", *size, storage=storage, flavour="fine")
    policy = random_policy(rng, (1, *size), tuple(iterations), MAKERS[flavour])
    expected = expected_gains(game, policy, oracles_general.best_by_beliefs, read=oracles.exact)
    np.testing.assert_allclose(cce_gains(GameBatch.of(game.game()), policy)[0], expected, atol=NEAR, rtol=0)


def test_the_two_oracles_agree():
    rng = np.random.default_rng(3)
    for size in SMALL:
        game = with_initial(random_tables(rng, "markov", *size), random_vertices(rng, size[1]))
        policy = random_policy(rng, (1, *size), (1, 2, 2))
        found = [
            expected_gains(game, policy, best, read=oracles.exact)
            for best in (oracles_general.best_of_all_deviations, oracles_general.best_by_beliefs)
        ]
        assert found[0] == found[1]


def test_what_was_seen_tells_the_stage():
    """By hand. H = 2; player 2 plays a in stage 1 and b in stage 2, at both steps; player 1 wins if it matches.

    Stages 1, 2 and 3 have 1, 2 and 3 iterations; the third plays b too. At step 1: 5/6 by choosing b. At step 2 stage 1
    plays the initial policy (a), stage 2 like stage 1 (a), stage 3 like stage 2 (b). Who has seen a wins surely;
    after b stages 2 and 3 are as 2 to 3: 3/6 by choosing b. Together 5/6 + 1/6 + 3/6 = 1.5; who is told wins 2.
    """
    reward = np.zeros((2, 2, 1, 2, 2))
    reward[0] = np.eye(2)
    game = MarkovGame(reward, Transition.shared(np.ones((1, 2, 2, 1))))
    sure = np.zeros((2, 1, 1, 2, 1, 2, 2))
    sure[0, ..., 0, 0] = sure[1, ..., 0, 1] = 1.0  # player 1 is advised a
    policy = CorrelatedPolicy(
        (np.eye(2)[:1].reshape(1, 1, 1, 2).repeat(2, axis=1),) * 2, (sure[0, 0], sure[1, 0], sure[1, 0]), (1, 2, 3)
    )
    followed = 1 / 6 + (1 / 6 + 2 / 6)  # the advice a is right at step 1 in stage 1, at step 2 in stages 1 and 2
    assert cce_gains(GameBatch.of(game), policy)[0, 0] == pytest.approx(1.5 - followed, abs=1e-15)
    assert cce_gain_bounds(GameBatch.of(game), policy)[0, 0] == pytest.approx(2 - followed, abs=1e-15)


# Beside the other gaps ----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    seeds, st.integers(2, 4), st.integers(1, 3), st.sampled_from([(2, 2), (3, 2), (2, 2, 2), (1, 3), (2, 1, 3)]),
    st.lists(st.integers(1, 9), min_size=1, max_size=6), st.sampled_from(sorted(MAKERS)),
)  # fmt: skip
def test_gains_lie_between_those_of_who_forgets_and_who_is_told(seed, horizon, states, actions, iterations, flavour):
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", horizon, states, actions).game()
    policy = random_policy(rng, (1, horizon, states, actions), tuple(iterations), MAKERS[flavour])
    batch = GameBatch.of(game)
    gains, told = cce_gains(batch, policy), cce_gain_bounds(batch, policy)
    assert (gains <= told + NEAR).all()
    for _ in range(20):  # Markov deviations of every kind, against what is played, stage by stage
        own = [random_vertices(rng, horizon, states, n) for n in actions]
        for i in range(len(actions)):
            assert deviating(game, policy, i, own[i]) <= (gains + policy.values(batch))[0, i] + NEAR


def deviating(game, policy, player, own):
    """Value of a deterministic Markov deviation of a player, (H, S, A_i), who is not told the stage."""
    total = sum(policy.iterations)
    value = 0.0
    for stage, n in enumerate(policy.iterations, 1):
        later = np.zeros(game.n_states)
        for h in reversed(range(game.horizon)):
            others = policy.joint(stage, h)[0].sum(axis=1 + player, keepdims=True)
            lifted = own[h].reshape(-1, *(n_i if j == player else 1 for j, n_i in enumerate(game.n_actions)))
            q = game.reward[player, h] + game.transition.at(h) @ later
            later = (q * others * lifted).reshape(game.n_states, -1).sum(axis=1)
        value += n / total * float(game.initial @ later)
    return value


@given(seeds, st.sampled_from([(2, 2), (3, 2), (2, 2, 2)]), st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_a_second_step_without_rewards_adds_nothing_to_the_gap_of_the_first(seed, actions, iterations):
    """The tree of H = 2 has the external regret of H = 1, which is worked out without a tree."""
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", 2, 2, actions)
    policy = random_policy(rng, (1, 2, 2, actions), tuple(iterations))
    first = MarkovGame(game.reward[:, :1], Transition.per_step(game.kernel[:1]), game.initial)
    alone = CorrelatedPolicy(
        tuple(part[:, :1] for part in policy.initial), tuple(joint[:, :1] for joint in policy.joints), policy.iterations
    )
    reward = game.reward.copy()
    reward[:, 1] = 0.0
    both = MarkovGame(reward, Transition.per_step(game.kernel), game.initial)
    regrets = cce_gains(GameBatch.of(first), alone)
    np.testing.assert_allclose(cce_gains(GameBatch.of(both), policy), regrets, atol=NEAR, rtol=0)


@pytest.mark.parametrize("stages", [1, 2, 5])
@pytest.mark.parametrize("actions", [(2, 2), (3, 2, 2)])
@pytest.mark.parametrize("apart", [0.0, 1e-14])
def test_where_all_stages_play_alike_there_is_nothing_to_be_told(stages, actions, apart):
    """One product policy in all stages and as the initial one: the gains are those of the NE-gap.

    To the bit alike, no tree is needed at H = 20; a little apart, the tree is gone through.
    """
    rng = np.random.default_rng(4)
    for horizon in (2, 3, 4 if apart else 20):
        game = random_tables(rng, "markov", horizon, 2, actions)
        initial = tuple(part[np.newaxis] for part in game.random_policy(rng, "interior"))
        joint = np.einsum("ghsa,ghsb->ghsab", *initial[:2])
        if len(actions) == 3:
            joint = np.einsum("ghsab,ghsc->ghsabc", joint, initial[2])
        joints = [joint.copy() for _ in range(stages)]
        joints[0][..., 0] -= apart
        joints[0][..., 1] += apart
        joints[0][..., 0, :] -= apart
        joints[0][..., 1, :] += apart
        policy = CorrelatedPolicy(initial, tuple(joints), tuple(range(1, stages + 1)))
        batch = GameBatch.of(game.game())
        found = cce_gains_or_bounds(batch, policy)
        assert found.exact.all()
        assert (found.products[:, :2] > 0).all() == (stages > 1 and apart > 0)
        np.testing.assert_allclose(found.gains, cce_gain_bounds(batch, policy), atol=NEAR, rtol=0)
        np.testing.assert_allclose(found.gains, ne_gains_of(batch, initial), atol=NEAR, rtol=0)


def test_a_player_alone_has_nothing_to_infer_whatever_its_advice():
    """Of two games one has stages that the other player plays alike in: only there is nothing counted."""
    rng = np.random.default_rng(14)
    game = random_tables(rng, "markov", 300, 2, (3,)).game()
    policy = random_policy(rng, (1, 300, 2, (3,)), (2, 2, 3))
    found = cce_gains_or_bounds(GameBatch.of(game), policy, 0)
    assert (found.exact.all(), found.products.tolist()) == (True, [[0.0]])
    np.testing.assert_array_equal(found.gains, cce_gain_bounds(GameBatch.of(game), policy))

    games = some_games(rng, 2, 2, 2, (2, 2))
    policy = random_policy(rng, (2, 2, 2, (2, 2)), (2, 2, 3), random_interior)
    joints = np.stack(policy.joints)
    joints[:, 0] = np.einsum("hsa,hsb->hsab", *(part[0] for part in policy.initial))
    mixed = CorrelatedPolicy(policy.initial, tuple(joints), policy.iterations)
    found = cce_gains_or_bounds(GameBatch(tuple(games)), mixed)
    assert (found.products > 0).tolist() == [[False, False], [True, True]]
    np.testing.assert_allclose(found.gains[0], cce_gain_bounds(GameBatch(tuple(games)), mixed)[0], atol=NEAR, rtol=0)


def test_what_stages_play_out_of_reach_is_nothing_to_be_inferred():
    """State 0 is never left."""
    rng = np.random.default_rng(16)
    kernel = np.zeros((2, 2, 2, 2))
    kernel[..., 0] = 1.0
    game = MarkovGame(rng.uniform(size=(2, 3, 2, 2, 2)), Transition.shared(kernel))
    policy = random_policy(rng, (1, 3, 2, (2, 2)), (2, 3), random_interior)
    joints = np.stack(policy.joints)
    joints[:, :, :, 0] = np.einsum("ghsa,ghsb->ghsab", *policy.initial)[:, :, 0]
    found = cce_gains_or_bounds(GameBatch.of(game), CorrelatedPolicy(policy.initial, tuple(joints), (2, 3)), 0)
    assert found.exact.all()


def test_a_policy_of_no_iterations_has_the_gap_of_the_initial_policies():
    game = random_tables(np.random.default_rng(5), "markov", 3, 2, (2, 3))
    initial = tuple(part[np.newaxis] for part in game.random_policy(np.random.default_rng(1), "interior"))
    batch, policy = GameBatch.of(game.game()), CorrelatedPolicy(initial, (), ())
    np.testing.assert_allclose(cce_gains(batch, policy), ne_gains_of(batch, initial), atol=NEAR, rtol=0)


# What must not matter -----------------------------------------------------------------------------------


@given(seeds, st.sampled_from([(2, 3), (3, 2, 2)]), st.integers(2, 3))
def test_names_of_players_and_actions_do_not_matter(seed, actions, horizon):
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", horizon, 2, actions)
    policy = random_policy(rng, (1, horizon, 2, actions), (3, 1, 4))
    gains = cce_gains(GameBatch.of(game.game()), policy)[0]
    order = [rng.permutation(n) for n in actions]

    def renamed(table, first):
        for i, places in enumerate(order):
            table = np.take(table, places, axis=first + i)
        return table

    other = MarkovGame(renamed(game.reward, 3), Transition.per_step(renamed(game.kernel, 2)), game.initial)
    initial = tuple(part[..., places] for part, places in zip(policy.initial, order, strict=True))
    moved = CorrelatedPolicy(initial, tuple(renamed(joint, 3) for joint in policy.joints), policy.iterations)
    np.testing.assert_allclose(cce_gains(GameBatch.of(other), moved)[0], gains, atol=NEAR, rtol=0)

    players = rng.permutation(len(actions))
    reward = game.reward[players].transpose(0, 1, 2, *(3 + players))
    kernel = game.kernel.transpose(0, 1, *(2 + players), 2 + len(actions))
    swapped = CorrelatedPolicy(
        tuple(policy.initial[i] for i in players),
        tuple(joint.transpose(0, 1, 2, *(3 + players)) for joint in policy.joints), policy.iterations,
    )  # fmt: skip
    again = MarkovGame(reward, Transition.per_step(kernel), game.initial)
    np.testing.assert_allclose(cce_gains(GameBatch.of(again), swapped)[0], gains[players], atol=NEAR, rtol=0)


@given(seeds, st.integers(2, 3))
def test_gains_scale_with_rewards_and_constants_do_not_matter(seed, horizon):
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", horizon, 2, (2, 3))
    policy = random_policy(rng, (1, horizon, 2, (2, 3)), (3, 1, 4))
    kernel = Transition.per_step(game.kernel)
    gains = cce_gains(GameBatch.of(MarkovGame(game.reward, kernel, game.initial)), policy)
    scaled = 0.25 * game.reward + rng.uniform(0.0, 0.75, size=(2, horizon, 1, 1, 1))  # a constant a player and step
    other = cce_gains(GameBatch.of(MarkovGame(scaled, kernel, game.initial)), policy)
    np.testing.assert_allclose(other, 0.25 * gains, atol=NEAR, rtol=0)


def test_states_out_of_reach_and_actions_never_played_cost_nothing():
    """A third state that nothing leads to, a third action of player 2 that is played there only: no cost."""
    rng = np.random.default_rng(6)
    game = random_tables(rng, "markov", 3, 2, (2, 2), flavour="fine")
    game = type(game)("markov", game.reward, random_interior(rng, 3, 2, 2, 2, 2), np.array([1.0, 0.0]))
    policy = random_policy(rng, (1, 3, 2, (2, 2)), (2, 3, 1), random_interior)
    reward, kernel = rng.uniform(size=(2, 3, 3, 2, 3)), np.zeros((3, 3, 2, 3, 3))
    reward[:, :, :2, :, :2] = game.reward
    kernel[:, 2, ..., 2] = 1.0  # stays where it is
    kernel[:, :2, ..., 1] = 1.0
    kernel[:, :2, :, :2, :2] = game.kernel
    wide = [np.zeros((1, 3, 3, 2, 3)) for _ in policy.joints]
    for table, joint in zip(wide, policy.joints, strict=True):
        table[:, :, :2, :, :2], table[:, :, 2, 0, 2] = joint, 1.0
    initial = [np.zeros((1, 3, 3, n)) for n in (2, 3)]
    for i, part in enumerate(policy.initial):
        initial[i][:, :, :2, :2], initial[i][:, :, 2, -1] = part, 1.0
    larger = MarkovGame(reward, Transition.per_step(kernel), np.array([1.0, 0.0, 0.0]))
    one = cce_gains_or_bounds(GameBatch.of(game.game()), policy)
    two = cce_gains_or_bounds(GameBatch.of(larger), CorrelatedPolicy(tuple(initial), tuple(wide), policy.iterations))
    np.testing.assert_array_equal(one.products[:, 0], two.products[:, 0])
    np.testing.assert_allclose(one.gains[:, 0], two.gains[:, 0], atol=1e-15, rtol=0)
    # player 2 has one action more to think of; K = 3, A = 2 or 3, Z = 2, 2, 0; E = 2, 4, 4
    assert [float(x.products[0, 1]) for x in (one, two)] == [
        2 * (3 + 3 * a) + 8 * (3 + 3 * a) + 32 * (3 + a) for a in (2, 3)
    ]


def some_games(rng, count, horizon=3, states=2, actions=(2, 3)):
    kinds = [random_tables(rng, "markov", horizon, states, actions) for _ in range(count)]
    return [game.game() for game in kinds]


@pytest.mark.parametrize("block", [1, 7, 60, 1000])
@pytest.mark.parametrize(("horizon", "states", "actions"), [(2, 3, (2, 3)), (3, 2, (2, 2, 2)), (4, 1, (2, 2))])
def test_blocks_and_batches_do_not_change_a_bit(block, horizon, states, actions, monkeypatch):
    """Games that can reach other states, or share their transitions, are in one batch."""
    rng = np.random.default_rng(7)
    games = some_games(rng, 5, horizon, states, actions)
    games.append(MarkovGame(games[0].reward, games[1].transition, games[2].initial))
    policy = random_policy(rng, (6, horizon, states, actions), (1,) * 11)
    whole = cce_gains_or_bounds(GameBatch(tuple(games)), policy)
    monkeypatch.setattr(histories, "BLOCK", block)
    again = cce_gains_or_bounds(GameBatch(tuple(games)), policy)
    np.testing.assert_array_equal(again.gains, whole.gains)
    for k, game in enumerate(games):
        own = CorrelatedPolicy(
            tuple(part[k : k + 1] for part in policy.initial), tuple(joint[k : k + 1] for joint in policy.joints),
            policy.iterations,
        )  # fmt: skip
        alone = cce_gains_or_bounds(GameBatch.of(game), own)
        np.testing.assert_array_equal(alone.gains[0], whole.gains[k])
        np.testing.assert_array_equal(alone.products[0], whole.products[k])


def test_how_transitions_are_stored_does_not_change_a_bit():
    game = random_tables(np.random.default_rng(8), "markov", 3, 3, (2, 3), storage="shared")
    policy = random_policy(np.random.default_rng(9), (1, 3, 3, (2, 3)), (1, 2, 3))
    found = []
    for storage in ("per_step", "shared", "sparse", "sparse_shared"):
        stored = type(game)(game.kind, game.reward, game.kernel, game.initial, storage)
        found.append(cce_gains_or_bounds(GameBatch.of(stored.game()), policy))
    for other in found[1:]:
        np.testing.assert_array_equal(other.gains, found[0].gains)
        np.testing.assert_array_equal(other.products, found[0].products)


def test_probabilities_of_zero_that_are_stored_lead_nowhere():
    """A sparse matrix may hold zeros explicitly."""
    data, columns, ends = np.array([1.0, 0.0, 1.0, 1.0, 1.0]), np.array([0, 1, 0, 0, 1]), np.array([0, 2, 3, 4, 5])
    game = MarkovGame(
        np.zeros((1, 2, 2, 2)),
        Transition.sparse([sparse.csr_array((data, columns, ends), shape=(4, 2))], (2,)),
        [1.0, 0.0],
    )
    transitions, first = GameBatch.of(game).transitions, np.array([0])
    for states, expected in [([True, False], [True, False]), ([False, True], [True, True])]:
        assert transitions.reached(0, np.array([states])).tolist() == [expected]
    assert transitions.between(0, first, np.array([1]), np.array([1])).tolist() == [[[[0.0], [1.0]]]]


# Too much -----------------------------------------------------------------------------------------------


def test_where_it_takes_too_much_the_bound_is_returned_with_a_flag():
    """(2, 3, 2): player 2 faces 4 actions of the others, players 1 and 3 face 6, so one tree is smaller than two."""
    rng = np.random.default_rng(10)
    tables = [random_tables(rng, "markov", 2, 2, (2, 3, 2)) for _ in range(8)]
    kernel = Transition.per_step(random_interior(rng, 2, 2, 2, 3, 2, 2))
    batch = GameBatch(tuple(MarkovGame(table.reward, kernel, np.array([0.5, 0.5])) for table in tables))
    policy = random_policy(rng, (8, 2, 2, (2, 3, 2)), (2, 3, 4), random_interior)
    full, told = cce_gains_or_bounds(batch, policy), cce_gain_bounds(batch, policy)
    assert full.exact.all()
    assert full.gap_is_exact.all()
    np.testing.assert_array_equal(full.gap, cce_gaps(batch, policy))
    assert (full.products[:, 1] < full.products[:, [0, 2]].min(axis=1)).all()
    most = int(full.products[:, 1].max())
    assert (full.products[:, [0, 2]].min(axis=1) > most).all()
    part = cce_gains_or_bounds(batch, policy, most)
    assert part.exact.tolist() == [[False, True, False]] * 8
    np.testing.assert_array_equal(part.products, full.products)
    np.testing.assert_array_equal(part.gains[:, 1], full.gains[:, 1])
    np.testing.assert_allclose(part.gains[:, [0, 2]], told[:, [0, 2]], atol=1e-15, rtol=0)
    assert (told[:, [0, 2]] > full.gains[:, [0, 2]] + 1e-6).any(axis=0).all()  # the bounds are others
    assert not cce_gains_or_bounds(batch, policy, most - 1).exact[np.argmax(full.products[:, 1]), 1]
    known = full.gains[:, 1] >= told[:, [0, 2]].max(axis=1)  # then the others' bounds do not matter
    assert part.gap_is_exact.tolist() == known.tolist()
    assert known.any()
    assert not known.all()
    np.testing.assert_array_equal(part.gap[known], full.gap[known])
    assert not cce_gains_or_bounds(batch, policy, 0).exact.any()


def test_the_error_says_how_much_it_takes_and_what_else_there_is():
    game = random_tables(np.random.default_rng(5), "markov", 2, 1, (2, 2)).game()
    policy = random_policy(np.random.default_rng(5), (1, 2, 1, (2, 2)), (2, 2, 3), random_interior)
    batch = GameBatch.of(game)
    # K = 3, A = 2, E = 2 at both steps: 2 (3 + 2 * 2) + 4 (3 + 2)
    assert cce_gains_or_bounds(batch, policy).products.tolist() == [[34.0, 34.0]]
    for function in (cce_gaps, cce_gains):
        assert function(batch, policy, 34).shape[0] == 1
        refusal = (
            "the CCE-gap of game 0, player 0, takes 34 products, above most_products = 33; "
            "allow more, or take cce_gains_or_bounds or cce_gap_bounds"
        )
        with pytest.raises(ValueError, match=refusal):
            function(batch, policy, most_products=33)
        for bad in (-1, 2.5, True):
            with pytest.raises(ValueError, match="most_products must be an integer of at least 0"):
                function(batch, policy, bad)
    other = random_policy(np.random.default_rng(5), (1, 2, 2, (2, 2)), (2, 2, 3))
    with pytest.raises(ValueError, match=r"the policy has shapes .*, these games need"):
        cce_gains(batch, other)


@pytest.mark.parametrize("horizon", [40, 600])
def test_a_horizon_without_end_is_refused_and_not_begun(horizon):
    """The count is far beyond any integer of 64 bits, or beyond any float."""
    game = random_tables(np.random.default_rng(5), "markov", horizon, 2, (2, 2)).game()
    policy = random_policy(np.random.default_rng(5), (1, horizon, 2, (2, 2)), (2, 2, 3), random_interior)
    found = cce_gains_or_bounds(GameBatch.of(game), policy)
    assert not found.exact.any()
    assert (found.products > 1e19).all()
    np.testing.assert_allclose(found.gap, cce_gap_bounds(GameBatch.of(game), policy), atol=1e-12 * horizon)


def test_a_thin_tree_is_gone_into_as_deep_as_is_said():
    """The other player has a choice at the last step only, so that each step before it has one pair to be met."""
    rng = np.random.default_rng(15)
    for horizon, exact in [(200, True), (201, False)]:
        reward = np.zeros((2, horizon, 1, 2, 2))
        reward[0, -1, 0] = np.eye(2)
        game = MarkovGame(reward, Transition.shared(np.ones((1, 2, 2, 1))))
        initial = np.zeros((1, horizon, 1, 2))
        initial[..., 0] = 1.0
        joints = np.zeros((2, 1, horizon, 1, 2, 2))
        joints[..., 0, 0] = 1.0
        initial[:, -1] = rng.dirichlet(np.ones(2))  # the stages before stage 1, which they play at the last step
        policy = CorrelatedPolicy((initial, initial), tuple(joints), (1, 1))
        alike = cce_gains_or_bounds(GameBatch.of(game), policy)
        assert (alike.exact.all(), alike.products.max()) == (True, 0.0)
        joints[1, 0, 0, 0] = [[0.5, 0.0], [0.0, 0.5]]  # now stage 2 differs at step 1
        found = cce_gains_or_bounds(GameBatch.of(game), CorrelatedPolicy((initial, initial), tuple(joints), (1, 1)))
        assert found.exact.all() == exact
        last = float(initial[0, -1, 0].max())
        followed = float((initial[0, -1, 0] ** 2).sum())
        assert found.gains[0, 0] == pytest.approx(last - followed, abs=1e-12)


@pytest.mark.parametrize(("horizon", "actions", "stages"), [(8, (2, 2), 30), (7, (200, 2), 3), (4, (2, 6), 30)])
def test_memory_does_not_grow_with_the_tree(horizon, actions, stages):
    """Weights, or payoffs of 200 actions, at the last step would take 25 MB or more; inputs are below 1 MB."""
    rng = np.random.default_rng(11)
    game = random_tables(rng, "markov", horizon, 2, actions).game()
    policy = random_policy(
        rng, (1, horizon, 2, actions), (5,) * stages, lambda rng, *shape: rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    )
    batch = GameBatch.of(game)
    tracemalloc.start()
    found = cce_gains_or_bounds(batch, policy, 2 * 10**7)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.exact[:, 0].all()
    assert peak < 15e6


# Learned policies ---------------------------------------------------------------------------------------


def test_learned_gaps_are_measured_on_request():
    games = general_sum_sequence("random", 1, n_games=3, perturbation=0.3, horizon=2, n_states=2, n_actions=(2, 3))
    run = learn(games, CorrelatedMirrorDescent(0.3, exact_gap=True), 200, at=[1, 2, 20, 200])
    plain = learn(games, CorrelatedMirrorDescent(0.3), 200, at=[1, 2, 20, 200])
    assert set(run.measures) == {"cce_gap", "cce_gap_bound"}
    assert set(plain.measures) == {"cce_gap_bound"}
    np.testing.assert_array_equal(run.measures["cce_gap_bound"], plain.measures["cce_gap_bound"])
    np.testing.assert_array_equal(run.measures["cce_gap"][:, -1], cce_gaps(GameBatch(tuple(games)), run.policy))
    # one stage at T = 1 and 2, so that there is nothing to be told
    np.testing.assert_allclose(run.measures["cce_gap"][:, :2], run.measures["cce_gap_bound"][:, :2], atol=1e-12)
    assert (run.measures["cce_gap"] <= run.measures["cce_gap_bound"] + 1e-12).all()
    assert (run.measures["cce_gap"][:, 3] < run.measures["cce_gap_bound"][:, 3] - 1e-4).any()


def test_a_learned_gap_that_takes_too_much_is_refused():
    (game,) = general_sum_sequence("random", 1, n_games=1, perturbation=0.0, horizon=12, n_states=2, n_actions=(2, 2))
    learner = CorrelatedMirrorDescent(0.3, exact_gap=True)
    run = learn(game, learner, 12, at=[12])  # one stage
    assert run.measures["cce_gap"][0, 0] == pytest.approx(run.measures["cce_gap_bound"][0, 0], abs=1e-12)
    with pytest.raises(ValueError, match=r"player 0, takes .* products, above most_products = 10000000"):
        learn(game, learner, 30, at=[30])


def test_in_shapley_s_game_update_5_lowers_the_gap_and_raises_its_bound():
    """Play cycles: who is told the stage knows where in the cycle it is. Ten games of H = 2, as in the default run."""
    sequences = [
        general_sum_sequence("shapley", seed, n_games=10, perturbation=0.1, horizon=2, n_states=2, n_actions=(3, 3))
        for seed in range(4)
    ]
    batches = [GameBatch(games) for games in zip(*sequences, strict=True)]
    learner = CorrelatedMirrorDescent(3.0 * float(cce_learning_rate(2, 1000, 2)), exact_gap=True)
    found = {}
    for arm in ("individual", "best_response"):
        runs = learn_sequence(batches, learner, META_UPDATES[arm](10), 1000, at=[1000]).runs
        found[arm] = {name: np.mean([run.measures[name] for run in runs[1:]]) for name in runs[0].measures}
    assert found["best_response"]["cce_gap_bound"] > 1.5 * found["individual"]["cce_gap_bound"] > 0.0
    assert found["best_response"]["cce_gap"] < 3.0 * found["individual"]["cce_gap"] < 0.0


@pytest.mark.parametrize("horizon", [2, 3, 4])
def test_the_burn_in_instances_survive(horizon):
    """The second action pays 1 whatever the others do: nothing has to be told, so the gap is its bound, C(H) / T."""
    reward = np.zeros((2, horizon, 1, 2, 2))
    reward[0, ..., 1, :] = reward[1, ..., 1] = 1.0
    game = MarkovGame(reward, Transition.shared(np.ones((1, 2, 2, 1))))
    iterations, margin = 1000, 1e-9
    second = np.full((1, 1 + horizon * 30, horizon, 1), 1.0 - margin)
    second[:, 0] = margin
    policy = np.stack([1.0 - second, second], axis=-1)
    learner = CorrelatedMirrorDescent(1e-5, exact_gap=True)
    run = learn(game, learner, iterations, initial=(policy, policy), at=[iterations])
    gap = run.measures["cce_gap"][0, 0]
    assert gap == pytest.approx({2: 7, 3: 22, 4: 50}[horizon] / iterations, rel=1e-5)
    assert gap == pytest.approx(run.measures["cce_gap_bound"][0, 0], abs=1e-12)
