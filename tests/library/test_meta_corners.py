"""Meta-updates by hand: the weight of uniform play for K games, what is counted, and how runs are laid side by side."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from metanash import META_UPDATES
from metanash.meta import (
    AverageTarget,
    SequenceRun,
    best_response_target,
    last_stage_average_target,
    output_policy_target,
    shared_best_response_target,
    stage_average_target,
)

TARGETS = {
    "best_response": best_response_target,
    "shared_best_response": shared_best_response_target,
    "stage_average": stage_average_target,
    "last_stage_average": last_stage_average_target,
    "output_policy": output_policy_target,
}


@pytest.mark.parametrize("name", TARGETS)
def test_the_weight_of_uniform_play_is_one_over_the_root_of_the_number_of_games(name):
    """Theorem 2; a single game, which teaches nothing that is used, gets that of two, since 1 would be refused."""
    for games, alpha in ((16, 0.25), (4, 0.5), (3, 1 / math.sqrt(3)), (2, 1 / math.sqrt(2)), (1, 1 / math.sqrt(2))):
        update = META_UPDATES[name](games)
        assert update.alpha == pytest.approx(alpha, rel=1e-15)
        assert update.target is TARGETS[name]
        assert (update.total, update.count) == (None, 0)


def test_targets_are_counted_mixed_and_averaged():
    """By hand: half of (1, 0), then of (0, 1), then of (0, 1), and half of (1/2, 1/2) each."""
    targets = iter([(np.array([1.0, 0.0]),), (np.array([0.0, 1.0]),), (np.array([0.0, 1.0]),)])
    update = AverageTarget(lambda learner, run: next(targets), 0.5)  # noqa: ARG005
    assert update.initial() is None
    expected = [[0.75, 0.25], [0.5, 0.5], [5 / 12, 7 / 12]]
    for number, wanted in enumerate(expected, start=1):
        update = update.observe(None, None)
        assert update.count == number
        np.testing.assert_allclose(update.initial()[0], wanted, rtol=1e-15)
        np.testing.assert_allclose(update.total[0], np.array(wanted) * number, rtol=1e-15)


def test_a_shared_best_response_counts_every_iteration_once():
    """By hand: action 1 pays 1 more in a stage of one iteration, action 2 pays 0.4 more in one of nine; then of two."""
    for length, wanted in ((9, [0.0, 1.0]), (2, [1.0, 0.0])):
        stages = [
            SimpleNamespace(iterations=1, payoff=(np.array([[[[1.0, 0.0]]]]), np.array([[[[0.3, 0.3]]]]))),
            SimpleNamespace(iterations=length, payoff=(np.array([[[[0.2, 0.6]]]]), np.array([[[[0.1, 0.1]]]]))),
        ]
        run = SimpleNamespace(state=SimpleNamespace(iteration=1 + length, initial=(None, None)))
        learner = SimpleNamespace(stages=lambda state, all_=stages: all_)  # noqa: ARG005
        first, second = shared_best_response_target(learner, run)
        assert first.shape == second.shape == (1, 1, 1, 1, 2)
        assert first.ravel().tolist() == wanted
        assert second.ravel().tolist() == [0.5, 0.5]


def test_measures_of_a_sequence_have_the_games_second():
    """Two sequences (rows) of three games with four checkpoints: entry [i, k, c] is that of run k."""
    curves = [np.array([[k, k + 0.1, k + 0.2, k + 0.3], [10.0 + k] * 4]) for k in range(3)]
    runs = tuple(SimpleNamespace(measures={"drift": -curve}, ne_gap=curve) for curve in curves)
    found = SequenceRun(runs)
    assert found.measured("drift").shape == found.ne_gap.shape == (2, 3, 4)
    for i, k, c in np.ndindex(2, 3, 4):
        assert found.ne_gap[i, k, c] == curves[k][i, c]
        assert found.measured("drift")[i, k, c] == -curves[k][i, c]
