"""What is refused at the door, and how the message names it; batches; the same kernel in every storage."""

import dataclasses
import math

import numpy as np
import pytest
from backends import BACKENDS, use
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from strategies import STORAGES, random_distributions, random_tables, seeds, tables

from metanash import DiscountedGame, GameBatch, MarkovGame, Transition, ZeroSumGame
from metanash.transitions import TransitionBatch


def changed(array, place, value):
    copy = np.array(array, dtype=float)
    copy[place] = value
    return copy


HALVES = np.full((2, 2, 2, 3, 2), 0.5)
"""A kernel of two steps, two states, (2, 3) actions."""
TRANSITION = Transition.per_step(HALVES)
SHARED = Transition.shared(HALVES[0])
REWARD = np.full((2, 2, 2, 3), 0.25)


# Games: good ones ---------------------------------------------------------------------------------------


@given(st.sampled_from(["zero_sum", "markov", "discounted"]).flatmap(tables))
def test_sizes_and_contents(game):
    built = game.game()
    assert (built.n_players, built.n_states, built.n_actions) == (game.n_players, game.n_states, game.actions)
    expected = game.reward[0] if game.kind == "zero_sum" else game.reward
    np.testing.assert_array_equal(built.reward, expected)
    np.testing.assert_array_equal(built.initial, game.initial)
    for h in range(game.horizon):
        np.testing.assert_array_equal(built.transition.at(h), game.kernel[h])
    if game.kind == "discounted":
        assert built.discount == game.discount
        assert built.is_team == (len(game.reward) == 1)
        if built.is_team:
            np.testing.assert_array_equal(built.potential, game.reward[0])
        else:
            assert built.potential is None
    else:
        assert built.horizon == game.horizon


def test_defaults_of_the_initial_distribution():
    np.testing.assert_array_equal(ZeroSumGame(REWARD, TRANSITION).initial, [1.0, 0.0])
    np.testing.assert_array_equal(MarkovGame(np.stack([REWARD] * 2), SHARED).initial, [1.0, 0.0])
    np.testing.assert_array_equal(DiscountedGame(REWARD, SHARED, 0.5).initial, [0.5, 0.5])


def test_games_are_frozen_copies():
    reward, initial = REWARD.copy(), np.array([0.5, 0.5])
    game = ZeroSumGame(reward, TRANSITION, initial)
    reward[...] = 9.0
    initial[...] = 9.0
    np.testing.assert_array_equal(game.reward, REWARD)
    np.testing.assert_array_equal(game.initial, [0.5, 0.5])
    for array in (game.reward, game.initial, game.transition.kernel):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        game.reward = reward
    kernel = HALVES.copy()
    transition = Transition.per_step(kernel)
    kernel[...] = 9.0
    np.testing.assert_array_equal(transition.kernel, HALVES)
    matrix = sparse.csr_array(HALVES[0].reshape(12, 2))
    transition = Transition.sparse([matrix], (2, 3))
    matrix.data[...] = 9.0
    np.testing.assert_array_equal(transition.at(0), HALVES[0])
    with pytest.raises(ValueError, match="read-only"):
        transition.kernel[0].data[0] = 0.0


def test_a_sparse_kernel_without_a_copy_is_taken_over():
    matrix = sparse.csr_array(HALVES[0].reshape(12, 2))
    transition = Transition.sparse([matrix], (2, 3), copy=False)
    np.testing.assert_array_equal(transition.at(0), HALVES[0])
    assert np.shares_memory(transition.kernel[0].data, matrix.data)
    with pytest.raises(ValueError, match="read-only"):
        transition.kernel[0].data[0] = 0.0
    other = sparse.coo_array(HALVES[0].reshape(12, 2))
    transition = Transition.sparse([other], (2, 3), copy=False)
    other.data[...] = 9.0  # of another form, so not taken over
    np.testing.assert_array_equal(transition.at(0), HALVES[0])


def test_integers_and_lists_are_numbers():
    game = ZeroSumGame([[[[0, 1]]]], Transition.shared([[[[1], [1]]]]))
    assert game.reward.dtype == np.float64
    assert game.n_actions == (1, 2)


# Games: bad ones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ZeroSumGame(changed(REWARD, (1, 0, 1, 2), 1.5), TRANSITION),
         r"reward must lie in \[0, 1\]; at \(h, s, a, b\) = \(1, 0, 1, 2\) it is 1\.5"),
        (lambda: ZeroSumGame(changed(REWARD, (0, 1, 0, 0), -1e-9), TRANSITION),
         r"reward must lie in \[0, 1\]; at \(h, s, a, b\) = \(0, 1, 0, 0\) it is -1e-09"),
        (lambda: ZeroSumGame(changed(REWARD, (0, 1, 1, 0), math.nan), TRANSITION),
         r"reward must be finite; at index \(0, 1, 1, 0\) there is nan"),
        (lambda: ZeroSumGame(changed(REWARD, (0, 1, 1, 0), math.inf), TRANSITION), r"\(0, 1, 1, 0\) there is inf"),
        (lambda: ZeroSumGame(REWARD[0], TRANSITION), r"axes \(h, s, a, b\), got shape \(2, 2, 3\)"),
        (lambda: ZeroSumGame(REWARD[:, :1], TRANSITION), r"same states and actions: \(1, 2, 3\) and \(2, 2, 3\)"),
        (lambda: ZeroSumGame(REWARD[..., :2], TRANSITION), r"same states and actions: \(2, 2, 2\) and \(2, 2, 3\)"),
        (lambda: ZeroSumGame(np.concatenate([REWARD] * 2), TRANSITION), r"1 step \(shared\) or 4, got 2"),
        (lambda: ZeroSumGame(REWARD[:1], TRANSITION), r"1 step \(shared\) or 1, got 2"),
        (lambda: ZeroSumGame(REWARD[:0], TRANSITION), "reward must not be empty"),
        (lambda: ZeroSumGame(REWARD.astype(complex), TRANSITION), "reward must hold real numbers"),
        (lambda: ZeroSumGame([[[["a"]]]], TRANSITION), "reward must hold real numbers"),
        (lambda: ZeroSumGame([[0.0], [0.0, 1.0]], TRANSITION), "reward must be a rectangular array"),
        (lambda: ZeroSumGame(REWARD, TRANSITION, [1.0, 0.0, 0.0]), r"over 2 states, got shape \(3,\)"),
        (lambda: ZeroSumGame(REWARD, TRANSITION, [0.5, 0.25]), r"initial rows .* the mass is 0\.75"),
        (lambda: ZeroSumGame(REWARD, TRANSITION, [1.5, -0.5]), r"initial rows .* entry 1 is -0\.5"),
        (lambda: ZeroSumGame(REWARD, TRANSITION, [math.nan, 1.0]), r"initial must be finite; at index \(0,\)"),
        (lambda: MarkovGame(np.stack([REWARD] * 3), TRANSITION),
         r"one action axis for each player; got shape \(3, 2, 2, 2, 3\)"),
        (lambda: MarkovGame(REWARD[np.newaxis], TRANSITION),
         r"one action axis for each player; got shape \(1, 2, 2, 2, 3\)"),
        (lambda: MarkovGame(np.zeros((1, 2, 2)), TRANSITION), "axes"),
        (lambda: MarkovGame(changed(np.stack([REWARD] * 2), (1, 0, 1, 0, 2), 2.0), TRANSITION),
         r"\(i, h, s, a\) = \(1, 0, 1, 0, 2\) it is 2"),
        (lambda: DiscountedGame(np.concatenate([REWARD, REWARD[:1]]), SHARED, 0.5), r"got shape \(3, 2, 2, 3\)"),
        (lambda: DiscountedGame(REWARD[0, 0], SHARED, 0.5), "axes"),
        (lambda: DiscountedGame(changed(REWARD, (1, 0, 1, 2), 3), SHARED, 0.5),
         r"\(i, s, a\) = \(1, 0, 1, 2\) it is 3"),
        (lambda: DiscountedGame(REWARD, TRANSITION, 0.5), r"1 step \(shared\) or 1, got 2"),
        (lambda: DiscountedGame(REWARD, SHARED, 1.0), r"discount must lie in \[0, 1\), got 1\.0"),
        (lambda: DiscountedGame(REWARD, SHARED, -0.1), r"discount must lie in \[0, 1\), got -0\.1"),
        (lambda: DiscountedGame(REWARD, SHARED, math.nan), r"discount must lie in \[0, 1\), got nan"),
        (lambda: DiscountedGame(REWARD, SHARED, True), r"discount must lie in \[0, 1\), got True"),
        (lambda: DiscountedGame(REWARD, SHARED, None), r"discount must lie in \[0, 1\), got None"),
        (lambda: DiscountedGame(REWARD, SHARED, "0.9"), r"discount must lie in \[0, 1\), got '0\.9'"),
        (lambda: DiscountedGame(REWARD, SHARED, 0.5, [1.0, 0.0]), "positive everywhere; state 1 has probability 0"),
        (lambda: DiscountedGame(REWARD, SHARED, 0.5, potential=REWARD), r"axes \(s, a\) of shape \(2, 2, 3\)"),
        (lambda: DiscountedGame(REWARD, SHARED, 0.5, potential=REWARD[0] * math.nan), "potential must be finite"),
    ],
)  # fmt: skip
def test_bad_games(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Transition.per_step(changed(HALVES, (1, 0, 1, 2, 0), 0.43)),
         r"transition rows must be distributions; at \(h, s, a\) = \(1, 0, 1, 2\) the mass is 0\.93"),
        (lambda: Transition.per_step(changed(changed(HALVES, (0, 1, 1, 0, 0), 1.5), (0, 1, 1, 0, 1), -0.5)),
         r"at \(h, s, a\) = \(0, 1, 1, 0\) entry 1 is -0\.5"),
        (lambda: Transition.per_step(changed(changed(HALVES, (0, 0, 1, 0, 0), 1.0), (0, 0, 1, 0, 1), -1.5e-12)),
         r"at \(h, s, a\) = \(0, 0, 1, 0\) entry 1 is -1\.5e-12"),
        (lambda: Transition.per_step(changed(HALVES, (1, 1, 1, 1, 1), 0.5 + 2e-9)),
         r"at \(h, s, a\) = \(1, 1, 1, 1\) the mass is 1\.000000002"),
        (lambda: Transition.per_step(changed(HALVES, (1, 1, 1, 1, 1), math.nan)),
         r"transition must be finite; at index \(1, 1, 1, 1, 1\)"),
        (lambda: Transition.shared(changed(HALVES[0], (1, 1, 2, 0), 0.75)), r"= \(0, 1, 1, 2\) the mass is 1\.25"),
        (lambda: Transition.per_step(HALVES[..., :1]), r"as many next states as states; got \(2, 2, 2, 3, 1\)"),
        (lambda: Transition.per_step(np.full((2, 2, 2), 0.5)), "axes"),
        (lambda: Transition.per_step(HALVES[:0]), "must not be empty"),
        (lambda: Transition.sparse([], (2, 3)), "at least one matrix"),
        (lambda: Transition.sparse([sparse.csr_array(HALVES[0].reshape(12, 2))], (2, 2)),
         r"sparse transition of step 0 must have .* \(8, 2\); got \(12, 2\)"),
        (lambda: Transition.sparse([sparse.csr_array(HALVES[0].reshape(12, 2)), sparse.csr_array((12, 3))], (2, 3)),
         r"sparse transition of step 1 must have .* got \(12, 3\)"),
        (lambda: sparse_with((7, 0), 0.25), r"at \(h, s, a\) = \(1, 1, 0, 1\) the mass is 0\.75"),
        (lambda: sparse_with((11, 1), -0.5), r"at \(h, s, a\) = \(1, 1, 1, 2\) entry 1 is -0\.5"),
        (lambda: sparse_with((0, 1), math.nan), r"at \(h, s, a\) = \(1, 0, 0, 0\) entry 1 is nan"),
        (lambda: sparse_with((6, 0), math.inf), r"at \(h, s, a\) = \(1, 1, 0, 0\) entry 0 is inf"),
        (lambda: Transition.sparse([sparse.csr_array((12, 2))], (2, 3)), r"= \(0, 0, 0, 0\) the mass is 0"),
    ],
)  # fmt: skip
def test_bad_transitions(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def sparse_with(place, value):
    good = HALVES[0].reshape(12, 2)
    return Transition.sparse([sparse.csr_array(good), sparse.csr_array(changed(good, place, value))], (2, 3))


def test_a_mass_within_the_tolerance_is_one():
    kernel = changed(HALVES, (1, 1, 1, 1, 1), 0.5 + 9e-10)
    Transition.per_step(kernel)
    Transition.sparse([sparse.csr_array(kernel[1].reshape(12, 2))], (2, 3))


@pytest.mark.parametrize("form", [sparse.coo_array, sparse.csc_array, sparse.csr_array, sparse.csr_matrix])
def test_any_sparse_form_will_do(form):
    kernel = random_distributions(np.random.default_rng(0), 2, 3, 2)
    matrix = form(kernel.reshape(6, 2))
    np.testing.assert_array_equal(Transition.sparse([matrix], (3,)).at(0), kernel)


def test_entries_given_twice_in_a_sparse_matrix_add_up():
    matrix = sparse.coo_array(([0.25, 0.25, 0.5, 1.0], ([0, 0, 0, 1], [1, 1, 0, 0])), shape=(2, 2))
    np.testing.assert_array_equal(Transition.sparse([matrix], (1,)).at(0), [[[0.5, 0.5]], [[1.0, 0.0]]])
    rows = sparse.csr_array(([1.5, -0.5], [0, 0], [0, 2]), shape=(1, 1))  # CSR may hold them apart
    (kernel,) = Transition.sparse([rows], (1,)).kernel
    assert kernel.data.tolist() == [1.0]


# Expectations -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("storage", STORAGES)
def test_expected_values_are_those_of_the_step_and_the_game(module, storage, monkeypatch):
    """Unequal kernels at every step and game, several vectors of values at once: any mixed-up axis shows."""
    use(monkeypatch, module)
    rng = np.random.default_rng(8)
    games = [random_tables(rng, "zero_sum", 4, 3, (2, 5), storage=storage) for _ in range(3)]
    kinds = [game.transition() for game in games]
    order = [0, 1, 0, 2, 1]
    batch = TransitionBatch([kinds[k] for k in order])
    assert len(batch.kinds) == 3
    assert batch.index.tolist() == [0, 1, 0, 2, 1]
    for first, count in [(0, 4), (1, 2), (3, 1), (0, 0), (2, 2)]:
        values = rng.uniform(size=(5, count, 3))
        for step in range(first, max(first + count, first + 1)):
            got = batch.expect(values, step)
            assert got.shape == (5, count, 3, 2, 5)
            for g, k in enumerate(order):
                for n in range(count):
                    expected = np.zeros((3, 2, 5))
                    for s, a, b, z in np.ndindex(3, 2, 5, 3):
                        expected[s, a, b] += games[k].kernel[step, s, a, b, z] * values[g, n, z]
                    np.testing.assert_allclose(got[g, n], expected, atol=1e-15)


@pytest.mark.parametrize("storage", STORAGES)
def test_dense_kernels_of_a_batch(storage):
    rng = np.random.default_rng(8)
    games = [random_tables(rng, "zero_sum", 2, 3, (2, 2), storage=storage) for _ in range(2)]
    kinds = [game.transition() for game in games]
    batch = TransitionBatch([kinds[1], kinds[0], kinds[1]])
    for h in (0, 1):
        dense = batch.dense(h)[batch.index]
        for got, game in zip(dense, [games[1], games[0], games[1]], strict=True):
            np.testing.assert_array_equal(got, game.kernel[h])


# Batches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("games", "message"),
    [
        ((), "at least one game"),
        ((ZeroSumGame(REWARD, SHARED), MarkovGame(np.stack([REWARD] * 2), SHARED)),
         "game 0 is a ZeroSumGame, game 1 a MarkovGame"),
        ((ZeroSumGame(REWARD, SHARED), ZeroSumGame(REWARD[:1], SHARED)),
         r"game 0 has a reward of shape \(2, 2, 2, 3\), game 1 of \(1, 2, 2, 3\)"),
        ((DiscountedGame(REWARD, SHARED, 0.5), DiscountedGame(REWARD[:1], SHARED, 0.5)), "one size"),
        ((DiscountedGame(REWARD, SHARED, 0.5),) * 2 + (DiscountedGame(REWARD, SHARED, 0.75),),
         "one discount; game 2 has another"),
    ],
)  # fmt: skip
def test_batches_of_unequal_games(games, message):
    with pytest.raises(ValueError, match=message):
        GameBatch(games)


def test_kernels_held_differently_do_not_mix():
    per_step, shared = ZeroSumGame(REWARD, TRANSITION), ZeroSumGame(REWARD, SHARED)
    sparse_ = ZeroSumGame(REWARD, Transition.sparse([sparse.csr_array(HALVES[0].reshape(12, 2))], (2, 3)))
    for pair in [(per_step, shared), (shared, sparse_)]:
        with pytest.raises(ValueError, match="hold their transitions the same way"):
            _ = GameBatch(pair).transitions


@given(seeds)
def test_a_batch_stacks_games_in_order(seed):
    rng = np.random.default_rng(seed)
    games = [random_tables(rng, "markov", 2, 2, (2, 3)).game() for _ in range(3)]
    batch = GameBatch.of(games)
    assert len(batch) == 3
    assert batch.joint_actions == 6
    assert batch.game is games[0]
    assert GameBatch.of(batch) is batch
    for k, game in enumerate(games):
        np.testing.assert_array_equal(batch.reward[k], game.reward)
        np.testing.assert_array_equal(batch.initial[k], game.initial)
    assert len(GameBatch.of(games[1])) == 1
    assert len(GameBatch.of(tuple(games))) == 3


def test_a_repetition_that_fails_leaves_nothing_behind(monkeypatch):
    """Nor does another thread see one that is not whole."""
    batch = GameBatch.of([random_tables(np.random.default_rng(0), "zero_sum", 2, 2, (2, 2)).game()])

    def without_memory(*_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(TransitionBatch, "repeated", without_memory)
        with pytest.raises(MemoryError):
            batch.repeated(3)
    again = batch.repeated(3)
    assert len(again) == 3
    np.testing.assert_array_equal(again.reward, np.repeat(batch.reward, 3, axis=0))
    assert batch.repeated(3) is again
