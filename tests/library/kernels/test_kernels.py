"""Kernels: compiled against NumPy, each against closed forms, bits that must not depend on batches or cuts."""

import array
import itertools
import math
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import oracles
import oracles_play
import pytest
from backends import BACKENDS, compiled, needs_compiled, results_on, run_on
from barrier_cases import BARRIER_WRITTEN, barrier_arguments
from cautious_cases import CAUTIOUS_WRITTEN, cautious_arguments
from kernel_cases import (
    CHUNK,
    WRITTEN,
    arrays_of,
    ascent_arguments,
    backup_arguments,
    cases,
    copied,
    correlated_arguments,
    discounted_arguments,
    expect_arguments,
    finite_arguments,
    fold_arguments,
    maml_arguments,
    matrix_arguments,
    mirror_arguments,
    resample_arguments,
    run,
    simplex_arguments,
    uniform_arguments,
)
from sampling_cases import (
    sampled_ascent_arguments,
    sampled_mirror_arguments,
    simulate_arguments,
    v_learning_arguments,
)
from schedule_cases import joint_run_arguments, mirror_run_arguments, regret_run_arguments
from smooth_cases import RULES, SMOOTH_WRITTEN, smooth_arguments
from sparse_cases import sparse_backup_arguments, sparse_expect_arguments, sparse_values_arguments
from tree_cases import SHAPES, gains_arguments, learning_arguments, plan_arguments

from metanash.kernels import twin


def assert_close(got, expected, tolerance, where):
    for name, array_ in expected.items():
        assert not np.isnan(got[name]).any(), f"{where}: {name}"
        same = got[name] == array_  # infinities too
        with np.errstate(invalid="ignore"):
            error = np.where(same, 0.0, np.abs(got[name] - array_))
        assert error.max(initial=0.0) <= tolerance, f"{where}: {name} differs by {error.max()}"


# Two implementations, and each instruction set ----------------------------------------------------------


@pytest.fixture(scope="module")
def reference():
    return [(label, run(twin, kernel, arguments), tolerance) for label, kernel, arguments, tolerance in cases()]


@needs_compiled
def test_compiled_agrees_with_numpy(reference):
    for (label, expected, tolerance), (_, kernel, arguments, _) in zip(reference, cases(), strict=True):
        assert_close(run(compiled, kernel, arguments), expected, tolerance, label)


@needs_compiled
def test_probabilities_agree_relatively(reference):
    """An error of logits is a relative one of probabilities, however small; below 1e-300 they are cut to 0.

    Where both players have two actions, C works out the first action's probability and takes it from 1.
    """
    seen = 1.0
    for (label, expected, tolerance), (_, kernel, arguments, _) in zip(reference, cases(), strict=True):
        if kernel != "mirror":
            continue
        got = run(compiled, kernel, arguments)
        for name in ("mu", "nu", "sum_mu", "sum_nu"):
            wanted = expected[name][..., :1] if (arguments["rows"], arguments["columns"]) == (2, 2) else expected[name]
            error = np.abs(got[name][..., : wanted.shape[-1]] - wanted)
            assert (error <= max(tolerance, 2e-15) * wanted + 1e-300).all(), f"{label}: {name}"
            seen = min(seen, wanted[wanted > 1e-300].min(initial=1.0))
    assert seen < 1e-200


@needs_compiled
@pytest.mark.parametrize("isa", ["avx512", "avx2", "portable"])
def test_each_instruction_set_agrees_with_numpy(isa, reference):
    """The portable kernels cannot fuse products into sums: close to the others, not equal."""
    stored = results_on(isa, "kernel_cases.py")
    for number, (label, expected, tolerance) in enumerate(reference):
        assert_close({name: stored[f"{number} {name}"] for name in expected}, expected, tolerance, label)


@needs_compiled
@pytest.mark.parametrize("script", ["kernel_cases.py", "joint_cases.py", "regret_cases.py"])
def test_processors_that_fuse_give_the_same_bits(script):
    """Sums have eight running parts whatever the width, and the same products are fused: a laptop gives the bits of
    a server."""
    one, other = (results_on(isa, script) for isa in ("avx512", "avx2"))
    assert [name for name in one if name != "isa" and one[name].tobytes() != other[name].tobytes()] == []
    assert len(one) > 400
    assert (str(one["isa"]), str(other["isa"])) == ("avx512", "avx2")


@needs_compiled
def test_sampled_play_and_learning_give_the_same_bits_on_each_instruction_set():
    """Nothing is fused there, where one bit may decide what is drawn; exp and log are those of the C library."""
    sets = [results_on(isa, "kernel_cases.py") for isa in ("avx512", "avx2", "portable")]
    kinds = ("simulate", "v_learning", "sampled_mirror", "sampled_ascent")
    kernels_of = [kernel for _, kernel, _, _ in cases()]
    names = [name for name in sets[0] if name != "isa" and kernels_of[int(name.split()[0])] in kinds]
    assert len(names) > 1000
    for other in sets[1:]:
        assert [name for name in names if sets[0][name].tobytes() != other[name].tobytes()] == []


@needs_compiled
@pytest.mark.skipif(os.name != "posix", reason="memory is protected by mprotect")
@pytest.mark.parametrize("isa", ["avx512", "avx2", "portable"])
def test_kernels_touch_nothing_behind_their_arrays(isa):
    done = run_on(isa, "guarded.py")
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]} {done.stderr}"
    assert done.stdout.splitlines()[-1] == "done"


# Bits ---------------------------------------------------------------------------------------------------


# Arguments whose first axis is the lanes (in ``maml``: the rows), those whose second axis is, and their number.
LANES = {
    "mirror": ("q eta x y mu nu", "sum_mu sum_nu sum_value", "lanes"),
    "ascent": ("reward index step initial policy response least", "sum_gap", "lanes"),
    "maml": ("probability logits gradient objective norm least", "game", "rows"),
    "cautious": ("q eta prior regret last policy paces", "sum_joint", "lanes"),
    "smooth": (f"reward index eta {' '.join(SMOOTH_WRITTEN)}", "", "games"),
    "swap_ftrl": (f"reward index eta prior {' '.join(BARRIER_WRITTEN)}", "", "games"),
    "expect": ("index values out", "", "games"),
    "backup": ("reward index values out", "", "games"),
    "finite_values": ("reward index initial value start", "", "games"),
    "discounted_values": ("reward index initial value start", "", "games"),
    "correlated_values": ("reward index weights before after", "", "games"),
    "equilibria": ("payoff solution", "", "games"),
    "learn_trees": (
        "payoff rate memory strategy plan_sum gradient gradient_sum value_sum",
        "seen_plan seen_strategy seen_gradient seen_value", "games",
    ),
    "behaviours": ("plan strategy", "", "rows"),
    "gains_in_trees": ("index strategy gain", "", "games"),
    "simulate": ("reward index start ends seed visits returns", "", "games"),
    "v_learning": (
        "reward index start seed rate prior policy loss average count value followed deviated reply", "", "games",
    ),
    "sampled_mirror": (
        "reward index start seed eta value x policy payoff baseline sum_joint sum_payoff sum_value met", "", "games",
    ),
    "sampled_ascent": ("reward index start seed step policy baseline played", "", "games"),
}  # fmt: skip


def one_lane(kernel, arguments, lane):
    """The arguments of one lane alone; of one row of ``maml``."""
    first, second, count = LANES[kernel]
    alone = copied(arguments) | {count: 1}
    alone |= {name: arguments[name][lane : lane + 1].copy() for name in first.split()}
    alone |= {name: arguments[name][:, lane : lane + 1].copy() for name in second.split()}
    if kernel in {"finite_values", "discounted_values"}:
        alone["policy"] = tuple(part[lane : lane + 1].copy() for part in arguments["policy"])
    return alone


def assert_alone_equals_batch(module, kernel, arguments, lanes):
    batch = copied(arguments)
    getattr(module, kernel)(**batch)
    for lane in lanes:
        alone = one_lane(kernel, arguments, lane)
        getattr(module, kernel)(**alone)
        expected = one_lane(kernel, batch, lane)
        for name in arrays_of(alone):
            np.testing.assert_array_equal(alone[name], expected[name], err_msg=f"{kernel}, lane {lane}, {name}")


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (1, 9), (9, 1), (4, 5), (9, 9)])
def test_a_lane_alone_gives_the_bits_of_the_batch_in_mirror(module, rows, columns):
    rng = np.random.default_rng([rows, columns])
    for lanes in (2, 5, 19):
        arguments = mirror_arguments(rng, lanes, rows, columns, 1020, 40)
        assert_alone_equals_batch(module, "mirror", arguments, range(lanes))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("softmax", "natural"), [(0, 0), (1, 0), (1, 1)])
@pytest.mark.parametrize("actions", [(1,), (9,), (2, 2), (9, 8), (2, 2, 2), (3, 2, 4), (2, 2, 2, 3)])
def test_a_lane_alone_gives_the_bits_of_the_batch_in_ascent(module, actions, softmax, natural):
    """Policies, best responses, sums over two chunks and least probabilities."""
    rng = np.random.default_rng(actions)
    for states in (1, 2, 3):
        for reward_rows in {1, len(actions)}:
            arguments = ascent_arguments(
                rng,
                11,
                actions,
                states,
                reward_rows,
                3,
                10,
                softmax=softmax,
                natural=natural,
                done=1018,
                start="holes",
            )
            assert_alone_equals_batch(module, "ascent", arguments, range(11))


@pytest.mark.parametrize("module", BACKENDS)
def test_lanes_that_still_improve_do_not_move_lanes_that_have_ended(module):
    """Actions 0 and 1 of the first player tie up to rounding: the same payoffs against uniform play, reordered."""
    rng = np.random.default_rng(12)
    arguments = ascent_arguments(rng, 40, (3, 5), 3, 1, 40, 1, start="pure")
    arguments["index"][...] = np.arange(40)
    for table in (arguments["reward"].reshape(40, 3, 3, 5), arguments["transition"].reshape(40, 3, 3, 5, 3)):
        table[:, :, 1] = np.flip(table[:, :, 0], axis=2)
    arguments["policy"].reshape(40, 3, 8)[:, :, 3:] = 0.2
    arguments["sum_gap"][...] = 0.0
    assert len(np.unique(arguments["response"][:, :, 0])) == 3
    assert_alone_equals_batch(module, "ascent", arguments, range(40))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("entropy", "alternating"), [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_game_alone_gives_the_bits_of_the_batch_in_trees(module, shape, entropy, alternating):
    """Whole vectors of games, a part of one, and a game that is left over and learned as one alone."""
    rng = np.random.default_rng([entropy, alternating, len(shape)])
    for games in (2, 9, 17):
        arguments = learning_arguments(rng, games, SHAPES[shape], 9, entropy=entropy, alternating=alternating)
        assert_alone_equals_batch(module, "learn_trees", arguments, range(games))
    assert_alone_equals_batch(module, "gains_in_trees", gains_arguments(rng, 9, SHAPES[shape], 2), range(9))
    assert_alone_equals_batch(module, "behaviours", plan_arguments(rng, 9, SHAPES[shape]), range(9))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(3,), (2, 2), (3, 1, 2)])
def test_a_game_alone_gives_the_bits_of_the_batch_in_sampled_play(module, actions):
    """Draws depend on the seed of the game, not on its place."""
    rng = np.random.default_rng(actions)
    for kernel, arguments in [
        ("simulate", simulate_arguments(rng, 5, actions, 2, 3, 40, parts=3, kept=0)),
        ("v_learning", v_learning_arguments(rng, 5, actions, 2, 3, 40)),
        ("sampled_mirror", sampled_mirror_arguments(rng, 5, actions, 2, 3, 4)),
        ("sampled_ascent", sampled_ascent_arguments(rng, 5, actions, 2, 4)),
    ]:
        assert_alone_equals_batch(module, kernel, arguments, range(5))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("count", [1, 3, 19])
@pytest.mark.parametrize(("actions", "states"), [((3,), 1), ((2, 2), 1), ((2, 2), 2), ((2, 2, 2), 2), ((3, 2, 4), 3)])
def test_a_row_alone_gives_the_bits_of_the_batch_in_maml(module, actions, states, count):
    """Its games share vectors with those of other rows."""
    rng = np.random.default_rng([count, states, *actions])
    for inner_steps, first_order, redrawn in [(0, 0, 0), (3, 0, 1), (3, 1, 0)]:
        arguments = maml_arguments(
            rng, 5, count, actions, states, inner_steps, 3, first_order=first_order, redrawn=redrawn
        )
        assert_alone_equals_batch(module, "maml", arguments, range(5))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("actions", "states", "discount"), [
    ((2, 2), 1, 0.9), ((2, 2), 2, 0.9), ((2, 2, 2), 2, 0.9), ((3,), 3, 0.9), ((2, 3, 1, 2), 3, 0.9), ((2, 2), 2, 0.0),
    ((3, 2), 2, 0.99),
])  # fmt: skip
@pytest.mark.parametrize("inner_steps", [0, 1, 20])
def test_meta_gradients_are_differences_of_objectives(module, actions, states, discount, inner_steps):
    """Central ones, of order 2: errors of h^2 third derivatives, and of a rounding of the objective over h."""
    arguments = maml_arguments(
        np.random.default_rng([states, *actions]), 2, 4, actions, states, inner_steps, 1, discount,
        0.3 * (1.0 - discount) ** 2,
    )  # fmt: skip
    gradient, h, scale = run(module, "maml", arguments)["gradient"], 1e-5, 1.0 / (1.0 - discount) ** 2
    assert np.abs(gradient).max() > 1e-3
    for place in np.ndindex(*gradient.shape[1:]):
        ends = []
        for sign in (1, -1):
            moved = copied(arguments)
            moved["logits"][(slice(None), *place)] += sign * h
            ends.append(run(module, "maml", moved)["objective"])
        np.testing.assert_allclose((ends[0] - ends[1]) / (2 * h), gradient[(slice(None), *place)], atol=1e-8 * scale)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("redrawn", [0, 1])
def test_a_cut_maml_run_gives_the_bits_of_the_whole(module, redrawn):
    """The objective and the norm are those of the first iteration, the gradient that of the last."""
    whole = maml_arguments(np.random.default_rng(7), 3, 4, (2, 2), 2, 2, 6, redrawn=redrawn)
    cut, done, parts = copied(whole), 0, []
    module.maml(**whole)
    game = cut["game"]
    for piece in (1, 2, 3):
        cut["game"] = game[done : done + piece].copy() if redrawn else game
        cut |= {"draws": len(cut["game"]), "iterations": piece}
        module.maml(**cut)
        parts.append({name: cut[name].copy() for name in ("objective", "norm", "least")})
        done += piece
    np.testing.assert_array_equal(cut["logits"], whole["logits"])
    np.testing.assert_array_equal(cut["gradient"], whole["gradient"])
    np.testing.assert_array_equal(parts[0]["objective"], whole["objective"])
    np.testing.assert_array_equal(parts[0]["norm"], whole["norm"])
    np.testing.assert_array_equal(np.min([part["least"] for part in parts], axis=0), whole["least"])
    assert (whole["least"] < whole["norm"]).any()


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("states", [1, 2, 7, 8, 33])
def test_a_game_alone_gives_the_bits_of_the_batch_in_expect(module, states):
    arguments = expect_arguments(np.random.default_rng(states), 7, 6, states, 3, 2)
    assert_alone_equals_batch(module, "expect", arguments, range(7))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 2), (3, 5), (9, 8), (20, 21)])
def test_a_game_alone_gives_the_bits_of_the_batch_in_equilibria(module, rows, columns):
    rng = np.random.default_rng([rows, columns])
    payoff = np.concatenate([
        rng.uniform(size=(4, rows, columns)),
        rng.integers(2, size=(4, rows, columns)).astype(float),
        1e8 + rng.normal(size=(4, rows, columns)),
    ])  # fmt: skip
    assert_alone_equals_batch(module, "equilibria", matrix_arguments(rng.permutation(payoff)), range(12))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("states", [1, 2, 8, 33])
@pytest.mark.parametrize("steps", [1, 2, 4, 7])
def test_a_game_alone_gives_the_bits_of_the_batch_in_backup(module, states, steps):
    arguments = backup_arguments(np.random.default_rng([steps, states]), 7, steps, 11, states, 2)
    assert_alone_equals_batch(module, "backup", arguments, range(7))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("vectors", [1, 2, 3, 5, 7])
def test_a_vector_alone_gives_the_bits_of_all_under_a_sparse_kernel(module, vectors):
    """However many lie side by side, and whether rewards are added."""
    arguments = sparse_expect_arguments(np.random.default_rng(vectors), 130, 9, vectors, 7)
    together = run(module, "sparse_expect", arguments)["out"]
    for v in range(vectors):
        one = {"values": arguments["values"][v : v + 1].copy(), "out": np.empty((1, 130)), "vectors": 1}
        np.testing.assert_array_equal(run(module, "sparse_expect", arguments | one)["out"][0], together[v])
    steps = {"steps": vectors + 1, "first": 0, "last": vectors + 1, "reward": np.zeros((vectors + 1, 130))}
    steps |= {"values": np.concatenate([np.zeros((1, 9)), arguments["values"]]), "out": np.empty((vectors + 1, 130))}
    kept = {name: value for name, value in arguments.items() if name not in {"vectors", "values", "out"}}
    np.testing.assert_array_equal(run(module, "sparse_backup", kept | steps)["out"][:-1], together)


@pytest.mark.parametrize("module", BACKENDS)
def test_backup_leaves_other_steps_alone(module):
    arguments = backup_arguments(np.random.default_rng(3), 3, 6, 9, 4, 2, 2, 5)
    module.backup(**arguments)
    assert (arguments["out"][:, [0, 1, 5]] == -1.0).all()
    assert (arguments["out"][:, 2:5] >= 0.0).all()


@pytest.mark.parametrize("module", BACKENDS)
def test_fold_empties_sums_into_the_total(module):
    sums, total = np.array([[1.0, 2.0], [0.25, 0.5]]), np.array([10.0, 20.0])
    module.fold(sums, total, 2)
    assert total.tolist() == [11.25, 22.5]
    assert not sums.any()


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(1,), (2, 2), (3, 2), (2, 16), (19, 3), (2, 3, 2), (2, 2, 17)])
def test_a_game_alone_gives_the_bits_of_the_batch_in_values(module, actions):
    rng = np.random.default_rng(actions)
    for states in (1, 2, 3, 9):
        arguments = finite_arguments(rng, 11, actions, states, 3, 3, 3)
        assert_alone_equals_batch(module, "finite_values", arguments, range(11))
        arguments = correlated_arguments(rng, 11, actions, states, 3, 3, 3)
        assert_alone_equals_batch(module, "correlated_values", arguments, range(11))
        for rows in {1, len(actions)}:
            arguments = discounted_arguments(rng, 11, actions, states, rows, 0.9, 3)
            assert_alone_equals_batch(module, "discounted_values", arguments, range(11))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 1), (2, 2), (4, 3), (1, 3)])
def test_a_cut_mirror_run_gives_the_bits_of_the_whole(module, rows, columns):
    rng = np.random.default_rng(7)
    for done, pieces in [
        (0, [1, 2, 3]),
        (1000, [23, 1, 1, 30]),
        (1022, [1, 1, 1]),
        (0, [1023, 1, 1025]),
        (5, [0, 4, 0]),
    ]:
        whole = mirror_arguments(rng, 3, rows, columns, done, sum(pieces))
        cut = copied(whole)
        module.mirror(**whole)
        for piece in pieces:
            module.mirror(**cut | {"done": done, "iterations": piece})
            done += piece  # noqa: PLW2901
        for name in WRITTEN["mirror"]:
            np.testing.assert_array_equal(cut[name], whole[name])


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2), (9, 8)])
def test_a_game_alone_gives_the_bits_of_the_batch_in_smooth(module, rule, rows, columns):
    """Vectors of games and of steps and states: the same operations in the same order."""
    rng = np.random.default_rng([rule, rows])
    for states, horizon, steps in [(1, 1, 1), (2, 2, 1), (3, 3, 3), (10, 2, 1)]:
        for kinds in (1, 2):
            sizes = (11, rows, columns, states, horizon, rule, 9)
            arguments = smooth_arguments(rng, *sizes, kinds=kinds, steps=steps, holes=rule != 1)
            assert_alone_equals_batch(module, "smooth", arguments, (0, 6, 10))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(3,), (2, 2), (9, 8), (2, 3, 2)])
def test_a_lane_alone_gives_the_bits_of_the_batch_in_cautious(module, actions):
    """Some lanes slow down and some do not."""
    rng = np.random.default_rng(actions)
    for shift in (0.0, -20.0):
        arguments = cautious_arguments(rng, 11, actions, 1018, 10, caution=1.0, shift=shift, holes=True)
        assert_alone_equals_batch(module, "cautious", arguments, range(11))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(3,), (2, 2), (3, 2, 2)])
def test_a_game_alone_gives_the_bits_of_the_batch_with_the_log_barrier(module, actions):
    rng = np.random.default_rng(actions)
    for states, horizon, steps, kinds in [(1, 1, 1, 1), (2, 3, 1, 2), (3, 2, 2, 1)]:
        arguments = barrier_arguments(rng, 11, actions, states, horizon, 6, kinds=kinds, steps=steps)
        assert_alone_equals_batch(module, "swap_ftrl", arguments, (0, 6, 10))


@pytest.mark.parametrize("module", BACKENDS)
def test_a_cut_run_with_the_log_barrier_gives_the_bits_of_the_whole(module):
    whole = barrier_arguments(np.random.default_rng(13), 10, (3, 2), 2, 3, 9, done=0)
    cut, done = copied(whole), 0
    module.swap_ftrl(**whole)
    for piece in (1, 0, 3, 5):
        module.swap_ftrl(**cut | {"done": done, "iterations": piece})
        done += piece
    for name in BARRIER_WRITTEN:
        np.testing.assert_array_equal(cut[name], whole[name], err_msg=name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(2, 2), (3, 2, 2)])
def test_a_cut_cautious_run_gives_the_bits_of_the_whole(module, actions):
    rng = np.random.default_rng(12)
    for done, pieces in [(0, [1, 0, 4, 5]), (1020, [1, 1, 1, 5])]:
        whole = cautious_arguments(rng, 10, actions, done, sum(pieces), caution=1.0, shift=-20.0)
        cut = copied(whole)
        module.cautious(**whole)
        for piece in pieces:
            module.cautious(**cut | {"done": done, "iterations": piece})
            done += piece  # noqa: PLW2901
        for name in CAUTIOUS_WRITTEN:
            np.testing.assert_array_equal(cut[name], whole[name], err_msg=name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2)])
@pytest.mark.parametrize("games", [1, 10])
def test_a_cut_smooth_run_gives_the_bits_of_the_whole(module, rule, rows, columns, games):
    rng = np.random.default_rng(11)
    for done, pieces in [(0, [1, 0, 4, 5]), (1020, [1, 1, 1, 5])]:
        whole = smooth_arguments(rng, games, rows, columns, 3, 2, rule, sum(pieces), done=done, holes=rule != 1)
        cut = copied(whole)
        module.smooth(**whole)
        for piece in pieces:
            module.smooth(**cut | {"done": done, "iterations": piece})
            done += piece  # noqa: PLW2901
        for name in SMOOTH_WRITTEN:
            np.testing.assert_array_equal(cut[name], whole[name], err_msg=name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("softmax", [0, 1])
@pytest.mark.parametrize(
    ("actions", "states", "reward_rows"),
    [((3, 2), 3, 2), ((2, 2), 2, 1), ((2, 2), 1, 2), ((2, 2, 2), 2, 1), ((4,), 2, 1)],
)
def test_a_cut_ascent_run_gives_the_bits_of_the_whole(module, softmax, actions, states, reward_rows):
    rng = np.random.default_rng(8)
    for done, pieces in [(0, [1, 0, 4, 5]), (1019, [1, 4, 1, 5]), (1022, [1, 1, 1]), (1024, [2, 0, 1])]:
        whole = ascent_arguments(rng, 5, actions, states, reward_rows, 2, sum(pieces), softmax=softmax, done=done)
        cut = copied(whole)
        module.ascent(**whole)
        for piece in pieces:
            module.ascent(**cut | {"done": done, "iterations": piece})
            done += piece  # noqa: PLW2901
        for name in (*WRITTEN["ascent"], "response"):
            np.testing.assert_array_equal(cut[name], whole[name])


@needs_compiled
@pytest.mark.parametrize(
    ("kernel", "make"),
    [
        ("mirror", lambda rng: mirror_arguments(rng, 20, 3, 2, 0, 5000)),
        ("ascent", lambda rng: ascent_arguments(rng, 20, (3, 2), 2, 2, 2, 2000, softmax=1)),
    ],
)
def test_calls_in_several_threads_do_not_disturb_each_other(kernel, make):
    """The compiled loops run without the interpreter's lock, and share nothing."""
    arguments = [make(np.random.default_rng(k)) for k in range(8)]
    alone = [run(compiled, kernel, each) for each in arguments]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: run(compiled, kernel, each), arguments))
    for one, other in zip(alone, together, strict=True):
        for name, array_ in one.items():
            np.testing.assert_array_equal(other[name], array_)


@pytest.mark.parametrize("module", BACKENDS)
def test_kernels_write_only_their_outputs(module):
    rng = np.random.default_rng(9)
    gap = (*WRITTEN["ascent"], "response")
    for kernel, arguments, written in [
        ("mirror", mirror_arguments(rng, 3, 2, 3, 0, 5), WRITTEN["mirror"]),
        ("ascent", ascent_arguments(rng, 3, (2, 3), 2, 2, 2, 5), gap),
        ("ascent", ascent_arguments(rng, 3, (2, 2), 2, 1, 2, 5, softmax=1), gap),
        ("ascent", ascent_arguments(rng, 3, (2, 3), 2, 2, 2, 5, measure=0, done=1020), ["policy"]),
        ("ascent", ascent_arguments(rng, 3, (2, 2), 2, 1, 2, 5, measure=0, done=1020, softmax=1), ["policy"]),
        ("maml", maml_arguments(rng, 3, 2, (2, 3), 2, 2, redrawn=1), WRITTEN["maml"]),
        ("maml", maml_arguments(rng, 3, 2, (2, 2), 2, 2, 0), []),
        ("cautious", cautious_arguments(rng, 3, (2, 3), 1020, 9), CAUTIOUS_WRITTEN),
        ("swap_ftrl", barrier_arguments(rng, 3, (2, 3), 2, 2, 4), BARRIER_WRITTEN),
        ("smooth", smooth_arguments(rng, 3, 2, 3, 2, 2, 0, 4), [n for n in SMOOTH_WRITTEN if n not in {"x", "y"}]),
        ("smooth", smooth_arguments(rng, 3, 3, 2, 2, 2, 2, 4), [n for n in SMOOTH_WRITTEN if n[:3] != "sum"]),
        ("learn_trees", learning_arguments(rng, 3, [[2, 3], [3]], 4), WRITTEN["learn_trees"]),
        (
            "learn_trees",
            learning_arguments(rng, 3, [[2, 3], [3]], 4, alternating=1),
            ["memory", "strategy", "plan_sum", "seen_plan", "seen_strategy", "seen_value"],
        ),
        ("gains_in_trees", gains_arguments(rng, 3, [[2, 3], [3]], 2), ["gain"]),
        ("behaviours", plan_arguments(rng, 3, [[2, 3], [3]]), ["strategy"]),
        ("simulate", simulate_arguments(rng, 3, (2, 3), 2, 3, 40), WRITTEN["simulate"]),
        ("simulate", simulate_arguments(rng, 3, (2, 3), 2, 3, 40, kept=0), ["visits", "returns"]),
        ("v_learning", v_learning_arguments(rng, 3, (2, 3), 2, 3, 40), WRITTEN["v_learning"]),
        (
            "v_learning",
            v_learning_arguments(rng, 3, (2, 3), 2, 3, 40, measure=0),
            ["policy", "loss", "average", "count", "value"],
        ),
        ("sampled_mirror", sampled_mirror_arguments(rng, 3, (2, 3), 2, 3, 4), WRITTEN["sampled_mirror"]),
        ("sampled_ascent", sampled_ascent_arguments(rng, 3, (2, 3), 2, 4), WRITTEN["sampled_ascent"]),
        ("mirror_run", mirror_run_arguments(rng, 3, 2, 3, 2, 4), WRITTEN["mirror_run"]),
        ("joint_run", joint_run_arguments(rng, 3, 2, 3, (2, 4)), WRITTEN["joint_run"]),
        ("regret_run", regret_run_arguments(rng, 3, 2, 3, 2, 4), WRITTEN["regret_run"]),
        ("expect", expect_arguments(rng, 3, 4, 2, 2, 2), ["out"]),
        ("backup", backup_arguments(rng, 3, 4, 5, 2, 2), ["out"]),
        ("fold", fold_arguments(rng, 5), ["sums", "total"]),
        ("finite_values", finite_arguments(rng, 3, (2, 3), 2, 2, 2), ["value", "start"]),
        ("finite_values", finite_arguments(rng, 3, (2, 16), 2, 2, 1), ["value", "start"]),
        ("finite_values", finite_arguments(rng, 3, (2, 3), 2, 2, 0, step=1), ["value"]),
        ("correlated_values", correlated_arguments(rng, 3, (2, 3), 2, 2, 2), ["after"]),
        ("discounted_values", discounted_arguments(rng, 3, (2, 3), 2, 2, 0.9), ["value", "start"]),
        ("discounted_values", discounted_arguments(rng, 3, (2, 3), 9, 1, 0.9), ["value", "start"]),
        ("equilibria", matrix_arguments(rng.uniform(size=(3, 4, 5))), ["solution"]),
    ]:
        before = copied(arguments)
        getattr(module, kernel)(**arguments)
        for name in arrays_of(arguments):
            same = np.array_equal(arguments[name], before[name])
            assert same == (name not in written), f"{kernel}, {name}"


# Gaps that ascent sums ----------------------------------------------------------------------------------

SMALL = [
    ((1,), 2), ((3,), 2), ((2, 2), 1), ((2, 2), 2), ((2, 2), 3), ((2, 1), 2), ((3, 2), 2),
    ((2, 2, 2), 2), ((2, 2, 2), 1), ((2, 3, 1), 2), ((2, 1, 2, 2), 2),
]  # fmt: skip


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("softmax", [0, 1])
@pytest.mark.parametrize(("actions", "states"), SMALL)
def test_one_iteration_measures_what_enumeration_finds(module, actions, states, softmax):
    """The gap, the least probability of best actions and the best responses of the policy *before* the iteration."""
    rng = np.random.default_rng([states, *actions])
    for reward_rows, discount, start in [
        (1, 0.9, "interior"),
        (len(actions), 0.9, "pure"),
        (len(actions), 0.0, "holes"),
    ]:
        lanes = 5
        arguments = ascent_arguments(
            rng, lanes, actions, states, reward_rows, 2, 1, discount, softmax=softmax, start=start
        )
        reward, transition, index, initial = (arguments[n] for n in ("reward", "transition", "index", "initial"))
        policy = arguments["policy"].copy()
        arguments["sum_gap"][...], arguments["least"][...] = 0.0, 1.0
        module.ascent(**arguments)
        for lane in range(lanes):
            rewards = oracles.plain(np.broadcast_to(
                reward[lane].reshape(reward_rows, states, *actions), (len(actions), states, *actions)
            ))  # fmt: skip
            kernel = oracles.plain(transition[index[lane]].reshape(states, *actions, states))
            bounds = np.cumsum((0, *actions))
            parts = [policy[lane][:, a:b].tolist() for a, b in itertools.pairwise(bounds)]
            parts = [[softmax_(row) for row in part] for part in parts] if softmax else parts
            gains = oracles.discounted_gains(rewards, kernel, discount, initial[lane].tolist(), parts)
            assert arguments["sum_gap"][0, lane] == 0.0
            assert arguments["sum_gap"][1, lane] == pytest.approx(max(gains), abs=1e-12)
            least = oracles_play.least_best(rewards, kernel, discount, parts)
            assert arguments["least"][lane] == pytest.approx(least, abs=1e-12)
            for i, n in enumerate(actions):
                own = [[float(a == chosen) for a in range(n)] for chosen in arguments["response"][lane, :, i].tolist()]
                assert all(sum(row) == 1.0 for row in own)
                reached = oracles.discounted_values(rewards[i], kernel, discount, [*parts[:i], own, *parts[i + 1 :]])
                best = oracles.discounted_best_values(rewards[i], kernel, discount, parts, i)
                assert reached == pytest.approx(best, abs=1e-12)


def softmax_(x):
    """As ``softmax``, where a logit may be -inf."""
    weights = [math.exp(v - max(x)) for v in x]
    return [w / sum(weights) for w in weights]


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("softmax", [0, 1])
def test_where_policy_iteration_starts_changes_nothing(module, softmax):
    for actions, states, rewards in [((2, 2), 2, 1), ((3, 4), 3, 2), ((2, 2, 2), 2, 1)]:
        arguments = ascent_arguments(np.random.default_rng(4), 9, actions, states, rewards, 2, 12, softmax=softmax)
        arguments["response"][...] = 0.0
        from_zero = run(module, "ascent", arguments)
        arguments["response"] = np.broadcast_to(np.array(actions) - 1.0, (9, states, len(actions))).copy()
        from_last = run(module, "ascent", arguments)
        for name in ("policy", "least"):
            np.testing.assert_array_equal(from_zero[name], from_last[name])
        np.testing.assert_allclose(from_zero["sum_gap"], from_last["sum_gap"], atol=1e-12, rtol=0)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("softmax", [0, 1])
def test_measuring_does_not_change_the_run(module, softmax):
    for actions, states, rewards in [((2, 2), 2, 1), ((3, 4), 3, 2), ((2, 2, 2), 2, 1)]:
        arguments = ascent_arguments(np.random.default_rng(5), 9, actions, states, rewards, 2, 12, softmax=softmax)
        measured = run(module, "ascent", arguments)
        arguments["measure"] = 0
        np.testing.assert_allclose(run(module, "ascent", arguments)["policy"], measured["policy"], atol=1e-13, rtol=0)


def stuck_arguments(rewards, logits, iterations, done=0):
    """One player and one state; at -inf it never plays an action, so its policy can stay as it is for ever."""
    arguments = ascent_arguments(
        np.random.default_rng(0), 1, (len(rewards),), 1, 1, 1, iterations, 0.0, softmax=1, done=done
    )
    arguments["reward"][...], arguments["policy"][...] = rewards, logits
    arguments["sum_gap"][...], arguments["least"][...] = 0.0, 1.0
    return arguments


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(
    ("done", "iterations", "whole", "rest"), [(0, 1025, 1024, 1), (0, 1023, 0, 1023), (1023, 1, 1, 0), (1020, 7, 4, 3)]
)
def test_sums_of_gaps_move_to_the_total_in_chunks(module, done, iterations, whole, rest):
    arguments = stuck_arguments([0.1, 0.6], [0.0, -math.inf], iterations, done)
    module.ascent(**arguments)
    np.testing.assert_allclose(arguments["sum_gap"][:, 0], [0.5 * whole, 0.5 * rest], atol=1e-12, rtol=0)
    assert arguments["least"][0] == 0.0  # nothing on the best action
    assert arguments["response"][0, 0, 0] == 1.0


@needs_compiled
def test_sums_of_gaps_do_not_lose_digits():
    iterations = 2_000_000
    arguments = stuck_arguments([0.0, 0.7], [0.0, -math.inf], iterations)
    compiled.ascent(**arguments)
    assert (
        abs(arguments["sum_gap"].sum() / iterations - 0.7) <= 1e-13
    )  # a plain sum is off by more than 2e-13, see above


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("softmax", [0, 1])
def test_best_actions_are_those_within_the_tie(module, softmax):
    """0.5 and 0.5 - 5e-13 are both best, 0.5 - 2e-12 is not; each has its own probability."""
    policy = np.array([0.125, 0.5, 0.25, 0.125])
    arguments = stuck_arguments([0.5, 0.5 - 5e-13, 0.5 - 2e-12, 0.0], np.log(policy), 1)
    arguments["policy"], arguments["softmax"] = np.log(policy) if softmax else policy, softmax
    arguments["policy"] = arguments["policy"].reshape(1, 1, 4).copy()
    module.ascent(**arguments)
    assert arguments["least"][0] == pytest.approx(0.625, abs=1e-15)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("actions", "states", "reward_rows"), [((2, 2), 2, 1), ((3, 2), 3, 2)])
def test_policy_iteration_that_does_not_end_is_an_error(module, actions, states, reward_rows):
    """Payoffs of 1e12 are rounded to 1e-4: improvements beyond 1e-13 never end."""
    arguments = ascent_arguments(np.random.default_rng(0), 9, actions, states, reward_rows, 2, 3, step=1e-13)
    arguments["reward"] *= 1e12
    with pytest.raises(ArithmeticError, match="policy iteration has not ended after 10000 improvements"):
        module.ascent(**copied(arguments))
    arguments["measure"] = 0
    module.ascent(**arguments)  # without gaps there is no policy iteration
    assert np.isfinite(arguments["policy"]).all()


# Closed forms -------------------------------------------------------------------------------------------


def softmax(x):
    weights = [math.exp(v - max(x)) for v in x]
    return [w / math.fsum(weights) for w in weights]


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 4), (1, 2)])
def test_additive_payoffs_have_iterates_in_closed_form(module, rows, columns):
    """With Q(a, b) = r(a) + c(b) no player's choice matters to the other: mu^t = softmax(x + eta (t + 1) r)."""
    rng = np.random.default_rng(3)
    r, c = rng.uniform(size=rows) / 2, rng.uniform(size=columns) / 2
    c[-1] = c[0]  # a tie
    eta, iterations = 0.05, 90
    arguments = mirror_arguments(rng, 1, rows, columns, 0, iterations)
    x, y = arguments["x"][0].tolist(), arguments["y"][0].tolist()
    arguments["q"], arguments["eta"] = (r[:, np.newaxis] + c)[np.newaxis], np.array([eta])
    module.mirror(**arguments)
    mus = [softmax([v + eta * (t + 1) * g for v, g in zip(x, r, strict=True)]) for t in range(1, iterations + 1)]
    nus = [softmax([v - eta * (t + 1) * g for v, g in zip(y, c, strict=True)]) for t in range(1, iterations + 1)]
    values = (np.array(mus) @ r + np.array(nus) @ c).tolist()
    # 90 steps, each rounded a few times: 1e-13
    np.testing.assert_allclose(arguments["mu"][0], mus[-1], atol=1e-13, rtol=0)
    np.testing.assert_allclose(arguments["nu"][0], nus[-1], atol=1e-13, rtol=0)
    np.testing.assert_allclose(arguments["sum_mu"].sum(axis=0)[0], np.sum(mus, axis=0), atol=1e-12, rtol=0)
    np.testing.assert_allclose(arguments["sum_nu"].sum(axis=0)[0], np.sum(nus, axis=0), atol=1e-12, rtol=0)
    np.testing.assert_allclose(arguments["sum_value"].sum(), math.fsum(values), atol=1e-12, rtol=0)
    moved = np.array(x) + eta * iterations * r
    np.testing.assert_allclose(np.diff(arguments["x"][0]), np.diff(moved), atol=1e-12, rtol=0)


LONG = pytest.mark.parametrize(
    ("module", "iterations", "shape"),
    [
        pytest.param(twin, 50_000, (2, 2), id="numpy"),
        pytest.param(compiled, 2_000_000, (2, 2), marks=needs_compiled, id="c"),
        pytest.param(compiled, 2_000_000, (3, 2), marks=needs_compiled, id="c-any"),
    ],
)


@LONG
def test_averages_of_long_stages_do_not_lose_digits(module, iterations, shape):
    """Increments of 2^-20 are exact, so every iterate is known to a rounding, and fsum adds them up exactly."""
    rows, columns = shape
    eta = 2.0**-20
    arguments = mirror_arguments(np.random.default_rng(0), 1, rows, columns, 0, iterations)
    r = np.array([1.0, 0.0, 0.0])[:rows]
    arguments["q"], arguments["eta"] = np.tile(r[:, np.newaxis], (1, columns))[np.newaxis], np.array([eta])
    for x, policy in ((arguments["x"], arguments["mu"]), (arguments["y"], arguments["nu"])):
        x[...] = 0.0
        policy[...] = 1.0 / policy.shape[-1]
    module.mirror(**arguments)
    mu = 1.0 / (1.0 + (rows - 1) * np.exp(-eta * np.arange(2, iterations + 2)))  # of the better action
    average = math.fsum(mu) / iterations
    assert abs(arguments["sum_mu"].sum(axis=0)[0, 0] / iterations - average) <= 1e-13
    assert abs(arguments["sum_value"].sum() / iterations - average) <= 1e-13
    np.testing.assert_allclose(arguments["sum_nu"].sum(axis=0)[0] / iterations, 1 / columns, atol=1e-13, rtol=0)


@LONG
def test_averages_of_settled_policies_do_not_lose_digits(module, iterations, shape):
    """Equal terms are the worst case of a plain sum, whose roundings then all go one way."""
    arguments = mirror_arguments(np.random.default_rng(0), 1, *shape, 0, iterations)
    arguments["q"][...] = 0.0
    for x, policy in ((arguments["x"], arguments["mu"]), (arguments["y"], arguments["nu"])):
        policy[...] = [0.7, *np.full(policy.size - 1, 0.3 / (policy.size - 1))]
        x[...] = np.log(policy)
    module.mirror(**arguments)
    for policy, total in ((arguments["mu"], arguments["sum_mu"]), (arguments["nu"], arguments["sum_nu"])):
        np.testing.assert_allclose(total.sum(axis=0) / iterations, policy, atol=1e-13, rtol=0)
    plain = np.cumsum(np.full(iterations, 0.7))[-1] / iterations
    assert abs(plain - 0.7) > 2e-13, "this test cannot tell sums in chunks from plain ones"


def test_chunks_are_those_of_the_cases():
    assert CHUNK == twin.CHUNK


# Bad arguments ------------------------------------------------------------------------------------------


def good_arguments(kernel):
    rng = np.random.default_rng(1)
    return {
        "mirror": lambda: mirror_arguments(rng, 3, 2, 3, 0, 2),
        "ascent": lambda: ascent_arguments(rng, 3, (2, 3), 2, 2, 2, 2),
        "maml": lambda: maml_arguments(rng, 3, 2, (2, 3), 2, 2, redrawn=1),
        "expect": lambda: expect_arguments(rng, 3, 4, 2, 2, 2),
        "backup": lambda: backup_arguments(rng, 3, 4, 5, 2, 2, 1, 3),
        "fold": lambda: fold_arguments(rng, 5),
        "cautious": lambda: cautious_arguments(rng, 3, (2, 3), 0, 4),
        "smooth": lambda: smooth_arguments(rng, 3, 2, 3, 2, 4, 0, 2, kinds=2, steps=4),
        "swap_ftrl": lambda: barrier_arguments(rng, 3, (2, 3), 2, 4, 2, kinds=2, steps=4),
        "finite_values": lambda: finite_arguments(rng, 3, (2, 3), 2, 4, 4, 2),
        "discounted_values": lambda: discounted_arguments(rng, 3, (2, 3), 2, 2, 0.9, 3),
        "correlated_values": lambda: correlated_arguments(rng, 3, (2, 3), 2, 4, 4, 2),
        "off_simplex": lambda: simplex_arguments(rng.dirichlet(np.ones(3), size=2)),
        "equilibria": lambda: matrix_arguments(rng.uniform(size=(3, 4, 5))),
        "resample": lambda: resample_arguments(rng.random(8), 2, 5),
        "uniform": lambda: uniform_arguments(rng.integers(2**32, size=(2, 8)), 3),
        "learn_trees": lambda: learning_arguments(rng, 3, [[2, 3], [2], [2]], 2),
        "gains_in_trees": lambda: gains_arguments(rng, 3, [[2, 3], [2], [2]], 2),
        "behaviours": lambda: plan_arguments(rng, 3, [[2, 3], [2], [2]]),
        "simulate": lambda: simulate_arguments(rng, 3, (2, 3), 2, 3, 4, parts=2),
        "v_learning": lambda: v_learning_arguments(rng, 3, (2, 3), 2, 3, 4),
        "sampled_mirror": lambda: sampled_mirror_arguments(rng, 3, (2, 3), 2, 3, 4),
        "sampled_ascent": lambda: sampled_ascent_arguments(rng, 3, (2, 3), 2, 4, rows=2),
        "mirror_run": lambda: mirror_run_arguments(rng, 3, 2, 3, 2, 4, steps=2),
        "joint_run": lambda: joint_run_arguments(rng, 3, 2, 3, (2, 4), steps=2),
        "regret_run": lambda: regret_run_arguments(rng, 3, 2, 3, 2, 4, steps=2),
        "sparse_expect": lambda: sparse_expect_arguments(rng, 5, 3, 2),
        "sparse_backup": lambda: sparse_backup_arguments(rng, 4, 5, 3, 4, 1, 3),
        "sparse_values": lambda: sparse_values_arguments(rng, (2, 3), 3, 4, 1),
    }[kernel]()


SPOILED = {
    "float32": lambda a: a.astype(np.float32),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "other type": lambda a: a.astype(np.float64 if a.dtype == np.int64 else np.int64),
    "int32": lambda a: a.astype(np.int64 if a.dtype == np.int32 else np.int32),
    "one short": lambda a: a.ravel()[:-1].copy(),
    "one long": lambda a: np.append(a.ravel(), a.ravel()[0]),
    "empty": lambda a: a[:0],
    "strided": lambda a: np.repeat(a.ravel(), 2)[::2],
    "reversed": lambda a: np.flip(a.ravel()),
    "list": lambda a: a.ravel().tolist(),
    "bytes": lambda a: a.tobytes(),
    "nothing": lambda a: None,  # noqa: ARG005
}
FLAGS = {
    ("mirror", "predicts"),
    ("mirror_run", "predicts"),
    ("ascent", "softmax"),
    ("ascent", "natural"),
    ("ascent", "measure"),
    ("maml", "first_order"),
    ("learn_trees", "entropy"),
    ("learn_trees", "alternating"),
    ("simulate", "ending"),
    ("simulate", "kept"),
    ("v_learning", "measure"),
    ("sampled_mirror", "blind"),
}  # any int is true or false


@needs_compiled
@pytest.mark.parametrize("kernel", WRITTEN)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_bad_arrays_are_refused(kernel, spoiled):
    arguments = good_arguments(kernel)
    getattr(compiled, kernel)(**copied(arguments))
    for name in arrays_of(arguments):
        bad = copied(arguments)
        bad[name] = SPOILED[spoiled](bad[name])
        with pytest.raises((TypeError, ValueError, BufferError), match=rf"^{kernel}[:,] {name}[: ]"):
            getattr(compiled, kernel)(**bad)


@needs_compiled
@pytest.mark.parametrize("kernel", WRITTEN)
def test_read_only_outputs_are_refused_and_read_only_inputs_are_not(kernel):
    outputs = {*WRITTEN[kernel], *(["response"] if kernel == "ascent" else [])}
    for name in arrays_of(good_arguments(kernel)):
        arguments = good_arguments(kernel)
        arguments[name].setflags(write=False)
        if name in outputs:
            with pytest.raises((ValueError, BufferError), match=f"^{kernel}, {name}: "):
                getattr(compiled, kernel)(**arguments)
        else:
            getattr(compiled, kernel)(**arguments)


@needs_compiled
@pytest.mark.parametrize("kernel", WRITTEN)
def test_bad_sizes_are_refused(kernel):
    arguments = good_arguments(kernel)
    for name, value in arguments.items():
        if isinstance(value, int):
            for bad in (-1, 2**63, 1.5, None):
                if bad == -1 and (kernel, name) in FLAGS:
                    continue
                with pytest.raises((ValueError, TypeError, OverflowError), match=f"^{kernel}[:,] {name}"):
                    getattr(compiled, kernel)(**arguments | {name: bad})


BAD_SIZES = {
    "mirror": {
        "rows": (0,), "columns": (0,),
    },
    "ascent": {
        "players": (0, 1, 3), "states": (0, 1), "joint": (0, 5), "reward_rows": (0, 1, 3), "columns": (0, 4, 6),
        "kinds": (0, 1, 3), "lanes": (2,), "done": (-1,), "iterations": (-1,),
    },
    "maml": {
        "rows": (0, 1, 7), "count": (0, 1, 7), "games": (0, 1, 7), "players": (0, 1, 7), "states": (0, 1, 7),
        "joint": (0, 1, 7), "columns": (0, 1, 7), "kinds": (0, 1, 7), "inner_steps": (-1, 2**60),
        "draws": (0, 1, 3), "iterations": (1, 3),
    },
    "cautious": {
        "lanes": (0, 2), "players": (0, 1, 3, 65), "joint": (0, 5), "columns": (0, 4, 6),
    },
    "smooth": {
        "games": (0, 2), "horizon": (0, 1, 3), "states": (0, 1, 3), "rows": (0, 1, 3), "columns": (0, 2, 4),
        "kinds": (0, 1, 3), "steps": (0, 1, 3), "rule": (4,),
    },
    "swap_ftrl": {
        "games": (0, 2), "players": (0, 1, 3, 2**40), "horizon": (0, 1, 3), "states": (0, 1, 3), "joint": (0, 5),
        "columns": (0, 4, 6), "squares": (0, 12, 14), "kinds": (0, 1, 3), "steps": (0, 1, 3),
    },
    "expect": {
        "rows": (0,), "states": (0,), "kinds": (0,),
    },
    "backup": {
        "steps": (0, 2), "rows": (0,), "states": (0,), "kinds": (0,), "first": (4,), "last": (5, 0),
    },
    "fold": {
        "entries": (4, 6),
    },
    "finite_values": {
        "games": (0, 2), "players": (0,), "horizon": (0, 3), "states": (0, 3), "joint": (0, 5),
        "reward_rows": (0, 1, 3), "kinds": (0, 1), "vectors": (0, 3), "steps": (0, 1, 3), "step": (4,),
    },
    "discounted_values": {
        "games": (0, 2), "players": (0,), "states": (0, 3), "joint": (0, 5), "reward_rows": (0, 1),
        "kinds": (0, 2), "vectors": (0, 3),
    },
    "correlated_values": {
        "games": (0, 2), "players": (0, 3), "horizon": (0, 3), "states": (0, 3), "joint": (0, 5), "kinds": (0, 1),
        "steps": (0, 1), "step": (4,),
    },
    "off_simplex": {
        "rows": (1, 3), "columns": (0, 2),
    },
    "resample": {
        "numbers": (7, 9), "resamples": (1, 3), "seeds": (0, 4, 6, 2**40),
    },
    "uniform": {
        "streams": (0, 1, 3, 2**61), "numbers": (0, 2, 4, 2**62),
    },
    "learn_trees": {
        "games": (0, 2), "players": (0, 2, 4, 2**40), "terminals": (0, 7, 2**62), "columns": (0, 11, 13),
        "sets": (0, 3, 5), "power": (3,), "iterations": (0, 1), "seen": (0, 2, 4, 2**60),
    },
    "behaviours": {
        "rows": (0, 2, 4, 2**60), "columns": (0, 11, 13), "sets": (0, 3, 5),
    },
    "sparse_expect": {
        "rows": (0, 4, 6, 2**63 - 1), "states": (0, 2, 4), "vectors": (0, 3), "entries": (0, 1),
    },
    "sparse_backup": {
        "steps": (0, 3, 5), "rows": (0, 4, 6), "states": (0, 2), "entries": (0, 1), "first": (4,), "last": (5, 0),
    },
    "sparse_values": {
        "players": (0, 1, 3), "horizon": (0, 3), "states": (0, 2, 2**40), "joint": (0, 5, 2**60),
        "reward_rows": (0, 1, 3), "entries": (0, 1), "vectors": (0, 3), "step": (4,),
    },
    "gains_in_trees": {
        "games": (0, 2), "kinds": (0, 1, 3), "players": (0, 2, 4, 2**40), "terminals": (0, 7), "columns": (0, 11, 13),
        "sets": (0, 3, 5),
    },
    "simulate": {
        "games": (0, 2), "parts": (0, 1, 3), "players": (0, 1, 3, 65), "states": (0, 1, 3), "joint": (0, 5),
        "columns": (0, 4, 6), "reward_rows": (0, 1, 3), "kinds": (0, 1, 3), "steps": (0, 1, 2),
        "onward_steps": (0, 1, 2), "horizon": (0, 2, 4), "first": (-1, 2**62), "episodes": (3, 5, 2**62), "kept": (0,),
    },
    "v_learning": {
        "games": (0, 2), "players": (0, 1, 3, 65), "horizon": (0, 2, 4), "states": (0, 1, 3), "joint": (0, 5),
        "columns": (0, 4, 6), "kinds": (0, 1, 3), "steps": (0, 1, 2), "first": (-1, 2**62), "episodes": (-1, 2**62),
    },
    "sampled_mirror": {
        "games": (0, 2), "players": (0, 1, 3, 65), "horizon": (0, 2, 4), "states": (0, 1, 3), "joint": (0, 5),
        "columns": (0, 4, 6), "kinds": (0, 1, 3), "steps": (0, 1, 2), "batch": (0, 2**62), "first": (-1, 2**62),
        "iterations": (-1, 2**62), "done": (-1,),
    },
    "sampled_ascent": {
        "games": (0, 2), "players": (0, 1, 3, 65), "states": (0, 1, 3), "joint": (0, 5), "columns": (0, 4, 6),
        "kinds": (0, 1, 3), "reward_rows": (0, 1, 3), "batch": (0, 2**62), "first": (-1, 2**62),
        "iterations": (-1, 2**62),
    },
    "mirror_run": {
        "games": (0, 2), "horizon": (0, 1, 3), "states": (0, 2, 2**40), "rows": (0, 1, 3), "columns": (0, 5),
        "kinds": (0, 1, 3), "steps": (0, 1, 3), "given": (0, 1, 3), "stage": (0,), "done": (-1, 2**62),
        "slots": (0, 1), "seen": (1, 4, 2**60), "watched": (0, 2, 2**60), "kept": (0, 1), "count": (0, 4),
        "longest": (3, 2**62),
    },
    "joint_run": {
        "games": (0, 2), "players": (0, 1, 3), "horizon": (0, 1, 3), "states": (0, 2, 2**40), "joint": (0, 7),
        "columns": (0, 5), "kinds": (0, 1, 3), "steps": (0, 1, 3), "given": (0, 1, 3), "stage": (0,),
        "done": (-1, 2**62), "slots": (0, 1), "room": (0, 1), "seen": (1, 4, 2**60), "watched": (0, 2, 2**60),
        "kept": (0, 1), "count": (0, 4), "longest": (3, 2**62),
    },
    "regret_run": {
        "games": (0, 2), "horizon": (0, 1, 3), "states": (0, 2, 2**40), "rows": (0, 1, 3), "columns": (0, 5),
        "kinds": (0, 1, 3), "steps": (0, 1, 3), "done": (-1, 2**62), "seen": (1, 4, 2**60), "count": (0, 4),
        "longest": (3, 2**62),
    },
}  # fmt: skip


@needs_compiled
@pytest.mark.parametrize(
    ("kernel", "name", "bad"),
    [(kernel, name, bad) for kernel, sizes in BAD_SIZES.items() for name, values in sizes.items() for bad in values],
)
def test_sizes_that_do_not_fit_are_refused(kernel, name, bad):
    with pytest.raises(ValueError, match=r"must be|must have .* entries|outside|do not fit|too large|too many"):
        getattr(compiled, kernel)(**good_arguments(kernel) | {name: bad})


BAD_NUMBERS = {  # in arrays: place, number
    ("ascent", "index"): [(0, -1), (2, 2), (1, 2**62)],
    ("ascent", "actions"): [(0, 0), (1, 4), (0, -2), (0, 2**62)],
    ("cautious", "actions"): [(0, 0), (1, 4), (0, 2**62)],
    ("smooth", "index"): [(0, -1), (2, 2), (1, 2**62)],
    ("swap_ftrl", "index"): [(0, -1), (2, 2), (1, 2**62)],
    ("swap_ftrl", "actions"): [(0, 0), (1, 4), (0, 2**62)],
    ("maml", "kind"): [(0, -1), (4, 2)],
    ("maml", "actions"): [(0, 0), (1, 4)],
    ("maml", "game"): [((0, 0, 0), -1), ((1, 2, 1), 5), ((1, 0, 0), 2**62)],
    ("expect", "index"): [(0, -1), (2, 2)],
    ("backup", "index"): [(0, -1), (2, 2)],
    ("finite_values", "index"): [(0, -1), (2, 2)],
    ("discounted_values", "index"): [(0, -1), (2, 3)],
    ("correlated_values", "index"): [(1, 2)],
    ("correlated_values", "actions"): [(0, 0), (1, 2)],
    ("finite_values", "wanted"): [(0, -1), (0, 4)],
    ("discounted_values", "wanted"): [(0, -1), (0, 4)],
    ("finite_values", "actions"): [(0, 0), (0, -2), (0, 3), (0, 2**62)],
    ("discounted_values", "actions"): [(0, 0), (0, -2), (0, 3), (0, 2**62)],
    ("learn_trees", "start"): [(0, -1), (12, 1000)],
    ("learn_trees", "met"): [((0, 0, 0), -1), ((2, 3, 1), 12)],
    ("learn_trees", "parent"): [(0, -1), (3, 12)],
    ("learn_trees", "first"): [(0, -1), (3, 13)],
    ("learn_trees", "last"): [(0, -1), (3, 13)],
    ("learn_trees", "seat"): [(0, -1), (3, 13)],
    ("learn_trees", "place"): [(0, -1), (3, 5)],
    ("learn_trees", "looks"): [(0, -1), (2, 3), (1, 2**62)],
    ("behaviours", "first"): [(0, -1), (3, 13)],
    ("behaviours", "last"): [(0, -1), (3, 13)],
    ("sparse_values", "wanted"): [(0, -1), (0, 4)],
    ("sparse_values", "actions"): [(0, 0), (0, 3), (0, 2**62)],
    ("gains_in_trees", "index"): [(0, -1), (2, 2)],
    ("gains_in_trees", "met"): [((0, 0, 0), -1), ((2, 3, 1), 12)],
    ("simulate", "index"): [(0, -1), (2, 2)],
    ("simulate", "seed"): [(0, -1), (2, 2**48)],
    ("simulate", "actions"): [(0, 0), (1, 4)],
    ("v_learning", "index"): [(0, -1), (2, 2)],
    ("v_learning", "seed"): [(0, -1), (2, 2**48)],
    ("v_learning", "actions"): [(0, 0), (1, 4)],
    ("sampled_mirror", "index"): [(0, -1), (2, 2)],
    ("sampled_mirror", "seed"): [(0, -1), (2, 2**48)],
    ("sampled_mirror", "actions"): [(0, 0), (1, 4)],
    ("sampled_ascent", "index"): [(0, -1), (2, 2)],
    ("sampled_ascent", "seed"): [(0, -1), (2, 2**48)],
    ("sampled_ascent", "actions"): [(0, 0), (1, 4)],
    ("mirror_run", "index"): [(0, -1), (2, 2)],
    ("mirror_run", "pieces"): [(0, -1), (2, 5), (4, 2**62)],
    ("mirror_run", "fresh"): [(0, -1), (4, 2)],
    ("mirror_run", "looks"): [(0, -1), (4, 2)],
    ("joint_run", "index"): [(0, -1), (2, 2)],
    ("joint_run", "actions"): [(0, 0), (1, 5)],
    ("joint_run", "pieces"): [(0, -1), (2, 5)],
    ("joint_run", "fresh"): [(0, -1), (4, 2)],
    ("joint_run", "looks"): [(0, -1), (4, 2)],
    ("regret_run", "index"): [(0, -1), (2, 2)],
    ("regret_run", "pieces"): [(0, -1), (2, 5)],
    ("regret_run", "updates"): [(0, -1), (4, 2)],
    ("regret_run", "looks"): [(0, -1), (4, 2)],
}  # fmt: skip


@needs_compiled
@pytest.mark.parametrize(
    ("kernel", "name", "place", "bad"),
    [(*array_, *number) for array_, numbers in BAD_NUMBERS.items() for number in numbers],
)
def test_indices_out_of_range_are_refused(kernel, name, place, bad):
    arguments = good_arguments(kernel)
    arguments[name][place] = bad
    wrong = rf"the numbers of {name} do not fit" if name == "actions" else rf"{name} points outside: entry \d+ is {bad}"
    with pytest.raises(ValueError, match=f"^{kernel}: {wrong}"):
        getattr(compiled, kernel)(**arguments)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("kernel", ["sparse_expect", "sparse_backup", "sparse_values"])
@pytest.mark.parametrize(
    ("name", "place", "bad"),
    [("places", 3, -1), ("places", 3, 3), ("places", 3, 2**31 - 1), ("places", -4, 3), ("starts", 0, -1),
     ("starts", 2, -5), ("starts", 2, 1000), ("starts", -1, 1000), ("starts", -1, 2**31 - 1)],
)  # fmt: skip
def test_sparse_kernels_that_point_outside_are_refused(module, kernel, name, place, bad):
    """Of rows that have entries: the first of the first row is entry 3, and the last of the last one is entry -4."""
    rng = np.random.default_rng(1)
    arguments = {
        "sparse_expect": lambda: sparse_expect_arguments(rng, 200, 3, 2),
        "sparse_backup": lambda: sparse_backup_arguments(rng, 4, 200, 3, 4, 1, 3),
        "sparse_values": lambda: sparse_values_arguments(rng, (2, 3), 3, 4, 1),
    }[kernel]()
    getattr(module, kernel)(**copied(arguments))
    arguments[name][place] = bad
    with pytest.raises(ValueError, match=r"^a sparse kernel points outside: starts must not fall"):
        getattr(module, kernel)(**arguments)


@needs_compiled
@pytest.mark.parametrize("wrong", [(2, 2, 3), (3, 2, 3), (2**32, 2**32, 8), (-1, -4, 3), (6, -1, 3)])
def test_numbers_of_actions_must_multiply_to_joint_and_sum_to_columns(wrong):
    """(2, 2, 3) multiplies to 4 * 1 * 3 but is one short in sum, (3, 2, 3) sums to 8 but multiplies to 18."""
    arguments = ascent_arguments(np.random.default_rng(1), 3, (4, 1, 3), 2, 3, 2, 2)
    arguments["actions"][...] = wrong
    with pytest.raises(ValueError, match="numbers of actions do not fit"):
        compiled.ascent(**arguments)


@needs_compiled
@pytest.mark.parametrize(
    "call",
    [
        "call('mirror', *[empty] * 9, 2**61, 2, 2, 0, 1, 1)",
        "call('mirror', *[empty] * 9, 2**31, 2**30, 1, 0, 1, 1)",
        "call('equilibria', empty, empty, 0, 2**31, 2**31)",
        "call('equilibria', empty, empty, 2**31, 2**31, 1)",
        "call('equilibria', empty, empty, 2**60, 1, 1)",
        "call('ascent', empty, empty, ints, empty, empty, ints, *[empty] * 4, 0.5, 2**61, *[1] * 6, 0, 0, 1, 0, 1)",
        "call('ascent', one, one, index, one, one, index, *[one] * 4, 0.5, 1, 1, 2**61, 1, 1, 1, 1, 0, 0, 1, 0, 1)",
        "call('ascent', one, one, index, one, one, index, *[one] * 4, 0.5, 1, 1, 2**32, 1, 1, 1, 1, 0, 0, 1, 0, 1)",
        "call('ascent', one, one, index, one, one, index, *[one] * 4, 0.5, 1, 1, 1, 2**61, 1, 1, 1, 0, 0, 1, 0, 1)",
        "call('ascent', one, one, index, one, one, index, *[one] * 4, 0.5, 1, 1, 1, 1, 1, 2**61, 1, 0, 0, 1, 0, 1)",
        "call('ascent', one, one, index, one, one, index, *[one] * 4, 0.5, 1, 1, 1, 1, 1, 1, 2**61, 0, 0, 1, 0, 1)",
        "call('ascent', one, one, index, one, one, index, *[one] * 4, 0.5, 1, 2**61, 1, 1, 1, 1, 1, 0, 0, 1, 0, 1)",
        "call('finite_values', *many[:9], 2**61, 1, 1, 1, 1, 1, 1, 1, 1, 0)",
        "call('finite_values', *many[:9], 1, 1, 2**61, 1, 1, 1, 1, 1, 1, 0)",
        "call('finite_values', *many[:9], 1, 1, 1, 2**61, 1, 1, 1, 1, 1, 0)",
        "call('finite_values', *many[:9], 1, 1, 1, 1, 2**61, 1, 1, 1, 1, 0)",
        "call('finite_values', *many[:9], 1, 1, 1, 1, 1, 1, 2**61, 1, 1, 0)",
        "call('finite_values', *many[:9], 1, 1, 1, 1, 1, 1, 1, 1, 2**61, 0)",
        "call('finite_values', *many[:9], 1, 1, 2, 2**31, 2**31, 1, 1, 0, 1, 0)",
        "call('discounted_values', *many[:9], 0.5, 2**61, 1, 1, 1, 1, 1, 1)",
        "call('discounted_values', *many[:9], 0.5, 1, 1, 2**32, 1, 1, 1, 1)",
        "call('discounted_values', *many[:9], 0.5, 1, 1, 1, 1, 1, 2**61, 1)",
        "call('discounted_values', *many[:9], 0.5, 1, 1, 1, 1, 1, 1, 2**61)",
        "call('correlated_values', one, one, index, one, index, one, one, 2**61, 1, 1, 1, 1, 1, 1, 0)",
        "call('correlated_values', one, one, index, one, index, one, one, 1, 2**62, 1, 1, 1, 1, 1, 0)",
        "call('correlated_values', one, one, index, one, index, one, one, 1, 1, 2, 2**31, 2**31, 1, 0, 0)",
        "call('off_simplex', one, 2**61, 8, 1e-9)",
        *(
            f"call('maml', one, one, index, one, index, index, *[one] * 6, 0.5, 0.1, 0.1, *{sizes}, 1, 0, 1, 1)"
            for sizes in ([1] * k + [2**61] + [1] * (7 - k) for k in range(8))
        ),
        "call('maml', one, one, index, one, index, ints, *[one] * 6, 0.5, 0.1, 0.1, *[1] * 8, 1, 0, 2**61, 2**61)",
        "call('maml', one, one, index, one, index + 1, index, *[one] * 6, 0.5, 0.1, 0.1, *[1] * 8, 2**61, 0, 1, 1)",
        "call('expect', one, ints, empty, empty, 2**61, 1, 1, 1, 1)",
        "call('expect', one, ints, empty, empty, 2**61, 1, 1, 0, 1)",
        "call('expect', empty, index, one, empty, 1, 2**61, 1, 1, 1)",
        "call('backup', empty, one, ints, empty, empty, 2**61, 1, 1, 1, 1, 0, 1)",
        "call('backup', empty, empty, index, one, empty, 1, 1, 2**61, 1, 1, 0, 1)",
        "call('fold', empty, empty, 2**61)",
        "call('resample', empty, empty, 0, 0, 2**31)",
        "call('resample', empty, empty, 0, 2**61, 8)",
        "call('uniform', ints, empty, 2**61, 0)",
        "call('uniform', index, empty, 2**61, 8)",
    ],
)
def test_sizes_whose_product_overflows_are_refused(call):
    """In another process, since the failure would be a crash: 2^61 lanes of 8 bytes are 0 bytes modulo 2^64."""
    code = (
        "import numpy as np; from metanash.kernels import compiled\n"
        "empty, ints = np.empty(0), np.empty(0, dtype=np.int64); one, index = np.ones(1), np.zeros(1, dtype=np.int64)\n"
        "many = [one, one, index, one, (one,), np.ones(1, dtype=np.int64), index, one, one]\n"
        "def call(kernel, *values):\n"
        "    names = [row[0] for row in compiled.signatures[kernel]]\n"
        "    getattr(compiled, kernel)(**dict(zip(names, values, strict=True)))\n"
        f"try: {call}\n"
        "except ValueError as error: print('read' if 'outside' in str(error) else 'refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", f"exit status {done.returncode} {done.stderr}"


@needs_compiled
def test_no_lanes_need_no_memory():
    """Nothing bounds the sizes then: a payoff matrix of 2^59 entries must not be asked for."""
    compiled.mirror(**mirror_arguments(np.random.default_rng(1), 0, 2, 3, 0, 1) | {"rows": 2**30, "columns": 2**29})


@needs_compiled
@pytest.mark.parametrize("kernel", ["finite_values", "discounted_values", "sparse_values"])
def test_policies_are_a_tuple_of_one_array_per_player(kernel):
    good = good_arguments(kernel)
    policy = good["policy"]
    for bad in (list(policy), policy[:1], (*policy, policy[0]), policy[0], None):
        with pytest.raises(TypeError, match="policy must be a tuple of one array per player, 2 here"):
            getattr(compiled, kernel)(**good | {"policy": bad})
    for spoil in SPOILED.values():
        for place in (0, 1):
            bad = tuple(spoil(part) if i == place else part for i, part in enumerate(policy))
            with pytest.raises((TypeError, ValueError, BufferError), match=rf"^{kernel}[:,] policy"):
                getattr(compiled, kernel)(**good | {"policy": bad})


@needs_compiled
def test_buffers_are_given_back_after_an_error():
    """An array.array with a borrowed buffer cannot grow. Errors name the kernel, the argument and its shape."""
    arguments = good_arguments("ascent")
    policy = array.array("d", arguments["policy"].ravel())
    arguments["policy"] = policy
    arguments["index"][0] = 7
    wrong = "ascent: index points outside: entry 0 is 7, and must be at least 0 and below (kinds) = (2)"
    with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
        compiled.ascent(**arguments)
    policy.append(0.0)
    wrong = "ascent: policy must have 30 entries, not 31; its shape is (lanes, states, columns) = (3, 2, 5)"
    with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
        compiled.ascent(**arguments)
    policy.append(0.0)
