"""What is frozen stays so: copied, pickled, in other processes, and whatever is done to the arrays it was made of."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest
from scipy import sparse
from strategies import random_tables

import metanash as mn
from metanash._inner.frozen import sealed, sealed_stack
from metanash.correlated import CorrelatedPolicy
from metanash.games import GameBatch
from metanash.maml import Tasks
from metanash.policy_gradient import ValueModel
from metanash.transitions import TransitionBatch


def game(kind="zero_sum", storage="per_step", seed=0, **options):
    discount = 0.5 if kind == "discounted" else None
    options = {"storage": storage, "discount": discount, **options}
    return random_tables(np.random.default_rng(seed), kind, 1 if discount else 2, 2, (2, 3), **options).game()


def correlated_policy():
    joint = np.full((1, 2, 2, 2, 3), 1 / 6)
    return CorrelatedPolicy((np.full((1, 2, 2, 2), 1 / 2), np.full((1, 2, 2, 3), 1 / 3)), (joint, joint), (2, 3))


def batch_of(kind, storage, count=2):
    batch = GameBatch(tuple(game(kind, storage, seed) for seed in range(count)))
    _ = batch.transitions
    return batch


MAKE = {
    "zero-sum game": game,
    "zero-sum game, sparse": lambda: game(storage="sparse"),
    "zero-sum game, shared": lambda: game(storage="shared"),
    "general-sum game": lambda: game("markov"),
    "discounted game": lambda: game("discounted", "shared"),
    "team": lambda: game("discounted", "sparse_shared", reward_rows=1),
    "batch": lambda: batch_of("zero_sum", "per_step"),
    "batch of one": lambda: batch_of("markov", "shared", 1),
    "batch, sparse": lambda: batch_of("markov", "sparse"),
    "transition": lambda: game().transition,
    "transition, sparse": lambda: game(storage="sparse").transition,
    "transitions of a batch": lambda: batch_of("zero_sum", "per_step").transitions,
    "correlated policy": correlated_policy,
    "value model": lambda: ValueModel.of(batch_of("discounted", "shared"), 0),
    "tasks": lambda: Tasks.of([game("discounted", "shared", seed, reward_rows=1) for seed in range(2)]),
}


def arrays_of(thing, name=""):
    """Every array in an object, by the path that leads to it; nothing of metanash decides where they are."""
    if isinstance(thing, np.ndarray):
        return {name: thing}
    if isinstance(thing, tuple | list):
        inner = {f"{name}[{k}]": part for k, part in enumerate(thing)}
    elif sparse.issparse(thing) or type(thing).__module__.startswith("metanash"):
        inner = {f"{name}.{key}": part for key, part in vars(thing).items() if key != "_own_matrices"}
    else:
        return {}
    return {path: array for key, part in inner.items() for path, array in arrays_of(part, key).items()}


def assert_frozen(thing):
    found = arrays_of(thing)
    assert found
    for name, array in found.items():
        assert not array.flags.writeable, name
        before = array.copy()
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 9
        whole = array
        while isinstance(whole, np.ndarray):  # neither the array nor anything that it is a view of
            with pytest.raises(ValueError, match="WRITEABLE"):
                whole.setflags(write=True)
            whole = whole.base
        np.testing.assert_array_equal(array, before)
    for name in vars(thing):
        with pytest.raises(AttributeError):
            setattr(thing, name, None)


def assert_same(one, other):
    ours, theirs = arrays_of(one), arrays_of(other)
    shared = set(ours) & set(theirs)  # what is worked out when it is asked for may be missing
    assert {name.split(".")[1] for name in shared} >= {"reward"} or ".reward" not in ours
    assert shared
    for name in shared:
        assert ours[name].dtype == theirs[name].dtype
        np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.mark.parametrize("name", MAKE)
def test_arrays_are_frozen_in_every_copy(name):
    thing = MAKE[name]()
    assert_frozen(thing)
    assert copy.copy(thing) is thing
    assert copy.deepcopy(thing) is thing
    assert copy.deepcopy([thing, thing])[0] is thing
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(thing, protocol))
        assert type(again) is type(thing)
        assert_frozen(again)
        assert_same(thing, again)
    buffers = []  # out of band, as joblib and dask send large arrays: into memory that is writeable
    data = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    again = pickle.loads(data, buffers=[bytearray(buffer.raw()) for buffer in buffers])
    assert_frozen(again)
    assert_same(thing, again)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_large_arrays_out_of_pickles_are_frozen_too(protocol):
    """NumPy lets those of more than 1000 bytes lie in the bytes of the pickle, and be written to."""
    made = random_tables(np.random.default_rng(0), "zero_sum", 3, 3, (5, 5)).game()
    again = pickle.loads(pickle.dumps(made, protocol))
    assert_frozen(again)
    assert_same(made, again)
    theirs = pickle.loads(pickle.dumps(np.array(made.reward), protocol))
    assert theirs.flags.writeable
    built = mn.ZeroSumGame(theirs, made.transition)
    theirs[...] = 0.0
    np.testing.assert_array_equal(built.reward, made.reward)


def _send_back(thing):
    """In a worker: check the copy that came, and send it back."""
    assert_frozen(thing)
    return thing


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_worker_processes_get_frozen_games(method):
    things = [MAKE[name]() for name in ("zero-sum game", "team", "batch, sparse", "correlated policy")]
    with multiprocessing.get_context(method).Pool(1) as pool:
        for thing, again in zip(things, pool.map(_send_back, things), strict=True):
            assert_frozen(again)
            assert_same(thing, again)


def test_a_copy_in_a_process_learns_the_same_bits():
    games = mn.families.zero_sum_sequence("mixed", 1, n_games=3, perturbation=0.1, transition_mixing=0.1)
    again = pickle.loads(pickle.dumps(games))
    runs = [mn.learn(some, mn.OptimisticMirrorDescent(0.2), 20).ne_gap for some in (games, again)]
    np.testing.assert_array_equal(*runs)


def test_what_games_share_they_share_after_pickle():
    games = mn.families.zero_sum_sequence("mixed", 1, n_games=3, perturbation=0.1)
    again = pickle.loads(pickle.dumps(games))
    assert again[1].transition is again[0].transition is not games[0].transition
    assert len(pickle.loads(pickle.dumps(GameBatch(tuple(games)))).transitions.kinds) == 1
    assert [one.name for one in again] == [one.name for one in games]


def test_a_pickle_is_checked_like_any_game():
    """Someone else's numbers in a pickle: 0.25 becomes 2.25 in its bytes."""
    reward = np.full((1, 1, 1, 1), 0.251)
    data = pickle.dumps(mn.ZeroSumGame(reward, mn.Transition.shared(np.ones((1, 1, 1, 1)))), 4)
    assert data.count(reward.tobytes()) == 1
    with pytest.raises(ValueError, match=r"reward must lie in \[0, 1\]; at .* it is 2\.25"):
        pickle.loads(data.replace(reward.tobytes(), (reward + 2.0).tobytes()))
    thin = mn.Transition.sparse([sparse.csr_array([[0.251, 0.749], [1.0, 0.0]])], (1,))
    data = pickle.dumps(thin, 4)
    with pytest.raises(ValueError, match=r"at \(h, s, a\) = \(0, 0, 0\) the mass is 2\.749"):
        pickle.loads(data.replace(np.float64(0.251).tobytes(), np.float64(2.0).tobytes()))


def test_arrays_that_a_game_is_made_of_may_change_afterwards(tmp_path):
    mapped = np.memmap(tmp_path / "reward", mode="w+", dtype=float, shape=(1, 2, 2, 2))
    mapped[...] = 0.25
    kernel, start = np.full((2, 2, 2, 2), 0.5), np.array([0.5, 0.5])
    made = mn.ZeroSumGame(mapped, mn.Transition.shared(kernel), start)
    for array in (mapped, kernel, start):
        array[...] = 7.0
    assert (made.reward == 0.25).all()
    assert (made.transition.kernel == 0.5).all()
    assert made.initial.tolist() == [0.5, 0.5]
    matrix = sparse.csr_array([[0.5, 0.5], [1.0, 0.0]])
    thin = mn.Transition.sparse([matrix], (1,))
    matrix.data[...], matrix.indices[...] = 7.0, 1
    np.testing.assert_array_equal(thin.at(0), [[[0.5, 0.5]], [[1.0, 0.0]]])
    initial, joint = np.full((1, 1, 1, 2), 0.5), np.full((1, 1, 1, 2), 0.5)
    policy = CorrelatedPolicy((initial,), (joint,), (1,))
    initial[...] = joint[...] = 7.0
    assert policy.mixture().ravel().tolist() == policy.initial[0].ravel().tolist() == [0.5, 0.5]


def test_a_sparse_matrix_that_is_handed_out_is_not_the_game():
    """A SciPy matrix is a thing of attributes, which anybody may assign."""
    thin = mn.Transition.sparse([sparse.csr_array([[1.0, 0.0], [1.0, 0.0]])], (1,))
    (matrix,) = thin.kernel
    matrix.data, matrix.indices = np.array([5.0, 5.0]), np.array([1, 1])
    np.testing.assert_array_equal(thin.at(0), [[[1.0, 0.0]], [[1.0, 0.0]]])
    expected = np.empty((1, 2))
    thin.times(0, np.array([[3.0, 4.0]]), expected)
    np.testing.assert_array_equal(expected, [[3.0, 3.0]])


def test_the_constructor_of_a_transition_checks_too():
    good = np.full((1, 2, 2, 2), 0.5)
    np.testing.assert_array_equal(mn.Transition(good, 2, (2,)).at(0), good[0])
    with pytest.raises(ValueError, match="the mass is 10"):
        mn.Transition(good * 10, 2, (2,))
    with pytest.raises(ValueError, match=r"3 states and \(2,\) actions has a kernel for 2 and \(2,\)"):
        mn.Transition(good, 3, (2,))
    rows = (np.ones(2), np.array([0, 7]), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="in row 1, entry 1, there is 7"):
        mn.Transition((rows,), 2, (1,))
    with pytest.raises(ValueError, match="transition must be a Transition, got a ndarray"):
        mn.ZeroSumGame(np.zeros((1, 2, 2, 2)), np.full((1, 2, 2, 2, 2), 0.5))


def test_sealed_arrays_are_copied_once():
    array = np.arange(6.0).reshape(2, 3)
    first = sealed(array)
    assert sealed(first) is first
    assert np.shares_memory(sealed(first[:1]), first)
    assert sealed(first.T).flags.c_contiguous
    np.testing.assert_array_equal(sealed(first.T), array.T)
    np.testing.assert_array_equal(sealed_stack([array, array + 6]), np.arange(12.0).reshape(2, 2, 3))
    np.testing.assert_array_equal(sealed_stack([array.T, array.T]), [array.T, array.T])
    np.testing.assert_array_equal(sealed_stack([array] * 6, 2, 3), np.broadcast_to(array, (2, 3, 2, 3)))
    assert np.shares_memory(sealed_stack([first]), first)
    twin = game()
    assert np.shares_memory(GameBatch.of(twin).reward, twin.reward)
    assert np.shares_memory(TransitionBatch((twin.transition,)).stacked, twin.transition.kernel)
    assert np.shares_memory(mn.ZeroSumGame(twin.reward, twin.transition).reward, twin.reward)
