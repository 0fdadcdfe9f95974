"""Arguments for the kernels of sparse transitions, and cases for ``kernel_cases``.

A kernel has rows of 0 to ``most`` entries, columns in any order; what lies before the first row's begin and behind the
last row's end is not to be read.
"""

import itertools
import math

import numpy as np

SPARSE_SHAPES = [(1,), (3,), (8,), (2, 2), (3, 2), (5, 8), (8, 8), (3, 19), (2, 2, 2), (2, 3, 9), (3, 1, 2, 2)]


def rows_arguments(rng, rows, states, most, *, whole=False):
    """A kernel in compressed rows; ``whole`` rows have ``most`` entries each."""
    counts = np.full(rows, most) if whole else rng.integers(most + 1, size=rows)
    lead = 0 if whole else 3
    starts = lead + np.concatenate([[0], np.cumsum(counts)])
    entries = int(starts[-1]) + lead
    places = rng.integers(states, size=entries)
    places[:lead] = places[entries - lead :] = 2**31 - 1 if lead else 0
    return {
        "data": rng.uniform(size=entries) / max(most, 1),
        "places": places.astype(np.int32),
        "starts": starts.astype(np.int32),
    }


def sparse_expect_arguments(rng, rows, states, vectors, most=4, **options):
    kernel = rows_arguments(rng, rows, states, most, **options)
    return kernel | {
        "values": rng.uniform(size=(vectors, states)),
        "out": np.full((vectors, rows), -1.0),
        "rows": rows,
        "states": states,
        "vectors": vectors,
        "entries": len(kernel["data"]),
    }


def sparse_backup_arguments(rng, steps, rows, states, most=4, first=0, last=None, **options):
    kernel = rows_arguments(rng, rows, states, most, **options)
    return {"reward": rng.uniform(size=(steps, rows)), **kernel} | {
        "values": rng.uniform(size=(steps, states)),
        "out": np.full((steps, rows), -1.0),
        "steps": steps,
        "rows": rows,
        "states": states,
        "entries": len(kernel["data"]),
        "first": first,
        "last": steps if last is None else last,
    }


def sparse_values_arguments(rng, actions, states, horizon, step, most=4, *, zero_sum=False, wanted=None, **options):
    players, joint = len(actions), math.prod(actions)
    kernel = rows_arguments(rng, states * joint, states, most, **options)
    rows = 1 if zero_sum else players
    wanted = np.arange(2 * players) if wanted is None else np.array(wanted)
    return {"reward": rng.uniform(size=(rows, horizon, states, joint)), **kernel} | {
        "policy": tuple(rng.dirichlet(np.ones(n), size=(horizon, states)) for n in actions),
        "actions": np.array(actions, dtype=np.int64),
        "wanted": wanted.astype(np.int64),
        "value": rng.uniform(size=(len(wanted), horizon, states)),
        "players": players,
        "horizon": horizon,
        "states": states,
        "joint": joint,
        "reward_rows": rows,
        "entries": len(kernel["data"]),
        "vectors": len(wanted),
        "step": step,
    }


def sparse_cases(rng):
    """Every number of vectors beside each other, of rows in a block and of lanes; sums of at most seven products."""
    for rows, states, vectors in itertools.product((1, 7, 64, 65, 130), (1, 2, 9), (1, 2, 3, 4, 5, 9)):
        for whole in (False, True):
            arguments = sparse_expect_arguments(rng, rows, states, vectors, whole=whole)
            yield f"sparse_expect {rows}x{states}, {vectors} vectors, {whole}", "sparse_expect", arguments, 1e-14
    for most in (0, 1, 7):
        arguments = sparse_expect_arguments(rng, 40, 5, 3, most, whole=True)
        yield f"sparse_expect, {most} entries a row", "sparse_expect", arguments, 1e-14
    yield "sparse_expect of nothing", "sparse_expect", sparse_expect_arguments(rng, 3, 2, 0), 0.0
    for steps, rows in itertools.product((1, 2, 3, 6, 8), (1, 66)):
        arguments = sparse_backup_arguments(rng, steps, rows, 7)
        yield f"sparse_backup {steps} steps, {rows} rows", "sparse_backup", arguments, 1e-14
    for first, last in [(0, 1), (2, 3), (6, 7), (1, 6), (3, 3), (5, 7), (7, 7)]:
        arguments = sparse_backup_arguments(rng, 7, 20, 3, 4, first, last)
        yield f"sparse_backup steps {first} to {last} of 7", "sparse_backup", arguments, 1e-14
    for actions, states, step in itertools.product(SPARSE_SHAPES, (1, 2, 9, 17), (0, 1, 2)):
        for zero_sum in (False, True)[: 1 + (len(actions) == 2)]:
            arguments = sparse_values_arguments(rng, actions, states, 3, step, zero_sum=zero_sum)
            label = f"{actions}, {states} states, step {step}, {zero_sum}"
            yield f"sparse_values {label}", "sparse_values", arguments, 1e-13
    arguments = sparse_values_arguments(rng, (8, 8), 20, 2, 0, zero_sum=True, wanted=[2, 3])
    yield "sparse_values of a gap", "sparse_values", arguments, 1e-13
