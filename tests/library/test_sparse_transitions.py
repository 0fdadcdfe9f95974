"""Sparse transitions in C against dense ones and SciPy's products; what is taken over, and whose memory is used."""

import dataclasses
import itertools

import numpy as np
import pytest
import scipy

from metanash import GameBatch, MarkovGame, OptimisticMirrorDescent, Transition, ZeroSumGame, kernels, learn
from metanash.families import sparse_zero_sum_sequence
from metanash.gaps import backup, ne_gains, ne_gaps
from metanash.transitions import TransitionBatch


def random_rows(rng, rows, states):
    """Distributions of one to four next states."""
    table = np.zeros((rows, states))
    for row in table:
        places = rng.choice(states, size=rng.integers(1, min(5, states + 1)), replace=False)
        row[places] = rng.dirichlet(np.ones(len(places)))
    return table


def pair(rng, actions, states, horizon, own, *, zero_sum=True):
    """A game with sparse kernels and the same with dense ones."""
    joint = int(np.prod(actions))
    tables = [random_rows(rng, states * joint, states) for _ in range(horizon if own else 1)]
    sparse = Transition.sparse([scipy.sparse.csr_array(table) for table in tables], actions)
    dense = Transition.per_step(np.stack(tables).reshape(-1, states, *actions, states))
    shape = (horizon, states, *actions)
    reward = rng.uniform(size=shape if zero_sum else (len(actions), *shape))
    start, kind = rng.dirichlet(np.ones(states)), ZeroSumGame if zero_sum else MarkovGame
    return kind(reward, sparse, start), kind(reward, dense, start)


CASES = [((2, 2), 5), ((3, 8), 9), ((8, 8), 11), ((4, 17), 6), ((1, 1), 1)]


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(("actions", "states"), CASES)
def test_values_and_gaps_are_those_of_the_dense_game(actions, states, own):
    rng = np.random.default_rng([states, own])
    for horizon in (1, 2, 6):
        if own and horizon == 1:
            continue
        games = [GameBatch.of(game) for game in pair(rng, actions, states, horizon, own)]
        policy = [rng.dirichlet(np.ones(n), size=(1, horizon, states)) for n in actions]
        value = rng.uniform(size=(1, horizon, states))
        q, wanted = (backup(batch, batch.reward, value) for batch in games)
        np.testing.assert_allclose(q, wanted, atol=1e-14, rtol=0)
        np.testing.assert_allclose(ne_gaps(games[0], policy), ne_gaps(games[1], policy), atol=1e-13, rtol=0)


def test_gains_of_three_players_are_those_of_the_dense_game():
    rng = np.random.default_rng(3)
    sparse, dense = pair(rng, (2, 3, 9), 7, 3, True, zero_sum=False)
    policy = [rng.dirichlet(np.ones(n), size=(3, 7)) for n in (2, 3, 9)]
    np.testing.assert_allclose(ne_gains(sparse, policy), ne_gains(dense, policy), atol=1e-13, rtol=0)


def test_a_batch_of_kernels_gives_each_game_its_own_bits():
    games = sparse_zero_sum_sequence(
        "random", 4, n_games=3, perturbation=0.2, horizon=4, n_states=30, n_actions=(3, 9), transition_mixing=0.5
    )
    rng = np.random.default_rng(0)
    value, policy = rng.uniform(size=(3, 4, 30)), [rng.dirichlet(np.ones(n), size=(3, 4, 30)) for n in (3, 9)]
    together = GameBatch.of(games)
    q, gaps = backup(together, together.reward, value), ne_gaps(together, policy)
    assert len(together.transitions.kinds) == 3
    for k, game in enumerate(games):
        alone = GameBatch.of(game)
        np.testing.assert_array_equal(backup(alone, alone.reward, value[k : k + 1])[0], q[k])
        assert ne_gaps(alone, [part[k : k + 1] for part in policy])[0] == gaps[k]


def test_learning_is_that_of_the_dense_game():
    sparse, dense = pair(np.random.default_rng(7), (8, 9), 40, 3, False)
    found, wanted = (learn(game, OptimisticMirrorDescent(0.2), 60, at=[5, 60]).ne_gap for game in (sparse, dense))
    np.testing.assert_allclose(found, wanted, atol=1e-12, rtol=0)


def test_threads_change_no_bit_of_a_run():
    """Kernels of 512,000 entries are enough for threads."""
    (game,) = sparse_zero_sum_sequence("random", 3, n_games=1, perturbation=0.1, n_states=2000, n_actions=(8, 8))
    runs = []
    for threads in (1, 2, 3):
        kernels.use_threads(threads)
        runs.append(learn(game, OptimisticMirrorDescent(0.2), 12, at=[2, 12]))
    kernels.use_threads(1)
    for run in runs[1:]:
        np.testing.assert_array_equal(run.ne_gap, runs[0].ne_gap)
        np.testing.assert_array_equal(run.state.q, runs[0].state.q)


@pytest.mark.parametrize("keep", [False, True])
def test_estimates_are_overwritten_only_where_nobody_has_them(keep):
    """A run in one call is that of many calls, and the state in between stays as it is."""
    (game,) = sparse_zero_sum_sequence("random", 2, n_games=1, perturbation=0.1, horizon=3, n_states=20)
    batch, learner = GameBatch.of(game), OptimisticMirrorDescent(0.2, keep_stages=keep)
    whole = learner.advance(batch, learner.start(batch), 40)
    between = learner.advance(batch, learner.start(batch), 17)
    before = {field.name: np.copy(getattr(between, field.name)) for field in dataclasses.fields(between)
              if isinstance(getattr(between, field.name), np.ndarray)}  # fmt: skip
    after = learner.advance(batch, between, 23)
    np.testing.assert_array_equal(after.q, whole.q)
    assert "q" in before
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(between, name), array)
    if keep:
        found = [stage.q for stage in learner.stages(whole)]
        assert all(not np.shares_memory(one, two) for one, two in itertools.pairwise(found))


def test_values_are_put_where_they_are_wanted():
    sparse, dense = pair(np.random.default_rng(1), (3, 2), 4, 3, True)
    for game in (sparse, dense):
        batch = GameBatch.of(game)
        value, out = np.ones((1, 3, 4)), np.full(batch.reward.shape, np.nan)
        assert backup(batch, batch.reward, value, out) is out
        np.testing.assert_array_equal(out, backup(batch, batch.reward, value))


def test_parts_with_gaps_between_their_numbers_are_copied():
    """Every second number of a longer array: kernels read arrays without gaps."""
    matrix = scipy.sparse.csr_array(random_rows(np.random.default_rng(0), 8, 4))
    parts = [np.repeat(part, 2)[::2] for part in (matrix.data, matrix.indices, matrix.indptr)]
    assert not parts[0].flags.c_contiguous
    taken = scipy.sparse.csr_array((np.ones(1), np.zeros(1, int), np.array([0] + [1] * 8)), shape=(8, 4))
    taken.data, taken.indices, taken.indptr = parts
    for copy in (False, True):
        game = ZeroSumGame(np.ones((2, 4, 1, 2)), Transition.sparse([taken], (1, 2), copy=copy))
        found = GameBatch.of(game).transitions.expect(np.arange(4.0).reshape(1, 1, 4), 0)
        np.testing.assert_allclose(found.ravel(), matrix @ np.arange(4.0), atol=1e-15)


def test_places_of_64_bits_are_read_by_scipy(monkeypatch):
    """As of 2^31 entries on; here pretended, since such a kernel takes 24 GB."""
    sparse, dense = (GameBatch.of(game) for game in pair(np.random.default_rng(5), (3, 9), 6, 4, True))
    rng = np.random.default_rng(6)
    value, policy = rng.uniform(size=(1, 4, 6)), [rng.dirichlet(np.ones(n), size=(1, 4, 6)) for n in (3, 9)]
    monkeypatch.setattr(Transition, "rows", lambda self, step: None)  # noqa: ARG005
    for name in ("sparse_expect", "sparse_backup", "sparse_values"):
        monkeypatch.setattr(kernels, name, None)
    assert isinstance(sparse.transitions, TransitionBatch)
    wanted = backup(dense, dense.reward, value)
    np.testing.assert_allclose(backup(sparse, sparse.reward, value), wanted, atol=1e-14, rtol=0)
    np.testing.assert_allclose(ne_gaps(sparse, policy), ne_gaps(dense, policy), atol=1e-13, rtol=0)
