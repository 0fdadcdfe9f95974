"""Learners with incremental values: the kernel against the methods of the learner, which sparse games go through."""

import numpy as np
import pytest
import scipy.sparse

from metanash import GameBatch, Transition, ZeroSumGame, families
from metanash.learners import LEARNERS

NAMES = ("optimistic_ftrl", "optimistic_gradient", "entropy_extragradient", "entropy_omwu")
SIZES = [(1, 2, 2, 3, 3), (11, 2, 2, 2, 3), (3, 3, 2, 10, 2), (9, 5, 7, 3, 3), (2, 1, 4, 1, 2), (3, 4, 3, 2, 1)]


def some_games(count, rows, columns, states, horizon, *, stationary):
    return families.zero_sum_sequence(
        "random", 3, n_games=count, perturbation=0.3, horizon=horizon, n_states=states, n_actions=(rows, columns),
        stationary=stationary,
    )  # fmt: skip


def assert_same(got, expected):
    assert got.iteration == expected.iteration
    np.testing.assert_allclose(got.values, expected.values, atol=1e-12, rtol=0)
    for pair, other in ((got.iterate, expected.iterate), (got.average, expected.average)):
        for one, two in zip(pair, other, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-12, rtol=0)
    for pair, other in zip(got.memory, expected.memory, strict=True):
        for one, two in zip(pair, other, strict=True):  # of logits and payoffs only differences count
            np.testing.assert_allclose(one - one[..., :1], two - two[..., :1], atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stationary", [True, False])
@pytest.mark.parametrize("sizes", SIZES)
def test_the_kernel_does_what_the_methods_of_the_learner_do(name, sizes, stationary):
    batch = GameBatch.of(some_games(*sizes, stationary=stationary))
    learner = LEARNERS[name](np.linspace(0.1, 0.4, len(batch)))
    begun = learner.start(batch)
    assert_same(learner.advance(batch, begun, 60), learner._advanced_in_numpy(batch, begun, 60))
    assert begun.iteration == 0
    assert not begun.values.any()


@pytest.mark.parametrize("name", NAMES)
def test_sparse_transitions_change_nothing(name):
    (game,) = some_games(1, 3, 2, 4, 3, stationary=True)
    kernel = game.transition.at(0).reshape(-1, 4)
    sparse = ZeroSumGame(game.reward, Transition.sparse([scipy.sparse.csr_array(kernel)], (3, 2)))
    learner, ended = LEARNERS[name](0.3), []
    for one in (game, sparse):
        batch = GameBatch.of(one)
        ended.append(learner.advance(batch, learner.start(batch), 40))
    assert_same(*ended)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_one_step_takes_any_transitions(name):
    (game,) = some_games(1, 3, 2, 4, 1, stationary=True)
    sparse = ZeroSumGame(
        game.reward, Transition.sparse([scipy.sparse.csr_array(game.transition.at(0).reshape(-1, 4))], (3, 2))
    )
    learner, ended = LEARNERS[name](0.3), []
    for one in (game, sparse):
        batch = GameBatch.of(one)
        ended.append(learner.advance(batch, learner.start(batch), 40))
    for got, expected in zip(ended[1].iterate, ended[0].iterate, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert not ended[0].values.any()  # nobody reads them
