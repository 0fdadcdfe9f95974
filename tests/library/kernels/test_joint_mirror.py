"""The kernel of Algorithm 2: against loops, NumPy against C, bits that must not depend on batches or cuts."""

import math
import subprocess
import sys

import numpy as np
import oracles
import oracles_general
import pytest
from backends import BACKENDS, compiled, needs_compiled, results_on
from joint_cases import SIZES, WRITTEN, advanced, cases, joint_arguments, parts
from kernel_cases import arrays_of, copied, mirror_arguments, run

from metanash.kernels import twin


def assert_close(got, expected, tolerance, where):
    for name, array in expected.items():
        assert not np.isnan(got[name]).any(), f"{where}: {name}"
        with np.errstate(invalid="ignore"):
            error = np.where(got[name] == array, 0.0, np.abs(got[name] - array))
        assert error.max(initial=0.0) <= tolerance, f"{where}: {name} differs by {error.max()}"


# Against loops, and against each other ------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", SIZES)
def test_iterates_are_those_of_loops(module, actions):
    """Weights multiplied by exponentials, joint action by joint action, in plain Python."""
    rng = np.random.default_rng(actions)
    arguments = joint_arguments(rng, 2, actions, 0, 12, holes=True)
    q, eta = arguments["q"].copy(), arguments["eta"].copy()
    anchors = [[np.exp(part[lane]).tolist() for part in parts(arguments["x"], actions)] for lane in (0, 1)]
    policies = [[part[lane].tolist() for part in parts(arguments["policy"], actions)] for lane in (0, 1)]
    module.joint_mirror(**arguments)
    for lane in (0, 1):
        hats, now = anchors[lane], policies[lane]
        total = dict.fromkeys(oracles_general.all_joint(actions), 0.0)
        tables = [table.reshape(actions).tolist() for table in q[lane]]
        for _ in range(12):
            up = [oracles_general.action_payoffs(table, now, i) for i, table in enumerate(tables)]
            hats = [oracles.multiplied(hat, g, eta[lane]) for hat, g in zip(hats, up, strict=True)]
            now = [oracles.multiplied(hat, g, eta[lane]) for hat, g in zip(hats, up, strict=True)]
            for action in total:
                total[action] += math.prod(policy[a] for policy, a in zip(now, action, strict=True))
        np.testing.assert_allclose(arguments["policy"][lane], np.concatenate(now), atol=1e-13, rtol=0)
        np.testing.assert_allclose(arguments["sum_joint"].sum(axis=0)[lane], list(total.values()), atol=1e-12, rtol=0)
        for part, hat in zip(parts(arguments["x"][lane], actions), hats, strict=True):
            weights = np.exp(part - part.max())
            np.testing.assert_allclose(weights / weights.sum(), hat, atol=1e-13, rtol=0)


@pytest.fixture(scope="module")
def reference():
    return [(label, advanced(twin, arguments), tolerance) for label, arguments, tolerance in cases()]


@needs_compiled
def test_compiled_agrees_with_numpy(reference):
    for (label, expected, tolerance), (_, arguments, _) in zip(reference, cases(), strict=True):
        assert_close(advanced(compiled, arguments), expected, tolerance, label)


@needs_compiled
def test_probabilities_agree_relatively(reference):
    """As in test_kernels; of two actions the second may be what is left of 1."""
    seen = 1.0
    for (label, expected, tolerance), (_, arguments, _) in zip(reference, cases(), strict=True):
        got = advanced(compiled, arguments)["policy"]
        for found, wanted in zip(
            *(parts(policy, arguments["actions"]) for policy in (got, expected["policy"])), strict=True
        ):
            some = slice(1) if wanted.shape[-1] == 2 else slice(None)
            error = np.abs(found - wanted)[:, some]
            assert (error <= max(tolerance, 2e-15) * wanted[:, some] + 1e-300).all(), label
            seen = min(seen, wanted[wanted > 1e-300].min(initial=1.0))
    assert seen < 1e-200


@needs_compiled
@pytest.mark.parametrize("isa", ["avx512", "avx2", "portable"])
def test_each_instruction_set_agrees_with_numpy(isa, reference):
    stored = results_on(isa, "joint_cases.py")
    for number, (label, expected, tolerance) in enumerate(reference):
        assert_close({name: stored[f"{number} {name}"] for name in expected}, expected, tolerance, label)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2), (1, 4), (5, 5)])
def test_two_players_with_opposite_payoffs_are_those_of_algorithm_1(module, rows, columns):
    arguments = mirror_arguments(np.random.default_rng(rows), 7, rows, columns, 0, 100, holes=True)
    zero_sum = run(module, "mirror", arguments)
    q, x, y, mu, nu = (arguments[name] for name in ("q", "x", "y", "mu", "nu"))
    joint = {
        "q": np.stack([q.reshape(7, -1), 1.0 - q.reshape(7, -1)], axis=1),
        "eta": arguments["eta"],
        "x": np.concatenate([x, y], axis=1),
        "policy": np.concatenate([mu, nu], axis=1),
        "sum_joint": np.zeros((2, 7, rows * columns)),
        "actions": np.array([rows, columns]),
        "lanes": 7,
        "players": 2,
        "joint": rows * columns,
        "columns": rows + columns,
        "done": 0,
        "iterations": 100,
    }
    general = advanced(module, joint)
    for got, expected in zip(parts(general["policy"], [rows, columns]), (zero_sum["mu"], zero_sum["nu"]), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12, rtol=0)
    played = general["sum_joint"].sum(axis=0)
    np.testing.assert_allclose((played * q.reshape(7, -1)).sum(axis=1), zero_sum["sum_value"].sum(axis=0), atol=1e-10)
    marginal = played.reshape(7, rows, columns).sum(axis=2)
    np.testing.assert_allclose(marginal, zero_sum["sum_mu"].sum(axis=0), atol=1e-10)


# Bits ---------------------------------------------------------------------------------------------------


def one_lane(arguments, lane):
    alone = {name: arguments[name][lane : lane + 1].copy() for name in ("q", "eta", "x", "policy")}
    return copied(arguments) | alone | {"sum_joint": arguments["sum_joint"][:, lane : lane + 1].copy(), "lanes": 1}


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", SIZES)
def test_a_lane_alone_gives_the_bits_of_the_batch(module, actions):
    rng = np.random.default_rng(actions)
    for lanes in (2, 5, 19):
        arguments = joint_arguments(rng, lanes, actions, 1020, 20)
        batch = copied(arguments)
        module.joint_mirror(**batch)
        for lane in range(lanes):
            alone = one_lane(arguments, lane)
            module.joint_mirror(**alone)
            expected = one_lane(batch, lane)
            for name in arrays_of(alone):
                np.testing.assert_array_equal(alone[name], expected[name])


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(2, 2), (3, 4), (2, 2, 2), (1, 3, 2), (2, 2, 2, 2, 2)])
def test_a_cut_run_gives_the_bits_of_the_whole(module, actions):
    rng = np.random.default_rng(7)
    for done, pieces in [(0, [1, 2, 3]), (1000, [23, 1, 1, 30]), (1022, [1, 1, 1]), (0, [1023, 1, 1025]), (5, [0, 4])]:
        whole = joint_arguments(rng, 13, actions, done, sum(pieces))
        cut = copied(whole)
        module.joint_mirror(**whole)
        for piece in pieces:
            module.joint_mirror(**cut | {"done": done, "iterations": piece})
            done += piece  # noqa: PLW2901
        for name in WRITTEN:
            np.testing.assert_array_equal(cut[name], whole[name])


@pytest.mark.parametrize("module", BACKENDS)
def test_averages_of_settled_policies_do_not_lose_digits(module):
    """Equal terms are the worst case of a plain sum."""
    iterations = 1_000_000 if module is compiled else 20_000
    arguments = joint_arguments(np.random.default_rng(0), 1, (2, 2), 0, iterations)
    arguments["q"][...] = 0.0
    arguments["x"][...] = np.log([0.7, 0.3, 0.7, 0.3])
    module.joint_mirror(**arguments)
    np.testing.assert_allclose(
        arguments["sum_joint"].sum(axis=0)[0] / iterations, [0.49, 0.21, 0.21, 0.09], atol=1e-13, rtol=0
    )  # fmt: skip


@pytest.mark.parametrize("module", BACKENDS)
def test_only_the_outputs_are_written(module):
    arguments = joint_arguments(np.random.default_rng(9), 3, (2, 3), 0, 5)
    before = copied(arguments)
    module.joint_mirror(**arguments)
    for name in arrays_of(arguments):
        assert np.array_equal(arguments[name], before[name]) == (name not in WRITTEN), name


# Bad arguments ------------------------------------------------------------------------------------------


@needs_compiled
def test_bad_arrays_are_refused():
    arguments = joint_arguments(np.random.default_rng(1), 3, (2, 3), 0, 2)
    for name in arrays_of(arguments):
        for spoil in (
            lambda a: a.astype(np.float32), lambda a: a.ravel()[:-1].copy(), lambda a: np.append(a.ravel(), 1),
            lambda a: np.repeat(a.ravel(), 2)[::2], lambda a: a.tolist(), lambda a: None,  # noqa: ARG005
        ):  # fmt: skip
            bad = copied(arguments) | {name: spoil(arguments[name])}
            with pytest.raises((TypeError, ValueError, BufferError), match=rf"^joint_mirror[:,] {name}[: ]"):
                compiled.joint_mirror(**bad)
    for name in WRITTEN:
        frozen = copied(arguments)
        frozen[name].setflags(write=False)
        with pytest.raises((ValueError, BufferError), match=f"^joint_mirror, {name}: "):
            compiled.joint_mirror(**frozen)


@needs_compiled
@pytest.mark.parametrize("actions", [(3, 2), (2, 3), (6, 1), (0, 5), (-2, 7), (2**62, 2)])
def test_numbers_of_actions_must_fit(actions):
    """The arguments are those of 2x3 actions, of which (3, 2) has the product and the sum: it is another game."""
    arguments = joint_arguments(np.random.default_rng(1), 3, (2, 3), 0, 2)
    arguments["actions"] = np.array(actions)
    if sorted(actions) == [2, 3]:
        compiled.joint_mirror(**arguments)
        return
    with pytest.raises(ValueError, match="do not fit"):
        compiled.joint_mirror(**arguments)


@needs_compiled
@pytest.mark.parametrize("name", ["lanes", "players", "joint", "columns", "done", "iterations"])
@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, None])
def test_bad_sizes_are_refused(name, bad):
    arguments = joint_arguments(np.random.default_rng(1), 3, (2, 3), 0, 2)
    with pytest.raises((ValueError, TypeError, OverflowError), match=rf"^joint_mirror[:,] {name}"):
        compiled.joint_mirror(**arguments | {name: bad})


@needs_compiled
@pytest.mark.parametrize(
    "call",
    [
        "call(*[empty] * 5, two, 2**61, 2, 4, 4, 0, 1)",
        "call(*[empty] * 5, huge, 1, 2, 2**60, 2**31, 0, 1)",
        "call(*[empty] * 5, ints, 1, 2**61, 1, 2**61, 0, 1)",
    ],
)
def test_sizes_whose_product_overflows_are_refused(call):
    code = (
        "import numpy as np; from metanash.kernels import compiled\n"
        "empty, ints = np.empty(0), np.empty(0, dtype=np.int64)\n"
        "two, huge = np.array([2, 2]), np.array([2**30, 2**30])\n"
        "def call(*values):\n"
        "    names = [row[0] for row in compiled.signatures['joint_mirror']]\n"
        "    compiled.joint_mirror(**dict(zip(names, values, strict=True)))\n"
        f"try: {call}\n"
        "except ValueError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", f"exit status {done.returncode} {done.stderr}"


@needs_compiled
def test_no_lanes_need_no_memory():
    """Nothing bounds the sizes then: 2^52 joint actions must not be asked for."""
    arguments = joint_arguments(np.random.default_rng(1), 0, (2,) * 3, 0, 1)
    compiled.joint_mirror(**arguments | {"actions": np.full(52, 2), "players": 52, "joint": 2**52, "columns": 104})
