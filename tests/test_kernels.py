"""Kernels: compiled against NumPy, each against closed forms, bits that must not depend on batches or cuts."""

import array
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from backends import BACKENDS, compiled, needs_compiled
from kernel_cases import (
    CHUNK,
    ascent_arguments,
    cases,
    copied,
    expect_arguments,
    mirror_arguments,
    run,
)

from metanash.kernels import twin

TESTS = Path(__file__).parent


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
@pytest.mark.parametrize("isa", ["avx512", "avx2", "portable"])
def test_each_instruction_set_agrees_with_numpy(isa, reference, tmp_path):
    """Instruction sets fuse and order sums differently: close to each other, not equal."""
    command = [sys.executable, str(TESTS / "kernel_cases.py"), str(tmp_path / "results.npz")]
    done = subprocess.run(
        command, env={**os.environ, "METANASH_ISA": isa}, capture_output=True, text=True, check=False
    )  # fmt: skip
    if "is not an instruction set of this processor" in done.stderr:
        pytest.skip(f"this processor has no {isa}")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "results.npz") as stored:
        assert stored["isa"] == isa
        for number, (label, expected, tolerance) in enumerate(reference):
            assert_close({name: stored[f"{number} {name}"] for name in expected}, expected, tolerance, label)


# Bits ---------------------------------------------------------------------------------------------------


def one_lane(kernel, arguments, lane):
    """The arguments of one lane alone."""
    lanes_first = {"mirror": (0, 1, 2, 3, 4, 5), "ascent": (0, 2, 3, 6), "expect": (1, 2, 3)}[kernel]
    lanes_second = {"mirror": (6, 7, 8), "ascent": (), "expect": ()}[kernel]
    count = {"mirror": 9, "ascent": 8, "expect": 4}[kernel]
    alone = copied(arguments)
    for i in lanes_first:
        alone[i] = arguments[i][lane : lane + 1].copy()
    for i in lanes_second:
        alone[i] = arguments[i][:, lane : lane + 1].copy()
    alone[count] = 1
    return alone


def assert_alone_equals_batch(module, kernel, arguments, lanes):
    batch = copied(arguments)
    getattr(module, kernel)(*batch)
    for lane in lanes:
        alone = one_lane(kernel, arguments, lane)
        getattr(module, kernel)(*alone)
        for got, expected in zip(alone, one_lane(kernel, batch, lane), strict=True):
            np.testing.assert_array_equal(got, expected, err_msg=f"{kernel}, lane {lane}")


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 2), (3, 2), (1, 9), (9, 1), (4, 5), (9, 9)])
def test_a_lane_alone_gives_the_bits_of_the_batch_in_mirror(module, rows, columns):
    rng = np.random.default_rng([rows, columns])
    for lanes in (2, 5, 19):
        arguments = mirror_arguments(rng, lanes, rows, columns, 1020, 40)
        assert_alone_equals_batch(module, "mirror", arguments, range(lanes))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(9,), (2, 2), (9, 8), (3, 2, 4), (2, 2, 2, 3)])
def test_a_lane_alone_gives_the_bits_of_the_batch_in_ascent(module, actions):
    rng = np.random.default_rng(actions)
    for states in (1, 3):
        for reward_rows in {1, len(actions)}:
            arguments = ascent_arguments(rng, 11, actions, states, reward_rows, 3, 15)
            assert_alone_equals_batch(module, "ascent", arguments, range(11))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("states", [1, 2, 7, 8, 33])
def test_a_game_alone_gives_the_bits_of_the_batch_in_expect(module, states):
    arguments = expect_arguments(np.random.default_rng(states), 7, 6, states, 3, 2)
    assert_alone_equals_batch(module, "expect", arguments, range(7))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (4, 3), (1, 3)])
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
        module.mirror(*whole)
        for piece in pieces:
            module.mirror(*cut[:12], done, piece)
            done += piece  # noqa: PLW2901
        for got, expected in zip(cut[2:9], whole[2:9], strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("module", BACKENDS)
def test_a_cut_ascent_run_gives_the_bits_of_the_whole(module):
    whole = ascent_arguments(np.random.default_rng(8), 5, (3, 2), 3, 2, 2, 10)
    cut = copied(whole)
    module.ascent(*whole)
    for piece in (1, 0, 4, 5):
        module.ascent(*cut[:15], piece)
    np.testing.assert_array_equal(cut[6], whole[6])


@needs_compiled
def test_calls_in_several_threads_do_not_disturb_each_other():
    """The compiled loops run without the interpreter's lock, and share nothing."""
    arguments = [mirror_arguments(np.random.default_rng(k), 20, 3, 2, 0, 5000) for k in range(8)]
    alone = [run(compiled, "mirror", each) for each in arguments]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: run(compiled, "mirror", each), arguments))
    for one, other in zip(alone, together, strict=True):
        for name, array_ in one.items():
            np.testing.assert_array_equal(other[name], array_)


@pytest.mark.parametrize("module", BACKENDS)
def test_kernels_write_only_their_outputs(module):
    rng = np.random.default_rng(9)
    for kernel, arguments, written in [
        ("mirror", mirror_arguments(rng, 3, 2, 3, 0, 5), range(2, 9)),
        ("ascent", ascent_arguments(rng, 3, (2, 3), 2, 2, 2, 5), [6]),
        ("expect", expect_arguments(rng, 3, 4, 2, 2, 2), [3]),
    ]:
        before = copied(arguments)
        getattr(module, kernel)(*arguments)
        for i, (now, then) in enumerate(zip(arguments, before, strict=True)):
            if isinstance(now, np.ndarray):
                assert np.array_equal(now, then) == (i not in written), f"{kernel}, argument {i}"


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
    x, y = arguments[2][0].tolist(), arguments[3][0].tolist()
    arguments[0], arguments[1] = (r[:, np.newaxis] + c)[np.newaxis], np.array([eta])
    module.mirror(*arguments)
    mus = [softmax([v + eta * (t + 1) * g for v, g in zip(x, r, strict=True)]) for t in range(1, iterations + 1)]
    nus = [softmax([v - eta * (t + 1) * g for v, g in zip(y, c, strict=True)]) for t in range(1, iterations + 1)]
    values = (np.array(mus) @ r + np.array(nus) @ c).tolist()
    # 90 steps, each rounded a few times: 1e-13
    np.testing.assert_allclose(arguments[4][0], mus[-1], atol=1e-13, rtol=0)
    np.testing.assert_allclose(arguments[5][0], nus[-1], atol=1e-13, rtol=0)
    np.testing.assert_allclose(arguments[6].sum(axis=0)[0], np.sum(mus, axis=0), atol=1e-12, rtol=0)
    np.testing.assert_allclose(arguments[7].sum(axis=0)[0], np.sum(nus, axis=0), atol=1e-12, rtol=0)
    np.testing.assert_allclose(arguments[8].sum(), math.fsum(values), atol=1e-12, rtol=0)
    moved = np.array(x) + eta * iterations * r
    np.testing.assert_allclose(np.diff(arguments[2][0]), np.diff(moved), atol=1e-12, rtol=0)


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
    arguments[0], arguments[1] = np.tile(r[:, np.newaxis], (1, columns))[np.newaxis], np.array([eta])
    for x, policy in zip(arguments[2:4], arguments[4:6], strict=True):
        x[...] = 0.0
        policy[...] = 1.0 / policy.shape[-1]
    module.mirror(*arguments)
    mu = 1.0 / (1.0 + (rows - 1) * np.exp(-eta * np.arange(2, iterations + 2)))  # of the better action
    average = math.fsum(mu) / iterations
    assert abs(arguments[6].sum(axis=0)[0, 0] / iterations - average) <= 1e-13
    assert abs(arguments[8].sum() / iterations - average) <= 1e-13
    np.testing.assert_allclose(arguments[7].sum(axis=0)[0] / iterations, 1 / columns, atol=1e-13, rtol=0)


@LONG
def test_averages_of_settled_policies_do_not_lose_digits(module, iterations, shape):
    """Equal terms are the worst case of a plain sum, whose roundings then all go one way."""
    arguments = mirror_arguments(np.random.default_rng(0), 1, *shape, 0, iterations)
    arguments[0][...] = 0.0
    for x, policy in zip(arguments[2:4], arguments[4:6], strict=True):
        policy[...] = [0.7, *np.full(policy.size - 1, 0.3 / (policy.size - 1))]
        x[...] = np.log(policy)
    module.mirror(*arguments)
    for policy, total in zip(arguments[4:6], arguments[6:8], strict=True):
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
        "expect": lambda: expect_arguments(rng, 3, 4, 2, 2, 2),
    }[kernel]()


SPOILED = {
    "float32": lambda a: a.astype(np.float32),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "other type": lambda a: a.astype(np.float64 if a.dtype == np.int64 else np.int64),
    "int32": lambda a: a.astype(np.int32),
    "one short": lambda a: a.ravel()[:-1].copy(),
    "one long": lambda a: np.append(a.ravel(), a.ravel()[0]),
    "empty": lambda a: a[:0],
    "strided": lambda a: np.repeat(a.ravel(), 2)[::2],
    "reversed": lambda a: np.flip(a.ravel()),
    "list": lambda a: a.ravel().tolist(),
    "bytes": lambda a: a.tobytes(),
    "nothing": lambda a: None,  # noqa: ARG005
}
OUTPUTS = {"mirror": range(2, 9), "ascent": [6], "expect": [3]}


@needs_compiled
@pytest.mark.parametrize("kernel", OUTPUTS)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_bad_arrays_are_refused(kernel, spoiled):
    arguments = good_arguments(kernel)
    getattr(compiled, kernel)(*copied(arguments))
    for i, argument in enumerate(arguments):
        if isinstance(argument, np.ndarray):
            bad = copied(arguments)
            bad[i] = SPOILED[spoiled](argument)
            with pytest.raises((TypeError, ValueError, BufferError)):
                getattr(compiled, kernel)(*bad)


@needs_compiled
@pytest.mark.parametrize("kernel", OUTPUTS)
def test_read_only_outputs_are_refused_and_read_only_inputs_are_not(kernel):
    for i, argument in enumerate(good_arguments(kernel)):
        arguments = good_arguments(kernel)
        if isinstance(argument, np.ndarray):
            arguments[i].setflags(write=False)
            if i in OUTPUTS[kernel]:
                with pytest.raises((ValueError, BufferError)):
                    getattr(compiled, kernel)(*arguments)
            else:
                getattr(compiled, kernel)(*arguments)


@needs_compiled
@pytest.mark.parametrize("kernel", OUTPUTS)
def test_bad_sizes_are_refused(kernel):
    arguments = good_arguments(kernel)
    for i, argument in enumerate(arguments):
        if isinstance(argument, int):
            for bad in (-1, 2**63, 1.5, None):
                changed = copied(arguments)
                changed[i] = bad
                with pytest.raises((ValueError, TypeError, OverflowError)):
                    getattr(compiled, kernel)(*changed)
    with pytest.raises(TypeError):
        getattr(compiled, kernel)(*arguments[:-1])


@needs_compiled
@pytest.mark.parametrize(
    ("kernel", "i", "bad"),
    [
        ("mirror", 10, 0), ("mirror", 11, 0),  # no action
        ("ascent", 9, 0), ("ascent", 10, 0), ("ascent", 11, 0), ("ascent", 12, 3), ("ascent", 12, 0), ("ascent", 14, 0),
        ("ascent", 12, 1), ("ascent", 13, 4),
        ("expect", 5, 0), ("expect", 6, 0), ("expect", 8, 0),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_refused(kernel, i, bad):
    arguments = good_arguments(kernel)
    arguments[i] = bad
    with pytest.raises(ValueError, match=r"sizes|entries|outside"):
        getattr(compiled, kernel)(*arguments)


@needs_compiled
@pytest.mark.parametrize(
    ("kernel", "i", "place", "bad"),
    [
        ("ascent", 2, 0, -1), ("ascent", 2, 2, 2), ("ascent", 2, 1, 2**62),  # kernel of a lane
        ("ascent", 5, (0, 0), -1), ("ascent", 5, (5, 1), 5),  # column of an action
        ("ascent", 4, 0, 0), ("ascent", 4, 1, 4), ("ascent", 4, 0, -2),  # numbers of actions
        ("expect", 1, 0, -1), ("expect", 1, 2, 2),
    ],
)  # fmt: skip
def test_indices_out_of_range_are_refused(kernel, i, place, bad):
    arguments = good_arguments(kernel)
    arguments[i][place] = bad
    with pytest.raises(ValueError, match="outside"):
        getattr(compiled, kernel)(*arguments)


@needs_compiled
@pytest.mark.parametrize(
    "call",
    [
        "compiled.mirror(*[empty] * 9, 2**61, 2, 2, 0, 1)",
        "compiled.mirror(*[empty] * 9, 2**31, 2**30, 1, 0, 1)",
        "compiled.ascent(*[empty] * 2, ints, empty, ints, ints, empty, 0.5, 2**61, 1, 1, 1, 1, 1, 1, 1)",
        "compiled.ascent(one, one, index, one, ints, ints, one, 0.5, 1, 2**61, 1, 1, 1, 1, 1, 1)",
        "compiled.expect(one, ints, empty, empty, 2**61, 1, 1, 1, 1)",
        "compiled.expect(one, ints, empty, empty, 2**61, 1, 1, 0, 1)",
        "compiled.expect(empty, index, one, empty, 1, 2**61, 1, 1, 1)",
    ],
)
def test_sizes_whose_product_overflows_are_refused(call):
    """In another process, since the failure would be a crash: 2^61 lanes of 8 bytes are 0 bytes modulo 2^64."""
    code = (
        "import numpy as np; from metanash.kernels import compiled\n"
        "empty, ints = np.empty(0), np.empty(0, dtype=np.int64); one, index = np.ones(1), np.zeros(1, dtype=np.int64)\n"
        f"try: {call}\n"
        "except ValueError as error: print('read' if 'outside' in str(error) else 'refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", f"exit status {done.returncode} {done.stderr}"


@needs_compiled
def test_buffers_are_given_back_after_an_error():
    """An array.array with a borrowed buffer cannot grow."""
    arguments = good_arguments("ascent")
    policy = array.array("d", arguments[6].ravel())
    arguments[6] = policy
    arguments[2][0] = 7
    with pytest.raises(ValueError, match="outside"):
        compiled.ascent(*arguments)
    policy.append(0.0)
    with pytest.raises(ValueError, match="policy must have 30 entries, not 31"):
        compiled.ascent(*arguments)
    policy.append(0.0)
