"""Threads inside a call: the same bits whatever their number, and that they are there."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from backends import compiled, needs_compiled
from barrier_cases import barrier_arguments
from cautious_cases import cautious_arguments
from kernel_cases import (
    arrays_of,
    ascent_arguments,
    backup_arguments,
    correlated_arguments,
    discounted_arguments,
    expect_arguments,
    finite_arguments,
    maml_arguments,
    matrix_arguments,
    mirror_arguments,
    run,
)
from sampling_cases import (
    sampled_ascent_arguments,
    sampled_mirror_arguments,
    simulate_arguments,
    v_learning_arguments,
)
from smooth_cases import smooth_arguments
from sparse_cases import sparse_backup_arguments, sparse_expect_arguments, sparse_values_arguments
from tree_cases import SHAPES, gains_arguments, learning_arguments, plan_arguments

from metanash import OptimisticMirrorDescent, families, kernels, learn

TASKS = Path("/proc/self/task")


@pytest.fixture(autouse=True)
def one_thread_afterwards():
    yield
    kernels.use_threads(1)


def joint_arguments(rng, lanes, actions, iterations):
    joint, columns = int(np.prod(actions)), sum(actions)
    parts = [rng.dirichlet(np.ones(n), size=lanes) for n in actions]
    q, eta = rng.uniform(size=(lanes, len(actions), joint)), rng.uniform(0.1, 0.3, size=lanes)
    x, policy = np.zeros((lanes, columns)), np.concatenate(parts, axis=1)
    counts = np.array(actions, dtype=np.int64)
    return {
        "q": q,
        "eta": eta,
        "x": x,
        "policy": policy,
        "sum_joint": np.zeros((2, lanes, joint)),
        "actions": counts,
        "lanes": lanes,
        "players": len(actions),
        "joint": joint,
        "columns": columns,
        "done": 0,
        "iterations": iterations,
    }


# Each call reads more than 400,000 numbers, so that no thread is spared, and has a last block that is not whole.
CALLS = {
    "mirror 2x2": ("mirror", lambda rng: mirror_arguments(rng, 101, 2, 2, 0, 1100)),
    "mirror 3x4": ("mirror", lambda rng: mirror_arguments(rng, 101, 3, 4, 0, 500)),
    "joint_mirror 2x2x2": ("joint_mirror", lambda rng: joint_arguments(rng, 101, (2, 2, 2), 300)),
    "joint_mirror 3x2": ("joint_mirror", lambda rng: joint_arguments(rng, 101, (3, 2), 500)),
    "smooth 2x2": ("smooth", lambda rng: smooth_arguments(rng, 101, 2, 2, 2, 2, 0, 500, kinds=2)),
    "smooth 3x2": ("smooth", lambda rng: smooth_arguments(rng, 101, 3, 2, 3, 2, 2, 200)),
    "swap_ftrl 3x2": ("swap_ftrl", lambda rng: barrier_arguments(rng, 101, (3, 2), 2, 2, 60)),
    "cautious 3x2": ("cautious", lambda rng: cautious_arguments(rng, 101, (3, 2), 0, 500, caution=1.0, shift=-20.0)),
    "ascent 2x2": ("ascent", lambda rng: ascent_arguments(rng, 101, (2, 2), 2, 1, 3, 300)),
    "softmax 3x2": ("ascent", lambda rng: ascent_arguments(rng, 101, (3, 2), 2, 2, 3, 200, softmax=1)),
    "maml 2x2": ("maml", lambda rng: maml_arguments(rng, 101, 9, (2, 2), 2, 40)),
    "maml 3x2": ("maml", lambda rng: maml_arguments(rng, 9, 101, (3, 2), 3, 10, redrawn=1)),
    "backup": ("backup", lambda rng: backup_arguments(rng, 11, 6, 300, 37, 3)),
    "finite_values 2x2": ("finite_values", lambda rng: finite_arguments(rng, 1001, (2, 2), 5, 3, 3, zero_sum=True)),
    "finite_values 2x16": ("finite_values", lambda rng: finite_arguments(rng, 101, (2, 16), 7, 3, 1)),
    "correlated_values 3x2": ("correlated_values", lambda rng: correlated_arguments(rng, 1001, (3, 2), 5, 3, 3)),
    "discounted_values 3x2": ("discounted_values", lambda rng: discounted_arguments(rng, 1001, (3, 2), 7, 2, 0.9)),
    "discounted_values, 12 states": (
        "discounted_values",
        lambda rng: discounted_arguments(rng, 301, (3, 2), 12, 1, 0.9),
    ),
    "expect": ("expect", lambda rng: expect_arguments(rng, 101, 40, 37, 3, 5)),
    "learn_trees": ("learn_trees", lambda rng: learning_arguments(rng, 101, SHAPES["two players"], 30)),
    "learn_trees of mirror descent": (
        "learn_trees",
        lambda rng: learning_arguments(rng, 101, SHAPES["three players"], 40, entropy=1, alternating=1),
    ),
    "behaviours": ("behaviours", lambda rng: plan_arguments(rng, 8001, SHAPES["two players"])),
    "gains_in_trees": ("gains_in_trees", lambda rng: gains_arguments(rng, 2001, SHAPES["two players"], 3)),
    "simulate": ("simulate", lambda rng: simulate_arguments(rng, 7, (2, 3), 3, 3, 3000, parts=9, kept=0)),
    "v_learning": ("v_learning", lambda rng: v_learning_arguments(rng, 101, (2, 3), 3, 3, 100)),
    "sampled_mirror": ("sampled_mirror", lambda rng: sampled_mirror_arguments(rng, 101, (2, 3), 3, 3, 50)),
    "sampled_ascent": ("sampled_ascent", lambda rng: sampled_ascent_arguments(rng, 101, (2, 3), 3, 50)),
    "sparse_expect": ("sparse_expect", lambda rng: sparse_expect_arguments(rng, 60_011, 77, 5)),
    "sparse_backup": ("sparse_backup", lambda rng: sparse_backup_arguments(rng, 5, 60_011, 77)),
    "sparse_values 3x4": ("sparse_values", lambda rng: sparse_values_arguments(rng, (3, 4), 5_011, 2, 0)),
    "sparse_values 8x8": ("sparse_values", lambda rng: sparse_values_arguments(rng, (8, 8), 1_011, 2, 0)),
    "equilibria": ("equilibria", lambda rng: matrix_arguments(rng.uniform(size=(101, 13, 14)))),
}


@needs_compiled
@pytest.mark.parametrize("name", CALLS)
def test_the_number_of_threads_changes_no_bit(name):
    kernel, make = CALLS[name]
    found = []
    for count in (1, 2, 3, 7):
        kernels.use_threads(count)
        arguments = make(np.random.default_rng(5))
        getattr(compiled, kernel)(**arguments)
        found.append([arguments[name] for name in arrays_of(arguments)])
    arguments = make(np.random.default_rng(5))
    start = [arguments[name] for name in arrays_of(arguments)]
    assert any((before != after).any() for before, after in zip(start, found[0], strict=True))
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_a_run_is_the_same_on_any_number_of_threads():
    games = families.zero_sum_sequence("mixed", 5, n_games=25, perturbation=0.2, horizon=2)
    runs = []
    for count in (1, 2, 3):
        kernels.use_threads(count)
        runs.append(learn(games, OptimisticMirrorDescent(0.2), 2000, at=[2000]))
    for other in runs[1:]:
        np.testing.assert_array_equal(other.ne_gap, runs[0].ne_gap)
        for mine, theirs in zip(other.policy, runs[0].policy, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@needs_compiled
@pytest.mark.skipif(not TASKS.exists(), reason="threads are counted in /proc")
@pytest.mark.parametrize(("lanes", "wanted"), [(48, 3), (16, 1)])
def test_a_call_runs_on_so_many_threads_and_lets_others_run(lanes, wanted):
    """Sixteen lanes are not split."""
    arguments = mirror_arguments(np.random.default_rng(0), lanes, 2, 2, 0, 1_000_000)
    kernels.use_threads(3)
    time.sleep(0.1)  # threads of an earlier call leave the list some time after they were joined
    most, before, over = 0, len(os.listdir(TASKS)), threading.Event()

    def call():
        run(compiled, "mirror", arguments)
        over.set()

    caller = threading.Thread(target=call)
    caller.start()
    while not over.is_set():
        most = max(most, len(os.listdir(TASKS)))
        time.sleep(0.001)
    caller.join()
    assert most - before == wanted


@pytest.mark.parametrize("count", [0, -1, 257])
def test_a_wrong_number_of_threads_is_refused(count):
    with pytest.raises(ValueError, match=f"between 1 and 256, got {count}"):
        kernels.use_threads(count)
