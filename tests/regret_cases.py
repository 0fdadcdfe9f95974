"""Arguments for the kernel of regret matching, and how far two implementations may differ on them.

A script like ``kernel_cases.py``: ``python regret_cases.py results.npz``.
"""

import sys

import numpy as np
from kernel_cases import CHUNK, arrays_of, copied

WRITTEN = ("x", "y", "mu", "nu", "sum_mu", "sum_nu", "value")
SIZES = [
    (1, 1), (2, 2), (1, 2), (2, 1), (2, 3), (3, 2), (3, 3), (1, 9), (9, 1), (4, 5), (8, 8), (7, 16), (9, 8), (10, 10),
    (17, 12), (33, 31),
]  # fmt: skip


def arguments_of(rng, lanes, rows, columns, done, iterations):
    """Consistent arguments in the middle of a run."""
    weights = np.arange(1.0, done + 1) ** 2
    counts = np.array([weights[: done - done % CHUNK].sum(), weights[done - done % CHUNK :].sum()])
    regrets = [rng.uniform(size=(lanes, n)) for n in (rows, columns)]
    iterates = [rng.dirichlet(np.ones(n), size=lanes) for n in (rows, columns)]
    sums = [counts[:, np.newaxis, np.newaxis] * rng.dirichlet(np.ones(n), size=(2, lanes)) for n in (rows, columns)]
    game = rng.uniform(size=(lanes, rows, columns))
    return {
        "q": game,
        "x": regrets[0],
        "y": regrets[1],
        "mu": iterates[0],
        "nu": iterates[1],
        "sum_mu": sums[0],
        "sum_nu": sums[1],
        "value": np.full(lanes, np.nan),
        "lanes": lanes,
        "rows": rows,
        "columns": columns,
        "done": done,
        "iterations": iterations,
    }


def settling(rng, lanes, rows, columns, done, iterations):
    """The same, with a best action a player: policies settle, and long runs pass no rounding on."""
    arguments = arguments_of(rng, lanes, rows, columns, done, iterations)
    arguments["q"] *= 0.1
    arguments["q"][:, 0] += 0.5
    arguments["q"][:, :, -1] -= 0.3
    return arguments


def advanced(module, arguments):
    """Call the kernel on copies; return what it advances, by name, the sums divided by the sum of all weights."""
    arguments = copied(arguments)
    module.regret_matching(**arguments)
    done = arguments["done"] + arguments["iterations"]
    total = max(done * (done + 1) * (2 * done + 1) / 6, 1)
    found = {name: arguments[name] for name in WRITTEN}
    return found | {name: arguments[name] / total for name in ("sum_mu", "sum_nu")}


def cases():
    """(name, arguments, tolerance): roundings of 2e-16, which forty iterations pass on some hundredfold at worst."""
    rng = np.random.default_rng(20233)
    for rows, columns in SIZES:
        for lanes in (1, 3, 17):
            yield f"{rows}x{columns}, {lanes} lanes", arguments_of(rng, lanes, rows, columns, 0, 40), 1e-12
            yield f"{rows}x{columns}, without a past", arguments_of(rng, lanes, rows, columns, 0, 0), 1e-14
    for rows, columns in [(2, 2), (3, 5), (10, 12)]:
        for done, iterations in [(1, 0), (1000, 23), (1000, 24), (1000, 25), (1023, 2), (1025, 1023), (500, 2600)]:
            yield (
                f"{rows}x{columns}, {iterations} after {done}",
                settling(rng, 9, rows, columns, done, iterations),
                1e-12,
            )


def one_lane(arguments, lane):
    first = {name: arguments[name][lane : lane + 1].copy() for name in ("q", "x", "y", "mu", "nu", "value")}
    second = {name: arguments[name][:, lane : lane + 1].copy() for name in ("sum_mu", "sum_nu")}
    return arguments | first | second | {"lanes": 1}


def lanes_with_other_bits(module, rows, columns):
    """Where a lane alone, whose vectors are its actions, differs from the batch, whose vectors are lanes."""
    rng = np.random.default_rng([rows, columns])
    for lanes in (2, 3, 6, 7, 8, 19):
        arguments = arguments_of(rng, lanes, rows, columns, 1020, 20)
        batch = copied(arguments)
        module.regret_matching(**batch)
        for lane in range(lanes):
            alone = one_lane(arguments, lane)
            module.regret_matching(**alone)
            expected = one_lane(batch, lane)
            if any(not np.array_equal(alone[name], expected[name]) for name in arrays_of(alone)):
                yield lanes, lane


if __name__ == "__main__":
    from metanash.kernels import compiled

    stored = {
        f"{number} {name}": array
        for number, (_, arguments, _) in enumerate(cases())
        for name, array in advanced(compiled, arguments).items()
    }
    assert all(not list(lanes_with_other_bits(compiled, *size)) for size in SIZES), "bits of a lane and of the batch"
    np.savez(sys.argv[1], isa=compiled.isa, **stored)
