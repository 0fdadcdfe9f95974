"""Arguments for the kernel of Algorithm 2, and how far two implementations may differ on them.

A script like ``kernel_cases.py``: ``python joint_cases.py results.npz``.
"""

import math
import sys

import numpy as np
from kernel_cases import CHUNK, copied

WRITTEN = ("x", "policy", "sum_joint")
SIZES = [
    (1,), (3,), (9,), (2, 2), (1, 2), (2, 1), (3, 2), (2, 5), (9, 8), (2, 2, 2), (3, 1, 2), (1, 1, 4), (4, 3, 2),
    (2, 2, 2, 2), (2, 3, 1, 2), (2, 2, 2, 2, 2), (1, 2, 3, 2, 1), (2, 2, 2, 2, 2, 2),
]  # fmt: skip


def joint_arguments(rng, lanes, actions, done, iterations, eta=0.3, logit=None, holes=False):
    """Consistent arguments in the middle of a stage, as ``kernel_cases.mirror_arguments``."""
    anchors, iterates = [], []
    for n in actions:
        anchor = np.log(rng.dirichlet(np.ones(n), size=lanes))
        if logit is not None:
            anchor = rng.choice([-logit, 0.0, logit], size=(lanes, n))
        if holes:
            gaps = rng.uniform(size=(lanes, n)) < 0.5
            gaps[np.arange(lanes), rng.integers(n, size=lanes)] = False
            anchor[gaps] = -np.inf
        weights = np.exp(anchor - anchor.max(axis=1, keepdims=True))
        anchors.append(anchor)
        iterates.append(weights / weights.sum(axis=1, keepdims=True))
    players, joint, columns = len(actions), math.prod(actions), sum(actions)
    counts = np.array([done - done % CHUNK, done % CHUNK], dtype=float)
    return {
        "q": rng.uniform(size=(lanes, players, joint)),
        "eta": eta * rng.uniform(0.5, 1.0, size=lanes),
        "x": np.concatenate(anchors, axis=1),
        "policy": np.concatenate(iterates, axis=1),
        "sum_joint": counts[:, np.newaxis, np.newaxis] * rng.dirichlet(np.ones(joint), size=(2, lanes)),
        "actions": np.array(actions, dtype=np.int64),
        "lanes": lanes,
        "players": players,
        "joint": joint,
        "columns": columns,
        "done": done,
        "iterations": iterations,
    }


def parts(table, actions):
    return np.split(table, np.cumsum(actions)[:-1], axis=-1)


def advanced(module, arguments):
    """Call the kernel on copies; return the arrays that it advances, by name."""
    arguments = copied(arguments)
    module.joint_mirror(**arguments)
    x = [part - part.max(axis=1, keepdims=True) for part in parts(arguments["x"], arguments["actions"])]
    return {"x": np.concatenate(x, axis=1), "policy": arguments["policy"], "sum_joint": arguments["sum_joint"]}


def cases():
    """(name, arguments, tolerance); tolerances as in ``kernel_cases``."""
    rng = np.random.default_rng(20232)
    for actions in SIZES:
        for lanes in (1, 3, 17):
            yield f"{actions}, {lanes} lanes", joint_arguments(rng, lanes, actions, 0, 60), 1e-12
            yield f"{actions}, -inf", joint_arguments(rng, lanes, actions, 0, 40, holes=True), 1e-12
    for actions in [(2, 2), (3, 2), (2, 2, 2), (2, 3, 4)]:
        for done, iterations in [(1, 0), (1000, 24), (1000, 25), (1023, 2), (1025, 1023), (500, 2600)]:
            arguments = joint_arguments(rng, 5, actions, done, iterations, eta=0.1)
            yield f"{actions}, {iterations} after {done}", arguments, 1e-10
        # logits of 1e6 are rounded to 1e-10 in each of ten iterations, for each player
        yield f"{actions}, logits 1e6", joint_arguments(rng, 16, actions, 0, 10, logit=1e6), 1e-8
        yield f"{actions}, eta 50", joint_arguments(rng, 16, actions, 0, 3, eta=50.0), 1e-10
        for logit in (690.0, 699.999, 700.001, 708.0, 746.0):
            yield f"{actions}, logits {logit}", joint_arguments(rng, 8, actions, 0, 2, 1e-3, logit), 1e-11


if __name__ == "__main__":
    from metanash.kernels import compiled

    stored = {
        f"{number} {name}": array
        for number, (_, arguments, _) in enumerate(cases())
        for name, array in advanced(compiled, arguments).items()
    }
    np.savez(sys.argv[1], isa=compiled.isa, **stored)
